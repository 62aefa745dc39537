"""Keras' applications by name: preprocessing, weights from files, refusals."""

import keras
import numpy as np
import pytest

from autoencoder.errors import ModelFileError, UsageError
from autoencoder.model import pretrained
from autoencoder.model.pretrained import open_application
from autoencoder.settings.backbones import BACKBONES, names
from autoencoder.settings.imagenet import ADDRESSES, imagenet_file


def test_every_application_of_keras_is_known_by_its_name():
    there = {name for name, each in vars(keras.applications).items() if name[0].isupper() and callable(each)}
    assert set(names()) == there


def test_an_unknown_name_is_refused_with_the_nearest_one():
    with pytest.raises(UsageError, match="did you mean MobileNetV2"):
        open_application("MobilNetV2", "none", (32, 32), 3)


def test_a_small_image_is_refused_with_the_rule():
    with pytest.raises(UsageError, match=r"Xception takes images of at least 71 x 71 pixels, and these are 64 x 80"):
        open_application("Xception", "none", (64, 80), 3)


@pytest.mark.parametrize(
    ("name", "module"), [("VGG16", "vgg16"), ("MobileNetV2", "mobilenet_v2"), ("DenseNet121", "densenet")]
)
def test_pixels_become_what_keras_own_preprocessing_makes_of_them(name, module):
    images = np.random.default_rng(1).random((2, 4, 5, 3)).astype("float32")
    inputs = keras.Input((4, 5, 3))
    ours = keras.Model(inputs, pretrained.preprocessed(inputs, BACKBONES[name].preprocessing))
    theirs = getattr(keras.applications, module).preprocess_input(images * 255)
    np.testing.assert_allclose(ours(images), theirs, atol=2e-4)


def test_efficientnet_divides_once_more_by_the_root_of_the_deviations():
    images = np.random.default_rng(1).random((2, 4, 5, 3)).astype("float32")
    inputs = keras.Input((4, 5, 3))
    pixels = keras.Model(inputs, pretrained.preprocessed(inputs, "efficientnet"))(images) / 255
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    np.testing.assert_allclose((pixels - mean), (images - mean) / np.sqrt(deviation), atol=1e-5)


def test_grey_images_are_given_to_all_three_channels():
    keras.utils.set_random_seed(1)
    grey = open_application("MobileNetV2", "none", (32, 32), 1)
    color = open_application("MobileNetV2", "none", (32, 32), 3)
    color.set_weights(grey.get_weights())
    image = np.random.default_rng(1).random((1, 32, 32, 1)).astype("float32")
    assert grey.output.shape == (None, 1, 1, 1280)
    np.testing.assert_allclose(grey(image), color(np.repeat(image, 3, axis=3)), atol=1e-6)


@pytest.fixture(scope="module")
def donor():
    """A network with weights of its own and a top of three classes."""
    keras.utils.set_random_seed(2)
    return keras.applications.MobileNetV2(weights=None, input_shape=(32, 32, 3), classes=3)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("suffix", [".keras", ".h5", ".weights.h5"])
def test_a_file_with_a_top_gives_the_weights_below_it(donor, tmp_path, suffix):
    path = tmp_path / f"donor{suffix}"
    donor.save_weights(path) if suffix == ".weights.h5" else donor.save(path)
    model = open_application("MobileNetV2", str(path), (48, 32), 3)
    for variable, array in zip(model.weights, donor.get_weights(), strict=False):
        np.testing.assert_array_equal(variable, array)


@pytest.mark.slow
def test_weights_that_do_not_fit_are_refused_with_both_shapes(donor, tmp_path):
    donor.save(path := tmp_path / "donor.keras")
    with pytest.raises(
        ModelFileError, match=r"of shape \(3, 3, 3, 32\), and block1_conv1/kernel takes \(3, 3, 3, 64\)"
    ):
        open_application("VGG16", str(path), (32, 32), 3)


def test_a_file_that_holds_no_weights_is_refused(tmp_path):
    (tmp_path / "no.h5").write_bytes(b"text")
    with pytest.raises(ModelFileError, match="holds no weights of VGG16"):
        open_application("VGG16", str(tmp_path / "no.h5"), (32, 32), 3)


def test_imagenet_without_its_file_names_the_address_and_the_flag(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    address = r"fetch https://\S+/mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"
    with pytest.raises(ModelFileError, match=f"{address} and name the file by --encoder_weights=FILE"):
        open_application("MobileNetV2", "imagenet", (32, 32), 3)


def test_imagenet_is_taken_from_keras_cache(donor, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    kept = tmp_path / "models/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"
    keras.src.legacy.saving.legacy_h5_format.save_model_to_hdf5(donor, kept)
    model = open_application("MobileNetV2", "imagenet", (32, 32), 3)
    np.testing.assert_array_equal(model.weights[0], donor.get_weights()[0])


def test_every_application_has_an_address():
    assert set(ADDRESSES) == set(names())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["MobileNetV2", "EfficientNetV2B0", "NASNetMobile"])
@pytest.mark.filterwarnings("ignore:`input_shape` is undefined")
def test_keras_asks_for_the_file_that_is_named_and_keeps_it_where_it_is_sought(name, tmp_path, monkeypatch):
    asked = []

    def fetch(file, address, **_):
        asked.extend([file, address])
        raise InterruptedError

    module = "efficientnet_v2" if "Efficient" in name else "nasnet" if "NAS" in name else "mobilenet_v2"
    utils = __import__(f"keras.src.applications.{module}", fromlist=["file_utils"]).file_utils
    monkeypatch.setattr(utils, "get_file", fetch)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(InterruptedError):
        getattr(keras.applications, name)(include_top=False, weights="imagenet")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / asked[0]).touch()
    assert imagenet_file(name) == tmp_path / "models" / asked[0]
    assert asked[1] == ADDRESSES[name]
