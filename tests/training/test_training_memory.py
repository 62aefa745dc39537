"""A training leaves nothing in memory: TensorFlow keeps functions and graphs that it was given for ever."""

import gc
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework.func_graph import FuncGraph

from autoencoder.settings import Training
from autoencoder.training.feed import clean_batches, labelled_batches, target_batches, training_batches
from autoencoder.training.learning_rate import optimizer


class Images:
    """Pixels that say when they are gone."""

    shape = (6, 4, 4, 1)
    dtype = np.dtype(np.uint8)

    def __len__(self):
        return len(np.empty(self.shape))

    def __getitem__(self, rows):
        return np.zeros(self.shape, np.uint8)[rows]


class Targets:
    clusters = np.zeros((6, 2), np.float32)
    weights = np.ones(6, np.float32)


TRAINING = Training(batch_size=3)
FEEDS = {
    "training": lambda pixels: training_batches(pixels, TRAINING),
    "partners": lambda pixels: training_batches(pixels, TRAINING, partners=np.zeros((6, 1), int)),
    "targets": lambda pixels: target_batches(pixels, Targets(), TRAINING, 0, with_image=True),
    "labelled": lambda pixels: labelled_batches(pixels, np.zeros(6, np.int32), TRAINING),
    "clean": lambda pixels: clean_batches(pixels, 3),
}


@pytest.mark.parametrize("feed", FEEDS)
def test_images_are_held_as_long_as_they_are_fed_and_no_longer(feed):
    pixels = Images()
    alive = weakref.ref(pixels)
    batches = iter(FEEDS[feed](pixels))
    del pixels
    gc.collect()
    next(batches)
    assert alive() is not None
    assert len(next(batches)) >= 2, "what is fed is still there when only the iterator is"
    del batches
    gc.collect()
    assert alive() is None


@pytest.mark.parametrize(("name", "shares"), [("adam", None), ("sgd", (0.5, 1.0))])
def test_a_step_leaves_no_graph(name, shares):
    def train():
        network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        network.compile(optimizer(Training(optimizer=name), 10, shares), loss="mse")
        network.fit(np.ones((4, 2), np.float32), np.ones((4, 1), np.float32), verbose=0)

    def graphs():
        gc.collect()
        return sum(isinstance(each, FuncGraph) for each in gc.get_objects())

    train()
    before = graphs()
    train()
    assert graphs() <= before


@pytest.mark.parametrize("name", ["adam", "adadelta", "adamw"])
def test_every_step_is_keras_own(name):
    def path(chosen):
        variables = [keras.Variable(np.ones(shape, np.float32)) for shape in ((3, 2), ())]
        rng, steps = np.random.default_rng(5), []
        for _ in range(7):
            gradients = [tf.constant(rng.standard_normal(each.shape), tf.float32) for each in variables]
            chosen.apply(gradients, variables)
            steps.append(np.concatenate([np.ravel(each) for each in variables]))
        return np.array(steps)

    ours = optimizer(Training(optimizer=name, learning_rate=0.1), 10)
    np.testing.assert_allclose(path(ours), path(type(ours)(0.1)), rtol=1e-6)
