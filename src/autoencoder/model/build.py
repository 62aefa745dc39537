"""Build the autoencoder that the settings describe: inputs, CNN, MLP, embedding, MLP, CNN, outputs."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import keras
from keras import layers

from ..geometry import Level, levels
from ..settings import Architecture
from .blocks import activated, activation, convolution_options, decoder_level, dense_options, dense_step, encoder_level


class Models(NamedTuple):
    """An encoder, a decoder, and the autoencoder that runs one after the other. They share their weights.

    Images are float32 of shape (n, height, width, channels) in [0, 1], in and out, in exactly the same shape.
    """

    encoder: keras.Model
    decoder: keras.Model
    autoencoder: keras.Model


def build(architecture: Architecture, image_shape: tuple[int, int], channels: int) -> Models:
    """Build the models for images of `image_shape` (height, width in pixels) and `channels` (1 or 3).

    Raises
    ------
    UsageError
        If a level of the architecture would shrink such images away.
    """
    found = levels(architecture, image_shape)
    encoder = _encoder(architecture, found, channels)
    decoder = _decoder(architecture, found, channels, encoder.output.shape[1:])
    inputs = keras.Input((*image_shape, channels), name="image")
    return Models(encoder, decoder, keras.Model(inputs, decoder(encoder(inputs)), name="autoencoder"))


def _encoder(architecture: Architecture, found: tuple[Level, ...], channels: int) -> keras.Model:
    inputs = x = keras.Input((*found[0].size_in, channels), name="image")
    for number, level in enumerate(found):
        x = encoder_level(x, level, number, architecture)
    if architecture.mlp:
        x = _dense_encoder(x, architecture)
    return keras.Model(inputs, x, name="encoder")


def _dense_encoder(x: Any, architecture: Architecture) -> Any:
    *hidden, width = architecture.dims
    x = layers.Flatten(name="flatten")(x)
    if architecture.drop_rate:
        x = layers.Dropout(architecture.drop_rate, name="flatten_dropout")(x)
    for number, units in enumerate(hidden):
        x = dense_step(x, units, f"dense_{number}", architecture, drop=True)
    x = layers.Dense(width, **dense_options(architecture), name="dense_embedding")(x)
    return activation(architecture.last_activation, "embedding")(x)


def _decoder(
    architecture: Architecture, found: tuple[Level, ...], channels: int, embedding_shape: tuple[int, ...]
) -> keras.Model:
    inputs = x = keras.Input(embedding_shape, name="embedding")
    if architecture.mlp:
        x = _dense_decoder(x, architecture, (*found[-1].size_out, found[-1].filters))
    else:
        # Without an MLP a convolution takes the dense layers' place: what it reads has not been decoded at all yet.
        last = found[-1]
        x = layers.Conv2D(last.filters, last.kernel, **convolution_options(architecture), name="conv_embedding")(x)
        x = activated(x, architecture, "conv_embedding")
    for number in reversed(range(1, len(found))):
        x = decoder_level(x, found[number], found[number - 1].filters, number, architecture)
        x = activated(x, architecture, f"deconv_{number}")
    x = decoder_level(x, found[0], channels, 0, architecture)
    # The image stays float32 where the hidden layers compute in less: a loss is a difference of near-equal numbers.
    x = layers.Activation("linear", dtype="float32", name="image_float32")(x)
    return keras.Model(inputs, activation(architecture.output_activation, "image")(x), name="decoder")


def _dense_decoder(x: Any, architecture: Architecture, shape: tuple[int, int, int]) -> Any:
    for number, units in reversed(list(enumerate(architecture.dims[:-1]))):
        x = dense_step(x, units, f"dense_{number}", architecture, drop=True)
    x = dense_step(x, math.prod(shape), "dense_unflatten", architecture, drop=False)
    return layers.Reshape(shape, name="unflatten")(x)
