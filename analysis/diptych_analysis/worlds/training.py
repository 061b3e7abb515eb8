"""Training the tiny model on scenes and captions; stopped and resumed, it ends the same.

There are two phases. The first one teaches images, grounds and textures. The right word for a shape
lowers the error by 2 % at most, and the text encoder gives the words of shapes nearly the same
embedding. The second phase starts these words anew, apart from each other, names shapes more often,
and adds much noise, where shapes are decided.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from diptych_analysis.diffusion.folder import load_generator
from diptych_analysis.diffusion.generator import Generator
from diptych_analysis.networks.weights import WeightsFault, read_saved
from diptych_analysis.worlds.captions import mixed_captions, shape_captions
from diptych_analysis.worlds.faults import WorldFault
from diptych_analysis.worlds.model import write_new_model
from diptych_analysis.worlds.packaged import record_hashes
from diptych_analysis.worlds.scenes import draw_scenes
from diptych_analysis.worlds.vocabulary import SHAPES

CHECKPOINT_EVERY = 50
#: Keeps the scenes of training apart from those that later code draws with small seeds.
TRAINING_STREAM = 21
#: Share of training scenes with one shape, and with one texture: what single words can name.
ALIKE = 0.75
#: The same in the second phase, and its share of scenes whose noise is from the upper 30 %.
ALIKE_SHAPES, MUCH_NOISE = 0.85, 0.7
Watch = Callable[[int, float], None]


@dataclass(frozen=True)
class Settings:
    """What a training run depends on.

    Parameters
    ----------
    steps : int
        Updates of the weights in the first phase.
    shape_steps : int
        Updates in the second phase, for the words of shapes.
    seed : int
        Fixes starting weights, scenes, captions and noise.
    batch : int
        Scenes per update.
    rate : float
        Highest learning rate of AdamW; half of it in the second phase. In each phase, it rises
        over 100 updates, and falls to a twentieth over the last quarter.
    averaging : float
        Decay of the running average of the weights, which is what is saved.
    """

    steps: int = 6000
    shape_steps: int = 1200
    seed: int = 0
    batch: int = 32
    rate: float = 2e-3
    averaging: float = 0.998

    @property
    def updates(self) -> int:
        """Updates of both phases."""
        return self.steps + self.shape_steps


class _Training:
    """The state of one run: model, average, optimizer and losses."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.settings = settings
        write_new_model(folder, settings.seed)
        self.generator = load_generator(folder)
        self.models = nn.ModuleDict(
            {"unet": self.generator.unet, "text_encoder": self.generator.text_encoder}
        )
        self.models.train().requires_grad_(True)
        self.losses: list[float] = []
        self._start()

    def _start(self) -> None:
        """Start optimizer and average at the weights of now."""
        parameters = self.models.parameters()
        self.optimizer = torch.optim.AdamW(parameters, self.settings.rate, fused=True)
        self.average = {name: p.detach().clone() for name, p in self.models.named_parameters()}

    def _start_shapes(self) -> None:
        """Start the second phase: at the average as it is saved, with new words for shapes."""
        self.average = {name: average.half().float() for name, average in self.average.items()}
        self.put_average()
        separate_shapes(self.generator, self.settings.seed)
        self._start()

    def update(self) -> float:
        """Take one step; the number of earlier steps and the seed fix its data."""
        step, settings = len(self.losses), self.settings
        if step == settings.steps:
            self._start_shapes()
        loss = batch_loss(self.generator, settings, step)
        for group in self.optimizer.param_groups:
            group["lr"] = settings.rate * _rate(step, settings)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.models.parameters(), 1.0)
        self.optimizer.step()
        taken = step if step < settings.steps else step - settings.steps
        decay = min(settings.averaging, (1 + taken) / (10 + taken))
        with torch.no_grad():
            for name, parameter in self.models.named_parameters():
                self.average[name].lerp_(parameter, 1 - decay)
        self.losses.append(float(loss.detach()))
        return self.losses[-1]

    def write(self, file: Path) -> None:
        """Write a checkpoint, complete or not at all."""
        saved = {
            "settings": asdict(self.settings),
            "models": dict(self.models.state_dict()),
            "average": self.average,
            "optimizer": self.optimizer.state_dict(),
            "losses": self.losses,
        }
        half = file.with_suffix(".writing")
        torch.save(saved, half)
        half.replace(file)

    def read(self, file: Path) -> None:
        """Continue from a checkpoint of the same settings."""
        try:
            saved = read_saved(file)
            if saved["settings"] != asdict(self.settings):
                raise WorldFault(
                    f"{str(file)!r} belongs to other settings ({saved['settings']}): remove it to "
                    "train again, or use another folder"
                )
            self.models.load_state_dict(saved["models"])
            self.optimizer.load_state_dict(saved["optimizer"])
            self.average = saved["average"]
            self.losses = [float(loss) for loss in saved["losses"]]
        except (WeightsFault, KeyError, TypeError, RuntimeError) as error:
            raise WorldFault(
                f"{str(file)!r} is no checkpoint of this training ({error}): remove it to train "
                "again"
            ) from error

    def put_average(self) -> None:
        """Replace the weights by their running average."""
        with torch.no_grad():
            for name, parameter in self.models.named_parameters():
                parameter.copy_(self.average[name])

    def save(self, folder: Path) -> None:
        """Write the averaged weights in half precision, and the losses."""
        self.put_average()
        for name, model in self.models.items():
            model.half().save_pretrained(folder / name)  # type: ignore[operator]
        losses = [round(loss, 6) for loss in self.losses]
        about = {"settings": asdict(self.settings), "losses": losses}
        (folder / "training.json").write_text(json.dumps(about) + "\n", encoding="utf-8")


def train(folder: Path, settings: Settings, *, watch: Watch | None = None) -> list[float]:
    """Train a model of the tiny world into a folder, or continue, or find it finished.

    Parameters
    ----------
    folder : Path
        Gets the model in diffusers' layout and training.json. While training runs, the folder
        with `.training` added holds the checkpoint, written every 50 updates and on Ctrl-C.
    settings : Settings
        What to train.
    watch : callable, optional
        Gets the number of finished updates and the loss of the last one.

    Returns
    -------
    list of float
        Mean squared error per update.

    Raises
    ------
    WorldFault
        If the folder holds something else, or a run of other settings.
    """
    if folder.exists():
        return _finished(folder, settings)
    working = folder.with_name(folder.name + ".training")
    working.mkdir(parents=True, exist_ok=True)
    checkpoint = working / "checkpoint.pt"
    training = _Training(working, settings)
    if checkpoint.exists():
        training.read(checkpoint)
    try:
        while len(training.losses) < settings.updates:
            loss = training.update()
            if watch is not None:
                watch(len(training.losses), loss)
            if len(training.losses) % CHECKPOINT_EVERY == 0:
                training.write(checkpoint)
    except KeyboardInterrupt:
        training.write(checkpoint)
        raise
    training.save(working)
    checkpoint.unlink(missing_ok=True)
    record_hashes(working)
    shutil.move(working, folder)
    return _finished(folder, settings)


def batch_loss(generator: Generator, settings: Settings, step: int) -> Tensor:
    """Return the mean denoising error on the batch of one update; seed and step fix the batch."""
    rng = np.random.default_rng([settings.seed, TRAINING_STREAM, step])
    shapes = step >= settings.steps
    scenes = draw_scenes(settings.batch, rng, alike=ALIKE_SHAPES if shapes else ALIKE)
    captions = shape_captions(scenes, rng) if shapes else mixed_captions(scenes, rng)
    text = generator.embed(captions)
    latents = generator.encode_images(scenes.images())
    noise = torch.from_numpy(rng.standard_normal(latents.shape, np.float32))
    last = generator.noise.config.num_train_timesteps
    steps = rng.integers(0, last, settings.batch)
    if shapes:
        much = rng.random(settings.batch) < MUCH_NOISE
        steps = np.where(much, rng.integers(int(0.7 * last), last, settings.batch), steps)
    return generator.errors(latents, text, noise, torch.from_numpy(steps)).mean()


def separate_shapes(generator: Generator, seed: int) -> None:
    """Give the words of shapes new embeddings: random directions of length 1.

    Parameters
    ----------
    generator : Generator
        Its text encoder changes.
    seed : int
        Fixes the directions.
    """
    table = generator.text_encoder.get_input_embeddings().weight
    directions = torch.randn(
        len(SHAPES), table.shape[1], generator=torch.Generator().manual_seed(seed)
    )
    with torch.no_grad():
        for word, direction in zip(SHAPES, directions, strict=True):
            # The token after the start of the text.
            table[generator.tokenizer(word).input_ids[1]] = direction / direction.norm()


def _rate(step: int, settings: Settings) -> float:
    """Return the share of the highest learning rate at a step.

    It rises, stays, and falls in the last quarter of its phase. So a checkpoint of the first three
    quarters of the first phase belongs to a longer training too.
    """
    highest, steps = 1.0, settings.steps
    if step >= settings.steps:
        highest, steps, step = 0.5, settings.shape_steps, step - settings.steps
    rising = min(1.0, (step + 1) / 100)
    falling = max(0.0, (step / steps - 0.75) / 0.25)
    return highest * rising * (1 - 0.95 * falling)


def _finished(folder: Path, settings: Settings) -> list[float]:
    file = folder / "training.json"
    try:
        about: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        same = about["settings"] == asdict(settings)
        losses = [float(loss) for loss in about["losses"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WorldFault(
            f"{str(folder)!r} exists and is no trained model: choose a new folder"
        ) from error
    if not same:
        raise WorldFault(
            f"{str(folder)!r} holds a model of other settings ({about['settings']}): choose a new "
            "folder"
        )
    return losses
