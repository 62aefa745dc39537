import keras
import numpy as np
import pandas
import pytest

from autoencoder.cli.main import Autoencoder
from autoencoder.errors import ModelFileError, UsageError
from autoencoder.estimators import restorer
from autoencoder.model.saved import load, save
from autoencoder.settings import Settings, Training
from autoencoder.storage.run import Run
from autoencoder.workflows.features import with_features


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A network of two convolutions on 8 x 8 images in colour, in the folder that commands run in."""
    monkeypatch.chdir(tmp_path)
    images = keras.Input((8, 8, 3))
    maps = keras.layers.Conv2D(4, 3, activation="relu", name="first")(images)
    save(keras.Model(images, keras.layers.Conv2D(4, 3, name="second")(maps)), tmp_path / "tiny.keras")
    return tmp_path / "tiny.keras"


def asked(**flags):
    return Settings.from_flags({"loss": "feature", **flags}).training


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"pixel_weight": 2}, "--pixel_weight belongs to --loss=feature"),
        ({"feature_layers": "block1_conv1"}, "--feature_layers belongs to --loss=feature"),
        ({"feature_weights": "tiny.keras", "loss": "mse"}, "--feature_weights belongs to --loss=feature"),
        ({"loss": "feature", "pixel_weight": -1}, "--pixel_weight=-1: should be greater than or equal to 0"),
        ({"loss": "feature", "feature_layers": "[]"}, "--feature_layers=.*: needs at least one value"),
        ({"loss": "feature", "feature_layers": "[a,b,a]"}, "--feature_layers: a is named twice"),
        (
            {"loss": "feature", "feature_layers": "[block1_conv1,block2_con2]"},
            "no layer 'block2_con2' in VGG16; did you mean block2_conv2",
        ),
        (
            {"loss": "feature", "feature_layers": "xyz"},
            "no layer 'xyz' in VGG16; choose from block1_conv1, block1_conv2",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_flags(flags, said):
    with pytest.raises(UsageError, match=said):
        Settings.from_flags(flags)


def test_other_losses_are_left_alone():
    training = Training(loss="mse")
    assert with_features(training, (8, 8)) is training


def test_a_file_is_kept_as_it_is_seen_from_everywhere(tiny):
    training = asked(feature_layers="second,first", feature_weights="tiny.keras")
    assert with_features(training, (8, 8)) == training.model_copy(update={"feature_weights": str(tiny)})


def test_layers_are_those_of_the_file_that_is_named(tiny):
    with pytest.raises(UsageError, match=r"no layer 'secod' in tiny.keras; did you mean second\?"):
        with_features(asked(feature_layers="secod", feature_weights="tiny.keras"), (8, 8))


@pytest.mark.parametrize(("name", "error"), [("none.keras", ModelFileError), ("nothing", UsageError)])
def test_a_file_or_a_run_that_is_not_there(tiny, name, error):
    with pytest.raises(error, match=f"no such (model file: )?.*{name}|{name}: no such run"):
        with_features(asked(feature_weights=name), (8, 8))


def test_a_damaged_file(tiny):
    tiny.write_bytes(tiny.read_bytes()[:100])
    with pytest.raises(ModelFileError, match=r"tiny.keras is damaged, or no Keras model"):
        with_features(asked(feature_weights="tiny.keras"), (8, 8))


def test_weights_that_are_not_there_come_with_their_address(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(ModelFileError, match=r"fetch https://\S+/vgg16_weights\S+\.h5 and .* --feature_weights=FILE"):
        with_features(asked(), (32, 32))
    name = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / name).touch()
    assert with_features(asked(), (32, 32)) == asked()


@pytest.mark.parametrize(
    ("side", "layer", "deepest"),
    [(3, "block3_conv3", "block2_conv2"), (1, "block2_conv1", "block1_conv2"), (15, "block5_conv3", "block4_conv3")],
)
def test_layers_too_deep_for_the_images_come_with_the_deepest_that_fits(side, layer, deepest):
    with pytest.raises(
        UsageError, match=f"{layer} needs sides of .* have {side} x 99; the deepest that fits is {deepest}"
    ):
        with_features(asked(feature_layers=layer), (side, 99))


@pytest.mark.slow
@pytest.mark.parametrize("form", ["vgg.keras", "vgg.h5", "vgg.weights.h5"])
def test_vgg16_is_known_by_its_layers_and_given_its_pixels(form, tmp_path):
    from autoencoder.training.feature_loss import feature_network

    keras.utils.set_random_seed(2)
    vgg = keras.applications.VGG16(include_top=False, weights=None, input_shape=(None, None, 3))
    (vgg.save_weights if "weights" in form else vgg.save)(tmp_path / form)
    training = asked(feature_layers="block2_conv1", feature_weights=tmp_path / form)
    with pytest.raises(UsageError, match="the deepest that fits is block1_conv2"):
        with_features(training, (1, 1))
    images = np.random.default_rng(0).random((2, 6, 5, 1), np.float32)
    network = feature_network(with_features(training, (6, 5)), (6, 5, 1))
    assert network.count_params() == 64 * 28 + 64 * (9 * 64 + 1) + 128 * (9 * 64 + 1)
    bytes_bgr = np.repeat(images, 3, axis=-1) * 255 - [103.939, 116.779, 123.68]
    expected = keras.Model(vgg.input, vgg.get_layer("block2_conv1").output)(bytes_bgr.astype(np.float32))
    np.testing.assert_allclose(network(images), expected, rtol=1e-4, atol=1e-4)


FLAGS = ("--filters=[4]", "--dims=[3]", "--train_epochs=1", "--verbose=0", "--save_dir=out")


@pytest.mark.slow
def test_the_command_line_trains_with_it_and_its_run_needs_it_no_more(program, folders, tiny):
    flags = ["--loss=feature", "--feature_weights=tiny.keras", "--feature_layers=[first,second]", "--max_images=8"]
    result = program("run", f"--train_dir={folders / 'train'}", *flags, *FLAGS)
    assert result.returncode == 0, result.stderr
    run = Run(tiny.parent / "out")
    assert run.flags()["feature_weights"] == str(tiny)
    scores, history = run.scores(), pandas.read_csv(run.history_file)
    assert history["val_loss"].tolist() == pytest.approx([scores["valid_loss"]], rel=1e-3)
    assert scores["valid_loss"] > scores["valid_mse"] > 0
    tiny.unlink()
    assert not {"first", "second"} & {layer.name for layer in load(run.autoencoder)._flatten_layers()}
    assert program("encode", "out").returncode == 0


@pytest.mark.slow
def test_an_encoder_of_another_run_compares(folders, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    common = {"train_dir": folders / "train", "max_images": 8, "filters": [4], "dims": [3], "train_epochs": 1}
    first = Autoencoder(**common, verbose=0, save_dir="first").run()
    layer = next(layer.name for layer in load(first.encoder).layers if isinstance(layer, keras.layers.Conv2D))
    feature = {"loss": "feature", "feature_weights": "first", "feature_layers": [layer]}
    run = Autoencoder(**common, verbose=0, save_dir="second", **feature).run()
    assert run.flags()["feature_weights"] == str(first.encoder.absolute())


@pytest.mark.slow
def test_tiles_are_compared_too(tiny):
    pixels = np.random.default_rng(0).integers(0, 255, (8, 10, 10), np.uint8)
    made = restorer.Restorer(
        loss="feature",
        feature_weights=str(tiny),
        feature_layers=("first",),
        tile_side=8,
        step_size=2,
        filters=(4,),
        dims=(3,),
        train_epochs=1,
    ).fit(pixels, pixels[::-1])
    assert made.scores_["epochs"] == 1
    assert 0 < made.scores_["valid_loss"] < 5
