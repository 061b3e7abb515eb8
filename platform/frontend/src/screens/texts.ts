import { h, isPlainKey, prose, targetHandles } from "../dom";
import { actions, button, card, SETTLING_MS } from "../shell";
import { covered } from "../task";
import type { Notice, Score, State, StateAt } from "../types";
import { say, screenName } from "../words";
import { type Context, finishStep, once } from "./context";

/** A page of text with one way on, by its button or Enter. Resolves when it is taken. */
export function page(
  ctx: Context,
  name: string,
  body: HTMLElement,
  label: string,
  testid = "continue",
  short = false,
): Promise<HTMLElement> {
  return new Promise((resolve) => {
    const listening = new AbortController();
    const leave = (): void => {
      listening.abort();
      resolve(screen);
    };
    const go = button(label, { testid, icon: "right", onclick: leave });
    const screen = card(name, headed(name, body), actions(go));
    if (short) screen.classList.add("short");
    ctx.shell.show(name, screen);
    onEnter(screen, leave, listening.signal);
  });
}

/** Enter on a page of text, where the focus is on the heading, does what its button does. */
export function onEnter(screen: HTMLElement, act: () => void, signal: AbortSignal): void {
  const shown = performance.now();
  const onKey = (event: KeyboardEvent): void => {
    // Not the second half of a double press on the screen before.
    if (event.key !== "Enter" || performance.now() - shown < SETTLING_MS) return;
    if (!isPlainKey(event) || targetHandles(event) || covered(screen)) return;
    event.preventDefault();
    act();
  };
  document.addEventListener("keydown", onKey, { signal });
}

/** Gives a text that brings no heading of its own one for screen readers. */
export function headed(name: string, body: HTMLElement): HTMLElement {
  if (!body.querySelector("h1")) body.prepend(h("h1", { class: "unseen", text: name }));
  return body;
}

export async function consent(ctx: Context, state: StateAt<"consent">): Promise<State> {
  const name = screenName("consent");
  const { minutes, contact } = ctx.study;
  const facts = h(
    "p",
    { class: "facts" },
    h("span", { text: say("about-minutes", { minutes }) }),
    contact ? h("span", { text: say("contact", { contact }) }) : null,
  );
  return new Promise((resolve, reject) => {
    const decide = (agreed: boolean) => (): void => {
      once(screen, () => finishStep(ctx, "consent", { agreed })).then(resolve, reject);
    };
    const screen = card(
      name,
      headed(name, prose(state.content.html)),
      facts,
      // What most people came for is the first that Tab leads to.
      actions(
        button(say("agree"), { testid: "consent-agree", onclick: decide(true) }),
        button(say("do-not-agree"), {
          testid: "consent-decline",
          kind: "quiet",
          onclick: decide(false),
        }),
      ),
    );
    screen.classList.add("deciding");
    ctx.shell.show(name, screen);
  });
}

export async function feedback(ctx: Context, state: StateAt<"feedback">): Promise<State> {
  const name = screenName("feedback");
  const area = h("textarea", {
    id: "thoughts",
    rows: 6,
    maxlength: 5000,
    dir: "auto",
    testid: "feedback-text",
  });
  const body = prose(state.content.html);
  const screen = await page(
    ctx,
    name,
    h(
      "div",
      {},
      headed(name, body),
      h("label", {
        for: "thoughts",
        class: "label",
        text: say("thoughts-label"),
      }),
      area,
    ),
    say("continue"),
    "feedback-submit",
  );
  return once(screen, () => finishStep(ctx, "feedback", { text: area.value }));
}

export async function debrief(ctx: Context, state: StateAt<"debrief">): Promise<State> {
  const { html, score } = state.content;
  const name = screenName("debrief");
  const body = headed(name, prose(html));
  if (score) body.append(scorePanel(score));
  const screen = await page(ctx, name, body, say("finish"), "finish");
  return once(screen, () => finishStep(ctx, "debrief", {}));
}

function scorePanel({ correct, of }: Score): HTMLElement {
  return h(
    "figure",
    { class: "score", testid: "score" },
    h("figcaption", { text: say("got-right") }),
    h("p", { text: say("score-of", { correct, of }) }),
    h("progress", { max: Math.max(1, of), value: correct, "aria-hidden": "true" }),
  );
}

/** MTurk's look at a task that is not accepted yet: nothing is stored, and nothing can be done. */
export function preview(ctx: Context, state: StateAt<"preview">): void {
  const name = screenName("preview");
  const note = h("p", { class: "callout", testid: "preview", text: say("preview-note") });
  ctx.shell.show(name, card(name, note, headed(name, prose(state.content.html))));
}

/** What is said before a trial: practice, half-way, another phase. */
export async function notice(ctx: Context, { title, html }: Notice): Promise<void> {
  const body = prose(html);
  if (!body.querySelector("h1")) body.prepend(h("h1", { text: title }));
  await page(ctx, title, body, say("continue"), "notice-continue", true);
}
