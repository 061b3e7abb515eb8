/** Small helpers to build the page without a framework. */

type Child = Node | string | null | undefined | false;

interface Attributes {
  class?: string;
  text?: string | number | undefined;
  /** Becomes `data-testid`: a stable name for end-to-end tests. */
  testid?: string;
  onclick?: ((event: MouseEvent) => void) | undefined;
  [attribute: string]: unknown;
}

/**
 * Makes an element. `true` sets a bare attribute, `false`, `null` and `undefined` leave it out.
 * Inline styles are not offered: the content security policy forbids them.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "text") element.textContent = String(value);
    else if (name === "testid") element.dataset.testid = String(value);
    else if (name === "onclick") element.addEventListener("click", value as EventListener);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child): child is Node | string => Boolean(child)));
  return element;
}

const ICONS = {
  check: "M5 12.5l4.5 4.5L19 7.5",
  cross: "M6.5 6.5l11 11M17.5 6.5l-11 11",
  left: "M14.5 5.5L8 12l6.5 6.5",
  right: "M9.5 5.5L16 12l-6.5 6.5",
  plus: "M12 5.5v13M5.5 12h13",
  minus: "M5.5 12h13",
  up: "M12 19V5.5M6 11l6-6 6 6",
  down: "M12 5v13.5M6 13l6 6 6-6",
  undo: "M9 7L4.5 11.5 9 16M5 11.5h9.5a4.5 4.5 0 0 1 0 9H12",
  leave: "M13.5 5.5H18.5V18.5H13.5M4.5 12H14M10.5 8.5L14 12l-3.5 3.5",
  window: "M4 6.5h16v12H4zM4 10h16",
} as const;

/** A line icon in the colour of the text beside it; hidden from screen readers. */
export function icon(name: keyof typeof ICONS): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** Text that the host rendered from the study's own Markdown. */
export function prose(html: string): HTMLDivElement {
  const element = h("div", { class: "prose", dir: "auto" });
  element.innerHTML = html;
  for (const link of element.querySelectorAll("a[href]")) {
    // A participant who follows a link must not lose the study's page.
    link.setAttribute("target", "_blank");
    link.setAttribute("rel", "noopener noreferrer");
  }
  return element;
}

/** Whether a key press is a plain one: no modifier, and not repeated by holding the key. */
export function isPlainKey(event: KeyboardEvent): boolean {
  return !(event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing);
}

/** Whether the pressed key already means something to the focused control itself. */
export function targetHandles(event: KeyboardEvent): boolean {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  if (target.matches("input, textarea, select")) return true;
  return target.matches("button, a[href]") && (event.key === "Enter" || event.key === " ");
}
