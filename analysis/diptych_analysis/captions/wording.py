"""How names of classes become prompts: in the tiny world's few words, or in English."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from diptych_analysis.captions.templates import PHOTOGRAPHS
from diptych_analysis.worlds.vocabulary import GROUNDS, SHAPES, TEXTURES

#: Templates of the tiny world's words, in place of the eighty of CLIP.
SCENES = (
    "{}",
    "a {}",
    *(f"{texture} {{}}" for texture in TEXTURES),
    *(f"a {texture} {{}}" for texture in TEXTURES),
    *(f"{{}} {ground}" for ground in GROUNDS),
    *(f"a {{}} on {ground}" for ground in GROUNDS),
)


@dataclass(frozen=True)
class Wording:
    """Words of classes, and how they are put together.

    Attributes
    ----------
    words : tuple of str
        Word of each class; empty for a class that prompts can't name.
    templates : tuple of str
        Sentences with `{}` for the name of a class, for averaged embeddings.
    nouns : frozenset of str
        Words that `nouns` keeps.
    joint : str
        Stands between the last two names of a list; a comma stands between the others.
    comma : str
        The comma.
    """

    words: tuple[str, ...]
    templates: tuple[str, ...]
    nouns: frozenset[str]
    joint: str = " and "
    comma: str = ", "

    @property
    def named(self) -> tuple[int, ...]:
        """Classes that have a word."""
        return tuple(i for i, word in enumerate(self.words) if word)

    def listed(self, classes: Iterable[int]) -> str:
        """Name classes: `circle, ring and moon`; classes without a word are left out."""
        words = [self.words[i] for i in classes if self.words[i]]
        if len(words) < 2:
            return "".join(words)
        return self.comma.join(words[:-1]) + self.joint + words[-1]

    def only_nouns(self, caption: str) -> str:
        """Return the different nouns of a caption, in their order, with spaces between."""
        words = (word.strip(".,;:!?\"'()").lower() for word in caption.split())
        return " ".join(dict.fromkeys(word for word in words if word in self.nouns))

    def mentioned(self, caption: str) -> tuple[int, ...]:
        """Return the classes whose word, or all of whose words, occur in a caption in a row."""
        text = f" {' '.join(_plain(caption))} "
        return tuple(i for i in self.named if f" {' '.join(_plain(self.words[i]))} " in text)


def _plain(text: str) -> list[str]:
    return [word for word in (part.strip(".,;:!?\"'()").lower() for part in text.split()) if word]


def tiny_wording() -> Wording:
    """Return the words of the tiny world's shapes; its model knows commas with spaces around."""
    return Wording(
        words=("", *SHAPES),
        templates=SCENES,
        nouns=frozenset((*SHAPES, *GROUNDS)),
        comma=" , ",
    )


def english_wording(classes: Sequence[str], nouns: Iterable[str] = ()) -> Wording:
    """Return the words of classes of photographs.

    Parameters
    ----------
    classes : sequence of str
        Their names are their words.
    nouns : iterable of str
        Further nouns that captions may hold; the words of the classes always count.
    """
    own = {word for name in classes for word in _plain(name)}
    return Wording(
        words=tuple(classes),
        templates=PHOTOGRAPHS,
        nouns=frozenset(own | {noun.lower() for noun in nouns}),
    )
