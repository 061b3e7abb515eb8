import { type JsPsych, type JsPsychPlugin, ParameterType } from "jspsych";
import { actedAt, type Onset, timingOf } from "../clock";
import { columnsFor } from "../columns";
import { h, icon, isPlainKey, targetHandles } from "../dom";
import { presentTrial } from "../presentation";
import { type SimulationMode, simulateTrial } from "../simulation";
import { shownSize, veiledImage } from "../stimulus";
import {
  commonData,
  commonParameters,
  covered,
  type Filled,
  listeningUntil,
  pressInTurn,
  type Restored,
  type Submit,
  sleep,
  untilContinue,
  version,
} from "../task";
import type { OddOneOutFeedback as Feedback } from "../types";
import { say } from "../words";
import "./odd_one_out.css";

/** So many images stand beside each other in a wide window, and on a phone. */
const MOST = { wide: 4, narrow: 2 };

const info = {
  name: "odd_one_out",
  version,
  parameters: {
    ...commonParameters,
    /** Question above the images; empty: the page's own, in the language of the study. */
    question: { type: ParameterType.STRING, default: "" },
    /** The images in the order of their places. */
    images: { type: ParameterType.IMAGE, array: true, default: undefined },
    /** Answers are taken so many ms after the onset. */
    enable_after_ms: { type: ParameterType.INT, default: 500 },
  },
  data: {
    ...commonData,
    /** Place of the chosen image, from 0. */
    choice: { type: ParameterType.INT },
    /** Null where no feedback was given. */
    correct: { type: ParameterType.BOOL },
  },
} as const;

type Info = typeof info;

/** One image in its button. */
interface Picture {
  button: HTMLButtonElement;
  badge: HTMLElement;
  image: HTMLImageElement;
}

interface Screen {
  root: HTMLElement;
  pictures: Picture[];
  hint: HTMLElement;
  keys: HTMLElement;
  next: HTMLButtonElement;
}

/** Several images: which one does not belong with the others? */
export default class OddOneOut implements JsPsychPlugin<Info> {
  static readonly info = info;

  constructor(private readonly jsPsych: JsPsych) {}

  async trial(
    display: HTMLElement,
    trial: Filled<Info>,
    onLoad?: () => void,
  ): Promise<Record<string, unknown>> {
    const screen = build(trial);
    display.replaceChildren(screen.root);
    onLoad?.();
    const shown = screen.pictures.map(({ image }) => image);
    const given = await presentTrial(trial, { root: screen.root, shown }, (onset, signal) =>
      answer(screen, onset, trial, signal),
    );
    if (!given) return {};
    const { timing } = given;
    const choice = given.response.choice as number;
    settle(screen, choice);
    const feedback = (await (trial.submit as Submit)({ choice }, timing)) as Feedback | null;
    if (feedback) await showFeedback(screen, choice, feedback, trial.announce);
    const { rt_ms, onset_ms, onset_uncertainty_ms } = timing;
    const correct = feedback?.correct ?? null;
    return { choice, correct, rt: rt_ms, onset_ms, onset_uncertainty_ms };
  }

  /** As jsPsych's plugins do: "data-only" draws an answer, "visual" presses the buttons too. */
  async simulate(
    trial: Filled<Info>,
    mode: SimulationMode,
    options: { data?: { choice?: number; rt?: number } },
    onLoad: () => void,
  ): Promise<Record<string, unknown>> {
    const { randomization } = this.jsPsych;
    const choice = options.data?.choice ?? randomization.randomInt(0, trial.images.length - 1);
    const thought = options.data?.rt ?? randomization.sampleExGaussian(1500, 300, 1 / 800, true);
    const rt = Math.max(trial.enable_after_ms, thought);
    return simulateTrial(this.jsPsych, mode, onLoad, {
      response: { choice },
      rt,
      submit: trial.submit,
      run: (display) => this.trial(display, trial, onLoad),
      act: (display) => pressInTurn(display, [`picture-${choice + 1}`, "continue"], rt),
    });
  }
}

function build(trial: Filled<Info>): Screen {
  const question = trial.question || say("which-odd");
  const pictures = trial.images.map(picture);
  const hint = h("p", { class: "trial-hint", text: say("look"), dir: "auto" });
  const keys = h("p", { class: "keys", text: say("keys-choose", { keys: keysOf(pictures) }) });
  const next = h("button", {
    type: "button",
    class: "primary",
    testid: "continue",
    text: say("continue"),
    hidden: true,
  });
  const grid = h(
    "div",
    { class: "odd-grid", role: "group", "aria-label": question },
    ...pictures.map(({ button }) => button),
  );
  const root = h(
    "section",
    { class: "odd", "aria-label": question },
    h("h1", { class: "odd-question", text: question, dir: "auto" }),
    grid,
    h("div", { class: "trial-foot" }, hint, keys, next),
  );
  setGrid(root, pictures.length);
  return { root, pictures, hint, keys, next };
}

/** Tells the styles how many columns and rows the images have: every row is full where it can be. */
function setGrid(root: HTMLElement, images: number): void {
  for (const [name, most] of Object.entries(MOST)) {
    // Three images on a phone: one below the other, so that no place is special.
    const columns = name === "narrow" && images === 3 ? 1 : columnsFor(images, most);
    root.style.setProperty(`--${name}`, String(columns));
    root.style.setProperty(`--${name}-rows`, String(Math.ceil(images / columns)));
  }
}

const keysOf = (pictures: unknown[]): string => `1–${Math.min(9, pictures.length)}`;

function picture(url: string, at: number): Picture {
  const name = say("picture-number", { number: at + 1 });
  const image = veiledImage(url, name);
  const badge = h("span", { class: "odd-badge", "aria-hidden": "true" });
  const button = h(
    "button",
    { type: "button", class: "odd-picture", testid: `picture-${at + 1}`, disabled: true },
    image,
    badge,
    at < 9 ? h("kbd", { text: at + 1, "aria-hidden": "true" }) : null,
  );
  return { button, badge, image };
}

/** Takes the answer by mouse, touch or keys, from `enable_after_ms` after the onset on. */
async function answer(
  screen: Screen,
  onset: Onset,
  trial: Filled<Info>,
  signal: AbortSignal,
): Promise<Restored> {
  await sleep(onset.onset_ms + trial.enable_after_ms - performance.now());
  screen.hint.textContent = "\u00a0"; // the line keeps its place
  const listening = listeningUntil(signal);
  return new Promise((resolve) => {
    const choose = (choice: number, event: Event): void => {
      const chosen = screen.pictures[choice];
      if (!chosen) return;
      listening.abort();
      const timing = {
        ...timingOf(onset, actedAt(event, onset.onset_ms)),
        ...shownSize(chosen.image),
      };
      resolve({ response: { choice }, timing });
    };
    screen.pictures.forEach(({ button }, at) => {
      button.disabled = false;
      button.addEventListener("click", (event) => choose(at, event), { signal: listening.signal });
    });
    const onKey = (event: KeyboardEvent): void => {
      if (!isPlainKey(event) || targetHandles(event) || covered(screen.root)) return;
      if (!/^[1-9]$/.test(event.key)) return;
      choose(Number(event.key) - 1, event);
      event.preventDefault();
    };
    document.addEventListener("keydown", onKey, { signal: listening.signal });
  });
}

/** The answer stands: black frame, and no other is taken. */
function settle(screen: Screen, choice: number): void {
  for (const { button } of screen.pictures) button.disabled = true;
  screen.pictures[choice]?.button.classList.add("chosen");
  screen.hint.textContent = "\u00a0";
  screen.keys.classList.add("spent");
}

async function showFeedback(
  screen: Screen,
  choice: number,
  { correct, odd, duration_ms }: Feedback,
  announce: (text: string) => void,
): Promise<void> {
  const text = correct ? say("correct") : say("odd-is", { number: odd + 1 });
  mark(screen.pictures[odd], "right");
  if (!correct) mark(screen.pictures[choice], "wrong");
  const how = correct ? "right" : "wrong";
  screen.hint.replaceChildren(
    h("span", { class: `trial-verdict ${how}`, testid: "verdict" }, text),
  );
  announce(text);
  if (duration_ms > 0) await sleep(duration_ms);
  else await untilContinue(screen.next);
}

function mark(picture: Picture | undefined, how: "right" | "wrong"): void {
  picture?.button.classList.add(how);
  picture?.badge.replaceChildren(icon(how === "right" ? "check" : "cross"));
}
