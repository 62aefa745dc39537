import csv
import errno
import importlib
import itertools
import json
import os
import shutil
import signal
from functools import partial

import cv2
import numpy as np
import pandas
import pytest
import yaml

from autoencoder.cli.main import Autoencoder, main
from autoencoder.clustering import METHODS, read
from autoencoder.deep import DEEP
from autoencoder.errors import DataError, DiskError, DivergedError, Interrupted, ModelFileError, UsageError
from autoencoder.model.saved import load
from autoencoder.settings.clustering import Clusters, Method
from autoencoder.storage.lookup import find
from autoencoder.storage.records import read_records

PICTURES = {"overview.png", "sizes.png", "pca.png", "umap.png", "confusion.png"}
TABLES = {
    "provenance.json",
    "clustering.npz",
    "clustering.json",
    "encoder.keras",
    "clusters.csv",
    "quality.csv",
    "tiles.csv",
    "scores.json",
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory, digits):
    """A place with a folder of 60 digits in class folders, and a run that was trained on it."""
    from sklearn.datasets import load_digits

    place = tmp_path_factory.mktemp("place")
    labels = load_digits().target
    for label in range(3):
        (place / "digits" / str(label)).mkdir(parents=True)
        for row in np.flatnonzero(labels == label)[:20]:
            (place / "digits" / str(label) / f"{row}.png").write_bytes(cv2.imencode(".png", digits[row])[1].tobytes())
    settings = {"train_dir": place / "digits", "save_dir": place / "run", "train_epochs": 30, "verbose": 0}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        run = Autoencoder(**settings, filters=[8], contrast=0.1, loss="mse").run()
    return place, run


@pytest.fixture(autouse=True)
def place(trained, tmp_path, monkeypatch):
    """A copy of the trained run in an empty folder."""
    shutil.copytree(trained[0] / "run", tmp_path / "run")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def check_alike(one, other):
    """Two tables place the same images alike, but for last digits and what lies just between two clusters."""
    assert [row["path"] for row in one] == [row["path"] for row in other]
    same = [(a, b) for a, b in zip(one, other, strict=True) if a["cluster"] == b["cluster"]]
    assert len(same) >= 0.95 * len(one)
    for name in ("distance", "confidence"):
        found, expected = ([float(pair[each][name]) for pair in same] for each in (0, 1))
        assert found == pytest.approx(expected, rel=1e-3, abs=1e-3)


def test_every_method_of_the_settings_is_in_a_table():
    assert set(Method.__args__) == set(METHODS)
    assert {name for name in METHODS if METHODS[name].fit is None} == set(DEEP)
    assert {name for name in METHODS if Clusters(method=name).deep} == set(DEEP)


def test_a_clustering_leaves_everything_that_is_promised(trained):
    folder = Autoencoder().cluster("run", k=3)
    names = {path.name for path in folder.iterdir()} - {".encoder.keras.sha256"}
    assert names == PICTURES | TABLES | {f"cluster_{number:02d}.png" for number in range(3)}
    table = rows(folder / "clusters.csv")
    assert list(table[0]) == ["path", "cluster", "distance", "confidence", "second"]
    assert sorted(row["path"] for row in table) == sorted(
        str(path.relative_to(trained[0] / "digits")) for path in (trained[0] / "digits").rglob("*.png")
    )
    scores = json.loads((folder / "scores.json").read_text())
    assert scores["accuracy"] > 0.5 and scores["k"] == 3 and sum(scores["sizes"].values()) == 60
    assert {"silhouette", "davies_bouldin", "calinski_harabasz", "stability", "nmi", "ari", "homogeneity"} <= set(
        scores
    )
    found = read(folder)
    assert [int(row["cluster"]) for row in table] == found.labels.tolist()
    for picture in folder.glob("*.png"):
        assert cv2.imread(str(picture)) is not None


def test_the_same_images_are_assigned_to_the_same_clusters_without_the_run(trained, place):
    folder = Autoencoder().cluster("run", k=3)
    moved = place / "elsewhere"
    shutil.move(folder, moved)
    shutil.rmtree(place / "run")
    table = Autoencoder().assign(moved, images=trained[0] / "digits")
    check_alike(rows(table), rows(moved / "clusters.csv"))


def test_what_was_not_learned_is_strange(trained, place, capsys):
    folder = Autoencoder().cluster("run", k=3)
    (place / "new").mkdir()
    for number in range(5):
        (place / "new" / f"known_{number}.png").write_bytes(
            sorted((trained[0] / "digits").rglob("*.png"))[number].read_bytes()
        )
    cv2.imwrite(str(place / "new" / "white.png"), np.full((8, 8), 255, np.uint8))
    capsys.readouterr()
    table = Autoencoder().assign(folder, images=place / "new")
    said = capsys.readouterr().out
    assert "of 6 new images" in said and "than 99% of the images that were clustered" in said
    assert {row["path"]: float(row["quantile"]) for row in rows(table)}["white.png"] == 1
    assert cv2.imread(str(table.with_suffix(".strangest.png"))) is not None
    tiles = rows(table.with_suffix(".strangest.csv"))
    assert tiles[0] == {"picture": "assigned_new.strangest.png", "line": "1", "column": "1", "path": "white.png"}
    assert [row["column"] for row in tiles] == list("123456")


@pytest.mark.slow
@pytest.mark.parametrize("method", sorted(DEEP))
def test_a_deep_method_leaves_a_new_run_that_names_its_parent(trained, place, method):
    folder = Autoencoder().cluster("run", k=3, method=method, rounds=2)
    run = folder.parents[1]
    assert run.parent.name == "logs" and run.name.startswith(method)
    settings = yaml.safe_load((run / "settings.yml").read_text())
    assert (settings["run"], settings["method"], settings["k"]) == (str(place / "run"), method, 3)
    expected = {"encoder.keras", "history.csv", "loss.png", "settings.yml", "provenance.json", "clusters"}
    assert {p.name for p in run.iterdir()} == expected | {".encoder.keras.sha256"}
    history = pandas.read_csv(run / "history.csv")
    assert {"epoch", "loss", "changed"} <= set(history)
    table = Autoencoder().assign(folder, images=trained[0] / "digits")
    check_alike(rows(table), rows(folder / "clusters.csv"))
    again = Autoencoder(config=run / "settings.yml").cluster()
    assert rows(again / "clusters.csv") == rows(folder / "clusters.csv")


def test_export_makes_a_folder_of_files_per_cluster(trained, place):
    folder = Autoencoder().cluster("run", k=3, export=place / "out")
    for row in rows(folder / "clusters.csv"):
        copy = place / "out" / f"cluster_{int(row['cluster']):02d}" / row["path"].replace("/", "_")
        assert copy.read_bytes() == (trained[0] / "digits" / row["path"]).read_bytes()
    with pytest.raises(UsageError, match=r"--export=.*is not empty"):
        Autoencoder().cluster("run", k=3, export=place / "out")
    Autoencoder().cluster("run", k=3, export=place / "out", overwrite=True)


def test_export_links_under_the_names_that_a_person_gave(place):
    (place / "names.csv").write_text("cluster,name\n0,zeros\n1,ones é\n", encoding="utf-8")
    folder = Autoencoder().cluster("run", k=3, export=place / "out", link=True, names=place / "names.csv")
    assert {path.name for path in (place / "out").iterdir()} == {"zeros", "ones é", "cluster_02"}
    links = list((place / "out").rglob("*.png"))
    assert len(links) == 60 and all(path.is_symlink() and path.exists() for path in links)
    assert {row["name"] for row in rows(folder / "clusters.csv")} == {"zeros", "ones é", ""}


@pytest.mark.parametrize("text", ["a,b\n0,x\n", "cluster,name\nx,y\n", "cluster,name\n0,a/b\n", "cluster,name\n0,\n"])
def test_names_that_cannot_be_used_are_refused(place, text):
    (place / "names.csv").write_text(text)
    with pytest.raises(UsageError, match="--names="):
        Autoencoder().cluster("run", k=3, names=place / "names.csv")


def test_encode_writes_a_table_that_keeps_the_paths(trained):
    table = Autoencoder().encode("run", npy=True)
    frame = pandas.read_parquet(table)
    quality = ["sharpness", "brightness", "contrast", "entropy", "one_color", "width", "height"]
    assert list(frame) == ["path", "label", *(f"e{number}" for number in range(10)), *quality]
    assert frame["path"].is_monotonic_increasing and set(frame["label"]) == {"0", "1", "2"}
    np.testing.assert_array_equal(np.load(table.with_suffix(".npy")), frame.filter(regex=r"^e\d").to_numpy(np.float32))
    images = np.stack([cv2.imread(str(trained[0] / "digits" / path), 0) for path in frame["path"]])[..., None]
    assert frame["brightness"].to_numpy() == pytest.approx(images.mean(axis=(1, 2, 3)), rel=1e-5)
    assert set(frame["width"]) == set(frame["height"]) == {8}
    expected = load(trained[1].encoder).predict(images.astype(np.float32) / 255, verbose=0)
    np.testing.assert_allclose(frame.filter(regex=r"^e\d").to_numpy(), expected, atol=1e-5)


def test_what_to_do_next_can_be_typed(trained, place, capsys):
    shutil.copytree(place / "run", place / "my run")
    shutil.copytree(trained[0] / "digits", place / "my digits")
    Autoencoder().encode("my run", images="my digits")
    assert f"next: flexae cluster 'my run' --images='{place / 'my digits'}'\n" in capsys.readouterr().out
    Autoencoder().encode("my run", images=next((place / "my digits").rglob("*.png")))
    assert "next" not in capsys.readouterr().out
    Autoencoder().cluster("my run", k=3)
    assert "next: flexae assign 'my run/clusters/kmeans_k3' --images=FOLDER" in capsys.readouterr().out


def test_an_encoders_own_file_is_enough(trained, place):
    shutil.copy(place / "run" / "encoder.keras", place / "mine.keras")
    table = Autoencoder().encode("mine.keras", images=trained[0] / "digits")
    assert len(pandas.read_parquet(table)) == 60
    with pytest.raises(UsageError, match=r"--images: \. does not say what it was trained on"):
        Autoencoder().encode("mine.keras")


@pytest.mark.parametrize(
    ("flags", "error", "said"),
    [
        ({"run": "nowhere"}, UsageError, "nowhere: no such run"),
        ({"k": 1}, UsageError, "--k=1: should be greater than or equal to 2"),
        ({"k": 61}, UsageError, "--k=61: there are 60 images, and a cluster needs one at least"),
        ({"k_min": 61, "k_max": 80}, UsageError, "--k_min=61: there are 60 images"),
        ({"method": "kmean"}, UsageError, "--method=kmean"),
        ({"method": "hdbscan", "k": 3}, UsageError, "finds the number of clusters itself"),
        ({"link": True}, UsageError, "--link says how --export writes"),
        ({"k_min": 9, "k_max": 3}, UsageError, "must be smaller than"),
        ({"images": "run/images"}, DataError, r"only 2 of 2 embeddings differ, too few .* are \(--k\)"),
        ({"k_min": 60, "k_max": 80}, UsageError, "k_min must be at most 59, since 60 of 60 .* differ, but is 60"),
        ({"k": 3, "images": "empty"}, DataError, "holds no images"),
        ({"k": 2, "run": "damaged.keras", "images": "run/images"}, ModelFileError, "damaged"),
        ({"k": 3, "run": "run/autoencoder.keras"}, ModelFileError, "gives images, not embeddings"),
    ],
)
def test_bad_input_is_refused(place, flags, error, said):
    (place / "empty").mkdir()
    (place / "damaged.keras").write_bytes(b"x")
    (place / "run" / "images").mkdir()
    for number in range(2):
        pixels = 255 * np.eye(8, k=number)
        (place / "run" / "images" / f"{number}.png").write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    with pytest.raises(error, match=said):
        Autoencoder(**({"run": "run"} | flags)).cluster()


@pytest.mark.parametrize(
    ("how", "said"), [(0, "images of 17 x 31 are made 8 x 8,"), (1, "17 x 31 in colour are made 8 x 8 in gray")]
)
def test_images_that_the_encoder_does_not_take_are_changed_and_this_is_said(trained, place, capsys, how, said):
    image = cv2.imread(str(next((trained[0] / "digits").rglob("*.png"))), how)
    if how:
        image[..., 0] = 255
    (place / "new").mkdir()
    for number in range(3):
        (place / "new" / f"{number}.png").write_bytes(cv2.imencode(".png", cv2.resize(image, (31, 17)))[1].tobytes())
    assert len(pandas.read_parquet(Autoencoder().encode("run", images=place / "new"))) == 3
    assert said in capsys.readouterr().out


def test_images_that_the_encoder_takes_are_not_spoken_of(trained, place, capsys):
    Autoencoder().encode("run")
    assert "note" not in capsys.readouterr().out


def test_sort_goes_from_images_to_clusters(trained, place):
    folder = Autoencoder(
        train_dir=trained[0] / "digits", train_epochs=2, filters=[8], k=3, method="gmm", verbose=0
    ).sort()
    assert len(rows(folder / "clusters.csv")) == 60
    assert (folder.parents[1] / "autoencoder.keras").exists()


@pytest.fixture
def collapsing(monkeypatch):
    """Let every image fall into the first cluster from a round on."""
    module = importlib.import_module("autoencoder.deep.refine")
    real = module._predictor

    def collapse(round_number):
        def predictor(*arguments):
            predict, calls = real(*arguments), []

            def assign():
                calls.append(1)
                q = predict()
                return q if len(calls) <= round_number else np.eye(q.shape[1], dtype=np.float32)[np.zeros(len(q), int)]

            return assign

        monkeypatch.setattr(module, "_predictor", predictor)

    return collapse


#: Every method goes through both in the long tests, and in those of deep/.
WRONG = [("dec", "a cluster empties"), ("self_label", "the loss is no number")]
MORE_WRONG = set(itertools.product(DEEP, ["a cluster empties", "the loss is no number"])) - {*WRONG}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "how"), [*WRONG, *(pytest.param(*each, marks=pytest.mark.long) for each in sorted(MORE_WRONG))]
)
def test_a_deep_method_that_goes_wrong_at_once_gives_the_clusters_that_it_began_with(
    place, capsys, collapsing, method, how
):
    start = Autoencoder().cluster("run", k=3, method="kmeans")
    rate = 1e30 if how == "the loss is no number" else collapsing(1) or 0.001
    program = Autoencoder(refine_rate=rate, start="kmeans")
    if how == "the loss is no number":
        with pytest.raises(DivergedError, match=r"the clusters in .* are those of kmeans"):
            program.cluster("run", k=3, method=method, rounds=1)
        (folder,) = set(start.parent.glob("kmeans_k3*")) - {start}
    else:
        folder = program.cluster("run", k=3, method=method, rounds=1)
    said = capsys.readouterr().out
    assert "in its first round, so nothing of it is kept: these are the clusters of kmeans that it began with" in said
    assert folder.parent == start.parent and folder.name.startswith("kmeans_k3")
    clusters = [[row["cluster"] for row in rows(each / "clusters.csv")] for each in (folder, start)]
    assert clusters[0] == clusters[1]
    assert not list(place.glob(f"logs/{method}_*"))
    settings = json.loads((folder / "clustering.json").read_text())["settings"]
    assert settings["asked_for"] == method and settings["status"] in ("collapsed", "diverged")


def test_a_signal_while_a_deep_method_goes_wrong_leaves_nothing(place, monkeypatch, collapsing):
    collapsing(1)
    module = importlib.import_module("autoencoder.workflows.refine")
    real = module.refine

    def refine(*arguments, **options):
        refined = real(*arguments, **options)
        signal.raise_signal(signal.SIGTERM)
        return refined

    monkeypatch.setattr(module, "refine", refine)
    with pytest.raises(Interrupted, match="dec collapsed in its first round, so nothing of it is kept") as ended:
        Autoencoder(start="kmeans").cluster("run", k=3, method="dec", rounds=1)
    assert ended.value.exit_status == 143
    assert not list(place.glob("logs/dec_*")) and not (place / "run" / "clusters").exists()


def test_a_deep_method_that_diverges_later_is_marked_and_never_the_latest(place, monkeypatch, capsys):
    module = importlib.import_module("autoencoder.deep.refine")
    monkeypatch.setattr(module, "STEPS_AT_LEAST", 5)
    real, rounds = module._pass, []

    def train(*arguments):
        rounds.append(1)
        return {**real(*arguments), **({"loss": np.nan} if len(rounds) == 2 else {})}

    monkeypatch.setattr(module, "_pass", train)
    flags = ["--k=3", "--method=idec", "--rounds=3", "--start=kmeans", "--refine_rate=1e-4"]
    workflow = importlib.import_module("autoencoder.workflows.refine")
    monkeypatch.setattr(workflow, "refine", partial(workflow.refine, tolerance=-1))
    assert main(["cluster", "run", *flags]) == 6
    assert "are those of the round before" in capsys.readouterr().err
    (run,) = place.glob("logs/idec_*")
    assert pandas.read_csv(run / "history.csv")["epoch"].tolist() == [1]
    with pytest.raises(UsageError, match="there is no run in logs/ yet that will do"):
        find("latest")
    assert [record.status for record in read_records() if record.name == run.name] == ["diverged"]


@pytest.mark.parametrize("command", ["cluster", "encode", "report"])
def test_a_run_that_cannot_be_written_to_is_told_before_any_work(command, monkeypatch):
    def refuse(path, content):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    def work(*args, **kwargs):
        raise AssertionError("the work has begun")

    monkeypatch.setattr("pathlib.Path.write_bytes", refuse)
    monkeypatch.setattr("autoencoder.model.encoder.open_encoder", work)
    with pytest.raises(DiskError, match="run: the disk is read-only"):
        getattr(Autoencoder(), command)("run")
