import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import plugin from "../../src/tasks/category_learning";
import { click, find, key, maybe, pass, until } from "../hands";
import { play, type Sent } from "../run";
import { broken } from "../setup";

const CLASSES = ["Cooka", "Agara", "Bari"];
const shown = { image: "/i/abc", classes: CLASSES, rank: 3 };
const four = { ...shown, classes: [...CLASSES, "Dina"] };
const nothing = async (): Promise<null> => null;
const truth = (label: string, duration_ms = 0) => {
  return async ({ response }: Sent) => {
    const ranking = response.ranking as string[];
    return { correct: ranking[0] === label, label, duration_ms };
  };
};

/** Until the picture is there and buttons take answers. */
const begun = (): Promise<unknown> => pass(400);
const image = (): HTMLElement => document.querySelector(".stimulus") as HTMLElement;

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe("category learning", () => {
  it("takes a ranking by keys, and its time from the onset", async () => {
    const { sent } = play(plugin, shown, nothing);
    await begun();
    await pass(1000);
    key("2");
    key("3");
    await pass(500);
    key("1");
    key("Enter");
    await pass(10);
    expect(sent).toHaveLength(1);
    const { response, timing } = sent[0] as Sent;
    expect(response).toEqual({ ranking: ["Agara", "Bari", "Cooka"] });
    expect(timing.rt_ms).toBeCloseTo(timing.answered_ms - timing.onset_ms, 6);
    expect(timing.rt_ms).toBeGreaterThan(1500);
    expect(timing.rt_ms).toBeLessThan(1900);
    expect(timing.onset_uncertainty_ms).toBeGreaterThan(0);
    expect(timing.onset_uncertainty_ms).toBeLessThan(40);
  });

  it("fills the last rank of all by itself, and tells when the first choice was made", async () => {
    const { sent } = play(plugin, shown, nothing);
    await begun();
    await pass(600);
    key("2");
    await pass(800);
    key("3");
    expect(find("class-Cooka").textContent).toContain("3rd");
    key("Enter");
    await pass(10);
    const { response, timing } = sent[0] as Sent;
    expect(response).toEqual({ ranking: ["Agara", "Bari", "Cooka"] });
    expect(timing.rt_ms - (timing.first_choice_ms as number)).toBeCloseTo(800, 0);
  });

  it("takes a ranking by pointer, changed before it is submitted", async () => {
    const { sent } = play(plugin, shown, nothing);
    await begun();
    click("class-Cooka");
    click("class-Agara");
    click("class-Cooka");
    click("class-Cooka");
    click("rank-undo");
    click("class-Bari");
    click("class-Cooka");
    click("rank-submit");
    await pass(10);
    expect(sent[0]?.response).toEqual({ ranking: ["Agara", "Bari", "Cooka"] });
  });

  it("shows each rank on its class, to the eye and to a screen reader", async () => {
    play(plugin, four, nothing);
    await begun();
    key("3");
    key("1");
    expect(find("class-Bari").textContent).toContain("1st");
    expect(find("class-Cooka").textContent).toContain("ranked 2nd");
    expect(find("class-Agara").textContent).not.toContain("ranked");
    key("Backspace");
    expect(find("class-Cooka").textContent).not.toContain("ranked");
  });

  it("does not submit an incomplete ranking", async () => {
    const { sent } = play(plugin, four, nothing);
    await begun();
    key("1");
    key("2");
    key("Enter");
    expect(() => click("rank-submit")).toThrow("disabled");
    await pass(10);
    expect(sent).toHaveLength(0);
  });

  it("takes no answer before the picture is painted", async () => {
    const { sent } = play(plugin, { ...shown, rank: 1 }, nothing);
    await pass(100);
    expect(image().classList).toContain("veiled");
    key("1");
    expect(() => click("class-Bari")).toThrow("disabled");
    await pass(400);
    expect(image().classList).not.toContain("veiled");
    expect(sent).toHaveLength(0);
  });

  it("with one rank, answers by one press", async () => {
    const played = play(plugin, { ...shown, rank: 1 }, nothing);
    await begun();
    expect(maybe("rank-submit")).toBeNull();
    key("3");
    await pass(10);
    expect(played.sent.map(({ response }) => response)).toEqual([{ ranking: ["Bari"] }]);
    expect(played.data).toMatchObject([{ ranking: ["Bari"], correct: null }]);
  });

  it("answers once, however fast the presses", async () => {
    const { sent } = play(plugin, { ...shown, rank: 1 }, nothing);
    await begun();
    key("1");
    key("2");
    key("3");
    await pass(10);
    expect(sent).toHaveLength(1);
  });

  it("leaves keys with a modifier, and keys held down, alone", async () => {
    const { sent } = play(plugin, { ...shown, rank: 1 }, nothing);
    await begun();
    key("1", { ctrlKey: true });
    key("1", { metaKey: true });
    key("1", { repeat: true });
    key("9");
    await pass(10);
    expect(sent).toHaveLength(0);
  });

  it("takes no keys while the page lies under a notice", async () => {
    const { sent } = play(plugin, { ...shown, rank: 1 }, nothing);
    await begun();
    document.body.toggleAttribute("inert", true);
    key("1");
    await pass(10);
    document.body.removeAttribute("inert");
    expect(sent).toHaveLength(0);
    key("1");
    await pass(10);
    expect(sent).toHaveLength(1);
  });

  it("after a wrong answer says the true class in words, with the picture still there", async () => {
    const { said } = play(plugin, shown, truth("Agara"));
    await begun();
    for (const digit of "132") key(digit);
    key("Enter");
    const verdict = await until("verdict");
    expect(verdict.textContent).toBe("It is an Agara");
    expect(said).toEqual(["Not correct. It is an Agara"]);
    expect(image().classList).not.toContain("veiled");
    expect(find("class-Agara").querySelector(".icon-check")).not.toBeNull();
    expect(find("class-Cooka").querySelector(".icon-cross")).not.toBeNull();
    expect(find("class-Bari").querySelector(".icon")).toBeNull();
  });

  it("waits for Continue by the same key, but not for a held one", async () => {
    const played = play(plugin, shown, truth("Cooka"));
    await begun();
    for (const digit of "123") key(digit);
    key("Enter");
    await until("verdict");
    key("Enter");
    await pass(100);
    expect(find("continue")).not.toBeNull();
    await pass(60_000);
    expect(played.data).toEqual([]);
    key("Enter");
    await pass(50);
    expect(maybe("continue")).toBeNull();
    expect(played.data).toHaveLength(1);
    expect(played.said).toEqual(["Correct: it is a Cooka"]);
  });

  it("records what happened in jsPsych's own table", async () => {
    const played = play(plugin, shown, truth("Cooka", 800));
    await begun();
    for (const digit of "123") key(digit);
    key("Enter");
    await until("verdict");
    await pass(750);
    expect(played.data).toHaveLength(0);
    await pass(100);
    expect(played.data).toMatchObject([
      { trial_type: "category_learning", ranking: CLASSES, correct: true },
    ]);
    expect(played.data[0]?.rt).toBe(played.sent[0]?.timing.rt_ms);
  });

  it("shows an answer from before a reload and sends it as it was", async () => {
    const timing = { rt_ms: 700, onset_ms: 10, onset_uncertainty_ms: 16, answered_ms: 710 };
    const restored = { response: { ranking: ["Bari", "Agara", "Cooka"] }, timing };
    const { sent } = play(plugin, { ...shown, restored }, truth("Bari"));
    await until("verdict");
    expect(sent).toEqual([{ response: restored.response, timing }]);
    expect(find("class-Agara").textContent).toContain("2nd");
    expect(image().classList).not.toContain("veiled");
  });

  it("waits for a picture that does not load, and reports it", async () => {
    broken.set("/i/abc", 2);
    const { image_errors } = play(plugin, shown, nothing);
    await pass(450);
    expect(image().classList).toContain("veiled");
    await pass(3000);
    expect(image().classList).not.toContain("veiled");
    expect(image_errors).toEqual(["/i/abc", "/i/abc"]);
  });

  it.each(["data-only", "visual"] as const)("can be simulated: %s", async (mode) => {
    const played = play(plugin, shown, truth("Bari"), mode);
    await pass(30_000);
    expect(played.sent).toHaveLength(1);
    const ranking = played.sent[0]?.response.ranking as string[];
    expect([...ranking].sort()).toEqual([...CLASSES].sort());
    expect(played.data).toMatchObject([{ ranking, correct: ranking[0] === "Bari" }]);
  });
});

describe("the explanation of a wrong answer", () => {
  const explained = (kind: string, other_images: string[]) => async () => ({
    correct: false,
    label: "Bari",
    duration_ms: 0,
    explanation: { kind, images: ["/i/own1", "/i/own2"], other_images },
  });
  const sources = (testid: string): (string | null)[] =>
    [...find(testid).querySelectorAll("img")].map((each) => each.getAttribute("src"));

  it("shows the chosen class before the picture, and the true one after it", async () => {
    play(plugin, { ...shown, rank: 1 }, explained("contrast", ["/i/other"]));
    await begun();
    key("2");
    await pass(400);
    expect(sources("explanation-other")).toEqual(["/i/other"]);
    expect(sources("explanation-own")).toEqual(["/i/own1", "/i/own2"]);
    expect(find("explanation-other").textContent).toBe("Agara");
    expect(find("explanation-own").textContent).toBe("Bari");
    const order = [...document.querySelectorAll("img")].map((each) => each.getAttribute("src"));
    expect(order).toEqual(["/i/other", "/i/abc", "/i/own1", "/i/own2"]);
    expect(document.querySelectorAll("img.veiled")).toHaveLength(0);
    expect(find("continue").hidden).toBe(false);
  });

  it("names a grid, and has no second side", async () => {
    play(plugin, { ...shown, rank: 1 }, explained("grid", []));
    await begun();
    key("2");
    await pass(400);
    expect(maybe("explanation-other")).toBeNull();
    expect(find("explanation-own").textContent).toBe("These belong together");
  });

  it("lays a mask on the picture", async () => {
    play(plugin, { ...shown, rank: 1 }, explained("mask", []));
    await begun();
    key("2");
    await pass(400);
    const box = image().parentElement as HTMLElement;
    expect([...box.querySelectorAll(".cl-mask")]).toHaveLength(2);
    expect(document.body.textContent).toContain("Look at the bright region");
  });

  it("goes on without images that do not come", async () => {
    broken.set("/i/own1", 99);
    play(plugin, { ...shown, rank: 1 }, explained("contrast", ["/i/other"]));
    await begun();
    key("2");
    await pass(400);
    expect(maybe("continue")?.hidden).toBe(true);
    await pass(9000);
    expect(maybe("continue")?.hidden).toBe(false);
  });
});
