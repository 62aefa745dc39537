"""How close reconstructions come to their originals, and how close a linear method comes."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import cv2
import numpy as np

from ..sampling import evenly_spread
from .pca import fit_pca, is_narrow

#: Decibels counted for an image whose error is 1e-10 or less, so that a perfect one does not make the mean infinite.
PSNR_CAP = 100.0
#: At most so many images of each set enter `pca_mse`.
PCA_IMAGES = 10_000
#: At most so many values of each set enter `pca_mse`: 1,024 images of 256x256 pixels. It takes about 0.5 GiB.
PCA_VALUES = 2**26

_SSIM_WINDOW, _SSIM_SIGMA = 11, 1.5
_SSIM_C1, _SSIM_C2 = 0.01**2, 0.03**2
_SSIM_CHUNK = 2**17  # values filtered at once: about six float32 maps of this size stay in a core's cache
_PCA_BLOCK = 2**22  # values taken to floats at once where a PCA goes block by block

Restore = Callable[[np.ndarray], Any]
Loss = Callable[[np.ndarray, np.ndarray], Any]


class Scores(NamedTuple):
    """Means over images, on pixels in [0, 1].

    loss : the training loss without its regularisers; NaN where none was given
    mse, mae : mean squared and mean absolute error
    psnr : mean of 10 log10(1 / mse_i) in decibels, each image at most `PSNR_CAP`
    ssim : see `ssim`
    accuracy : share of values on the same side of 0.5 in original and reconstruction
    """

    loss: float
    mse: float
    mae: float
    psnr: float
    ssim: float
    accuracy: float


def score(originals: np.ndarray, restore: Restore, loss: Loss | None = None, batch_size: int = 256) -> Scores:
    """Compare images with what a model makes of them, a batch at a time.

    Reconstructions are compared as they come: values outside [0, 1] are not clipped, and a NaN makes the scores NaN.
    Accuracy puts both sides at 0.5. Keras' own "accuracy" does so for the output only, which counts every pixel
    that is neither 0 nor 1 as wrong, and compares the largest channel where there are several.

    Parameters
    ----------
    originals : uint8 array of shape (n_images, height, width, channels)
        May be memory-mapped; never converted as a whole.
    restore : function
        From a float32 batch in [0, 1] to an array or tensor of the same shape.
    loss : function of (originals, reconstructions), optional
        Float32 batches in [0, 1] to a mean or to an array of values whose mean counts, as Keras' losses give.
    batch_size : int

    Raises
    ------
    ValueError
        If there are no images or a reconstruction has another shape than its original.
    """
    totals = np.zeros(len(Scores._fields))
    for images in _batches(originals, batch_size):
        restored = np.asarray(restore(images), np.float32)
        if restored.shape != images.shape:
            raise ValueError(f"reconstructions must have their originals' shape {images.shape}: {restored.shape}")
        lost = np.nan if loss is None else np.asarray(loss(images, restored), np.float64).mean()
        totals += len(images) * np.array([lost, *_batch_scores(images, restored)])
    return Scores(*(totals / len(originals)).tolist())


def ssim(originals: np.ndarray, reconstructions: np.ndarray) -> np.ndarray:
    """Structural similarity of each pair of images, 1 for equal ones.

    Gaussian window of 11x11 with sigma 1.5, K1 = 0.01, K2 = 0.03, only where the window lies inside the image, mean
    over places and channels. An image with a side under 11 pixels takes the largest odd window that fits into it,
    with the same sigma.

    Parameters
    ----------
    originals, reconstructions : float32 arrays of shape (n_images, height, width, channels)
        Nominally in [0, 1].

    Returns
    -------
    float64 array of shape (n_images,)

    References
    ----------
    Wang, Bovik, Sheikh & Simoncelli 2004, "Image quality assessment", IEEE TIP 13(4), equation 13.
    """
    step = max(1, _SSIM_CHUNK // max(1, originals[0].size)) if len(originals) else 1
    parts = [
        _ssim(originals[start : start + step], reconstructions[start : start + step])
        for start in range(0, len(originals), step)
    ]
    return np.concatenate(parts) if parts else np.zeros(0)


def pca_mse(train: np.ndarray, valid: np.ndarray, width: int, seed: int = 0) -> float:
    """Validation MSE on [0, 1] of the best linear autoencoder of the same width: the floor that a network should beat.

    Of each set at most `PCA_IMAGES` images and `PCA_VALUES` values enter, evenly spread. The width is capped at
    one less than the training images used and at the number of values in an image: there are no more components.

    Parameters
    ----------
    train, valid : uint8 arrays of shape (n_images, height, width, channels)
        The PCA is fitted on the first and scored on the second.
    width : int
        Components; the embedding's size.
    seed : int
        Of the randomised solver, which serves narrow embeddings of many large images; elsewhere the PCA is exact.

    Raises
    ------
    ValueError
        If `width` is below 1, there are fewer than two training images or no validation image.
    """
    if width < 1 or len(train) < 2 or len(valid) < 1:
        raise ValueError(
            f"a PCA needs a width of at least 1, two training images and one validation image: "
            f"{width}, {len(train)}, {len(valid)}"
        )
    train, valid = _spread(train), _spread(valid)
    images, values = len(train), train[0].size
    width = min(width, images - 1, values)
    if values <= images or is_narrow(width, min(images, values)):
        return _primal_mse(train, valid, width, seed)
    return _dual_mse(train, valid, width)


def _batches(images: np.ndarray, batch_size: int) -> Iterator[np.ndarray]:
    if len(images) == 0:
        raise ValueError("there must be at least one image to score: 0 given")
    for start in range(0, len(images), batch_size):
        yield images[start : start + batch_size].astype(np.float32) / np.float32(255)


def _batch_scores(images: np.ndarray, restored: np.ndarray) -> tuple[float, float, float, float, float]:
    difference = (restored - images).reshape(len(images), -1)
    squared = np.square(difference).mean(axis=1, dtype=np.float64)
    psnr = -10 * np.log10(np.maximum(squared, 10 ** (-PSNR_CAP / 10)))
    same = (images > 0.5) == (restored > 0.5)
    absolute = np.abs(difference).mean(dtype=np.float64)
    return squared.mean(), absolute, psnr.mean(), ssim(images, restored).mean(), same.mean()


def _ssim(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    window = min(_SSIM_WINDOW, *x.shape[1:3])
    window -= 1 - window % 2
    # Around 0 the squares are small, and float32 keeps more of the variances, which are differences of them.
    x, y = x - np.float32(0.5), y - np.float32(0.5)
    mean_x, mean_y = _smooth(x, window), _smooth(y, window)
    squares = _smooth(x * x + y * y, window) - (mean_x * mean_x + mean_y * mean_y)
    products = _smooth(x * y, window) - mean_x * mean_y
    mean_x, mean_y = mean_x + np.float32(0.5), mean_y + np.float32(0.5)
    structure = (2 * products + _SSIM_C2) / (squares + _SSIM_C2)
    luminance = (2 * mean_x * mean_y + _SSIM_C1) / (mean_x * mean_x + mean_y * mean_y + _SSIM_C1)
    means: np.ndarray = (luminance * structure).reshape(len(x), -1).mean(axis=1, dtype=np.float64)
    return means


def _smooth(images: np.ndarray, window: int) -> np.ndarray:
    """Gaussian mean of every place where the window fits into the image."""
    n, height, width, channels = images.shape
    kernel = cv2.getGaussianKernel(window, _SSIM_SIGMA, cv2.CV_64F)
    # All images under one another are one image to OpenCV; the rows that mix two of them are cut off below.
    column = images.reshape(n * height, width, channels)
    smooth = cv2.sepFilter2D(column, cv2.CV_32F, kernel, kernel).reshape(images.shape)
    edge = window // 2
    return smooth[:, edge : height - edge, edge : width - edge]


def _spread(images: np.ndarray) -> np.ndarray:
    count = min(len(images), PCA_IMAGES, max(2, PCA_VALUES // max(1, images[0].size)))
    if count == len(images):
        return np.asarray(images)
    return images[evenly_spread(len(images), count, nearest=True)]


def _primal_mse(train: np.ndarray, valid: np.ndarray, width: int, seed: int) -> float:
    pca = fit_pca(next(_batches(train, len(train))).reshape(len(train), -1), width, seed)
    total = 0.0
    for batch in _batches(valid, max(1, _PCA_BLOCK // valid[0].size)):
        flat = batch.reshape(len(batch), -1)
        total += np.square(pca.inverse_transform(pca.transform(flat)) - flat).sum(dtype=np.float64)
    return float(total / valid.size)


def _dual_mse(train: np.ndarray, valid: np.ndarray, width: int) -> float:
    """PCA from the inner products of fewer images than pixels, which takes far less work than their SVD.

    With X X' = U L U' for centred images X, the coordinates of a centred y are L^(-1/2) U' X y, and what they leave
    of its squared length is the error.
    """
    train, valid = train.reshape(len(train), -1), valid.reshape(len(valid), -1)
    inner, across, squares = np.zeros((len(train),) * 2), np.zeros((len(train), len(valid))), 0.0
    step = max(1, _PCA_BLOCK // max(len(train), len(valid)))
    for start in range(0, train.shape[1], step):
        x, y = (images[:, start : start + step] / 255.0 for images in (train, valid))
        mean = x.mean(axis=0)
        x, y = x - mean, y - mean
        inner += x @ x.T
        across += x @ y.T
        squares += np.square(y).sum()
    lengths, directions = np.linalg.eigh(inner)
    kept = slice(-width, None)
    real = lengths[kept] > lengths[-1] * 1e-10  # the rest is rounding; it would be blown up by the division
    coordinates = (directions[:, kept][:, real].T @ across) / np.sqrt(lengths[kept][real])[:, None]
    return float(max(0.0, squares - np.square(coordinates).sum()) / valid.size)
