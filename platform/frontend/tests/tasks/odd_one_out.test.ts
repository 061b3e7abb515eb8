import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import plugin from "../../src/tasks/odd_one_out";
import { click, find, key, pass, until } from "../hands";
import { play, type Sent } from "../run";

const shown = { question: null, images: ["/i/a", "/i/b", "/i/c"], enable_after_ms: 500 };
const nothing = async (): Promise<null> => null;
const reply =
  (correct: boolean, odd: number, duration_ms = 0) =>
  async () => ({ correct, odd, duration_ms });
const classes = (number: number): string[] => [...find(`picture-${number}`).classList];

/** Until the images take answers. */
const begun = (): Promise<unknown> => pass(150 + 60 + 500);

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe("odd one out", () => {
  it("shows the pictures in the order given, and names none by what it shows", async () => {
    play(plugin, shown, nothing);
    await pass(50);
    const images = [...document.querySelectorAll("img")];
    expect(images.map((img) => img.getAttribute("src"))).toEqual(shown.images);
    expect(images.map((img) => img.alt)).toEqual(["Picture 1", "Picture 2", "Picture 3"]);
    expect(find("picture-1").closest("section")?.textContent).toContain("does not belong");
  });

  it("asks what the study asks", async () => {
    play(plugin, { ...shown, question: "Which one is strange?" }, nothing);
    await pass(50);
    expect(document.querySelector("h1")?.textContent).toBe("Which one is strange?");
  });

  it("takes no answer before its time", async () => {
    const { sent } = play(plugin, shown, nothing);
    await pass(150 + 400);
    expect(() => click("picture-1")).toThrow("disabled");
    key("1");
    expect(sent).toHaveLength(0);
    await pass(200);
    click("picture-1");
    await pass(10);
    expect(sent[0]?.timing.rt_ms).toBeGreaterThanOrEqual(500);
  });

  it.each([0, 1, 2])("takes a press, a key, or Enter on picture %d", async (choice) => {
    const acts = [
      () => click(`picture-${choice + 1}`),
      () => key(String(choice + 1)),
      () => {
        find(`picture-${choice + 1}`).focus();
        key("Enter");
      },
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
  });

  it("takes no key of a picture that is not there", async () => {
    const { sent } = play(plugin, shown, nothing);
    await begun();
    for (const name of ["0", "4", "x"]) key(name);
    key("1", { ctrlKey: true });
    await pass(10);
    expect(sent).toHaveLength(0);
  });

  it("marks the right picture, and says its number where another was chosen", async () => {
    const { said } = play(plugin, shown, reply(false, 2));
    await begun();
    click("picture-1");
    await until("verdict");
    expect(classes(1)).toEqual(["odd-picture", "chosen", "wrong"]);
    expect(classes(2)).toEqual(["odd-picture"]);
    expect(classes(3)).toContain("right");
    expect(find("picture-3").querySelector(".icon-check")).not.toBeNull();
    expect(said).toEqual(["Not correct: picture 3 does not belong"]);
  });

  it("goes on by Continue, or after the study's time", async () => {
    const slow = play(plugin, shown, reply(true, 1));
    await begun();
    click("picture-2");
    await until("continue");
    await pass(60_000);
    expect(slow.data).toHaveLength(0);
    click("continue");
    await pass(20);
    expect(slow.data).toMatchObject([{ choice: 1, correct: true }]);
    document.body.replaceChildren();
    const quick = play(plugin, shown, reply(true, 1, 800));
    await begun();
    click("picture-2");
    await pass(820);
    expect(quick.data).toMatchObject([{ choice: 1, correct: true }]);
  });

  it("shows an answer from before a reload and sends it as it was", async () => {
    const timing = { rt_ms: 2700, onset_ms: 10, onset_uncertainty_ms: 16, answered_ms: 2710 };
    const restored = { response: { choice: 2 }, timing };
    const { sent } = play(plugin, { ...shown, restored }, reply(true, 2));
    await until("verdict");
    expect(sent as Sent[]).toEqual([{ response: restored.response, timing }]);
    expect(classes(3)).toEqual(["odd-picture", "chosen", "right"]);
  });

  it.each([
    [3, "3 1", "1 3"],
    [4, "4 1", "2 2"],
    [9, "3 3", "2 5"],
  ])("lays %d pictures out in columns and rows", async (images, wide, narrow) => {
    const urls = Array.from({ length: images }, (_, at) => `/i/${at}`);
    play(plugin, { ...shown, images: urls }, nothing);
    await pass(50);
    const { style } = document.querySelector(".odd") as HTMLElement;
    const laid = (name: string): string =>
      `${style.getPropertyValue(`--${name}`)} ${style.getPropertyValue(`--${name}-rows`)}`;
    expect([laid("wide"), laid("narrow")]).toEqual([wide, narrow]);
  });

  it.each(["data-only", "visual"] as const)("can be simulated: %s", async (mode) => {
    const played = play(plugin, shown, reply(true, 0), mode);
    await pass(60_000);
    expect(played.sent).toHaveLength(1);
    const { choice } = (played.sent[0] as Sent).response as { choice: number };
    expect([0, 1, 2]).toContain(choice);
    expect(played.sent[0]?.timing.rt_ms).toBeGreaterThanOrEqual(500);
    expect(played.data).toMatchObject([{ choice, correct: true }]);
  });
});
