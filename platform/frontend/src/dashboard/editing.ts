/**
 * Helps for editors of texts:
 *   data-guard        a form that asks before the page is left with changes, and saves on Ctrl+S
 *   data-unsaved      on such a form: what it shows is not saved yet
 *   data-line="12"    a button that marks a line of the editor
 */
export function helpEditing(root: ParentNode): void {
  for (const form of root.querySelectorAll<HTMLFormElement>("form[data-guard]")) guards(form);
  for (const button of root.querySelectorAll<HTMLButtonElement>("button[data-line]")) {
    button.onclick = () => markLine(Number(button.dataset.line));
  }
}

function guards(form: HTMLFormElement): void {
  if (form.dataset.guard === "on") return;
  form.dataset.guard = "on";
  let changed = "unsaved" in form.dataset;
  form.addEventListener("input", () => {
    changed = true;
  });
  form.addEventListener("submit", () => {
    changed = false;
  });
  window.addEventListener("beforeunload", (event) => {
    if (changed) event.preventDefault();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "s" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    form.requestSubmit();
  });
}

/** Where a line begins and ends in a text. */
export function rangeOf(text: string, line: number): [number, number] {
  const before = text.split("\n").slice(0, line - 1);
  const start = before.reduce((sum, each) => sum + each.length + 1, 0);
  const end = text.indexOf("\n", start);
  return [start, end < 0 ? text.length : end];
}

function markLine(line: number): void {
  const area = document.querySelector<HTMLTextAreaElement>("form[data-guard] textarea");
  if (!area) return;
  area.focus();
  area.setSelectionRange(...rangeOf(area.value, line));
  const height = Number.parseFloat(getComputedStyle(area).lineHeight) || 18;
  area.scrollTop = Math.max(0, (line - 4) * height);
  area.scrollIntoView({ block: "nearest" });
}
