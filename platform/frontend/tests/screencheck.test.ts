import { describe, expect, it, vi } from "vitest";
import { type ScreenFacts, screenFault, watchScreen } from "../src/screencheck";

const needs = { min_width: 940, min_height: 600, touch: false, fullscreen: false };
const laptop: ScreenFacts = {
  width: 1280,
  height: 720,
  screen_width: 1280,
  screen_height: 800,
  pixel_ratio: 1,
  fine_pointer: true,
};

describe("the screen check", () => {
  it("takes a window of just the size", () => {
    expect(screenFault(needs, { ...laptop, width: 940, height: 600 })).toBeNull();
  });

  it.each([
    { width: 939, height: 600 },
    { width: 940, height: 599 },
  ])("asks for more room at %o", (size) => {
    expect(screenFault(needs, { ...laptop, ...size })).toEqual({
      kind: "size",
      can_grow: true,
      maybe_zoomed: false,
    });
  });

  it("knows a screen on which no window can be large enough", () => {
    const small = { ...laptop, width: 800, height: 500, screen_width: 800, screen_height: 600 };
    expect(screenFault(needs, small)).toMatchObject({ can_grow: false });
  });

  it("lets those stay who enlarged the page, but not a phone's fine pixels", () => {
    const zoomed = { ...laptop, width: 640, height: 360, pixel_ratio: 2 };
    expect(screenFault(needs, zoomed)).toMatchObject({ maybe_zoomed: true });
    const phone = { ...zoomed, width: 390, height: 800, pixel_ratio: 3, fine_pointer: false };
    expect(screenFault({ ...needs, touch: true }, phone)).toMatchObject({ maybe_zoomed: false });
  });

  it("refuses a device with nothing but touch where the study does", () => {
    const tablet = { ...laptop, fine_pointer: false };
    expect(screenFault(needs, tablet)).toEqual({ kind: "touch" });
    expect(screenFault({ ...needs, touch: true }, tablet)).toBeNull();
  });

  it("looks again whenever the window changes", () => {
    const size = vi.spyOn(window, "innerWidth", "get").mockReturnValue(1280);
    vi.spyOn(window, "innerHeight", "get").mockReturnValue(800);
    const covers: boolean[] = [];
    const setCover = (screen: HTMLElement | null): number => covers.push(screen !== null);
    const watch = watchScreen(needs, () => true, { setCover, onStay: () => undefined });
    size.mockReturnValue(700);
    window.dispatchEvent(new Event("resize"));
    size.mockReturnValue(1000);
    window.dispatchEvent(new Event("resize"));
    watch.stop();
    size.mockReturnValue(700);
    window.dispatchEvent(new Event("resize"));
    expect(covers).toEqual([true, false]);
  });
});
