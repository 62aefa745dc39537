import keras
import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from autoencoder import clustering
from autoencoder.deep import DEEP, Refinement, refine
from autoencoder.deep.dec import target_distribution
from autoencoder.deep.refine import Targets
from autoencoder.deep.self_label import neighbour_graph, smoothed, surest
from autoencoder.model.build import build
from autoencoder.model.saved import load, save
from autoencoder.settings import Architecture, Training
from autoencoder.training.fit import fit

COUNT = 400
TRAINING = Training(train_epochs=2, batch_size=64, augment=("shift",))


@pytest.fixture(scope="module")
def trained(digits):
    """Weights of an autoencoder that has learned digits for a few seconds."""
    keras.utils.set_random_seed(0)
    models = build(Architecture(filters=(8,)), (8, 8), 1)
    fit(models, digits[:COUNT], digits[:100], Training(train_epochs=20, batch_size=64, loss="mse", contrast=0.1), [])
    return models.autoencoder.get_weights()


def begin(digits, trained):
    """The trained models, their images, k-means' clusters of the embedding, and the embedding."""
    keras.utils.set_random_seed(0)
    models = build(Architecture(filters=(8,)), (8, 8), 1)
    models.autoencoder.set_weights(trained)
    vectors = models.encoder.predict(digits[:COUNT].astype(np.float32) / 255, verbose=0)
    return models, digits[:COUNT], clustering.fit(vectors, "kmeans", 5, 0).labels, vectors


@pytest.fixture
def start(digits, trained):
    return begin(digits, trained)


@pytest.mark.parametrize("name", DEEP)
def test_contract(start, name, tmp_path):
    method = DEEP[name](*start)
    refined = refine(method, start[1], TRAINING)
    assert refined.assignments.shape == (COUNT, 5)
    np.testing.assert_allclose(refined.assignments.sum(axis=1), 1, atol=1e-5)
    assert [sum(sizes) for sizes in refined.sizes] == [COUNT] * len(refined.history["epoch"])
    assert all(0 <= changed <= 1 for changed in refined.history["changed"])
    assert np.isfinite(refined.history["loss"]).all()
    save(method.network, tmp_path / "network.keras")
    images = start[1][:7].astype(np.float32) / 255
    again = load(tmp_path / "network.keras")(images)["clusters"].numpy()
    np.testing.assert_allclose(again, refined.assignments[:7], atol=1e-5)
    np.testing.assert_array_equal(again.argmax(axis=1), refined.assignments[:7].argmax(axis=1))


@pytest.mark.parametrize("name", DEEP)
def test_the_same_seed_gives_the_same_assignments(digits, trained, name):
    one, other = (refine(DEEP[name](*begin(digits, trained)), digits[:COUNT], TRAINING).assignments for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_the_first_assignments_of_dec_are_those_of_its_start(start):
    method = DEEP["dec"](*start)
    q = method.network(start[1].astype(np.float32) / 255)["clusters"].numpy()
    assert np.mean(q.argmax(axis=1) == start[2]) > 0.97


def test_idec_keeps_the_reconstruction(start):
    refined = refine(DEEP["idec"](*start), start[1], TRAINING)
    assert {"clusters_loss", "image_loss"} <= set(refined.history)


def test_target_distribution_by_hand():
    # Columns have mass 1.5 and 0.5; squares over mass: (.64/1.5, .04/.5) and (.49/1.5, .09/.5).
    q = np.array([[0.8, 0.2], [0.7, 0.3]])
    expected = np.array([[0.64 / 1.5, 0.04 / 0.5], [0.49 / 1.5, 0.09 / 0.5]])
    np.testing.assert_allclose(target_distribution(q), expected / expected.sum(axis=1, keepdims=True))


@given(arrays(np.float64, st.tuples(st.integers(1, 20), st.integers(2, 6)), elements=st.floats(0.01, 1)))
def test_target_distribution_is_a_distribution_that_keeps_the_order_within_equal_masses(raw):
    p = target_distribution(raw / raw.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert (p >= 0).all()


def test_target_distribution_refuses_what_it_cannot_sharpen():
    with pytest.raises(ValueError, match="shape"):
        target_distribution(np.ones(3))
    with pytest.raises(ValueError, match="cluster 1 has none"):
        target_distribution(np.array([[1.0, 0.0]]))


def test_an_empty_cluster_brings_the_round_before_back(start):
    models, pixels, labels, vectors = start
    method = DEEP["self_label"](models, pixels, labels, vectors)
    one = np.zeros((COUNT, 5), np.float32)
    one[:, 0] = 1
    all_in_one = Refinement(
        method.network,
        method.encoder,
        lambda q, first: Targets(one, np.ones(COUNT, np.float32)),
        method.losses,
        method.loss_weights,
    )
    before = [weights.copy() for weights in method.network.get_weights()]
    told = []
    training = Training(train_epochs=30, batch_size=64, learning_rate=0.05)
    refined = refine(all_in_one, pixels, training, tolerance=-1, tell=told.append)
    assert refined.status == "collapsed"
    assert "emptied; back to the round before" in told[-1]
    if not refined.sizes:
        for one, other in zip(before, method.network.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)
    q = method.network(pixels.astype(np.float32) / 255)["clusters"].numpy()
    np.testing.assert_allclose(q, refined.assignments, atol=1e-5)


def test_it_settles_where_nothing_changes_and_stops_where_it_is_asked(start):
    method = DEEP["dec"](*start)
    assert refine(method, start[1], TRAINING, tolerance=1.0).status == "settled"
    assert refine(method, start[1], TRAINING, tolerance=-1, stopping=lambda: True).status == "interrupted"


def test_the_graph_is_symmetric_in_its_links_and_its_rows_sum_to_one(digits):
    graph = neighbour_graph(digits[:100])
    links = (graph > 0).toarray()
    np.testing.assert_array_equal(links, links.T)
    assert (links.sum(axis=1) >= 10).all()
    np.testing.assert_allclose(graph.sum(axis=1), 1, rtol=1e-5)


def test_smoothing_by_hand():
    graph = scipy.sparse.csr_array(np.array([[0.0, 1.0], [1.0, 0.0]], np.float32))
    np.testing.assert_allclose(smoothed(np.array([[1.0, 0.0], [0.0, 1.0]]), graph, 1), [[0.5, 0.5], [0.5, 0.5]])


def test_the_surest_of_each_cluster_are_taught():
    assignments = np.array([[0.9, 0.1], [0.6, 0.4], [0.8, 0.2], [0.45, 0.55], [0.3, 0.7]])
    assert surest(assignments, 0.5).tolist() == [1, 0, 1, 0, 1]
    assert surest(assignments, 1.0).tolist() == [1] * 5
