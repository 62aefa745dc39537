"""The structural similarity, as a loss."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

#: Wang et al. 2004, section III: the window.
_WINDOW = 11


@keras.saving.register_keras_serializable(package="autoencoder")
def ssim(true: Any, predicted: Any) -> Any:
    """One minus the structural similarity of Wang et al. 2004 (equation 13), from 0 (equal) to 2.

    The Gaussian window of 11 pixels shrinks to the image where the image is smaller.
    """
    window = min(_WINDOW, true.shape[1], true.shape[2])
    return 1 - tf.image.ssim(true, predicted, 1.0, filter_size=window)
