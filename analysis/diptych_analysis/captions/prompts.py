"""What the U-Net is told about each image: prompts by name, and controls that use no text.

| prompt | what each image gets |
| --- | --- |
| `empty` | the empty prompt |
| `averaged` | one vector per class, averaged over templates; the same for all images (C_avg) |
| `embeddings` | the words of all classes, encoded apart; the same for all images |
| `names` | one string with the names of all classes |
| `caption`, `caption:NAME` | the image's caption; in the tiny world NAME is a number of words |
| `nouns` | the nouns of the caption |
| `oracle`, `oracle:P:R` | names of the classes that are there, with precision P and recall R |
| `other` | the caption of another image: text, but not aligned |
| `vector` | the empty prompt; the head gets the classes that are there, as zeros and ones |
| `caption-vector` | the empty prompt; the head gets the classes that the caption names |
| `pixels` | no U-Net: the head sees the latents |
| `pixels+vector` | no U-Net: the latents, and the classes that are there |

A `+WORDS` behind a prompt adds words to every text, such as `caption+on night`, or puts the text
into a sentence: `caption+a dark night photo of {}`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import Tensor

from diptych_analysis.captions.encoding import averaged_classes, concatenated_words
from diptych_analysis.captions.faults import CaptionFault
from diptych_analysis.captions.labelled import Bools, Labelled
from diptych_analysis.captions.oracle import imperfect
from diptych_analysis.captions.wording import Wording
from diptych_analysis.diffusion.generator import Generator

#: Kinds of prompts, and whether they take words behind a colon.
KINDS = {
    "empty": 0,
    "averaged": 0,
    "embeddings": 0,
    "names": 0,
    "caption": 1,
    "nouns": 1,
    "oracle": 2,
    "other": 1,
    "vector": 0,
    "caption-vector": 1,
    "pixels": 0,
    "pixels+vector": 0,
}
_SHARED = ("averaged", "embeddings")


@dataclass(frozen=True)
class Prompt:
    """A prompt as it is written: kind, what stands behind colons, and added words.

    Attributes
    ----------
    name : str
        As written.
    kind : str
        One of `KINDS`.
    arguments : tuple of str
        What stands behind colons.
    added : str
        Words behind a plus.
    """

    name: str
    kind: str
    arguments: tuple[str, ...] = ()
    added: str = ""

    @property
    def aim(self) -> tuple[float, float]:
        """Return precision and recall of an oracle."""
        if not self.arguments:
            return 1.0, 1.0
        precision, recall = (float(part) for part in self.arguments)
        return precision, recall


def read_prompt(text: str) -> Prompt:
    """Read a prompt such as `oracle:0.5:1` or `caption+on night`.

    Raises
    ------
    CaptionFault
        If there is no such prompt, or its numbers are out of range.
    """
    before, _, added = (text, "", "") if text in KINDS else text.partition("+")
    kind, *arguments = before.split(":")
    if kind not in KINDS:
        raise CaptionFault(f"no prompt {text!r}; allowed are {', '.join(KINDS)}")
    prompt = Prompt(text, kind, tuple(arguments), added.strip())
    if kind == "oracle" and arguments:
        try:
            fits = len(arguments) == 2 and all(0 < part <= 1 for part in prompt.aim)
        except ValueError:
            fits = False
        if not fits:
            raise CaptionFault(
                f"prompt {text!r}: allowed is oracle:PRECISION:RECALL, both above 0 and at most 1"
            )
    elif len(arguments) > KINDS[kind]:
        raise CaptionFault(f"prompt {text!r}: {kind} takes {KINDS[kind]} values behind a colon")
    if prompt.added and kind in (*_SHARED, "vector", "caption-vector", "pixels", "pixels+vector"):
        raise CaptionFault(f"prompt {text!r}: {kind} takes no added words")
    return prompt


@dataclass(frozen=True)
class Material:
    """Images, and everything that prompts are made from.

    Attributes
    ----------
    images : Labelled
        The images.
    wording : Wording
        Words of their classes.
    captions : callable
        Takes a name ("" for the usual captions) and returns one caption per image.
    """

    images: Labelled
    wording: Wording
    captions: Callable[[str], Sequence[str]]


@dataclass(frozen=True)
class Condition:
    """What U-Net and head get for each image.

    Attributes
    ----------
    prompt : Prompt
        Where it comes from.
    texts : tuple of str, optional
        One prompt per image.
    shared : Tensor, (tokens, width), optional
        Embeddings that all images get, in place of texts.
    known : ndarray of bool, (n, classes), optional
        Classes that the head gets as zeros and ones.
    """

    prompt: Prompt
    texts: tuple[str, ...] | None = None
    shared: Tensor | None = None
    known: Bools | None = None

    @property
    def passes(self) -> bool:
        """Tell whether a U-Net is used at all."""
        return self.texts is not None or self.shared is not None


def condition(
    prompt: Prompt, material: Material, generator: Generator, rng: np.random.Generator
) -> Condition:
    """Make the condition of a prompt for some images.

    Parameters
    ----------
    prompt : Prompt
        Which one.
    material : Material
        Of the images.
    generator : Generator
        Encodes words.
    rng : numpy.random.Generator
        Draws the errors of an oracle, and who gets whose caption.
    """
    wording, count = material.wording, len(material.images)
    argument = prompt.arguments[0] if prompt.arguments else ""
    empty = ("",) * count
    if prompt.kind in _SHARED:
        names = [wording.words[i] for i in wording.named]
        if prompt.kind == "averaged":
            shared = averaged_classes(generator, names, wording.templates)
        else:
            shared = concatenated_words(generator, names)
        return Condition(prompt, shared=shared)
    match prompt.kind:
        case "pixels":
            return Condition(prompt)
        case "pixels+vector":
            return Condition(prompt, known=material.images.present)
        case "vector":
            return Condition(prompt, empty, known=material.images.present)
        case "caption-vector":
            named = mentioned(material.captions(argument), wording)
            return Condition(prompt, empty, known=named)
        case "empty":
            texts = empty
        case "names":
            texts = (wording.listed(wording.named),) * count
        case "caption":
            texts = tuple(material.captions(argument))
        case "nouns":
            texts = tuple(wording.only_nouns(text) for text in material.captions(argument))
        case "other":
            captions = material.captions(argument)
            texts = tuple(captions[i] for i in derangement(count, rng))
        case _:
            texts = _oracle(prompt, material, rng)
    return Condition(prompt, tuple(_joined(text, prompt.added) for text in texts))


def mentioned(captions: Sequence[str], wording: Wording) -> Bools:
    """Tell which classes each caption names, (n, classes)."""
    result = np.zeros((len(captions), len(wording.words)), np.bool_)
    for row, caption in enumerate(captions):
        result[row, list(wording.mentioned(caption))] = True
    return result


def derangement(count: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return a random order of `count` images, 2 or more, in which none keeps its place."""
    order = rng.permutation(count)
    result = np.empty(count, np.int64)
    # Each image gets the caption of the next one on a random circle.
    result[order] = np.roll(order, 1)
    return result


def _oracle(prompt: Prompt, material: Material, rng: np.random.Generator) -> tuple[str, ...]:
    wording = material.wording
    present = material.images.present[:, list(wording.named)]
    named = imperfect(present, *prompt.aim, rng)
    numbers = np.array(wording.named)
    return tuple(wording.listed(numbers[row].tolist()) for row in named)


def _joined(text: str, added: str) -> str:
    if "{}" in added:
        return added.replace("{}", text)
    return f"{text} {added}".strip()
