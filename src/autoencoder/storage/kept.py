"""Files in a cache: what costs time to make again, and may be missing."""

from __future__ import annotations

import logging
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from ..data.cache import keep_to_limit
from ..errors import DiskError
from ..files import disk_errors, replacing

log = logging.getLogger("autoencoder")

#: What reading a damaged file of NumPy's raises.
DAMAGED = (
    *(OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile),
    *(zlib.error, RuntimeError, NotImplementedError, TypeError, AttributeError),
)


def keep_file(path: Path, write: Callable[[BinaryIO], object], otherwise: str) -> None:
    """Keep a file for the next time; without room for it the work goes on, and `otherwise` is said."""
    try:
        with disk_errors(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary, temporary.open("wb") as file:
            write(file)
        keep_to_limit(path.parent, path)
    except DiskError as error:
        log.info(f"note: {error}; {otherwise}")
