import { h, icon } from "../dom";
import { actions, button } from "../shell";
import type { Exit } from "../types";
import { say } from "../words";

/** Where the page sends the browser; an object, so that a test can watch it. */
export const browser = { go: (url: string): void => window.location.assign(url) };

/** The page goes back by itself after so long, and longer where there is more to read. */
const LEAST_S = 10;
const MOST_S = 60;
const WORDS_PER_S = 3;

/**
 * The way back to the platform: a large button, a return by itself that can be stopped, and the
 * code to copy where the address does not open.
 * @param body what stands above it, and wants to be read first.
 */
export function leaving(
  exit: Extract<Exit, { kind: "redirect" }>,
  body: HTMLElement,
): HTMLElement[] {
  const place = exit.place ?? hostName(exit.url);
  const link = h("a", { class: "button primary large", href: exit.url, testid: "exit" });
  link.append(h("span", { text: say("return-to", { place }) }), icon("leave"));
  const told = h("p", { class: "returning", testid: "returning" });
  const stay = button(say("stay"), { testid: "stay", kind: "quiet" });
  let left = secondsFor(body);
  told.textContent = say("returns-in", { place, seconds: left });
  const tick = (): void => {
    left -= 1;
    if (!link.isConnected || left <= 0) clearInterval(timer);
    if (!link.isConnected) return;
    if (left > 0) told.textContent = say("returns-in", { place, seconds: left });
    else browser.go(exit.url);
  };
  const timer = setInterval(tick, 1000);
  stay.addEventListener("click", () => {
    clearInterval(timer);
    told.textContent = say("stayed", { place });
    stay.hidden = true;
  });
  link.addEventListener("click", () => clearInterval(timer));
  return [
    actions(link),
    h("div", { class: "staying" }, told, stay),
    exit.code ? codeBox(exit.code, say("code")) : null,
  ].filter((part) => part !== null);
}

/** The time to read a text in, s. */
const secondsFor = (body: HTMLElement): number => {
  const words = (body.textContent ?? "").split(/\s+/).length;
  return Math.min(MOST_S, Math.max(LEAST_S, Math.round(words / WORDS_PER_S)));
};

/** A completion code to copy, below a sentence that says what it is for. */
export function codeBox(code: string, told: string): HTMLElement {
  const copy = button(say("copy"), { testid: "copy-code", kind: "quiet" });
  const label = copy.querySelector("span");
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code);
      if (label) label.textContent = say("copied");
    } catch {
      // Forbidden here: the code stands there to be marked.
      window.getSelection()?.selectAllChildren(shown);
    }
  });
  const shown = h("code", { text: code, dir: "ltr", testid: "code" });
  return h("div", { class: "completion" }, h("p", { text: told }), shown, copy);
}

function hostName(url: string): string {
  return new URL(url, window.location.href).hostname.replace(/^www\./, "");
}
