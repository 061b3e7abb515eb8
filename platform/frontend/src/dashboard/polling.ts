/**
 * Panels that keep themselves up to date while somebody looks at them:
 *   data-poll="5"        asks its hx-get (hx-trigger="poll") anew every so many seconds
 *   data-poll-switch     a checkbox that stops and starts it
 *   data-poll-control    shown only where this script runs
 *   data-poll-said       tells when the server was last asked
 * Nothing is asked while the tab is hidden; it is asked at once when the tab comes back.
 */
const due = new WeakMap<Element, number>();
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

function isOn(): boolean {
  const control = document.querySelector<HTMLInputElement>("[data-poll-switch]");
  return document.visibilityState === "visible" && (control?.checked ?? true);
}

/** Ask for every panel whose time has come; with `all`, for every panel. */
export function poll(now: number, all = false): void {
  if (!isOn()) return;
  for (const panel of document.querySelectorAll<HTMLElement>("[data-poll]")) {
    const every = 1000 * Number(panel.dataset.poll);
    const at = due.get(panel) ?? now + every;
    const ask = all || now >= at;
    due.set(panel, ask ? now + every : at);
    if (ask) panel.dispatchEvent(new CustomEvent("poll"));
  }
}

type Done = { requestConfig?: { elt?: Element }; successful?: boolean };

function said(event: Event): void {
  // The panel that asked; by now another one may stand in its place.
  const { requestConfig, successful } = (event as CustomEvent<Done>).detail;
  const place = document.querySelector("[data-poll-said]");
  if (place && successful && requestConfig?.elt?.matches("[data-poll]")) {
    place.textContent = `Up to date at ${clock.format(new Date())}`;
  }
}

export function keepUpToDate(): void {
  if (!document.querySelector("[data-poll]")) return;
  for (const control of document.querySelectorAll<HTMLElement>("[data-poll-control]")) {
    control.hidden = false;
  }
  document.addEventListener("htmx:afterRequest", said);
  document.addEventListener("visibilitychange", () => poll(Date.now(), true));
  document.addEventListener("change", (event) => {
    if (event.target instanceof Element && event.target.matches("[data-poll-switch]")) {
      poll(Date.now(), true);
    }
  });
  window.setInterval(() => poll(Date.now()), 1000);
}
