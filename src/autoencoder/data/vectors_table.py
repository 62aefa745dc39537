"""Tables of embeddings, as `encode` writes them: a path and a vector of numbers an image."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import DataError, UsageError
from .cells import unguarded
from .memory import check_unpacked

SUFFIXES = (".parquet", ".csv", ".npz")
#: What a value takes at least once it is read.
_VALUE_BYTES = 8
_NUMBER = re.compile(r"e(\d+)")


class NamedVectors(NamedTuple):
    """Vectors, float32 of shape (n, d), and the path of the image that each belongs to."""

    paths: Sequence[str]
    vectors: np.ndarray

    def missing(self, paths: Sequence[str]) -> list[str]:
        """Return those of some paths that have no vector."""
        known = set(self.paths)
        return [path for path in paths if path not in known]

    def of(self, paths: Sequence[str]) -> np.ndarray:
        """Return the vectors of some paths, which are all there."""
        rows = {path: row for row, path in enumerate(self.paths)}
        return self.vectors[[rows[path] for path in paths]]


def read_vectors(file: Path) -> NamedVectors:
    """Read a table of embeddings.

    Parameters
    ----------
    file : Path
        .parquet or .csv with the columns path, e0, e1, and so on; or .npz with the arrays `paths` and `vectors`.

    Raises
    ------
    UsageError
        If it is called otherwise.
    DataError
        If it cannot be read, or holds something else.
    """
    if file.suffix not in SUFFIXES:
        raise UsageError(f"{file}: a table of embeddings ends in {', '.join(SUFFIXES)}, as encode writes it; name one")
    if not file.is_file():
        raise DataError(f"{file}: there is no such table of embeddings; flexae encode writes one")
    try:
        paths, vectors = _of_arrays(file) if file.suffix == ".npz" else _of_columns(_read(file))
    except DataError:
        raise
    except Exception as error:
        said = " ".join(str(error).split())[:200]
        raise DataError(
            f"{file}: is no table of embeddings, with path, e0, e1, ..., or is damaged ({said}); flexae encode writes "
            "one"
        ) from error
    if vectors.ndim != 2 or len(vectors) != len(paths) or not vectors.size:
        raise DataError(
            f"{file}: must hold one vector for each path, and holds {len(paths):,} paths and numbers of shape "
            f"{vectors.shape}; flexae encode writes such a table"
        )
    wrong = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(wrong):
        raise DataError(f"{file}: the embedding of {paths[wrong[0]]} is not a number; encode the images again")
    return NamedVectors(paths, vectors)


def _read(file: Path) -> Any:
    import pandas

    if file.suffix == ".csv":
        return pandas.read_csv(file, dtype={"path": str})
    _check_rows(file)
    return pandas.read_parquet(file)


def _check_rows(file: Path) -> None:
    """Refuse a table whose rows would fill the memory: one value that is the same in all is stored once."""
    from pyarrow.parquet import ParquetFile

    with ParquetFile(file) as table:
        need = table.metadata.num_rows * table.metadata.num_columns * _VALUE_BYTES
    check_unpacked(str(file), need, file.stat().st_size)


def _of_columns(table: Any) -> tuple[list[str], np.ndarray]:
    named = [str(name) for name in table.columns if _NUMBER.fullmatch(str(name))]
    if "path" not in table.columns or not named:
        raise ValueError("it has no such columns")
    columns = sorted(named, key=lambda name: int(name[1:]))
    return [_path(each) for each in table["path"]], table[columns].to_numpy(np.float32)


def _path(cell: Any) -> str:
    """Return the path that a cell holds; as bytes where a path in its column is no UTF-8."""
    return cell.decode("utf-8", "surrogateescape") if isinstance(cell, bytes) else unguarded(str(cell))


def _of_arrays(file: Path) -> tuple[list[str], np.ndarray]:
    with zipfile.ZipFile(file) as packed:
        check_unpacked(str(file), sum(each.file_size for each in packed.infolist()), file.stat().st_size)
    with np.load(file, allow_pickle=False) as arrays:
        return [str(path) for path in arrays["paths"]], arrays["vectors"].astype(np.float32)
