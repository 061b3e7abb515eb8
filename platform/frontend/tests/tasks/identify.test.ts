import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { UNTIMED } from "../../src/task";
import plugin from "../../src/tasks/identify";
import { click, find, key, pass, until } from "../hands";
import { play } from "../run";

const shown = {
  question: "What happened?",
  images: ["/i/a", "/i/b"],
  gap_ms: 500,
  labels: ["put", "take", "shake"],
  keys: [] as string[],
  enable_after_ms: 0,
  timing: { ...UNTIMED, exposure_ms: 250 },
};
const nothing = async (): Promise<null> => null;
/** The length of a frame is measured once (40 frames); then blank, frame, gap, frame. */
const begun = (): Promise<unknown> => pass(700 + 150 + 250 + 500 + 250 + 200);

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe("identify", () => {
  it.each([0, 1, 2])("takes answer %d by button, digit, or the study's key", async (at) => {
    const acts: Array<[string[], () => void]> = [
      [[], () => click(`answer-${at + 1}`)],
      [[], () => key(String(at + 1))],
      [["p", "t", "s"], () => key("pts"[at] as string)],
      [["p", "t", "s"], () => key("ä", { code: `Key${"PTS"[at]}` })],
    ];
    for (const [keys, act] of acts) {
      const played = play(plugin, { ...shown, keys }, nothing);
      await begun();
      act();
      await pass(20);
      expect(played.sent.map(({ response }) => response)).toEqual([{ choice: shown.labels[at] }]);
      document.body.replaceChildren();
    }
  });

  it("takes no digits where the study names keys", async () => {
    const { sent } = play(plugin, { ...shown, keys: ["p", "t", "s"] }, nothing);
    await begun();
    for (const name of ["1", "2", "x"]) key(name);
    await pass(20);
    expect(sent).toHaveLength(0);
  });

  it("takes no answer before the last frame", async () => {
    const { sent } = play(plugin, shown, nothing);
    while (document.querySelectorAll("img:not(.veiled)").length === 0) await pass(10);
    await pass(300);
    key("1");
    expect(() => click("answer-1")).toThrow("disabled");
    await begun();
    key("2");
    await pass(20);
    expect(sent.map(({ response }) => response)).toEqual([{ choice: "take" }]);
    expect(sent[0]?.timing.display_frames).toBe(Math.round(250 / 16));
  });

  it("offers up to 16 answers, those after the ninth without a key", async () => {
    const labels = Array.from({ length: 16 }, (_, at) => `class ${at}`);
    play(plugin, { ...shown, images: ["/i/a"], labels }, nothing);
    await begun();
    expect(find("answer-9").querySelector("kbd")?.textContent).toBe("9");
    expect(find("answer-10").querySelector("kbd")).toBeNull();
    expect(document.querySelectorAll(".judgement-choice")).toHaveLength(16);
  });

  it("says what was right", async () => {
    const reply = async () => ({ correct: false, answer: "shake", duration_ms: 0 });
    const { said } = play(plugin, shown, reply);
    await begun();
    click("answer-1");
    await until("verdict");
    expect(said).toEqual(["Not correct: it was shake"]);
    expect([...find("answer-3").classList]).toContain("right");
  });

  it.each(["data-only", "visual"] as const)("can be simulated: %s", async (mode) => {
    const reply = async () => ({ correct: true, answer: "put", duration_ms: 0 });
    const played = play(plugin, shown, reply, mode);
    await pass(60_000);
    expect(shown.labels).toContain(played.sent[0]?.response.choice);
    expect(played.data).toHaveLength(1);
  });
});
