import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { UNTIMED } from "../../src/task";
import plugin from "../../src/tasks/comparison";
import { click, find, key, maybe, pass, until } from "../hands";
import { play, type Sent } from "../run";

const shown = {
  question: "Which has more dots?",
  layout: "side_by_side",
  images: ["/i/a", "/i/b"],
  gap_ms: 500,
  confidence: false,
  enable_after_ms: 0,
};
const nothing = async (): Promise<null> => null;
const begun = (): Promise<unknown> => pass(150 + 100);
const veiled = (): boolean[] =>
  [...document.querySelectorAll("img")].map((image) => image.classList.contains("veiled"));

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe("comparison", () => {
  it("shows both displays and asks what the study asks", async () => {
    play(plugin, shown, nothing);
    await begun();
    const images = [...document.querySelectorAll("img")];
    expect(images.map((image) => image.getAttribute("src"))).toEqual(shown.images);
    expect(images.map((image) => image.alt)).toEqual(["Picture 1", "Picture 2"]);
    expect(document.querySelector("h1")?.textContent).toBe(shown.question);
    expect(veiled()).toEqual([false, false]);
  });

  it.each([
    ["left", ["f", "F", "ArrowLeft"], "KeyF"],
    ["right", ["j", "J", "ArrowRight"], "KeyJ"],
  ])(
    "takes %s by button, by its keys, and by their place in other alphabets",
    async (choice, keys, code) => {
      const acts = [
        () => click(`choice-${choice}`),
        ...keys.map((name) => () => key(name)),
        () => key("כ", { code }),
      ];
      for (const act of acts) {
        const played = play(plugin, shown, nothing);
        await begun();
        act();
        await pass(20);
        expect(played.sent.map(({ response }) => response)).toEqual([{ choice }]);
        expect(played.data).toMatchObject([{ choice, correct: null }]);
        document.body.replaceChildren();
      }
    },
  );

  it("takes no other key, and none before its time", async () => {
    const { sent } = play(plugin, { ...shown, enable_after_ms: 400 }, nothing);
    await begun();
    key("f");
    expect(() => click("choice-left")).toThrow("disabled");
    await pass(400);
    for (const name of ["1", "x", "ArrowUp"]) key(name);
    key("f", { ctrlKey: true });
    await pass(10);
    expect(sent).toHaveLength(0);
    key("f");
    await pass(10);
    expect(sent[0]?.timing.rt_ms).toBeGreaterThanOrEqual(400);
  });

  it("asks how sure the participant is after the choice, which ends the response time", async () => {
    const { sent } = play(plugin, { ...shown, confidence: true }, nothing);
    await begun();
    await pass(300);
    key("j");
    await until("sure-1");
    expect(maybe("choice-left")).toBeNull();
    await pass(5000);
    expect(sent).toHaveLength(0);
    key("3");
    await pass(20);
    expect(sent.map(({ response }) => response)).toEqual([{ choice: "right", confidence: 3 }]);
    expect(sent[0]?.timing.rt_ms).toBeLessThan(1000);
  });

  it("says which was right", async () => {
    const reply = async () => ({ correct: false, answer: "left", duration_ms: 0 });
    const { said, data } = play(plugin, shown, reply);
    await begun();
    click("choice-right");
    await until("verdict");
    expect(said).toEqual(["Not correct: it was Left"]);
    expect([...find("choice-left").classList]).toContain("right");
    expect([...find("choice-right").classList]).toContain("wrong");
    expect(data).toHaveLength(0);
    await until("continue");
    await pass(300);
    click("continue");
  });

  it("shows displays in turn, each alone, with a gap between", async () => {
    const timing = { ...UNTIMED, exposure_ms: 250 };
    const played = play(plugin, { ...shown, layout: "in_turn", timing }, nothing);
    const seen: string[] = [];
    for (let waited = 0; waited < 3000; waited += 10) {
      const now = veiled().map((veil) => (veil ? "-" : "x"));
      if (now.length === 2 && now.join("") !== seen.at(-1)) seen.push(now.join(""));
      await pass(10);
    }
    expect(seen).toEqual(["--", "x-", "--", "-x", "--"]);
    click("choice-second");
    await pass(20);
    expect(played.sent[0]?.response).toEqual({ choice: "second" });
    expect(played.sent[0]?.timing.display_frames).toBe(Math.round(250 / 16));
  });

  it("shows an answer from before a reload and sends it as it was", async () => {
    const timing = { rt_ms: 700, onset_ms: 10, onset_uncertainty_ms: 16, answered_ms: 710 };
    const restored = { response: { choice: "left", confidence: 2 }, timing };
    const { sent } = play(plugin, { ...shown, confidence: true, restored }, nothing);
    await begun();
    expect(sent as Sent[]).toEqual([{ response: restored.response, timing }]);
  });

  it.each(["data-only", "visual"] as const)("can be simulated: %s", async (mode) => {
    const reply = async () => ({ correct: true, answer: "left", duration_ms: 0 });
    const played = play(plugin, { ...shown, confidence: true }, reply, mode);
    await pass(60_000);
    expect(played.sent).toHaveLength(1);
    expect(played.sent[0]?.response.confidence).toBe(2);
    expect(["left", "right"]).toContain(played.sent[0]?.response.choice);
    expect(played.data).toHaveLength(1);
  });
});
