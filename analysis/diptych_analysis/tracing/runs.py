"""Fits and scores models over splits: one task a model and split, in parallel, never done twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from diptych_analysis.tracing.evaluation import (
    summary,
)
from diptych_analysis.tracing.jobs import Fit, Job, do
from diptych_analysis.tracing.learning import learning_curve
from diptych_analysis.tracing.models import parse_spec
from diptych_analysis.tracing.progress import Epoch, listening, writing
from diptych_analysis.tracing.sequences import Sequences
from diptych_analysis.tracing.splits import learner_splits


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
