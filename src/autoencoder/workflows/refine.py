"""Refine: a new run, whose encoder was trained further for clusters of its own."""

from __future__ import annotations

import logging
import shlex
import shutil
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
from ..deep import Refinement as DeepMethod
from ..errors import Interrupted
from ..model import describe
from ..model.build import Models
from ..model.encoder import encoder_of, open_trainable
from ..model.saved import load
from ..plots.curves import deep_curves
from ..settings import Augment, Output, Training
from ..settings.clustering import Clusters
from ..signals import stop_at_next_batch
from ..storage import new_run
from ..storage.provenance import Provenance
from ..storage.run import Run
from .embeddings import Embeddings, encode
from .rescue import save_trained
from .resume import keeping
from .unfinished import Unfinished, check_encoder, check_images

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


class _Begun(NamedTuple):
    """Clusters to begin with, and the method and training that make them clearer."""

    start: Clustering
    method: DeepMethod
    training: Training


def refine_encoder(
    models: Models,
    embeddings: Embeddings,
    images: Images,
    wanted: Clusters,
    seed: int,
    augment: Augment | None = None,
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
    """
    begun = _begin(models, embeddings, images, wanted, seed, augment)
    return _end(begun, refine(begun.method, images.pixels, begun.training, log=log.info), embeddings, images, wanted)


def _begin(
    models: Models, embeddings: Embeddings, images: Images, wanted: Clusters, seed: int, augment: Augment | None
) -> _Begun:
    keras.utils.set_random_seed(seed)
    graph = neighbour_graph(images.pixels)
    start = _starting_clusters(embeddings.vectors, wanted, graph, seed)
    method = DEEP[wanted.method](Start(models, embeddings.vectors, start.labels, graph))
    return _Begun(start, method, _training(models, wanted, seed, augment))


def _end(begun: _Begun, refined: Refined, embeddings: Embeddings, images: Images, wanted: Clusters) -> Refinement:
    start, method, _ = begun
    if not refined.learned:
        said = {"asked_for": wanted.method, "status": refined.status}
        return Refinement(replace(start, settings=start.settings | said), embeddings, None, refined)
    fresh = replace(embeddings, vectors=encode(encoder_of(method.encoder, Path("the encoder")), images.pixels))
    return Refinement(_clustering(method.network, wanted, refined, fresh), fresh, method.encoder, refined)


def refine_run(
    source: EncoderSource,
    embeddings: Embeddings,
    images: Images,
    wanted: Clusters,
    made: Provenance,
    save_every: float | None = None,
    going_on: Unfinished | None = None,
) -> tuple[EncoderSource, Embeddings, Clustering]:
    """Train a run's encoder further by a deep method; return the new run, its embeddings and its clusters.

    Where the first round goes wrong there is no new run: the clusters are those that the method began with. The new
    run is not finished yet: what it can be gone on from stays until `forget_states`.

    Parameters
    ----------
    source : EncoderSource
    embeddings : Embeddings
    images : Images
    wanted : Clusters
    made : Provenance
        What makes the clusters; its settings name the seed.
    save_every : float, optional
        Seconds from one kept state to the next.
    going_on : Unfinished, optional
        The new run, where it is gone on with.

    Raises
    ------
    ModelFileError
        If the encoder is no Keras model, or idec finds no decoder beside it.
    Interrupted
        After a signal, once the new run is saved.
    """
    if going_on is not None:
        check_images(going_on, made)
        check_encoder(going_on, made)
    seed, augment = made.settings["seed"], source.run.section(Training).augment
    begun = _begin(_models(source, wanted.method), embeddings, images, wanted, seed, augment)
    new = new_run.create(Output(save_prefix=wanted.method), datetime.now()) if going_on is None else going_on.run
    with keeping(new, "cluster", save_every, going_on, "round") as states:
        new.write_provenance(replace(made, finished=False))
        _write_settings(new, source, wanted, seed)
        with stop_at_next_batch() as stopping:
            refined = refine(
                begun.method, images.pixels, begun.training, log=log.info, stopping=stopping, keeping=states
            )
        if stopping.signal is not None and refined.status == "interrupted":
            raise _interrupted(new, begun, refined, made, stopping.signal)
        if refined.learned:
            save_trained(begun.method.encoder, new.encoder)
            new.write_history(refined.history)
    found, fresh, encoder, _ = _end(begun, refined, embeddings, images, wanted)
    if encoder is None:
        shutil.rmtree(new.path, ignore_errors=True)
        gone = f"{wanted.method} {refined.status} in its first round, so nothing of it is kept"
        if stopping.signal is not None:
            raise Interrupted(f"interrupted; {gone}", stopping.signal)
        log.info(
            f"{gone}: these are the clusters of {found.method} that it began with; try a smaller --refine_rate, or "
            "train the encoder longer first"
        )
        return source, fresh, found
    deep_curves(refined.history, np.array(refined.sizes)[:, found.arrays["order"]], new.loss_picture)
    if stopping.signal is not None:
        raise Interrupted(
            f"interrupted; the rounds are complete, and nothing is clustered yet; {_to_go_on(new)}", stopping.signal
        )
    return source._replace(run=new, encoder=new.encoder), fresh, found


def _interrupted(run: Run, begun: _Begun, refined: Refined, made: Provenance, signal: int) -> Interrupted:
    """Save what the rounds gave that are over, and return what is said."""
    if not refined.learned:
        return Interrupted(f"interrupted in the first round; {_to_go_on(run)}", signal)
    save_trained(begun.method.encoder, run.encoder)
    run.write_history(refined.history)
    run.write_scores({"status": refined.status})
    run.write_provenance(made)
    return Interrupted(f"interrupted; the encoder so far is in {run.path}; {_to_go_on(run)}", signal)


def _to_go_on(run: Run) -> str:
    return f"to go on: flexae cluster --resume={shlex.quote(str(run.path))}"


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
