"""Restore images of any size by a trained network."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from ..data.decode import quiet_codecs
from ..data.formats.common import BadImage
from ..data.listing import BadFile, printable
from ..data.scan import is_sidecar
from ..data.single import Files, losses, read_image, write_image
from ..data.tiles import replace_by_tiles
from ..errors import DataError
from ..files import disk_errors
from ..metrics.hamming import binary_code
from ..model.apply import applied
from ..settings.restoration import Codes
from .images import NAMED

log = logging.getLogger("autoencoder")


def restored_image(image: np.ndarray, codes: Codes, restore: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Restore an image, uint8 of shape (height, width, channels), in place, and return it."""
    replace_by_tiles(image, codes.tile_side, codes.step_size, restore)
    return image


def restore_files(model: keras.Model, codes: Codes, files: Files, out: Path, binarize: bool) -> Path:
    """Restore files by a network into `out`, each under its own name, one after the other; return `out`.

    Raises
    ------
    DataError
        If no image can be used.
    """
    restore, color = applied(model), "grayscale" if model.input.shape[-1] == 1 else "rgb"
    bad, done = list(files.bad), 0
    lost: list[str] = []
    for name in files.names:
        try:
            with quiet_codecs():
                image = read_image(files.root / name, color)
            restored_image(image, codes, restore)
            if binarize:
                _binarize(image, codes)
            with disk_errors(out):
                (out / name).parent.mkdir(parents=True, exist_ok=True)
            write_image(out / name, image)
            done += 1
            lost += [f"{printable(name)}: {what}" for what in losses(files.root / name)]
        except BadImage as error:
            if not is_sidecar(name):
                bad.append(BadFile(name, str(error)))
    if not done:
        reasons = "; ".join(f"{file.path}: {file.reason}" for file in bad[:3])
        raise DataError(f"{files.root}: holds no image that can be restored" + (f" ({reasons})" if bad else ""))
    log.info(f"{done:,} restored images are in {out}; {len(bad)} files could not be used")
    for file in bad:
        log.info(f"  not used: {printable(file.path)}: {file.reason}")
    for line in lost[:NAMED]:
        log.info(f"  note: {line}")
    if len(lost) > NAMED:
        log.info(f"  ... and {len(lost) - NAMED:,} more")
    return out


def _binarize(image: np.ndarray, codes: Codes) -> None:
    """Make every block black or white, in place, some rows of blocks at a time."""
    height = codes.binary_code_size * max(1, 512 // codes.binary_code_size)
    for top in range(0, len(image), height):
        rows = image[top : top + height]
        rows[:] = binary_code(rows, codes.binary_code_size, codes.binary_level_threshold) * np.uint8(255)
