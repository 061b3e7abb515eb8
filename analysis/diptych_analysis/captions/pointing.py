"""Does attention to a word point to the object? The peak of its map, and its mass inside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from diptych_analysis.captions.encoding import word_places
from diptych_analysis.captions.faults import CaptionFault
from diptych_analysis.captions.features import extract
from diptych_analysis.captions.prompts import Condition, Material
from diptych_analysis.captions.store import Store, texts_of

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class WordMap:
    """Attention to one word in one image.

    Attributes
    ----------
    image, kind : int
        Number of the image, and the class that the word names.
    word : str
        The word.
    attention : ndarray, (side, side)
        Attention of every position to the word's tokens, 0 to 1.
    """

    image: int
    kind: int
    word: str
    attention: Floats


def word_maps(store: Store, material: Material, made: Condition, count: int) -> list[WordMap]:
    """Return the maps of all words of classes in the prompts of the first images.

    Parameters
    ----------
    store : Store
        Has the model.
    material : Material
        Images and words.
    made : Condition
        The prompts. Averaged classes have one token each; other shared embeddings have no map.
    count : int
        Number of images.
    """
    images = material.images.part(slice(0, count))
    latents = store.latents(images).to(store.generator.device)
    chosen = torch.arange(len(images))
    with torch.no_grad():
        text = texts_of(store.generator, made)(chosen)
        found = extract(store.generator.unet, latents, text, step=store.step)
    if not found.attention:
        return []
    attention = found.attention[max(found.attention)].float().cpu()
    result = []
    for image in range(len(images)):
        for kind, places in _places(store, material, made, image).items():
            total = attention[image, places].sum(0).double().numpy()
            result.append(WordMap(image, kind, material.wording.words[kind], total))
    return result


def _places(store: Store, material: Material, made: Condition, image: int) -> dict[int, list[int]]:
    """Return the tokens of each class that an image's prompt names."""
    wording = material.wording
    if made.prompt.kind == "averaged":
        return {kind: [place] for place, kind in enumerate(wording.named)}
    if made.texts is None:
        return {}
    text = made.texts[image]
    result = {}
    for kind in wording.mentioned(text):
        try:
            result[kind] = word_places(store.generator, text, wording.words[kind])
        except CaptionFault:
            # A word before a comma or in capitals can have other tokens than the word alone.
            continue
    return result


def pointing(maps: list[WordMap], material: Material) -> dict[str, float | int | None]:
    """Compare maps of words with the pixels of their class, over words of classes that are there.

    Parameters
    ----------
    maps : list of WordMap
        Of `word_maps`.
    material : Material
        With labels.

    Returns
    -------
    dict
        `words`: how many words; `hits`: share whose peak lies on the class; `mass`: mean share of
        attention on it; `area`: mean share of the image that it covers, which a map without any
        knowledge gets for both.
    """
    hits, masses, areas = [], [], []
    for found in maps:
        mask = material.images.labels[found.image] == found.kind
        if not mask.any():
            continue
        side = found.attention.shape[0]
        share = _shares(mask, side)
        row, column = peak(found.attention, mask.shape[0])
        hits.append(bool(mask[row, column]))
        masses.append(float((found.attention * share).sum() / found.attention.sum()))
        areas.append(float(mask.mean()))
    if not hits:
        return {"words": 0, "hits": None, "mass": None, "area": None}
    return {
        "words": len(hits),
        "hits": float(np.mean(hits)),
        "mass": float(np.mean(masses)),
        "area": float(np.mean(areas)),
    }


def peak(attention: Floats, pixels: int) -> tuple[int, int]:
    """Return row and column of a map's highest point, in pixels of the image.

    It lies in the position that gets the most attention. Within this square of pixels, the map
    brought to the size of the image (bilinear) says where.
    """
    side = attention.shape[0]
    row, column = np.unravel_index(int(attention.argmax()), attention.shape)
    tops = [int(place) * pixels // side for place in (row, row + 1, column, column + 1)]
    square = enlarged(attention, pixels)[tops[0] : tops[1], tops[2] : tops[3]]
    down, across = np.unravel_index(int(square.argmax()), square.shape)
    return tops[0] + int(down), tops[2] + int(across)


def enlarged(attention: Floats, pixels: int) -> Floats:
    """Bring a map to the size of its image, bilinear, (pixels, pixels)."""
    tensor: Tensor = torch.from_numpy(attention)[None, None]
    fine = torch.nn.functional.interpolate(
        tensor, (pixels, pixels), mode="bilinear", align_corners=False
    )
    result: Floats = fine[0, 0].numpy()
    return result


def _shares(mask: npt.NDArray[np.bool_], side: int) -> Floats:
    """Return which part of each position a mask covers, (side, side)."""
    block = mask.shape[0] // side
    cut = mask[: side * block, : side * block]
    return np.asarray(cut.reshape(side, block, side, block).mean((1, 3)), np.float64)
