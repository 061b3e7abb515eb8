import { type JsPsych, type JsPsychPlugin, ParameterType } from "jspsych";
import { actedAt, type Onset, sinceOnset, timingOf } from "../clock";
import { h } from "../dom";
import { buildJudgement, type JudgementScreen, showVerdict } from "../judgement";
import { askedFor, type Bounds, keyboardFor, readNumber } from "../numbers";
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
import type { EstimationFeedback as Feedback } from "../types";
import { say } from "../words";

const info = {
  name: "estimation",
  version,
  parameters: {
    ...commonParameters,
    question: { type: ParameterType.STRING, default: undefined },
    image: { type: ParameterType.IMAGE, default: undefined },
    /** `typed`, or `slider`. */
    input: { type: ParameterType.STRING, default: "typed" },
    least: { type: ParameterType.FLOAT, default: 0 },
    most: { type: ParameterType.FLOAT, default: undefined },
    step: { type: ParameterType.FLOAT, default: 1 },
    /** Text behind the number, such as "dots". */
    unit: { type: ParameterType.STRING, default: "" },
    enable_after_ms: { type: ParameterType.INT, default: 0 },
  },
  data: {
    ...commonData,
    estimate: { type: ParameterType.FLOAT },
    /** Null where no feedback was given, or the study sets no tolerance. */
    correct: { type: ParameterType.BOOL },
  },
} as const;

type Info = typeof info;

/** Where the number is given: a text box or a slider, and the button. */
interface Field {
  element: HTMLElement;
  input: HTMLInputElement;
  submit: HTMLButtonElement;
  /** Fails with what is asked for where the input is no answer. */
  read: () => number | null;
  show: (estimate: number) => void;
}

/** The answer stands. */
function close({ input, submit }: Field): void {
  input.disabled = true;
  submit.disabled = true;
}

/** One display: what is its number? */
export default class Estimation implements JsPsychPlugin<Info> {
  static readonly info = info;

  constructor(private readonly jsPsych: JsPsych) {}

  async trial(
    display: HTMLElement,
    trial: Filled<Info>,
    onLoad?: () => void,
  ): Promise<Record<string, unknown>> {
    const field = trial.input === "slider" ? slider(trial) : textBox(trial);
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
      (onset, signal) => answer(screen, field, trial, image, onset, signal),
    );
    if (!given) return {};
    const { timing } = given;
    const estimate = given.response.estimate as number;
    field.show(estimate);
    close(field);
    const feedback = (await (trial.submit as Submit)({ estimate }, timing)) as Feedback | null;
    if (feedback) {
      const text = say("it-was-number", { answer: String(feedback.answer) });
      await showVerdict(screen, text, feedback.correct, feedback.duration_ms, trial.announce);
    }
    const { rt_ms, onset_ms, onset_uncertainty_ms } = timing;
    const correct = feedback?.correct ?? null;
    return { estimate, correct, rt: rt_ms, onset_ms, onset_uncertainty_ms };
  }

  /** As jsPsych's plugins do: "data-only" draws an answer, "visual" types it too. */
  async simulate(
    trial: Filled<Info>,
    mode: SimulationMode,
    options: { data?: { estimate?: number; rt?: number } },
    onLoad: () => void,
  ): Promise<Record<string, unknown>> {
    const { randomization } = this.jsPsych;
    const steps = Math.floor((trial.most - trial.least) / trial.step + 1e-9);
    const drawn = trial.least + randomization.randomInt(0, steps) * trial.step;
    const estimate = options.data?.estimate ?? Number(drawn.toFixed(9));
    const thought = options.data?.rt ?? randomization.sampleExGaussian(1200, 200, 1 / 500, true);
    const rt = Math.max(trial.enable_after_ms, thought);
    return simulateTrial(this.jsPsych, mode, onLoad, {
      response: { estimate },
      rt,
      submit: trial.submit,
      run: (display) => this.trial(display, trial, onLoad),
      act: (display) => void type(display, estimate, rt),
    });
  }
}

/** Types a number for a simulated participant, as soon as that is possible. */
async function type(display: HTMLElement, estimate: number, rt: number): Promise<void> {
  await sleep(rt);
  const find = <E extends HTMLElement>(id: string) =>
    display.querySelector<E>(`[data-testid="${id}"]`);
  for (let input = find<HTMLInputElement>("estimate"); input; await sleep(50)) {
    if (input.disabled) continue;
    input.value = String(estimate);
    input.dispatchEvent(new Event("input", { bubbles: true }));
    find("estimate-submit")?.click();
    break;
  }
  for (let next = find<HTMLButtonElement>("continue"); next?.isConnected; await sleep(50))
    if (!next.hidden && !next.disabled) return next.click();
}

function submitButton(): HTMLButtonElement {
  const text = say("submit");
  return h("button", {
    type: "submit",
    class: "primary",
    testid: "estimate-submit",
    text,
    disabled: true,
  });
}

function textBox(trial: Bounds & { unit: string }): Field {
  const bounds: Bounds = trial;
  const submit = submitButton();
  const input = h("input", {
    type: "text",
    class: "estimate-box",
    testid: "estimate",
    inputmode: keyboardFor(bounds),
    enterkeyhint: "done",
    autocomplete: "off",
    autocorrect: "off",
    spellcheck: "false",
    maxlength: 40,
    dir: "ltr",
    "aria-label": say("your-answer"),
    disabled: true,
  });
  const element = h(
    "form",
    { class: "estimate", novalidate: true },
    input,
    trial.unit ? h("span", { class: "estimate-unit", text: trial.unit, dir: "auto" }) : null,
    submit,
  );
  const read = (): number | null => readNumber(input.value, bounds);
  const show = (estimate: number): void => {
    input.value = String(estimate);
  };
  return { element, input, submit, read, show };
}

/** A line without a mark before the first touch, so that no number is suggested. */
function slider(trial: Bounds & { unit: string }): Field {
  const { least, most, step, unit } = trial;
  const submit = submitButton();
  const input = h("input", {
    type: "range",
    class: "estimate-line untouched",
    testid: "estimate",
    min: least,
    max: most,
    step,
    "aria-label": say("your-answer"),
    disabled: true,
  });
  input.value = String((least + most) / 2); // once the bounds are set: they would move it
  const value = h("output", { class: "estimate-value", text: "–", testid: "estimate-value" });
  const touch = (): void => {
    input.classList.remove("untouched");
    value.textContent = unit ? `${input.value} ${unit}` : input.value;
  };
  // A press in the very middle changes nothing, and is an answer all the same.
  for (const kind of ["input", "pointerup", "click"]) input.addEventListener(kind, touch);
  // Not every browser submits a form when Enter is pressed on a line.
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    submit.click();
  });
  const element = h(
    "form",
    { class: "estimate slider", novalidate: true },
    value,
    h("span", { text: String(least), class: "estimate-end" }),
    input,
    h("span", { text: String(most), class: "estimate-end" }),
    submit,
  );
  const read = (): number | null =>
    input.classList.contains("untouched") ? null : Number(input.value);
  const show = (estimate: number): void => {
    input.value = String(estimate);
    touch();
  };
  return { element, input, submit, read, show };
}

/** Takes a number that the study accepts; anything else stays as it is, with one message. */
async function answer(
  screen: JudgementScreen,
  field: Field,
  trial: Filled<Info>,
  image: HTMLImageElement,
  onset: Onset,
  signal: AbortSignal,
): Promise<Restored> {
  await sleep(onset.onset_ms + trial.enable_after_ms - performance.now());
  const listening = listeningUntil(signal);
  let first_choice_ms: number | undefined;
  field.input.disabled = false;
  field.submit.disabled = false;
  // On a phone the keyboard comes when the box is touched: it must not cover the picture.
  if (!matchMedia?.("(pointer: coarse)").matches) field.input.focus({ preventScroll: true });
  return new Promise((resolve) => {
    const began = (event: Event): void => {
      first_choice_ms ??= sinceOnset(onset, actedAt(event, onset.onset_ms));
      field.input.removeAttribute("aria-invalid");
      screen.hint.textContent = "\u00a0";
    };
    const submit = (event: Event): void => {
      event.preventDefault();
      if (covered(screen.root)) return;
      const estimate = field.read();
      if (estimate === null) {
        field.input.setAttribute("aria-invalid", "true");
        const text = trial.input === "slider" ? say("choose-on-line") : askedFor(trial);
        screen.hint.replaceChildren(
          h("span", { class: "estimate-fault", testid: "estimate-fault", text }),
        );
        field.input.focus({ preventScroll: true });
        return;
      }
      listening.abort();
      close(field);
      const acted = timingOf(onset, actedAt(event, onset.onset_ms));
      const first = Math.min(first_choice_ms ?? acted.rt_ms, acted.rt_ms);
      const timing = { ...acted, first_choice_ms: first, ...shownSize(image) };
      resolve({ response: { estimate }, timing });
    };
    const options = { signal: listening.signal };
    field.input.addEventListener("input", began, options);
    field.element.addEventListener("submit", submit, options);
  });
}
