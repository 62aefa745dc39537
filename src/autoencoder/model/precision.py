"""How a network computes while it learns. Its weights, its image and its files are float32 whatever that is."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import keras

from .fused import fused
from .linear_path import LINEAR

POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
#: A loss is a difference of near-equal numbers, so the image is worked out in float32.
_FLOAT32_ALWAYS = ("image", "image_float32", "clipped_image")


@contextlib.contextmanager
def computing_in(precision: str, model: keras.Model) -> Iterator[None]:
    """Let the layers of `model` compute in `precision`, float32 or bfloat16, and as fast as they can, within the block.

    It concerns what is traced within the block: a compiled training step keeps what it was traced with.
    """
    concerned = [layer for layer in model._flatten_layers() if _computes(layer)]
    before = [layer.dtype_policy for layer in concerned]
    for layer in concerned:
        layer.dtype_policy = POLICIES[precision]
    try:
        with fused(model):
            yield
    finally:
        for layer, policy in zip(concerned, before, strict=True):
            layer.dtype_policy = policy


def _computes(layer: keras.layers.Layer) -> bool:
    always = layer.name in _FLOAT32_ALWAYS or layer.name.startswith(LINEAR)
    return not isinstance(layer, keras.Model) and not always
