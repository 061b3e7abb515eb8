"""Findings as plain values, for `--json` and `--csv`."""

from __future__ import annotations

import math
from dataclasses import asdict, is_dataclass
from typing import Any

import numpy as np
import pandas as pd

from diptych_analysis.behaviour.error_consistency import MeanConsistency, consistency_of_counts
from diptych_analysis.behaviour.findings import Findings, PeopleAndMachines
from diptych_analysis.behaviour.responses import NO_ANSWER, Indices


def as_json(found: Findings) -> dict[str, Any]:
    """Write everything as plain values; what is not defined is null.

    `contrastive` and `contrastive_naive` are names of stimuli, lowest agreement first. The first
    are chosen on one half of the raters, the second on all of them.
    """
    responses, options = found.responses, found.options
    content = {
        "kinds": found.kinds,
        "raters": len(responses.raters),
        "stimuli": len(responses.stimuli),
        "categories": len(responses.categories),
        "responses": responses.count,
        "unanswered": _unanswered(found),
        "repeated_left_out": responses.repeated,
        "sessions_excluded": responses.sessions_excluded,
        "seed": options.seed,
        "resamples": options.resamples,
        "kappa": found.overall.kappa,
        "kappa_interval": found.intervals.kappa,
        "mean_agreement": found.overall.mean,
        "mean_agreement_interval": found.intervals.mean,
        "expected_agreement": found.overall.expected,
        "accuracy": found.accuracy,
        "error_consistency": _consistency(found),
        "raters_needed": _raters_needed(found),
        "k": found.k,
        "contrastive": _names(found, None if found.chosen is None else found.chosen.chosen),
        "contrastive_naive": _names(found, None if found.chosen is None else found.chosen.naive),
        "contrastive_scores": _contrastive(found),
        "controls": _controls(found),
        "by": {name: _records(table) for name, table in found.groups.items()},
        "people_and_machines": found.both and _both(found.both),
        "notes": found.notes,
    }
    clean: dict[str, Any] = plain(content)
    return clean


def _unanswered(found: Findings) -> int:
    categories = found.responses.categories
    if NO_ANSWER not in categories:
        return 0
    return int(np.count_nonzero(found.responses.codes == categories.index(NO_ANSWER)))


def _names(found: Findings, chosen: Indices | None) -> list[str] | None:
    return None if chosen is None else found.responses.stimuli["stimulus"].iloc[chosen].tolist()


def _consistency(found: Findings) -> dict[str, Any] | None:
    if found.consistency is None:
        return None
    right, counted = found.responses.right()
    pooled = consistency_of_counts(right.sum(axis=0), counted.sum(axis=0))
    return {**described_consistency(found.consistency), "from_counts": pooled}


def described_consistency(found: MeanConsistency) -> dict[str, Any]:
    """Describe mean error consistency by the names of its JSON."""
    return {
        "mean": found.mean,
        "interval": found.interval,
        "mean_of_largest_possible": found.most,
        "pairs": found.pairs,
        "pairs_undefined": found.undefined,
    }


def _raters_needed(found: Findings) -> dict[str, Any]:
    noise, each = found.noise, float(np.median(found.overall.ratings))
    return {
        "raters_per_stimulus": each,
        "correlation_now": noise.correlation(each) if each > 1 else None,
        "correlation_wanted": found.options.wanted,
        "raters_needed": noise.raters_for(found.options.wanted),
        "variance_of_agreement": noise.variance,
        "stimuli_used": noise.stimuli,
    }


def _contrastive(found: Findings) -> dict[str, Any] | None:
    chosen = found.chosen
    if chosen is None:
        return None
    whole = found.overall
    return {
        "raters_choosing": int(chosen.first_half.sum()),
        "raters_scoring": int((~chosen.first_half).sum()),
        "kappa": chosen.scores.kappa,
        "mean_agreement": chosen.scores.mean,
        "kappa_of_the_choosing_half": chosen.scores_own.kappa,
        "mean_agreement_of_the_choosing_half": chosen.scores_own.mean,
        "kappa_naive": chosen.scores_naive.kappa,
        "mean_agreement_naive": chosen.scores_naive.mean,
        "kappa_of_the_scoring_half_on_all_stimuli": chosen.scores_rest.kappa,
        "mean_agreement_of_the_scoring_half_on_all_stimuli": chosen.scores_rest.mean,
        "exaggeration": chosen.exaggeration,
        "items": [
            {
                "stimulus": str(found.responses.stimuli["stimulus"].iloc[place]),
                "agreement": whole.per_stimulus[place],
                "agreement_of_the_choosing_half": own,
                "agreement_of_the_scoring_half": other,
            }
            for place, own, other in zip(chosen.chosen, chosen.own, chosen.held_out, strict=True)
        ],
    }


def _controls(found: Findings) -> dict[str, Any] | None:
    controls = found.controls
    if controls is None:
        return None
    names = found.responses.stimuli["stimulus"].to_numpy()
    pairs = controls.pairs
    return {
        "pairs": [
            {"contrastive": names[one], "control": names[other], "accuracy_difference": difference}
            for one, other, difference in pairs.itertuples(index=False)
        ],
        "mean_accuracy_difference": float(pairs["difference"].mean()),
        "kappa_contrastive": controls.contrastive.kappa,
        "kappa_control": controls.control.kappa,
        "mean_agreement_contrastive": controls.contrastive.mean,
        "mean_agreement_control": controls.control.mean,
    }


def _both(found: PeopleAndMachines) -> dict[str, Any]:
    return {
        "stimuli": found.stimuli,
        "people": found.people,
        "agreement_correlation": found.agreement_correlation,
        "agreement_ceiling": found.agreement_ceiling,
        "distributions": found.comparison,
        "halves_of_people": found.halves,
        "error_consistency": found.consistency and described_consistency(found.consistency),
        "diagnostic_count": found.diagnostic_count,
        "diagnostic": _records(found.diagnostic),
    }


def stimuli_table(found: Findings) -> pd.DataFrame:
    """List the stimuli with their agreement and accuracy.

    Returns
    -------
    pd.DataFrame
        The columns of `Responses.stimuli`, then `responses`, `agreement`, `accuracy`,
        `contrastive` and `contrastive_naive` (rank from 1, empty if not chosen).
    """
    table = found.responses.stimuli.assign(
        responses=found.overall.ratings,
        agreement=found.overall.per_stimulus,
        accuracy=found.responses.stimulus_accuracy(),
    )
    for name in ("contrastive", "contrastive_naive"):
        ranks = pd.array([pd.NA] * len(table), dtype="Int64")
        if found.chosen is not None:
            chosen = found.chosen.chosen if name == "contrastive" else found.chosen.naive
            ranks[chosen] = np.arange(1, len(chosen) + 1)
        table[name] = ranks
    return table


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): cell for name, cell in row.items()} for row in table.to_dict("records")]


def plain(value: Any) -> Any:
    """Turn a value into what JSON can hold."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if value is None or isinstance(value, str | bool):
        return value
    if value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value.item() if hasattr(value, "item") else value
