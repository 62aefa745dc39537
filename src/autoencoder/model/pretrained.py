"""Keras' applications as networks from images in [0, 1] to feature maps, with the weights that are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
from keras import layers, ops

from ..errors import ModelFileError
from ..settings.backbones import backbone
from ..settings.imagenet import weights_file
from .claims import check_claims
from .origin import PREPROCESSED
from .preprocessing import PREPROCESSING
from .saved import load


def open_application(name: str, weights: str, image_shape: tuple[int, int], channels: int) -> keras.Model:
    """Open a Keras application without its top, as a network from images to feature maps.

    Parameters
    ----------
    name : str
        A name of `settings.backbones.BACKBONES`, such as MobileNetV2.
    weights : str
        `imagenet`, from Keras' cache; a file of the application's weights, with or without its top (.keras, .h5 or
        .weights.h5); or `none`: random by Keras' seed.
    image_shape : (int, int)
        Height and width in pixels.
    channels : int
        1 or 3. Grey images are given to all three channels of the network.

    Returns
    -------
    keras.Model
        Takes float32 images of shape (n, height, width, channels) in [0, 1], gives float32 (n, h, w, width). Its layers
        lie flat in it, under Keras' names.

    Raises
    ------
    UsageError
        If there is no such application, or the image is smaller than its least side.
    ModelFileError
        If the weights are not there, or do not fit.
    """
    found = backbone(name, image_shape)
    # Before the network is built, which takes seconds.
    file = weights_file(name, weights)
    inputs = x = keras.Input((*image_shape, channels), name="image")
    if channels == 1:
        x = layers.Concatenate(name="rgb")([x, x, x])
    x = preprocessed(x, found.preprocessing)
    network = getattr(keras.applications, name)(include_top=False, weights=None, input_tensor=x)
    model = keras.Model(inputs, network.output, name=name.lower())
    if file is not None:
        load_weights(model, file, name)
    return model


def preprocessed(x: Any, kind: str) -> Any:
    """Return pixels in [0, 1] as a network wants them, by a name of `PREPROCESSING`."""
    pixel = PREPROCESSING[kind]
    if pixel.reversed:
        x = ops.flip(x, axis=-1)
    return layers.Rescaling(pixel.factor, offset=pixel.added, name=PREPROCESSED)(x)


def load_weights(model: keras.Model, path: Path, name: str) -> None:
    """Give a network the weights of a file, of which only the first ones are taken where it has a top.

    Raises
    ------
    ModelFileError
        If the file cannot be read, or its weights do not fit; both shapes are named.
    """
    try:
        check_claims(path)
        arrays = load(path).get_weights() if path.suffix == ".keras" else _arrays(path)
        if arrays is None:
            model.load_weights(path)
            return
    except (OSError, KeyError, ValueError, TypeError) as error:
        said = " ".join(str(error).split())[:300]
        raise ModelFileError(f"{path}: is damaged, or holds no weights of {name} ({said})") from error
    wanted = model.weights
    for number, (variable, array) in enumerate(zip(wanted, arrays, strict=False), 1):
        if tuple(variable.shape) != array.shape:
            raise ModelFileError(
                f"{path}: does not fit {name}: its weights number {number} are of shape {array.shape}, and "
                f"{variable.path} takes {tuple(variable.shape)}"
            )
    if len(arrays) < len(wanted):
        raise ModelFileError(f"{path}: holds {len(arrays)} arrays of weights, and {name} takes {len(wanted)}")
    model.set_weights(arrays[: len(wanted)])


def _arrays(path: Path) -> list[np.ndarray] | None:
    """Return the arrays of an .h5 file in the order of its layers; None of a .weights.h5, which keeps no order."""
    with h5py.File(path, "r") as file:
        root = file.get("model_weights", file)
        if not _has_names(root, "layer_names"):
            return None
        groups = [root[layer] for layer in _names(root, "layer_names")]
        return [np.asarray(group[each]) for group in groups for each in _names(group, "weight_names")]


def _has_names(group: Any, what: str) -> bool:
    return any(key.startswith(what) for key in group.attrs)


def _names(group: Any, what: str) -> Iterator[str]:
    """Yield the names in an attribute, which is cut into numbered parts where it is long."""
    parts = [what] if what in group.attrs else [f"{what}{number}" for number in range(len(group.attrs))]
    for part in parts:
        for name in group.attrs.get(part, ()):
            yield name.decode() if isinstance(name, bytes) else str(name)
