import { describe, expect, it } from "vitest";
import { rangeOf } from "../../src/dashboard/editing";
import { batches, MOST_BYTES, MOST_PIECES, signature } from "../../src/dashboard/uploads";

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

  it("are those that the host lacks, and of each file at least the last byte", () => {
    const chosen = files(5, 7, MOST_BYTES + 3, 0);
    const known = { there: { 0: 5, 1: 7, 2: MOST_BYTES }, whole: [0] };
    const pieces = [...batches(chosen, known)].flat();
    expect(pieces.map(({ number, at, data }) => [number, at, data.size])).toEqual([
      [1, 6, 1],
      [2, MOST_BYTES, 3],
      [3, 0, 0],
    ]);
  });

  it("are of the same choice only if names, sizes and times are", async () => {
    const [one, same, other] = [files(1, 2), files(1, 2), files(1, 3)].map(signature);
    expect(await one).toBe(await same);
    expect(await one).not.toBe(await other);
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
