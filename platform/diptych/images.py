"""Images: read without trusting them, served without anything that tells what they are."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from PIL import Image as Pillow

KINDS = ("PNG", "JPEG", "WEBP", "GIF")


class ImageFault(Exception):
    """A file can't be read as an image, or is of a kind that browsers don't all show."""


@dataclass(frozen=True)
class ServableImage:
    """An image file that can be served.

    Attributes
    ----------
    source : bytes
        The bytes of the file.
    media_type : str
        Media type of the served image: `image/png` or `image/jpeg`.
    width, height : int
        Size of the served image, in pixels.
    frames : int
        Number of pictures in the file; the first is served.
    see_through : bool
        Whether some part of it is not opaque in the file; it lies on white when it is served.
    """

    source: bytes = field(repr=False)
    media_type: str
    width: int
    height: int
    frames: int = 1
    see_through: bool = False

    def encode(self) -> bytes:
        """Return the served image: the pixels that machines see, without metadata.

        A JPEG whose stored picture is what is seen keeps it bit for bit. Every other image is
        written as a PNG of its sRGB pixels (`diptych_analysis.pictures`). This takes several
        times as long as reading it, and the result is not kept.

        Returns
        -------
        bytes
            A file of type `media_type`.
        """
        if self.media_type == "image/jpeg":
            return _strip_jpeg(self.source)
        from diptych_analysis.pictures import read_picture

        return _png(read_picture(self.source))


def content_hash(data: bytes) -> str:
    """Return SHA-256 of a file, in hex: the id of a stimulus, the same here and in the analysis."""
    return hashlib.sha256(data).hexdigest()


def servable(data: bytes) -> ServableImage:
    """Read an image file whole, and check that it can be served.

    Parameters
    ----------
    data : bytes
        The bytes of the file.

    Returns
    -------
    ServableImage
        The image. It is not encoded yet.

    Raises
    ------
    ImageFault
        If the bytes are not a complete PNG, JPEG, WebP or GIF image, or one that is too large.
    """
    # A host that only serves images does not need what reads them: numpy.
    from diptych_analysis.pictures import PictureFault, check_whole

    try:
        header = check_whole(data)
        if header.kind not in KINDS:
            raise ImageFault(f"is a {header.kind} image; allowed are PNG, JPEG, WebP and GIF")
    except PictureFault as fault:
        raise ImageFault(str(fault)) from None
    stays = header.kind == "JPEG" and header.as_stored
    media_type = "image/jpeg" if stays else "image/png"
    return ServableImage(
        data, media_type, header.width, header.height, header.frames, header.see_through
    )


def _png(picture: Pillow.Image) -> bytes:
    """Return a picture as PNG: grey as such, which takes a third of the bytes."""
    out = io.BytesIO()
    red, green, blue = picture.split()
    is_grey = red.tobytes() == green.tobytes() == blue.tobytes()
    (red if is_grey else picture).save(out, "PNG")
    return out.getvalue()


def _strip_jpeg(data: bytes) -> bytes:
    """Strip a JPEG of its APP1-APP13, APP15 and comment segments; leave the picture untouched.

    Kept are JFIF (APP0) and Adobe's colour transform (APP14), without which colours would change;
    a profile that says nothing but sRGB goes. What stands behind the end is left out too.
    """
    out = bytearray(data[:2])
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF or data[at + 1] in (0x00, 0xFF):  # fill bytes, and what decoders skip
            at += 1
            continue
        marker = data[at + 1]
        if marker == 0xD9:
            break
        length = 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        segment = data[at : at + length]
        is_application = 0xE1 <= marker <= 0xEF
        if marker != 0xFE and (not is_application or marker == 0xEE):
            out += segment
        at += length
        if marker == 0xDA:  # a scan follows; a progressive JPEG has several
            end = _end_of_scan(data, at)
            out += data[at:end]
            at = end
    return bytes(out) + b"\xff\xd9"


def _end_of_scan(data: bytes, start: int) -> int:
    """Return the place of the next marker that is neither a stuffed byte nor a restart."""
    at = data.find(b"\xff", start)
    while 0 <= at < len(data) - 1:
        if data[at + 1] != 0x00 and not 0xD0 <= data[at + 1] <= 0xD7:
            return at
        at = data.find(b"\xff", at + 2)
    return len(data)


class ImageTokens:
    """Opaque names of images, other ones for each session, that need no look-up to be read.

    A name is the authenticated encryption (AES-SIV, RFC 5297) of session, version and place: the
    same image in the same session always has the same name, so that browsers cache it, and two
    sessions share no name, so that participants can't tell each other which is which. The session
    is named by its public id: the number of its row may have been another session's before.
    """

    def __init__(self, secret: bytes) -> None:
        key = hmac.new(secret, b"diptych image names", hashlib.sha512).digest()
        self._cipher = AESSIV(key)

    def name(self, public_id: str, version_id: int, place: int) -> str:
        """Name the image at `place` of a version's stimuli, for one session."""
        session = hashlib.blake2b(public_id.encode(), digest_size=16).digest()
        plain = session + version_id.to_bytes(6, "big") + place.to_bytes(6, "big")
        sealed = self._cipher.encrypt(plain, None)
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def read(self, name: str) -> tuple[int, int] | None:
        """Return (version_id, place) of a name, or None when it was not made here."""
        try:
            sealed = base64.urlsafe_b64decode(name + "=" * (-len(name) % 4))
            plain = self._cipher.decrypt(sealed, None)
        except (InvalidTag, ValueError):
            return None
        # The last twelve bytes, also of names that hold a row's number: pages that were open while
        # the host was brought up to date still show them.
        return int.from_bytes(plain[-12:-6], "big"), int.from_bytes(plain[-6:], "big")


@lru_cache(maxsize=16384)
def read_servable(path: Path, modified_ns: int) -> tuple[str, ServableImage]:
    """Return (content hash, servable image) of a file; `modified_ns` only keeps the memory honest.

    Raises
    ------
    ImageFault
        See `servable`.
    OSError
        When the file can't be read.
    """
    data = path.read_bytes()
    return content_hash(data), servable(data)
