"""What a reconstruction is measured by while the network is trained.

A loss takes the true and the predicted images, float32 of shape (n, height, width, channels) in [0, 1], and returns
one value an image, of shape (n,). To add one: write the function, give it a line in `LOSSES`, and add its name to
`settings.Loss`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .pixel import binary_crossentropy, huber, mae, mse, ssim

LOSSES: dict[str, Callable[[Any, Any], Any]] = {
    "binary_crossentropy": binary_crossentropy,
    "mse": mse,
    "mae": mae,
    "huber": huber,
    "ssim": ssim,
}
