/** A participant's hands: finding and using what is on the screen. */
import { vi } from "vitest";

/** The browser's stamp on an event, which jsdom would take from a clock of its own. */
function stamped<E extends Event>(event: E): E {
  Object.defineProperty(event, "timeStamp", { value: performance.now() });
  return event;
}

export function find(testid: string): HTMLElement {
  const element = maybe(testid);
  if (element === null) throw new Error(`nothing on the screen is called ${testid}`);
  return element;
}

export const maybe = (testid: string): HTMLElement | null =>
  document.querySelector<HTMLElement>(`[data-testid="${testid}"]`);

export function click(testid: string): void {
  const element = find(testid);
  if (element instanceof HTMLButtonElement && element.disabled) {
    throw new Error(`${testid} is disabled`);
  }
  element.dispatchEvent(stamped(new MouseEvent("click", { bubbles: true, cancelable: true })));
}

/** Presses a key on what has the focus; as browsers do, Enter and Space press a focused button. */
export function key(name: string, options: KeyboardEventInit = {}): void {
  const target = document.activeElement ?? document.body;
  const event = new KeyboardEvent("keydown", {
    key: name,
    bubbles: true,
    cancelable: true,
    ...options,
  });
  const wanted = target.dispatchEvent(stamped(event));
  const presses = name === "Enter" || name === " ";
  if (wanted && presses && target instanceof HTMLButtonElement && !target.disabled) {
    target.dispatchEvent(stamped(new MouseEvent("click", { bubbles: true, cancelable: true })));
  }
}

/** Lets fake time pass, and everything that waits for it happen. */
export const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

/** Lets time pass until something called `testid` is on the screen. */
export async function until(testid: string, limit_ms = 20_000): Promise<HTMLElement> {
  for (let waited = 0; waited <= limit_ms; waited += 10) {
    const element = maybe(testid);
    if (element !== null && !element.hidden) return element;
    await pass(10);
  }
  throw new Error(`${testid} did not come; the screen says: ${document.body.textContent}`);
}
