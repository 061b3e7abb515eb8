import { h, isPlainKey } from "../dom";
import { button } from "../shell";
import { covered } from "../task";
import { say } from "../words";

/**
 * Eccentricity of the blind spot's near edge, degrees (Li et al. 2020, "Controlling for
 * participants' viewing distance in large-scale, psychophysical online experiments using a virtual
 * chinrest", Scientific Reports 10:904).
 */
const BLIND_SPOT_DEG = 13.5;
const RADIANS = Math.PI / 180;
/** Times that the dot is watched; the median counts. */
const TRIES = 5;
/** The dot begins at this distance from the square, and moves so fast, cm and cm a second. */
const BEGIN_CM = 3;
const SPEED_CM_S = 3;
/** The farthest that somebody may sit for the dot to reach the blind spot in the window, cm. */
const ROOM_FOR_CM = 45;
/** Sides of the page and the square take so much of the window, CSS pixels. */
const MARGIN = 120;

/** Viewing distance in cm, from how far the dot was from the square when it was gone. */
export const distanceFrom = (gap_px: number, px_per_cm: number): number =>
  gap_px / px_per_cm / Math.tan(BLIND_SPOT_DEG * RADIANS);

/** Whether the dot can reach the blind spot in a window so wide (CSS pixels). */
export const trackFits = (px_per_cm: number, width: number): boolean =>
  distanceFrom(width - MARGIN, px_per_cm) >= ROOM_FOR_CM;

/** The middle one of an odd number of values. */
export const middle = (values: number[]): number =>
  [...values].sort((a, b) => a - b)[(values.length - 1) / 2] as number;

/**
 * Lets the participant say, several times, when a dot that moves away from a square is gone.
 * @returns the viewing distance in cm; null where `giving_up` was aborted.
 */
export async function blindSpotDistance(
  place: HTMLElement,
  px_per_cm: number,
  giving_up: AbortSignal,
): Promise<number | null> {
  const dot = h("i", { class: "spot-dot", testid: "spot-dot" });
  const square = h("i", { class: "spot-square" });
  const track = h("div", { class: "spot-track", "aria-hidden": "true" }, square, dot);
  const press = button(say("start"), { testid: "spot" });
  const count = h("p", { class: "facts", text: "\u00a0" }); // the line keeps its place
  place.replaceChildren(track, h("div", { class: "actions" }, press), count);
  dot.hidden = true;
  await pressed(press, place, giving_up);
  press.textContent = say("dot-gone");
  const found: number[] = [];
  while (found.length < TRIES && !giving_up.aborted) {
    count.textContent = say("done-of", { done: found.length, of: TRIES });
    const stop = move(dot, track, px_per_cm);
    await pressed(press, place, giving_up);
    found.push(distanceFrom(stop(), px_per_cm));
  }
  return giving_up.aborted ? null : middle(found);
}

/** Moves the dot away from the square, again from the beginning where it meets the end. */
function move(dot: HTMLElement, track: HTMLElement, px_per_cm: number): () => number {
  const room = track.getBoundingClientRect().width - 40;
  const begin = BEGIN_CM * px_per_cm;
  const started = performance.now();
  let gap = begin;
  let moving = true;
  const step = (now: number): void => {
    if (!moving) return;
    const way = (SPEED_CM_S * px_per_cm * Math.max(0, now - started)) / 1000;
    gap = begin + (way % Math.max(1, room - begin));
    dot.style.transform = `translateX(${-gap}px)`;
    requestAnimationFrame(step);
  };
  step(started);
  dot.hidden = false;
  return () => {
    moving = false;
    return gap;
  };
}

/** Resolves when the button or the space bar is pressed, or `signal` is aborted. */
function pressed(press: HTMLButtonElement, place: HTMLElement, signal: AbortSignal): Promise<void> {
  const listening = new AbortController();
  return new Promise<void>((resolve) => {
    const options = { signal: listening.signal };
    press.addEventListener("click", () => resolve(), options);
    document.addEventListener(
      "keydown",
      (event) => {
        if (event.key !== " " || event.repeat || !isPlainKey(event) || covered(place)) return;
        event.preventDefault();
        resolve();
      },
      options,
    );
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), options);
  }).finally(() => listening.abort());
}
