import { type Onset, roundMs, screenRefresh, timingOf } from "./clock";
import { h } from "./dom";
import { drawNoise } from "./noise";
import { framesIn, nextPaint, runStages, type Stage, type StageTimes } from "./stages";
import { type Box, decoded, pictureBox, veiledImage } from "./stimulus";
import { type Restored, type Submit, sleep } from "./task";
import type { Timing, TrialTiming } from "./types";
import { pixelsOf } from "./visualangle";
import { say } from "./words";
import "./style/presentation.css";

/** What is assumed of a screen that draws no frames to measure. */
const USUAL_HZ = 60;
/** The page says for so long that an answer came too late. */
const TOO_SLOW_MS = 1200;

/** The parameters of a trial that its presentation needs; `commonParameters` has them all. */
export interface TimedTrial {
  timing: unknown;
  restored: unknown;
  submit: unknown;
  image_error: (url: string) => void;
  announce: (text: string) => void;
}

/** What a trial draws. */
export interface Display {
  /** The trial's whole screen, already on the page. */
  root: HTMLElement;
  /** What is timed: veiled images, or other veiled elements such as a drawn canvas. */
  shown: HTMLElement[];
  /** Displays of a sequence that come before `shown`, each for the exposure. */
  earlier?: HTMLElement[][];
  /** Blank time after each of these, in ms. */
  gap_ms?: number;
  /** In whose middle the fixation cross is drawn; without it, in the middle of all that is shown. */
  centre?: HTMLElement;
}

/**
 * Takes the answer, by whatever the task has for it, from the onset on. `signal` is aborted when
 * the deadline passes: from then on no answer counts.
 */
export type Ask = (onset: Onset, signal: AbortSignal) => Promise<Restored>;

/**
 * Runs one trial up to its answer: blank, fixation, display, mask, answer, as the study's
 * `[timing]` says. Fixation, display and mask last whole frames of the screen; when each of them
 * came and went is part of the timing that is returned.
 *
 * Answers are taken from the onset on; display and mask last as planned all the same.
 *
 * @returns the answer for `submit`; null where the deadline passed. That is then submitted and
 * said already, and the trial ends.
 */
export async function presentTrial(
  trial: TimedTrial,
  display: Display,
  ask: Ask,
): Promise<Restored | null> {
  const timing = trial.timing as TrialTiming;
  const restored = trial.restored as Restored | null;
  setImageSize(display.root, timing);
  const images = allOf(display).filter((each) => each instanceof HTMLImageElement);
  const blank = sleep(timing.iti_ms);
  await Promise.all([blank, ...images.map((image) => decoded(image, trial.image_error))]);
  const overlay = new Overlay(display);
  if (restored) {
    if (!timing.exposure_ms) reveal(...display.shown);
    return "missed" in restored.response ? miss(trial, overlay, restored.timing) : restored;
  }
  await overlay.prepare(timing, trial.image_error);
  const listening = new AbortController();
  let onset: Onset = { onset_ms: 0, onset_uncertainty_ms: 0 };
  let answer: Promise<Restored | null> = Promise.resolve(null);
  const timed = overlay.stages(timing, await frameLength(timing), (painted) => {
    onset = painted;
    answer = Promise.race([
      ask(painted, listening.signal),
      deadline(painted, timing.deadline_ms, listening),
    ]);
  });
  const times = await runStages(timed.stages, { frame_ms: timed.frame_ms });
  const given = await answer;
  const frames = await overlay.end(timed.stages, times);
  if (given) return { ...given, timing: { ...given.timing, ...frames } };
  return miss(trial, overlay, { ...timingOf(onset, performance.now()), ...frames });
}

/** The length of a frame in ms; measured only where something is timed by frames. */
async function frameLength({ fixation_ms, exposure_ms }: TrialTiming): Promise<number> {
  const measured = fixation_ms || exposure_ms ? await screenRefresh() : null;
  return 1000 / (measured ?? USUAL_HZ);
}

/** Resolves with null when the time for an answer is over, and never where it has no limit. */
async function deadline(
  onset: Onset,
  deadline_ms: number,
  listening: AbortController,
): Promise<null> {
  if (!deadline_ms) return new Promise(() => undefined);
  // Timers may come a moment too soon.
  for (;;) {
    const left = onset.onset_ms + deadline_ms - performance.now();
    if (left <= 0) break;
    await sleep(Math.ceil(left));
  }
  listening.abort();
  return null;
}

/** Stores that no answer came in time, and says so; the screen takes nothing any more. */
async function miss(trial: TimedTrial, overlay: Overlay, timing: Timing): Promise<null> {
  overlay.close(say("too-slow"));
  trial.announce(say("too-slow"));
  await Promise.all([(trial.submit as Submit)({ missed: true }, timing), sleep(TOO_SLOW_MS)]);
  return null;
}

/** Tells the styles how large each image is; without a size they take what room there is. */
function setImageSize(root: HTMLElement, { image_px, image_degrees }: TrialTiming): void {
  const size = image_degrees === null ? image_px : pixelsOf(image_degrees);
  root.classList.toggle("sized", size !== null);
  if (size !== null) root.style.setProperty("--image-size", `${size}px`);
}

/** Everything that a trial shows, in the order in which it comes. */
const allOf = ({ earlier = [], shown }: Display): HTMLElement[] => [...earlier.flat(), ...shown];

const reveal = (...elements: HTMLElement[]): void => {
  for (const element of elements) element.classList.remove("veiled");
};
const veil = (...elements: HTMLElement[]): void => {
  for (const element of elements) element.classList.add("veiled");
};

type Name = "fixation" | "earlier" | "gap" | "display" | "mask" | "blank";
type NamedStage = Stage & { name: Name };

/** What lies over the images: the fixation cross, the masks, and what is said. */
class Overlay {
  private readonly element = h("div", { class: "presentation" });
  private readonly fixation = h("div", { class: "fixation veiled", testid: "fixation" });
  private masks: HTMLElement[] = [];

  constructor(private readonly display: Display) {
    this.element.setAttribute("aria-hidden", "true");
    display.root.classList.add("presented");
    display.root.append(this.element);
  }

  /** Puts the cross and the masks where the images are, unseen, so that no frame waits for them. */
  async prepare(timing: TrialTiming, imageError: (url: string) => void): Promise<void> {
    const masked = timing.mask !== "none" && timing.exposure_ms > 0;
    this.masks = !masked
      ? []
      : this.display.shown.map((_, at) =>
          timing.mask === "noise" ? noiseMask(timing.mask_seed + at) : maskOf(timing.mask),
        );
    this.element.append(this.fixation, ...this.masks);
    this.layOut();
    // A phone that is turned moves the images: what lies over them goes along.
    const resized = (): void => {
      if (this.element.isConnected) this.layOut();
      else window.removeEventListener("resize", resized);
    };
    window.addEventListener("resize", resized);
    const images = this.masks.filter((mask) => mask instanceof HTMLImageElement);
    await Promise.all(images.map((image) => decoded(image, imageError)));
  }

  /** Puts the cross and the masks where the images are now. */
  private layOut(): void {
    this.put(this.fixation);
    this.masks.forEach((mask, at) => {
      const box = this.place(pictureBox(this.display.shown[at] as HTMLElement));
      for (const side of ["left", "top", "width", "height"] as const)
        mask.style[side] = `${box[side]}px`;
    });
  }

  /** The stages of the trial; `painted` is told the onset of the display. */
  stages(timing: TrialTiming, frame_ms: number, painted: (onset: Onset) => void) {
    const { shown, earlier = [], gap_ms = 0 } = this.display;
    const frames = (ms: number): number => (ms ? framesIn(ms, frame_ms) : 0);
    const exposure = frames(timing.exposure_ms);
    const enterWith = (elements: HTMLElement[]) => (): void => {
      veil(this.fixation, ...earlier.flat());
      reveal(...elements);
    };
    const stages: NamedStage[] = earlier.flatMap((elements) => {
      const before: NamedStage[] = [
        { name: "earlier", frames: exposure, enter: enterWith(elements) },
      ];
      if (gap_ms) before.push({ name: "gap", frames: frames(gap_ms), enter: enterWith([]) });
      return before;
    });
    stages.push({ name: "display", frames: exposure, enter: enterWith(shown), painted });
    if (timing.fixation_ms) {
      const enter = (): void => reveal(this.fixation);
      stages.unshift({ name: "fixation", frames: frames(timing.fixation_ms), enter });
    }
    if (this.masks.length > 0) {
      const enter = (): void => {
        veil(...shown);
        reveal(...this.masks);
      };
      stages.push({ name: "mask", frames: frames(timing.mask_ms), enter });
    }
    if (stages.at(-1)?.frames)
      stages.push({ name: "blank", frames: 0, enter: () => veil(...shown, ...this.masks) });
    return { stages, frame_ms };
  }

  /** Takes away a mask that stayed until the answer; returns what the frames say of the trial. */
  async end(stages: NamedStage[], times: StageTimes[]): Promise<Partial<Timing>> {
    const all = stages.map((stage, at) => ({ ...stage, times: times[at] as StageTimes }));
    const of = (name: Name): StageTimes | undefined =>
      all.find((stage) => stage.name === name)?.times;
    const timed = all.filter((stage) => stage.frames > 0);
    if (timed.length === 0) return {};
    const [fixation, display, mask] = [of("fixation"), of("display"), of("mask")];
    if (mask && mask.offset_ms === null) {
      veil(...this.masks);
      mask.offset_ms = roundMs(await nextPaint());
    }
    const fault = timed.some(
      // Nothing changes on the screen when a frame is dropped during the fixation.
      ({ name, frames, times }) => times.off || (name !== "fixation" && times.frames !== frames),
    );
    return {
      ...(fixation ? { fixation_onset_ms: fixation.onset_ms } : {}),
      ...(display?.offset_ms == null
        ? {}
        : { display_offset_ms: display.offset_ms, display_frames: display.frames }),
      ...(mask ? { mask_onset_ms: mask.onset_ms, mask_offset_ms: mask.offset_ms } : {}),
      timing_fault: fault,
    };
  }

  /** Ends the trial: nothing is seen of it any more, nothing can be pressed, and a text says why. */
  close(text: string): void {
    veil(...this.display.shown, ...this.masks, this.fixation);
    this.display.root.inert = true;
    const said = h("p", { class: "too-slow", testid: "too-slow", text, dir: "auto" });
    this.element.append(said);
    this.put(said);
  }

  /** Puts something of the overlay in the middle. */
  private put(element: HTMLElement): void {
    const { centre, shown } = this.display;
    const boxes = centre
      ? [this.place(centre.getBoundingClientRect())]
      : shown.map((each) => this.place(pictureBox(each)));
    const [x, y] = centreOf(boxes);
    element.style.left = `${x}px`;
    element.style.top = `${y}px`;
  }

  /** A box of the window as one of the overlay, CSS pixels. */
  private place({ left, top, width, height }: Box): Box {
    const own = this.element.getBoundingClientRect();
    return { left: left - own.left, top: top - own.top, width, height };
  }
}

/** The middle of all boxes together. */
function centreOf(boxes: Box[]): [number, number] {
  const middle = (start: "left" | "top", size: "width" | "height"): number =>
    (Math.min(...boxes.map((box) => box[start])) +
      Math.max(...boxes.map((box) => box[start] + box[size]))) /
    2;
  return [middle("left", "width"), middle("top", "height")];
}

function noiseMask(seed: number): HTMLElement {
  const canvas = h("canvas", { class: "mask veiled", testid: "mask" });
  drawNoise(canvas, seed);
  return canvas;
}

function maskOf(url: string): HTMLElement {
  const image = veiledImage(url, "");
  image.className = "mask veiled";
  image.dataset.testid = "mask";
  return image;
}
