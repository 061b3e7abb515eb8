"""Training stops early, keeps the best, can be interrupted and goes on as if it had not been."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from diptych_analysis.tables import Tables
from diptych_analysis.tracing.encoders import EncoderFault
from diptych_analysis.tracing.jobs import Job, do
from diptych_analysis.tracing.models import Tracer, make_model
from diptych_analysis.tracing.progress import Epoch, listening, writing
from diptych_analysis.tracing.runs import make_jobs, results_of, run
from diptych_analysis.tracing.sequences import SequenceFault, Sequences, sequences_from
from diptych_analysis.tracing.training import choice_loss, evaluate


@pytest.fixture(scope="module")
def sequences(simulated: Callable[..., Tables]) -> Sequences:
    return sequences_from(simulated(24, training=8, test=4))


@pytest.mark.parametrize("spec", ["dkt", "transformer", "cls_pred_y+ranking"])
def test_interrupted_and_resumed_is_as_good_as_never_interrupted(
    sequences: Sequences, tmp_path: Path, spec: str
) -> None:
    parts = sequences.rows(slice(0, 18)), sequences.rows(slice(18, 24))
    whole = make_model(spec, epochs=7, encoder="embedding").fit(*parts)

    def stop(epoch: int, trained: float, held_out: float) -> None:
        if epoch == 4:
            raise KeyboardInterrupt

    file = tmp_path / "checkpoint.pt"
    with pytest.raises(KeyboardInterrupt):
        make_model(spec, epochs=7, encoder="embedding").fit(*parts, watch=stop, checkpoint=file)
    assert file.exists()
    seen: list[int] = []
    resumed = make_model(spec, epochs=7, encoder="embedding")
    resumed.fit(*parts, watch=lambda epoch, *_: seen.append(epoch), checkpoint=file)
    assert seen[-1] == 7 and seen[0] in (4, 5) and not file.exists()
    assert np.array_equal(resumed.predict_proba(sequences), whole.predict_proba(sequences))


def test_the_best_epoch_is_kept(sequences: Sequences) -> None:
    train, held_out = sequences.rows(slice(0, 6)), sequences.rows(slice(6, 24))
    model = make_model("dkt", epochs=60, patience=8, rate=1e-2).fit(train, held_out)
    progress = model.progress  # type: ignore[attr-defined]
    losses = [loss for _, loss in progress.losses]
    assert len(losses) < 60, "it should have begun to overfit and been stopped"
    assert len(losses) - progress.best_epoch == 8
    assert progress.best == pytest.approx(min(losses), abs=1e-6)
    batch = model.batch_of(held_out, torch.device("cpu"))  # type: ignore[attr-defined]
    again = evaluate(model.net, batch, choice_loss)  # type: ignore[attr-defined]
    assert again == pytest.approx(min(losses), abs=1e-5)


def test_the_callers_random_numbers_are_left_alone(sequences: Sequences) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    make_model("dkt", epochs=1).fit(sequences).predict_proba(sequences)
    assert torch.equal(torch.rand(3), expected)


def test_a_run_stopped_half_way_goes_on(sequences: Sequences, tmp_path: Path) -> None:
    jobs = make_jobs(sequences, ["gt", "dkt"], splits=2, settings={"epochs": 2}, save=tmp_path)
    first = do(jobs[1], sequences)
    epochs: list[int] = []
    again = do(jobs[1], sequences, lambda epoch, *_: epochs.append(epoch))
    assert not epochs, "it was there already"
    assert np.allclose(first.probabilities, again.probabilities) and first.scores == again.scores
    # other settings are another result
    other = make_jobs(sequences, ["dkt"], splits=2, settings={"epochs": 1}, save=tmp_path)[0]
    do(other, sequences, lambda epoch, *_: epochs.append(epoch))
    assert epochs == [1]
    assert Tracer.load(tmp_path / "dkt" / "split-0").spec == "dkt"
    with pytest.raises(Exception, match="holds no model"):
        Tracer.load(tmp_path / "bkt" / "split-1")


@pytest.mark.slow
def test_jobs_in_parallel_give_the_same(sequences: Sequences) -> None:
    jobs = make_jobs(sequences, ["static", "dkt"], splits=2, settings={"epochs": 2})
    alone = results_of(list(run(jobs, sequences)), sequences, ["static", "dkt"], {})
    together = results_of(list(run(jobs, sequences, n_jobs=2)), sequences, ["static", "dkt"], {})
    for found in (alone, together):
        for model in found["models"].values():
            for split in model["splits"]:
                split.pop("seconds")
    assert alone == together


@pytest.mark.slow
def test_other_processes_are_not_begun_anew_and_tell_their_epochs(
    sequences: Sequences, recwarn: pytest.WarningsRecorder
) -> None:
    """A worker that first does `gt` and then loads torch was taken for leaking, and stopped."""
    jobs = make_jobs(sequences, ["gt", "dkt", "static"], splits=3, settings={"epochs": 40})
    told: list[tuple[str, int, int]] = []

    def watch(job: Job, epoch: int, trained: float, held_out: float) -> None:
        told.append((job.spec, job.number, epoch))
        assert np.isfinite([trained, held_out]).all()

    fits = list(run(jobs, sequences, n_jobs=2, watch=watch))
    assert {(fit.spec, fit.number) for fit in fits} == {(job.spec, job.number) for job in jobs}
    assert not [str(w.message) for w in recwarn if "worker" in str(w.message)]
    assert {(spec, number) for spec, number, _ in told} <= {(j.spec, j.number) for j in jobs}
    last = {(spec, number): epoch for spec, number, epoch in told}
    assert last.items() >= {(f.spec, f.number): f.epochs for f in fits if f.spec == "dkt"}.items()


def test_what_is_told_last_is_heard_however_soon_it_is_over() -> None:
    heard: list[tuple[int, Epoch]] = []
    with listening(lambda number, epoch: heard.append((number, epoch))) as folder:
        tell = writing(folder / "3")
        tell(1, 0.7, 0.8)
        tell(2, 0.5, 0.6)
    assert heard == [(3, (2, 0.5, 0.6))]


@pytest.mark.slow
@pytest.mark.exhaustive
def test_jobs_on_a_cluster_give_the_same(sequences: Sequences) -> None:
    distributed = pytest.importorskip("dask.distributed", reason="the extra `cluster` is missing")
    jobs = make_jobs(sequences, ["static", "dkt"], splits=1, settings={"epochs": 1})
    alone = {fit.spec: fit.scores for fit in run(jobs, sequences)}
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        fits = list(run(jobs, sequences, cluster=cluster.scheduler_address))
    assert {fit.spec: fit.scores for fit in fits} == alone


def test_nothing_to_learn_from_is_said(sequences: Sequences) -> None:
    from dataclasses import replace

    silent = replace(sequences, response=np.full_like(sequences.response, -1))
    for spec in ("static", "bkt", "dkt"):
        with pytest.raises(SequenceFault, match=f"{spec}: no responses in 24 training sessions"):
            make_model(spec).fit(silent)


# --- encoders ------------------------------------------------------------------------------------


def test_an_unknown_stimulus_is_named(sequences: Sequences) -> None:
    from dataclasses import replace

    model = make_model("direct_yz", encoder="embedding", epochs=1).fit(sequences)
    row, time = 3, 5
    names = list(sequences.stimuli)
    names[sequences.stimulus[row, time]] = "clouds:new"
    where = np.argwhere(sequences.stimulus == sequences.stimulus[row, time])[0]
    with pytest.raises(
        EncoderFault,
        match=f"session 's{where[0]:03d}', trial {where[1]}: stimulus 'clouds:new' is none of",
    ):
        model.predict_proba(replace(sequences, stimuli=tuple(names)))


def test_images_that_are_missing_or_broken_are_named(
    sequences: Sequences, pictures: Path, tmp_path: Path
) -> None:
    from dataclasses import replace

    def fit(s: Sequences, images: Path | None) -> None:
        make_model("static", encoder="cnn", epochs=1, images=images).fit(s)

    with pytest.raises(EncoderFault, match="needs the folder of the images"):
        fit(sequences, None)
    with pytest.raises(EncoderFault, match=r"stimulus 'clouds:0': no image '0\.png' in"):
        fit(sequences, tmp_path)
    for picture in pictures.iterdir():
        (tmp_path / picture.name).write_bytes(picture.read_bytes())
    (tmp_path / "7.png").write_bytes(b"no image at all")
    with pytest.raises(EncoderFault, match=r"stimulus 'clouds:7': .*7\.png can't be read"):
        fit(sequences, tmp_path)
    truncated = (pictures / "8.png").read_bytes()[:200]
    (tmp_path / "7.png").write_bytes(truncated)
    with pytest.raises(EncoderFault, match=r"7\.png can't be read"):
        fit(sequences, tmp_path)
    with pytest.raises(EncoderFault, match="has no file in the table of stimuli"):
        fit(replace(sequences, stimulus_file=("",) * 60), pictures)
    with pytest.raises(EncoderFault, match="no encoder named 'vgg'; there are none, embedding"):
        make_model("static", encoder="vgg", images=pictures).fit(sequences)


@pytest.mark.slow
def test_frozen_networks_look_at_each_image_once(
    sequences: Sequences, pictures: Path, tmp_path: Path
) -> None:
    from diptych_analysis.tracing.encoders.frozen import FrozenFeatures

    settings = {"images": pictures, "weights": "random", "cache": tmp_path, "epochs": 2}
    for encoder in ("timm:resnet10t", "resnet18"):
        model = make_model("static", encoder=encoder, **settings).fit(sequences)
        encoded = model.net.encoder  # type: ignore[attr-defined]
        assert isinstance(encoded, FrozenFeatures)
        assert len(encoded.features) == len(np.unique(sequences.stimulus[sequences.mask]))
        model.save(tmp_path / "model")
        loaded = Tracer.load(tmp_path / "model", images=pictures)
        p = model.predict_proba(sequences)
        assert np.abs(loaded.predict_proba(sequences) - p).max() < 1e-5
    files = {file: file.stat().st_mtime_ns for file in tmp_path.glob("*.npy")}
    assert len(files) == 2
    make_model("static", encoder="resnet18", **settings).fit(sequences)
    assert {file: file.stat().st_mtime_ns for file in tmp_path.glob("*.npy")} == files


def test_each_distinct_image_of_a_batch_is_encoded_once(
    sequences: Sequences, pictures: Path
) -> None:
    model = make_model("static", encoder="cnn", epochs=1, images=pictures).fit(sequences)
    encoder = model.net.encoder  # type: ignore[attr-defined]
    seen: list[int] = []
    embed = encoder.embed
    encoder.embed = lambda index: seen.extend(index.tolist()) or embed(index)
    batch = model.batch_of(sequences, torch.device("cpu"))  # type: ignore[attr-defined]
    with torch.no_grad():
        z = encoder(batch)
        alone = embed(batch.stimulus[3, 4:5])[0]
    assert sorted(seen) == sorted(set(batch.stimulus[batch.mask].tolist()))
    assert torch.allclose(z[3, 4], alone, atol=1e-6)


def test_images_of_other_sizes_and_colours_are_brought_to_one(
    sequences: Sequences, pictures: Path, tmp_path: Path
) -> None:
    for picture in pictures.iterdir():
        (tmp_path / picture.name).write_bytes(picture.read_bytes())
    Image.new("L", (50, 20), 128).save(tmp_path / "0.png")
    Image.new("RGBA", (32, 32), (1, 2, 3, 4)).save(tmp_path / "1.png")
    model = make_model("static", encoder="cnn", epochs=1, images=tmp_path).fit(sequences)
    assert model.net.encoder.store.pixels.shape[1:] == (3, 32, 32)  # type: ignore[attr-defined]


def test_an_encoder_sees_the_pixels_that_participants_see(
    tmp_path: Path, simulated: Callable[..., Tables]
) -> None:
    from support.odd_images import odd_images

    from diptych_analysis.pictures import read_picture
    from diptych_analysis.tracing.encoders.images import ImageStore

    sequences = sequences_from(simulated(6, training=20, test=4))
    odd = list(odd_images().values())
    for number, name in enumerate(sequences.stimulus_file):
        (tmp_path / Path(str(name)).name).write_bytes(odd[number % len(odd)].data)
    store = ImageStore(tmp_path)
    places = store.add(sequences)
    shown = np.unique(sequences.stimulus[sequences.mask])
    assert len(shown) >= len(odd)
    for number in shown:
        seen = np.asarray(read_picture(odd[number % len(odd)].data))
        assert (store.pixels[places[number]].permute(1, 2, 0).numpy() == seen).all()


def test_the_thesis_cnn_has_the_sizes_of_its_table(tmp_path: Path) -> None:
    from diptych_analysis.tracing.encoders.cnn import ThesisCNN
    from diptych_analysis.tracing.encoders.images import ImageStore

    for side, flattened in ((144, 1296), (128, 1024)):
        cnn = ThesisCNN("cnn", ImageStore(tmp_path, (3, side, side)), 16)
        linear = [m for m in cnn.body if isinstance(m, torch.nn.Linear)]
        assert [m.in_features for m in linear] == [flattened, 512, 256, 256]
        assert linear[-1].out_features == 16
