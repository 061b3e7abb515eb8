import { describe, expect, it } from "vitest";
import { actedAt, firstPaint, timingOf } from "../src/clock";

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

describe("the onset", () => {
  it("is the frame after the one that drew; the uncertainty is the gap", async () => {
    const { request, next } = frames();
    const shown: number[] = [];
    const painted = firstPaint(() => shown.push(1), request);
    expect(shown).toHaveLength(0);
    next(1000);
    expect(shown).toHaveLength(1);
    next(1016.6667);
    expect(await painted).toEqual({ onset_ms: 1016.667, onset_uncertainty_ms: 16.667 });
    expect(shown).toHaveLength(1);
  });

  it("tells of a slow frame", async () => {
    const { request, next } = frames();
    const painted = firstPaint(() => undefined, request);
    next(1000);
    next(1250);
    expect((await painted).onset_uncertainty_ms).toBe(250);
  });

  it("waits while no frame is drawn, as in a hidden tab", async () => {
    const { request, next } = frames();
    let done = false;
    const painted = firstPaint(() => undefined, request).then(() => {
      done = true;
    });
    next(1000);
    await Promise.resolve();
    expect(done).toBe(false);
    next(60_000);
    await painted;
    expect(done).toBe(true);
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
