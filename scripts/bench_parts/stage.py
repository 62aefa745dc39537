"""Single steps that parts measure in a process of their own: `python -m bench_parts.stage STEP WORD ...`."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import yaml


def one_batch() -> None:
    """Import TensorFlow and fit the default network of 28 x 28 images to a single batch: the memory to begin with."""
    from autoencoder.tensorflow_start import start_tensorflow

    start_tensorflow()
    from autoencoder.model.build import build
    from autoencoder.settings import Architecture, Training
    from autoencoder.training.fit import fit

    batch = np.zeros((32, 28, 28, 1), np.uint8)
    fit(build(Architecture(), (28, 28), 1), batch, batch, Training(train_epochs=1), [])


def chosen(*flags: str) -> None:
    """Print what --precision=auto takes for a network of these flags on this processor, and why."""
    from autoencoder.settings import Settings
    from autoencoder.training.precision import choose_precision

    settings = Settings.from_flags(dict(flag.removeprefix("--").split("=", 1) for flag in flags))
    print(choose_precision(settings.architecture, settings.training).note)


def keras_fit(*flags: str) -> None:
    """Train the network of these flags as Keras alone does: `fit` on an array in memory, its own layers, float32."""
    settings, splits = _loaded(*flags)
    from autoencoder.cli.screen import shown
    from autoencoder.losses import LOSSES
    from autoencoder.training.learning_rate import optimizer
    from autoencoder.training.progress import EpochLines
    from autoencoder.workflows.train import build_seeded

    training = settings.training
    given, held = (np.asarray(part.pixels).astype(np.float32) / 255 for part in splits.parts.values())
    model = build_seeded(settings).autoencoder
    model.compile(optimizer=optimizer(training, 1), loss=LOSSES[training.loss])
    options = {"batch_size": training.batch_size, "epochs": training.train_epochs, "verbose": 0}
    lines = EpochLines(training.train_epochs)
    with shown():
        model.fit(given, given, validation_data=(held, held), callbacks=[lines], **options)


def _loaded(*flags: str) -> Any:
    """Return the settings of flags, `--config` included, and their images; TensorFlow is there then."""
    from autoencoder.settings import Settings
    from autoencoder.tensorflow_start import start_tensorflow
    from autoencoder.workflows.images import load_images, prepare

    given = dict(flag.removeprefix("--").split("=", 1) for flag in flags)
    recipe = yaml.safe_load(Path(given.pop("config")).read_text(encoding="utf-8")) if "config" in given else {}
    settings, listings = prepare(Settings.from_flags(recipe | given))
    start_tensorflow()
    return settings, load_images(settings, listings)


def limited(most: str, *words: str) -> None:
    """Run the command line as if the machine left this process `most` bytes in all; print the most that it took."""
    from autoencoder.cli.main import main
    from autoencoder.data import memory

    memory._of_container = lambda: max(0, int(most) - own_memory())
    highest = [0]

    def watch() -> None:
        while True:
            highest[0] = max(highest[0], own_memory())
            time.sleep(0.02)

    threading.Thread(target=watch, daemon=True).start()
    status = main(words)
    print("took", highest[0])
    sys.exit(status)


def own_memory() -> int:
    """Return the bytes that this process holds now; pages of mapped files, which the kernel takes back, left out."""
    with Path("/proc/self/status").open() as file:
        facts = dict(line.split(":", 1) for line in file)
    return sum(int(facts[name].split()[0]) * 1024 for name in ("RssAnon", "RssShmem"))


def kmeans(vectors: str, labels: str) -> None:
    """Find ten clusters of the vectors in a .npy file; print the seconds."""
    from autoencoder.clustering import fit

    loaded = np.load(vectors)
    fit(loaded[:100], "kmeans", 10, 1)  # imports scikit-learn
    began = time.perf_counter()
    found = fit(loaded, "kmeans", 10, 1)
    print("seconds", time.perf_counter() - began)
    np.save(labels, found.labels)


def grow(source: str, most: str, count: str, images: str, folder: str = "") -> None:
    """Write images for the part `growth`."""
    from .growth import make

    make(Path(source), int(most), int(count), Path(images), Path(folder) if folder else None)


def pictures(vectors: str, images: str, folder: str) -> None:
    """Draw a clustering of vectors (.npy) and their images (an idx file) into a folder; print the seconds."""
    from autoencoder.clustering import fit
    from autoencoder.data.load import load
    from autoencoder.data.scan import scan
    from autoencoder.storage.clustering import ClusterFolder
    from autoencoder.workflows.draw_clusters import ClusteredImages, draw
    from autoencoder.workflows.embeddings import Embeddings

    loaded = np.load(vectors)
    found = fit(loaded, "kmeans", 10, 1)
    decoded = load(scan(Path(images)), (28, 28), "grayscale")
    embeddings = Embeddings(loaded, decoded.paths, decoded.labels, Path(images), ())
    began = time.perf_counter()
    draw(ClusteredImages(embeddings, decoded, found, {}), None, ClusterFolder(Path(folder)), 1)
    print("seconds", time.perf_counter() - began)


STEPS = {step.__name__: step for step in (one_batch, chosen, keras_fit, limited, kmeans, grow, pictures)}

if __name__ == "__main__":
    STEPS[sys.argv[1]](*sys.argv[2:])
