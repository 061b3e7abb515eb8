"""The participant page's own words, and the texts that a study need not bring, in many languages.

One file a language, in Fluent (https://projectfluent.org): `de.ftl` is German. A new language is a
new file, and nothing else; `en.ftl` names every message there is. What a language lacks is said in
English.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # a tenth of a second, which commands that say nothing need not wait for
    from fluent.runtime import FluentBundle
    from fluent.syntax.ast import Message

ENGLISH = "en"
#: Messages that only the host uses: the texts of a study that brings none of its own.
TEXTS = "text-"

Direction = Literal["ltr", "rtl"]


@lru_cache(maxsize=1)
def languages() -> tuple[str, ...]:
    """Return the codes of the languages there are words in."""
    names = (entry.name for entry in files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(".ftl") for name in names if name.endswith(".ftl")))


def nearest(tag: str) -> str:
    """Find the language whose words serve a tag of BCP 47: `pt` for `pt-BR`; English for none."""
    parts = tag.lower().replace("_", "-").split("-")
    tries = ("-".join(parts[:end]) for end in range(len(parts), 0, -1))
    known = {name.lower(): name for name in languages()}
    return next((known[each] for each in tries if each in known), ENGLISH)


@lru_cache(maxsize=256)
def direction(tag: str) -> Direction:
    """Return which way a language is written."""
    from babel import Locale, UnknownLocaleError

    try:
        return "rtl" if Locale.parse(tag, sep="-").text_direction == "rtl" else "ltr"
    except (ValueError, UnknownLocaleError):
        return "ltr"  # of a language that Babel does not know


@lru_cache(maxsize=64)
def messages(language: str) -> Mapping[str, Message]:
    """Return every message of one language, by its id.

    Raises
    ------
    ValueError
        When the file holds something that is no message.
    """
    from fluent.syntax import FluentParser
    from fluent.syntax.ast import Junk, Message

    source = files(__name__).joinpath(f"{language}.ftl").read_text(encoding="utf-8")
    found: dict[str, Message] = {}
    for entry in FluentParser(with_spans=False).parse(source).body:
        if isinstance(entry, Message):
            found[entry.id.name] = entry
        elif isinstance(entry, Junk):
            raise ValueError(f"{language}.ftl: not understood: {str(entry.content)[:80]!r}")
    return found


@lru_cache(maxsize=64)
def for_the_page(language: str) -> str:
    """Return Fluent source of every message of the page: in the language, and else in English."""
    from fluent.syntax import FluentSerializer
    from fluent.syntax.ast import Resource

    own = messages(language)
    used = [own.get(name, each) for name, each in messages(ENGLISH).items()]
    body = [each for each in used if not each.id.name.startswith(TEXTS)]
    for each in body:
        each.comment = None
    return FluentSerializer().serialize(Resource(list(body)))


@lru_cache(maxsize=64)
def _bundle(language: str) -> FluentBundle:
    from fluent.runtime import FluentBundle, FluentResource
    from fluent.syntax import FluentSerializer
    from fluent.syntax.ast import Resource

    bundle = FluentBundle([language, ENGLISH], use_isolating=False)
    for name in (language, ENGLISH):
        source = FluentSerializer().serialize(Resource(list(messages(name).values())))
        bundle.add_resource(FluentResource(source))
    return bundle


def say(tag: str, message: str, **values: str | float) -> str:
    """Return a message in a language, or in English where that lacks it.

    Parameters
    ----------
    tag : str
        Of the language (BCP 47).
    message : str
        Its id in `en.ftl`.
    **values : str | float
        What stands in it.

    Raises
    ------
    KeyError
        When there is no such message.
    """
    bundle = _bundle(nearest(tag))
    pattern = bundle.get_message(message).value
    assert pattern is not None
    said, _ = bundle.format_pattern(pattern, values)
    return str(said)


def default_text(tag: str, name: str) -> str:
    """Return a text (Markdown) that a study need not bring; empty where none has that name."""
    known = TEXTS + name
    return say(tag, known) if known in messages(ENGLISH) else ""
