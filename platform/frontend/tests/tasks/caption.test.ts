import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import plugin from "../../src/tasks/caption";
import { click, find, pass, until } from "../hands";
import { play } from "../run";

const sentence = {
  question: "What is there?",
  image: "/i/a",
  input: "sentence",
  words: [] as string[],
  least: 3,
  longest: 500,
  enable_after_ms: 0,
};
const ticks = { ...sentence, input: "words", words: ["circle", "square", "bow"] };
const nothing = async (): Promise<null> => null;
const begun = (): Promise<unknown> => pass(150 + 100);
function give(text: string): void {
  const box = find("caption") as HTMLTextAreaElement;
  box.value = text;
  box.dispatchEvent(new Event("input", { bubbles: true }));
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe("caption", () => {
  it("takes a sentence, with one space between words", async () => {
    const played = play(plugin, sentence, nothing);
    await begun();
    give(" a ring\n and  a bow ");
    click("caption-submit");
    await pass(20);
    expect(played.sent.map(({ response }) => response)).toEqual([{ text: "a ring and a bow" }]);
    expect(played.data).toMatchObject([{ text: "a ring and a bow", words: null, correct: null }]);
  });

  it("submits by Enter, but not while a word is composed", async () => {
    const { sent } = play(plugin, sentence, nothing);
    await begun();
    give("円と輪");
    const enter = (isComposing: boolean): boolean =>
      find("caption").dispatchEvent(
        new KeyboardEvent("keydown", {
          key: "Enter",
          bubbles: true,
          cancelable: true,
          isComposing,
        }),
      );
    expect(enter(true)).toBe(true);
    await pass(20);
    expect(sent).toHaveLength(0);
    enter(false);
    await pass(20);
    expect(sent.map(({ response }) => response)).toEqual([{ text: "円と輪" }]);
  });

  it("asks for more where a sentence is too short, and keeps it", async () => {
    const { sent } = play(plugin, sentence, nothing);
    await begun();
    for (const text of ["", "  a ", "𝒜𝒜"]) {
      give(text);
      click("caption-submit");
      await pass(20);
      expect(find("caption-fault").textContent).toBe("Please write a longer sentence.");
      expect((find("caption") as HTMLTextAreaElement).value).toBe(text);
    }
    expect(sent).toHaveLength(0);
  });

  it("takes ticked words in the order of the study, at least one", async () => {
    const { sent } = play(plugin, ticks, nothing);
    await begun();
    click("caption-submit");
    await pass(20);
    expect(find("caption-fault").textContent).toBe("Please choose at least one word.");
    click("word-3");
    click("word-1");
    click("caption-submit");
    await pass(20);
    expect(sent.map(({ response }) => response)).toEqual([{ words: ["circle", "bow"] }]);
  });

  it("says which words fit", async () => {
    const reply = async () => ({ correct: false, answer: ["circle", "bow"], duration_ms: 0 });
    const { said } = play(plugin, ticks, reply);
    await begun();
    click("word-1");
    click("caption-submit");
    await until("verdict");
    expect(said).toEqual(["Not correct: it was circle, bow"]);
    expect(document.querySelectorAll(".caption-word.right")).toHaveLength(2);
  });

  it.each([sentence, ticks])("can be simulated", async (trial) => {
    for (const mode of ["data-only", "visual"] as const) {
      const played = play(plugin, trial, nothing, mode);
      await pass(60_000);
      expect(played.sent).toHaveLength(1);
      expect(played.data).toHaveLength(1);
      document.body.replaceChildren();
    }
  });
});
