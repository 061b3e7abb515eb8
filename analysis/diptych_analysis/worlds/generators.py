"""A generator by the name that a command was given: packaged, a folder, of the hub, or no model."""

from __future__ import annotations

from pathlib import Path

from diptych_analysis.diffusion.folder import load_generator
from diptych_analysis.diffusion.generator import Drawer, Generator
from diptych_analysis.networks.networks import device_for
from diptych_analysis.worlds.drawer import SceneDrawer
from diptych_analysis.worlds.packaged import TINY, packaged_model


def generator_for(name: str, device: str, *, download: bool) -> Generator:
    """Load the packaged model, a folder, or a model of the hub.

    Parameters
    ----------
    name : str
        `tiny`, a folder in diffusers' layout, or a name on the Hugging Face hub.
    device : str
        `auto`, `cpu`, `cuda` or `cuda:N`.
    download : bool
        Whether a model that is not in the hub's cache may be downloaded.

    Returns
    -------
    Generator
        The packaged model is named `tiny` wherever Diptych is installed, so results can move.

    Raises
    ------
    DiffusionFault
        If parts are missing, or the model is not here and `download` is false.
    WorldFault
        If the packaged model is missing or damaged.
    """
    where = device_for(device)
    if name != TINY:
        return load_generator(name, device=where, download=download)
    result = load_generator(packaged_model(), device=where)
    result.name = TINY
    return result


def drawer_for(name: str, device: str, *, download: bool) -> Drawer:
    """Take the tiny world itself for `scenes`, and a model as `generator_for` for other names."""
    if name == SceneDrawer.name:
        return SceneDrawer()
    return generator_for(name, device, download=download)


def of_tiny_world(name: str) -> bool:
    """Tell whether a generator draws the tiny world, with a model or without one."""
    return name in (TINY, SceneDrawer.name) or (Path(name) / "training.json").is_file()
