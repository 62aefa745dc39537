"""Opened things are passed on: no command decodes an image or reads a model twice."""

import keras
import numpy as np
import pytest

from autoencoder.cli.main import Autoencoder
from autoencoder.data import load as loading
from autoencoder.data.rows import Rows

SMALL = {"filters": [4], "dims": [3], "train_epochs": 1, "verbose": 0}


@pytest.fixture
def counted(monkeypatch):
    """Count the calls of a function of a module."""

    def count(module, name):
        calls, original = [], getattr(module, name)

        def counting(*given, **options):
            calls.append(given)
            return original(*given, **options)

        monkeypatch.setattr(module, name, counting)
        return calls

    return count


def test_sort_decodes_each_image_once_and_reads_no_model(folders, counted, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    decoded, read = counted(loading, "_image"), counted(keras.models, "load_model")
    Autoencoder(**SMALL, train_dir=folders / "train", k=3).sort()
    assert len(decoded) == 60
    assert read == []


@pytest.mark.slow
def test_sort_finds_the_clusters_that_cluster_finds(folders, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sorted_by_one = Autoencoder(**SMALL, train_dir=folders / "train", k=3).sort()
    run = sorted_by_one.parents[1]
    again = Autoencoder().cluster(run, k=3)
    assert again == sorted_by_one  # the same result takes the same place
    assert (again / "clusters.csv").read_text().startswith("path,cluster")


@pytest.mark.slow
def test_classify_reads_its_encoder_once(folders, counted, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = Autoencoder(**SMALL, train_dir=folders / "train").run()
    read = counted(keras.models, "load_model")
    Autoencoder(train_dir=folders / "train", epochs=1, verbose=0).classify(run.path)
    assert len(read) == 1


def test_rows_are_those_of_the_array():
    pixels = np.arange(24, dtype=np.uint8).reshape(4, 2, 3, 1)
    rows = Rows(pixels, np.array([3, 1]))
    assert rows.shape == (2, 2, 3, 1)
    assert len(rows) == 2
    assert np.array_equal(rows[0], pixels[3])
    assert np.array_equal(rows[1:], pixels[[1]])
    assert np.array_equal(rows[np.array([1, 0, 1])], pixels[[1, 3, 1]])
    assert np.array_equal(np.asarray(rows), pixels[[3, 1]])
    assert [image[0, 0, 0] for image in rows] == [18, 6]
