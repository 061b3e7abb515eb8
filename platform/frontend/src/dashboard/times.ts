/** `<time datetime="…Z" data-local>`: shown in the viewer's own zone and manner. */
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
const today = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const thisYear = new Intl.DateTimeFormat(undefined, {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});
const earlier = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "short" });
const precise = new Intl.DateTimeFormat(undefined, {
  year: "numeric",
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

/** @param style `relative`, `moment` (whole, to the minute), `precise`, or (by default) as short as tells one from another. */
export function localTime(at: Date, style = "", now = new Date()): string {
  const since = now.getTime() - at.getTime();
  if (style === "relative") return ago(since);
  if (style === "moment") return moment.format(at);
  if (style === "precise") return precise.format(at);
  if (at.toDateString() === now.toDateString()) return today.format(at);
  return at.getFullYear() === now.getFullYear() ? thisYear.format(at) : earlier.format(at);
}

function ago(since: number): string {
  const size = Math.abs(since);
  if (size < MINUTE) return relative.format(-Math.round(since / 1000), "second");
  if (size < HOUR) return relative.format(-Math.round(since / MINUTE), "minute");
  if (size < DAY) return relative.format(-Math.round(since / HOUR), "hour");
  return relative.format(-Math.round(since / DAY), "day");
}

export function showLocalTimes(root: ParentNode): void {
  for (const place of root.querySelectorAll<HTMLTimeElement>("time[data-local]")) {
    const at = new Date(place.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    place.textContent = localTime(at, place.dataset.local);
    place.title = full.format(at);
  }
}
