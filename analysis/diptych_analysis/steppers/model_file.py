"""The file of an exported tracing model.

The file is an uncompressed `.npz` of numpy arrays, read without pickle:

- `about`: JSON text with `format` (1), `spec`, `kind`, `options` and `encoder`;
- `classes`: names of the C classes, in the order of the model;
- `stimuli`: ids of the S stimuli (SHA-256 of the image file, as in the tidy tables); empty where
  the model looks at classes only;
- `embeddings`: float32 (S, D), z of each stimulus; without stimuli (C, D), z of each class;
- `scale`: mean and standard deviation of the log response time in ms;
- `weight:NAME`: the arrays of the model.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
FORMAT: Final = 1
KINDS: Final = (
    "bkt", "prototype", "exemplar", "dkt", "direct_base", "direct_y", "direct_yz",
    "cls_pred_base", "cls_pred_y", "cls_pred_yz",
)  # fmt: skip
OPTIONS: Final = ("acc", "rt", "lag", "ranking")
#: Longest file that is read, in bytes.
LONGEST: Final = 64 * 1024 * 1024


class ModelFileFault(ValueError):
    """A file that is no exported model: what is wrong with it."""


@dataclass(frozen=True)
class ModelFile:
    """An exported model.

    Attributes
    ----------
    spec, kind, encoder : str
        The model's full name, such as `direct_y+acc`; its kind, one of `KINDS`; its encoder.
    options : frozenset of str
        Of `OPTIONS`.
    classes, stimuli : tuple of str
        Names of the classes, ids of the stimuli.
    embeddings : ndarray of float32 of shape (n_stimuli or n_classes, n_dimensions)
        See the module.
    scale : tuple of float
        Mean and standard deviation of the log response time in ms.
    weights : Mapping of str to ndarray
        Arrays of the model.
    """

    spec: str
    kind: str
    encoder: str
    options: frozenset[str]
    classes: tuple[str, ...]
    stimuli: tuple[str, ...]
    embeddings: Array
    scale: tuple[float, float]
    weights: Mapping[str, Array] = field(repr=False)

    @cached_property
    def number(self) -> Mapping[str, int]:
        """The place of each stimulus in `embeddings`, by id."""
        return {name: place for place, name in enumerate(self.stimuli)}

    def row(self, stimulus: str, label: int) -> int:
        """Return the row of `embeddings` for a stimulus of a class.

        Raises
        ------
        ModelFileFault
            For a stimulus that the model does not know.
        """
        if not self.stimuli:
            return label
        if stimulus not in self.number:
            raise ModelFileFault(
                f"{self.spec} has no embedding of the stimulus {stimulus!r}; it has "
                f"{len(self.stimuli)} stimuli"
            )
        return self.number[stimulus]

    def write(self, file: Path) -> None:
        """Write the file."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(self.to_bytes())

    def to_bytes(self) -> bytes:
        """Return the bytes of the file: the same for the same model."""
        about = {
            "format": FORMAT,
            "spec": self.spec,
            "kind": self.kind,
            "options": sorted(self.options),
            "encoder": self.encoder,
        }
        arrays: dict[str, Array] = {
            "about": np.array(json.dumps(about)),
            "classes": np.array(self.classes, dtype=np.str_),
            "stimuli": np.array(self.stimuli, dtype=np.str_),
            "embeddings": self.embeddings.astype(np.float32),
            "scale": np.array(self.scale),
            **{f"weight:{name}": array for name, array in self.weights.items()},
        }
        to = io.BytesIO()
        np.savez(to, **arrays)  # type: ignore[arg-type]
        return to.getvalue()


def read_model_file(data: bytes) -> ModelFile:
    """Read an exported model from the bytes of its file.

    Raises
    ------
    ModelFileFault
        When the bytes are none, or of another format.
    """
    if len(data) > LONGEST:
        raise ModelFileFault(f"{len(data):,} bytes; at most {LONGEST:,} are read")
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
        about = json.loads(str(arrays.pop("about")))
        model = _model(about, arrays)
    except ModelFileFault:
        raise
    except (KeyError, TypeError, ValueError, IndexError, OSError, EOFError, AttributeError,
            zipfile.BadZipFile) as error:  # fmt: skip
        raise ModelFileFault(
            f"no file of `diptych trace export`: {type(error).__name__}: {error}"
        ) from error
    return model


def _model(about: Mapping[str, Any], arrays: dict[str, Array]) -> ModelFile:
    if about["format"] != FORMAT:
        raise ModelFileFault(f"format {about['format']}; expected {FORMAT}")
    if about["kind"] not in KINDS or not set(about["options"]) <= set(OPTIONS):
        raise ModelFileFault(f"model {about['spec']!r}; kinds are {', '.join(KINDS)}")
    mean, deviation = arrays["scale"].tolist()
    weights = {
        name.removeprefix("weight:"): array
        for name, array in arrays.items()
        if name.startswith("weight:")
    }
    for name, array in [("embeddings", arrays["embeddings"]), *weights.items()]:
        if array.dtype.kind != "f" or not np.isfinite(array).all():
            raise ModelFileFault(f"{name} has values that are no finite numbers")
    classes, stimuli = (tuple(str(each) for each in arrays[n]) for n in ("classes", "stimuli"))
    rows = len(stimuli or classes)
    if arrays["embeddings"].ndim != 2 or len(arrays["embeddings"]) != rows:
        raise ModelFileFault(f"embeddings {arrays['embeddings'].shape} for {rows} rows")
    return ModelFile(
        spec=str(about["spec"]),
        kind=str(about["kind"]),
        encoder=str(about["encoder"]),
        options=frozenset(about["options"]),
        classes=classes,
        stimuli=stimuli,
        embeddings=arrays["embeddings"],
        scale=(mean, deviation),
        weights=weights,
    )
