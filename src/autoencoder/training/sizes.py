"""How large a network would be: its weights and what it holds of a batch, from shape arithmetic alone."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

from ..data.memory import available_memory
from ..errors import UsageError
from ..model.geometry import Level, levels
from ..settings import Architecture, Settings, Training, vgg16
from ..settings.restoration import RestoreSettings

_FLOAT = 4
#: Batch normalization keeps a scale, a shift, a mean and a variance for each channel.
_NORMALIZED = 4
#: While it is trained, each weight has a gradient and two moments beside it.
_COPIES = 4
#: Of what a layer gives: itself, its gradient, and one working copy (convolutions unfold their input).
_HELD = 3
#: What neighbour contrast holds between all embeddings of a batch: distances, logits, their softmax, a gradient.
_BETWEEN = 4


class Values(NamedTuple):
    """How many numbers the layers of the encoder and of the decoder give for one image."""

    encoder: int
    decoder: int


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


def values(architecture: Architecture, image_shape: tuple[int, int], channels: int) -> Values:
    """Count what all layers give for one image that passes the autoencoder that `model.build` would build."""
    found, pixels = levels(architecture, image_shape), math.prod(image_shape) * channels
    flat = math.prod(found[-1].size_out) * found[-1].filters
    # A hidden layer gives its sums and its activations, and batch normalization gives them once more.
    hidden = 3 if architecture.batch_norm else 2
    encoder = pixels + sum(_downwards(architecture, level, hidden) for level in found)
    decoder = 2 * pixels + _upwards(architecture, found, channels, hidden)
    if architecture.mlp:
        *inner, width = architecture.dims
        dropped = 1 if architecture.drop_rate else 0
        encoder += flat * (1 + dropped) + sum(inner) * (hidden + dropped) + 2 * width
        decoder += width + sum(inner) * (hidden + dropped) + flat * (hidden + 1)
    else:
        decoder += flat * (1 + hidden)
    return Values(encoder, decoder)


def _downwards(architecture: Architecture, level: Level, hidden: int) -> int:
    """Count what the layers of one level of the encoder give."""
    convolved = math.prod(-(-side // stride) for side, stride in zip(level.size_in, level.strides, strict=True))
    after = (level.pooling != "no") + (architecture.spatial_drop_rate > 0)
    return level.filters * (convolved * hidden + math.prod(level.size_out) * after)


def _upwards(architecture: Architecture, found: Sequence[Level], channels: int, hidden: int) -> int:
    """Count what the layers of all levels of the decoder give, without those of the MLP and the finished image."""
    total = 0
    for number, level in enumerate(found):
        above = found[number - 1].filters if number else channels
        joined = architecture.skips and number + 1 < len(found)
        size, grown = math.prod(level.size_in), math.prod(level.size_out) * math.prod(level.factor)
        resized = {"transpose": 0, "unpool_transpose": math.prod(level.size_out) * math.prod(level.pool)}
        if math.prod(level.pool if architecture.upsampling == "unpool_transpose" else level.factor) > 1:
            total += resized.get(architecture.upsampling, grown) * level.filters * (2 if joined else 1)
        total += above * (grown + (size if grown != size else 0))
        if number:
            # With skips the level is also given what the encoder made at its size, and joins it to its own.
            total += above * size * (hidden - 1 + (3 if architecture.skips else 0))
    return total


def training_bytes(architecture: Architecture, image_shape: tuple[int, int], channels: int, training: Training) -> int:
    """Estimate the memory in bytes that training takes beyond TensorFlow's own and the images."""
    weights = sum(parameters(architecture, image_shape, channels).values())
    held, batch = values(architecture, image_shape, channels), training.batch_size
    # With contrast each image brings its partner, and every embedding is compared with all others.
    seen = batch * (held.encoder * (2 if training.contrast else 1) + held.decoder)
    compared = _BETWEEN * (2 * batch) ** 2 if training.contrast else 0
    return _FLOAT * (_COPIES * weights + _HELD * seen + compared) + _feature_bytes(training, image_shape)


def _feature_bytes(training: Training, image_shape: tuple[int, int]) -> int:
    """Estimate what VGG16 takes that compares features; what another network takes is not known before it is opened."""
    if training.loss != "feature" or not set(training.feature_layers) <= set(vgg16.CONVOLUTIONS):
        return 0
    passed = vgg16.up_to(training.feature_layers)
    weights = sum((9 * each.taken + 1) * each.width for each in passed)
    # A convolution gives its sums and its activations.
    maps = sum(2 * each.width * math.prod(side >> each.poolings for side in image_shape) for each in passed)
    # Of the originals there are no gradients.
    return _FLOAT * (weights + (_HELD + 1) * training.batch_size * maps)


def check_size(settings: Settings | RestoreSettings) -> None:
    """Refuse a network that cannot be trained in the free memory, before anything of it is built.

    Raises
    ------
    UsageError
        Names the flags that make it so large.
    """
    architecture, training = settings.architecture, settings.training
    shape, channels, free = settings.image_shape, settings.channels, available_memory()
    counted = parameters(architecture, shape, channels)
    need = _COPIES * _FLOAT * sum(counted.values())
    if need > free:
        dense = counted["dense"] > counted["convolutions"]
        last = levels(architecture, shape)[-1]
        wide = max(architecture.dims) >= math.prod(last.size_out) * last.filters
        flags = "--dims" if dense and wide else "--filters or --dims" if dense else "--filters or --kernel_size"
        raise UsageError(
            f"{flags}: the network would have {sum(counted.values()):,} weights, which take {_gigabytes(need)} to "
            f"train, and {_gigabytes(free)} are free; give smaller ones" + (", or more levels of --filters" * dense)
        )
    need = training_bytes(architecture, shape, channels, training)
    if need > free:
        side = "--tile_side" if isinstance(settings, RestoreSettings) else "--image_shape"
        fitting = _fitting_batch(settings, free)
        raise UsageError(
            f"--batch_size={training.batch_size}: training takes about {_gigabytes(need)}, and {_gigabytes(free)} are "
            f"free; try "
            + (f"--batch_size={fitting}, or " if fitting else "fewer --filters, or ")
            + f"a smaller {side}"
        )


def _fitting_batch(settings: Settings | RestoreSettings, free: int) -> int:
    """Return the largest power of two that fits as a batch; 0 where not even one image does."""
    largest = 0
    for power in range(settings.training.batch_size.bit_length()):
        training = settings.training.model_copy(update={"batch_size": 2**power})
        if training_bytes(settings.architecture, settings.image_shape, settings.channels, training) > free:
            break
        largest = 2**power
    return largest


def _gigabytes(count: int) -> str:
    # The digits of a number beyond any float are of no use to anybody.
    return f"{count / 1e9:,.1f} GB" if count < 10**18 else "billions of GB"
