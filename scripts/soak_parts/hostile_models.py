"""Hostile and damaged models: what each does to the file, named after the file it becomes."""

from __future__ import annotations

import json
import os
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

#: Code in a file leaves a mark at the place that this variable names.
MARK = "SOAK_MARK"
CODE = f"__import__('pathlib').Path(__import__('os').environ['{MARK}']).touch()"
#: So many bits are flipped in each exported file, one at a time.
FLIPS = 6
_UNITS = 600_000


class Pickled:
    """Runs the code where it is unpickled."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return eval, (CODE,)


def cut(path: Path) -> None:
    """Leave the first half of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def flip(path: Path, seed: int) -> None:
    """Flip one bit, in the same place wherever the seed and the file's length are the same."""
    content = bytearray(path.read_bytes())
    at = random.Random(seed).randrange(8 * len(content))
    content[at // 8] ^= 1 << at % 8
    path.write_bytes(bytes(content))


def noise(path: Path) -> None:
    """Fill a file with bytes that mean nothing."""
    path.write_bytes(random.Random(0).randbytes(5000))


def empty(path: Path) -> None:
    """Leave nothing of a file but its name."""
    path.write_bytes(b"")


def _members(path: Path, change: Callable[[dict[str, bytes]], None], packed: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w", packed) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def _layers(path: Path, change: Callable[[dict[str, object]], None]) -> None:
    """Change the last layer that has units in what a .keras file says of itself."""

    def change_config(members: dict[str, bytes]) -> None:
        config = json.loads(members["config.json"])
        change(next(layer for layer in reversed(config["config"]["layers"]) if "units" in layer["config"]))
        members["config.json"] = json.dumps(config).encode()

    _members(path, change_config)


def _wide(layer: dict) -> None:
    layer["config"]["units"] = _UNITS


def _lambda(layer: dict) -> None:
    import base64
    import marshal

    code = base64.b64encode(marshal.dumps(compile(f"lambda x: {CODE} or x", "", "eval").co_consts[0])).decode()
    function = {"class_name": "__lambda__", "config": {"code": code, "defaults": None, "closure": None}}
    layer |= {"class_name": "Lambda", "module": "keras.layers"}
    layer["config"] = {"name": layer["config"]["name"], "function": function}


def _elsewhere(layer: dict) -> None:
    layer |= {"class_name": "Popen", "module": "subprocess", "registered_name": "Popen"}
    layer["config"] = {"args": f"touch ${MARK}", "shell": True}


def _function(layer: dict) -> None:
    layer["config"]["activation"] = {
        "class_name": "function",
        "module": "os",
        "config": "system",
        "registered_name": "system",
    }


def _unknown(layer: dict) -> None:
    layer |= {"class_name": "Reaper", "module": None, "registered_name": "Custom>Reaper"}


def _climbing(members: dict[str, bytes]) -> None:
    members |= {"../climbed": b"x", "/tmp/soak_climbed": b"x", "assets/../../climbed": b"x"}


def _bomb(members: dict[str, bytes]) -> None:
    members["config.json"] += b" " * 2**28


def _deep(members: dict[str, bytes]) -> None:
    members["config.json"] = b"[" * 200_000


def _torn(members: dict[str, bytes]) -> None:
    members["config.json"] = members["config.json"][:100]


def _weightless(members: dict[str, bytes]) -> None:
    del members["model.weights.h5"]


def _pickles(members: dict[str, bytes]) -> None:
    import pickle

    del members["model.weights.h5"]
    members["model.weights.npz"] = pickle.dumps(Pickled())


KERAS: dict[str, Callable[[Path], None]] = {
    "cut": cut,
    "empty": empty,
    "noise": noise,
    "wide": lambda path: _layers(path, _wide),
    "lambda": lambda path: _layers(path, _lambda),
    "elsewhere": lambda path: _layers(path, _elsewhere),
    "function": lambda path: _layers(path, _function),
    "unknown": lambda path: _layers(path, _unknown),
    "climbing": lambda path: _members(path, _climbing),
    "bomb": lambda path: _members(path, _bomb, zipfile.ZIP_DEFLATED),
    "deep": lambda path: _members(path, _deep),
    "torn": lambda path: _members(path, _torn),
    "weightless": lambda path: _members(path, _weightless),
    "pickles": lambda path: _members(path, _pickles),
}


def _kernel(file: object) -> str:
    found: list[str] = []
    file.visititems(lambda name, each: found.append(name) if "kernel" in name and hasattr(each, "shape") else None)  # type: ignore[attr-defined]
    return found[-1]


def _h5(change: Callable[[object], None]) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        import h5py

        with h5py.File(path, "r+") as file:
            change(file)

    return make


def _h5_wide(file: object) -> None:
    config = json.loads(file.attrs["model_config"])  # type: ignore[attr-defined]
    _wide(next(layer for layer in reversed(config["config"]["layers"]) if "units" in layer["config"]))
    file.attrs["model_config"] = json.dumps(config)  # type: ignore[attr-defined]


def _h5_lambda(file: object) -> None:
    config = json.loads(file.attrs["model_config"])  # type: ignore[attr-defined]
    _lambda(next(layer for layer in reversed(config["config"]["layers"]) if "units" in layer["config"]))
    file.attrs["model_config"] = json.dumps(config)  # type: ignore[attr-defined]


def _h5_hollow(file: object) -> None:
    name = _kernel(file)
    del file[name]  # type: ignore[attr-defined]
    file.create_dataset(name, (784, _UNITS), "f4")  # type: ignore[attr-defined]


def _h5_outside(file: object) -> None:
    name = _kernel(file)
    shape = file[name].shape  # type: ignore[index]
    del file[name]  # type: ignore[attr-defined]
    file.create_dataset(name, shape, "f4", external=[("outside", 0, 2**20)])  # type: ignore[attr-defined]


H5: dict[str, Callable[[Path], None]] = {
    "cut": cut,
    "noise": noise,
    "wide": _h5(_h5_wide),
    "lambda": _h5(_h5_lambda),
    "hollow": _h5(_h5_hollow),
    "outside": _h5(_h5_outside),
}


def onnx_file(path: Path, side: int, nodes: list, **arrays: list) -> Path:
    """Write a network of `nodes` that takes `x`, images of `side` x `side`, and gives `r` of shape (n, 1)."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper, save

    taken = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", side, side, 1])
    given = helper.make_tensor_value_info("r", TensorProto.FLOAT, ["n", 1])
    kept = [numpy_helper.from_array(np.array(each), name) for name, each in arrays.items()]
    graph = helper.make_graph(nodes, "graph", [taken], [given], kept)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def constant_of_shape(path: Path, side: int, units: int) -> Path:
    """Write a network that makes a kernel of ten times so many `units` for each pixel, of which nothing is stored."""
    from onnx import helper

    nodes = [
        helper.make_node("Mul", ["sides", "times"], ["shape"]),
        helper.make_node("ConstantOfShape", ["shape"], ["kernel"]),
        helper.make_node("Flatten", ["x"], ["flat"]),
        helper.make_node("MatMul", ["flat", "kernel"], ["wide"]),
        helper.make_node("ReduceMean", ["wide"], ["r"], axes=[1], keepdims=1),
    ]
    return onnx_file(path, side, nodes, sides=[side * side, units], times=[1, 10])


def _onnx_bomb(path: Path) -> None:
    constant_of_shape(path, 8, _UNITS)


def _onnx_outside(path: Path) -> None:
    import onnx

    model = onnx.load(path)
    array = model.graph.initializer[0]
    array.ClearField("raw_data")
    array.data_location = onnx.TensorProto.EXTERNAL
    array.external_data.add(key="location", value=os.path.relpath("/etc/hostname", path.parent))
    path.write_bytes(model.SerializeToString())


def _onnx_unknown(path: Path) -> None:
    from onnx import helper

    onnx_file(path, 8, [helper.make_node("Reaper", ["x"], ["r"], domain="elsewhere")])


ONNX: dict[str, Callable[[Path], None]] = {
    "cut": cut,
    "empty": empty,
    "noise": noise,
    "bomb": _onnx_bomb,
    "outside": _onnx_outside,
    "unknown": _onnx_unknown,
}
