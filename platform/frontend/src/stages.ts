import { clockStep, nextFrame, type Onset, type RequestFrame, roundMs } from "./clock";

/** Something that is visible for a number of frames, and then gives way to the next stage. */
export interface Stage {
  /** Frames for which it is visible; 0 for the last stage, which stays. */
  frames: number;
  /** Draws it, and takes away what was before; called within a frame. */
  enter: () => void;
  /** Told when it was first painted. */
  painted?: (onset: Onset) => void;
}

/** When a stage was visible, in ms of `performance.now`. */
export interface StageTimes extends Onset {
  /** First paint of the next stage; null for the last. */
  offset_ms: number | null;
  /** Frames that were counted while it was visible; fewer than planned where some were dropped. */
  frames: number;
  /** Whether it was visible for a frame too long or too short. */
  off: boolean;
}

/** The screen: its frames, their length in ms, and the step of the clock in ms. */
export interface Screen {
  frame?: RequestFrame;
  frame_ms: number;
  step_ms?: number;
}

/** The time of the next frame: by then, what is drawn now is on the screen. */
export const nextPaint = (): Promise<number> =>
  new Promise((resolve) => nextFrame(() => nextFrame(resolve)));

/** Frames that come nearest to a duration: at least one. */
export const framesIn = (ms: number, frame_ms: number): number =>
  Math.max(1, Math.round(ms / frame_ms));

/**
 * Shows stages one after the other, each from one frame to another, without a gap between them.
 *
 * As in `firstPaint`, what one frame draws is on the screen by the next, whose time is the onset.
 * A frame that was dropped leaves the screen as it is: the stage then ends by the clock, at the
 * frame at which it would have ended otherwise.
 */
export async function runStages(stages: readonly Stage[], screen: Screen): Promise<StageTimes[]> {
  const { frame = nextFrame, frame_ms } = screen;
  const step = screen.step_ms ?? (await clockStep());
  const tick = (): Promise<number> => new Promise((resolve) => frame(resolve));
  await tick(); // out of rhythm in some browsers
  let drawn = await tick();
  const times: StageTimes[] = [];
  for (const stage of stages) {
    stage.enter();
    let now = await tick();
    const onset = {
      onset_ms: roundMs(now),
      onset_uncertainty_ms: roundMs(Math.max(step, now - drawn)),
    };
    const before = times.at(-1);
    if (before) close(before, stages[times.length - 1] as Stage, now, { frame_ms, step });
    stage.painted?.(onset);
    let frames = 1;
    const elapsed = (): number =>
      // A coarse clock says nothing about single frames.
      step < frame_ms / 2 ? Math.max(frames, Math.round((now - drawn) / frame_ms)) : frames;
    while (elapsed() < stage.frames) {
      now = await tick();
      frames += 1;
    }
    times.push({ ...onset, offset_ms: null, frames, off: false });
    drawn = now;
  }
  return times;
}

/** The stage gave way to the next at `now`. */
function close(
  times: StageTimes,
  stage: Stage,
  now: number,
  { frame_ms, step }: { frame_ms: number; step: number },
): void {
  const planned = stage.frames * frame_ms;
  times.offset_ms = roundMs(now);
  times.off = Math.abs(now - times.onset_ms - planned) > frame_ms / 2 + 2 * step;
}
