"""Fits and scores models over splits: one task a model and split, in parallel, never done twice."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from diptych_analysis.tables import write_json
from diptych_analysis.tracing.evaluation import (
    Probabilities,
    Scores,
    score_phases,
    summary,
)
from diptych_analysis.tracing.learning import learning_curve
from diptych_analysis.tracing.models import Tracer, make_model, parse_spec
from diptych_analysis.tracing.progress import Epoch, listening, writing
from diptych_analysis.tracing.sequences import Sequences
from diptych_analysis.tracing.splits import Split, learner_splits


@dataclass(frozen=True)
class Job:
    """One model on one split, and where its results are kept (nowhere when None)."""

    spec: str
    number: int
    split: Split
    encoder: str = "none"
    settings: Mapping[str, Any] = field(default_factory=dict)
    folder: Path | None = None

    def key(self, sequences: Sequences) -> str:
        """Hash what was computed: the data, the split, the model and how it was trained."""
        images = str(self.settings.get("images", ""))
        about = [self.spec, self.encoder, images, self.split.seed]
        rest = {k: v for k, v in self.settings.items() if k not in ("images", "cache", "threads")}
        parts = [sequences.fingerprint(), about, sorted(rest.items())]
        parts += [part.tolist() for part in (self.split.train, self.split.test)]
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


@dataclass
class Fit:
    """What came of a job. `probabilities` (n_test, T, C) are those of the split's test sessions."""

    spec: str
    number: int
    scores: dict[str, Scores]
    epochs: int
    seconds: float
    probabilities: Probabilities


def do(
    job: Job, sequences: Sequences, watch: Callable[[int, float, float], None] | None = None
) -> Fit:
    """Fit and score one job, or read what an earlier run kept of the same job."""
    key = job.key(sequences)
    train, validation, test = job.split.of(sequences)
    kept = _kept(job, key, test)
    if kept is not None:
        return kept
    started = time.perf_counter()
    model = make_model(job.spec, encoder=job.encoder, seed=job.split.seed, **job.settings)
    checkpoint = None if job.folder is None else job.folder / f"checkpoint-{key}.pt"
    model.fit(train, validation, watch=watch, checkpoint=checkpoint)
    probabilities = model.predict_proba(test)
    epochs = getattr(getattr(model, "progress", None), "epoch", 0)
    fit = Fit(
        job.spec,
        job.number,
        score_phases(probabilities, test),
        epochs,
        time.perf_counter() - started,
        probabilities,
    )
    if job.folder is not None:
        _keep(job, key, fit, model, test)
    return fit


def _kept(job: Job, key: str, test: Sequences) -> Fit | None:
    if job.folder is None or not (job.folder / "result.json").exists():
        return None
    found = json.loads((job.folder / "result.json").read_text())
    if found.get("key") != key:
        return None
    frame = pd.read_parquet(job.folder / "predictions.parquet")
    p = np.full((*test.shape, test.n_classes), 1 / test.n_classes)
    p[test.mask] = frame[[f"p:{name}" for name in test.classes]].to_numpy()
    return Fit(job.spec, job.number, score_phases(p, test), found["epochs"], found["seconds"], p)


def _keep(job: Job, key: str, fit: Fit, model: Tracer, test: Sequences) -> None:
    assert job.folder is not None
    model.save(job.folder)
    predictions_frame(fit.probabilities, test).to_parquet(job.folder / "predictions.parquet")
    found = {
        "key": key,
        "scores": {phase: asdict(scores) for phase, scores in fit.scores.items()},
        "epochs": fit.epochs,
        "seconds": round(fit.seconds, 3),
    }
    write_json(job.folder / "result.json", found)  # last: it says that the rest is whole


def predictions_frame(probabilities: Probabilities, sequences: Sequences) -> pd.DataFrame:
    """Return session_id, trial (from 0, traced ones only), label, response, `p:CLASS` per trial."""
    rows, times = np.nonzero(sequences.mask)
    names = np.asarray([*sequences.classes, ""], dtype=object)  # -1 finds the empty name
    frame = pd.DataFrame(
        {
            "session_id": np.asarray(sequences.sessions, dtype=object)[rows],
            "trial": times,
            "label": names[sequences.label[rows, times]],
            "response": names[sequences.response[rows, times]],
        }
    )
    for c, name in enumerate(sequences.classes):
        frame[f"p:{name}"] = probabilities[rows, times, c]
    return frame


def make_jobs(
    sequences: Sequences,
    specs: Sequence[str],
    *,
    splits: int = 5,
    seed: int = 0,
    encoder: str = "none",
    settings: Mapping[str, Any] | None = None,
    save: Path | None = None,
) -> list[Job]:
    """Make a job per model and split. Raises before any work on a wrong name or wrong data."""
    for spec in specs:
        parse_spec(spec)
    found = learner_splits(sequences, splits, seed)
    return [
        Job(
            spec,
            number,
            split,
            encoder,
            dict(settings or {}),
            None if save is None else save / spec.replace("+", "_") / f"split-{number}",
        )
        for number, split in enumerate(found)
        for spec in specs
    ]


def run(
    jobs: Sequence[Job],
    sequences: Sequences,
    *,
    n_jobs: int = 1,
    cluster: str | None = None,
    watch: Callable[[Job, int, float, float], None] | None = None,
) -> Iterator[Fit]:
    """Yield the fits as they finish: `n_jobs` processes here, or a Dask `cluster` at an address.

    `watch` hears of every epoch, from other processes a moment later; from a cluster it hears
    nothing.
    """
    if n_jobs == 1 and cluster is None:
        for job in jobs:
            yield do(job, sequences, _watching(job, watch))
        return
    from joblib import Parallel, delayed

    def heard(number: int, epoch: Epoch) -> None:
        if watch is not None:
            watch(jobs[number], *epoch)

    with _backend(cluster), listening(heard) as folder:
        parallel = Parallel(n_jobs=n_jobs, return_as="generator_unordered")
        yield from parallel(
            delayed(_do_elsewhere)(job, sequences, None if cluster else folder / str(number))
            for number, job in enumerate(jobs)
        )


def _do_elsewhere(job: Job, sequences: Sequences, told: Path | None) -> Fit:
    """Run `do` in a worker process."""
    _load_torch()
    return do(job, sequences, None if told is None else writing(told))


@cache
def _load_torch() -> None:
    """Load all that training needs, whether or not the first job of this process needs it.

    Joblib's workers are measured after their first job, and taken for leaking, stopped and begun
    anew when they have grown by 300 MB since. torch alone is 600: a worker that began with `gt`
    was stopped after its first network.
    """
    import torch

    import diptych_analysis.tracing.models.neural  # noqa: F401

    torch.optim.Adam([torch.zeros(1, requires_grad=True)])  # the first one loads a compiler


def _watching(
    job: Job, watch: Callable[[Job, int, float, float], None] | None
) -> Callable[[int, float, float], None] | None:
    if watch is None:
        return None
    return lambda epoch, trained, held_out: watch(job, epoch, trained, held_out)


@contextmanager
def _backend(cluster: str | None) -> Iterator[None]:
    if cluster is None:
        yield
        return
    from dask.distributed import Client
    from joblib import parallel_config

    with (
        Client(cluster) as client,  # type: ignore[no-untyped-call]
        parallel_config(backend="dask", wait_for_workers_timeout=60, client=client),
    ):
        yield


def results_of(
    fits: Sequence[Fit],
    sequences: Sequences,
    specs: Sequence[str],
    about: Mapping[str, Any],
    jobs: Sequence[Job] = (),
) -> dict[str, Any]:
    """Return all scores as JSON: the splits of each model, their summary, `learning_curve`."""
    n, t = sequences.shape
    found: dict[str, Any] = {
        **about,
        "sessions": n,
        "learners": len(set(sequences.learners)),
        "participant_kinds": sorted(set(sequences.kind)),
        "trials": int(sequences.mask.sum()),
        "longest": t,
        "classes": list(sequences.classes),
        "models": {},
    }
    for spec in specs:
        own = sorted((f for f in fits if f.spec == spec), key=lambda fit: fit.number)
        totals = summary([fit.scores for fit in own])
        found["models"][spec] = {
            "summary": {
                phase: {name: {"mean": m, "sd": sd} for name, (m, sd) in columns.items()}
                for phase, columns in totals.items()
            },
            "splits": [
                {
                    "split": fit.number,
                    "epochs": fit.epochs,
                    "seconds": round(fit.seconds, 2),
                    **{phase: asdict(s) for phase, s in fit.scores.items()},
                }
                for fit in own
            ],
        }
        if jobs:
            curve = learning_curve(own, [job for job in jobs if job.spec == spec], sequences)
            found["models"][spec]["learning"] = curve
    return found
