"""A saved clustering: one file of arrays and one of JSON, never a pickle."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from ..archives import check_archive
from ..errors import ModelFileError
from ..files import disk_errors, write_bytes, write_text
from .clustering import Clustering
from .layout import OWN, fault

ARRAYS_FILE = "clustering.npz"
JSON_FILE = "clustering.json"
_EXTRA = "array."


def save(clustering: Clustering, folder: str | Path) -> None:
    """Write a clustering into a folder, which is made where it is missing.

    Both files are written beside their place and renamed, so that a crash leaves the old ones; the JSON file names
    the digest of the arrays it belongs to.

    Parameters
    ----------
    clustering : Clustering
    folder : path

    Raises
    ------
    DiskError
        If the folder cannot be written to.
    """
    arrays = {name: getattr(clustering, name) for name in OWN}
    arrays |= {_EXTRA + name: each for name, each in clustering.arrays.items()}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    about = {"method": clustering.method, "k": clustering.k, "settings": clustering.settings}
    about["arrays"] = {"file": ARRAYS_FILE, "sha256": hashlib.sha256(buffer.getbuffer()).hexdigest()}
    text = json.dumps(about, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    with disk_errors(folder):
        Path(folder).mkdir(parents=True, exist_ok=True)
    write_bytes(Path(folder, ARRAYS_FILE), buffer.getvalue())
    write_text(Path(folder, JSON_FILE), text)


def read(folder: str | Path) -> Clustering:
    """Read a clustering that `save` wrote.

    Parameters
    ----------
    folder : path

    Returns
    -------
    Clustering
        Equal to the saved one in every array, bit by bit.

    Raises
    ------
    ModelFileError
        If a file is missing or damaged, the two do not belong together, or their content cannot be a clustering.
    """
    about, content = _read_json(Path(folder, JSON_FILE)), _read_bytes(Path(folder, ARRAYS_FILE))
    if hashlib.sha256(content).hexdigest() != about["arrays"]["sha256"]:
        raise ModelFileError(
            f"{Path(folder, ARRAYS_FILE)} is damaged or belongs to another clustering than {JSON_FILE} beside it: "
            "cluster again"
        )
    arrays = _read_arrays(content, Path(folder, ARRAYS_FILE))
    own = {name: arrays.pop(name) for name in OWN}
    extra = {name.removeprefix(_EXTRA): each for name, each in arrays.items()}
    found = Clustering(about["method"], about["k"], **own, arrays=extra, settings=about["settings"])
    wrong = fault(found)
    if wrong:
        raise ModelFileError(f"{folder} holds a damaged clustering: {wrong}; cluster again")
    return found


def _read_arrays(content: bytes, path: Path) -> dict[str, np.ndarray]:
    try:
        check_archive(io.BytesIO(content))
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {name: np.asarray(file[name]) for name in file.files}  # what is no array there comes as bytes
    except Exception as error:  # bytes of others bring NumPy, zipfile and zlib to raise errors of many kinds
        raise ModelFileError(f"{path} holds other things than arrays of numbers, so it is not read: {error}") from error
    missing = [name for name in OWN if name not in arrays]
    if missing:
        raise ModelFileError(f"{path} lacks the arrays {', '.join(missing)} of a clustering: cluster again")
    return arrays


def _read_json(path: Path) -> dict[str, Any]:
    try:
        about = json.loads(_read_bytes(path))
        whole = isinstance(about, dict) and {"method", "k", "settings", "arrays"} <= about.keys()
        whole = whole and isinstance(about["arrays"], dict) and "sha256" in about["arrays"]
    except (ValueError, RecursionError):
        whole = False
    if not whole:
        raise ModelFileError(f"{path} is damaged, it holds no description of a clustering: cluster again")
    return about


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        why = error.strerror or error
        raise ModelFileError(f"{path} cannot be read ({why}): name the folder of a clustering") from error
