"""How far new images lie from those that were clustered."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .clustering import Assignment, Clustering

#: New images beyond this quantile of the clustered ones are counted.
QUANTILE = 0.99
#: Of fewer clustered images there is no such quantile to speak of.
FEWEST = 20
#: As many standard deviations above what chance gives, their share is called drift.
_DEVIATIONS = 3


class Drift(NamedTuple):
    """How new images lie beside those that were clustered.

    Attributes
    ----------
    quantiles : float32 array of shape (n,)
        The share of clustered images that lie nearer to their cluster's centre than this one to its: 0, at the centre,
        to 1, farther than all.
    beyond : int
        New images farther than `QUANTILE` of the clustered ones.
    drifted : bool
        Whether these are more than chance explains where the new images are like the clustered ones.
    """

    quantiles: np.ndarray
    beyond: int
    drifted: bool

    @property
    def sentence(self) -> str:
        """What is to be said of it."""
        count = len(self.quantiles)
        found = (
            f"{self.beyond:,} of {count:,} new images ({self.beyond / count:.1%}) lie farther from their cluster's "
            f"centre than {QUANTILE:.0%} of the images that were clustered"
        )
        if self.drifted:
            return f"{found}: these are unlike what was learned, so do not trust their clusters"
        return f"{found}, about as many as chance gives: by their distances they are not unlike what was learned"


def drift(found: Clustering, assigned: Assignment) -> Drift | None:
    """Compare the distances of new images to their clusters' centres with those of the images that were clustered.

    Parameters
    ----------
    found : Clustering
    assigned : Assignment
        New images, n at least 1.

    Returns
    -------
    Drift or None
        None where the clustering keeps the distances of fewer than `FEWEST` images, so that it cannot be told.

    Examples
    --------
    >>> from types import SimpleNamespace as Distances
    >>> old, new = np.arange(100.0), np.array([0.0, 50.5, 200.0, 300.0])
    >>> seen = drift(Distances(distances=old), Distances(distances=new))
    >>> seen.quantiles.tolist(), seen.beyond, seen.drifted
    ([0.0, 0.5099999904632568, 1.0, 1.0], 2, True)
    """
    known = np.sort(found.distances)
    if len(known) < FEWEST:
        return None
    nearer = np.searchsorted(known, assigned.distances, side="left") / len(known)
    count = len(nearer)
    beyond = int((assigned.distances > np.quantile(known, QUANTILE)).sum())
    expected = (1 - QUANTILE) * count
    most = expected + _DEVIATIONS * np.sqrt(expected * QUANTILE) + 1
    return Drift(nearer.astype(np.float32), beyond, bool(beyond > most))
