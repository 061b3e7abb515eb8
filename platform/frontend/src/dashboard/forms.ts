/**
 * Small helps for forms, all of which work without:
 *   data-copy="#id"         copies the text of an element
 *   data-check-all="name"   a checkbox that ticks all of a name in its form
 *   data-count="name"       tells how many of a name are ticked
 *   data-autosubmit         a form that is sent when a choice changes
 *   data-once               a form that can't be sent twice by a double click
 */
import { say } from "./voice";

const helped = new WeakSet<Element>();

export function helpForms(root: ParentNode): void {
  each<HTMLElement>(root, "[data-copy]", copies);
  each<HTMLInputElement>(root, "input[data-check-all]", checksAll);
  each<HTMLElement>(root, "[data-count]", counts);
  each<HTMLFormElement>(root, "form[data-autosubmit]", submitsItself);
  each<HTMLFormElement>(root, "form[data-once]", once);
}

function each<E extends Element>(root: ParentNode, selector: string, help: (one: E) => void): void {
  for (const one of root.querySelectorAll<E>(selector)) {
    if (helped.has(one)) continue;
    helped.add(one);
    help(one);
  }
}

function copies(button: HTMLElement): void {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const place = document.querySelector<HTMLElement>(button.dataset.copy ?? "");
    if (!place) return;
    const text = place instanceof HTMLInputElement ? place.value : (place.textContent ?? "");
    try {
      await navigator.clipboard.writeText(text.trim());
      say("Copied.");
    } catch {
      // Without https the browser refuses: the text is marked, and one key press copies it.
      select(place);
      say("Press Ctrl+C (or ⌘C) to copy.");
    }
  });
}

function select(place: HTMLElement): void {
  if (place instanceof HTMLInputElement) place.select();
  else window.getSelection()?.selectAllChildren(place);
}

function boxes(near: Element, name: string): HTMLInputElement[] {
  const form = near.closest("form") ?? document;
  return [...form.querySelectorAll<HTMLInputElement>(`input[type=checkbox][name="${name}"]`)];
}

function checksAll(all: HTMLInputElement): void {
  const name = all.dataset.checkAll ?? "";
  all.addEventListener("change", () => {
    const found = boxes(all, name);
    // All are set before any is heard of: what is heard changes `all` itself.
    for (const box of found) box.checked = all.checked;
    for (const box of found) box.dispatchEvent(new Event("change", { bubbles: true }));
  });
  (all.closest("form") ?? document).addEventListener("change", () => {
    const found = boxes(all, name);
    const ticked = found.filter((box) => box.checked).length;
    all.checked = ticked > 0 && ticked === found.length;
    all.indeterminate = ticked > 0 && ticked < found.length;
  });
}

function counts(place: HTMLElement): void {
  const show = (): void => {
    const ticked = boxes(place, place.dataset.count ?? "").filter((box) => box.checked).length;
    place.textContent = `${ticked} chosen`;
  };
  (place.closest("form") ?? document).addEventListener("change", show);
  show();
}

function submitsItself(form: HTMLFormElement): void {
  form.addEventListener("change", (event) => {
    if (event.target instanceof HTMLSelectElement || isBox(event.target)) form.requestSubmit();
  });
}

function isBox(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement && ["checkbox", "radio"].includes(target.type);
}

function once(form: HTMLFormElement): void {
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
  });
  // The page may come back from the browser's memory.
  window.addEventListener("pageshow", () => {
    sent = false;
  });
}
