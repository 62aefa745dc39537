"""What an evaluation says, against direct computation; and the classifier that is kept for it."""

import logging
import shutil

import cv2
import keras
import numpy as np
import pytest

from autoencoder.data.load import load as decode
from autoencoder.data.source import ImageSource
from autoencoder.errors import DataError, ModelFileError
from autoencoder.metrics.reconstruction import pca_mse, ssim
from autoencoder.model.geometry import levels
from autoencoder.model.saved import load, save
from autoencoder.settings import Architecture, Reading
from autoencoder.storage.provenance import NAME, Provenance, file_digest, read_provenance
from autoencoder.storage.run import Run
from autoencoder.workflows import evaluation_classifier
from autoencoder.workflows.evaluate import evaluate, summary
from autoencoder.workflows.evaluation_images import find_evaluation_images


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(evaluation_classifier, "_EPOCHS", 1)
    return tmp_path


@pytest.fixture
def make(tmp_path, folders):
    """Make a run of a network of one layer, beside an encoder of three numbers; it learned the digits in train."""

    def made(name="run", layer=None, shape=(8, 8, 1), train_dir=folders / "train"):
        run, image = Run(tmp_path / name), keras.Input(shape)
        run.path.mkdir()
        save(keras.Model(image, (layer or keras.layers.Activation("linear"))(image)), run.autoencoder)
        save(keras.Model(image, keras.layers.Dense(3)(keras.layers.Flatten()(image))), run.encoder)
        run.write_flags({"train_dir": str(train_dir)} if train_dir else {"seed": 1})
        run.write_provenance(Provenance("run"))
        return run

    return made


@pytest.fixture
def judged(folders):
    """Evaluate a run on the digits in valid, or on other images."""

    def judge(run, images=folders / "valid", classifier_images=None, seed=1, **reading):
        return evaluate(run, find_evaluation_images(run, images, classifier_images, Reading(**reading)), seed).scores

    return judge


def pixels(folder):
    """The images of class folders as uint8, in the order of their paths."""
    return np.stack([cv2.imread(str(path), 0) for path in sorted(folder.rglob("*.png"))])[..., None]


def classes(model, images):
    return model.predict(images.astype(np.float32), verbose=0).argmax(axis=1)


def kept(tmp_path):
    return sorted((tmp_path / "logs" / "evaluation_classifiers").glob("*"))


@pytest.mark.slow
def test_the_scores_are_those_of_the_clipped_reconstructions(make, judged, folders, tmp_path):
    scores = judged(make(layer=keras.layers.Rescaling(2.0)))
    images = pixels(folders / "valid") / np.float32(255)
    rebuilt = np.minimum(2 * images, 1)
    errors = ((rebuilt - images) ** 2).mean(axis=(1, 2, 3))
    assert scores["images"] == 15 and scores["learned"] == 0
    assert scores["mae"] == pytest.approx(np.abs(rebuilt - images).mean(), rel=1e-5)
    assert scores["mse"] == pytest.approx(errors.mean(), rel=1e-5)
    assert scores["psnr"] == pytest.approx((-10 * np.log10(errors)).mean(), rel=1e-5)
    assert scores["ssim"] == pytest.approx(ssim(images, rebuilt).mean(), rel=1e-4)
    expected = pca_mse(pixels(folders / "train"), pixels(folders / "valid"), 3)
    assert scores["embedding_size"] == 3 and scores["pca_mse"] == pytest.approx(expected, rel=1e-6)
    (folder,) = kept(tmp_path)
    model, truth = load(folder / "classifier.keras"), np.repeat([0, 1, 2], 5)
    assert scores["classifier_accuracy"] == pytest.approx((classes(model, rebuilt) == truth).mean())
    assert scores["originals_accuracy"] == pytest.approx((classes(model, images) == truth).mean())
    assert scores["classified"] == 15 and scores["missing"] == []


@pytest.mark.slow
def test_a_perfect_autoencoder_keeps_the_accuracy_of_the_originals(make, judged, monkeypatch):
    monkeypatch.undo()  # as many epochs as there are: what is learned is measured
    scores = judged(make())
    assert (scores["mae"], scores["mse"], scores["psnr"]) == (0, 0, 100)
    assert scores["ssim"] == pytest.approx(1, abs=1e-6)
    assert scores["classifier_accuracy"] == scores["originals_accuracy"] > 0.8  # 0.33 by chance


@pytest.mark.slow
def test_runs_on_the_same_images_have_the_same_classifier_which_is_not_written_again(make, judged, tmp_path, caplog):
    caplog.set_level(logging.INFO, "autoencoder")
    first = judged(make())
    assert "learns 60 images of 3 classes" in caplog.text and "is used again" not in caplog.text
    (folder,) = kept(tmp_path)
    file = folder / "classifier.keras"
    before = file.stat().st_mtime_ns, file_digest(file)
    caplog.clear()
    second = judged(make("other", keras.layers.Rescaling(0.5)))
    assert (
        "the evaluation classifier of 20" in caplog.text
        and f"is used again: {folder.relative_to(tmp_path)}" in caplog.text
    )
    assert kept(tmp_path) == [folder] and (file.stat().st_mtime_ns, file_digest(file)) == before
    assert first["originals_accuracy"] == second["originals_accuracy"] and first["classifier"] == second["classifier"]


@pytest.mark.slow
def test_the_classifier_of_a_seed_is_the_same_where_it_is_made_again(make, judged, tmp_path):
    run = make()
    judged(run)
    (folder,) = kept(tmp_path)
    first = load(folder / "classifier.keras").get_weights()
    shutil.rmtree(folder)
    judged(run)
    for one, other in zip(first, load(folder / "classifier.keras").get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_another_shape_other_images_and_another_seed_have_another_classifier(make, judged, folders, tmp_path):
    judged(make())
    judged(make("larger", shape=(10, 8, 1)))
    assert len(kept(tmp_path)) == 2
    judged(Run(tmp_path / "run"), seed=2)
    next((folders / "train" / "0").iterdir()).unlink()
    judged(Run(tmp_path / "run"))
    assert len(kept(tmp_path)) == 4
    shapes = {tuple(read_provenance(folder / NAME).settings["image_shape"]) for folder in kept(tmp_path)}
    assert shapes == {(8, 8, 1), (10, 8, 1)}


@pytest.mark.slow
def test_other_labels_of_the_same_images_have_another_classifier(digits, place):
    keys = set()
    for labels in ("0101", "0011", "0101"):
        source = ImageSource.of_array(digits[:4], list(labels))
        images = decode(source.scan(), (8, 8), "grayscale")
        keys.add(evaluation_classifier.evaluation_classifier(source, images, 1).folder)
    assert len(keys) == 2


@pytest.mark.slow
def test_a_damaged_classifier_is_made_anew(make, judged, tmp_path):
    run = make()
    first = judged(run)
    (folder,) = kept(tmp_path)
    (folder / "classifier.keras").write_bytes(b"damaged")
    again = judged(run)
    assert kept(tmp_path) == [folder] and again == first
    assert load(folder / "classifier.keras").output.shape == (None, 3)


@pytest.mark.slow
def test_images_that_the_classifier_learned_are_told_of_and_not_asked_about(make, judged, folders):
    copy = next((folders / "train" / "1").iterdir())
    shutil.copy(copy, folders / "valid" / "1" / "copy.png")
    scores = judged(make())
    assert (scores["images"], scores["learned"], scores["classified"]) == (16, 1, 15)
    assert "1 of these images are among those that the run was trained with" in summary(scores)
    own = judged(Run(folders.parent / "run"), folders / "train")
    assert (own["learned"], own["classified"], own["classifier_accuracy"]) == (60, 0, None)
    assert "learned every one of these images" in summary(own)


def test_images_without_labels_have_no_accuracy(make, judged, folders, tmp_path):
    scores = judged(make(), folders / "valid" / "0")
    assert scores["classifier_accuracy"] is None and scores["pca_mse"] > 0
    assert "valid/0 has no class folders" in scores["missing"][0]
    assert kept(tmp_path) == []


@pytest.mark.slow
def test_training_images_that_are_gone_leave_no_pca_and_no_classifier(make, judged, folders):
    scores = judged(make(train_dir="/nowhere/photos"))
    assert scores["pca_mse"] is None and scores["learned"] is None and scores["classifier_accuracy"] is None
    text = summary(scores)
    assert "no PCA beside it: the training images, /nowhere/photos, are not there any more" in text
    assert "--classifier_images=DIR" in text
    named = judged(make("named", train_dir=None), classifier_images=folders / "train")
    assert named["pca_mse"] is None and named["classified"] == 15


@pytest.mark.slow
def test_training_images_without_labels_take_named_ones(make, judged, folders):
    run = make(train_dir=folders / "train" / "0")
    assert "train/0 has no class folders" in judged(run)["missing"][0]
    scores = judged(run, classifier_images=folders / "train")
    assert scores["missing"] == [] and scores["classified"] == 15 and scores["pca_mse"] > 0


@pytest.mark.slow
def test_classes_that_the_classifier_does_not_know_are_named(make, judged, folders):
    (folders / "valid" / "2").rename(folders / "valid" / "seven")
    run = make()
    assert "has classes that" in judged(run)["missing"][0] and "seven" in judged(run)["missing"][0]
    with pytest.raises(DataError, match=r"--classifier_images=.*has not: seven$"):
        judged(run, classifier_images=folders / "train")
    assert judged(run, categories=["0", "1"])["classified"] == 10


def test_one_class_alone_teaches_nothing(make, judged, folders):
    for name in ("1", "2"):
        shutil.rmtree(folders / "train" / name)
    with pytest.raises(DataError, match="has one class alone"):
        judged(make(), classifier_images=folders / "train", categories=["0"])


def test_a_network_that_gives_no_numbers_or_other_shapes_is_refused(make, judged):
    with pytest.raises(ModelFileError, match="not a number"):
        judged(make(layer=keras.layers.Rescaling(np.nan)))
    with pytest.raises(ModelFileError, match="must take and give images of"):
        judged(make("cut", keras.layers.Cropping2D(1)))


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (5, 5), (8, 64), (28, 28), (32, 32), (65, 65), (256, 200)])
def test_the_classifier_fits_any_shape_and_reads_the_mean_over_the_shorter_side(shape):
    found = levels(Architecture(**evaluation_classifier.network(shape)), shape)
    assert min(found[-1].size_out) == 1
    assert all(level.strides == (1, 1) or max(level.size_in) > 64 for level in found)
