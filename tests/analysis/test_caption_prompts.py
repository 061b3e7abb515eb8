"""Prompts say what they should, with the errors that were asked for, and lose no letter."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from diptych_analysis.captions.captioner import Sight, described, train_captioner
from diptych_analysis.captions.faults import CaptionFault
from diptych_analysis.captions.labelled import read_folder
from diptych_analysis.captions.oracle import imperfect, precision_and_recall
from diptych_analysis.captions.prompts import derangement, mentioned, read_prompt
from diptych_analysis.captions.tiny_world import CLASSES, GROUND_DEPTH, draw_labelled
from diptych_analysis.captions.wording import english_wording, tiny_wording

SIGHTS = [
    Sight("circle", "striped", 0.9),
    Sight("ring", "plain", 0.6),
    Sight("moon", "dotted", 0.2),
]


@given(st.integers(0, 2**32 - 1), st.integers(2, 20))
def test_an_oracle_without_errors_is_the_truth(seed: int, classes: int) -> None:
    rng = np.random.default_rng(seed)
    present = rng.random((10, classes)) < 0.3
    assert (imperfect(present, 1.0, 1.0, rng) == present).all()
    assert precision_and_recall(present, present)[0] in (1.0,) or not present.any()


@pytest.mark.parametrize("precision", [0.5, 0.75, 1.0])
@pytest.mark.parametrize("recall", [0.5, 0.75, 1.0])
def test_an_oracle_errs_as_often_as_asked(precision: float, recall: float) -> None:
    rng = np.random.default_rng(0)
    # One to four of eight classes; many images, so that six standard deviations are below .03.
    count = rng.integers(1, 5, 4000)
    present = rng.random((4000, 8)).argsort(1).argsort(1) < count[:, None]
    found = precision_and_recall(imperfect(present, precision, recall, rng), present)
    assert found == pytest.approx((precision, recall), abs=0.03)


def test_more_wrong_names_than_exist_are_refused() -> None:
    present = np.array([[True, True, True, False]])
    with pytest.raises(CaptionFault, match=r"needs 3\.0 wrong names .* at least 0\.75"):
        imperfect(present, 0.5, 1.0, np.random.default_rng(0))


@given(st.integers(2, 40), st.integers(0, 2**32 - 1))
def test_nobody_gets_their_own_caption(count: int, seed: int) -> None:
    order = derangement(count, np.random.default_rng(seed))
    assert sorted(order) == list(range(count))
    assert (order != np.arange(count)).all()


def test_captions_name_the_surest_objects_first_and_have_the_length_asked_for() -> None:
    assert described(SIGHTS, "sea") == "a striped circle and a plain ring on sea"
    assert described(SIGHTS, "sea", 1) == "a striped circle on sea"
    for words in (5, 9, 13):
        assert len(described(SIGHTS, "sea", words).replace(",", " , ").split()) == words
    assert described(SIGHTS[2:], "sea") == "a dotted moon on sea"


def test_words_of_classes_are_found_and_listed() -> None:
    tiny = tiny_wording()
    assert tiny.listed([0, 1, 6, 7]) == "circle , ring and moon"
    assert tiny.only_nouns("a striped circle , a circle and a ring on sea") == "circle ring sea"
    assert tiny.mentioned("a striped circle , a bow") == (1, 8)
    english = english_wording(("background", "dining table", "cat"), ["tree"])
    assert english.mentioned("Two cats at a dining table.") == (1,)
    assert english.mentioned("The table, dining: a CAT!") == (2,)
    assert english.only_nouns("A cat, and another cat by the tree.") == "cat tree"
    assert len(set(english.templates)) == 80
    assert mentioned(["a ring", ""], tiny).sum(1).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("captions", "no prompt 'captions'; allowed are empty, averaged"),
        ("oracle:0:1", "allowed is oracle:PRECISION:RECALL"),
        ("oracle:x:1", "allowed is oracle:PRECISION:RECALL"),
        ("oracle:0.5", "allowed is oracle:PRECISION:RECALL"),
        ("names:3", "names takes 0 values"),
        ("averaged+on sea", "averaged takes no added words"),
    ],
)
def test_prompts_that_can_not_be_are_named(text: str, message: str) -> None:
    with pytest.raises(CaptionFault, match=message):
        read_prompt(text)


def test_prompts_are_read() -> None:
    assert read_prompt("pixels+vector").added == ""
    found = read_prompt("caption:5+on night")
    assert (found.kind, found.arguments, found.added) == ("caption", ("5",), "on night")
    assert read_prompt("oracle").aim == (1.0, 1.0)
    assert read_prompt("oracle:0.5:1").aim == (0.5, 1.0)


def test_labels_depth_and_captions_of_scenes_agree() -> None:
    images = draw_labelled(40, seed=3, stream=0, grounds=("sea",))
    named = mentioned(images.captions["truth"], tiny_wording())
    assert (named[:, 1:] == images.present[:, 1:]).all()
    assert set(images.captions["ground"]) == {"sea"}
    assert images.depth is not None
    assert ((images.depth == GROUND_DEPTH) == (images.labels == 0)).all()
    assert (images.depth >= 1).all()
    again = draw_labelled(40, seed=3, stream=1, grounds=("sea",))
    assert images.key != again.key


@pytest.mark.exhaustive
def test_longer_captions_name_more_and_err_more() -> None:
    images = draw_labelled(200, seed=0, stream=9)
    seen = train_captioner(0, steps=60).look(images.images)
    scores = [
        precision_and_recall(
            mentioned([described(*one, words) for one in seen], tiny_wording())[:, 1:],
            images.present[:, 1:],
        )
        for words in (5, 9, 17)
    ]
    precisions, recalls = zip(*scores, strict=True)
    assert recalls[0] < recalls[1] < recalls[2]
    assert precisions[0] > precisions[2]


def _write(folder: Path, captions: list[str]) -> None:
    for name in ("images", "labels"):
        (folder / name).mkdir()
    (folder / "classes.txt").write_text("\n".join(CLASSES) + "\n")
    images = draw_labelled(len(captions), seed=0, stream=0)
    for number in range(len(captions)):
        Image.fromarray(images.images[number]).save(folder / "images" / f"{number}.png")
        Image.fromarray(images.labels[number]).save(folder / "labels" / f"{number}.png")
    names = [f"{number}.png" for number in range(len(captions))]
    pd.DataFrame({"image": names, "caption": captions}).to_csv(folder / "captions.csv", index=False)


@given(st.lists(st.text("abc ,.\"'é\n", min_size=0, max_size=12), min_size=2, max_size=3))
def test_a_folder_keeps_images_labels_and_every_letter(
    tmp_path_factory: pytest.TempPathFactory, captions: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("folder")
    _write(folder, captions)
    found = read_folder(folder, 32)
    truth = draw_labelled(len(captions), seed=0, stream=0)
    assert (found.images == truth.images).all()
    assert (found.labels == truth.labels).all()
    assert list(found.captions["caption"]) == captions
    assert read_folder(folder, 16).labels.shape == (len(captions), 16, 16)


def test_faults_of_a_folder_are_named(tmp_path: Path) -> None:
    _write(tmp_path, ["a", "b"])
    (tmp_path / "captions.csv").write_text("image,caption\n0.png,a\n")
    with pytest.raises(CaptionFault, match=r"no row for 1 of 2 images, such as '1\.png'"):
        read_folder(tmp_path, 32)
    (tmp_path / "classes.txt").write_text("background\ncircle\n")
    with pytest.raises(CaptionFault, match=r"allowed are 0 to 1, as in classes\.txt, and 255"):
        read_folder(tmp_path, 32)
    (tmp_path / "labels" / "0.png").unlink()
    with pytest.raises(CaptionFault, match=r"0\.png' can't be read"):
        read_folder(tmp_path, 32)
    (tmp_path / "images" / "0.png").unlink()
    with pytest.raises(CaptionFault, match="has 1 images; allowed are 2 or more"):
        read_folder(tmp_path, 32)
