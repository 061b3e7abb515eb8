"""What `diptych captions` builds from its options, and the table that it prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diptych_analysis.captions.faults import CaptionFault
from diptych_analysis.captions.runs import PROMPTS, RunSettings
from diptych_analysis.captions.sources import PLAIN, Folder, Source, TinyWorld
from diptych_analysis.captions.tiny_world import GROUND_DEPTH
from diptych_analysis.captions.training import DEPTH, HeadSettings
from diptych_analysis.diffusion.generator import Generator
from diptych_analysis.worlds.vocabulary import GROUNDS

#: Prompts that folders have without captions.csv.
_WITHOUT_CAPTIONS = ("empty", "averaged", "names", "oracle", "vector", "pixels", "pixels+vector")
#: Farthest depth of rooms, in metres, as published for NYUv2.
_ROOM = 10.0
#: A ground that looks like another one.
_NEAREST = {"night": "sea", "sea": "night", "snow": "grass", "grass": "snow"}


def settings(task: str, given: Mapping[str, Any], target: str | None) -> RunSettings:
    """Collect the settings of a run from the command's options."""
    farthest = _ROOM if given["images"] is not None else 2 * GROUND_DEPTH
    return RunSettings(
        prompts=_prompts(given, target),
        seeds=given["seeds"],
        head=HeadSettings(
            task=task,
            updates=given["updates"],
            rate=given["rate"],
            farthest=farthest if task == DEPTH else HeadSettings.farthest,
            backbone=given["backbone_rate"],
        ),
        scaled=not given["unscaled"],
        sampled=not given["mode"],
        step=given["step"],
    )


def _prompts(given: Mapping[str, Any], target: str | None) -> tuple[str, ...]:
    if target is not None:
        if target not in GROUNDS:
            raise CaptionFault(f"no ground {target!r}; allowed are {', '.join(GROUNDS)}")
        plain = f"caption:{PLAIN}"
        grounds = (target, _NEAREST[target], _seen(target)[0])
        return (plain, *(f"{plain}+on {ground}" for ground in grounds), "empty")
    if given["prompts"]:
        return tuple(given["prompts"])
    if given["images"] is not None and not (given["images"] / "captions.csv").exists():
        return _WITHOUT_CAPTIONS
    if given["images"] is not None:
        return tuple(name for name in PROMPTS if ":" not in name)
    return PROMPTS


def _seen(target: str) -> tuple[str, ...]:
    """Return the grounds of training: neither the target nor the one that looks like it."""
    return tuple(ground for ground in GROUNDS if ground not in (target, _NEAREST[target]))


def source(given: Mapping[str, Any], loaded: Generator, target: str | None) -> Source:
    """Return where images come from.

    Raises
    ------
    CaptionFault
        If a folder is given for a shift of the tiny world.
    """
    if given["images"] is None:
        return TinyWorld(
            given["train"],
            given["test"],
            train_grounds=() if target is None else _seen(target),
            test_grounds=() if target is None else (target,),
            captioner_updates=given["captioner_updates"],
        )
    if target is not None:
        raise CaptionFault(
            "shift draws the tiny world: leave out --images. For photographs, use segment with "
            "prompts such as 'caption+a dark night photo of {}'"
        )
    config = loaded.unet.config
    factor = 2 ** (len(loaded.vae.config.get("block_out_channels", (0,))) - 1)
    size = config.sample_size * (loaded.vae.config.get("block") or factor)
    return Folder(given["images"], size)


def show(found: Mapping[str, Any], task: str) -> None:
    """Print the prompts, the best first."""
    from rich.console import Console
    from rich.table import Table

    score = "RMSE" if task == DEPTH else "mIoU"
    table = Table()
    columns = ("prompt", score, "s.e.", "precision", "recall", "peak", "area")
    for column in columns:
        table.add_column(column, justify="left" if column == "prompt" else "right", no_wrap=True)
    for row in found["prompts"]:
        names = ("precision", "recall", "pointing_hits", "pointing_area")
        cells = [f"{row['score']:.3f}", _cell(row["standard_error"], 3)]
        table.add_row(row["prompt"], *cells, *(_cell(row[name], 2) for name in names))
    Console().print(table)


def _cell(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
