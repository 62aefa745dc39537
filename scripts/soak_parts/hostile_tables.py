"""Hostile and damaged arrays, tables, settings and records: what each does to the file, named after the file."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from .hostile_models import CODE, Pickled, cut, flip, noise

Make = Callable[[Path], None]
_HUGE = 10**12


def _npz(path: Path, packed: int = zipfile.ZIP_DEFLATED, **members: bytes) -> None:
    with zipfile.ZipFile(path, "w", packed) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def _claiming(shape: str, descr: str = "'|u1'") -> bytes:
    """Return an array's bytes whose header claims a shape, or is code."""
    head = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    head += b" " * (64 - (len(head) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + bytes(64)


def _objects() -> bytes:
    return _npy(np.array([Pickled()], object))


_FEW = _npy(np.arange(8 * 64, dtype=np.uint8).reshape(8, 8, 8))
_CLIMBING = _npy(np.array([f"../../climbed{number % 2}" for number in range(8)]))

NPZ: dict[str, Make] = {
    "noise": noise,
    "objects": lambda path: _npz(path, images=_objects()),
    "bomb": lambda path: _npz(path, images=_npy(np.zeros((300_000, 40, 40), np.uint8))),
    "huge": lambda path: _npz(path, images=_claiming(f"({_HUGE}, 8, 8)")),
    "climbing": lambda path: _npz(path, images=_FEW, labels=_CLIMBING),
}
NPY: dict[str, Make] = {
    "objects": lambda path: path.write_bytes(_objects()) and None,
    "pickle": lambda path: path.write_bytes(pickle.dumps(Pickled())) and None,
    "code": lambda path: path.write_bytes(_claiming("(1, 8, 8)", CODE)) and None,
    "huge": lambda path: path.write_bytes(_claiming(f"({_HUGE}, 8, 8)")) and None,
    "negative": lambda path: path.write_bytes(_claiming("(-1, 8, 8)")) and None,
}


def _idx(*sides: int, content: bytes = bytes(512)) -> bytes:
    return b"\0\0\x08" + bytes([len(sides)]) + struct.pack(f">{len(sides)}I", *sides) + content


IDX: dict[str, Make] = {
    "huge": lambda path: path.write_bytes(_idx(2**31, 2**16, 2**16)) and None,
    "short": lambda path: path.write_bytes(_idx(60, 28, 28)) and None,
    "flat": lambda path: path.write_bytes(_idx(8, 0, 8, content=b"")) and None,
    "sides": lambda path: path.write_bytes(b"\0\0\x08\xff" + bytes(20)) and None,
}
IDX_GZ: dict[str, Make] = {
    "bomb": lambda path: path.write_bytes(gzip.compress(_idx(500, 1000, 1000, content=bytes(5 * 10**8)))) and None,
    "cut": lambda path: path.write_bytes(gzip.compress(_idx(8, 8, 8))[:-12]) and None,
    "sum": lambda path: path.write_bytes(gzip.compress(_idx(8, 8, 8))[:-8] + bytes(8)) and None,
}


def _parquet_bomb(path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetWriter(path, pa.schema([("path", pa.string()), ("e0", pa.float32())]), compression="zstd") as out:
        rows = pa.table({"path": ["a/0.png"] * 10**7, "e0": np.zeros(10**7, np.float32)})
        for _ in range(10):
            out.write_table(rows)


PARQUET: dict[str, Make] = {"cut": cut, "noise": noise, "bomb": _parquet_bomb}
_LONG = "x" * 300_000
CSV: dict[str, Make] = {
    "noise": noise,
    "long": lambda path: path.write_text(f"path,label\na/0.png,{_LONG}\nb/0.png,{_LONG}y\n") and None,
    "nul": lambda path: path.write_bytes(b"path,label\na/0.png,\0\0\n\0\0\n") and None,
    "quote": lambda path: path.write_text('path,label\n"a/0.png,1\n' + "b/0.png,2\n" * 200_000) and None,
    "wide": lambda path: path.write_text("path,label" + ",x" * 10**6 + "\n") and None,
}
NAMES: dict[str, Make] = {
    "noise": noise,
    "long": lambda path: path.write_text(f"cluster,name\n0,{_LONG}\n1,{_LONG}\n") and None,
    "climbing": lambda path: path.write_text("cluster,name\n0,../../climbed\n1,/tmp/soak_climbed\n") and None,
    "hidden": lambda path: path.write_text("cluster,name\n0,.\n1,..\n") and None,
}
_ALIASES = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
YAML: dict[str, Make] = {
    "noise": noise,
    "code": lambda path: path.write_text(f'dims: !!python/object/apply:eval ["{CODE}"]\n') and None,
    "aliases": lambda path: path.write_text(_ALIASES) and None,
    "deep": lambda path: path.write_text("dims: " + "[" * 100_000) and None,
    "itself": lambda path: path.write_text("dims: &a [*a]\n") and None,
    "long": lambda path: path.write_text("dims: [" + "1," * 10**6 + "1]\n") and None,
}
JSON: dict[str, Make] = {
    "noise": noise,
    "deep": lambda path: path.write_text("[" * 200_000) and None,
    "other": lambda path: path.write_text('{"finished": [], "k": {}, "command": 7, "source": [1]}') and None,
}


def _clustering(change: Callable[[dict, dict[str, np.ndarray]], None]) -> Make:
    """Return what changes a clustering's arrays and what is said of them, with a new digest, from its JSON file."""

    def make(path: Path) -> None:
        about, file = json.loads(path.read_text()), path.with_suffix(".npz")
        with np.load(file) as kept:
            arrays = dict(kept)
        change(about, arrays)
        np.savez_compressed(file, **arrays)
        about["arrays"]["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
        path.write_text(json.dumps(about))

    return make


CLUSTERING: dict[str, Make] = {
    "nan": _clustering(lambda _, arrays: arrays["centers"].fill(np.nan)),
    "many": _clustering(lambda about, _: about.update(k=10**30)),
    "method": _clustering(lambda about, _: about.update(method=["kmeans"])),
    "settings": _clustering(lambda about, _: about.update(settings=[1, 2])),
    "objects": _clustering(lambda _, arrays: arrays.update(labels=np.array([Pickled()], object))),
    "bomb": _clustering(lambda _, arrays: arrays.update({"array.more": np.zeros(2 * 10**9, np.uint8)})),
    "arrays": lambda path: flip(path.with_suffix(".npz"), 0),
    "cut": lambda path: cut(path.with_suffix(".npz")),
}


def _states(make: Make) -> Make:
    """Return what does the same to both states of a run, from its provenance."""

    def both(path: Path) -> None:
        for file in path.parent.glob("state_?.npz"):
            make(file)

    return both


STATES: dict[str, Make] = {
    "noise": _states(noise),
    "cut": _states(cut),
    "objects": _states(lambda path: _npz(path, record=_objects())),
    "huge": _states(lambda path: _npz(path, record=_claiming(f"({_HUGE},)"))),
    "bomb": _states(lambda path: _npz(path, record=_npy(np.zeros(2 * 10**9, np.uint8)))),
}
