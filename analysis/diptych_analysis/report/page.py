"""The page that a report stands on: one HTML file that loads nothing."""

from __future__ import annotations

import base64
import html
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diptych_analysis import charts
from diptych_analysis.report.headings import with_contents
from diptych_analysis.report.style import STYLE, TEMPLATE

if TYPE_CHECKING:
    from diptych_analysis.report.stimulus_pictures import StimulusPictures

#: Widths of figures on paper, in millimetres: one column and two columns of many journals.
ONE_COLUMN, TWO_COLUMNS = 85.0, 180.0
#: Figures up to this width, in pixels, fit one column.
NARROW = 480

#: Kinds of participant, in the words of a report and in the order in which it prefers them.
KIND_WORDS = {"person": "people", "simulated": "simulated participants", "machine": "machines"}


def unbroken(text: str) -> str:
    """Escape a text; no line may end between a number and its per cent sign."""
    return html.escape(text).replace(" %", "\u00a0%")


class Page:
    """Collects sections and figures.

    Parameters
    ----------
    figures_in : Path, optional
        Folder for each drawn figure as SVG and PDF, at the width of a journal's column. The page
        links them. By default no files are written.
    pictures : StimulusPictures, optional
        Where sections find the images of stimuli; without them they show none.
    """

    def __init__(
        self, figures_in: Path | None = None, pictures: StimulusPictures | None = None
    ) -> None:
        self.figures_in, self.pictures = figures_in, pictures
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
        self.drawing(charts.svg_of(spec), caption)

    def drawing(self, svg: str, caption: str) -> None:
        """Add a figure that is an SVG."""
        width, _ = charts.size_of(svg)
        self._captioned(
            f'<div class="chart" id="figure-{self.figures + 1}" role="img" '
            f'style="--wide: {width:.0f}" aria-label="{html.escape(caption)}">{svg}</div>',
            caption,
            self._files(svg, ONE_COLUMN if width <= NARROW else TWO_COLUMNS),
        )

    def _files(self, svg: str, width_mm: float) -> str:
        """Write the figure for a journal; return links to its files."""
        if self.figures_in is None:
            return ""
        self.figures_in.mkdir(parents=True, exist_ok=True)
        stem = f"figure-{self.figures + 1}"
        sized = charts.sized(svg, width_mm)
        (self.figures_in / f"{stem}.svg").write_text(sized, encoding="utf-8")
        (self.figures_in / f"{stem}.pdf").write_bytes(charts.pdf_of(sized))
        links = ", ".join(
            f'<a href="{self.figures_in.name}/{stem}.{suffix}">{suffix.upper()}</a>'
            for suffix in ("svg", "pdf")
        )
        return f' <span class="files">{links} ({width_mm:g} mm wide)</span>'

    def table(
        self, caption: str, head: list[str], rows: list[list[str]], *, words: bool = False
    ) -> None:
        """Add a table of text; the first column is a heading. It scrolls where it is too wide.

        Parameters
        ----------
        caption : str
            What the table shows.
        head, rows : list
            Names of the columns, and the cells of each row.
        words : bool
            Whether the cells are words, set left, and not numbers.
        """
        kind = ' class="words"' if words else ""
        cells = "".join(f'<th scope="col"{kind}>{html.escape(name)}</th>' for name in head)
        body = "".join(
            f'<tr><th scope="row">{html.escape(row[0])}</th>'
            + "".join(f"<td{kind}>{unbroken(cell)}</td>" for cell in row[1:])
            + "</tr>"
            for row in rows
        )
        self.add(
            f'<div class="scroll" tabindex="0"><table><caption>{unbroken(caption)}</caption>'
            f"<thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table></div>"
        )

    def picture(self, image: Any, caption: str, *, scale: int = 1) -> None:
        """Add a Pillow image, drawn into the page itself; `scale` is its pixels per CSS pixel."""
        data = io.BytesIO()
        image.save(data, "WEBP", quality=86)
        source = base64.b64encode(data.getvalue()).decode("ascii")
        self._captioned(
            f'<img alt="{html.escape(caption)}" width="{image.width // scale}" '
            f'height="{image.height // scale}" '
            f'src="data:image/webp;base64,{source}">',
            caption,
        )

    def _captioned(self, markup: str, caption: str, files: str = "") -> None:
        self.figures += 1
        said = f"<b>Figure {self.figures}.</b> {unbroken(caption)}{files}"
        self.add(f"<figure>{markup}<figcaption>{said}</figcaption></figure>")

    def render(
        self,
        title: str,
        simulated: bool,
        *,
        made: str = "Report by Diptych",
        contents: bool = False,
    ) -> str:
        """Write the whole page.

        Parameters
        ----------
        title : str
            Heading of the page.
        simulated : bool
            Whether to say at its top that nobody took part.
        made : str
            A line of text below the title.
        contents : bool
            Whether to add a table of contents.
        """
        body, listed = "\n".join(self.parts), ""
        if contents:
            body, listed = with_contents(body)
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
        return TEMPLATE.format(
            title=html.escape(title),
            made=html.escape(made),
            style=STYLE,
            banner=banner,
            contents=listed,
            body=body,
            script=f"<script>{script}\n{embed}</script>" if self.specs else "",
        )
