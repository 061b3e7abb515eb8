"""The family of tracing models: one interface, one table of names.

    model = make_model("direct_y+acc", encoder="embedding")
    model.fit(train, validation).predict_proba(test)       # learners x time x classes

A name is one of `MODELS`, with `+acc` (running accuracy per class as input, thesis 2.7.6), `+rt`
(response time of the trial before as input), `+lag` (time since the answer before as input) and
`+ranking` (trained on the learner's ranking by
its Plackett-Luce likelihood) behind it where the model takes them.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from diptych_analysis.fault_lines import AnalysisFault
from diptych_analysis.tracing.evaluation import Probabilities
from diptych_analysis.tracing.sequences import SequenceFault, Sequences

if TYPE_CHECKING:
    from diptych_analysis.tracing.stepping import Stepper

FORMAT = 1
OPTIONS = ("acc", "rt", "lag", "ranking")

_NEURAL = "choice:neural"

#: name -> where its class is, its fixed arguments, and what it is
MODELS: dict[str, tuple[str, dict[str, str], str]] = {
    "gt": ("closed:GroundTruth", {}, "always predicts the true class"),
    "static": ("choice:static", {"kind": "static"}, "one classifier for all (Eq. 2.1)"),
    "static_time": ("choice:static", {"kind": "static_time"}, "one for each time (Eq. 2.2)"),
    "bkt": ("bkt:BKT", {}, "Bayesian knowledge tracing, one skill per class"),
    "prototype": (_NEURAL, {"kind": "prototype"}, "nearest class mean so far (Eq. 2.11, 2.12)"),
    "exemplar": (_NEURAL, {"kind": "exemplar"}, "nearest images so far (Eq. 2.13, 2.14)"),
    "transformer": (_NEURAL, {"kind": "transformer"}, "SAINT-like (2.7.4)"),
    "dkt": (_NEURAL, {"kind": "dkt"}, "LSTM on classes alone (Eq. 2.10)"),
    "direct_base": (_NEURAL, {"kind": "direct_base"}, "LSTM on the past alone (Eq. 2.7)"),
    "direct_y": (_NEURAL, {"kind": "direct_y"}, "and the class shown (Eq. 2.8)"),
    "direct_yz": (_NEURAL, {"kind": "direct_yz"}, "and the image shown (Eq. 2.3, 2.9)"),
    "cls_pred_base": (_NEURAL, {"kind": "cls_pred_base"}, "LSTM that predicts a classifier"),
    "cls_pred_y": (_NEURAL, {"kind": "cls_pred_y"}, "knowing the class shown (Eq. 2.4, 2.5)"),
    "cls_pred_yz": (_NEURAL, {"kind": "cls_pred_yz"}, "and the image shown"),
}
#: the variants that the thesis's main tables show
ALIASES = {"direct": "direct_yz", "cls_pred": "cls_pred_y"}
RECURRENT = tuple(name for name in MODELS if name == "dkt" or name.startswith(("direct", "cls_")))

Watch = Callable[[int, float, float], None]
"""Called after every epoch with its number and the training and validation loss."""


class ModelFault(AnalysisFault):
    """A model that can't be made, fitted, loaded or asked: what is wrong, and what is allowed."""


class Tracer(ABC):
    """A model of learners: fitted on some, asked about others, in the manner of scikit-learn.

    `sklearn.base.clone` makes an unfitted model with the same parameters.
    """

    spec: str
    encoder: str
    classes: tuple[str, ...]

    @abstractmethod
    def fit(
        self,
        train: Sequences,
        validation: Sequences | None = None,
        *,
        watch: Watch | None = None,
        checkpoint: Path | None = None,
    ) -> Self:
        """Learn from `train`; `validation` says when to stop.

        `checkpoint` is a file that training writes and goes on from, for models trained in epochs.
        """

    @abstractmethod
    def predict_proba(self, sequences: Sequences) -> Probabilities:
        """Predict (N, T, C): the probability of each response per trial, given only those before.

        What is shown at a trial (its image, its label where the model takes it) is known at that
        trial; its response is not. Rows of padding are uniform.

        Raises
        ------
        ModelFault
            Not fitted, other classes, or a stimulus that the model can't know.
        """

    @abstractmethod
    def _write(self, folder: Path) -> dict[str, Any]:
        """Write arrays into `folder`; return what else to keep, as JSON."""

    @abstractmethod
    def _read(self, folder: Path, kept: dict[str, Any]) -> None:
        """Read back what `_write` wrote."""

    def save(self, folder: Path) -> None:
        """Write the fitted model into a folder."""
        self._check_fitted()
        folder.mkdir(parents=True, exist_ok=True)
        about = {
            "format": FORMAT,
            "spec": self.spec,
            "encoder": self.encoder,
            "classes": self.classes,
        }
        (folder / "model.json").write_text(json.dumps({**about, **self._write(folder)}, indent=1))

    @staticmethod
    def load(folder: Path, images: Path | None = None) -> Tracer:
        """Load a model that `save` wrote; `ModelFault` when the folder holds none.

        `images` is where a model with an image encoder finds the images that it will be asked
        about.
        """
        file = Path(folder) / "model.json"
        try:
            kept = json.loads(file.read_text(encoding="utf-8"))
            if kept["format"] != FORMAT:
                raise ModelFault(f"{file}: format {kept['format']}, expected {FORMAT}")
            model = make_model(kept["spec"], encoder=kept["encoder"], images=images)
            model.classes = tuple(kept["classes"])
            model._read(Path(folder), kept)
        except FileNotFoundError as error:
            raise ModelFault(f"{folder} holds no model: no {Path(error.filename).name}") from error
        except (KeyError, TypeError, IndexError, AttributeError, UnicodeDecodeError,
                json.JSONDecodeError) as error:  # fmt: skip
            raise ModelFault(f"{file}: malformed: {error!r}") from error
        return model

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the arguments with which `make_model` makes this model.

        Parameters
        ----------
        deep : bool
            Has no effect: no model holds another one. scikit-learn passes it.
        """
        return {"spec": self.spec, "encoder": self.encoder}

    def set_params(self, **params: Any) -> Self:
        """Change parameters; a model whose parameters change must be fitted again.

        Raises
        ------
        ModelFault
            Unknown parameters, or parameters that need a model of another class.
        """
        known = self.get_params()
        unknown = [name for name in params if name not in known]
        if unknown:
            raise ModelFault(
                f"{self.spec}: no parameter {unknown[0]!r}; there are {', '.join(known)}"
            )
        if any(params[name] != known[name] for name in params):
            made = make_model(**{**known, **params})
            if type(made) is not type(self):
                raise ModelFault(
                    f"{self.spec} can't become {made!r}, a model of another class; use make_model"
                )
            vars(self).clear()
            vars(self).update(vars(made))
        return self

    def __sklearn_clone__(self) -> Tracer:
        """Make an unfitted model with the same parameters; `sklearn.base.clone` calls this."""
        return make_model(**self.get_params())

    def __repr__(self) -> str:
        """Return the call that makes this model, without parameters that are as by default."""
        usual = make_model(self.spec, encoder=self.encoder).get_params() | {"encoder": "none"}
        own = {name: value for name, value in self.get_params().items() if value != usual[name]}
        given = ", ".join([repr(self.spec), *(f"{name}={own[name]!r}" for name in own)])
        return f"make_model({given})"

    def stepper(self) -> Stepper:
        """Start a live session: `predict` what is shown, `observe` the response, trial by trial."""
        from diptych_analysis.tracing.stepping import Stepper

        self._check_fitted()
        return Stepper(self)

    def _check_fitted(self) -> None:
        if not getattr(self, "classes", ()):
            raise ModelFault(f"{self.spec}: not fitted yet")

    def _check(self, sequences: Sequences) -> None:
        self._check_fitted()
        if sequences.classes != self.classes:
            raise ModelFault(
                f"{self.spec} knows the classes {', '.join(self.classes)}; "
                f"asked about {', '.join(sequences.classes)}"
            )


def check_trainable(spec: str, train: Sequences) -> None:
    """Raise `SequenceFault` unless there is a response to learn from."""
    if not train.scored.any():
        raise SequenceFault(f"{spec}: no responses in {len(train.sessions)} training sessions")


def parse_spec(spec: str) -> tuple[str, frozenset[str]]:
    """Name and options of `name+option+...`; `ModelFault` names what is allowed."""
    name, *options = spec.strip().split("+")
    name = ALIASES.get(name, name)
    if name not in MODELS:
        raise ModelFault(f"no model named {name!r}; there are {', '.join([*MODELS, *ALIASES])}")
    unknown = [o for o in options if o not in OPTIONS]
    if unknown or len(set(options)) != len(options):
        raise ModelFault(f"{spec!r}: options are {', '.join(OPTIONS)}, each at most once")
    return name, frozenset(options)


def make_model(spec: str, *, encoder: str = "none", **settings: Any) -> Tracer:
    """Make an unfitted model by its name; `settings` as in `training.Settings`; or `ModelFault`."""
    name, options = parse_spec(spec)
    where, fixed, _ = MODELS[name]
    module, maker = where.split(":")
    made: Tracer = getattr(import_module(f"{__name__}.{module}"), maker)(
        spec=spec, encoder=encoder, options=options, settings=settings, **fixed
    )
    return made
