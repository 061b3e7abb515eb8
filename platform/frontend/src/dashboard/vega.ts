/** Vega with its interpreter instead of `eval`, in the colours of the page. A chunk of its own. */
import embed, { type VisualizationSpec } from "vega-embed";
import { expressionInterpreter } from "vega-interpreter";

type Config = Record<string, unknown>;

export async function show(
  place: HTMLElement,
  spec: VisualizationSpec,
  title: string,
  dark: boolean,
): Promise<void> {
  const result = await embed(place, spec, {
    ast: true,
    expr: expressionInterpreter,
    actions: false,
    defaultStyle: false,
    renderer: "svg",
    tooltip: { disableDefaultStyle: true, theme: "custom" },
    config: colours(dark),
  });
  place.querySelector("svg")?.setAttribute("aria-label", title);
  await result.view.runAsync();
}

/** Read from the page's own variables, so that a chart never differs from what stands around it. */
function colours(dark: boolean): Config {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string): string => style.getPropertyValue(name).trim();
  const font = of("--font") || "sans-serif";
  const text = { labelColor: of("--soft"), titleColor: of("--ink"), labelFont: font };
  return {
    background: "transparent",
    font,
    view: { stroke: "transparent" },
    title: { color: of("--ink"), subtitleColor: of("--soft"), font, fontWeight: 600 },
    axis: {
      ...text,
      titleFont: font,
      titleFontWeight: 500,
      domainColor: of("--line-strong"),
      tickColor: of("--line-strong"),
      gridColor: of("--line"),
      gridOpacity: dark ? 0.6 : 0.9,
    },
    legend: { ...text, titleFont: font, titleFontWeight: 500 },
    header: { ...text, titleFont: font, titleFontWeight: 500 },
    text: { color: of("--ink"), font },
    rule: { color: of("--soft") },
  };
}
