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
    draw_proposal(proposal, folder)
    draw_in_two_dimensions(clustered.embeddings, found, names, folder, seed)
    draw_confusion(clustered.embeddings, found, names, folder)


def draw_proposal(proposal: Proposal | None, folder: ClusterFolder) -> None:
    """Draw the curves that a number of clusters was chosen by, where it was."""
    if proposal is None:
        return
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


def draw_in_two_dimensions(
    embeddings: Embeddings, found: Clustering, names: dict[int, str], folder: ClusterFolder, seed: int
) -> None:
    """Draw embeddings on the planes of their principal components and of UMAP, coloured by clusters and by classes."""
    vectors, classes = embeddings.vectors, embeddings.labels
    rows = pictured(vectors)
    labels = found.labels[rows]
    known = None if classes is None else np.array(classes)[rows]
    points = project_pca(vectors[rows], 2)
    scatter(points, labels, known, folder.picture("pca"), "Principal components", names)
    if len(rows) >= FEWEST:
        points = umap_points(vectors[rows], seed)
        scatter(points, labels, known, folder.picture("umap"), "UMAP", names)


def draw_confusion(embeddings: Embeddings, found: Clustering, names: dict[int, str], folder: ClusterFolder) -> None:
    """Draw how clusters and class folders meet, where there are such."""
    if embeddings.labels is None:
        return
    counted = contingency(found.labels, embeddings.labels)
    named = [name_of(int(cluster), names) for cluster in counted.clusters]
    # A cluster that was left over gets a class that hardly is in it: no match that a frame should suggest.
    real = counted.matched == counted.table.argmax(axis=1)
    words = "Clusters and classes", "framed: a cluster's matched class, where it is its most frequent one"
    confusion(counted.table, counted.classes, counted.matched, folder.picture("confusion"), named, words, real)
