import { h, icon } from "./dom";
import type { ScreenNeeds, StudyDoc } from "./types";
import { say } from "./words";

/** What is known of the window and the device; sizes in CSS pixels. */
export interface ScreenFacts {
  width: number;
  height: number;
  /** Of the whole screen. */
  screen_width: number;
  screen_height: number;
  pixel_ratio: number;
  /** Whether there is a mouse, a trackpad or a pen. */
  fine_pointer: boolean;
}

/** What would help: turning a device that is held in the hand, more window, or another device. */
export type Remedy = "turn-upright" | "turn-sideways" | "enlarge" | "larger-screen";

/** What stands in the way. */
export type ScreenFault =
  | { kind: "touch" }
  | { kind: "size"; remedy: Remedy; maybe_zoomed: boolean };

export function screenFacts(): ScreenFacts {
  const matches = (query: string): boolean => window.matchMedia?.(query).matches ?? false;
  return {
    width: window.innerWidth,
    height: window.innerHeight,
    screen_width: window.screen.width,
    screen_height: window.screen.height,
    pixel_ratio: window.devicePixelRatio,
    // Some browsers name no pointer at all: only a device that says "touch alone" is taken as such.
    fine_pointer: matches("(any-pointer: fine)") || !matches("(any-pointer: coarse)"),
  };
}

/** Compares device and window with the study's needs; null when all is well. */
export function screenFault(needs: ScreenNeeds, facts: ScreenFacts): ScreenFault | null {
  if (!needs.touch && !facts.fine_pointer) return { kind: "touch" };
  if (facts.width >= needs.min_width && facts.height >= needs.min_height) return null;
  // A page enlarged by zooming has fewer CSS pixels on the same screen.
  const enough = (size: number, least: number): boolean => size * facts.pixel_ratio >= least;
  const maybe_zoomed =
    facts.fine_pointer &&
    facts.pixel_ratio > 1 &&
    enough(facts.width, needs.min_width) &&
    enough(facts.height, needs.min_height);
  return { kind: "size", remedy: remedyFor(needs, facts, maybe_zoomed), maybe_zoomed };
}

/** The browser's own bars take this share of a hand-held screen's height, at most. */
const BARS = 0.25;

function remedyFor(needs: ScreenNeeds, facts: ScreenFacts, maybe_zoomed: boolean): Remedy {
  const { width, height, screen_width, screen_height } = facts;
  if (!facts.fine_pointer) {
    // Some phones tell the sides of their screen as they lie, others as if they stood upright.
    const long = Math.max(screen_width, screen_height);
    const short = Math.min(screen_width, screen_height);
    const fits = (wide: number, high: number): boolean =>
      wide >= needs.min_width && high * (1 - BARS) >= needs.min_height;
    if (width > height && fits(short, long)) return "turn-upright";
    if (width <= height && fits(long, short)) return "turn-sideways";
  }
  const can_grow = screen_width >= needs.min_width && screen_height >= needs.min_height;
  return can_grow || maybe_zoomed ? "enlarge" : "larger-screen";
}

/** The polite message over a page that does not fit. `stay` goes on with an enlarged page. */
export function faultScreen(
  fault: ScreenFault,
  study: StudyDoc,
  facts: ScreenFacts,
  stay: () => void,
): HTMLElement {
  const paragraph = (text: string): HTMLElement => h("p", { text });
  const card = h("article", { class: "card notice-card", role: "alert", testid: "screen-fault" });
  card.append(
    h("p", { class: "of-study", text: study.title, dir: "auto" }),
    h("div", { class: "notice-icon" }, icon("window")),
  );
  if (fault.kind === "touch") {
    card.append(
      h("h1", { text: say("needs-mouse") }),
      paragraph(say("open-on-computer")),
      ...otherwise(study),
    );
    return card;
  }
  const { screen: needs } = study;
  const sizes = {
    least: `${needs.min_width} × ${needs.min_height}`,
    size: `${facts.width} × ${facts.height}`,
  };
  card.append(
    h("h1", { text: say("more-room") }),
    paragraph(say(fault.remedy)),
    h("p", { class: "facts", text: say("window-least", sizes) }),
  );
  if (fault.remedy === "larger-screen") card.append(...otherwise(study));
  if (fault.maybe_zoomed) {
    const button = h("button", { type: "button", class: "quiet", testid: "keep-zoom" });
    button.textContent = say("keep-zoom");
    button.addEventListener("click", stay);
    card.append(h("div", { class: "actions" }, button));
  }
  return card;
}

/** For whom there is no other device: how to hand the place back, and whom to ask. */
function otherwise({ way_back, contact }: StudyDoc): HTMLElement[] {
  const parts: HTMLElement[] = [];
  if (way_back) {
    const { place, url } = way_back;
    parts.push(h("p", { text: say("or-return", { place }) }));
    if (url) {
      const link = h("a", { class: "button quiet", href: url, testid: "way-back" });
      link.append(h("span", { text: say("return-to", { place }) }), icon("leave"));
      parts.push(h("div", { class: "actions" }, link));
    }
  }
  if (contact) parts.push(h("p", { class: "facts", text: say("contact", { contact }) }));
  return parts;
}

interface Watcher {
  setCover: (screen: HTMLElement | null) => void;
  /** The participant keeps the page enlarged. */
  onStay: (facts: ScreenFacts) => void;
  /** What the page is told on: its title, contact and way back. */
  study: StudyDoc;
}

/**
 * Checks now and whenever the window changes, until the returned function is called.
 * @param needed says whether the present screen has needs at all.
 */
export function watchScreen(needs: ScreenNeeds, needed: () => boolean, watcher: Watcher) {
  let stays = false;
  let shown = "";
  const check = (): void => {
    const facts = screenFacts();
    const fault = needed() ? screenFault(needs, facts) : null;
    const accepted = stays && fault?.kind === "size" && fault.maybe_zoomed;
    const due = fault === null || accepted ? null : fault;
    const key = due ? JSON.stringify([due, facts.width, facts.height]) : "";
    if (key === shown) return;
    shown = key;
    const stay = (): void => {
      stays = true;
      watcher.onStay(facts);
      check();
    };
    watcher.setCover(due ? faultScreen(due, watcher.study, facts, stay) : null);
  };
  window.addEventListener("resize", check);
  check();
  return { check, stop: () => window.removeEventListener("resize", check) };
}
