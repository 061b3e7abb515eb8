"""A study folder -> a checked `StudyContent`. Every fault is found in one go."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from diptych import tasks
from diptych.authoring import references, study_toml, text_pictures
from diptych.authoring.folder_files import NUL, is_file, length_fault, missing
from diptych.authoring.manifests import read_items, read_stimuli
from diptych.ground.plugins import UnknownPlugin
from diptych.images import ImageFault, ServableImage, read_servable
from diptych.policies.files import files_of, with_file
from diptych.study.content import FrozenItem, FrozenStimulus, StudyContent, text_ending
from diptych.study.faults import Fault, StudyFault
from diptych.study.loaded import LoadedStudy
from diptych.study.section import Plugged
from diptych.study.spec import StudySpec
from diptych.study.timing import TrialTiming
from diptych.tasks.items import ItemLayout
from diptych_analysis.picture_files import few

REQUIRED_TEXTS = ("consent", "instructions", "debrief")
OPTIONAL_TEXTS = (
    "practice",
    "practice_again",
    "half_way",
    "phase_change",
    "declined",
    "screened_out",
    "timed_out",
    "feedback",
)
NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
NAMES = "a-z, 0-9, _ and -, from a letter, 64 characters at most"
#: Keys that came after version 0.1: a study that does not use them is the same study as before.
LATER: tuple[tuple[tuple[str, ...], object], ...] = (
    (("recruitment", "replace_excluded"), False),
    (("screen", "viewing_distance_cm"), 0),
    (("quality", "max_missed_share"), None),
    (("timing",), {}),
    (("part",), []),
    (("questions_before",), []),
    (("questions_after",), []),
)
#: Most pictures and links of a text: from hundreds of thousands the parser takes many seconds.
MOST_BRACKETS = 5_000
#: Longest file that a policy reads, in bytes.
MOST_BYTES = 64 * 1024 * 1024


def load_study(folder: Path) -> LoadedStudy:
    """Read and check a study folder.

    Raises
    ------
    StudyFault
        With every fault of the folder.
    """
    reader = _Reader(folder)
    loaded = reader.read()
    if reader.faults or loaded is None:
        raise StudyFault(folder.name, reader.faults)
    return loaded


def faults_with(folder: Path, source: bytes) -> list[Fault]:
    """List the faults that a study folder would have with another study.toml."""
    reader = _Reader(folder, source)
    reader.read()
    return reader.faults


def name_faults(folder: Path) -> list[Fault]:
    """Return the fault of a folder whose name can't be a study's."""
    if NAME.fullmatch(folder.name):
        return []
    return [Fault(".", "", repr(folder.name), f"a name of {NAMES}")]


def text_names(parts: int = 1) -> tuple[str, ...]:
    """Return the names of the texts that a study of some parts can have, without `.md`."""
    names = (*REQUIRED_TEXTS, *OPTIONAL_TEXTS)
    endings = ("", *map(text_ending, range(2, parts + 1)))
    return tuple(name + ending for ending in endings for name in names)


def _on_white(names: list[str]) -> Iterator[str]:
    """Yield a remark on pictures that are not opaque."""
    if names:
        count = "1 picture has" if len(names) == 1 else f"{len(names)} pictures have"
        yield (
            f"{count} see-through parts ({few(names)}): people and machines see them on "
            "white. If you want another background, draw it into the files"
        )


def _repeated(content: StudyContent) -> Iterator[str]:
    """Yield a remark on each picture that several stimuli show."""
    files: dict[str, list[str]] = {}
    for stimulus in content.stimuli:
        files.setdefault(stimulus.stimulus_id, []).append(stimulus.file)
    for same in files.values():
        if len(same) > 1:
            manifest = content.spec.stimuli.manifest
            yield f"{manifest}: the same picture has {len(same)} names: {', '.join(same)}"


def _given_away(content: StudyContent) -> Iterator[str]:
    """Yield a remark on items whose answer can be read off the addresses of their pictures."""
    layout = _layout_of(content.spec)
    unrepeated = [role.column for role in layout.roles if role.unrepeated] if layout else []
    told = [
        item.item_id
        for item in content.items.values()
        if any(_among_others(item, role) for role in unrepeated)
    ]
    manifest = content.spec.items.manifest if content.spec.items else ""
    if told:
        yield (
            f"{manifest}: {len(told)} items show a query among their explanations "
            f"({few(told)}), with the same address, so a script can find the answer. Use a "
            "separate file for such a query, for example another crop"
        )


def _layout_of(spec: StudySpec) -> ItemLayout | None:
    """Find the item layout of the study's task; None without one, or without an installed task."""
    try:
        return tasks.REGISTRY.get(spec.task.name).items
    except UnknownPlugin:
        return None  # which is a fault of `task.name`


def _among_others(item: FrozenItem, role: str) -> bool:
    others = {place for name, places in item.stimuli.items() if name != role for place in places}
    return not others.isdisjoint(item.stimuli[role])


class _Reader:
    """Reads one folder and gathers its faults."""

    def __init__(self, folder: Path, source: bytes | None = None) -> None:
        self.folder = folder
        self.source = source  # of study.toml; None for the file in the folder
        self.faults: list[Fault] = []
        self.images: dict[str, ServableImage] = {}
        self.files: dict[str, bytes] = {}
        self.remarks: list[str] = []
        self.see_through: list[str] = []

    def fault(self, file: str, key: str, found: str, allowed: str) -> None:
        self.faults.append(Fault(file, key, found, allowed))

    def read(self) -> LoadedStudy | None:
        spec = self.read_spec()
        texts = self._read_texts(1 if spec is None else spec.parts)
        if spec is None:
            return None
        spec = self._with_files(self._with_masks(spec))
        stimuli = self._read_stimuli(spec)
        items = self._read_items(spec, stimuli)
        content = StudyContent(
            name=self.folder.name,
            content_hash=_hash(spec, texts, stimuli, items),
            spec=spec,
            texts=texts,
            stimuli=tuple(stimuli),
            items=items,
        )
        # Faults of single files make those of the whole (too few stimuli …) follow from them.
        from diptych.authoring.plan_check import check_plan

        self.faults.extend(check_plan(content, self.files))
        self.remarks.extend(_on_white(list(dict.fromkeys(self.see_through))))
        self.remarks.extend(_repeated(content))
        self.remarks.extend(_given_away(content))
        names = text_names(spec.parts)
        self.faults.extend(references.text_faults(self.folder, spec, names))
        self.remarks.extend(references.remarks(self.folder, spec, names))
        return LoadedStudy(content, self.images, tuple(self.remarks), self.files)

    def read_spec(self) -> StudySpec | None:
        """Check the folder's name, and read study.toml."""
        self.faults += name_faults(self.folder)
        if self.source is not None:
            return study_toml.check(self.source, self.faults, past_unknown=True)
        return study_toml.read_spec(self.folder, self.faults, past_unknown=True)

    def _read_texts(self, parts: int) -> dict[str, str]:
        texts: dict[str, str] = {}
        for name in text_names(parts):
            path = self.folder / f"{name}.md"
            if is_file(self.folder, path.name):
                if (fault := length_fault(path)) is not None:
                    self.faults.append(fault)
                    continue
                try:
                    text = path.read_text(encoding="utf-8-sig")
                except UnicodeDecodeError as error:
                    self.fault(path.name, "", str(error), "Markdown in UTF-8")
                    continue
                if not text.strip() or "\0" in text:
                    found = NUL if text.strip() else "an empty file"
                    self.fault(path.name, "", found, "Markdown")
                texts[name] = self._with_pictures(path, text)
            elif name in REQUIRED_TEXTS or path.is_file():
                self.fault(path.name, "", missing(path), "a Markdown text")
        return texts

    def _with_pictures(self, path: Path, text: str) -> str:
        """Replace the addresses of a text's pictures by their names."""
        brackets = text.count("[")
        if brackets > MOST_BRACKETS:
            self.fault(
                path.name, "", f"{brackets:,} opening brackets", f"{MOST_BRACKETS:,} at most"
            )
            return text
        if "![" not in text:
            return text
        named = text_pictures.named(text)
        served = {
            source: f"/a/{content_hash}"
            for source, name in named.items()
            if (content_hash := self.image(name, path.name, "picture"))
        }
        moved = text_pictures.moved(text, served)
        left = [name for source, name in text_pictures.named(moved).items() if source in served]
        for name in left:
            allowed = "a picture written as ![words](file)"
            self.fault(path.name, "picture", f"{name!r}, in an unusual spelling", allowed)
        return moved

    def _with_masks(self, spec: StudySpec) -> StudySpec:
        """Put the addresses of masks into a spec, as pictures of texts have them."""
        conditions = tuple(
            condition.model_copy(
                update={"timing": self._masked(condition.timing, f"conditions.{condition.name}")}
            )
            for condition in spec.conditions
        )
        return spec.model_copy(
            update={"timing": self._masked(spec.timing), "conditions": conditions}
        )

    def _with_files(self, spec: StudySpec) -> StudySpec:
        """Put the hashes of files into the parameters of policies that read them."""
        conditions = tuple(
            each
            if each.policy is None
            else each.model_copy(
                update={"policy": self._filed(each.policy, f"conditions.{each.name}.policy")}
            )
            for each in spec.conditions
        )
        parts = tuple(
            each
            if each.policy is None
            else each.model_copy(
                update={"policy": self._filed(each.policy, f"part.{number}.policy")}
            )
            for number, each in enumerate(spec.part, 2)
        )
        policy = self._filed(spec.policy, "policy")
        return spec.model_copy(update={"policy": policy, "conditions": conditions, "part": parts})

    def _filed(self, policy: Plugged, where: str) -> Plugged:
        for file in files_of(policy):
            path = self.folder / file.name
            inside = is_file(self.folder, file.name)
            if not inside or path.stat().st_size > MOST_BYTES:
                why = f"more than {MOST_BYTES:,} bytes" if inside else "no such file"
                found = f"{file.name[:200]!r}, {why}"
                allowed = "a file inside the study folder, such as file:models/model.npz"
                self.fault("study.toml", f"{where}.{file.key}", found, allowed)
                continue
            data = path.read_bytes()
            content_hash = hashlib.sha256(data).hexdigest()
            self.files[content_hash] = data
            policy = with_file(policy, replace(file, content_hash=content_hash))
        return policy

    def _masked(self, timing: TrialTiming, where: str = "") -> TrialTiming:
        if timing.mask_file is None:
            return timing
        key = ".".join(filter(None, (where, "timing.mask")))
        served = self.image(timing.mask_file, "study.toml", key)
        # No address: a folder has faults then, and is not frozen.
        return timing.model_copy(update={"mask": f"/a/{served}" if served else timing.mask})

    def image(self, name: str, file: str, key: str) -> str | None:
        """Find the content hash of an image in the folder; None, and a fault, when it has none."""
        allowed = "an image file (PNG, JPEG, WebP, GIF) inside the study folder"
        path = self.folder / name
        if not name or not is_file(self.folder, name):
            self.fault(file, key, f"{name!r}, no such file", allowed)
            return None
        try:
            content_hash, image = read_servable(path, path.stat().st_mtime_ns)
        except (ImageFault, OSError) as fault:
            self.fault(file, key, f"{name!r}, which {fault}", allowed)
            return None
        if image.frames > 1:
            self.remarks.append(
                f"{file}: {name} contains {image.frames} pictures; participants and machines "
                "see only the first"
            )
        if image.see_through:
            self.see_through.append(name)
        self.images[content_hash] = image
        return content_hash

    def _read_stimuli(self, spec: StudySpec) -> list[FrozenStimulus]:
        manifest = spec.stimuli.manifest
        path = self.folder / manifest
        if not is_file(self.folder, manifest):
            hint = "a CSV file"
            if spec.stimuli.generator:
                hint += f" (not built yet? `diptych study build {self.folder.name}`)"
            self.fault("study.toml", "stimuli.manifest", f"{manifest!r}, no such file", hint)
            return []
        before = len(self.faults)
        stimuli = read_stimuli(path, self)
        if not stimuli and len(self.faults) == before:
            self.fault(manifest, "", "no images", "a row for each image")
        return stimuli

    def _read_items(self, spec: StudySpec, stimuli: list[FrozenStimulus]) -> dict[str, FrozenItem]:
        layout = _layout_of(spec)
        if spec.items is None or not stimuli:
            return {}  # without stimuli every item would be a fault of its own
        manifest = spec.items.manifest
        if layout is None:
            self.remarks.append(f"{manifest}: not read, because {spec.task.name} has no items")
            return {}
        path = self.folder / manifest
        if not is_file(self.folder, manifest):
            self.fault("study.toml", "items.manifest", f"{manifest!r}, no such file", "a CSV file")
            return {}
        return read_items(path, layout, {s.file: s.place for s in stimuli}, self)


def _hash(
    spec: StudySpec,
    texts: Mapping[str, str],
    stimuli: list[FrozenStimulus],
    items: Mapping[str, FrozenItem],
) -> str:
    """Return SHA-256 over the content of a study, in hex: equal exactly when nothing differs."""
    described = spec.model_dump(mode="json")
    for (*sections, key), default in LATER:
        table = described
        for section in sections:
            table = table[section]
        if table[key] == default:
            del table[key]
    for condition in described["conditions"]:
        if not condition["timing"]:
            del condition["timing"]
    body = {
        "spec": described,
        "texts": dict(texts),
        "stimuli": [(s.stimulus_id, s.file, s.label, dict(s.attributes)) for s in stimuli],
        "items": [
            (i.item_id, i.kind, i.unit, dict(i.stimuli), dict(i.attributes)) for i in items.values()
        ],
    }
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
