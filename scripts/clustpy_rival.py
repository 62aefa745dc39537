"""Cluster an array by ClustPy's DEC, IDEC or N2D within so many CPU seconds; reproduce_clustering.py runs this.

It needs an environment of its own (`pip install clustpy umap-learn`), for PyTorch is not a library of this project:
`python scripts/clustpy_rival.py pixels.npy METHOD CPU_SECONDS SEED labels.npy`.
"""

import sys
import time

import numpy as np
from clustpy.deep import DEC, IDEC, N2D
from clustpy.deep.neural_networks import FeedforwardAutoencoder
from umap import UMAP

K = 10
#: What ClustPy's own defaults spend on pretraining and on clustering: 100 and 150 epochs.
PRETRAINING_SHARE = 0.4
#: N2D's UMAP and mixture of 70,000 images, CPU seconds; the rest of the time pretrains.
MANIFOLD_SECONDS = 120
UMAP_PAPER = {"n_components": 10, "n_neighbors": 20, "min_dist": 0.0}


def epoch_seconds(vectors: np.ndarray) -> float:
    """Return the CPU seconds of one epoch of ClustPy's default autoencoder on these vectors: the median of three."""
    network = FeedforwardAutoencoder([vectors.shape[1], 500, 500, 2000, 10])
    taken = []
    for _ in range(3):
        start = time.process_time()
        network.fit(n_epochs=1, data=vectors, batch_size=256)
        taken.append(time.process_time() - start)
    return sorted(taken)[1]


def main(pixels: str, method: str, seconds: str, seed: str, labels: str) -> None:
    """Fit with ClustPy's defaults, its epochs cut to the time, and save the labels."""
    images = np.load(pixels)
    vectors = images.reshape(len(images), -1).astype(np.float32) / 255
    one = epoch_seconds(vectors)
    budget = float(seconds)
    if method == "N2D":
        epochs = max(1, round((budget - MANIFOLD_SECONDS) / one))
        options = {"manifold_class": UMAP, "manifold_params": UMAP_PAPER}
        model = N2D(K, pretrain_epochs=epochs, random_state=int(seed), **options)
    else:
        epochs, rest = (max(1, round(budget * part / one)) for part in (PRETRAINING_SHARE, 1 - PRETRAINING_SHARE))
        kind = {"DEC": DEC, "IDEC": IDEC}[method]
        model = kind(K, pretrain_epochs=epochs, clustering_epochs=rest, random_state=int(seed))
    model.fit(vectors)
    np.save(labels, np.asarray(model.labels_, np.int64))
    print(f"{method}: {epochs} epochs of pretraining, {one:.0f} CPU seconds an epoch")


if __name__ == "__main__":
    main(*sys.argv[1:])
