"""Where the bundler put scripts and styles: read from its manifest."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import current_app

_BASE = "/static/dist/"


class BundleMissing(Exception):
    """The front end was not bundled."""


def bundle(entry: str) -> tuple[str, tuple[str, ...]]:
    """Addresses of the script and the styles of an entry, e.g. `src/main.ts`.

    Raises:
        BundleMissing: when the front end, or this entry of it, was not bundled.
    """
    manifest = Path(str(current_app.static_folder)) / "dist" / ".vite" / "manifest.json"
    try:
        return _addresses(entry, manifest, manifest.stat().st_mtime_ns)
    except FileNotFoundError:
        raise BundleMissing(f"{manifest} is missing; `make frontend` bundles the pages") from None
    except KeyError:
        raise BundleMissing(
            f"{manifest} knows no {entry}; `make frontend` bundles the pages anew"
        ) from None


@lru_cache(maxsize=8)
def _addresses(entry: str, manifest: Path, _modified_ns: int) -> tuple[str, tuple[str, ...]]:
    """Read again when the front end was bundled anew under a running host."""
    chunks: dict[str, dict[str, Any]] = json.loads(manifest.read_text())
    styles: dict[str, None] = {}  # in order, each once
    waiting, seen = [entry], set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        styles |= dict.fromkeys(chunks[name].get("css", ()))
        waiting += chunks[name].get("imports", ())
    return _BASE + chunks[entry]["file"], tuple(_BASE + style for style in styles)
