"""Train on all devices of a machine."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

from ..errors import UsageError
from ..settings import Training
from ..settings.spread import Spread
from ..training.spread import copies, device_strategy, spreading

log = logging.getLogger("autoencoder")


@contextlib.contextmanager
def spread_over(asked: Spread, training: Training, validated: int) -> Iterator[None]:
    """Train on the devices that are asked for inside this block; `validated` images judge the epochs.

    Raises
    ------
    UsageError
        If a device would get no image.
    """
    with spreading(device_strategy() if asked.devices == "all" else None):
        if asked.devices == "all":
            log.info(f"devices: {copies()}, each with its share of a batch of {training.batch_size}")
        if min(training.batch_size, validated) < copies():
            raise UsageError(
                f"--devices=all: {copies()} devices, a batch of {training.batch_size} and {validated} images for "
                "validation: each needs an image of both; give more, or leave --devices out"
            )
        yield
