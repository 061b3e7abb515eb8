import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EventLog } from "../src/events";
import type { ClientEvent } from "../src/types";

let stop: (() => void) | undefined;

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  stop?.();
  stop = undefined;
  vi.useRealTimers();
});

function log(arrives = true) {
  const sent: ClientEvent[][] = [];
  const answer = { arrives };
  const clock = { now: 12.3456 };
  const events = new EventLog(
    async (batch) => {
      sent.push(batch);
      return answer.arrives;
    },
    () => clock.now,
    (event) => !(event instanceof CustomEvent),
  );
  return { events, sent, answer, clock };
}

const kinds = (batches: ClientEvent[][]): string[] => batches.flat().map((event) => event.kind);

describe("events", () => {
  it("carry time, trial and a detail of at most 200 characters", () => {
    const { events } = log();
    events.trial_index = 7;
    events.add("script_error", "x".repeat(300));
    expect(events.drain()).toEqual([
      { kind: "script_error", at_ms: 12.346, trial_index: 7, detail: "x".repeat(200) },
    ]);
    expect(events.drain()).toEqual([]);
  });

  it("go in batches every ten seconds, and not at all when there are none", async () => {
    const { events, sent } = log();
    stop = events.listen();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(sent).toEqual([]);
    window.dispatchEvent(new Event("blur"));
    window.dispatchEvent(new Event("focus"));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(sent).toHaveLength(1);
    expect(kinds(sent)).toEqual(["blur", "focus"]);
  });

  it("are kept in order until they arrive", async () => {
    const { events, sent, answer } = log(false);
    events.add("blur");
    await events.flush();
    events.add("focus");
    answer.arrives = true;
    await events.flush();
    expect(kinds(sent.slice(1))).toEqual(["blur", "focus"]);
    expect(events.drain()).toEqual([]);
  });

  it("can be handed over in parts, the oldest first", () => {
    const { events } = log();
    for (const kind of ["blur", "focus", "back"] as const) events.add(kind);
    expect(kinds([events.drain(2)])).toEqual(["blur", "focus"]);
    expect(kinds([events.drain()])).toEqual(["back"]);
  });

  it("of one page are bounded", () => {
    const { events } = log();
    for (let i = 0; i < 2000; i += 1) events.add("script_error", String(i));
    expect(events.drain()).toHaveLength(500);
  });

  it("are sent when the page is hidden", async () => {
    const { events, sent } = log();
    stop = events.listen();
    vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");
    document.dispatchEvent(new Event("visibilitychange"));
    await vi.advanceTimersByTimeAsync(0);
    expect(kinds(sent)).toEqual(["hidden"]);
  });

  it("tell of a window's resizing once, with its size", async () => {
    const { events } = log();
    stop = events.listen();
    for (let i = 0; i < 20; i += 1) window.dispatchEvent(new Event("resize"));
    await vi.advanceTimersByTimeAsync(300);
    const resized = events.drain();
    expect(resized).toHaveLength(1);
    expect(resized[0]?.detail).toBe(`${window.innerWidth}x${window.innerHeight}`);
  });

  it("sum up pointer and keys: with the first answer, every half a minute, and at the last", () => {
    const { events, clock } = log();
    stop = events.listen();
    const told = (): (string | null)[] => events.drain().map((event) => event.detail);
    for (let i = 0; i < 5; i += 1) window.dispatchEvent(new Event("pointermove"));
    window.dispatchEvent(new Event("click"));
    events.noteInput();
    expect(told()).toEqual(["moves=5 presses=1 keys=0"]);
    window.dispatchEvent(new Event("keydown"));
    events.noteInput();
    expect(told()).toEqual([]);
    clock.now += 30_000;
    events.noteInput();
    expect(told()).toEqual(["moves=0 presses=0 keys=1"]);
    clock.now += 30_000;
    events.noteInput();
    expect(told()).toEqual([]);
    window.dispatchEvent(new Event("click"));
    events.noteInput(true);
    expect(told()).toEqual(["moves=0 presses=1 keys=0"]);
  });

  it("count nothing that a script makes up, and say so with the first answer", () => {
    const { events } = log();
    stop = events.listen();
    for (const name of ["pointermove", "click", "keydown"])
      window.dispatchEvent(new CustomEvent(name));
    events.noteInput();
    expect(events.drain().map((event) => event.detail)).toEqual(["moves=0 presses=0 keys=0"]);
  });

  it("tell of faults of scripts, and stop when told", () => {
    const { events } = log();
    stop = events.listen();
    window.dispatchEvent(new ErrorEvent("error", { message: "boom" }));
    expect(events.drain()).toMatchObject([{ kind: "script_error", detail: "boom" }]);
    stop();
    window.dispatchEvent(new Event("blur"));
    expect(events.drain()).toEqual([]);
  });
});
