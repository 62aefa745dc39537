"""Transfer learning: what is new learns first, then all, the slower the nearer a layer is to the image."""

from __future__ import annotations

from typing import Any

import keras

from ..model.apply import every_layer
from ..model.backbone import map_shape, mirrored
from ..model.build import Models
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

    def call(self, images: Any) -> Any:
        """Return what the network makes of images."""
        return self.network(images, training=False)


def transfer_stages(
    models: Models, backbone: keras.Model, train: Pixels, valid: Pixels, settings: tuple[Architecture, Training]
) -> list[Stage]:
    """Return the two stages: all but the backbone to a plateau, then everything at discriminative rates.

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
    first = max(1, training.train_epochs // SHARE)
    stages = [Stage(with_resting(models, backbone), train, valid, first, PATIENCE, (backbone,), "decoder")]
    if first < training.train_epochs:
        rates = rate_shares(backbone, architecture, training.rate_decay)
        stages.append(Stage(models, train, valid, training.train_epochs, training.patience, name="all", shares=rates))
    return stages


def with_resting(models: Models, backbone: keras.Model) -> Models:
    """Return models of the same layers, in which the backbone computes as in inference."""
    inputs = keras.Input(models.encoder.input.shape[1:], name="image")
    x = Resting(backbone)(inputs)
    # What follows is the MLP, one layer after the other.
    for layer in models.encoder.layers[models.encoder.layers.index(backbone) + 1 :]:
        x = layer(x)
    encoder = keras.Model(inputs, x, name="encoder")
    return Models(encoder, models.decoder, keras.Model(inputs, models.decoder(x), name="autoencoder"))


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
