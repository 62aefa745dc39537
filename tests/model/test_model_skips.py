import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoencoder.errors import UsageError
from autoencoder.model.build import build
from autoencoder.model.describe import layer_rows
from autoencoder.model.saved import load, save
from autoencoder.model.upsampling import UPSAMPLING
from autoencoder.settings import Architecture

architectures = st.fixed_dictionaries(
    {"filters": st.lists(st.integers(1, 4), min_size=1, max_size=4), "mlp": st.booleans()},
    optional={
        "strides": st.lists(st.integers(1, 3), min_size=1, max_size=4),
        "pooling": st.lists(st.sampled_from(["avg", "max", "no", "max3"]), min_size=1, max_size=4),
        "upsampling": st.sampled_from(sorted(UPSAMPLING)),
        "residual": st.booleans(),
    },
)


@pytest.mark.slow
@given(architectures, st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3]))
@settings(max_examples=25)
def test_the_output_has_the_shape_of_the_input_with_skips_too(knobs, height, width, channels):
    try:
        models = build(Architecture(skips=True, **knobs), (height, width), channels)
    except UsageError as refused:
        assert "too small for its" in str(refused)
        return
    assert models.autoencoder.output.shape == (None, height, width, channels)
    assert sum(row.parameters for row in layer_rows(models)) == models.autoencoder.count_params()


def test_the_decoder_sees_every_level_but_the_last_at_its_own_size():
    found = build(Architecture(skips=True, filters=(4, 6, 8), strides=(1, 2, 3), mlp=False), (12, 12), 1)
    assert [part.shape[1:] for part in found.encoder.outputs] == [(12, 12, 4), (6, 6, 6), (2, 2, 8)]
    shapes = {layer.name: layer.output.shape[1:] for layer in found.decoder.layers}
    assert shapes["skip_1"] == (6, 6, 6 + 6)
    assert shapes["skip_0"] == (12, 12, 4 + 4)


def test_skips_carry_detail_around_an_embedding_of_one_number():
    images = np.random.default_rng(0).random((2, 12, 12, 1), np.float32)
    keras.utils.set_random_seed(1)
    found = build(Architecture(skips=True, filters=(4, 6), dims=(1,)), (12, 12), 1)
    found.encoder.get_layer("dense_embedding").set_weights([np.zeros((54, 1)), np.zeros(1)])
    one, other = found.autoencoder(images).numpy()
    assert np.abs(one - other).max() > 0.01


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_network_with_skips_comes_back_with_the_same_answers(tmp_path, suffix):
    network = build(Architecture(skips=True, filters=(4, 6), batch_norm="before", mlp=False), (13, 9), 3).autoencoder
    save(network, tmp_path / f"a{suffix}")
    images = np.random.default_rng(0).random((2, 13, 9, 3), np.float32)
    np.testing.assert_array_equal(load(tmp_path / f"a{suffix}")(images), network(images))
