import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import plugin from "../../src/tasks/two_afc";
import { click, find, key, maybe, pass, until } from "../hands";
import { play, type Sent } from "../run";

const nine = (side: string): string[] => Array.from({ length: 9 }, (_, i) => `/i/${side}${i}`);
const shown = {
  question: "Which picture fits better?",
  negative: nine("n"),
  positive: nine("p"),
  top: "/i/top",
  bottom: "/i/bottom",
  enable_after_ms: 1500,
  counter: { correct: 3, of: 5 },
};
const nothing = async (): Promise<null> => null;
const reply = (correct: boolean) => async () => ({ correct, delay_ms: 350, duration_ms: 1150 });
const frame = (place: string): string[] => [...find(`frame-${place}`).classList];

/** Until buttons take answers. */
const begun = (): Promise<unknown> => pass(150 + 60 + 1500);

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe("two-alternative forced choice", () => {
  it("shows nine negative and nine positive pictures in the order given, and two queries", () => {
    play(plugin, shown, nothing);
    const sources = (side: string) =>
      [...document.querySelectorAll(`.afc-${side} img`)].map((img) => img.getAttribute("src"));
    return pass(50).then(() => {
      expect(sources("negative")).toEqual(shown.negative);
      expect(sources("positive")).toEqual(shown.positive);
      expect(sources("middle")).toEqual(["/i/top", "/i/bottom"]);
      expect(find("counter").textContent).toBe("Correct: 3 of 5");
    });
  });

  it("names no picture by what it shows", async () => {
    play(plugin, shown, nothing);
    await pass(50);
    const alts = [...document.querySelectorAll("img")].map((img) => img.alt);
    expect(alts.slice(9, 11)).toEqual(["Upper picture", "Lower picture"]);
    expect(alts.every((alt) => alt !== "")).toBe(true);
  });

  it("takes no answer in the first 1.5 s after the onset", async () => {
    const { sent } = play(plugin, shown, nothing);
    await pass(1400);
    for (const place of ["top", "bottom"]) {
      for (const level of [1, 2, 3]) expect(() => click(`${place}-${level}`)).toThrow("disabled");
    }
    key("ArrowUp");
    key("1");
    await pass(400);
    expect(sent).toHaveLength(0);
    click("top-1");
    await pass(10);
    expect(sent[0]?.timing.rt_ms).toBeGreaterThanOrEqual(1500);
  });

  it.each(["top", "bottom"])("takes choice and confidence by one press: %s", async (choice) => {
    for (const confidence of [1, 2, 3]) {
      const { sent } = play(plugin, shown, nothing);
      await begun();
      click(`${choice}-${confidence}`);
      await pass(10);
      expect(sent.map(({ response }) => response)).toEqual([{ choice, confidence }]);
      document.body.replaceChildren();
    }
  });

  it("takes arrows and digits", async () => {
    const { sent, said } = play(plugin, shown, nothing);
    await begun();
    key("ArrowUp");
    key("ArrowDown");
    key("3");
    await pass(10);
    expect(sent.map(({ response }) => response)).toEqual([{ choice: "bottom", confidence: 3 }]);
    expect(said.at(-1)).toContain("Lower picture");
    expect(document.activeElement).toBe(document.body);
  });

  it("asks for a picture when a digit comes first, and takes digits no other", async () => {
    const { sent } = play(plugin, shown, nothing);
    await begun();
    key("2");
    expect(document.body.textContent).toContain("First pick a picture");
    key("ArrowUp");
    key("4");
    key("0");
    key("1", { ctrlKey: true });
    await pass(10);
    expect(sent).toHaveLength(0);
  });

  it("takes Tab and Enter too", async () => {
    const { sent } = play(plugin, shown, nothing);
    await begun();
    find("top-2").focus();
    key("Enter");
    await pass(10);
    expect(sent.map(({ response }) => response)).toEqual([{ choice: "top", confidence: 2 }]);
  });

  it("frames the choice black, then in colour with a sign, until it is left", async () => {
    const { said } = play(plugin, shown, reply(false));
    await begun();
    click("bottom-1");
    await pass(340);
    expect(frame("bottom")).toEqual(["afc-frame", "chosen"]);
    expect(frame("top")).toEqual(["afc-frame"]);
    await pass(20);
    expect(frame("bottom")).toContain("wrong");
    expect(find("counter").textContent).toBe("Correct: 3 of 6");
    expect(find("frame-bottom").querySelector(".icon-cross")).not.toBeNull();
    expect(find("verdict").textContent).toContain("Not correct");
    expect(said).toHaveLength(1);
    await pass(1100);
    expect(find("continue").hidden).toBe(true);
    await pass(60_000);
    expect(find("continue").hidden).toBe(false);
    expect(frame("bottom")).toContain("wrong");
    expect(find("verdict").textContent).toContain("Not correct");
    expect(frame("top")).toEqual(["afc-frame"]);
  });

  it("counts the delay from the answer, not from the host's reply", async () => {
    play(plugin, shown, async () => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      return { correct: true, delay_ms: 350, duration_ms: 1150 };
    });
    await begun();
    click("top-1");
    await pass(340);
    expect(frame("top")).not.toContain("right");
    await pass(20);
    expect(frame("top")).toContain("right");
  });

  it("goes on only by Continue", async () => {
    const played = play(plugin, shown, reply(true));
    await begun();
    click("top-2");
    await until("continue");
    expect(find("counter").textContent).toBe("Correct: 4 of 6");
    await pass(120_000);
    expect(played.data).toHaveLength(0);
    key(" ");
    await pass(20);
    expect(maybe("continue")).toBeNull();
    expect(played.data).toMatchObject([{ choice: "top", confidence: 2, correct: true }]);
  });

  it("goes on at once where there is no feedback", async () => {
    const played = play(plugin, { ...shown, counter: null }, nothing);
    await begun();
    expect(maybe("counter")).toBeNull();
    click("top-2");
    await pass(20);
    expect(played.data).toMatchObject([{ choice: "top", confidence: 2, correct: null }]);
  });

  it("shows an answer from before a reload and sends it as it was", async () => {
    const timing = { rt_ms: 2700, onset_ms: 10, onset_uncertainty_ms: 16, answered_ms: 2710 };
    const restored = { response: { choice: "bottom", confidence: 2 }, timing };
    const { sent } = play(plugin, { ...shown, restored }, reply(true));
    await until("verdict");
    expect(sent as Sent[]).toEqual([{ response: restored.response, timing }]);
    expect(frame("bottom")).toContain("right");
  });

  it.each(["data-only", "visual"] as const)("can be simulated: %s", async (mode) => {
    const played = play(plugin, shown, reply(true), mode);
    await pass(60_000);
    expect(played.sent).toHaveLength(1);
    const { choice, confidence } = (played.sent[0] as Sent).response;
    expect(["top", "bottom"]).toContain(choice);
    expect([1, 2, 3]).toContain(confidence);
    expect(played.sent[0]?.timing.rt_ms).toBeGreaterThanOrEqual(1500);
    expect(played.data).toMatchObject([{ choice, confidence, correct: true }]);
  });
});
