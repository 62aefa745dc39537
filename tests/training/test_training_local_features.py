import numpy as np
import pytest

from autoencoder.model.apply import embedded
from autoencoder.model.build import build
from autoencoder.settings import Architecture
from autoencoder.training.contrast import partners
from autoencoder.training.local_features import PIXEL_WEIGHT, local_features, with_local_features

FEATURES = {"filters": (4, 6), "strides": 2, "mlp": False, "global_pooling": True, "local_features": True}


def mean_square(vectors):
    return np.square(vectors).sum(axis=1).mean()


@pytest.fixture
def pixels(kinds64):
    return kinds64[0][:, ::4, ::4]


@pytest.mark.slow
def test_each_part_has_the_weight_that_it_should(pixels):
    found = local_features(pixels)
    at = found.shape[1] // 2
    assert found.shape == (24, 46)  # 23 components of 24 images, of histograms and of pixels
    assert mean_square(found[:, :at]) == pytest.approx(1, rel=1e-3)
    assert mean_square(found[:, at:]) == pytest.approx(PIXEL_WEIGHT**2, rel=1e-3)


def test_neighbours_in_local_features_are_of_one_kind_whatever_the_light(kinds64):
    pixels, kinds = kinds64
    dark = pixels.copy()
    dark[::4] //= 3
    dark[1::4] //= 3
    rows = partners(dark, 3, local_features)
    assert (kinds[rows] == kinds[:, None]).mean() > 0.95


def test_images_are_rebuilt_as_before_and_the_embedding_holds_both(pixels):
    models = build(Architecture(**FEATURES), (16, 16), 3)
    whole = with_local_features(models, pixels)
    images = pixels.astype(np.float32) / 255
    np.testing.assert_allclose(whole.autoencoder(images), models.autoencoder(images), atol=1e-4)
    vectors = np.asarray(whole.encoder(images))
    assert vectors.shape == (24, 6 + 46)
    np.testing.assert_allclose(vectors[:, 6:], local_features(pixels), atol=1e-4)
    assert mean_square(vectors[:, :6]) == pytest.approx(1, rel=1e-3)
    # Turned: its numbers have nothing to do with each other.
    covariance = np.cov(vectors[:, :6].T)
    np.testing.assert_allclose(covariance - np.diag(np.diag(covariance)), 0, atol=1e-4)


def test_the_network_gives_vectors_of_one_length_while_it_is_trained(pixels):
    models = build(Architecture(**FEATURES), (16, 16), 3)
    lengths = np.linalg.norm(models.encoder(pixels.astype(np.float32) / 255), axis=1)
    np.testing.assert_allclose(lengths, np.sqrt(6), rtol=1e-4)


def test_images_that_are_all_alike_have_features_that_are_numbers():
    same = np.full((8, 16, 16, 3), 90, np.uint8)
    models = build(Architecture(**FEATURES), (16, 16), 3)
    assert np.isfinite(np.asarray(with_local_features(models, same).encoder(same.astype(np.float32) / 255))).all()


def test_large_images_are_fitted_on_fewer_of_them(kinds64, monkeypatch):
    from autoencoder.training import local_features as module

    monkeypatch.setattr(module, "SAMPLE_VALUES", 10 * 64 * 64 * 3)
    asked = []
    monkeypatch.setattr(module, "embedded", lambda model, pixels: asked.append(len(pixels)) or embedded(model, pixels))
    assert local_features(kinds64[0]).shape == (24, 9 + 23)  # of ten images nine components of histograms
    assert asked == [10, 10, 24]
