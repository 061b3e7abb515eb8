"""Where the bundler put scripts and styles, read from its manifest; and how they are served."""

from __future__ import annotations

import json
import mimetypes
from functools import lru_cache
from pathlib import Path
from typing import Any

from apiflask import APIFlask
from flask import Response, current_app, request, send_from_directory
from werkzeug.security import safe_join

from diptych.host import host

_FOLDER = "/static/dist/"
#: Files that the bundler names by their content: they may be kept for good.
_NAMED_BY_CONTENT = "dist/assets/"
_FOR_GOOD = "public, max-age=31536000, immutable"
_FOR_AN_HOUR = "public, max-age=3600"
#: What the build packs beside each script and style, best first.
_PACKED = (("br", ".br"), ("gzip", ".gz"))


class BundleMissing(Exception):
    """The front end was not bundled."""


def bundle(entry: str) -> tuple[str, tuple[str, ...]]:
    """Return the addresses of the script and the styles of an entry, e.g. `src/main.ts`.

    Raises
    ------
    BundleMissing
        When the front end, or this entry of it, was not bundled.
    """
    manifest = Path(str(current_app.static_folder)) / "dist" / ".vite" / "manifest.json"
    try:
        base = host().settings.prefix + _FOLDER
        return _addresses(entry, base, manifest, manifest.stat().st_mtime_ns)
    except FileNotFoundError:
        raise BundleMissing(f"{manifest} is missing; `make frontend` bundles the pages") from None
    except KeyError:
        raise BundleMissing(
            f"{manifest} knows no {entry}; `make frontend` bundles the pages again"
        ) from None


@lru_cache(maxsize=8)
def _addresses(
    entry: str, base: str, manifest: Path, _modified_ns: int
) -> tuple[str, tuple[str, ...]]:
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
    return base + chunks[entry]["file"], tuple(base + style for style in styles)


def attach(app: APIFlask) -> None:
    """Serve what stands under /static packed, where the build has packed it."""
    app.view_functions["static"] = static


def static(filename: str) -> Response:
    """Send a file of the bundle, in the smallest form that the browser takes; ranges, too."""
    folder = str(current_app.static_folder)
    encoding, suffix = _packed(folder, filename)
    response = send_from_directory(
        folder,
        filename + suffix,
        mimetype=mimetypes.guess_type(filename)[0] or "application/octet-stream",
    )
    if encoding and response.status_code != 304:
        response.headers["Content-Encoding"] = encoding
    response.headers["Vary"] = "Accept-Encoding"
    by_content = filename.startswith(_NAMED_BY_CONTENT)
    response.headers["Cache-Control"] = _FOR_GOOD if by_content else _FOR_AN_HOUR
    return response


def _packed(folder: str, filename: str) -> tuple[str, str]:
    """Choose the packed form to send: (encoding, file suffix); empty for the file itself."""
    wanted = request.accept_encodings
    for encoding, suffix in sorted(_PACKED, key=lambda each: -wanted.quality(each[0])):
        path = safe_join(folder, filename + suffix)
        if wanted.quality(encoding) > 0 and path is not None and Path(path).is_file():
            return encoding, suffix
    return "", ""
