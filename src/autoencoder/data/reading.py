"""Reading image files: the beginning of each for the scan, the whole of each for decoding."""

import os
import stat
from typing import NamedTuple

from .formats.common import BadImage, Header, Incomplete
from .formats.header import read_header

HEAD = 65_536
MAX_FILE = 256 * 2**20
_HOW = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)


class Found(NamedTuple):
    """What the beginning of an image file says; `content` is the whole file where it is small."""

    header: Header
    stamp: tuple[int, int]
    content: bytes | None


def look(path: str, deep: bool = False) -> Found:
    """Read as much of an image file as its header takes; `deep` is as for `read_header`.

    Raises
    ------
    BadImage
        If the file can't be read, is no image, or is one that is refused for what its header says.
    """
    try:
        file = os.open(path, _HOW)
        try:
            stamp = _stamp(file)
            size = stamp[0]
            head = os.read(file, size if size < HEAD else HEAD)
            whole = len(head) == size
            try:
                header = read_header(head, deep=deep)
            except Incomplete:
                if whole:
                    raise
                header = read_header(_read_all(file, size, head), deep=deep)
        finally:
            os.close(file)
    except OSError as error:
        raise BadImage(_why(error)) from None
    if not whole:
        _check_file_size(size)
    return Found(header, stamp, head if whole else None)


def read(path: str, stamp: tuple[int, int]) -> bytes:
    """Read a whole file that must be as it was when it was looked at.

    Raises
    ------
    BadImage
        If the file can't be read, or has another size or time of change than `stamp` says.
    """
    try:
        file = os.open(path, _HOW)
        try:
            if _stamp(file) != stamp:
                raise BadImage("changed while the program was running")
            return _read_all(file, stamp[0], b"")
        finally:
            os.close(file)
    except OSError as error:
        raise BadImage(_why(error)) from None


def _stamp(file: int) -> tuple[int, int]:
    status = os.fstat(file)
    if not stat.S_ISREG(status.st_mode):
        raise BadImage("a pipe, socket or device")
    return status.st_size, status.st_mtime_ns


def _read_all(file: int, size: int, begun: bytes) -> bytes:
    _check_file_size(size)
    content = begun
    while len(content) < size and (part := os.read(file, size - len(content))):
        content += part
    return content


def _check_file_size(size: int) -> None:
    if size > MAX_FILE:
        raise BadImage(f"a file of {size / 2**20:,.0f} MiB: at most {MAX_FILE // 2**20} MiB are read")


def _why(error: OSError) -> str:
    return f"can't be read: {(error.strerror or str(error)).lower()}"
