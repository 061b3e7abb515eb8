import type { Timing } from "./types";

/** When a stimulus was first painted, in ms of `performance.now`. */
export interface Onset {
  onset_ms: number;
  /**
   * Gap between the frame that drew the stimulus and the one after, within which the onset lies;
   * never less than a step of the clock.
   */
  onset_uncertainty_ms: number;
}

export type RequestFrame = (callback: (time: number) => void) => unknown;

export const nextFrame: RequestFrame = (callback) => window.requestAnimationFrame(callback);

/**
 * Makes the stimulus visible in one animation frame and takes the time of the next: by then the
 * frame with the stimulus has been handed to the screen. Call only when every image is decoded, or
 * the picture would come later than the frame. In a hidden tab no frame comes, and the onset waits
 * until somebody can see it.
 *
 * One frame passes before: after an idle wait Firefox calls the first at once, outside of the
 * screen's rhythm, and the second as little as 0.3 ms later, when nothing can have been shown yet.
 */
export async function firstPaint(
  reveal: () => void,
  frame: RequestFrame = nextFrame,
  step: Promise<number> = clockStep(),
): Promise<Onset> {
  const { drawn, shown } = await new Promise<{ drawn: number; shown: number }>((resolve) => {
    frame(() =>
      frame((drawn) => {
        reveal();
        frame((shown) => resolve({ drawn, shown }));
      }),
    );
  });
  const onset_uncertainty_ms = roundMs(Math.max(await step, shown - drawn));
  return { onset_ms: roundMs(shown), onset_uncertainty_ms };
}

/** The clock is looked at without a break for so long at most: fine steps show at once. */
const STARE_MS = 4;
const STARES = 20_000;
/** Coarse steps are waited for: browsers that blur the clock step by 100 ms at most. */
const LOOKS = 250;
const STEPS = 6;

/**
 * The step of `performance.now` in ms: the least by which it was seen to move. Browsers make it
 * coarse, to 0.02 or 1 ms and, where they resist fingerprinting, to 16.7 ms and more.
 */
export async function measureStep(now: () => number = () => performance.now()): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  let seen = 0;
  let before = now();
  const look = (): void => {
    const time = now();
    if (time <= before) return;
    least = Math.min(least, time - before);
    before = time;
    seen += 1;
  };
  const begun = before;
  for (let i = 0; i < STARES && seen < STEPS && before - begun < STARE_MS; i += 1) look();
  for (let i = 0; i < LOOKS && seen < STEPS; i += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    look();
  }
  return Number.isFinite(least) ? roundMs(least) : 0;
}

let measured: Promise<number> | null = null;

/** The step of this page's clock, measured once. */
export function clockStep(): Promise<number> {
  measured ??= measureStep();
  return measured;
}

/** Frames looked at to tell how often the screen is drawn. */
const FRAMES = 40;

/**
 * How often a second the screen is drawn, from the frames' own times; null where too few come, as
 * in a hidden tab, until `signal` is given.
 */
export async function measureRefresh(
  signal: AbortSignal,
  frame: RequestFrame = nextFrame,
): Promise<number | null> {
  const times: number[] = [];
  const given_up = new Promise<null>((resolve) =>
    signal.addEventListener("abort", () => resolve(null)),
  );
  while (times.length < FRAMES && !signal.aborted) {
    const time = await Promise.race([new Promise<number>((resolve) => frame(resolve)), given_up]);
    if (time !== null) times.push(time);
  }
  // The first are out of rhythm in some browsers.
  return refreshOf(times.slice(3));
}

/** Given up after so long: a hidden tab draws no frames. */
const REFRESH_MS = 3000;
let refresh: Promise<number | null> | null = null;

/** How often a second this screen is drawn, measured once while the page is visible. */
export async function screenRefresh(): Promise<number | null> {
  const giving_up = new AbortController();
  refresh ??= measureRefresh(giving_up.signal);
  const timer = setTimeout(() => giving_up.abort(), REFRESH_MS);
  const measured = await refresh;
  clearTimeout(timer);
  if (measured === null) refresh = null;
  return measured;
}

/**
 * Frames a second, from the mean length of those frames that are about as long as most: one that
 * was dropped is twice as long. Their median would be a whole number where the clock steps by 1 ms.
 */
export function refreshOf(times: number[]): number | null {
  if (times.length < 10) return null;
  const gaps = times.slice(1).map((time, at) => time - (times[at] as number));
  const sorted = [...gaps].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] as number;
  const usual = gaps.filter((gap) => Math.abs(gap - median) <= median / 4);
  // Where the clock's steps are coarse, gaps are 0 or a step: only the mean of all says anything.
  const counted = usual.length < (3 / 4) * gaps.length ? gaps : usual;
  const gap = counted.reduce((sum, each) => sum + each, 0) / counted.length;
  return gap > 0 ? Math.round(10_000 / gap) / 10 : null;
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
  const answered_ms = roundMs(answered);
  return { ...onset, answered_ms, rt_ms: sinceOnset(onset, answered) };
}

/** From the onset to a moment, ms to the microsecond. */
export const sinceOnset = (onset: Onset, at: number): number =>
  roundMs(Math.max(0, roundMs(at) - onset.onset_ms));

/** To the microsecond. */
export function roundMs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
