import { ParameterType } from "jspsych";
import { actedAt, timingOf } from "./clock";
import { columnsFor } from "./columns";
import { h, icon, isPlainKey } from "./dom";
import { presentTrial } from "./presentation";
import { present, shownSize, veiledImage } from "./stimulus";
import {
  commonData,
  commonParameters,
  covered,
  listeningUntil,
  pressInTurn,
  sleep,
  untilContinue,
} from "./task";
import { say } from "./words";

/**
 * What the page gives to the plugin of a task from another package, so that it is built without
 * the page's sources. Functions are added; none is removed or changed within a version.
 */
export const kit = {
  /** Of this kit. */
  version: 1,
  ParameterType,
  commonParameters,
  commonData,
  /** Makes an element: `h("p", { class: "hint", text: "…" }, ...children)`. */
  h,
  icon,
  /** An image that stays hidden until `present` shows it. */
  veiledImage,
  /** Shows images in one frame; resolves with the onset and its uncertainty. */
  present,
  /** Runs a trial up to its answer as the study's `[timing]` says; see presentation.ts. */
  presentTrial,
  /** Width and height of an image as drawn, in CSS pixels. */
  shownSize,
  /** When the participant acted, in ms of `performance.now`. */
  actedAt,
  /** The timing that `submit` takes, from the onset and the time of the answer. */
  timingOf,
  columnsFor,
  isPlainKey,
  covered,
  listeningUntil,
  sleep,
  untilContinue,
  pressInTurn,
  /** A message of the page in the study's language. */
  say,
} as const;

export type Kit = typeof kit;
