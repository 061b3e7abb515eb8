"""The texts of a study as HTML, with the host's own where a study brings none."""

from __future__ import annotations

import re
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.common.utils import unescapeAll

from diptych import words
from diptych.study.content import StudyContent

# No raw HTML and no typographic guessing: a study's text can't bring a script along.
_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
# The parser sorts its rules out when it is first used, and threads that come meanwhile find only
# some of them: the first people of a study would see a wrong text, or an error.
_markdown.render("*x*")


@lru_cache(maxsize=1024)  # everybody is shown the same few texts
def html(markdown: str, prefix: str = "") -> str:
    """Turn Markdown into HTML; HTML in the source is shown as text.

    Parameters
    ----------
    markdown : str
        The text.
    prefix : str, optional
        The path that this host lies under (`Settings.prefix`). Stored texts don't know
        it: their pictures, `/a/<hash>`, get it here.
    """
    rendered = str(_markdown.render(markdown)).strip()
    # Quotes that a study writes come out as &quot;, so that this is always an image's.
    return rendered.replace('<img src="/a/', f'<img src="{prefix}/a/') if prefix else rendered


def pictures(markdown: str) -> list[str]:
    """List the addresses of a text's pictures as the parser gives them: `%20` for a space."""
    return [
        str(part.attrs["src"])
        for token in _markdown.parse(markdown)
        for part in token.children or ()
        if part.type == "image"
    ]


def destination(raw: str) -> str:
    """Return what the parser makes of a destination as it is written."""
    return str(_markdown.normalizeLink(unescapeAll(raw)))


def source(content: StudyContent, name: str) -> str:
    """Return Markdown of one text of a study, or the host's own in the language of the study."""
    return content.texts.get(name) or words.default_text(content.spec.language, name)


def text(content: StudyContent, name: str, prefix: str) -> str:
    """Return one text of a study as HTML, or the default."""
    return html(source(content, name), prefix)


def pages(content: StudyContent, name: str, prefix: str) -> list[str]:
    """Split a text at lines that hold only `---`, as HTML."""
    return [html(part, prefix) for part in split(content.texts.get(name, ""))]


def split(markdown: str) -> list[str]:
    """Split Markdown at lines that hold only `---`; empty pages are left out."""
    return [part for part in re.split(r"(?m)^---\s*$", markdown) if part.strip()]


def notice(content: StudyContent, name: str, prefix: str) -> dict[str, str]:
    """Read a notice: its first heading is the title, the rest the text."""
    title, _, body = source(content, name).strip().partition("\n")
    if not title.startswith("#"):
        return {"title": "", "html": html(source(content, name).strip(), prefix)}
    return {"title": title.lstrip("# ").strip(), "html": html(body, prefix)}
