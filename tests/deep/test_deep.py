import copy
import importlib
import itertools

import keras
import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from autoencoder import clustering
from autoencoder.deep import DEEP, Refinement, Start, refine
from autoencoder.deep.dec import target_distribution
from autoencoder.deep.graph import modularity, neighbour_graph, smoothed
from autoencoder.deep.refine import Targets
from autoencoder.deep.self_label import surest
from autoencoder.model.build import build
from autoencoder.model.saved import load, save
from autoencoder.settings import Architecture, Training
from autoencoder.training.fit import fit
from autoencoder.training.state import Keeping

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
    """What a method begins with: trained models, their embedding, k-means' clusters of it, and the graph."""
    keras.utils.set_random_seed(0)
    models = build(Architecture(filters=(8,)), (8, 8), 1)
    models.autoencoder.set_weights(trained)
    vectors = models.encoder.predict(digits[:COUNT].astype(np.float32) / 255, verbose=0)
    labels = clustering.fit(vectors, "kmeans", 5, 0).labels
    return Start(models, vectors, labels, neighbour_graph(digits[:COUNT]))


@pytest.fixture
def start(digits, trained):
    return begin(digits, trained)


@pytest.fixture(scope="module")
def refined_once(digits, trained):
    """Each method after its rounds, done once: the method and what came of it."""
    made = {name: DEEP[name](begin(digits, trained)) for name in DEEP}
    return {name: (method, refine(method, digits[:COUNT], TRAINING)) for name, method in made.items()}


@pytest.mark.parametrize("name", DEEP)
def test_contract(digits, refined_once, name, tmp_path):
    method, refined = refined_once[name]
    assert refined.assignments.shape == (COUNT, 5)
    np.testing.assert_allclose(refined.assignments.sum(axis=1), 1, atol=1e-5)
    assert [sum(sizes) for sizes in refined.sizes] == [COUNT] * len(refined.history["epoch"])
    assert all(0 <= changed <= 1 for changed in refined.history["changed"])
    assert np.isfinite(refined.history["loss"]).all()
    save(method.network, tmp_path / "network.keras")
    images = digits[:COUNT][:7].astype(np.float32) / 255
    again = load(tmp_path / "network.keras", several=True)(images)["clusters"].numpy()
    np.testing.assert_allclose(again, refined.assignments[:7], atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", DEEP)
def test_the_same_seed_gives_the_same_assignments(digits, trained, refined_once, name):
    again = refine(DEEP[name](begin(digits, trained)), digits[:COUNT], TRAINING)
    np.testing.assert_array_equal(again.assignments, refined_once[name][1].assignments)


def test_the_first_assignments_of_dec_are_those_of_its_start(digits, start):
    method = DEEP["dec"](start)
    q = method.network(digits[:COUNT].astype(np.float32) / 255)["clusters"].numpy()
    assert np.mean(q.argmax(axis=1) == start.labels) > 0.97


def test_idec_keeps_the_reconstruction(digits, start):
    refined = refine(DEEP["idec"](start), digits[:COUNT], TRAINING)
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


def test_an_empty_cluster_brings_the_round_before_back(digits, start):
    pixels = digits[:COUNT]
    method = DEEP["self_label"](start)
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
    refined = refine(all_in_one, pixels, training, tolerance=-1, log=told.append)
    assert refined.status == "collapsed"
    assert "emptied; back to" in told[-1]
    if not refined.sizes:
        for one, other in zip(before, method.network.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)
    q = method.network(pixels.astype(np.float32) / 255)["clusters"].numpy()
    np.testing.assert_allclose(q, refined.assignments, atol=1e-5)


def test_it_settles_where_nothing_changes_and_stops_where_it_is_asked(digits, start):
    method = DEEP["dec"](start)
    assert refine(method, digits[:COUNT], TRAINING, tolerance=1.0).status == "settled"
    assert refine(method, digits[:COUNT], TRAINING, tolerance=-1, stopping=lambda: True).status == "interrupted"


class Killed(BaseException):
    """Ends everything where it is raised."""


@pytest.mark.parametrize("name", DEEP)
def test_it_goes_on_with_its_next_round_bit_for_bit(digits, trained, name):
    pixels, training = digits[:COUNT], TRAINING
    whole = DEEP[name](begin(digits, trained))
    uninterrupted = refine(whole, pixels, training, tolerance=-1)
    kept = []

    def save(state):
        kept.append(copy.deepcopy(state))
        raise Killed

    with pytest.raises(Killed):
        refine(DEEP[name](begin(digits, trained)), pixels, training, tolerance=-1, keeping=Keeping(save, 0.0))
    assert [state.record["epoch"] for state in kept] == [1]
    again = DEEP[name](begin(digits, trained))
    gone_on = refine(again, pixels, training, tolerance=-1, keeping=Keeping(kept.append, None, kept[-1]))
    assert gone_on._replace(assignments=None) == uninterrupted._replace(assignments=None)
    np.testing.assert_array_equal(gone_on.assignments, uninterrupted.assignments)
    for one, other in zip(whole.network.get_weights(), again.network.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_within_a_round_it_stops_after_the_batch_with_what_the_round_before_left(digits, start, monkeypatch):
    module = importlib.import_module("autoencoder.deep.refine")
    monkeypatch.setattr(module, "STEPS_AT_LEAST", 5)
    asked, kept, method = itertools.count(), [], DEEP["dec"](start)
    # Asked once before the first round, then after each of its 7 batches, and once before new targets are made.
    refined = refine(
        method,
        digits[:COUNT],
        TRAINING,
        tolerance=-1,
        stopping=lambda: next(asked) > 11,
        keeping=Keeping(kept.append, 1e9),
    )
    assert (refined.status, len(refined.sizes)) == ("interrupted", 1)
    assert next(asked) == 13
    assert [state.record["epoch"] for state in kept] == [1]
    q = method.network(digits[:COUNT].astype(np.float32) / 255)["clusters"].numpy()
    np.testing.assert_allclose(q, refined.assignments, atol=1e-5)


def test_the_graph_joins_both_ways_and_never_an_image_with_itself(digits):
    links = neighbour_graph(digits[:100]).toarray()
    np.testing.assert_array_equal(links, links.T)
    assert set(links.ravel()) == {0, 1}
    assert (links.sum(axis=1) >= 10).all()
    assert not links.diagonal().any()


def test_modularity_by_hand():
    # Two pairs: all links inside, half of the ends in each cluster: 1 - 2 / 4.
    pairs = scipy.sparse.csr_array(np.kron(np.eye(2), [[0.0, 1.0], [1.0, 0.0]]))
    assert modularity(np.array([0, 0, 1, 1]), pairs) == pytest.approx(0.5)
    assert modularity(np.array([0, 1, 0, 1]), pairs) == pytest.approx(-0.5)
    assert modularity(np.zeros(4, int), pairs) == pytest.approx(0)


def test_smoothing_by_hand():
    graph = scipy.sparse.csr_array(np.array([[0.0, 1.0], [1.0, 0.0]], np.float32))
    np.testing.assert_allclose(smoothed(np.array([[1.0, 0.0], [0.0, 1.0]]), graph, 1), [[0.5, 0.5], [0.5, 0.5]])


def test_the_surest_of_each_cluster_are_taught():
    assignments = np.array([[0.9, 0.1], [0.6, 0.4], [0.8, 0.2], [0.45, 0.55], [0.3, 0.7]])
    assert surest(assignments, 0.5).tolist() == [1, 0, 1, 0, 1]
    assert surest(assignments, 1.0).tolist() == [1] * 5


def all_in_one_from(monkeypatch, call):
    """Let every image fall into the first cluster from a call of the predictor on; the first is before any round."""
    module = importlib.import_module("autoencoder.deep.refine")
    real = module._predictor

    def predictor(*arguments):
        predict, calls = real(*arguments), itertools.count(1)

        def assign():
            q = predict()
            return q if next(calls) < call else np.eye(q.shape[1], dtype=np.float32)[np.zeros(len(q), int)]

        return assign

    monkeypatch.setattr(module, "_predictor", predictor)


def without_numbers_from(method, call):
    """Teach what is no number from a call for targets on; the first is before any round."""
    calls = itertools.count(1)

    def targets(q, first):
        made = method.targets(q, first)
        return made if next(calls) < call else Targets(made.clusters, np.full_like(made.weights, np.nan))

    return method._replace(targets=targets)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(DEEP))
@pytest.mark.parametrize("status", ["collapsed", "diverged"])
@pytest.mark.parametrize("rounds", [0, 1])
def test_what_goes_wrong_brings_back_the_last_good_round(digits, start, name, status, rounds, monkeypatch):
    if rounds == 0:  # what is taken back may be short
        monkeypatch.setattr(importlib.import_module("autoencoder.deep.refine"), "STEPS_AT_LEAST", 10)
    made = DEEP[name](start)
    before = [weights.copy() for weights in made.network.get_weights()]
    if status == "collapsed":
        all_in_one_from(monkeypatch, 2 + rounds)
        refined = refine(made, digits[:COUNT], TRAINING, tolerance=-1)
    else:
        refined = refine(without_numbers_from(made, 1 + rounds), digits[:COUNT], TRAINING, tolerance=-1)
    assert (refined.status, refined.learned, len(refined.sizes)) == (status, rounds == 1, rounds)
    assert np.isfinite(refined.history.get("loss", [])).all()
    now = made.network.get_weights()
    assert all(np.isfinite(weights).all() for weights in now)
    same = all(np.array_equal(one, other) for one, other in zip(before, now, strict=True))
    assert same == (rounds == 0)
    q = made.network(digits[:COUNT].astype(np.float32) / 255)["clusters"].numpy()
    np.testing.assert_allclose(q, refined.assignments, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", DEEP)
def test_images_of_64_x_64_in_colour(kinds64, name):
    pixels, kinds = kinds64
    keras.utils.set_random_seed(0)
    models = build(Architecture(filters=(4,), strides=((8, 8),), dims=(3,)), (64, 64), 3)
    training = Training(train_epochs=1, batch_size=8, loss="mse")
    fit(models, pixels, pixels[:8], training, [])
    vectors = models.encoder.predict(pixels / np.float32(255), verbose=0)
    method = DEEP[name](Start(models, vectors, kinds, neighbour_graph(pixels)))
    refined = refine(method, pixels, training, tolerance=-1)
    assert (refined.status, refined.sizes) == ("done", [(12, 12)])
    np.testing.assert_array_equal(refined.assignments.argmax(axis=1), kinds)
    if name == "idec":
        assert method.network(pixels[:1] / np.float32(255))["image"].shape == (1, 64, 64, 3)
