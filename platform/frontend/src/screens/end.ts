import { h, icon, prose } from "../dom";
import { leaveFullscreen } from "../fullscreen";
import { actions, button, card } from "../shell";
import type { Exit, Progress, StateAt } from "../types";
import { ADVICE, CODES, duration, OUTCOMES } from "../words";
import type { Context } from "./context";

/** So long a form that was submitted is not submitted again. */
const RESEND_AFTER_MS = 3000;

/** The last page: thanks or a polite end, and the way back to where the participant came from. */
export async function end(ctx: Context, state: StateAt<"end">): Promise<void> {
  await leaveFullscreen();
  const { outcome, html, exit } = state.content;
  const title = OUTCOMES[outcome] ?? OUTCOMES.completed;
  const body = prose(html);
  // Where the study's own text says what to do now, it is not said twice.
  const silent = body.textContent?.trim() === "";
  const closing = silent ? h("p", { class: "facts", text: "You can close this page now." }) : null;
  if (!body.querySelector("h1")) body.prepend(h("h1", { text: title }));
  const lost = ctx.outbox.peek(state.session.id);
  ctx.outbox.clear();
  if (outcome === "timed_out") {
    body.append(whatIsLeft(ctx, state.progress, lost !== null && !lost.acknowledged));
  }
  const screen = card(
    title,
    outcome === "completed" ? h("div", { class: "notice-icon done" }, icon("check")) : null,
    body,
    exit ? wayOut(exit) : ctx.nextPerson === null ? closing : next(ctx.nextPerson),
  );
  screen.classList.add("short");
  screen.dataset.testid = `end-${outcome}`;
  ctx.shell.setProgress(null);
  ctx.shell.show(title, screen);
}

/** Of a session that was left for too long: the limit, what is stored, what is not, whom to ask. */
function whatIsLeft({ study }: Context, { done, of }: Progress, late: boolean): HTMLElement {
  const limit = `A break in this study may last up to ${duration(study.resume_within_minutes)}.`;
  const lost = "Your last answer came too late and could not be saved.";
  const answers = done === 1 ? "1 earlier answer is" : `${done} earlier answers are`;
  const stored = of > 0 && done > 0 ? `${answers} stored.` : null;
  const facts = [limit, late ? lost : null, stored].filter((line) => line !== null).join(" ");
  const ask = study.contact ? `Questions? Please write to ${study.contact}.` : null;
  return h("div", {}, h("p", { text: facts }), ask && h("p", { class: "facts", text: ask }));
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
  actions(button("Ready for the next person", { testid: "next-person", onclick: begin }));

function wayOut(exit: Exit): HTMLElement {
  const address = exit.kind === "redirect" ? exit.url : exit.action;
  if (!isWebAddress(address)) throw new Error(`not a web address: ${address.slice(0, 80)}`);
  if (exit.kind === "redirect") {
    const link = h("a", { class: "button primary", href: exit.url, testid: "exit" });
    link.append(h("span", { text: `Return to ${hostName(address)}` }), icon("leave"));
    return actions(link);
  }
  const form = h("form", { method: "post", action: exit.action });
  for (const [name, value] of Object.entries(exit.fields)) {
    form.append(h("input", { type: "hidden", name, value }));
  }
  const submit = button("Submit and finish", { testid: "exit" });
  submit.type = "submit";
  let sent = Number.NEGATIVE_INFINITY;
  form.addEventListener("submit", (event) => {
    // A double click must not hand the task in twice: the platform would tell of a fault.
    if (performance.now() - sent < RESEND_AFTER_MS) event.preventDefault();
    else sent = performance.now();
  });
  form.append(actions(submit));
  return form;
}

function hostName(url: string): string {
  const host = new URL(url, window.location.href).hostname;
  if (/(^|\.)prolific\.com$/.test(host)) return "Prolific";
  return host.replace(/^www\./, "");
}

/** A page without a way on: the host said no, or the page cannot go on. */
export function standstill(
  ctx: Pick<Context, "shell">,
  said: { code: string; message: string; contact?: string | undefined; reload?: boolean },
): void {
  const title = CODES[said.code] ?? "Something went wrong";
  const reload = (): void => window.location.reload();
  const screen = card(
    title,
    h("h1", { text: title }),
    h("p", { text: said.message }),
    ADVICE[said.code] ? h("p", { text: ADVICE[said.code] }) : null,
    said.contact ? h("p", { class: "facts", text: `Contact: ${said.contact}` }) : null,
    said.reload
      ? actions(button("Load the page again", { testid: "reload", onclick: reload }))
      : null,
  );
  screen.classList.add("short");
  screen.dataset.testid = `error-${said.code}`;
  ctx.shell.setProgress(null);
  ctx.shell.show(title, screen);
}
