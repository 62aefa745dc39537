"""The mean over everything but the images."""

from __future__ import annotations

from typing import Any

import keras


def per_image(values: Any) -> Any:
    """Average values of shape (n, ...) over all axes but the first."""
    return keras.ops.mean(values, axis=tuple(range(1, len(values.shape))))
