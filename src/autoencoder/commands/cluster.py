"""`cluster`: sort a folder of images into clusters, with pictures and scores that let a person judge them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from .. import run_folder
from ..cluster_folder import ClusterFolder, check_export, export, read_names, write_table
from ..command import Command
from ..settings import Section
from ..tensorflow_start import start_tensorflow

if TYPE_CHECKING:
    from ..clustering import Clustering
    from ..clustering.choose_k import Proposal
    from ..data.listing import Images
    from ..embeddings import Embeddings

#: Where many images are pictured in two dimensions, so many of them are, evenly spread.
PICTURED = 20_000


class Pictured(NamedTuple):
    """What the pictures of a clustering show."""

    embeddings: Embeddings
    images: Images
    found: Clustering
    names: dict[int, str]


class Options(Section):
    """What is clustered, and how."""

    run: Annotated[str, BeforeValidator(str)] = Field(
        description="a run's folder, `latest`, or the file of an encoder: .keras, .h5 or .onnx"
    )
    images: Path | None = Field(
        None, description="the images: a folder or an idx file; auto: those that the run was trained on"
    )
    method: Literal["kmeans", "minibatch", "gmm", "hdbscan", "agglomerative", "umap_gmm"] = Field(
        "kmeans", description="how the embeddings are clustered; hdbscan finds the number of clusters itself"
    )
    k: Annotated[int, Field(ge=2)] | None = Field(
        None, description="how many clusters; auto: propose a range with its curve, and take its best"
    )
    k_min: Annotated[int, Field(ge=2)] = Field(2, description="smallest number of clusters that auto considers")
    k_max: Annotated[int, Field(ge=2)] = Field(20, description="largest number of clusters that auto considers")
    seed: Annotated[int, Field(ge=0, lt=2**31)] = Field(1, description="of every random start")
    export: Path | None = Field(None, description="also make this folder, with one folder of files per cluster")
    link: bool = Field(False, description="export links instead of copies")
    names: Path | None = Field(
        None, description="a CSV (cluster,name) of names that a person gave; folders and pictures then show them"
    )
    overwrite: bool = Field(False, description="let export write into a folder that is not empty")

    @model_validator(mode="after")
    def _check(self) -> Options:
        if self.method == "hdbscan" and self.k is not None:
            raise ValueError("--method=hdbscan finds the number of clusters itself; leave out --k")
        if self.k_min >= self.k_max:
            raise ValueError(f"--k_min={self.k_min} must be smaller than --k_max={self.k_max}")
        if self.link and self.export is None:
            raise ValueError("--link says how --export writes; name a folder with --export")
        return self


def carry_out(options: Options) -> Path:
    """Cluster, and return the folder that the clustering left."""
    run, encoder_file = run_folder.locate(options.run)
    source = options.images or run_folder.trained_on(run)
    names = read_names(options.names)
    check_export(options.export, options.overwrite)
    start_tensorflow()
    from ..embeddings import embed
    from ..model.encoder import open_encoder

    embeddings, images = embed(open_encoder(encoder_file), source, run_folder.CACHE)
    found, proposal = _cluster(embeddings, options)
    folder = ClusterFolder(run.clustering(found.method, found.k))
    _keep(found, folder, encoder_file)
    write_table(folder.table, embeddings.paths, found, names)
    scores = _scores(embeddings, found, options.seed)
    folder.write_scores(scores)
    _draw(Pictured(embeddings, images, found, names), proposal, folder, options.seed)
    print(_summary(found, scores, folder))
    if options.export is not None:
        count = export(source, embeddings.paths, found.labels.tolist(), names, options.export, options.link)
        print(f"{count:,} files are in {options.export}")
    return folder.path


def _cluster(embeddings: Embeddings, options: Options) -> tuple[Clustering, Proposal | None]:
    from ..clustering import METHODS, fit
    from ..clustering.choose_k import propose_k

    if options.k is not None or not METHODS[options.method].takes_k:
        return fit(embeddings.vectors, options.method, options.k, options.seed), None
    k_max = min(options.k_max, len(embeddings.vectors) - 1)
    proposal = propose_k(embeddings.vectors, options.k_min, k_max, options.seed)
    print(f"number of clusters: {proposal.low} to {proposal.high} fit about as well; {proposal.best} is taken")
    return fit(embeddings.vectors, options.method, proposal.best, options.seed), proposal


def _keep(found: Clustering, folder: ClusterFolder, encoder_file: Path) -> None:
    from ..clustering import save

    save(found, folder.path)
    folder.keep_encoder(encoder_file)


def _scores(embeddings: Embeddings, found: Clustering, seed: int) -> dict[str, Any]:
    from ..scores import clusters

    row = {"method": found.method, "k": found.k, "images": len(found.labels), "bad_files": len(embeddings.bad)}
    row |= clusters.without_labels(embeddings.vectors, found.labels, seed)
    if embeddings.labels is not None and len(set(embeddings.labels)) > 1:
        row |= clusters.with_labels(found.labels, embeddings.labels)
    return row


def _draw(shown: Pictured, proposal: Proposal | None, folder: ClusterFolder, seed: int) -> None:
    from ..report import clusters as draw
    from ..report.curves import k_curve

    images, found, names = shown.images, shown.found, shown.names
    for cluster in sorted(set(found.labels.tolist())):
        place = folder.cluster_picture(cluster)
        draw.cluster_picture(images.pixels, found, cluster, place, draw.name_of(cluster, names))
    draw.overview(images.pixels, found.labels, found.distances, folder.picture("overview"), names)
    draw.sizes(found.labels, folder.picture("sizes"), names)
    if proposal is not None:
        curves = (proposal.ks, proposal.silhouette, proposal.davies_bouldin)
        k_curve(*curves, (proposal.low, proposal.high), proposal.best, folder.picture("k_curve"))
    _draw_in_two_dimensions(shown, folder, seed)
    _draw_confusion(shown, folder)


def _draw_in_two_dimensions(shown: Pictured, folder: ClusterFolder, seed: int) -> None:
    from ..clustering.projection import FEWEST, project_pca, project_umap
    from ..report.scatter import scatter

    vectors, classes = shown.embeddings.vectors, shown.embeddings.labels
    rows = np.unique(np.linspace(0, len(vectors) - 1, PICTURED).astype(int))
    labels = shown.found.labels[rows]
    known = None if classes is None else np.array(classes)[rows]
    scatter(project_pca(vectors[rows], 2), labels, known, folder.picture("pca"), "Principal components", shown.names)
    if len(rows) >= FEWEST:
        points = project_umap(vectors[rows], 2, seed=seed)
        scatter(points, labels, known, folder.picture("umap"), "UMAP", shown.names)


def _draw_confusion(shown: Pictured, folder: ClusterFolder) -> None:
    from ..report.clusters import name_of
    from ..report.confusion import confusion
    from ..scores.clusters import contingency

    if shown.embeddings.labels is None:
        return
    counted = contingency(shown.found.labels, shown.embeddings.labels)
    names = [name_of(int(cluster), shown.names) for cluster in counted.clusters]
    confusion(counted.table, counted.classes, counted.matched, folder.picture("confusion"), names)


def _summary(found: Clustering, scores: dict[str, Any], folder: ClusterFolder) -> str:
    known = "  ".join(f"{name} {scores[name]:.3f}" for name in ("accuracy", "nmi", "ari") if name in scores)
    lines = [
        f"{found.k} clusters by {found.method} of {len(found.labels):,} images, silhouette {scores['silhouette']:.3f}",
        *([f"against the class folders: {known}"] if known else []),
        f"look at {folder.picture('overview')}; the table of files is {folder.table.name} beside it",
    ]
    return "\n".join(lines)


COMMAND = Command(
    "Cluster the embeddings of a folder of images, with pictures, scores and the files of each cluster.",
    sections=(Options,),
    carry_out=carry_out,
    words=("run",),
)
