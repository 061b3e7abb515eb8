"""The table of contents of a page, from its headings."""

from __future__ import annotations

import html
import re
import unicodedata

_HEADING = re.compile(r"<h([23])>(.*?)</h\1>", re.DOTALL)


def with_contents(body: str) -> tuple[str, str]:
    """Give each heading of a page an id, and list them.

    Parameters
    ----------
    body : str
        HTML with `h2` and `h3` headings that have no attributes.

    Returns
    -------
    body, contents : str
        The page, and its table of contents: empty with fewer than two headings.
    """
    headings: list[tuple[int, str, str]] = []
    used: set[str] = set()

    def marked(match: re.Match[str]) -> str:
        level, text = match[1], match[2]
        name = _unused(_slug(text), used)
        headings.append((int(level), name, text))
        return f'<h{level} id="{name}">{text}</h{level}>'

    body = _HEADING.sub(marked, body)
    return body, _list(headings) if len(headings) > 1 else ""


def _slug(text: str) -> str:
    plain = html.unescape(re.sub(r"<[^>]+>", "", text))
    known = unicodedata.normalize("NFKD", plain).lower()
    return re.sub(r"[^\w]+", "-", known, flags=re.ASCII).strip("-") or "section"


def _unused(name: str, used: set[str]) -> str:
    number, found = 2, name
    while found in used:
        found, number = f"{name}-{number}", number + 1
    used.add(found)
    return found


def _list(headings: list[tuple[int, str, str]]) -> str:
    parts = ['<nav class="contents" aria-label="Contents"><b>Contents</b><ol>']
    inside = False
    for place, (level, name, text) in enumerate(headings):
        entry = f'<a href="#{name}">{text}</a>'
        if level == 2 or place == 0:
            parts.append(f"{'</ol></li>' if inside else '</li>' if place else ''}<li>{entry}")
            inside = False
        else:
            parts.append(f"{'' if inside else '<ol>'}<li>{entry}</li>")
            inside = True
    return "".join([*parts, "</ol></li>" if inside else "</li>", "</ol></nav>"])
