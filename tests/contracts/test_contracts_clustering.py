"""What holds for every clustering method that works on embeddings alone."""

import numpy as np
import pytest
from sklearn.datasets import make_blobs
from sklearn.metrics import adjusted_rand_score

from autoencoder.clustering import METHODS, assign, fit, read, save
from autoencoder.errors import DataError, ModelFileError, UsageError

ON_VECTORS = [name for name, method in METHODS.items() if method.fit is not None]
COUNT, WIDTH, K = 240, 4, 3
VECTORS, TRUTH = make_blobs(COUNT, WIDTH, centers=K, cluster_std=0.7, random_state=0)
VECTORS = VECTORS.astype(np.float32)


def number(name):
    return K if METHODS[name].takes_k else None


@pytest.fixture(scope="module")
def found():
    """One clustering by each method, made once."""
    return {name: fit(VECTORS, name, number(name), 1) for name in ON_VECTORS}


@pytest.mark.parametrize("name", ON_VECTORS)
def test_shapes_types_and_numbering(found, name):
    clustering = found[name]
    assert clustering.method == name
    assert clustering.labels.shape == clustering.distances.shape == clustering.confidence.shape == (COUNT,)
    assert clustering.labels.dtype == clustering.second.dtype == np.int32
    assert clustering.centers.shape == (clustering.k, WIDTH)
    sizes = np.bincount(clustering.labels[clustering.labels >= 0], minlength=clustering.k)
    assert sizes.tolist() == sorted(sizes, reverse=True) and sizes.min() > 0
    assert clustering.confidence.min() >= 0 and clustering.confidence.max() <= 1
    assert (clustering.second != clustering.labels).all()


@pytest.mark.parametrize("name", ON_VECTORS)
def test_well_parted_groups_are_found(found, name):
    known = found[name].labels >= 0
    assert known.mean() > 0.8
    assert adjusted_rand_score(TRUTH[known], found[name].labels[known]) > 0.95


@pytest.mark.parametrize("name", ON_VECTORS)
def test_the_same_seed_gives_the_same_clusters(found, name):
    again = fit(VECTORS, name, number(name), 1)
    np.testing.assert_array_equal(again.labels, found[name].labels)
    np.testing.assert_array_equal(again.distances, found[name].distances)


@pytest.mark.parametrize("name", ON_VECTORS)
def test_saved_and_read_it_assigns_the_same_vectors_alike(found, name, tmp_path):
    save(found[name], tmp_path / "clusters")
    back = read(tmp_path / "clusters")
    for part in ("labels", "distances", "confidence", "second", "centers"):
        np.testing.assert_array_equal(getattr(back, part), getattr(found[name], part))
    assert back.settings == found[name].settings
    placed = assign(back, VECTORS)
    known = found[name].labels >= 0
    assert np.mean(placed.labels[known] == found[name].labels[known]) >= 0.99
    assert {path.suffix for path in (tmp_path / "clusters").iterdir()} == {".npz", ".json"}


@pytest.mark.parametrize("name", [name for name in ON_VECTORS if METHODS[name].takes_k])
def test_a_number_of_clusters_outside_its_range_is_refused(name):
    for k in (1, 0, COUNT + 1):
        with pytest.raises(UsageError):
            fit(VECTORS, name, k, 1)


@pytest.mark.parametrize("name", ON_VECTORS)
def test_one_image_cannot_be_clustered(name):
    with pytest.raises((DataError, UsageError)):
        fit(VECTORS[:1], name, 2 if METHODS[name].takes_k else None, 1)


@pytest.mark.parametrize("name", ON_VECTORS)
def test_identical_images_cannot_be_clustered(name):
    with pytest.raises(DataError):
        fit(np.ones((20, 3), np.float32), name, 2 if METHODS[name].takes_k else None, 1)


@pytest.mark.parametrize("name", ON_VECTORS)
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_what_is_no_number_is_refused_with_its_row(name, wrong):
    broken = VECTORS.copy()
    broken[17, 2] = wrong
    with pytest.raises(DataError, match="row 17"):
        fit(broken, name, number(name), 1)


@pytest.mark.parametrize("name", ON_VECTORS)
def test_vectors_of_another_width_are_refused(found, name):
    with pytest.raises(DataError, match="3 wide"):
        assign(found[name], VECTORS[:, :3])


@pytest.mark.parametrize("name", sorted(set(METHODS) - set(ON_VECTORS)))
def test_deep_methods_do_not_work_on_embeddings_alone(name):
    with pytest.raises(UsageError, match="trains the encoder itself"):
        fit(VECTORS, name, K, 1)


def test_hdbscan_leaves_noise_and_finds_k_itself(found):
    with pytest.raises(UsageError, match="leave out k"):
        fit(VECTORS, "hdbscan", 3, 1)
    far = np.concatenate([VECTORS, np.full((1, WIDTH), 500, np.float32)])
    assert fit(far, "hdbscan", None, 1).labels[-1] == -1


def test_a_damaged_or_foreign_clustering_is_refused(found, tmp_path):
    with pytest.raises(ModelFileError, match="cannot be read"):
        read(tmp_path)
    save(found["kmeans"], tmp_path)
    arrays = tmp_path / "clustering.npz"
    arrays.write_bytes(arrays.read_bytes()[:-10])
    with pytest.raises(ModelFileError, match="damaged or belongs to another"):
        read(tmp_path)


def test_no_such_method():
    with pytest.raises(UsageError, match="did you mean kmeans"):
        fit(VECTORS, "kmean", 3, 1)
