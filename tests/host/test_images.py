"""Images are served as the same picture, under opaque names, without a word of what they are."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from diptych.images import ImageFault, ImageTokens, servable

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
    served = servable(data)
    assert SECRET_WORD not in served.data
    assert (pixels(served.data) == pixels(data)).all()
    assert (served.media_type, served.width, served.height) == ("image/png", 17, 11)


def test_a_jpeg_keeps_its_picture_bit_for_bit_and_loses_its_words() -> None:
    exif = Image.Exif()
    exif[0x010E] = SECRET_WORD.decode()
    data = encoded(noise(), "JPEG", exif=exif, comment=SECRET_WORD)
    assert data.count(SECRET_WORD) == 2
    served = servable(data)
    assert SECRET_WORD not in served.data
    assert served.media_type == "image/jpeg"
    scan = data.index(b"\xff\xda")
    assert served.data.endswith(data[scan:])
    assert (pixels(served.data) == pixels(data)).all()


def test_a_jpeg_that_exif_turns_is_served_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    served = servable(encoded(noise(size=(20, 10)), "JPEG", exif=exif))
    assert (served.width, served.height) == (10, 20)
    assert served.media_type == "image/png"
    assert not Image.open(io.BytesIO(served.data)).getexif()


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


@given(numbers, numbers, numbers)
def test_a_name_leads_back_to_its_image_only(session: int, version: int, place: int) -> None:
    tokens = ImageTokens(b"secret")
    name = tokens.name(session, version, place)
    assert tokens.read(name) == (session, version, place)
    assert name == tokens.name(session, version, place), "browsers cache by name"
    assert ImageTokens(b"other").read(name) is None
    assert name != tokens.name((session + 1) % 2**48, version, place)


@given(st.text(max_size=80))
def test_a_made_up_name_is_no_name(name: str) -> None:
    assert ImageTokens(b"secret").read(name) is None


@given(numbers, st.integers(0, 53))
def test_a_name_with_one_letter_changed_is_no_name(place: int, at: int) -> None:
    tokens = ImageTokens(b"secret")
    name = tokens.name(1, 1, place)
    at %= len(name) - 1  # the last letter has bits that mean nothing
    changed = name[:at] + ("A" if name[at] != "A" else "B") + name[at + 1 :]
    assert tokens.read(changed) is None
