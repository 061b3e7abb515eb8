"""All figures of a study as a page shows them: out of tallies and kept results, not drawn yet."""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import io
import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from diptych import __version__, figures
from diptych.counts import tallies
from diptych.figures import kept_results
from diptych.figures.kept_results import Result
from diptych.figures.result_figures import FIGURES
from diptych.ground.database import reading
from diptych.overview.versions import history
from diptych.study.content import StudyContent
from diptych.study.versions import frozen
from diptych_analysis.tables.formulas import guarded

if TYPE_CHECKING:
    import pandas as pd

    from diptych.figures.theme import Theme

SCOPES = tallies.SCOPES
FORMS = {
    "json": "application/json",
    "png": "image/png",
    "svg": "image/svg+xml",
    "csv": "text/csv",
}


class NoDrawing(RuntimeError):
    """The packages that draw are not installed on this host."""


@dataclass(frozen=True)
class Shown:
    """One figure with what was counted for it.

    Attributes
    ----------
    name : str
        Its name in addresses.
    title : str
        Its heading.
    reading : str
        One sentence on how it is read.
    sessions : int
        Sessions that it counts.
    empty : bool
        Whether there is nothing to draw.
    mark : str
        Another one whenever the figure is another.
    result : Result | None
        The kept result that it shows; None for figures of counts.
    """

    name: str
    title: str
    reading: str
    sessions: int
    empty: bool
    mark: str
    frame: Callable[[], pd.DataFrame] = field(repr=False)
    chart: Callable[[pd.DataFrame], Any] = field(repr=False)
    result: Result | None = None

    def written(self, form: str, theme: Theme, about: str) -> bytes:
        """Write the figure as a file of one of `FORMS`.

        Parameters
        ----------
        form : str
            Json (Vega-Lite, for a page), png, svg or csv.
        theme : Theme
            Colours on light or dark ground.
        about : str
            What stands in the file's title beside the figure's own.

        Raises
        ------
        NoDrawing
            When the packages that draw are not installed; CSV needs none of them.
        """
        if form == "csv":
            return as_csv(self.frame()).encode()
        if not can_draw():
            raise NoDrawing("drawing needs pip install 'diptych[models]'")
        return _DRAWN.get((self.mark, form, theme, about), lambda: self._drawn(form, theme, about))

    def _drawn(self, form: str, theme: Theme, about: str) -> bytes:
        from diptych.figures import theme as look

        chart = self.chart(self.frame())
        if form == "json":
            return json.dumps(look.page_spec(chart, theme), allow_nan=False).encode()
        spec = look.file_spec(chart, theme, f"{self.title}: {about}")
        return look.png(spec) if form == "png" else look.svg(spec).encode()


class _Drawn:
    """The figures drawn last: drawing takes a while, and a page is often looked at again."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = Lock()
        self._kept: OrderedDict[tuple[str, ...], bytes] = OrderedDict()

    def get(self, key: tuple[str, ...], draw: Callable[[], bytes]) -> bytes:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = draw()
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made


_DRAWN = _Drawn(100)


def can_draw() -> bool:
    """Say whether Altair and vl-convert are installed. Doesn't load them."""
    return all(importlib.util.find_spec(name) for name in ("altair", "vl_convert"))


def all_of(study_id: int, kind: str, scope: str) -> list[Shown]:
    """Return every figure of a study for a kind of participant and a scope, kept results last."""
    content = content_of(study_id)
    own = figures.figures_of(content)
    with reading() as connection:
        counted = tallies.read_several(
            connection, study_id, kind, scope, [figure.name for figure in own]
        )
    return [
        *(_of_counts(figure, *counted[figure.name], content, kind, scope) for figure in own),
        *(_of_result(result) for result in kept_results.kept_for(study_id)),
    ]


def one_of(study_id: int, kind: str, scope: str, name: str) -> Shown | None:
    """Find the figure of a name."""
    prefix, _, number = name.partition("result-")
    if not prefix and number.isascii() and number.isdigit():
        result = kept_results.one_of(study_id, int(number))
        return None if result is None else _of_result(result)
    content = content_of(study_id)
    for figure in figures.figures_of(content):
        if figure.name == name:
            with reading() as connection:
                counted = tallies.read(connection, study_id, kind, scope, name)
            return _of_counts(figure, *counted, content, kind, scope)
    return None


def content_of(study_id: int) -> StudyContent:
    """Return the version that people are shown, or the newest one before that."""
    with reading() as connection:
        versions = history(connection, study_id)
    return frozen(next((v for v in versions if v.current), versions[0]).id)


def _of_counts(
    figure: figures.Figure,
    sessions: int,
    counts: figures.Counts,
    content: StudyContent,
    kind: str,
    scope: str,
) -> Shown:
    return Shown(
        name=figure.name,
        title=figure.title,
        reading=figure.reading,
        sessions=sessions,
        empty=not any(any(numbers) for numbers in counts.values()),
        mark=_mark(content.content_hash, figure.name, kind, scope, sessions, counts),
        frame=lambda: figure.frame(counts, content),
        chart=lambda frame: figure.chart(frame, content),
    )


def _of_result(result: Result) -> Shown:
    figure = FIGURES[result.kind]
    return Shown(
        name=f"result-{result.id}",
        title=f"{figure.title}: {result.name}",
        reading=figure.reading,
        sessions=int(result.data["sessions"]),
        empty=False,
        mark=_mark(result.id, result.created_at),
        frame=lambda: figure.frame(result),
        chart=lambda frame: figure.chart(frame, result),
        result=result,
    )


def _mark(*what: Any) -> str:
    text = json.dumps([__version__, *what], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def as_csv(frame: pd.DataFrame) -> str:
    """Write a table as CSV. Text that a spreadsheet would compute gets a quote before it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(guarded(str(name)) for name in frame.columns)
    for row in frame.itertuples(index=False, name=None):
        writer.writerow(["" if missing(cell) else _harmless(cell) for cell in row])
    return out.getvalue()


def _harmless(cell: Any) -> Any:
    return guarded(cell) if isinstance(cell, str) else cell


def missing(cell: Any) -> bool:
    """Say whether a cell is empty."""
    return cell is None or cell != cell  # NaN is not itself
