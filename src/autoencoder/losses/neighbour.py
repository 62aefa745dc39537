"""A loss on embeddings: images that belong together lie together, all others apart."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


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
    count = tf.shape(vectors)[0]
    # Nothing is its own partner: exp(-1e9) is 0 in the softmax.
    logits = -tf.math.log1p(tf.nn.relu(distances)) - 1e9 * tf.eye(count)
    partners = tf.roll(tf.range(count), count // 2, axis=0)
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=partners, logits=logits))
