"""Import: a data set's arrays into class folders of PNG files, whole or not at all."""

from __future__ import annotations

import secrets
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..data.arrays import Part, Source, checked, read_source
from ..data.labelled import split
from ..errors import DataError, UsageError
from ..files import disk_errors

PARTS = ("train", "valid")
#: The data sets that Keras knows, which are downloaded when they are asked for the first time.
KERAS_SETS = ("mnist", "fashion_mnist", "cifar10", "cifar100")


def import_data(source: str, out: Path, valid_split: float, seed: int, *, overwrite: bool = False) -> Path:
    """Write train/<class>/NNNNN.png and valid/<class>/NNNNN.png below `out`; return `out`.

    The number is the image's row in the source. Test images of the source become valid; where it has none, a share
    of each class does.

    Raises
    ------
    UsageError
        If `out` is not empty and `overwrite` is false.
    DataError
        If the source cannot be used.
    DiskError
        If it cannot be written; `out` is then as it was.
    """
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not overwrite)):
        raise UsageError(
            f"--out={out}: is not empty; name a new folder, or give --overwrite to replace train and valid"
        )
    parts = _parts(_read(source), valid_split, seed)
    with disk_errors(out):
        out.mkdir(parents=True, exist_ok=True)
        beside = out / f".import-{secrets.token_hex(6)}"
        try:
            for name, (part, rows) in zip(PARTS, parts, strict=True):
                _write(part, rows, beside / name)
            _replace(out, beside)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    counts = [len(rows) for _, rows in parts]
    classes = len(set(parts[0][0].labels))
    print(f"{counts[0]:,} training and {counts[1]:,} validation images of {classes} classes are in {out}")
    return out


def _read(source: str) -> Source:
    if Path(source).is_file():
        return read_source(Path(source))
    if source not in KERAS_SETS:
        raise DataError(
            f"{source}: there is no such file; name an idx file, an .npz, a .csv, or one of {', '.join(KERAS_SETS)}"
        )
    from ..tensorflow_start import start_tensorflow

    start_tensorflow()
    import keras

    data: Any = getattr(keras.datasets, source)
    try:
        (x_train, y_train), (x_test, y_test) = data.load_data()
    except Exception as error:
        raise DataError(
            f"{source}: is downloaded the first time it is asked for, which needs a network, and that failed "
            f"({' '.join(str(error).split())[:200]}); get its files elsewhere and name them"
        ) from error
    return Source(checked(x_train, y_train, source), checked(x_test, y_test, source))


def _parts(found: Source, valid_split: float, seed: int) -> list[tuple[Part, np.ndarray]]:
    for label in sorted({*found.train.labels, *(found.test.labels if found.test else ())}):
        if not label or label.startswith(".") or {"/", "\\", "\0"} & set(label):
            raise DataError(f"a class is named {label!r}, which no folder can be called; change it in the source")
    if found.test is not None:
        return [(part, np.arange(len(part.labels))) for part in (found.train, found.test)]
    if max(Counter(found.train.labels).values()) < 2:
        raise DataError("no class has two images, so none can be kept for valid; add images")
    return [(found.train, rows) for rows in split(found.train.labels, valid_split, seed)]


def _write(part: Part, rows: np.ndarray, folder: Path) -> None:
    for label in sorted(set(part.labels)):
        (folder / label).mkdir(parents=True)
    for row in rows.tolist():
        image = np.asarray(part.images[row])
        stored = image[..., ::-1] if image.ndim == 3 and image.shape[2] == 3 else image  # OpenCV writes BGR
        (folder / part.labels[row] / f"{row:05d}.png").write_bytes(cv2.imencode(".png", stored)[1].tobytes())


def _replace(out: Path, beside: Path) -> None:
    """Put the new folders in the place of the old ones, which are moved away first, and back if that fails."""
    former = beside / "former"
    former.mkdir()
    try:
        for name in PARTS:
            if (out / name).exists():
                (out / name).rename(former / name)
            (beside / name).rename(out / name)
    except OSError:
        for kept in former.iterdir():
            shutil.rmtree(out / kept.name, ignore_errors=True)
            kept.rename(out / kept.name)
        raise
