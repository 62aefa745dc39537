"""A training in stages, one after the other: each with its own network, images and layers that learn.

The networks of all stages share the weights that they have in common, so that what one learns the next one has.
To add a way to train in stages: a module that makes the stages, and its line in `stages_of`.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence

import keras

from ..errors import DivergedError
from ..model.backbone import backbone_of
from ..model.build import Models
from ..settings import Architecture, Training
from .fit import Fitted, Stage, fit_stage
from .linear_start import start_from_pca
from .pixels import Pixels
from .progressive import grown
from .state import Keeping
from .transfer import transfer_stages

log = logging.getLogger("autoencoder")


def stages_of(
    models: Models, train: Pixels, valid: Pixels, architecture: Architecture, training: Training
) -> list[Stage]:
    """Return the stages of a training, of most one alone; a linear path is given its PCA already here.

    Parameters
    ----------
    models : Models
        What the last stage leaves trained.
    train, valid : Pixels
        As for `fit`.
    architecture : Architecture
    training : Training
    """
    if training.progressive:
        return grown(models, train, valid, architecture, training)
    if architecture.linear_path:
        start_from_pca(models, train, training)
    # Random weights have nothing that slower rates would keep.
    if architecture.backbone is not None and architecture.encoder_weights != "none":
        return transfer_stages(models, backbone_of(models.encoder), train, valid, (architecture, training))
    start_counts = architecture.linear_path is not None
    return [Stage(models, train, valid, training.train_epochs, training.patience, start_counts=start_counts)]


def fit_stages(
    stages: Sequence[Stage],
    training: Training,
    callbacks: list[keras.callbacks.Callback],
    stopping: Callable[[], bool] = lambda: False,
    keeping: Keeping | None = None,
) -> Fitted:
    """Fit stage after stage; parameters, errors and what is kept are those of `fit`, `keeping` that of `fit_stage`."""
    begin = None if keeping is None else keeping.begin
    done = [] if begin is None else [Fitted.of_plain(each) for each in begin.record["done"]]
    grows = len({stage.train.shape[1:3] for stage in stages}) > 1
    for stage in stages[len(done) :]:
        if training.learning_rate == "find" and done and done[0].range_test is not None:
            # The first stage trains what is new or all that there is: the rate of its layers suits all of them.
            training = training.model_copy(update={"learning_rate": done[0].range_test.rate})
        over = sum(len(each.history["epoch"]) for each in done), done[-1].best_epoch if done else 0
        if stage.name:
            log.info(stage.name)
        with _frozen(stage.frozen):
            try:
                own = None if keeping is None else keeping.of_stage([each.to_plain() for each in done])
                fitted = fit_stage(stage, training, callbacks, stopping, *over, own)
            except DivergedError as error:
                last = _with_side(error.fitted, stage) if grows else error.fitted
                raise DivergedError(str(error), _joined([*done, last])) from error
        done.append(_with_side(fitted, stage) if grows else fitted)
        if done[-1].status != "done":
            break
    return _joined(done)


def _with_side(fitted: Fitted, stage: Stage) -> Fitted:
    """Add the longer side of a stage's images to the history."""
    sides = [float(max(stage.train.shape[1:3]))] * len(fitted.history["epoch"])
    return fitted._replace(history={**fitted.history, "image_side": sides})


@contextlib.contextmanager
def _frozen(layers: Sequence[keras.layers.Layer]) -> Iterator[None]:
    concerned = [layer for layer in layers if layer.trainable]
    for layer in concerned:
        layer.trainable = False
    try:
        yield
    finally:
        for layer in concerned:
            layer.trainable = True


def _joined(done: Sequence[Fitted]) -> Fitted:
    """Return what several stages gave as that of one training."""
    last, seconds = done[-1], sum(each.seconds for each in done)
    names = dict.fromkeys(name for each in done for name in each.history)
    history = {name: [value for each in done for value in each.history.get(name, [])] for name in names}
    images = sum(each.images_per_second * each.seconds for each in done)
    return Fitted(history, last.best_epoch, seconds, images / seconds, last.status, done[0].range_test)
