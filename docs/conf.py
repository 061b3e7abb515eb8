"""The documentation as a site: `make docs` builds it with Sphinx.

The pages are the Markdown files of this folder, as they are. The table of contents is index.md's
lists: a page that they do not name is not on the site, and a test fails.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT / "platform"), str(ROOT / "analysis"), str(HERE)]

from diptych import __version__  # noqa: E402

project = "Diptych"
author = "Diptych contributors"
project_copyright = "Diptych contributors"
version = release = __version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_gallery.gen_gallery",
]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_build", "gallery/*.ipynb", "gallery/*.zip", "sg_execution_times.rst"]
#: Names of the code stand in single backticks, as in Markdown.
default_role = "code"
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]
#: Blocks in languages without a lexer, such as csv and mermaid, are shown as they are.
suppress_warnings = ["misc.highlighting_failure", "config.cache"]
templates_path = ["_templates"]
numpydoc_show_class_members = False
autosummary_generate = True
autodoc_typehints = "none"

html_theme = "pydata_sphinx_theme"
html_title = f"Diptych {version}"
html_theme_options = {
    "navigation_depth": 2,
    "show_nav_level": 1,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "header_links_before_dropdown": 3,
    "navbar_align": "left",
}
html_sidebars: dict[str, list[str]] = {}
html_show_sourcelink = False

sphinx_gallery_conf = {
    "examples_dirs": [str(ROOT / "examples" / "gallery")],
    "gallery_dirs": ["gallery"],
    "filename_pattern": r"/\w+\.py$",
    "image_scrapers": ("gallery_figures.scraped",),
    "capture_repr": ("_repr_html_", "__repr__"),
    "ignore_repr_types": r"Figure",
    "within_subsection_order": "FileNameSortKey",
    "reset_modules": (),
    "show_memory": False,
    "show_signature": False,
    "abort_on_example_error": True,
    "min_reported_time": 3600,
}


def contents(index: str) -> list[tuple[str, list[str]]]:
    """Return the parts of the table of contents: heading and names of pages.

    Parameters
    ----------
    index : str
        Text of index.md: bold lines are headings, and the list below one links its pages.
    """
    parts: list[tuple[str, list[str]]] = []
    for line in index.splitlines():
        if line.startswith("## "):
            break
        if heading := re.fullmatch(r"\*\*(.+)\*\*", line):
            parts.append((heading[1], []))
        elif parts and line.startswith("- "):
            parts[-1][1].extend(re.findall(r"\]\(([\w-]+)\.md\)", line)[:1])
    return parts


def _as_page(_app: Any, name: str, source: list[str]) -> None:
    """Turn a file of this folder into a page of the site.

    The site has no files outside this folder: a link to one becomes its name. index.md gets the
    table of contents, which readers of the files do not need.
    """
    source[0] = re.sub(r"\[([^]]+)\]\(\.\./([^)#]+)[^)]*\)", r"\1 (`\2`)", source[0])
    if name != "index":
        return
    parts = [*contents(source[0]), ("Examples", ["gallery/index"])]
    for heading, pages in parts:
        listed = "\n".join(pages)
        source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {heading}\n\n{listed}\n```\n"


def setup(app: Any) -> None:
    """Connect the table of contents."""
    app.connect("source-read", _as_page)
