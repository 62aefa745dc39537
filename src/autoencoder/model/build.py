"""Build the autoencoder that the settings describe: inputs, CNN, MLP, embedding, MLP, CNN, outputs."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import keras
from keras import layers

from ..settings import Architecture
from .backbone import mirrored, open_backbone
from .blocks import (
    activated,
    activation,
    convolution_options,
    decoder_level,
    dense_options,
    dense_step,
    encoder_level,
    residual,
)
from .geometry import Level, levels
from .linear_path import add_linear_embedding, add_linear_image

#: What the names of the layers begin with that take in what goes around the embedding.
SKIP = "skip_"


class Models(NamedTuple):
    """An encoder, a decoder, and the autoencoder that runs one after the other. They share their weights.

    Images are float32 of shape (n, height, width, channels) in [0, 1], in and out, in exactly the same shape. With
    skips the encoder gives a list, the outputs of all its levels from the largest on and what the MLP makes of the
    last one, and the decoder takes it: there is no embedding.
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
    ModelFileError
        If a network is to be taken from elsewhere that cannot be.
    """
    if architecture.backbone is None:
        found = levels(architecture, image_shape)
        encoder = _encoder(architecture, found, channels)
    else:
        backbone = open_backbone(architecture, image_shape, channels)
        found, encoder = mirrored(backbone, architecture), _encoder_around(backbone, architecture)
    decoder = _decoder(architecture, found, channels, encoder.output)
    return joined(encoder, decoder)


def joined(encoder: keras.Model, decoder: keras.Model) -> Models:
    """Put a decoder behind its encoder."""
    inputs = keras.Input(encoder.input.shape[1:], name="image")
    return Models(encoder, decoder, keras.Model(inputs, decoder(encoder(inputs)), name="autoencoder"))


def _encoder(architecture: Architecture, found: tuple[Level, ...], channels: int) -> keras.Model:
    inputs = x = keras.Input((*found[0].size_in, channels), name="image")
    outputs = []
    for number, level in enumerate(found):
        x = encoder_level(x, level, number, architecture)
        outputs.append(x)
    x = _embedding(inputs, x, architecture)
    return keras.Model(inputs, [*outputs[:-1], x] if architecture.skips else x, name="encoder")


def _encoder_around(backbone: keras.Model, architecture: Architecture) -> keras.Model:
    inputs = keras.Input(backbone.input.shape[1:], name="image")
    return keras.Model(inputs, _embedding(inputs, backbone(inputs), architecture), name="encoder")


def _embedding(image: Any, x: Any, architecture: Architecture) -> Any:
    """Return the embedding of an image, of which the CNN makes `x`."""
    if architecture.global_pooling:
        x = layers.GlobalAveragePooling2D(name="global_pooling")(x)
    if architecture.mlp:
        x = _dense_encoder(x, architecture)
    if architecture.local_features:
        x = layers.UnitNormalization(dtype="float32", name="unit_length")(x)
        x = layers.Rescaling(math.sqrt(x.shape[-1]), dtype="float32", name="unit_numbers")(x)
    return add_linear_embedding(image, x, architecture) if architecture.linear_path else x


def _dense_encoder(x: Any, architecture: Architecture) -> Any:
    *hidden, width = architecture.dims
    x = layers.Flatten(name="flatten")(x)
    if architecture.drop_rate:
        x = layers.Dropout(architecture.drop_rate, name="flatten_dropout")(x)
    for number, units in enumerate(hidden):
        x = dense_step(x, units, f"dense_{number}", architecture, drop=True)
    x = layers.Dense(width, **dense_options(architecture), name="dense_embedding")(x)
    return activation(architecture.last_activation, "embedding")(x)


def _decoder(architecture: Architecture, found: tuple[Level, ...], channels: int, encoded: Any) -> keras.Model:
    *skips, x = inputs = _inputs(encoded if architecture.skips else [encoded])
    if len(x.shape) == 2:  # the MLP's, or the means of a global pooling
        x = _dense_decoder(x, architecture, (*found[-1].size_out, found[-1].filters))
    else:
        # Without an MLP a convolution takes the dense layers' place: what it reads has not been decoded at all yet.
        last = found[-1]
        x = layers.Conv2D(last.filters, last.kernel, **convolution_options(architecture), name="conv_embedding")(x)
        x = activated(x, architecture, "conv_embedding")
    for number in reversed(range(1, len(found))):
        x = decoder_level(x, found[number], found[number - 1].filters, number, architecture)
        x = activated(x, architecture, f"deconv_{number}")
        if architecture.residual:
            x = residual(x, architecture, f"deconv_{number}")
        if skips:
            # Ronneberger, Fischer & Brox 2015 (U-Net), arXiv:1505.04597, section 2.
            x = layers.Concatenate(name=f"{SKIP}{number - 1}")([skips[number - 1], x])
    x = decoder_level(x, found[0], channels, 0, architecture)
    x = image_of(x, architecture)
    if architecture.linear_path:
        x = add_linear_image(inputs[0], x, architecture)
    return keras.Model(inputs if skips else inputs[0], x, name="decoder")


def image_of(x: Any, architecture: Architecture) -> Any:
    """Apply the output's activation to what the last convolution gives."""
    # The image stays float32 where the hidden layers compute in less: a loss is a difference of near-equal numbers.
    x = layers.Activation("linear", dtype="float32", name="image_float32")(x)
    return activation(architecture.output_activation, "image")(x)


def _inputs(encoded: list[Any]) -> list[Any]:
    """Return a decoder's inputs: one for each skip, and the embedding's."""
    names = [*(f"level_{number}" for number in range(len(encoded) - 1)), "embedding"]
    return [keras.Input(part.shape[1:], name=name) for part, name in zip(encoded, names, strict=True)]


def _dense_decoder(x: Any, architecture: Architecture, shape: tuple[int, int, int]) -> Any:
    hidden = architecture.dims[:-1] if architecture.mlp else ()
    for number, units in reversed(list(enumerate(hidden))):
        x = dense_step(x, units, f"dense_{number}", architecture, drop=True)
    x = dense_step(x, math.prod(shape), "dense_unflatten", architecture, drop=False)
    return layers.Reshape(shape, name="unflatten")(x)
