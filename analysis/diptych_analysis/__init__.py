"""Offline analysis of the tidy tables: tracing models, machine scores, and their agreement.

    import diptych_analysis as da

    tables = da.read_tables("OUT/greebles")
    sequences = da.sequences(tables)
    train, validation, test = da.learner_splits(sequences)[0].of(sequences)
    da.score(da.make_model("bkt").fit(train), test)

`dir(da)` lists the names; docs/python.md shows how they fit together. A name is loaded when it is
first used: importing this package loads neither pandas nor torch.

Never imports `diptych` or Flask: everything here starts from the tables (`tables`).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diptych_analysis import mis, plot
    from diptych_analysis.agreement.compare import Choices as ScoreChoices
    from diptych_analysis.agreement.compare import compare as compare_scores
    from diptych_analysis.agreement.correlation import correlate
    from diptych_analysis.agreement.noise import answers_needed, noise_ceiling, planning
    from diptych_analysis.behaviour.error_consistency import error_consistency
    from diptych_analysis.behaviour.findings import Options as RaterOptions
    from diptych_analysis.behaviour.findings import find as rater_agreement
    from diptych_analysis.behaviour.response_files import read_responses
    from diptych_analysis.mis.runs import score_network
    from diptych_analysis.numerosity.runs import train_run as train_numerosity
    from diptych_analysis.psychometric.estimate import Settings as PsychometricSettings
    from diptych_analysis.psychometric.fitted_study import fit_study as fit_psychometric
    from diptych_analysis.psychometric.judgements import Choices as PsychometricChoices
    from diptych_analysis.psychometric.sensitivity import sensitivities_of as sensitivities
    from diptych_analysis.report.kept_trials import kept_trials
    from diptych_analysis.report.write import write_report
    from diptych_analysis.representations.rdx.comparison import compare as compare_representations
    from diptych_analysis.representations.rsvc.comparison import compare_concepts
    from diptych_analysis.tables.faults import TableFault
    from diptych_analysis.tables.read import Tables, read_tables
    from diptych_analysis.tables.write import write_tables
    from diptych_analysis.teaching.arms import compare_arms
    from diptych_analysis.teaching.experiment import run_cell as simulate_teaching
    from diptych_analysis.tracing.cli import trace_folder
    from diptych_analysis.tracing.early_warning import early_warning
    from diptych_analysis.tracing.forgetting import fit_forgetting
    from diptych_analysis.tracing.model_scores import score_model as score
    from diptych_analysis.tracing.models import MODELS, Tracer, make_model
    from diptych_analysis.tracing.sequences import Sequences
    from diptych_analysis.tracing.sequences import sequences_from as sequences
    from diptych_analysis.tracing.splits import learner_splits

    __version__: str

#: Public name -> module of this package, and the name in it where that differs.
_PLACES = {
    # tables
    "read_tables": "tables.read",
    "write_tables": "tables.write",
    "Tables": "tables.read",
    "TableFault": "tables.faults",
    "kept_trials": "report.kept_trials",
    "write_report": "report.write",
    # tracing
    "sequences": "tracing.sequences:sequences_from",
    "Sequences": "tracing.sequences",
    "learner_splits": "tracing.splits",
    "MODELS": "tracing.models",
    "make_model": "tracing.models",
    "Tracer": "tracing.models",
    "score": "tracing.model_scores:score_model",
    "trace_folder": "tracing.cli",
    "early_warning": "tracing.early_warning",
    "fit_forgetting": "tracing.forgetting",
    # people and machines
    "score_network": "mis.runs",
    "correlate": "agreement.correlation",
    "compare_scores": "agreement.compare:compare",
    "ScoreChoices": "agreement.compare:Choices",
    "noise_ceiling": "agreement.noise",
    "answers_needed": "agreement.noise",
    "planning": "agreement.noise",
    "read_responses": "behaviour.response_files",
    "rater_agreement": "behaviour.findings:find",
    "RaterOptions": "behaviour.findings:Options",
    "error_consistency": "behaviour.error_consistency",
    # psychophysics
    "fit_psychometric": "psychometric.fitted_study:fit_study",
    "PsychometricChoices": "psychometric.judgements:Choices",
    "PsychometricSettings": "psychometric.estimate:Settings",
    "sensitivities": "psychometric.sensitivity:sensitivities_of",
    # networks
    "compare_representations": "representations.rdx.comparison:compare",
    "compare_concepts": "representations.rsvc.comparison",
    "train_numerosity": "numerosity.runs:train_run",
    # teaching
    "compare_arms": "teaching.arms",
    "simulate_teaching": "teaching.experiment:run_cell",
}
#: Modules that are public names themselves.
_MODULES = ("mis", "plot")

__all__ = [
    "MODELS",
    "PsychometricChoices",
    "PsychometricSettings",
    "RaterOptions",
    "ScoreChoices",
    "Sequences",
    "TableFault",
    "Tables",
    "Tracer",
    "__version__",
    "answers_needed",
    "compare_arms",
    "compare_concepts",
    "compare_representations",
    "compare_scores",
    "correlate",
    "early_warning",
    "error_consistency",
    "fit_forgetting",
    "fit_psychometric",
    "kept_trials",
    "learner_splits",
    "make_model",
    "mis",
    "noise_ceiling",
    "planning",
    "plot",
    "rater_agreement",
    "read_responses",
    "read_tables",
    "score",
    "score_network",
    "sensitivities",
    "sequences",
    "simulate_teaching",
    "trace_folder",
    "train_numerosity",
    "write_report",
    "write_tables",
]


def __getattr__(name: str) -> object:
    """Load a public name from its module, when it is first used (PEP 562)."""
    if name == "__version__":
        from importlib.metadata import version

        return version("diptych")
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name in _PLACES:
        module, _, other = _PLACES[name].partition(":")
        return getattr(import_module(f"{__name__}.{module}"), other or name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
