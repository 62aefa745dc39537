"""The convolutions of VGG16, known without opening it.

Simonyan & Zisserman 2014, Very deep convolutional networks for large-scale image recognition, arXiv:1409.1556, table 1,
column D; the names are those of Keras' applications.
"""

from __future__ import annotations

from typing import NamedTuple

#: How many convolutions each block has, and their width; a block ends in a pooling that halves the sides.
_BLOCKS = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))


class Convolution(NamedTuple):
    """Where a convolution stands: so many poolings come before it; how many channels it takes and gives."""

    poolings: int
    taken: int
    width: int


def _convolutions() -> dict[str, Convolution]:
    found, taken = {}, 3
    for block, (count, width) in enumerate(_BLOCKS):
        for number in range(count):
            found[f"block{block + 1}_conv{number + 1}"] = Convolution(block, taken, width)
            taken = width
    return found


#: By name, the first one first. All have kernels of 3 x 3.
CONVOLUTIONS = _convolutions()


def up_to(layers: tuple[str, ...]) -> list[Convolution]:
    """Return the convolutions that an image passes on its way to the deepest of some layers."""
    names = list(CONVOLUTIONS)
    return list(CONVOLUTIONS.values())[: 1 + max(map(names.index, layers))]
