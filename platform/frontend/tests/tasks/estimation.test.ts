import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import plugin from "../../src/tasks/estimation";
import { click, find, maybe, pass, until } from "../hands";
import { play, type Sent } from "../run";

const shown = {
  question: "How many dots?",
  image: "/i/a",
  input: "typed",
  least: 0,
  most: 100,
  step: 1,
  unit: "dots",
  enable_after_ms: 0,
};
const nothing = async (): Promise<null> => null;
const begun = (): Promise<unknown> => pass(150 + 100);
const box = (): HTMLInputElement => find("estimate") as HTMLInputElement;
function give(text: string): void {
  box().value = text;
  box().dispatchEvent(new Event("input", { bubbles: true }));
}
function submit(): void {
  click("estimate-submit");
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe("estimation", () => {
  it("shows the box with a keyboard of digits, and focuses it", async () => {
    play(plugin, shown, nothing);
    await pass(50);
    expect(box().disabled).toBe(true);
    await begun();
    expect(box().getAttribute("inputmode")).toBe("numeric");
    expect(document.activeElement).toBe(box());
    expect(document.body.textContent).toContain("dots");
  });

  it("takes a number", async () => {
    const played = play(plugin, shown, nothing);
    await begun();
    give(" 17 ");
    await pass(500);
    submit();
    await pass(20);
    expect(played.sent.map(({ response }) => response)).toEqual([{ estimate: 17 }]);
    const { first_choice_ms = -1, rt_ms } = (played.sent[0] as Sent).timing;
    expect(first_choice_ms).toBeLessThan(rt_ms - 400);
    expect(played.data).toMatchObject([{ estimate: 17, correct: null }]);
  });

  it("asks again for anything else, with one message, and keeps what was typed", async () => {
    const { sent } = play(plugin, shown, nothing);
    await begun();
    for (const text of ["", "many", "101", "-1", "3.5", "1,000", "12 dots", "1e2"]) {
      give(text);
      submit();
      await pass(20);
      expect(find("estimate-fault").textContent).toBe("Please enter a whole number from 0 to 100.");
      expect(document.querySelectorAll('[data-testid="estimate-fault"]')).toHaveLength(1);
      expect(box().value).toBe(text);
      expect(box().getAttribute("aria-invalid")).toBe("true");
    }
    expect(sent).toHaveLength(0);
    give("12");
    expect(maybe("estimate-fault")).toBeNull();
    submit();
    await pass(20);
    expect(sent.map(({ response }) => response)).toEqual([{ estimate: 12 }]);
  });

  it("has no mark on the line before a touch, and takes a press in its middle", async () => {
    const { sent } = play(plugin, { ...shown, input: "slider" }, nothing);
    await begun();
    submit();
    await pass(20);
    expect(find("estimate-fault").textContent).toBe("Please choose a place on the line.");
    expect([...box().classList]).toContain("untouched");
    click("estimate");
    expect(find("estimate-value").textContent).toBe("50 dots");
    submit();
    await pass(20);
    expect(sent.map(({ response }) => response)).toEqual([{ estimate: 50 }]);
  });

  it("takes Enter on the line as the button", async () => {
    const { sent } = play(plugin, { ...shown, input: "slider" }, nothing);
    await begun();
    give("31");
    box().dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", cancelable: true }));
    await pass(20);
    expect(sent.map(({ response }) => response)).toEqual([{ estimate: 31 }]);
  });

  it("says the true number where the host does", async () => {
    const reply = async () => ({ correct: null, answer: 20, duration_ms: 0 });
    const { said } = play(plugin, shown, reply);
    await begun();
    give("12");
    submit();
    await until("verdict");
    expect(said).toEqual(["It was 20"]);
  });

  it("shows an answer from before a reload and sends it as it was", async () => {
    const timing = { rt_ms: 700, onset_ms: 10, onset_uncertainty_ms: 16, answered_ms: 710 };
    const restored = { response: { estimate: 7 }, timing };
    const { sent } = play(plugin, { ...shown, restored }, nothing);
    await begun();
    expect(sent as Sent[]).toEqual([{ response: { estimate: 7 }, timing }]);
  });

  it.each(["data-only", "visual"] as const)("can be simulated: %s", async (mode) => {
    const reply = async () => ({ correct: true, answer: 20, duration_ms: 0 });
    const played = play(plugin, shown, reply, mode);
    await pass(60_000);
    expect(played.sent).toHaveLength(1);
    const { estimate } = (played.sent[0] as Sent).response as { estimate: number };
    expect(estimate >= 0 && estimate <= 100 && Number.isInteger(estimate)).toBe(true);
    expect(played.data).toHaveLength(1);
  });
});
