"""What more labels would bring: a power law of a simple classifier's error, fitted at several numbers of labels."""

import warnings
from typing import NamedTuple

import numpy as np

from ..sampling import drawn

#: Fewer labels, or classes, say nothing of a curve.
FEWEST_LABELS, FEWEST_CLASSES = 20, 2
#: Of more labels, so many are looked at, drawn at random.
MOST_LABELS = 5_000
SIZES, DRAWS, RESAMPLES = 5, 20, 200
#: The share of the bootstrap that the interval holds.
INTERVAL = 0.9
_SMALLEST, _LARGEST = 0.3, 0.8
_LEAST_ERROR = 1e-4


class Forecast(NamedTuple):
    """The accuracy that a classifier has with the labels that there are, and with `more`.

    Attributes
    ----------
    labels, more : int
        At most 5,000 labels are looked at: beyond, a curve that was fitted below says little.
    now, then : float
        Accuracies, by the curve.
    then_low, then_high : float
        The interval of `then`, of 90%.
    gain : float
        `then - now`; it has no interval, since that of the bootstrap was found to be too narrow.
    a, b : float
        The curve: error = a * n ** -b.
    sizes, errors : list
        The points that it was fitted to.
    """

    labels: int
    more: int
    now: float
    then: float
    then_low: float
    then_high: float
    gain: float
    a: float
    b: float
    sizes: list[int]
    errors: list[float]


def forecast(vectors: np.ndarray, classes: np.ndarray, more: int, seed: int = 1) -> Forecast | None:
    """Say what more labels, drawn at random, would bring to logistic regression on an embedding.

    It learns from several numbers of the labels, 20 draws of each, and is scored on the others. The interval comes
    from a bootstrap over the draws and over the images that are scored. A power law goes on falling, which errors
    need not; so the lower end is that of no gain at all, where this is lower.

    Parameters
    ----------
    vectors : float array of shape (n, d)
        Those that have a label.
    classes : array of shape (n,)
    more : int
    seed : int

    Returns
    -------
    Forecast or None
        None where there are fewer than 20 labels, or one class.

    References
    ----------
    Power law: Cortes, Jackel, Solla, Vapnik & Denker 1993, Learning curves, NIPS, with no error left at the end.
    Bootstrap: Efron 1979.
    """
    names, codes = np.unique(classes, return_inverse=True)
    if len(codes) < FEWEST_LABELS or len(names) < FEWEST_CLASSES:
        return None
    generator = np.random.default_rng(seed)
    rows = drawn(len(codes), MOST_LABELS, seed)
    count = len(rows)
    sizes = np.unique(np.geomspace(max(8, _SMALLEST * len(rows)), _LARGEST * len(rows), SIZES).round().astype(int))
    wrong = _wrong(np.asarray(vectors, np.float64)[rows], codes[rows], sizes, generator)
    curve = fit_power_law(sizes, _errors(wrong))
    now, then = (float(1 - _error_at(np.array([curve]), n)[0]) for n in (count, count + more))
    resampled = [_resampled(wrong, generator) for _ in range(RESAMPLES)]
    best = 1 - _error_at(np.array([fit_power_law(sizes, errors) for errors in resampled]), count + more)
    flat = 1 - np.array([errors[-1] for errors in resampled])
    low = min(then, *np.quantile(np.stack([best, flat]), (1 - INTERVAL) / 2, axis=1))
    high = max(then, np.quantile(best, (1 + INTERVAL) / 2))
    points = sizes.tolist(), _errors(wrong).tolist()
    return Forecast(count, more, now, then, float(low), float(high), then - now, *curve, *points)


def _wrong(vectors: np.ndarray, codes: np.ndarray, sizes: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return whether each image is taken for another class, float (sizes, draws, n); NaN where it was learned from."""
    wrong = np.full((len(sizes), DRAWS, len(codes)), np.nan, np.float32)
    for place, size in enumerate(sizes):
        for draw in range(DRAWS):
            order = generator.permutation(len(codes))
            learned, scored = order[:size], order[size:]
            wrong[place, draw, scored] = classify(vectors[learned], codes[learned], vectors[scored]) != codes[scored]
    return wrong


def classify(vectors: np.ndarray, classes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the classes of other vectors by logistic regression on standardised vectors; one class fits all."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if len(np.unique(classes)) == 1:
        return np.full(len(others), classes[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return np.asarray(
            make_pipeline(StandardScaler(), LogisticRegression(max_iter=200)).fit(vectors, classes).predict(others)
        )


def _errors(wrong: np.ndarray) -> np.ndarray:
    """Return the share of mistakes at each size, of all draws together."""
    return np.asarray(np.nanmean(wrong.reshape(len(wrong), -1), axis=1, dtype=np.float64))


def _resampled(wrong: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return the errors of draws and of images that are drawn again, with replacement."""
    images = generator.integers(wrong.shape[2], size=wrong.shape[2])
    draws = generator.integers(wrong.shape[1], size=wrong.shape[1])
    return _errors(wrong[:, draws][:, :, images])


def fit_power_law(sizes: np.ndarray, errors: np.ndarray) -> tuple[float, float]:
    """Fit error = a * n ** -b, with b at least 0, by least squares of the errors.

    Returns
    -------
    (a, b) : float

    Examples
    --------
    >>> a, b = fit_power_law(np.array([10, 100, 1000]), np.array([0.2, 0.02, 0.002]))
    >>> round(a, 3), round(b, 3)
    (2.0, 1.0)
    """
    from scipy.optimize import curve_fit

    errors = np.maximum(errors, _LEAST_ERROR)
    slope, height = np.polyfit(np.log(sizes), np.log(errors), 1)
    start = float(np.exp(height)), float(np.clip(-slope, 0, 5))
    if start[1] == 0:
        return float(errors.mean()), 0.0
    (a, b), _ = curve_fit(lambda n, a, b: a * n**-b, sizes.astype(float), errors, start, bounds=(0, [np.inf, 5]))
    return float(a), float(b)


def _error_at(curves: np.ndarray, count: int) -> np.ndarray:
    return np.minimum(1.0, curves[:, 0] * float(count) ** -curves[:, 1])
