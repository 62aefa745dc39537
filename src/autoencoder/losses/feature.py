"""How far apart two images are in the features of a network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from .per_image import per_image

#: Added to the squared length of a feature vector, so that one of zeros stays zero and has a gradient.
_ZERO = 1e-6


def feature_distance(true: Sequence[Any], predicted: Sequence[Any]) -> Any:
    """Distance of features of unit length, the mean over layers, so that each layer counts alike.

    At every place of a layer's map the vector of its channels is brought to length 1; the squared distance of the two
    vectors is averaged over the places: from 0 (equal) to 4, or to 2 where no feature is negative.

    Parameters
    ----------
    true, predicted : sequence of float32 tensors of shape (n, ..., channels)
        What each layer makes of the images, and of their reconstructions.

    Returns
    -------
    float32 tensor of shape (n,)

    References
    ----------
    Johnson, Alahi & Fei-Fei 2016, Perceptual losses for real-time style transfer and super-resolution,
    arXiv:1603.08155, equation 2; the unit length: Zhang et al. 2018 (LPIPS), arXiv:1801.03924, equation 1 with all
    weights 1.
    """
    pairs = zip(true, predicted, strict=True)
    layers = [per_image(keras.ops.sum(keras.ops.square(_unit(one) - _unit(other)), axis=-1)) for one, other in pairs]
    return sum(layers) / len(layers)


def _unit(features: Any) -> Any:
    return features * keras.ops.rsqrt(keras.ops.sum(keras.ops.square(features), axis=-1, keepdims=True) + _ZERO)
