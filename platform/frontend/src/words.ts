/** Every word of the page itself; what a study says comes from its own texts. */

import type { Outcome, Step } from "./types";

export const SCREEN_NAMES: Record<Step, string> = {
  preview: "Preview",
  consent: "Before you begin",
  instructions: "Instructions",
  comprehension: "A quick check",
  trials: "Pictures",
  feedback: "Your thoughts",
  debrief: "About this study",
  end: "The end",
};

export const OUTCOMES: Record<Outcome, string> = {
  completed: "Thank you, you are done",
  declined: "You chose not to take part",
  screened_out: "This is where it ends",
  timed_out: "The time for this session is over",
  returned: "This session was returned",
  withdrawn: "You have withdrawn from this study",
  expired: "This session has ended",
};

export const CODES: Record<string, string> = {
  unknown_study: "There is no such study",
  study_paused: "The study is paused",
  study_closed: "The study has ended",
  study_full: "The study is full",
  not_eligible: "This study is not open to you",
  already_took: "You have taken part already",
  in_use: "This study is open elsewhere",
  ended: "This session has ended",
};

/** What to do about it, where the host's own message leaves that open. */
export const ADVICE: Record<string, string> = {
  unknown_study: "Please check that the link is whole, as it was given to you.",
};

const ORDINALS = ["First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth"];

/** 1 -> "1st". */
export function ordinal(rank: number): string {
  const teen = rank % 100 >= 11 && rank % 100 <= 13;
  const ending = teen ? "th" : (["th", "st", "nd", "rd"][rank % 10] ?? "th");
  return `${rank}${ending}`;
}

/** 2 -> "Second". */
export const ordinalWord = (rank: number): string => ORDINALS[rank - 1] ?? ordinal(rank);

/** "an Agara", "a Bari": by the first letter, which is right for nearly every class name. */
export const withArticle = (name: string): string =>
  `${/^[aeiou]/i.test(name) ? "an" : "a"} ${name}`;

/** Minutes in words: "90 seconds", "45 minutes", "2 hours", "1.5 hours". */
export function duration(minutes: number): string {
  const [value, unit] =
    minutes < 2
      ? [Math.round(minutes * 60), "second"]
      : minutes < 90
        ? [Math.round(minutes), "minute"]
        : [Math.round(minutes / 6) / 10, "hour"];
  return `${value} ${unit}${value === 1 ? "" : "s"}`;
}
