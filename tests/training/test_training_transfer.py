"""Transfer learning: what learns in which stage, at which rate; what is kept; what is refused."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.decomposition import PCA

from autoencoder.errors import DivergedError, ModelFileError, UsageError
from autoencoder.losses import LOSSES
from autoencoder.model.backbone import backbone_of
from autoencoder.model.build import build
from autoencoder.model.describe import activations
from autoencoder.model.geometry import levels
from autoencoder.model.saved import load, save
from autoencoder.settings import Architecture, Settings, Training
from autoencoder.settings.restoration import RestoreSettings
from autoencoder.training.fit import fit_stage
from autoencoder.training.learning_rate import optimizer
from autoencoder.training.sizes import parameters
from autoencoder.training.stages import fit_stages, stages_of
from autoencoder.training.transfer import rate_shares
from autoencoder.workflows.backbone import as_backbone_takes, with_backbone

IMAGES = np.random.default_rng(1).integers(0, 256, (8, 16, 16, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A small network with dropout and batch normalization, 16 -> 8 -> 4 pixels, as a .keras file."""
    keras.utils.set_random_seed(3)
    layers = keras.layers
    inputs = x = keras.Input((16, 16, 3))
    for number, width in enumerate((4, 6)):
        x = layers.Conv2D(width, 3, 2, padding="same", activation="relu", name=f"conv_{number}")(x)
        x = layers.BatchNormalization(name=f"norm_{number}")(x)
    network = keras.Model(inputs, layers.Dropout(0.5)(x))
    network.save(path := tmp_path_factory.mktemp("networks") / "small.keras")
    return path


def _built(file, channels=3, shape=(16, 16), **flags):
    architecture = Architecture(encoder_from=str(file), **flags)
    return architecture, build(architecture, shape, channels)


def test_the_decoder_mirrors_the_networks_shapes(file):
    _, models = _built(file)
    grown = [layer.output.shape[1:3] for layer in models.decoder.layers if layer.name.startswith("deconv_1")]
    assert models.decoder.get_layer("unflatten").output.shape == (None, 4, 4, 6)
    assert grown[0] == (8, 8)
    assert models.autoencoder.output.shape == (None, 16, 16, 3)
    assert models.encoder.output.shape == (None, 10)


def test_without_the_mlp_the_embedding_is_what_the_network_gives(file):
    _, models = _built(file, mlp=False)
    expected = load(file)(IMAGES / np.float32(255))
    np.testing.assert_allclose(models.encoder(IMAGES / np.float32(255)), expected, atol=1e-6)


def test_a_network_that_gives_vectors_is_an_encoder_too(file, tmp_path):
    network = load(file)
    vector = keras.layers.GlobalAveragePooling2D()(network.output)
    keras.Model(network.input, vector).save(tmp_path / "vector.keras")
    _, models = _built(tmp_path / "vector.keras", mlp=False)
    assert models.encoder.output.shape == (None, 6)
    assert models.decoder.get_layer("unflatten").output.shape == (None, 4, 4, 6)


def test_grey_images_of_another_size_are_brought_to_the_networks_own(file):
    _, models = _built(file, channels=1, shape=(10, 20))
    assert models.autoencoder.output.shape == (None, 10, 20, 1)
    assert np.isfinite(models.autoencoder(np.zeros((1, 10, 20, 1), np.float32))).all()


def test_an_application_of_inverted_blocks_is_mirrored_by_its_halvings():
    architecture, models = _built("MobileNetV2", shape=(32, 32), encoder_weights="none")
    assert models.decoder.get_layer("unflatten").output.shape == (None, 1, 1, 256)
    counted = parameters(architecture, (32, 32), 3)
    backbone = backbone_of(models.encoder)
    dense = (1280 + 1) * 10 + (10 + 1) * 256
    assert counted["dense"] == dense
    # Levels that are narrower than is taken for granted before the network is opened make the decoder smaller.
    assert backbone.count_params() + dense < models.autoencoder.count_params() <= sum(counted.values())
    assert len(levels(architecture, (32, 32))) == 5


def test_the_saved_encoder_needs_nothing_else_and_gives_the_same(file, tmp_path):
    _, models = _built(file)
    save(models.encoder, tmp_path / "encoder.keras")
    images = IMAGES / np.float32(255)
    np.testing.assert_allclose(load(tmp_path / "encoder.keras")(images), models.encoder(images), atol=1e-6)


def _fit(file, epochs, **training):
    keras.utils.set_random_seed(1)
    architecture, models = _built(file)
    settings = Training(train_epochs=epochs, batch_size=4, precision="float32", **training)
    return models, settings, stages_of(models, IMAGES, IMAGES, architecture, settings)


def test_first_all_but_the_network_learns_and_it_rests(file):
    models, training, stages = _fit(file, 3)
    backbone = backbone_of(models.encoder)
    before, dense = backbone.get_weights(), models.encoder.get_layer("dense_embedding").get_weights()[0]
    assert [(stage.until, stage.patience, tuple(stage.frozen)) for stage in stages] == [
        (1, 2, (backbone,)),
        (3, None, ()),
    ]
    fit_stages(stages[:1], training, [])
    for kept, found in zip(before, backbone.get_weights(), strict=True):
        np.testing.assert_array_equal(kept, found)
    assert np.abs(models.encoder.get_layer("dense_embedding").get_weights()[0] - dense).max() > 0


def test_while_it_rests_it_computes_as_in_inference(file):
    models, _, stages = _fit(file, 3)
    images = IMAGES / np.float32(255)
    resting = stages[0].models.encoder(images, training=True)
    np.testing.assert_allclose(resting, models.encoder(images, training=False), atol=1e-6)
    assert np.abs(models.encoder(images, training=True) - resting).max() > 1e-3


@pytest.mark.slow
def test_then_everything_learns(file):
    models, training, stages = _fit(file, 2)
    before = [weight.numpy() for weight in models.autoencoder.trainable_weights]
    fitted = fit_stages(stages, training, [])
    assert fitted.history["epoch"] == [1, 2]
    after = models.autoencoder.trainable_weights
    assert len(after) == len(before)
    assert all(np.abs(now - then).max() > 0 for now, then in zip(after, before, strict=True))


@pytest.mark.slow
def test_the_second_stage_never_ends_behind_the_first(file):
    models, training, stages = _fit(file, 6, learning_rate=0.1)
    first = fit_stages(stages[:1], training, [])
    kept = models.autoencoder.get_weights()
    worse = stages[1]._replace(shares={id(weight): 100 for weight in models.autoencoder.variables})
    fitted = fit_stage(worse, training, [], first_epoch=2, best_epoch=first.best_epoch)
    assert len(fitted.history["epoch"]) == 4 and fitted.best_epoch == first.best_epoch
    assert min(fitted.history["val_loss"]) > min(first.history["val_loss"])
    for before, after in zip(kept, models.autoencoder.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


@pytest.mark.slow
def test_patience_begins_anew_with_the_second_stage(file):
    models, training, stages = _fit(file, 9, learning_rate=0.1)
    worse = stages[1]._replace(shares={id(weight): 100 for weight in models.autoencoder.variables}, patience=3)
    assert fit_stage(worse, training, [], first_epoch=3, best_epoch=1).history["epoch"] == [4, 5, 6]


@pytest.mark.slow
def test_a_second_stage_that_diverges_leaves_the_first_ones_best_epoch(file):
    models, training, stages = _fit(file, 6, optimizer="sgd", learning_rate=0.1)
    endless = stages[1]._replace(shares={id(weight): 1e38 for weight in models.autoencoder.variables})
    with pytest.raises(DivergedError) as caught:
        fit_stages([stages[0], endless], training, [])
    fitted = caught.value.fitted
    best = 1 + int(np.argmin(fitted.history["val_loss"]))
    assert fitted.best_epoch == best and f"the weights of epoch {best} are kept" in str(caught.value)
    loss = float(
        LOSSES[training.loss](IMAGES / np.float32(255), models.autoencoder(IMAGES / np.float32(255))).numpy().mean()
    )
    np.testing.assert_allclose(loss, min(fitted.history["val_loss"]), rtol=1e-4)


@pytest.mark.slow
def test_a_linear_path_beside_a_network_starts_as_a_pca_and_learns_in_both_stages(file):
    architecture, models = _built(file, linear_path="pca", output_activation="linear", dims=(3,))
    assert sum(parameters(architecture, (16, 16), 3).values()) >= models.autoencoder.count_params()
    training = Training(loss="mse", train_epochs=3, batch_size=4, precision="float32", optimizer="sgd")
    stages = stages_of(models, IMAGES, IMAGES, architecture, training)
    flat = IMAGES.reshape(8, -1) / 255
    pca = PCA(3).fit(flat)
    expected = pca.inverse_transform(pca.transform(flat)).reshape(IMAGES.shape).clip(0, 1)
    for stage in stages:
        made = stage.models.autoencoder.predict(IMAGES / np.float32(255), verbose=0)
        np.testing.assert_allclose(made, expected, atol=1e-4)
    hopeless = training.model_copy(update={"learning_rate": 10.0})
    fitted = fit_stages(stages, hopeless, [])
    assert fitted.best_epoch == 0 and len(fitted.history["epoch"]) == 3
    np.testing.assert_allclose(models.autoencoder.predict(IMAGES / np.float32(255), verbose=0), expected, atol=1e-4)


def test_one_epoch_is_for_what_is_new(file):
    assert len(_fit(file, 1)[2]) == 1


def test_random_weights_learn_as_any_others_do(file):
    keras.utils.set_random_seed(1)
    architecture, models = _built(file, encoder_weights="none")
    stages = stages_of(models, IMAGES, IMAGES, architecture, Training(train_epochs=3))
    assert [(stage.until, tuple(stage.frozen), dict(stage.shares)) for stage in stages] == [(3, (), {})]
    _, learned = _built(file)
    for ours, theirs in zip(
        backbone_of(models.encoder).get_weights(), backbone_of(learned.encoder).get_weights(), strict=True
    ):
        assert ours.shape == theirs.shape
        assert ours.ndim < 2 or not np.allclose(ours, theirs)


def test_rates_grow_from_the_first_resolution_to_the_decoders(file):
    architecture, models = _built(file)
    backbone = backbone_of(models.encoder)
    shares = rate_shares(backbone, architecture, 2.0)
    found = {variable.path: shares[id(variable)] for variable in backbone.trainable_variables}
    assert {path.split("/")[-2]: share for path, share in found.items()} == {
        "conv_0": 0.25,
        "norm_0": 0.25,
        "conv_1": 0.5,
        "norm_1": 0.5,
    }


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_a_variable_moves_by_its_share_of_the_rate(name):
    variables = [keras.Variable(np.ones(2, np.float32)) for _ in range(2)]
    chosen = optimizer(Training(optimizer=name, learning_rate=0.1), 10, [1.0, 0.25])
    chosen.build(variables)
    chosen.apply([tf.constant([2.0, 2.0])] * 2, variables)
    whole, part = (1 - variable.numpy() for variable in variables)
    # Adam's first step is the rate itself, whatever the gradient.
    np.testing.assert_allclose(whole, 0.2 if name == "sgd" else 0.1, rtol=1e-5)
    np.testing.assert_allclose(part, 0.25 * whole, rtol=1e-5)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"filters": (8,)}, "--filters belongs to the network that --encoder_from replaces"),
        ({"kernel_size": (3,)}, "--kernel_size belongs to the network"),
        ({"skips": True}, "--skips belongs to the network"),
    ],
)
def test_what_the_network_replaces_is_refused(flags, said):
    with pytest.raises(UsageError, match=said):
        Settings.from_flags({"encoder_from": "MobileNetV2", **flags})


def test_h5_is_refused_beside_a_network_that_may_share_names_with_the_one_around_it():
    with pytest.raises(UsageError, match="--h5 is a format in which no two layers may have one name"):
        Settings.from_flags({"encoder_from": "latest", "h5": True}).resolved()
    assert Settings.from_flags({"encoder_from": "MobileNetV2", "h5": True}).resolved().output.h5


def test_weights_without_an_application_are_refused():
    with pytest.raises(UsageError, match="--encoder_weights belongs to --encoder_from"):
        Settings.from_flags({"encoder_weights": "none"})
    with pytest.raises(
        UsageError, match=r"--encoder_weights=other\.h5: a file's or a run's network has weights of its own"
    ):
        Settings.from_flags({"encoder_from": "run", "encoder_weights": "other.h5"})


def test_an_unknown_name_is_refused_with_the_nearest_application():
    with pytest.raises(UsageError, match="did you mean MobileNetV2"):
        with_backbone(Architecture(encoder_from="MobilNetV2"))


def test_shape_and_colour_follow_from_the_file(file):
    settings = Settings()
    architecture = with_backbone(Architecture(encoder_from=str(file)))
    assert as_backbone_takes(settings.data, architecture).image_shape == (16, 16)


def test_a_damaged_file_is_refused(tmp_path):
    (tmp_path / "bad.keras").write_bytes(b"no zip")
    with pytest.raises(ModelFileError, match="damaged"):
        as_backbone_takes(Settings().data, with_backbone(Architecture(encoder_from=str(tmp_path / "bad.keras"))))


@pytest.mark.slow
def test_the_command_line_trains_and_encodes_and_a_run_is_taken_up(program, file, tmp_path):
    import cv2

    (tmp_path / "images").mkdir()
    for number, image in enumerate(np.random.default_rng(2).integers(0, 256, (24, 16, 16, 3)).astype(np.uint8)):
        cv2.imwrite(str(tmp_path / f"images/{number}.png"), image)
    common = ("--train_dir=images", "--train_epochs=1", "--dims=3")
    made = program("run", *common, f"--encoder_from={file}", "--save_dir=first")
    assert made.returncode == 0, made.stderr
    again = program("run", *common, "--encoder_from=first", "--save_dir=second")
    assert again.returncode == 0, again.stderr
    assert f"encoder_from: {tmp_path / 'first' / 'encoder.keras'}" in (tmp_path / "second/settings.yml").read_text()
    encoded = program("encode", "second")
    assert encoded.returncode == 0, encoded.stderr
    small = program("run", *common, "--encoder_from=MobileNetV2")
    assert small.returncode == 2
    assert "MobileNetV2 takes images of at least 32 x 32 pixels, and these are 16 x 16" in small.stderr
    alone = program("run", *common, "--rate_decay=2")
    assert alone.returncode == 2
    assert "--rate_decay belongs to --encoder_from" in alone.stderr


def test_pairs_have_no_embedding_to_take_a_network_for():
    with pytest.raises(UsageError, match="--encoder_from makes embeddings of whole images; it is not for tiles"):
        RestoreSettings.from_flags({"modified": "a", "original": "b", "encoder_from": "MobileNetV2"})


def test_what_rests_is_counted_where_batches_are_made_to_fit_memory(file):
    models, _, stages = _fit(file, 3)
    here, there = (activations(each) for each in (models, stages[0].models))
    assert there == here
