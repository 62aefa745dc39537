"""Features that need no training as vectors, and an embedding that holds them beside what a network has learned.

Gradient histograms know edges and where they are, pixels colours and light, and a network that learned by contrast what
else makes images alike. Among all together, neighbours are more often of one kind than among any of them
(docs/decisions/sort.md).
"""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import layers

from ..metrics.pca import SAMPLE_VALUES, fit_pca, fit_pca_of_images
from ..model.apply import embedded
from ..model.build import Models, joined
from ..model.local_features import GradientHistograms
from ..sampling import evenly_spread
from .pixels import Pixels

#: So many principal components of the gradient histograms are kept, and as many of the pixels.
COMPONENTS = 50
#: How far the pixels spread beside the histograms, which know more of what people call alike.
PIXEL_WEIGHT = 0.5
#: Components are fitted on so many images at most, evenly spread.
FITTED_ON = 10_000
#: A direction of the network's embedding that varies little is not made longer than this share of the first allows.
_LEAST_SPREAD = 0.1


def local_features(pixels: Pixels) -> np.ndarray:
    """Return the local features of images: components of their gradient histograms and of their pixels.

    Parameters
    ----------
    pixels : uint8 array of shape (n, height, width, channels), or what is cut like one

    Returns
    -------
    float32 array of shape (n, at most 100)
    """
    return embedded(_local_encoder(pixels), pixels)


def _local_encoder(pixels: Pixels) -> keras.Model:
    """Return the model of images to local features whose components are fitted to these images."""
    image = keras.Input(pixels.shape[1:], name="image")
    histograms = keras.Model(image, GradientHistograms(name="local_histograms")(image))
    found = embedded(histograms, _sample(pixels))
    fitted = fit_pca(found, max(1, min(COMPONENTS, len(found) - 1, found.shape[1])))
    components = fitted.components_ / _spread(fitted.transform(found))
    mapped = _affine(components.T, -components @ fitted.mean_, "histogram_components")(histograms.output)
    both = layers.Concatenate(name="local_features")([mapped, _pixel_components(image, pixels)])
    return keras.Model(image, both, name="local_encoder")


def _pixel_components(image: Any, pixels: Pixels) -> Any:
    """Return the principal components of an image's pixels, fitted to these images."""
    mean, components = fit_pca_of_images(pixels, COMPONENTS)
    mapped = _affine(components.T, -components @ mean, "pixel_components")
    given = mapped(layers.Flatten(dtype="float32", name="pixels")(image))
    weight = PIXEL_WEIGHT / _spread(embedded(keras.Model(image, given), _sample(pixels)))
    mapped.set_weights([weight * each for each in mapped.get_weights()])
    return given


def _sample(pixels: Pixels) -> np.ndarray:
    """Return the images that features are fitted on, no more than the PCA of images takes."""
    most = max(1, SAMPLE_VALUES // math.prod(pixels.shape[1:]))
    return pixels[evenly_spread(len(pixels), min(FITTED_ON, most))]


def with_local_features(models: Models, pixels: Pixels) -> Models:
    """Return models whose embedding is that of a trained network, made even, and after it the local features.

    Made even: turned to its principal axes, each divided by how far images spread along it and a tenth of the widest
    spread. What the decoder makes of an embedding is what it made before: it takes the turned part back, and leaves
    the local features aside.

    Parameters
    ----------
    models : Models
        Its encoder gives vectors.
    pixels : uint8 array of shape (n, height, width, channels), or what is cut like one
        The training images.
    """
    found = embedded(models.encoder, _sample(pixels))
    mean, axes, lengths = _axes(found)
    even = _affine(axes / lengths, -(mean @ axes) / lengths, "network_features")(models.encoder.output)
    local = _local_encoder(pixels)(models.encoder.input)
    encoder = keras.Model(models.encoder.input, layers.Concatenate(name="features")([even, local]), name="encoder")
    embedding = keras.Input(encoder.output.shape[1:], name="embedding")
    back = np.zeros((embedding.shape[-1], len(mean)), np.float32)
    back[: len(mean)] = (axes * lengths).T
    taken = _affine(back, mean, "network_embedding")(embedding)
    decoder = keras.Model(embedding, models.decoder(taken), name="decoder")
    return joined(encoder, decoder)


def _axes(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the mean of vectors, their principal axes as columns, and what to divide each coordinate by."""
    mean = vectors.mean(axis=0, dtype=np.float64)
    spread, axes = np.linalg.eigh(np.cov(vectors.T.astype(np.float64)))
    spread = np.sqrt(np.maximum(spread, 0.0))
    lengths = spread + max(_LEAST_SPREAD * float(spread.max()), np.finfo(np.float32).tiny)
    return mean, axes, lengths * _spread((vectors - mean) @ axes / lengths)


def _spread(vectors: np.ndarray) -> float:
    """Return the root of the mean square length of vectors; 1 where all are 0."""
    return math.sqrt(float(np.square(vectors, dtype=np.float64).sum(axis=1).mean())) or 1.0


def _affine(weights: np.ndarray, bias: np.ndarray, name: str) -> layers.Layer:
    """Return a dense layer with these weights, which always computes in float32."""
    layer = layers.Dense(weights.shape[1], dtype="float32", name=name)
    layer.build((None, len(weights)))
    layer.set_weights([weights, bias])
    return layer
