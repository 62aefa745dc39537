import keras
import numpy as np
import pytest

from autoencoder.model.build import build
from autoencoder.model.classifier import classifier, fresh
from autoencoder.settings import Architecture


def encoder(**knobs):
    keras.utils.set_random_seed(1)
    return build(Architecture(filters=(4,), batch_norm="before", **knobs), (8, 8), 1).encoder


IMAGES = np.random.default_rng(1).random((6, 8, 8, 1)).astype(np.float32)


@pytest.mark.parametrize("knobs", [{}, {"mlp": False}, {"drop_rate": 0.5}])
def test_both_forms_are_one_network(knobs):
    network = classifier(encoder(**knobs), 7, 3, 0.2)
    probabilities = network.classifier(IMAGES).numpy()
    assert probabilities.shape == (6, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(network.head(IMAGES), probabilities)
    assert [layer.units for layer in network.classifier.layers if isinstance(layer, keras.layers.Dense)] == [7, 3]


@pytest.mark.parametrize("knobs", [{}, {"drop_rate": 0.5, "spatial_drop_rate": 0.5}])
def test_the_head_sees_the_encoder_as_it_is_in_inference(knobs):
    network = classifier(encoder(**knobs), 7, 3)
    np.testing.assert_array_equal(network.head(IMAGES, training=True), network.head(IMAGES))
    assert not np.allclose(network.classifier(IMAGES, training=True), network.classifier(IMAGES))


def test_a_fresh_encoder_has_other_weights_and_the_same_layers():
    first = encoder()
    other = fresh(first)
    assert [layer.name for layer in first.layers] == [layer.name for layer in other.layers]
    assert not np.array_equal(first.get_weights()[0], other.get_weights()[0])
