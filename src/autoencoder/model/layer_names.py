"""The layers in a model's file, read without starting TensorFlow."""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

from ..settings import vgg16
from .claims import check_claims

#: What reading a damaged file of a model raises.
UNREADABLE = (
    *(OSError, KeyError, IndexError, TypeError, ValueError, AttributeError, RuntimeError, NotImplementedError),
    *(zipfile.BadZipFile, zlib.error),
)


def layer_names(file: Path) -> list[str]:
    """Return the names of the layers in a `.keras` or `.h5` file; none where it does not say them, or is damaged."""
    try:
        if file.suffix == ".keras":
            return [str(layer["config"]["name"]) for layer in keras_config(file)["layers"]]
        return _h5_names(file)
    except UNREADABLE:
        return []


def holds_vgg16(file: Path) -> bool:
    """Whether a file holds weights of VGG16, with or without its top, alone or in another network."""
    # A file of weights alone tells no names; they are refused later where they do not fit.
    return file.name.endswith(".weights.h5") or set(vgg16.CONVOLUTIONS) <= set(layer_names(file))


def keras_config(file: Path) -> dict[str, Any]:
    """Return what a `.keras` or `.h5` file says of its model: its `name` and its `layers`.

    Raises
    ------
    of UNREADABLE
        If it is damaged, or no such file.
    ModelFileError
        If it claims to hold much more than it is long.
    """
    check_claims(file)
    if file.suffix == ".h5":
        import h5py

        with h5py.File(file, "r") as opened:
            return _config(opened.attrs["model_config"])
    with zipfile.ZipFile(file) as archive:
        return _config(archive.read("config.json"))


def _config(text: str | bytes) -> dict[str, Any]:
    try:
        return dict(json.loads(text)["config"])
    except RecursionError as error:
        raise ValueError("what it says of its layers is nested too deep") from error


def _h5_names(file: Path) -> list[str]:
    import h5py

    with h5py.File(file, "r") as opened:
        names = opened.get("model_weights", opened).attrs["layer_names"]
        return [name.decode() if isinstance(name, bytes) else str(name) for name in names]
