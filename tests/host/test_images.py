"""Images are served as the same picture, under opaque names, without a word of what they are."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin
from sqlalchemy import event
from support.walker import Walker, open_study

from diptych.ground.database import db
from diptych.images import ImageFault, ImageTokens, servable
from diptych_analysis.pictures import read_picture

SECRET_WORD = b"Cooka-the-answer"


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def noise(mode: str = "RGB", size: tuple[int, int] = (17, 11)) -> Image.Image:
    rng = np.random.default_rng(1)
    channels = {"L": (), "RGB": (3,), "RGBA": (4,)}[mode]
    pixels = rng.integers(0, 256, (size[1], size[0], *channels), dtype=np.uint8)
    return Image.fromarray(pixels, mode)


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_a_png_keeps_its_pixels_and_loses_its_words(mode: str) -> None:
    words = PngImagePlugin.PngInfo()
    words.add_text("Comment", SECRET_WORD.decode())
    data = encoded(noise(mode), "PNG", pnginfo=words)
    assert SECRET_WORD in data
    image = servable(data)
    served = image.encode()
    assert SECRET_WORD not in served
    assert (pixels(served) == np.asarray(read_picture(data).convert("RGBA"))).all()
    assert (image.media_type, image.width, image.height) == ("image/png", 17, 11)


def test_a_jpeg_keeps_its_picture_bit_for_bit_and_loses_its_words() -> None:
    exif = Image.Exif()
    exif[0x010E] = SECRET_WORD.decode()
    data = encoded(noise(), "JPEG", exif=exif, comment=SECRET_WORD)
    assert data.count(SECRET_WORD) == 2
    image = servable(data)
    served = image.encode()
    assert SECRET_WORD not in served
    assert image.media_type == "image/jpeg"
    scan = data.index(b"\xff\xda")
    assert served.endswith(data[scan:])
    assert (pixels(served) == pixels(data)).all()


def test_a_jpeg_that_exif_turns_is_served_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    image = servable(encoded(noise(size=(20, 10)), "JPEG", exif=exif))
    assert (image.width, image.height) == (10, 20)
    assert image.media_type == "image/png"
    served = Image.open(io.BytesIO(image.encode()))
    assert served.size == (10, 20)
    assert not served.getexif()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not an image",
        encoded(noise(), "PNG")[:60],
        encoded(noise(), "BMP"),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ],
    ids=["empty", "text", "cut off", "BMP", "SVG"],
)
def test_what_is_no_image_is_refused(data: bytes) -> None:
    with pytest.raises(ImageFault):
        servable(data)


def test_a_one_pixel_image_is_an_image() -> None:
    assert servable(encoded(Image.new("L", (1, 1)), "PNG")).width == 1


numbers = st.integers(0, 2**48 - 1)


@given(st.uuids(), st.uuids(), numbers, numbers)
def test_a_name_leads_back_to_its_image_only(
    first: UUID, second: UUID, version: int, place: int
) -> None:
    tokens, session = ImageTokens(b"secret"), first.hex
    name = tokens.name(session, version, place)
    assert tokens.read(name) == (version, place)
    assert name == tokens.name(session, version, place), "browsers cache by name"
    assert ImageTokens(b"other").read(name) is None
    assert (name == tokens.name(second.hex, version, place)) == (first == second)


@given(st.text(max_size=80))
def test_a_made_up_name_is_no_name(name: str) -> None:
    assert ImageTokens(b"secret").read(name) is None


@given(numbers, st.integers(0, 53))
def test_a_name_with_one_letter_changed_is_no_name(place: int, at: int) -> None:
    tokens = ImageTokens(b"secret")
    name = tokens.name(32 * "1", 1, place)
    at %= len(name) - 1  # the last letter has bits that mean nothing
    changed = name[:at] + ("A" if name[at] != "A" else "B") + name[at + 1 :]
    assert tokens.read(changed) is None


# --- Served over HTTP

sqlite_only = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture
def person(app: Flask, studies_folder: Path) -> Walker:
    """Somebody who is shown images."""
    open_study(app, studies_folder / "tiny")
    return Walker(app.test_client()).start(participant="a")


def urls(person: Walker) -> list[str]:
    found: list[str] = person.api("GET", "/session/images").json["images"]
    return found


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """Every SQL statement of the block."""
    seen: list[str] = []
    with app.app_context():
        engine = db.engine

    def note(connection: object, cursor: object, statement: str, *more: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def test_an_image_on_this_host_s_disk_is_served_without_the_database(
    app: Flask, person: Walker
) -> None:
    names = urls(person)
    with statements(app) as first:
        replies = [person.client.get(name) for name in names]
    assert first, "what this host has never served comes from the database, once"
    with statements(app) as again:
        for name, before in zip(names, replies, strict=True):
            reply = person.client.get(name)
            assert reply.status_code == 200 and reply.data == before.data
            assert person.client.get(name, headers={"Range": "bytes=0-9"}).status_code == 206
            assert person.client.head(name).status_code == 200
        assert person.client.get("/i/made-up").status_code == 404
    assert again == []


@sqlite_only
def test_every_image_is_kept_for_good_by_one_browser_and_tells_nothing(
    app: Flask, person: Walker
) -> None:
    other = Walker(app.test_client()).start(participant="b")
    for name in [*urls(person), *urls(other)]:
        for headers in ({}, {"Range": "bytes=3-"}):
            reply = person.client.get(name, headers=headers)
            assert reply.headers["Cache-Control"] == "private, max-age=31536000, immutable"
            assert reply.headers["X-Content-Type-Options"] == "nosniff"
            # The same for all who are shown the picture, they would tell that it is the same.
            told = {header.lower() for header in reply.headers.keys()}  # noqa: SIM118
            assert not told & {"etag", "last-modified", "date", "content-disposition"}
    assert not set(urls(person)) & set(urls(other))


@sqlite_only
def test_ranges_of_an_image(person: Walker) -> None:
    (name, *_) = urls(person)
    whole = person.client.get(name)
    size = len(whole.data)
    assert whole.headers["Accept-Ranges"] == "bytes"
    for asked, start, stop in (
        ("bytes=0-99", 0, 100),
        (f"bytes={size - 1}-", size - 1, size),
        ("bytes=-10", size - 10, size),
        (f"bytes=5-{10 * size}", 5, size),
    ):
        reply = person.client.get(name, headers={"Range": asked})
        assert reply.status_code == 206, asked
        assert reply.data == whole.data[start:stop]
        assert reply.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{size}"
        assert reply.headers["Content-Length"] == str(stop - start)
        assert reply.mimetype == whole.mimetype
    for asked in (f"bytes={size}-", f"bytes={size + 5}-{size + 9}", "bytes=9-3"):
        reply = person.client.get(name, headers={"Range": asked})
        assert reply.status_code == 416, asked
        assert reply.headers["Content-Range"] == f"bytes */{size}"
        assert "immutable" not in reply.headers.get("Cache-Control", "")
    # Nothing says whether it is the image of before: then the whole is right.
    unsure = {"Range": "bytes=0-9", "If-Range": '"abc"'}
    reply = person.client.get(name, headers=unsure)
    assert reply.status_code == 200 and reply.data == whole.data


@given(start=st.integers(0, 4000), length=st.integers(1, 4000))
@sqlite_only
def test_the_ranges_of_an_image_make_the_whole(person: Walker, start: int, length: int) -> None:
    name = urls(person)[0]
    whole = person.client.get(name).data
    reply = person.client.get(name, headers={"Range": f"bytes={start}-{start + length - 1}"})
    if start >= len(whole):
        assert reply.status_code == 416
    else:
        assert reply.status_code == 206 and reply.data == whole[start : start + length]


@sqlite_only
def test_what_no_text_shows_is_looked_for_in_each_version_once(
    app: Flask, studies_folder: Path
) -> None:
    folder = studies_folder / "tiny"
    (folder / "assets").mkdir(exist_ok=True)
    (folder / "assets" / "logo.png").write_bytes(encoded(noise(), "PNG"))
    open_study(app, folder)
    client = app.test_client()
    unknown = f"/a/{'0' * 64}"
    assert client.get(unknown).status_code == 404
    with statements(app) as seen:
        for _ in range(5):
            assert client.get(unknown).status_code == 404
    assert not [s for s in seen if "texts" in s], "a stranger can't have every text read each time"
    text = (folder / "consent.md").read_text()
    (folder / "consent.md").write_text(text + "\n\n![logo](assets/logo.png)\n")
    open_study(app, folder)
    consent = Walker(client).enter(participant="a").state["content"]["html"]
    (shown,) = re.findall(r'src="(/a/[0-9a-f]{64})"', consent)
    reply = client.get(shown)
    assert reply.status_code == 200 and pixels(reply.data).size
    assert reply.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    with statements(app) as again:
        assert client.get(shown).status_code == 200
    assert again == []
