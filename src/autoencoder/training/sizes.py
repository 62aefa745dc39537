"""How large a network would be: its weights and what it holds of a batch, from shape arithmetic alone."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ..data.memory import available_memory
from ..errors import UsageError
from ..model.geometry import LAST_WIDTH, Level, levels
from ..settings import Architecture, Settings, Training, vgg16
from ..settings.backbones import BACKBONES, Backbone
from ..settings.restoration import RestoreSettings

_FLOAT = 4
#: Batch normalization keeps a scale, a shift, a mean and a variance for each channel.
_NORMALIZED = 4
#: The pixels that each convolution of a residual block sees.
_RESIDUAL_KERNEL = 9
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
    if architecture.backbone is not None:
        convolutions = _backbone(architecture).weights + _decoder_convolutions(architecture, found, channels)
    else:
        convolutions = _convolutions(architecture, found, channels)
    return {"convolutions": convolutions, "dense": _dense(architecture, found, channels)}


def _convolutions(architecture: Architecture, found: Sequence[Level], channels: int) -> int:
    normalized = _NORMALIZED if architecture.batch_norm else 0
    total, given = 0, channels
    for number, level in enumerate(found):
        total += (math.prod(level.kernel) * given + 1 + normalized) * level.filters
        given = level.filters
        if architecture.residual:
            # One block in the encoder, and one of the same width in the decoder where it grows to the same size.
            blocks = 2 if number + 1 < len(found) else 1
            total += blocks * 2 * (_RESIDUAL_KERNEL * given + 1 + normalized) * given
    return total + _decoder_convolutions(architecture, found, channels)


def _decoder_convolutions(architecture: Architecture, found: Sequence[Level], channels: int) -> int:
    normalized, total, last = _NORMALIZED if architecture.batch_norm else 0, 0, found[-1]
    if not architecture.mlp and not architecture.global_pooling:
        given = last.filters if architecture.backbone is None else _backbone(architecture).width
        total += (math.prod(last.kernel) * given + 1 + normalized) * last.filters
    for number, level in enumerate(found):
        made = found[number - 1].filters if number else channels
        # With skips a level of the decoder also sees what the encoder's level of its size gave.
        taken = level.filters * (2 if architecture.skips and number + 1 < len(found) else 1)
        # A shuffle is given all pixels that a pixel becomes, each with kernels of its own.
        pixels = math.prod(level.factor) if architecture.upsampling == "pixel_shuffle" else 1
        total += ((math.prod(level.kernel) * taken + 1) * pixels + (normalized if number else 0)) * made
    return total


def _backbone(architecture: Architecture) -> Backbone:
    """Return what is known of the network of `encoder_from`; of a file, which is not opened for it, only its size."""
    source = str(architecture.backbone)
    return BACKBONES.get(source) or Backbone("", Path(source).stat().st_size // _FLOAT, 0, LAST_WIDTH)


def _dense(architecture: Architecture, found: Sequence[Level], channels: int) -> int:
    normalized = _NORMALIZED if architecture.batch_norm else 0
    flat = math.prod(found[-1].size_out) * found[-1].filters
    bias = 1 if architecture.use_bias else 0
    if not architecture.mlp:
        # The decoder has to make places of the means again.
        return (found[-1].filters + bias + normalized) * flat if architecture.global_pooling else 0
    *hidden, width = architecture.dims
    given = math.prod(found[-1].size_out) * _backbone(architecture).width if architecture.backbone else flat
    given = found[-1].filters if architecture.global_pooling else given
    downwards, upwards = [given, *hidden, width], [width, *reversed(hidden), flat]
    total = sum((given + bias) * made for given, made in itertools.pairwise(downwards))
    total += sum((given + bias) * made for given, made in itertools.pairwise(upwards))
    return total + normalized * (2 * sum(hidden) + flat) + _linear(architecture, found, channels)


def _linear(architecture: Architecture, found: Sequence[Level], channels: int) -> int:
    pixels, width = math.prod(found[0].size_in) * channels, architecture.dims[-1]
    if architecture.linear_path == "local_pca":
        parts, inner = architecture.linear_parts, width - 1
        return 2 * parts * (pixels * inner + inner + pixels) + pixels + parts + 2
    return 2 * pixels * width + pixels + width if architecture.linear_path else 0


def values(architecture: Architecture, image_shape: tuple[int, int], channels: int) -> Values:
    """Count what all layers give for one image that passes the autoencoder that `model.build` would build."""
    found, pixels = levels(architecture, image_shape), math.prod(image_shape) * channels
    flat = math.prod(found[-1].size_out) * found[-1].filters
    # A hidden layer gives its sums and its activations, and batch normalization gives them once more.
    hidden = 3 if architecture.batch_norm else 2
    if architecture.backbone is None:
        encoder = pixels + sum(_downwards(architecture, level, hidden) for level in found)
    else:
        encoder = pixels + _backbone(architecture).values * math.prod(image_shape)
    decoder = 2 * pixels + _upwards(architecture, found, channels, hidden)
    given = found[-1].filters if architecture.global_pooling else flat
    encoder += given if architecture.global_pooling else 0
    if architecture.mlp:
        *inner, width = architecture.dims
        dropped = 1 if architecture.drop_rate else 0
        encoder += given * (1 + dropped) + sum(inner) * (hidden + dropped) + 2 * width
        decoder += width + sum(inner) * (hidden + dropped) + flat * (hidden + 1)
    else:
        # Of means: themselves as the input, the dense layer's sums and activations, and the maps made of them.
        decoder += given + flat * (hidden + 1 if architecture.global_pooling else hidden)
    if architecture.linear_path:  # maps, sums, and what comes between them
        encoder += pixels + (1 if architecture.linear_path == "local_pca" else 2) * architecture.dims[-1]
        decoder += 4 * pixels
    return Values(encoder, decoder)


def _downwards(architecture: Architecture, level: Level, hidden: int) -> int:
    """Count what the layers of one level of the encoder give."""
    convolved = math.prod(-(-side // stride) for side, stride in zip(level.size_in, level.strides, strict=True))
    after = (level.pooling != "no") + _residual(architecture, hidden) + (architecture.spatial_drop_rate > 0)
    return level.filters * (convolved * hidden + math.prod(level.size_out) * after)


def _residual(architecture: Architecture, hidden: int) -> int:
    """Count what a residual block gives for each number that it takes: two hidden layers, and a sum."""
    return 2 * hidden + 1 if architecture.residual else 0


def _upwards(architecture: Architecture, found: Sequence[Level], channels: int, hidden: int) -> int:
    """Count what the layers of all levels of the decoder give, without those of the MLP and the finished image."""
    total = 0
    for number, level in enumerate(found):
        above = found[number - 1].filters if number else channels
        joined = architecture.skips and number + 1 < len(found)
        size, grown = math.prod(level.size_in), math.prod(level.size_out) * math.prod(level.factor)
        unpooled = math.prod(level.size_out) * math.prod(level.pool)
        resized = {"transpose": 0, "pixel_shuffle": 0, "unpool_transpose": unpooled}
        if math.prod(level.pool if architecture.upsampling == "unpool_transpose" else level.factor) > 1:
            total += resized.get(architecture.upsampling, grown) * level.filters * (2 if joined else 1)
        shuffled = architecture.upsampling == "pixel_shuffle" and level.factor != (1, 1)
        total += above * (grown * (2 if shuffled else 1) + (size if grown != size else 0))
        if number:
            # With skips the level is also given what the encoder made at its size, and joins it to its own.
            joins = 3 if architecture.skips else 0
            total += above * size * (hidden - 1 + _residual(architecture, hidden) + joins)
    return total


def training_bytes(architecture: Architecture, image_shape: tuple[int, int], channels: int, training: Training) -> int:
    """Estimate the memory in bytes that training takes beyond TensorFlow's own and the images."""
    weights = sum(parameters(architecture, image_shape, channels).values())
    weights += head_parameters(architecture, image_shape, training)
    held, batch = values(architecture, image_shape, channels), training.batch_size
    # With contrast each image brings its partner, and every embedding is compared with all others.
    seen = batch * (held.encoder * (2 if training.contrast else 1) + held.decoder)
    compared = _BETWEEN * (2 * batch) ** 2 if training.contrast else 0
    # A hidden layer of the head gives its sums and its activations.
    seen += 4 * batch * sum(training.head) if training.contrast else 0
    return _FLOAT * (_COPIES * weights + _HELD * seen + compared) + _feature_bytes(training, image_shape)


def head_parameters(architecture: Architecture, image_shape: tuple[int, int], training: Training) -> int:
    """Count the weights of the projection head that contrast trains beside the autoencoder."""
    if not training.contrast or not training.head:
        return 0
    given = [_embedding_width(architecture, levels(architecture, image_shape)[-1]), *training.head]
    return sum((width + 1) * made for width, made in itertools.pairwise(given))


def _embedding_width(architecture: Architecture, last: Level) -> int:
    if architecture.mlp:
        return architecture.dims[-1]
    width = last.filters if architecture.backbone is None else _backbone(architecture).width
    return width if architecture.global_pooling else width * math.prod(last.size_out)


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
        if architecture.backbone is not None:
            flags = "--encoder_from or --dims"
        else:
            flags = "--dims" if dense and wide else "--filters or --dims" if dense else "--filters or --kernel_size"
        raise UsageError(
            f"{flags}: the network would have {sum(counted.values()):,} weights, which take {_gigabytes(need)} to "
            f"train, and {_gigabytes(free)} are free; give smaller ones"
            + (", or more levels of --filters" * (dense and architecture.backbone is None))
        )
    head = _COPIES * _FLOAT * head_parameters(architecture, shape, training)
    if head > free:
        raise UsageError(
            f"--projection: the head takes {_gigabytes(head)} to train, and {_gigabytes(free)} are free; give smaller "
            "widths, or a smaller embedding"
        )
    need = training_bytes(architecture, shape, channels, training)
    if need > free:
        side = "--tile_side" if isinstance(settings, RestoreSettings) else "--image_shape"
        fitting = _fitting_batch(settings, free)
        raise UsageError(
            f"--batch_size={training.batch_size}: training takes about {_gigabytes(need)}, and {_gigabytes(free)} are "
            f"free; try "
            + (f"--batch_size={fitting}, or " if fitting else f"{_narrower(architecture)}, or ")
            + f"a smaller {side}"
        )


def _narrower(architecture: Architecture) -> str:
    return "fewer --filters" if architecture.backbone is None else "a smaller network as --encoder_from"


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
