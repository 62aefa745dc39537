"""A classifier: an encoder, and a dense head on its embedding."""

from __future__ import annotations

from typing import NamedTuple

import keras
from keras import layers


class Network(NamedTuple):
    """A classifier in two forms that share their weights: `head` holds its encoder in inference mode, and frozen."""

    encoder: keras.Model
    head: keras.Model
    classifier: keras.Model


def classifier(encoder: keras.Model, units: int, classes: int, drop_rate: float = 0.0) -> Network:
    """Put a dense layer of `units` and a softmax over `classes` on an encoder, behind a Flatten where it is needed.

    Parameters
    ----------
    encoder : keras.Model
        From float32 images (n, height, width, channels) in [0, 1] to embeddings of any shape.
    units, classes : int
    drop_rate : float in [0, 1)
        Dropout before and after the dense layer.

    Returns
    -------
    Network
        Whose classifier gives float32 probabilities of shape (n, classes).
    """
    behind = _head(units, classes, drop_rate)
    inputs = keras.Input(encoder.input.shape[1:], name="image")
    # Frozen weights alone would not do: dropout, and the averages of batch normalization, go on in training mode.
    head, whole = encoder(inputs, training=False), encoder(inputs)
    for layer in behind:
        head, whole = layer(head), layer(whole)
    return Network(encoder, keras.Model(inputs, head, name="head"), keras.Model(inputs, whole, name="classifier"))


def _head(units: int, classes: int, drop_rate: float) -> list[layers.Layer]:
    drop = [layers.Dropout(drop_rate, name=f"dropout_{number}") for number in range(2) if drop_rate]
    return [
        layers.Flatten(name="flatten"),
        *drop[:1],
        layers.Dense(units, "relu", name="dense"),
        *drop[1:],
        layers.Dense(classes, "softmax", dtype="float32", name="classes"),
    ]


def fresh(encoder: keras.Model) -> keras.Model:
    """Return an encoder of the same layers whose weights are drawn anew."""
    return keras.models.clone_model(encoder)
