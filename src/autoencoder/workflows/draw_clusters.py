"""The pictures of a clustering."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..clustering import Clustering
from ..clustering.projection import FEWEST, project_pca, project_umap
from ..data.listing import Images
from ..metrics.clusters import contingency
from ..plots.clusters import cluster_picture, name_of, overview, sizes
from ..plots.confusion import confusion
from ..plots.curves import k_curve
from ..plots.scatter import scatter
from ..storage.clustering import ClusterFolder
from .embeddings import Embeddings

if TYPE_CHECKING:
    from ..clustering.choose_k import Proposal

#: Where there are many images, so many are drawn in two dimensions, evenly spread.
PICTURED = 20_000


class Shown(NamedTuple):
    """What the pictures show."""

    embeddings: Embeddings
    images: Images
    found: Clustering
    names: dict[int, str]


def draw(shown: Shown, proposal: Proposal | None, folder: ClusterFolder, seed: int) -> None:
    """Draw every picture of a clustering into its folder."""
    images, found, names = shown.images, shown.found, shown.names
    for cluster in sorted(set(found.labels.tolist())):
        place = folder.cluster_picture(cluster)
        cluster_picture(images.pixels, found, cluster, place, name_of(cluster, names))
    overview(images.pixels, found.labels, found.distances, folder.picture("overview"), names)
    sizes(found.labels, folder.picture("sizes"), names)
    if proposal is not None:
        curves = {
            "silhouette (higher is better)": proposal.silhouette,
            "Davies-Bouldin (lower is better)": proposal.davies_bouldin,
            "agreement of three projections (1: the same clusters)": proposal.agreement,
        }
        k_curve(proposal.ks, curves, (proposal.low, proposal.high), proposal.best, folder.picture("k_curve"))
    _draw_in_two_dimensions(shown, folder, seed)
    _draw_confusion(shown, folder)


def _draw_in_two_dimensions(shown: Shown, folder: ClusterFolder, seed: int) -> None:
    vectors, classes = shown.embeddings.vectors, shown.embeddings.labels
    rows = np.unique(np.linspace(0, len(vectors) - 1, PICTURED).astype(int))
    labels = shown.found.labels[rows]
    known = None if classes is None else np.array(classes)[rows]
    scatter(project_pca(vectors[rows], 2), labels, known, folder.picture("pca"), "Principal components", shown.names)
    if len(rows) >= FEWEST:
        points = project_umap(vectors[rows], 2, seed=seed)
        scatter(points, labels, known, folder.picture("umap"), "UMAP", shown.names)


def _draw_confusion(shown: Shown, folder: ClusterFolder) -> None:
    if shown.embeddings.labels is None:
        return
    counted = contingency(shown.found.labels, shown.embeddings.labels)
    names = [name_of(int(cluster), shown.names) for cluster in counted.clusters]
    confusion(counted.table, counted.classes, counted.matched, folder.picture("confusion"), names)
