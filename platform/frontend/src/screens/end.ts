import { h, icon, prose } from "../dom";
import { leaveFullscreen } from "../fullscreen";
import { actions, button, card } from "../shell";
import type { Exit, NextPart, Progress, StateAt } from "../types";
import { duration, knows, outcomeName, say } from "../words";
import type { Context } from "./context";
import { codeBox, leaving } from "./leaving";

/** So long a form that was submitted is not submitted again. */
const RESEND_AFTER_MS = 3000;

/** The last page: thanks or a polite end, and the way back to where the participant came from. */
export async function end(ctx: Context, state: StateAt<"end">): Promise<void> {
  await leaveFullscreen();
  const { outcome, html, exit, next_part } = state.content;
  const title = outcomeName(outcome);
  const body = prose(html);
  if (!body.querySelector("h1")) body.prepend(h("h1", { text: title }));
  const lost = ctx.outbox.peek(state.session.id);
  ctx.outbox.clear();
  if (outcome === "timed_out") {
    body.append(whatIsLeft(ctx, state.progress, lost !== null && !lost.acknowledged));
  }
  const way = exit ? wayOut(exit, body) : ctx.nextPerson ? [next(ctx.nextPerson)] : closing();
  const kept = outcome === "completed" && exit === null ? reference(ctx, state.session.id) : null;
  const screen = card(
    title,
    outcome === "completed" ? h("div", { class: "notice-icon done" }, icon("check")) : null,
    body,
    next_part ? later(next_part) : null,
    kept,
    ...way,
  );
  screen.classList.add("short");
  screen.dataset.testid = `end-${outcome}`;
  ctx.shell.setProgress(null);
  ctx.shell.show(title, screen);
}

/** When the next part of the study is, and how to come to it. */
function later({ part, opens_at, closes_at, link, calendar }: NextPart): HTMLElement {
  const window = say("next-part-window", { part, opens: opens_at, closes: closes_at });
  const told = h("section", { class: "next-part", testid: "next-part" });
  told.append(h("h2", { text: say("next-part") }), h("p", { text: window }));
  if (link === null) {
    told.append(h("p", { text: say("next-part-invited") }));
    return told;
  }
  const open = h("a", { href: link, testid: "open-part", text: say("open-part", { part }) });
  told.append(h("p", { text: say("next-part-link") }), h("p", {}, open));
  if (calendar !== null) {
    const add = h("a", { href: calendar, testid: "calendar", text: say("add-to-calendar") });
    told.append(h("p", {}, add));
  }
  return told;
}

const closing = (): HTMLElement[] => [h("p", { class: "facts", text: say("close-page") })];

/** Of a session that was left for too long: the limit, what is stored, what is not, whom to ask. */
function whatIsLeft({ study }: Context, { done, of }: Progress, late: boolean): HTMLElement {
  const facts = [
    say("break-limit", { duration: duration(study.resume_within_minutes) }),
    late ? say("answer-too-late") : null,
    of > 0 && done > 0 ? say("answers-stored", { answers: done }) : null,
  ];
  const { contact } = study;
  return h(
    "div",
    {},
    h("p", { text: facts.filter((line) => line !== null).join(" ") }),
    contact ? h("p", { class: "facts", text: say("questions", { contact }) }) : null,
  );
}

/** How somebody whom no platform knows can name their session later. */
function reference({ study }: Context, session: string): HTMLElement {
  const { contact } = study;
  return h(
    "p",
    { class: "facts", testid: "reference" },
    h("span", { text: say("reference", { reference: session }) }),
    h("span", { text: contact ? say("withdraw-by", { contact }) : say("keep-reference") }),
  );
}

/** Whether an address is one that a page may be sent to. */
export function isWebAddress(url: string): boolean {
  try {
    return ["https:", "http:"].includes(new URL(url, window.location.href).protocol);
  } catch {
    return false;
  }
}

const next = (begin: () => void): HTMLElement =>
  actions(button(say("next-person"), { testid: "next-person", onclick: begin }));

function wayOut(exit: Exit, body: HTMLElement): HTMLElement[] {
  if (exit.kind === "code") {
    const { code, place } = exit;
    return [codeBox(code, place ? say("code-at", { place }) : say("code-alone")), ...closing()];
  }
  const address = exit.kind === "redirect" ? exit.url : exit.action;
  if (!isWebAddress(address)) throw new Error(`not a web address: ${address.slice(0, 80)}`);
  if (exit.kind === "redirect") return leaving(exit, body);
  const form = h("form", { method: "post", action: exit.action });
  for (const [name, value] of Object.entries(exit.fields)) {
    form.append(h("input", { type: "hidden", name, value }));
  }
  const submit = button(say("submit-and-finish"), { testid: "exit" });
  submit.type = "submit";
  let sent = Number.NEGATIVE_INFINITY;
  form.addEventListener("submit", (event) => {
    // A double click must not hand the task in twice: the platform would tell of a fault.
    if (performance.now() - sent < RESEND_AFTER_MS) event.preventDefault();
    else sent = performance.now();
  });
  form.append(actions(submit));
  return [form];
}

interface Said {
  code: string;
  message: string;
  contact?: string | undefined;
  reload?: boolean;
}

/** A page without a way on: the host said no, or the page cannot go on. */
export function standstill(ctx: Pick<Context, "shell">, said: Said): void {
  const title = say(knows(`refused-${said.code}`) ? `refused-${said.code}` : "fault");
  const reload = (): void => window.location.reload();
  const screen = card(
    title,
    h("h1", { text: title }),
    h("p", { text: said.message }),
    said.code === "unknown_study" ? h("p", { text: say("check-link") }) : null,
    said.contact
      ? h("p", { class: "facts", text: say("contact", { contact: said.contact }) })
      : null,
    said.reload ? actions(button(say("load-again"), { testid: "reload", onclick: reload })) : null,
  );
  screen.classList.add("short");
  screen.dataset.testid = `error-${said.code}`;
  ctx.shell.setProgress(null);
  ctx.shell.show(title, screen);
}
