"""The network whose features a loss compares: found, and checked against the images, without starting TensorFlow."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from ..errors import UsageError
from ..settings import Training, vgg16
from ..settings.training import check_layers
from ..storage.lookup import locate


def with_features(training: Training, image_shape: tuple[int, int]) -> Training:
    """Return how the network learns, with the place of the feature loss's network, if there is such a loss.

    Raises
    ------
    UsageError
        If there is no such run, the network has no such layers, or they are too deep for the images.
    ModelFileError
        If there is no such file.
    """
    if training.loss != "feature":
        return training
    names = list(vgg16.CONVOLUTIONS)
    if training.feature_weights != "imagenet":
        file = locate(training.feature_weights)[1].absolute()
        names = _layer_names(file) or list(training.feature_layers)  # what cannot be read is said when it is opened
        try:
            check_layers(training.feature_layers, names, file.name)
        except ValueError as error:
            raise UsageError(str(error)) from error
        training = training.model_copy(update={"feature_weights": str(file)})
    if set(training.feature_layers) <= set(vgg16.CONVOLUTIONS) <= set(names):
        _check_depth(training.feature_layers, image_shape)
    return training


def _check_depth(layers: tuple[str, ...], image_shape: tuple[int, int]) -> None:
    """Refuse layers of VGG16 that would see less than a pixel: each block ends in halving the sides."""
    fitting = [name for name, each in vgg16.CONVOLUTIONS.items() if min(image_shape) >> each.poolings]
    for name in layers:
        if name not in fitting:
            raise UsageError(
                f"--feature_layers: {name} needs sides of {2 ** vgg16.CONVOLUTIONS[name].poolings} pixels, and these "
                f"images have {image_shape[0]} x {image_shape[1]}; the deepest that fits is {fitting[-1]}"
            )


def _layer_names(file: Path) -> list[str]:
    """Return the names of the layers in a `.keras` file; none where it is no such file, or damaged."""
    try:
        with zipfile.ZipFile(file) as archive:
            layers = json.loads(archive.read("config.json"))["config"]["layers"]
        return [str(layer["config"]["name"]) for layer in layers]
    except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError):
        return []
