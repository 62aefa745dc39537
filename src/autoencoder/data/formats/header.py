"""Which format a file has, told by its first bytes and never by its name, and what its header says."""

from . import bitmap, heif, jpeg, png, tiff, webp
from .common import MAX_PIXELS, BadImage, Header, check_size
from .foreign import why_not

#: Numbers that have no natural black and white.
_DEEP = {
    "i1": "signed 8-bit numbers",
    "i2": "signed 16-bit numbers",
    "i4": "signed 32-bit numbers",
    "u4": "32-bit numbers",
    "f4": "32-bit floats",
    "f8": "64-bit floats",
}


def read_header(data: bytes, most_pixels: int = MAX_PIXELS, deep: bool = False) -> Header:
    """Say what image `data` begins.

    Parameters
    ----------
    data : bytes
        A file, or at least its beginning.
    most_pixels : int
        Larger images are refused.
    deep : bool
        Whether floats, signed numbers and those of more than 16 bits are taken, for which a range must be known.

    Returns
    -------
    Header
        Format, size, orientation, type of the numbers, and whether it is stored without colour.

    Raises
    ------
    Incomplete
        If the header goes on after the end of `data`.
    BadImage
        If this is no image of a known format, an animation, or one that is too large.
    """
    header = _read_any(data)
    check_size(header.height, header.width, most_pixels)
    if header.deep and not deep:
        raise BadImage(
            f"{header.kind} of {_DEEP[header.depth]}, which do not say what is black and white; commands with a "
            "--range read it by --range=auto or --range=LOW,HIGH"
        )
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
    if kind := heif.kind_of(data):
        return heif.read_header(data, kind)
    raise BadImage(why_not(data))
