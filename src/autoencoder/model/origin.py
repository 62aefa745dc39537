"""Where a model's file comes from and what it takes, read without starting TensorFlow."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from ..errors import ModelFileError
from .layer_names import UNREADABLE, keras_config

#: What this program calls its models and their inputs, since its first version.
_NAMES, _INPUTS = {"encoder", "decoder", "autoencoder", "classifier"}, {"image", "embedding"}
#: The layer behind the input by which this program, and its scripts, bring pixels in [0, 1] to a network's own range.
PREPROCESSED = "preprocessed"
#: What writes the .onnx files of `export`; and what this program writes into those that it makes of other ones.
_EXPORTER, PRODUCER = "tf2onnx", "flexible-autoencoder"


class Taken(NamedTuple):
    """The images that a network takes: height and width, None where they are open, and channels."""

    height: int | None
    width: int | None
    channels: int


def made_here(file: Path) -> bool:
    """Whether this program made the model in a file: then it takes pixels in [0, 1].

    Of a file that cannot be read it is taken for granted, so that whoever opens it says what is wrong. So it is of
    .h5, in which the original program's encoders are, under names of many kinds.

    Raises
    ------
    ModelFileError
        If it is .onnx and the library that reads it is not installed.
    """
    if file.suffix == ".h5":
        return True
    if file.suffix == ".onnx":
        return _onnx_made_here(file)
    try:
        config = keras_config(file)
    except UNREADABLE:
        return True  # damaged: whoever opens it says so
    try:
        return config["name"] in _NAMES and config["layers"][0]["config"]["name"] in _INPUTS
    except UNREADABLE:
        return False


def brings_pixels(file: Path) -> bool:
    """Whether a network from elsewhere takes pixels in [0, 1] all the same: one of this program's scripts made it."""
    try:
        first, second, *_ = (layer["config"]["name"] for layer in keras_config(file)["layers"])
    except UNREADABLE:
        return False
    return bool(first in _INPUTS and second == PREPROCESSED)


def _onnx_made_here(file: Path) -> bool:
    from .onnx_graph import read_onnx

    model = read_onnx(file)
    named = [each.name for each in model.graph.input]
    return model.producer_name == PRODUCER or (model.producer_name == _EXPORTER and named == ["image"])


def taken_by(file: Path) -> Taken:
    """Return what images the network in a file takes.

    Raises
    ------
    ModelFileError
        If the file is damaged, or the network takes something else.
    """
    if file.suffix == ".onnx":
        from .onnx_graph import layout, read_onnx

        return layout(read_onnx(file), file).taken
    try:
        shapes = [_shape(layer["config"]) for layer in keras_config(file)["layers"]]
        shape = next(shape for shape in shapes if shape is not None)
    except (*UNREADABLE, StopIteration) as error:
        raise ModelFileError(
            f"{file}: the file is damaged or no Keras model; train it again or restore a copy"
        ) from error
    if len(shape) != 4:
        raise ModelFileError(f"{file}: an encoder takes images of (height, width, channels); this network does not")
    return Taken(*shape[1:])


def _shape(config: dict[str, object]) -> list[int] | None:
    found = config.get("batch_shape") or config.get("batch_input_shape")  # the second is Keras 2's
    return list(found) if isinstance(found, list | tuple) else None
