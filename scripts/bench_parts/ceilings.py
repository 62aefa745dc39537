"""What the machine can do at most: products of matrices, in float32 and bfloat16."""

from __future__ import annotations

import os

from .measure import Figures, Part, Setup, median_seconds
from .page import table

KINDS = ("float32", "bfloat16")


def measure(setup: Setup) -> Figures:
    """Return GFLOPS of TensorFlow's product of square matrices."""
    from autoencoder.tensorflow_start import start_tensorflow

    start_tensorflow()
    import tensorflow as tf

    size = 256 if setup.quick else 4096
    numbers = tf.random.stateless_uniform((2, size, size), (1, 2))
    factors = {kind: tf.cast(numbers, kind) for kind in KINDS}
    product = tf.function(tf.matmul)
    taken = median_seconds(
        {kind: lambda pair=pair: product(pair[0], pair[1]).numpy() for kind, pair in factors.items()},
        2 * setup.rounds + 1,
    )
    return {"cores": len(os.sched_getaffinity(0)), **{kind: 2 * size**3 / taken[kind] / 1e9 for kind in KINDS}}


def page(figures: Figures) -> list[str]:
    """Return the table."""
    head = ["cores", *(f"{kind}, GFLOPS" for kind in KINDS)]
    return table(head, [[figures["cores"], *(figures[kind] for kind in KINDS)]])


PART = Part("The machine's ceilings: products of 4,096 x 4,096 matrices", 1, measure, page)
