"""A loss on embeddings: images that belong together lie together, all others apart."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

#: What the cosines of projections are divided by; the best of MoCo v2 (Chen et al. 2020, arXiv:2003.04297, section 3).
TEMPERATURE = 0.2


def neighbour_contrast(vectors: Any) -> Any:
    """InfoNCE with a Student-t similarity: each image must be told from all others of the batch by its partner.

    Parameters
    ----------
    vectors : float32 tensor of shape (2 n, d)
        Embeddings of n images, then of their n partners in the same order.

    Returns
    -------
    float32 tensor of shape ()
        Mean cross-entropy in nats; log(2 n - 1) where nothing is told apart.

    References
    ----------
    Böhm, Berens & Kobak 2023, Unsupervised visualization of image datasets using contrastive learning (t-SimCNE),
    ICLR, equation 3; partners from nearest neighbours: Dwibedi et al. 2021 (NNCLR), arXiv:2104.14548.
    """
    squares = tf.reduce_sum(vectors * vectors, axis=1)
    distances = squares[:, None] + squares[None, :] - 2 * tf.matmul(vectors, vectors, transpose_b=True)
    return _told_apart(-tf.math.log1p(tf.nn.relu(distances)))


def projected_contrast(vectors: Any, temperature: float = TEMPERATURE) -> Any:
    """InfoNCE with the cosine as similarity (NT-Xent), for what a projection head gives.

    Parameters
    ----------
    vectors : float32 tensor of shape (2 n, d)
        Projections of n images, then of their n partners in the same order.
    temperature : float
        What the cosines are divided by: the smaller, the more the nearest others count.

    Returns
    -------
    float32 tensor of shape ()
        Mean cross-entropy in nats; log(2 n - 1) where nothing is told apart.

    References
    ----------
    Chen, Kornblith, Norouzi & Hinton 2020 (SimCLR), arXiv:2002.05709, equation 1.
    """
    unit = tf.math.l2_normalize(vectors, axis=1)
    return _told_apart(tf.matmul(unit, unit, transpose_b=True) / temperature)


def _told_apart(similarities: Any) -> Any:
    """Return the mean cross-entropy of telling each row's partner from all other rows, by a softmax of logits."""
    count = tf.shape(similarities)[0]
    # Nothing is its own partner: exp(-1e9) is 0 in the softmax.
    logits = similarities - 1e9 * tf.eye(count)
    partners = tf.roll(tf.range(count), count // 2, axis=0)
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=partners, logits=logits))
