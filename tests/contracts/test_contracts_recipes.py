"""Every recipe is a command line that this program accepts, and describes the network that it says."""

from pathlib import Path

import pytest

from autoencoder.cli.main import plan
from autoencoder.model.build import build
from autoencoder.model.classifier import classifier
from autoencoder.settings import Architecture, Data
from autoencoder.settings.restoration import RestoreSettings
from autoencoder.training.augment import PHOTOGRAPHS

RECIPES = Path(__file__).parents[2] / "recipes"


def models(name, *flags):
    data, architecture, *_ = plan(["run", f"--config={RECIPES / name}.yml", *flags]).settings
    assert isinstance(data, Data) and isinstance(architecture, Architecture)
    return build(architecture, data.image_shape, 1 if data.color == "grayscale" else 3)


def kinds(model):
    return [type(layer).__name__ for layer in model.layers]


@pytest.mark.parametrize("drop", ["0", "0.5"])
def test_coco_vanilla_has_4963_parameters_and_a_10_by_10_by_8_embedding(drop):
    found = models("coco_vanilla", f"--spatial_drop_rate={drop}")
    assert found.autoencoder.count_params() == 4963
    assert found.encoder.output.shape == (None, 10, 10, 8)
    assert found.autoencoder.output.shape == (None, 200, 200, 3)


@pytest.mark.parametrize("drop", ["0", "0.5"])
def test_coco_small_has_fewer_layers_and_the_same_embedding(drop):
    small, vanilla = (models(name, f"--spatial_drop_rate={drop}") for name in ("coco_small", "coco_vanilla"))
    assert small.encoder.output.shape == (None, 10, 10, 8)
    assert len(small.encoder.layers) < len(vanilla.encoder.layers)


def test_flexible_is_the_original_network():
    found = models("flexible")
    assert found.encoder.output.shape == (None, 1000)
    assert found.autoencoder.count_params() == 9_058_281
    sizes = [layer.output.shape[1] for layer in found.encoder.layers if type(layer).__name__ == "Conv2D"]
    assert sizes == [128, 32, 8, 4]
    assert kinds(found.encoder).count("AveragePooling2D") == 2
    assert kinds(found.decoder).count("UpSampling2D") == 2


def test_flexible_trains_at_the_rate_that_adadelta_had():
    training = plan(["run", f"--config={RECIPES / 'flexible.yml'}"]).settings[2]
    assert (training.optimizer, training.learning_rate) == ("adadelta", 1.0)
    assert training.augment == ("hflip", "vflip")


def test_mnist_conv_bn_is_sets_of_convolution_relu_batch_norm_and_pooling():
    found = models("mnist_conv_bn")
    assert kinds(found.encoder)[1:5] == ["Conv2D", "Activation", "BatchNormalization", "MaxPooling2D"]
    assert found.encoder.output.shape == (None, 7, 7, 64)
    third = models("mnist_conv_bn", "--filters=[32,64,64]", "--pooling=[max2,max2,max7]")
    assert third.encoder.output.shape == (None, 1, 1, 64)


def restoring(name):
    flags = [f"--config={RECIPES / name}.yml", "--modified=m", "--original=o"]
    settings = RestoreSettings.from_sections(*plan(["restore_train", *flags]).settings[:5])
    return settings, build(settings.architecture, settings.image_shape, 1)


def test_binary_codes_is_the_original_network_for_tiles():
    settings, found = restoring("binary_codes")
    assert (settings.codes.tile_side, settings.codes.step_size, settings.codes.binary_code_size) == (48, 12, 6)
    assert found.encoder.output.shape == (None, 32)
    assert [layer.filters for layer in found.encoder.layers if type(layer).__name__ == "Conv2D"] == [16, 32]
    assert kinds(found.encoder)[1:4] == ["Conv2D", "LeakyReLU", "BatchNormalization"]
    training = settings.training
    assert (training.loss, training.learning_rate, training.patience) == ("mse", 0.001, 10)


def test_binary_codes_best_has_skips_and_a_level_of_one_pixel_a_block():
    settings, found = restoring("binary_codes_best")
    assert settings.architecture.skips and not settings.architecture.mlp
    assert (None, 8, 8, 64) in [part.shape for part in found.encoder.outputs]
    assert found.autoencoder.output.shape == (None, 48, 48, 1)


def test_mnist_conv_bn_classifier_is_flatten_and_two_dense_layers_on_that_encoder():
    planned = plan(["classify", "x", f"--config={RECIPES / 'mnist_conv_bn_classifier.yml'}", "--train_images=x"])
    wanted = planned.settings[2]
    network = classifier(models("mnist_conv_bn").encoder, wanted.units, 10, wanted.drop_rate).classifier
    assert kinds(network) == ["InputLayer", "Functional", "Flatten", "Dense", "Dense"]
    assert [layer.output.shape[1] for layer in network.layers[2:]] == [7 * 7 * 64, 128, 10]


def test_classify_mnist_is_accepted_and_augments_as_its_encoder_was_taught():
    planned = plan(["classify", "x", f"--config={RECIPES / 'classify_mnist.yml'}", "--train_dir=x"])
    (_, _, training, *_) = plan(["sort", f"--config={RECIPES / 'cluster_mnist.yml'}"]).settings
    assert planned.settings[2].augment == training.augment


def test_photographs_pools_256_numbers_and_learns_from_copies_on_a_head():
    found = models("photographs")
    assert found.encoder.output.shape == (None, 256)
    assert found.autoencoder.output.shape == (None, 48, 48, 3)
    assert kinds(found.encoder)[-1] == "GlobalAveragePooling2D"
    (_, _, training, *_) = plan(["sort", f"--config={RECIPES / 'photographs.yml'}", "--k=3"]).settings
    assert (training.contrast_with, training.head) == ("views", (256, 64))
    assert training.augment == PHOTOGRAPHS
