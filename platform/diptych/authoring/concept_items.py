"""The items of a study of concepts: pictures that are shown together, and what is known of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from diptych_analysis.concepts.faults import ConceptFault
from diptych_analysis.concepts.saved import SavedSearch
from diptych_analysis.concepts.sheets import Bytes

EXAMPLES = 9  # per side, and images of a group
INTRUDERS = 5  # images of a trial: four of a concept and one of another
NAMED = 4  # images of a concept to name
EXPLAINED = 5  # images of a concept that explain, per concept
CONDITIONS = ("concepts", "examples", "none")
YES, NO = "yes", "no"
_MOST_LABELS = 16
#: The colour of the page behind a trial, in light and dark mode.
_PAGE = (235, 235, 235)


@dataclass(frozen=True)
class Wanted:
    """What the study shows.

    Attributes
    ----------
    design : str
        `preference`, `intruder`, `naming` or `prediction`.
    tests : int
        Test trials.
    practice, catch : int
        Easy trials before and among them.
    concepts : int
        Concepts that explain, in `prediction`.
    side : int
        Side of the square images, in pixels.
    seed : int
        Seed of all random choices.
    """

    design: str = "preference"
    tests: int = 20
    practice: int = 2
    catch: int = 2
    concepts: int = 3
    side: int = 160
    seed: int = 0


@dataclass(frozen=True)
class Item:
    """One item: its pictures by column, and its attributes.

    Attributes
    ----------
    item_id, kind : str
        Its name, and `practice`, `test` or `catch`.
    pictures : dict of str to list of Image
        By column of items.csv.
    attributes : dict
        Other columns.
    odd : Image or None
        The outsider among the pictures.
    """

    item_id: str
    kind: str
    pictures: dict[str, list[Image.Image]]
    attributes: dict[str, object] = field(default_factory=dict)
    odd: Image.Image | None = None


def preference(search: SavedSearch, wanted: Wanted, rng: np.random.Generator) -> list[Item]:
    """Ask which group of a step shows more of what makes the class, one item per step.

    Examples on the right are images of the class, on the left random images. Easy items ask about
    images of the class against random images.
    """
    easy = wanted.practice + wanted.catch
    if min(len(search.class_images), len(search.random_images)) < 2 * EXAMPLES:
        raise ConceptFault(
            f"{str(search.folder)!r} has {len(search.class_images)} images of the class and "
            f"{len(search.random_images)} random images; {2 * EXAMPLES} of each are needed"
        )
    chosen = sorted(rng.permutation(len(search.steps))[: wanted.tests])
    items = [_asked(search, place, rng) for place in chosen]
    for number in range(easy):
        kind = "practice" if number < wanted.practice else "catch"
        shown, right = _parted(search.class_images, rng)
        others, wrong = _parted(search.random_images, rng)
        items.append(_sides(f"{kind}-{number:03d}", kind, right, wrong, shown, others))
    return items


def intruder(search: SavedSearch, wanted: Wanted, rng: np.random.Generator) -> list[Item]:
    """Ask which of five images does not belong: four are of a concept, one of another.

    The outsider of easy items is random pixels.
    """
    words = list(search.concepts)
    few = INTRUDERS - 1
    _enough(search, few)
    items = []
    for number in range(wanted.tests + wanted.practice + wanted.catch):
        word = words[number % len(words)]
        chosen = search.concepts[word][rng.permutation(len(search.concepts[word]))[:few]]
        kind = _kind(number, wanted)
        if kind == "test":
            other = words[(number + 1 + int(rng.integers(len(words) - 1))) % len(words)]
            outsider = search.concepts[other][int(rng.integers(len(search.concepts[other])))]
        else:
            other, outsider = "", rng.integers(0, 256, chosen.shape[1:], dtype=np.uint8)
        shown = [Image.fromarray(image) for image in [*chosen, outsider]]
        about: dict[str, object] = {"group": word, "outsider": other}
        items.append(Item(f"{kind}-{number:03d}", kind, {"images": shown}, about, odd=shown[-1]))
    return items


def naming(search: SavedSearch, wanted: Wanted, rng: np.random.Generator) -> list[Item]:
    """Ask which word names four images of a concept; easy items show images before the search."""
    words = labels(search)
    _enough(search, 2 * NAMED)
    items = []
    for number in range(wanted.tests + wanted.practice + wanted.catch):
        word, kind = words[number % len(words)], _kind(number, wanted)
        # Tests and easy items share no image, also where preferences moved nothing.
        half = len(search.concepts[word]) // 2
        images = search.concepts[word][:half] if kind == "test" else search.unchanged[word][half:]
        shown = images[rng.permutation(half)[:NAMED]]
        about: dict[str, object] = {"answer": word, "group": word}
        items.append(Item(f"{kind}-{number:03d}", kind, {"images": [collage(shown, 2)]}, about))
    return items


def labels(search: SavedSearch) -> list[str]:
    """Return the words that can be chosen, in the order of the alphabet."""
    return sorted(list(search.concepts)[:_MOST_LABELS])


def prediction(search: SavedSearch, wanted: Wanted, rng: np.random.Generator) -> list[Item]:
    """Ask what the network says of an image, with concepts, with examples or with nothing.

    The images are of all concepts. Half of them are in the class. Images whose concept and class
    disagree come first: in the class without the best concept, or the reverse.
    """
    best = list(search.concepts)[: wanted.concepts]
    _enough(search, EXPLAINED + 1)
    asked = _conflicts_first(search, best[0], rng)
    half = wanted.tests // 2
    yes, no = ([one for one in asked if one[2] is said][:half] for said in (True, False))
    if min(len(yes), len(no)) < half:
        raise ConceptFault(
            f"{str(search.folder)!r} has {len(yes)} images in the class and {len(no)} of other "
            f"classes, {half} of each are needed: use a smaller --items"
        )
    rows = EXPLAINED * len(best)
    panels: dict[str, Bytes | None] = {
        "concepts": np.concatenate([search.concepts[word][:EXPLAINED] for word in best]),
        "examples": search.class_images[:rows],
        "none": None,
    }
    items = []
    for number, place in enumerate(rng.permutation(2 * half)):
        word, image, said = [*yes, *no][place]
        about: dict[str, object] = {
            "answer": YES if said else NO,
            "group": word,
            "conflict": str((word == best[0]) is not said).lower(),
        }
        items += [
            Item(f"{condition}-{number:03d}", "test",
                 {"images": [below(panels[condition], rows, image)]},
                 {**about, "explained": condition})
            for condition in CONDITIONS
        ]  # fmt: skip
    return items


DESIGNS: dict[str, Callable[[SavedSearch, Wanted, np.random.Generator], list[Item]]] = {
    "preference": preference,
    "intruder": intruder,
    "naming": naming,
    "prediction": prediction,
}


def collage(
    images: Bytes, columns: int, *, gaps: tuple[int, int, int] = (190, 190, 190)
) -> Image.Image:
    """Lay images (n, H, W, 3) out as a picture, with gaps of one colour between them."""
    count, height, width = images.shape[:3]
    rows, gap = -(-count // columns), max(1, height // 16)
    sheet = Image.new("RGB", (columns * (width + gap) - gap, rows * (height + gap) - gap), gaps)
    for number, image in enumerate(images):
        row, column = divmod(number, columns)
        sheet.paste(Image.fromarray(image), (column * (width + gap), row * (height + gap)))
    return sheet


def below(panel: Bytes | None, count: int, image: Bytes) -> Image.Image:
    """Put explaining images above a large image; without them, their place stays empty."""
    empty = np.full((count, *image.shape), _PAGE[0], np.uint8)
    above = collage(empty if panel is None else panel, EXPLAINED, gaps=_PAGE)
    side = above.width // 2
    large = Image.fromarray(image).resize((side, side), Image.Resampling.NEAREST)
    gap = above.height // 10
    sheet = Image.new("RGB", (above.width, above.height + gap + side), _PAGE)
    sheet.paste(above, (0, 0))
    sheet.paste(large, ((above.width - side) // 2, above.height + gap))
    return sheet


def _asked(search: SavedSearch, place: int, rng: np.random.Generator) -> Item:
    groups = search.steps[place]
    right = max(0, groups.preferred)
    shown = search.class_images[rng.permutation(len(search.class_images))[:EXAMPLES]]
    others = search.random_images[rng.permutation(len(search.random_images))[:EXAMPLES]]
    one, two = groups.images[right][:EXAMPLES], groups.images[1 - right][:EXAMPLES]
    item = _sides(f"step-{groups.step:04d}", "test", one, two, shown, others)
    scores = "" if groups.preferred < 0 else str(groups.preferred + 1)
    item.attributes.update(unit=groups.word, scores_prefer=scores)
    return item


def _sides(name: str, kind: str, right: Bytes, wrong: Bytes, shown: Bytes, others: Bytes) -> Item:
    pictures = {
        "query_positive": [collage(right, 3)],
        "query_negative": [collage(wrong, 3)],
        "positives": [Image.fromarray(image) for image in shown],
        "negatives": [Image.fromarray(image) for image in others],
    }
    return Item(name, kind, pictures, {"unit": "(easy)", "scores_prefer": ""})


def _parted(images: Bytes, rng: np.random.Generator) -> tuple[Bytes, Bytes]:
    order = rng.permutation(len(images))
    return images[order[:EXAMPLES]], images[order[EXAMPLES : 2 * EXAMPLES]]


def _kind(number: int, wanted: Wanted) -> str:
    if number < wanted.tests:
        return "test"
    return "practice" if number < wanted.tests + wanted.practice else "catch"


def _enough(search: SavedSearch, needed: int) -> None:
    count = min(len(images) for images in search.concepts.values())
    if count < needed:
        raise ConceptFault(
            f"{str(search.folder)!r} has {count} images per concept and {needed} are needed: "
            "search with a larger --group"
        )


def _conflicts_first(
    search: SavedSearch, best: str, rng: np.random.Generator
) -> Sequence[tuple[str, Bytes, bool]]:
    """List images that explain nothing, with their concept and whether they are in the class."""
    found = [
        (word, images[place], bool(search.in_class[word][place]))
        for word, images in search.concepts.items()
        for place in range(EXPLAINED, len(images))
    ]
    found = [found[place] for place in rng.permutation(len(found))]
    return sorted(found, key=lambda one: (one[0] == best) is one[2])
