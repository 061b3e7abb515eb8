"""Vision transformers: class token, tokens of the patches, and what makes logits of them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from diptych_analysis.networks.faults import MachineFault
from diptych_analysis.networks.images import image_set
from diptych_analysis.networks.layers import watched
from diptych_analysis.networks.networks import Network, load_network
from diptych_analysis.networks.tokens import choose_token_layers, token_head
from diptych_analysis.representations.reading import read_network
from diptych_analysis.representations.rsvc.activations import Observer
from diptych_analysis.representations.rsvc.comparison import Settings
from diptych_analysis.representations.rsvc.plan import Plan
from diptych_analysis.representations.rsvc.runs import compare_networks

VIT = "timm:vit_tiny_patch16_224+untrained"


@cache
def loaded(name: str) -> Network:
    return load_network(name, "cpu")


def pictures(count: int) -> list[Image.Image]:
    rng = np.random.default_rng(0)
    return [
        Image.fromarray(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)).resize((224, 224))
        for _ in range(count)
    ]


def seen_in(network: Network, pattern: str, tokens: str) -> np.ndarray:
    layers = choose_token_layers(network, [pattern], tokens)  # type: ignore[arg-type]
    with watched(network, layers) as seen, torch.inference_mode():
        network.module(network.batch(pictures(2)))
    return seen[pattern].numpy()


@pytest.mark.slow
def test_tokens_are_those_of_timms_own_forward_pass() -> None:
    network = loaded(VIT)
    with torch.inference_mode():
        block = network.module.forward_intermediates(  # type: ignore[operator]
            network.batch(pictures(2)),
            indices=[11],
            return_prefix_tokens=True,
            output_fmt="NLC",
            intermediates_only=True,
        )
    patches, prefix = (part.numpy() for part in block[0])
    assert patches.shape == (2, 196, 192) and prefix.shape == (2, 1, 192)
    for tokens, expected in {
        "auto": prefix[:, 0],
        "class": prefix[:, 0],
        "patches": patches.mean(axis=1),
        "all": np.concatenate([prefix, patches], axis=1).mean(axis=1),
    }.items():
        found = seen_in(network, "blocks.11", tokens)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_the_head_makes_the_logits_of_the_last_class_token_only() -> None:
    network = loaded(VIT)
    (last,) = choose_token_layers(network, ["blocks.11"])
    head = token_head(network, last)
    assert head is not None
    with torch.inference_mode():
        logits = network.module(network.batch(pictures(2)))
        made = head(torch.from_numpy(seen_in(network, "blocks.11", "class")))
    torch.testing.assert_close(made, logits, rtol=1e-3, atol=1e-3)
    assert token_head(network, choose_token_layers(network, ["blocks.10"])[0]) is None
    assert token_head(network, choose_token_layers(network, ["blocks.11"], "patches")[0]) is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "layer", "tokens", "message"),
    [
        ("efficientnet-lite0+untrained", "bn2", "class", "vision transformers of timm"),
        ("timm:cait_xxs24_224+untrained", "blocks.3", "auto", r"196, 192\); expected .*197"),
        (VIT, "head", "patches", r"gives \(1, 1000\); expected \(images, 197"),
        (VIT, "blocks.12", "auto", "no layer 'blocks.12'"),
        (VIT, "blocks.3", "second", "allowed are auto, class, patches, all"),
    ],
)
def test_unknown_tokens_get_one_clear_error(
    name: str, layer: str, tokens: str, message: str
) -> None:
    with pytest.raises(MachineFault, match=message):
        choose_token_layers(loaded(name), [layer], tokens)  # type: ignore[arg-type]


@pytest.mark.slow
def test_other_networks_keep_the_mean_over_positions() -> None:
    network = loaded("efficientnet-lite0+untrained")
    (layer,) = choose_token_layers(network, ["bn2"])
    kept: list[torch.Tensor] = []
    handle = network.module.bn2.register_forward_hook(lambda _m, _g, out: kept.append(out))
    found = seen_in(network, "bn2", "all")
    handle.remove()
    np.testing.assert_allclose(found, kept[-1].mean(dim=(2, 3)).numpy(), rtol=1e-4, atol=1e-6)
    assert type(layer).__name__ == "Layer"


@pytest.mark.slow
@pytest.mark.exhaustive
def test_concepts_of_a_class_token_have_importance_by_the_head(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for number in range(14):
        pixels = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((224, 224)).save(tmp_path / f"{number}.png")
    images = image_set(tmp_path)
    plan = Plan(Settings(concepts=2, folds=2), classes=("all=0-999",), held_out=0.4)
    both = [Observer(loaded(VIT), layer) for layer in ("blocks.11", "blocks.4")]
    found = compare_networks(both[0], both[1], images, plan)
    last, early = (found.concepts[found.concepts["network"] == side] for side in "ab")
    assert last["importance"].abs().max() == pytest.approx(1)
    assert last["kl"].notna().all() and early["importance"].isna().all()
    rows = read_network(f"{VIT}/blocks.11", images, device="cpu").values
    with torch.inference_mode():
        given = loaded(VIT).batch([images.open(i) for i in range(len(images))])
        tokens = loaded(VIT).module.forward_intermediates(  # type: ignore[operator]
            given, indices=[11], return_prefix_tokens=True, intermediates_only=True
        )
    np.testing.assert_allclose(rows, tokens[0][1][:, 0].numpy(), rtol=1e-3, atol=1e-4)
