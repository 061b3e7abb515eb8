import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { distanceFrom, middle, trackFits } from "../src/screens/blindspot";
import { calibration } from "../src/screens/calibration";
import type { Context } from "../src/screens/context";
import { Shell } from "../src/shell";
import type { StateAt } from "../src/types";
import { pixelsOf, pixelsPerDegree } from "../src/visualangle";
import { click, find, key, maybe, pass, until } from "./hands";

const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** A screen of so many pixels a cm on which the participant sizes the card to `card_px`. */
function begin(viewing_distance_cm: number | null, card_px = 323.53) {
  document.body.innerHTML = "<div id='page'></div>";
  const shell = new Shell(document.getElementById("page") as HTMLElement, "Study");
  const posted: Array<[string, Record<string, number>]> = [];
  const client = {
    post: async (path: string, body: Record<string, number>) => {
      posted.push([path, body]);
      return { step: "trials" };
    },
  };
  const state = { step: "calibration", content: { viewing_distance_cm } };
  const ctx = { shell, client } as unknown as Context;
  const done = calibration(ctx, state as StateAt<"calibration">);
  const slider = find("card-size") as HTMLInputElement;
  slider.value = String(Math.round(card_px));
  slider.dispatchEvent(new Event("input"));
  return { posted, done };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("innerWidth", 1280);
  // A track of 1000 CSS pixels.
  vi.spyOn(HTMLElement.prototype, "getBoundingClientRect").mockReturnValue({
    width: 1000,
  } as DOMRect);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("the card", () => {
  it("gives pixels per degree at the distance that the study asks for", async () => {
    const { posted } = begin(57);
    click("card-fits");
    await pass(10);
    expect(document.querySelector(".card")?.textContent).toContain("57 cm");
    click("distance-kept");
    await pass(10);
    const [path, body] = posted[0] ?? ["", {}];
    expect(path).toBe("/session/steps/calibration");
    expect(body.viewing_distance_cm).toBe(57);
    // The card is 324 px wide and 8.56 cm; 1 degree at 57 cm is 0.9949 cm.
    expect(body.px_per_degree).toBeCloseTo((324 / 8.56) * 0.99486, 2);
  });

  it("decides how large the images are", async () => {
    begin(40, 428);
    click("card-fits");
    await pass(10);
    click("distance-kept");
    await pass(10);
    expect(pixelsOf(4)).toBeCloseTo(2 * 40 * 50 * Math.tan(radians(2)), 1);
  });
});

describe("the blind spot", () => {
  it("gives the distance: the middle of five tries, by button or space bar", async () => {
    const { posted } = begin(null);
    click("card-fits");
    await pass(10);
    click("spot");
    const px_per_cm = 324 / 8.56;
    const gaps: number[] = [];
    for (const wait of [2000, 3000, 6000, 3500, 3300]) {
      await pass(wait);
      const moved = find("spot-dot").style.transform.match(/-([\d.]+)px/)?.[1];
      gaps.push(Number(moved));
      if (gaps.length % 2) click("spot");
      else key(" ");
    }
    await pass(50);
    const [, body] = posted[0] ?? ["", {}];
    const expected = middle(gaps) / px_per_cm / Math.tan(radians(13.5));
    expect(body.viewing_distance_cm).toBeGreaterThan(expected - 1);
    expect(body.viewing_distance_cm).toBeLessThan(expected + 1);
    expect(expected).toBeGreaterThan(40);
    expect(expected).toBeLessThan(70);
  });

  it("can be left for a typed distance, which must be one", async () => {
    const { posted } = begin(null);
    click("card-fits");
    await pass(10);
    click("distance-enter");
    await pass(10);
    for (const [typed, taken] of [
      ["", false],
      ["3", false],
      ["900", false],
      ["62.5", true],
    ] as const) {
      (find("distance") as HTMLInputElement).value = typed;
      click("distance-typed");
      await pass(10);
      expect(posted.length).toBe(taken ? 1 : 0);
    }
    expect(posted[0]?.[1].viewing_distance_cm).toBe(62.5);
  });

  it("is not looked for in a window in which the dot cannot come that far", async () => {
    vi.stubGlobal("innerWidth", 390);
    begin(null);
    click("card-fits");
    await until("distance");
    expect(maybe("spot")).toBeNull();
  });
});

describe("the geometry", () => {
  it("of a dot 13.5 degrees away", () => {
    for (const [distance, px_per_cm] of [
      [57, 37.8],
      [30, 60],
    ] as const) {
      const gap = distance * Math.tan(radians(13.5)) * px_per_cm;
      expect(distanceFrom(gap, px_per_cm)).toBeCloseTo(distance, 6);
    }
  });

  it("needs a window that is wide enough", () => {
    expect(trackFits(37.8, 1280)).toBe(true);
    expect(trackFits(37.8, 500)).toBe(false);
  });

  it("of one degree: half a degree on each side of the middle", () => {
    expect(pixelsPerDegree(1, 57.29)).toBeCloseTo(1, 3);
  });

  it("takes the middle of odd numbers", () => {
    expect(middle([5, 1, 4, 2, 300])).toBe(4);
  });
});
