"""What networks from elsewhere want their pixels to be, as plain arithmetic: for Keras and for ONNX."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

_MEAN, _DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


class Pixel(NamedTuple):
    """What becomes of a pixel in [0, 1]: it is multiplied, something is added, and blue may come first."""

    factor: float | list[float]
    added: float | list[float]
    reversed: bool = False

    @property
    def for_color(self) -> bool:
        """Whether each channel is treated on its own, so that there must be three."""
        return isinstance(self.factor, list) or isinstance(self.added, list)


#: EfficientNet divides by the square root of ImageNet's deviations once more; Keras does so only where it fetches the
#: weights itself, so that it is worked out ahead of the network's own normalization.
PREPROCESSING = {
    "unit": Pixel(1.0, 0.0),
    "symmetric": Pixel(2.0, -1.0),
    "bytes": Pixel(255.0, 0.0),
    "imagenet": Pixel((1 / _DEVIATION).tolist(), (-_MEAN / _DEVIATION).tolist()),
    "caffe": Pixel(255.0, [-103.939, -116.779, -123.68], True),
    "efficientnet": Pixel((255 / _DEVIATION**0.5).tolist(), (255 * _MEAN * (1 - 1 / _DEVIATION**0.5)).tolist()),
}


def averaged_note(name: object, width: int, places: str) -> str:
    """Say what becomes of feature maps where a network from elsewhere gives such."""
    return f"note: {name} gives {width:,} numbers at {places} places: their mean, of one length, is the embedding"
