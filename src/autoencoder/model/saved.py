"""Models on disk: written whole or not at all, and read without running any code that they carry."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import tree

from ..digests import check_digest, replacing_bound
from ..errors import ModelFileError
from . import linear_path, local_features, pixel_shuffle  # noqa: F401 - files hold layers that these define
from .apply import every_layer
from .claims import check_claims, check_layer, most_bytes, refuse
from .precision import computing_in

SUFFIXES = (".keras", ".h5")


def save(model: keras.Model, path: Path) -> None:
    """Write `model` to `path`, `.keras` or `.h5`, in float32 and without the optimizer's state.

    Raises
    ------
    DiskError
        If it cannot be written; a model that was there before is untouched.
    """
    # A .keras file keeps the optimizer of a compiled model, whatever `include_optimizer` says.
    bare = keras.Model(model.input, model.output, name=model.name)
    with replacing_bound(path) as temporary, computing_in("float32", model):
        bare.save(temporary, include_optimizer=False)


def load(path: Path, *, several: bool = False) -> keras.Model:
    """Read a model that `save`, this program or the original one wrote.

    Parameters
    ----------
    path : Path
    several : bool
        Whether it may take or give more than one thing.

    Raises
    ------
    ModelFileError
        If there is no such file, it was changed or is damaged, it claims more than it holds, it carries code of its own
        (a Lambda layer, an unknown class), or it takes or gives more than one thing and may not.
    """
    if not path.is_file():
        raise ModelFileError(f"no such model file: {path}")
    if path.suffix not in SUFFIXES:
        raise ModelFileError(f"{path}: a model's file must end in {' or '.join(SUFFIXES)}")
    check_digest(path)
    try:
        check_claims(path)
        with _weights_within(path):
            model = keras.models.load_model(path, compile=False, safe_mode=True)
        return _checked(model if several else _functional(model, path), path)
    except ModelFileError:
        raise
    except Exception as error:
        raise ModelFileError(f"{path}: {_reason(path, error)}") from error


@contextmanager
def _weights_within(path: Path) -> Iterator[None]:
    """Refuse weights that would take more bytes than the model's file may claim, before memory is taken for them."""
    # In a graph of its own an initial value has a shape and takes no memory.
    claimed, most, scratch = 0, most_bytes(path), tf.Graph()

    def create(make: Callable[..., Any], **options: Any) -> Any:
        nonlocal claimed
        value = options["initial_value"]
        if callable(value):
            with scratch.as_default():
                value = value()
        claimed += math.prod(value.shape) * value.dtype.size
        refuse(path, "its layers claim weights of", claimed, most)
        return make(**options)

    with tf.variable_creator_scope(create):
        yield


def _functional(model: Any, path: Path) -> keras.Model:
    """Return a model that knows its one input and its one output as tensors: a sequential one does not once read."""
    inputs, outputs = (getattr(model, each, None) or [] for each in ("inputs", "outputs"))
    if len(inputs) != 1 or len(outputs) != 1:
        raise ModelFileError(
            f"{path}: takes {len(inputs)} inputs and gives {len(outputs)} outputs; a model here takes images and gives "
            "one thing: save the part that does"
        )
    if isinstance(model, keras.Sequential) or tree.is_nested(model.input) or tree.is_nested(model.output):
        return keras.Model(inputs[0], outputs[0], name=model.name)
    return model


def _checked(model: keras.Model, path: Path) -> keras.Model:
    taken = sum(math.prod(side or 1 for side in each.shape[1:]) for each in model.inputs)
    for layer in every_layer(model):
        for part in tree.flatten(layer.output):
            check_layer(path, layer.name, math.prod(side or 1 for side in part.shape[1:]), taken)
    if not all(np.isfinite(each).all() for each in model.get_weights() if each.dtype.kind == "f"):
        raise ModelFileError(f"{path}: holds weights that are no numbers (NaN or infinite); train it again")
    return model


def _reason(path: Path, error: Exception) -> str:
    text = " ".join(str(error).split())
    if "Lambda" in text or "safe_mode" in text or "unsafe" in text.lower():
        return "the model carries code of its own (a Lambda layer), which is refused; save it with named layers"
    if "Could not locate class" in text or "Unknown layer" in text:
        return f"the model needs a layer that is not known here: {text[:200]}"
    if path.suffix == ".keras" and not zipfile.is_zipfile(path):
        return "the file is damaged or no Keras model; train it again or restore a copy"
    return f"the model cannot be read ({type(error).__name__}: {text[:200]}); train it again or restore a copy"
