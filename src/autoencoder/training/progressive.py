"""Train the inner part of a network on small images first, then grow it by levels at both ends.

Karras, Aila, Laine & Lehtinen 2017, arXiv:1710.10196, section 3. Unlike there no two sizes are blended: new levels
learn alone first.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from ..model.blocks import activated, convolution_options
from ..model.build import Models, image_of, joined
from ..model.geometry import Level, levels
from ..settings import Architecture, Training
from .fit import Stage
from .growth import growth
from .pixels import Pixels
from .shrink import Shrunk

#: The share of a size's epochs in which its new levels learn alone.
ALONE = 0.25


def grown(models: Models, train: Pixels, valid: Pixels, architecture: Architecture, training: Training) -> list[Stage]:
    """Return a stage for the smallest size, and two for each larger one: the new levels alone, then all.

    Parameters are those of `stages_of`.
    """
    found = levels(architecture, models.autoencoder.input.shape[1:3])
    stages: list[Stage] = []
    until, known = 0, set[int]()
    for step in growth(training, found):
        size = found[step.level].size_in
        part = inner(models, found, step.level, architecture)
        seen, judged = (Shrunk(each, size) if step.level else each for each in (train, valid))
        own = [layer for layer in part.autoencoder._flatten_layers() if not isinstance(layer, keras.Model)]
        old = [layer for layer in own if id(layer) in known]
        name = f"{size[0]} x {size[1]} pixels"
        if stages:
            alone = until + max(1, round(ALONE * step.epochs))
            stages.append(Stage(part, seen, judged, alone, training.patience, old, f"{name}, the new levels alone"))
        until += step.epochs
        stages.append(Stage(part, seen, judged, until, training.patience, (), name))
        known = {id(layer) for layer in own}
    return stages


def inner(models: Models, found: tuple[Level, ...], level: int, architecture: Architecture) -> Models:
    """Return the part of a network that begins and ends at a level, between two convolutions of its own.

    Parameters
    ----------
    models : Models
        Without skips. The part shares its layers, and so their weights.
    found : tuple of Level
        Of the whole network.
    level : int
        0 gives the models themselves.
    architecture : Architecture

    Returns
    -------
    Models
        For images of `found[level].size_in` (height, width), with the channels of the whole network's.
    """
    if level == 0:
        return models
    outer, channels = found[level - 1], models.autoencoder.input.shape[-1]
    options = convolution_options(architecture)
    image = keras.Input((*found[level].size_in, channels), name="image")
    x = layers.Conv2D(outer.filters, outer.kernel, **options, name=f"from_image_{level}")(image)
    x = activated(x, architecture, f"from_image_{level}")
    whole = models.encoder
    x = keras.Model(whole.get_layer(f"conv_{level}").input, whole.output, name=f"encoder_{level}")(x)
    encoder = keras.Model(image, x, name="encoder")
    embedding = keras.Input(models.decoder.input.shape[1:], name="embedding")
    x = keras.Model(models.decoder.input, _level_end(models.decoder, level), name=f"decoder_{level}")(embedding)
    x = layers.Conv2D(channels, outer.kernel, **options, name=f"to_image_{level}")(x)
    return joined(encoder, keras.Model(embedding, image_of(x, architecture), name="decoder"))


def _level_end(decoder: keras.Model, level: int) -> Any:
    """Return what a level of the decoder gives: what the first layer of the next one is given."""
    following = f"deconv_{level - 1}"
    named = (layer for layer in decoder.layers if f"{layer.name}_".startswith(f"{following}_"))
    return next(named).input
