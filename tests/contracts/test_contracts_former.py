"""What version 0.1 left is read by every command of this one."""

import shutil
from pathlib import Path

import pandas
import pytest

from autoencoder.cli.main import Autoencoder, plan
from autoencoder.errors import UsageError
from autoencoder.storage.lookup import find

FORMER = Path(__file__).parents[1] / "former"
RUN, CLASSIFIER, RESTORER = (f"logs/{name}_20260101_120000" for name in ("ae", "classifier", "restorer"))


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    shutil.copytree(FORMER, tmp_path / "former")
    monkeypatch.chdir(tmp_path / "former")
    return tmp_path / "former"


def test_latest_is_the_run_that_did_not_collapse():
    assert str(find("latest").path) == RUN
    assert str(find("latest", "classifier").path) == CLASSIFIER
    assert str(find("latest", "restorer").path) == RESTORER


def test_a_run_is_encoded_and_clustered_from_any_folder(place, monkeypatch):
    monkeypatch.chdir(place.parent)
    (place.parent / "digits" / "train").mkdir(parents=True)  # of the same name, and not what is meant
    table = Autoencoder().encode(place / RUN)
    # The table of version 0.1 does not say what made it, so it stays.
    assert table.name == "train_2.parquet" and len(pandas.read_parquet(table)) == 36
    assert Autoencoder().cluster(place / RUN, k=3).name == "kmeans_k3_2"


def test_a_clustering_takes_new_images():
    table = Autoencoder().assign(f"{RUN}/clusters/kmeans_k3", images="digits/valid")
    assert len(pandas.read_csv(table)) == 12


def test_a_classifier_predicts_and_a_restorer_restores(place):
    assert len(pandas.read_csv(Autoencoder().predict(CLASSIFIER, images="digits/valid"))) == 12
    assert len(list(Autoencoder().restore(RESTORER, images="pairs/mod", out="clean").iterdir())) == 5


def test_settings_repeat_the_run(place):
    for name, command in ((RUN, "run"), (CLASSIFIER, "classify"), (RESTORER, "restore_train")):
        assert plan([command, f"--config={place / name / 'settings.yml'}"]).settings


def test_a_run_of_another_kind_is_told_from_one_that_will_do():
    with pytest.raises(UsageError, match="was made by restore_train"):
        find(RESTORER, "classifier")
    with pytest.raises(UsageError, match="was made by run"):
        find(RUN, "classifier")
