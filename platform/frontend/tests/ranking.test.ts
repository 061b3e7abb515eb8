import { describe, expect, it } from "vitest";
import { Ranking } from "../src/ranking";
import { labelled, ordinal, say } from "../src/words";

const pressAll = (size: number, names: string): Ranking => {
  const ranking = new Ranking(size);
  for (const name of names) ranking.press(name);
  return ranking;
};

describe("a ranking", () => {
  it("gives ranks in the order of pressing", () => {
    const ranking = pressAll(3, "CAB");
    expect(ranking.order).toEqual(["C", "A", "B"]);
    expect(ranking.rankOf("C")).toBe(1);
    expect(ranking.rankOf("D")).toBeNull();
    expect(ranking.complete).toBe(true);
  });

  it("takes a rank away when pressed again; those after move up", () => {
    const ranking = pressAll(3, "CABC");
    expect(ranking.order).toEqual(["A", "B"]);
    expect(ranking.complete).toBe(false);
  });

  it("replaces the last when full", () => {
    expect(pressAll(3, "CABD").order).toEqual(["C", "A", "D"]);
    expect(pressAll(1, "AB").order).toEqual(["B"]);
  });

  it("undoes from the end, and an empty one without fault", () => {
    const ranking = pressAll(3, "CA");
    ranking.undo();
    expect(ranking.order).toEqual(["C"]);
    ranking.undo();
    ranking.undo();
    expect(ranking.order).toEqual([]);
  });

  it("of all classes needs no press for the last", () => {
    const ranking = new Ranking(3, ["A", "B", "C"]);
    ranking.press("C");
    expect(ranking.complete).toBe(false);
    ranking.press("A");
    expect(ranking.order).toEqual(["C", "A", "B"]);
    ranking.press("B");
    expect(ranking.order).toEqual(["C", "A", "B"]);
    ranking.undo();
    expect(ranking.order).toEqual(["C"]);
    ranking.press("B");
    expect(ranking.order).toEqual(["C", "B", "A"]);
    ranking.press("C");
    expect(ranking.order).toEqual(["B"]);
    expect(new Ranking(2, ["A", "B", "C"]).order).toEqual([]);
  });

  it("never holds a class twice or more than its size, whatever is pressed", () => {
    // A small linear congruential generator: the same 300 sequences on every machine.
    let seed = 1;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
      return Math.floor((seed / 0x80000000) * below);
    };
    for (let run = 0; run < 300; run += 1) {
      const size = 1 + random(5);
      const ranking = new Ranking(size);
      for (let step = 0; step < 30; step += 1) {
        const before = [...ranking.order];
        const name = "ABCDEFG"[random(7)] as string;
        if (random(4) === 0) ranking.undo();
        else {
          ranking.press(name);
          expect(ranking.order.includes(name)).toBe(!before.includes(name));
        }
        expect(new Set(ranking.order).size).toBe(ranking.order.length);
        expect(ranking.order.length).toBeLessThanOrEqual(size);
        expect(ranking.complete).toBe(ranking.order.length === size);
        for (const [at, held] of ranking.order.entries()) expect(ranking.rankOf(held)).toBe(at + 1);
      }
    }
  });
});

describe("words", () => {
  it.each([
    [1, "1st"],
    [2, "2nd"],
    [3, "3rd"],
    [4, "4th"],
    [11, "11th"],
    [12, "12th"],
    [13, "13th"],
    [21, "21st"],
    [112, "112th"],
  ])("%d is %s", (rank, expected) => expect(ordinal(rank)).toBe(expected));

  it("puts the article by the first letter", () => {
    expect(say("it-is", labelled("Agara"))).toBe("It is an Agara");
    expect(say("it-is", labelled("Bari"))).toBe("It is a Bari");
  });
});
