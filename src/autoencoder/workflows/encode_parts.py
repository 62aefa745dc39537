"""Embeddings of millions of images, written in parts as they are made.

Nothing is kept in memory but a batch of decoded images and the rows of one part. A part is a Parquet file that is
written whole or not at all and holds its own record, so that what is there after a kill need not be done again.

    parts = plan_parts(folder, source, located, asked)    # plan_parts.py: lists the files once, or reads that list
    for part in missing_parts(parts):                     # each is small and can be pickled: any process may do it
        encode_part(encoder, part)                        # reads what part.folder says, writes part.file
    finish_parts(folder)                                  # checks that all are there, and marks the whole as finished

What a process elsewhere needs is the folder of images and that of the data set, by the same paths, and the encoder.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..data.cache import DIGEST, Refused
from ..data.decode import quiet_codecs
from ..data.listing import Images, Listing, fingerprint, printable
from ..data.load import kept_blocks, without_refused
from ..data.names import file_sizes
from ..data.notes import notes
from ..data.quality import quality_of
from ..data.scan import scan_files
from ..data.source import ImageSource
from ..errors import DataError
from ..files import remove_stale
from ..model.encoder import Encoder
from ..progress import Advance, stage
from ..storage.dataset import Dataset, Part, PartRecord, write_part
from .embeddings import check_numbers, encode, log_changes
from .plan_parts import begun, listed_digest, sample_listing

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger("autoencoder")


def encode_parts(encoder: Encoder, parts: Sequence[Part]) -> None:
    """Encode some parts of one data set, one after the other, and say how far it has come.

    Raises
    ------
    UserError
        As `encode_part`; the parts before stay.
    """
    remove_stale(parts[0].folder)
    _note(encoder, parts[0])
    files = sum(part.stop - part.start for part in parts)
    with stage(f"encoding {files:,} files in {len(parts):,} parts", files) as advance:
        for part in parts:
            encode_part(encoder, part, advance)


def _note(encoder: Encoder, part: Part) -> None:
    """Say what a look at a sample of a part's files says, and what the encoder's shape changes in them."""
    dataset = Dataset(part.folder)
    sample = sample_listing(ImageSource.from_record(begun(dataset).source or {}), dataset.names(part)[0])
    if sample.paths:
        log_changes(sample, encoder)
        for note in notes(sample, encoder.image_shape):
            log.info(f"note: {note}")


def encode_part(encoder: Encoder, part: Part, advance: Advance = lambda count: None) -> PartRecord:
    """Encode the files of one part, and write it whole or not at all.

    Parameters
    ----------
    encoder : Encoder
        That of the data set, which is not checked here.
    part : Part
        As `plan_parts` returns it.
    advance : function
        Called with a number of files as they are done.

    Raises
    ------
    DataError
        If a file is of another size than when the data set was begun, or gone; or an embedding is not a number.
    DiskError
        If the part cannot be written.
    """
    dataset = Dataset(part.folder)
    began = begun(dataset)
    names, listed = dataset.names(part)
    if listed != listed_digest(began):
        raise DataError(f"{dataset.names_file}: is of another data set; begin it again in a new folder")
    source = ImageSource.from_record(began.source or {})
    _check_sizes(source.root, names)
    files = [os.fsdecode(name) for name in names["path"].to_pylist()]
    listing = replace(scan_files(source.root, files, source.rules), quality=source.quality)
    images, columns = _encode(encoder, listing, advance)
    table = _table(images.paths, columns, classes=began.source["classes"], text=began.source["text"])  # type: ignore[index]
    record = PartRecord(began.key, len(table), fingerprint(images), [(file.path, file.reason) for file in images.bad])
    write_part(part, table, record)
    advance(len(files) - len(listing.paths))
    return record


def _check_sizes(root: Path, names: pa.Table) -> None:
    now = file_sizes(root, names["path"])
    changed = np.flatnonzero(now != names["size"].to_numpy())
    if len(changed):
        first = int(changed[0])
        was = names["size"][first].as_py()
        said = "is gone" if now[first] < 0 else f"has {now[first]:,} bytes and had {was:,}"
        raise DataError(
            f"{printable(os.fsdecode(names['path'][first].as_py()))} in {printable(str(root))} {said} when the data "
            f"set was begun ({len(changed):,} such files in this part); put it back, or begin a data set in a new "
            "folder with --out"
        )


def _encode(encoder: Encoder, listing: Listing, advance: Advance) -> tuple[Images, dict[str, np.ndarray]]:
    """Decode and encode images, a batch at a time; return them without pixels, and the columns of their table."""
    vectors = [np.empty((0, encoder.width), np.float32)]
    measured: list[dict[str, np.ndarray]] = []
    digests = [np.empty((0, DIGEST), np.uint8)]
    refused: list[Refused] = []
    waiting: list[np.ndarray] = []
    seen = 0
    with quiet_codecs():
        for kept, block in kept_blocks(listing, encoder.image_shape, encoder.color, advance):
            seen += len(block.pixels) + len(block.refused)
            measured.append(quality_of(block.pixels, listing.shapes[kept]))
            digests.append(block.digests)
            refused += block.refused
            waiting.append(block.pixels)
            if sum(map(len, waiting)) >= encoder.batch or seen == len(listing.paths):
                pixels = np.concatenate(waiting)
                ready = len(pixels) if seen == len(listing.paths) else len(pixels) // encoder.batch * encoder.batch
                vectors.append(encode(encoder, pixels[:ready]))
                waiting = [pixels[ready:]]
    found = without_refused(listing, refused)
    embedded = np.concatenate(vectors)
    check_numbers(encoder, embedded, found.paths)
    columns = {f"e{number}": embedded[:, number] for number in range(encoder.width)}
    columns |= _joined(measured)
    sizes = found.stamps[:, 0]
    return Images(None, found.paths, None, found.bad, sizes, np.concatenate(digests), found.shapes), columns


def _joined(measured: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    none = quality_of(np.empty((0, 1, 1, 1), np.uint8), np.empty((0, 2), int))
    return {name: np.concatenate([none[name], *(each[name] for each in measured)]) for name in none}


def _table(paths: Sequence[str], columns: Mapping[str, np.ndarray], *, classes: bool, text: bool) -> pa.Table:
    """Return what `embeddings.write_parquet` writes, of the same types in all parts."""
    import pyarrow as pa

    def texts(names: Iterable[str]) -> pa.Array:
        stored = pa.array(list(map(os.fsencode, names)), pa.large_binary())
        return stored.cast(pa.large_string()) if text else stored

    labels = {"label": texts(path.partition("/")[0] for path in paths)} if classes else {}
    return pa.table({"path": texts(paths), **labels, **{name: pa.array(values) for name, values in columns.items()}})
