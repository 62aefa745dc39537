import cv2
import numpy as np
import pytest

from autoencoder.plots.classes import class_confusion, label_curve, mistakes, step_curves
from autoencoder.plots.curves import losses_picture


def shown(path):
    picture = cv2.imread(str(path))
    assert picture is not None
    return picture


@pytest.mark.parametrize("channels", [1, 3])
def test_mistakes_show_wrong_images_only_the_surest_first(tmp_path, channels):
    pixels = np.full((4, 5, 5, channels), 200, np.uint8)
    pixels[2] = 7
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.99, 0.01], [0.2, 0.8]])
    mistakes(pixels, np.array([0, 1, 1, 1]), probabilities, ["a", "b"], tmp_path / "mistakes.png")
    picture = shown(tmp_path / "mistakes.png")
    dark = np.argwhere((picture == 7).all(axis=2))
    light = np.argwhere((picture == 200).all(axis=2))
    assert len(dark) > 1000 and dark[:, 1].max() < light[:, 1].min()
    assert len(light) == len(dark)


def test_without_a_mistake_the_picture_says_so(tmp_path):
    mistakes(np.zeros((2, 5, 5, 1), np.uint8), np.array([0, 1]), np.eye(2), ["a", "b"], tmp_path / "mistakes.png")
    assert (shown(tmp_path / "mistakes.png") != 255).any()


def test_pictures_are_the_same_every_time_and_change_with_what_they_show(tmp_path):
    step = {"loss": [1.0, 0.5], "accuracy": [0.5, 0.7]}
    pictures = {
        "confusion": lambda path, more: class_confusion(np.array([[5, more], [0, 7]]), ["a", "b"], path),
        "steps": lambda path, more: step_curves({"head": step, "all": {**step, "val_loss": [1, more]}}, path),
        "labels": lambda path, more: label_curve(["1", "all"], {"x": [0.5, 0.9], "y": [0.1, more / 10]}, "test", path),
        "losses": lambda path, more: losses_picture({"a=1": [1.0, 0.5], "a=2": [0.8, more]}, path),
    }
    for name, draw in pictures.items():
        for more, file in ((1, "one"), (1, "again"), (2, "other")):
            draw(tmp_path / f"{name}_{file}.png", more)
        one, again, other = ((tmp_path / f"{name}_{file}.png").read_bytes() for file in ("one", "again", "other"))
        assert one == again != other
        shown(tmp_path / f"{name}_one.png")


def test_steps_that_were_cut_off_are_drawn(tmp_path):
    step_curves({"head": {"loss": [], "accuracy": []}}, tmp_path / "steps.png")
    assert (shown(tmp_path / "steps.png") != 255).any()
