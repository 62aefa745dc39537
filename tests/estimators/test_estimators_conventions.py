"""scikit-learn's own checks: all of them for vectors, those that bring no data of their own for images.

The others make tables of numbers, which are no images; docs/decisions/estimators.md lists them.
"""

import warnings

import pytest
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import check_estimator

from autoencoder import Autoencoder, Classifier, Clusterer, Restorer

WITHOUT_DATA = (
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_get_params_invariance",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_valid_tag_types",
)


@pytest.mark.parametrize("method", ["kmeans", "gmm", "agglomerative", "minibatch"])
def test_clusters_of_vectors_pass_every_check(method):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        done = check_estimator(Clusterer(method, k=3), on_fail=None, on_skip=None)
    failed = {each["check_name"]: str(each["exception"]) for each in done if each["status"] == "failed"}
    assert failed == {}
    assert sum(each["status"] == "passed" for each in done) >= 40


@pytest.mark.parametrize("kind", [Autoencoder, Clusterer, Classifier, Restorer])
@pytest.mark.parametrize("name", WITHOUT_DATA)
def test_the_checks_without_data_pass(kind, name):
    getattr(estimator_checks, name)(kind.__name__, kind())
