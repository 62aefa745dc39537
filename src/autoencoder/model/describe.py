"""Say what a network is made of and what memory training it takes, before it is trained."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import keras

from .apply import every_layer
from .build import SKIP, Models
from .geometry import Layer
from .linear_path import LINEAR

_FLOAT = 4


def layer_rows(models: Models) -> list[Layer]:
    """Return the layers of encoder and decoder in order: name, kind, shape without the batch, parameters."""
    return [
        Layer(
            layer.name,
            type(layer).__name__,
            tuple(layer.output.shape[1:]),
            layer.count_params(),
            _joined(layer, model, models.encoder),
            layer.name.startswith(LINEAR) and not _merges(layer),
        )
        for model in (models.encoder, models.decoder)
        for layer in model.layers
        if not (model is models.decoder and isinstance(layer, keras.layers.InputLayer))
        and layer.name != "image_float32"
    ]


def _merges(layer: keras.layers.Layer) -> bool:
    return isinstance(layer.input, list) and len(layer.input) > 1


def _joined(layer: keras.layers.Layer, model: keras.Model, encoder: keras.Model) -> str | None:
    """Return the layer that leads to another past those between, by a skip or a linear path; None where none does."""
    if not _merges(layer):
        return None
    if layer.name.startswith(LINEAR):
        return _maker(encoder.input if model is encoder else encoder.output)
    if layer.name.startswith(SKIP):
        return _maker(encoder.outputs[int(layer.name.removeprefix(SKIP))])
    return None


def _maker(tensor: Any) -> str:
    """Return the name of the layer that a tensor comes from."""
    return str(tensor._keras_history.operation.name)


def layer_table(rows: Sequence[Layer]) -> str:
    """Return the layers as lines of text, with their total."""
    cells = [("layer", "kind", "shape", "parameters")]
    cells += [(row.name, row.kind, " x ".join(map(str, row.shape)), f"{row.parameters:,}") for row in rows]
    cells.append(("total", "", "", f"{sum(row.parameters for row in rows):,}"))
    widths = [max(len(cell[column]) for cell in cells) for column in range(4)]
    return "\n".join(_line(cell, widths) for cell in cells)


def _line(cell: Iterable[str], widths: Sequence[int]) -> str:
    *left, right = (text.ljust(width) for text, width in zip(cell, widths, strict=True))
    return "  ".join([*left, right.strip().rjust(widths[-1])])


def fitting_batch_size(models: Models, available: int) -> int:
    """Return the largest batch size, a power of two, that models from a file can be trained with; at least 1.

    The estimate for `available` bytes is that of `sizes.training_bytes`.
    """
    room = available - 4 * _FLOAT * _parameters(models)
    fitting = max(1, room // (3 * _FLOAT * activations(models)))
    return int(2 ** math.floor(math.log2(fitting)))


def _parameters(models: Models) -> int:
    return int(models.encoder.count_params() + models.decoder.count_params())


def activations(models: Models) -> int:
    """Count the numbers that all layers give for one image."""
    outputs: list[Any] = [layer.output for model in (models.encoder, models.decoder) for layer in every_layer(model)]
    return sum(math.prod(output.shape[1:]) for output in outputs)
