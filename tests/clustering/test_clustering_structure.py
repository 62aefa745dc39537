import numpy as np

from autoencoder.clustering.structure import SAMPLE, _without_clusters, structure


def test_clusters_stand_out_and_a_single_cloud_does_not():
    random = np.random.default_rng(0)
    cloud = random.normal(size=(300, 8)).astype(np.float32)
    clusters = cloud + 20 * np.eye(8, dtype=np.float32)[np.arange(300) % 4]
    clear, none = structure(clusters, 4), structure(cloud, 4)
    assert clear.silhouette > 2 * clear.by_chance
    assert none.silhouette < 1.3 * none.by_chance


def test_what_it_is_compared_with_has_the_same_covariance_and_no_clusters():
    random = np.random.default_rng(1)
    vectors = (random.normal(size=(2000, 3)) * [5.0, 1.0, 0.1]).astype(np.float32)
    vectors[:, 1] += vectors[:, 0]
    drawn = _without_clusters(vectors, 0)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(vectors.T), rtol=0.15, atol=0.1)


def test_too_few_vectors_tell_nothing_and_many_are_sampled():
    vectors = np.random.default_rng(2).normal(size=(SAMPLE + 50, 2)).astype(np.float32)
    assert structure(vectors[:6], 4) is None
    assert structure(vectors[:100], 1) is None
    assert structure(vectors[:60], 2) == structure(vectors[:60], 2)
