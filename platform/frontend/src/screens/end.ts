import { h, icon, prose } from "../dom";
import { leaveFullscreen } from "../fullscreen";
import { actions, button, card } from "../shell";
import type { Exit, StateAt } from "../types";
import { CODES, OUTCOMES } from "../words";
import type { Context } from "./context";

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
  const screen = card(
    title,
    outcome === "completed" ? h("div", { class: "notice-icon done" }, icon("check")) : null,
    body,
    exit ? wayOut(exit) : closing,
  );
  screen.classList.add("short");
  screen.dataset.testid = `end-${outcome}`;
  ctx.shell.setProgress(null);
  ctx.shell.show(title, screen);
}

/** Whether an address is one that a page may be sent to. */
export function isWebAddress(url: string): boolean {
  try {
    return ["https:", "http:"].includes(new URL(url, window.location.href).protocol);
  } catch {
    return false;
  }
}

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
