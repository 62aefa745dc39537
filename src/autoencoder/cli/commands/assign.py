"""`assign`: sort new images into the clusters of a saved clustering, without the images that it was made from."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from ...settings import Reading
from ...settings.fields import Section
from ...settings.types import RunName
from ...storage.clustering import ClusterFolder, read_names, write_table
from ...storage.lookup import choose_images, find_clustering
from ...storage.provenance import Provenance, encoder_record, file_digest, keep_table
from ...storage.run import CACHE
from ...workflows.export import check_export, export_clusters
from ..command import Command


class Options(Section):
    """Which clusters, and which images."""

    clustering: RunName = Field(
        description="the folder of a clustering, such as logs/ae_.../clusters/kmeans_k10, or `latest`"
    )
    images: Path = Field(description="the new images: a folder, an idx file or one image")
    out: Path | None = Field(None, description="the table; auto: assigned_<images>.csv in the clustering's folder")
    export: Path | None = Field(None, description="also make this folder, with one folder of files per cluster")
    link: bool = Field(False, description="export links instead of copies")
    names: Path | None = Field(None, description="a CSV (cluster,name) of names that a person gave to the clusters")
    overwrite: bool = Field(
        False,
        description="replace a table of the same name that was made from something else, and let export write into a "
        "folder that is not empty",
    )


def execute(options: Options, reading: Reading) -> Path:
    """Assign, and return the path of the table."""
    from ...clustering import assign, read
    from ...clustering.drift import drift

    folder = ClusterFolder(find_clustering(options.clustering))
    found, encoder = read(folder.path), folder.encoder()
    names = read_names(options.names)
    source, listing = choose_images(folder.source(), str(folder.path), options.images, reading).look()
    check_export(options.export, listing, options.overwrite)
    from ...model.encoder import open_encoder
    from ...workflows.drift import draw_strangest, said
    from ...workflows.embeddings import embed
    from ...workflows.images import save_bad_files

    embeddings, images = embed(open_encoder(encoder), source, listing, CACHE)
    assigned = assign(found, embeddings.vectors)
    seen = drift(found, assigned)
    named = {str(number): name for number, name in names.items()}
    settings = {"names": named, "clustering": file_digest(folder.arrays)}
    made = Provenance("assign", settings, source.to_record(images), encoder_record(encoder))
    table = keep_table(
        options.out or folder.path / f"assigned_{source.root.name or 'images'}.csv",
        made,
        lambda path: write_table(path, embeddings.paths, assigned, names, None if seen is None else seen.quantiles),
        overwrite=options.overwrite or options.out is not None,
    )
    picture = None if seen is None else draw_strangest(seen, embeddings, images, table)
    print(f"{len(assigned.labels):,} images are sorted into {found.k} clusters: {table}")
    print(said(seen) if picture is None else f"{said(seen)}; the strangest are in {picture}")
    save_bad_files(embeddings.bad, table.with_suffix(".bad_files.csv"))
    if options.export is not None:
        export_clusters(embeddings, assigned.labels, names, options.export, options.link)
    return table


COMMAND = Command(
    "Sort new images into the clusters of a saved clustering.",
    sections=(Options, Reading),
    execute=execute,
    words=("clustering",),
)
