"""One reader of images: what everybody sees of an image file, however odd the file is."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support.odd_images import encoded, odd_images, scene

import diptych
import diptych_analysis
from diptych.authoring.unit_choice import UnitsFault
from diptych.authoring.unit_pictures import square
from diptych.images import ImageFault, servable
from diptych.simulation.vision import _thumbnail
from diptych_analysis import pictures
from diptych_analysis.networks.faults import MachineFault
from diptych_analysis.networks.images import open_image
from diptych_analysis.pictures import (
    Header,
    PictureFault,
    check_whole,
    read_header,
    read_picture,
    read_whole,
)

ODD = odd_images()
ANIMATED = ("animated GIF", "animated PNG", "animated WebP")


@pytest.mark.parametrize("name", ODD)
def test_the_pixels_are_those_that_were_put_in(name: str) -> None:
    odd = ODD[name]
    header, picture = read_header(odd.data), read_picture(odd.data)
    assert picture.mode == "RGB"
    assert picture.size == (header.width, header.height)
    off = np.abs(np.asarray(picture).astype(int) - odd.seen)
    assert off.max() <= odd.within
    assert header.frames == (2 if name in ANIMATED else 1)


@pytest.mark.parametrize("name", ODD)
def test_what_is_served_is_seen_the_same_and_says_nothing_else(name: str) -> None:
    served = servable(ODD[name].data)
    data = served.encode()
    assert (np.asarray(read_picture(data)) == np.asarray(read_picture(ODD[name].data))).all()
    with Image.open(io.BytesIO(data)) as image:
        assert Image.MIME[image.format or ""] == served.media_type
        assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density",
                                   "progressive", "progression", "adobe", "adobe_transform",
                                   "dpi"}  # fmt: skip
        assert getattr(image, "n_frames", 1) == 1 and not image.getexif()


@pytest.mark.parametrize("name", ["JPEG", "progressive JPEG", "grey JPEG", "MPO"])
def test_a_jpeg_that_is_what_it_looks_like_stays_one(name: str) -> None:
    assert servable(ODD[name].data).media_type == "image/jpeg"
    assert read_header(ODD[name].data).as_stored


def test_whoever_looks_sees_the_same(tmp_path: Path) -> None:
    """Machines, the pictures of a study made from units, simulated participants."""
    for number, (name, odd) in enumerate(ODD.items()):
        file = tmp_path / f"{number}.image"
        file.write_bytes(odd.data)
        seen = read_picture(odd.data)
        assert open_image(file).tobytes() == seen.tobytes(), name
        content = servable(odd.data)
        small = seen.resize((8, 8), Image.Resampling.BOX)
        assert (_thumbnail(content.encode()) * 255).round().astype(int).tolist() == list(
            small.tobytes()
        ), name


def test_nobody_else_opens_images() -> None:
    """Whoever did would sooner or later see another picture than participants do."""
    for package in (diptych, diptych_analysis):
        assert package.__file__ is not None
        for file in Path(package.__file__).parent.rglob("*.py"):
            opens = "Image.open(" in file.read_text(encoding="utf-8")
            assert opens == (file == Path(pictures.__file__)), file


def test_an_image_that_is_too_large_is_refused_with_its_size(tmp_path: Path) -> None:
    data = encoded(Image.new("1", (14_000, 13_000)), "PNG")
    assert len(data) < 30_000
    file = tmp_path / "large.png"
    file.write_bytes(data)
    size = "14,000 x 13,000 pixels"
    for read in (read_header, read_picture):
        with pytest.raises(PictureFault, match=size):
            read(data)
    with pytest.raises(ImageFault, match=size):
        servable(data)
    with pytest.raises(MachineFault, match=rf"large\.png.*{size}"):
        open_image(file)
    with pytest.raises(UnitsFault, match="is not the image that was scored"):
        square(file, "0" * 64, 10)


FILES = [odd.data for odd in ODD.values()]


@given(st.sampled_from(FILES), st.integers(0), st.binary(max_size=9), st.booleans())
def test_a_damaged_file_is_a_picture_or_a_fault(
    data: bytes, at: int, other: bytes, cut_off: bool
) -> None:
    at %= len(data)
    damaged = data[:at] + other + (b"" if cut_off else data[at + len(other) :])
    try:
        header, picture = read_header(damaged), read_picture(damaged)
    except PictureFault as fault:
        assert str(fault).startswith(("is ", "can't ", "holds "))
    else:
        assert picture.size == (header.width, header.height)


@pytest.mark.parametrize("data", [b"", b"no image", b"<svg xmlns='http://www.w3.org/2000/svg'/>"])
def test_what_is_no_image_is_a_fault(data: bytes) -> None:
    with pytest.raises(PictureFault, match="can't be read as an image"):
        read_picture(data)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MachineFault, match=r"no image .*none\.png"):
        open_image(tmp_path / "none.png")
    Image.fromarray(scene()).save(tmp_path / "cut.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "cut.png").read_bytes()[:90])
    with pytest.raises(MachineFault, match=r"cut\.png.* can't be read as an image"):
        open_image(tmp_path / "cut.png")


@given(
    mode=st.sampled_from(["L", "RGB", "CMYK"]),
    progressive=st.booleans(),
    turn=st.sampled_from([1, 3, 6]),
    kept=st.floats(0, 1),
    flipped=st.lists(st.integers(0, 10_000), max_size=3),
)
def test_a_jpeg_that_is_only_checked_has_the_same_header_and_faults(
    mode: str, progressive: bool, turn: int, kept: float, flipped: list[int]
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 56, len(mode)), dtype=np.uint8)
    picture = Image.fromarray(noise[:, :, 0] if mode == "L" else noise, mode)
    exif = Image.Exif()
    exif[0x0112] = turn
    out = io.BytesIO()
    picture.save(out, "JPEG", progressive=progressive, exif=exif)
    data = bytearray(out.getvalue()[: round(kept * len(out.getvalue()))])
    for place in flipped:
        if data:
            data[place % len(data)] ^= 0xFF

    def header_or_fault(read: Callable[[bytes], Header]) -> Header | None:
        try:
            return read(bytes(data))
        except PictureFault:
            return None

    assert header_or_fault(check_whole) == header_or_fault(lambda each: read_whole(each)[0])
