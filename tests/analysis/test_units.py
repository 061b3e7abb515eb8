"""Which numbers of a layer belong to which image and unit: known networks, and timm's families."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from click.testing import CliRunner
from PIL import Image
from support.timm_families import SMALLEST
from torch import Tensor, nn

from diptych_analysis.mis.cli import mis
from diptych_analysis.mis.runs import score_network
from diptych_analysis.networks.extremes import Extremes
from diptych_analysis.networks.faults import MachineFault
from diptych_analysis.networks.layers import Layer, choose_layers, examine_layers, watched
from diptych_analysis.networks.networks import Network
from diptych_analysis.networks.store import read_items, read_left_out, read_scores
from diptych_analysis.networks.units import Rows

#: Families that the gate walks: windows, tokens, frames, norms of their own, plain convolutions.
IN_THE_GATE = (
    "swin_transformer_v2",
    "davit",
    "maxxvit",
    "mobilevit",
    "levit",
    "tnt",
    "convnext",
    "vision_transformer",
    "vision_transformer_relpos",
    "efficientvit_msra",
    "resnet",
    "nfnet",
)
SIDE = 8


def as_tensor(image: Image.Image) -> Tensor:
    small = np.asarray(image.resize((SIDE, SIDE)), dtype=np.float32) / 255
    return torch.from_numpy(small.copy()).permute(2, 0, 1)


def pictures(count: int) -> list[Image.Image]:
    rng = np.random.default_rng(3)
    return [Image.fromarray(rng.integers(0, 256, (64, 64, 3), np.uint8)) for _ in range(count)]


class Windows(nn.Module):
    """Its linear layer sees the four quarters of each image as rows, in one of two orders."""

    def __init__(self, order: str) -> None:
        super().__init__()
        self.order, self.first, self.head = order, nn.Conv2d(3, 4, 1), nn.Linear(5, 2)
        self.layer = nn.Linear(4, 5)

    def forward(self, images: Tensor) -> Tensor:
        found = self.first(images)
        quarters = [q for half in found.chunk(2, 2) for q in half.chunk(2, 3)]
        if self.order == "image by image":
            rows = torch.stack(quarters, 1).flatten(0, 1)
        elif self.order == "window by window":
            rows = torch.cat(quarters)
        else:  # pairs of windows, and in each the images
            pairs = [torch.stack(pair, 1).flatten(0, 1) for pair in (quarters[:2], quarters[2:])]
            rows = torch.cat(pairs)
        given: Tensor = self.layer(rows.flatten(2).transpose(1, 2))
        return self.head(given.mean(1)[: len(images)])  # type: ignore[no-any-return]


class Norms(nn.Module):
    """Norms over channels first and last, of maps with as many columns as channels."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, SIDE, 1)
        self.last_axis = nn.RMSNorm(SIDE)
        self.first_axis = FirstNorm(SIDE)
        self.whole = nn.LayerNorm((SIDE, SIDE))
        self.head = nn.Linear(SIDE, 2)

    def forward(self, images: Tensor) -> Tensor:
        found = self.first(images)
        found = self.last_axis(found.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return self.head(self.whole(self.first_axis(found)).mean((2, 3)))  # type: ignore[no-any-return]


class FirstNorm(nn.LayerNorm):
    """A layer norm over axis 1 that no name tells."""

    def forward(self, given: Tensor) -> Tensor:
        return super().forward(given.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def network(module: nn.Module) -> Network:
    torch.manual_seed(0)
    for weight in module.parameters():
        nn.init.normal_(weight)
    return Network("own", module, as_tensor)


def alone(net: Network, layers: list[Layer], image: Image.Image) -> dict[str, Tensor]:
    """Each layer's units for an image that is alone in its batch: all rows are its own."""
    seen: dict[str, Tensor] = {}

    def keep(layer: Layer, out: Tensor) -> None:
        own = out.movedim(layer.axis, -1)
        seen.setdefault(layer.name, own.reshape(-1, own.shape[-1]).float().mean(0))

    handles = [
        net.module.get_submodule(layer.module).register_forward_hook(
            lambda _, __, out, layer=layer: keep(layer, out)
        )
        for layer in layers
    ]
    with torch.inference_mode():
        net.module(net.batch([image]))
    for handle in handles:
        handle.remove()
    return seen


def assert_units_are_the_images(net: Network, layers: list[Layer]) -> None:
    images = pictures(3)
    with watched(net, layers) as seen, torch.inference_mode():
        net.module(net.batch(images))
        batched = dict(seen)
    slow = [alone(net, layers, image) for image in images]
    for layer in layers:
        rows = torch.stack([one[layer.name] for one in slow])
        assert batched[layer.name].shape == (3, layer.width)
        off = 1e-2 * float(torch.nan_to_num(rows).abs().max())
        torch.testing.assert_close(
            batched[layer.name], rows, rtol=1e-2, atol=off, equal_nan=True, msg=layer.name
        )


@pytest.mark.parametrize(
    ("order", "rows"),
    [("image by image", Rows(4)), ("window by window", Rows(4, apart=True))],
)
def test_windows_of_one_image_are_pooled_in_either_order(order: str, rows: Rows) -> None:
    net = network(Windows(order))
    (layer,) = choose_layers(net, ["layer"])
    assert (layer.width, layer.rows) == (5, rows)
    assert_units_are_the_images(net, [layer])


def test_windows_in_another_order_are_left_out_by_name() -> None:
    net = network(Windows("pairs"))
    examined = examine_layers(net)
    assert [layer.name for layer in examined.layers] == ["first", "head"]
    assert [(x.name, x.reason) for x in examined.left_out] == [("layer", "its rows mix images")]
    with pytest.raises(MachineFault, match=r"layer 'layer' can't be scored: its rows mix images"):
        choose_layers(net, ["layer"])


def test_the_axis_of_units_comes_from_the_layers_own_weight() -> None:
    """Channels, height and width are equal: neither size nor name tells."""
    net = network(Norms())
    examined = examine_layers(net)
    axes = {layer.name: layer.axis for layer in examined.layers}
    assert axes == {"first": 1, "last_axis": 3, "first_axis": 1, "head": 1}
    assert examined.left_out[0].reason == "has no weight from which the number of its units follows"
    assert_units_are_the_images(net, examined.layers)
    before = net.key
    examine_layers(net)
    assert net.key == before  # weights that were tried are as they were


def test_rows_that_change_between_batches_are_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    net = network(Windows("image by image"))
    layers = choose_layers(net, ["layer"])
    net.module.order = "odd"
    whole = net.module.forward

    def one_row_more(images: Tensor) -> Tensor:
        net.module.layer(torch.zeros(9, 16, 4))
        return whole(images)

    monkeypatch.setattr(net.module, "forward", one_row_more)
    with (
        pytest.raises(MachineFault, match="layer 'layer' gives 9 rows for 2 images"),
        watched(net, layers),
    ):
        net.module(net.batch(pictures(2)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    where = tmp_path / "images"
    where.mkdir()
    for number, picture in enumerate(pictures(40)):
        picture.save(where / f"{number:02}.png")
    return where


@pytest.mark.slow
def test_no_item_names_an_image_that_does_not_exist(folder: Path, tmp_path: Path) -> None:
    """40 images and windows as rows: once 160 "images"."""
    net = network(Windows("image by image"))
    given = {"n": 3, "k": 3, "similarity": "efficientnet-lite0+untrained", "layers": ["layer"]}
    scores = score_network(net, images=folder, to=tmp_path / "out", **given)
    assert set(scores["images"]) == {40} and len(scores) == 5
    items = read_items(tmp_path / "out")
    numbers = np.concatenate(
        [items["query_positive"], items["query_negative"], *items["positives"], *items["negatives"]]
    )
    assert numbers.min() >= 0 and numbers.max() < 40


@pytest.mark.slow
def test_scores_of_windows_as_images_are_computed_anew(folder: Path, tmp_path: Path) -> None:
    """What an earlier version left: more images than there are, and other units."""
    out = tmp_path / "out"
    net, given = network(Windows("image by image")), {"n": 3, "k": 3, "layers": ["layer"]}
    given |= {"images": folder, "to": out, "similarity": "efficientnet-lite0+untrained"}
    right = score_network(net, **given)
    for file in (out / "scores.parquet").glob("*.parquet"):
        old = right.assign(images=160)
        old.to_parquet(file)
    for file in (out / "cache" / "extremes").glob("*.npz"):
        wrong = Extremes.of(np.random.default_rng(0).random((160, 5), np.float32), 0, 12)
        np.savez(file, count=160, keep=wrong.keep, high=wrong.high, low=wrong.low)
    assert score_network(net, **given).equals(right)
    assert read_scores(out)["images"].unique().tolist() == [40]
    assert not read_items(out).duplicated(["layer", "unit", "task"]).any()


@pytest.mark.slow
def test_the_command_says_which_layers_are_left_out(folder: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(
        mis,
        ["timm:test_vit_relpos+untrained", "--images", str(folder), "--to", str(tmp_path / "out"),
         "-N", "2", "-K", "3", "--similarity", "efficientnet-lite0+untrained"],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    told = " ".join(done.output.split())
    assert "Left out: 18 layers (blocks.0.attn.rel_pos.mlp.fc1," in told
    assert "its rows are not images: 19 for 3 images, 19 for 2" in told
    assert len(read_left_out(tmp_path / "out")) == 18


def own_size(module: nn.Module) -> int:
    """Units by the layer's own weight."""
    if isinstance(module, nn.Linear | nn.modules.conv._ConvNd):
        return len(module.weight)
    weight = getattr(module, "weight", None)
    if weight is not None:
        return int(weight.numel())
    return int(getattr(module, "num_features", None) or module.normalized_shape[0])


def walk(family: str) -> None:
    architecture, options = SMALLEST[family]
    torch.manual_seed(0)
    module = timm.create_model(architecture, pretrained=False, **options)
    told = timm.data.resolve_model_data_config(module)
    if "img_size" in options:
        told["input_size"] = (3, options["img_size"], options["img_size"])
    net = Network(architecture, module, timm.data.create_transform(**told, is_training=False))
    examined = examine_layers(net)
    assert examined.layers
    for layer in examined.layers:
        assert layer.width == own_size(net.module.get_submodule(layer.module)), layer.name
    for left in examined.left_out:
        assert "not images" in left.reason, left  # tables of positions: no image reaches them
    print(f"{family} | {architecture} | {len(examined.layers)} | {len(examined.left_out)}")
    assert_units_are_the_images(net, examined.layers)


@pytest.mark.slow
@pytest.mark.parametrize("family", IN_THE_GATE)
def test_families_of_timm(family: str) -> None:
    walk(family)


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.parametrize("family", sorted(set(timm.list_modules()) - set(IN_THE_GATE)))
def test_every_other_family_of_timm(family: str) -> None:
    walk(family)
