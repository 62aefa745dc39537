"""HEIC and AVIF files, as telephones save them, read by Pillow; HEIC with the help of pillow-heif, the extra `heif`."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from .common import BadImage, Header, Incomplete, check_size

_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_AVIF = (b"avif", b"avis")
_SAVE = "or save it as JPEG or PNG"


def kind_of(data: bytes) -> str | None:
    """Return HEIC or AVIF, by the first brand of a file; None for every other file."""
    if data[4:8] != b"ftyp":
        return None
    brand, others = data[8:12], data[16 : int.from_bytes(data[:4], "big")]
    if brand in _AVIF or (brand in (b"mif1", b"msf1") and any(name in others for name in _AVIF)):
        return "AVIF"
    return "HEIC" if brand in _HEIC else None


def read_header(data: bytes, kind: str) -> Header:
    """Read the size of the primary image, as it is shown.

    Raises
    ------
    Incomplete
        If the file is damaged, or more of it is needed.
    BadImage
        If there is nothing that reads it.
    """
    with _opened(data, kind) as image:
        check_size(image.height, image.width)
        turned = image.getexif().get(274, 1) >= 5
        height, width = (image.width, image.height) if turned else (image.height, image.width)
        return Header("HEIF", height, width, image.mode in ("L", "LA"), alpha=image.mode in ("RGBA", "LA"))


def read_values(data: bytes) -> np.ndarray:
    """Decode the primary image upright, to 8 bits: (h, w), (h, w, 3), or (h, w, 4) with its transparency.

    Raises
    ------
    BadImage
        If it is damaged.
    """
    from PIL import ImageOps

    kind = kind_of(data) or "HEIC"
    try:
        with _opened(data, kind) as image:
            upright = ImageOps.exif_transpose(image)
            wanted = {"L": "L", "RGB": "RGB", "LA": "RGBA", "RGBA": "RGBA"}.get(upright.mode, "RGB")
            return np.asarray(upright.convert(wanted))
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise BadImage(f"damaged {kind}: its pixels can't be decoded ({error})") from None


def _opened(data: bytes, kind: str) -> Any:
    from PIL import Image, features

    if kind == "HEIC":
        try:
            import pillow_heif
        except ImportError:
            raise BadImage(f"HEIC: reading it needs the extra heif (pip install pillow-heif), {_SAVE}") from None
        pillow_heif.register_heif_opener()
    elif not features.check("avif"):
        raise BadImage(f"AVIF: this Pillow cannot read it; install a newer one (pip install -U pillow), {_SAVE}")
    try:
        return Image.open(io.BytesIO(data), formats=["HEIF" if kind == "HEIC" else "AVIF"])
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        raise Incomplete(f"damaged {kind}, or one of a kind that is not read") from None
