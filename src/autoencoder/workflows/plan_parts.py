"""Which parts a data set of embeddings has, which of them are there, and whether all are."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.listing import BadFile, Listing, check_usable, printable
from ..data.names import Names, changes, digest_names, has_classes, is_text, list_names
from ..data.notes import SAMPLE, find_range, sample_rows
from ..data.scan import is_sidecar, scan_files
from ..data.source import ImageSource
from ..errors import DataError, UsageError
from ..files import disk_errors
from ..settings.parts import Parts
from ..storage.csv_files import write_bad_files
from ..storage.dataset import Dataset, Part, PartRecord, read_part_record
from ..storage.provenance import Provenance, encoder_record
from .pretrained import Located

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger("autoencoder")

#: Flags of the images that must be the same when a data set is gone on with.
_READING = ("categories", "max_images", "background", "range", "fit", "quality")
#: So many ranges of parts are named in a message.
_NAMED = 10


def plan_parts(folder: Path, source: ImageSource, located: Located, asked: Parts) -> list[Part]:
    """Begin a data set, or go on with one; nothing is decoded but a sample for `--range=auto`.

    A shard takes the list of files that is there; `--resume` lists them again, to see whether they are the same.

    Parameters
    ----------
    folder : Path
        Of the data set.
    source : ImageSource
        A folder of images.
    located : Located
        The encoder.
    asked : Parts

    Returns
    -------
    list of Part
        All of them, of all shards, whether they are there or not.

    Raises
    ------
    UsageError
        If there is none to go on with, one that was begun is not to be gone on with, or encoder or flags are others.
    DataError
        If the images are others, or there are none.
    DiskError
        If the folder cannot be written to.
    """
    dataset = Dataset(folder)
    began = dataset.begun()
    if began is None:
        _check_beginning(folder, asked)
        _begin(dataset, source, located, asked)
    elif not asked.resume and asked.shard is None:
        raise UsageError(
            f"{folder}: a data set was begun there; go on with it by --resume, or name another folder with --out"
        )
    else:
        _check_same(dataset, began, source, located, asked)
    return dataset.parts()


def _check_beginning(folder: Path, asked: Parts) -> None:
    if asked.resume:
        raise UsageError(f"--resume: no data set was begun in {folder}; begin one with --rows_per_part=10000")
    if asked.rows_per_part is None:
        raise UsageError(f"--shard: no data set was begun in {folder}; begin one with --rows_per_part=10000 beside it")
    if folder.exists() and (not folder.is_dir() or any(path.suffix == ".parquet" for path in folder.glob("[!._]*"))):
        raise UsageError(f"{folder}: holds something else, and nothing is overwritten; name a new folder with --out")


def _begin(dataset: Dataset, source: ImageSource, located: Located, asked: Parts) -> None:
    assert asked.rows_per_part is not None
    names = list_names(source.root, source.categories, source.max_images)
    if not len(names.table):
        raise DataError(f"{printable(str(source.root))}: holds no files; name a folder of images")
    sample = sample_listing(source, names.table)
    if not sample.paths:
        check_usable(sample, source.max_bad)
    if source.rules.range == "auto":
        source = replace(source, rules=source.rules._replace(range=find_range(sample)))
    made = _provenance(names, source, located, asked.rows_per_part)
    with disk_errors(dataset.path):
        dataset.path.mkdir(parents=True, exist_ok=True)
    dataset.write_names(names.table, listed_digest(made), asked.rows_per_part)
    dataset.write_provenance(made)


def _provenance(names: Names, source: ImageSource, located: Located, rows_per_part: int) -> Provenance:
    paths = names.table["path"].combine_chunks()
    images = {
        **source.to_flags(),
        "count": len(paths),
        "fingerprint": digest_names(names.table),
        "classes": has_classes(paths),
        "text": is_text(paths),
        "unread": [list(file) for file in names.bad],
    }
    settings = {"rows_per_part": rows_per_part, "quality": source.quality, **_of_network(located)}
    return Provenance("encode", settings, images, _encoder(located), finished=False)


def _of_network(located: Located) -> dict[str, Any]:
    return {} if located.network is None else located.network.flags()


def _encoder(located: Located) -> dict[str, str] | None:
    random = located.network is not None and located.network.file is None
    return None if random else encoder_record(located.file)


def listed_digest(made: Provenance) -> str:
    """Return the digest of the files that a data set is of."""
    return str((made.source or {}).get("fingerprint"))


def sample_listing(source: ImageSource, names: pa.Table) -> Listing:
    """Look at some of the files, evenly spread; companions of images are passed over."""
    rows = sample_rows(len(names), 4 * SAMPLE)
    chosen = [os.fsdecode(name) for name in names["path"].take(rows).to_pylist()]
    images = [name for name in chosen if not is_sidecar(name)]
    return scan_files(source.root, [images[row] for row in sample_rows(len(images))], source.rules)


def _check_same(dataset: Dataset, began: Provenance, source: ImageSource, located: Located, asked: Parts) -> None:
    """Refuse to go on with another encoder, other flags or other images than a data set was begun with."""
    if source.rules.range == "auto":
        kept = ImageSource.from_record(began.source or {})
        source = replace(source, rules=source.rules._replace(range=kept.rules.range))
    before, now = began.source or {}, json.loads(json.dumps(source.to_flags()))  # whose pairs are lists then
    differ = [
        f"--{flag} was {before.get(flag)} and is {now[flag]}" for flag in _READING if now[flag] != before.get(flag)
    ]
    rows = began.settings.get("rows_per_part")
    if asked.rows_per_part not in (None, rows):
        differ.append(f"--rows_per_part was {rows} and is {asked.rows_per_part}")
    settings = _of_network(located)
    differ += [f"--{flag} is another" for flag in settings if settings[flag] != began.settings.get(flag)]
    if (_encoder(located) or {}).get("sha256") != (began.encoder or {}).get("sha256"):
        differ.append(f"the encoder {located.file} is another file than {(began.encoder or {}).get('file')} was")
    if differ:
        raise UsageError(
            f"{dataset.path}: was begun otherwise: {'; '.join(differ)}; give what it was begun with, or name a new "
            "folder with --out"
        )
    if asked.resume:
        _check_same_files(dataset, began, source)
    if now["images"] != before.get("images"):  # the folder may have moved
        dataset.write_provenance(replace(began, source={**before, "images": now["images"]}))


def _check_same_files(dataset: Dataset, began: Provenance, source: ImageSource) -> None:
    now = list_names(source.root, source.categories, source.max_images).table
    if digest_names(now) != listed_digest(began):
        differ = "; ".join(changes(dataset.names()[0], now))
        raise DataError(
            f"{printable(str(source.root))}: is not as when {dataset.path} was begun: {differ}; put it back, or begin "
            "a data set in a new folder with --out"
        )


def missing_parts(parts: Sequence[Part]) -> list[Part]:
    """Return those parts of one data set that are not there, or not whole.

    Raises
    ------
    DataError
        If a file has the name of a part, and is one of another data set.
    """
    if not parts:
        return []
    key = begun(Dataset(parts[0].folder)).key
    return [part for part in parts if part_record(part, key) is None]


def part_record(part: Part, key: str) -> PartRecord | None:
    """Return the record of a part of the data set with a key; None where it is not there; raises DataError."""
    record = read_part_record(part)
    if record is not None and record.made != key:
        raise DataError(
            f"{part.file}: was made by another encoder, from other files or by other settings than the data set "
            "around it; remove it, and it is made again by --resume"
        )
    return record


def begun(dataset: Dataset) -> Provenance:
    """Return what a data set was begun with; raises UsageError where none was."""
    began = dataset.begun()
    if began is None:
        raise UsageError(f"{dataset.path}: no data set was begun there; begin one with --rows_per_part=10000")
    return began


def finish_parts(folder: Path, told: Callable[[str], None] = log.info) -> Provenance:
    """Check that all parts are there, whole and of one encoder and one list of files; mark the data set as finished.

    Returns
    -------
    Provenance
        `source["count"]` embeddings; `source["contents"]` is a digest of the images' fingerprints.

    Raises
    ------
    UsageError
        If no data set was begun there.
    DataError
        If parts are missing, which are named, or too many files could not be used.
    """
    dataset = Dataset(folder)
    began = begun(dataset)
    parts = dataset.parts()
    records = [part_record(part, began.key) for part in parts]
    missing = [part.number for part, record in zip(parts, records, strict=True) if record is None]
    if missing:
        raise DataError(
            f"{folder}: {len(missing):,} of {len(parts):,} parts are missing or not whole: {_ranges(missing)}; make "
            "them by the same command with --resume, or with the --shard that they are of"
        )
    there = [record for record in records if record is not None]
    source = dict(began.source or {})
    bad = [BadFile(*pair) for pair in [*source.get("unread", []), *(pair for record in there for pair in record.bad)]]
    write_bad_files(bad, dataset.bad_files)
    rows = sum(record.rows for record in there)
    _check_share(folder, rows, bad, float(source["max_bad"]))
    contents = hashlib.sha256("".join(record.contents for record in there).encode()).hexdigest()
    made = replace(began, source={**source, "count": rows, "contents": contents}, finished=True)
    dataset.write_provenance(made)
    if bad:
        told(f"{len(bad):,} files could not be used; they are in {dataset.bad_files}")
    return made


def _check_share(folder: Path, rows: int, bad: Sequence[BadFile], max_bad: float) -> None:
    share = len(bad) / max(1, rows + len(bad))
    if share > max_bad or not rows:
        examples = "; ".join(f"{printable(file.path)}: {file.reason}" for file in bad[:3])
        raise DataError(
            f"{folder}: {len(bad):,} of {rows + len(bad):,} files can't be used, a share of {share:.2f} where "
            f"--max_bad={max_bad:g} is the most that is accepted ({examples}); remove or repair them, and begin again "
            "in a new folder with --out and perhaps a higher --max_bad"
        )


def _ranges(numbers: Sequence[int]) -> str:
    """Return rising numbers as a person writes them: 0, 4-7, 9."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    said = [str(first) if first == last else f"{first}-{last}" for first, last in runs[:_NAMED]]
    return ", ".join(said) + (", ..." if len(runs) > _NAMED else "")
