"""What differs between two versions of a study, told so that a person can read it."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from diptych.study.content import FrozenItem, FrozenStimulus, StudyContent

#: Unchanged lines that are shown before and after a change.
CONTEXT = 2
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
_PICTURE = re.compile(r"/a/([0-9a-f]{12})[0-9a-f]{52}")


@dataclass(frozen=True)
class SettingChange:
    """One key of study.toml; a value of None stands for a key that is not there.

    Attributes
    ----------
    key : str
        dotted, e.g. `task.rank` or `conditions.fast.weight`.
    old : str | None
        Its value before, as it would stand in TOML.
    new : str | None
        Its value after.
    """

    key: str
    old: str | None
    new: str | None


@dataclass(frozen=True)
class Piece:
    """Some words of a line, and whether the other side lacks them."""

    text: str
    changed: bool


@dataclass(frozen=True)
class Line:
    """One line of a compared text; `gap` stands for `skipped` unchanged lines."""

    kind: Literal["same", "removed", "added", "gap"]
    pieces: tuple[Piece, ...] = ()
    skipped: int = 0

    @property
    def text(self) -> str:
        """The line as it stands in its own version."""
        return "".join(piece.text for piece in self.pieces)


@dataclass(frozen=True)
class TextChange:
    """One text (`consent`, `instructions`, …)."""

    name: str
    kind: Literal["added", "removed", "changed"]
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class StimulusChange:
    """One image: what it was and what it is; None where it is not there.

    Attributes
    ----------
    what : tuple[str, ...]
        Which of `file`, `image`, `label` and `attributes` differ; empty when added or
        removed.
    """

    old: FrozenStimulus | None
    new: FrozenStimulus | None
    what: tuple[str, ...] = ()


@dataclass(frozen=True)
class ItemChange:
    """One item; `what` names the parts that differ: kind, unit, attributes, or a role's images."""

    old: FrozenItem | None
    new: FrozenItem | None
    what: tuple[str, ...] = ()


Change = TypeVar("Change", StimulusChange, ItemChange)


@dataclass(frozen=True)
class Changes(Generic[Change]):
    """What came, what went, what is different; the rest, `same` of them, is equal."""

    added: tuple[Change, ...]
    removed: tuple[Change, ...]
    changed: tuple[Change, ...]
    same: int

    def __bool__(self) -> bool:
        """Say whether anything differs."""
        return bool(self.added or self.removed or self.changed)


@dataclass(frozen=True)
class Difference:
    """All that differs between two versions; `reordered` names manifests in another order."""

    settings: tuple[SettingChange, ...]
    texts: tuple[TextChange, ...]
    stimuli: Changes[StimulusChange]
    items: Changes[ItemChange]
    reordered: tuple[str, ...]

    def __bool__(self) -> bool:
        """Say whether anything differs."""
        parts = (self.settings, self.texts, self.stimuli, self.items, self.reordered)
        return any(map(bool, parts))


def difference(old: StudyContent, new: StudyContent) -> Difference:
    """Compare two versions of a study: empty exactly when they are the same."""
    return Difference(
        _settings(old, new),
        _texts(old.texts, new.texts),
        _stimuli(old, new),
        _items(old, new),
        tuple(_reordered(old, new)),
    )


def _reordered(old: StudyContent, new: StudyContent) -> Iterator[str]:
    """Yield the manifests whose rows stand in another order, as far as both versions have them."""
    for name, before, after in (
        ("stimuli", [s.file for s in old.stimuli], [s.file for s in new.stimuli]),
        ("items", list(old.items), list(new.items)),
    ):
        both = set(before) & set(after)
        if [x for x in before if x in both] != [x for x in after if x in both]:
            yield name


def _settings(old: StudyContent, new: StudyContent) -> tuple[SettingChange, ...]:
    before = dict(_flat(old.spec.model_dump(mode="json")))
    after = dict(_flat(new.spec.model_dump(mode="json")))
    return tuple(
        SettingChange(key, before.get(key), after.get(key))
        for key in dict.fromkeys([*before, *after])
        if before.get(key) != after.get(key)
    )


def _flat(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield (dotted key, value) of nested tables; entries of an array go by name, or number."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flat(inner, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list) and any(isinstance(entry, Mapping) for entry in value):
        for number, entry in enumerate(value, start=1):
            yield from _flat(entry, f"{key}.{entry.get('name', number)}")
    elif value is not None:
        # As somebody would write it: 2, where a number that may have decimals is 2.0.
        plain = int(value) if isinstance(value, float) and value.is_integer() else value
        yield key, json.dumps(plain, ensure_ascii=False)


def _texts(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[TextChange, ...]:
    changes = []
    for name in dict.fromkeys([*old, *new]):
        before, after = (_PICTURE.sub(r"/a/\1…", side.get(name, "")) for side in (old, new))
        if old.get(name) == new.get(name):
            continue
        kind: Literal["added", "removed", "changed"] = (
            "added" if name not in old else "removed" if name not in new else "changed"
        )
        changes.append(TextChange(name, kind, tuple(compare_lines(before, after))))
    return tuple(changes)


def compare_lines(old: str, new: str) -> Iterator[Line]:
    """Yield the lines of two texts, those that changed with the words that did.

    The lines `same` and `removed` together, with those behind a gap, make up the old text;
    `same` and `added` the new one.
    """
    before, after = old.splitlines(), new.splitlines()
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    blocks = matcher.get_opcodes()
    for number, (kind, i, j, k, m) in enumerate(blocks):
        if kind == "equal":
            yield from _same(before[i:j], first=number == 0, last=number == len(blocks) - 1)
        else:
            yield from _changed(before[i:j], after[k:m])


def _same(lines: Sequence[str], *, first: bool, last: bool) -> Iterator[Line]:
    """Yield the unchanged lines, but for those far from any change."""
    head, tail = (0 if first else CONTEXT), (0 if last else CONTEXT)
    hidden = len(lines) - head - tail
    if hidden <= 1:
        head, tail, hidden = len(lines), 0, 0
    for line in lines[:head]:
        yield Line("same", (Piece(line, False),))
    if hidden:
        yield Line("gap", skipped=hidden)
    for line in lines[len(lines) - tail :]:
        yield Line("same", (Piece(line, False),))


def _changed(before: Sequence[str], after: Sequence[str]) -> Iterator[Line]:
    """Yield lines in place of others; as many as both sides have are compared by words."""
    both = min(len(before), len(after))
    pairs = [_words(before[n], after[n]) for n in range(both)]
    rest_before = [(Piece(line, True),) for line in before[both:]]
    rest_after = [(Piece(line, True),) for line in after[both:]]
    for pieces in [*(pair[0] for pair in pairs), *rest_before]:
        yield Line("removed", pieces)
    for pieces in [*(pair[1] for pair in pairs), *rest_after]:
        yield Line("added", pieces)


def _words(old: str, new: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Return two lines in pieces; lines that share next to nothing are changed as a whole."""
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    if matcher.ratio() < 0.4:
        return (Piece(old, True),), (Piece(new, True),)
    left, right = list[Piece](), list[Piece]()
    for kind, i, j, k, m in matcher.get_opcodes():
        changed = kind != "equal"
        left += [Piece("".join(before[i:j]), changed)] if j > i else []
        right += [Piece("".join(after[k:m]), changed)] if m > k else []
    return tuple(left), tuple(right)


def _stimuli(old: StudyContent, new: StudyContent) -> Changes[StimulusChange]:
    before = {stimulus.file: stimulus for stimulus in old.stimuli}
    after = {stimulus.file: stimulus for stimulus in new.stimuli}
    gone = [s for file, s in before.items() if file not in after]
    come = [s for file, s in after.items() if file not in before]
    # The same image under another name has been renamed, not taken out and put in.
    by_image: dict[str, list[FrozenStimulus]] = {}
    for stimulus in gone:
        by_image.setdefault(stimulus.stimulus_id, []).append(stimulus)
    pairs = [(before[file], after[file]) for file in before if file in after]
    added = []
    for stimulus in come:
        same_image = by_image.get(stimulus.stimulus_id)
        if same_image:
            pairs.append((same_image.pop(0), stimulus))
        else:
            added.append(StimulusChange(None, stimulus))
    removed = [StimulusChange(s, None) for left in by_image.values() for s in left]
    changed = [StimulusChange(a, b, what) for a, b in pairs if (what := _stimulus_parts(a, b))]
    return Changes(tuple(added), tuple(removed), tuple(changed), len(pairs) - len(changed))


def _stimulus_parts(old: FrozenStimulus, new: FrozenStimulus) -> tuple[str, ...]:
    parts = {
        "file": old.file != new.file,
        "image": old.stimulus_id != new.stimulus_id,
        "label": old.label != new.label,
        "attributes": dict(old.attributes) != dict(new.attributes),
    }
    return tuple(name for name, differs in parts.items() if differs)


def _items(old: StudyContent, new: StudyContent) -> Changes[ItemChange]:
    before, after = old.items, new.items
    added = [ItemChange(None, item) for name, item in after.items() if name not in before]
    removed = [ItemChange(item, None) for name, item in before.items() if name not in after]
    pairs = [(item, after[name]) for name, item in before.items() if name in after]
    changed = [ItemChange(a, b, what) for a, b in pairs if (what := _item_parts(old, a, new, b))]
    return Changes(tuple(added), tuple(removed), tuple(changed), len(pairs) - len(changed))


def _item_parts(
    old: StudyContent, before: FrozenItem, new: StudyContent, after: FrozenItem
) -> tuple[str, ...]:
    parts = {
        "kind": before.kind != after.kind,
        "unit": before.unit != after.unit,
        "attributes": dict(before.attributes) != dict(after.attributes),
    }
    for role in dict.fromkeys([*before.stimuli, *after.stimuli]):
        # By image, not by place: a manifest in another order shows the same.
        shown = [old.stimuli[place].stimulus_id for place in before.stimuli.get(role, ())]
        shows = [new.stimuli[place].stimulus_id for place in after.stimuli.get(role, ())]
        parts[role.replace("_", " ")] = shown != shows
    return tuple(name for name, differs in parts.items() if differs)
