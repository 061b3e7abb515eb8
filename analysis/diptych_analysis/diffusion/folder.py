"""Loading a diffusion model: Stable Diffusion and the tiny world by the same code.

A folder in diffusers' layout, or a name on the Hugging Face hub:

    FOLDER/tokenizer/  text_encoder/  unet/  vae/  scheduler/
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from diptych_analysis.diffusion.faults import DiffusionFault
from diptych_analysis.diffusion.generator import Generator

#: The published model of RLPO and TADP, and what a first use downloads.
STABLE_DIFFUSION = "stable-diffusion-v1-5/stable-diffusion-v1-5"
DOWNLOAD = "about 4.3 GB"
PARTS = ("tokenizer", "text_encoder", "unet", "vae", "scheduler")
_WEIGHTS = {
    part: [f"{part}/*.json", f"{part}/*.txt", f"{part}/*model.safetensors"] for part in PARTS
}


def load_generator(
    name: str | Path, *, device: str | torch.device = "cpu", download: bool = False
) -> Generator:
    """Load a diffusion model from a folder or from the hub.

    Parameters
    ----------
    name : str or Path
        Folder in diffusers' layout, or a name on the Hugging Face hub.
    device : str or torch.device
        Where it runs.
    download : bool
        Whether a model that is not in the hub's cache may be downloaded.

    Returns
    -------
    Generator
        In evaluation mode; no weight takes a gradient.

    Raises
    ------
    DiffusionFault
        If parts are missing, or the model is not here and `download` is false.
    """
    _require_packages()
    from diffusers import AutoencoderKL, DDIMScheduler, DDPMScheduler, UNet2DConditionModel
    from diffusers import DPMSolverMultistepScheduler as Solver
    from transformers import CLIPTextModel, CLIPTokenizer

    from diptych_analysis.diffusion.latents import SpaceToDepth

    _hush()
    folder = Path(name) if Path(name).is_dir() else _from_hub(str(name), download=download)
    missing = [part for part in PARTS if not (folder / part).is_dir()]
    if missing:
        raise DiffusionFault(
            f"{str(folder)!r} is no diffusion model: it has no folder {', '.join(missing)}; "
            f"needed are {', '.join(PARTS)}"
        )
    plain = _class_of(folder / "vae") == "SpaceToDepth"
    autoencoder: Any = SpaceToDepth if plain else AutoencoderKL
    try:
        parts = {
            "tokenizer": CLIPTokenizer.from_pretrained(folder / "tokenizer"),
            "text_encoder": CLIPTextModel.from_pretrained(
                folder / "text_encoder", dtype=torch.float32
            ),
            "unet": UNet2DConditionModel.from_pretrained(
                folder, subfolder="unet", torch_dtype=torch.float32
            ),
            "vae": autoencoder.from_pretrained(folder, subfolder="vae"),
        }
        config = DDPMScheduler.load_config(folder, subfolder="scheduler")
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        first = str(error).partition("\n")[0]
        raise DiffusionFault(f"the model {str(folder)!r} can't be read: {first}") from error
    # The solver of the published code does not clip, so the tiny model keeps its own scheduler.
    sampler = (DDIMScheduler if plain else Solver).from_config(config)
    for part in ("text_encoder", "unet", "vae"):
        parts[part] = parts[part].to(device).eval().requires_grad_(False)
    return Generator(
        name=str(name), sampler=sampler, noise=DDPMScheduler.from_config(config), **parts
    )


def _require_packages() -> None:
    try:
        import diffusers  # noqa: F401
        import peft  # noqa: F401
        import transformers  # noqa: F401
    except ModuleNotFoundError as error:
        raise DiffusionFault(
            f"diffusion models need {error.name}: pip install 'diptych[concepts]'"
        ) from None


def _hush() -> None:
    """Switch off the progress bars of loading: a command has its own."""
    from transformers.utils import logging

    logging.disable_progress_bar()


def _class_of(folder: Path) -> str | None:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        result: str | None = config.get("_class_name")
        return result
    except (OSError, ValueError, AttributeError):
        return None


def _from_hub(name: str, *, download: bool) -> Path:
    """Find a model in the cache of the hub, or download its five parts."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    patterns = [pattern for part in PARTS for pattern in _WEIGHTS[part]]
    patterns.append("scheduler/*.json")
    try:
        return Path(snapshot_download(name, allow_patterns=patterns, local_files_only=not download))
    except HFValidationError:
        raise DiffusionFault(
            f"no folder {name!r}, and no name of a model either; allowed are a folder with "
            f"{', '.join(PARTS)}, or a name like {STABLE_DIFFUSION}"
        ) from None
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        reason = "" if not download else f" The download failed: {str(error).splitlines()[0]}"
        size = f" ({DOWNLOAD})" if name == STABLE_DIFFUSION else ""
        raise DiffusionFault(
            f"the diffusion model {name!r} is not on this machine.{reason} With --download, "
            "Diptych downloads its tokenizer, text encoder, U-Net, autoencoder and scheduler"
            f"{size} from the Hugging Face hub. Without --generator, Diptych uses the tiny world "
            "that comes with it, which needs no download"
        ) from error
