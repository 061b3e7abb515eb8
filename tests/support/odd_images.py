"""Image files of every odd kind: each with its bytes, and the picture that was put into it."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

Pixels = npt.NDArray[np.uint8]
SIDE = (24, 16)  # width and height


@dataclass(frozen=True)
class Odd:
    """An image file.

    Attributes
    ----------
    data : bytes
        The file.
    seen : array of uint8, (height, width, 3)
        The sRGB pixels that everybody must see.
    within : int
        By how many levels of 255 a decoder may be off: rounding of profiles and of JPEG.
    """

    data: bytes
    seen: Pixels
    within: int = 0


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    """Return a picture as a file of a kind."""
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def scene() -> Pixels:
    """Return a smooth picture in which no two sides, corners or channels are alike."""
    x, y = np.meshgrid(np.linspace(0, 1, SIDE[0]), np.linspace(0, 1, SIDE[1]))
    channels = (40 + 200 * x, 20 + 180 * y, 230 - 120 * x * y)
    return np.rint(np.stack(channels, axis=-1)).astype(np.uint8)


def swapped_profile() -> bytes:
    """Return the profile of sRGB with red and blue exchanged."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return (
        profile.replace(b"rXYZ", b"????", 1)
        .replace(b"bXYZ", b"rXYZ", 1)
        .replace(b"????", b"bXYZ", 1)
    )


def with_chunk(png: bytes, name: bytes, content: bytes) -> bytes:
    """Put a chunk into a PNG, behind its header."""
    head = 33  # signature and IHDR
    return png[:head] + _chunk(name, content) + png[head:]


def _chunk(name: bytes, content: bytes) -> bytes:
    checked = name + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))


def interlaced(pixels: Pixels) -> bytes:
    """Return pixels as an interlaced PNG (Adam7), which Pillow does not write."""
    height, width, _ = pixels.shape
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
              (0, 1, 1, 2))  # fmt: skip
    rows = b"".join(
        b"\0" + row.tobytes() for x, y, dx, dy in passes for row in pixels[y::dy, x::dx] if row.size
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 1)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, content) for name, content in parts)


#: What is stored for each orientation of EXIF, for an upright picture to be seen (TIFF 6.0).
STORED: dict[int, Callable[[Pixels], Pixels]] = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.transpose(1, 0, 2),
    6: lambda p: p.transpose(1, 0, 2)[::-1],
    7: lambda p: p.transpose(1, 0, 2)[::-1, ::-1],
    8: lambda p: p.transpose(1, 0, 2)[:, ::-1],
}


def _turned(orientation: int) -> Odd:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.ascontiguousarray(STORED[orientation](scene()))
    return Odd(encoded(Image.fromarray(stored), "PNG", exif=exif), scene())


def _grey(levels: npt.NDArray[np.floating]) -> Pixels:
    return np.repeat(np.rint(levels).astype(np.uint8)[..., None], 3, axis=-1)


def _on_white(colour: Pixels, alpha: npt.NDArray[np.uint8]) -> Pixels:
    share = alpha[..., None] / 255
    return np.rint(colour * share + 255 * (1 - share)).astype(np.uint8)


def _own_decoding(data: bytes) -> Pixels:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def odd_images() -> dict[str, Odd]:
    """Return the files, by what is odd about them."""
    rgb = scene()
    picture = Image.fromarray(rgb)
    png = encoded(picture, "PNG")
    slope = np.tile(np.linspace(0, 255, SIDE[0]), (SIDE[1], 1))
    alpha = np.rint(slope).astype(np.uint8)
    grey = picture.convert("L")
    see_through = picture.copy()
    see_through.putalpha(Image.fromarray(alpha))
    grey_through = grey.copy()
    grey_through.putalpha(Image.fromarray(alpha))
    palette = picture.quantize(9)
    black_white = picture.convert("1")
    deep = Image.fromarray(np.rint(slope * 257).astype(np.uint16))
    linear = np.where(rgb / 255 <= 0.04045, rgb / 255 / 12.92, ((rgb / 255 + 0.055) / 1.055) ** 2.4)
    jpeg = encoded(picture, "JPEG", quality=95)
    films = [picture, Image.fromarray(255 - rgb)]
    found = {
        "plain": Odd(png, rgb),
        "interlaced": Odd(interlaced(rgb), rgb),
        "grey": Odd(encoded(grey, "PNG"), _grey(np.asarray(grey).astype(float))),
        "16-bit grey": Odd(encoded(deep, "PNG"), _grey(slope), 1),
        "1 bit": Odd(encoded(black_white, "PNG"), _grey(255.0 * np.asarray(black_white))),
        "palette": Odd(encoded(palette, "PNG"), np.asarray(palette.convert("RGB"))),
        "grey and alpha": Odd(
            encoded(grey_through, "PNG"), _on_white(_grey(np.asarray(grey).astype(float)), alpha), 1
        ),
        "alpha": Odd(encoded(see_through, "PNG"), _on_white(rgb, alpha), 1),
        "one colour is see-through": Odd(
            encoded(picture, "PNG", transparency=tuple(map(int, rgb[3, 5]))),
            np.where((rgb == rgb[3, 5]).all(-1, keepdims=True), 255, rgb).astype(np.uint8),
        ),
        "profile": Odd(
            encoded(picture, "PNG", icc_profile=swapped_profile()), rgb[..., ::-1].copy(), 2
        ),
        "profile of sRGB": Odd(
            encoded(
                picture,
                "PNG",
                icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
            ),
            rgb,
        ),
        "broken profile": Odd(encoded(picture, "PNG", icc_profile=b"no profile at all"), rgb),
        "profile in a WebP": Odd(
            encoded(picture, "WEBP", lossless=True, icc_profile=swapped_profile()),
            rgb[..., ::-1].copy(),
            2,
        ),
        "gamma 1": Odd(
            with_chunk(
                encoded(Image.fromarray(np.rint(255 * linear).astype(np.uint8)), "PNG"),
                b"gAMA",
                struct.pack(">I", 100_000),
            ),
            rgb,
            8,  # dark levels lie far apart in linear light
        ),
        "gamma of sRGB": Odd(with_chunk(png, b"gAMA", struct.pack(">I", 45_455)), rgb),
        "red and green exchanged as primaries": Odd(
            with_chunk(
                png,
                b"cHRM",
                struct.pack(">8I", 31270, 32900, 30000, 60000, 64000, 33000, 15000, 6000),
            ),
            rgb[..., [1, 0, 2]].copy(),
        ),
        "JPEG": Odd(jpeg, _own_decoding(jpeg)),
        "WebP": Odd(encoded(picture, "WEBP", lossless=True), rgb),
        "animated GIF": Odd(
            encoded(palette, "GIF", save_all=True, append_images=[films[1].quantize(9)]),
            np.asarray(palette.convert("RGB")),
        ),
        "animated PNG": Odd(encoded(picture, "PNG", save_all=True, append_images=films[1:]), rgb),
        "animated WebP": Odd(
            encoded(picture, "WEBP", lossless=True, save_all=True, append_images=films[1:]), rgb
        ),
    }
    for name, options in {
        "progressive JPEG": {"progressive": True},
        "JPEG with a profile": {"icc_profile": swapped_profile()},
    }.items():
        data = encoded(picture, "JPEG", quality=95, **options)
        seen = _own_decoding(data)
        swapped = "icc_profile" in options
        found[name] = Odd(data, seen[..., ::-1].copy() if swapped else seen, 2 if swapped else 0)
    small = encoded(picture, "JPEG", quality=95, subsampling=2)
    found["JPEG of half the colours"] = Odd(small, _own_decoding(small))
    grey_jpeg = encoded(grey, "JPEG", quality=95)
    found["grey JPEG"] = Odd(grey_jpeg, _own_decoding(grey_jpeg))
    inks = encoded(picture.convert("CMYK"), "JPEG", quality=95)
    found["CMYK"] = Odd(inks, _own_decoding(inks))
    several = encoded(picture, "MPO", quality=95, save_all=True, append_images=films[1:])
    found["MPO"] = Odd(several, _own_decoding(several))
    return found | {f"EXIF {n}": _turned(n) for n in STORED}
