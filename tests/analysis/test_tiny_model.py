"""The trained model of the tiny world that comes with Diptych: it follows its prompts."""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from diptych_analysis.diffusion.generator import Generator
from diptych_analysis.worlds import packaged
from diptych_analysis.worlds.contents import read_contents
from diptych_analysis.worlds.faults import WorldFault
from diptych_analysis.worlds.generators import generator_for
from diptych_analysis.worlds.packaged import TINY, packaged_model
from diptych_analysis.worlds.scenes import draw_scenes
from diptych_analysis.worlds.vocabulary import ATTRIBUTES, GROUNDS, KINDS

IMAGES = 64


def trained() -> bool:
    """Tell whether the installation holds a model."""
    return (files("diptych_analysis.worlds") / TINY).is_dir()


needs_model = pytest.mark.skipif(
    not trained(), reason="no trained model of the tiny world comes with this version"
)


@pytest.fixture(scope="module")
def tiny() -> Generator:
    found = generator_for(TINY, "cpu", download=False)
    assert isinstance(found, Generator)
    return found


@needs_model
def test_it_is_small_and_draws(tiny: Generator) -> None:
    folder = packaged_model()
    weights = list(folder.rglob("*.safetensors"))
    assert sum(file.stat().st_size for file in weights) < 3e6
    first, again = (tiny.draw(["night", "snow"], [1, 2], steps=3) for _ in range(2))
    assert first.shape == (2, 32, 32, 3)
    assert (first == again).all()
    # The corners, where no object lies, are as dark and as light as the prompts say.
    night, snow = first[:, [0, 0, -1, -1], [0, -1, 0, -1]].mean((1, 2))
    assert night < 100 < 180 < snow


@needs_model
def test_a_changed_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(packaged_model(), tmp_path / TINY)
    with (tmp_path / TINY / "scheduler" / "scheduler_config.json").open("a") as file:
        file.write(" ")
    monkeypatch.setattr(packaged, "files", lambda _: tmp_path)
    with pytest.raises(WorldFault, match=r"damaged \(scheduler/scheduler_config.json\)"):
        packaged_model()
    shutil.rmtree(tmp_path / TINY)
    with pytest.raises(WorldFault, match="is not in this installation"):
        packaged_model()


@pytest.mark.exhaustive
def test_true_scenes_are_read_as_they_are() -> None:
    scenes = draw_scenes(400, np.random.default_rng(11))
    seen = read_contents(scenes.images())
    assert (seen.shapes == scenes.shapes).mean() > 0.98
    assert (seen.textures == scenes.textures).mean() > 0.98
    assert (seen.grounds == scenes.grounds).mean() > 0.98
    assert seen.share("night") == pytest.approx(scenes.shows("night").mean(), abs=0.03)


@needs_model
@pytest.mark.exhaustive
def test_images_show_what_their_prompt_asks_for(tiny: Generator) -> None:
    shares = {}
    for word in ATTRIBUTES:
        shares[word] = read_contents(tiny.draw([word] * IMAGES, range(IMAGES))).share(word)
    print({word: round(share, 2) for word, share in shares.items()})
    for kind, words in KINDS.items():
        mean = np.mean([shares[word] for word in words])
        assert mean > LEAST[kind], kind
    assert min(shares[word] for word in GROUNDS) > 0.9


#: Far above chance: 1 in 8 shapes, 1 in 6 textures, 1 in 4 grounds.
LEAST = {"shape": 0.4, "texture": 0.7, "ground": 0.95}
