"""Seed words of a search: from a list or from captions, near-duplicates merged."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import torch

from diptych_analysis.concepts.faults import ConceptFault
from diptych_analysis.diffusion.generator import Generator

#: Words that name nothing visible; captions are full of them.
_EMPTY = frozenset(
    [
        *("a", "an", "and", "are", "as", "at", "by", "for", "from", "in", "is", "it", "its", "of"),
        *("off", "on", "or", "over", "some", "the", "this", "to", "two", "up", "with"),
    ]
)
MOST_WORDS = 20


def read_words(file: Path, most: int = MOST_WORDS) -> tuple[str, ...]:
    """Read words or captions, one per line; return the most frequent words first.

    A file whose lines are all single words is a list, and keeps its order. In captions, every word
    counts once per line, and words like `the` do not count.

    Parameters
    ----------
    file : Path
        Text in UTF-8.
    most : int
        Most words to return.

    Raises
    ------
    ConceptFault
        If the file can't be read or has fewer than two different words.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConceptFault(f"the words {str(file)!r} can't be read: {error}") from error
    found = [re.findall(r"[^\W\d_]+(?:[-'][^\W\d_]+)*", line.lower()) for line in lines]
    found = [words for words in found if words]
    if all(len(words) == 1 for words in found):
        result = tuple(dict.fromkeys(words[0] for words in found))
    else:
        counts = Counter(word for words in found for word in dict.fromkeys(words))
        result = tuple(word for word, _ in counts.most_common() if word not in _EMPTY)
    if len(result) < 2:
        raise ConceptFault(
            f"{str(file)!r} has {len(result)} different words; at least 2 are needed"
        )
    return result[:most]


def merge_near_duplicates(
    words: Sequence[str], generator: Generator, limit: float = 0.95
) -> tuple[str, ...]:
    """Drop words that mean nearly the same as an earlier one.

    Parameters
    ----------
    words : sequence of str
        The most frequent first.
    generator : Generator
        Its text encoder compares words.
    limit : float
        Highest cosine of two words' embeddings, less the mean embedding of all words.
    """
    if len(words) < 3:
        return tuple(words)
    rows = torch.stack([_embedding(word, generator) for word in words])
    rows = torch.nn.functional.normalize(rows - rows.mean(0), dim=1)
    near = (rows @ rows.T).numpy()
    kept: list[int] = []
    for place in range(len(words)):
        if all(near[place, other] <= limit for other in kept):
            kept.append(place)
    return tuple(words[place] for place in kept)


def _embedding(word: str, generator: Generator) -> torch.Tensor:
    """Return the embedding at the end of a word, which has seen all its tokens."""
    tokens = len(generator.tokenizer(word).input_ids)
    return generator.encode_prompts([word])[0, tokens - 1].cpu()
