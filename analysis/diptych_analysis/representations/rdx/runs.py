"""One comparison with everything that belongs to it, and the files it becomes.

FOLDER/
  rdx.json          grids, scores, null distribution, stability, settings, versions
  grids.csv         one row per item of each grid
  representations.npz   rows of A and B, and clusters: `saved.read_run` compares them again
  index.html        the page; with images, each grid as pictures
  a-not-b.png, b-not-a.png
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from diptych_analysis.report.page import Page
from diptych_analysis.representations.baselines.similarity import linear_cka
from diptych_analysis.representations.rdx.comparison import Comparison
from diptych_analysis.representations.rdx.null import Null
from diptych_analysis.representations.rdx.pictures import draw_direction
from diptych_analysis.tables.metadata import write_json

PACKAGES = ("diptych", "numpy", "scipy", "scikit-learn")
Opener = Callable[[int], Image.Image]


@dataclass
class Run:
    """A comparison of two named representations.

    Attributes
    ----------
    names : pair of str
        A and B.
    comparison : Comparison
        Their grids.
    items : tuple of str
        Names of the items, (n,).
    cka : float
        Linear CKA of the two.
    nulls : dict
        Null distribution of "forward" and "backward", where one was drawn.
    stability : dict
        As `stability` returns it, where it was computed.
    facts : dict
        More for rdx.json: alignment, guides.
    rows : pair of array, (n, d_A) and (n, d_B), or None
        What was compared; None: no representations.npz is written.
    guide : array, (n,), or None
        Labels that kept grids within a label.
    """

    names: tuple[str, str]
    comparison: Comparison
    items: tuple[str, ...]
    cka: float
    nulls: dict[str, Null] = field(default_factory=dict)
    stability: dict[str, dict[str, float]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    rows: tuple[Any, Any] | None = field(default=None, repr=False)
    guide: Any = field(default=None, repr=False)

    @classmethod
    def of(
        cls,
        names: tuple[str, str],
        comparison: Comparison,
        items: tuple[str, ...],
        rows: tuple[Any, Any],
        **more: Any,
    ) -> Run:
        """Make a run; `rows` are A and B, (n, d_A) and (n, d_B)."""
        return cls(names, comparison, items, linear_cka(*rows), rows=rows, **more)

    def title(self, direction: str) -> str:
        """Say in words what a direction shows."""
        a, b = self.names if direction == "forward" else self.names[::-1]
        return f"Close in {a}, not in {b}"

    def as_dict(self) -> dict[str, Any]:
        """As rdx.json has it."""
        found: dict[str, Any] = {
            "a": self.names[0],
            "b": self.names[1],
            "n": self.comparison.n,
            "settings": self.comparison.settings.as_dict(),
            "versions": {"python": platform.python_version()}
            | {name: version(name) for name in PACKAGES},
            "linear_cka": self.cka,
            **self.facts,
        }
        for name in ("forward", "backward"):
            direction = getattr(self.comparison, name)
            rate = direction.success_rate
            found[name] = {
                "success_rate": None if np.isnan(rate) else rate,
                "remarks": list(direction.remarks),
                "grids": [
                    {
                        "items": [self.items[i] for i in grid.items],
                        "rows": grid.items.tolist(),
                        "affinity": grid.affinity,
                        "success_rate": grid.success_rate,
                        "cluster_size": len(grid.cluster),
                    }
                    for grid in direction.grids
                ],
            }
            if name in self.nulls:
                found[name]["null"] = self.nulls[name].as_dict()
            if name in self.stability:
                found[name]["stability"] = self.stability[name]
        return found

    def table(self) -> pd.DataFrame:
        """One row per item of each grid."""
        rows = []
        settings = self.comparison.in_words()
        for name in ("forward", "backward"):
            for number, grid in enumerate(getattr(self.comparison, name).grids):
                for place, item in enumerate(grid.items):
                    rows.append(
                        (name, number + 1, place + 1, self.items[item], int(item), grid.affinity,
                         grid.success_rate, settings)
                    )  # fmt: skip
        columns = [
            *("direction", "grid", "place", "item", "row"),
            *("affinity", "success_rate", "settings"),
        ]
        return pd.DataFrame(rows, columns=columns)


def write_run(run: Run, folder: Path, opener: Opener | None = None) -> Path:
    """Write rdx.json, grids.csv, the page and its pictures; return the page."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "rdx.json", run.as_dict())
    run.table().to_csv(folder / "grids.csv", index=False)
    if run.rows is not None:
        _write_rows(run, folder / "representations.npz")
    page = Page()
    add_run(page, run, folder, opener)
    file = folder / "index.html"
    file.write_text(page.render(f"{run.names[0]} and {run.names[1]}", simulated=False), "utf-8")
    return file


def _write_rows(run: Run, file: Path) -> None:
    assert run.rows is not None
    parts: dict[str, Any] = {"items": np.array(run.items)}
    parts |= {name: np.asarray(rows, np.float32) for name, rows in zip("ab", run.rows, strict=True)}
    for name in ("forward", "backward"):
        # Number of the grid from 1 whose cluster has the item; 0: none has.
        own = np.zeros(run.comparison.n, np.int32)
        for number, grid in enumerate(getattr(run.comparison, name).grids, 1):
            own[grid.cluster] = number
        parts[name] = own
    if run.guide is not None:
        parts["guide"] = np.unique(np.asarray(run.guide).astype(str), return_inverse=True)[1]
    np.savez_compressed(file, **parts)


def add_run(page: Page, run: Run, folder: Path, opener: Opener | None, prefix: str = "") -> None:
    """Add both directions to a page, and write their pictures into a folder."""
    facts = [(f"{run.comparison.n:,}", "items"), (f"{run.cka:.3f}", "linear CKA")]
    cards = "".join(f"<div><b>{value}</b><span>{name}</span></div>" for value, name in facts)
    page.add(f'<div class="cards">{cards}</div>')
    files = {"forward": "a-not-b.png", "backward": "b-not-a.png"}
    for name, file in files.items():
        direction = getattr(run.comparison, name)
        page.add(f"<h2>{_escaped(run.title(name))}</h2>")
        for remark in direction.remarks:
            page.add(f'<p class="about">{_escaped(remark)}.</p>')
        page.add(_as_html(run, name))
        notes = [f"p {p:.3f}" for p in run.nulls[name].affinity_p] if name in run.nulls else []
        sheet = draw_direction(direction, opener, notes=notes) if opener else None
        if sheet is not None:
            sheet.save(folder / f"{prefix}{file}")
            page.picture(
                sheet, f"{run.title(name)}. Each row is a grid. {run.comparison.in_words()}."
            )


def _as_html(run: Run, name: str) -> str:
    direction, null = getattr(run.comparison, name), run.nulls.get(name)
    heads = ["grid", "items", "cluster", "affinity", "BSR", *(["z", "p"] if null else [])]
    rows = []
    for number, grid in enumerate(direction.grids):
        cells = [number + 1, len(grid.items), len(grid.cluster), f"{grid.affinity:.1f}",
                 f"{grid.success_rate:.2f}"]  # fmt: skip
        if null:
            cells += [f"{null.affinity_z[number]:.1f}", f"{null.affinity_p[number]:.3f}"]
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    head = "".join(f"<th>{cell}</th>" for cell in heads)
    said = f"BSR of all grids: {direction.success_rate:.2f}. {run.comparison.in_words()}."
    if null:
        said += (
            f" Null: {len(null.affinities)} noisy copies, strongest grid "
            f"{null.affinities.mean():.1f} on average, BSR {np.nanmean(null.success_rates):.2f}. "
            f"{null.in_words()}"
        )
    if name in run.stability:
        stable = run.stability[name]
        said += (
            f" Overlap of clusters with other seeds {stable['seeds']:.2f}, with parts of the items "
            f"{stable['subsamples']:.2f}."
        )
    body = "".join(rows)
    return (
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        f'<p class="about">{_escaped(said)}</p>'
    )


def _escaped(text: str) -> str:
    import html

    return html.escape(text)
