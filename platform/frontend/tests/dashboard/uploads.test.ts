import { describe, expect, it } from "vitest";
import { rangeOf } from "../../src/dashboard/editing";
import { batches, MOST_BYTES, MOST_PIECES } from "../../src/dashboard/uploads";

function files(...sizes: number[]) {
  return sizes.map((size, n) => ({ name: `${n}.png`, file: new Blob([new Uint8Array(size)]) }));
}

describe("the pieces of an upload", () => {
  it("cover every file once, in order, in requests of limited size", () => {
    const chosen = files(0, 1, MOST_BYTES * 2 + 7, 10, MOST_BYTES, ...Array(100).fill(3));
    const arrived = new Map<number, number>();
    for (const batch of batches(chosen)) {
      expect(batch.length).toBeLessThanOrEqual(MOST_PIECES);
      expect(batch.reduce((sum, { data }) => sum + data.size, 0)).toBeLessThanOrEqual(MOST_BYTES);
      for (const { number, at, data } of batch) {
        expect(at).toBe(arrived.get(number) ?? 0);
        arrived.set(number, at + data.size);
      }
    }
    expect([...arrived.entries()]).toEqual(chosen.map(({ file }, n) => [n, file.size]));
  });

  it("are none without files", () => {
    expect([...batches([])]).toEqual([]);
  });
});

describe("a line of an editor", () => {
  it("is found by its number", () => {
    expect(rangeOf("a\nbc\n", 2)).toEqual([2, 4]);
    expect(rangeOf("a\nbc", 1)).toEqual([0, 1]);
    expect(rangeOf("a", 1)).toEqual([0, 1]);
  });
});
