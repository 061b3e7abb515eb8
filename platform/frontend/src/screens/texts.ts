import { h, prose } from "../dom";
import { actions, button, card } from "../shell";
import type { Notice, Score, State, StateAt } from "../types";
import { SCREEN_NAMES } from "../words";
import { type Context, finishStep, once } from "./context";

/** A page of text with one way on. Resolves when it is taken. */
export function page(
  ctx: Context,
  name: string,
  body: HTMLElement,
  label: string,
  testid = "continue",
  short = false,
): Promise<HTMLElement> {
  return new Promise((resolve) => {
    const go = button(label, { testid, icon: "right", onclick: () => resolve(screen) });
    const screen = card(name, headed(name, body), actions(go));
    if (short) screen.classList.add("short");
    ctx.shell.show(name, screen);
  });
}

/** Gives a text that brings no heading of its own one for screen readers. */
export function headed(name: string, body: HTMLElement): HTMLElement {
  if (!body.querySelector("h1")) body.prepend(h("h1", { class: "unseen", text: name }));
  return body;
}

export async function consent(ctx: Context, state: StateAt<"consent">): Promise<State> {
  const name = SCREEN_NAMES.consent;
  const { minutes, contact } = ctx.study;
  const facts = h(
    "p",
    { class: "facts" },
    h("span", { text: `About ${minutes} ${minutes === 1 ? "minute" : "minutes"}` }),
    contact ? h("span", { text: `Contact: ${contact}` }) : null,
  );
  return new Promise((resolve, reject) => {
    const decide = (agreed: boolean) => (): void => {
      once(screen, () => finishStep(ctx, "consent", { agreed })).then(resolve, reject);
    };
    const screen = card(
      name,
      headed(name, prose(state.content.html)),
      facts,
      actions(
        button("I do not agree", {
          testid: "consent-decline",
          kind: "quiet",
          onclick: decide(false),
        }),
        button("I agree, begin", { testid: "consent-agree", onclick: decide(true) }),
      ),
    );
    ctx.shell.show(name, screen);
  });
}

export async function feedback(ctx: Context, state: StateAt<"feedback">): Promise<State> {
  const name = SCREEN_NAMES.feedback;
  const area = h("textarea", { id: "thoughts", rows: 6, maxlength: 5000, testid: "feedback-text" });
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
        text: "Your thoughts (optional)",
      }),
      area,
    ),
    "Continue",
    "feedback-submit",
  );
  return once(screen, () => finishStep(ctx, "feedback", { text: area.value }));
}

export async function debrief(ctx: Context, state: StateAt<"debrief">): Promise<State> {
  const { html, score } = state.content;
  const body = headed(SCREEN_NAMES.debrief, prose(html));
  if (score) body.append(scorePanel(score));
  const screen = await page(ctx, SCREEN_NAMES.debrief, body, "Finish", "finish");
  return once(screen, () => finishStep(ctx, "debrief", {}));
}

function scorePanel({ correct, of }: Score): HTMLElement {
  return h(
    "figure",
    { class: "score", testid: "score" },
    h("figcaption", { text: "You got right" }),
    h("p", {}, h("strong", { text: correct }), ` of ${of}`),
    h("progress", { max: Math.max(1, of), value: correct, "aria-hidden": "true" }),
  );
}

/** MTurk's look at a task that is not accepted yet: nothing is stored, and nothing can be done. */
export function preview(ctx: Context, state: StateAt<"preview">): void {
  const name = SCREEN_NAMES.preview;
  const note = h("p", { class: "callout", testid: "preview" });
  note.textContent = "This is a preview. Accept the task to take part.";
  ctx.shell.show(name, card(name, note, headed(name, prose(state.content.html))));
}

/** What is said before a trial: practice, half-way, another phase. */
export async function notice(ctx: Context, { title, html }: Notice): Promise<void> {
  const body = prose(html);
  if (!body.querySelector("h1")) body.prepend(h("h1", { text: title }));
  await page(ctx, title, body, "Continue", "notice-continue", true);
}
