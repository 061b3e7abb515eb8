"""The page that a report stands on: one HTML file that loads nothing."""

from __future__ import annotations

import base64
import html
import io
import json
from typing import Any

from diptych_analysis import charts

#: Kinds of participant, in the words of a report and in the order in which it prefers them.
KIND_WORDS = {"person": "people", "simulated": "simulated participants", "machine": "machines"}


class Page:
    """Collects sections and figures."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.specs: list[tuple[int, dict[str, Any]]] = []  # with the figure's number
        self.figures = 0

    def add(self, markup: str) -> None:
        """Add some HTML."""
        self.parts.append(markup)

    def figure(self, chart: Any, caption: str) -> None:
        """Add a figure: drawn already, and alive once the page's script has run."""
        if chart is None:
            return
        spec = charts.spec_of(chart)
        self.specs.append((self.figures + 1, spec))
        self._captioned(
            f'<div class="chart" id="figure-{self.figures + 1}" role="img" '
            f'aria-label="{html.escape(caption)}">{charts.svg_of(spec)}</div>',
            caption,
        )

    def picture(self, image: Any, caption: str) -> None:
        """Add a Pillow image, drawn into the page itself."""
        data = io.BytesIO()
        image.save(data, "WEBP", quality=86)
        source = base64.b64encode(data.getvalue()).decode("ascii")
        self._captioned(
            f'<img alt="{html.escape(caption)}" width="{image.width}" height="{image.height}" '
            f'src="data:image/webp;base64,{source}">',
            caption,
        )

    def _captioned(self, markup: str, caption: str) -> None:
        self.figures += 1
        said = f"<b>Figure {self.figures}.</b> {html.escape(caption)}"
        self.add(f"<figure>{markup}<figcaption>{said}</figcaption></figure>")

    def render(self, title: str, simulated: bool) -> str:
        """Write the whole page; `simulated` puts at its top that nobody took part."""
        banner = (
            '<p class="banner">Every participant on this page is <b>simulated</b>: nothing here '
            "says anything about people.</p>"
            if simulated
            else ""
        )
        # `</script` inside a string would end the script
        specs = json.dumps(self.specs).replace("</", "<\\/")
        embed = (
            f"const specs = {specs};\n"
            "specs.forEach(([number, spec]) => embed('#figure-' + number, spec, "
            "{renderer: 'svg', actions: "
            "{export: true, source: false, compiled: false, editor: false}}));"
        )
        script = charts.script().replace("</script", "<\\/script") if self.specs else ""
        return _TEMPLATE.format(
            title=html.escape(title),
            style=_STYLE,
            banner=banner,
            body="\n".join(self.parts),
            script=f"<script>{script}\n{embed}</script>" if self.specs else "",
        )


_STYLE = """
:root { color-scheme: light; --ink: #1d2733; --quiet: #5b6875; --line: #dfe4e9; --blue: #0072b2; }
* { box-sizing: border-box; }
body { margin: 0; background: #f4f6f8; color: var(--ink);
  font: 16px/1.55 Inter, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.5rem 4rem; }
header p { color: var(--quiet); margin: .2rem 0 0; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0; letter-spacing: -.01em; }
h2 { font-size: 1.45rem; margin: 3rem 0 .6rem; padding-top: 1.2rem;
  border-top: 3px solid var(--blue); }
h3 { font-size: 1.1rem; margin: 2.2rem 0 .6rem; }
.about { color: var(--quiet); max-width: 46rem; }
.banner { background: #fff4d6; border-left: 5px solid #e69f00; padding: .8rem 1rem;
  margin: 1.5rem 0 0; }
.cards { display: flex; flex-wrap: wrap; gap: .8rem; margin: 1rem 0 1.4rem; }
.cards div { background: #fff; border: 1px solid var(--line); border-radius: 8px;
  padding: .7rem 1.1rem; min-width: 8.5rem; }
.cards b { display: block; font-size: 1.5rem; line-height: 1.25;
  font-variant-numeric: tabular-nums; }
.cards span { color: var(--quiet); font-size: .85rem; }
table { border-collapse: collapse; background: #fff; border: 1px solid var(--line);
  border-radius: 8px; font-variant-numeric: tabular-nums; margin: .4rem 0 1.2rem; }
th, td { padding: .45rem .9rem; text-align: right; border-bottom: 1px solid var(--line); }
th:first-child { text-align: left; }
thead th { color: var(--quiet); font-weight: 600; font-size: .85rem; }
tbody tr:last-child > * { border-bottom: 0; }
tbody th { font-weight: 500; }
.long { max-height: 32rem; overflow: auto; border: 1px solid var(--line); border-radius: 8px;
  margin: .4rem 0 1.2rem; background: #fff; }
.long table { margin: 0; border: 0; width: 100%; font-size: .86rem; }
.long th, .long td { padding: .32rem .6rem; }
.long thead th { position: sticky; top: 0; background: #fff; }
th.words, td.words { text-align: left; }
small { color: var(--quiet); }
figure { margin: 1rem 0 1.6rem; background: #fff; border: 1px solid var(--line);
  border-radius: 8px; padding: 1rem 1rem .8rem; overflow-x: auto; }
.row { display: flex; flex-wrap: wrap; gap: 1rem; }
.row figure { flex: 1 1 20rem; margin-top: 0; }
figure svg, figure img { max-width: 100%; height: auto; }
figcaption { color: var(--quiet); font-size: .88rem; margin-top: .5rem; max-width: 46rem; }
figcaption b { color: var(--ink); }
@media print { body { background: #fff; } figure, tr { break-inside: avoid; }
  .long { max-height: none; } }
"""

_TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Diptych report: {title}</title>
<style>{style}</style>
</head>
<body>
<main>
<header><h1>{title}</h1><p>Report by Diptych</p></header>
{banner}
{body}
</main>
{script}
</body>
</html>
"""
