import { type JsPsych, type JsPsychPlugin, ParameterType } from "jspsych";
import { h } from "../dom";
import {
  buildJudgement,
  type Choice,
  choiceButtons,
  choose,
  chosen,
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
import type { ComparisonFeedback as Feedback } from "../types";
import { say } from "../words";

const info = {
  name: "comparison",
  version,
  parameters: {
    ...commonParameters,
    question: { type: ParameterType.STRING, default: undefined },
    /** `side_by_side`, or `in_turn`. */
    layout: { type: ParameterType.STRING, default: "side_by_side" },
    /** Left and right, or first and second. */
    images: { type: ParameterType.IMAGE, array: true, default: undefined },
    /** Blank time between the displays of `in_turn`, ms. */
    gap_ms: { type: ParameterType.INT, default: 500 },
    /** Whether the page asks how sure the participant is. */
    confidence: { type: ParameterType.BOOL, default: false },
    enable_after_ms: { type: ParameterType.INT, default: 0 },
  },
  data: {
    ...commonData,
    /** Place of the chosen display. */
    choice: { type: ParameterType.STRING },
    confidence: { type: ParameterType.INT },
    /** Null where no feedback was given. */
    correct: { type: ParameterType.BOOL },
  },
} as const;

type Info = typeof info;

/** F and J, or arrows: the left hand means the left or first display. */
const SIDES: readonly [string[], string[]] = [
  ["f", "ArrowLeft"],
  ["j", "ArrowRight"],
];

function placesOf(layout: string): Choice[] {
  const names = layout === "in_turn" ? ["first", "second"] : ["left", "right"];
  return names.map((value, place) => ({
    value,
    text: say(`choice-${value}`),
    testid: `choice-${value}`,
    keys: SIDES[place as 0 | 1],
    shown_key: (SIDES[place as 0 | 1][0] as string).toUpperCase(),
  }));
}

function levels(): Choice[] {
  return ["not-sure", "fairly-sure", "very-sure"].map((word, at) => ({
    value: at + 1,
    text: say(word),
    testid: `sure-${at + 1}`,
    keys: [String(at + 1)],
    shown_key: String(at + 1),
  }));
}

/** Two displays, beside each other or in turn: which has more of what the study asks for? */
export default class Comparison implements JsPsychPlugin<Info> {
  static readonly info = info;

  constructor(private readonly jsPsych: JsPsych) {}

  async trial(
    display: HTMLElement,
    trial: Filled<Info>,
    onLoad?: () => void,
  ): Promise<Record<string, unknown>> {
    const choices = placesOf(trial.layout);
    const buttons = choiceButtons(choices);
    const images = trial.images.map((url, at) =>
      veiledImage(url, say("picture-number", { number: at + 1 })),
    );
    const [first, second] = images as [HTMLImageElement, HTMLImageElement];
    const turns = trial.layout === "in_turn";
    const stage = h(
      "div",
      { class: `judgement-stage${turns ? " one" : " two"}` },
      ...images.map((image) => h("div", { class: "judgement-picture" }, image)),
    );
    const screen = buildJudgement(trial.question, stage, ...buttons);
    display.replaceChildren(screen.root);
    onLoad?.();
    const shown = turns
      ? { shown: [second], earlier: [[first]], gap_ms: trial.gap_ms }
      : { shown: images };
    const given = await presentTrial(trial, { root: screen.root, ...shown }, (onset, signal) =>
      choose(screen, choices, buttons, second, onset, trial.enable_after_ms, signal),
    );
    if (!given) return {};
    const { timing } = given;
    const choice = given.response.choice as string;
    settle(choices, buttons, choice);
    const response: Record<string, unknown> = { choice };
    if (trial.confidence)
      response.confidence = given.response.confidence ?? (await this.askSureness(screen));
    const feedback = (await (trial.submit as Submit)(response, timing)) as Feedback | null;
    if (feedback) {
      screen.answers.replaceChildren(...buttons);
      mark(choices, buttons, feedback.answer, choice);
      const right = choices.find(({ value }) => value === feedback.answer) as Choice;
      const text = feedback.correct
        ? say("correct")
        : say("not-correct-it-was", { answer: right.text });
      await showVerdict(screen, text, feedback.correct, feedback.duration_ms, trial.announce);
    }
    const { rt_ms, onset_ms, onset_uncertainty_ms } = timing;
    const correct = feedback?.correct ?? null;
    return { ...response, correct, rt: rt_ms, onset_ms, onset_uncertainty_ms };
  }

  /** Asks how sure the participant is; the response time ended with the choice. */
  private async askSureness(screen: ReturnType<typeof buildJudgement>): Promise<unknown> {
    const sure = levels();
    const buttons = choiceButtons(sure);
    screen.answers.replaceChildren(...buttons);
    screen.hint.textContent = say("how-sure");
    const [place] = await chosen(screen.root, sure, buttons, new AbortController().signal);
    screen.hint.textContent = "\u00a0";
    return sure[place]?.value;
  }

  /** As jsPsych's plugins do: "data-only" draws an answer, "visual" presses the buttons too. */
  async simulate(
    trial: Filled<Info>,
    mode: SimulationMode,
    options: { data?: { choice?: string; rt?: number } },
    onLoad: () => void,
  ): Promise<Record<string, unknown>> {
    const { randomization } = this.jsPsych;
    const names = placesOf(trial.layout).map(({ value }) => value as string);
    const choice = options.data?.choice ?? (names[randomization.randomInt(0, 1)] as string);
    const thought = options.data?.rt ?? randomization.sampleExGaussian(450, 100, 1 / 200, true);
    const rt = Math.max(trial.enable_after_ms, thought);
    return simulateTrial(this.jsPsych, mode, onLoad, {
      response: { choice, ...(trial.confidence ? { confidence: 2 } : {}) },
      rt,
      submit: trial.submit,
      run: (display) => this.trial(display, trial, onLoad),
      act: (display) => {
        pressInTurn(display, [`choice-${choice}`], rt);
        if (trial.confidence) pressInTurn(display, ["sure-2"], rt + 5000);
        pressInTurn(display, ["continue"], rt + 10_000);
      },
    });
  }
}
