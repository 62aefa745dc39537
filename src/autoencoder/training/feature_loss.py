"""The loss that a training asks for; that of features brings the network that makes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras

from ..errors import UsageError
from ..losses import LOSSES
from ..losses.feature import feature_distance
from ..model.classifier import copied
from ..model.layer_names import holds_vgg16
from ..model.pretrained import open_application
from ..model.saved import load
from ..settings import Training
from ..settings.backbones import least_side
from ..settings.training import check_layers

#: VGG16 is opened for images of this size, and copied for those that there are.
_SIDE = least_side("VGG16")

Loss = Callable[[Any, Any], Any]


def loss_of(training: Training, image_shape: tuple[int, int, int]) -> Loss:
    """Return a training's loss: a function of the true and the predicted images that gives one value an image.

    Parameters
    ----------
    training : Training
    image_shape : height, width, channels

    Raises
    ------
    UsageError
        If the network of `feature_weights` does not fit the images or has no such layers.
    ModelFileError
        If it cannot be read.
    """
    if training.loss != "feature":
        return LOSSES[training.loss]
    network, pixels = feature_network(training, image_shape), LOSSES["mse"]

    def features(images: Any) -> list[Any]:
        # Of one layer Keras gives no list.
        return keras.tree.flatten(network(images, training=False))

    def feature(true: Any, predicted: Any) -> Any:
        distance = feature_distance(features(true), features(predicted))
        return distance + training.pixel_weight * pixels(true, predicted)

    return feature


def feature_network(training: Training, image_shape: tuple[int, int, int]) -> keras.Model:
    """Return a frozen network from images in [0, 1] to what the asked layers give.

    It ends with the deepest of them. Parameters and errors are those of `loss_of`.
    """
    whole, name = _opened(training.feature_weights), Path(training.feature_weights).name
    try:
        check_layers(training.feature_layers, [layer.name for layer in whole.layers], name)
    except ValueError as error:
        raise UsageError(str(error)) from error
    cut = keras.Model(whole.inputs, [whole.get_layer(layer).output for layer in training.feature_layers])
    images = keras.Input(image_shape)
    given = _colored(images, cut.inputs[0].shape[-1], name)
    network = keras.Model(images, _resized(cut, image_shape, name)(given))
    network.trainable = False
    return network


def _opened(weights: str) -> keras.Model:
    """Return the whole network that weights are named for, or that a file holds."""
    if weights == "imagenet" or holds_vgg16(Path(weights)):
        return open_application("VGG16", weights, (_SIDE, _SIDE), 3)
    return load(Path(weights))


def _resized(network: keras.Model, image_shape: tuple[int, int, int], name: str) -> keras.Model:
    """Return a copy of a network that takes images of another size."""
    images = keras.Input((*image_shape[:2], network.inputs[0].shape[-1]))
    try:
        return copied(network, images)
    except ValueError as error:
        own = " x ".join(map(str, network.inputs[0].shape[1:3]))
        raise UsageError(
            f"--feature_layers: those of {name}, which was made for images of {own} pixels, do not fit images of "
            f"{image_shape[0]} x {image_shape[1]}; give layers that come before"
        ) from error


def _colored(images: Any, channels: int, name: str) -> Any:
    """Bring images to the channels that a network takes: grayscale is the same in every colour."""
    if images.shape[-1] not in (1, channels):
        raise UsageError(
            f"--feature_weights: {name} takes images of {channels} channels, and these have {images.shape[-1]}; name "
            "another network, or give --color=grayscale"
        )
    return images if images.shape[-1] == channels else keras.ops.repeat(images, channels, axis=-1)
