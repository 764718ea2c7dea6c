"""Pictures made for tests."""

from io import BytesIO
from typing import Any

from PIL import Image


def picture(format_: str = "PNG", *, size: tuple[int, int] = (40, 20), mode: str = "RGB", **options: Any) -> bytes:
    """A picture whose left half is dark and right half light."""
    image = Image.new(mode, size, _light(mode))
    image.paste(Image.new(mode, (size[0] // 2, size[1])), (0, 0))
    buffer = BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def opened(content: bytes) -> Image.Image:
    """A picture from its bytes, decoded."""
    image = Image.open(BytesIO(content))
    image.load()
    return image


def _light(mode: str) -> Any:
    return {"RGB": (250, 250, 250), "RGBA": (250, 250, 250, 255), "CMYK": (2, 2, 2, 0), "LA": (250, 255)}.get(mode, 250)
