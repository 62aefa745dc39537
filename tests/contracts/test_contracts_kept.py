"""What the first version with provenance left is read by every command of this one, and by the library."""

import shutil
from pathlib import Path

import pandas
import pytest

from autoencoder import Autoencoder as LibraryAutoencoder
from autoencoder import Classifier, Clusterer, Restorer, load
from autoencoder.cli.main import Autoencoder, plan
from autoencoder.errors import DataError
from autoencoder.storage.lookup import find, find_clustering

FORMER = Path(__file__).parents[1] / "former"
RUN, CLASSIFIER, RESTORER = (f"logs/{name}_20261130_090000" for name in ("ae", "classifier", "restorer"))


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    for name in ("digits", "pairs"):
        shutil.copytree(FORMER / name, tmp_path / name)
    shutil.copytree(FORMER / "provenance" / "logs", tmp_path / "logs")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_latest_is_the_newest_of_each_kind():
    assert str(find("latest").path) == RUN
    assert str(find("latest", "classifier").path) == CLASSIFIER
    assert str(find("latest", "restorer").path) == RESTORER
    assert find_clustering("latest").name in ("gmm_k3", "kmeans_k3")


def test_a_run_whose_images_are_gone_names_them_and_takes_others():
    with pytest.raises(DataError, match=r"/photos/digits/train: is not there any more, and .* was made from it"):
        Autoencoder().encode(RUN)
    table = Autoencoder().encode(RUN, images="digits/train")
    assert table.name == "train.parquet"  # the same images and encoder: the table is replaced
    assert len(pandas.read_parquet(table)) == 36


@pytest.mark.slow
@pytest.mark.parametrize("method", ["kmeans", "gmm"])
def test_the_same_images_in_another_place_replace_the_clustering(method):
    before = pandas.read_csv(f"{RUN}/clusters/{method}_k3/clusters.csv")
    folder = Autoencoder().cluster(RUN, images="digits/train", k=3, method=method)
    assert folder.name == f"{method}_k3"
    assert list(pandas.read_csv(folder / "clusters.csv").path) == list(before.path)


@pytest.mark.parametrize("method", ["kmeans", "gmm"])
def test_a_clustering_takes_new_images(method, place):
    table = Autoencoder().assign(f"{RUN}/clusters/{method}_k3", images="digits/valid", export="sorted")
    assert len(pandas.read_csv(table)) == 12
    assert len(list((place / "sorted").rglob("*.png"))) == 12


def test_a_classifier_predicts_a_restorer_restores_and_an_encoder_is_exported():
    assert len(pandas.read_csv(Autoencoder().predict(CLASSIFIER, images="digits/valid"))) == 12
    assert len(list(Autoencoder().restore(RESTORER, images="pairs/mod", out="clean").iterdir())) == 5
    assert Autoencoder().export(RUN, format="saved_model").is_dir()


def test_settings_repeat_the_run(place):
    for name, command in ((RUN, "run"), (CLASSIFIER, "classify"), (RESTORER, "restore_train")):
        assert plan([command, f"--config={place / name / 'settings.yml'}"]).settings


def test_the_library_loads_each():
    ae, found, classifier, restorer = (load(path) for path in (RUN, f"{RUN}/clusters/kmeans_k3", CLASSIFIER, RESTORER))
    assert isinstance(ae, LibraryAutoencoder) and ae.transform("digits/valid").shape == (12, 3)
    assert isinstance(found, Clusterer) and len(found.predict("digits/valid")) == 12
    assert isinstance(classifier, Classifier) and set(classifier.predict("digits/valid")) <= {"0", "1", "2"}
    assert isinstance(restorer, Restorer) and restorer.tile_side == 24
