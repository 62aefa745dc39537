"""`cluster`: sort a folder of images into clusters, with pictures and scores that let a person judge them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, Field, model_validator

from .. import run_folder
from ..command import Command
from ..cluster_folder import ClusterFolder, check_export, export, read_names, write_table
from ..settings import Section
from ..tensorflow_start import start_tensorflow

if TYPE_CHECKING:
    from ..clustering import Clustering
    from ..clustering.choose_k import Proposal
    from ..data.folder import Images
    from ..embeddings import Embeddings

#: Where many images are pictured in two dimensions, so many of them are, evenly spread.
PICTURED = 20_000


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
    print(_summary(embeddings, found, scores, folder))
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
    print(f"number of clusters: {proposal.low} to {proposal.high} fit about as well; {proposal.best} is taken (k_curve.png)")
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
    from ..clustering.projection import project_pca, project_umap
    from ..report import clusters as draw

    embeddings, images, found, names = shown
    for cluster in sorted(set(found.labels.tolist())):
        title = names.get(cluster, "noise" if cluster < 0 else f"cluster {cluster}")
        place = folder.cluster_picture(cluster)
        draw.cluster_picture(images.pixels, found, cluster, place, title)
    draw.overview(images.pixels, found.labels, found.distances, folder.picture("overview"), names)
    draw.sizes(found.labels, folder.picture("sizes"), names)
