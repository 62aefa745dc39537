"""Train one network on several devices, or in several processes: each has a copy of it and a share of every batch.

The gradients of the shares are added up, so that all copies take the same step, and the batch stays what it is.
"""

from __future__ import annotations

import contextlib
import functools
import signal
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

import keras
import tensorflow as tf

from ..model.apply import every_layer
from ..signals import Stopping
from .feed import WHOLE, Part

_strategy: ContextVar[Any] = ContextVar("over what networks are spread", default=None)


def device_strategy() -> tf.distribute.Strategy | None:
    """Return what spreads a network over all devices of this machine; None where there is but one."""
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return tf.distribute.MirroredStrategy([each.name for each in devices]) if len(devices) > 1 else None


@contextlib.contextmanager
def spreading(strategy: tf.distribute.Strategy | None) -> Iterator[None]:
    """Spread what is trained inside this block; with None it is trained on one device."""
    before = _strategy.set(strategy)
    try:
        yield
    finally:
        _strategy.reset(before)


def copies() -> int:
    """Return how many copies of a network learn together here."""
    strategy = _strategy.get()
    return 1 if strategy is None else int(strategy.num_replicas_in_sync)


def in_processes() -> bool:
    """Whether other processes train the same network, so that all must do the same at the same batch."""
    return isinstance(_strategy.get(), tf.distribute.MultiWorkerMirroredStrategy)


def fed(make: Callable[[Part], tf.data.Dataset]) -> Any:
    """Return what `make` gives for the part of every batch that is this process's, for its devices in turn."""
    strategy = _strategy.get()
    if strategy is None:
        return make(WHOLE)

    def of_process(context: tf.distribute.InputContext) -> tf.data.Dataset:
        own = context.num_replicas_in_sync // context.num_input_pipelines
        return make(Part(context.input_pipeline_id * own, own, context.num_replicas_in_sync))

    return strategy.distribute_datasets_from_function(of_process)


@contextlib.contextmanager
def spread(model: keras.Model) -> Iterator[keras.Model]:
    """Give the model that is to be trained in place of `model`, which has its weights at the end of the block.

    It is `model` itself where nothing is spread. Keras' functions of training and validating are replaced: it would
    add up the first batches of all copies (which may differ in size), run several steps in a loop (which TensorFlow
    cannot place on several devices), and ask several processes for the mean of what has no axis.
    """
    strategy = _strategy.get()
    if strategy is None:
        yield model
        return
    with strategy.scope():
        copy = keras.models.clone_model(model)
        for layer in every_layer(copy):
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.synchronized = True
        assign(copy, model)
        own = vars(copy)
        own["_maybe_symbolic_build"] = functools.partial(_build, copy)
        own["make_train_function"] = functools.partial(_make, copy, "train_function", copy.train_step)
        own["make_test_function"] = functools.partial(_make, copy, "test_function", copy.test_step)
        try:
            yield copy
        finally:
            assign(model, copy)


def assign(model: keras.Model, other: keras.Model) -> None:
    """Give a model all that another one of the same layers holds: weights, averages and random states."""
    for variable, value in zip(model.variables, other.variables, strict=True):
        variable.assign(keras.ops.convert_to_numpy(value))


def agreed(stopping: Callable[[], bool]) -> Callable[[], bool]:
    """Return a function that is true in all processes once `stopping` is in any; all must call it equally often."""
    if not in_processes():
        return stopping

    def asked() -> bool:
        here = tf.constant(float(stopping()))
        anywhere = bool(_strategy.get().reduce(tf.distribute.ReduceOp.SUM, here, axis=None) > 0)
        if anywhere and isinstance(stopping, Stopping):
            stopping.signal = stopping.signal or signal.SIGTERM
        return anywhere

    return asked


class GivenBack(keras.callbacks.Callback):
    """Gives a network, at the end of each epoch, the weights of the copy that is trained in its place."""

    def __init__(self, given: keras.Model) -> None:
        super().__init__()
        self._given = given

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        assign(self._given, self.model)


def _build(model: Any, iterator: Any = None, data_batch: Any = None) -> None:
    batch = [tf.zeros((1, *each.shape[1:])) for each in (model.input, model.output)]
    model._symbolic_build(data_batch=tuple(batch))


def _make(model: Any, name: str, step: Callable[[Any], dict[str, Any]], force: bool = False) -> None:
    """Make what Keras calls once a batch: all copies take one step, and what they tell is averaged."""
    if getattr(model, name) is not None and not force:
        return
    strategy = model.distribute_strategy

    @tf.function(reduce_retracing=True)
    def function(batches: Any) -> dict[str, Any]:
        told = strategy.run(step, args=(next(batches),))
        return {key: strategy.reduce(tf.distribute.ReduceOp.MEAN, value, axis=None) for key, value in told.items()}

    setattr(model, name, function)
