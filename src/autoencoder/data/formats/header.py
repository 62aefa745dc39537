"""Which format a file has, told by its first bytes and never by its name, and what its header says."""

from . import bitmap, heif, jpeg, png, tiff, webp
from .common import MAX_PIXELS, BadImage, Header, check_size

_SAVE = "save it as PNG or JPEG"
#: Other files, by their first bytes.
_REFUSED = (
    (b"GIF8", "GIF: animations and other GIF images are not read; save it as PNG"),
    (b"version https://git-lfs", "a Git LFS pointer, not the image itself: run git lfs pull"),
    (b"\x00\x00\x08", "an idx file: give the file itself as the source, not its folder"),
    (b"%PDF", "not an image but a PDF: save its pages as PNG"),
    (b"%!PS", "not an image but PostScript: save it as PNG"),
    (b"\x00\x00\x01\x00", "an icon (ICO): save it as PNG"),
    (b"\x00\x00\x00\x0cjP", f"JPEG 2000: {_SAVE}"),
    (b"\xff\x4f\xff\x51", f"JPEG 2000: {_SAVE}"),
    (b"\x00\x00\x00\x0cJXL ", f"JPEG XL: {_SAVE}"),
    (b"\xff\x0a", f"JPEG XL: {_SAVE}"),
    (b"8BPS", "a Photoshop file (PSD): save it as PNG"),
    (b"\x93NUMPY", "a NumPy array: make images of it with flexae import_data FILE --out=FOLDER"),
    (b"\x89HDF", "an HDF5 file: save its images as PNG, or its arrays as .npz for flexae import_data"),
    (b"\x76\x2f\x31\x01", "OpenEXR: save it as PNG or TIFF"),
    (b"SIMPLE  =", "FITS: save it as TIFF of floats, which --range=auto reads"),
    (b"\x1a\x45\xdf\xa3", "a film (Matroska or WebM): save its frames as PNG"),
    (b"FUJIFILM", f"a camera's raw file: develop it, and {_SAVE}"),
    (b"IIRO", f"a camera's raw file: develop it, and {_SAVE}"),
    (b"IIU\x00", f"a camera's raw file: develop it, and {_SAVE}"),
    (b"gimp xcf", "a GIMP file: save it as PNG"),
    (b"qoif", "QOI: save it as PNG"),
    (b"SQLite format 3", "a database, not an image"),
    (b"{\\rtf", "a text document, not an image"),
)
#: Archives, by where their first bytes stand, with the command that unpacks them.
_ARCHIVES = (
    (0, b"PK\x03\x04", "zip", "unzip FILE -d FOLDER"),
    (0, b"\x1f\x8b", "gzip", "tar -xzf FILE, or gunzip FILE"),
    (0, b"BZh", "bzip2", "tar -xjf FILE"),
    (0, b"\xfd7zXZ\x00", "xz", "tar -xJf FILE"),
    (0, b"\x28\xb5\x2f\xfd", "Zstandard", "tar --zstd -xf FILE"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z", "7z x FILE"),
    (0, b"Rar!\x1a\x07", "RAR", "unrar x FILE"),
    (257, b"ustar", "tar", "tar -xf FILE"),
)


def read_header(data: bytes, most_pixels: int = MAX_PIXELS, deep: bool = False) -> Header:
    """Say what image `data` begins.

    Parameters
    ----------
    data : bytes
        A file, or at least its beginning.
    most_pixels : int
        Larger images are refused.
    deep : bool
        Whether floats and numbers of more than 16 bits are taken, for which a range must be known.

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
    header = _read_any(data, deep)
    check_size(header.height, header.width, most_pixels)
    return header


def _read_any(data: bytes, deep: bool) -> Header:
    if data.startswith(png.SIGNATURE):
        return png.read_header(data)
    if data.startswith(jpeg.SIGNATURE):
        return jpeg.read_header(data)
    if data.startswith(tiff.SIGNATURES):
        return tiff.read_header(data, deep)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return webp.read_header(data)
    if data[:2] == b"BM":
        return bitmap.read_bmp(data)
    if bitmap.PORTABLE.match(data):
        return bitmap.read_portable(data)
    if kind := heif.kind_of(data):
        return heif.read_header(data, kind)
    raise BadImage(_why_not(data))


def _why_not(data: bytes) -> str:
    if not data:
        return "an empty file"
    for start, reason in _REFUSED:
        if data.startswith(start):
            return reason
    for place, start, kind, command in _ARCHIVES:
        if data[place:].startswith(start):
            return f"{kind}, an archive or packed file and no image: unpack it first ({command})"
    if data[4:8] == b"ftyp":
        raw = data[8:12] == b"crx "
        return f"a camera's raw file (CR3): develop it, and {_SAVE}" if raw else "a film (MP4): save its frames as PNG"
    if data[128:132] == b"DICM":
        return "DICOM: save it as PNG or TIFF; --range=auto reads its depth"
    if data[344:348] in (b"n+1\0", b"ni1\0"):
        return "NIfTI: save its slices as PNG or TIFF"
    text = data.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<svg", b"<?xml", b"<!doctype svg")) and b"<svg" in text:
        return "SVG, a drawing without pixels: save it as PNG"
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "HTML, not an image: a web page was saved in its place; download it again"
    if text.startswith(b"<"):
        return "not an image but XML text"
    return f"not an image: it begins with {data[:8].hex(' ')}"
