"""The images of a run: which ones, in what shape and colour, and which of them are for validation."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..data.listing import BadFile, Images, Listing, common_shape, printable
from ..data.load import is_grayscale, load
from ..data.memory import memory_plan
from ..data.notes import all_one_color, notes
from ..data.source import ImageSource
from ..data.splits import Splits, split
from ..data.vectors_table import NamedVectors
from ..errors import DataError, UsageError
from ..model.geometry import levels
from ..settings import Data, Settings
from ..settings.run import check_rate_decay
from ..storage.csv_files import write_bad_files
from ..storage.new_run import check_free
from ..storage.run import CACHE
from ..training.growth import check_growth
from ..training.sizes import check_size
from .backbone import as_backbone_takes, check_backbone, with_backbone
from .features import with_features
from .neighbourhood import read_neighbours, with_neighbours

log = logging.getLogger("autoencoder")

#: Where the program looks when nothing is named: the sample that comes with it.
SAMPLE = {"train_dir": Path("data/train"), "valid_dir": Path("data/valid")}
SHAPE_WHERE_SIZES_DIFFER = (256, 256)
#: Of fewer images nothing is learned, and a part of them is for validation.
FEWEST = 4
#: So many bad files are named on the screen.
NAMED = 20


@dataclass(frozen=True, eq=False, kw_only=True)
class ScannedImages(Splits[Listing]):
    """What a scan found, before any pixel is kept, and the whole of it in one listing.

    `embedded` are vectors from a table, where neighbours are to be sought among such.
    """

    source: ImageSource
    whole: Listing
    embedded: NamedVectors | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class LoadedImages(Splits[Images]):
    """Decoded images, and the whole of the source in order; its parts are rows of it."""

    whole: Images


#: From settings, and what was found, to settings with more chosen.
Chosen = Callable[[Settings, ScannedImages], Settings]


def prepare(
    asked: Settings, array: ImageSource | None = None, chosen: Chosen | None = None
) -> tuple[Settings, ScannedImages]:
    """Find the images, replace what is `auto` by what they say, and check all that can be checked without TensorFlow.

    Parameters
    ----------
    asked : Settings
    array : ImageSource, optional
        Images that came as an array, in place of the folders that the settings name.
    chosen : function, optional
        Chooses settings once the images are found.

    Raises
    ------
    UsageError
        If the architecture has skips or does not fit the images, or the run's folder is taken.
    DataError
        If there are too few images, or too many files cannot be used.
    """
    if asked.architecture.skips:
        raise UsageError(
            "--skips leads the image around the embedding, and there would be none; it is for restore_train"
        )
    asked = asked.resolved()
    check_rate_decay(asked.architecture, asked.training)
    asked = asked.model_copy(update={"architecture": with_backbone(asked.architecture)})
    asked = asked.model_copy(update={"training": with_neighbours(asked.training)})
    check_free(asked.output)
    if array is None:
        data = as_backbone_takes(_placed(asked.data), asked.architecture)
        source = ImageSource.of(Path(str(data.train_dir)), data)
    else:
        _check_array_alone(asked.data)
        data, source = asked.data.model_copy(update={"train_dir": array.root}), array
    listings = _listings(source, data, asked.training.seed)
    listings = replace(listings, embedded=read_neighbours(asked.training, listings.train))
    settings = asked.model_copy(update={"data": _resolve(data, listings)})
    if chosen is not None:
        settings = chosen(settings, listings)
    levels(settings.architecture, settings.image_shape)
    check_growth(settings)
    check_backbone(settings)
    settings = settings.model_copy(update={"training": with_features(settings.training, settings.image_shape)})
    check_size(settings)
    return settings, listings


def _placed(data: Data) -> Data:
    """Take the sample where nothing is named, and say where folders lie, wherever the run is used from later."""
    if data.train_dir is None:
        if not SAMPLE["train_dir"].is_dir():
            raise UsageError("--train_dir: name a folder of images (the sample, data/train, is in a checkout only)")
        data = data.model_copy(update=SAMPLE)
    return data.absolute()


def _check_array_alone(data: Data) -> None:
    """Refuse what chooses or changes files, where the images came as an array."""
    for name in type(data).model_fields:
        if name != "valid_split" and data.changed(name):
            raise UsageError(f"--{name} is about files, and the images came as an array: leave it out")


def _listings(source: ImageSource, data: Data, seed: int) -> ScannedImages:
    """Scan the training and validation images, or split the training images where there are no others."""
    source, train = source.look()
    count = len(train.paths)
    if count < FEWEST:
        raise DataError(f"{data.train_dir}: holds {count} usable images; training needs {FEWEST} at least")
    if data.valid_dir is not None:
        return ScannedImages(train=train, valid=replace(source, root=data.valid_dir).scan(), source=source, whole=train)
    first, second = split(train.labels or [""] * count, data.valid_split, seed)
    return ScannedImages(train=train.take(first), valid=train.take(second), source=source, whole=train)


def _resolve(data: Data, found: ScannedImages) -> Data:
    """Replace `auto` by what the training images say."""
    shape = data.image_shape or common_shape(found.train) or SHAPE_WHERE_SIZES_DIFFER
    color = data.color or ("grayscale" if is_grayscale(found.train) else "rgb")
    values = found.source.rules.range if data.range == "auto" else data.range
    return data.model_copy(update={"image_shape": shape, "color": color, "range": values})


def load_images(settings: Settings, listings: ScannedImages) -> LoadedImages:
    """Decode the images, and say how many there are and what could not be used.

    Raises
    ------
    DataError
        If too many files cannot be used.
    """
    shape, color = settings.image_shape, settings.data.color
    assert color is not None
    options: dict[str, Any] = {"max_bad": settings.data.max_bad, "cache_dir": CACHE}
    for note in notes(listings.whole, shape):
        log.info(f"note: {note}")
    apart = listings.whole is listings.train
    for name, listing in listings.parts.items() if apart else (("", listings.whole),):
        plan = memory_plan(len(listing.paths), shape, color)
        if plan.mapped:
            size = f"{plan.bytes / 1e9:.1f} GB, more than half of the free memory"
            called = f"{name} images".strip()
            log.info(f"the decoded {called} take {size}: they lie in a file in {CACHE}, used again the next time")
    whole = load(listings.whole, shape, color, **options)
    if apart:
        splits = LoadedImages(train=whole, valid=load(listings.valid, shape, color, **options), whole=whole)
    else:
        rows = {path: row for row, path in enumerate(whole.paths)}
        train, valid = (_part(whole, listing, rows) for listing in (listings.train, listings.valid))
        splits = LoadedImages(train=train, valid=valid, whole=whole)
    if all(all_one_color(part.pixels) for part in splits.parts.values()):
        raise DataError(
            f"{listings.source.root}: all images are of one colour, so there is nothing to learn; --background=white "
            "shows drawings on a transparent ground, and --range=auto images that use few of their values"
        )
    bad = bad_files(splits)
    log.info(
        f"{len(splits.train.paths):,} training and {len(splits.valid.paths):,} validation images of "
        f"{shape[0]} x {shape[1]} {color}; {len(bad):,} files could not be used"
    )
    log_bad_files(bad)
    return splits


def _part(whole: Images, listing: Listing, rows: Mapping[str, int]) -> Images:
    """Return the images of a part of a listing, of which the whole was decoded; `rows` are the places of its paths."""
    chosen = np.array([rows[path] for path in listing.paths if path in rows], int)
    if not len(chosen) and listing.quality is not None:
        raise DataError(
            f"--quality={listing.quality}: leaves {len(rows):,} images, too few for training and validation; ask for "
            "less"
        )
    if not len(chosen):
        raise DataError(f"{listing.root}: no image of a part can be decoded; repair or remove the files that are bad")
    return whole.take(chosen)


def bad_files(splits: Splits[Images]) -> list[BadFile]:
    """Return the files that could not be used, sorted, each once."""
    return sorted({bad for part in splits.parts.values() for bad in part.bad})


def log_bad_files(bad: Sequence[BadFile], where: str = "bad_files.csv of the run's folder") -> None:
    """Name the first files that could not be used; `where` all of them are listed."""
    for name, reason in bad[:NAMED]:
        log.info(f"  not used: {printable(name)}: {reason}")
    if len(bad) > NAMED:
        log.info(f"  ... and {len(bad) - NAMED:,} more, all in {where}")


def log_left_out(bad: Sequence[BadFile], table: Path) -> None:
    """Say how many files could not be used, where there are any, and name the first; all of them are in a table."""
    if bad:
        log.info(f"{len(bad):,} files could not be used")
        log_bad_files(bad, str(table))


def save_bad_files(bad: Sequence[BadFile], table: Path) -> None:
    """List the files that could not be used in a table, where there are any, and say so."""
    write_bad_files(bad, table)
    log_left_out(bad, table)
