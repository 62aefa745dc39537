"""Whatever is wrong with a saved clustering is found when it is read, and told as a fault of the file."""

import dataclasses
import hashlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import make_blobs

from autoencoder.clustering import METHODS, assign, fit, read, save, storage
from autoencoder.clustering.layout import OWN
from autoencoder.clustering.soft import from_assignments, with_kernel
from autoencoder.errors import ModelFileError

VECTORS = make_blobs(80, 4, centers=3, cluster_std=0.7, random_state=0)[0].astype(np.float32)
RULES = {method: {**OWN, **METHODS[method].arrays} for method in METHODS}
PLACES = st.sampled_from([(method, name) for method in METHODS for name in RULES[method]])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)


def made(method):
    if METHODS[method].fit is not None:
        return fit(VECTORS, method, 3 if METHODS[method].takes_k else None, 1)
    vectors = VECTORS[:, :3].copy() if method == "self_label" else VECTORS
    logits = -((vectors[:, None] - vectors[[0, 1, 3]]) ** 2).sum(axis=2)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    found = from_assignments(method, (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32), vectors, {})
    return found if method == "self_label" else with_kernel(found, vectors[[0, 1, 3]])


@pytest.fixture(scope="module")
def good():
    """One clustering by each method, made once."""
    return {method: made(method) for method in METHODS}


def array_of(clustering, name):
    return getattr(clustering, name) if name in OWN else clustering.arrays[name]


def with_array(clustering, name, array):
    if name in OWN:
        return dataclasses.replace(clustering, **{name: array})
    return dataclasses.replace(clustering, arrays={**clustering.arrays, name: array})


@pytest.mark.parametrize("method", METHODS)
def test_what_is_whole_is_read_and_assigns(good, method, tmp_path):
    save(good[method], tmp_path)
    back = read(tmp_path)
    vectors = VECTORS[:, :3] if method == "self_label" else VECTORS
    assert set(assign(back, vectors).labels) <= {-1, *range(back.k)}


def test_every_array_that_a_method_saves_is_known(good):
    """But for `order`, which the two methods with a kernel keep for themselves."""
    for method, clustering in good.items():
        assert set(clustering.arrays) - {"order"} == set(METHODS[method].arrays) - {"order"}, method


DAMAGES = {
    "bytes": lambda array: array.astype("S4"),
    "booleans": lambda array: array.astype(bool),
    "complex": lambda array: array.astype(np.complex64),
    "the other kind": lambda array: array.astype(np.float32 if array.dtype.kind == "i" else np.int32),
    "a dimension more": lambda array: array[None],
    "a dimension less": lambda array: array[0],
    "a row less": lambda array: array[:-1],
    "a row more": lambda array: np.concatenate([array, array[:1]]),
    "nothing": lambda array: array[:0],
}


@given(PLACES, st.sampled_from(sorted(DAMAGES)))
def test_arrays_of_another_type_or_shape_are_refused(good, tmp_path_factory, place, damage):
    method, name = place
    folder = tmp_path_factory.mktemp("damaged")
    save(with_array(good[method], name, DAMAGES[damage](array_of(good[method], name))), folder)
    with pytest.raises(ModelFileError, match="cluster again"):
        read(folder)


@given(PLACES, st.sampled_from([np.nan, np.inf, -np.inf]), st.integers(0))
def test_numbers_that_cannot_be_are_refused(good, tmp_path_factory, place, wrong, where):
    (method, name), folder = place, tmp_path_factory.mktemp("damaged")
    array = array_of(good[method], name).copy()
    array.flat[where % array.size] = (good[method].k if wrong > 0 else -2) if array.dtype.kind == "i" else wrong
    if method == "self_label" and name == "order" and array.min() >= 0:
        array.flat[where % array.size] = 99
    save(with_array(good[method], name, array), folder)
    with pytest.raises(ModelFileError, match=rf"damaged clustering: {name} holds"):
        read(folder)


@given(st.sampled_from([(method, name) for method in METHODS for name in METHODS[method].arrays]))
def test_an_array_that_the_method_needs_is_missed(good, tmp_path_factory, place):
    (method, name), folder = place, tmp_path_factory.mktemp("damaged")
    left = {key: each for key, each in good[method].arrays.items() if key != name}
    save(dataclasses.replace(good[method], arrays=left), folder)
    with pytest.raises(ModelFileError, match=rf"{name} are missing, which {method} needs"):
        read(folder)


@pytest.mark.parametrize(
    ("method", "name", "change", "said"),
    [
        ("kmeans", "labels", lambda array: np.where(array == 0, -1, array), "kmeans leaves no image out"),
        ("gmm", "weights", lambda array: array * 0, "weights hold zero"),
        ("umap_gmm", "precisions_cholesky", lambda array: -array, "not positive definite"),
        ("self_label", "order", lambda array: array * 0, "names a cluster twice"),
        ("kmeans", "confidence", lambda array: array + 1, "outside its range"),
        ("kmeans", "distances", lambda array: array - 1e6, "outside its range"),
    ],
)
def test_what_no_fit_can_give_is_refused(good, tmp_path, method, name, change, said):
    array = array_of(good[method], name)
    save(with_array(good[method], name, change(array).astype(array.dtype)), tmp_path)
    with pytest.raises(ModelFileError, match=said):
        read(tmp_path)


def rewrite(folder, **changes):
    path = folder / storage.JSON_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@given(st.sampled_from(["method", "k", "settings", "arrays"]), JSON)
def test_a_description_of_other_values_is_refused(good, tmp_path_factory, name, value):
    folder = tmp_path_factory.mktemp("damaged")
    save(good["gmm"], folder)
    rewrite(folder, **{name: value})
    if name == "settings" and isinstance(value, dict):
        assert read(folder).k == 3
    else:
        with pytest.raises(ModelFileError):
            read(folder)


@pytest.mark.parametrize("k", [2, 4, 3.0, "3", True, None, [3], 10**30])
def test_another_number_of_clusters_is_refused(good, tmp_path, k):
    save(good["kmeans"], tmp_path)
    rewrite(tmp_path, k=k)
    with pytest.raises(ModelFileError, match="damaged clustering"):
        read(tmp_path)


def test_another_method_is_refused(good, tmp_path):
    save(good["kmeans"], tmp_path)
    rewrite(tmp_path, method="spectral")
    with pytest.raises(ModelFileError, match="'spectral', which is none of"):
        read(tmp_path)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"k": NaN}', '"text"', "\x00", "1" * 10_000, '{"a": 1}'])
def test_a_text_that_is_no_description_is_refused(good, tmp_path, text):
    save(good["kmeans"], tmp_path)
    (tmp_path / storage.JSON_FILE).write_text(text)
    with pytest.raises(ModelFileError, match="is damaged"):
        read(tmp_path)


@given(st.integers(0), st.binary(min_size=1, max_size=8), st.booleans())
def test_damaged_bytes_with_a_digest_that_fits_bring_no_other_error(good, tmp_path_factory, where, new, cut):
    folder = tmp_path_factory.mktemp("damaged")
    save(good["gmm"], folder)
    path = folder / storage.ARRAYS_FILE
    content = path.read_bytes()
    where %= len(content)
    content = content[:where] + new + (b"" if cut else content[where + len(new) :])
    path.write_bytes(content)
    rewrite(folder, arrays={"file": storage.ARRAYS_FILE, "sha256": hashlib.sha256(content).hexdigest()})
    try:
        assign(read(folder), VECTORS)
    except ModelFileError as error:
        assert str(folder) in str(error)
