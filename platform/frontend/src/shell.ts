import { h, icon } from "./dom";
import type { Progress } from "./types";
import { say } from "./words";

interface ShowOptions {
  /** Fills the window without a card, as the trials do. */
  bare?: boolean;
  focus?: HTMLElement | undefined;
}

/**
 * The frame around every screen: title and progress above, the screen itself, a banner for trouble
 * with the network, a cover for a window that is too small, and a voice for screen readers.
 */
export class Shell {
  readonly stage = h("main", { class: "stage", id: "stage" });
  private readonly bar = h("progress", { class: "progress-bar", "aria-label": say("progress") });
  private readonly count = h("span", { class: "progress-count", dir: "ltr", testid: "progress" });
  private readonly progress = h("div", { class: "progress", hidden: true }, this.bar, this.count);
  private readonly banners = h("div", { class: "banners", role: "status" });
  private readonly cover = h("div", { class: "cover", hidden: true });
  private readonly voice = h("div", { class: "unseen", "aria-live": "polite" });
  private readonly header: HTMLElement;
  private focusBefore: Element | null = null;
  private speaking: ReturnType<typeof setTimeout> | undefined;

  constructor(
    root: HTMLElement,
    private readonly title: string,
  ) {
    const brand = h("span", { class: "brand", "aria-hidden": "true" }, h("i"), h("i"));
    this.header = h(
      "header",
      { class: "top" },
      h("div", { class: "top-title" }, brand, h("span", { text: title, dir: "auto" })),
      this.progress,
    );
    // Until the host has said what comes first: a page that has nothing on it looks broken.
    this.stage.append(h("p", { class: "boot", text: say("loading") }));
    root.replaceChildren(this.header, this.stage, this.cover, this.banners, this.voice);
    root.classList.add("page");
    root.addEventListener("keydown", ignoreHeldKeys, true);
  }

  /** Replaces the screen, moves the focus to its heading, and scrolls to its beginning. */
  show(name: string, screen: HTMLElement, options: ShowOptions = {}): void {
    document.title = `${name} · ${this.title}`;
    this.stage.classList.toggle("bare", options.bare ?? false);
    this.stage.replaceChildren(screen);
    // What was said of the screen before would still be found by a screen reader.
    clearTimeout(this.speaking);
    this.voice.textContent = "";
    settle(screen);
    window.scrollTo(0, 0);
    const target = options.focus ?? screen.querySelector<HTMLElement>("h1") ?? screen;
    if (!target.matches("button, a, input, textarea, [tabindex]")) target.tabIndex = -1;
    target.focus({ preventScroll: true });
  }

  /** Shows how far the participant is; null hides it. */
  setProgress(progress: Progress | null): void {
    this.progress.hidden = progress === null || progress.of === 0;
    if (progress === null) return;
    this.bar.max = Math.max(1, progress.of);
    this.bar.value = progress.done;
    this.count.textContent = `${progress.done} / ${progress.of}`;
  }

  /** Says a text to screen readers, also when it is the same as the last. */
  announce(text: string): void {
    this.voice.textContent = "";
    clearTimeout(this.speaking);
    this.speaking = setTimeout(() => {
      this.voice.textContent = text;
    }, 50);
  }

  /** Shows a banner; one of each kind. */
  banner(kind: string, text: string, action?: { text: string; do: () => void }): void {
    const shown = this.banners.querySelector(`[data-kind="${kind}"] p`)?.textContent;
    // Said once: a voice would read it out again with every new try.
    if (shown === text) return;
    this.clearBanner(kind);
    const button =
      action &&
      h("button", { type: "button", class: "quiet", text: action.text, onclick: action.do });
    const element = h(
      "div",
      { class: "banner", testid: `banner-${kind}` },
      h("p", { text }),
      button,
    );
    element.dataset.kind = kind;
    this.banners.append(element);
  }

  clearBanner(kind: string): void {
    this.banners.querySelector(`[data-kind="${kind}"]`)?.remove();
  }

  /** Whether a banner of a kind is shown. */
  shows(kind: string): boolean {
    return this.banners.querySelector(`[data-kind="${kind}"]`) !== null;
  }

  /** Lays a screen over the stage, which keeps its state but takes no input; null takes it off. */
  setCover(screen: HTMLElement | null): void {
    const covered = screen !== null;
    if (covered && this.cover.hidden) this.focusBefore = document.activeElement;
    this.cover.hidden = !covered;
    this.stage.toggleAttribute("inert", covered);
    this.cover.replaceChildren(...(screen ? [screen] : []));
    if (!covered && this.focusBefore instanceof HTMLElement) {
      this.focusBefore.focus({ preventScroll: true });
      this.focusBefore = null;
    }
  }
}

/**
 * The second half of a double click on the screen before must not press the button that has come
 * under the pointer. Keys are not held up: the focus is on the heading by then.
 */
function settle(screen: HTMLElement): void {
  screen.classList.add("settling");
  setTimeout(() => screen.classList.remove("settling"), SETTLING_MS);
}

export const SETTLING_MS = 300;

/** A key held down must not press one button after the other. */
function ignoreHeldKeys(event: KeyboardEvent): void {
  const pressed = event.key === "Enter" || event.key === " ";
  if (event.repeat && pressed && event.target instanceof HTMLButtonElement) event.preventDefault();
}

/** A card with a heading, the usual form of a screen. */
export function card(name: string, ...children: Array<Node | null>): HTMLElement {
  return h("article", { class: "card", "aria-label": name }, ...children);
}

/** The buttons at the foot of a card. */
export function actions(...buttons: Array<Node | null>): HTMLElement {
  return h("div", { class: "actions" }, ...buttons);
}

interface ButtonOptions {
  testid: string;
  kind?: "primary" | "quiet";
  onclick?: (event: MouseEvent) => void;
  icon?: Parameters<typeof icon>[0];
}

export function button(text: string, options: ButtonOptions): HTMLButtonElement {
  const { testid, kind = "primary", onclick } = options;
  const label = h("span", { text });
  const element = h("button", { type: "button", class: kind, testid, onclick }, label);
  if (options.icon === "left" || options.icon === "undo") element.prepend(icon(options.icon));
  else if (options.icon) element.append(icon(options.icon));
  return element;
}
