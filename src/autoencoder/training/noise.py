"""Damage for denoising autoencoders (Vincent et al. 2008): the input is damaged, the target stays clean.

To add one: write a function, give it a line in `NOISES` with its usual strength, and add its name to `settings.Noise`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf


def gaussian(images: Any, strength: float, seed: Any) -> Any:
    """Add normal noise of standard deviation `strength` (levels in [0, 1]), then clip."""
    return tf.clip_by_value(images + strength * tf.random.stateless_normal(tf.shape(images), seed), 0.0, 1.0)


def salt_pepper(images: Any, strength: float, seed: Any) -> Any:
    """Set a share `strength` of the pixels to black or white."""
    drawn = tf.random.stateless_uniform((*tf.unstack(tf.shape(images)[:3]), 1), seed)
    return tf.where(drawn < strength / 2, 0.0, tf.where(drawn < strength, 1.0, images))


def masking(images: Any, strength: float, seed: Any) -> Any:
    """Set a share `strength` of the pixels to black."""
    drawn = tf.random.stateless_uniform((*tf.unstack(tf.shape(images)[:3]), 1), seed)
    return tf.where(drawn < strength, 0.0, images)


class Noise(NamedTuple):
    """A kind of noise and the strength that it has where none is given."""

    add: Callable[[Any, float, Any], Any]
    strength: float


NOISES = {
    "gaussian": Noise(gaussian, 0.1),
    "salt_pepper": Noise(salt_pepper, 0.1),
    "masking": Noise(masking, 0.25),
}


def corrupt(images: Any, text: str, seed: Any) -> Any:
    """Damage `images`, float32 (n, height, width, channels) in [0, 1], as `text` says: `gaussian` or `gaussian:0.2`."""
    name, _, strength = text.partition(":")
    noise = NOISES[name]
    return noise.add(images, float(strength) if strength else noise.strength, seed)
