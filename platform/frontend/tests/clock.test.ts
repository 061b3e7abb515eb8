import { describe, expect, it, vi } from "vitest";
import { actedAt, firstPaint, measureStep, refreshOf, timingOf } from "../src/clock";

/** Animation frames by hand. */
function frames() {
  const waiting: Array<(time: number) => void> = [];
  return {
    request: (callback: (time: number) => void) => waiting.push(callback),
    next(time: number): void {
      for (const callback of waiting.splice(0)) callback(time);
    },
  };
}

function at(timeStamp: number): Event {
  const event = new Event("click");
  Object.defineProperty(event, "timeStamp", { value: timeStamp });
  return event;
}

const FINE = Promise.resolve(0.005);

describe("the onset", () => {
  it("is the frame after the one that drew; the uncertainty is the gap", async () => {
    const { request, next } = frames();
    const shown: number[] = [];
    const painted = firstPaint(() => shown.push(1), request, FINE);
    expect(shown).toHaveLength(0);
    // After an idle wait the first frame comes out of rhythm, and the next just behind it.
    next(999.7);
    expect(shown).toHaveLength(0);
    next(1000);
    expect(shown).toHaveLength(1);
    next(1016.6667);
    expect(await painted).toEqual({ onset_ms: 1016.667, onset_uncertainty_ms: 16.667 });
    expect(shown).toHaveLength(1);
  });

  it("tells of a slow frame", async () => {
    const { request, next } = frames();
    const painted = firstPaint(() => undefined, request, FINE);
    next(984);
    next(1000);
    next(1250);
    expect((await painted).onset_uncertainty_ms).toBe(250);
  });

  it("is never told more exactly than the clock steps", async () => {
    const { request, next } = frames();
    const painted = firstPaint(() => undefined, request, Promise.resolve(16.667));
    for (const time of [1000, 1000, 1000]) next(time);
    expect(await painted).toEqual({ onset_ms: 1000, onset_uncertainty_ms: 16.667 });
  });

  it("waits while no frame is drawn, as in a hidden tab", async () => {
    const { request, next } = frames();
    let done = false;
    const painted = firstPaint(() => undefined, request, FINE).then(() => {
      done = true;
    });
    next(984);
    next(1000);
    await Promise.resolve();
    expect(done).toBe(false);
    next(60_000);
    await painted;
    expect(done).toBe(true);
  });
});

/** A clock that tells `real` time in steps. */
const stepping = (step: number, real: () => number) => () => Math.floor(real() / step) * step;

describe("the clock's step", () => {
  it.each([0.005, 0.02, 0.1, 1])("of %d ms is found by looking hard", async (step) => {
    let time = 1000;
    const now = stepping(step, () => {
      time += 0.0011;
      return time;
    });
    expect(await measureStep(now)).toBeCloseTo(step, 3);
  });

  it.each([16.667, 100])("of %d ms is found by waiting", async (step) => {
    vi.useFakeTimers();
    const measured = measureStep(stepping(step, () => performance.now()));
    await vi.advanceTimersByTimeAsync(1000);
    vi.useRealTimers();
    expect(await measured).toBeCloseTo(step, 3);
  });
});

describe("the screen's rhythm", () => {
  const times = (gaps: number[]): number[] =>
    gaps.reduce((all, gap) => [...all, (all.at(-1) as number) + gap], [500]);

  it("is told by the frames, whatever few were dropped", () => {
    expect(refreshOf(times(Array(30).fill(1000 / 60)))).toBe(60);
    expect(refreshOf(times([...Array(25).fill(1000 / 144), 1000 / 72, 1000 / 48]))).toBe(144);
  });

  it.each([60, 75, 144])("of %d Hz is found under a clock of whole milliseconds", (hz) => {
    const seen = Array.from({ length: 37 }, (_, at) => Math.floor(500.4 + (at * 1000) / hz));
    expect(Math.abs((refreshOf(seen) ?? 0) - hz)).toBeLessThan(hz / 100);
  });

  it("is told by their mean where the clock's steps are coarse", () => {
    // 120 Hz under a clock of 16 2/3 ms: every other gap is nothing.
    expect(refreshOf(times(Array.from({ length: 36 }, (_, i) => (i % 2) * (50 / 3))))).toBe(120);
  });

  it("is not made up", () => {
    expect(refreshOf([])).toBeNull();
    expect(refreshOf(times([16, 16, 16]))).toBeNull();
    expect(refreshOf(Array(30).fill(7))).toBeNull();
  });
});

describe("the answer's time", () => {
  it("is the browser's stamp on the event", () => {
    expect(actedAt(at(1500), 1000, 1530)).toBe(1500);
  });

  it.each([999, 1531, 0, Number.NaN, 1.7e12])("is now where the stamp %d cannot be", (stamp) => {
    expect(actedAt(at(stamp), 1000, 1530)).toBe(1530);
  });

  it("is counted from the onset, and never negative", () => {
    const onset = { onset_ms: 1000, onset_uncertainty_ms: 16.7 };
    expect(timingOf(onset, 1830.25)).toEqual({ ...onset, answered_ms: 1830.25, rt_ms: 830.25 });
    expect(timingOf(onset, 990).rt_ms).toBe(0);
  });
});
