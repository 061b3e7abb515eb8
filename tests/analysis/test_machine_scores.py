"""A whole run over a folder of images, on networks whose units are known functions of the image."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner
from PIL import Image
from torch import Tensor, nn

from diptych_analysis.mis.cli import mis
from diptych_analysis.mis.passes import Work
from diptych_analysis.mis.runs import score_network
from diptych_analysis.networks import activations
from diptych_analysis.networks.faults import MachineFault
from diptych_analysis.networks.images import image_set
from diptych_analysis.networks.layers import choose_layers, scorable_layers
from diptych_analysis.networks.networks import Network, load_network
from diptych_analysis.networks.similarity import Embedding, Shuffled, Similarity, similarity
from diptych_analysis.networks.store import read_images, read_items, read_scores

SIDE = 8


def as_tensor(image: Image.Image) -> Tensor:
    """An image as numbers from 0 to 1, (3, 8, 8)."""
    small = np.asarray(image.resize((SIDE, SIDE)), dtype=np.float32) / 255
    return torch.from_numpy(small.copy()).permute(2, 0, 1)


class Colours(nn.Module):
    """Two convolutions and a linear layer that measure redness and its opposite, and a constant."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 3, 1, bias=False)
        self.middle = nn.Conv2d(3, 3, 1)
        self.last = nn.Linear(3, 2)
        with torch.no_grad():
            self.first.weight.copy_(torch.eye(3)[:, :, None, None])
            weight = torch.tensor([[1.0, 0, 0], [-1.0, 0, 0], [0, 0, 0]])
            self.middle.weight.copy_(weight[:, :, None, None])
            self.middle.bias.zero_()

    def forward(self, images: Tensor) -> Tensor:
        found: Tensor = self.last(self.middle(self.first(images)).mean(dim=(2, 3)))
        return found


class MeanColour(nn.Module):
    """Mean colours less their middle, as a similarity."""

    def forward(self, images: Tensor) -> Tensor:
        return images.mean(dim=(2, 3)) - 0.5


def colours() -> Network:
    torch.manual_seed(0)
    return Network("colours", Colours(), as_tensor)


def mean_colour() -> Similarity:
    return Embedding(Network("mean-colour", MeanColour(), as_tensor))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """60 plain images of random colours, in PNG."""
    rng = np.random.default_rng(5)
    where = tmp_path / "images"
    where.mkdir()
    for number, colour in enumerate(rng.integers(0, 256, size=(60, 3))):
        Image.new("RGB", (10, 10), tuple(map(int, colour))).save(where / f"{number:03}.png")
    return where


def run(folder: Path, to: Path, **options: Any) -> pd.DataFrame:
    given = {"layers": ["middle"], "n": 3, "k": 4, "similarity": mean_colour()} | options
    return score_network(given.pop("model", None) or colours(), images=folder, to=to, **given)


def test_units_of_known_functions_are_scored_as_a_slow_computation_says(
    folder: Path, tmp_path: Path
) -> None:
    scores = run(folder, tmp_path / "out")
    images = [np.asarray(Image.open(f), dtype=float) for f in sorted(folder.iterdir())]
    red = [float(np.float32(image[..., 0].mean() / 255)) for image in images]
    vectors = [image.mean(axis=(0, 1)) / 255 - 0.5 for image in images]
    unit = [v / np.linalg.norm(v) for v in vectors]
    assert scores["constant"].tolist() == [False, False, True]
    assert scores["mis"].isna().tolist() == [False, False, True]
    items = read_items(tmp_path / "out")
    assert set(items["unit"]) == {0, 1}  # constant units have no items
    for row, sign in ((0, 1), (1, -1)):
        order = sorted(range(60), key=lambda i: (-sign * red[i], i))
        probability = []
        for task in range(3):
            plus = [order[j * 3 + (task + j) % 3] for j in range(4)]
            minus = [order[::-1][j * 3 + (task + j) % 3] for j in range(4)]
            up, down = order[12 + task], order[::-1][12 + task]
            mean = [
                np.mean([unit[q] @ unit[e] for e in s]) for q in (up, down) for s in (plus, minus)
            ]
            margin = (mean[0] - mean[1]) - (mean[2] - mean[3])
            probability.append(1 / (1 + np.exp(-margin / 0.16)))
            kept = items[(items["unit"] == row) & (items["task"] == task)].iloc[0]
            assert kept["positives"].tolist() == plus and kept["query_negative"] == down
            assert kept["probability"] == pytest.approx(probability[-1], abs=1e-5)
        assert scores.loc[row, "mis"] == pytest.approx(np.mean(probability), abs=1e-5)
    assert scores.loc[0, "max_activation"] == pytest.approx(max(red), abs=1e-6)
    assert read_images(tmp_path / "out")["file"].tolist() == [f"{i:03}.png" for i in range(60)]


def test_a_second_run_computes_only_what_is_missing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(folder, tmp_path / "out")
    passes: list[tuple[str, int]] = []
    work = Work(watch=lambda what, done, of: passes.append((what, done)))
    again = run(folder, tmp_path / "out", work=work)
    assert passes == [] and again.equals(first)
    run(folder, tmp_path / "out", n=2, k=3, work=work)  # extremes and features are kept
    assert {what for what, _ in passes} == {"scores of middle"}
    both = run(folder, tmp_path / "out", layers=["middle", "first"], work=work)
    assert both["layer"].unique().tolist() == ["first", "middle"]
    assert both[both["layer"] == "middle"].reset_index(drop=True)["mis"].equals(first["mis"])
    assert len(read_scores(tmp_path / "out")) == 9  # no unit twice


def test_a_stopped_run_goes_on_after_its_last_block(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activations, "BLOCK", 16)
    whole = run(folder, tmp_path / "whole")
    seen: list[int] = []

    def stop(what: str, done: int, of: int) -> None:
        seen.append(done)
        if done == 32:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(folder, tmp_path / "out", work=Work(watch=stop))
    assert seen == [0, 16, 32]
    later: list[int] = []
    again = run(
        folder,
        tmp_path / "out",
        work=Work(
            watch=lambda what, done, of: later.append(done) if what == "activations" else None
        ),
    )
    assert later == [32, 48, 60]
    pd.testing.assert_frame_equal(again, whole)
    assert not list((tmp_path / "out" / "cache").glob("pass-*"))


def test_kept_activations_serve_any_number_of_items(folder: Path, tmp_path: Path) -> None:
    work = Work(activations=tmp_path / "kept")
    run(folder, tmp_path / "a", n=1, k=2, work=work)
    rows = np.load(tmp_path / "kept" / "middle.npy")
    assert rows.shape == (60, 3) and rows[:, 0].std() > 0.1
    told: list[str] = []
    more = Work(activations=tmp_path / "kept", watch=lambda what, done, of: told.append(what))
    from_disk = run(folder, tmp_path / "b", percentile=10, work=more)
    assert "activations" not in told
    pd.testing.assert_frame_equal(from_disk, run(folder, tmp_path / "c", percentile=10))


@pytest.mark.slow
@pytest.mark.exhaustive
def test_processes_and_a_dask_cluster_give_the_same_tables(folder: Path, tmp_path: Path) -> None:
    from dask.distributed import LocalCluster

    alone = score_network(
        "efficientnet-lite0", images=folder, to=tmp_path / "a", layers=["blocks.1*"], n=2, k=3,
        similarity="efficientnet-lite1", work=Work(threads=1),
    )  # fmt: skip
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        there = score_network(
            "efficientnet-lite0", images=folder, to=tmp_path / "b", layers=["blocks.1*"], n=2, k=3,
            similarity="efficientnet-lite1", work=Work(cluster=cluster.scheduler_address),
        )  # fmt: skip
    pd.testing.assert_frame_equal(there, alone, check_exact=True)
    names = [sorted(p.name for p in (tmp_path / x / "scores.parquet").iterdir()) for x in "ab"]
    assert names[0] == names[1]
    for table in ("scores", "items", "images"):
        for name in (tmp_path / "a" / f"{table}.parquet").iterdir():
            other = tmp_path / "b" / f"{table}.parquet" / name.name
            assert other.read_bytes() == name.read_bytes()


def test_a_shuffled_similarity_deals_out_the_same_features(folder: Path, tmp_path: Path) -> None:
    true, control = mean_colour(), Shuffled(mean_colour())
    images = [Image.open(f).convert("RGB") for f in sorted(folder.iterdir())]
    rows, dealt = true.features(images), control.features(images)
    assert not np.allclose(rows, dealt)
    assert np.allclose(np.sort(rows, axis=0), np.sort(dealt, axis=0))
    found = run(folder, tmp_path / "out", similarity=control)
    assert abs(found["mis"].mean() - 0.5) < abs(run(folder, tmp_path / "out")["mis"].mean() - 0.5)


def test_directions_are_products_with_the_pooled_output(folder: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "pca.npy", np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]))
    plain = run(folder, tmp_path / "out")
    turned = run(folder, tmp_path / "out", layers=(), directions={"middle": tmp_path / "pca.npy"})
    assert turned["layer"].unique().tolist() == ["middle@pca"]
    assert turned["mis"].tolist() == plain.loc[[1, 0], "mis"].tolist()
    np.save(tmp_path / "bad.npy", np.ones((2, 5)))
    with pytest.raises(MachineFault, match=r"\(units, 3\) for layer 'middle', and are \(2, 5\)"):
        run(folder, tmp_path / "out", layers=(), directions={"middle": tmp_path / "bad.npy"})


def test_images_of_every_kind_are_seen_as_people_see_them(tmp_path: Path) -> None:
    where = tmp_path / "images"
    (where / "deeper").mkdir(parents=True)
    Image.new("L", (5, 5), 128).save(where / "grey.png")
    Image.new("CMYK", (5, 5), (0, 255, 255, 0)).save(where / "print.jpg")
    Image.new("RGB", (1, 1), (1, 2, 3)).save(where / "deeper" / "pixel.png")
    Image.new("RGBA", (5, 5), (0, 0, 0, 0)).save(where / "clear.png")
    Image.new("I;16", (5, 5), 65535).save(where / "deep.png")
    (where / "deeper" / "again.png").write_bytes((where / "grey.png").read_bytes())
    (where / "notes.txt").write_text("no image")
    found = image_set(where)
    assert found.files == (
        "clear.png",
        "deep.png",
        "deeper/again.png",
        "deeper/pixel.png",
        "print.jpg",
    )
    assert found.duplicates == (("grey.png", "deeper/again.png"),)
    pixels = {name: found.open(i).getpixel((0, 0)) for i, name in enumerate(found.files)}
    assert pixels["clear.png"] == pixels["deep.png"] == (255, 255, 255)
    assert pixels["deeper/again.png"] == (128, 128, 128)
    red = pixels["print.jpg"]
    assert isinstance(red, tuple) and red[0] > 200 and red[1] < 60


def test_what_can_not_be_scored_is_named(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(MachineFault, match="no folder of images"):
        run(tmp_path / "nowhere", out)
    (tmp_path / "empty").mkdir()
    with pytest.raises(MachineFault, match=r"no images in .*empty"):
        run(tmp_path / "empty", out)
    with pytest.raises(MachineFault, match=r"60 images are too few .* 400 are needed"):
        run(folder, out, n=20, k=9)
    with pytest.raises(MachineFault, match="no layer 'midle'; near names: middle"):
        run(folder, out, layers=["midle"])
    with pytest.raises(MachineFault, match="no layer type 'pool'"):
        run(folder, out, kinds=["pool"])
    (folder / "030.png").write_bytes(b"not a picture")
    with pytest.raises(MachineFault, match=r"030\.png' can't be read"):
        run(folder, tmp_path / "other")
    assert not (tmp_path / "other" / "scores.parquet").exists()  # nothing half-written


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("resnet50", "allowed are timm:NAME"),
        ("timm:resnet5", "near names: resnet50"),
        ("timm:resnet18@nowhere.pth", "no file of weights 'nowhere.pth'"),
        ("timm:resnet18@some.pth+untrained", "a checkpoint is trained"),
    ],
)
def test_a_network_that_is_not_there_is_named(name: str, told: str) -> None:
    with pytest.raises(MachineFault, match=told):
        load_network(name)


@pytest.mark.slow
def test_a_checkpoint_loads_by_name_or_by_order_or_is_refused(tmp_path: Path) -> None:
    made = load_network("timm:resnet18+untrained")
    state = {key: value + 0.5 for key, value in made.module.state_dict().items()}
    torch.save({"state_dict": state}, tmp_path / "named.pth")
    torch.save({f"other.{i}": v for i, v in enumerate(state.values())}, tmp_path / "ordered.pth")
    torch.save({"fc.weight": torch.zeros(3)}, tmp_path / "wrong.pth")
    named, ordered = (
        load_network(f"timm:resnet18@{tmp_path}/{file}.pth") for file in ("named", "ordered")
    )
    assert named.key == ordered.key != made.key
    with pytest.raises(MachineFault, match=r"do not fit resnet18: conv1\.weight"):
        load_network(f"timm:resnet18@{tmp_path}/wrong.pth")


def test_the_packaged_network_sees_what_it_was_trained_to_see() -> None:
    from skimage import data

    network = load_network("efficientnet-lite0")
    with torch.inference_mode():
        logits = network.module(network.batch([Image.fromarray(data.coffee())]))
    assert int(logits.argmax()) in (504, 967, 968)  # coffee mug, espresso, cup


def test_layers_are_known_by_type_and_order_and_pooled_over_space_or_tokens() -> None:
    lite = scorable_layers(load_network("efficientnet-lite0+untrained"))
    assert [x.name for x in lite[:3]] == ["conv_stem", "bn1", "blocks.0.0.conv_dw"]
    assert lite[-1].name == "classifier" and {x.kind for x in lite} == {
        "conv",
        "batchnorm",
        "linear",
    }
    network = load_network("timm:vit_tiny_patch16_224+untrained")
    kinds = {x.name: (x.kind, x.width) for x in scorable_layers(network)}
    assert kinds["blocks.3.attn.qkv"] == ("attention", 576)
    assert kinds["blocks.3.mlp.fc1"] == ("linear", 768)
    assert kinds["blocks.3.norm1"] == ("layernorm", 192)
    default = [x.name for x in choose_layers(network)]
    assert "patch_embed.proj" not in default and "head" not in default
    assert all(x.kind == "attention" for x in choose_layers(network, kinds=["attention"]))
    swin = {x.name: x.width for x in scorable_layers(load_network("timm:convnext_atto+untrained"))}
    assert swin["stages.0.blocks.0.mlp.fc1"] == 160


@pytest.mark.slow
def test_the_command_prints_the_layers_and_names_faults(folder: Path, tmp_path: Path) -> None:
    common = ["--images", str(folder), "--to", str(tmp_path / "out"), "-N", "2", "-K", "3"]
    done = CliRunner().invoke(
        mis,
        [
            "efficientnet-lite0",
            *common,
            "--layers",
            "blocks.0*",
            "--json",
            str(tmp_path / "l.json"),
        ],
    )
    assert done.exit_code == 0, done.output
    assert "blocks.0.0.conv_pw" in done.output and "chance is 0.5" in done.output
    table = pd.read_json(tmp_path / "l.json")["models"][0]
    assert table["layers"][0]["layer"] == "blocks.0.0.conv_dw"
    wrong = CliRunner().invoke(mis, ["efficientnet-lite0", *common, "--layers", "blocks.9*"])
    assert wrong.exit_code == 1 and "near names" in wrong.output


def test_similarities_that_are_not_installed_say_how_to_get_them() -> None:
    with pytest.raises(MachineFault, match="allowed are timm:NAME"):
        similarity("cosine")
    absent = [name for name in ("dreamsim", "lpips") if find_spec(name) is None]
    if not absent:
        pytest.skip("both are installed here")
    for name in absent:
        with pytest.raises(MachineFault, match=r"pip install 'diptych\[similarity\]'"):
            similarity(name)


def test_lpips_features_give_lpips_own_differences() -> None:
    lpips = pytest.importorskip("lpips", reason="the extra `similarity` is not installed")
    from diptych_analysis.networks.similarity import LPIPS

    torch.manual_seed(0)
    model = lpips.LPIPS(net="alex", pnet_rand=True, verbose=False)
    compared = LPIPS("cpu", model, side=64)
    rng = np.random.default_rng(0)
    images = [Image.fromarray(rng.integers(0, 256, (64, 64, 3), np.uint8)) for _ in range(4)]
    rows = compared.features(images)
    tensors = torch.stack([compared.transform(i) for i in images]) * 2 - 1

    def distance(a: int, b: int) -> float:
        with torch.inference_mode():
            return float(model(tensors[a : a + 1], tensors[b : b + 1]))

    # Eq. 2-4 with similarity = -distance, queries 0 and 1, one explanation a side: 2 and 3.
    wanted = (-distance(0, 2) + distance(0, 3)) - (-distance(1, 2) + distance(1, 3))
    assert float((rows[0] - rows[1]) @ (rows[2] - rows[3])) == pytest.approx(wanted, abs=1e-5)
