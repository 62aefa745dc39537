"""What a teacher sees of images that came as an array."""

import keras
import numpy as np

from autoencoder.data.source import ImageSource
from autoencoder.settings import Architecture
from autoencoder.workflows.neighbourhood import taught


def test_a_teacher_sees_the_images_of_an_array_at_its_own_size_and_colour(digits, tmp_path):
    inputs = keras.Input((16, 16, 3))
    keras.Model(inputs, keras.layers.Flatten()(inputs)).save(tmp_path / "flat.keras")
    listing = ImageSource.of_array(digits[:5]).scan()
    architecture = Architecture(encoder_from=str(tmp_path / "flat.keras"), encoder_use="teacher", preprocess="bytes")
    found = taught(architecture, listing, 0.5)
    assert found.vectors.shape == (5, 16 * 16 * 3) and list(found.paths) == list(listing.paths)
    seen = found.vectors.reshape(5, 16, 16, 3)
    np.testing.assert_array_equal(seen[..., 0], seen[..., 2])
    np.testing.assert_allclose(seen.mean((1, 2, 3)), digits[:5].mean((1, 2, 3)), rtol=0.05)
