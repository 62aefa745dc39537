"""`sort`: from a folder of images to clusters in one command: train, cluster the same images, show both on a page."""

from __future__ import annotations

from pathlib import Path

from ...errors import Interrupted, UsageError
from ...settings import Architecture, Data, Output, Resuming, Settings, Training
from ...settings.budget import Budget
from ...settings.clustering import Clusters, Export
from ...storage.clustering import read_names
from ...tensorflow_start import start_tensorflow
from ...workflows.export import check_export
from ..command import Command


def execute(
    data: Data,
    architecture: Architecture,
    training: Training,
    output: Output,
    resuming: Resuming,
    budget: Budget,
    clusters: Clusters,
    export: Export,
) -> Path:
    """Train and cluster, and return the folder that the clustering left."""
    from ...workflows.budget import with_budget, with_method
    from ...workflows.images import prepare
    from ...workflows.unfinished import unfinished

    names = read_names(export.names)
    asked = Settings(data=data, architecture=architecture, training=training, output=output)
    going_on = None if resuming.resume is None else unfinished(resuming.resume, "run", asked)
    if going_on is not None and budget.changed("budget"):
        raise UsageError("--budget is for a training that begins, and --resume goes on with its own: leave it out")
    asked, chosen = with_budget(asked, budget) if going_on is None else (going_on.settings, None)
    settings, listings = prepare(asked, chosen=chosen)
    clusters.check_count(len(listings.whole.paths))
    clusters = with_method(clusters, settings, len(listings.whole.paths))
    check_export(export.export, listings.whole, export.overwrite)
    start_tensorflow()
    from ...workflows.cluster import cluster_trained
    from ...workflows.cluster_scores import Wanted
    from ...workflows.mlflow import log_run
    from ...workflows.report import report_of_sort
    from ...workflows.train import train

    try:
        trained = train(settings, listings, save_every=resuming.save_every, going_on=going_on)
    except Interrupted as error:
        raise Interrupted(f"{error}; nothing is clustered yet: flexae cluster latest", error.signal) from error
    found, embeddings = cluster_trained(trained, listings.source, Wanted(clusters, export, names, training.seed))
    report_of_sort(trained, found, embeddings)
    log_run(found.path, output)
    return found.path


COMMAND = Command(
    "From a folder of images to clusters: train an autoencoder, then cluster the same images.",
    sections=(*Settings.sections, Resuming, Budget, Clusters, Export),
    execute=execute,
)
