"""Pictures of the clusters of millions of rows: sizes of all, and images of those that are chosen from all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from ..clustering import Clustering
from ..data.decode import quiet_codecs
from ..data.embedded import Embedded
from ..data.listing import common_shape, printable
from ..data.load import is_grayscale, kept_blocks
from ..data.rules import AS_STORED
from ..data.scan import scan_files
from ..errors import DataError
from ..plots.clusters import cluster_picture, name_of, overview, sizes
from ..sampling import evenly_spread
from ..storage.clustering import ClusterFolder
from ..storage.csv_files import write_tiles

#: Images of unlike sizes are shown at so many pixels a side.
_SIDE = 96
#: So many are looked at to see how large they are.
_LOOKED_AT = 100
_PADDED = AS_STORED._replace(fit="pad")


@dataclass(frozen=True)
class PixelsOnDemand:
    """Images of a folder as an array of pixels, (n, height, width, channels), that decodes the rows it is asked for.

    What cannot be decoded is gray.
    """

    root: Path
    embedded: Embedded
    image_shape: tuple[int, int]
    color: str

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """As of an array."""
        return (len(self.embedded.vectors), *self.image_shape, 1 if self.color == "grayscale" else 3)

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        paths = self.embedded.paths(rows.tolist())
        pixels = np.full((len(paths), *self.shape[1:]), 128, np.uint8)
        listing = scan_files(self.root, paths, _PADDED)
        places = {path: place for place, path in enumerate(paths)}  # no two are alike
        with quiet_codecs():
            for kept, block in kept_blocks(listing, self.image_shape, self.color, lambda count: None):
                pixels[[places[listing.paths[row]] for row in kept]] = block.pixels
        return pixels


def open_pixels(embedded: Embedded, root: Path) -> PixelsOnDemand:
    """Look at some of the images that embeddings are of, and return all as pixels that are decoded on demand.

    Raises
    ------
    DataError
        If none of those that are looked at can be used.
    """
    rows = evenly_spread(len(embedded.vectors), _LOOKED_AT)
    paths = embedded.paths(rows.tolist())
    listing = scan_files(root, paths, _PADDED)
    if not listing.paths:
        said = f" ({listing.bad[0].reason})" if listing.bad else ""
        raise DataError(
            f"--images={root}: none of {len(paths)} paths that were tried leads to an image there, such as "
            f"{printable(paths[0])}{said}; name the folder that they are seen from"
        )
    shape = common_shape(listing) or (_SIDE, _SIDE)
    return PixelsOnDemand(root, embedded, shape, "grayscale" if is_grayscale(listing) else "rgb")


def draw_embedded(
    found: Clustering, pixels: PixelsOnDemand | None, names: Mapping[int, str], folder: ClusterFolder
) -> None:
    """Draw the sizes of all clusters, and the images of each that are the most central and the most doubtful of all."""
    sizes(found.labels, folder.picture("sizes"), names)
    if pixels is None:
        return
    array = cast(np.ndarray, pixels)  # of which pictures take the shape and the rows that they show
    shown = []
    for cluster in np.unique(found.labels).tolist():
        place = folder.cluster_picture(cluster)
        shown.append((place, cluster_picture(array, found, cluster, place, name_of(cluster, names))))
    place = folder.picture("overview")
    shown.append((place, overview(array, found.labels, found.distances, place, names)))
    rows = sorted({row for _, tiles in shown for _, _, row in tiles})
    paths = dict(zip(rows, pixels.embedded.paths(rows), strict=True))
    write_tiles(folder.tiles_file, [(place, tiles, paths) for place, tiles in shown])
