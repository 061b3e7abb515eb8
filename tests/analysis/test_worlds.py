"""The tiny world: scenes are what their numbers say, and its model trains and resumes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from diptych_analysis.diffusion.folder import load_generator
from diptych_analysis.diffusion.generator import weights_hash
from diptych_analysis.worlds.captions import (
    mixed_captions,
    sentence,
    shape_captions,
    shared_words,
)
from diptych_analysis.worlds.cli import worlds
from diptych_analysis.worlds.faults import WorldFault
from diptych_analysis.worlds.scenes import PIXELS, draw_scenes
from diptych_analysis.worlds.training import Settings, separate_shapes, train
from diptych_analysis.worlds.vocabulary import ATTRIBUTES, SEED_WORDS, SHAPES, TEXTURES


@given(st.integers(0, 2**32 - 1))
def test_objects_do_not_overlap_and_lie_in_the_image(seed: int) -> None:
    scenes = draw_scenes(16, np.random.default_rng(seed))
    masks = scenes.masks()
    assert (masks.sum(1) <= 1).all()
    assert (masks.any((2, 3)) == scenes.present).all()
    assert np.isin(scenes.present.sum(1), [2, 3, 4]).all()
    # A smallest object, a ring, still covers 30 pixels, and none is wider than its quarter.
    sizes = masks.sum((2, 3))[scenes.present]
    assert sizes.min() >= 30
    assert sizes.max() <= (PIXELS // 2) ** 2


@given(st.integers(0, 2**32 - 1))
def test_pixels_outside_all_masks_are_one_colour(seed: int) -> None:
    scenes = draw_scenes(8, np.random.default_rng(seed))
    images, ground = scenes.images(), ~scenes.masks().any(1)
    for image, outside in zip(images, ground, strict=True):
        assert len(np.unique(image[outside], axis=0)) == 1


def test_textures_have_the_pattern_of_their_name() -> None:
    scenes = draw_scenes(3000, np.random.default_rng(0), alike=1.0)
    images, masks = scenes.images().sum(3).astype(int), scenes.masks()

    def levels(texture: str, axis: int) -> int:
        """Most brightness levels within one row (axis 1) or column (0) of a square's inside."""
        most = 0
        of = scenes.textures == TEXTURES.index(texture)
        for scene, slot in zip(*np.nonzero(of & (scenes.shapes == 1)), strict=True):
            rows, columns = np.nonzero(masks[scene, slot])
            inside = images[scene, rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
            lines = inside if axis == 1 else inside.T
            most = max(most, *(len(np.unique(line)) for line in lines))
        return most

    assert (levels("plain", 1), levels("plain", 0)) == (1, 1)
    assert (levels("striped", 1), levels("striped", 0)) == (1, 2)
    assert (levels("barred", 1), levels("barred", 0)) == (2, 1)
    assert (levels("checked", 1), levels("checked", 0)) == (2, 2)


def test_words_and_sentences_say_what_is_there() -> None:
    rng = np.random.default_rng(1)
    scenes = draw_scenes(300, rng)
    for number in range(len(scenes)):
        one = scenes.part(np.array([number]))
        for word in shared_words(scenes, number):
            assert one.shows(word, everywhere=True).all()
        for word in sentence(scenes, number).split():
            if word in ATTRIBUTES:
                assert one.shows(word).all()
    captions = mixed_captions(scenes, rng)
    assert {len(caption.split()) > 3 for caption in captions} == {True, False}
    assert "" in captions
    with pytest.raises(WorldFault, match="no attribute 'zebra'; allowed are circle"):
        scenes.shows("zebra")


def test_the_same_seed_draws_the_same_scenes_and_parts_stay_what_they_were() -> None:
    first, again = (draw_scenes(40, np.random.default_rng(5)) for _ in range(2))
    assert (first.images() == again.images()).all()
    assert (first.part(slice(7, 9)).images() == first.images()[7:9]).all()


def test_a_few_updates_lower_the_loss_and_a_resumed_run_ends_the_same(tmp_path: Path) -> None:
    settings = Settings(steps=20, shape_steps=6, batch=8, seed=3)
    losses = train(tmp_path / "whole", settings)
    assert np.mean(losses[15:20]) < np.mean(losses[:5]) - 0.02

    def stop(done: int, _: float) -> None:
        if done in (9, 20, 23):
            raise KeyboardInterrupt

    # It stops in the first phase, between the phases and in the second phase.
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / "parts", settings, watch=stop)
    assert train(tmp_path / "parts", settings) == losses
    # Finished: nothing is trained again, and other settings are refused.
    assert train(tmp_path / "parts", settings) == losses
    with pytest.raises(WorldFault, match="other settings"):
        train(tmp_path / "parts", Settings(steps=21, shape_steps=6, batch=8, seed=3))
    whole, parts = (load_generator(tmp_path / name) for name in ("whole", "parts"))
    assert weights_hash(whole.unet) == weights_hash(parts.unet)
    assert sum(file.stat().st_size for file in (tmp_path / "whole").rglob("*.safetensors")) < 3e6

    images = whole.draw(["striped", "", "a plain ring and a moon on sea"], [1, 2, 3], steps=2)
    assert images.shape == (3, PIXELS, PIXELS, 3)
    alone = whole.draw([""], [2], steps=2)
    assert np.abs(images[1].astype(int) - alone[0]).max() <= 1


def test_captions_about_shapes_name_the_one_shape_of_a_scene() -> None:
    scenes = draw_scenes(2000, np.random.default_rng(1), alike=0.85)
    captions = shape_captions(scenes, np.random.default_rng(2))
    for number in np.flatnonzero([len(caption.split()) <= 3 for caption in captions]):
        assert set(captions[number].split()) <= set(shared_words(scenes, number))
    known = [set(shared_words(scenes, number)) & set(SHAPES) for number in range(2000)]
    named = [
        bool(one & set(text.split())) for one, text in zip(known, captions, strict=True) if one
    ]
    # .7, and .3 times what mixed captions do: a standard error of .01.
    assert 0.7 < np.mean(named) < 0.95
    assert np.mean([caption == "" for caption in captions]) > 0.02


def test_words_of_shapes_start_apart(tmp_path: Path) -> None:
    from diptych_analysis.worlds.model import write_new_model

    write_new_model(tmp_path, seed=0)
    generator = load_generator(tmp_path)
    table = generator.text_encoder.get_input_embeddings().weight
    before = table.detach().clone()
    separate_shapes(generator, seed=0)
    ids = [generator.tokenizer(word).input_ids[1] for word in SHAPES]
    products = (table[ids] @ table[ids].T).detach().numpy()
    assert np.diag(products) == pytest.approx(np.ones(len(SHAPES)))
    assert (products - np.eye(len(SHAPES))).max() < 0.75
    others = [number for number in range(len(table)) if number not in ids]
    assert (table[others] == before[others]).all()


def test_every_word_is_one_token(tmp_path: Path) -> None:
    from diptych_analysis.worlds.model import write_new_model

    write_new_model(tmp_path, seed=0)
    tokenizer = load_generator(tmp_path).tokenizer
    for word in ATTRIBUTES:
        assert len(tokenizer(word).input_ids) == 3, word
    assert set(SEED_WORDS) <= set(ATTRIBUTES)
    assert len(SEED_WORDS) == 12
    longest = " , ".join(f"a speckled {shape}" for shape in SHAPES[:3]) + " and a plain bow on sea"
    assert len(tokenizer(longest).input_ids) <= tokenizer.model_max_length


def test_the_command_trains_and_refuses_a_folder_that_is_something_else(tmp_path: Path) -> None:
    to = tmp_path / "tiny"
    wanted = ["train", "--to", str(to), "--steps", "2", "--shape-steps", "1", "--batch", "2"]
    done = CliRunner().invoke(worlds, wanted, catch_exceptions=False)
    assert done.exit_code == 0
    assert f"Trained: {to}" in done.output
    assert len(json.loads((to / "training.json").read_text())["losses"]) == 3
    (to / "training.json").unlink()
    refused = CliRunner().invoke(worlds, wanted)
    assert refused.exit_code == 1
    assert "exists and is no trained model" in refused.output
