/**
 * `<figure class="chart" data-spec="address" data-title="…">fallback</figure>`: fetches the
 * Vega-Lite specification and draws it when it comes into view. The fallback stays when that
 * fails, with the reason above it.
 */
const charts = new Map<HTMLElement, () => Promise<void>>();
const dark = window.matchMedia("(prefers-color-scheme: dark)");

const inView =
  "IntersectionObserver" in window
    ? new IntersectionObserver(
        (entries) => {
          for (const entry of entries) {
            if (!entry.isIntersecting) continue;
            inView?.unobserve(entry.target);
            void charts.get(entry.target as HTMLElement)?.();
          }
        },
        { rootMargin: "300px" },
      )
    : null;

export function drawCharts(root: ParentNode): void {
  for (const figure of root.querySelectorAll<HTMLElement>("figure.chart[data-spec]")) {
    if (charts.has(figure)) continue;
    charts.set(figure, () => draw(figure));
    figure.setAttribute("aria-busy", "true");
    if (inView) inView.observe(figure);
    else void draw(figure);
  }
  for (const figure of charts.keys()) if (!figure.isConnected) charts.delete(figure);
}

dark.addEventListener("change", () => {
  for (const figure of charts.keys()) if (figure.dataset.drawn) void draw(figure);
});

async function draw(figure: HTMLElement): Promise<void> {
  const place = placeIn(figure);
  try {
    const [{ show }, reply] = await Promise.all([
      import("./vega"),
      fetch(addressOf(figure), { headers: { Accept: "application/json" } }),
    ]);
    if (!reply.ok) throw new Error(`the server answered with ${reply.status}`);
    await show(place, await reply.json(), figure.dataset.title ?? "Figure", dark.matches);
    figure.dataset.drawn = "yes";
  } catch (fault) {
    place.replaceChildren(message(`This figure can't be drawn: ${reason(fault)}.`));
    console.warn("figure", figure.dataset.spec, fault);
  } finally {
    figure.removeAttribute("aria-busy");
  }
}

/** The marks' own colours are the server's to choose: it is told which ground they stand on. */
function addressOf(figure: HTMLElement): string {
  const address = new URL(figure.dataset.spec ?? "", location.href);
  address.searchParams.set("theme", dark.matches ? "dark" : "light");
  return address.href;
}

function placeIn(figure: HTMLElement): HTMLElement {
  const there = figure.querySelector<HTMLElement>(":scope > .chart-place");
  if (there) return there;
  const place = document.createElement("div");
  place.className = "chart-place";
  place.tabIndex = 0;
  place.setAttribute("role", "group");
  place.setAttribute("aria-label", figure.dataset.title ?? "Figure");
  figure.prepend(place);
  return place;
}

function message(text: string): HTMLElement {
  const line = document.createElement("p");
  line.className = "chart-fault";
  line.textContent = text;
  return line;
}

function reason(fault: unknown): string {
  return fault instanceof Error ? fault.message.replace(/\.$/, "") : String(fault);
}
