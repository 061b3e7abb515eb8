/** What the tasks share that ask one question: screen, choice by button or key, and feedback. */
import { actedAt, type Onset, timingOf } from "./clock";
import { h, isPlainKey, targetHandles } from "./dom";
import { shownSize } from "./stimulus";
import { covered, listeningUntil, type Restored, sleep, untilContinue } from "./task";
import { say } from "./words";
import "./style/judgement.css";

/** An answer with its button and its keys. */
export interface Choice {
  value: string | number;
  text: string;
  testid: string;
  /** Names of keys as `KeyboardEvent.key` or `.code` has them; the first is shown. */
  keys: string[];
  shown_key?: string | undefined;
}

export interface JudgementScreen {
  root: HTMLElement;
  /** The row of the answers. */
  answers: HTMLElement;
  hint: HTMLElement;
  next: HTMLButtonElement;
}

/** The line of hints keeps its place while it is empty. */
const NOTHING = "\u00a0";

/** Question above, displays in the middle, answers below: nothing moves during a trial. */
export function buildJudgement(
  question: string,
  stage: HTMLElement,
  ...answers: HTMLElement[]
): JudgementScreen {
  const hint = h("p", { class: "trial-hint", text: NOTHING, dir: "auto" });
  const next = h("button", {
    type: "button",
    class: "primary",
    testid: "continue",
    text: say("continue"),
    hidden: true,
  });
  const row = h("div", { class: "judgement-answers" }, ...answers);
  const root = h(
    "section",
    { class: "judgement", "aria-label": question },
    h("h1", { class: "judgement-question", text: question, dir: "auto" }),
    stage,
    row,
    h("div", { class: "trial-foot" }, hint, next),
  );
  return { root, answers: row, hint, next };
}

/** Buttons of answers, disabled until they count. */
export function choiceButtons(choices: Choice[]): HTMLButtonElement[] {
  return choices.map(({ text, testid, shown_key }) =>
    h(
      "button",
      { type: "button", class: "judgement-choice", testid, disabled: true },
      h("span", { text, dir: "auto" }),
      shown_key ? h("kbd", { text: shown_key, "aria-hidden": "true" }) : null,
    ),
  );
}

/**
 * Which choice a key means: by what it types, or by its place where another alphabet is active.
 */
export function choiceOf(choices: Choice[], event: KeyboardEvent): number {
  const typed = choices.findIndex(({ keys }) =>
    keys.some((key) => key.toLowerCase() === event.key.toLowerCase()),
  );
  return typed >= 0 ? typed : choices.findIndex(({ keys }) => keys.some((key) => at(key, event)));
}

const at = (key: string, { code }: KeyboardEvent): boolean =>
  code !== "" && [`Key${key.toUpperCase()}`, `Digit${key}`, `Numpad${key}`].includes(code);

/** Resolves with the first choice by mouse, touch or key, and the event that made it. */
export function chosen(
  root: HTMLElement,
  choices: Choice[],
  buttons: HTMLButtonElement[],
  signal: AbortSignal,
): Promise<[number, Event]> {
  const listening = listeningUntil(signal);
  return new Promise((resolve) => {
    const take = (place: number, event: Event): void => {
      listening.abort();
      for (const button of buttons) button.disabled = true;
      buttons[place]?.classList.add("chosen");
      resolve([place, event]);
    };
    buttons.forEach((button, place) => {
      button.disabled = false;
      button.addEventListener("click", (event) => take(place, event), { signal: listening.signal });
    });
    const onKey = (event: KeyboardEvent): void => {
      if (!isPlainKey(event) || targetHandles(event) || covered(root)) return;
      const place = choiceOf(choices, event);
      if (place < 0) return;
      event.preventDefault();
      take(place, event);
    };
    document.addEventListener("keydown", onKey, { signal: listening.signal });
  });
}

/** Takes one choice, from `enable_after_ms` after the onset on. */
export async function choose(
  screen: JudgementScreen,
  choices: Choice[],
  buttons: HTMLButtonElement[],
  image: HTMLImageElement,
  onset: Onset,
  enable_after_ms: number,
  signal: AbortSignal,
): Promise<Restored> {
  await sleep(onset.onset_ms + enable_after_ms - performance.now());
  const [place, event] = await chosen(screen.root, choices, buttons, signal);
  const timing = { ...timingOf(onset, actedAt(event, onset.onset_ms)), ...shownSize(image) };
  return { response: { choice: (choices[place] as Choice).value }, timing };
}

/** Shows an answer from before a reload; no other is taken. */
export function settle(choices: Choice[], buttons: HTMLButtonElement[], value: unknown): void {
  for (const button of buttons) button.disabled = true;
  buttons[choices.findIndex((choice) => choice.value === value)]?.classList.add("chosen");
}

/** Says whether the answer was right, until the time is over or Continue is used. */
export async function showVerdict(
  screen: JudgementScreen,
  text: string,
  correct: boolean | null,
  duration_ms: number,
  announce: (text: string) => void,
): Promise<void> {
  const how = correct === null ? "" : correct ? " right" : " wrong";
  screen.hint.replaceChildren(h("span", { class: `trial-verdict${how}`, testid: "verdict" }, text));
  announce(text);
  if (duration_ms > 0) await sleep(duration_ms);
  else await untilContinue(screen.next);
}

/** Marks the buttons of the right answer, and of a wrong one. */
export function mark(
  choices: Choice[],
  buttons: HTMLButtonElement[],
  right: unknown,
  given: unknown,
): void {
  const button = (value: unknown) => buttons[choices.findIndex((each) => each.value === value)];
  button(right)?.classList.add("right");
  if (given !== right) button(given)?.classList.add("wrong");
}
