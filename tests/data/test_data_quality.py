"""The quality of the images of a folder."""

import cv2
import numpy as np

from autoencoder.data.load import load
from autoencoder.data.quality import quality
from autoencoder.data.scan import scan


def test_pixels_are_measured_as_decoded_and_sizes_as_stored(tmp_path):
    for name, width in (("wide", 40), ("tall", 10)):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((20, width), 7, np.uint8))
    images = load(scan(tmp_path), (4, 4), "grayscale")
    found = quality(images)
    assert images.paths == ("tall.png", "wide.png")
    assert found["width"].tolist() == [10, 40] and found["height"].tolist() == [20, 20]
    assert found["brightness"].tolist() == [7, 7] and found["one_color"].tolist() == [1, 1]
    assert quality(images.take(np.array([1])))["width"].tolist() == [40]
