"""Import: a data set's arrays into class folders of PNG files, whole or not at all."""

from __future__ import annotations

import logging
import secrets
import shlex
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..data.arrays import Source, read_source
from ..data.formats.common import BadImage
from ..data.labels import check_divisible
from ..data.listing import BadFile, printable
from ..data.parts import Part, checked
from ..data.splits import split
from ..errors import DataError, UsageError
from ..files import disk_errors, name_fault
from .export import source_folders
from .images import save_bad_files

log = logging.getLogger("autoencoder")

PARTS = ("train", "valid", "test")
#: The data sets that Keras knows, which are downloaded when they are asked for the first time.
KERAS_SETS = ("mnist", "fashion_mnist", "cifar10", "cifar100")
#: So many files or classes are named, and so much of a name.
_NAMED, _SHOWN = 3, 60


def import_data(source: str, out: Path, valid_split: float, seed: int, *, overwrite: bool = False) -> Path:
    """Write train/<class>/NNNNN.png and valid/<class>/NNNNN.png below `out`; return `out`.

    The number is the image's row in the source. Where the source has no validation images, its test images become
    valid, and where it has neither, a share of each class does. Images without labels lie in train and valid
    themselves.

    Raises
    ------
    UsageError
        If `out` is not empty and `overwrite` is false, is a file, or would lose what is imported.
    DataError
        If the source cannot be used.
    DiskError
        If it cannot be written; `out` is then as it was.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out={out}: is a file; name a new folder")
    if out.exists() and any(out.iterdir()) and not overwrite:
        raise UsageError(
            f"--out={out}: is not empty; name a new folder, or give --overwrite to replace train, valid and test"
        )
    found = _read(source)
    _check_apart(source, found, out)
    parts = _parts(found, valid_split, seed)
    bad = list(found.bad)
    with disk_errors(out):
        out.mkdir(parents=True, exist_ok=True)
        beside = out / f".import-{secrets.token_hex(6)}"
        try:
            counts = {name: _write(part, rows, beside / name, bad) for name, (part, rows) in parts.items()}
            _check_written(counts, bad)
            _replace(out, beside)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    _log_counts(counts, out)
    save_bad_files(sorted(bad), out / "bad_files.csv")
    return out


def _check_apart(source: str, found: Source, out: Path) -> None:
    """Refuse to replace a folder that an original lies in."""
    paths = [path for part in (found.train, found.valid, found.test) if part is not None for path in part.paths]
    replaced = [(out / name).resolve() for name in PARTS if (out / name).exists()]
    for folder in sorted(source_folders(Path(source).parent, paths)):
        if any(folder.is_relative_to(each) for each in replaced):
            raise UsageError(
                f"--out={out}: --overwrite would replace {folder}, from which {source} is imported; name "
                "a folder elsewhere"
            )


def _check_written(counts: dict[str, Counter[str]], bad: list[BadFile]) -> None:
    """Refuse what training and classifying would refuse: no image for training, or none for validation."""
    for name in ("train", "valid"):
        if not counts[name]:
            examples = "; ".join(f"{printable(file.path)}: {file.reason}" for file in bad[:_NAMED])
            raise DataError(f"no image for {name} can be used ({examples}); repair or remove these files")


def _log_counts(counts: dict[str, Counter[str]], out: Path) -> None:
    shown = ", ".join(f"{each.total():,} {name}" for name, each in counts.items())
    train, valid = (shlex.quote(str(out / name)) for name in PARTS[:2])
    if set(counts["train"]) == {""}:
        log.info(f"images without labels are in {out}: {shown}")
        log.info(f"next: flexae run --train_dir={train} --valid_dir={valid}")
        return
    classes = sorted(counts["train"])
    log.info(f"images of {f'{len(classes):,} classes' if len(classes) > 1 else 'one class'} are in {out}: {shown}")
    spellings = Counter(label.casefold() for label in classes)
    alike = [label for label in classes if spellings[label.casefold()] > 1]
    if alike:
        log.info(
            f"note: {_some(alike)} differ by capitals only; where these are one class, write it alike in the source"
        )
    missing = sorted(set(counts["train"]) - set(counts["valid"]))
    if missing:
        log.info(f"note: there is no image in valid of {_some(missing)}")
    for name in PARTS[1:]:
        strange = sorted(set(counts.get(name, ())) - set(counts["train"]) - {""})
        if strange:
            log.info(f"note: there is no image in train of {_some(strange)}; classify takes no such classes in {name}")
    then = f", then flexae classify latest --train_dir={train} --valid_dir={valid}" if len(classes) > 1 else ""
    log.info(f"next: flexae run --train_dir={train}{then}")


def _some(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else "")


def _read(source: str) -> Source:
    if Path(source).is_file():
        return read_source(Path(source))
    if Path(source).is_dir():
        raise DataError(
            f"{source}: is a folder; images that lie in class folders need no import, and of others name the table of "
            "their labels"
        )
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
    for label in sorted({label for part in known.values() for label in part.labels} - {""}):
        fault = name_fault(label)
        if fault is not None:
            raise DataError(
                f"a class is named {label[:_SHOWN]!r}, which {fault}, so no folder can be called so; change it in the "
                "source"
            )
    if "valid" not in known and "test" in known and known["test"].labelled == known["train"].labelled:
        known["valid"] = known.pop("test")
    if "valid" in known:
        return {name: (part, np.arange(len(part.labels))) for name, part in known.items()}
    if len(found.train.labels) < 2:
        raise DataError("there is only one image, so none can be kept for valid; add images")
    check_divisible(found.train.labels)
    train, valid = split(found.train.labels, valid_split, seed)
    others = {name: (part, np.arange(len(part.labels))) for name, part in known.items()}
    return {**others, "train": (found.train, train), "valid": (found.train, valid)}


def _write(part: Part, rows: np.ndarray, folder: Path, bad: list[BadFile]) -> Counter[str]:
    """Write images as files, and return how many of each class; those that can't be decoded are added to `bad`."""
    written: Counter[str] = Counter()
    for row in rows.tolist():
        try:
            image = np.asarray(part.images[row])
        except BadImage as error:
            bad.append(BadFile(part.paths[row], str(error)))
            continue
        label = part.labels[row]
        if label not in written:
            (folder / label).mkdir(parents=True)
        written[label] += 1
        stored = image[..., ::-1] if image.ndim == 3 and image.shape[2] == 3 else image  # OpenCV writes BGR
        (folder / label / f"{row:05d}.png").write_bytes(cv2.imencode(".png", stored)[1].tobytes())
    return written


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
