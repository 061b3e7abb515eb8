"""The texts of a study as HTML, and the words used where a study brings none of its own."""

from __future__ import annotations

import re
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.common.utils import unescapeAll

from diptych.studies.content import StudyContent

# No raw HTML and no typographic guessing: a study's text can't bring a script along.
_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
# The parser sorts its rules out when it is first used, and threads that come meanwhile find only
# some of them: the first people of a study would see a wrong text, or an error.
_markdown.render("*x*")

DEFAULTS = {
    "practice": "# Practice\n\nFirst a few trials to practise. They do not count.",
    "practice_again": "# Once more\n\nNot every answer was right yet. Please practise once more.",
    "half_way": "# Half-way\n\nYou have done half of this part.",
    "phase_change": "# Now it counts\n\nThe next part begins.",
    "declined": "# Thank you\n\nYou have decided not to take part. Nothing about you was stored.",
    "screened_out": "# Thank you\n\nThis study is not a good match this time. "
    "Thank you for your interest.",
    "timed_out": "# This session has ended\n\nToo much time has passed to go on with it.",
    "returned": "# This session has ended\n\nThe study was returned.",
    "withdrawn": "# You have withdrawn\n\nYou do not take part any more. What was stored of your "
    "participation was deleted. You can close this window.",
    "expired": "# This session has ended\n\nIts answers were kept for as long as was agreed, "
    "and then deleted. You can close this window.",
    "completed": "# Thank you\n\nAll your answers are stored. You can close this window.",
    "paid_already": "# You have taken part before\n\nYour participation in this study is accepted "
    "already, and it is paid once. Please return this new submission: there is nothing more to do "
    "in it.",
    "mturk_preview": "# Preview\n\nAccept the HIT to take part.",
}


@lru_cache(maxsize=1024)  # everybody is shown the same few texts
def html(markdown: str, prefix: str = "") -> str:
    """Markdown as HTML; HTML in the source is shown as text.

    Args:
        markdown: the text.
        prefix: the path that this host lies under (`Settings.prefix`). Stored texts don't know
            it: their pictures, `/a/<hash>`, get it here.
    """
    rendered = str(_markdown.render(markdown)).strip()
    # Quotes that a study writes come out as &quot;, so that this is always an image's.
    return rendered.replace('<img src="/a/', f'<img src="{prefix}/a/') if prefix else rendered


def pictures(markdown: str) -> list[str]:
    """Where the pictures of a text lie, as the parser tells it: with `%20` for a space."""
    return [
        str(part.attrs["src"])
        for token in _markdown.parse(markdown)
        for part in token.children or ()
        if part.type == "image"
    ]


def destination(raw: str) -> str:
    """What the parser makes of a destination as it is written."""
    return str(_markdown.normalizeLink(unescapeAll(raw)))


def text(content: StudyContent, name: str, prefix: str) -> str:
    """One text of a study as HTML, or the default."""
    return html(content.texts.get(name) or DEFAULTS.get(name, ""), prefix)


def pages(content: StudyContent, name: str, prefix: str) -> list[str]:
    """A text split at lines that hold only `---`, as HTML."""
    parts = re.split(r"(?m)^---\s*$", content.texts.get(name, ""))
    return [html(part, prefix) for part in parts if part.strip()]


def notice(content: StudyContent, name: str, prefix: str) -> dict[str, str]:
    """A notice: its first heading is the title, the rest the text."""
    source = (content.texts.get(name) or DEFAULTS.get(name, "")).strip()
    title, _, body = source.partition("\n")
    if not title.startswith("#"):
        return {"title": "", "html": html(source, prefix)}
    return {"title": title.lstrip("# ").strip(), "html": html(body, prefix)}
