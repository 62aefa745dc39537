"""The pairs of a restoring run: which there are, in which colour, and how they are split."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..data.listing import BadFile
from ..data.pairs import Matched, Pair, both_grayscale, load_pairs, match, smallest, split
from ..data.quality import asked_quality, refuse_quality
from ..data.splits import Splits
from ..data.tiles import Tiles
from ..errors import UsageError
from ..model.geometry import levels
from ..settings.restoration import Pairs, RestoreSettings
from ..storage.new_run import check_free
from ..training.growth import check_growth
from ..training.sizes import check_size
from .features import with_features
from .images import log_bad_files

log = logging.getLogger("autoencoder")


@dataclass(frozen=True, eq=False)
class PairSplits(Splits[list[Pair]]):
    """Decoded pairs, and the files that could not be used."""

    test: list[Pair]
    bad: tuple[BadFile, ...] = ()


def prepare_pairs(asked: RestoreSettings) -> tuple[RestoreSettings, Matched]:
    """Find the pairs, and check all that can be checked without TensorFlow.

    Raises
    ------
    UsageError
        If a tile does not fit into the smallest image, the architecture or the loss does not fit the tiles, or the
        run's folder is taken.
    DataError
        If there are too few pairs, or pairs whose images differ in size.
    """
    _check(asked)
    if asked.pairs.quality is not None:
        asked_quality(asked.pairs.quality)
    matched = match(asked.pairs.modified, asked.pairs.original, asked.pairs.max_bad)
    _check_tile(asked, *smallest(matched))
    color = asked.pairs.color or ("grayscale" if both_grayscale(matched) else "rgb")
    settings = _resolved(asked, asked.pairs.absolute(), color)
    check_growth(settings)
    check_size(settings)
    return settings, matched


def prepare_array(asked: RestoreSettings, pairs: list[Pair]) -> RestoreSettings:
    """Check what `prepare_pairs` does for pairs that came as arrays, all of one shape.

    Raises
    ------
    UsageError
        As `prepare_pairs`.
    """
    height, width, channels = pairs[0].modified.shape
    refuse_quality(asked.pairs.quality)
    _check(asked)
    _check_tile(asked, pairs[0].name, height, width)
    color = "grayscale" if channels == 1 else "rgb"
    settings = _resolved(asked, asked.pairs, color)
    check_growth(settings)
    check_size(settings)
    return settings


def _resolved(asked: RestoreSettings, pairs: Pairs, color: str) -> RestoreSettings:
    training = with_features(asked.training, asked.image_shape)
    return asked.model_copy(update={"pairs": pairs.model_copy(update={"color": color}), "training": training})


def _check(asked: RestoreSettings) -> None:
    check_free(asked.output)
    levels(asked.architecture, asked.image_shape)


def _check_tile(asked: RestoreSettings, name: str, height: int, width: int) -> None:
    if asked.codes.tile_side > min(height, width):
        raise UsageError(
            f"--tile_side={asked.codes.tile_side} is larger than the smallest image, {name} of {height} x {width} "
            "pixels; give at most its shorter side"
        )


def load_splits(settings: RestoreSettings, matched: Matched) -> PairSplits:
    """Decode the pairs and share them out, image by image, before any tile is cut.

    Raises
    ------
    DataError
        If too few can be decoded.
    """
    assert settings.pairs.color is not None
    return split_pairs(settings, *load_pairs(matched, settings.pairs.color, settings.pairs.quality))


def split_pairs(settings: RestoreSettings, pairs: list[Pair], bad: tuple[BadFile, ...] = ()) -> PairSplits:
    """Share decoded pairs out to training, validation and test, and say how many there are."""
    wanted = settings.pairs
    rows = split(len(pairs), wanted.test_split, wanted.valid_split, settings.training.seed)
    train, valid, test = ([pairs[row] for row in part] for part in rows)
    splits = PairSplits(train, valid, test, bad)
    log.info(
        f"{len(train):,} pairs for training, {len(valid):,} for validation and {len(test):,} for the test, "
        f"{wanted.color}; {len(bad):,} files could not be used"
    )
    log_bad_files(bad)
    return splits


def tiles(pairs: Sequence[Pair], settings: RestoreSettings) -> Tiles:
    """Return all tiles of some pairs, the modified image's channels first and the original's after them."""
    stacked = [np.dstack([pair.modified, pair.original]) for pair in pairs]
    return Tiles(stacked, settings.codes.tile_side, settings.codes.step_size)
