"""A study of contrastive images: whether those that divide machines divide people too.

After Cheung et al., *Let's disagree to agree*. Participants name k contrastive images, k controls
of the same classes, and easy images, which most raters named correctly.
"""

from __future__ import annotations

import csv
import hashlib
import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from diptych.authoring.folder import NAME, NAMES, load_study
from diptych_analysis.behaviour.faults import BehaviourFault
from diptych_analysis.behaviour.findings import Findings, Options, find
from diptych_analysis.behaviour.responses import NO_ANSWER, Indices, Responses
from diptych_analysis.networks.images import ImageSet, image_set
from diptych_analysis.pictures import PictureFault, read_picture

TEXTS = Path(__file__).parent / "contrastive_texts"
SIDES = range(32, 1025)  # pixels
FEWEST, MOST = 2, 16  # answers
_SECONDS = 4  # per trial, for the announced duration


@dataclass(frozen=True)
class Wanted:
    """What the study shows.

    Attributes
    ----------
    k : int
        Contrastive images, and as many controls.
    catch : int
        Easy images among the test images.
    practice : int or None
        Easy images before the test; None: one per class.
    exposure_ms : int
        Time that an image is shown, in ms; 0: until the answer.
    side : int
        Side of the square images, in pixels.
    seed : int
        Seed of the halves of raters and of all draws.
    """

    k: int = 20
    catch: int = 4
    practice: int | None = None
    exposure_ms: int = 200
    side: int = 256
    seed: int = 0


@dataclass(frozen=True)
class Item:
    """One image of the study: its phase, set, number among the stimuli, and right answer."""

    kind: str
    group: str
    stimulus: int
    answer: str


def make_study_from_contrastive(
    folder: Path, everyone: Responses, images: Path, wanted: Wanted | None = None
) -> Path:
    """Write a complete study folder, ready to open; nothing is left of it when that fails.

    Parameters
    ----------
    folder : Path
        The new study folder; its name is the study's.
    everyone : Responses
        Responses of at least four raters of one kind, with labels.
    images : Path
        Folder of the images. A stimulus is the image with its SHA-256, its file, or its name.
    wanted : Wanted, optional
        What the study shows.

    Raises
    ------
    BehaviourFault
        If there are too few raters, images or classes, or the name is taken.
    StudyFault
        If the study that came out has faults.
    """
    wanted = wanted or Wanted()
    if not NAME.fullmatch(folder.name):
        raise BehaviourFault(f"{folder.name!r} cannot be the name of a study; allowed: {NAMES}")
    if folder.exists():
        raise BehaviourFault(f"{folder} already exists: choose another name")
    if wanted.side not in SIDES:
        raise BehaviourFault(f"side {wanted.side}: allowed are {SIDES[0]} to {SIDES[-1]} pixels")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=folder.parent) as kept:
        made = Path(kept) / folder.name
        made.mkdir()
        found, items = write_contrastive_items(made, everyone, images, wanted)
        _write_texts(made, found, items, _labels(found.responses), wanted)
        load_study(made)
        made.rename(folder)
    return folder


def write_contrastive_items(
    folder: Path, everyone: Responses, images: Path, wanted: Wanted
) -> tuple[Findings, list[Item]]:
    """Write stimuli/, stimuli.csv and items.csv into a folder; generators of studies call it.

    Parameters
    ----------
    folder, everyone, images, wanted
        As in `make_study_from_contrastive`; the folder exists.

    Returns
    -------
    Findings
        What the raters agree about.
    list of Item
        The rows of items.csv.

    Raises
    ------
    BehaviourFault
        If there are too few raters, images or classes.
    """
    found = find(everyone, Options(k=wanted.k, seed=wanted.seed, resamples=20))
    _labels(found.responses)
    items = choose_items(found, wanted)
    _write_items(folder, found, items, _files(found.responses, items, image_set(images)), wanted)
    return found, items


def _labels(responses: Responses) -> list[str]:
    """Name the answers: every class of the stimuli."""
    labels = sorted({responses.categories[code] for code in responses.labels if code >= 0})
    if not FEWEST <= len(labels) <= MOST:
        raise BehaviourFault(
            f"the stimuli have {len(labels)} classes; a study has {FEWEST} to {MOST} answers. "
            "--map replaces fine classes by coarse ones"
        )
    odd = [name for name in responses.categories if name not in labels and name != NO_ANSWER]
    if len(odd) > len(labels):
        raise BehaviourFault(
            f"most responses are no class of a stimulus, for example {odd[0]!r}: the answers of "
            "the study would be others than those of the raters"
        )
    return labels


def choose_items(found: Findings, wanted: Wanted) -> list[Item]:
    """Choose contrastive images with their controls, and easy images.

    Raises
    ------
    BehaviourFault
        If there are too few raters, controls or easy images.
    """
    if found.chosen is None or found.controls is None:
        raise BehaviourFault(
            "no contrastive images with controls: at least 4 raters and labels are needed"
        )
    responses, pairs = found.responses, found.controls.pairs
    if pairs.empty:
        raise BehaviourFault("no image of the same classes is left as a control; use a smaller k")
    taken = pairs[["contrastive", "control"]].to_numpy().ravel()
    easy = _easy(responses, np.concatenate([taken, found.chosen.naive]), wanted.seed)
    practice = len(_labels(responses)) if wanted.practice is None else wanted.practice
    needed = wanted.catch + practice
    if len(easy) < needed:
        raise BehaviourFault(
            f"only {len(easy)} images that most raters name correctly are left for practice and "
            f"catch trials; {needed} are needed (--catch, --practice)"
        )
    sets: list[tuple[str, str, Iterable[int]]] = [
        ("test", "contrastive", pairs["contrastive"]),
        ("test", "control", pairs["control"]),
        # Practice comes first: it has each class as often as any other.
        ("practice", "easy", easy[:practice]),
        ("catch", "easy", easy[practice:needed]),
    ]
    return [
        Item(kind, group, int(place), responses.categories[int(responses.labels[place])])
        for kind, group, places in sets
        for place in places
    ]


def _easy(responses: Responses, taken: Indices, seed: int) -> Indices:
    """Order the images that most raters name correctly: each class once, then again, and so on.

    Within a class, the image that most raters name correctly is first. A weak machine that never
    names a class would leave none of it if all raters had to be correct.
    """
    accuracy = responses.stimulus_accuracy()
    free = np.setdiff1d(np.flatnonzero(accuracy > 0.5), taken)
    free = np.random.default_rng([seed, 1]).permutation(free)
    free = free[np.argsort(-accuracy[free], kind="stable")]
    own = responses.labels[free]
    rank = np.array([np.count_nonzero(own[:i] == own[i]) for i in range(len(own))], np.int64)
    order: Indices = free[np.argsort(rank, kind="stable")]
    return order


def _files(responses: Responses, items: Sequence[Item], images: ImageSet) -> dict[int, Path]:
    """Find the image of each item by its hash, its file or its name."""
    by_hash = dict(zip(images.hashes, images.files, strict=True))
    names = [*images.files, *(first for first, _ in images.duplicates)]
    stems = {Path(name).stem: name for name in names}
    found: dict[int, Path] = {}
    for item in items:
        row = responses.stimuli.iloc[item.stimulus]
        stimulus, file = str(row["stimulus"]), row.get("file")
        candidates = [by_hash.get(stimulus), file if file in names else None]
        candidates += [stimulus if stimulus in names else None, stems.get(stimulus)]
        name = next((each for each in candidates if each), None)
        if name is None:
            raise BehaviourFault(
                f"{images.folder} has no image of the stimulus {stimulus!r}: none with this "
                "SHA-256, file or name"
            )
        found[item.stimulus] = images.folder / str(name)
    return found


def _picture(file: Path, side: int) -> Image.Image:
    try:
        picture = read_picture(file.read_bytes())
    except (OSError, PictureFault) as fault:
        raise BehaviourFault(f"the image {file}: {fault}") from None
    # Small images, such as 8 x 8 digits, keep their squares.
    small = min(picture.size) * 2 <= side
    how = Image.Resampling.NEAREST if small else Image.Resampling.LANCZOS
    return ImageOps.fit(picture, (side, side), how)


def _write_items(
    folder: Path,
    found: Findings,
    items: Sequence[Item],
    files: Mapping[int, Path],
    wanted: Wanted,
) -> None:
    """Write stimuli/, stimuli.csv and items.csv; the order of the files tells nothing."""
    (folder / "stimuli").mkdir()
    rng = np.random.default_rng([wanted.seed, 2])
    names: dict[int, str] = {}
    contents: dict[str, int] = {}
    for number in rng.permutation(len(items)):
        item = items[number]
        name = f"stimuli/{len(names) + 1:04d}.png"
        _picture(files[item.stimulus], wanted.side).save(folder / name)
        digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        if digest in contents:
            raise BehaviourFault(f"{files[item.stimulus]} looks the same as another image")
        contents[digest] = number
        names[item.stimulus] = name
    accuracy = found.responses.stimulus_accuracy()
    rows = [
        (
            *(f"{item.kind}-{number:03d}", item.kind, names[item.stimulus], item.answer),
            *(item.group, round(float(found.overall.per_stimulus[item.stimulus]), 4)),
            round(float(accuracy[item.stimulus]), 4),
            found.responses.stimuli["stimulus"].iloc[item.stimulus],
        )
        for number, item in enumerate(items)
    ]
    head = ("item_id", "kind", "images", "answer", "set", "agreement", "accuracy", "source")
    _write_csv(folder / "items.csv", head, rows)
    _write_csv(folder / "stimuli.csv", ("file", "label"), [(n, "") for n in sorted(names.values())])


def _write_csv(file: Path, head: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out, lineterminator="\n").writerows([head, *rows])


def _write_texts(
    folder: Path, found: Findings, items: Sequence[Item], labels: list[str], wanted: Wanted
) -> None:
    trials = sum(item.kind == "test" for item in items)
    practice = sum(item.kind == "practice" for item in items)
    counted = trials + wanted.catch
    minutes = max(2, round(2 + (counted + practice) * _SECONDS / 60))
    single = all(len(label) == 1 and label.isalnum() for label in labels)
    who = {"machine": "machines", "person": "people", "simulated": "simulated participants"}
    values = {
        "raters": len(found.responses.raters),
        "who": " and ".join(who[kind] for kind in found.kinds),
        "labels": ", ".join(json.dumps(label, ensure_ascii=False) for label in labels),
        "listed": ", ".join(labels),
        "keys": f"keys = [{', '.join(json.dumps(label) for label in labels)}]" if single else "",
        "exposure": wanted.exposure_ms,
        "mask": "noise" if wanted.exposure_ms else "none",
        "mask_ms": 200 if wanted.exposure_ms else 0,
        "practice": practice,
        "trials": trials,
        "catch": wanted.catch,
        "counted": counted,
        "minutes": minutes,
        "reward": f"{minutes / 4:.2f}",  # 15 an hour
    }
    for path in sorted(TEXTS.iterdir()):
        text = path.read_text(encoding="utf-8")
        for name, value in values.items():
            text = text.replace("{{" + name + "}}", str(value))
        (folder / path.name).write_text(text, encoding="utf-8")
