"""Files of weights: what they may hold, and one clear fault for everything else."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from diptych_analysis.networks.faults import MachineFault
from diptych_analysis.networks.networks import _fill
from diptych_analysis.networks.weights import WeightsFault, read_saved, read_weights
from diptych_analysis.tables import Tables
from diptych_analysis.tracing.encoders import EncoderFault
from diptych_analysis.tracing.encoders.frozen import _load
from diptych_analysis.tracing.models import ModelFault, Tracer, make_model
from diptych_analysis.tracing.sequences import Sequences, sequences_from


class Program:
    """An object whose pickle runs a program when it is read."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (self.mark,)  # type: ignore[return-value]


def save_program(file: Path) -> Path:
    """A file of weights that would leave a mark; returns where."""
    mark = file.with_suffix(".mark")
    torch.save({"weight": torch.zeros(2), "extra": Program(mark)}, file)
    return mark


ODD: dict[str, Callable[[Path], object]] = {
    "a tensor": lambda file: torch.save(torch.zeros(3), file),
    "a list": lambda file: torch.save([torch.zeros(3)], file),
    "numbers as names": lambda file: torch.save({1: torch.zeros(3)}, file),
    "text": lambda file: file.write_text("weights"),
    "empty": lambda file: file.write_bytes(b""),
    "a pickle": lambda file: file.write_bytes(pickle.dumps({"a": 1})),
    "a folder": lambda file: file.mkdir(),
    "a whole model": lambda file: torch.save(torch.nn.Linear(2, 2), file),
}


@pytest.mark.parametrize("name", ODD)
def test_what_holds_no_weights_is_one_fault_everywhere(name: str, tmp_path: Path) -> None:
    file = tmp_path / "weights.pt"
    ODD[name](file)
    with pytest.raises(WeightsFault, match=r"weights\.pt"):
        read_weights(file)
    with pytest.raises(EncoderFault, match=r"weights\.pt"):
        _load(torch.nn.Linear(2, 2), "linear", file)
    with pytest.raises(MachineFault, match=r"weights\.pt"):
        _fill(torch.nn.Linear(2, 2), file, "linear")


def test_no_program_in_a_file_is_run(tmp_path: Path) -> None:
    file = tmp_path / "weights.pt"
    mark = save_program(file)
    for read, fault in (
        (read_saved, WeightsFault),
        (lambda file: _load(torch.nn.Linear(2, 2), "linear", file), EncoderFault),
        (lambda file: _fill(torch.nn.Linear(2, 2), file, "linear"), MachineFault),
    ):
        with pytest.raises(fault, match=r"weights\.pt.*can't be read"):
            read(file)
    assert not mark.exists()
    torch.load(file, weights_only=False)
    assert mark.exists(), "the file would have run it"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsFault, match=r"no file of weights .*none\.pt"):
        read_saved(tmp_path / "none.pt")


def test_a_state_dict_may_stand_in_a_checkpoint(tmp_path: Path) -> None:
    weights = torch.nn.Linear(2, 3).state_dict()
    torch.save({"state_dict": weights, "epoch": 3}, tmp_path / "whole.pt")
    torch.save(weights, tmp_path / "bare.pt")
    whole, bare = read_weights(tmp_path / "whole.pt"), read_weights(tmp_path / "bare.pt")
    assert list(whole) == list(bare) == list(weights)
    assert all(torch.equal(whole[name], bare[name]) for name in weights)


@given(at=st.integers(0), other=st.binary(min_size=1, max_size=20))
def test_a_damaged_file_is_a_fault_or_what_it_was(
    tmp_path_factory: pytest.TempPathFactory, at: int, other: bytes
) -> None:
    file = tmp_path_factory.mktemp("damaged") / "weights.pt"
    torch.save({"weight": torch.arange(4.0)}, file)
    data = file.read_bytes()
    at %= len(data)
    file.write_bytes(data[:at] + other + data[at + len(other) :])
    try:
        found = read_weights(file)
    except WeightsFault as fault:
        assert "weights.pt" in str(fault)
    else:
        assert all(isinstance(value, torch.Tensor) for value in found.values())


# --- Models of tracing


@pytest.fixture(scope="module")
def sequences(simulated: Callable[..., Tables]) -> Sequences:
    return sequences_from(simulated(6, training=4, test=2))


@pytest.mark.parametrize(
    ("spec", "file"), [("dkt", "weights.pt"), ("bkt", "arrays.npz"), ("bkt", "model.json")]
)
@pytest.mark.parametrize("damage", [b"", b"x", b"[]", b'{"format": 1}', b"\xff\xfe\x00"])
def test_a_saved_model_that_is_damaged_is_a_fault(
    sequences: Sequences, tmp_path: Path, spec: str, file: str, damage: bytes
) -> None:
    make_model(spec, epochs=1).fit(sequences, sequences).save(tmp_path / "model")
    assert (tmp_path / "model" / file).exists()
    (tmp_path / "model" / file).write_bytes(damage)
    with pytest.raises(ModelFault, match=str(tmp_path)):
        Tracer.load(tmp_path / "model")


@pytest.mark.parametrize("missing", ["spec", "encoder", "classes", "settings", "scale", "n_times"])
def test_a_saved_model_without_a_key_is_a_fault(
    sequences: Sequences, tmp_path: Path, missing: str
) -> None:
    make_model("dkt", epochs=1).fit(sequences, sequences).save(tmp_path / "model")
    kept = json.loads((tmp_path / "model" / "model.json").read_text())
    for value in (None, 7, "x", [], {}):
        (tmp_path / "model" / "model.json").write_text(json.dumps(kept | {missing: value}))
        try:
            Tracer.load(tmp_path / "model")
        except ValueError as fault:
            assert str(fault)
    del kept[missing]
    (tmp_path / "model" / "model.json").write_text(json.dumps(kept))
    with pytest.raises(ModelFault, match=missing):
        Tracer.load(tmp_path / "model")


def test_a_checkpoint_of_something_else_is_a_fault(sequences: Sequences, tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.pt"
    for saved in (
        {"net": {}},
        {"net": {"a": torch.zeros(1)}, "optimizer": {}, "progress": {}, "best": {}},
    ):
        torch.save(saved, file)
        with pytest.raises(ModelFault, match=r"checkpoint\.pt"):
            make_model("dkt", epochs=1).fit(sequences, sequences, checkpoint=file)
