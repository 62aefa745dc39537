"""`cluster`: sort a folder of images into clusters, with pictures and scores that let a person judge them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator

from ...errors import UsageError
from ...settings import Reading, Resuming
from ...settings.clustering import Clusters, Export
from ...settings.fields import Section
from ...settings.pretrained import Pretrained
from ...settings.types import EncoderName
from ...storage.clustering import read_names
from ...storage.lookup import images_of
from ...tensorflow_start import start_tensorflow
from ...workflows.export import check_export
from ..command import Command


class Options(Section):
    """What is clustered."""

    run: EncoderName | None = Field(
        None,
        description="a run's folder, its name in logs/, `latest`, the file of an encoder (.keras, .h5 or .onnx), or a "
        "Keras application: MobileNetV2; none: --embeddings are given",
    )
    embeddings: Path | None = Field(
        None,
        description="in place of RUN: embeddings made here or elsewhere, up to tens of millions: a Parquet file or a "
        "folder of such, with a column of paths and e0, e1, ..., a column of lists, or columns of floats; or an .npy "
        "file",
    )
    paths: Path | None = Field(None, description="of --embeddings=FILE.npy: a text file with a path a line, one a row")
    images: Path | None = Field(
        None,
        description="the images: a folder or an idx file; auto: those that the run was trained on. Of --embeddings: "
        "the folder that the paths are seen from, for pictures of the clusters",
    )
    corrections: Path | None = Field(
        None,
        description="a CSV (clustering,path,cluster) of what a person corrected in a clustering of RUN, as report.html "
        "saves it: makes a new clustering beside that one",
    )
    seed: Annotated[int, Field(ge=0, lt=2**31)] = Field(1, description="of every random start")

    @model_validator(mode="after")
    def _check(self) -> Options:
        if self.embeddings is None and self.paths is not None:
            raise ValueError("--paths names the rows of --embeddings=FILE.npy; give that too, or leave it out")
        if self.embeddings is not None and (self.run is not None or self.corrections is not None):
            other = "RUN" if self.run is not None else "--corrections"
            raise ValueError(f"--embeddings stand in place of a run, and {other} is of one; leave one of the two out")
        return self


def execute(
    options: Options,
    reading: Reading,
    clusters: Clusters,
    export: Export,
    pretrained: Pretrained,
    resuming: Resuming,
) -> Path:
    """Cluster, or go on with a deep method, and return the folder that the clustering left."""
    from ...workflows.unfinished import unfinished_sections

    going_on = None
    if resuming.resume is not None:
        asked = (options, reading, clusters)
        going_on, (options, reading, clusters) = unfinished_sections(resuming.resume, "cluster", asked)
    if options.embeddings is not None:
        return _embedded(options.embeddings, options, reading, clusters, export, pretrained)
    if options.run is None:
        raise UsageError("--run: must be given: the run whose encoder makes the embeddings; or --embeddings=FILE")
    if options.corrections is not None:
        return _correct(options.run, options.corrections, options, reading, clusters, export)
    from ...workflows.pretrained import embed_located, find_encoder

    located = find_encoder(options.run, pretrained)
    names = read_names(export.names)
    source, listing = images_of(located.run, options.images, reading).look()
    clusters.check_count(len(listing.paths))
    check_export(export.export, listing, export.overwrite)
    located.probe()
    start_tensorflow()
    from ...workflows.cluster import cluster
    from ...workflows.cluster_scores import Wanted
    from ...workflows.refine import EncoderSource

    run, encoder, embeddings, images = embed_located(located, source, listing, "cluster")
    wanted = Wanted(clusters, export, names, options.seed)
    begun = EncoderSource(run, encoder.path, source)
    return cluster(begun, embeddings, images, wanted, resuming.save_every, going_on).path


def _embedded(
    place: Path, options: Options, reading: Reading, clusters: Clusters, export: Export, pretrained: Pretrained
) -> Path:
    """Cluster embeddings that are there, and return the folder that the clustering left."""
    for section in (reading, export, pretrained):
        for name in type(section).model_fields:
            if section.changed(name) and name != "names":
                raise UsageError(f"--{name} is of images, and --embeddings are numbers alone; leave it out")
    from ...workflows.cluster_embeddings import EmbeddingFiles, cluster_embeddings
    from ...workflows.cluster_scores import Wanted

    names = read_names(export.names)
    files = EmbeddingFiles(place, options.paths, options.images)
    return cluster_embeddings(files, Wanted(clusters, export, names, options.seed)).path


def _correct(
    run: str, corrections: Path, options: Options, reading: Reading, clusters: Clusters, export: Export
) -> Path:
    """Correct a clustering that is there, and return the folder of the new one."""
    given = [name for name in type(clusters).model_fields if clusters.changed(name)]
    if given:
        raise UsageError(
            f"--corrections changes a clustering that is there, and --{given[0]} makes another one; leave one of the "
            "two out"
        )
    from ...workflows.correct import find_correction, make_correction

    wanted = find_correction(run, corrections, options.images, reading, export)
    start_tensorflow()
    return make_correction(wanted, export, options.seed).path


def complete(flags: dict[str, Any]) -> dict[str, Any]:
    """Return the flags with those of the run that is gone on with, which need not be given again."""
    from ...workflows.unfinished import kept_flags

    return flags if flags.get("resume") is None else {**kept_flags(str(flags["resume"]), "cluster"), **flags}


COMMAND = Command(
    "Cluster the embeddings of a folder of images, with pictures, scores and the files of each cluster.",
    sections=(Options, Reading, Clusters, Export, Pretrained, Resuming),
    execute=execute,
    words=("run",),
    complete=complete,
)
