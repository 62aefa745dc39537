"""The network whose features a loss compares: found, and checked against the images, without starting TensorFlow."""

from __future__ import annotations

from ..errors import ModelFileError, UsageError
from ..model.layer_names import holds_vgg16, layer_names
from ..settings import Training, vgg16
from ..settings.imagenet import imagenet_file
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
    if training.feature_weights == "imagenet":
        _check_depth(training.feature_layers, image_shape)
        imagenet_file("VGG16", "--feature_weights")
        return training
    file = locate(training.feature_weights)[1].absolute()
    vgg = holds_vgg16(file)
    names = list(vgg16.CONVOLUTIONS) if vgg else layer_names(file)
    if not names:
        raise ModelFileError(f"--feature_weights: {file} is damaged, or no Keras model; name a .keras file or a run")
    try:
        check_layers(training.feature_layers, names, file.name)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if vgg:
        _check_depth(training.feature_layers, image_shape)
    return training.model_copy(update={"feature_weights": str(file)})


def _check_depth(layers: tuple[str, ...], image_shape: tuple[int, int]) -> None:
    """Refuse layers of VGG16 that would see less than a pixel: each block ends in halving the sides."""
    fitting = [name for name, each in vgg16.CONVOLUTIONS.items() if min(image_shape) >> each.poolings]
    for name in layers:
        if name not in fitting:
            raise UsageError(
                f"--feature_layers: {name} needs sides of {2 ** vgg16.CONVOLUTIONS[name].poolings} pixels, and these "
                f"images have {image_shape[0]} x {image_shape[1]}; the deepest that fits is {fitting[-1]}"
            )
