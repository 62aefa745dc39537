"""`cluster --embeddings`: numbers alone, made here or elsewhere, to a run of clusters that other commands know."""

import json
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pandas
import pytest

from autoencoder import __file__ as package
from autoencoder.cli.main import Autoencoder
from autoencoder.clustering import large
from autoencoder.errors import DataError, ModelFileError, UsageError
from autoencoder.workflows import cluster_embeddings as work
from autoencoder.workflows.runs import runs
from autoencoder.workflows.show import show


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a table of 120 vectors in three groups, whose paths lead to gray images in photos/."""
    monkeypatch.chdir(tmp_path)
    groups = np.arange(120) % 3
    vectors = 8 * np.eye(4)[groups] + np.random.default_rng(0).normal(size=(120, 4))
    paths = [f"{group}/{row:03d}.png" for row, group in enumerate(groups)]
    table = pandas.DataFrame({"path": paths, "label": groups.astype(str), "vector": list(vectors.astype(np.float32))})
    table.to_parquet("photos.parquet")
    for path, group in zip(paths, groups, strict=True):
        (tmp_path / "photos" / path).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / "photos" / path), np.full((8, 8), 40 + 80 * group, np.uint8))
    return tmp_path


@pytest.mark.slow
def test_clusters_of_a_table_with_pictures_of_its_images(place, capsys):
    folder = Autoencoder().cluster(embeddings="photos.parquet", k=3, images="photos")
    assert folder.parts[0] == "logs" and folder.name == "kmeans_k3"
    assert "3 clusters by kmeans of 120 images" in capsys.readouterr().out
    table = pandas.read_parquet(folder / "clusters.parquet")
    assert list(table) == ["path", "cluster", "distance", "confidence", "second"]
    assert (table["cluster"].groupby(table["path"].str[0]).nunique() == 1).all()
    pandas.testing.assert_series_equal(
        pandas.read_csv(folder / "clusters.csv")["path"], table["path"], check_dtype=False
    )
    names = {path.name for path in folder.iterdir()}
    assert {"overview.png", "cluster_02.png", "sizes.png", "pca.png", "umap.png", "confusion.png", "tiles.csv"} <= names
    scores = json.loads((folder / "scores.json").read_text())
    assert scores["accuracy"] == 1.0 and scores["images"] == scores["scored_images"] == 120
    record = json.loads((folder / "provenance.json").read_text())
    assert record["settings"]["embeddings"] == str(place / "photos.parquet") and record["finished"]


def test_other_commands_know_what_it_is(place):
    folder = Autoencoder().cluster(embeddings="photos.parquet", k=3)
    name = folder.parts[1]
    assert "overview.png" not in {path.name for path in folder.iterdir()}
    table = runs()
    assert set(table["status"]) == {"finished"} and table["name"].str.startswith(name).all()
    assert show(name).next == []
    for command in ("report", "encode", "outliers"):
        with pytest.raises(UsageError, match="was made by cluster --embeddings and holds no encoder"):
            getattr(Autoencoder(), command)(name)
    with pytest.raises(ModelFileError, match="was made from embeddings and holds no encoder"):
        Autoencoder().assign(str(folder), images="photos")


def test_of_many_rows_a_sample_is_scored_and_all_are_in_the_table(place, monkeypatch, capsys):
    for module in (large, work):
        monkeypatch.setattr(module, "SMALL", 60)
    folder = Autoencoder().cluster(embeddings="photos.parquet", k=3, seed=2)
    assert "scores, trust and maps are of 60 rows drawn at random, all else of 120" in capsys.readouterr().out
    scores = json.loads((folder / "scores.json").read_text())
    assert scores["scored_images"] == 60 and sum(scores["sizes"].values()) == 120
    assert len(pandas.read_parquet(folder / "clusters.parquet")) == 120
    assert not (folder / "clusters.csv").exists()


@pytest.mark.slow
def test_the_number_of_clusters_is_proposed(place):
    folder = Autoencoder().cluster(embeddings="photos.parquet", k_max=5)
    assert (folder / "k_curve.png").is_file()


def test_an_array_of_numpy_and_names_of_clusters(place):
    np.save("made.npy", np.stack(pandas.read_parquet("photos.parquet")["vector"]))
    (place / "names.csv").write_text("cluster,name\n0,first\n")
    folder = Autoencoder().cluster(embeddings="made.npy", k=3, method="minibatch", names="names.csv")
    table = pandas.read_csv(folder / "clusters.csv")
    assert table["path"][119] == "#000119" and "first" in set(table["name"])


def test_what_does_not_fit_is_refused_and_leaves_no_run(place):
    refused = {
        "--embeddings stand in place of a run": {"run": "latest"},
        "--method=dec trains the encoder further": {"method": "dec"},
        "--export is of images, and --embeddings are numbers": {"export": "out"},
        "--fit is of images": {"fit": "pad"},
        "--k=121: there are 120 images": {"k": 121},
    }
    for said, flags in refused.items():
        with pytest.raises(UsageError, match=said):
            Autoencoder().cluster(**{"embeddings": "photos.parquet", "k": 3} | flags)
    with pytest.raises(UsageError, match="--run: must be given"):
        Autoencoder().cluster(k=3)
    with pytest.raises(UsageError, match=r"--paths names the rows of --embeddings=FILE.npy"):
        Autoencoder().cluster("latest", paths="names.txt")
    shutil.rmtree(place / "photos")
    (place / "photos").mkdir()
    with pytest.raises(DataError, match=r"--images=photos: none of 100 paths that were tried leads to an image there"):
        Autoencoder().cluster(embeddings="photos.parquet", k=3, images="photos")
    assert not list((place / "logs").glob("[!.]*"))


@pytest.mark.slow
def test_no_tensorflow_is_started(place):
    code = (
        "import sys; from autoencoder.cli.main import Autoencoder; "
        "Autoencoder().cluster(embeddings='photos.parquet', k=3); "
        "print(sorted({'tensorflow', 'keras'} & set(sys.modules)))"
    )
    environment = {"PYTHONPATH": str(package).rpartition("/autoencoder/")[0], "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
    assert done.stderr == ""
