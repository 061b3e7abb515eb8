/** Panels that ask for themselves anew: when, and when not. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { keepUpToDate, poll } from "../../src/dashboard/polling";

let visible: DocumentVisibilityState = "visible";
const asked = vi.fn();

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  visible = "visible";
  vi.spyOn(document, "visibilityState", "get").mockImplementation(() => visible);
  document.body.innerHTML = `
    <label data-poll-control hidden><input type="checkbox" data-poll-switch checked></label>
    <span data-poll-said></span>
    <div id="panel" data-poll="5"></div>`;
  asked.mockClear();
  panel().addEventListener("poll", asked);
});

afterEach(() => vi.useRealTimers());

const panel = (): HTMLElement => document.querySelector("#panel") as HTMLElement;

function tick(seconds: number): void {
  for (let second = 0; second < seconds; second++) poll(Date.now() + 1000 * second);
  vi.setSystemTime(Date.now() + 1000 * seconds);
}

test("a panel is asked for every so many seconds, not more often", () => {
  tick(21);
  expect(asked).toHaveBeenCalledTimes(4);
});

test("nothing is asked while the tab is hidden, and at once when it comes back", () => {
  tick(3);
  visible = "hidden";
  tick(60);
  expect(asked).not.toHaveBeenCalled();
  visible = "visible";
  poll(Date.now(), true);
  expect(asked).toHaveBeenCalledTimes(1);
});

test("who unticks the box is left in peace", () => {
  const box = document.querySelector<HTMLInputElement>("[data-poll-switch]");
  if (box) box.checked = false;
  tick(60);
  expect(asked).not.toHaveBeenCalled();
});

test("the control shows where the script runs, and the last look is told", () => {
  keepUpToDate();
  expect(document.querySelector("[data-poll-control]")?.hasAttribute("hidden")).toBe(false);
  const detail = { requestConfig: { elt: panel() }, successful: true };
  panel().dispatchEvent(new CustomEvent("htmx:afterRequest", { detail, bubbles: true }));
  expect(document.querySelector("[data-poll-said]")?.textContent).toContain("Up to date at");
});
