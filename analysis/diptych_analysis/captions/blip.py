"""Captions of photographs by a published model: BLIP-2, through transformers."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from diptych_analysis.captions.faults import CaptionFault
from diptych_analysis.captions.labelled import SUFFIXES
from diptych_analysis.pictures import PictureFault, read_picture

#: The published captioner, and what a first use downloads.
BLIP2 = "Salesforce/blip2-opt-2.7b"
DOWNLOAD = "about 15 GB"
#: Most tokens of a caption: what CLIP's text encoder takes.
MOST = 77


@dataclass(frozen=True)
class ImageToText:
    """A model that writes text for an image, and its processor.

    Attributes
    ----------
    name : str
        Folder or name on the hub.
    model, processor
        As transformers has them.
    """

    name: str
    model: Any
    processor: Any

    def caption(self, picture: Image.Image, least: int) -> str:
        """Write a caption of at least `least` new tokens, or as many as the model can."""
        inputs = self.processor(images=picture, return_tensors="pt").to(self.model.device)
        with torch.inference_mode():
            ids = self.model.generate(**inputs, min_new_tokens=least, max_new_tokens=MOST)
        text: str = self.processor.batch_decode(ids, skip_special_tokens=True)[0]
        return " ".join(text.split())


def load_captioner(
    name: str, *, device: str | torch.device = "cpu", download: bool = False
) -> ImageToText:
    """Load a captioner from a folder or from the hub.

    Raises
    ------
    CaptionFault
        If it is not here and `download` is false, or can't be read.
    """
    try:
        from transformers import AutoModelForImageTextToText, AutoProcessor
    except ModuleNotFoundError as error:
        raise CaptionFault(
            f"captioners need {error.name}: pip install 'diptych[concepts]'"
        ) from None
    try:
        processor = AutoProcessor.from_pretrained(name, local_files_only=not download)
        model = AutoModelForImageTextToText.from_pretrained(name, local_files_only=not download)
    except (OSError, ValueError) as error:
        if Path(name).is_dir():
            first = str(error).partition("\n")[0]
            raise CaptionFault(f"the captioner {name!r} can't be read: {first}") from error
        size = f" ({DOWNLOAD})" if name == BLIP2 else ""
        raise CaptionFault(
            f"the captioner {name!r} is not on this machine. With --download, Diptych downloads "
            f"it{size} from the Hugging Face hub. The tiny world has its own captioner, which "
            "needs no download: `diptych captions segment --to FOLDER`"
        ) from error
    return ImageToText(name, model.to(device).eval(), processor)


def caption_folder(
    folder: Path,
    file: Path,
    captioner: ImageToText,
    *,
    least: int,
    seed: int = 0,
    watch: Callable[[int, int], None] | None = None,
) -> int:
    """Write one row per image, `image,caption`; rows that are there already stay.

    Parameters
    ----------
    folder : Path
        Holds images, itself or in its folder `images`.
    file : Path
        CSV file.
    captioner : ImageToText
        Writes the captions.
    least : int
        Fewest new tokens.
    seed : int
        Seed of models that draw words.
    watch : callable, optional
        Gets the number of images with a caption, and of all.

    Returns
    -------
    int
        Number of images.

    Raises
    ------
    CaptionFault
        If the folder has no image, or an image or the file can't be read.
    """
    inside = folder / "images" if (folder / "images").is_dir() else folder
    images = sorted(found for found in inside.iterdir() if found.suffix.lower() in SUFFIXES)
    if not images:
        raise CaptionFault(f"{str(inside)!r} has no image ({', '.join(SUFFIXES)})")
    done = _rows(file)
    file.parent.mkdir(parents=True, exist_ok=True)
    new = not file.exists()
    with file.open("a", newline="", encoding="utf-8") as to:
        writer = csv.writer(to)
        if new:
            writer.writerow(["image", "caption"])
        for number, image in enumerate(images, 1):
            if image.name not in done:
                torch.manual_seed(seed)
                writer.writerow([image.name, captioner.caption(_open(image), least)])
                to.flush()
            if watch is not None:
                watch(number, len(images))
    return len(images)


def _rows(file: Path) -> set[str]:
    if not file.exists():
        return set()
    with file.open(newline="", encoding="utf-8") as from_:
        reader = csv.DictReader(from_)
        if reader.fieldnames != ["image", "caption"]:
            raise CaptionFault(
                f"{str(file)!r} has columns {', '.join(reader.fieldnames or [])}; allowed are a "
                "new file, or one with image and caption"
            )
        return {row["image"] for row in reader}


def _open(file: Path) -> Image.Image:
    try:
        return read_picture(file.read_bytes())
    except (OSError, PictureFault) as error:
        raise CaptionFault(f"the image {str(file)!r} can't be read: {error}") from error
