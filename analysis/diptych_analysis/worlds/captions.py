"""Captions of scenes: full sentences, single words that hold for all objects, and none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from diptych_analysis.worlds.scenes import Scenes
from diptych_analysis.worlds.vocabulary import GROUNDS, SHAPES, TEXTURES

#: Kinds of captions that training mixes, and the share of each.
MIX = {"sentence": 0.3, "words": 0.6, "empty": 0.1}
#: Share of scenes of one shape whose caption names it, where shapes are taught.
SHAPE_CAPTIONS = 0.7


def sentence(scenes: Scenes, number: int) -> str:
    """Describe one scene: `a striped circle and a plain ring on grass`."""
    named = [
        f"a {TEXTURES[texture]} {SHAPES[shape]}"
        for shape, texture in zip(scenes.shapes[number], scenes.textures[number], strict=True)
        if shape >= 0
    ]
    return f"{' , '.join(named[:-1])} and {named[-1]} on {GROUNDS[scenes.grounds[number]]}"


def shared_words(scenes: Scenes, number: int) -> list[str]:
    """Return the words that hold for the whole scene: its ground, and what all objects share."""
    there = scenes.present[number]
    result = [GROUNDS[scenes.grounds[number]]]
    for places, words in ((scenes.textures, TEXTURES), (scenes.shapes, SHAPES)):
        kinds = set(places[number][there].tolist())
        if len(kinds) == 1:
            result.append(words[kinds.pop()])
    return result


def shape_captions(scenes: Scenes, rng: np.random.Generator) -> list[str]:
    """Write captions of which most name the shape that all objects of a scene share.

    In 70 % of the scenes with one shape, the caption is this shape, with a probability of .25 each
    the ground and a shared texture, in random order. The others are those of `mixed_captions`.
    """
    result = mixed_captions(scenes, rng)
    for number in range(len(scenes)):
        known = shared_words(scenes, number)
        shape = [word for word in known if word in SHAPES]
        if shape and rng.random() < SHAPE_CAPTIONS:
            others = [word for word in known if word not in SHAPES and rng.random() < 0.25]
            result[number] = " ".join(rng.permutation(shape + others).tolist())
    return result


def mixed_captions(scenes: Scenes, rng: np.random.Generator) -> list[str]:
    """Write one caption per scene, of the kinds and shares of `MIX`.

    A caption of words names a random part of `shared_words`, one word or more. So a single word
    as a prompt means: all objects are like this.
    """
    kinds: Sequence[str] = rng.choice(list(MIX), len(scenes), p=list(MIX.values())).tolist()
    result = []
    for number, kind in enumerate(kinds):
        if kind == "sentence":
            result.append(sentence(scenes, number))
        elif kind == "words":
            known = shared_words(scenes, number)
            count = int(rng.integers(1, len(known) + 1))
            result.append(" ".join(rng.permutation(known)[:count].tolist()))
        else:
            result.append("")
    return result
