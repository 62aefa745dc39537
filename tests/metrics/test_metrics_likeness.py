import cv2
import numpy as np
import pytest

from autoencoder.metrics.likeness import (
    align,
    contents,
    correlations,
    grays,
    hash_distances,
    perceptual_hashes,
)


@pytest.fixture(scope="module")
def photographs() -> np.ndarray:
    """Eight smooth images in colour, uint8 of shape (8, 32, 32, 3)."""
    noise = np.random.default_rng(0).normal(size=(8, 48, 48, 3)).astype(np.float32)
    smooth = np.stack([cv2.GaussianBlur(image, (0, 0), 3)[8:40, 8:40] for image in noise])
    return (40 + 180 * (smooth - smooth.min()) / np.ptp(smooth)).astype(np.uint8)


def test_the_hash_is_that_of_opencv_s_cosine_transform(photographs):
    bits = np.unpackbits(perceptual_hashes(photographs), axis=1)
    for image, found in zip(photographs, bits, strict=True):
        low = cv2.dct(grays(image[None])[0])[:8, :8]
        low = low * np.sqrt([2.0] + [1.0] * 7)[:, None] * np.sqrt([2.0] + [1.0] * 7)  # OpenCV's is orthonormal
        assert (found == (low > np.median(low)).ravel()).mean() > 0.98


def test_hashes_differ_in_bits_by_hand():
    first = np.array([[0b1011, 255, 0, 0, 0, 0, 0, 0]], np.uint8)
    assert hash_distances(first, np.zeros_like(first)).tolist() == [11]


def test_brightness_and_contrast_change_neither_contents_nor_correlation(photographs):
    darker = (photographs * 0.5 + 20).round().astype(np.uint8)
    np.testing.assert_allclose(contents(photographs), contents(darker), atol=0.02)
    assert (correlations(photographs, darker) > 0.999).all()
    assert (correlations(photographs, photographs[::-1]) < 0.9).all()


def test_contents_have_length_1_and_their_distance_says_a_correlation(photographs):
    found = contents(photographs)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)
    low = np.stack([cv2.dct(image)[:8, :8].ravel()[1:] for image in grays(photographs[:2])])
    low = low * np.outer(*[np.sqrt([2.0] + [1.0] * 7)] * 2).ravel()[1:]
    cosine = low[0] @ low[1] / np.linalg.norm(low[0]) / np.linalg.norm(low[1])
    assert 1 - np.sum((found[0] - found[1]) ** 2) / 2 == pytest.approx(cosine, abs=1e-3)


def test_of_one_colour_alone_nothing_is_said():
    flat = np.full((2, 16, 16, 1), 90, np.uint8)
    assert not contents(flat).any()
    assert correlations(flat, flat).tolist() == [0, 0]
    assert align(grays(flat)[0], grays(flat)[0]).correlation == -1


def test_no_image_has_no_hash(photographs):
    assert perceptual_hashes(photographs[:0]).shape == (0, 8)


@pytest.mark.parametrize("corner", [(100, 100), (200, 300), (250, 150)])
def test_a_photograph_that_is_cropped_lies_on_the_whole_again(corner):
    from sklearn.datasets import load_sample_image

    y, x = corner
    whole = load_sample_image("china.jpg")[y : y + 160, x : x + 160]
    parts = [cv2.resize(part, (32, 32), interpolation=cv2.INTER_AREA) for part in (whole, whole[8:, 8:])]
    first, second = grays(np.stack(parts))
    found = align(first, second)
    assert found.correlation > 0.98
    # Its upper left corner lies 8 of 160 pixels further in, in both directions; the lower right one stays.
    assert found.moved == pytest.approx(np.hypot(8, 8) / 160, abs=0.01)
    still = align(first, first)
    assert still.correlation == pytest.approx(1) and still.moved < 0.005
