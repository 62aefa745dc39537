import keras
import numpy as np
import pytest
import tensorflow as tf

from autoencoder.losses.neighbour import neighbour_contrast, projected_contrast
from autoencoder.model.build import build
from autoencoder.settings import Architecture, Training
from autoencoder.training.contrast import ContrastedAutoencoder, paired, partners
from autoencoder.training.feed import training_batches
from autoencoder.training.fit import fit
from autoencoder.training.sizes import head_parameters


def test_contrast_by_hand():
    # Two images at 0 and 1, their partners at 0 and 3: similarity 1 / (1 + d^2).
    vectors = np.array([[0.0], [1.0], [0.0], [3.0]], np.float32)
    similar = 1 / (1 + (vectors - vectors.T) ** 2)
    np.fill_diagonal(similar, 0)
    shares = similar / similar.sum(axis=1, keepdims=True)
    expected = -np.log([shares[0, 2], shares[1, 3], shares[2, 0], shares[3, 1]]).mean()
    assert neighbour_contrast(tf.constant(vectors)).numpy() == pytest.approx(expected, rel=1e-5)


def test_contrast_is_least_where_partners_meet_and_others_are_far():
    near = np.array([[0.0, 0], [99, 0], [0, 0], [99, 0]], np.float32)
    equal = np.zeros((4, 2), np.float32)
    assert neighbour_contrast(tf.constant(near)).numpy() < 0.01
    assert neighbour_contrast(tf.constant(equal)).numpy() == pytest.approx(np.log(3))


def test_partners_are_the_image_itself_and_its_nearest(digits):
    found = partners(digits[:300], 5)
    assert found.shape == (300, 6) and found.dtype == np.int32
    np.testing.assert_array_equal(found[:, 0], np.arange(300))
    flat = digits[:300].reshape(300, -1).astype(float)
    flat -= flat.mean(0)
    distances = ((flat[:, None] - flat[None]) ** 2).sum(-1)
    nearest = np.argsort(distances, axis=1)[:, 1:6]
    agreeing = [len(set(one) & set(other)) for one, other in zip(found[:, 1:], nearest, strict=True)]
    assert np.mean(agreeing) > 4.9


def test_partners_of_equal_images_are_other_images():
    found = partners(np.zeros((12, 4, 4, 1), np.uint8), 3)
    assert found.shape == (12, 4)
    assert (found[:, 1:] != np.arange(12)[:, None]).all()


def test_a_batch_holds_its_images_and_then_their_partners():
    pixels = np.arange(20, dtype=np.uint8).reshape(20, 1, 1, 1)
    pairs = np.column_stack([np.arange(20), (np.arange(20) + 1) % 20])
    given, target = next(iter(training_batches(pixels, Training(batch_size=8), partners=pairs)))
    rows = np.round(given.numpy().ravel() * 255).astype(int)
    assert len(rows) == 16 and target.shape == (8, 1, 1, 1)
    np.testing.assert_array_equal(np.round(target.numpy().ravel() * 255), rows[:8])
    assert set((rows[8:] - rows[:8]) % 20) == {0, 1}


def test_a_clean_target_stays_as_it_was(digits):
    training = Training(batch_size=8, augment=("rotate",), target="clean")
    given, target = next(iter(training_batches(digits[:8], training)))
    np.testing.assert_allclose(target, digits[:8].astype(np.float32) / 255)
    assert not np.allclose(given, target)


@pytest.mark.slow
def test_contrast_teaches_embeddings_that_sort_digits(digits):
    from sklearn.cluster import KMeans
    from sklearn.datasets import load_digits
    from sklearn.metrics import normalized_mutual_info_score

    pixels, classes = digits[:800], load_digits().target[:800]

    def agreement(contrast):
        keras.utils.set_random_seed(0)
        models = build(Architecture(filters=(16,)), (8, 8), 1)
        training = Training(train_epochs=12, batch_size=128, loss="mse", contrast=contrast)
        fit(models, pixels, pixels[:100], training, [])
        vectors = models.encoder.predict(pixels.astype(np.float32) / 255, verbose=0)
        found = KMeans(10, n_init=3, random_state=0).fit_predict(vectors)
        return normalized_mutual_info_score(classes, found)

    assert agreement(0.1) > agreement(0.0) + 0.15  # about 0.65 against 0.25


@pytest.mark.slow
def test_images_of_64_x_64_in_colour_are_brought_nearer_to_their_partners(kinds64):
    pixels, kinds = kinds64
    keras.utils.set_random_seed(0)
    models = build(Architecture(filters=(4,), strides=((8, 8),), dims=(3,)), (64, 64), 3)
    pairs = partners(pixels, 4)
    assert (kinds[pairs] == kinds[:, None]).all()

    def contrast():
        vectors = models.encoder.predict(pixels / np.float32(255), verbose=0)
        return float(neighbour_contrast(tf.constant(np.concatenate([vectors, vectors[pairs[:, 1]]]))))

    before = contrast()
    training = Training(train_epochs=4, batch_size=8, learning_rate=0.01, loss="mse", contrast=1.0, neighbours=4)
    fitted = fit(models, pixels, pixels[:8], training, [])
    assert np.isfinite(fitted.history["loss"]).all()
    assert contrast() < before - 0.1


def test_outside_of_training_it_is_the_autoencoder_itself(digits):
    models = build(Architecture(filters=(8,)), (8, 8), 1)
    images = digits[:4].astype(np.float32) / 255
    np.testing.assert_array_equal(ContrastedAutoencoder(models, 1.0)(images), models.autoencoder(images))


VIEWS = Training(contrast=1.0, contrast_with="views", augment=("shift", "rotate"), loss="mse", batch_size=32)


def test_contrast_of_projections_by_hand():
    # Unit vectors: two images at 0 and 90 degrees, their partners at 60 and 180 degrees.
    angles = np.radians([0, 90, 60, 180])
    vectors = np.stack([np.cos(angles), np.sin(angles)], 1) * [[3], [0.5], [1], [2]]
    similar = np.exp(np.cos(angles - angles[:, None]) / 0.5)
    np.fill_diagonal(similar, 0)
    shares = similar / similar.sum(axis=1, keepdims=True)
    expected = -np.log([shares[0, 2], shares[1, 3], shares[2, 0], shares[3, 1]]).mean()
    found = projected_contrast(tf.constant(vectors, tf.float32), temperature=0.5).numpy()
    assert found == pytest.approx(expected, rel=1e-5)


def test_views_pair_each_image_with_itself_and_both_do_so_for_every_second_pair(digits):
    pixels = digits[:30]
    assert paired(pixels, Training()) is None
    np.testing.assert_array_equal(paired(pixels, VIEWS), np.arange(30)[:, None])
    both = paired(pixels, VIEWS.model_copy(update={"contrast_with": "both", "neighbours": 4}))
    assert both.shape == (30, 8)
    np.testing.assert_array_equal(both[:, :4], np.arange(30)[:, None] * np.ones(4, int))
    np.testing.assert_array_equal(both[:, 4:], partners(pixels, 4)[:, 1:])


def test_two_views_of_an_image_are_changed_each_on_its_own(digits):
    training = VIEWS.model_copy(update={"target": "clean", "batch_size": 8})
    given, target = next(iter(training_batches(digits[:8], training, partners=paired(digits[:8], training))))
    first, second = given.numpy()[:8], given.numpy()[8:]
    assert (np.abs(first - second).max((1, 2, 3)) > 0.01).all()
    np.testing.assert_allclose(target, digits[:8].astype(np.float32) / 255)


def test_a_head_learns_beside_the_autoencoder_and_reconstruction_does_not_reach_it(digits):
    keras.utils.set_random_seed(0)
    architecture = Architecture(filters=(4,), dims=(3,))
    models = build(architecture, (8, 8), 1)
    network = ContrastedAutoencoder(models, 1.0, VIEWS.head)
    images = tf.constant(digits[:16].astype(np.float32) / 255)
    with tf.GradientTape(persistent=True) as tape:
        made = network(images, training=True)
        (contrast,) = network.losses
        pixels = tf.reduce_mean((made - images[:8]) ** 2)
    head = network.head.trainable_variables
    assert sum(int(np.prod(each.shape)) for each in head) == head_parameters(architecture, (8, 8), VIEWS)
    assert all(tf.reduce_any(gradient != 0) for gradient in tape.gradient(contrast, head))
    assert tape.gradient(pixels, head) == [None] * 4
    assert any(tf.reduce_any(each != 0) for each in tape.gradient(contrast, models.encoder.trainable_variables))
    assert set(tape.gradient(contrast, models.decoder.trainable_variables)) == {None}
    assert len(network.trainable_variables) == len(models.autoencoder.trainable_variables) + 4


@pytest.mark.slow
def test_views_teach_bit_for_bit_by_seed_and_keep_the_last_weights(digits):
    def trained():
        keras.utils.set_random_seed(0)
        models = build(Architecture(filters=(4,), mlp=False, global_pooling=True, batch_norm="before"), (8, 8), 1)
        fitted = fit(models, digits[:64], digits[64:80], VIEWS.model_copy(update={"train_epochs": 3}), [])
        return fitted, models.encoder.predict(digits[:8].astype(np.float32) / 255, verbose=0)

    (first, vectors), (_, again) = trained(), trained()
    np.testing.assert_array_equal(vectors, again)
    assert vectors.shape == (8, 4)
    assert first.best_epoch == 3 and first.history["loss"][-1] < first.history["loss"][0]


@pytest.mark.slow
def test_views_bring_copies_of_an_image_nearer_than_other_images(digits):
    keras.utils.set_random_seed(0)
    models = build(Architecture(filters=(16,), dims=(8,)), (8, 8), 1)
    training = VIEWS.model_copy(update={"train_epochs": 8, "learning_rate": 0.005})
    copies, _ = next(iter(training_batches(digits[200:232], training, partners=np.arange(32)[:, None])))

    def contrast():
        return float(projected_contrast(tf.constant(models.encoder.predict(copies, verbose=0))))

    before = contrast()
    fit(models, digits[:200], digits[:32], training, [])
    assert contrast() < before - 0.2


def test_neighbours_are_sought_among_the_vectors_that_are_given(digits):
    line = np.array([0, 10, 1, 11, 2, 12], np.float32)[:, None]
    found = partners(digits[:6], 2, lambda _: line)
    assert [set(row[1:].tolist()) for row in found] == [{2, 4}, {3, 5}, {0, 4}, {1, 5}, {0, 2}, {1, 3}]
    training = Training(contrast=1.0, neighbours=2)
    np.testing.assert_array_equal(paired(digits[:6], training, lambda _: line), found)
    np.testing.assert_array_equal(paired(digits[:6], training), partners(digits[:6], 2))
