import csv
import json
import shutil

import cv2
import numpy as np
import pytest

import autoencoder
from autoencoder.cli.main import Autoencoder
from autoencoder.clustering import read
from autoencoder.data.cells import unguarded
from autoencoder.errors import UsageError
from autoencoder.settings.classification import Classifier, Labelled
from autoencoder.storage.clustering import ClusterFolder, fingerprint
from autoencoder.storage.corrections import read_members
from autoencoder.storage.provenance import read_provenance
from autoencoder.workflows.labelled import find_labelled


@pytest.fixture(scope="module")
def clustered(tmp_path_factory, digits):
    """A place with 36 digits in one folder and a run that has clustered them into 3."""
    from sklearn.datasets import load_digits

    place = tmp_path_factory.mktemp("place")
    (place / "digits").mkdir()
    labels = load_digits().target
    for label in range(3):
        for row in np.flatnonzero(labels == label)[:12]:
            (place / "digits" / f"{label}_{row}.png").write_bytes(cv2.imencode(".png", digits[row])[1].tobytes())
    (place / "digits" / f"0_{np.flatnonzero(labels == 0)[0]}.png").rename(place / "digits" / "=0_first.png")
    settings = {"train_dir": place / "digits", "save_dir": place / "run", "train_epochs": 1, "verbose": 0}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        Autoencoder(**settings, filters=[4]).run()
        Autoencoder().cluster("run", k=3)
    return place


@pytest.fixture(autouse=True)
def place(clustered, tmp_path, monkeypatch):
    shutil.copytree(clustered / "run", tmp_path / "run")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return [{name: unguarded(cell) for name, cell in row.items()} for row in csv.DictReader(file)]


def corrections(place, wishes, digits=None):
    members = read_members(ClusterFolder(place / "run" / "clusters" / "kmeans_k3"))
    lines = [[digits or members.fingerprint, "./" * (path[0] == "=") + path, number] for path, number in wishes.items()]
    with (place / "corrections.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("clustering", "path", "cluster"), *lines])
    return members


def merge_and_split(place):
    """Merge 2 into 1, split one image of 0 off, and throw the one of the odd name out."""
    members = read_members(ClusterFolder(place / "run" / "clusters" / "kmeans_k3"))
    wanted = {path: 1 for path, label in zip(members.paths, members.labels, strict=True) if label == 2}
    alone = next(p for p, n in zip(members.paths, members.labels, strict=True) if n == 0 and p[0] != "=")
    wanted |= {alone: 3, "=0_first.png": -1}
    corrections(place, wanted)
    (place / "names.csv").write_text("cluster,name\n0,many\n1,joined\n2,unused\n3,alone\n")
    # 2 is empty, so that 3 becomes 2.
    after = [{2: 1, 3: 2}.get(wanted.get(p, n), wanted.get(p, n)) for p, n in zip(*members, strict=True)]
    return members.paths, [int(number) for number in after]


@pytest.mark.slow
def test_a_corrected_clustering_leaves_all_that_any_does_and_names_its_parent(place):
    paths, after = merge_and_split(place)
    folder = Autoencoder().cluster("run", corrections="corrections.csv", names="names.csv", export="out")
    assert folder.parent.name == "clusters" and folder.name == "kmeans_k3_corrected"
    table = rows(folder / "clusters.csv")
    names = {0: "many", 1: "joined", 2: "alone", -1: ""}
    assert [(row["path"], int(row["cluster"]), row["name"]) for row in table] == [
        (path, number, names[number]) for path, number in zip(paths, after, strict=True)
    ]
    former = {path.name for path in (place / "run" / "clusters" / "kmeans_k3").iterdir()}
    assert former | {"names.csv", "noise.png"} == {path.name for path in folder.iterdir()}
    made = read_provenance(folder / "provenance.json")
    assert made.settings["parent"] == "kmeans_k3" and made.finished
    parent = read_members(ClusterFolder(place / "run" / "clusters" / "kmeans_k3"))
    assert made.settings["parent_fingerprint"] == parent.fingerprint
    scores = json.loads((folder / "scores.json").read_text())
    assert scores["method"] == "corrected" and scores["parent"] == "kmeans_k3" and "stability" not in scores
    assert scores["sizes"] == {str(n): after.count(n) for n in sorted(set(after))}
    assert rows(folder / "names.csv") == [{"cluster": str(n), "name": names[n]} for n in (0, 1, 2)]
    exported = {inside.name: len(list(inside.iterdir())) for inside in (place / "out").iterdir()}
    assert exported == {names[n] or "noise": after.count(n) for n in set(after)}
    assert read(folder).labels.tolist() == after


@pytest.mark.slow
def test_the_same_corrections_take_the_same_place_and_others_another(place):
    merge_and_split(place)
    folder = Autoencoder().cluster("run", corrections="corrections.csv")
    assert Autoencoder().cluster(folder.parent / "kmeans_k3", corrections="corrections.csv") == folder
    corrections(place, {"=0_first.png": -1})
    assert Autoencoder().cluster("run", corrections="corrections.csv").name == "kmeans_k3_corrected_2"


@pytest.mark.slow
def test_a_corrected_one_assigns_and_is_corrected_again(place, clustered):
    merge_and_split(place)
    folder = Autoencoder().cluster("run", corrections="corrections.csv")
    table = Autoencoder().assign(folder, images=clustered / "digits")
    placed, known = ([row["cluster"] for row in rows(path)] for path in (table, folder / "clusters.csv"))
    assert np.mean(np.array(placed) == np.array(known)) > 0.8
    assert autoencoder.load(folder).labels_.tolist() == read(folder).labels.tolist()
    members = read_members(ClusterFolder(folder))
    (place / "again.csv").write_text(f"clustering,path,cluster\n{members.fingerprint},./=0_first.png,0\n")
    again = autoencoder.correct_clusters("run", "again.csv")
    assert again.name == "kmeans_k3_corrected_2"
    assert read_members(ClusterFolder(again)).labels[members.paths.index("=0_first.png")] == 0


def test_corrections_and_names_are_labels_of_a_classifier(place, clustered):
    members = read_members(ClusterFolder(place / "run" / "clusters" / "kmeans_k3"))
    corrections(place, {"=0_first.png": 1})
    (place / "names.csv").write_text("cluster,name\n0,many\n1,few\n")
    named = {0: "many", 1: "few"}
    wanted = {path: named[n] for path, n in zip(*members, strict=True) if n in named} | {"=0_first.png": "few"}
    folder = Autoencoder().cluster("run", corrections="corrections.csv")
    for table in (place / "corrections.csv", folder / "clusters.csv"):
        asked = Labelled(train_dir=clustered / "digits", labels=table, names=place / "names.csv", valid_split=0.3)
        found = find_labelled(asked, Classifier(), clustered=place / "run")
        assert wanted == {
            path: label
            for part in (found.train, found.valid)
            for path, label in zip(part.paths, part.labels, strict=True)
        }


@pytest.mark.parametrize("given", [{"method": "gmm"}, {"k": 4}, {"k_max": 5}])
def test_corrections_and_another_clustering_exclude_each_other(place, given):
    merge_and_split(place)
    with pytest.raises(UsageError, match=f"--corrections changes .* --{next(iter(given))} makes another"):
        Autoencoder().cluster("run", corrections="corrections.csv", **given)


def test_corrections_of_another_clustering_say_which_there_are(place):
    members = corrections(place, {"=0_first.png": 1}, fingerprint(["a"], [0]))
    with pytest.raises(UsageError, match=rf"holds kmeans_k3 \({members.fingerprint}\)"):
        Autoencoder().cluster("run", corrections="corrections.csv")


def test_a_refusal_comes_before_tensorflow(place, program):
    corrections(place, {"gone.png": 1})
    result = program("cluster", "run", "--corrections=corrections.csv", cwd=place)
    assert result.returncode == 2 and "gone.png" in result.stderr and len(result.stderr.splitlines()) == 1
    (place / "names.csv").write_text("cluster,name\n0,../../out\n")
    corrections(place, {"=0_first.png": 1})
    result = program("cluster", "run", "--corrections=corrections.csv", "--names=names.csv", cwd=place)
    assert result.returncode == 2 and "no folder can be called so" in result.stderr


def test_images_that_are_gone_are_left_out(place, clustered, capsys):
    shutil.copytree(clustered / "digits", place / "fewer")
    (place / "fewer" / "=0_first.png").unlink()
    corrections(place, {"=0_first.png": 1})
    folder = Autoencoder().cluster("run", corrections="corrections.csv", images="fewer")
    assert len(read(folder).labels) == 35 and "1 images of kmeans_k3 are gone" in capsys.readouterr().out
