"""What a model's file claims, held against what it is, before any memory is taken for it; without TensorFlow.

A few kilobytes can claim gigabytes: a layer of 600,000 units, an array of which nothing is stored, a packed member.
"""

from __future__ import annotations

import io
import math
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import ModelFileError

# A packed model is a third smaller than its weights, a pruned one perhaps five times; a small one is mostly text.
_TIMES, _AND = 8, 2**24
# A layer may make more of an image than the image is, but not this much more of it and this many bytes.
_LAYER_TIMES, _LAYER_BYTES = 4096, 2**28
_CONFIG_BYTES = 2**23


def most_bytes(path: Path, size: int | None = None) -> int:
    """Return how many bytes all that a file claims may be: eight times its size (or `size`) and 16 MiB."""
    return _TIMES * (path.stat().st_size if size is None else size) + _AND


def check_claims(path: Path) -> None:
    """Refuse a `.keras` or `.h5` file that claims to hold much more than it is long; no other file is looked at.

    Raises
    ------
    ModelFileError
        If its members unpack to more than `most_bytes`, its arrays do, or they lie in another file.
    OSError, ValueError, KeyError, zipfile.BadZipFile
        If it is damaged.
    """
    if path.suffix == ".keras":
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            for each in members:
                if each.filename.startswith(("/", "\\")) or ".." in PurePosixPath(each.filename).parts:
                    raise ModelFileError(f"{path}: holds a file that would be written elsewhere: {each.filename[:100]}")
            refuse(path, "its members unpack to", sum(each.file_size for each in members), most_bytes(path))
            _check_config(path, archive.getinfo("config.json").file_size)
            for each in members:
                if each.filename.endswith(".h5"):
                    _check_arrays(path, io.BytesIO(archive.read(each)))
                elif each.filename.endswith(".npz"):
                    raise ModelFileError(f"{path}: keeps its weights as .npz, which is not read; save it with Keras 3")
    elif path.suffix == ".h5":
        _check_arrays(path, path)


def refuse(path: Path, what: str, claimed: int, most: int) -> None:
    """Refuse a file that claims more bytes than it may.

    Raises
    ------
    ModelFileError
        Says `what` they are, and both numbers.
    """
    if claimed > most:
        raise ModelFileError(
            f"{path}: {what} {claimed / 1e6:,.0f} MB, and a file of its size may claim {most / 1e6:,.0f} MB at most: "
            "it is damaged or made to fill the memory; train the model again or restore a copy"
        )


def check_layer(path: Path, name: str, given: int, taken: int) -> None:
    """Refuse a layer that makes `given` numbers of an image of `taken` numbers where no network would.

    Raises
    ------
    ModelFileError
        If that is more than 256 MiB and 4096 times the image.
    """
    if 4 * given > _LAYER_BYTES and given > _LAYER_TIMES * max(1, taken):
        raise ModelFileError(
            f"{path}: its layer {name} makes {4 * given / 1e6:,.0f} MB of one image of {4 * taken / 1e6:,.3f} MB; a "
            "network does not: the file is damaged or made to fill the memory; train it again or restore a copy"
        )


def check_graph(path: Path, model: Any, length: int | None = None) -> None:
    """Refuse a network that OpenVINO has read, and not yet prepared, and that would fill the memory.

    Parameters
    ----------
    path : Path
        The ONNX file; weights may lie beside it, in a file whose name begins with its own.
    model : openvino.Model
    length : int, optional
        Bytes of what was read, where that is not the file.

    Raises
    ------
    ModelFileError
        If it makes more numbers of none than `most_bytes`, or a layer fails `check_layer`.
    """
    beside = sum(each.stat().st_size for each in path.parent.iterdir() if each.name.startswith(path.name))
    most = most_bytes(path, beside if length is None else length)
    one = _of_one_image(model)
    taken = sum(_numbers(each) for each in one.inputs)
    from_none, made = set[str](), 0
    for operation in one.get_ordered_ops():
        name = operation.get_friendly_name()
        sources = [each.get_source_output().get_node().get_friendly_name() for each in operation.inputs()]
        constant = operation.get_type_name() != "Parameter" and all(each in from_none for each in sources)
        if constant:
            from_none.add(name)
        for output in operation.outputs():
            if constant:
                made += _numbers(output) * max(1, output.get_element_type().size)
                refuse(path, "it makes constants of", made, most)
            else:
                check_layer(path, name, _numbers(output), taken)


def _of_one_image(model: Any) -> Any:
    """Return the network for one image at once, of which the sides are told that follow from how many there are."""
    import openvino

    one = model.clone()
    shape = one.inputs[0].partial_shape
    if shape.rank.is_static and len(shape) and shape[0].is_dynamic:
        one.reshape(openvino.PartialShape([openvino.Dimension(1), *list(shape)[1:]]))
    return one


def _numbers(port: Any) -> int:
    """Return how many numbers there are of one image; a side that is known only later counts as one."""
    shape = port.get_partial_shape()
    if shape.rank.is_dynamic:
        return 1
    return math.prod(side.get_length() if side.is_static else 1 for side in shape)


def _check_config(path: Path, size: int) -> None:
    if size > _CONFIG_BYTES:
        raise ModelFileError(f"{path}: describes its layers in {size / 1e6:,.0f} MB of text; 8 MB is the most")


def _check_arrays(path: Path, source: Any) -> None:
    import h5py

    with h5py.File(source, "r") as file:
        for text in ("model_config", "training_config"):
            if text in file.attrs:
                _check_config(path, len(file.attrs[text]))
        held = sum(math.prod(each.shape or ()) * each.dtype.itemsize for each in _arrays(path, file))
        length = len(source.getbuffer()) if isinstance(source, io.BytesIO) else None
        refuse(path, "its arrays claim", held, most_bytes(path, length))


def _arrays(path: Path, file: Any) -> list[Any]:
    """Return every array in a file, once; only names that lead to something in this very file are followed."""
    import h5py

    names: list[tuple[str, bool]] = []  # h5py cannot raise from within its walk
    file.visititems_links(lambda name, link: names.append((name, isinstance(link, h5py.HardLink))))
    elsewhere = next((name for name, here in names if not here), None)
    if elsewhere is not None:
        raise ModelFileError(f"{path}: its array {elsewhere} lies elsewhere; save the model with all its weights in it")
    arrays = [each for each in (file[name] for name, _ in names) if isinstance(each, h5py.Dataset)]
    if any(each.external or each.is_virtual for each in arrays):
        raise ModelFileError(f"{path}: its arrays lie in another file; save the model with all its weights in it")
    return arrays
