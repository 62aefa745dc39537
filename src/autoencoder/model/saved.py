"""Models on disk: written whole or not at all, and read without running any code that they carry."""

from __future__ import annotations

import zipfile
from pathlib import Path

import keras

from ..digests import check_digest, replacing_bound
from ..errors import ModelFileError
from . import linear_path, local_features, pixel_shuffle  # noqa: F401 - files hold layers that these define
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


def load(path: Path) -> keras.Model:
    """Read a model that `save`, this program or the original one wrote.

    Raises
    ------
    ModelFileError
        If there is no such file, it was changed or is damaged, or it carries code of its own (a Lambda layer, an
        unknown class).
    """
    if not path.is_file():
        raise ModelFileError(f"no such model file: {path}")
    if path.suffix not in SUFFIXES:
        raise ModelFileError(f"{path}: a model's file must end in {' or '.join(SUFFIXES)}")
    check_digest(path)
    try:
        return _functional(keras.models.load_model(path, compile=False, safe_mode=True))
    except Exception as error:
        raise ModelFileError(f"{path}: {_reason(path, error)}") from error


def _functional(model: keras.Model) -> keras.Model:
    """Return a sequential model, whose input Keras 3 does not tell once it was read, as a functional one."""
    return keras.Model(model.inputs[0], model.outputs[0]) if isinstance(model, keras.Sequential) else model


def _reason(path: Path, error: Exception) -> str:
    text = " ".join(str(error).split())
    if "Lambda" in text or "safe_mode" in text or "unsafe" in text.lower():
        return "the model carries code of its own (a Lambda layer), which is refused; save it with named layers"
    if "Could not locate class" in text or "Unknown layer" in text:
        return f"the model needs a layer that is not known here: {text[:200]}"
    if path.suffix == ".keras" and not zipfile.is_zipfile(path):
        return "the file is damaged or no Keras model; train it again or restore a copy"
    return f"the model cannot be read ({type(error).__name__}: {text[:200]}); train it again or restore a copy"
