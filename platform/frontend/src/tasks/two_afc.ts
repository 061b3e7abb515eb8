import { type JsPsych, type JsPsychPlugin, ParameterType } from "jspsych";
import { actedAt, type Onset, timingOf } from "../clock";
import { h, icon, isPlainKey } from "../dom";
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
import type { TwoAFCCounter as Counter, TwoAFCFeedback as Feedback } from "../types";
import { say } from "../words";
import "./two_afc.css";

const info = {
  name: "two_afc",
  version,
  parameters: {
    ...commonParameters,
    /** What is asked about the two queries. */
    question: { type: ParameterType.STRING, default: undefined },
    /** Nine negative explanations, row by row. */
    negative: { type: ParameterType.IMAGE, array: true, default: undefined },
    /** Nine positive explanations, row by row. */
    positive: { type: ParameterType.IMAGE, array: true, default: undefined },
    /** The upper query. */
    top: { type: ParameterType.IMAGE, default: undefined },
    /** The lower query. */
    bottom: { type: ParameterType.IMAGE, default: undefined },
    /** Answers are taken so many ms after the onset. */
    enable_after_ms: { type: ParameterType.INT, default: 1500 },
    /** `{correct, of}`: right answers so far; null shows none. */
    counter: { type: ParameterType.OBJECT, default: null },
  },
  data: {
    ...commonData,
    /** "top" or "bottom". */
    choice: { type: ParameterType.STRING },
    /** 1 (not sure) to 3 (very sure). */
    confidence: { type: ParameterType.INT },
    /** Null where no feedback was given. */
    correct: { type: ParameterType.BOOL },
  },
} as const;

type Info = typeof info;
type Place = "top" | "bottom";

interface Answer {
  choice: Place;
  confidence: number;
}

const PLACES: readonly Place[] = ["top", "bottom"];
const nameOf = (place: Place): string => say(place === "top" ? "upper-picture" : "lower-picture");
const CONFIDENCE = ["not-sure", "fairly-sure", "very-sure"];

/** One query: its picture in a frame, and its three buttons. */
interface Query {
  group: HTMLElement;
  frame: HTMLElement;
  badge: HTMLElement;
  image: HTMLImageElement;
  buttons: HTMLButtonElement[];
}

interface Screen {
  root: HTMLElement;
  images: HTMLImageElement[];
  queries: Record<Place, Query>;
  hint: HTMLElement;
  keys: HTMLElement;
  next: HTMLButtonElement;
  /** Counts one more answer in the counter, if there is one. */
  count: (correct: boolean) => void;
}

/** Two queries between negative and positive explanations: which belongs to the positive ones? */
export default class TwoAFC implements JsPsychPlugin<Info> {
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
    const given = await presentTrial(
      trial,
      { root: screen.root, shown: screen.images, centre: screen.queries.top.frame },
      (onset, signal) => answer(screen, onset, trial, signal),
    );
    if (!given) return {};
    const { timing } = given;
    const { choice, confidence } = given.response as unknown as Answer;
    settle(screen, { choice, confidence });
    const answered = performance.now();
    const submit = trial.submit as Submit;
    const feedback = (await submit({ choice, confidence }, timing)) as Feedback | null;
    if (feedback) await showFeedback(screen, choice, feedback, answered, trial.announce);
    const { rt_ms, onset_ms, onset_uncertainty_ms } = timing;
    const correct = feedback?.correct ?? null;
    return { choice, confidence, correct, rt: rt_ms, onset_ms, onset_uncertainty_ms };
  }

  /** As jsPsych's plugins do: "data-only" draws an answer, "visual" presses the buttons too. */
  async simulate(
    trial: Filled<Info>,
    mode: SimulationMode,
    options: { data?: { choice?: Place; confidence?: number; rt?: number } },
    onLoad: () => void,
  ): Promise<Record<string, unknown>> {
    const { randomization } = this.jsPsych;
    const choice = options.data?.choice ?? (randomization.sampleBernoulli(0.5) ? "top" : "bottom");
    const confidence = options.data?.confidence ?? randomization.randomInt(1, 3);
    const thought = options.data?.rt ?? randomization.sampleExGaussian(2500, 400, 1 / 1500, true);
    const rt = Math.max(trial.enable_after_ms, thought);
    return simulateTrial(this.jsPsych, mode, onLoad, {
      response: { choice, confidence },
      rt,
      submit: trial.submit,
      run: (display) => this.trial(display, trial, onLoad),
      act: (display) => pressInTurn(display, [`${choice}-${confidence}`, "continue"], rt),
    });
  }
}

function build(trial: Filled<Info>): Screen {
  const queries = { top: query("top", trial.top), bottom: query("bottom", trial.bottom) };
  const negative = explanations("negative", trial.negative);
  const positive = explanations("positive", trial.positive);
  const hint = h("p", { class: "trial-hint", text: say("look"), dir: "auto" });
  const next = h("button", {
    type: "button",
    class: "primary",
    testid: "continue",
    text: say("continue"),
    hidden: true,
  });
  const tally = trial.counter as Counter | null;
  const counter =
    tally && h("p", { class: "afc-counter", testid: "counter", text: counted(tally) });
  const count = (correct: boolean): void => {
    if (!tally || !counter) return;
    counter.textContent = counted({ correct: tally.correct + Number(correct), of: tally.of + 1 });
  };
  const { question } = trial;
  const keys = h("p", { class: "keys", text: say("keys-pick"), dir: "auto" });
  const root = h(
    "section",
    { class: "afc", "aria-label": question },
    h(
      "div",
      { class: "afc-top" },
      h("h1", { class: "afc-question", text: question, dir: "auto" }),
      counter,
    ),
    negative.element,
    h("div", { class: "afc-middle" }, queries.top.group, queries.bottom.group),
    positive.element,
    h("div", { class: "trial-foot" }, hint, keys, next),
  );
  const images = [...negative.images, queries.top.image, queries.bottom.image, ...positive.images];
  return { root, images, queries, hint, keys, next, count };
}

const counted = ({ correct, of }: Counter): string => say("correct-count", { correct, of });

function explanations(side: "negative" | "positive", urls: string[]) {
  const title = say(`${side}-examples`);
  const images = urls.map((url, at) =>
    veiledImage(url, say("numbered", { name: title, number: at + 1 })),
  );
  const element = h(
    "div",
    { class: `afc-side afc-${side}`, role: "group", "aria-label": title },
    h("p", { class: "afc-title" }, icon(side === "negative" ? "minus" : "plus"), title),
    h("div", { class: "afc-grid" }, ...images),
  );
  return { element, images };
}

function query(place: Place, url: string): Query {
  const image = veiledImage(url, nameOf(place));
  const badge = h("span", { class: "afc-badge", "aria-hidden": "true" });
  const frame = h("div", { class: "afc-frame", testid: `frame-${place}` }, image, badge);
  const buttons = CONFIDENCE.map((word, at) =>
    h(
      "button",
      {
        type: "button",
        class: "afc-confidence",
        testid: `${place}-${at + 1}`,
        "aria-label": say(place === "top" ? "upper-sure" : "lower-sure", {
          level: at + 1,
          word: say(word),
        }),
        title: say(word),
        disabled: true,
      },
      String(at + 1),
    ),
  );
  const group = h(
    "div",
    { class: "afc-query", role: "group", "aria-label": nameOf(place), tabindex: "-1" },
    frame,
    h(
      "div",
      { class: "afc-answer" },
      h("div", { class: "afc-row" }, ...buttons),
      // The ends of the scale, beside the buttons that they are about.
      h(
        "div",
        { class: "afc-scale", "aria-hidden": "true" },
        h("span", { text: say("not-sure") }),
        h("span", { text: say("very-sure") }),
      ),
    ),
  );
  return { group, frame, badge, image, buttons };
}

/** Takes the answer by mouse, touch or keys, from `enable_after_ms` after the onset on. */
async function answer(
  screen: Screen,
  onset: Onset,
  trial: Filled<Info>,
  signal: AbortSignal,
): Promise<Restored> {
  await sleep(onset.onset_ms + trial.enable_after_ms - performance.now());
  screen.hint.textContent = say("how-sure");
  const listening = listeningUntil(signal);
  return new Promise((resolve) => {
    const choose = (choice: Place, confidence: number, event: Event): void => {
      listening.abort();
      const timing = {
        ...timingOf(onset, actedAt(event, onset.onset_ms)),
        ...shownSize(screen.queries[choice].image),
      };
      resolve({ response: { choice, confidence }, timing });
    };
    for (const place of PLACES) {
      screen.queries[place].buttons.forEach((button, at) => {
        button.disabled = false;
        button.addEventListener("click", (event) => choose(place, at + 1, event), {
          signal: listening.signal,
        });
      });
    }
    const onKey = (event: KeyboardEvent): void => {
      if (!isPlainKey(event) || covered(screen.root)) return;
      if (event.key === "ArrowUp") pick(screen, "top", trial.announce);
      else if (event.key === "ArrowDown") pick(screen, "bottom", trial.announce);
      else if (/^[1-3]$/.test(event.key)) {
        const place = picked(screen);
        if (place) choose(place, Number(event.key), event);
        else screen.hint.textContent = say("pick-first");
      } else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", onKey, { signal: listening.signal });
  });
}

/** Puts the focus on a query; the number keys then answer for it. */
function pick(screen: Screen, place: Place, announce: (text: string) => void): void {
  screen.queries[place].group.focus({ preventScroll: true });
  screen.hint.textContent = say("press-number");
  announce(say("picked", { name: nameOf(place) }));
}

/** The query that has the focus, itself or by one of its buttons. */
const picked = (screen: Screen): Place | undefined =>
  PLACES.find((place) => screen.queries[place].group.contains(document.activeElement));

/** The answer stands: black frame, and no other is taken. */
function settle(screen: Screen, { choice, confidence }: Answer): void {
  for (const place of PLACES) for (const b of screen.queries[place].buttons) b.disabled = true;
  const chosen = screen.queries[choice];
  chosen.frame.classList.add("chosen");
  chosen.buttons[confidence - 1]?.classList.add("chosen");
  screen.hint.textContent = "";
  screen.keys.classList.add("spent");
  // The ring of the focus must not be taken for the frame that tells right from wrong.
  const focused = document.activeElement;
  if (picked(screen) && focused instanceof HTMLElement) focused.blur();
}

async function showFeedback(
  screen: Screen,
  choice: Place,
  feedback: Feedback,
  answered: number,
  announce: (text: string) => void,
): Promise<void> {
  await sleep(answered + feedback.delay_ms - performance.now());
  const { frame, badge } = screen.queries[choice];
  const how = feedback.correct ? "right" : "wrong";
  screen.count(feedback.correct);
  const text = say(feedback.correct ? "correct" : "other-fits");
  frame.classList.add(how);
  badge.replaceChildren(icon(feedback.correct ? "check" : "cross"));
  screen.hint.replaceChildren(
    h("span", { class: `trial-verdict ${how}`, testid: "verdict" }, text),
  );
  announce(text);
  // What is told stays until it is left: only the way on comes later.
  await sleep(feedback.duration_ms);
  await untilContinue(screen.next);
}
