"""Participants' captions and clicks: how well they fit, and how a model's attention compares.

Tables come from studies of the tasks `caption` and `point`, images from the same labelled folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from diptych_analysis.captions.faults import CaptionFault
from diptych_analysis.captions.labelled import Labelled
from diptych_analysis.captions.pointing import WordMap, peak
from diptych_analysis.captions.wording import Wording
from diptych_analysis.tables.read import Tables
from diptych_analysis.tables.schema import LIST_SEPARATOR

#: Column of captions.csv for participants' captions: the prompt `caption:people`.
COLUMN = "people"


@dataclass(frozen=True)
class People:
    """Test trials of one study, with the image of each.

    Attributes
    ----------
    trials : DataFrame
        With the columns of the task, and `image`: its number in the labelled folder.
    images : Labelled
        The labelled images.
    wording : Wording
        Words of their classes.
    """

    trials: pd.DataFrame
    images: Labelled
    wording: Wording

    @property
    def captions(self) -> bool:
        """Tell whether people wrote captions; otherwise they pointed."""
        return "point_x" not in self.trials


def read_people(tables: Tables, images: Labelled, wording: Wording) -> People:
    """Find the image of each test trial by the column `source` of items.

    Raises
    ------
    CaptionFault
        If the tables are of another task, or an image is missing.
    """
    trials, items = tables.trials, tables.items
    columns = set(trials.columns)
    if not ({"point_x", "word"} <= columns or "caption" in columns or "words" in columns):
        raise CaptionFault("these tables are of another task: allowed are point and caption")
    if "source" not in items.columns:
        raise CaptionFault(
            "the items have no column source: make the study with `diptych study from-captions`"
        )
    source = items.drop_duplicates("item_id").set_index("item_id")["source"].astype(str)
    rows = {Path(name).stem: row for row, name in enumerate(images.names)}
    test = trials[(trials["phase"] == "test") & trials["response"].notna()].copy()
    stems = test["item_id"].map(source).map(lambda name: Path(str(name)).stem)
    missing = sorted(set(stems) - set(rows))
    if missing:
        raise CaptionFault(
            f"no image {missing[0]!r} among the {len(rows)} labelled images; use the folder that "
            "the study was made from"
        )
    test["image"] = stems.map(rows)
    if not len(test):
        raise CaptionFault("the tables hold no answered test trial")
    return People(test, images, wording)


def caption_text(row: Mapping[Any, Any]) -> str:
    """Return a caption as a prompt: the sentence, or the ticked words with commas between."""
    words = row.get("words")
    if isinstance(words, str) and words:
        return ", ".join(words.split(LIST_SEPARATOR))
    if isinstance(words, list | tuple | np.ndarray) and len(words):
        return ", ".join(str(word) for word in words)
    text = row.get("caption")
    return text if isinstance(text, str) else ""


def caption_scores(people: People) -> dict[str, float | int | None]:
    """Compare the classes that captions name with those that images show.

    Returns
    -------
    dict
        `captions`, `images`, `words` (mean length), `precision` and `recall` over all captions.
    """
    texts = [caption_text(row) for row in people.trials.to_dict("records")]
    columns = list(people.wording.named)
    present = people.images.present[people.trials["image"].to_numpy()][:, columns]
    named = np.zeros_like(present)
    for row, text in enumerate(texts):
        for number in people.wording.mentioned(text):
            named[row, columns.index(number)] = True
    hits = int((named & present).sum())
    return {
        "captions": len(texts),
        "images": int(people.trials["image"].nunique()),
        "words": float(np.mean([len(text.split()) for text in texts])),
        "precision": hits / int(named.sum()) if named.any() else None,
        "recall": hits / int(present.sum()) if present.any() else None,
    }


def people_captions(people: People, seed: int = 0) -> pd.DataFrame:
    """Choose one caption per image, by the seed among those that it has.

    Returns
    -------
    DataFrame
        Columns image (file name) and `people`; images without a caption are left out.
    """
    rng = np.random.default_rng([seed, 46])
    rows = []
    for image, part in people.trials.sort_values("item_id").groupby("image"):
        chosen = part.iloc[int(rng.integers(len(part)))].to_dict()
        rows.append((people.images.names[int(str(image))], caption_text(chosen)))
    return pd.DataFrame(rows, columns=["image", COLUMN])


def pointing_scores(people: People) -> dict[str, float | int | None]:
    """Return how often clicks hit the pixels of the word, and absence was seen.

    Returns
    -------
    dict
        `clicks` (answers to words that are there), `hits` (share of them on a pixel of the class),
        `missed` (share that says "not there"), `absent` (answers to words that are not there) and
        `right_absent` (share of them that says so).
    """
    there = _is_there(people)
    clicked = (people.trials["response"] == "place").to_numpy()
    hits = np.array([_hit(people, row) for row in people.trials.to_dict("records")], np.bool_)
    shown, gone = int(there.sum()), int((~there).sum())
    return {
        "clicks": shown,
        "hits": float(hits[there].mean()) if shown else None,
        "missed": float((~clicked)[there].mean()) if shown else None,
        "absent": gone,
        "right_absent": float((~clicked)[~there].mean()) if gone else None,
    }


def beside_attention(people: People, maps: list[WordMap]) -> pd.DataFrame:
    """Compare clicks with the peaks of a model's attention, word by word.

    Parameters
    ----------
    people : People
        Pointing.
    maps : list of WordMap
        Attention of the model in the same images.

    Returns
    -------
    DataFrame
        One row per image and word that have both: whether the word is there, people's share of
        hits, whether the peak hits, and the distance between the peak and the median click, as a
        share of the image's side.
    """
    by_word = {(found.image, found.word): found for found in maps}
    rows = []
    clicked = people.trials[people.trials["response"] == "place"]
    for (image, word), part in clicked.groupby(["image", "word"]):
        found = by_word.get((int(str(image)), str(word)))
        if found is None:
            continue
        labels = people.images.labels[found.image]
        row, column = peak(found.attention, labels.shape[0])
        middle = part[["point_x", "point_y"]].median().to_numpy(float)
        at = (np.array([column, row]) + 0.5) / labels.shape[0]
        rows.append(
            {
                "image": people.images.names[found.image],
                "word": word,
                "there": bool((labels == found.kind).any()),
                "clicks": len(part),
                "people_hit": float(
                    np.mean([_hit(people, one) for one in part.to_dict("records")])
                ),
                "model_hits": bool(labels[row, column] == found.kind),
                "distance": float(np.hypot(*(middle - at))),
            }
        )
    columns = ["image", "word", "there", "clicks", "people_hit", "model_hits", "distance"]
    return pd.DataFrame(rows, columns=columns)


def _is_there(people: People) -> Any:
    kinds = {word: number for number, word in enumerate(people.wording.words) if word}
    return np.array(
        [
            word in kinds and bool((people.images.labels[image] == kinds[word]).any())
            for image, word in zip(people.trials["image"], people.trials["word"], strict=True)
        ],
        np.bool_,
    )


def _hit(people: People, row: Mapping[Any, Any]) -> bool:
    """Tell whether a click lies on a pixel of the word."""
    x, y = row.get("point_x"), row.get("point_y")
    if x is None or y is None or np.isnan(x) or np.isnan(y):
        return False
    labels = people.images.labels[row["image"]]
    side = labels.shape[0]
    place = (min(int(y * side), side - 1), min(int(x * side), side - 1))
    words = people.wording.words
    return bool(row["word"] in words and labels[place] == words.index(row["word"]))
