/** Degrees of visual angle on this participant's screen. */

/** CSS pixels per degree where nobody has calibrated, as in a preview: 96 px an inch at 57 cm. */
const USUAL = 38;

let perDegree = USUAL;

/** CSS pixels that one degree takes in the middle of the screen. */
export function setPixelsPerDegree(pixels: number): void {
  perDegree = pixels;
}

const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** CSS pixels per degree at a viewing distance. */
export const pixelsPerDegree = (px_per_cm: number, distance_cm: number): number =>
  2 * distance_cm * px_per_cm * Math.tan(radians(0.5));

/** The width in CSS pixels of something centred that is so many degrees wide. */
export function pixelsOf(degrees: number): number {
  const distance = perDegree / (2 * Math.tan(radians(0.5)));
  return Math.round(200 * distance * Math.tan(radians(degrees / 2))) / 100;
}
