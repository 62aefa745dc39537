"""What `sort` chooses where nothing says how to train: from what the images are, and a budget of work."""

from __future__ import annotations

import logging
from functools import partial

from ..errors import DataError, UsageError
from ..settings import Architecture, Settings, Training
from ..settings.budget import FEWEST, VALID_SPLIT, Budget, chosen_flags, chosen_shape
from ..settings.clustering import Clusters
from ..settings.fields import parse
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
    return asked, partial(_chosen, spent)


def _chosen(budget: str, settings: Settings, listings: ScannedImages, shape_given: bool) -> Settings:
    """Choose network, training and the size of the images."""
    count = len(listings.train.paths)
    if len(listings.whole.paths) < FEWEST:
        raise DataError(
            f"{listings.source.root}: holds {len(listings.whole.paths)} usable images, and what to learn of them is "
            f"chosen for {FEWEST} at least; add images, or say all yourself: --budget=none"
        )
    shape = settings.image_shape if shape_given else chosen_shape(settings.image_shape)
    own = settings.architecture
    flags = chosen_flags(budget, count, shape, taught=own.encoder_from is not None)
    architecture, training = parse(flags, (Architecture, Training))
    teacher = ("encoder_from", "encoder_use", "encoder_weights", "preprocess")
    architecture = architecture.model_copy(update={name: getattr(own, name) for name in teacher})
    training = training.model_copy(
        update={name: getattr(settings.training, name) for name in settings.training.model_fields_set}
    )
    log.info(
        f"budget {budget}: images are seen at {shape[0]} x {shape[1]}, for {training.train_epochs:,} epochs in batches "
        f"of {training.batch_size}; settings.yml of the run holds all that was chosen"
    )
    data = settings.data.model_copy(update={"image_shape": shape})
    return settings.model_copy(update={"data": data, "architecture": architecture, "training": training})


def with_method(clusters: Clusters, settings: Settings, count: int) -> Clusters:
    """Return how the images are clustered: where no method is given, by what suits features of several kinds."""
    if not settings.architecture.local_features or "method" in clusters.model_fields_set or count < FEWEST_PROJECTED:
        return clusters
    return clusters.model_copy(update={"method": "umap_gmm"})
