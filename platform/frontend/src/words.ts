/**
 * The words of the page itself, in the language of the study; what a study says comes from its own
 * texts. The host writes them into the page: `platform/diptych/words/*.ftl`.
 */

import { FluentBundle, FluentNumber, FluentResource, type FluentVariable } from "@fluent/bundle";
import type { Outcome, Step } from "./types";

let bundle = new FluentBundle("en");
let rightToLeft = false;

/**
 * Takes the words to speak with from now on.
 * @param language of the words (BCP 47): its rules of plurals and numbers are used.
 * @param source the messages, in Fluent.
 */
export function learnWords(language: string, source: string, direction = "ltr"): void {
  rightToLeft = direction === "rtl";
  // Marks around each name keep a Latin name from turning a line of Hebrew about.
  bundle = new FluentBundle(language, { useIsolating: rightToLeft });
  bundle.addResource(new FluentResource(source));
}

/** Whether the page is read from right to left. */
export const readsLeftwards = (): boolean => rightToLeft;

/** Whether there is a message of this name. */
export const knows = (name: string): boolean => bundle.getMessage(name)?.value != null;

/** A message of `en.ftl`, with its values. */
export function say(name: string, values: Record<string, FluentVariable> = {}): string {
  const pattern = bundle.getMessage(name)?.value;
  if (pattern == null) throw new Error(`there are no words for ${name}`);
  return bundle.formatPattern(pattern, values, []);
}

/** What a screen is called. */
export const screenName = (step: Step): string => say(`screen-${step}`);

/** Heading of the last page where the study's own text has none. */
export const outcomeName = (outcome: Outcome): string =>
  say(knows(`outcome-${outcome}`) ? `outcome-${outcome}` : "outcome-completed");

/** A number whose plural rules are those of 1st, 2nd, 3rd. */
const inOrder = (rank: number): FluentNumber =>
  new FluentNumber(rank, { type: "ordinal" } as Intl.NumberFormatOptions);

/** 1 -> "1st". */
export const ordinal = (rank: number): string => say("rank", { rank: inOrder(rank) });

/** What is asked when a rank is to be given: "Second most likely?". */
export const askedAt = (rank: number): string => say("most-likely", { rank: inOrder(rank) });

/**
 * Values of a message that names a class. English alone uses the article, which goes by the first
 * letter: right for nearly every class name.
 */
export const labelled = (label: string): { label: string; article: string } => ({
  label,
  article: /^[aeiou]/i.test(label) ? "an" : "a",
});

/** Minutes in words: "90 seconds", "45 minutes", "2 hours", "1.5 hours". */
export function duration(minutes: number): string {
  if (minutes < 2) return say("duration-seconds", { number: Math.round(minutes * 60) });
  if (minutes < 90) return say("duration-minutes", { number: Math.round(minutes) });
  return say("duration-hours", { number: Math.round(minutes / 6) / 10 });
}
