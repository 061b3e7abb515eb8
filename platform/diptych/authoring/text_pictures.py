"""Pictures in a study's texts: which files they name, and the addresses that they are served at.

Which pictures a text shows is told by the parser that shows it, so that every way of writing one
works: `![…](<my file.png>)`, with a title, by reference.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote

from diptych.study import texts

#: Where a text may say where something leads: behind `](`, and in a definition `[name]: …`.
_DESTINATION = re.compile(
    r"(?P<before>\]\([ \t]*|^ {0,3}\[[^\]\n]+\]:[ \t]*\n?[ \t]*)"
    r"(?P<to><[^<>\n]*>|[^\s()<][^\s()]*(?:\([^\s()]*\)[^\s()]*)*)",
    re.MULTILINE,
)


def named(text: str) -> dict[str, str]:
    """Map each picture of a Markdown text: destination, as the parser gives it -> file name."""
    return {source: unquote(source) for source in dict.fromkeys(texts.pictures(text))}


def moved(text: str, to: Mapping[str, str]) -> str:
    """Point destinations in a text elsewhere.

    Parameters
    ----------
    text : str
        Markdown.
    to : Mapping[str, str]
        destination, as the parser tells it -> where it is to lead.
    """

    def new(found: re.Match[str]) -> str:
        raw = found["to"].removeprefix("<").removesuffix(">")
        return found["before"] + to.get(texts.destination(raw), found["to"])

    return _DESTINATION.sub(new, text)
