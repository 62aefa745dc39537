"""Any saved encoder as one function from images to embeddings: `.keras`, `.h5`, or `.onnx`."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..digests import check_digest
from ..errors import ModelFileError
from ..tensorflow_start import start_tensorflow
from .claims import check_graph

# Small batches stay in the processor's cache, and OpenVINO's calls cost little: 128 is a third faster than 1024.
_OPENVINO_BATCH = 128
#: What the layers of a network hold of one batch at most.
HELD_BYTES = 2**27


class Encoder(NamedTuple):
    """What an encoder takes, what it gives, and how to apply it.

    `apply` maps float32 images of shape (n, height, width, channels) in [0, 1] to float32 vectors of shape
    (n, width). An embedding that is a feature map is flattened. `batch` is how many images at once are fastest.
    """

    path: Path
    image_shape: tuple[int, int]
    channels: int
    width: int
    apply: Callable[[np.ndarray], np.ndarray]
    batch: int = 1024

    @property
    def color(self) -> str:
        """The colour that images are decoded to."""
        return "grayscale" if self.channels == 1 else "rgb"


def open_encoder(path: Path) -> Encoder:
    """Open the encoder in file `path`.

    Raises
    ------
    ModelFileError
        If it is missing, damaged, carries code, or does not take images and give vectors.
    """
    if path.suffix == ".onnx":
        return open_onnx(path)
    start_tensorflow()
    from .saved import load

    return encoder_of(load(path), path)


def encoder_of(model: Any, path: Path) -> Encoder:
    """Return the encoder that a Keras model is; `path` is what messages call it.

    Raises
    ------
    ModelFileError
        If it does not take images and give vectors.
    """
    from .apply import applied, fitting_batch

    opened = _checked(path, model.input.shape[1:], model.output.shape[1:], applied(model))
    return opened._replace(batch=fitting_batch(model, opened.batch))


def open_trainable(path: Path) -> Any:
    """Open the encoder in file `path` as a Keras model, so that it can be trained further.

    Raises
    ------
    ModelFileError
        As `open_encoder`, and if it is ONNX.
    """
    if path.suffix == ".onnx":
        raise ModelFileError(f"{path}: an ONNX model cannot be trained further; name a .keras file")
    from .saved import load

    model = load(path)
    _checked(path, model.input.shape[1:], model.output.shape[1:], lambda batch: batch)
    return model


def _checked(path: Path, taken: Any, given: Any, apply: Callable[[np.ndarray], np.ndarray]) -> Encoder:
    taken, given = tuple(taken), tuple(given)
    if len(taken) != 3 or None in taken or taken[2] not in (1, 3):
        raise ModelFileError(
            f"{path}: an encoder takes images of one shape (height, width, 1 or 3 channels); this model takes {taken}"
        )
    if not given or None in given:
        raise ModelFileError(f"{path}: an encoder gives numbers of one count an image; this model gives {given}")
    if given == taken:
        raise ModelFileError(f"{path}: gives images, not embeddings: it is an autoencoder; name the encoder's file")
    width = math.prod(given)
    return Encoder(path, taken[:2], taken[2], width, lambda batch: apply(batch).reshape(len(batch), width))


def open_onnx(path: Path, content: bytes | None = None) -> Encoder:
    """Open an exported encoder with OpenVINO, which needs neither TensorFlow nor its start.

    Parameters
    ----------
    path : Path
    content : bytes, optional
        What is opened, in place of what is in the file.

    Raises
    ------
    ModelFileError
        As `open_encoder`.
    """
    try:
        import openvino
    except ImportError as error:
        raise ModelFileError(
            f"{path}: reading ONNX needs OpenVINO; install it with: pip install 'flexible-autoencoder[fast]'"
        ) from error
    if not path.is_file():
        raise ModelFileError(f"no such model file: {path}")
    check_digest(path, content)
    try:
        # Without the hint a processor that has bfloat16 computes in it, and gives other vectors.
        core = openvino.Core()
        read = core.read_model(path if content is None else content)
        if len(read.inputs) != 1:
            raise ModelFileError(f"{path}: takes {len(read.inputs)} inputs; an encoder takes images alone")
        check_graph(path, read, None if content is None else len(content))
        model = core.compile_model(read, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    except ModelFileError:
        raise
    except Exception as error:
        raise ModelFileError(
            f"{path}: the file is damaged or no ONNX model ({' '.join(str(error).split())[:200]})"
        ) from error
    shapes = [
        [side.get_length() if side.is_static else None for side in part.partial_shape]
        for part in (model.inputs[0], model.outputs[0])
    ]
    opened = _checked(path, shapes[0][1:], shapes[1][1:], lambda batch: np.asarray(model(batch)[0]))
    # What its layers hold is not known; a first level of 32 channels at half of the image's sides is usual.
    held = 4 * 16 * math.prod(opened.image_shape) * max(1, opened.channels)
    own = shapes[0][0]
    if own not in (None, 1):
        raise ModelFileError(f"{path}: takes {own} images at once and no other number; export it for any number, or 1")
    return opened._replace(batch=own or max(1, min(_OPENVINO_BATCH, HELD_BYTES // held)))
