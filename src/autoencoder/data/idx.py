"""idx files, the format of MNIST: one array of unsigned bytes behind a short header, gzipped or not."""

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..errors import DataError
from ..files import write_bytes
from .listing import Listing, printable
from .memory import check_unpacked

_UNSIGNED_BYTE = 0x08
_TYPES = {0x09: "signed byte", 0x0B: "short", 0x0C: "int", 0x0D: "float", 0x0E: "double"}
_GZIP = b"\x1f\x8b"
_MOST_INFLATED = 1032  # what deflate makes of one byte at most


def is_idx(start: bytes) -> bool:
    """Whether a file that begins with four such bytes is an idx file, of whatever type."""
    return start[:2] == b"\0\0" and len(start) == 4 and start[2] in (_UNSIGNED_BYTE, *_TYPES) and start[3] > 0


def read_idx(path: Path) -> np.ndarray:
    """Read an idx file of unsigned bytes.

    Parameters
    ----------
    path : Path
        The file; whether it is gzipped is told by its first bytes.

    Returns
    -------
    uint8 array of as many dimensions as the file says

    Raises
    ------
    DataError
        If the file can't be read or is not exactly what its header announces.

    References
    ----------
    LeCun, Cortes & Burges, The MNIST database of handwritten digits, section "File formats".
    """
    name = printable(str(path))
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == _GZIP
            raw.seek(0)
            length = path.stat().st_size
            largest = length * (_MOST_INFLATED if packed else 1)
            return _read_array(gzip.open(raw) if packed else raw, name, largest, length)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{name}: a damaged gzip file: {error}") from None
    except OSError as error:
        raise DataError(f"{name}: can't be read: {error.strerror or error}") from None


def _read_array(file: BinaryIO | gzip.GzipFile, name: str, largest: int, length: int) -> np.ndarray:
    start = file.read(4)
    if len(start) < 4 or start[:2] != b"\0\0":
        found = start.hex(" ") or "nothing"
        raise DataError(f"{name}: an idx file begins with 00 00, its type and its number of dimensions, not {found}")
    kind, dimensions = start[2], start[3]
    if kind != _UNSIGNED_BYTE:
        found = _TYPES.get(kind, f"type 0x{kind:02x}")
        raise DataError(f"{name}: an idx file of images or labels holds unsigned bytes (type 0x08), not {found}")
    sides = file.read(4 * dimensions)
    if dimensions == 0 or len(sides) < 4 * dimensions:
        raise DataError(f"{name}: an idx file of {dimensions} dimensions must say {dimensions} sizes of 4 bytes each")
    shape = struct.unpack(f">{dimensions}I", sides)
    expected = math.prod(shape)
    if expected <= largest:
        check_unpacked(name, expected, length)
    body = file.read(expected + 1) if expected <= largest else b""
    if len(body) != expected:
        size = " x ".join(map(str, shape))
        raise DataError(
            f"{name}: {size} = {expected:,} bytes must follow the header of this idx file, and there are "
            + ("more" if len(body) > expected else "fewer")
        )
    return np.frombuffer(body, np.uint8).reshape(shape)


def write_idx(path: Path, array: np.ndarray) -> None:
    """Write unsigned bytes as an idx file, gzipped where the name ends in ".gz".

    Raises
    ------
    ValueError
        If `array` is not of dtype uint8, or has no dimension or more than 255.
    """
    if array.dtype != np.uint8 or not 1 <= array.ndim <= 255:
        raise ValueError(f"an idx file takes a uint8 array of 1 to 255 dimensions, not {array.dtype} of {array.ndim}")
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, _UNSIGNED_BYTE, array.ndim, *array.shape)
    data = header + array.tobytes()
    write_bytes(path, gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


def scan_idx(path: Path, labels: Path | None = None) -> Listing:
    """List the images of an idx file, with their `labels` or those of the idx file beside it where there is one.

    The labels of "train-images-idx3-ubyte" are in "train-labels-idx1-ubyte", either of them gzipped or not.

    Raises
    ------
    DataError
        If a file is damaged, holds no images, or images and labels differ in number.
    """
    pixels = read_idx(path)
    if pixels.ndim != 3 or 0 in pixels.shape[1:]:
        size = " x ".join(map(str, pixels.shape))
        raise DataError(f"{printable(str(path))}: images need three dimensions (number, height, width), not {size}")
    status, count = path.stat(), len(pixels)
    return Listing(
        root=path,
        paths=tuple(f"{path.name}#{row:06d}" for row in range(count)),
        labels=_labels_beside(path, count) if labels is None else _read_labels(labels, count),
        shapes=np.tile(np.array(pixels.shape[1:]), (count, 1)),
        stamps=np.tile(np.array([status.st_size, status.st_mtime_ns]), (count, 1)),
        bad=(),
        files=count,
        pixels=pixels,
    )


def _labels_beside(path: Path, count: int) -> tuple[str, ...] | None:
    name = path.name.removesuffix(".gz")
    if "images" not in name:
        return None
    other = name.replace("images", "labels").replace("idx3", "idx1")
    for beside in (path.with_name(other), path.with_name(f"{other}.gz")):
        if beside.is_file():
            return _read_labels(beside, count)
    return None


def _read_labels(path: Path, count: int) -> tuple[str, ...]:
    labels = read_idx(path)
    if labels.shape != (count,):
        size = " x ".join(map(str, labels.shape))
        raise DataError(f"{printable(str(path))}: must hold a label for each of {count:,} images, not {size}")
    return tuple(map(str, labels.tolist()))
