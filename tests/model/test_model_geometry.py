import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoencoder.errors import UsageError
from autoencoder.model.geometry import cut_lists, levels
from autoencoder.settings import Architecture


def architecture(**knobs):
    return Architecture(**knobs)


def test_three_levels_of_28_pixels_by_hand():
    found = levels(architecture(filters=(16, 32, 64), strides=(2,), kernel_size=(5, 3)), (28, 28))
    assert [level.size_out for level in found] == [(14, 14), (7, 7), (4, 4)]
    assert [level.filters for level in found] == [16, 32, 64]
    assert [level.kernel for level in found] == [(5, 5), (3, 3), (3, 3)]


def test_stride_and_pooling_divide_one_after_the_other():
    (level,) = levels(architecture(filters=(8,), strides=([2, 1],), pooling=("max5",)), (101, 30))
    assert level.factor == (10, 5)
    assert level.size_out == (11, 6)


@given(st.integers(1, 1024), st.integers(1, 1024))
def test_the_automatic_architecture_fits_every_image(height, width):
    found = levels(architecture(), (height, width))
    assert max(found[-1].size_out) <= 4
    assert min(found[-1].size_out) >= 1
    assert [level.size_in for level in found[1:]] == [level.size_out for level in found[:-1]]


def test_automatic_widths_double_up_to_256():
    assert [level.filters for level in levels(architecture(), (256, 200))] == [32, 64, 128, 256, 256, 256]


def test_an_image_that_would_shrink_away_is_refused_with_level_size_and_advice():
    with pytest.raises(UsageError) as refused:
        levels(architecture(filters=(8, 8, 8, 8), strides=(2,)), (4, 9))
    assert str(refused.value) == (
        "level 3 receives images of 1 x 3 pixels, too small for its strides=2: give at most 2 filters, "
        "a smaller value at that level, or larger images (--image_shape)"
    )


def test_a_pool_larger_than_the_image_is_refused():
    with pytest.raises(UsageError, match=r"4 x 4 pixels, too small for its pooling=max5"):
        levels(architecture(filters=(8,), strides=(1,), pooling=("max5",)), (4, 4))


def test_longer_lists_are_named():
    knobs = architecture(filters=(8,), kernel_size=(3, 3), strides=(2, 2, 2))
    assert cut_lists(knobs, 1) == (
        "kernel_size has 2 values for 1 levels; the last 1 are not used",
        "strides has 3 values for 1 levels; the last 2 are not used",
    )
    assert cut_lists(architecture(filters=(8,)), 1) == ()
