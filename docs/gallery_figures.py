"""Puts the figures of gallery examples on their pages: the last value of a block, if it is one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sphinx_gallery.scrapers import figure_rst

from diptych_analysis.plot import Figure


def scraped(_block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Save the figure that a block ends with; return the reStructuredText that shows it."""
    last = block_vars["example_globals"].get("___")
    if not isinstance(last, Figure):
        return ""
    block_vars["example_globals"]["___"] = None  # once is enough
    file = Path(next(block_vars["image_path_iterator"]))
    last.save(file)
    return str(figure_rst([str(file)], gallery_conf["src_dir"]))
