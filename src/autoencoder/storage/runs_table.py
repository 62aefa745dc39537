"""The tables of all runs, logs/aescore.csv and logs/classifiers.csv: one row a run, appended under a lock."""

import csv
import io
import numbers
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from ..data.cells import guarded, unguarded
from ..errors import DataError, DiskError
from ..files import disk_error, disk_errors, write_text

#: How `Time` is written; the original program's rows, to the minute, stay as they are.
TIME_FORMAT = "%Y%m%d_%H%M%S"

#: The columns of the original program, which wrote them without a header.
ORIGINAL_COLUMNS = ("Time", "FolderName", "train_loss", "valid_loss", "train_accuracy", "valid_accuracy")

#: Every file's first columns, in order; whatever else a row or an older file brings comes after them.
#:
#: - Time, FolderName: when the run ended and the name of its folder
#: - *_loss: the loss that was trained, of the best weights
#: - *_accuracy: share of values on the same side of 0.5 in original and reconstruction
#: - *_mse, *_mae, *_psnr, *_ssim: see `scores.reconstruction`
#: - pca_mse: validation MSE of a PCA of the embedding's width
#: - parameters, embedding_size: all weights, trained or not; numbers that an image becomes
#: - used_numbers: how many of those tell images apart, see `scores.embedding`
#: - epochs, seconds, images_per_second: of the training
#: - seed, status: what the run was started with; how it ended
COLUMNS = (
    *ORIGINAL_COLUMNS,
    *("train_mse", "valid_mse", "train_mae", "valid_mae", "train_psnr", "valid_psnr", "train_ssim", "valid_ssim"),
    *(
        "pca_mse",
        "parameters",
        "embedding_size",
        "used_numbers",
        "epochs",
        "seconds",
        "images_per_second",
        "seed",
        "status",
    ),
)

#: The first columns of logs/classifiers.csv:
#:
#: - run: the encoder that was fine-tuned
#: - scratch: whether it began with fresh weights; labels_per_class: a number or all
#: - labelled, spread, spread_confidence: images with a label, with one that was spread, and how sure those were
#: - *_accuracy, *_loss, macro_f1: of the weights that were kept; macro_f1 and accuracy are of the test images, or of
#:   the validation images where there are none
CLASSIFIER_COLUMNS = (
    *("Time", "FolderName", "accuracy", "macro_f1", "test_accuracy", "valid_accuracy", "train_accuracy"),
    *("test_loss", "valid_loss", "train_loss", "run", "scratch", "labels_per_class", "classes", "labelled"),
    *("spread", "spread_confidence", "units", "parameters", "epochs", "seconds", "seed", "status"),
)

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?|nan|[+-]?inf", re.ASCII | re.IGNORECASE)
_LOCK_SECONDS = 120


class _Table(NamedTuple):
    columns: list[str]
    rows: list[dict[str, str]]


def append(csv_path: str | os.PathLike[str], row: Mapping[str, object], columns: Sequence[str] = COLUMNS) -> None:
    """Add one run to the table, making the file and its folder where they are missing.

    The file is written anew beside and renamed while a lock is held, so that readers and processes that append at
    once see whole rows only. A file with other columns, or with none named as the original program left it, is
    carried over: known columns first, unknown ones kept after them.

    Parameters
    ----------
    csv_path : path
    row : mapping from column to value
        Missing columns and None are left blank; names outside `columns` become new columns at the end.
    columns : sequence of str
        The first columns of the table, `Time` and `FolderName` among them.

    Raises
    ------
    DiskError
        If the file cannot be read or written, or stays locked.
    DataError
        If the file is no table of runs.
    """
    path = Path(os.path.realpath(csv_path))
    with disk_errors(csv_path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path):
        table = _read(path, columns)
        cells = {str(name).strip(): _cell(value) for name, value in row.items()}
        names = [*table.columns, *(name for name in cells if name not in table.columns)]
        write_text(path, _csv(names, [*table.rows, cells]))


def read(csv_path: str | os.PathLike[str], columns: Sequence[str] = COLUMNS) -> list[dict[str, Any]]:
    """Return the rows of a table of runs, with numbers and truths as such and without blank cells; none without a file.

    Raises
    ------
    DiskError
        If the file cannot be read.
    DataError
        If the file is no table of runs.
    """
    rows = _read(Path(csv_path), columns).rows
    return [{name: _plain(name, cell) for name, cell in row.items() if cell.strip()} for row in rows]


def _read(path: Path, columns: Sequence[str]) -> _Table:
    try:
        return _parse(_content(path), columns)
    except csv.Error as error:
        raise DataError(f"cannot read the table of runs {path}: {error}; move it away and append again") from error


def _plain(name: str, cell: str) -> Any:
    """Return what a cell means; times and names of folders are text, whatever they look like."""
    text = cell.strip()
    if name in ("Time", "FolderName", "run"):
        return text
    if not _NUMBER.fullmatch(text):
        return {"True": True, "False": False}.get(text, text)
    return int(text) if text.lstrip("+-").isdecimal() else float(text)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    import filelock  # slow to import, and only writers need it

    lock = filelock.FileLock(f"{path}.lock", timeout=_LOCK_SECONDS)
    try:
        lock.acquire()
    except filelock.Timeout as error:  # an OSError too, so it comes first
        raise DiskError(
            f"cannot write {path}: another program has held {lock.lock_file} for {_LOCK_SECONDS} seconds; "
            "end that program and append again"
        ) from error
    except OSError as error:
        raise disk_error(error, lock.lock_file) from error
    try:
        yield
    finally:
        lock.release()


def _content(path: Path) -> bytes:
    with disk_errors(path):
        return path.read_bytes() if path.exists() else b""


def _parse(content: bytes, columns: Sequence[str]) -> _Table:
    # Names of files that are no UTF-8 pass through as lone surrogates; Excel puts a byte order mark in front.
    text = io.StringIO(content.decode("utf-8-sig", "surrogateescape"), newline="")
    records = [[unguarded(cell) for cell in record] for record in csv.reader(text) if record]
    header: Sequence[str] = ORIGINAL_COLUMNS
    if records and _is_header(records[0]):
        header = records.pop(0)
    names = _names(header, max(map(len, records), default=0))
    rows = [dict(zip(names, record, strict=False)) for record in records]
    return _Table([*columns, *(name for name in names if name not in columns)], rows)


def _is_header(record: list[str]) -> bool:
    cells = [cell.strip() for cell in record]
    if {"Time", "FolderName"} <= set(cells):
        return True
    # A row of a run begins with its time and holds numbers; a header has neither.
    return not re.match(r"\d{4}", cells[0]) and not any(_NUMBER.fullmatch(cell) for cell in cells)


def _names(header: Sequence[str], width: int) -> list[str]:
    """One name for each of at least `width` columns, none twice and none blank, so that no cell is lost."""
    names: list[str] = []
    for position in range(max(width, len(header))):
        name = (header[position].strip() if position < len(header) else "") or f"extra_{position + 1}"
        while name in names:
            name += "_"
        names.append(name)
    return names


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, numbers.Real) and not isinstance(value, numbers.Integral):
        return repr(float(value))  # the shortest text that reads back as the same number, NumPy's scalars included
    return str(value)


def _csv(columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> str:
    lines = [columns, *([row.get(name, "") for name in columns] for row in rows)]
    return "".join(",".join(map(_quoted, line)) + "\n" for line in lines)


def _quoted(cell: str) -> str:
    cell = guarded(cell, "")
    # csv.writer of Python 3.11 and 3.12 leaves a carriage return unquoted, and the row would be read as two.
    return '"' + cell.replace('"', '""') + '"' if re.search('[",\r\n]', cell) else cell
