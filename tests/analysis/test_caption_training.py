"""Heads learn, each parameter at its rate; scores are what a slow computation says."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from diptych_analysis.captions.rates import parameter_groups, set_rates
from diptych_analysis.captions.scores import class_ious, depth_rmse, mean_and_error, mean_iou
from diptych_analysis.captions.store import encoded
from diptych_analysis.captions.tiny_world import draw_labelled
from diptych_analysis.captions.training import (
    HeadSettings,
    depth_of,
    jointly,
    loss_of,
    new_head,
    predict,
    train_head,
    truth_of,
)
from diptych_analysis.diffusion.folder import load_generator
from diptych_analysis.worlds.model import write_new_model


def test_every_parameter_learns_at_its_rate() -> None:
    head, unet = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)), nn.Linear(5, 6)
    frozen = nn.Linear(7, 8).requires_grad_(False)
    groups = parameter_groups(
        {"head": (head, 0.2), "unet": (unet, 0.02), "text": (frozen, 1.0)}, decay=0.1
    )
    optimizer = torch.optim.AdamW(groups)
    for step, share in ((0, 0.2), (4, 0.96), (50, 0.5), (99, 0.01)):
        set_rates(optimizer, step, 100)
        rates = {p: group["lr"] for group in optimizer.param_groups for p in group["params"]}
        assert len(rates) == len([*head.parameters(), *unet.parameters()])
        assert all(rates[p] == pytest.approx(0.2 * share) for p in head.parameters())
        assert all(rates[p] == pytest.approx(0.02 * share) for p in unet.parameters())
    decays = {p: group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    assert decays[head[0].weight] == 0.1
    assert decays[head[0].bias] == decays[head[1].weight] == 0


def test_the_rate_is_the_one_that_steps_are_taken_with() -> None:
    """The first step of Adam has the length of the rate, whatever the gradient."""
    slow, fast = nn.Linear(2, 1, bias=False), nn.Linear(2, 1, bias=False)
    before = [deepcopy(one.weight.detach()) for one in (slow, fast)]
    optimizer = torch.optim.AdamW(
        parameter_groups({"slow": (slow, 1e-3), "fast": (fast, 1e-1)}, decay=0.0)
    )
    x = torch.tensor([[1.0, -2.0]])
    (slow(x) + fast(x)).sum().backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    moved = [(one.weight - old).abs() for one, old in zip((slow, fast), before, strict=True)]
    assert torch.allclose(moved[0], torch.full((1, 2), 1e-3), rtol=1e-3)
    assert torch.allclose(moved[1], torch.full((1, 2), 1e-1), rtol=1e-3)


@pytest.mark.exhaustive
def test_a_backbone_moves_only_if_it_has_a_rate(tmp_path: Path) -> None:
    write_new_model(tmp_path, seed=0)
    generator = load_generator(tmp_path)
    images = draw_labelled(8, seed=0, stream=0)
    with torch.no_grad():
        latents = encoded(generator, images.images)
    text = generator.encode_prompts(images.captions["truth"])
    settings = HeadSettings(updates=2, batch=4, rate=1e-2, backbone=0.1)
    unet = deepcopy(generator.unet)
    maps_of = jointly(unet, latents, lambda chosen: text[chosen])
    head = new_head({4: 64, 8: 64 + text.shape[1]}, images, 0, settings, seed=0)
    optimizer = train_head(head, maps_of, images, settings, 0, unet=unet)
    highest = {p: group["highest"] for group in optimizer.param_groups for p in group["params"]}
    assert {highest[p] for p in head.parameters()} == {1e-2}
    assert {highest[p] for p in unet.parameters()} == {settings.rate * settings.backbone}
    moved = [
        not torch.equal(old, new)
        for old, new in zip(generator.unet.parameters(), unet.parameters(), strict=True)
    ]
    # The last convolution has no part in the features.
    assert sum(moved) >= len(moved) - 6
    assert not any(p.requires_grad for p in generator.unet.parameters())


@pytest.mark.parametrize("task", ["segment", "depth"])
def test_a_head_learns_what_its_maps_show(task: str) -> None:
    """Maps that hold the truth at 8 x 8 positions: the head has to spread it over pixels."""
    images = draw_labelled(24, seed=0, stream=0)
    pixels = torch.from_numpy(images.labels).float()[:, None]
    maps = {8: torch.nn.functional.pixel_unshuffle(pixels, 4)}
    settings = HeadSettings(task=task, updates=60, batch=12, rate=1e-2, farthest=3.0)
    head = new_head({8: 16}, images, 9, settings, seed=0)
    known = torch.from_numpy(images.present).float()

    def maps_of(chosen: torch.Tensor) -> dict[int, torch.Tensor]:
        return {side: part[chosen] for side, part in maps.items()}

    truth = truth_of(images, task)
    with torch.no_grad():
        before = float(loss_of(head.eval()(maps, known), truth, settings))
    train_head(head, maps_of, images, settings, 0, known=known)
    with torch.no_grad():
        after = float(loss_of(head(maps, known), truth, settings))
    assert after < before / 2
    predicted = predict(head, maps_of, 24, settings, known=known, batch=10)
    assert predicted.shape == (24, 32, 32)


def test_the_loss_of_depth_does_not_see_scale_as_much_as_shape() -> None:
    truth = torch.tensor([[[1.0, 2.0], [4.0, 0.0]]])
    settings = HeadSettings(task="depth", farthest=16.0)

    def logits(depth: torch.Tensor) -> torch.Tensor:
        return torch.logit(depth / settings.farthest)[:, None]

    output = logits(torch.tensor([[[2.0, 4.0], [8.0, 3.0]]]))
    assert torch.allclose(depth_of(output, 16.0)[0, 0], torch.tensor([2.0, 4.0]))
    # All ratios are 2, and the pixel of unknown depth does not count.
    expected = np.log(2) * np.sqrt(0.15)
    assert float(loss_of(output, truth, settings)) == pytest.approx(expected, abs=1e-3)


@given(st.integers(0, 2**32 - 1), st.integers(2, 6))
def test_ious_are_those_of_sets_of_pixels(seed: int, classes: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, (2, 5, 5))
    labels[rng.random(labels.shape) < 0.1] = 255
    predicted = rng.integers(0, classes, (2, 5, 5))
    found = class_ious(predicted, labels, classes)
    slow = []
    for number in range(classes):
        true, said = set(), set()
        for place in np.ndindex(labels.shape):
            if labels[place] != 255:
                true |= {place} if labels[place] == number else set()
                said |= {place} if predicted[place] == number else set()
        slow.append(len(true & said) / len(true | said) if true | said else np.nan)
    assert np.allclose(found, slow, equal_nan=True)
    assert mean_iou(predicted, labels, classes) == pytest.approx(np.nanmean(slow))


def test_errors_of_depth_and_of_means() -> None:
    depth = np.array([[1.0, 0.0], [2.0, 4.0]])
    assert depth_rmse(np.array([[2.0, 9.0], [2.0, 2.0]]), depth) == pytest.approx(np.sqrt(5 / 3))
    assert mean_and_error([1.0, 2.0, 3.0]) == pytest.approx((2.0, 1 / np.sqrt(3)))
    assert mean_and_error([1.0]) == (1.0, None)
