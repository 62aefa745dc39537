"""How large a network would be: its weights and what it holds of a batch, from shape arithmetic alone."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from .data.memory import available_memory
from .errors import UsageError
from .geometry import Level, levels
from .settings import Architecture

_FLOAT = 4
#: Batch normalization keeps a scale, a shift, a mean and a variance for each channel.
_NORMALIZED = 4
#: While it is trained, each weight has a gradient and two moments beside it.
_COPIES = 4


def parameters(architecture: Architecture, image_shape: tuple[int, int], channels: int) -> dict[str, int]:
    """Count the weights of the autoencoder that `model.build` would build, trained or not, without building it.

    Returns
    -------
    dict
        `convolutions` and `dense`: weights of the layers of both halves, with their normalization.
    """
    found = levels(architecture, image_shape)
    return {"convolutions": _convolutions(architecture, found, channels), "dense": _dense(architecture, found)}


def _convolutions(architecture: Architecture, found: Sequence[Level], channels: int) -> int:
    normalized = _NORMALIZED if architecture.batch_norm else 0
    total, given = 0, channels
    for level in found:
        total += (math.prod(level.kernel) * given + 1 + normalized) * level.filters
        given = level.filters
    if not architecture.mlp:
        last = found[-1]
        total += (math.prod(last.kernel) * last.filters + 1 + normalized) * last.filters
    for number, level in enumerate(found):
        made = found[number - 1].filters if number else channels
        # With skips a level of the decoder also sees what the encoder's level of its size gave.
        taken = level.filters * (2 if architecture.skips and number + 1 < len(found) else 1)
        total += (math.prod(level.kernel) * taken + 1 + (normalized if number else 0)) * made
    return total


def _dense(architecture: Architecture, found: Sequence[Level]) -> int:
    if not architecture.mlp:
        return 0
    normalized = _NORMALIZED if architecture.batch_norm else 0
    flat = math.prod(found[-1].size_out) * found[-1].filters
    bias = 1 if architecture.use_bias else 0
    *hidden, width = architecture.dims
    downwards, upwards = [flat, *hidden, width], [width, *reversed(hidden), flat]
    total = sum((given + bias) * made for given, made in itertools.pairwise(downwards))
    total += sum((given + bias) * made for given, made in itertools.pairwise(upwards))
    return total + normalized * (2 * sum(hidden) + flat)


def check_size(architecture: Architecture, image_shape: tuple[int, int], channels: int, batch_size: int) -> None:
    """Refuse a network that cannot be trained in the free memory, before anything of it is built.

    Raises
    ------
    UsageError
        Names the flags that make it so large.
    """
    counted, free = parameters(architecture, image_shape, channels), available_memory()
    need = _COPIES * _FLOAT * sum(counted.values())
    if need > free:
        dense = counted["dense"] > counted["convolutions"]
        last = levels(architecture, image_shape)[-1]
        wide = max(architecture.dims) >= math.prod(last.size_out) * last.filters
        flags = "--dims" if dense and wide else "--filters or --dims" if dense else "--filters or --kernel_size"
        raise UsageError(
            f"{flags}: the network would have {sum(counted.values()):,} weights, which take {_gigabytes(need)} to "
            f"train, and {_gigabytes(free)} are free; give smaller ones" + (", or more levels of --filters" * dense)
        )
    need += _FLOAT * batch_size * _held(architecture, image_shape, channels)
    if need > free:
        raise UsageError(
            f"--batch_size={batch_size}: training takes more than {_gigabytes(need)}, and {_gigabytes(free)} are free; "
            "give a smaller one, or smaller images by --image_shape"
        )


def _held(architecture: Architecture, image_shape: tuple[int, int], channels: int) -> int:
    """Count values of an image that are held at least while it is learned: what each convolution gives."""
    found = levels(architecture, image_shape)
    outputs = [math.prod(level.size_in) * level.filters / math.prod(level.strides) for level in found]
    return math.prod(image_shape) * channels * 2 + round(sum(outputs))


def _gigabytes(count: int) -> str:
    # The digits of a number beyond any float are of no use to anybody.
    return f"{count / 1e9:,.1f} GB" if count < 10**18 else "billions of GB"
