import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits

from autoencoder.errors import DivergedError
from autoencoder.model.build import build
from autoencoder.model.classifier import classifier
from autoencoder.settings import Architecture, Training
from autoencoder.training.classify import HEAD, STEPS_AT_LEAST, LabelledImages, fit_classifier
from autoencoder.training.feed import clean_batches, labelled_batches

LABELS = load_digits().target.astype(np.int32)


@pytest.fixture
def parts(digits):
    return LabelledImages(digits[:300], LABELS[:300]), LabelledImages(digits[300:400], LABELS[300:400])


def network(seed=1):
    keras.utils.set_random_seed(seed)
    return classifier(build(Architecture(filters=(8,), batch_norm="before"), (8, 8), 1).encoder, 16, 10)


def accuracy(model, lot):
    return float((model.predict(lot.pixels / np.float32(255), verbose=0).argmax(axis=1) == lot.classes).mean())


@pytest.mark.slow
def test_the_first_step_leaves_the_encoder_and_its_averages_as_they_are(parts):
    fitted = network()
    before = fitted.encoder.get_weights()
    fit_classifier(fitted, *parts, {HEAD: Training(train_epochs=2)})
    for one, other in zip(before, fitted.encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_the_second_step_teaches_everything_and_the_best_epoch_stays(parts):
    fitted = network()
    before = fitted.encoder.get_weights()
    done = fit_classifier(fitted, *parts, {HEAD: Training(train_epochs=2), "everything": Training(train_epochs=4)})
    assert list(done) == [HEAD, "everything"]
    assert not any(np.array_equal(one, other) for one, other in zip(before, fitted.encoder.get_weights(), strict=True))
    history = done["everything"].history
    best = int(np.argmin(history["val_loss"]))
    assert done["everything"].best_epoch == best + 1
    assert accuracy(fitted.classifier, parts[1]) == pytest.approx(history["val_accuracy"][best], abs=1e-6)
    assert history["val_accuracy"][best] > 0.7


@pytest.mark.slow
def test_without_images_to_judge_by_the_last_weights_stay(parts):
    fitted = fit_classifier(network(), parts[0], None, {"everything": Training(train_epochs=3)})["everything"]
    assert "val_loss" not in fitted.history and fitted.best_epoch == 3


@pytest.mark.slow
def test_an_epoch_of_few_images_has_steps_enough(parts):
    few = LabelledImages(parts[0].pixels[:4], parts[0].classes[:4])
    fitted = fit_classifier(network(), few, None, {"everything": Training(train_epochs=2)})["everything"]
    assert fitted.images_per_second * fitted.seconds == pytest.approx(2 * STEPS_AT_LEAST * 4)


@pytest.mark.slow
def test_a_signal_ends_all_steps(parts):
    done = fit_classifier(network(), *parts, {HEAD: Training(), "everything": Training()}, stopping=lambda: True)
    assert list(done) == [HEAD] and done[HEAD].status == "interrupted"


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights_bit_for_bit(parts):
    networks = [network(), network()]
    for each in networks:
        fit_classifier(each, *parts, {"everything": Training(train_epochs=2, augment=("shift", "rotate"))})
    for one, other in zip(networks[0].classifier.weights, networks[1].classifier.weights, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_a_loss_that_is_no_number_is_told_of(parts):
    with pytest.raises(DivergedError, match="in epoch 1"):
        fit_classifier(network(), *parts, {HEAD: Training(learning_rate=1e30)})


def test_every_image_comes_with_its_own_class():
    pixels = np.arange(23, dtype=np.uint8).reshape(23, 1, 1, 1) * np.ones((1, 2, 2, 1), np.uint8)
    classes = np.arange(23, dtype=np.int32) % 5
    feeds = labelled_batches(pixels, classes, Training(batch_size=4)).take(6), clean_batches(pixels, 4, classes)
    for feed in feeds:
        seen = [
            (round(float(image[0, 0, 0]) * 255), int(label))
            for batch in feed
            for image, label in zip(*batch, strict=True)
        ]
        assert sorted(seen) == list(enumerate(classes.tolist()))
    later = labelled_batches(pixels, classes, Training(batch_size=4), first_step=4).take(1)
    (one,), other = list(later), list(labelled_batches(pixels, classes, Training(batch_size=4)).take(5))[4]
    np.testing.assert_array_equal(one[1], other[1])
