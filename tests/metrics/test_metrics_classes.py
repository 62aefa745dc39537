import numpy as np
import pytest
from sklearn.metrics import log_loss

from autoencoder.metrics.classes import class_report, class_scores, class_table

TRUE = np.array([0, 0, 1, 1, 2])
SURE = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.2, 0.5, 0.3], [0.0, 1.0, 0.0], [0.3, 0.3, 0.4]])


def test_scores_by_hand():
    found = class_scores(TRUE, SURE)
    assert found.accuracy == 0.8
    # F1: class 0 has precision 1 and recall 1/2, class 1 2/3 and 1, class 2 both 1.
    assert found.macro_f1 == pytest.approx((2 / 3 + 0.8 + 1) / 3)
    assert found.loss == pytest.approx(log_loss(TRUE, SURE))


def test_a_class_that_is_given_no_chance_has_a_finite_loss():
    assert np.isfinite(class_scores(np.array([1]), np.array([[1.0, 0.0]])).loss)


def test_the_report_has_a_row_a_class():
    assert class_report(TRUE, SURE.argmax(axis=1), ["a", "b", "c"]) == [
        ("class", "precision", "recall", "f1", "images"),
        ("a", 1.0, 0.5, 0.6667, 2),
        ("b", 0.6667, 1.0, 0.8, 2),
        ("c", 1.0, 1.0, 1.0, 1),
    ]


def test_the_table_counts_true_by_predicted():
    assert class_table(TRUE, SURE.argmax(axis=1), 4).tolist() == [[1, 1, 0, 0], [0, 2, 0, 0], [0, 0, 1, 0], [0] * 4]
