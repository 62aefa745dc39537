"""Which format a file has, told by its first bytes and never by its name, and what its header says."""

from . import bitmap, jpeg, png, tiff, webp
from .common import MAX_PIXELS, BadImage, Header, check_size

_REFUSED = (
    (b"GIF8", "GIF: animations and other GIF images are not read; save it as PNG"),
    (b"version https://git-lfs", "a Git LFS pointer, not the image itself: run git lfs pull"),
    (b"\x00\x00\x08", "an idx file: give the file itself as the source, not its folder"),
    (b"\x1f\x8b", "not an image but a gzip file"),
    (b"PK\x03\x04", "not an image but a zip archive"),
    (b"%PDF", "not an image but a PDF"),
    (b"%!PS", "not an image but PostScript"),
    (b"\x00\x00\x01\x00", "an icon (ICO): save it as PNG"),
    (b"\x00\x00\x00\x0cjP", "JPEG 2000: save it as PNG or JPEG"),
    (b"8BPS", "a Photoshop file: save it as PNG"),
)


def read_header(data: bytes, most_pixels: int = MAX_PIXELS) -> Header:
    """Say what image `data` begins.

    Parameters
    ----------
    data : bytes
        A file, or at least its beginning.
    most_pixels : int
        Larger images are refused.

    Returns
    -------
    Header
        Format, size, orientation, and whether it is stored without colour.

    Raises
    ------
    Incomplete
        If the header goes on after the end of `data`.
    BadImage
        If this is no image of a known format, an animation, or one that is too large.
    """
    header = _read_any(data)
    check_size(header.height, header.width, most_pixels)
    return header


def _read_any(data: bytes) -> Header:
    if data.startswith(png.SIGNATURE):
        return png.read_header(data)
    if data.startswith(jpeg.SIGNATURE):
        return jpeg.read_header(data)
    if data.startswith(tiff.SIGNATURES):
        return tiff.read_header(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return webp.read_header(data)
    if data[:2] == b"BM":
        return bitmap.read_bmp(data)
    if bitmap.PORTABLE.match(data):
        return bitmap.read_portable(data)
    raise BadImage(_why_not(data))


def _why_not(data: bytes) -> str:
    if not data:
        return "an empty file"
    for start, reason in _REFUSED:
        if data.startswith(start):
            return reason
    if data[4:8] == b"ftyp":
        return "HEIC, AVIF or a film: save it as PNG or JPEG"
    if data.lstrip()[:1] == b"<":
        return "not an image but HTML, SVG or XML text"
    return f"not an image: it begins with {data[:8].hex(' ')}"
