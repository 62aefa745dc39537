"""Embeddings of any number, made here or elsewhere: a Parquet file, a folder of such, or an array of NumPy's.

They are mapped from a file, so that ten million take no memory but pages that the system can give up.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import DataError, UsageError
from ..files import disk_errors, probe
from ..progress import stage
from .listing import printable
from .parquet_vectors import AT_ONCE, Columns, columns_of, read_blocks

if TYPE_CHECKING:
    import pyarrow as pa

#: Distances can be told up to here; see clustering/vectors.py.
_LARGEST = 1e15
#: What marks a data set of ours that is not finished.
_PROVENANCE = "_provenance.json"


@dataclass(frozen=True, eq=False)
class Embedded:
    """Embeddings, and what each is of.

    Attributes
    ----------
    place : Path
        The file or folder that they were read from.
    vectors : float32 array of shape (n, d)
        Finite; mapped from a file, read-only.
    names : pyarrow.ChunkedArray of type large_binary, or None
        No two alike; None of an array without names.
    labels : pyarrow.ChunkedArray of type large_binary, or None
        The column `label`, where there is one that holds text.
    """

    place: Path
    vectors: np.ndarray
    names: pa.ChunkedArray | None
    labels: pa.ChunkedArray | None = None

    def paths(self, rows: Iterable[int]) -> list[str]:
        """Return the names of some rows; of an array without names "#000000" and so on."""
        return [_named(self.names, row) for row in rows]


@contextlib.contextmanager
def open_embedded(place: Path, names: Path | None, scratch: Path) -> Iterator[Embedded]:
    """Open embeddings, and check that all are finite and no two names alike.

    Parameters
    ----------
    place : Path
        A .parquet file, a folder of such, or an .npy file. Of a table, a column of paths, and either columns e0, e1,
        ..., or one column of lists of numbers of one length, or all columns of floats.
    names : Path, optional
        Of an .npy file: a text file with a name a line, one for each row.
    scratch : Path
        A folder that a mapped copy is written to where the file itself cannot be mapped; it is gone at the end.

    Raises
    ------
    UsageError
        If it is called otherwise, or `names` do not belong to it.
    DataError
        If it cannot be read, or holds something else.
    DiskError
        If there is no room for the copy.
    """
    if names is not None and place.suffix != ".npy":
        raise UsageError(f"--paths names the rows of an .npy file, and {place} has its own; leave it out")
    if place.suffix not in (".npy", ".parquet") and not place.is_dir():
        raise UsageError(f"--embeddings={place}: must be a .parquet file, a folder of such, or an .npy file")
    if not place.exists():
        raise DataError(f"{place}: there is no such file; name a .parquet file, a folder of such, or an .npy file")
    with disk_errors(scratch):
        scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch, prefix="embeddings-", ignore_cleanup_errors=True) as copies:
        copy = Path(copies, "vectors.npy")
        try:
            found = _of_array(place, names, copy) if place.suffix == ".npy" else _of_parquet(place, copy)
        except (OSError, ValueError, EOFError) as error:  # Arrow's and NumPy's are of these kinds
            if isinstance(error, DataError | UsageError):
                raise
            said = " ".join(str(error).split())[:200]
            raise DataError(f"{place}: cannot be read as embeddings ({said})") from error
        _check_names(found)
        yield found


def _of_array(place: Path, names: Path | None, copy: Path) -> Embedded:
    array = np.load(place, mmap_mode="r", allow_pickle=False)
    if array.ndim != 2 or 0 in array.shape or array.dtype.kind not in "fiub":
        raise DataError(
            f"{place}: must hold numbers of shape (images, width), both at least 1, and holds {array.dtype} of shape "
            f"{array.shape}"
        )
    texts = None if names is None else _lines(names)
    if texts is not None and len(texts) != len(array):
        raise DataError(f"{names}: has {len(texts):,} lines, and {place} has {len(array):,} rows; a name a row")
    if array.dtype == np.float32 and array.flags.c_contiguous:
        with stage(f"reading {len(array):,} embeddings", len(array)) as advance:
            for start in range(0, len(array), AT_ONCE):
                _check(place, array[start : start + AT_ONCE], start, lambda row: _named(texts, row))
                advance(len(array[start : start + AT_ONCE]))
        return Embedded(place, array, texts)
    blocks = (array[start : start + AT_ONCE] for start in range(0, len(array), AT_ONCE))
    vectors = _copied(place, blocks, (len(array), array.shape[1]), copy, lambda row: _named(texts, row))
    return Embedded(place, vectors, texts)


def _lines(file: Path) -> pa.ChunkedArray:
    """Return the lines of a text file, as bytes, without their ends."""
    import pyarrow as pa

    chunks: list[pa.Array] = []
    with file.open("rb") as opened:
        while lines := opened.readlines(2**24):
            chunks.append(pa.array([line.rstrip(b"\r\n") for line in lines], pa.large_binary()))
    return pa.chunked_array(chunks, pa.large_binary())


def _of_parquet(place: Path, copy: Path) -> Embedded:
    from pyarrow.parquet import ParquetFile

    files = [place] if place.is_file() else sorted(file for file in place.glob("*.parquet") if file.name[0] not in "_.")
    _check_finished(place)
    if not files:
        raise DataError(f"{place}: holds no .parquet files; name the folder that encode or another program wrote")
    rows = 0
    columns: Columns | None = None
    for file in files:
        with ParquetFile(file) as opened:
            found = columns_of(file, opened.schema_arrow)
            if columns is not None and found != columns:
                raise DataError(
                    f"{file}: has other columns than {files[0].name}; all parts of a data set have the same"
                )
            columns, rows = found, rows + opened.metadata.num_rows
    assert columns is not None
    if not rows:
        raise DataError(f"{place}: holds no rows")
    names: list[pa.Array] = []
    labels: list[pa.Array] = []
    blocks = read_blocks(files, columns, names, labels)
    first = next(blocks)
    shape = (rows, first.shape[1])
    vectors = _copied(place, itertools.chain([first], blocks), shape, copy, lambda row: _named(_joined(names), row))
    return Embedded(place, vectors, _joined(names), _joined(labels) if columns.labels else None)


def _joined(chunks: Sequence[pa.Array]) -> pa.ChunkedArray:
    import pyarrow as pa

    return pa.chunked_array(chunks)


def _check_finished(place: Path) -> None:
    mark = place / _PROVENANCE
    if not mark.is_file():
        return
    finished = True
    with contextlib.suppress(ValueError, AttributeError):
        finished = json.loads(mark.read_text(encoding="utf-8")).get("finished") is not False
    if not finished:
        raise UsageError(
            f"{place}: its parts are not finished; go on with: flexae encode RUN --out={place} --resume, or, after "
            "shards, --merge"
        )


def _copied(
    place: Path, blocks: Iterable[np.ndarray], shape: tuple[int, int], copy: Path, name_of: Callable[[int], str]
) -> np.ndarray:
    """Write blocks of vectors as float32 into a file, check them, and return the file mapped."""
    probe(copy.parent, 4 * shape[0] * shape[1])
    done = 0
    with disk_errors(copy), stage(f"reading {shape[0]:,} embeddings", shape[0]) as advance:
        mapped = np.lib.format.open_memmap(copy, "w+", np.float32, shape)
        for block in blocks:
            if block.shape[1] != shape[1]:
                raise DataError(f"{place}: some vectors have {shape[1]} numbers, others {block.shape[1]}")
            rows = slice(done, done + len(block))
            with np.errstate(over="ignore"):
                mapped[rows] = block
            _check(place, mapped[rows], done, name_of)
            done = rows.stop
            advance(len(block))
        mapped.flush()
    return np.asarray(np.load(copy, mmap_mode="r"))


def _check(place: Path, block: np.ndarray, first: int, name_of: Callable[[int], str]) -> None:
    """Refuse vectors that hold NaN, infinity, or numbers too large to measure distances."""
    wrong = np.flatnonzero(~(np.abs(block).max(axis=1) <= _LARGEST))  # of NaN, nothing is true
    if len(wrong):
        row = first + int(wrong[0])
        raise DataError(
            f"{place}: the embedding of row {row:,} ({printable(name_of(row))}) holds NaN, infinity or a number beyond "
            f"{_LARGEST:.0e}, and so do {len(wrong) - 1:,} of the rows after it; leave them out"
        )


def _check_names(found: Embedded) -> None:
    """Refuse two rows of one name."""
    import pyarrow.compute as pc

    if found.names is None:
        return
    if pc.count_distinct(found.names).as_py() < len(found.names):
        counted = pc.value_counts(found.names)
        twice = counted.filter(pc.greater(counted.field("counts"), 1))[0].as_py()
        name = printable(os.fsdecode(twice["values"]))
        raise DataError(
            f"{found.place}: {name} is the path of {twice['counts']:,} rows; every row is of one image, so leave all "
            "but one of them out"
        )


def _named(names: pa.ChunkedArray | None, row: int) -> str:
    return f"#{row:06d}" if names is None else os.fsdecode(names[row].as_py())
