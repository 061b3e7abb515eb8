"""Names in a study folder that refer to something that is not there, and so change nothing.

A name that is clearly meant for something is a fault; one that may be a note is a remark.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from diptych import recruiters
from diptych.study.content import text_ending
from diptych.study.faults import Fault
from diptych.study.spec import StudySpec
from diptych_analysis.picture_files import is_hidden

#: Files of a folder that nobody writes for a study's texts.
OTHERS = ("readme", "changelog", "license", "licence", "notes")
#: How a name ends that is meant for a part, also one that is misspelled.
PART = re.compile(r"_part[_-]?\d+", re.IGNORECASE)
#: How a name ends that is meant for a language: `de`, `pt-BR`, `pt_BR`.
LANGUAGE = re.compile(r"([A-Za-z]{2})(?:[-_][A-Za-z]{2})?")


def remarks(folder: Path, spec: StudySpec, texts: Iterable[str]) -> Iterator[str]:
    """Yield a sentence on each such name, with the nearest one that exists.

    Parameters
    ----------
    folder : Path
        The study's.
    spec : StudySpec
        What stands in its study.toml.
    texts : Iterable[str]
        Names of the texts that a study may have.
    """
    yield from _unused_texts(folder, list(texts))
    yield from _unused_recruiters(spec)
    yield from _empty_phases(spec)
    yield from _unknown_codes(spec)
    yield from _unknown_language(spec.language)


def text_faults(folder: Path, spec: StudySpec, texts: Iterable[str]) -> Iterator[Fault]:
    """Yield a fault for each text of a part, condition or language that the study can't have.

    Participants would read the common text in its place, and nobody would notice.

    Parameters
    ----------
    folder : Path
        The study's.
    spec : StudySpec
        What stands in its study.toml.
    texts : Iterable[str]
        Names of the texts that this study may have, those of its parts included.
    """
    names = frozenset(texts)
    commons = [name for name in names if not PART.search(name)]
    conditions = {condition.name for condition in spec.conditions}
    for path in _stray(folder, names):
        base = max((c for c in commons if path.stem.startswith(f"{c}_")), key=len, default=None)
        if base is None:
            continue
        ending = path.stem.removeprefix(base)
        if PART.fullmatch(ending):
            yield Fault(path.name, "", "a text of a part that does not exist", _parts(spec, base))
        elif ending[1:] in conditions:
            found = f"a text of the condition {ending[1:]!r}"
            yield Fault(path.name, "", found, f"{base}.md for all conditions")
        elif _is_language(ending[1:]):
            found = f"a text of the language {ending[1:]!r}"
            allowed = f"{base}.md in the language of the study; one study per language"
            yield Fault(path.name, "", found, allowed)


def _parts(spec: StudySpec, base: str) -> str:
    """Return which texts of parts a study can have, in words."""
    named = [f"{base}{text_ending(number)}.md" for number in range(2, spec.parts + 1)]
    if not named:
        return f"{base}.md, because study.toml has no [[part]]"
    return f"{base}.md for part 1, then {', '.join(named)}"


def _is_language(tag: str) -> bool:
    """Tell whether a tag is a language of two letters, with or without a country."""
    import pycountry

    own = LANGUAGE.fullmatch(tag)
    return own is not None and pycountry.languages.get(alpha_2=own[1].lower()) is not None


def _stray(folder: Path, texts: frozenset[str]) -> Iterator[Path]:
    """Yield the Markdown files of a folder that are none of its texts."""
    for path in sorted(folder.glob("*.md")):
        if path.stem not in texts and not is_hidden(path.name):
            yield path


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ` (did you mean …?)` where a known name is near, and nothing elsewhere."""
    near = difflib.get_close_matches(name, list(known), 1, cutoff=0.6)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _unused_texts(folder: Path, texts: list[str]) -> Iterator[str]:
    for path in _stray(folder, frozenset(texts)):
        if path.stem.lower() not in OTHERS:
            near = nearest(path.stem, texts)
            yield f"{path.name}: studies have no text with this name{near}, so the file is not used"


def _unused_recruiters(spec: StudySpec) -> Iterator[str]:
    for name in recruiters.REGISTRY.all():
        if spec.recruitment.of(name) and name not in spec.recruitment.recruiters:
            listed = ", ".join(spec.recruitment.recruiters)
            yield (
                f"study.toml: recruitment.{name} is not used, because recruitment.recruiters "
                f"names only {listed}"
            )


def _empty_phases(spec: StudySpec) -> Iterator[str]:
    """Yield the phases that rules speak of, of which the study has no trial."""
    bonus = spec.payment.bonus
    named = {
        "payment.bonus.phases": bonus.phases if bonus else (),
        "task.feedback": spec.task.parameters.get("feedback") or (),
    }
    there = [phase for phase, number in spec.phases.items() if number]
    for key, phases in named.items():
        for phase in phases if isinstance(phases, list | tuple) else ():
            if phase not in there:
                yield (
                    f"study.toml: {key} names {phase!r}, of which the study has no trials; it has "
                    f"{', '.join(there)}"
                )


def _unknown_language(tag: str) -> Iterator[str]:
    """Yield a remark on an unknown language, or one for which the page has no words."""
    import pycountry

    from diptych import words

    own = tag.partition("-")[0]
    if pycountry.languages.get(**{"alpha_2" if len(own) == 2 else "alpha_3": own}) is None:
        yield f"study.toml: language {tag!r} is not a language of ISO 639"
    elif own.lower() != words.nearest(tag).partition("-")[0]:
        yield (
            f"study.toml: language {tag!r}: the page has no words in this language, so "
            f"buttons and messages are English; available are {', '.join(words.languages())}"
        )


def _unknown_codes(spec: StudySpec) -> Iterator[str]:
    """Yield the codes of countries, currencies and languages that no standard knows."""
    import pycountry

    if pycountry.currencies.get(alpha_3=spec.payment.currency) is None:
        currency = spec.payment.currency
        yield f"study.toml: payment.currency {currency!r} is not a currency of ISO 4217"
    for code in spec.recruitment.of("mturk").get("countries", ()):
        if pycountry.countries.get(alpha_2=code) is None:
            told = " (Great Britain is 'GB')" if code == "UK" else ""
            yield (
                f"study.toml: recruitment.mturk.countries: {code!r} is not a country of ISO "
                f"3166{told}"
            )
