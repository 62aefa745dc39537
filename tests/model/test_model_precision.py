import numpy as np
import pytest

from autoencoder.model.build import build
from autoencoder.model.precision import computing_in
from autoencoder.model.saved import load, save
from autoencoder.settings import Architecture


@pytest.fixture
def models():
    return build(Architecture(filters=(8, 16), batch_norm="before"), (8, 8), 1)


def policies(model):
    return {layer.dtype_policy.name for layer in model._flatten_layers()}


def test_hidden_layers_compute_in_bfloat16_and_the_image_in_float32(models, digits, bfloat16):
    images = digits[:8].astype(np.float32) / 255
    plain = np.asarray(models.autoencoder(images))
    with computing_in("bfloat16", models.autoencoder):
        assert models.encoder(images).dtype == "bfloat16"
        image = models.autoencoder(images)
    assert image.dtype == "float32"
    assert 0 < np.abs(image - plain).max() < 0.02
    np.testing.assert_array_equal(np.asarray(models.autoencoder(images)), plain)


def test_the_policy_comes_back_after_an_error(models):
    with pytest.raises(RuntimeError), computing_in("bfloat16", models.autoencoder):
        raise RuntimeError
    assert policies(models.autoencoder) == {"float32"}


def test_a_file_is_float32_whatever_was_computed_in(models, tmp_path):
    with computing_in("bfloat16", models.autoencoder):
        save(models.encoder, tmp_path / "encoder.keras")
        assert "mixed_bfloat16" in policies(models.encoder)
    assert policies(load(tmp_path / "encoder.keras")) == {"float32"}
