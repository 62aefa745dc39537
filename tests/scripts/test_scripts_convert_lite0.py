import io
import pickle
import runpy
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

SCRIPT = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "convert_lite0.py"))


class _Named:
    """Is pickled as a name of PyTorch's, of which there need be no module."""

    def __init__(self, name):
        self.name = name


class _Pickler(pickle._Pickler):
    """Writes storages as PyTorch does: by a persistent id."""

    def persistent_id(self, thing):
        return thing.saved if isinstance(thing, _Storage) else None

    def save(self, thing, save_persistent_id=True):
        if isinstance(thing, _Named):
            self.write(pickle.GLOBAL + thing.name.encode() + b"\n")
        elif isinstance(thing, _Tensor):
            self.save(_Named("torch._utils\n_rebuild_tensor_v2"))
            self.save((thing.storage, *thing.rest, False, OrderedDict()))
            self.write(pickle.REDUCE)
        else:
            super().save(thing, save_persistent_id)


class _Storage:
    def __init__(self, values, key):
        self.saved = ("storage", _Named("torch\nFloatStorage"), key, "cpu", len(values), None)


class _Tensor:
    def __init__(self, storage, *rest):
        self.storage, self.rest = storage, rest


def _torch_file(values, tensors, key="7"):
    """Return a file of PyTorch's of before version 1.6, of one storage."""
    stream = io.BytesIO()
    storage = _Storage(values, key)
    state = OrderedDict((name, _Tensor(storage, *rest)) for name, rest in tensors.items())
    for part in (SCRIPT["MAGIC"], 1001, {"little_endian": True}, state, [key]):
        _Pickler(stream, protocol=2).dump(part)
    stream.write(len(values).to_bytes(8, "little") + np.asarray(values, "<f4").tobytes())
    stream.seek(0)
    return stream


def test_a_strided_view_is_read_by_its_strides():
    # Six numbers in a row; the first tensor lies in them column after column, the second begins at the third.
    stream = _torch_file(range(6), {"columns": (0, (2, 3), (1, 2)), "rest": (2, (4,), (1,))})
    tensors = SCRIPT["read_torch"](stream)
    np.testing.assert_array_equal(tensors["columns"], [[0, 2, 4], [1, 3, 5]])
    np.testing.assert_array_equal(tensors["rest"], [2, 3, 4, 5])


def test_a_tensor_beyond_its_storage_is_refused():
    with pytest.raises(ValueError, match="beyond its storage"):
        SCRIPT["read_torch"](_torch_file(range(6), {"wide": (1, (2, 3), (3, 1))}))


def test_nothing_else_is_unpickled():
    stream = io.BytesIO(pickle.dumps(SCRIPT["MAGIC"]) + pickle.dumps(1) + pickle.dumps({}) + pickle.dumps(Path("x")))
    with pytest.raises(ValueError, match="which is no tensor"):
        SCRIPT["read_torch"](stream)
