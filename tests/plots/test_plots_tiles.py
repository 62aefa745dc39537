import cv2
import numpy as np

from autoencoder.plots.tiles import MOST, tiles


def test_every_image_is_in_the_picture_and_a_long_name_stays_under_its_own(tmp_path):
    pixels = np.repeat(np.array([[250, 10, 10], [10, 250, 10]], np.uint8)[:, None, None], 8, axis=1).repeat(8, axis=2)
    names = [("W" * 60 + ".jpg", "said"), ("b.jpg", "said")]
    found = tiles(pixels, [0, 1], names, ("A title", "and a remark"), tmp_path / "t.png")
    picture = cv2.imread(str(tmp_path / "t.png"))[..., ::-1]
    for color in ([250, 10, 10], [10, 250, 10]):
        assert (picture == color).all(axis=2).sum() == 128 * 128
    # Between the two columns of names nothing is written.
    assert (picture[80 + 128 + 6 :, 30 + 153 : 30 + 158] == 255).all()
    assert [(tile.image, tile.line, tile.column) for tile in found] == [(0, 1, 1), (1, 1, 2)]


def test_as_many_are_drawn_as_are_asked_for(tmp_path):
    pixels = np.zeros((MOST + 8, 4, 4, 1), np.uint8)
    names, rows = [("a", "b")] * len(pixels), range(len(pixels))
    assert len(tiles(pixels, rows, names, ("", ""), tmp_path / "t.png")) == MOST
    assert len(tiles(pixels, rows, names, ("", ""), tmp_path / "t.png", len(pixels))) == len(pixels)
