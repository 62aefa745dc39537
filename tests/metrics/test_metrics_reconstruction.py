import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from autoencoder.metrics import pca, reconstruction
from autoencoder.metrics.reconstruction import PCA_IMAGES, PSNR_CAP, pca_mse, score, ssim

DIGITS = np.rint(load_digits().images * 255 / 16).astype(np.uint8)[..., None]


def same(images):
    return images


def random_images(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def test_scores_of_a_case_worked_by_hand():
    originals = np.array([0, 255, 128, 127], np.uint8).reshape(2, 1, 2, 1)  # 0, 1, .50196, .49804
    restored = np.array([0.1, 0.7, 0.50196, 0.6], np.float32).reshape(2, 1, 2, 1)
    got = score(originals, lambda batch: restored, lambda x, y: np.abs(x - y).max(axis=-1), batch_size=2)
    assert got.mse == pytest.approx((0.01 + 0.09 + 0 + (0.6 - 127 / 255) ** 2) / 4, rel=1e-5)
    assert got.mae == pytest.approx((0.1 + 0.3 + 0 + 0.6 - 127 / 255) / 4, rel=1e-4)
    assert got.loss == pytest.approx(got.mae, rel=1e-6)
    per_image = 10 * math.log10(1 / 0.05), 10 * math.log10(2 / (0.6 - 127 / 255) ** 2)
    assert got.psnr == pytest.approx(sum(per_image) / 2, rel=1e-5)
    assert got.accuracy == 0.75


def test_a_perfect_reconstruction_is_perfect_and_finite():
    got = score(DIGITS[:50], same)
    assert got._replace(loss=0) == (0, 0, 0, PSNR_CAP, 1, 1)
    assert math.isnan(got.loss)


def test_one_perfect_image_does_not_hide_the_others():
    originals = np.zeros((2, 4, 4, 1), np.uint8)
    restored = np.stack([np.zeros((4, 4, 1)), np.full((4, 4, 1), 0.1)])
    assert score(originals, lambda batch: restored).psnr == pytest.approx((PSNR_CAP + 20) / 2)


def test_not_a_number_and_values_outside_the_range_are_not_hidden():
    assert math.isnan(score(DIGITS[:4], lambda batch: batch * np.nan).mse)
    assert score(np.zeros((1, 2, 2, 1), np.uint8), lambda batch: batch + 2).mse == 4


@given(st.integers(1, 40), st.integers(1, 50), st.sampled_from([1, 3]))
@settings(deadline=None, max_examples=30)
def test_the_batch_size_changes_nothing(count, batch_size, channels):
    images = random_images(count, 12, 5, channels)

    def restore(batch):
        return batch * 0.8 + 0.05

    def loss(x, y):
        return np.square(x - y).mean(axis=-1)

    whole, parts = score(images, restore, loss, count), score(images, restore, loss, batch_size)
    np.testing.assert_allclose(parts, whole, rtol=1e-6)
    assert parts.loss == pytest.approx(parts.mse, rel=1e-6)


def test_only_one_batch_is_held_as_floats():
    seen = []
    score(DIGITS[:100], lambda batch: seen.append((batch.shape, batch.dtype, batch.max() <= 1)) or batch, batch_size=32)
    assert [shape[0] for shape, _, _ in seen] == [32, 32, 32, 4]
    assert all(dtype == np.float32 and scaled for _, dtype, scaled in seen)


def test_wrong_shapes_and_no_images_are_refused():
    with pytest.raises(ValueError, match=r"originals' shape \(2, 8, 8, 1\): \(2, 8, 8\)"):
        score(DIGITS[:2], lambda batch: batch[..., 0])
    with pytest.raises(ValueError, match="at least one image"):
        score(DIGITS[:0], same)


def direct_ssim(x, y):
    """Equation 13 of Wang et al. place by place, in float64, for one channel."""
    side = min(11, *x.shape)
    side -= side % 2 == 0
    offsets = np.arange(side) - side // 2
    weights = np.exp(-(offsets[:, None] ** 2 + offsets[None, :] ** 2) / (2 * 1.5**2))
    weights /= weights.sum()
    values = []
    for i in range(x.shape[0] - side + 1):
        for j in range(x.shape[1] - side + 1):
            a, b = x[i : i + side, j : j + side], y[i : i + side, j : j + side]
            mean_a, mean_b = (weights * a).sum(), (weights * b).sum()
            variance_a, variance_b = (weights * (a - mean_a) ** 2).sum(), (weights * (b - mean_b) ** 2).sum()
            covariance = (weights * (a - mean_a) * (b - mean_b)).sum()
            numerator = (2 * mean_a * mean_b + 0.01**2) * (2 * covariance + 0.03**2)
            values.append(numerator / ((mean_a**2 + mean_b**2 + 0.01**2) * (variance_a + variance_b + 0.03**2)))
    return np.mean(values)


@pytest.mark.parametrize("shape", [(16, 13, 1), (11, 11, 3), (8, 8, 1), (5, 20, 3), (1, 1, 1), (2, 7, 1), (14, 12, 5)])
def test_ssim_is_the_papers(shape):
    x = random_images(3, *shape).astype(np.float32) / 255
    y = np.clip(x * 0.7 + random_images(3, *shape, seed=1) / np.float32(1000), 0, 1)
    y[1] = 1 - x[1]
    y[2] = x[2].mean()
    expected = [
        np.mean([direct_ssim(a[..., c], b[..., c]) for c in range(shape[2])]) for a, b in zip(x, y, strict=True)
    ]
    np.testing.assert_allclose(ssim(x, y), expected, atol=2e-5)


def test_ssim_of_flat_images_is_their_luminance_term():
    x, y = np.full((1, 12, 12, 1), 0.5, np.float32), np.full((1, 12, 12, 1), 0.25, np.float32)
    assert ssim(x, y)[0] == pytest.approx((2 * 0.5 * 0.25 + 1e-4) / (0.25 + 0.0625 + 1e-4), abs=1e-5)


def test_ssim_of_each_image_is_its_own_however_many_are_given(monkeypatch):
    x = random_images(9, 14, 14, 3).astype(np.float32) / 255
    y = x[::-1].copy()
    together = ssim(x, y)
    monkeypatch.setattr(reconstruction, "_SSIM_CHUNK", 1000)
    np.testing.assert_allclose(ssim(x, y), together, rtol=1e-6)
    np.testing.assert_allclose(together, together[::-1], rtol=1e-5)  # it is symmetric
    assert ssim(x[:0], y[:0]).shape == (0,)


def sklearn_mse(train, valid, width):
    train, valid = (images.reshape(len(images), -1) / 255 for images in (train, valid))
    pca = PCA(width, svd_solver="full").fit(train)
    return np.square(pca.inverse_transform(pca.transform(valid)) - valid).mean()


@pytest.mark.parametrize("width", [1, 10, 40])
def test_pca_of_more_images_than_pixels_is_scikit_learns(width):
    assert pca_mse(DIGITS[:1000], DIGITS[1000:], width) == pytest.approx(
        sklearn_mse(DIGITS[:1000], DIGITS[1000:], width), rel=1e-4
    )


@pytest.mark.parametrize("width", [1, 10, 39])
def test_pca_of_fewer_images_than_pixels_is_scikit_learns(width, monkeypatch):
    monkeypatch.setattr(reconstruction, "_PCA_BLOCK", 40 * 7)  # a few columns at a time
    train, valid = DIGITS[:40], DIGITS[100:150]
    assert pca_mse(train, valid, width) == pytest.approx(sklearn_mse(train, valid, width), rel=1e-6)


def test_the_randomised_solver_is_near_and_repeats(monkeypatch):
    monkeypatch.setattr(pca, "EXACT_SIDE", 32)
    train, valid = DIGITS[:1000], DIGITS[1000:]
    first = pca_mse(train, valid, 5, seed=3)
    assert first == pca_mse(train, valid, 5, seed=3)
    assert first == pytest.approx(sklearn_mse(train, valid, 5), rel=0.01)


def test_a_wider_pca_is_never_worse_and_the_width_is_capped():
    errors = [pca_mse(DIGITS[:1000], DIGITS[1000:], width) for width in (1, 2, 8, 32, 64, 5000)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] == errors[-2] < 1e-6
    few, valid = DIGITS[:10], DIGITS[100:200]
    assert pca_mse(few, valid, 500) == pca_mse(few, valid, 9) < pca_mse(few, valid, 8)


def test_of_many_images_an_even_sample_is_taken(monkeypatch):
    monkeypatch.setattr(reconstruction, "PCA_IMAGES", 101)
    kept = DIGITS[np.linspace(0, 1500, 101).round().astype(int)]
    assert pca_mse(DIGITS[:1501], DIGITS[1501:1600], 5) == pytest.approx(pca_mse(kept, DIGITS[1501:1600], 5), rel=1e-6)
    monkeypatch.setattr(reconstruction, "PCA_VALUES", 64 * 50)
    kept = DIGITS[np.linspace(0, 1500, 50).round().astype(int)]
    assert pca_mse(DIGITS[:1501], DIGITS[1501:1540], 5) == pytest.approx(pca_mse(kept, DIGITS[1501:1540], 5), rel=1e-6)
    assert PCA_IMAGES == 10_000


@pytest.mark.parametrize("shape", [(20, 2, 2, 1), (3, 4, 4, 1)])
def test_images_that_are_all_equal_have_no_error(shape):
    images = np.full(shape, 77, np.uint8)
    assert pca_mse(images, images, 2) == pytest.approx(0, abs=1e-12)


def test_a_pca_of_nothing_is_refused():
    for train, valid, width in ((1, 5, 3), (5, 0, 3), (5, 5, 0)):
        with pytest.raises(ValueError, match="a PCA needs"):
            pca_mse(DIGITS[:train], DIGITS[:valid], width)
