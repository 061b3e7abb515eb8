"""A search over words: resumable, cached, and the same for the same seed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner
from PIL import Image
from torch import nn

from diptych_analysis.concepts import planted
from diptych_analysis.concepts.cli import concepts
from diptych_analysis.concepts.cli_parts import planted_target
from diptych_analysis.concepts.evaluation import NOISE
from diptych_analysis.concepts.faults import ConceptFault
from diptych_analysis.concepts.preference import PreferenceSettings
from diptych_analysis.concepts.runs import run_search
from diptych_analysis.concepts.search import SearchSettings, Target
from diptych_analysis.concepts.sensitivity import (
    class_gradients,
    pictures,
    pooled_activations,
    predicted,
)
from diptych_analysis.concepts.sheets import read_sheet
from diptych_analysis.concepts.words import merge_near_duplicates, read_words
from diptych_analysis.diffusion.faults import DiffusionFault
from diptych_analysis.diffusion.folder import load_generator
from diptych_analysis.networks.networks import Network
from diptych_analysis.worlds.model import write_new_model
from diptych_analysis.worlds.scenes import draw_scenes

SMALL = SearchSettings(
    words=("striped", "ring", "sea"),
    steps=7,
    group=4,
    random_sets=3,
    margin=0.0,
    sampler_steps=2,
    guidance=1.0,
    preference=PreferenceSettings(updates=1),
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained generator: the search runs the same."""
    to = tmp_path_factory.mktemp("model")
    write_new_model(to, seed=0)
    return to


@pytest.fixture(scope="module")
def target() -> Target:
    torch.manual_seed(0)
    network = Network("small", planted.SmallClassifier(), planted.as_tensor)
    scenes = draw_scenes(12, np.random.default_rng(0))
    return Target(network, planted.LAYER, 1, pictures(scenes.images()))


def test_gradients_are_those_of_pooled_activations(target: Target) -> None:
    """Compare with finite differences: add a little to one unit at every position."""
    module = target.network.module
    found = class_gradients(target.network, target.layer, target.images, 1)
    maps = module.features(target.network.batch(target.images)).double()
    head = module.head.double()
    try:
        for unit in (0, 7, 31):
            moved = maps.clone()
            moved[:, unit] += 1e-6
            slow = (head(moved.mean((2, 3))) - head(maps.mean((2, 3))))[:, 1] / 1e-6
            assert found[:, unit] == pytest.approx(slow.numpy(), abs=1e-4)
    finally:
        module.head.float()
    pooled = pooled_activations(target.network, target.layer, target.images)
    assert pooled == pytest.approx(maps.mean((2, 3)).numpy(), abs=1e-5)


def test_a_search_stops_and_resumes_to_the_same_results(
    tmp_path: Path, model: Path, target: Target
) -> None:
    whole = run_search(tmp_path / "whole", load_generator(model), target, SMALL)

    def stop(done: int, _: str) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_search(tmp_path / "parts", load_generator(model), target, SMALL, watch=stop)
    assert not (tmp_path / "parts" / "results.json").exists()
    # Class gradients and random images are read, not computed: they are gone here.
    without = replace(target, images=[])
    with pytest.raises(ConceptFault, match="holds another search: class_images differ"):
        run_search(tmp_path / "parts", load_generator(model), without, SMALL)
    parts = run_search(tmp_path / "parts", load_generator(model), target, SMALL)
    assert parts == whole

    words = whole["words"]
    assert [row["word"] for row in words[-1:]] == [NOISE]
    rewards = [row["reward"] for row in words[:-1]]
    assert rewards == sorted(rewards, reverse=True)
    assert sum(row["tried"] for row in words[:-1]) == SMALL.steps
    counts = {"images": SMALL.steps, "concepts": len(SMALL.words), "levels": len(SMALL.words)}
    for folder, count in counts.items():
        files = sorted((tmp_path / "parts" / folder).iterdir())
        assert len(files) == count
        for file in files:
            Image.open(file).verify()
    # The first and the last level are the images before and after; a resumed search has the same.
    levels = pd.read_csv(tmp_path / "parts" / "levels.csv")
    pd.testing.assert_frame_equal(levels, pd.read_csv(tmp_path / "whole" / "levels.csv"))
    assert levels.groupby("word")["step"].apply(list).tolist() == [[0, 2, 5, 7]] * 3
    for row in words[:-1]:
        shares = levels.query("word == @row['word']")["class"].tolist()
        assert [shares[0], shares[-1]] == [row["class_before"], row["class_after"]]
    sheets = [read_sheet(tmp_path / name / "levels" / "ring.png") for name in ("whole", "parts")]
    assert [len(group) for group in sheets[0]] == [8, 8, 8, 8]
    assert all((first == again).all() for first, again in zip(*sheets, strict=True))
    # Finished: read again without a network pass.
    assert run_search(tmp_path / "whole", load_generator(model), target, SMALL) == whole
    other = replace(SMALL, seed=1)
    with pytest.raises(ConceptFault, match="holds another search: settings differ"):
        run_search(tmp_path / "whole", load_generator(model), target, other)


def test_without_preferences_the_generator_stays(
    tmp_path: Path, model: Path, target: Target
) -> None:
    still = replace(SMALL, prefer=False, policy="uniform", steps=3)
    found = run_search(tmp_path, load_generator(model), target, still)
    for row in found["words"][:-1]:
        assert row["class_before"] == row["class_after"]
        assert row["tried"] == 1


def test_settings_that_fail_late_are_refused_early() -> None:
    with pytest.raises(ConceptFault, match="words ring, ring: at least 2 are needed"):
        replace(SMALL, words=("ring", "ring"))
    with pytest.raises(ConceptFault, match="3 images per group"):
        replace(SMALL, group=3)
    with pytest.raises(ConceptFault, match="no policy 'best'"):
        replace(SMALL, policy="best")


def test_layers_and_classes_that_are_not_there_are_named(target: Target) -> None:
    with pytest.raises(ConceptFault, match="no layer 'feature'; near names: features"):
        pooled_activations(target.network, "feature", target.images)
    with pytest.raises(ConceptFault, match="no class 2; allowed are 0 to 1"):
        class_gradients(target.network, target.layer, target.images, 2)

    class Blind(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.unused, self.used = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 2, 1)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            self.unused(images)
            return self.used(images).mean((2, 3))

    blind = Network("blind", Blind(), planted.as_tensor)
    with pytest.raises(ConceptFault, match="no class depends on layer 'unused'"):
        class_gradients(blind, "unused", target.images, 0)


def test_words_come_from_lists_and_captions(tmp_path: Path, model: Path) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text("Ring\n\nstriped\nring\n", encoding="utf-8")
    assert read_words(listed) == ("ring", "striped")
    captions = tmp_path / "captions.txt"
    captions.write_text(
        "a striped ring on the sea\nA plain moon and a striped bow.\nstriped moon\n", "utf-8"
    )
    assert read_words(captions)[:2] == ("striped", "moon")
    assert "the" not in read_words(captions)
    listed.write_text("ring\n", encoding="utf-8")
    with pytest.raises(ConceptFault, match="has 1 different words; at least 2 are needed"):
        read_words(listed)
    # "Ring" and "ring" are one token to this text encoder, so the first stays.
    words = ("ring", "Ring", "striped", "sea")
    assert merge_near_duplicates(words, load_generator(model)) == ("ring", "striped", "sea")


@pytest.mark.exhaustive
@pytest.mark.slow
def test_a_planted_classifier_knows_its_attribute(tmp_path: Path) -> None:
    target, judge = planted_target("striped", 1, None, tmp_path, seed=0)
    scenes = planted.balanced_scenes("striped", 400, np.random.default_rng(77))
    shown = pictures(scenes.images())
    for network in (target.network, judge):
        assert (predicted(network, shown) == scenes.shows("striped")).mean() > 0.9
    # The second call reads the weights.
    again, _ = planted_target("striped", 1, None, tmp_path, seed=0)
    assert again.network.key == target.network.key


def test_the_command_says_what_is_missing(tmp_path: Path, model: Path) -> None:
    def refused(*arguments: str) -> str:
        done = CliRunner().invoke(concepts, [*arguments, "--to", str(tmp_path / "out")])
        assert done.exit_code == 1, done.output
        assert not (tmp_path / "out").exists()
        return done.output

    file = tmp_path / "words.txt"
    file.write_text("ring\nsea\n", encoding="utf-8")
    given = ("--generator", str(model), "--words", str(file))
    assert "needs --words" in refused("planted:striped", "--generator", str(model))
    assert "needs --layer and --images" in refused("efficientnet-lite0", *given)
    assert "no attribute 'zebra'" in refused("planted:zebra", *given)
    people = ("planted:striped", *given, "--prefer")
    assert "allowed are tcav and human:TABLES" in refused(*people, "me")
    assert "needs --groups" in refused(*people, "human:tables")
    assert "needs people's choices" in refused(*people, "tcav", "--groups", str(tmp_path))
    assert "no finished search" in refused(*people, "human:tables", "--groups", str(tmp_path))
    assert "class 0 has none" in refused("planted:striped", "--class", "0", *given)
    assert "no folder tokenizer" in refused("planted:striped", "--generator", str(tmp_path))


def test_a_model_that_is_not_here_is_named_with_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(DiffusionFault) as caught:
        load_generator("stable-diffusion-v1-5/stable-diffusion-v1-5")
    for said in ("stable-diffusion-v1-5", "about 4.3 GB", "U-Net", "tiny world", "no download"):
        assert said in str(caught.value)
    with pytest.raises(DiffusionFault, match="no folder 'a b'"):
        load_generator("a b")


@pytest.mark.slow
def test_the_command_searches(tmp_path: Path, model: Path) -> None:
    file = tmp_path / "words.txt"
    file.write_text("ring\nsea\n", encoding="utf-8")
    arguments = ["planted:night", "--to", str(tmp_path / "out"), "--steps", "2", "--group", "4"]
    arguments += ["--random-sets", "2", "--sampler-steps", "2", "--words", str(file)]
    arguments += ["--generator", str(model)]
    done = CliRunner().invoke(concepts, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    assert "ring" in done.output
    found = json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))
    assert {row["word"] for row in found["words"]} == {"ring", "sea", NOISE}
    assert "cause_after" in found["words"][0]
