"""What a reconstruction is measured by while the network is trained.

A loss takes the true and the predicted images, float32 of shape (n, height, width, channels) in [0, 1], and returns
one value an image, of shape (n,). To add one: write the function in a module of its name, and add the name to `Loss` in
settings/training.py.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, get_args

from ..settings import Loss

LOSSES: dict[str, Callable[[Any, Any], Any]] = {
    name: getattr(import_module(f".{name}", __package__), name) for name in get_args(Loss)
}
