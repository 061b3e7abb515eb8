"""Small data sets of responses in the formats of other labs."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

HEAD = ("rater", "stimulus", "response", "rt", "label", "kind")
CLASSES = ("bear", "cat", "dog")
CIFAR10 = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)


def _write(file: Path, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="") as out:
        csv.writer(out).writerows([head, *rows])


def model_vs_human(folder: Path, *, raters: int = 4, images: int = 12, seed: int = 0) -> Path:
    """Each rater in a file; the name of an image begins differently for each of them."""
    rng = np.random.default_rng(seed)
    head = ("subj", "session", "trial", "rt", "object_response", "category", "condition")
    for rater in range(raters + 1):
        machine = rater == raters
        name = "alexnet" if machine else f"subject-{rater + 1:02d}"
        rows = []
        for trial, image in enumerate(rng.permutation(images), start=1):
            label = CLASSES[image % 3]
            response = label if rng.random() < 0.7 else str(rng.choice([*CLASSES, "na"]))
            code = "dnn" if machine else f"s{rater + 1:02d}"
            file = f"{trial:04d}_tst_{code}_c{image % 2}_{label}_00_{label}{image}.png"
            time = "NaN" if machine else f"{rng.uniform(0.4, 1.4):.6f}"
            rows.append((name, 1, trial, time, response, label, f"c{image % 2}", file))
        _write(folder / f"test_{name}_session_1.csv", (*head, "imagename"), rows)
    return folder


def cifar10h_counts(folder: Path, *, images: int = 6, raters: int = 9) -> Path:
    """Counts of responses per image and class, as in `cifar10h-counts.npy`."""
    rng = np.random.default_rng(1)
    folder.mkdir(parents=True, exist_ok=True)
    shares = rng.dirichlet([0.3] * 10, images)
    counts = np.stack([rng.multinomial(raters + i % 3, p) for i, p in enumerate(shares)])
    np.save(folder / "cifar10h-counts.npy", counts)
    return folder


def whole_cifar10h_counts(folder: Path) -> Path:
    """Counts in the published layout: 10,000 images, 10 classes, 47 to 63 people per image.

    Most images have one answer, as in the data.
    """
    rng = np.random.default_rng(4)
    folder.mkdir(parents=True, exist_ok=True)
    shares = rng.dirichlet([0.05] * 10, 10_000)
    counts = rng.multinomial(rng.integers(47, 64, 10_000), shares)
    np.save(folder / "cifar10h-counts.npy", counts.astype(np.int64))
    return folder


def cifar10h_raw(folder: Path, *, raters: int = 4, images: int = 6) -> Path:
    """One row per trial, as in `cifar10h-raw.csv`."""
    rng = np.random.default_rng(2)
    head = (
        *("annotator_id", "trial_index", "task_number", "image_filename", "true_category"),
        *("chosen_category", "true_label", "chosen_label", "correct_guess"),
        *("cifar10_test_test_idx", "is_attn_check", "reaction_time", "time_elapsed"),
    )
    rows = []
    for rater in range(raters):
        for trial, image in enumerate([*rng.permutation(images), -99999]):
            true = image % 10 if image >= 0 else 3
            chosen = int(rng.integers(10)) if rng.random() < 0.3 else int(true)
            rows.append(
                (
                    *(rater, trial, rater * 100 + trial, f"{CIFAR10[true]}_s_{image}.png"),
                    *(CIFAR10[true], CIFAR10[chosen], true, chosen, int(true == chosen), image),
                    *(int(image < 0), 900.5 + trial, 1000 * trial),
                )
            )
    _write(folder / "cifar10h-raw.csv", head, rows)
    return folder


def long_responses(folder: Path, *, raters: int = 3, stimuli: int = 5) -> Path:
    """`rater, stimulus, response, rt, label, kind`, one rater a machine."""
    rng = np.random.default_rng(3)
    rows = [
        (
            *(f"r{rater}", f"image{stimulus}", CLASSES[int(rng.integers(3))]),
            *(1.25, CLASSES[stimulus % 3], "machine" if rater == 0 else "person"),
        )
        for rater in range(raters)
        for stimulus in range(stimuli)
    ]
    _write(folder / "responses.csv", HEAD, rows)
    return folder
