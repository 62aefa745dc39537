"""Names in a picture: what a cluster is called, how a name is shortened, and where it may stand."""

from collections.abc import Mapping

import numpy as np

_STEP = 4
_ANGLES = np.linspace(0, 2 * np.pi, 24, endpoint=False)

Box = tuple[float, float, float, float]


def name_of(cluster: int, names: Mapping[int, str] | None = None) -> str:
    """Return the name that a person gave to a cluster, or its number in words."""
    return (names or {}).get(cluster) or ("noise" if cluster < 0 else f"cluster {cluster}")


def shortened(name: str, longest: int) -> str:
    """Take signs out of the middle of a name of more than `longest`, because many names differ at their ends only."""
    last = longest // 3
    return name if len(name) <= longest else f"{name[: longest - last - 1]}…{name[len(name) - last :]}"


def nearest_spot(place: tuple[float, float], size: tuple[float, float], frame: Box, taken: list[Box]) -> Box | None:
    """Find the box that lies nearest to a place, inside a frame, and on none of the boxes that are taken.

    Parameters
    ----------
    place : tuple of float
        x and y of the middle that is wished for.
    size : tuple of float
        Width and height of the box.
    frame : tuple of float
        x0, y0, x1, y1.
    taken : list of such tuples

    Returns
    -------
    tuple of float or None
        x0, y0, x1, y1; None where no spot was found in rings around the place.
    """
    half = np.array(size) / 2
    low, high = np.array(frame[:2]) + half, np.array(frame[2:]) - half
    if (low > high).any():
        return None
    start = np.clip(place, low, high)
    others = np.array(taken).reshape(-1, 4)
    reach = float(np.hypot(*(high - low)))
    for radius in np.arange(0, reach + _STEP, _STEP):
        ring = start + radius * np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1)
        ring = ring[((ring >= low) & (ring <= high)).all(axis=1)]
        first, last = ring[:, None] - half, ring[:, None] + half
        free = np.flatnonzero(~np.any(np.all((first < others[:, 2:]) & (last > others[:, :2]), axis=2), axis=1))
        if len(free):
            x, y = ring[free[0]]
            return float(x - half[0]), float(y - half[1]), float(x + half[0]), float(y + half[1])
    return None
