/** Numbers that participants type: read in any script, checked against the study's bounds. */
import { say } from "./words";

export interface Bounds {
  least: number;
  most: number;
  step: number;
}

/** Estimates lie within this distance of a step, in steps: 0.1 has no exact binary form. */
const ROUNDING = 1e-6;
/** The digits 0 of scripts whose keyboards type their own: Arabic, Persian, Devanagari. */
const ZEROS = [0x660, 0x6f0, 0x966];

/** Whether the study wants whole numbers. */
export const isWhole = ({ least, step }: Bounds): boolean =>
  Number.isInteger(step) && Number.isInteger(least);

/**
 * The number that a text means, if the study accepts it; otherwise null. Digits of other scripts
 * and full-width digits count. A comma is a decimal comma: never a separator of thousands, so that
 * nothing is guessed.
 */
export function readNumber(text: string, bounds: Bounds): number | null {
  const plain = text
    .normalize("NFKC")
    .replace(/\p{Nd}/gu, (digit) => {
      const code = digit.codePointAt(0) as number;
      const zero = ZEROS.find((each) => code >= each && code < each + 10);
      return zero === undefined ? digit : String(code - zero);
    })
    .replace(/[\u2212\u2013]/g, "-")
    .replace(/\u066b/g, ".")
    .trim();
  const form = isWhole(bounds) ? /^[+-]?\d{1,15}$/ : /^[+-]?(\d{1,15}([.,]\d{0,9})?|[.,]\d{1,9})$/;
  if (!form.test(plain)) return null;
  const number = Number(plain.replace(",", "."));
  const { least, most, step } = bounds;
  const steps = (number - least) / step;
  if (!(number >= least && number <= most)) return null;
  return Math.abs(steps - Math.round(steps)) <= ROUNDING ? number : null;
}

/** What the study accepts, in words. */
export function askedFor(bounds: Bounds): string {
  const { least, most, step } = bounds;
  const [from, to] = [least, most].map(String) as [string, string];
  if (isWhole(bounds) && step === 1) return say("enter-whole", { least: from, most: to });
  return say("enter-steps", { least: from, most: to, step: String(step) });
}

/** The keyboard that a phone should show. */
export function keyboardFor(bounds: Bounds): "numeric" | "decimal" | "text" {
  if (bounds.least < 0) return "text"; // the others have no minus on some phones
  return isWhole(bounds) ? "numeric" : "decimal";
}
