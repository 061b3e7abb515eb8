"""Text of prompts as the U-Net takes it: whole prompts, averaged classes, and words apart."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from diptych_analysis.captions.faults import CaptionFault
from diptych_analysis.diffusion.generator import Generator, weights_hash


def text_key(generator: Generator) -> str:
    """Hash of the text encoder's weights, 12 hex digits."""
    return weights_hash(generator.text_encoder)


def averaged_classes(
    generator: Generator, names: Sequence[str], templates: Sequence[str]
) -> Tensor:  # fmt: skip
    """Average the embedding of each class over templates (C_avg), (classes, width).

    The embedding of a sentence is the encoder's output at its end token.

    Parameters
    ----------
    generator : Generator
        Its text encoder is used.
    names : sequence of str
        Words of the classes.
    templates : sequence of str
        With `{}` for the word.
    """
    rows = []
    with torch.no_grad():
        for name in names:
            texts = [template.format(name) for template in templates]
            rows.append(pooled(generator, texts).mean(0))
    return torch.stack(rows)


def pooled(generator: Generator, texts: Sequence[str]) -> Tensor:
    """Encode texts and return the output at the end token, (texts, width)."""
    encoded = generator.encode_prompts(texts)
    ends = torch.tensor([length - 1 for length in _lengths(generator, texts)])
    return encoded[torch.arange(len(texts)), ends]


def concatenated_words(generator: Generator, names: Sequence[str]) -> Tensor:
    """Encode each name apart and put the tokens of all words together, (tokens, width).

    Start, end and padding are left out.
    """
    encoded = generator.encode_prompts(names)
    lengths = _lengths(generator, names)
    return torch.cat([row[1 : end - 1] for row, end in zip(encoded, lengths, strict=True)])


def token_mask(generator: Generator, texts: Sequence[str]) -> Tensor:
    """Tell which tokens of each prompt are no padding, (texts, tokens) of bool."""
    places = torch.arange(generator.tokenizer.model_max_length)
    return places[None] < torch.tensor(_lengths(generator, texts))[:, None]


def word_places(generator: Generator, text: str, word: str) -> list[int]:
    """Return the places of a word's tokens in a prompt; of its first occurrence.

    Raises
    ------
    CaptionFault
        If the prompt does not hold the word.
    """
    ids = generator.tokenizer([text, word]).input_ids
    whole, part = ids[0], ids[1][1:-1]
    for first in range(1, len(whole) - len(part)):
        if whole[first : first + len(part)] == part:
            return list(range(first, first + len(part)))
    raise CaptionFault(f"the prompt {text!r} does not hold the word {word!r}")


def _lengths(generator: Generator, texts: Sequence[str]) -> list[int]:
    """Return how many tokens texts have, with start and end."""
    return [len(row) for row in generator.tokenizer(list(texts)).input_ids]
