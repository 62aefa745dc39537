import cv2
import numpy as np
import pytest

from autoencoder.plots.restored import restored_picture


def triple(shape, levels):
    return [np.full(shape, level, np.uint8) for level in levels]


def test_the_images_stand_under_one_another_whatever_their_sizes(tmp_path):
    images = [triple((48, 48, 1), (10, 20, 30)), triple((400, 100, 3), (40, 50, 60))]
    restored_picture(images, [(0.1, 0.2), (0.3, 0)], tmp_path / "a.png")
    picture = cv2.imread(str(tmp_path / "a.png"))
    pitch, left, top = 198, 150, 30
    for column, levels in enumerate(((10, 20, 30), (40, 50, 60))):
        for row, level in enumerate(levels):
            middle = picture[top + row * pitch + 99, left + column * pitch + 99]
            assert middle.tolist() == [level] * 3
    # The narrow image leaves white beside it, the square one fills its place.
    assert picture[top + 99, left + pitch + 20].tolist() == [255] * 3
    assert picture[top + 99, left + 20].tolist() == [10] * 3


def test_it_is_the_same_file_every_time(tmp_path):
    for name in ("a.png", "b.png"):
        restored_picture([triple((5, 7, 1), (0, 1, 2))], [(0.1, 0)], tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize(("images", "distances"), [([], []), ([triple((5, 5, 1), (0, 1, 2))], [])])
def test_what_does_not_fit_together_is_refused(tmp_path, images, distances):
    with pytest.raises(ValueError, match="distances of each"):
        restored_picture(images, distances, tmp_path / "a.png")
