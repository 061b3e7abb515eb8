"""Names in a study folder that refer to something that is not there, and so change nothing."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path

from diptych import recruiters
from diptych.study.spec import StudySpec
from diptych_analysis.picture_files import is_hidden

#: Files of a folder that nobody writes for a study's texts.
OTHERS = ("readme", "changelog", "license", "licence", "notes")


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


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ` (did you mean …?)` where a known name is near, and nothing elsewhere."""
    near = difflib.get_close_matches(name, list(known), 1, cutoff=0.6)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _unused_texts(folder: Path, texts: list[str]) -> Iterator[str]:
    for path in sorted(folder.glob("*.md")):
        if is_hidden(path.name):
            continue
        if path.stem not in texts and path.stem.lower() not in OTHERS:
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
