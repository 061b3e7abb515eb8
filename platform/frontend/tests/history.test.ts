import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { guard, pageOf, pushPage, REARM_MS, type Turn } from "../src/history";

let turns: Turn[];
let stop: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  history.replaceState(null, "");
  turns = [];
});

afterEach(() => {
  stop();
  vi.useRealTimers();
});

const begin = (): void => {
  stop = guard((turn) => turns.push(turn));
};

/** What the browser does when one of its buttons leads to an entry. */
function turnTo(state: unknown): void {
  history.replaceState(state, "");
  window.dispatchEvent(new PopStateEvent("popstate", { state }));
}

describe("the entries before the page's own", () => {
  it("tell Back from Forward, and the edge from what lies before it", () => {
    begin();
    const first = history.state;
    pushPage(1);
    const second = history.state;
    turnTo(first);
    turnTo(second);
    turnTo(first);
    turnTo(null);
    turnTo(first);
    expect(turns).toEqual(["back", "forward", "back", "back to the edge", "forward"]);
  });

  it("know the page of the instructions they stand for", () => {
    begin();
    pushPage(1);
    pushPage(2);
    expect(pageOf(history.state)).toBe(2);
    expect(pageOf(null)).toBe(0);
  });

  it("do not grow with every reload", () => {
    begin();
    const before = history.length;
    for (let i = 0; i < 3; i += 1) {
      stop();
      begin();
    }
    expect(history.length).toBe(before);
  });

  it("stand again a while after somebody went back to the edge and stayed", () => {
    begin();
    turnTo(null);
    vi.advanceTimersByTime(REARM_MS - 1);
    expect(history.state).toBeNull();
    vi.advanceTimersByTime(1);
    expect(history.state).toMatchObject({ diptych: "guard", depth: 1 });
  });

  it("leave the history of a page that has ended alone", () => {
    begin();
    turnTo(null);
    stop();
    vi.advanceTimersByTime(REARM_MS);
    expect(history.state).toBeNull();
  });
});
