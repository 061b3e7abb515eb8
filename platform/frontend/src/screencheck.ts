import { h, icon } from "./dom";
import type { ScreenNeeds } from "./types";

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

/** What stands in the way; `can_grow`: a larger window would help on this very device. */
export type ScreenFault =
  | { kind: "touch" }
  | { kind: "size"; can_grow: boolean; maybe_zoomed: boolean };

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
  const can_grow = facts.screen_width >= needs.min_width && facts.screen_height >= needs.min_height;
  return { kind: "size", can_grow, maybe_zoomed };
}

/** The polite message over a page that does not fit. `stay` goes on with an enlarged page. */
export function faultScreen(
  fault: ScreenFault,
  needs: ScreenNeeds,
  facts: ScreenFacts,
  stay: () => void,
): HTMLElement {
  const say = (text: string): HTMLElement => h("p", { text });
  const card = h("article", { class: "card notice-card", role: "alert", testid: "screen-fault" });
  card.append(h("div", { class: "notice-icon" }, icon("window")));
  if (fault.kind === "touch") {
    card.append(
      h("h1", { text: "This study needs a mouse or a trackpad" }),
      say("Please open the same link on a computer."),
    );
    return card;
  }
  const least = `${needs.min_width} × ${needs.min_height}`;
  card.append(
    h("h1", { text: "A little more room, please" }),
    say(
      `The pictures need a window of at least ${least} pixels. Yours has ${facts.width} × ${facts.height}.`,
    ),
    say(
      fault.can_grow || fault.maybe_zoomed
        ? "Make the window larger, or zoom out. The page goes on by itself, just where it was."
        : "Please open the same link on a larger screen, such as a computer's.",
    ),
  );
  if (fault.maybe_zoomed) {
    const button = h("button", { type: "button", class: "quiet", testid: "keep-zoom" });
    button.textContent = "I enlarged the page to see well: go on";
    button.addEventListener("click", stay);
    card.append(h("div", { class: "actions" }, button));
  }
  return card;
}

interface Watcher {
  setCover: (screen: HTMLElement | null) => void;
  /** The participant keeps the page enlarged. */
  onStay: (facts: ScreenFacts) => void;
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
    watcher.setCover(due ? faultScreen(due, needs, facts, stay) : null);
  };
  window.addEventListener("resize", check);
  check();
  return { check, stop: () => window.removeEventListener("resize", check) };
}
