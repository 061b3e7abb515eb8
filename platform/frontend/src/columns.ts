/** Names longer than this don't fit beside two others on a phone; twice as long, not beside one. */
const SHORT = 9;
const MOST = 6;
/** So many stand one below the other on a phone, where no other number makes full rows. */
const STACKED = 7;

/**
 * How many columns so many buttons stand in. Every row is as full as the others where that can be:
 * a class that stands alone in a row is pressed more, or less, than the others.
 */
export function columnsFor(buttons: number, most: number): number {
  if (buttons <= most) return buttons;
  const choices = Array.from({ length: most }, (_, at) => most - at).filter((each) => each > 1);
  const full = choices.find((each) => buttons % each === 0);
  if (full !== undefined) return full;
  if (most <= 3 && buttons <= STACKED) return 1;
  const fill = (columns: number): number => (buttons % columns) / columns;
  return choices.reduce((best, each) => (fill(each) > fill(best) ? each : best), choices[0] ?? 1);
}

/**
 * Tells the styles how the buttons of all classes stand, on windows of three widths, and how much
 * room that leaves to the picture.
 */
export function setColumns(screen: HTMLElement, names: readonly string[]): void {
  const longest = Math.max(...names.map((name) => name.length));
  const short = longest <= SHORT;
  screen.classList.toggle("long-names", longest > 2 * SHORT);
  const columns = {
    wide: columnsFor(names.length, MOST),
    middle: columnsFor(names.length, short ? 5 : 3),
    narrow: columnsFor(names.length, short ? 3 : longest <= 2 * SHORT ? 2 : 1),
  };
  for (const [name, count] of Object.entries(columns)) {
    screen.style.setProperty(`--${name}`, String(count));
    screen.style.setProperty(`--${name}-rows`, String(Math.ceil(names.length / count)));
  }
}
