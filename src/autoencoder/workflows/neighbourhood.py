"""The vectors among which contrast seeks an image's neighbours, where these are not its pixels."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..data.fitting import fit
from ..data.listing import Listing
from ..data.vectors_table import NamedVectors, read_vectors
from ..errors import DataError
from ..settings import Architecture, Settings, Training
from ..settings.pretrained import Pretrained
from ..settings.training import OWN_NEIGHBOURS
from ..storage.run import CACHE
from .pretrained import find_encoder, open_located

if TYPE_CHECKING:
    from ..model.encoder import Encoder
    from ..training.contrast import Seen

log = logging.getLogger("autoencoder")


def with_neighbours(training: Training) -> Training:
    """Return how the network learns, with the table of `neighbours_from` named as it is from everywhere."""
    if training.neighbours_from in OWN_NEIGHBOURS:
        return training
    return training.model_copy(update={"neighbours_from": str(Path(training.neighbours_from).absolute())})


def read_neighbours(training: Training, listing: Listing) -> NamedVectors | None:
    """Read the table of `neighbours_from`; None where neighbours are sought in the images themselves.

    Raises
    ------
    UsageError, DataError
        If it is no table of embeddings, or lacks some of the images.
    """
    if not training.contrast or training.neighbours_from in OWN_NEIGHBOURS:
        return None
    found = read_vectors(Path(training.neighbours_from))
    missing = found.missing(listing.paths)
    if missing:
        raise DataError(
            f"--neighbours_from={training.neighbours_from}: lacks {len(missing):,} of the {len(listing.paths):,} "
            f"training images, {missing[0]} is the first; encode the same folder again: flexae encode RUN "
            f"--images={listing.root}"
        )
    return found


def neighbourhood(
    settings: Settings, listing: Listing, paths: tuple[str, ...], table: NamedVectors | None
) -> Seen | None:
    """Return what turns the training images into the vectors among which neighbours are sought.

    Parameters
    ----------
    settings : Settings
    listing : Listing
        The training images.
    paths : tuple of str
        Those that could be decoded.
    table : NamedVectors or None
        The table of `neighbours_from`.

    Returns
    -------
    function or None
        A table's vectors, or those of the teacher; None where the images themselves tell.
    """
    if settings.architecture.encoder_use == "teacher":
        table = taught(settings.architecture, listing, settings.data.max_bad)
    if table is None:
        return None
    vectors = table.of(paths)
    return lambda _: vectors


def taught(architecture: Architecture, listing: Listing, max_bad: float) -> NamedVectors:
    """Return what the network of `encoder_from` makes of images, which it sees at its own size.

    Raises
    ------
    UserError
        If it cannot be opened, or the images cannot be decoded.
    """
    from ..data.load import load
    from .embeddings import encode

    told = Pretrained(encoder_weights=architecture.encoder_weights, preprocess=architecture.preprocess)
    opened = open_located(find_encoder(str(architecture.encoder_from), told)).encoder
    sides = " x ".join(map(str, opened.image_shape))
    log.info(f"neighbours are those that {architecture.encoder_from} sees at {sides} pixels")
    images = load(listing, opened.image_shape, opened.color, max_bad=max_bad, cache_dir=CACHE)
    return NamedVectors(images.paths, encode(opened, _fitted(images.pixels, opened)))


def _fitted(pixels: np.ndarray, encoder: Encoder) -> np.ndarray:
    """Return images that came as an array in the shape and colour that an encoder takes; of files they have it."""
    if tuple(pixels.shape[1:]) == (*encoder.image_shape, encoder.channels):
        return pixels
    # As decoded images are given: those of one channel have none.
    plain = (image[..., 0] if image.shape[-1] == 1 else image for image in pixels)
    return np.stack([fit(image, encoder.image_shape, encoder.color) for image in plain])
