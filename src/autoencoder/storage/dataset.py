"""A data set of embeddings in parts: Parquet files in one folder, and what says which rows each must hold.

Programs that read all Parquet files of a folder (pandas, PyArrow, DuckDB, Spark) pass over names with an underscore.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import DataError
from ..files import replacing
from .provenance import Provenance, read_provenance, write_provenance

if TYPE_CHECKING:
    import pyarrow as pa

#: Under this name a part's own record is in the metadata of its Parquet file.
_RECORD = b"autoencoder"
_DIGEST = b"digest"


class Part(NamedTuple):
    """One part of a data set that was begun: its folder, its number from 0, and its rows of the list of files."""

    folder: Path
    number: int
    start: int
    stop: int

    @property
    def file(self) -> Path:
        """The Parquet file that it becomes."""
        return self.folder / f"part-{self.number:05d}.parquet"


class PartRecord(NamedTuple):
    """What made a part.

    Attributes
    ----------
    made : str
        The key of the data set's provenance: encoder, files, settings.
    rows : int
        Embeddings in it.
    contents : str
        The fingerprint of its images: names, sizes, contents.
    bad : list of (path, reason)
        The files that could not be used.
    """

    made: str
    rows: int
    contents: str
    bad: list[tuple[str, str]]


@dataclass(frozen=True)
class Dataset:
    """The folder of a data set in parts; knows the names of the files in it."""

    path: Path

    @property
    def names_file(self) -> Path:
        """The names and sizes of all files, sorted, as `data.names` lists them."""
        return self.path / "_files.parquet"

    @property
    def provenance_file(self) -> Path:
        """What the parts are made by, and whether all are there."""
        return self.path / "_provenance.json"

    @property
    def bad_files(self) -> Path:
        """The files that could not be used, each with its reason."""
        return self.path / "_bad_files.csv"

    def begun(self) -> Provenance | None:
        """Return what the parts are made by; None where no data set was begun."""
        return read_provenance(self.provenance_file)

    def write_provenance(self, made: Provenance) -> None:
        """Write what the parts are made by. Raises DiskError."""
        write_provenance(made, self.provenance_file)

    def write_names(self, names: pa.Table, digest: str, rows_per_part: int) -> None:
        """Write the list of files, a group of rows for each part. Raises DiskError."""
        from pyarrow.parquet import write_table

        marked = names.replace_schema_metadata({_DIGEST: digest.encode()})
        with replacing(self.names_file) as temporary:
            write_table(marked, temporary, rows_per_part, use_dictionary=False, compression="zstd")

    def parts(self) -> list[Part]:
        """Return all parts that the list of files makes.

        Raises
        ------
        DataError
            If the list cannot be read.
        """
        with _opened(self.names_file) as file:
            about = file.metadata
            sizes = [about.row_group(number).num_rows for number in range(about.num_row_groups)]
        starts = [sum(sizes[:1]) * number for number in range(len(sizes))]  # all but the last have as many
        return [
            Part(self.path, number, start, start + size)
            for number, (start, size) in enumerate(zip(starts, sizes, strict=True))
        ]

    def names(self, part: Part | None = None) -> tuple[pa.Table, str]:
        """Return the files of a part, or all, as `data.names.Names.table` has them, and the digest of the whole list.

        Raises
        ------
        DataError
            If the list cannot be read.
        """
        with _opened(self.names_file) as file:
            table = file.read() if part is None else file.read_row_group(part.number)
        return table, (table.schema.metadata or {}).get(_DIGEST, b"").decode()


def write_part(part: Part, table: pa.Table, record: PartRecord) -> None:
    """Write a part whole or not at all, with its record in the file.

    Raises
    ------
    DiskError
        If it cannot be written.
    """
    from pyarrow.parquet import write_table

    about = {**(table.schema.metadata or {}), _RECORD: json.dumps(record._asdict()).encode()}
    with replacing(part.file) as temporary:
        write_table(table.replace_schema_metadata(about), temporary)


def read_part_record(part: Part) -> PartRecord | None:
    """Return what made a part; None where it is not there, not whole, or no part of ours."""
    try:
        with _opened(part.file) as file:
            about: Mapping[bytes, bytes] = file.metadata.metadata or {}
            rows = file.metadata.num_rows
        values: dict[str, Any] = json.loads(about[_RECORD])
        record = PartRecord(**values)
        return record if record.rows == rows else None
    except (DataError, KeyError, ValueError, TypeError):
        return None


def _opened(path: Path) -> Any:
    """Open a Parquet file; raises DataError where it is not there or damaged."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    try:
        return ParquetFile(path, memory_map=True)
    except (OSError, pa.ArrowException) as error:
        said = " ".join(str(error).split())[:200]
        raise DataError(
            f"{path}: is not there or damaged ({said}); begin the data set again in a new folder"
        ) from error
