import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import plugin, { placeOf } from "../../src/tasks/point";
import { click, find, key, pass, until } from "../hands";
import { play } from "../run";

const shown = {
  question: "Click on the ring.",
  word: "ring",
  image: "/i/a",
  absent: "",
  enable_after_ms: 0,
};
const nothing = async (): Promise<null> => null;
const begun = (): Promise<unknown> => pass(150 + 100);
/** Presses the picture at a place of the window. */
function press(clientX: number, clientY: number): void {
  const event = new MouseEvent("click", { bubbles: true, detail: 1, clientX, clientY });
  find("point-area").dispatchEvent(event);
}

/** The page is not laid out here: every box is this one, and every picture twice as wide as high. */
const BOX = { left: 100, top: 50, width: 200, height: 200 };

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(HTMLElement.prototype, "getBoundingClientRect").mockReturnValue(BOX as DOMRect);
  vi.spyOn(HTMLImageElement.prototype, "naturalWidth", "get").mockReturnValue(400);
  vi.spyOn(HTMLImageElement.prototype, "naturalHeight", "get").mockReturnValue(200);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("point", () => {
  it("takes a click as shares of the picture, and none beside it", async () => {
    const played = play(plugin, shown, nothing);
    await begun();
    press(150, 60); // above the picture, which fills the middle half of its box
    press(150, 125);
    await pass(20);
    expect(played.sent.map(({ response }) => response)).toEqual([
      { choice: "place", x: 0.25, y: 0.25 },
    ]);
    expect(played.data).toMatchObject([{ choice: "place", x: 0.25, y: 0.25, correct: null }]);
  });

  it("says that the word is not there by button and by key", async () => {
    for (const act of [() => click("point-absent"), () => key("0"), () => key("０")]) {
      const { sent } = play(plugin, shown, nothing);
      await begun();
      act();
      await pass(20);
      expect(sent.map(({ response }) => response)).toEqual([{ choice: "absent" }]);
      document.body.replaceChildren();
    }
  });

  it("moves a ring by arrow keys, and takes its place by Enter", async () => {
    const { sent } = play(plugin, shown, nothing);
    await begun();
    const enter = (): void => find("point-area").click();
    enter(); // shows the ring first
    expect(find("point-area").querySelector<HTMLElement>(".point-mark")?.hidden).toBe(false);
    for (const name of ["ArrowLeft", "ArrowLeft", "ArrowDown"]) key(name);
    key("ArrowRight", { shiftKey: true });
    await pass(10);
    expect(sent).toHaveLength(0);
    enter();
    await pass(20);
    expect(sent.map(({ response }) => response)).toEqual([{ choice: "place", x: 0.56, y: 0.52 }]);
  });

  it("shows where the word was", async () => {
    const reply = async () => ({ correct: false, box: [0, 0, 0.5, 1], duration_ms: 0 });
    const { said } = play(plugin, shown, reply);
    await begun();
    click("point-absent");
    await until("verdict");
    expect(said).toEqual(["Not correct: it is in the frame"]);
    const frame = find("point-area").querySelector<HTMLElement>(".point-box");
    expect([frame?.style.left, frame?.style.width]).toEqual(["0px", "100px"]);
  });

  it("uses the study's text of the button", async () => {
    play(plugin, { ...shown, absent: "I do not see it" }, nothing);
    await begun();
    expect(find("point-absent").textContent).toContain("I do not see it");
  });

  it("knows places at the edges", () => {
    expect(placeOf(BOX, { clientX: 300, clientY: 250 })).toEqual({ x: 1, y: 1 });
    expect(placeOf(BOX, { clientX: 99, clientY: 60 })).toBeNull();
    expect(placeOf({ ...BOX, width: 0 }, { clientX: 100, clientY: 60 })).toBeNull();
  });

  it.each(["data-only", "visual"] as const)("can be simulated: %s", async (mode) => {
    const reply = async () => ({ correct: true, box: null, duration_ms: 0 });
    const played = play(plugin, shown, reply, mode);
    await pass(60_000);
    expect(played.sent[0]?.response).toMatchObject({ choice: "place" });
    expect(played.data).toHaveLength(1);
  });
});
