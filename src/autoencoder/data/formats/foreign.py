"""Files that are not read: what they are, told by their first bytes, and what their owner can do."""

import re
import zlib
from typing import NamedTuple


class _Sign(NamedTuple):
    """Bytes at a place in the file, and what a file that has them is for."""

    bytes: bytes
    reason: str
    place: int = 0


_AS_PNG = "save it as PNG"
_DEVELOP = "develop it to JPEG, PNG or TIFF, for example by darktable or RawTherapee"
_FILM = "save its frames as images (ffmpeg -i FILE FRAME-%05d.png)"
_ARRAYS = "save its images as PNG or TIFF, or as an .npz for flexae import_data"
_RAW = f"a camera's raw file: {_DEVELOP}"
_ICON = "an icon (ICO): save it as PNG"
_JPEG_2000 = "JPEG 2000: save it as PNG or TIFF (magick FILE.jp2 FILE.png)"
_JPEG_XL = "JPEG XL: save it as PNG (djxl FILE.jxl FILE.png)"
_NUMPY = "a NumPy file of arrays: flexae import_data FILE makes a folder of images of it"
_PICKLE = "a pickle of Python: save its arrays as an .npz for flexae import_data"

#: The first bytes of archives: what each is called, and what unpacks it into the folder where one stands.
_ARCHIVES = (
    _Sign(b"PK\x03\x04", "a zip archive: unpack it first (unzip FILE)"),
    _Sign(b"PK\x05\x06", "an empty zip archive"),
    _Sign(b"ustar", "a tar archive: unpack it first (tar -xf FILE)", 257),
    _Sign(b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it first (7z x FILE)"),
    _Sign(b"Rar!\x1a\x07", "a rar archive: unpack it first (unrar x FILE)"),
    _Sign(b"\x1f\x8b", "a gzip file: unpack it first (gunzip FILE)"),
    _Sign(b"BZh", "a bzip2 file: unpack it first (tar -xf FILE, or bunzip2 FILE)"),
    _Sign(b"\xfd7zXZ\0", "an xz file: unpack it first (tar -xf FILE, or unxz FILE)"),
    _Sign(b"\x28\xb5\x2f\xfd", "a Zstandard file: unpack it first (tar -xf FILE, or unzstd FILE)"),
    _Sign(b"LZIP", "an lzip file: unpack it first (tar -xf FILE)"),
)
_SIGNS = (
    _Sign(b"GIF8", "GIF: animations and other GIF images are not read; save it as PNG (magick FILE.gif FILE.png)"),
    _Sign(b"version https://git-lfs", "a Git LFS pointer, not the image itself: run git lfs pull"),
    _Sign(b"%PDF", "a PDF: save its pages as PNG (pdftoppm -png FILE.pdf PAGE)"),
    _Sign(b"%!PS", f"PostScript: {_AS_PNG}"),
    _Sign(b"\xc5\xd0\xd3\xc6", f"PostScript: {_AS_PNG}"),
    _Sign(b"\x00\x00\x01\x00", _ICON),
    _Sign(b"\x00\x00\x02\x00", _ICON),
    _Sign(b"icns", f"an icon (ICNS): {_AS_PNG}"),
    _Sign(b"\x00\x00\x00\x0cjP", _JPEG_2000),
    _Sign(b"\xff\x4f\xff\x51", _JPEG_2000),
    _Sign(b"\x00\x00\x00\x0cJXL ", _JPEG_XL),
    _Sign(b"\xff\x0a", _JPEG_XL),
    _Sign(b"II\xbc", f"JPEG XR: {_AS_PNG}"),
    _Sign(b"8BPS", f"a Photoshop file (PSD): {_AS_PNG}"),
    _Sign(b"gimp xcf", f"a GIMP file (XCF): {_AS_PNG}"),
    _Sign(b"\x8aMNG", f"MNG, an animation: {_AS_PNG}"),
    _Sign(b"\x8bJNG", f"JNG: {_AS_PNG}"),
    _Sign(b"v/1\x01", "OpenEXR: save it as PNG of 16 bits, or as TIFF of 32-bit numbers and give --range"),
    _Sign(b"#?RADIANCE", "Radiance HDR: save it as TIFF of 32-bit numbers and give --range"),
    _Sign(b"#?RGBE", "Radiance HDR: save it as TIFF of 32-bit numbers and give --range"),
    _Sign(b"PF\n", "PFM: save it as TIFF of 32-bit numbers and give --range"),
    _Sign(b"Pf\n", "PFM: save it as TIFF of 32-bit numbers and give --range"),
    _Sign(b"P7\n", f"PAM: {_AS_PNG}"),
    _Sign(b"qoif", f"QOI: {_AS_PNG}"),
    _Sign(b"farbfeld", f"farbfeld: {_AS_PNG}"),
    _Sign(b"DDS ", f"a DDS texture: {_AS_PNG}"),
    _Sign(b"\x59\xa6\x6a\x95", f"a Sun raster file: {_AS_PNG}"),
    _Sign(b"\x01\xda", f"an SGI image: {_AS_PNG}"),
    _Sign(b"AT&TFORM", f"DjVu: {_AS_PNG}"),
    _Sign(b"/* XPM */", f"XPM: {_AS_PNG}"),
    _Sign(b"DICM", "DICOM, a medical image: save it as PNG or TIFF of 16 bits, for example by ImageJ", 128),
    _Sign(b"SIMPLE  =", "FITS, an image of astronomy: save it as TIFF of 32-bit numbers and give --range"),
    _Sign(b"\x89HDF\r\n\x1a\n", f"HDF5: {_ARRAYS}"),
    _Sign(b"MATLAB 5.0", f"a MATLAB file: {_ARRAYS}"),
    _Sign(b"PAR1", f"a Parquet table: {_ARRAYS}"),
    _Sign(b"SQLite format 3", f"an SQLite database: {_ARRAYS}"),
    _Sign(b"n+1\0", f"NIfTI, a medical volume: {_ARRAYS}", 344),
    _Sign(b"ni1\0", f"NIfTI, a medical volume: {_ARRAYS}", 344),
    _Sign(b"n+2\0\r\n\x1a\n", f"NIfTI, a medical volume: {_ARRAYS}", 4),
    _Sign(b"\x93NUMPY", _NUMPY),
    *(_Sign(bytes((0x80, version)), _PICKLE) for version in range(2, 6)),
    *(_Sign(start, _RAW) for start in (b"FUJIFILMCCD-RAW", b"FOVb", b"\0MRM", b"IIU\0", b"IIRO", b"IIRS", b"MMOR")),
    *(_Sign(b"AVI ", f"a film (AVI): {_FILM}", 8), _Sign(b"\x1aE\xdf\xa3", f"a film (Matroska or WebM): {_FILM}")),
    *(_Sign(b"\0\0\x01\xba", f"a film (MPEG): {_FILM}"), _Sign(b"\0\0\x01\xb3", f"a film (MPEG): {_FILM}")),
    *(_Sign(name, f"a film (QuickTime): {_FILM}", 4) for name in (b"moov", b"mdat", b"wide", b"free")),
    *(_Sign(b"WAVE", "sound, not an image", 8), _Sign(b"ID3", "sound, not an image")),
    *(_Sign(b"OggS", "sound or a film (Ogg), not an image"), _Sign(b"fLaC", "sound, not an image")),
    _Sign(b"\0\x05\x16\x07", "macOS's notes about another file (AppleDouble): delete it"),
    _Sign(b"\xd0\xcf\x11\xe0", "a document of an older Office: save its pictures as PNG"),
    _Sign(b"\x7fELF", "a program, not an image"),
    _Sign(b"MZ", "a program, not an image"),
)
_INFLATED = (
    _Sign(b"ustar", "a tar archive (gzipped): unpack it first (tar -xf FILE)", 257),
    _Sign(b"n+1\0", f"NIfTI (gzipped), a medical volume: {_ARRAYS}", 344),
    _Sign(b"\0\0\x08", "an idx file (gzipped): give the file itself as the source, not its folder"),
)
_IDX = re.compile(rb"\0\0[\x08\x09\x0b-\x0e][\x01-\x08]")
_BRANDS = {
    b"crx ": f"a camera's raw file (CR3): {_DEVELOP}",
    b"M4A ": "sound, not an image",
    b"M4B ": "sound, not an image",
}
_TEXT = re.compile(rb"[\t\n\f\r\x1b\x20-\x7e\x80-\xff]+\Z")


def why_not(data: bytes) -> str:
    """Say what a file is that is no readable image, from its first bytes, and what can be done."""
    if not data:
        return "an empty file"
    if reason := _found(data, _SIGNS):
        return reason
    if _IDX.match(data):
        return "an idx file: give the file itself as the source, not its folder"
    if reason := _archive(data):
        return reason
    if data[4:8] == b"ftyp":
        return _BRANDS.get(data[8:12], f"a film (MP4 or its kin): {_FILM}")
    return _why_no_text(data)


def _archive(data: bytes) -> str | None:
    """Say what archive `data` begins, and what unpacks it; None where it is none."""
    if data.startswith(b"PK\x03\x04") and b".npy" in data[30:128]:
        return _NUMPY
    if data.startswith(b"\x1f\x8b") and (reason := _found(_inflated(data), _INFLATED)):
        return reason
    return _found(data, _ARCHIVES)


def _inflated(data: bytes) -> bytes:
    """Return the first bytes of what a gzip file holds; nothing where it is damaged."""
    try:
        return zlib.decompressobj(31).decompress(data[:4096], 512)
    except zlib.error:
        return b""


def _found(data: bytes, signs: tuple[_Sign, ...]) -> str | None:
    return next((sign.reason for sign in signs if data.startswith(sign.bytes, sign.place)), None)


def _why_no_text(data: bytes) -> str:
    start = data[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith((b"<svg", b"<!doctype svg")) or (start.startswith(b"<?xml") and b"<svg" in start):
        return "SVG, a drawing of lines: draw it as PNG (rsvg-convert FILE.svg -o FILE.png)"
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "HTML, not an image: a web page was saved in its place; download it again"
    if start.startswith(b"<"):
        return "not an image but XML text"
    if start and _TEXT.match(data[:1024]) and not data[:1024].isspace():
        return "text, not an image"
    return f"not an image: it begins with {data[:8].hex(' ')}"
