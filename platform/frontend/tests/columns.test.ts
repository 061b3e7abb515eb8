import { describe, expect, it } from "vitest";
import { columnsFor } from "../src/columns";

describe("buttons of classes", () => {
  it.each([
    [2, 3, 2],
    [3, 3, 3],
    [3, 2, 1],
    [4, 3, 2],
    [5, 3, 1],
    [6, 3, 3],
    [7, 3, 1],
    [8, 3, 2],
    [9, 3, 3],
    [5, 6, 5],
    [8, 6, 4],
    [7, 6, 4],
    [11, 3, 3],
  ])("%d, at most %d beside each other, stand in %d columns", (buttons, most, columns) =>
    expect(columnsFor(buttons, most)).toBe(columns),
  );

  it("never leave one alone in a row where another number of columns fills them all", () => {
    for (let buttons = 2; buttons <= 40; buttons += 1) {
      for (const most of [1, 2, 3, 5, 6]) {
        const columns = columnsFor(buttons, most);
        expect(columns).toBeGreaterThanOrEqual(1);
        expect(columns).toBeLessThanOrEqual(most);
        const full = [...Array(most).keys()].some((at) => at > 0 && buttons % (at + 1) === 0);
        if (full) expect(buttons % columns).toBe(0);
      }
    }
  });
});
