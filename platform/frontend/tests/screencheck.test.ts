import { describe, expect, it, vi } from "vitest";
import { faultScreen, type ScreenFacts, screenFault, watchScreen } from "../src/screencheck";
import { Host } from "./host";

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
      remedy: "enlarge",
      maybe_zoomed: false,
    });
  });

  it("knows a screen on which no window can be large enough", () => {
    const small = { ...laptop, width: 800, height: 500, screen_width: 800, screen_height: 600 };
    expect(screenFault(needs, small)).toMatchObject({ remedy: "larger-screen" });
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

  describe("on a device in the hand", () => {
    const upright = { ...needs, touch: true, min_width: 320, min_height: 480 };
    const phone: ScreenFacts = {
      width: 844,
      height: 340,
      screen_width: 844,
      screen_height: 390,
      pixel_ratio: 3,
      fine_pointer: false,
    };

    it("asks to turn it, where that helps", () => {
      expect(screenFault(upright, phone)).toMatchObject({ remedy: "turn-upright" });
      // Some phones tell their screen as if they stood upright.
      const told = { ...phone, screen_width: 390, screen_height: 844 };
      expect(screenFault(upright, told)).toMatchObject({ remedy: "turn-upright" });
      const wide = { ...upright, min_width: 600, min_height: 280 };
      const standing = { ...told, width: 390, height: 700 };
      expect(screenFault(wide, standing)).toMatchObject({ remedy: "turn-sideways" });
    });

    it("does not where it does not", () => {
      const large = { ...upright, min_width: 940, min_height: 600 };
      expect(screenFault(large, phone)).toMatchObject({ remedy: "larger-screen" });
    });

    it("names the study, whom to ask, and the way back", () => {
      const way_back = { place: "Prolific", url: "https://app.prolific.com/submissions" };
      const study = { ...new Host().study, screen: needs, way_back };
      const screen = faultScreen({ kind: "touch" }, study, phone, () => undefined);
      for (const part of ["Demo", "lab@example.org", "Prolific", "on a computer"]) {
        expect(screen.textContent).toContain(part);
      }
      expect(screen.querySelector("a")?.href).toBe(way_back.url);
    });
  });

  it("looks again whenever the window changes", () => {
    const size = vi.spyOn(window, "innerWidth", "get").mockReturnValue(1280);
    vi.spyOn(window, "innerHeight", "get").mockReturnValue(800);
    const covers: boolean[] = [];
    const setCover = (screen: HTMLElement | null): number => covers.push(screen !== null);
    const study = { ...new Host().study, screen: needs };
    const watch = watchScreen(needs, () => true, { setCover, onStay: () => undefined, study });
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
