import type { Timing } from "./types";

/** When a stimulus was first painted, in ms of `performance.now`. */
export interface Onset {
  onset_ms: number;
  /** Gap between the frame that drew the stimulus and the one after: the onset lies within it. */
  onset_uncertainty_ms: number;
}

type RequestFrame = (callback: (time: number) => void) => unknown;

/**
 * Makes the stimulus visible in one animation frame and takes the time of the next: by then the
 * frame with the stimulus has been handed to the screen. Call only when every image is decoded, or
 * the picture would come later than the frame. In a hidden tab no frame comes, and the onset waits
 * until somebody can see it.
 */
export function firstPaint(
  reveal: () => void,
  frame: RequestFrame = (callback) => window.requestAnimationFrame(callback),
): Promise<Onset> {
  return new Promise((resolve) => {
    frame((drawn) => {
      reveal();
      frame((shown) => {
        resolve({
          onset_ms: round(shown),
          onset_uncertainty_ms: round(Math.max(0, shown - drawn)),
        });
      });
    });
  });
}

/**
 * When the participant acted. The browser stamps an event when the hardware reports it, before any
 * of the page's code had time to run, so its stamp is nearer the truth than the time of handling;
 * a stamp that cannot be (a script's event, another clock) is not used.
 */
export function actedAt(event: Event | null, since: number, now = performance.now()): number {
  const stamp = event?.timeStamp ?? Number.NaN;
  return stamp >= since && stamp <= now ? stamp : now;
}

/** Response time is counted from the onset; all in ms, to the microsecond. */
export function timingOf(onset: Onset, answered: number): Timing {
  const answered_ms = round(answered);
  return { ...onset, answered_ms, rt_ms: round(Math.max(0, answered_ms - onset.onset_ms)) };
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
