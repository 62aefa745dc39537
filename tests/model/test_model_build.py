import keras
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from autoencoder.errors import UsageError
from autoencoder.model.build import build
from autoencoder.model.upsampling import UPSAMPLING
from autoencoder.settings import Architecture, Upsampling

kernels = st.integers(1, 6) | st.tuples(st.integers(1, 5), st.integers(1, 5))
strides = st.integers(1, 3) | st.tuples(st.integers(1, 3), st.integers(1, 3))
architectures = st.fixed_dictionaries(
    {"filters": st.lists(st.integers(1, 4), min_size=1, max_size=4)},
    optional={
        "kernel_size": st.lists(kernels, min_size=1, max_size=5),
        "strides": st.lists(strides, min_size=1, max_size=5),
        "pooling": st.lists(st.sampled_from(["avg", "max", "no", "max3", "avg5"]), min_size=1, max_size=5),
        "upsampling": st.sampled_from(sorted(UPSAMPLING)),
        "residual": st.booleans(),
        "batch_norm": st.sampled_from([None, "before", "after"]),
        "mlp": st.booleans(),
        "spatial_drop_rate": st.sampled_from([0.0, 0.5]),
    },
)


@given(architectures, st.integers(1, 70), st.integers(1, 70), st.sampled_from([1, 3]))
@settings(max_examples=60)
def test_the_output_has_exactly_the_shape_of_the_input(knobs, height, width, channels):
    try:
        models = build(Architecture(**knobs), (height, width), channels)
    except UsageError as refused:
        assert "too small for its" in str(refused)
        return
    assert models.autoencoder.output.shape == (None, height, width, channels)
    assert models.decoder.input.shape == models.encoder.output.shape


@pytest.mark.parametrize("shape", [(1, 1), (1, 1024), (1024, 1), (1023, 1), (28, 28), (200, 200), (61, 37), (256, 256)])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_default_architecture_fits_every_size(shape, channels):
    models = build(Architecture(), shape, channels)
    assert models.autoencoder.output.shape == (None, *shape, channels)
    assert models.encoder.output.shape == (None, 10)


def test_images_come_out_in_shape_and_range():
    images = np.random.default_rng(0).random((3, 9, 13, 3), np.float32)
    restored = build(Architecture(), (9, 13), 3).autoencoder(images).numpy()
    assert restored.shape == images.shape
    assert restored.dtype == np.float32
    assert 0 <= restored.min() <= restored.max() <= 1


def test_every_upsampling_is_a_choice_of_the_settings():
    assert set(UPSAMPLING) == set(Upsampling.__args__)


def test_dims_are_mirrored_and_the_last_is_the_embedding():
    models = build(Architecture(filters=(4,), dims=(30, 20, 6)), (8, 8), 1)
    widths = [layer.units for layer in models.encoder.layers if isinstance(layer, keras.layers.Dense)]
    mirrored = [layer.units for layer in models.decoder.layers if isinstance(layer, keras.layers.Dense)]
    assert widths == [30, 20, 6]
    assert mirrored == [20, 30, 4 * 4 * 4]


def test_every_dense_and_convolution_knob_reaches_its_layers():
    knobs = Architecture(
        filters=(4,),
        dims=(6, 5),
        use_bias=False,
        kernel_initializer="he_normal",
        kernel_regularizer="l2:0.5",
        activity_regularizer="l1",
        kernel_constraint="max_norm",
        cnn_kernel_initializer="orthogonal",
        cnn_kernel_regularizer="l1_l2:0.25",
        cnn_bias_initializer="ones",
        batch_norm="before",
        drop_rate=0.5,
        spatial_drop_rate=0.25,
        activation="leaky_relu:0.2",
        last_activation="selu",
    )
    encoder = build(knobs, (8, 8), 1).encoder
    dense = encoder.get_layer("dense_0")
    assert (dense.use_bias, float(dense.kernel_regularizer.l2)) == (False, 0.5)
    assert isinstance(dense.kernel_initializer, keras.initializers.HeNormal)
    assert float(dense.activity_regularizer.l1) == pytest.approx(0.01)
    assert isinstance(dense.kernel_constraint, keras.constraints.MaxNorm)
    convolution = encoder.get_layer("conv_0")
    assert (float(convolution.kernel_regularizer.l1), float(convolution.kernel_regularizer.l2)) == (0.25, 0.25)
    assert convolution.bias.numpy().tolist() == [1.0] * 4
    kinds = [type(layer).__name__ for layer in encoder.layers]
    assert kinds.index("BatchNormalization") < kinds.index("LeakyReLU") < kinds.index("SpatialDropout2D")
    assert kinds.count("Dropout") == 2
    assert encoder.get_layer("embedding").activation is keras.activations.selu


def test_batch_norm_after_comes_after_the_activation():
    kinds = [
        type(layer).__name__
        for layer in build(Architecture(filters=(4,), batch_norm="after"), (8, 8), 1).encoder.layers
    ]
    assert kinds.index("Activation") < kinds.index("BatchNormalization")


def test_the_same_seed_gives_the_same_weights():
    def weights():
        keras.utils.set_random_seed(7)
        return build(Architecture(), (8, 8), 1).autoencoder.get_weights()

    for one, other in zip(weights(), weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@given(st.integers(1, 40), st.integers(1, 40))
@settings(max_examples=20)
def test_only_an_image_that_is_too_small_is_refused(height, width):
    assume(height >= 8 and width >= 8)
    models = build(Architecture(filters=(2, 2, 2), strides=(2,)), (height, width), 1)
    assert models.autoencoder.output.shape == (None, height, width, 1)
