"""Images of trials, under names that are opaque and differ between sessions; pictures of texts."""

from __future__ import annotations

import uuid
from pathlib import Path

from apiflask import APIBlueprint
from flask import Response, abort
from sqlalchemy import select

from diptych import models
from diptych.database import reading
from diptych.host import host
from diptych.studies.versions import frozen

blueprint = APIBlueprint("images", __name__, enable_openapi=False)


@blueprint.get("/i/<name>")
def stimulus(name: str) -> Response:
    """An image of a trial."""
    found = host().images.read(name)
    if found is None:
        abort(404)
    _, version_id, place = found
    stimuli = frozen(version_id).stimuli
    if place >= len(stimuli):
        abort(404)
    return image_reply(stimuli[place].stimulus_id, "private")


@blueprint.get("/a/<name>")
def asset(name: str) -> Response:
    """A picture of a text, by content hash."""
    if len(name) != 64 or not all(c in "0123456789abcdef" for c in name) or not _is_asset(name):
        abort(404)
    return image_reply(name, "public")


def _is_asset(content_hash: str) -> bool:
    """Whether a text shows the picture.

    Stimuli are never served by hash: whoever has the files could look up their class.
    """
    if content_hash in host().assets:
        return True
    with reading() as connection:
        texts = connection.execute(select(models.StudyVersion.texts)).scalars().all()
    if any(f"/a/{content_hash}" in text for each in texts for text in each.values()):
        host().assets.add(content_hash)
    return content_hash in host().assets


def image_reply(content_hash: str, cache: str) -> Response:
    """The bytes of an image; `cache` is `private` or `public`."""
    data, media_type = _bytes(content_hash)
    response = Response(data, mimetype=media_type)
    # No ETag and no date: both would be the same for everybody who is shown the image.
    response.headers["Cache-Control"] = f"{cache}, max-age=31536000, immutable"
    return response


def _bytes(content_hash: str) -> tuple[bytes, str]:
    """The bytes of an image: from this host's disk, or once from the database."""
    folder = host().settings.home / "images"
    for suffix, media_type in ((".png", "image/png"), (".jpg", "image/jpeg")):
        path = folder / content_hash[:2] / (content_hash + suffix)
        if path.exists():
            return path.read_bytes(), media_type
    images = models.Image
    with reading() as connection:
        row = connection.execute(
            select(images.data, images.media_type).where(images.hash == content_hash)
        ).one_or_none()
    if row is None:
        abort(404)
    suffix = ".jpg" if row.media_type == "image/jpeg" else ".png"
    _keep(folder / content_hash[:2] / (content_hash + suffix), row.data)
    return row.data, row.media_type


def _keep(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, also when two requests do it at the same moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
    part.write_bytes(data)
    part.replace(path)
