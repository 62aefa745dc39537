"""What is said and drawn of new images that lie far from those that were clustered."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..clustering.drift import FEWEST, Drift
from ..data.listing import Images
from ..plots.tiles import MOST, tiles
from ..storage.csv_files import write_tiles
from .embeddings import Embeddings


def said(seen: Drift | None) -> str:
    """Return one sentence on how far the new images lie from those that were clustered."""
    if seen is None:
        return f"how far the images lie from those that were clustered cannot be told: these are fewer than {FEWEST}"
    return seen.sentence


def draw_strangest(seen: Drift, embeddings: Embeddings, images: Images, table: Path) -> Path:
    """Draw the new images that lie farthest from their clusters' centres, and list them beside the picture.

    Parameters
    ----------
    seen : Drift
    embeddings, images : Embeddings, Images
        The new images.
    table : Path
        Where they were assigned: the picture has its name, and ends in .strangest.png.

    Returns
    -------
    Path
        The picture.
    """
    shown = np.argsort(-seen.quantiles, kind="stable")[:MOST]
    captions = [(Path(embeddings.paths[row]).stem, f"{seen.quantiles[row]:.1%}") for row in shown]
    remark = "below each: how many of the clustered images are nearer to their centre"
    picture = table.with_suffix(".strangest.png")
    found = tiles(images.pixels, shown, captions, ("Strangest new images", remark), picture)
    write_tiles(picture.with_suffix(".csv"), [(picture, found, embeddings.paths)])
    return picture
