"""Training of the number sense: what it learns, and that stopping it changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from diptych_analysis.numerosity import probes
from diptych_analysis.numerosity.actions import PUT, SHAKE, TAKE
from diptych_analysis.numerosity.analyses.perceived import order, perceived_number
from diptych_analysis.numerosity.faults import NumerosityFault
from diptych_analysis.numerosity.networks import NumberSense
from diptych_analysis.numerosity.probes import ProbeSettings
from diptych_analysis.numerosity.settings import Settings
from diptych_analysis.numerosity.training import (
    load_network,
    save_network,
    train,
    training_walk,
)

TINY = Settings.of("small", pixels=32, actions=10, steps=6)
#: About 5 s on one core; learns the order of 0 to 8 from walks of 0 to 3 objects.
SHORT = Settings.of("small", pixels=32, actions=90, steps=150, rate=3e-3)


def weights(net: NumberSense) -> dict[str, torch.Tensor]:
    return dict(net.state_dict())


def same(one: NumberSense, two: NumberSense) -> bool:
    other = weights(two)
    return all(torch.equal(value, other[name]) for name, value in weights(one).items())


@pytest.fixture(scope="module")
def trained() -> Iterator[NumberSense]:
    """A network trained for seconds, on one thread: with more, sums and so the network differ."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield train(SHORT)[0]
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def scenes() -> Any:
    return probes.number_scenes(SHORT.look, ProbeSettings(most=8, images=40))


def test_one_embedding_per_image_gives_what_two_give() -> None:
    """As published: each pair's two images go through the network."""
    net, walk = TINY.built().eval(), training_walk(TINY, 0)
    images = torch.from_numpy(walk.scenes.images())
    pairs = [
        net.classify(net.embed(images[i : i + 1]), net.embed(images[i + 1 : i + 2]))
        for i in range(len(walk.actions))
    ]
    assert torch.allclose(net(images), torch.cat(pairs), atol=1e-5)
    assert torch.allclose(net(images).exp().sum(1), torch.ones(10), atol=1e-5)


@pytest.mark.parametrize("settings", [TINY, replace(TINY, jitter=True, action_size=3)])
def test_stopped_and_resumed_training_ends_with_the_same_weights(
    settings: Settings, tmp_path: Path
) -> None:
    whole, losses = train(settings)
    file = tmp_path / "checkpoint.pt"

    def stop(step: int, loss: float) -> None:
        if step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(settings, checkpoint=file, watch=stop)
    seen: list[int] = []
    resumed, all_losses = train(
        settings, checkpoint=file, watch=lambda step, loss: seen.append(step)
    )
    assert seen == [4, 5, 6] and all_losses == losses
    assert same(whole, resumed)


def test_a_checkpoint_of_other_settings_is_a_fault(tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.pt"
    train(replace(TINY, steps=25), checkpoint=file)
    with pytest.raises(NumerosityFault, match="limit 3 instead of 5"):
        train(replace(TINY, limit=5), checkpoint=file)
    file.write_bytes(b"nothing")
    with pytest.raises(NumerosityFault, match="is no checkpoint of this training"):
        train(TINY, checkpoint=file)


def test_seeds_fix_start_and_walks() -> None:
    assert same(TINY.built(), TINY.built())
    assert not same(TINY.built(), replace(TINY, seed=1).built())
    one, two = (training_walk(replace(TINY, seed=s), 4).actions for s in (0, 1))
    assert not np.array_equal(one, two)


@given(
    st.sampled_from("AB"),
    st.sampled_from((3, 5, 8)),
    st.booleans(),
    st.booleans(),
    st.integers(0, 2**32 - 1),
    st.integers(0, 900),
)
def test_walks_of_all_published_conditions_are_as_the_settings_say(
    objects: str, limit: int, jitter: bool, imprecise: bool, seed: int, step: int
) -> None:
    make = Settings.imprecise if imprecise else Settings.of
    settings = make("small", objects=objects, limit=limit, jitter=jitter, seed=seed, actions=60)
    assert settings.steps == (150 if imprecise else 300)
    walk = training_walk(settings, step)
    counts, change = walk.scenes.counts, np.diff(walk.scenes.counts)
    assert counts[0] == 0 and counts.max() <= limit
    assert np.array_equal(np.sign(change), walk.actions - SHAKE)
    assert np.abs(change).max() <= (3 if imprecise else 1)
    sides, grey = walk.scenes.sides, walk.scenes.intensities
    kept = np.flatnonzero((walk.actions == SHAKE) & (counts[1:] > 0))
    moved = [np.abs(np.sort(v[kept]) - np.sort(v[kept + 1])) for v in (sides, grey)]
    if jitter or objects == "A":
        look = settings.look
        assert moved[0].max(initial=0) <= look.jitter_side
        assert moved[1].max(initial=0) <= look.jitter_intensity
    elif len(kept) > 5:
        assert moved[1].max() > settings.look.jitter_intensity


def test_imprecise_actions_are_as_published_unless_told_otherwise() -> None:
    found = Settings.imprecise("published")
    assert (found.action_size, found.steps, found.rate) == (3, 450, 1e-4)
    found = Settings.imprecise("small", action_size=2, steps=7)
    assert (found.action_size, found.steps) == (2, 7)
    assert "actions1to2" in found.name


def test_settings_that_make_no_sense_are_faults() -> None:
    with pytest.raises(NumerosityFault, match="network 'tall': allowed are small, published"):
        Settings.of("tall")
    with pytest.raises(NumerosityFault, match="limit 0: at least 1"):
        Settings.of("small", limit=0)
    with pytest.raises(NumerosityFault, match="40 pixels: the small network needs a multiple"):
        Settings.of("small", pixels=40).built()


def test_saved_weights_come_back(tmp_path: Path) -> None:
    net = TINY.built()
    save_network(tmp_path / "network.pt", net)
    assert same(net, load_network(tmp_path / "network.pt", TINY))
    with pytest.raises(NumerosityFault, match="is no network of this run"):
        load_network(tmp_path / "network.pt", replace(TINY, dimensions=3))


# --- the published network ---


@pytest.fixture(scope="module")
def alexnet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of AlexNet's shape, random: the real ones need a download."""
    from torchvision import models

    file = tmp_path_factory.mktemp("alexnet") / "alexnet.pth"
    torch.manual_seed(1)
    features = models.alexnet(weights=None).features
    torch.save({f"features.{name}": value for name, value in features.state_dict().items()}, file)
    return file


@pytest.mark.slow
def test_the_published_network_trains_all_but_alexnet(alexnet: Path) -> None:
    settings = Settings.of("published", weights=str(alexnet), pixels=96, actions=4, steps=2)
    before, (after, _) = settings.built(), train(settings)
    given = torch.load(alexnet)
    for layer in (0, 3):
        assert torch.equal(after.features.frozen[layer].weight, given[f"features.{layer}.weight"])
    old = weights(before)
    moved = {name for name, value in weights(after).items() if not torch.equal(value, old[name])}
    assert moved == {name for name in old if not name.startswith("features.frozen.")}


@pytest.mark.slow
def test_the_published_network_has_the_published_sizes(alexnet: Path) -> None:
    settings = Settings.of("published", weights=str(alexnet))
    assert (settings.pixels, settings.rate, settings.steps) == (244, 1e-4, 900)
    net = settings.built()
    assert net.reduce[0].in_features == 6272
    assert net.features.frozen(torch.zeros(1, 3, 244, 244)).shape == (1, 192, 29, 29)


@pytest.mark.slow
def test_the_published_network_takes_the_weights_that_torchvision_downloads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file at the place of torchvision's download stands for it; all else is as with the real."""
    from torchvision import models

    with torch.device("meta"):
        shapes = {name: value.shape for name, value in models.alexnet().state_dict().items()}
    # One stored number per tensor: the file is small, and loads as the real one of 233 MB does.
    made = {name: torch.tensor(0.01 * at).expand(size) for at, (name, size) in
            enumerate(shapes.items(), 1)}  # fmt: skip
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    url = models.AlexNet_Weights.IMAGENET1K_V1.url
    torch.save(made, folder / url.rpartition("/")[2])
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    frozen = Settings.of("published", pixels=96).built().features.frozen
    for layer, part in product((0, 3), ("weight", "bias")):
        assert torch.equal(getattr(frozen[layer], part), made[f"features.{layer}.{part}"])


def test_alexnet_without_its_weights_is_a_fault(tmp_path: Path) -> None:
    torch.save({"other": torch.zeros(1)}, tmp_path / "a.pth")
    with pytest.raises(NumerosityFault, match=r"no weights of torchvision's AlexNet"):
        Settings.of("published", weights=str(tmp_path / "a.pth")).built()


def test_a_download_that_fails_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*args: Any, **kwargs: Any) -> None:
        raise OSError("no route to host")

    # torchvision first: imported after torch.hub is changed, it would keep the change.
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", offline)
    monkeypatch.setattr("torch.hub.load_state_dict_from_url", offline)
    with pytest.raises(NumerosityFault, match=r"no route to host.*--weights FILE, or use --netw"):
        Settings.of("published").built()


# --- what a short training learns ---


@pytest.mark.slow
def test_a_short_training_orders_more_numbers_than_it_saw(
    trained: NumberSense, scenes: Any
) -> None:
    counts = scenes.counts
    found = perceived_number(probes.embedded(trained, scenes), counts)
    assert order(found, counts).rising
    before = perceived_number(probes.embedded(SHORT.built(), scenes), counts)
    assert not order(before, counts).rising
    assert order(before, counts).spearman < 0.9 < order(found, counts).spearman


@pytest.mark.slow
def test_empty_images_are_one_point(trained: NumberSense, scenes: Any) -> None:
    z = probes.embedded(trained, scenes)
    assert z[scenes.counts == 0].std(0) == pytest.approx(0, abs=1e-5)
    assert z[scenes.counts == 1].std(0).max() > 0


@pytest.mark.slow
def test_the_other_order_of_two_images_turns_put_into_take(
    trained: NumberSense, scenes: Any
) -> None:
    z = torch.from_numpy(probes.embedded(trained, scenes).astype(np.float32))
    few, more = z[scenes.counts == 1], z[scenes.counts == 2]
    with torch.no_grad():
        forward = trained.classify(few, more).argmax(1)
        backward = trained.classify(more, few).argmax(1)
        still = trained.classify(few, few.flip(0)).argmax(1)
    assert (forward == PUT).float().mean() > 0.8
    assert (backward == TAKE).float().mean() > 0.8
    assert (still == SHAKE).float().mean() > 0.8
