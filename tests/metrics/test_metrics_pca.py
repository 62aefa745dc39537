import numpy as np
import pytest

from autoencoder.metrics import pca
from autoencoder.metrics.pca import fit_pca, fit_pca_of_images
from autoencoder.training.contrast import partners


def test_components_are_those_of_the_covariance():
    rows = np.random.default_rng(0).normal(size=(50, 6)) * np.arange(1, 7)
    values, axes = np.linalg.eigh(np.cov(rows.T))
    fitted = fit_pca(rows, 3)
    np.testing.assert_allclose(fitted.explained_variance_, values[::-1][:3], rtol=1e-6)
    np.testing.assert_allclose(np.abs(fitted.components_ @ axes[:, ::-1][:, :3]), np.eye(3), atol=1e-6)


@pytest.mark.parametrize(("shape", "width"), [((8, 3000), 5), ((3000, 8), 5), ((1, 9), 1), ((2000, 1500), 20)])
def test_every_shape_is_fitted(shape, width):
    fitted = fit_pca(np.random.default_rng(0).normal(size=shape).astype(np.float32), width)
    assert fitted.components_.shape == (width, shape[1])


def test_equal_rows_do_no_harm():
    assert np.isfinite(fit_pca(np.ones((9, 4)), 2).components_).all()


def test_a_randomized_solver_serves_few_components_of_large_matrices():
    assert pca.is_narrow(50, 3072) and not pca.is_narrow(50, 784) and not pca.is_narrow(400, 3072)


@pytest.mark.parametrize("shape", [(256, 256, 1), (128, 128, 3), (40, 30, 1)])
def test_neighbours_are_sought_in_little_memory(shape):
    import tracemalloc

    generator = np.random.default_rng(0)
    kinds = generator.integers(0, 256, (4, *shape), np.uint8)
    pixels = np.stack([np.clip(kinds[number % 4] + generator.integers(0, 9, shape), 0, 255) for number in range(20)])
    pixels = pixels.astype(np.uint8)
    tracemalloc.start()
    found = partners(pixels, 4)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60e6
    assert (found[:, 1:] % 4 == np.arange(20)[:, None] % 4).all()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_images_have_few_neighbours(count):
    found = partners(np.random.default_rng(0).integers(0, 256, (count, 5, 5, 1), np.uint8), 10)
    assert found.shape == (count, count) and (found[:, 0] == np.arange(count)).all()


@pytest.mark.parametrize("values", [pca.EXACT_VALUES, 10])
def test_components_of_images_are_those_of_scikit_learn(values, monkeypatch, digits):
    """Both ways, in blocks and of a sample, of which every image is a part here."""
    from sklearn.decomposition import PCA

    monkeypatch.setattr(pca, "EXACT_VALUES", values)
    monkeypatch.setattr(pca, "BLOCK_VALUES", 64 * 100)
    mean, components = fit_pca_of_images(digits, 7)
    expected = PCA(7).fit(digits.reshape(len(digits), -1) / 255)
    np.testing.assert_allclose(mean, expected.mean_, atol=1e-5)
    np.testing.assert_allclose(np.abs(components @ expected.components_.T), np.eye(7), atol=1e-3)
    assert mean.dtype == components.dtype == np.float32


def test_components_of_large_images_are_of_a_sample_and_take_little_memory():
    import tracemalloc

    images = np.random.default_rng(0).integers(0, 256, (30, 200, 100, 3), np.uint8)
    tracemalloc.start()
    mean, components = fit_pca_of_images(images, 100)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200e6 and mean.shape == (60_000,) and components.shape == (29, 60_000)
