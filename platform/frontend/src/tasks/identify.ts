import { type JsPsych, type JsPsychPlugin, ParameterType } from "jspsych";
import { h } from "../dom";
import {
  buildJudgement,
  type Choice,
  choiceButtons,
  choose,
  mark,
  settle,
  showVerdict,
} from "../judgement";
import { presentTrial } from "../presentation";
import { type SimulationMode, simulateTrial } from "../simulation";
import { veiledImage } from "../stimulus";
import {
  commonData,
  commonParameters,
  type Filled,
  pressInTurn,
  type Submit,
  version,
} from "../task";
import type { IdentifyFeedback as Feedback } from "../types";
import { say } from "../words";

const info = {
  name: "identify",
  version,
  parameters: {
    ...commonParameters,
    question: { type: ParameterType.STRING, default: undefined },
    /** The displays in the order in which they are shown. */
    images: { type: ParameterType.IMAGE, array: true, default: undefined },
    /** Blank time between displays, ms. */
    gap_ms: { type: ParameterType.INT, default: 500 },
    /** The answers. */
    labels: { type: ParameterType.STRING, array: true, default: undefined },
    /** A letter or digit for each answer; empty: digits. */
    keys: { type: ParameterType.STRING, array: true, default: [] },
    enable_after_ms: { type: ParameterType.INT, default: 0 },
  },
  data: {
    ...commonData,
    choice: { type: ParameterType.STRING },
    /** Null where no feedback was given. */
    correct: { type: ParameterType.BOOL },
  },
} as const;

type Info = typeof info;

/** The answers of a trial; without keys of the study the first nine have digits. */
function answersOf(labels: string[], keys: string[]): Choice[] {
  return labels.map((label, at) => {
    const key = keys[at] ?? (keys.length === 0 && at < 9 ? String(at + 1) : undefined);
    return {
      value: label,
      text: label,
      testid: `answer-${at + 1}`,
      keys: key ? [key] : [],
      shown_key: key?.toUpperCase(),
    };
  });
}

/** One display or a sequence: which of several answers fits? */
export default class Identify implements JsPsychPlugin<Info> {
  static readonly info = info;

  constructor(private readonly jsPsych: JsPsych) {}

  async trial(
    display: HTMLElement,
    trial: Filled<Info>,
    onLoad?: () => void,
  ): Promise<Record<string, unknown>> {
    const choices = answersOf(trial.labels, trial.keys);
    const buttons = choiceButtons(choices);
    const images = trial.images.map((url, at) =>
      veiledImage(url, say("picture-number", { number: at + 1 })),
    );
    const last = images.at(-1) as HTMLImageElement;
    const stage = h(
      "div",
      { class: "judgement-stage one" },
      ...images.map((image) => h("div", { class: "judgement-picture" }, image)),
    );
    const screen = buildJudgement(trial.question, stage, ...buttons);
    screen.answers.classList.toggle("many", choices.length > 4);
    display.replaceChildren(screen.root);
    onLoad?.();
    const earlier = images.slice(0, -1).map((image) => [image]);
    const given = await presentTrial(
      trial,
      { root: screen.root, shown: [last], earlier, gap_ms: trial.gap_ms },
      (onset, signal) =>
        choose(screen, choices, buttons, last, onset, trial.enable_after_ms, signal),
    );
    if (!given) return {};
    const { timing } = given;
    const choice = given.response.choice as string;
    settle(choices, buttons, choice);
    const feedback = (await (trial.submit as Submit)({ choice }, timing)) as Feedback | null;
    if (feedback) {
      mark(choices, buttons, feedback.answer, choice);
      const text = feedback.correct
        ? say("correct")
        : say("not-correct-it-was", { answer: feedback.answer });
      await showVerdict(screen, text, feedback.correct, feedback.duration_ms, trial.announce);
    }
    const { rt_ms, onset_ms, onset_uncertainty_ms } = timing;
    const correct = feedback?.correct ?? null;
    return { choice, correct, rt: rt_ms, onset_ms, onset_uncertainty_ms };
  }

  /** As jsPsych's plugins do: "data-only" draws an answer, "visual" presses the buttons too. */
  async simulate(
    trial: Filled<Info>,
    mode: SimulationMode,
    options: { data?: { choice?: string; rt?: number } },
    onLoad: () => void,
  ): Promise<Record<string, unknown>> {
    const { randomization } = this.jsPsych;
    const at = options.data?.choice
      ? trial.labels.indexOf(options.data.choice)
      : randomization.randomInt(0, trial.labels.length - 1);
    const choice = trial.labels[at] as string;
    const thought = options.data?.rt ?? randomization.sampleExGaussian(600, 100, 1 / 300, true);
    const rt = Math.max(trial.enable_after_ms, thought);
    return simulateTrial(this.jsPsych, mode, onLoad, {
      response: { choice },
      rt,
      submit: trial.submit,
      run: (display) => this.trial(display, trial, onLoad),
      act: (display) => pressInTurn(display, [`answer-${at + 1}`, "continue"], rt),
    });
  }
}
