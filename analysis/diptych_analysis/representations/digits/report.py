"""All comparisons of the digit networks: RDX, other methods, published figures, one page."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from diptych_analysis.report.page import Page
from diptych_analysis.representations.baselines.dictionaries import METHODS
from diptych_analysis.representations.baselines.nlmcd import density_clusters, unmatched_clusters
from diptych_analysis.representations.baselines.similarity import (
    linear_cka,
    mutual_neighbours,
    representational_similarity,
)
from diptych_analysis.representations.digits.networks import (
    MERGED,
    Digits,
    Seen,
    read_digits,
    views,
)
from diptych_analysis.representations.rdx.comparison import Comparison, Direction, compare
from diptych_analysis.representations.rdx.null import null_distribution
from diptych_analysis.representations.rdx.pictures import draw_direction
from diptych_analysis.representations.rdx.scores import success_rate
from diptych_analysis.representations.rdx.settings import Settings
from diptych_analysis.tables.metadata import write_json

#: Thesis, Tab. 4.3, with the heads of its second and third column exchanged (Sec. 4.9.5 and our
#: own figures agree on this).
PUBLISHED = {("M35", "Mb"): 0.80, ("Mb", "M35"): 0.86}
#: Settings of Sec. 4.5: three grids; gamma 0.05 for the digits 3, 5 and 8.
SETTINGS = Settings(grids=3, gamma=0.1)
EARLY_SETTINGS = Settings(grids=3, gamma=0.05)
#: Variants of RDX beside it (Sec. 4.9).
VARIANTS: dict[str, dict[str, Any]] = {
    "RDX greedy": {"sampling": "greedy"},
    "RDX max": {"distance": "max"},
}
Watch = Callable[[str, int, int], None]
Grids = Sequence[npt.NDArray[np.int64]]


def write_report(
    folder: Path, *, draws: int = 19, jobs: int = 2, watch: Watch | None = None
) -> tuple[Path, dict[str, Any]]:
    """Train what is missing, compare everything, and write index.html and results.json.

    Parameters
    ----------
    folder : Path
        Holds networks' views, images of the digits, pictures, page and results.
    draws : int
        Noisy copies of each null distribution.
    jobs : int
        Threads.
    watch : callable, optional
        Gets a name, how much is done, and of how much.

    Returns
    -------
    page : Path
        index.html.
    results : dict
        As results.json has it: per direction BSR of each method, digits of each RDX grid, p.
    """
    folder.mkdir(parents=True, exist_ok=True)
    digits = read_digits(folder)
    write_images(folder / "images", digits)
    seen = views(folder, digits, watch=watch)
    pairs = [(*names, digits, SETTINGS) for names in combinations(MERGED, 2)]
    pairs.append(("early", "late", digits.only((3, 5, 8)), EARLY_SETTINGS))
    page, directions = Page(), []
    measures = []
    alone, dense = _other_methods(seen, watch)
    for done, (a, b, shown, settings) in enumerate(pairs):
        if watch is not None:
            watch(f"{a} and {b}", done, len(pairs))
        rows = seen[a].values, seen[b].values
        found = compare(*rows, settings, jobs=jobs)
        others = {
            name: compare(*rows, replace(settings, **choice), jobs=jobs)
            for name, choice in VARIANTS.items()
        }
        measures.append({"a": a, "b": b, **_alike(rows, found)})
        for name in ("forward", "backward"):
            backward = name == "backward"
            names = (b, a) if backward else (a, b)
            grids: dict[str, Grids] = {"RDX": getattr(found, name).items}
            grids |= {variant: getattr(other, name).items for variant, other in others.items()}
            grids |= alone[names[0]]
            grids["NLMCD"] = unmatched_clusters(
                dense[names[0]], dense[names[1]], settings.grids, settings.size, settings.seed
            )
            row = _scored(names, grids, (found, others["RDX max"]), shown, backward=backward)
            if draws and row["affinity"]:
                row["null"] = null_distribution(
                    seen[names[0]].values, found, backward=backward, draws=draws, jobs=jobs
                ).as_dict()
            directions.append(row)
            _draw(page, folder, row, getattr(found, name), shown, found.in_words())
    accuracies = {name: view.accuracy for name, view in seen.items()}
    results = {
        "items": len(digits.labels),
        "settings": SETTINGS.as_dict(),
        "settings_early_late": EARLY_SETTINGS.as_dict(),
        "accuracy": accuracies,
        "alike": measures,
        "directions": directions,
    }
    write_json(folder / "results.json", results)
    page.parts[:0] = [_summary(results)]
    file = folder / "index.html"
    file.write_text(page.render("Digits with a known difference", simulated=False), "utf-8")
    return file, results


def _other_methods(
    seen: dict[str, Seen], watch: Watch | None
) -> tuple[dict[str, dict[str, Grids]], dict[str, npt.NDArray[Any]]]:
    """For each network, grids of the methods that see it alone, and its density clusters."""
    m, k, seed = SETTINGS.grids, SETTINGS.size, SETTINGS.seed
    alone: dict[str, dict[str, Grids]] = {}
    dense = {}
    for done, (name, view) in enumerate(seen.items()):
        if watch is not None:
            watch(f"other methods on {name}", done, len(seen))
        alone[name] = {each: method(view.values, m, k, seed) for each, method in METHODS.items()}
        dense[name] = density_clusters(view.values, seed)
    return alone, dense


def _alike(rows: tuple[Any, Any], found: Comparison) -> dict[str, float]:
    return {
        "linear_cka": linear_cka(*rows),
        "rsa": representational_similarity(*rows),
        "mutual_neighbours": mutual_neighbours(found.pairs.a, found.pairs.b),
    }


def _scored(
    names: tuple[str, str],
    grids: dict[str, Grids],
    found: tuple[Comparison, Comparison],
    shown: Digits,
    *,
    backward: bool,
) -> dict[str, Any]:
    """Score every method in one direction: BSR, digits of the grids, share of the known pair.

    `found` holds the comparisons by ranks and by distances.
    """
    direction = found[0].backward if backward else found[0].forward
    pairs, distances = (each.pairs.swapped() if backward else each.pairs for each in found)
    row: dict[str, Any] = {
        "a": names[0],
        "b": names[1],
        "published": PUBLISHED.get(names),
        "success_rate": {m: success_rate(g, pairs.a, pairs.b) for m, g in grids.items()},
        "success_rate_max": {
            m: success_rate(g, distances.a, distances.b) for m, g in grids.items()
        },
        "affinity": [grid.affinity for grid in direction.grids],
        "digits": [digit_counts(shown, items) for items in direction.items],
        "digits_of": {m: [digit_counts(shown, g) for g in gs] for m, gs in grids.items()},
        "remarks": list(direction.remarks),
    }
    known = MERGED.get(names[0], ())
    if known:
        row["known"] = {m: [known_share(shown, g, known) for g in gs] for m, gs in grids.items()}
    return row


def write_images(folder: Path, digits: Digits) -> None:
    """Write a file for each digit, `0000-5.png` for a 5, dark ink on white; keep what is there."""
    folder.mkdir(parents=True, exist_ok=True)
    for row, (image, label) in enumerate(zip(digits.images, digits.labels, strict=True)):
        file = folder / f"{row:04d}-{label}.png"
        if not file.exists():
            Image.fromarray(255 - image).save(file)


def digit_counts(digits: Digits, items: npt.NDArray[np.int64]) -> dict[str, int]:
    """Count the digits of a grid."""
    return {str(k): int(v) for k, v in sorted(Counter(digits.labels[items].tolist()).items())}


def known_share(digits: Digits, items: npt.NDArray[np.int64], known: tuple[int, ...]) -> float:
    """Share of a grid's items that are merged digits; 0 unless all of these are in the grid."""
    labels = digits.labels[items]
    mixed = all((labels == digit).any() for digit in known)
    return float(np.isin(labels, known).mean()) if mixed else 0.0


def _draw(
    page: Page, folder: Path, row: dict[str, Any], direction: Direction, shown: Digits, said: str
) -> None:
    title = f"Close in {row['a']}, not in {row['b']}"
    notes = [", ".join(f"{n} x {d}" for d, n in counts.items()) for counts in row["digits"]]
    sheet = draw_direction(
        direction, lambda item: Image.fromarray(255 - shown.images[item]), side=56, notes=notes
    )
    page.add(f"<h2>{html.escape(title)}</h2>")
    if sheet is None:
        page.add(f'<p class="about">{html.escape(" ".join(direction.remarks))}</p>')
        return
    sheet.save(folder / f"{row['a']}-not-{row['b']}.png")
    page.picture(sheet, f"{title}. Each row is a grid. {said}.")


def _summary(results: dict[str, Any]) -> str:
    """Tables of all directions: BSR of each method, and how alike the networks are."""
    methods = list(results["directions"][0]["success_rate"])
    heads = ["direction", "published", *methods, "null BSR", "least p of a grid"]
    rows = []
    for row in results["directions"]:
        null = row.get("null")
        published = row["published"]
        rows.append(
            [
                f"{row['a']}, not {row['b']}",
                "-" if published is None else f"{published:.2f}",
                *(f"{row['success_rate'][m]:.2f}" for m in methods),
                f"{null['success_rate_mean']:.2f}" if null else "-",
                f"{min(null['affinity_p']):.3f}" if null else "-",
            ]
        )
    kinds = ("linear_cka", "rsa", "mutual_neighbours")
    alike = [
        [f"{m['a']} and {m['b']}", *(f"{m[kind]:.3f}" for kind in kinds)] for m in results["alike"]
    ]
    accuracy = ", ".join(f"{name} {value:.3f}" for name, value in results["accuracy"].items())
    said = (
        f"n = {results['items']:,} images (1,500 for early and late). Accuracy on the training "
        f"images: {accuracy}. BSR is the share of pairs in grids that are closer in the first "
        "network. Published: Tab. 4.3. All methods give 3 grids of 9."
    )
    return (
        f'<p class="about">{said}</p><h2>BSR of each method</h2>{_table(heads, rows)}'
        "<h2>How alike the networks are</h2>"
        + _table(["pair", "linear CKA", "RSA", "mutual neighbours"], alike)
    )


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="long">{table}</div>'
