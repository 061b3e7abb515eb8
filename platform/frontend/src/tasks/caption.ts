import { type JsPsych, type JsPsychPlugin, ParameterType } from "jspsych";
import { actedAt, type Onset, sinceOnset, timingOf } from "../clock";
import { h } from "../dom";
import { buildJudgement, type JudgementScreen, showVerdict } from "../judgement";
import { presentTrial } from "../presentation";
import { type SimulationMode, simulateTrial } from "../simulation";
import { shownSize, veiledImage } from "../stimulus";
import {
  commonData,
  commonParameters,
  covered,
  type Filled,
  listeningUntil,
  type Restored,
  type Submit,
  sleep,
  version,
} from "../task";
import type { CaptionFeedback as Feedback } from "../types";
import { say } from "../words";
import "./caption.css";

const info = {
  name: "caption",
  version,
  parameters: {
    ...commonParameters,
    question: { type: ParameterType.STRING, default: undefined },
    image: { type: ParameterType.IMAGE, default: undefined },
    /** `sentence`, or `words` to tick. */
    input: { type: ParameterType.STRING, default: "sentence" },
    words: { type: ParameterType.STRING, array: true, default: [] },
    /** Fewest and most characters of a sentence. */
    least: { type: ParameterType.INT, default: 3 },
    longest: { type: ParameterType.INT, default: 500 },
    enable_after_ms: { type: ParameterType.INT, default: 0 },
  },
  data: {
    ...commonData,
    /** The sentence; null where words were ticked. */
    text: { type: ParameterType.STRING },
    /** The ticked words; null for a sentence. */
    words: { type: ParameterType.STRING, array: true },
    /** Null where no feedback was given. */
    correct: { type: ParameterType.BOOL },
  },
} as const;

type Info = typeof info;
/** What is sent: a sentence or words. */
type Said = { text: string } | { words: string[] };

/** Where the answer is given, and the button. */
interface Field {
  element: HTMLFormElement;
  inputs: Array<HTMLInputElement | HTMLTextAreaElement>;
  submit: HTMLButtonElement;
  /** Null where the input is no answer yet. */
  read: () => Said | null;
  show: (said: Said) => void;
  /** What is asked for where the input is no answer. */
  fault: string;
}

/** One image: a sentence about it, or the words that fit. */
export default class Caption implements JsPsychPlugin<Info> {
  static readonly info = info;

  constructor(private readonly jsPsych: JsPsych) {}

  async trial(
    display: HTMLElement,
    trial: Filled<Info>,
    onLoad?: () => void,
  ): Promise<Record<string, unknown>> {
    const field = trial.input === "words" ? tickBoxes(trial.words) : sentence(trial);
    const image = veiledImage(trial.image, say("picture-number", { number: 1 }));
    const stage = h(
      "div",
      { class: "judgement-stage one" },
      h("div", { class: "judgement-picture" }, image),
    );
    const screen = buildJudgement(trial.question, stage, field.element);
    screen.hint.setAttribute("aria-live", "polite");
    display.replaceChildren(screen.root);
    onLoad?.();
    const given = await presentTrial(
      trial,
      { root: screen.root, shown: [image] },
      (onset, signal) => answer(screen, field, trial.enable_after_ms, image, onset, signal),
    );
    if (!given) return {};
    const { timing } = given;
    const response = given.response as Said;
    field.show(response);
    close(field);
    const feedback = (await (trial.submit as Submit)(response, timing)) as Feedback | null;
    if (feedback) {
      mark(field, feedback.answer);
      const text = feedback.correct
        ? say("correct")
        : say("not-correct-it-was", { answer: feedback.answer.join(", ") });
      await showVerdict(screen, text, feedback.correct, feedback.duration_ms, trial.announce);
    }
    const { rt_ms, onset_ms, onset_uncertainty_ms } = timing;
    const correct = feedback?.correct ?? null;
    const said = { text: null, words: null, ...response };
    return { ...said, correct, rt: rt_ms, onset_ms, onset_uncertainty_ms };
  }

  /** As jsPsych's plugins do: "data-only" draws an answer, "visual" gives it too. */
  async simulate(
    trial: Filled<Info>,
    mode: SimulationMode,
    options: { data?: { text?: string; words?: string[]; rt?: number } },
    onLoad: () => void,
  ): Promise<Record<string, unknown>> {
    const { randomization } = this.jsPsych;
    const drawn = trial.words[randomization.randomInt(0, Math.max(0, trial.words.length - 1))];
    const text = options.data?.text ?? "a simulated sentence about a picture";
    const response: Said =
      trial.input === "words" ? { words: options.data?.words ?? [drawn as string] } : { text };
    const thought = options.data?.rt ?? randomization.sampleExGaussian(3000, 500, 1 / 1000, true);
    const rt = Math.max(trial.enable_after_ms, thought);
    return simulateTrial(this.jsPsych, mode, onLoad, {
      response: { ...response },
      rt,
      submit: trial.submit,
      run: (display) => this.trial(display, trial, onLoad),
      act: (display) => void type(display, response, rt),
    });
  }
}

/** The answer stands. */
function close({ inputs, submit }: Field): void {
  for (const input of inputs) input.disabled = true;
  submit.disabled = true;
}

function submitButton(): HTMLButtonElement {
  const text = say("submit");
  return h("button", {
    type: "submit",
    class: "primary",
    testid: "caption-submit",
    text,
    disabled: true,
  });
}

function sentence({ least, longest }: { least: number; longest: number }): Field {
  const submit = submitButton();
  const box = h("textarea", {
    class: "caption-box",
    testid: "caption",
    rows: 2,
    maxlength: longest,
    dir: "auto",
    "aria-label": say("your-answer"),
    disabled: true,
  });
  // A sentence has one line: Enter submits it. Alphabets that are composed use Enter themselves.
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    submit.click();
  });
  const element = h("form", { class: "caption-form", novalidate: true }, box, submit);
  const read = (): Said | null => {
    const text = box.value.replace(/\s+/gu, " ").trim();
    // The host counts characters and not halves of them.
    return [...text].length >= least ? { text } : null;
  };
  const show = (said: Said): void => {
    if ("text" in said) box.value = said.text;
  };
  return { element, inputs: [box], submit, read, show, fault: say("longer-sentence") };
}

function tickBoxes(words: string[]): Field {
  const submit = submitButton();
  const boxes = words.map((word, at) =>
    h("input", { type: "checkbox", value: word, testid: `word-${at + 1}`, disabled: true }),
  );
  const labels = boxes.map((box) =>
    h("label", { class: "caption-word" }, box, h("span", { text: box.value, dir: "auto" })),
  );
  const group = h(
    "fieldset",
    { class: "caption-words", "aria-label": say("your-answer") },
    ...labels,
  );
  const element = h("form", { class: "caption-form", novalidate: true }, group, submit);
  const read = (): Said | null => {
    const ticked = boxes.filter((box) => box.checked).map((box) => box.value);
    return ticked.length > 0 ? { words: ticked } : null;
  };
  const show = (said: Said): void => {
    if ("words" in said) for (const box of boxes) box.checked = said.words.includes(box.value);
  };
  return { element, inputs: boxes, submit, read, show, fault: say("choose-word") };
}

/** Marks the words that fit. */
function mark({ inputs }: Field, right: string[]): void {
  for (const input of inputs)
    if (right.includes(input.value)) input.closest(".caption-word")?.classList.add("right");
}

/** Takes an answer that the study accepts; anything else stays as it is, with one message. */
async function answer(
  screen: JudgementScreen,
  field: Field,
  enable_after_ms: number,
  image: HTMLImageElement,
  onset: Onset,
  signal: AbortSignal,
): Promise<Restored> {
  await sleep(onset.onset_ms + enable_after_ms - performance.now());
  const listening = listeningUntil(signal);
  const options = { signal: listening.signal };
  let first_choice_ms: number | undefined;
  for (const input of field.inputs) input.disabled = false;
  field.submit.disabled = false;
  const [first_input] = field.inputs;
  // On a phone the keyboard comes when the box is touched: it must not cover the picture.
  if (!matchMedia?.("(pointer: coarse)").matches) first_input?.focus({ preventScroll: true });
  return new Promise((resolve) => {
    const began = (event: Event): void => {
      first_choice_ms ??= sinceOnset(onset, actedAt(event, onset.onset_ms));
      first_input?.removeAttribute("aria-invalid");
      screen.hint.textContent = "\u00a0";
    };
    const submit = (event: Event): void => {
      event.preventDefault();
      if (covered(screen.root)) return;
      const response = field.read();
      if (response === null) {
        first_input?.setAttribute("aria-invalid", "true");
        screen.hint.replaceChildren(
          h("span", { class: "estimate-fault", testid: "caption-fault", text: field.fault }),
        );
        first_input?.focus({ preventScroll: true });
        return;
      }
      listening.abort();
      close(field);
      const acted = timingOf(onset, actedAt(event, onset.onset_ms));
      const first = Math.min(first_choice_ms ?? acted.rt_ms, acted.rt_ms);
      const timing = { ...acted, first_choice_ms: first, ...shownSize(image) };
      resolve({ response: { ...response }, timing });
    };
    for (const kind of ["input", "change"]) field.element.addEventListener(kind, began, options);
    field.element.addEventListener("submit", submit, options);
  });
}

/** Answers for a simulated participant, as soon as that is possible. */
async function type(display: HTMLElement, said: Said, rt: number): Promise<void> {
  await sleep(rt);
  const find = <E extends HTMLElement>(id: string) =>
    display.querySelector<E>(`[data-testid="${id}"]`);
  const submit = find<HTMLButtonElement>("caption-submit");
  while (submit?.disabled && submit.isConnected) await sleep(50);
  const box = find<HTMLTextAreaElement>("caption");
  if (box && "text" in said) box.value = said.text;
  for (const input of display.querySelectorAll<HTMLInputElement>(".caption-word input"))
    input.checked = "words" in said && said.words.includes(input.value);
  submit?.click();
  for (let next = find<HTMLButtonElement>("continue"); next?.isConnected; await sleep(50))
    if (!next.hidden && !next.disabled) return next.click();
}
