import { type JsPsych, type JsPsychPlugin, ParameterType } from "jspsych";
import { actedAt, type Onset, sinceOnset, timingOf } from "../clock";
import { setColumns } from "../columns";
import { h, icon, isPlainKey, targetHandles } from "../dom";
import { explain } from "../explanation";
import { presentTrial } from "../presentation";
import { Ranking } from "../ranking";
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
  untilContinue,
  version,
} from "../task";
import type { CategoryLearningFeedback as Feedback } from "../types";
import { askedAt, labelled, ordinal, say } from "../words";
import "./category_learning.css";

const info = {
  name: "category_learning",
  version,
  parameters: {
    ...commonParameters,
    /** The image to classify. */
    image: { type: ParameterType.IMAGE, default: undefined },
    /** Names of the classes, in the order of their buttons. */
    classes: { type: ParameterType.STRING, array: true, default: undefined },
    /** How many classes are ranked; 1 makes a single choice that needs no submitting. */
    rank: { type: ParameterType.INT, default: 1 },
  },
  data: {
    ...commonData,
    /** Names of the ranked classes, most likely first. */
    ranking: { type: ParameterType.STRING, array: true },
    /** Whether the first was the true class; null where no feedback was given. */
    correct: { type: ParameterType.BOOL },
  },
} as const;

type Info = typeof info;

/** The parts of the screen that change during a trial. */
interface Screen {
  root: HTMLElement;
  image: HTMLImageElement;
  prompt: HTMLElement;
  verdict: HTMLElement;
  choices: Map<string, HTMLButtonElement>;
  undo: HTMLButtonElement;
  submit: HTMLButtonElement;
  next: HTMLButtonElement;
  keys: HTMLElement;
}

/** Shows one image; the participant ranks the classes it may belong to. */
export default class CategoryLearning implements JsPsychPlugin<Info> {
  static readonly info = info;

  constructor(private readonly jsPsych: JsPsych) {}

  async trial(
    display: HTMLElement,
    trial: Filled<Info>,
    onLoad?: () => void,
  ): Promise<Record<string, unknown>> {
    const size = Math.min(trial.rank, trial.classes.length);
    const screen = build(trial.image, trial.classes, size);
    display.replaceChildren(screen.root);
    onLoad?.();
    const given = await presentTrial(
      trial,
      { root: screen.root, shown: [screen.image] },
      (onset, signal) => answer(screen, size, onset, signal),
    );
    if (!given) return {};
    const { timing } = given;
    const ranking = given.response.ranking as string[];
    if (trial.restored) paintAll(screen, ranking);
    settle(screen, ranking);
    const submit = trial.submit as Submit;
    const feedback = (await submit({ ranking }, timing)) as Feedback | null;
    if (feedback) await showFeedback(screen, ranking, feedback, trial);
    const { rt_ms, onset_ms, onset_uncertainty_ms } = timing;
    const correct = feedback?.correct ?? null;
    return { ranking, correct, rt: rt_ms, onset_ms, onset_uncertainty_ms };
  }

  /** As jsPsych's plugins do: "data-only" draws an answer, "visual" presses the buttons too. */
  async simulate(
    trial: Filled<Info>,
    mode: SimulationMode,
    options: { data?: { ranking?: string[]; rt?: number } },
    onLoad: () => void,
  ): Promise<Record<string, unknown>> {
    const { jsPsych } = this;
    const size = Math.min(trial.rank, trial.classes.length);
    const ranking =
      options.data?.ranking ?? jsPsych.randomization.shuffle(trial.classes).slice(0, size);
    const rt = options.data?.rt ?? jsPsych.randomization.sampleExGaussian(900, 150, 1 / 400, true);
    return simulateTrial(jsPsych, mode, onLoad, {
      response: { ranking },
      rt,
      submit: trial.submit,
      run: (display) => this.trial(display, trial, onLoad),
      act: () => pressForThem(jsPsych, ranking, size, rt),
    });
  }
}

function build(url: string, classes: string[], size: number): Screen {
  const choices = new Map(classes.map((name, at) => [name, choice(name, at, size)]));
  const screen = {
    image: veiledImage(url, say("picture-to-classify")),
    prompt: h("p", { class: "cl-prompt" }),
    verdict: h("p", { class: "cl-verdict", testid: "verdict", dir: "auto", hidden: true }),
    choices,
    undo: h(
      "button",
      { type: "button", class: "quiet", testid: "rank-undo" },
      icon("undo"),
      say("undo"),
    ),
    submit: h("button", {
      type: "button",
      class: "primary",
      testid: "rank-submit",
      text: say("submit"),
    }),
    keys: h("p", { class: "keys", text: keysOf(classes.length, size) }),
    next: h("button", {
      type: "button",
      class: "primary",
      testid: "continue",
      text: say("continue"),
      hidden: true,
    }),
  };
  screen.prompt.textContent = promptFor(new Ranking(size));
  screen.undo.disabled = true;
  screen.submit.disabled = true;
  const buttons = size === 1 ? [screen.next] : [screen.undo, screen.submit, screen.next];
  const root = h(
    "section",
    { class: "cl", "aria-label": say("classify") },
    h("h1", { class: "unseen", text: say("classify") }),
    h("div", { class: "cl-picture" }, screen.image),
    h("div", { class: "cl-says" }, screen.prompt, screen.verdict),
    h(
      "div",
      { class: "cl-choices", role: "group", "aria-label": say("classes") },
      ...choices.values(),
    ),
    h("div", { class: "cl-actions" }, ...buttons),
    screen.keys,
  );
  setColumns(root, classes);
  return { ...screen, root };
}

function keysOf(classes: number, size: number): string {
  const keys = classes > 1 ? `1–${Math.min(9, classes)}` : "1";
  return say(size === 1 ? "keys-choose" : "keys-rank", { keys });
}

function choice(name: string, at: number, size: number): HTMLButtonElement {
  return h(
    "button",
    { type: "button", class: "choice", testid: `class-${name}`, disabled: true },
    h("span", { class: "choice-rank", "aria-hidden": "true" }),
    h("span", { class: "choice-name", text: name, dir: "auto" }),
    at < 9 ? h("kbd", { text: at + 1, "aria-hidden": "true" }) : null,
    size > 1 ? h("span", { class: "unseen choice-said" }) : null,
  );
}

function promptFor(ranking: Ranking): string {
  if (ranking.size === 1) return say("what-is-it");
  if (ranking.complete) return say("submit-or-change");
  return askedAt(ranking.order.length + 1);
}

/** Takes the answer by mouse, touch or keys. */
function answer(
  screen: Screen,
  size: number,
  onset: Onset,
  signal: AbortSignal,
): Promise<Restored> {
  const names = [...screen.choices.keys()];
  const ranking = new Ranking(size, names);
  let first_choice_ms: number | undefined;
  const listening = listeningUntil(signal);
  return new Promise((resolve) => {
    const submit = (event: Event): void => {
      if (!ranking.complete) return;
      listening.abort();
      const acted = timingOf(onset, actedAt(event, onset.onset_ms));
      const timing = {
        ...acted,
        // Stamps of two events may come from two clocks: never later than the answer itself.
        ...(size > 1 ? { first_choice_ms: Math.min(first_choice_ms ?? 0, acted.rt_ms) } : {}),
        ...shownSize(screen.image),
      };
      resolve({ response: { ranking: [...ranking.order] }, timing });
    };
    const press = (name: string, event: Event): void => {
      first_choice_ms ??= sinceOnset(onset, actedAt(event, onset.onset_ms));
      ranking.press(name);
      if (size === 1) {
        submit(event);
        return;
      }
      paint(screen, ranking);
      // So that Enter submits, whatever was clicked last.
      if (ranking.complete) screen.submit.focus({ preventScroll: true });
    };
    const undo = (): void => {
      ranking.undo();
      paint(screen, ranking);
    };
    for (const [name, button] of screen.choices) {
      button.disabled = false;
      const click = (event: MouseEvent): void => {
        // The second half of a double click would take back what the first has chosen.
        if (event.detail < 2) press(name, event);
      };
      button.addEventListener("click", click, { signal: listening.signal });
    }
    screen.undo.addEventListener("click", undo, { signal: listening.signal });
    screen.submit.addEventListener("click", submit, { signal: listening.signal });
    const onKey = (event: KeyboardEvent): void => {
      if (!isPlainKey(event) || targetHandles(event) || covered(screen.root)) return;
      const name = /^[1-9]$/.test(event.key) ? names[Number(event.key) - 1] : undefined;
      if (name !== undefined) press(name, event);
      else if (event.key === "Backspace") undo();
      else if (event.key === "Enter") submit(event);
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", onKey, { signal: listening.signal });
  });
}

function paint(screen: Screen, ranking: Ranking): void {
  for (const [name, button] of screen.choices) {
    const rank = ranking.rankOf(name);
    button.classList.toggle("chosen", rank !== null);
    if (ranking.size === 1) continue;
    const shown = rank === null ? "" : ordinal(rank);
    (button.querySelector(".choice-rank") as HTMLElement).textContent = shown;
    (button.querySelector(".choice-said") as HTMLElement).textContent =
      rank === null ? "" : say("ranked", { rank: shown });
  }
  screen.prompt.textContent = promptFor(ranking);
  screen.undo.disabled = ranking.order.length === 0;
  screen.submit.disabled = !ranking.complete;
}

/** Shows a whole ranking, as it was before a reload. */
function paintAll(screen: Screen, ranking: string[]): void {
  const shown = new Ranking(ranking.length);
  for (const name of ranking) shown.press(name);
  paint(screen, shown);
}

/** The answer stands: shows it, and takes no other. */
function settle(screen: Screen, ranking: string[]): void {
  for (const button of screen.choices.values()) button.disabled = true;
  screen.choices.get(ranking[0] ?? "")?.classList.add("chosen");
  // Nothing can be submitted or changed any more; the line keeps its place.
  screen.prompt.textContent = "\u00a0";
  screen.undo.disabled = true;
  screen.submit.disabled = true;
  screen.keys.classList.add("spent");
}

async function showFeedback(
  screen: Screen,
  ranking: string[],
  feedback: Feedback,
  trial: Filled<Info>,
): Promise<void> {
  const { correct, label, explanation } = feedback;
  const first = ranking[0] ?? "";
  const text = say(correct ? "correct-it-is" : "it-is", labelled(label));
  screen.verdict.replaceChildren(icon(correct ? "check" : "cross"), text);
  screen.verdict.classList.add(correct ? "right" : "wrong");
  screen.verdict.hidden = false;
  screen.prompt.hidden = true;
  mark(screen.choices.get(label), "right");
  if (!correct) mark(screen.choices.get(first), "wrong");
  trial.announce(correct ? text : say("not-correct-it-is", labelled(label)));
  screen.submit.hidden = true;
  screen.undo.hidden = true;
  if (explanation) {
    const { root, image } = screen;
    await explain(explanation, { root, image, label, chosen: first }, trial.image_error);
  }
  if (feedback.duration_ms > 0) await sleep(feedback.duration_ms);
  else await untilContinue(screen.next);
}

function mark(button: HTMLButtonElement | undefined, how: "right" | "wrong"): void {
  button?.classList.add(how);
  button?.querySelector("kbd")?.replaceWith(icon(how === "right" ? "check" : "cross"));
}

/** Presses the buttons of a simulated participant, after the response time from now. */
function pressForThem(jsPsych: JsPsych, ranking: string[], size: number, rt: number): void {
  const find = (testid: string) =>
    jsPsych.getDisplayElement().querySelector<HTMLButtonElement>(`[data-testid="${testid}"]`);
  const press = (): void => {
    if (find(`class-${ranking[0]}`)?.disabled) {
      setTimeout(press, 50);
      return;
    }
    for (const name of ranking) find(`class-${name}`)?.click();
    if (size > 1) find("rank-submit")?.click();
    const goOn = (): void => {
      const button = find("continue");
      if (button && !button.hidden && !button.disabled) button.click();
      else if (button?.isConnected) setTimeout(goOn, 50);
    };
    goOn();
  };
  setTimeout(press, rt);
}
