import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from autoencoder.data.tiles import Tiles, replace_by_tiles

shapes = st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3]))
images = shapes.flatmap(lambda shape: arrays(np.uint8, shape, elements=st.integers(0, 255)))
sides_and_steps = st.integers(1, 17).flatmap(lambda side: st.tuples(st.just(side), st.integers(1, side)))


@given(images, sides_and_steps)
def test_cut_into_tiles_and_blended_an_image_is_itself(image, side_and_step):
    blended = image.copy()
    replace_by_tiles(blended, *side_and_step, restore=lambda tiles: tiles)
    np.testing.assert_array_equal(blended, image)


@given(images, sides_and_steps)
def test_every_tile_is_cut_from_pixels_that_are_not_yet_replaced(image, side_and_step):
    inverted = image.copy()
    replace_by_tiles(inverted, *side_and_step, restore=lambda tiles: 1 - tiles)
    np.testing.assert_array_equal(inverted, 255 - image)


def test_tiles_see_the_edge_mirrored():
    seen = []
    image = np.arange(5, dtype=np.uint8)[None, :, None] * np.ones((2, 1, 1), np.uint8)
    replace_by_tiles(image, 4, 3, lambda tiles: seen.append(np.rint(tiles * 255)) or tiles)
    (tiles,) = seen
    assert tiles[:, 0, :, 0].tolist() == [[0, 1, 2, 3], [3, 4, 4, 3]]
    assert (tiles == tiles[:, :1]).all()


def test_where_tiles_overlap_each_counts_more_towards_its_middle():
    image = np.zeros((2, 6, 1), np.uint8)
    replace_by_tiles(image, 4, 2, lambda tiles: np.ones_like(tiles) * np.array([0, 1])[:, None, None, None])
    # Weights of the tiles along a row: 1 2 2 1 0 0 and 0 0 1 2 2 1.
    assert image[0, :, 0].tolist() == [0, 0, 85, 170, 255, 255]


def test_levels_beyond_black_and_white_are_clipped():
    image = np.full((3, 3, 1), 100, np.uint8)
    replace_by_tiles(image, 2, 1, lambda tiles: tiles * 9 - 0.1)
    assert (image == 255).all()


def test_rows_are_cut_as_from_one_array():
    images = [
        np.random.default_rng(number).integers(0, 256, shape, np.uint8)
        for number, shape in enumerate([(7, 9, 2), (4, 5, 2)])
    ]
    tiles = Tiles(images, 4, 3)
    assert tiles.shape == (len(tiles), 4, 4, 2) == (2 * 2 + 1, 4, 4, 2)
    expected = [images[0][top : top + 4, left : left + 4] for top in (0, 3) for left in (0, 3)] + [images[1][:4, :4]]
    np.testing.assert_array_equal(tiles[:], expected)
    np.testing.assert_array_equal(tiles[np.array([4, 1, 1])], [expected[4], expected[1], expected[1]])
    np.testing.assert_array_equal(tiles[1:3], expected[1:3])


@pytest.mark.parametrize("shape", [(12, 12), (13, 16), (31, 12)])
def test_tiles_begin_at_multiples_of_the_step(shape):
    rows, columns = np.indices(shape, dtype=np.uint8)
    tiles = Tiles([np.dstack([rows, columns])], 12, 6)[:]
    assert (tiles[:, 0, 0] % 6 == 0).all()
    assert len(tiles) == ((shape[0] - 12) // 6 + 1) * ((shape[1] - 12) // 6 + 1)


def test_large_tiles_are_restored_few_at_once(monkeypatch):
    monkeypatch.setattr("autoencoder.data.tiles._BYTES_AT_ONCE", 4 * 8 * 8 * 2)
    image = np.random.default_rng(0).integers(0, 256, (20, 40, 1), np.uint8)
    seen = []
    whole, parts = image.copy(), image.copy()
    replace_by_tiles(parts, 8, 4, lambda tiles: seen.append(len(tiles)) or tiles)
    assert max(seen) == 2 and parts.shape == image.shape
    np.testing.assert_array_equal(parts, whole)
