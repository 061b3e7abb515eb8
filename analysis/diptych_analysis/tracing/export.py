"""A fitted tracing model -> one file that needs no PyTorch (`steppers.model_file`)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from diptych_analysis.steppers.model_file import KINDS, ModelFile
from diptych_analysis.tracing.models import ModelFault, Tracer, parse_spec
from diptych_analysis.tracing.sequences import Sequences

if TYPE_CHECKING:
    import numpy.typing as npt

    from diptych_analysis.tracing.models.neural import NeuralTracer


def export_model(model: Tracer, sequences: Sequences | None = None) -> ModelFile:
    """Return a fitted model as the host can step it.

    Parameters
    ----------
    model : Tracer
        A fitted model of one of `steppers.model_file.KINDS`.
    sequences : Sequences, optional
        Sequences with every stimulus that the model will be asked about. Only models with an
        encoder that looks at image files need them.

    Raises
    ------
    ModelFault
        When the model is of another kind, or needs `sequences`.
    """
    kind, options = parse_spec(model.spec)
    if kind not in KINDS:
        raise ModelFault(f"{model.spec} can not be exported; these can: {', '.join(KINDS)}")
    about: dict[str, Any] = {
        "spec": model.spec,
        "kind": kind,
        "encoder": model.encoder,
        "options": options,
        "classes": model.classes,
    }
    if kind == "bkt":
        from diptych_analysis.tracing.models.bkt import BKT

        assert isinstance(model, BKT)
        none = np.eye(len(model.classes), dtype=np.float32)
        return ModelFile(
            **about, stimuli=(), embeddings=none, scale=(0.0, 1.0), weights=model.arrays
        )
    from diptych_analysis.tracing.models.neural import NeuralTracer

    assert isinstance(model, NeuralTracer)
    stimuli, embeddings = _embeddings(model, sequences)
    weights = {name: array.cpu().numpy() for name, array in model.net.psi.state_dict().items()}
    return ModelFile(
        **about, stimuli=stimuli, embeddings=embeddings, scale=model.scale, weights=weights
    )


def _embeddings(
    model: NeuralTracer, sequences: Sequences | None
) -> tuple[tuple[str, ...], npt.NDArray[np.float32]]:
    """Return ids of the stimuli and z of each; without images, z of each class."""
    from diptych_analysis.tracing.encoders.embedding import FreeEmbedding

    encoder = model.net.encoder
    if not encoder.sees_images:
        return (), np.eye(len(model.classes), dtype=np.float32)
    if isinstance(encoder, FreeEmbedding):
        own = encoder.of_class.weight[encoder.labels] + encoder.of_stimulus.weight
        return encoder.stimuli, np.asarray(own.detach().cpu().numpy())
    if sequences is None:
        raise ModelFault(
            f"{model.spec} embeds image files: name the tables of the images (--tables DIR) and "
            "their folder (--images DIR)"
        )
    return sequences.stimuli, _seen(model, sequences)


def _seen(model: NeuralTracer, sequences: Sequences) -> npt.NDArray[np.float32]:
    """Return z of each stimulus, (S, D), from one made-up session that shows all of them."""
    from diptych_analysis.tracing.models.inspection import embeddings
    from diptych_analysis.tracing.stepping import Trial, sequence_of

    names = [sequences.classes[label] for label in sequences.stimulus_label]
    shown = [Trial(name, stimulus) for name, stimulus in zip(names, sequences.stimuli, strict=True)]
    session = replace(sequence_of(shown, sequences.classes), stimulus_file=sequences.stimulus_file)
    return np.asarray(embeddings(model, session)[0], dtype=np.float32)


def export_file(model: Path, to: Path, tables: Path | None, images: Path | None) -> ModelFile:
    """Do what `diptych trace export` does.

    Parameters
    ----------
    model : Path
        Folder of a saved model.
    to : Path
        The file to write.
    tables, images : Path or None
        Tidy tables whose stimuli the model is asked about, and the folder of the images.
    """
    from diptych_analysis.tables import read_tables
    from diptych_analysis.tracing.sequences import sequences_from

    fitted = Tracer.load(model, images=images)
    sequences = None
    if tables is not None:
        sequences = sequences_from(read_tables(tables), classes=fitted.classes)
    made = export_model(fitted, sequences)
    made.write(to)
    return made
