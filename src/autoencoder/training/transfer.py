"""Transfer learning: what is new learns first, then all, the slower the nearer a layer is to the image."""

from __future__ import annotations

from typing import Any

import keras

from ..model.apply import every_layer
from ..model.backbone import map_shape, mirrored
from ..model.build import Models, joined
from ..settings import Architecture, Training
from .fit import Stage
from .pixels import Pixels

#: Of all epochs so many at most, one of three, are for what is new; and that many without a better val_loss end it.
SHARE, PATIENCE = 3, 2


class Resting(keras.Model):
    """Calls a network as in inference, even while others learn: no dropout, and no new averages. It is not saved."""

    def __init__(self, network: keras.Model) -> None:
        super().__init__(name="resting")
        self.network = network

    def call(self, images: Any, mask: Any = None) -> Any:
        """Return what the network makes of images."""
        return self.network(images, training=False)


def transfer_stages(
    models: Models, backbone: keras.Model, train: Pixels, valid: Pixels, settings: tuple[Architecture, Training]
) -> list[Stage]:
    """Return the two stages: all but the backbone to a plateau, then everything at discriminative rates.

    With `encoder_use=frozen` there is the first stage alone, over all epochs.

    Parameters
    ----------
    models : Models
        With `backbone` in their encoder.
    backbone : keras.Model
    train, valid : Pixels
    settings : Architecture and Training

    References
    ----------
    Howard & Ruder 2018, arXiv:1801.06146, section 3.2 (rates) and 3.3 (the last layers first).
    """
    architecture, training = settings
    alone = architecture.encoder_use == "frozen"
    first = Stage(
        with_resting(models, backbone),
        train,
        valid,
        training.train_epochs if alone else max(1, training.train_epochs // SHARE),
        training.patience if alone else PATIENCE,
        frozen=(backbone,),
        name="" if alone else "decoder",
        start_counts=architecture.linear_path is not None,
    )
    if first.until == training.train_epochs:
        return [first]
    rates = rate_shares(backbone, architecture, training.rate_decay)
    # A resting network computes as in inference, so that the losses of both stages can be compared.
    rest = Stage(
        models, train, valid, training.train_epochs, training.patience, name="all", start_counts=True, shares=rates
    )
    return [first, rest]


def with_resting(models: Models, backbone: keras.Model) -> Models:
    """Return models of the same layers, in which the backbone computes as in inference."""
    resting = Resting(backbone)
    # "Cloned" are only the connections: every layer but the backbone is passed on as it is.
    encoder = keras.models.clone_model(
        models.encoder, clone_function=lambda layer: resting if layer is backbone else layer
    )
    return joined(encoder, models.decoder)


def rate_shares(backbone: keras.Model, architecture: Architecture, decay: float) -> dict[int, float]:
    """Return the share of the rate at which each weight of the backbone learns, by the id of its variable.

    Each resolution of the feature maps is a group. The one that is `i` groups before the decoder learns at the
    decoder's rate divided by decay to the power of `i`.
    """
    levels = mirrored(backbone, architecture)
    shares, number = {}, 0
    for layer in every_layer(backbone):
        shape = map_shape(layer)
        # One level after the other: what squeezes a map to a single pixel on the way is not the last level yet.
        if shape is not None and number + 1 < len(levels):
            following = levels[number + 1]
            if max(following.size_out) <= max(shape[1:3]) <= max(levels[number].size_out) * 2 / 3:
                number += 1
        share = decay ** -(len(levels) - number)
        shares.update({id(variable): share for variable in layer.variables})
    return shares
