"""A job: one model on one split, fitted and scored once and then kept."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from diptych_analysis.tables import write_json
from diptych_analysis.tracing.evaluation import (
    Probabilities,
    Scores,
    score_phases,
)
from diptych_analysis.tracing.models import Tracer, make_model
from diptych_analysis.tracing.sequences import Sequences
from diptych_analysis.tracing.splits import Split


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
