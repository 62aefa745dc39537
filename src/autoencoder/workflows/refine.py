"""Refine: a new run, whose encoder was trained further for clusters of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from ..clustering import Clustering, fit
from ..clustering.soft import from_assignments, with_kernel
from ..data.listing import Images
from ..data.source import ImageSource
from ..deep import DEEP, Refined, Start, modularity, neighbour_graph, refine, smoothed
from ..errors import Interrupted
from ..model import describe
from ..model.build import Models
from ..model.encoder import encoder_of, open_trainable
from ..model.saved import load, save
from ..plots.curves import deep_curves
from ..settings import Augment, Output, Training
from ..settings.clustering import Clusters
from ..signals import stop_at_next_batch
from ..storage import new_run
from ..storage.run import Run
from .embeddings import Embeddings, encode

log = logging.getLogger("autoencoder")

BATCH_SIZE = 256
AUTOMATIC_STARTS = ("kmeans", "gmm")
SMOOTHING_STEPS = 20


class EncoderSource(NamedTuple):
    """The encoder that is used, the run whose folder it belongs to, and the images."""

    run: Run
    encoder: Path
    images: ImageSource


class Refinement(NamedTuple):
    """What a deep method gave: its clusters, the embeddings that they are of, and the encoder that makes these.

    Where the first round went wrong there is no new encoder, and the clusters are those that the method began with.
    """

    found: Clustering
    embeddings: Embeddings
    encoder: keras.Model | None
    refined: Refined


def refine_encoder(
    models: Models,
    embeddings: Embeddings,
    images: Images,
    wanted: Clusters,
    seed: int,
    augment: Augment | None = None,
    stopping: Callable[[], bool] = lambda: False,
) -> Refinement:
    """Train an encoder further by a deep method; its weights change.

    Parameters
    ----------
    models : Models
        With a decoder for idec; otherwise the encoder may stand for all.
    embeddings : Embeddings
    images : Images
        Those that the embeddings are of.
    wanted : Clusters
    seed : int
    augment : tuple of str, optional
        Random changes of the images, those of the encoder's own training.
    stopping : callable
        Asked after every batch; once true, training ends there, and the clusters are those that it began with.
    """
    keras.utils.set_random_seed(seed)
    graph = neighbour_graph(images.pixels)
    start = _starting_clusters(embeddings.vectors, wanted, graph, seed)
    method = DEEP[wanted.method](Start(models, embeddings.vectors, start.labels, graph))
    training = _training(models, wanted, seed, augment)
    refined = refine(method, images.pixels, training, log=log.info, stopping=stopping)
    if not refined.learned:
        said = {"asked_for": wanted.method, "status": refined.status}
        return Refinement(replace(start, settings=start.settings | said), embeddings, None, refined)
    if stopping():
        return Refinement(start, embeddings, method.encoder, refined)
    fresh = replace(embeddings, vectors=encode(encoder_of(method.encoder, Path("the encoder")), images.pixels))
    return Refinement(_clustering(method.network, wanted, refined, fresh), fresh, method.encoder, refined)


def refine_run(
    source: EncoderSource, embeddings: Embeddings, images: Images, wanted: Clusters, seed: int
) -> tuple[EncoderSource, Embeddings, Clustering]:
    """Train a run's encoder further by a deep method; return the new run, its embeddings and its clusters.

    Where the first round goes wrong there is no new run: the clusters are those that the method began with.

    Raises
    ------
    ModelFileError
        If the encoder is no Keras model, or idec finds no decoder beside it.
    Interrupted
        After a signal, once the new run is saved.
    """
    augment = source.run.section(Training).augment
    with stop_at_next_batch() as stopping:
        found, fresh, encoder, refined = refine_encoder(
            _models(source, wanted.method), embeddings, images, wanted, seed, augment, stopping
        )
    if encoder is None:
        gone = f"{wanted.method} {refined.status} in its first round, so nothing of it is kept"
        if stopping.signal is not None:
            raise Interrupted(f"interrupted; {gone}", stopping.signal)
        log.info(
            f"{gone}: these are the clusters of {found.method} that it began with; try a smaller --refine_rate, or "
            "train the encoder longer first"
        )
        return source, fresh, found
    run = new_run.create(Output(save_prefix=wanted.method), datetime.now())
    save(encoder, run.encoder)
    _write_settings(run, source, wanted, seed)
    run.write_history(refined.history)
    if stopping.signal is not None:
        raise Interrupted(f"interrupted; the encoder so far is in {run.path}", stopping.signal)
    deep_curves(refined.history, np.array(refined.sizes)[:, found.arrays["order"]], run.loss_picture)
    return source._replace(run=run, encoder=run.encoder), fresh, found


def _starting_clusters(vectors: np.ndarray, wanted: Clusters, graph: Any, seed: int) -> Clustering:
    """Cluster the embedding by the method that is asked for, or by the one that the graph agrees with more."""
    candidates = AUTOMATIC_STARTS if wanted.start is None else (wanted.start,)
    found = {name: fit(vectors, name, wanted.k, seed) for name in candidates}
    if len(found) == 1:
        return found[candidates[0]]
    agreed = {}
    for name, each in found.items():
        spread = smoothed(np.eye(each.labels.max() + 1, dtype=np.float32)[each.labels], graph, SMOOTHING_STEPS)
        agreed[name] = modularity(spread.argmax(axis=1), graph)
        log.info(f"start {name}: modularity {agreed[name]:.4f}")
    return found[max(agreed, key=lambda name: agreed[name])]


def _models(source: EncoderSource, method: str) -> Models:
    encoder = open_trainable(source.encoder)
    return deep_models(encoder, load(source.run.decoder) if method == "idec" else None)


def deep_models(encoder: keras.Model, decoder: keras.Model | None) -> Models:
    """Return what a deep method trains: with a decoder an autoencoder of both, else the encoder alone."""
    if decoder is None:
        return Models(encoder, encoder, encoder)
    inputs = keras.Input(encoder.input.shape[1:], name="image")
    return Models(encoder, decoder, keras.Model(inputs, decoder(encoder(inputs))))


def _training(models: Models, wanted: Clusters, seed: int, augment: Augment | None) -> Training:
    """Train on images that are augmented as the run's own were, so many at once as a gibibyte allows."""
    return Training(
        train_epochs=wanted.rounds,
        learning_rate=wanted.refine_rate,
        schedule="cosine",
        batch_size=min(BATCH_SIZE, describe.fitting_batch_size(models, 2**30)),
        augment=augment,
        seed=seed,
    )


def _write_settings(run: Run, source: EncoderSource, wanted: Clusters, seed: int) -> None:
    """Write what repeats the refining: `flexae cluster --config=settings.yml`; `run` names the parent."""
    flags: dict[str, Any] = {"run": str(source.run.path.absolute()), **source.images.to_flags(), "seed": seed}
    run.write_flags(flags | wanted.to_flags())


def _clustering(network: keras.Model, wanted: Clusters, refined: Refined, embeddings: Embeddings) -> Clustering:
    settings = wanted.model_dump(mode="json", include={"start", "rounds", "refine_rate"}) | {"status": refined.status}
    found = from_assignments(wanted.method, refined.assignments, embeddings.vectors, settings)
    if wanted.method == "self_label":
        return found
    return with_kernel(found, network.get_layer("assignment").centers.numpy())
