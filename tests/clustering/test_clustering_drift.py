"""How far new vectors lie from those that were clustered."""

import numpy as np

from autoencoder.clustering import assign, fit
from autoencoder.clustering.drift import drift


def blobs(count, seed, shift=0.0):
    generator = np.random.default_rng(seed)
    return (generator.normal(size=(count, 2)) + 20 * generator.integers(0, 2, (count, 1)) + shift).astype(np.float32)


def test_images_of_the_same_kind_have_not_drifted_and_quantiles_are_evenly_spread():
    found = fit(blobs(2_000, 0), "kmeans", 2)
    seen = drift(found, assign(found, blobs(1_000, 1)))
    assert not seen.drifted and seen.beyond < 25
    assert abs(seen.quantiles.mean() - 0.5) < 0.05 and "about as many as chance gives" in seen.sentence


def test_images_of_another_kind_are_beyond_and_said_so():
    found = fit(blobs(2_000, 0), "kmeans", 2)
    new = np.concatenate([blobs(50, 1), blobs(50, 2, shift=9.0)])
    seen = drift(found, assign(found, new))
    assert seen.drifted and (seen.quantiles[50:] == 1).all()
    assert seen.beyond >= 50 and "unlike what was learned" in seen.sentence


def test_of_few_clustered_images_it_cannot_be_told():
    found = fit(blobs(10, 0), "kmeans", 2)
    assert drift(found, assign(found, blobs(5, 1))) is None
