"""People's clicks and captions beside the labels, and beside attention whose peak is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diptych_analysis.captions.people import (
    People,
    beside_attention,
    caption_scores,
    caption_text,
    people_captions,
    pointing_scores,
)
from diptych_analysis.captions.pointing import WordMap, enlarged, peak, pointing
from diptych_analysis.captions.prompts import Material
from diptych_analysis.captions.tiny_world import draw_labelled
from diptych_analysis.captions.wording import tiny_wording

IMAGES = draw_labelled(6, seed=2, stream=3)
WORDING = tiny_wording()


def _clicks(rows: list[tuple[int, str, float | None, float | None]]) -> People:
    trials = pd.DataFrame(
        [
            {
                "image": image,
                "item_id": f"{image}-{word}",
                "word": word,
                "response": "absent" if x is None else "place",
                "point_x": np.nan if x is None else x,
                "point_y": np.nan if y is None else y,
            }
            for image, word, x, y in rows
        ]
    )
    return People(trials, IMAGES, WORDING)


def _middle(image: int, kind: int) -> tuple[float, float]:
    """A pixel of a class, as shares of the image."""
    rows, columns = np.nonzero(IMAGES.labels[image] == kind)
    return (columns[0] + 0.5) / 32, (rows[0] + 0.5) / 32


def _words() -> list[tuple[int, int]]:
    return [(i, k) for i in range(6) for k in range(1, 9) if IMAGES.present[i, k]]


def test_clicks_hit_pixels_of_the_word_and_nothing_else() -> None:
    there = [(i, WORDING.words[k], *_middle(i, k)) for i, k in _words()]
    absent = [(i, w) for i in range(6) for k, w in enumerate(WORDING.words)
              if w and not IMAGES.present[i, k]]  # fmt: skip
    right = _clicks([*there, *((i, word, None, None) for i, word in absent)])
    found = pointing_scores(right)
    assert (found["hits"], found["missed"], found["right_absent"]) == (1, 0, 1)
    assert (found["clicks"], found["absent"]) == (len(there), len(absent))
    # The corner of every scene is ground.
    wrong = _clicks([(i, WORDING.words[k], 0.0, 1.0) for i, k in _words()])
    assert pointing_scores(wrong)["hits"] == 0


def test_attention_is_compared_where_people_clicked() -> None:
    (image, kind), *_ = _words()
    word = WORDING.words[kind]
    x, y = _middle(image, kind)
    attention = np.zeros((32, 32))
    attention[int(y * 32), int(x * 32)] = 1.0
    maps = [WordMap(image, kind, word, attention)]
    people = _clicks([(image, word, x, y), (image, word, x, y), (image, word, None, None)])
    row = beside_attention(people, maps).iloc[0]
    assert (row["clicks"], row["people_hit"], row["model_hits"]) == (2, 1, True)
    assert row["distance"] == pytest.approx(0, abs=1e-9)
    assert beside_attention(_clicks([(image, "bow", 0.5, 0.5)]), []).empty
    found = pointing(maps, Material(IMAGES, WORDING, lambda _: []))
    assert (found["hits"], found["mass"]) == (1, 1)


@given(st.integers(0, 2**32 - 1), st.sampled_from([4, 8, 16]))
def test_a_peak_lies_in_the_highest_square_of_a_coarse_map(seed: int, side: int) -> None:
    coarse = np.random.default_rng(seed).random((side, side))
    row, column = peak(coarse, 32)
    block = 32 // side
    highest = np.unravel_index(coarse.argmax(), coarse.shape)
    assert (row // block, column // block) == tuple(int(place) for place in highest)
    assert enlarged(coarse, side) == pytest.approx(coarse)


def test_captions_are_scored_by_the_words_of_classes() -> None:
    shapes = [WORDING.words[k] for i, k in _words() if i == 0]
    rows = [
        {"image": 0, "item_id": "a", "caption": f"there is a {shapes[0]}!", "words": None},
        {"image": 0, "item_id": "a", "caption": None, "words": "|".join(shapes)},
        {"image": 1, "item_id": "b", "caption": "nothing", "words": None},
    ]
    people = People(pd.DataFrame(rows), IMAGES, WORDING)
    found = caption_scores(people)
    other = sum(i == 1 for i, _ in _words())
    assert (found["captions"], found["images"], found["precision"]) == (3, 2, 1)
    assert found["recall"] == pytest.approx((1 + len(shapes)) / (2 * len(shapes) + other))
    assert caption_text(rows[1]) == ", ".join(shapes)
    table = people_captions(people).set_index("image")["people"]
    assert table[IMAGES.names[1]] == "nothing"
    assert table[IMAGES.names[0]] in {caption_text(rows[0]), caption_text(rows[1])}
