"""One page about a run of `diptych trace`: tables and figures, also as PNG, SVG, CSV and LaTeX."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from diptych_analysis import charts
from diptych_analysis.report.page import Page
from diptych_analysis.tracing import results as tables_of
from diptych_analysis.tracing.calibration import reliability
from diptych_analysis.tracing.early_warning import early_warning, roc_by_trials, roc_curves
from diptych_analysis.tracing.figures import accuracy, curves, people, space, states
from diptych_analysis.tracing.jobs import Fit, Job
from diptych_analysis.tracing.models import RECURRENT, Tracer, parse_spec
from diptych_analysis.tracing.sequences import SequenceFault, Sequences

LEARNERS = 25
COUNT = "right answers so far"
Figure = tuple[str, Any, str]


def write_tracing_report(
    folder: Path,
    results: Mapping[str, Any],
    sequences: Sequences,
    jobs: list[Job],
    fits: list[Fit],
    images: Path | None = None,
) -> Path:
    """Write `folder`/index.html, results.csv, results.tex and figures/*.png and *.svg.

    Figures show the first split's test learners and models, which the jobs have kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.csv").write_text(tables_of.as_csv(results), encoding="utf-8")
    (folder / "results.tex").write_text(tables_of.as_latex(results), encoding="utf-8")
    page = Page()
    _about(page, results)
    page.add("<h2>The learners</h2>")
    _draw(page, _people(sequences), folder)
    page.add("<h2>How well the models predict them</h2>")
    _tables(page, results)
    page.add("<h2>What the models learned about them</h2>")
    _draw(page, _figures(sequences, jobs, fits, images), folder)
    simulated = set(sequences.kind) == {"simulated"}
    file = folder / "index.html"
    file.write_text(page.render(f"Tracing {results['name']}", simulated), encoding="utf-8")
    return file


def _draw(page: Page, figures: Iterable[Figure], folder: Path) -> None:
    for name, chart, caption in figures:
        page.figure(chart, caption)
        charts.save(chart, folder / "figures" / f"{name}.png")
        charts.save(chart, folder / "figures" / f"{name}.svg")


def _people(sequences: Sequences) -> Iterator[Figure]:
    everyone = f"all {len(sequences.sessions)} sessions"
    yield (
        "scores",
        people.scores(sequences),
        f"Share of right answers per session in training and in test, {everyone}; the dashed line "
        "is the median.",
    )
    yield (
        "learning",
        people.class_accuracy(sequences),
        f"Right answers on each class over time, {everyone} (five neighbouring trials pooled, "
        "bands: 95 % Wilson intervals). The dashed line marks the change from training with "
        "feedback to the test.",
    )


def _about(page: Page, results: Mapping[str, Any]) -> None:
    facts = [
        (f"{results['learners']:,}", "learners"),
        (f"{results['trials']:,}", "trials"),
        (str(len(results["classes"])), "classes"),
        (str(results["split_count"]), "splits by learner"),
        (html.escape(results["encoder"]), "encoder"),
    ]
    cards = "".join(f"<div><b>{value}</b><span>{name}</span></div>" for value, name in facts)
    page.add(f'<div class="cards">{cards}</div>')


def _tables(page: Page, results: Mapping[str, Any]) -> None:
    several = results["split_count"] > 1
    over = "Mean ± standard deviation over the splits" if several else "One split only"
    page.add(
        f'<p class="about">{over}, on learners that the models never saw; the best of each column '
        "in bold.</p>"
    )
    sets = (
        ("Average precision of responses", tables_of.COLUMNS),
        (
            "Average precision in training, by class",
            tables_of.columns(results, per_class=True)[: len(results["classes"])],
        ),
        ("Average precision with ties broken", tables_of.UNTIED),
        ("Log loss (nats) and calibration error", tables_of.MORE),
    )
    for title, shown in sets:
        page.add(f"<h3>{html.escape(title)}</h3>{tables_of.as_html(results, shown)}")


def _figures(
    sequences: Sequences, jobs: list[Job], fits: list[Fit], images: Path | None
) -> Iterator[Figure]:
    first = {job.spec: job for job in jobs if job.number == 0}
    models = {
        spec: Tracer.load(job.folder, images=images)
        for spec, job in first.items()
        if job.folder is not None
    }
    split = jobs[0].split
    test = sequences.rows(split.test)
    shown = test.rows(slice(0, LEARNERS))
    recurrent = [spec for spec in models if parse_spec(spec)[0] in RECURRENT]
    best = _best(recurrent, fits)
    compared = [
        spec for spec in dict.fromkeys(["static", "static_time", best or ""]) if spec in models
    ]
    chosen = {spec: models[spec] for spec in compared}
    per_class = 1 if jobs[0].encoder == "none" else 4
    yield (
        "accuracy",
        accuracy.accuracy_over_time(shown, chosen, per_class),
        "Top: right answers of the test learners on each class (five neighbouring trials pooled, "
        "95 % Wilson intervals). Bottom: the models' mean probability of a right answer to images "
        "of the class, asked at every second trial; one standard deviation around. The dashed line "
        "marks the change to the test.",
    )
    yield (
        "reliability",
        _calibration(fits, sequences, jobs),
        (
            "Calibration over the test learners of all splits: predicted probability of every "
            "class against how often it was the response. On the dashed line, probabilities mean "
            "what they say."
        ),
    )
    if best is not None:
        yield from _recurrent_figures(models[best], best, shown)
    warners = [spec for spec in (best, "bkt") if spec is not None and spec in models]
    if warners:
        yield from _warning_figures(warners, sequences, jobs, images)
    # one that is not told the class has to find it in the image, so its planes say the most
    planes = next((spec for spec in recurrent if spec.startswith("cls_pred")), None)
    if planes is not None and jobs[0].encoder != "none":
        yield from _space_figures(models[planes], planes, shown)


def _best(specs: list[str], fits: list[Fit]) -> str | None:
    """Name the recurrent model with the highest micro average precision in the test phase."""
    means = {
        spec: np.nanmean([fit.scores["test"].micro for fit in fits if fit.spec == spec])
        for spec in specs
    }
    return max(means, key=lambda spec: means[spec]) if means else None


def _calibration(fits: list[Fit], sequences: Sequences, jobs: list[Job]) -> Any:
    specs = [spec for spec in dict.fromkeys(job.spec for job in jobs) if spec != "gt"]
    found = {}
    for spec in specs:
        predicted, chosen = [], []
        for fit in (fit for fit in fits if fit.spec == spec):
            split = next(job.split for job in jobs if job.number == fit.number)
            test = sequences.rows(split.test)
            predicted.append(fit.probabilities[test.scored])
            chosen.append(test.response[test.scored])
        found[spec] = reliability(np.concatenate(predicted), np.concatenate(chosen))
    return curves.reliability_curves(found)


_LAID = {
    "UMAP": "in two dimensions by UMAP (neighbours stay near; other distances have no meaning)",
    "PCA": "in the plane of their largest variance (PCA)",
}


def _recurrent_figures(model: Tracer, name: str, shown: Sequences) -> Iterator[Figure]:
    points = states.state_points(model, shown)
    yield (
        "states",
        states.states_by_class(points),
        f"Hidden and cell states of {name} while it traces {len(shown.sessions)} test learners, at "
        f"the trials that showed each class, {_LAID[points['by'].iloc[0]]}; coloured by the "
        "probability that the answer is right.",
    )
    yield (
        "paths",
        states.single_paths(points, shown, states.contrasting(shown)),
        f"Two learners: their answers over time, and their path through the states of {name} (from "
        "blue at the beginning to red at the end; grey: all learners).",
    )


def _warning_figures(
    specs: list[str], sequences: Sequences, jobs: list[Job], images: Path | None
) -> Iterator[Figure]:
    """Yield early warning by the test learners of all splits; the first of `specs` has a ROC."""
    found: dict[str, Any] = {}
    for spec in specs:
        parts = []
        for job in (job for job in jobs if job.spec == spec and job.folder is not None):
            known = sequences.rows(np.r_[job.split.train, job.split.validation])
            model = Tracer.load(job.folder, images=images)  # type: ignore[arg-type]
            try:
                warned = early_warning(model, known, sequences.rows(job.split.test))
            except SequenceFault:
                return  # all learners known ended alike: there is nothing to warn of
            # scores are judged against each split's own median
            parts.append(warned.assign(split=job.number))
        found[spec] = pd.concat(parts)
    aucs = [
        _mean_over_splits(warning).replace({"probability": spec, "by_count": COUNT})
        for spec, warning in found.items()
    ]
    together = pd.concat(aucs).drop_duplicates(["seen", "by"])
    first = found[specs[0]]
    times = sorted(set(first["seen"]))
    few = first[first["seen"].isin(times[:: max(1, len(times) // 4)])]
    both = curves.roc_by_seen(roc_curves(few)) | curves.auc_over_trials(together)
    yield (
        "early_warning",
        both.resolve_scale(color="independent"),
        "How early are those found who will not finish above the median score? Left: ROC of "
        f"{specs[0]} by the number of trials seen; right: the area under it (mean over the "
        "splits), beside the plain count of right answers so far. Test learners of all splits.",
    )


def _mean_over_splits(warning: pd.DataFrame) -> pd.DataFrame:
    """Average the area under the ROC over splits, which have different medians."""
    each = [roc_by_trials(part) for _, part in warning.groupby("split")]
    joined = pd.concat(each).groupby(["seen", "by"], sort=False, as_index=False)
    return joined.agg({"auc": "mean", "n": "sum"})


def _space_figures(model: Tracer, name: str, shown: Sequences) -> Iterator[Figure]:
    last = int(shown.mask[0].sum()) - 1
    times = sorted({min(t, last) for t in (4, last // 2, last)})
    session = states.contrasting(shown)[0]
    yield (
        "feature_space",
        space.feature_space(model, shown),
        f"The feature space of {name}, in its plane of largest variance.",
    )
    yield (
        "subspaces",
        space.induced_subspaces(model, shown, session, times),
        f"What the classifiers that {name} predicts for learner {session} predict for the "
        "images: further right means a more likely answer. Opaque: images of the class.",
    )
