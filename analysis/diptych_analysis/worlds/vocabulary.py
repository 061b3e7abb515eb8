"""The words of the tiny world: eight shapes, six textures, four grounds, and words between them."""

from __future__ import annotations

from diptych_analysis.worlds.faults import WorldFault

SHAPES = ("circle", "square", "triangle", "diamond", "cross", "ring", "moon", "bow")
TEXTURES = ("plain", "striped", "barred", "checked", "dotted", "speckled")
GROUNDS = ("snow", "night", "grass", "sea")
#: Every word that names something visible, in one fixed order.
ATTRIBUTES = (*SHAPES, *TEXTURES, *GROUNDS)
#: Words of captions that name nothing.
FILLERS = ("a", "and", "on", ",")
#: Seed words of a search for concepts: all textures, four shapes and two grounds.
SEED_WORDS = (*TEXTURES, "circle", "square", "cross", "ring", "night", "grass")

KINDS = {"shape": SHAPES, "texture": TEXTURES, "ground": GROUNDS}


def kind_of(word: str) -> str:
    """Return the kind of an attribute: shape, texture or ground.

    Raises
    ------
    WorldFault
        If the tiny world has no such attribute.
    """
    for kind, words in KINDS.items():
        if word in words:
            return kind
    raise WorldFault(
        f"the tiny world has no attribute {word!r}; allowed are {', '.join(ATTRIBUTES)}"
    )
