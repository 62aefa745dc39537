"""The sizes that a progressive training passes through, and for how long: arithmetic alone, without TensorFlow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from ..errors import UsageError
from ..model.geometry import Level, levels
from ..settings import Settings, Training
from ..settings.restoration import RestoreSettings


class Step(NamedTuple):
    """The outermost level that learns, from 0 for the whole network, and for how many epochs."""

    level: int
    epochs: int


def check_growth(settings: Settings | RestoreSettings) -> None:
    """Refuse sizes of `--progressive` that are not those of the network's levels.

    Raises
    ------
    UsageError
        As `growth`.
    """
    if settings.training.progressive:
        growth(settings.training, levels(settings.architecture, settings.image_shape))


def growth(training: Training, found: Sequence[Level]) -> list[Step]:
    """Return the steps of a training from the smallest size on; the last one is of the whole network.

    A size is the longer side of what a level is given, in pixels or as a share of the image's, rounded up as levels do.
    Of several levels that are given one size the outermost is taken.

    Parameters
    ----------
    training : Training
        Gives `progressive` and the epochs of each size.
    found : sequence of Level

    Raises
    ------
    UsageError
        If a size is no level's, or the last one is not the full one.
    """
    sides = [max(level.size_in) for level in found]
    sizes = training.progressive or (1,)
    # Rounded first: .1 of 30 is a hair above 3 in floating point.
    wanted = [int(size) if sizes[-1] > 1 else math.ceil(round(size * sides[0], 6)) for size in sizes]
    if wanted[-1] != sides[0]:
        raise UsageError(
            f"--progressive: the last size is {wanted[-1]} pixels and must be the full one, {sides[0]} on the longer "
            "side"
        )
    for size in wanted:
        if size not in sides:
            fault = "is below the last level of the network" if size < sides[-1] else "is the size of no level"
            raise UsageError(f"--progressive: {size} pixels on the longer side {fault}; choose from {_choice(sides)}")
    for smaller, larger in pairwise(wanted):
        if smaller == larger:
            raise UsageError(
                f"--progressive: two of its sizes are {larger} pixels on the longer side; choose from {_choice(sides)}"
            )
    return [Step(sides.index(size), epochs) for size, epochs in zip(wanted, training.epochs_by_size, strict=True)]


def _choice(sides: Sequence[int]) -> str:
    return ", ".join(str(side) for side in sorted(set(sides)))
