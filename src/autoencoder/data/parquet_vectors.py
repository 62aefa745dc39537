"""Vectors and their names in Parquet files of any program: which columns hold them, and some rows at a time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import DataError
from .listing import printable
from .tables import IMAGE_COLUMNS

if TYPE_CHECKING:
    import pyarrow as pa

_NUMBER = re.compile(r"e(\d+)")
#: So many rows are read at once.
AT_ONCE = 2**16


class Columns(NamedTuple):
    """Which columns of a table hold the paths and the vectors, and whether there is a label."""

    path: str
    vectors: tuple[str, ...]
    labels: bool


def columns_of(file: Path, schema: pa.Schema) -> Columns:
    """Choose the columns of a table."""
    import pyarrow as pa

    lower = {name.lower(): name for name in reversed(schema.names)}
    texts = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
    path = next((lower[name] for name in IMAGE_COLUMNS if name in lower and _is(schema, lower[name], texts)), None)
    if path is None:
        raise DataError(
            f"{file}: has no column of paths; it must be text and be called path, filename or the like, and there are "
            f"{', '.join(map(printable, schema.names[:10]))}"
        )
    numbered = sorted((name for name in schema.names if _NUMBER.fullmatch(name)), key=lambda name: int(name[1:]))
    lists = [name for name in schema.names if _is_vector(schema.field(name).type)]
    floats = [name for name in schema.names if pa.types.is_floating(schema.field(name).type)]
    if len(lists) > 1 and not numbered:
        raise DataError(
            f"{file}: has several columns of vectors, {', '.join(lists)}; keep one of them, or call its numbers e0, e1"
        )
    vectors = tuple(numbered or lists or floats)
    if not vectors:
        raise DataError(
            f"{file}: has no vectors: neither columns e0, e1, ..., nor a column of lists of numbers, nor columns of "
            "floats"
        )
    return Columns(path, vectors, "label" in schema.names and _is(schema, "label", texts))


def _is(schema: pa.Schema, name: str, kinds: Iterable[Any]) -> bool:
    return any(kind(schema.field(name).type) for kind in kinds)


def _is_vector(kind: Any) -> bool:
    import pyarrow as pa

    lists = (pa.types.is_fixed_size_list, pa.types.is_list, pa.types.is_large_list)
    return any(each(kind) for each in lists) and (
        pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type)
    )


def read_blocks(
    files: Sequence[Path], columns: Columns, names: list[pa.Array], labels: list[pa.Array]
) -> Iterator[np.ndarray]:
    """Yield the vectors of some rows at a time, and put their names and labels into lists."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    wanted = [columns.path, *columns.vectors, *(["label"] if columns.labels else [])]
    for file in files:
        with ParquetFile(file, memory_map=True) as opened:
            for batch in opened.iter_batches(AT_ONCE, columns=wanted):
                if batch[columns.path].null_count:
                    raise DataError(f"{file}: some rows have no path; give every row one, or leave it out")
                names.append(batch[columns.path].cast(pa.large_binary()))
                if columns.labels:
                    labels.append(batch["label"].cast(pa.large_binary()))
                yield _numbers(file, batch, columns.vectors)


def _numbers(file: Path, batch: Any, columns: Sequence[str]) -> np.ndarray:
    if len(columns) > 1 or not _is_vector(batch[columns[0]].type):
        return np.stack([batch[name].to_numpy(zero_copy_only=False).astype(np.float64) for name in columns], axis=1)
    lists = batch[columns[0]]
    flat = lists.flatten()
    width = len(flat) // max(1, len(lists))
    lengths = lists.value_lengths().to_numpy(zero_copy_only=False)
    if lists.null_count or not width or (lengths != width).any():
        raise DataError(f"{file}: the vectors in {columns[0]} are missing or not all of one length")
    return np.asarray(flat.to_numpy(zero_copy_only=False)).reshape(len(lists), width)
