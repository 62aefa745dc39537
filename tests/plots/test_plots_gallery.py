import cv2
import numpy as np

from autoencoder.plots.gallery import gallery


def test_every_image_is_in_the_picture_and_a_long_name_stays_under_its_own(tmp_path):
    pixels = np.repeat(np.array([[250, 10, 10], [10, 250, 10]], np.uint8)[:, None, None], 8, axis=1).repeat(8, axis=2)
    names = [("W" * 60 + ".jpg", "said"), ("b.jpg", "said")]
    gallery(pixels, names, tmp_path / "g.png", "A title")
    picture = cv2.imread(str(tmp_path / "g.png"))[..., ::-1]
    for color in ([250, 10, 10], [10, 250, 10]):
        assert (picture == color).all(axis=2).sum() == 128 * 128
    # Between the two columns of names nothing is written.
    assert (picture[206:, 30 + 137 : 30 + 142] == 255).all()
