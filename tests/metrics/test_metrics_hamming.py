import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from autoencoder.metrics.hamming import binary_code, hamming

shapes = st.tuples(st.integers(1, 14), st.integers(1, 14), st.sampled_from([1, 3]))
images = shapes.flatmap(lambda shape: st.tuples(*[arrays(np.uint8, shape, elements=st.integers(0, 255))] * 3))
sizes = st.integers(1, 16)


@given(images, sizes)
def test_it_is_a_metric_of_codes(three, size):
    a, b, c = three
    between = hamming(a, b, size)
    assert 0 <= between <= 1
    assert hamming(a, a, size) == 0
    assert between == hamming(b, a, size)
    assert hamming(a, c, size) <= between + hamming(b, c, size) + 1e-12
    assert (between == 0) == (binary_code(a, size) == binary_code(b, size)).all()


@given(images, sizes, st.floats(0, 1))
def test_a_code_is_what_the_mean_of_each_block_says(three, size, threshold):
    image = three[0]
    code = binary_code(image, size, threshold)
    assert code.shape == image.shape
    for top in range(0, image.shape[0], size):
        for left in range(0, image.shape[1], size):
            for channel in range(image.shape[2]):
                block = image[top : top + size, left : left + size, channel]
                white = int(block.sum(dtype=np.int64)) > threshold * 255 * block.size
                assert (code[top : top + size, left : left + size, channel] == white).all()


def test_by_hand():
    original = np.zeros((4, 6), np.uint8)
    original[:2, :2] = 255
    damaged = original.copy()
    damaged[:2, :2] = [[255, 255], [0, 0]]  # a mean of exactly 0.5 is not above it: black
    damaged[2:, 4:] = [[255, 255], [255, 0]]  # three quarters: white
    assert hamming(original, damaged, 2) == 2 / 6
    assert hamming(original, damaged, 2, 0.4) == 1 / 6
    assert hamming(original, damaged, 1) == 5 / 24
    assert hamming(original, damaged, 100) == 0


def test_blocks_that_the_edge_cuts_count_with_the_pixels_they_have():
    image = np.zeros((3, 5), np.uint8)
    image[2, 4] = 255
    assert binary_code(image, 2).sum() == 1
    assert hamming(image, np.zeros_like(image), 2) == 1 / 15


@pytest.mark.parametrize(("size", "threshold"), [(0, 0.5), (2, -0.1), (2, 1.1)])
def test_what_is_no_block_and_no_threshold_is_refused(size, threshold):
    with pytest.raises(ValueError, match="side of at least 1"):
        binary_code(np.zeros((4, 4), np.uint8), size, threshold)


def test_images_of_two_shapes_cannot_be_compared():
    with pytest.raises(ValueError, match="one shape"):
        hamming(np.zeros((4, 4), np.uint8), np.zeros((4, 1), np.uint8), 2)
