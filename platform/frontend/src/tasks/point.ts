import { type JsPsych, type JsPsychPlugin, ParameterType } from "jspsych";
import { actedAt, type Onset, sinceOnset, timingOf } from "../clock";
import { h, isPlainKey, targetHandles } from "../dom";
import { buildJudgement, type JudgementScreen, showVerdict } from "../judgement";
import { presentTrial } from "../presentation";
import { type SimulationMode, simulateTrial } from "../simulation";
import { pictureBox, shownSize, veiledImage } from "../stimulus";
import {
  commonData,
  commonParameters,
  covered,
  type Filled,
  listeningUntil,
  type Restored,
  type Submit,
  sleep,
  version,
} from "../task";
import type { PointFeedback as Feedback } from "../types";
import { say } from "../words";
import "./point.css";

/** An arrow key moves the ring by this share of the picture, with Shift by the second. */
const STEPS = [0.02, 0.1] as const;
const ARROWS: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

const info = {
  name: "point",
  version,
  parameters: {
    ...commonParameters,
    question: { type: ParameterType.STRING, default: undefined },
    /** The word that is looked for. */
    word: { type: ParameterType.STRING, default: undefined },
    image: { type: ParameterType.IMAGE, default: undefined },
    /** Text of the button for "not there"; empty: the page's own. */
    absent: { type: ParameterType.STRING, default: "" },
    enable_after_ms: { type: ParameterType.INT, default: 0 },
  },
  data: {
    ...commonData,
    /** `place` or `absent`. */
    choice: { type: ParameterType.STRING },
    /** Shares of the picture's width and height; null for `absent`. */
    x: { type: ParameterType.FLOAT },
    y: { type: ParameterType.FLOAT },
    /** Null where no feedback was given. */
    correct: { type: ParameterType.BOOL },
  },
} as const;

type Info = typeof info;
interface Place {
  x: number;
  y: number;
}

interface Field {
  screen: JudgementScreen;
  /** The picture, as the button that takes clicks. */
  area: HTMLButtonElement;
  image: HTMLImageElement;
  mark: HTMLElement;
  absent: HTMLButtonElement;
}

/** One image, one word: click where it is, or say that it is not there. */
export default class Point implements JsPsychPlugin<Info> {
  static readonly info = info;

  constructor(private readonly jsPsych: JsPsych) {}

  async trial(
    display: HTMLElement,
    trial: Filled<Info>,
    onLoad?: () => void,
  ): Promise<Record<string, unknown>> {
    const field = build(trial);
    display.replaceChildren(field.screen.root);
    onLoad?.();
    const given = await presentTrial(
      trial,
      { root: field.screen.root, shown: [field.image] },
      (onset, signal) => answer(field, trial.enable_after_ms, onset, signal),
    );
    if (!given) return {};
    const { timing } = given;
    const response = given.response as { choice: string; x?: number; y?: number };
    settle(field, response);
    const feedback = (await (trial.submit as Submit)(response, timing)) as Feedback | null;
    if (feedback) await showFeedback(field, feedback, trial.announce);
    const { rt_ms, onset_ms, onset_uncertainty_ms } = timing;
    const correct = feedback?.correct ?? null;
    const { choice, x = null, y = null } = response;
    return { choice, x, y, correct, rt: rt_ms, onset_ms, onset_uncertainty_ms };
  }

  /** As jsPsych's plugins do: "data-only" draws an answer, "visual" presses it too. */
  async simulate(
    trial: Filled<Info>,
    mode: SimulationMode,
    options: { data?: { choice?: string; x?: number; y?: number; rt?: number } },
    onLoad: () => void,
  ): Promise<Record<string, unknown>> {
    const { randomization } = this.jsPsych;
    const percent = (): number => randomization.randomInt(0, 100) / 100;
    const { choice = "place", x = percent(), y = percent() } = options.data ?? {};
    const response = choice === "absent" ? { choice } : { choice, x, y };
    const thought = options.data?.rt ?? randomization.sampleExGaussian(1000, 200, 1 / 400, true);
    const rt = Math.max(trial.enable_after_ms, thought);
    return simulateTrial(this.jsPsych, mode, onLoad, {
      response,
      rt,
      submit: trial.submit,
      run: (display) => this.trial(display, trial, onLoad),
      act: (display) => void press(display, response, rt),
    });
  }
}

function build(trial: Filled<Info>): Field {
  const image = veiledImage(trial.image, say("picture-number", { number: 1 }));
  const mark = h("span", { class: "point-mark", hidden: true, "aria-hidden": "true" });
  const area = h(
    "button",
    {
      type: "button",
      class: "point-area",
      testid: "point-area",
      "aria-label": say("point-area"),
      disabled: true,
    },
    image,
    mark,
  );
  const absent = h(
    "button",
    { type: "button", class: "judgement-choice", testid: "point-absent", disabled: true },
    h("span", { text: trial.absent || say("not-there"), dir: "auto" }),
    h("kbd", { text: "0", "aria-hidden": "true" }),
  );
  const stage = h("div", { class: "judgement-stage one" }, area);
  const screen = buildJudgement(trial.question, stage, absent);
  screen.hint.setAttribute("aria-live", "polite");
  return { screen, area, image, mark, absent };
}

/** Puts an element at a place of the picture, which may be narrower than its button. */
function put(field: Field, element: HTMLElement, { x, y }: Place): void {
  const box = pictureBox(field.image);
  const area = field.area.getBoundingClientRect();
  element.style.left = `${box.left - area.left + x * box.width}px`;
  element.style.top = `${box.top - area.top + y * box.height}px`;
  element.hidden = false;
}

/** The place of a click in the picture; null beside it. */
export function placeOf(
  { left, top, width, height }: Pick<DOMRect, "left" | "top" | "width" | "height">,
  { clientX, clientY }: Pick<MouseEvent, "clientX" | "clientY">,
): Place | null {
  if (!(width > 0 && height > 0)) return null;
  const x = (clientX - left) / width;
  const y = (clientY - top) / height;
  const inside = x >= 0 && x <= 1 && y >= 0 && y <= 1;
  const rounded = (share: number): number => Math.round(share * 10_000) / 10_000;
  return inside ? { x: rounded(x), y: rounded(y) } : null;
}

/** Takes a click on the picture, a place chosen by arrow keys, or "not there". */
async function answer(
  field: Field,
  enable_after_ms: number,
  onset: Onset,
  signal: AbortSignal,
): Promise<Restored> {
  await sleep(onset.onset_ms + enable_after_ms - performance.now());
  const listening = listeningUntil(signal);
  const options = { signal: listening.signal };
  let ring: Place = { x: 0.5, y: 0.5 };
  let first_choice_ms: number | undefined;
  field.area.disabled = false;
  field.absent.disabled = false;
  field.area.focus({ preventScroll: true });
  return new Promise((resolve) => {
    const take = (response: Record<string, unknown>, event: Event): void => {
      if (covered(field.screen.root)) return;
      listening.abort();
      const acted = timingOf(onset, actedAt(event, onset.onset_ms));
      const first = Math.min(first_choice_ms ?? acted.rt_ms, acted.rt_ms);
      const timing = { ...acted, first_choice_ms: first, ...shownSize(field.image) };
      resolve({ response, timing });
    };
    const click = (event: MouseEvent): void => {
      // Enter and Space click too, with no place: they mean the ring, once it was moved.
      const byKey = event.detail === 0;
      if (byKey && field.mark.hidden) {
        put(field, field.mark, ring);
        return;
      }
      const place = byKey ? ring : placeOf(pictureBox(field.image), event);
      if (place) take({ choice: "place", ...place }, event);
    };
    const move = (event: KeyboardEvent, [across, down]: readonly [number, number]): void => {
      event.preventDefault();
      first_choice_ms ??= sinceOnset(onset, actedAt(event, onset.onset_ms));
      const step = STEPS[event.shiftKey ? 1 : 0];
      const within = (share: number): number =>
        Math.round(Math.min(1, Math.max(0, share)) * 100) / 100;
      ring = { x: within(ring.x + across * step), y: within(ring.y + down * step) };
      put(field, field.mark, ring);
      field.area.focus({ preventScroll: true });
    };
    const onKey = (event: KeyboardEvent): void => {
      const arrow = ARROWS[event.key];
      // A held arrow key repeats, and moves on.
      if (
        arrow &&
        !event.ctrlKey &&
        !event.metaKey &&
        !event.altKey &&
        !covered(field.screen.root)
      ) {
        move(event, arrow);
        return;
      }
      if (!isPlainKey(event) || targetHandles(event) || event.key.normalize("NFKC") !== "0") return;
      event.preventDefault();
      take({ choice: "absent" }, event);
    };
    field.area.addEventListener("click", click, options);
    field.absent.addEventListener("click", (event) => take({ choice: "absent" }, event), options);
    document.addEventListener("keydown", onKey, options);
  });
}

/** Shows an answer, also one from before a reload; no other is taken. */
function settle(field: Field, { choice, x, y }: { choice: string; x?: number; y?: number }): void {
  field.area.disabled = true;
  field.absent.disabled = true;
  if (choice === "absent") field.absent.classList.add("chosen");
  else if (x !== undefined && y !== undefined) put(field, field.mark, { x, y });
}

async function showFeedback(
  field: Field,
  { correct, box, duration_ms }: Feedback,
  announce: (text: string) => void,
): Promise<void> {
  if (box) {
    const [left = 0, top = 0, right = 1, bottom = 1] = box;
    const frame = h("span", { class: "point-box", "aria-hidden": "true" });
    const picture = pictureBox(field.image);
    put(field, frame, { x: left, y: top });
    frame.style.width = `${(right - left) * picture.width}px`;
    frame.style.height = `${(bottom - top) * picture.height}px`;
    field.area.append(frame);
  } else field.absent.classList.add("right");
  const text = correct ? say("correct") : say(box ? "not-correct-here" : "not-correct-absent");
  await showVerdict(field.screen, text, correct, duration_ms, announce);
}

/** Answers for a simulated participant, as soon as that is possible. */
async function press(
  display: HTMLElement,
  response: { choice: string; x?: number; y?: number },
  rt: number,
): Promise<void> {
  await sleep(rt);
  const find = <E extends HTMLElement>(id: string) =>
    display.querySelector<E>(`[data-testid="${id}"]`);
  const area = find<HTMLButtonElement>("point-area");
  for (; area?.disabled && area.isConnected; ) await sleep(50);
  const image = area?.querySelector("img");
  if (response.choice === "absent" || !image) find("point-absent")?.click();
  else {
    const box = pictureBox(image);
    const clientX = box.left + (response.x ?? 0) * box.width;
    const clientY = box.top + (response.y ?? 0) * box.height;
    image.dispatchEvent(new MouseEvent("click", { bubbles: true, detail: 1, clientX, clientY }));
  }
  for (let next = find<HTMLButtonElement>("continue"); next?.isConnected; await sleep(50))
    if (!next.hidden && !next.disabled) return next.click();
}
