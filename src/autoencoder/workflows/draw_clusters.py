"""The pictures of a clustering."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..clustering import Clustering
from ..clustering.projection import FEWEST, project_pca
from ..data.listing import Images
from ..metrics.clusters import contingency
from ..plots.clusters import cluster_picture, name_of, overview, sizes
from ..plots.confusion import confusion
from ..plots.curves import k_curve
from ..plots.scatter import scatter
from ..storage.clustering import ClusterFolder
from ..storage.csv_files import write_tiles
from .embeddings import Embeddings
from .map_points import pictured, umap_points

if TYPE_CHECKING:
    from ..clustering.choose_k import Proposal


class ClusteredImages(NamedTuple):
    """What the pictures show: images, their embeddings, their clusters and the clusters' names."""

    embeddings: Embeddings
    images: Images
    found: Clustering
    names: dict[int, str]


def draw(clustered: ClusteredImages, proposal: Proposal | None, folder: ClusterFolder, seed: int) -> None:
    """Draw every picture of a clustering into its folder."""
    images, found, names = clustered.images, clustered.found, clustered.names
    shown = []
    for cluster in sorted(set(found.labels.tolist())):
        place = folder.cluster_picture(cluster)
        tiles = cluster_picture(images.pixels, found, cluster, place, name_of(cluster, names))
        shown.append((place, tiles, images.paths))
    place = folder.picture("overview")
    shown.append((place, overview(images.pixels, found.labels, found.distances, place, names), images.paths))
    write_tiles(folder.tiles_file, shown)
    sizes(found.labels, folder.picture("sizes"), names)
    if proposal is not None:
        curves = {
            "silhouette (higher is better)": proposal.silhouette,
            "Davies-Bouldin (lower is better)": proposal.davies_bouldin,
            "agreement of three projections (1: the same clusters)": proposal.agreement,
        }
        why = (
            f"measured in UMAP's space of {proposal.sample:,} embeddings, by k-means, mean of three projections: "
            "compare along a curve only",
            f"{proposal.best} is taken: {proposal.why}",
        )
        k_curve(proposal.ks, curves, (proposal.low, proposal.high), proposal.best, folder.picture("k_curve"), why)
    _draw_in_two_dimensions(clustered, folder, seed)
    _draw_confusion(clustered, folder)


def _draw_in_two_dimensions(clustered: ClusteredImages, folder: ClusterFolder, seed: int) -> None:
    vectors, classes = clustered.embeddings.vectors, clustered.embeddings.labels
    rows = pictured(vectors)
    labels = clustered.found.labels[rows]
    known = None if classes is None else np.array(classes)[rows]
    points = project_pca(vectors[rows], 2)
    scatter(points, labels, known, folder.picture("pca"), "Principal components", clustered.names)
    if len(rows) >= FEWEST:
        points = umap_points(vectors[rows], seed)
        scatter(points, labels, known, folder.picture("umap"), "UMAP", clustered.names)


def _draw_confusion(clustered: ClusteredImages, folder: ClusterFolder) -> None:
    if clustered.embeddings.labels is None:
        return
    counted = contingency(clustered.found.labels, clustered.embeddings.labels)
    names = [name_of(int(cluster), clustered.names) for cluster in counted.clusters]
    # A cluster that was left over gets a class that hardly is in it: no match that a frame should suggest.
    real = counted.matched == counted.table.argmax(axis=1)
    words = "Clusters and classes", "framed: a cluster's matched class, where it is its most frequent one"
    confusion(counted.table, counted.classes, counted.matched, folder.picture("confusion"), names, words, real)
