"""A model as the bytes of an HDF5 file, made in memory: libhdf5 ends the whole process where a disk is full."""

from __future__ import annotations

from pathlib import Path

import h5py
import keras
from keras.src.legacy.saving.legacy_h5_format import save_model_to_hdf5

from ..digests import replacing_bound
from .precision import computing_in


def save_h5(model: keras.Model, path: Path) -> None:
    """Write a model as a `.h5` file, bound to its digest as `saved.save` does.

    Raises
    ------
    DiskError
        If it cannot be written.
    """
    content = _h5_bytes(model)
    with replacing_bound(path) as temporary:
        temporary.write_bytes(content)


def _h5_bytes(model: keras.Model) -> memoryview:
    """Return what `saved.save` writes into a `.h5` file: the model in float32, without the optimizer's state."""
    bare = keras.Model(model.input, model.output, name=model.name)
    with computing_in("float32", model), h5py.File("memory", "w", driver="core", backing_store=False) as file:
        save_model_to_hdf5(bare, file, include_optimizer=False)
        file.flush()
        return memoryview(file.id.get_file_image())
