"""One reader of images: from the bytes of a file to the sRGB pixels that everybody gets.

Participants, networks, encoders of tracing, figures and simulated participants all see what
`read_picture` returns, so that nobody sees another picture than the others do.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

#: More pixels than nearly all cameras have, and few enough to fit in memory several times.
MOST_PIXELS = 64_000_000
#: What see-through parts lie on: the paper of the participant's page.
PAPER = (255, 255, 255)
#: EXIF's tag for the side that is up, and its values that exchange width and height.
_ORIENTATION, _ON_THE_SIDE = 0x0112, (5, 6, 7, 8)
_GREY = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N", "F")
#: The primaries and the white of sRGB: x and y of white, red, green and blue.
_SRGB_XY = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
#: The gamma that stands for sRGB in a PNG (RFC 2083, 12.5): its decoders take it for sRGB.
_SRGB_GAMMA = 1 / 2.2
Floats = npt.NDArray[np.float64]

# Ours is smaller, and its message names the size (`_check_size`).
Image.MAX_IMAGE_PIXELS = None


class PictureFault(Exception):
    """Bytes are no image, a damaged one, or one that is too large."""


@dataclass(frozen=True)
class Header:
    """What an image file says of itself, before its pixels are decoded.

    Attributes
    ----------
    kind : str
        Name of the format, such as `PNG` or `JPEG`. The first picture of an MPO file is a JPEG.
    width, height : int
        Size of the picture as it is seen, in pixels.
    turn : int
        EXIF's orientation. 1 is upright, and so is a value that EXIF does not know.
    frames : int
        Number of pictures in the file. Everybody sees the first.
    grey : bool
        Whether the pixels have no colour.
    as_stored : bool
        Whether the stored pixels are what is seen: upright, opaque, 8 bits, in sRGB.
    see_through : bool
        Whether some part of the picture is not opaque; known once it is read whole.
    """

    kind: str
    width: int
    height: int
    turn: int
    frames: int
    grey: bool
    as_stored: bool
    see_through: bool = False


def read_header(data: bytes) -> Header:
    """Read the header of an image file.

    Parameters
    ----------
    data : bytes
        The bytes of the file.

    Raises
    ------
    PictureFault
        If the bytes are no image, or one of more than `MOST_PIXELS`.
    """
    with _opened(data) as image:
        return _header(image)


def read_picture(data: bytes) -> Image.Image:
    """Decode an image file into the pixels that everybody sees.

    The first picture of the file, turned as its EXIF says, of 8 bits a channel. An embedded
    profile (ICC), or a PNG's gamma and primaries, are applied, so that the pixels are sRGB.
    See-through parts lie on white.

    Parameters
    ----------
    data : bytes
        The bytes of the file.

    Returns
    -------
    PIL.Image.Image
        Mode `RGB`.

    Raises
    ------
    PictureFault
        If the bytes are no complete image, or one of more than `MOST_PIXELS`.
    """
    return read_whole(data)[1]


def read_numbers(data: bytes) -> Image.Image:
    """Decode an image file whose pixels are numbers, such as labels or depths: as they are stored.

    Parameters
    ----------
    data : bytes
        The bytes of the file.

    Raises
    ------
    PictureFault
        As `read_picture`.
    """
    with _opened(data) as image:
        image.load()
        return image


def read_whole(data: bytes) -> tuple[Header, Image.Image]:
    """Read an image file once, for what `read_header` and `read_picture` return."""
    with _opened(data) as image:
        header = _header(image)
        image.load()
        upright = image if header.turn == 1 else ImageOps.exif_transpose(image)
        seen = _in_srgb(_eight_bits(upright), image)
        if seen.mode == "RGBA" and np.asarray(seen.getchannel("A")).min(initial=255) < 255:
            header = replace(header, see_through=True)
        return header, _on_paper(seen)


def check_whole(data: bytes) -> Header:
    """Read an image file to its end, for its header alone.

    The same faults as `read_whole`, at half of the cost for JPEG: its codes are all read, but drawn
    at an eighth of the size.

    Parameters
    ----------
    data : bytes
        The bytes of the file.

    Returns
    -------
    Header
        What `read_whole` tells.

    Raises
    ------
    PictureFault
        If the bytes are no complete image, or one of more than `MOST_PIXELS`.
    """
    with _opened(data) as image:
        if image.format == "JPEG":
            header = _header(image)
            image.draft(None, (1, 1))
            image.load()
            return header
    return read_whole(data)[0]


def _header(image: Image.Image) -> Header:
    turn = image.getexif().get(_ORIENTATION, 1)
    turn = turn if turn in range(1, 9) else 1
    width, height = image.size[::-1] if turn in _ON_THE_SIDE else image.size
    kind = image.format or "unknown"
    return Header(
        kind="JPEG" if kind == "MPO" else kind,
        width=width,
        height=height,
        turn=turn,
        # The further pictures of an MPO file are previews or depths of the first.
        frames=1 if kind == "MPO" else int(getattr(image, "n_frames", 1)),
        grey=image.mode in _GREY,
        as_stored=image.mode in ("L", "RGB")
        and turn == 1
        and "transparency" not in image.info
        and not _is_coloured_otherwise(image),
    )


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    """Open an image; whatever a decoder raises about its bytes becomes a `PictureFault`."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            _check_size(*image.size)
            yield image
    except PictureFault:
        raise
    except UnidentifiedImageError:
        raise PictureFault("can't be read as an image (its kind is not known)") from None
    # Damaged files end in errors of many kinds: of zlib, struct, indices, keys and types.
    except Exception as error:
        told = str(error) or type(error).__name__
        raise PictureFault(f"can't be read as an image ({told})") from None


def _check_size(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise PictureFault(
            f"is {width:,} x {height:,} pixels large; at most {MOST_PIXELS / 1e6:g} million "
            "pixels are allowed"
        )


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return the same picture in one of the modes L, LA, RGB, RGBA, CMYK, LAB and YCbCr."""
    if image.mode.startswith("I"):
        deep = np.asarray(image.convert("I"), dtype=np.int32)
        grey = Image.fromarray(((deep.clip(0, 65535) + 128) // 257).astype(np.uint8))
        if isinstance(unseen := image.info.get("transparency"), int):
            grey.putalpha(Image.fromarray(np.where(deep == unseen, 0, 255).astype(np.uint8)))
        return grey
    if image.mode == "F":
        raise PictureFault("holds numbers instead of colours: 32-bit floats have no white")
    if "transparency" in image.info or image.mode in ("PA", "La", "RGBa"):
        return image.convert("LA" if image.mode in ("L", "La") else "RGBA")
    if image.mode == "1":
        return image.convert("L")
    return image.convert("RGB") if image.mode in ("P", "RGBX") else image


def _in_srgb(picture: Image.Image, source: Image.Image) -> Image.Image:
    """Apply the profile, or a PNG's gamma and primaries, of a file."""
    profile = source.info.get("icc_profile")
    alpha = picture.getchannel("A") if picture.mode in ("LA", "RGBA") else None
    opaque = picture if alpha is None else picture.convert(picture.mode.removesuffix("A"))
    if profile:
        seen = _through_profile(opaque, profile)
    elif _is_coloured_otherwise(source):
        seen = _through_gamma(opaque.convert("RGB"), *_gamma_of(source))
    else:
        seen = opaque
    seen = seen if seen.mode in ("L", "RGB") else seen.convert("RGB")
    if alpha is not None:
        seen = seen.convert("RGB")
        seen.putalpha(alpha)
    return seen


def _on_paper(picture: Image.Image) -> Image.Image:
    if picture.mode == "RGBA":
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, (*PAPER, 255)), picture)
    clean = picture.convert("RGB")
    clean.info = {}
    return clean


# Profiles ------------------------------------------------------------------------------------


def _is_coloured_otherwise(image: Image.Image) -> bool:
    """Say whether the stored numbers are colours of another space than sRGB."""
    profile = image.info.get("icc_profile")
    if profile:
        return not _is_srgb(profile, image.mode)
    if image.format != "PNG" or "srgb" in image.info:
        return False
    gamma, primaries = _gamma_of(image)
    return abs(gamma / _SRGB_GAMMA - 1) > 0.01 or any(
        abs(a - b) > 0.002 for a, b in zip(primaries, _SRGB_XY, strict=True)
    )


def _through_profile(picture: Image.Image, profile: bytes) -> Image.Image:
    """Convert colours of a profile to sRGB. A profile that does not fit is left out."""
    if _is_srgb(profile, picture.mode):
        return picture
    try:
        return _converted(picture, profile)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture  # as browsers do


def _converted(picture: Image.Image, profile: bytes) -> Image.Image:
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    found = ImageCms.profileToProfile(
        picture,
        source,
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
    )
    assert found is not None
    return found


@lru_cache(maxsize=256)
def _is_srgb(profile: bytes, mode: str) -> bool:
    """Say whether a profile leaves colours as they are: no channel moves by more than 1 of 255."""
    if mode not in ("RGB", "RGBA", "P"):
        # Grey is sRGB's grey unless the profile says otherwise.
        steps = np.arange(256, dtype=np.uint8)[None]
        if mode not in _GREY:
            return False
    else:
        axis = np.linspace(0, 255, 18).astype(np.uint8)
        steps = np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(1, -1, 3)
    try:
        seen = np.asarray(_converted(Image.fromarray(steps), profile), dtype=np.int64)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return True  # does not fit the picture: left out
    return int(np.abs(seen - (steps if steps.ndim == 3 else steps[..., None])).max()) <= 1


# A PNG's gamma and primaries -----------------------------------------------------------------


def _gamma_of(image: Image.Image) -> tuple[float, tuple[float, ...]]:
    """Read gamma and primaries of a PNG; those of sRGB where it does not say."""
    gamma = float(image.info.get("gamma", 0)) or _SRGB_GAMMA
    primaries = tuple(float(v) for v in image.info.get("chromaticity", ()))
    fits = len(primaries) == 8 and all(0 < v < 1 for v in primaries[:2])
    return gamma, primaries if fits else _SRGB_XY


def _through_gamma(picture: Image.Image, gamma: float, primaries: tuple[float, ...]) -> Image.Image:
    """Convert colours of a gamma and primaries to sRGB (PNG specification, 11.3.2 and 13.13)."""
    levels: Floats = np.arange(256) / 255
    if abs(gamma / _SRGB_GAMMA - 1) > 0.01:
        linear = levels ** (1 / gamma)
    else:
        linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    if primaries == _SRGB_XY:
        return picture.point([int(level) for level in _encoded(linear)] * 3)
    matrix = (np.linalg.inv(_to_xyz(_SRGB_XY)) @ _to_xyz(primaries)).T
    stored = np.asarray(picture)
    rows = [_encoded(linear[row] @ matrix) for row in stored]  # by row, to need little memory
    return Image.fromarray(np.stack(rows))


def _encoded(light: Floats) -> npt.NDArray[np.uint8]:
    """Return the levels of sRGB for linear light (IEC 61966-2-1)."""
    light = light.clip(0, 1)
    levels = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(255 * levels), dtype=np.uint8)


def _to_xyz(primaries: tuple[float, ...]) -> Floats:
    """Return (3, 3): linear RGB to XYZ, in which every white is sRGB's (von Kries)."""
    white, *colours = ((x / y, 1.0, (1 - x - y) / y) for x, y in _pairs(primaries))
    columns = np.array(colours, dtype=np.float64).T
    own = columns * np.linalg.solve(columns, np.array(white))
    x, y = _SRGB_XY[:2]
    adapted = np.array([x / y, 1.0, (1 - x - y) / y]) / np.array(white)
    return np.asarray(adapted[:, None] * own, dtype=np.float64)


def _pairs(numbers: tuple[float, ...]) -> list[tuple[float, float]]:
    return list(zip(numbers[::2], numbers[1::2], strict=True))
