"""What `sort` chooses where nothing says how to train: from what the images are, and a budget of work."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from ..errors import DataError, UsageError
from ..settings import Architecture, Settings, Training
from ..settings.budget import FEWEST, VALID_SPLIT, Budget, chosen_flags, chosen_shape
from ..settings.clustering import Clusters
from ..settings.fields import Section, parse
from .images import Chosen, ScannedImages

log = logging.getLogger("autoencoder")

#: Projections of fewer images have no shape.
FEWEST_PROJECTED = 50


def with_budget(asked: Settings, budget: Budget) -> tuple[Settings, Chosen | None]:
    """Return the settings with what can be chosen before the images are known, and what chooses the rest by them.

    Raises
    ------
    UsageError
        If a budget and what it decides are both given.
    """
    try:
        spent = budget.spent(asked.architecture, asked.training)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if spent is None:
        return asked, None
    if asked.architecture.encoder_from is not None:
        taught = asked.architecture.model_copy(update={"encoder_use": "teacher"})
        asked = asked.model_copy(update={"architecture": taught})
    if "valid_split" not in asked.data.model_fields_set:
        asked = asked.model_copy(update={"data": asked.data.model_copy(update={"valid_split": VALID_SPLIT})})
    return asked, partial(_chosen, spent, asked.data.image_shape)


def _chosen(budget: str, given: tuple[int, int] | None, settings: Settings, listings: ScannedImages) -> Settings:
    """Choose network, training and the size of the images."""
    count = len(listings.train.paths)
    if len(listings.whole.paths) < FEWEST:
        raise DataError(
            f"{listings.source.root}: holds {len(listings.whole.paths)} usable images, and what to learn of them is "
            f"chosen for {FEWEST} at least; add images, or say all yourself: --budget=none"
        )
    shape = given or chosen_shape(settings.image_shape)
    flags = chosen_flags(budget, count, shape, taught=settings.architecture.encoder_from is not None)
    chosen = parse(flags, (Architecture, Training))
    architecture, training = map(_given_over, chosen, (settings.architecture, settings.training))
    log.info(
        f"budget {budget}: images are seen at {shape[0]} x {shape[1]}, for {training.train_epochs:,} epochs in batches "
        f"of {training.batch_size}; settings.yml of the run holds all that was chosen"
    )
    data = settings.data.model_copy(update={"image_shape": shape})
    return settings.model_copy(update={"data": data, "architecture": architecture, "training": training})


def _given_over(chosen: Section, asked: Section) -> Any:
    """Return a chosen section with the fields that were given, which a budget leaves open."""
    return chosen.model_copy(update={name: getattr(asked, name) for name in asked.model_fields_set})


def with_method(clusters: Clusters, settings: Settings, count: int) -> Clusters:
    """Return how the images are clustered: where no method is given, by what suits features of several kinds."""
    if not settings.architecture.local_features or "method" in clusters.model_fields_set or count < FEWEST_PROJECTED:
        return clusters
    return clusters.model_copy(update={"method": "umap_gmm"})
