import { describe, expect, it } from "vitest";
import { framesIn, runStages, type Stage } from "../src/stages";

const FRAME_MS = 1000 / 60;

/**
 * A screen at 60 Hz whose frames come at once, each with its time; `dropped` are the numbers of
 * frames that the page misses, counted from the first that draws anything.
 */
function screen(dropped: number[] = [], step_ms = 0.005) {
  let number = -2;
  const frame = (callback: (time: number) => void): void => {
    number += 1;
    while (dropped.includes(number)) number += 1;
    const time = 1000 + number * FRAME_MS;
    queueMicrotask(() => callback(Math.floor(time / step_ms) * step_ms));
  };
  return { frame, frame_ms: FRAME_MS, step_ms };
}

/** Display of 15 frames, mask of 6, then nothing. */
function trial(drawn: string[] = []): Stage[] {
  return [
    { frames: 15, enter: () => drawn.push("display") },
    { frames: 6, enter: () => drawn.push("mask") },
    { frames: 0, enter: () => drawn.push("blank") },
  ];
}

const run = (dropped: number[] = [], step_ms?: number) =>
  runStages(trial(), screen(dropped, step_ms));

describe("stages", () => {
  it("last the frames that were planned, one after the other without a gap", async () => {
    const drawn: string[] = [];
    const [display, mask, blank] = await runStages(trial(drawn), screen());
    expect(drawn).toEqual(["display", "mask", "blank"]);
    expect(display).toMatchObject({ frames: 15, off: false });
    expect(mask).toMatchObject({ frames: 6, off: false, onset_ms: display?.offset_ms });
    expect(display?.onset_ms).toBeCloseTo(1000 + FRAME_MS, 2);
    expect((display?.offset_ms ?? 0) - (display?.onset_ms ?? 0)).toBeCloseTo(250, 2);
    expect((mask?.offset_ms ?? 0) - (mask?.onset_ms ?? 0)).toBeCloseTo(100, 2);
    expect(blank).toMatchObject({ offset_ms: null, off: false });
  });

  it.each([3, 8, 14])(
    "count one frame less where frame %d was dropped, and end in time",
    async (at) => {
      const [display, mask] = await run([at]);
      expect(display?.frames).toBe(14);
      expect(display?.off).toBe(false);
      expect(mask?.onset_ms).toBeCloseTo(1000 + 16 * FRAME_MS, 2);
    },
  );

  it("are off where the frame that should have ended them was dropped", async () => {
    const [display, mask] = await run([15]);
    expect(display?.off).toBe(true);
    expect(display?.frames).toBe(15);
    expect((display?.offset_ms ?? 0) - (display?.onset_ms ?? 0)).toBeCloseTo(16 * FRAME_MS, 2);
    expect(mask?.off).toBe(false);
  });

  it("are off where the frame after their last was late to come", async () => {
    const [display] = await run([16]);
    expect(display?.off).toBe(true);
  });

  it("are off after a hidden tab", async () => {
    const [display] = await run(Array.from({ length: 600 }, (_, at) => at + 5));
    expect(display?.off).toBe(true);
  });

  it("count frames where the clock is coarser than they are", async () => {
    const [display] = await run([], 100);
    expect(display?.frames).toBe(15);
  });

  it("keep to a clock of whole milliseconds", async () => {
    for (const times of [await run([], 1), await run([], 2)]) {
      expect(times.map(({ frames }) => frames).slice(0, 2)).toEqual([15, 6]);
      expect(times.some(({ off }) => off)).toBe(false);
    }
  });

  it("tell the onset as soon as it is there", async () => {
    const told: number[] = [];
    const stages = [{ frames: 0, enter: () => undefined, painted: () => told.push(1) }];
    const [only] = await runStages(stages, screen());
    expect(told).toEqual([1]);
    expect(only?.onset_ms).toBeCloseTo(1000 + FRAME_MS, 2);
    expect(only?.onset_uncertainty_ms).toBeCloseTo(FRAME_MS, 2);
  });
});

describe("frames of a duration", () => {
  it.each([
    [250, 60, 15],
    [250, 75, 19],
    [250, 144, 36],
    [16, 60, 1],
    [1, 60, 1],
    [100, 59.94, 6],
  ])("%d ms at %d Hz are %d", (ms, hz, frames) => expect(framesIn(ms, 1000 / hz)).toBe(frames));
});
