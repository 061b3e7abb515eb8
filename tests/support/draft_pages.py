"""Making a study as a browser does it, over HTTP: pages, uploads in pieces, zip files."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from support.dashboard import Researcher

PIECE = 64 * 1024


def png(seed: int, side: int = 24, kind: str = "PNG") -> bytes:
    """An image file that no other seed has."""
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels, "RGB").save(out, kind)
    return out.getvalue()


def zip_of(files: Mapping[str, bytes]) -> bytes:
    """A zip archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def upload(
    who: Researcher, files: Mapping[str, bytes], kind: str = "images"
) -> tuple[str, list[dict[str, str]]]:
    """Upload files in pieces; return the upload's name and the odd files that were named."""
    begun = who.post("/uploads")
    assert begun.status_code == 201, begun.text
    name, odd = begun.json["upload"], []
    for number, (path, data) in enumerate(files.items()):
        for at in range(0, max(len(data), 1), PIECE):
            reply = send_piece(who, name, number, path, at, data, kind)
            assert reply.status_code == 200, reply.text
            odd += reply.json["odd"]
    return name, odd


def send_piece(
    who: Researcher, name: str, number: int, path: str, at: int, data: bytes, kind: str = "images"
) -> Any:
    """One piece of a file, as the page sends it."""
    form = {
        "kind": kind,
        "number": str(number),
        "name": path,
        "at": str(at),
        "size": str(len(data)),
        "piece": (io.BytesIO(data[at : at + PIECE]), "piece"),
    }
    return who.post(f"/uploads/{name}", form, headers={"Accept": "application/json"})


def hidden(page: str, name: str) -> str:
    """The value of a hidden field of a page."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, f"no hidden field {name}"
    return found[1]


def save(who: Researcher, study: str, file: str, text: str, seen: str | None = None) -> Any:
    """Save a text as the editor does, by default as it was just read."""
    where = f"/studies/{study}/edit/file/{file}"
    if seen is None:
        seen = hidden(who.get(where).text, "seen")
    return who.post(where, {"text": text, "seen": seen})
