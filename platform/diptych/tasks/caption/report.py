"""The section of `diptych report` about captions: their words, and how well these fit."""

from __future__ import annotations

from typing import Any

import pandas as pd

from diptych.tasks.caption.figures import words_of
from diptych_analysis.report import performance_figures
from diptych_analysis.report.page import Page
from diptych_analysis.tables import Tables


def section(page: Page, trials: pd.DataFrame, _everybody: pd.DataFrame, _tables: Tables) -> None:
    """Add the words of captions, and precision and recall against the words that fit."""
    test = trials[(trials["phase"] == "test") & trials["response"].notna()]
    page.add("<h3>Captions</h3>")
    if not len(test):
        page.add("<p>No caption.</p>")
        return
    named = [words_of(row.get("words"), row.get("caption")) for row in test.to_dict("records")]
    length = pd.Series([len(words) for words in named])
    page.add(
        f"<p>{len(test):,} captions of {test['item_id'].nunique():,} images, with a median of "
        f"{length.median():g} different words.</p>"
    )
    fit = precision_and_recall(named, test["label"])
    if fit is not None:
        precision, recall, count = fit
        page.add(
            f"<p>In {count:,} captions of images whose words are known, {precision:.0%} of the "
            f"named words that can be judged fit (precision), and {recall:.0%} of the words that "
            "fit are named (recall).</p>".replace("%", " %")
        )
    page.figure(_chart(named), "Words by the share of captions that hold them.")
    page.figure(
        performance_figures.times_by_trial(trials),
        "Response times over the session: median and middle half of the sessions.",
    )


def precision_and_recall(
    named: list[set[str]], labels: pd.Series[Any]
) -> tuple[float, float, int] | None:
    """Compare the words of captions with those that fit, over all captions together.

    Parameters
    ----------
    named : list of set of str
        Words of each caption.
    labels : Series of str
        Words that fit, with `;` between, or nothing.

    Returns
    -------
    tuple of (float, float, int) or None
        Precision among words that fit some image, recall, and how many captions were compared;
        None if no image has known words.
    """
    right = [
        {part.strip().casefold() for part in label.split(";")} if isinstance(label, str) else None
        for label in labels
    ]
    judged = set().union(*(words for words in right if words))
    pairs = [
        ({word.casefold() for word in words} & judged, known)
        for words, known in zip(named, right, strict=True)
        if known
    ]
    said = sum(len(words) for words, _ in pairs)
    true = sum(len(known) for _, known in pairs)
    if not said or not true:
        return None
    hits = sum(len(words & known) for words, known in pairs)
    return hits / said, hits / true, len(pairs)


def _chart(named: list[set[str]]) -> Any:
    from diptych.tasks.caption.charts import named_words

    counts = pd.Series([word for words in named for word in sorted(words)]).value_counts()
    frame = counts.rename_axis("word").rename("answers").reset_index()
    frame["share"] = frame["answers"] / len(named)
    return named_words(frame)
