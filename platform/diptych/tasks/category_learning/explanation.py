"""Images that explain a wrong answer, beside the true class.

Which images feedback on a trial can show is settled when the trial is planned, and stored with it.
The answer only picks the class to compare with, so that the same answer has one explanation.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from diptych.policies import Candidate
from diptych.policies.features import Features, columns_of, feature_faults, matrix_of
from diptych.study.content import FrozenStimulus, StudyContent
from diptych.study.faults import Fault

if TYPE_CHECKING:
    from diptych.tasks.category_learning.live_gap import LiveGap
    from diptych_analysis.teaching.worlds import Floats

Kind = Literal["none", "contrast", "gap", "grid", "mask"]
MOST_CLASSES = 64
"""A contrast or gap stores images of each class with each trial."""


@dataclass(frozen=True)
class Explanation:
    """What feedback shows.

    Attributes
    ----------
    kind : str
        contrast, gap, grid or mask.
    own : tuple of int
        Places of the images of the true class, of the grid, or of the mask.
    other : tuple of int
        Places of the images of the class that was chosen; empty unless a contrast or gap.
    """

    kind: str
    own: tuple[int, ...]
    other: tuple[int, ...] = ()


def explained(item: Mapping[str, Any], answered: str) -> Explanation | None:
    """Return what feedback shows for a wrong answer; None where it shows nothing more.

    Parameters
    ----------
    item : Mapping
        What the trial shows, as it is stored.
    answered : str
        The class that was chosen.
    """
    stored = item.get("explanation")
    if stored is None:
        return None
    other = stored.get("others", {}).get(answered, ())
    return Explanation(stored["kind"], tuple(stored["own"]), tuple(other))


def mask_files(content: StudyContent) -> set[str]:
    """Return the files that the column `mask` of the manifest names."""
    return {file for each in content.stimuli for file in files_in(each, "mask")}


def files_in(stimulus: FrozenStimulus, column: str) -> list[str]:
    """Return the files that a cell names, `;` between them."""
    cell = stimulus.attributes.get(column)
    return [] if cell is None else [name.strip() for name in str(cell).split(";") if name.strip()]


class Explainer:
    """Chooses the images that explain wrong answers.

    Parameters
    ----------
    content : StudyContent
        The study.
    pool : sequence of Candidate
        Its labelled images, in the order of the manifest.
    kind : str
        A kind of explanation, or `none`.
    features : Features or None
        Columns in which near images look alike; only contrasts and gaps need them.
    most : int
        Largest number of images on a side.
    """

    def __init__(
        self,
        content: StudyContent,
        pool: Sequence[Candidate],
        kind: Kind,
        features: Features | None,
        most: int,
    ) -> None:
        self.content, self.pool, self.kind = content, pool, kind
        self.features, self.most = features, most

    def faults(self) -> Iterator[Fault]:
        """Yield what makes the explanations impossible."""
        if self.kind in ("contrast", "gap"):
            yield from self._contrast_faults()
        elif self.kind != "none":
            yield from self._file_faults(self.kind)

    def _contrast_faults(self) -> Iterator[Fault]:
        key = "task.explanation_features"
        if self.features is None:
            yield Fault("study.toml", key, "nothing", "numeric columns, such as 'z_'")
        elif fault := feature_faults(self.features, self.pool, "explanation_features"):
            yield Fault("study.toml", key, fault, "numeric columns that every image fills")
        if len(self.content.labels) > MOST_CLASSES:
            found = f"{self.kind!r} with {len(self.content.labels)} classes"
            yield Fault("study.toml", "task.explanation", found, f"at most {MOST_CLASSES} classes")

    def _file_faults(self, column: str) -> Iterator[Fault]:
        manifest = self.content.spec.stimuli.manifest
        named = [each for each in self.content.stimuli if files_in(each, column)]
        if not named:
            allowed = f"a column {column} with files for at least one image"
            yield Fault(manifest, column, "nothing", allowed)
        for stimulus in named:
            key = f"{stimulus.file}, {column}"
            files = files_in(stimulus, column)
            unknown = [file for file in files if file not in self.content.place_of]
            if unknown:
                yield Fault(manifest, key, repr(unknown[0]), "files of the manifest")
            elif column == "mask":
                yield from self._mask_faults(stimulus, files, key)
            elif unlabelled := [file for file in files if not self._of(file).label]:
                yield Fault(manifest, key, repr(unlabelled[0]), "images with a label")

    def _mask_faults(self, image: FrozenStimulus, files: list[str], key: str) -> Iterator[Fault]:
        manifest, mask = self.content.spec.stimuli.manifest, self._of(files[0])
        if len(files) > 1:
            yield Fault(manifest, key, f"{len(files)} files", "one mask")
        elif mask.label:
            found = f"{mask.file!r}, which has the label {mask.label!r}"
            yield Fault(manifest, key, found, "a row of the manifest without a label")
        elif (mask.width, mask.height) != (image.width, image.height):
            found = f"{mask.width} x {mask.height} pixels"
            yield Fault(manifest, key, found, f"{image.width} x {image.height}, as the image")

    def _of(self, file: str) -> FrozenStimulus:
        return self.content.stimuli[self.content.place_of[file]]

    def prepared(
        self, place: int, untaught: Collection[int], gap: LiveGap | None = None
    ) -> dict[str, Any] | None:
        """Return what feedback on a trial can show, as it is stored with the trial.

        Parameters
        ----------
        place : int
            Of the image of the trial.
        untaught : collection of int
            Places of images that the session shows without feedback. No explanation shows their
            pictures.
        gap : LiveGap, optional
            What the participant does not see beside the image. Without it, the kind `gap` becomes a
            contrast.

        Returns
        -------
        dict or None
            `kind`; `own`, places; `others`, places by class. None where there is nothing to show.
        """
        stimulus = self.content.stimuli[place]
        if self.kind == "mask":
            masks = [self.content.place_of[file] for file in files_in(stimulus, "mask")]
            return {"kind": "mask", "own": masks} if masks else None
        hidden = {self.content.stimuli[each].stimulus_id for each in (place, *untaught)}
        if self.kind == "grid":
            listed = [self.content.place_of[file] for file in files_in(stimulus, "grid")]
            own = self._distinct(listed, hidden)
            return {"kind": "grid", "own": own} if own else None
        if self.kind == "none":
            return None
        if gap is None:
            return self._contrast(stimulus, hidden)
        places = self.content.place_of
        missed = [places[each.id] for each in gap.missed]
        confused = [places[each.id] for each in gap.confused]
        return self._sides("gap", stimulus, missed, confused, hidden)

    def _contrast(self, stimulus: FrozenStimulus, hidden: set[str]) -> dict[str, Any]:
        places, matrix = self._described
        own_row = matrix[places.index(stimulus.place)]
        # Summed feature by feature, not as a product of matrices: the same on every machine.
        distances = ((matrix - own_row) ** 2).sum(1)
        nearest = [places[n] for n in distances.argsort(kind="stable")]
        return self._sides("contrast", stimulus, nearest, nearest, hidden)

    def _sides(
        self,
        kind: str,
        stimulus: FrozenStimulus,
        own: Sequence[int],
        others: Sequence[int],
        hidden: set[str],
    ) -> dict[str, Any]:
        """Return the first images of the true class, and of each other class."""
        stimuli, labels = self.content.stimuli, self.content.labels

        def first(order: Sequence[int], label: str) -> list[int]:
            return self._distinct([n for n in order if stimuli[n].label == label], hidden)

        return {
            "kind": kind,
            "own": first(own, stimulus.label),
            "others": {each: first(others, each) for each in labels if each != stimulus.label},
        }

    @cached_property
    def _described(self) -> tuple[list[int], Floats]:
        """Places of the pool, and their standardised features, (n_images, n_features)."""
        from diptych_analysis.teaching.live import scaled

        assert self.features is not None, "a contrast has features"
        columns = columns_of(self.features, self.pool)
        places = [self.content.place_of[each.id] for each in self.pool]
        return places, scaled(matrix_of(self.pool, columns))

    def _distinct(self, places: Sequence[int], hidden: set[str]) -> list[int]:
        """Return the first places whose pictures may be shown, each picture once."""
        first: dict[str, int] = {}
        for place in places:
            picture = self.content.stimuli[place].stimulus_id
            if picture not in hidden:
                first.setdefault(picture, place)
            if len(first) == self.most:
                break
        return list(first.values())
