"""The images of a run: which ones, in what shape and colour, and which of them judge the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..data.folder import scan
from ..data.listing import BadFile, Images, Listing, check_usable, common_shape, printable
from ..data.load import is_grayscale, load
from ..data.memory import memory_plan
from ..errors import DataError, UsageError
from ..geometry import levels
from ..run_folder import CACHE, check_free
from ..settings import Data, Settings

#: Where the program looks when nothing is named: the sample that comes with it.
SAMPLE = {"train_dir": Path("data/train"), "valid_dir": Path("data/valid")}
SHAPE_WHERE_SIZES_DIFFER = (256, 256)
#: So many bad files are named on the screen.
NAMED = 20


class Listings(NamedTuple):
    """What a scan found, before any pixel is kept."""

    train: Listing
    valid: Listing


class Parts(NamedTuple):
    """The images that the network learns from and those that judge it."""

    train: Images
    valid: Images


def prepare(asked: Settings) -> tuple[Settings, Listings]:
    """Find the images, replace what is `auto` by what they say, and check all that can be checked without TensorFlow.

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
    check_free(asked.output)
    data = asked.data if asked.data.train_dir else asked.data.model_copy(update=SAMPLE)
    listings = _listings(data, asked.training.seed)
    settings = asked.model_copy(update={"data": _resolve(data, listings.train)})
    levels(settings.architecture, settings.image_shape)
    return settings, listings


def _listings(data: Data, seed: int) -> Listings:
    """Scan the training and validation images, or split the training images where there are no others."""

    def listed(source: Path) -> Listing:
        found = scan(source, categories=data.categories, max_images=data.max_images)
        check_usable(found, data.max_bad)
        return found

    assert data.train_dir is not None
    train = listed(data.train_dir)
    count = len(train.paths)
    if count < 2:
        raise DataError(f"{data.train_dir}: holds {count} usable image; training needs two at least")
    if data.valid_dir is not None:
        return Listings(train, listed(data.valid_dir))
    order = np.random.default_rng(seed).permutation(count)
    kept = min(count - 1, max(1, round(count * data.valid_split)))
    return Listings(train.take(np.sort(order[kept:])), train.take(np.sort(order[:kept])))


def _resolve(data: Data, train: Listing) -> Data:
    """Replace `auto` by what the training images say."""
    shape = data.image_shape or common_shape(train) or SHAPE_WHERE_SIZES_DIFFER
    color = data.color or ("grayscale" if is_grayscale(train) else "rgb")
    return data.model_copy(update={"image_shape": shape, "color": color})


def load_images(settings: Settings, listings: Listings, say: Callable[..., None]) -> Parts:
    """Decode the images, and say how many there are and what could not be used.

    Raises
    ------
    DataError
        If too many files cannot be used.
    """
    shape, color = settings.image_shape, settings.data.color
    assert color is not None
    options: dict[str, Any] = {"max_bad": settings.data.max_bad, "cache_dir": CACHE}
    for name, listing in listings._asdict().items():
        plan = memory_plan(len(listing.paths), shape, color)
        if plan.mapped:
            size = f"{plan.bytes / 1e9:.1f} GB, more than half of the free memory"
            say(f"the decoded {name} images take {size}: they lie in a file in {CACHE}, used again the next time")
    parts = Parts(load(listings.train, shape, color, **options), load(listings.valid, shape, color, **options))
    bad = sorted({*parts.train.bad, *parts.valid.bad})
    say(
        f"{len(parts.train.paths):,} training and {len(parts.valid.paths):,} validation images of "
        f"{shape[0]} x {shape[1]} {color}; {len(bad):,} files could not be used"
    )
    tell_bad(bad, say)
    return parts


def tell_bad(bad: Sequence[BadFile], say: Callable[..., None]) -> None:
    """Name the first files that could not be used."""
    for name, reason in bad[:NAMED]:
        say(f"  not used: {printable(name)}: {reason}")
    if len(bad) > NAMED:
        say(f"  ... and {len(bad) - NAMED:,} more, all in bad_files.csv of the run's folder")
