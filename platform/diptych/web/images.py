"""Images of trials, under names that are opaque and differ between sessions; pictures of texts."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from apiflask import APIBlueprint
from flask import Response, abort, request
from sqlalchemy import select

from diptych import models
from diptych.ground.database import reading
from diptych.host import host
from diptych.study.versions import frozen

blueprint = APIBlueprint("images", __name__, enable_openapi=False)
VERSIONS = models.StudyVersion
_ASSET = re.compile(r"/a/([0-9a-f]{64})")
_SUFFIXES = ((".png", "image/png"), (".jpg", "image/jpeg"))


@blueprint.get("/i/<name>")
def stimulus(name: str) -> Response:
    """An image of a trial."""
    found = host().images.read(name)
    if found is None:
        abort(404)
    version_id, place = found
    stimuli = frozen(version_id).stimuli
    if place >= len(stimuli):
        abort(404)
    return image_reply(stimuli[place].stimulus_id, "private")


@blueprint.get("/a/<name>")
def asset(name: str) -> Response:
    """A picture of a text or a mask, by content hash."""
    if len(name) != 64 or not all(c in "0123456789abcdef" for c in name) or not _is_asset(name):
        abort(404)
    return image_reply(name, "public")


def _is_asset(content_hash: str) -> bool:
    """Whether a text shows the picture, or trials show it as a mask.

    Stimuli are never served by hash: whoever has the files could look up their class.
    """
    known = host()
    if content_hash in known.assets:
        return True
    # Each version's texts are read once, however often somebody asks for what is not there.
    with reading() as connection:
        new = set(connection.execute(select(VERSIONS.id)).scalars()) - known.searched_for_assets
        for version_id in sorted(new):
            row = connection.execute(
                select(VERSIONS.texts, VERSIONS.spec).where(VERSIONS.id == version_id)
            ).one_or_none()
            if row is not None:
                for text in (*row.texts.values(), *_masks(row.spec)):
                    known.assets.update(_ASSET.findall(text))
            known.searched_for_assets.add(version_id)
    return content_hash in known.assets


def _masks(spec: dict[str, Any]) -> Iterator[str]:
    """Yield the masks that a stored study.toml names, those that are no image too."""
    for table in (spec, *spec["conditions"]):
        yield (table.get("timing") or {}).get("mask", "none")


def image_reply(content_hash: str, cache: str) -> Response:
    """The bytes of an image, or the range of them that is asked for.

    Parameters
    ----------
    content_hash : str
        Of the image.
    cache : str
        `private` or `public`.
    """
    data, media_type = _bytes(content_hash)
    response = Response(data, mimetype=media_type)
    # No ETag and no date: both would be the same for everybody who is shown the image. Without
    # them a range of "the same image as before" (If-Range) is answered with the whole.
    response.headers["Cache-Control"] = f"{cache}, max-age=31536000, immutable"
    response.headers["Accept-Ranges"] = "bytes"
    if "Range" in request.headers:
        response.make_conditional(request, accept_ranges=True, complete_length=len(data))
        del response.headers["Date"]  # the server's own is enough
    return response


def _bytes(content_hash: str) -> tuple[bytes, str]:
    """The bytes of an image: from this host's disk, or once from the database."""
    # Put together as text, which is much less work than as a path.
    start = f"{host().settings.home}/images/{content_hash[:2]}/{content_hash}"
    for suffix, media_type in _SUFFIXES:
        try:
            return Path(start + suffix).read_bytes(), media_type
        except FileNotFoundError:
            pass
    images = models.Image
    with reading() as connection:
        row = connection.execute(
            select(images.data, images.media_type).where(images.hash == content_hash)
        ).one_or_none()
    if row is None:
        abort(404)
    suffix = ".jpg" if row.media_type == "image/jpeg" else ".png"
    _keep(Path(start + suffix), row.data)
    return row.data, row.media_type


def _keep(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, also when two requests do it at the same moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
    part.write_bytes(data)
    part.replace(path)
