"""Uploaded pictures, made ours: decoded, turned upright, scaled down and written anew as WebP.

What a file claims to be is never believed: only what its bytes decode to. Nothing of the file itself is kept, so that
metadata (such as where a photo was taken) and anything hidden behind the pixels are gone.
"""

import hashlib
import threading
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO

from PIL import ExifTags, Image, ImageFile

from app.errors import BadRequest

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
MEDIA_TYPE = "image/webp"
LARGEST_SIDE = 1600
THUMBNAIL_SIDE = 320
MOST_PIXELS = 40_000_000
MOST_PIXELS_OF_WEBP = 16_000_000
"""Its decoder holds the picture four times: 250 MB for 16 megapixels. The others need 60 to 370 MB for 40."""
QUALITY = 82

_ONE_AT_A_TIME = threading.Lock()
"""One picture at a time in each process, for the memory it takes."""

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What sets a picture upright, by the orientation its Exif notes (Exif 2.32, tag 274)."""

Image.MAX_IMAGE_PIXELS = None  # the size is checked below, before any pixel is decoded


class PictureRefused(BadRequest):
    code = "UNSUPPORTED_IMAGE"
    message = "This file is not a whole JPEG, PNG, WebP or GIF picture."


class PictureTooLarge(BadRequest):
    code = "IMAGE_TOO_LARGE"
    message = "The picture has too many pixels. Send one of at most 40 megapixels, or 16 as WebP."


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as WebP; `digest` is the SHA-256 of its bytes, sizes are in pixels."""

    content: bytes
    width: int
    height: int

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Made:
    """A picture and, where it is larger than one, its thumbnail."""

    shown: Picture
    thumbnail: Picture | None


def remake(file: bytes) -> Made:
    """The picture in a file, at most 1,600 pixels long, and a thumbnail of 320. Takes up to a second of computing.

    Raises PictureRefused for anything but a whole JPEG, PNG, WebP or GIF, PictureTooLarge for one of too many pixels.
    """
    try:
        with _ONE_AT_A_TIME, Image.open(BytesIO(file), formats=FORMATS) as opened:
            if opened.width * opened.height > (MOST_PIXELS_OF_WEBP if opened.format == "WEBP" else MOST_PIXELS):
                raise PictureTooLarge
            return _made(opened)
    except PictureTooLarge:
        raise
    except Exception as error:  # on crafted bytes the decoders fail in any way there is, MemoryError included
        raise PictureRefused from error


def _made(opened: ImageFile.ImageFile) -> Made:
    opened.draft("RGB", (LARGEST_SIDE, LARGEST_SIDE))  # of a JPEG only as many pixels as are needed
    image = _upright(_scaled(_plain(opened), LARGEST_SIDE))
    shown = _written(image)
    if max(image.size) <= THUMBNAIL_SIDE:
        return Made(shown, None)
    return Made(shown, _written(_scaled(image, THUMBNAIL_SIDE)))


def _plain(opened: ImageFile.ImageFile) -> Image.Image:
    """The first frame in a mode that can be scaled smoothly and written as WebP."""
    if opened.mode in ("RGB", "RGBA"):
        opened.load()
        return opened
    if opened.mode.startswith("I;16"):  # converting would cut off at 255 instead of scaling
        return opened.point(lambda value: value / 256).convert("L").convert("RGB")
    return opened.convert("RGBA" if opened.has_transparency_data else "RGB")


def _upright(image: Image.Image) -> Image.Image:
    """Turned as the camera noted. Notes of many cameras are broken: one that cannot be read counts for nothing."""
    orientation = 1
    with suppress(Exception):
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def _scaled(image: Image.Image, longest: int) -> Image.Image:
    """The same picture with its longer side at most that long, in the same proportions. Changes the image it is given:
    a copy of 40 megapixels would take as much memory again."""
    image.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return image


def _written(image: Image.Image) -> Picture:
    """Pixels only: what the file said besides them is not written."""
    buffer = BytesIO()
    image.save(buffer, "WEBP", quality=QUALITY, method=4, exif=b"", icc_profile=b"", xmp=b"")
    return Picture(buffer.getvalue(), image.width, image.height)
