"""The quality of images: measures of their pixels, and the sizes of their files' own images."""

from __future__ import annotations

import numpy as np

from ..metrics.quality import measures
from .listing import Images


def quality(images: Images) -> dict[str, np.ndarray]:
    """Measure decoded images, at the size and in the colour that the network takes.

    Parameters
    ----------
    images : Images

    Returns
    -------
    dict of arrays of shape (n,)
        What `metrics.quality.measures` returns; `width` and `height`, int, of the files' own images, as shown.
    """
    return {**measures(images.pixels), "width": images.shapes[:, 1], "height": images.shapes[:, 0]}
