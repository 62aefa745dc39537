"""Networks from elsewhere in ONNX, made to take images as this program has them; without TensorFlow."""

from __future__ import annotations

import logging
import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import ModelFileError
from .origin import PRODUCER, Taken
from .preprocessing import PREPROCESSING, averaged_note

log = logging.getLogger("autoencoder")

#: Names in the graph around the network's own, which are its own business.
_IMAGE, _PREFIX = "image", "flexae_"


class Layout(NamedTuple):
    """What a network takes: its input's name, the images, and whether their channels come first."""

    name: str
    taken: Taken
    channels_first: bool


def read_onnx(path: Path) -> Any:
    """Read a model.

    Raises
    ------
    ModelFileError
        If the library is not installed, or the file is damaged.
    """
    try:
        import onnx
    except ImportError as error:
        raise ModelFileError(
            f"{path}: reading ONNX needs onnx and OpenVINO; install them with: pip install 'flexible-autoencoder[fast]'"
        ) from error
    if not path.is_file():
        raise ModelFileError(f"no such model file: {path}")
    try:
        model = onnx.load(path)
        if not model.graph.input or not model.graph.output:
            raise ValueError("it has no input or no output")
        return model
    except Exception as error:
        said = " ".join(str(error).split())[:200]
        raise ModelFileError(f"{path}: the file is damaged or no ONNX model ({said})") from error


def layout(model: Any, path: Path) -> Layout:
    """Return what a network takes.

    Raises
    ------
    ModelFileError
        If that is not one image of 1 or 3 channels.
    """
    weights = {each.name for each in model.graph.initializer}  # old files name them among the inputs
    inputs = [each for each in model.graph.input if each.name not in weights]
    shapes = [_sides(each) for each in inputs]
    if len(shapes) == 1 and len(shapes[0]) == 4:
        _, *sides = shapes[0]
        if sides[0] in (1, 3) and sides[2] not in (1, 3):
            return Layout(inputs[0].name, Taken(sides[1], sides[2], sides[0]), True)
        if sides[2] in (1, 3) and sides[0] not in (1, 3):
            return Layout(inputs[0].name, Taken(sides[0], sides[1], sides[2]), False)
    raise ModelFileError(
        f"{path}: an encoder takes images of 1 or 3 channels, which come first or last; this network takes {shapes}"
    )


def _sides(value: Any) -> list[int | None]:
    return [side.dim_value or None for side in value.type.tensor_type.shape.dim]


def as_encoder(path: Path, preprocess: str, image_shape: tuple[int, int]) -> Any:
    """Return the network in a file with what brings images to it before it, and the mean over places behind it.

    Parameters
    ----------
    path : Path
    preprocess : str
        A name of `preprocessing.PREPROCESSING`.
    image_shape : (int, int)
        Height and width in pixels, those of the network where it has such.

    Returns
    -------
    onnx.ModelProto
        Takes float32 images of shape (n, height, width, channels) in [0, 1], as `export` writes it, n being the
        network's own number where it has one; gives float32 (n, width).

    Raises
    ------
    ModelFileError
        If the network takes no images, gives neither vectors nor feature maps, or holds unknown layers.
    """
    from onnx import TensorProto, helper, shape_inference

    model = read_onnx(path)
    found, graph = layout(model, path), model.graph
    (own,) = (each for each in graph.input if each.name == found.name)
    count = _sides(own)[0] or "n"
    shape = [count, *image_shape, found.taken.channels]
    if own.type.tensor_type.elem_type != TensorProto.FLOAT:
        raise ModelFileError(f"{path}: takes other numbers than float32; export it with float32 images")
    before = _before(found, preprocess)
    nodes = list(graph.node)
    del graph.node[:], graph.value_info[:]
    graph.input.remove(own)
    graph.input.append(helper.make_tensor_value_info(_IMAGE, TensorProto.FLOAT, shape))
    graph.node.extend([*before, *nodes])
    _add_mean(model, found, path)
    graph.initializer.extend(_constants(preprocess))
    model.producer_name = PRODUCER
    try:
        return shape_inference.infer_shapes(model)
    except Exception as error:  # the library's own kinds, of layers that it does not know
        said = " ".join(str(error).split())[:200]
        raise ModelFileError(f"{path}: holds layers that are not known here ({said}); export it again") from error


def _add_mean(model: Any, found: Layout, path: Path) -> None:
    """Put the mean over places behind a network that gives feature maps, and bring it to one length."""
    from onnx import TensorProto, helper

    graph = model.graph
    given = graph.output[0]
    shape = _sides(given)
    if len(shape) not in (2, 3, 4):
        raise ModelFileError(f"{path}: gives neither vectors nor feature maps: numbers of shape {shape}")
    del graph.output[:]
    if len(shape) == 2:
        graph.output.append(given)
        return
    maps = len(shape) == 4
    width = shape[1] if maps and found.channels_first else shape[-1]
    if width is None:
        raise ModelFileError(f"{path}: does not say how many numbers it gives: {shape}; export it with a fixed number")
    axes = [1] if not maps else [2, 3] if found.channels_first else [1, 2]
    mean, unit, last = (f"{_PREFIX}{name}" for name in ("mean", "unit", "embedding"))
    opset = next((each.version for each in model.opset_import if each.domain in ("", "ai.onnx")), 1)
    if opset >= 18:  # since then axes are an input
        graph.initializer.append(_array("axes", np.array(axes, np.int64)))
        graph.node.append(helper.make_node("ReduceMean", [given.name, f"{_PREFIX}axes"], [mean], keepdims=0))
    else:
        graph.node.append(helper.make_node("ReduceMean", [given.name], [mean], axes=axes, keepdims=0))
    places = [side or "?" for axis, side in enumerate(shape) if axis in axes]
    log.info(averaged_note(path, width, " x ".join(map(str, places))))
    graph.initializer.append(_array("length", np.array(math.sqrt(width), np.float32)))
    graph.node.append(helper.make_node("LpNormalization", [mean], [unit], axis=-1, p=2))
    graph.node.append(helper.make_node("Mul", [unit, f"{_PREFIX}length"], [last]))
    graph.output.append(helper.make_tensor_value_info(last, TensorProto.FLOAT, [shape[0] or "n", width]))


def _before(found: Layout, preprocess: str) -> list[Any]:
    """Return the nodes that make of an image what the network takes; the last one gives its input's name."""
    from onnx import helper

    pixel, last = PREPROCESSING[preprocess], _IMAGE
    wanted: list[tuple[str, list[str], dict[str, Any]]] = []
    if pixel.reversed:
        wanted.append(("Gather", [f"{_PREFIX}order"], {"axis": 3}))
    wanted += [("Mul", [f"{_PREFIX}factor"], {}), ("Add", [f"{_PREFIX}added"], {})]
    if found.channels_first:
        wanted.append(("Transpose", [], {"perm": [0, 3, 1, 2]}))
    nodes = []
    for number, (kind, more, options) in enumerate(wanted, 1):
        name = found.name if number == len(wanted) else f"{_PREFIX}{number}"
        nodes.append(helper.make_node(kind, [last, *more], [name], **options))
        last = name
    return nodes


def _constants(preprocess: str) -> list[Any]:
    pixel = PREPROCESSING[preprocess]
    arrays = {"factor": pixel.factor, "added": pixel.added}
    return [
        *(_array(name, np.asarray(value, np.float32)) for name, value in arrays.items()),
        *([_array("order", np.array([2, 1, 0], np.int64))] if pixel.reversed else []),
    ]


def _array(name: str, values: np.ndarray) -> Any:
    from onnx import numpy_helper

    return numpy_helper.from_array(values, f"{_PREFIX}{name}")
