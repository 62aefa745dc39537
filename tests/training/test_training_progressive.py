import keras
import numpy as np
import pytest

from autoencoder.errors import UsageError
from autoencoder.model.build import build
from autoencoder.model.geometry import levels
from autoencoder.model.saved import load, save
from autoencoder.settings import Architecture, Settings, Training
from autoencoder.settings.restoration import RestoreSettings
from autoencoder.training.growth import Step, check_growth, growth
from autoencoder.training.progressive import grown, inner
from autoencoder.training.shrink import Shrunk, averaged
from autoencoder.training.stages import fit_stages, stages_of

KNOBS = {"filters": (4, 5, 6), "strides": (2,), "kernel_size": (3,), "dims": (3,)}


def network(seed=1, shape=(16, 16), channels=1, **knobs):
    keras.utils.set_random_seed(seed)
    architecture = Architecture(**{**KNOBS, **knobs})
    return architecture, build(architecture, shape, channels)


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (24, 16, 16, 1)).astype(np.uint8)


# sizes


@pytest.mark.parametrize(
    ("shape", "sizes", "steps"),
    [
        ((16, 16), (0.5, 1), [Step(1, 6), Step(0, 6)]),
        ((16, 16), (4, 8, 16), [Step(2, 4), Step(1, 4), Step(0, 4)]),
        ((33, 20), (0.25, 1), [Step(2, 6), Step(0, 6)]),  # 33, 17, 9: a level rounds up, and so does a share
        ((33, 20), (17, 33), [Step(1, 6), Step(0, 6)]),
    ],
)
def test_a_size_is_the_level_that_is_given_it(shape, sizes, steps):
    training = Training(progressive=sizes, train_epochs=12)
    assert growth(training, levels(Architecture(**KNOBS), shape)) == steps


def test_of_levels_that_do_not_shrink_the_outermost_one_is_taken():
    found = levels(Architecture(filters=(2, 2, 2, 2), strides=(1, 2, 1, 2)), (16, 16))
    assert [level.size_in for level in found] == [(16, 16), (16, 16), (8, 8), (8, 8)]
    assert [step.level for step in growth(Training(progressive=(8, 16)), found)] == [2, 0]


def test_epochs_are_shared_equally_or_as_given():
    assert Training(progressive=(0.5, 1), train_epochs=7).epochs_by_size == (3, 4)
    given = Training(progressive=(0.5, 1), train_epochs=7, progressive_epochs=(5, 2))
    assert given.epochs_by_size == (5, 2)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"progressive": [1, 0.5]}, r"--progressive=\[1,0.5\]: sizes must rise"),
        ({"progressive": [8, 8, 16]}, "sizes must rise"),
        ({"progressive": [0.25, 0.5]}, "the last size must be the full one, 1 as a share"),
        ({"progressive": [0.5, 16]}, "sizes are whole pixels, or shares"),
        ({"progressive": [1]}, "--progressive=.*at least"),
        ({"progressive_epochs": [1, 2]}, "--progressive_epochs belongs to --progressive"),
        ({"progressive": [0.5, 1], "progressive_epochs": [40]}, "has 1 numbers for 2 sizes"),
        ({"progressive": [0.5, 1], "progressive_epochs": [5, 10]}, "makes 15 epochs, and --train_epochs is 40"),
        ({"progressive": [0.5, 1], "train_epochs": 2}, r"give more --train_epochs \(4 do\)"),
    ],
)
def test_sizes_and_epochs_that_make_no_sense_are_refused(flags, said):
    with pytest.raises(UsageError, match=said) as refused:
        Settings.from_flags(flags)
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ([8, 32], "the last size is 32 pixels and must be the full one, 16 on the longer side"),
        ([5, 16], "5 pixels on the longer side is the size of no level; choose from 4, 8, 16"),
        ([2, 16], "2 pixels on the longer side is below the last level of the network; choose from 4, 8, 16"),
        ([0.9, 1], "15 pixels .* is the size of no level"),
        ([0.49, 0.5, 1], "two of its sizes are 8 pixels"),
    ],
)
def test_sizes_of_no_level_are_refused_with_those_that_there_are(sizes, said):
    flags = {"image_shape": [16, 16], "color": "grayscale", "progressive": sizes, **KNOBS}
    with pytest.raises(UsageError, match=said):
        check_growth(Settings.from_flags(flags))


def test_skips_are_refused():
    flags = {"modified": "a", "original": "b", "skips": True, "progressive": [0.5, 1]}
    with pytest.raises(UsageError, match="--skips leads around them"):
        RestoreSettings.from_flags(flags)


# small images


def test_small_images_are_the_means_of_areas():
    pixels = np.random.default_rng(0).integers(0, 256, (5, 8, 12, 3)).astype(np.uint8)
    small = Shrunk(pixels, (4, 6))
    assert small.shape == (5, 4, 6, 3) and len(small) == 5
    means = pixels.reshape(5, 4, 2, 6, 2, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(small[:], means, atol=0.51)
    np.testing.assert_array_equal(small[np.array([3, 1])], small[:][[3, 1]])
    assert averaged(pixels, (8, 12)) is pixels


def test_pairs_are_shrunk_channel_by_channel():
    pixels = np.random.default_rng(0).integers(0, 256, (2, 9, 9, 6)).astype(np.uint8)
    small = averaged(pixels, (5, 5))
    for channel in range(6):
        np.testing.assert_array_equal(small[..., channel], averaged(pixels[..., channel, None], (5, 5))[..., 0])


# the networks


@pytest.mark.slow
@pytest.mark.parametrize("upsampling", ["transpose", "nearest", "unpool_transpose", "pixel_shuffle"])
@pytest.mark.parametrize("knobs", [{"mlp": False, "dims": (10,)}, {"residual": True, "batch_norm": "after"}])
@pytest.mark.parametrize("level", [1, 2])
def test_an_inner_part_shares_all_weights_but_its_adapters(upsampling, knobs, level):
    architecture, whole = network(upsampling=upsampling, shape=(16, 13), channels=3, **knobs)
    found = levels(architecture, (16, 13))
    part = inner(whole, found, level, architecture)
    assert part.autoencoder.input.shape[1:] == part.autoencoder.output.shape[1:] == (*found[level].size_in, 3)
    assert part.encoder.output.shape == whole.encoder.output.shape
    shared = {id(each) for each in whole.autoencoder.weights}
    own = {each.path.split("/")[-2] for each in part.autoencoder.weights if id(each) not in shared}
    norm = {f"from_image_{level}_norm"} if architecture.batch_norm else set()
    assert own == {f"from_image_{level}", f"to_image_{level}"} | norm
    outside = {each.path.split("/")[-2] for each in whole.autoencoder.weights} - {
        each.path.split("/")[-2] for each in part.autoencoder.weights
    }
    assert outside and all(int(name.split("_")[1]) < level for name in outside)


def weights_by_layer(models):
    return {each.path: each.numpy() for each in models.autoencoder.weights}


def changed(before, models):
    return {path for path, now in weights_by_layer(models).items() if np.any(before[path] != now)}


@pytest.mark.slow
def test_each_stage_trains_what_it_should_and_nothing_else(images):
    architecture, models = network(batch_norm="before")
    training = Training(progressive=(0.5, 1), train_epochs=6, loss="mse")
    small, alone, together = stages_of(models, images[:18], images[18:], architecture, training)
    assert [stage.until for stage in (small, alone, together)] == [3, 4, 6]
    assert [stage.train.shape[1:] for stage in (small, alone, together)] == [(8, 8, 1), (16, 16, 1), (16, 16, 1)]
    outer = {path for path in weights_by_layer(models) if "conv_0" in path}
    everything = set(weights_by_layer(models))
    for stage, moved in ((small, everything - outer), (alone, outer), (together, everything)):
        before = weights_by_layer(models)
        fit_stages([stage._replace(until=1)], training, [])
        assert changed(before, models) == moved, stage.name
    assert all(layer.trainable for layer in models.autoencoder._flatten_layers())


@pytest.mark.slow
def test_the_history_shows_the_sizes_and_the_best_epoch_is_of_the_last_stage(images, tmp_path):
    architecture, models = network(upsampling="pixel_shuffle", residual=True)
    training = Training(progressive=(4, 8, 16), train_epochs=6, augment=("hflip",), learning_rate="find", loss="mse")
    fitted = fit_stages(grown(models, images[:18], images[18:], architecture, training), training, [])
    assert fitted.history["epoch"] == [1, 2, 3, 4, 5, 6]
    assert fitted.history["image_side"] == [4, 4, 8, 8, 16, 16]
    assert fitted.best_epoch == 6 and fitted.range_test is not None
    save(models.autoencoder, tmp_path / "a.keras")
    given = images.astype(np.float32) / 255
    np.testing.assert_array_equal(load(tmp_path / "a.keras")(given), models.autoencoder(given))


@pytest.mark.slow
@pytest.mark.parametrize("contrast", [0.0, 0.1])
def test_the_same_seed_gives_the_same_weights(images, contrast):
    found = []
    for _ in range(2):
        architecture, models = network(batch_norm="before")
        training = Training(progressive=(0.5, 1), train_epochs=3, contrast=contrast)
        fit_stages(stages_of(models, images[:18], images[18:], architecture, training), training, [])
        found.append(models.autoencoder.get_weights())
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_pairs_grow_too(images):
    architecture, models = network()
    pairs = np.concatenate([images, 255 - images], axis=-1)
    training = Training(progressive=(0.5, 1), train_epochs=3)
    fitted = fit_stages(stages_of(models, pairs[:18], pairs[18:], architecture, training), training, [])
    assert fitted.history["image_side"] == [8, 16, 16]
