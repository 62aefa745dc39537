"""What a method of clustering is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from .clustering import Assignment, Clustering


class Rule(NamedTuple):
    """What an array must be.

    Attributes
    ----------
    sizes : str
        A letter a dimension; the same letter is the same size in all arrays, and at least 1. k is the number of
        clusters, n that of images, d the width of the vectors.
    whole : bool
        Whole numbers, else floats; floats must be finite.
    least, most : float
        Of every number.
    below : str
        The letter of a size that every number must be below.
    """

    sizes: str
    whole: bool = False
    least: float = -np.inf
    most: float = np.inf
    below: str = ""


#: The vectors that a method keeps, to assign others by.
KNOWN = Rule("md")


@dataclass(frozen=True)
class Method:
    """A way to cluster.

    Attributes
    ----------
    fit : callable
        (vectors float32 (n, d), k, seed) to a `Clustering`; None where the encoder itself must be trained.
    assign : callable
        (clustering, vectors float32 (n, d)) to an `Assignment`; needs nothing but what is saved.
    arrays : dict
        What each of `Clustering.arrays` must be that assigning others needs; a saved clustering is checked by it.
    takes_k : bool
        Whether the number of clusters is given, or found by the method.
    """

    fit: Callable[[np.ndarray, Any, int], Clustering] | None
    assign: Callable[[Clustering, np.ndarray], Assignment]
    arrays: Mapping[str, Rule] = field(default_factory=dict)
    takes_k: bool = True
