"""`assign`: sort new images into the clusters of a saved clustering, without the images that it was made from."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from .. import run_folder
from ..cluster_folder import ClusterFolder, check_export, export, read_names, write_table
from ..command import Command
from ..flags import Section


class Options(Section):
    """Which clusters, and which images."""

    clustering: Path = Field(description="the folder of a clustering, such as logs/ae_.../clusters/kmeans_k10")
    images: Path = Field(description="the new images: a folder or an idx file")
    out: Path | None = Field(None, description="the table; auto: assigned_<images>.csv in the clustering's folder")
    export: Path | None = Field(None, description="also make this folder, with one folder of files per cluster")
    link: bool = Field(False, description="export links instead of copies")
    names: Path | None = Field(None, description="a CSV (cluster,name) of names that a person gave to the clusters")
    overwrite: bool = Field(False, description="let export write into a folder that is not empty")


def carry_out(options: Options) -> Path:
    """Assign, and return the path of the table."""
    from ..clustering import assign, read

    folder = ClusterFolder(options.clustering)
    found = read(folder.path)
    names = read_names(options.names)
    check_export(options.export, options.overwrite)
    from ..embeddings import embed
    from ..model.encoder import open_encoder

    embeddings, _ = embed(open_encoder(folder.encoder), options.images, run_folder.CACHE)
    placed = assign(found, embeddings.vectors)
    table = options.out or folder.path / f"assigned_{options.images.resolve().name}.csv"
    write_table(table, embeddings.paths, placed, names)
    print(f"{len(placed.labels):,} images are sorted into {found.k} clusters: {table}")
    print(f"{len(embeddings.bad)} files could not be used" if embeddings.bad else "every file could be used")
    if options.export is not None:
        count = export(options.images, embeddings.paths, placed.labels.tolist(), names, options.export, options.link)
        print(f"{count:,} files are in {options.export}")
    return table


COMMAND = Command(
    "Sort new images into the clusters of a saved clustering.",
    sections=(Options,),
    carry_out=carry_out,
    words=("clustering",),
)
