"""Shape arithmetic: the levels that an architecture has for images of one shape. No network is needed for it."""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

from ..errors import UsageError
from ..settings import Architecture

Pair = tuple[int, int]

#: A side this short is not halved any more where the number of levels is automatic.
SMALL_SIDE = 4
FIRST_WIDTH, LAST_WIDTH = 32, 256
#: How often networks for images halve them.
HALVINGS = 5


class Level(NamedTuple):
    """One level of the encoder's CNN, mirrored by one of the decoder's.

    Sizes are (height, width) in pixels: `size_in` before the convolution, `size_out` after the pooling.
    """

    filters: int
    kernel: Pair
    strides: Pair
    pooling: str
    pool: Pair
    size_in: Pair
    size_out: Pair

    @property
    def factor(self) -> Pair:
        """By how much the level divides height and width (and its mirror multiplies them)."""
        return self.strides[0] * self.pool[0], self.strides[1] * self.pool[1]


class Layer(NamedTuple):
    """One layer of a built network, as plain data: what tables and pictures of it need.

    `joins` names an earlier layer that leads here past those between; `beside` says that the layer is on such a way.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    joins: str | None = None
    beside: bool = False


def levels(architecture: Architecture, image_shape: Pair) -> tuple[Level, ...]:
    """Work out every level of `architecture` for images of `image_shape` (height, width in pixels).

    A list shorter than the number of levels goes on with its last value; a longer one is cut. Convolutions and
    poolings are padded ('same'), so a level divides a side and rounds up. Of a network from elsewhere (`encoder_from`),
    which is not opened for it, they are what such networks have at most; `model.backbone.mirrored` says what it has.

    Raises
    ------
    UsageError
        If a level would shrink a side that is already smaller than its stride or its pooling window.
    """
    if architecture.backbone is not None:
        architecture = architecture.model_copy(update={"strides": ((2, 2),), "filters": _halvings(image_shape)})
    widths = architecture.filters or _automatic_widths(image_shape)
    found: list[Level] = []
    size = image_shape
    for number, width in enumerate(widths):
        kernel = at(architecture.kernel_size, number)
        strides = at(architecture.strides, number) if architecture.strides else _automatic_strides(size)
        pooling, pool = _pooling(at(architecture.pooling, number))
        convolved = _shrink(size, strides, f"strides={_text(strides)}", number)
        pooled = _shrink(convolved, pool, f"pooling={at(architecture.pooling, number)}", number)
        found.append(Level(width, kernel, strides, pooling, pool, size, pooled))
        size = pooled
    return tuple(found)


def cut_lists(architecture: Architecture, count: int) -> tuple[str, ...]:
    """Say, a sentence each, which per-level lists are longer than `count` levels and are cut."""
    lists = {name: getattr(architecture, name) for name in ("kernel_size", "strides", "pooling")}
    return tuple(
        f"{name} has {len(values)} values for {count} levels; the last {len(values) - count} are not used"
        for name, values in lists.items()
        if values is not None and len(values) > count and architecture.changed(name)
    )


def _automatic_widths(image_shape: Pair) -> tuple[int, ...]:
    halvings = max(1, math.ceil(math.log2(max(image_shape) / SMALL_SIDE)))
    return tuple(min(FIRST_WIDTH * 2**number, LAST_WIDTH) for number in range(halvings))


def _halvings(image_shape: Pair) -> tuple[int, ...]:
    return (LAST_WIDTH,) * min(HALVINGS, max(1, int(math.log2(min(image_shape)))))


def _automatic_strides(size: Pair) -> Pair:
    return 2 if size[0] > SMALL_SIDE else 1, 2 if size[1] > SMALL_SIDE else 1


def at(values: tuple[Any, ...], number: int) -> Any:
    """Return the value of a level, counted from 0: a list that is too short goes on with its last one."""
    return values[min(number, len(values) - 1)]


def _pooling(text: str) -> tuple[str, Pair]:
    name, digits = re.fullmatch(r"([a-z]+)(\d*)", text).groups()  # type: ignore[union-attr]
    side = 1 if name == "no" else int(digits or 2)
    return name, (side, side)


def _shrink(size: Pair, by: Pair, cause: str, number: int) -> Pair:
    advice = f"at most {number} filters, " if number else ""
    for side, divisor in zip(size, by, strict=True):
        if divisor > 1 and side < divisor:
            raise UsageError(
                f"level {number + 1} receives images of {size[0]} x {size[1]} pixels, too small for its {cause}: "
                f"give {advice}a smaller value at that level, or larger images (--image_shape)"
            )
    return math.ceil(size[0] / by[0]), math.ceil(size[1] / by[1])


def _text(pair: Pair) -> str:
    return str(pair[0]) if pair[0] == pair[1] else f"[{pair[0]},{pair[1]}]"
