"""Thumbnails: where each image stands, how large it is, and what its sheets weigh."""

import base64

import cv2
import numpy as np
import pytest

from autoencoder.page.atlas import SHEET_SIDE, atlas, data_uri


def decoded(uri: str) -> np.ndarray:
    head, content = uri.split(",")
    assert head == "data:image/webp;base64"
    pixels = cv2.imdecode(np.frombuffer(base64.b64decode(content), np.uint8), cv2.IMREAD_UNCHANGED)
    return cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA if pixels.shape[2] == 4 else cv2.COLOR_BGR2RGB)


def tile_of(made: dict, number: int) -> np.ndarray:
    """The tile of an image, found as the page finds it."""
    on_one = made["columns"] * made["rows"]
    sheet, place = decoded(made["sheets"][number // on_one]), number % on_one
    y, x = place // made["columns"] * made["tile"], place % made["columns"] * made["tile"]
    return sheet[y : y + made["tile"], x : x + made["tile"]]


def shades(count: int, height: int, width: int, channels: int) -> np.ndarray:
    """Images of one shade each, rising."""
    levels = np.linspace(0, 255, count).astype(np.uint8)
    return np.ones((1, height, width, channels), np.uint8) * levels[:, None, None, None]


@pytest.mark.parametrize("channels", [1, 3])
def test_each_image_is_on_its_tile(channels):
    pixels = shades(23, 16, 16, channels)
    made = atlas(pixels, 10**7)
    assert (made["tile"], made["columns"], made["rows"], len(made["sheets"])) == (16, 5, 5, 1)
    for number, image in enumerate(pixels):
        assert abs(int(tile_of(made, number).mean()) - int(image.mean())) <= 4


def test_colours_keep_their_order():
    red = np.zeros((1, 32, 32, 3), np.uint8)
    red[..., 0] = 200
    np.testing.assert_allclose(tile_of(atlas(red, 10**7), 0)[16, 16], (200, 0, 0), atol=12)
    np.testing.assert_allclose(decoded(data_uri(red[0]))[16, 16], (200, 0, 0), atol=12)


@pytest.mark.parametrize(("shape", "clear", "full"), [((16, 32), (2, 16), (16, 16)), ((32, 16), (16, 2), (16, 16))])
def test_images_that_are_not_square_stand_in_the_middle_of_a_clear_tile(shape, clear, full):
    tile = tile_of(atlas(np.full((3, *shape, 1), 90, np.uint8), 10**7), 1)
    assert tile.shape == (32, 32, 4)
    assert tile[clear][3] == 0 and tile[full][3] == 255
    assert (tile[..., 3] == 255).sum() == shape[0] * shape[1]


@pytest.mark.slow
def test_many_images_take_several_sheets_of_at_most_4096_pixels():
    count = (SHEET_SIDE // 128) ** 2 + 5
    pixels = np.broadcast_to(np.uint8(0), (count, 128, 128, 1))
    made = atlas(pixels, 10**8)
    assert (made["tile"], made["columns"], made["rows"], len(made["sheets"])) == (128, 32, 32, 2)
    assert decoded(made["sheets"][0]).shape[:2] == (SHEET_SIDE, SHEET_SIDE)
    assert decoded(made["sheets"][1]).shape[:2] == (128, SHEET_SIDE), "the last sheet is as high as it must be"


@pytest.mark.slow
def test_less_room_makes_smaller_tiles_that_keep_to_it():
    pixels = np.random.default_rng(0).integers(0, 256, (400, 64, 64, 3)).astype(np.uint8)
    tiles = []
    for room in (10**7, 400_000, 100_000):
        made = atlas(pixels, room)
        assert sum(map(len, made["sheets"])) <= room
        tiles.append(made["tile"])
    assert tiles[0] == 64 and tiles == sorted(set(tiles), reverse=True)


def test_no_image_is_enlarged_and_large_ones_end_at_128():
    assert atlas(np.zeros((2, 9, 9, 1), np.uint8), 10**7)["tile"] == 9
    assert atlas(np.zeros((2, 300, 200, 3), np.uint8), 10**7)["tile"] == 128
