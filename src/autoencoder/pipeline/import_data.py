"""Import: a data set's arrays into class folders of PNG files, whole or not at all."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..data.arrays import Part, Source, checked, read_source
from ..data.labelled import check_divisible
from ..data.splits import split
from ..errors import DataError, UsageError
from ..files import disk_errors
from .images import leave_bad

PARTS = ("train", "valid", "test")
#: No folder's name may hold these.
_SIGNS = {"/", "\\", "\0"}
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
    found = _read(source)
    parts = _parts(found, valid_split, seed)
    with disk_errors(out):
        out.mkdir(parents=True, exist_ok=True)
        beside = out / f".import-{secrets.token_hex(6)}"
        try:
            for name, (part, rows) in parts.items():
                _write(part, rows, beside / name)
            _replace(out, beside)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    _tell(parts, out)
    leave_bad(found.bad, out / "bad_files.csv", print)
    return out


def _tell(parts: dict[str, tuple[Part, np.ndarray]], out: Path) -> None:
    counts = ", ".join(f"{len(rows):,} {name}" for name, (_, rows) in parts.items())
    classes = sorted(set(parts["train"][0].labels))
    if classes == [""]:
        print(f"images without labels are in {out}: {counts}")
        print(f"next: flexae run --train_dir={out / 'train'} --valid_dir={out / 'valid'}")
        return
    print(f"images of {len(classes):,} classes are in {out}: {counts}")
    missing = set(classes) - {parts["valid"][0].labels[row] for row in parts["valid"][1].tolist()}
    if missing:
        print(f"note: {len(missing)} classes of a single image have none in valid: {', '.join(sorted(missing)[:3])}")
    print(f"next: flexae classify latest --train_dir={out / 'train'} --valid_dir={out / 'valid'}")


def _read(source: str) -> Source:
    if Path(source).is_file():
        return read_source(Path(source))
    if source not in KERAS_SETS:
        raise DataError(
            f"{source}: there is no such file; name an idx file, an .npz, an .npy, a .csv, or one of "
            f"{', '.join(KERAS_SETS)}"
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
    return Source(checked(x_train, y_train, source), test=checked(x_test, y_test, source))


def _parts(found: Source, valid_split: float, seed: int) -> dict[str, tuple[Part, np.ndarray]]:
    """Share images out to folders: test images become the validation images where there are no others."""
    known = {name: getattr(found, name) for name in PARTS if getattr(found, name) is not None}
    for label in sorted({label for part in known.values() for label in part.labels}):
        if label and (
            label.startswith(".") or label.strip() != label or not label.isprintable() or _SIGNS & set(label)
        ):
            raise DataError(f"a class is named {label!r}, which no folder can be called; change it in the source")
    if "valid" not in known and "test" in known:
        known["valid"] = known.pop("test")
    if "valid" in known:
        return {name: (part, np.arange(len(part.labels))) for name, part in known.items()}
    if len(found.train.labels) < 2:
        raise DataError("there is only one image, so none can be kept for valid; add images")
    check_divisible(found.train.labels)
    learned, judging = split(found.train.labels, valid_split, seed)
    return {"train": (found.train, learned), "valid": (found.train, judging)}


def _write(part: Part, rows: np.ndarray, folder: Path) -> None:
    for label in sorted({part.labels[row] for row in rows.tolist()}):
        (folder / label).mkdir(parents=True, exist_ok=True)
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
            if (beside / name).exists():
                (beside / name).rename(out / name)
    except OSError:
        for kept in former.iterdir():
            shutil.rmtree(out / kept.name, ignore_errors=True)
            kept.rename(out / kept.name)
        raise
