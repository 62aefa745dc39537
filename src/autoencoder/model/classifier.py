"""A classifier: an encoder, and a dense head on its embedding."""

from __future__ import annotations

from typing import Any, NamedTuple

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
        Dropout after the dense layer.

    Returns
    -------
    Network
        Whose classifier gives float32 probabilities of shape (n, classes).
    """
    behind = _head(units, classes, drop_rate)
    inputs = keras.Input(encoder.input.shape[1:], name="image")
    head, whole = _InInference(encoder)(inputs), encoder(inputs)
    for layer in behind:
        head, whole = layer(head), layer(whole)
    return Network(encoder, keras.Model(inputs, head, name="head"), keras.Model(inputs, whole, name="classifier"))


class _InInference(keras.layers.Layer):
    """A model in inference mode, whatever goes on around it: dropout is off, batch normalization keeps its averages.

    A functional model of Keras 3 hands its own mode on to its layers, over a `training=False` that they were given.
    """

    def __init__(self, model: keras.Model) -> None:
        super().__init__(name="in_inference")
        self._model = model

    def call(self, inputs: Any) -> Any:
        """Return what the model gives in inference."""
        return self._model(inputs, training=False)


def _head(units: int, classes: int, drop_rate: float) -> list[layers.Layer]:
    return [
        layers.Flatten(name="flatten"),
        layers.Dense(units, "relu", name="dense"),
        *([layers.Dropout(drop_rate, name="dropout")] if drop_rate else []),
        layers.Dense(classes, "softmax", dtype="float32", name="classes"),
    ]


def copied(model: keras.Model, image: Any = None) -> keras.Model:
    """Return a model of the same layers and weights, which can be trained apart; of another input if one is given."""
    # A model knows its only input as a tensor or as a list of one, and wants another in the same form.
    given = None if image is None else keras.tree.pack_sequence_as(model.input, [image])
    copy = keras.models.clone_model(model, input_tensors=given)
    copy.set_weights(model.get_weights())
    return copy


def fresh(encoder: keras.Model) -> keras.Model:
    """Return an encoder of the same layers whose weights are drawn anew."""
    return keras.models.clone_model(encoder)
