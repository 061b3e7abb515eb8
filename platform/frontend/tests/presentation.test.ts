import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { timingOf } from "../src/clock";
import { presentTrial } from "../src/presentation";
import { veiledImage } from "../src/stimulus";
import { type Restored, UNTIMED } from "../src/task";
import type { TrialTiming } from "../src/types";
import { pass, until } from "./hands";

/** One trial whose participant answers when told to; with what it has sent and said. */
function begin(timing: Partial<TrialTiming> = {}, restored: Restored | null = null) {
  const image = veiledImage("/i/a", "");
  const root = document.createElement("section");
  root.append(image);
  document.body.append(root);
  const sent: unknown[][] = [];
  const said: string[] = [];
  const trial = {
    timing: { ...UNTIMED, ...timing },
    restored,
    submit: async (...all: unknown[]) => void sent.push(all),
    announce: (text: string) => said.push(text),
    image_error: () => undefined,
  };
  let act: () => void = () => undefined;
  let stopped = false;
  const given = presentTrial(trial, { root, shown: [image] }, (onset, signal) => {
    signal.addEventListener("abort", () => {
      stopped = true;
    });
    return new Promise((resolve) => {
      act = () => resolve({ response: { choice: 1 }, timing: timingOf(onset, performance.now()) });
    });
  });
  let result: Restored | null | undefined;
  void given.then((found) => {
    result = found;
  });
  const visible = (): string => {
    const fixation = root.querySelector(".fixation:not(.veiled)");
    const mask = root.querySelector(".mask:not(.veiled)");
    const picture = image.classList.contains("veiled") ? "" : "picture";
    return [fixation ? "fixation" : "", picture, mask ? "mask" : ""].filter(Boolean).join(" ");
  };
  return {
    root,
    sent,
    said,
    visible,
    answer: () => act(),
    result: () => result,
    stopped: () => stopped,
  };
}

/** The states that are seen, in order, looked at every few ms. */
async function watch(visible: () => string, ms: number): Promise<string[]> {
  const seen: string[] = [];
  for (let waited = 0; waited < ms; waited += 4) {
    if (seen.at(-1) !== visible()) seen.push(visible());
    await pass(4);
  }
  return seen;
}

beforeEach(() => {
  vi.useFakeTimers();
  // jsdom has no canvas: what a mask looks like is the business of a browser.
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(null);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("a trial without timing", () => {
  it("shows the picture after a blank, until the answer and beyond", async () => {
    const trial = begin();
    expect(await watch(trial.visible, 400)).toEqual(["", "picture"]);
    trial.answer();
    await pass(50);
    expect(trial.result()?.response).toEqual({ choice: 1 });
    expect(trial.visible()).toBe("picture");
    const timing = Object.keys(trial.result()?.timing ?? {});
    expect(timing).toEqual(["onset_ms", "onset_uncertainty_ms", "answered_ms", "rt_ms"]);
  });

  it("waits for ever", async () => {
    const trial = begin();
    await pass(3_600_000);
    expect(trial.result()).toBeUndefined();
    expect(trial.stopped()).toBe(false);
  });
});

describe("a timed trial", () => {
  const timing = { fixation_ms: 500, exposure_ms: 250, mask: "noise", mask_ms: 100 };

  it("shows fixation, picture, mask and nothing, each alone", async () => {
    const trial = begin(timing);
    const seen = await watch(trial.visible, 3000);
    expect(seen).toEqual(["", "fixation", "picture", "mask", ""]);
  });

  it("stores when each came and went", async () => {
    const trial = begin(timing);
    await watch(trial.visible, 3000);
    trial.answer();
    await pass(50);
    const found = trial.result()?.timing;
    const at = (name: string): number => (found as unknown as Record<string, number>)[name] ?? 0;
    expect(at("onset_ms") - at("fixation_onset_ms")).toBeGreaterThan(480);
    expect(at("onset_ms") - at("fixation_onset_ms")).toBeLessThan(540);
    expect(at("display_offset_ms") - at("onset_ms")).toBeGreaterThan(230);
    expect(at("display_offset_ms") - at("onset_ms")).toBeLessThan(290);
    expect(at("mask_onset_ms")).toBe(at("display_offset_ms"));
    expect(at("mask_offset_ms") - at("mask_onset_ms")).toBeGreaterThan(80);
    expect(found).toHaveProperty("timing_fault");
  });

  it.each([
    ["none", -1, 0, false],
    ["one of the fixation", 20, 0, false],
    ["one in the middle of the picture", 40, 1, true],
  ])("with %s dropped says so", async (_, at, fewer, fault) => {
    let frames = 0;
    vi.stubGlobal("requestAnimationFrame", (callback: (time: number) => void) => {
      frames += 1;
      setTimeout(() => callback(performance.now()), frames === at ? 32 : 16);
    });
    // The rhythm of this screen is known from the trials before: 62.5 Hz, 16 frames in 250 ms.
    const trial = begin(timing);
    await watch(trial.visible, 3000);
    trial.answer();
    await pass(50);
    vi.unstubAllGlobals();
    const found = trial.result()?.timing;
    expect(found?.display_frames).toBe(16 - fewer);
    expect(found?.timing_fault).toBe(fault);
  });

  it("takes an answer while the picture is there, and shows it to its end all the same", async () => {
    const trial = begin(timing);
    while (trial.visible() !== "picture") await pass(4);
    await pass(30);
    trial.answer();
    await pass(30);
    expect(trial.visible()).toBe("picture");
    expect(trial.result()).toBeUndefined();
    await pass(1000);
    expect(trial.result()?.timing.rt_ms).toBeLessThan(100);
    expect(trial.result()?.timing.display_frames).toBeGreaterThan(10);
  });

  it("keeps the cross and the mask over the picture when the window changes", async () => {
    const left = vi.spyOn(HTMLImageElement.prototype, "getBoundingClientRect");
    left.mockReturnValue(new DOMRect(300, 0, 0, 0));
    const { root } = begin(timing);
    await pass(300);
    const places = (): string[] =>
      [".fixation", ".mask"].map((name) => root.querySelector<HTMLElement>(name)?.style.left ?? "");
    expect(places()).toEqual(["300px", "300px"]);
    left.mockReturnValue(new DOMRect(20, 0, 0, 0));
    window.dispatchEvent(new Event("resize"));
    expect(places()).toEqual(["20px", "20px"]);
  });

  it("keeps a mask of 0 ms until the answer", async () => {
    const trial = begin({ exposure_ms: 100, mask: "noise", mask_ms: 0 });
    await watch(trial.visible, 5000);
    expect(trial.visible()).toBe("mask");
    trial.answer();
    await pass(100);
    expect(trial.visible()).toBe("");
    const { mask_onset_ms = 0, mask_offset_ms = 0 } = trial.result()?.timing ?? {};
    expect((mask_offset_ms as number) - (mask_onset_ms as number)).toBeGreaterThan(2000);
  });
});

describe("a deadline", () => {
  it("ends the trial without an answer: stored, said, and nothing counts any more", async () => {
    const trial = begin({ deadline_ms: 800 });
    await until("too-slow");
    expect(trial.stopped()).toBe(true);
    expect(trial.root.inert).toBe(true);
    expect(trial.visible()).toBe("");
    expect(trial.said).toEqual(["Too slow"]);
    trial.answer();
    await pass(2000);
    expect(trial.result()).toBeNull();
    expect(trial.sent).toHaveLength(1);
    const [response, timing] = trial.sent[0] as [unknown, { rt_ms: number }];
    expect(response).toEqual({ missed: true });
    expect(timing.rt_ms).toBeGreaterThanOrEqual(800);
  });

  it("is counted from the onset, and a quick answer is in time", async () => {
    const trial = begin({ iti_ms: 2000, deadline_ms: 800 });
    await pass(2300);
    trial.answer();
    await pass(2000);
    expect(trial.result()?.response).toEqual({ choice: 1 });
    expect(trial.sent).toHaveLength(0);
  });
});

describe("after a reload", () => {
  const times = timingOf({ onset_ms: 5, onset_uncertainty_ms: 1 }, 500);

  it("an answer is given back as it was, beside the picture", async () => {
    const trial = begin({}, { response: { choice: 2 }, timing: times });
    await pass(200);
    expect(trial.result()).toEqual({ response: { choice: 2 }, timing: times });
    expect(trial.visible()).toBe("picture");
  });

  it("a picture that was shown briefly is not shown again", async () => {
    const trial = begin({ exposure_ms: 100 }, { response: { choice: 2 }, timing: times });
    await pass(200);
    expect(trial.visible()).toBe("");
    expect(trial.result()).not.toBeUndefined();
  });

  it("a missed trial is stored as missed", async () => {
    const trial = begin({ deadline_ms: 100 }, { response: { missed: true }, timing: times });
    await pass(2000);
    expect(trial.sent).toEqual([[{ missed: true }, times]]);
    expect(trial.result()).toBeNull();
  });
});

describe("the size of images", () => {
  const sizeOf = (root: HTMLElement): string => root.style.getPropertyValue("--image-size");

  it("is left to the styles unless the study says it", async () => {
    expect(sizeOf(begin().root)).toBe("");
    expect(sizeOf(begin({ image_px: 120 }).root)).toBe("120px");
  });

  it("in degrees depends on the screen and the distance", async () => {
    const px = Number.parseFloat(sizeOf(begin({ image_degrees: 4 }).root));
    expect(px).toBeGreaterThan(4 * 38);
    expect(px).toBeLessThan(4 * 38 * 1.01);
  });
});
