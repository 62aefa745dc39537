"""Keras' optimizers as one operation of TensorFlow for each variable, where Keras 3 makes a dozen.

They take Keras' steps up to rounding. To add one: write its class, and give it a line in `FUSED`.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


class FusedAdam(keras.optimizers.Adam):
    """Adam (Kingma & Ba 2014, Algorithm 1, in the order of computation of section 2)."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Take one step of one variable."""
        number = self._get_variable_index(variable)
        step = tf.cast(self.iterations + 1, tf.float32)
        tf.raw_ops.ResourceApplyAdam(
            var=_handle(variable),
            m=_handle(self._momentums[number]),
            v=_handle(self._velocities[number]),
            beta1_power=tf.pow(self.beta_1, step),
            beta2_power=tf.pow(self.beta_2, step),
            lr=learning_rate,
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )


class FusedAdadelta(keras.optimizers.Adadelta):
    """Adadelta (Zeiler 2012, Algorithm 1)."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Take one step of one variable."""
        number = self._get_variable_index(variable)
        tf.raw_ops.ResourceApplyAdadelta(
            var=_handle(variable),
            accum=_handle(self._accumulated_grads[number]),
            accum_update=_handle(self._accumulated_delta_vars[number]),
            lr=learning_rate,
            rho=self.rho,
            epsilon=self.epsilon,
            grad=gradient,
        )


FUSED: dict[str, type[keras.optimizers.Optimizer]] = {"adam": FusedAdam, "adadelta": FusedAdadelta}


def _handle(variable: Any) -> Any:
    return (variable.value if isinstance(variable, keras.Variable) else variable).handle
