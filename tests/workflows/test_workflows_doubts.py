import pytest

from autoencoder.settings import Settings
from autoencoder.settings.restoration import RestoreSettings
from autoencoder.workflows.doubts import doubts_of_restoring, doubts_of_run


def of_run(flags, **scores):
    usual = {"valid_mse": 0.01, "pca_mse": 0.02, "embedding_size": 10, "used_numbers": 10, "best_epoch": 3}
    return doubts_of_run(Settings.from_flags(flags), usual | scores)


def of_restoring(flags, **scores):
    usual = {"hamming_before": 0.2, "hamming_after": 0.1, "mse_before": 0.2, "mse_after": 0.1}
    settings = RestoreSettings.from_flags({"modified": "a", "original": "b", **flags})
    return doubts_of_restoring(settings, usual | scores)


@pytest.mark.parametrize("scores", [{}, {"pca_mse": None}, {"used_numbers": 5}, {"pca_mse": 0.01}])
def test_nothing_is_said_of_what_is_good(scores):
    assert of_run({}, **scores) == []


@pytest.mark.parametrize(
    ("flags", "advice"),
    [
        ({}, "try more --train_epochs (they were 40), --loss=mse or more --filters"),
        ({"loss": "mse", "train_epochs": 7}, "try more --train_epochs (they were 7) or more --filters"),
        ({"encoder_from": "MobileNetV2"}, "try more --train_epochs (they were 40) or --loss=mse"),
    ],
)
def test_a_network_that_a_pca_beats_is_told_of(flags, advice):
    (said,) = of_run(flags, valid_mse=0.03)
    assert "a PCA of the same width rebuilds the validation images better" in said and said.endswith(advice)


@pytest.mark.parametrize("mse", [0.01, 0.03])
def test_a_linear_path_that_is_still_its_pca_is_told_of(mse):
    (said,) = of_run({"linear_path": "pca"}, best_epoch=0, valid_mse=mse)
    assert "no epoch was better than the PCA that training began with" in said
    assert said.endswith("try more --train_epochs (they were 40) or a smaller --learning_rate")
    assert of_run({}, best_epoch=0) == of_run({"linear_path": "pca"}, best_epoch=1) == []


@pytest.mark.parametrize(
    ("flags", "used", "width", "advice"),
    [
        ({"last_activation": "relu"}, 4, 10, "--last_activation=linear, fewer --dims or a smaller --learning_rate"),
        ({}, 1, 3, "try fewer --dims or a smaller --learning_rate"),
        ({"dims": [1]}, 0, 1, "numbers tell images apart; try a smaller --learning_rate"),
        ({"mlp": False}, 0, 64, "try fewer --filters on the last level or a smaller --learning_rate"),
        ({"mlp": False, "encoder_from": "VGG16"}, 0, 64, "tell images apart; try a smaller --learning_rate"),
    ],
)
def test_an_embedding_of_which_less_than_half_is_used_is_told_of(flags, used, width, advice):
    (said,) = of_run(flags, used_numbers=used, embedding_size=width)
    assert f"only {used} of the embedding's {width} numbers tell images apart" in said and said.endswith(advice)


@pytest.mark.parametrize("scores", [{}, {"mse_after": 0.3}, {"hamming_before": 0.0, "hamming_after": 0.0}])
def test_nothing_is_said_of_images_that_came_nearer(scores):
    assert of_restoring({}, **scores) == []


@pytest.mark.parametrize(
    "scores",
    [
        {"hamming_after": 0.21},
        {"hamming_before": 0.0, "hamming_after": 0.01},
        {"hamming_before": 0.0, "hamming_after": 0.0, "mse_after": 0.3},
    ],
)
def test_images_that_went_further_away_are_told_of(scores):
    (said,) = of_restoring({}, **scores)
    assert said.endswith("try more --train_epochs (they were 40), --skips, more --dims or a smaller --learning_rate")
    (said,) = of_restoring({"skips": True, "mlp": False, "train_epochs": 3}, **scores)
    assert said.endswith("try more --train_epochs (they were 3) or a smaller --learning_rate")


def test_a_reconstruction_is_not_doubted_where_copies_are_contrasted():
    flags = {"contrast": 1, "contrast_with": "views", "augment": "crop", "loss": "mse"}
    worse = {"pca_mse": 0.01, "valid_mse": 0.02}
    assert of_run(flags, **worse) == []
    assert len(of_run({"loss": "mse"}, **worse)) == 1
