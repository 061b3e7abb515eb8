"""What `diptych concepts` builds from its options, and the table that it prints."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from diptych_analysis.concepts import planted
from diptych_analysis.concepts.faults import ConceptFault
from diptych_analysis.concepts.people import PREFIX, Judged, read_judged
from diptych_analysis.concepts.preference import PreferenceSettings
from diptych_analysis.concepts.saved import read_search
from diptych_analysis.concepts.search import SearchSettings, Target
from diptych_analysis.concepts.sensitivity import layer_module, pictures, predicted
from diptych_analysis.concepts.words import merge_near_duplicates, read_words
from diptych_analysis.diffusion.generator import Drawer, Generator
from diptych_analysis.networks.images import image_set
from diptych_analysis.networks.networks import Network, load_network
from diptych_analysis.worlds.generators import of_tiny_world
from diptych_analysis.worlds.vocabulary import SEED_WORDS

Words = tuple[str, ...]
#: Images of the class whose gradients are looked at.
CLASS_IMAGES = 100
_PUBLISHED_RATE = 1e-5
#: Keeps the class images apart from the scenes that trained the classifier.
_STREAM = 32


def seed_words(file: Path | None, name: str, drawn_by: Drawer, merge: float | None) -> Words:
    """Return the seed words: of a file, or of the tiny world."""
    if file is None and not of_tiny_world(name):
        raise ConceptFault(
            f"the generator {name!r} needs --words: a file of seed words or captions, one per line"
        )
    words = SEED_WORDS if file is None else read_words(file)
    if merge is None:
        return words
    if not isinstance(drawn_by, Generator):
        raise ConceptFault(f"the generator {drawn_by.name!r} has no text encoder: no --merge")
    return merge_near_duplicates(words, drawn_by, merge)


def judged(prefer: str, earlier: Path | None) -> tuple[Words, list[Judged]]:
    """Read people's choices with the words of their search; nothing where scores prefer.

    Raises
    ------
    ConceptFault
        If `prefer` is neither `tcav` nor `human:TABLES`, or the search is missing.
    """
    if prefer == "tcav":
        if earlier is not None:
            raise ConceptFault("--groups needs people's choices: --prefer human:TABLES")
        return (), []
    if not prefer.startswith(PREFIX):
        raise ConceptFault(f"--prefer {prefer!r}: allowed are tcav and {PREFIX}TABLES")
    if earlier is None:
        raise ConceptFault(f"--prefer {prefer} needs --groups: the search that people judged")
    saved = read_search(earlier)
    words = tuple(str(word) for word in saved.about["settings"]["words"])
    return words, read_judged(Path(prefer.removeprefix(PREFIX)), saved)


def settings(words: Words, given: Mapping[str, Any]) -> SearchSettings:
    """Collect the settings of a search from the command's options."""
    rate = given["rate"]
    if rate is None:
        rate = PreferenceSettings.rate if of_tiny_world(given["model"]) else _PUBLISHED_RATE
    return SearchSettings(
        words=words,
        steps=given["steps"],
        group=given["group"],
        random_sets=given["random_sets"],
        policy=given["policy"],
        prefer=not given["no_preference"],
        shuffled=given["shuffled"],
        sampler_steps=given["sampler_steps"],
        guidance=given["guidance"],
        levels=given["levels"],
        seed=given["seed"],
        preference=PreferenceSettings(rate=rate),
    )


def target(
    classifier: str,
    number: int,
    layer: str | None,
    images: Path | None,
    device: str,
    folder: Path,
    seed: int,
) -> tuple[Target, Network | None]:
    """Load the classifier with images of its class, and the judge of a planted one.

    Raises
    ------
    ConceptFault
        If layer or images are missing, or the classifier has no such layer.
    """
    if classifier.startswith(planted.PREFIX):
        if images is not None:
            raise ConceptFault(f"{classifier} draws its images: leave out --images")
        return planted_target(classifier.removeprefix(planted.PREFIX), number, layer, folder, seed)
    if layer is None or images is None:
        raise ConceptFault(
            f"{classifier} needs --layer and --images: a layer that holds concepts, and a folder "
            "with images of the class"
        )
    network = load_network(classifier, device)
    layer_module(network, layer)
    found = image_set(images)
    shown = [found.open(i) for i in range(min(len(found), CLASS_IMAGES))]
    return Target(network, layer, number, shown), None


def planted_target(
    attribute: str, number: int, layer: str | None, cache: Path, seed: int
) -> tuple[Target, Network]:
    """Train a classifier with a known cause, and a second one as judge; choose class images.

    Raises
    ------
    ConceptFault
        If the class is not 1, or the classifier fails on its own class.
    """
    if number != 1:
        raise ConceptFault(f"planted:{attribute} has the cause in class 1; class {number} has none")
    network = planted.planted_network(attribute, seed, cache)
    judge = planted.planted_network(attribute, seed + 1_000_003, cache)
    rng = np.random.default_rng([seed, _STREAM])
    shown = pictures(planted.class_scenes(attribute, 2 * CLASS_IMAGES, rng))
    right = np.flatnonzero(predicted(network, shown) == number)[:CLASS_IMAGES].tolist()
    if len(right) < CLASS_IMAGES // 2:
        raise ConceptFault(
            f"planted:{attribute} with seed {seed} did not learn its class: it is right on "
            f"{len(right)} of {2 * CLASS_IMAGES} images; use another seed"
        )
    return Target(network, layer or planted.LAYER, number, [shown[i] for i in right]), judge


def show(found: Mapping[str, Any]) -> None:
    """Print the words, the best first."""
    from rich.console import Console
    from rich.table import Table

    null = found["null_ts"]
    title = f"Random images against random images: TS {null['mean']:.2f}, sd {null['sd']:.2f}"
    shares = ["class", "cause"] if "cause_before" in found["words"][0] else ["class"]
    table = Table(title=title)
    for column in ("", "word", "tried", "reward", "TS", "p", "held out", *shares):
        table.add_column(column, justify="left" if column == "word" else "right", no_wrap=True)
    for row in found["words"]:
        cells = [
            "" if row.get(name) is None else f"{row[name]:.2f}"
            for name in ("reward", "ts", "p", "accuracy")
        ]
        cells += [_before_and_after(row, share) for share in shares]
        table.add_row(str(row.get("rank", "")), row["word"], str(row.get("tried", "")), *cells)
    Console().print(table)
    if "people" in found:
        Console().print(_people(found["people"]), soft_wrap=True, highlight=False)


def _people(about: Mapping[str, Any]) -> str:
    kappas = {
        name: "none" if about[name] is None else f"{about[name]:.2f}"
        for name in ("kappa_scores", "kappa_people")
    }
    return (
        f"{about['answers']} choices of participants about {about['steps']} steps. Kappa of their "
        f"majority and the scores: {kappas['kappa_scores']} ({about['steps_compared']} steps); of "
        f"the participants: {kappas['kappa_people']}"
    )


def _before_and_after(row: Mapping[str, Any], share: str) -> str:
    """Write a share before and after the search, or once if it did not change."""
    before, after = row.get(f"{share}_before"), row.get(f"{share}_after")
    if before is None:
        return ""
    return f"{before:.2f}" if before == after else f"{before:.2f} > {after:.2f}"
