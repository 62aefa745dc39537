"""A trained network as an encoder or its CNN: opening it, and the levels that a decoder mirrors it by."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
from keras import layers

from ..errors import ModelFileError
from ..settings import Architecture
from ..settings.backbones import BACKBONES
from .apply import every_layer
from .classifier import copied, fresh
from .geometry import LAST_WIDTH, Level, Pair, at
from .preprocessing import PREPROCESSING
from .pretrained import open_application, preprocessed
from .saved import load

#: The name of the network as one layer of the encoder.
BACKBONE = "backbone"


def open_backbone(architecture: Architecture, image_shape: Pair, channels: int) -> keras.Model:
    """Open the network that `architecture.encoder_from` names: a Keras application, or a .keras or .h5 file.

    Parameters
    ----------
    architecture : Architecture
    image_shape : (int, int)
        Height and width in pixels. A file's network of another shape is given images that are resized to its own.
    channels : int
        1 or 3; grey images are given to all three channels of a network for colour.

    Returns
    -------
    keras.Model
        Takes float32 images of shape (n, height, width, channels) in [0, 1], gives feature maps or vectors.

    Raises
    ------
    UsageError
        If the images are too small for it.
    ModelFileError
        If the file or the weights cannot be used.
    """
    source = str(architecture.encoder_from)
    if source in BACKBONES:
        network = open_application(source, architecture.encoder_weights, image_shape, channels)
    else:
        network = load(Path(source))
        if architecture.encoder_weights == "none":
            network = fresh(network)
        network = _fitted(network, architecture, image_shape, channels)
    return keras.Model(network.input, network.output, name=BACKBONE)


def open_embedding(architecture: Architecture, image_shape: Pair, channels: int) -> keras.Model:
    """Open the network that `architecture.encoder_from` names as an encoder by itself.

    Parameters and errors are those of `open_backbone`.

    Returns
    -------
    keras.Model
        Takes float32 images of shape (n, height, width, channels) in [0, 1], gives float32 vectors of shape (n, width).
        Feature maps are averaged over their places, sequences over their parts: flattened they would be as many numbers
        as the image has, and tell where things are. These means are brought to one length, at which their numbers are 1
        in the root of the mean square: what an image shows is in their direction. Vectors stay as they are.
    """
    network = open_backbone(architecture, image_shape, channels)
    inputs = keras.Input(network.input.shape[1:], name="image")
    x = network(inputs)
    if len(x.shape) > 2:
        pooling = layers.GlobalAveragePooling2D if len(x.shape) == 4 else layers.GlobalAveragePooling1D
        x = layers.UnitNormalization(name="unit_length")(pooling(name="global_pooling")(x))
        x = layers.Rescaling(math.sqrt(x.shape[-1]), name="length")(x)
    return keras.Model(inputs, x, name="encoder")


def backbone_of(encoder: keras.Model) -> keras.Model | None:
    """Return the trained network in an encoder; None where it has a CNN of its own."""
    return next((layer for layer in encoder.layers if layer.name == BACKBONE), None)


def _fitted(network: keras.Model, architecture: Architecture, image_shape: Pair, channels: int) -> keras.Model:
    """Return a file's network for images of one shape: as it is, or with what brings them to its own before it."""
    source, wanted = str(architecture.encoder_from), architecture.preprocess or "unit"
    taken, plain = _taken(network, source), wanted == "unit"
    if taken == (*image_shape, channels) and plain:
        return network
    if taken[2] == 1 and PREPROCESSING[wanted].for_color:
        raise ModelFileError(f"{source}: takes grey images, and --preprocess={wanted} is for colour; name another")
    if channels > taken[2]:
        raise ModelFileError(f"{source}: takes grey images; give --color=grayscale")
    sides = taken[0] or image_shape[0], taken[1] or image_shape[1]
    inner = copied(network, keras.Input((*sides, taken[2]), name="image")) if None in taken else network
    if (*sides, taken[2]) == (*image_shape, channels) and plain:
        return inner
    inputs = x = keras.Input((*image_shape, channels), name="image")
    if channels < taken[2]:
        x = layers.Concatenate(name="rgb")([x, x, x])
    if sides != image_shape:
        x = layers.Resizing(*sides, name="resized")(x)
    x = x if plain else preprocessed(x, wanted)
    return keras.Model(inputs, inner(x))


def _taken(network: keras.Model, source: str) -> tuple[int, ...]:
    """Return the shape of the images that a file's network takes: height and width, which may be open, and channels."""
    shapes = [tuple(each.shape[1:]) for each in network.inputs]
    if len(shapes) != 1 or len(shapes[0]) != 3 or shapes[0][2] not in (1, 3) or len(network.outputs) != 1:
        raise ModelFileError(
            f"{source}: an encoder takes images of (height, width, 1 or 3 channels); this network takes {shapes}"
        )
    return shapes[0]


def mirrored(network: keras.Model, architecture: Architecture) -> tuple[Level, ...]:
    """Return the levels that a decoder mirrors a network by: one for each halving of its feature maps, about.

    A level is as wide as the last map of its size, up to 256.

    Raises
    ------
    ModelFileError
        If the network has no feature maps.
    """
    maps = list(_maps(network))
    if not maps:
        raise ModelFileError(f"{architecture.encoder_from}: has no feature maps, so that no decoder can mirror them")
    *_, (last, _) = maps
    widths = dict(maps)
    sizes = [_pair(network.input.shape)]
    for size in sorted(widths, reverse=True):
        # Padding takes some pixels away now and then; that is no level.
        if 3 * max(size) <= 2 * max(sizes[-1]) and max(size) >= max(last):
            sizes.append(size)
    if sizes[-1] != last or len(sizes) == 1:
        sizes[max(1, len(sizes) - 1) :] = [last]
    return tuple(
        _level(architecture, number, min(widths[size_out], LAST_WIDTH), size_in, size_out)
        for number, (size_in, size_out) in enumerate(itertools.pairwise(sizes))
    )


def _level(architecture: Architecture, number: int, width: int, size_in: Pair, size_out: Pair) -> Level:
    strides = -(-size_in[0] // size_out[0]), -(-size_in[1] // size_out[1])
    return Level(width, at(architecture.kernel_size, number), strides, "no", (1, 1), size_in, size_out)


def _maps(network: keras.Model) -> Iterator[tuple[Pair, int]]:
    """Yield height and width of what each layer gives, and how many channels it has, in the order of the layers."""
    for layer in every_layer(network):
        shape = map_shape(layer)
        if shape is not None and not isinstance(layer, layers.InputLayer):
            yield _pair(shape), int(shape[3])


def map_shape(layer: keras.layers.Layer) -> tuple[Any, ...] | None:
    """Return the shape (n, height, width, channels) of a layer's feature maps; None where it gives something else."""
    shape = getattr(layer.output, "shape", ())
    return tuple(shape) if len(shape) == 4 else None


def _pair(shape: tuple[Any, ...]) -> Pair:
    return int(shape[1]), int(shape[2])
