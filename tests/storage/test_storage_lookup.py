import os
from pathlib import Path

import pytest

from autoencoder.data.source import ImageSource
from autoencoder.errors import DataError, ModelFileError, UsageError
from autoencoder.settings import Reading
from autoencoder.storage.lookup import (
    choose_images,
    find,
    find_autoencoder,
    find_clustering,
    find_restorer,
    locate,
)
from autoencoder.storage.provenance import Provenance
from autoencoder.storage.run import LOGS, Run

MODELS = {"run": "encoder.keras", "classify": "classifier.keras", "restore_train": "autoencoder.keras"}


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make(name, command="run", *, age=0, finished=True, settings="filters: [8]\n", model=None):
    """Make what a command leaves, as far as looking it up goes; a higher age is newer."""
    run = Run(LOGS / name)
    run.path.mkdir(parents=True)
    run.settings_file.write_text(settings)
    run.write_provenance(Provenance(command, {}, finished=finished))
    file = run.path / (model or MODELS.get(command, "encoder.keras"))
    file.write_bytes(b"")
    os.utime(file, (age, age))
    return run.path


def test_latest_is_the_newest_finished_run_of_the_kind():
    make("b", age=1)
    make("a", age=2)
    make("killed", age=3, finished=False)
    make("restorer", "restore_train", age=4)
    (LOGS / "restorer" / "encoder.keras").write_bytes(b"")
    make("classifier", "classify", age=5)
    make(".hidden", age=6)
    (make("folder", age=7) / "encoder.keras").unlink()
    (LOGS / "folder" / "encoder.keras").mkdir()
    (make("dangling", age=8) / "encoder.keras").unlink()
    (LOGS / "dangling" / "encoder.keras").symlink_to("gone")
    make("diverged", age=9)
    Run(LOGS / "diverged").write_scores({"status": "diverged"})
    make("interrupted", age=-1)
    Run(LOGS / "interrupted").write_scores({"status": "interrupted"})
    assert find("latest").path == LOGS / "a"
    assert find("latest", "classifier").path == LOGS / "classifier"
    assert find("latest", "restorer").path == LOGS / "restorer"


@pytest.mark.parametrize("settings", ["", "[", "- 1\n", "\x00"])
def test_damaged_settings_do_not_break_latest(settings):
    make("good", "restore_train", age=1, settings="modified: a\noriginal: b\ntile_side: 8\nstep_size: 8\n")
    make("bad", "restore_train", age=2, settings=settings)
    assert find_restorer("latest")[0].path == LOGS / "good"
    with pytest.raises(ModelFileError, match="is damaged"):
        find_restorer("bad")


def test_settings_of_something_else_are_refused():
    make("r", "restore_train", settings="modified: a\noriginal: b\ntile_side: many\n")
    with pytest.raises(ModelFileError, match=r"no file of restore_train's settings .*; restore_train again"):
        find_restorer("r")
    (LOGS / "r" / "settings.yml").write_text("tile_side: many\n")
    with pytest.raises(ModelFileError) as told:
        find_restorer("r")
    assert "\n" not in str(told.value)
    (LOGS / "r" / "settings.yml").unlink()
    with pytest.raises(ModelFileError, match=r"settings\.yml: is missing; restore_train again, or restore a copy"):
        find_restorer("r")


def test_a_run_is_found_by_its_path_or_by_its_name_under_logs(place):
    make("a")
    assert find("a").path == find("logs/a").path == LOGS / "a"
    assert find(place / "logs" / "a").path == place / "logs" / "a"
    assert find(Path("logs") / "a").path == LOGS / "a"
    with pytest.raises(UsageError, match=r"c: no such run; the newest ones in logs/ are a"):
        find("c")


def test_latest_of_nothing_says_what_to_do():
    with pytest.raises(UsageError, match="there is no run in logs/ yet that will do; make one with: flexae run"):
        find("latest")
    with pytest.raises(UsageError, match="make one with: flexae cluster latest"):
        find_clustering("latest")


def test_a_run_of_another_kind_is_named_as_what_it_is():
    make("r", "restore_train")
    with pytest.raises(UsageError, match="r: was made by restore_train, and this command takes what run leaves"):
        find("r")
    make("a")
    with pytest.raises(UsageError, match="a: was made by run, and this command takes what restore_train leaves"):
        find_restorer("a")


def test_a_run_killed_while_it_saved_is_told_from_one_without_an_embedding():
    make("killed", finished=False, model="autoencoder.keras")
    with pytest.raises(UsageError, match=r"killed: is not finished: there is no encoder\.keras in it; make one with"):
        find("killed")


def test_a_folder_that_holds_no_run_is_refused(place):
    (place / "photos").mkdir()
    with pytest.raises(UsageError, match="photos: holds no run"):
        find("photos")


def test_an_encoders_file_is_found_too(place):
    make("a")
    assert locate("logs/a/encoder.keras") == (Run(LOGS / "a"), LOGS / "a" / "encoder.keras")
    assert locate("a") == (Run(LOGS / "a"), LOGS / "a" / "encoder.keras")
    with pytest.raises(ModelFileError, match=r"no such model file: nowhere\.keras"):
        locate("nowhere.keras")


def test_a_clustering_is_found_by_path_by_name_and_as_the_latest():
    for age, name in enumerate(("kmeans_k3", "gmm_k4", ".building")):
        folder = make(f"run{age}") / "clusters" / name
        folder.mkdir(parents=True)
        (folder / "clustering.json").write_text("{}")
        os.utime(folder / "clustering.json", (age, age))
    assert find_clustering("latest") == LOGS / "run1" / "clusters" / "gmm_k4"
    assert find_clustering("run0/clusters/kmeans_k3") == LOGS / "run0" / "clusters" / "kmeans_k3"
    with pytest.raises(UsageError, match="nothing: no such clustering; there are"):
        find_clustering("nothing")


class TestImages:
    kept = ImageSource(Path("/photos"), ("a",), 3, 0.1)

    def test_without_a_word_they_are_those_of_the_run(self, place):
        kept = ImageSource(place, ("a",), 3, 0.1)
        assert choose_images(kept, "r", None, Reading()) == kept

    def test_others_bring_their_own_classes_and_number(self, place):
        rules = self.kept.rules._replace(fit="pad", background=(1, 2, 3))
        kept = ImageSource(Path("/photos"), ("a",), 3, 0.1, rules)
        assert choose_images(kept, "r", Path("new"), Reading()) == ImageSource(place / "new", None, None, 0.1, rules)

    def test_what_is_given_wins(self, place):
        given = Reading(categories=("b",), max_images=5, max_bad=0.2, background="black", range="1,2", fit="crop")
        found = choose_images(self.kept, "r", Path("new"), given)
        assert found == ImageSource(place / "new", ("b",), 5, 0.2, ((0, 0, 0), (1.0, 2.0), "crop"))

    def test_what_is_gone_is_named_with_the_run(self):
        with pytest.raises(DataError, match=r"/photos: is not there any more, and logs/r was made from it.*--images"):
            choose_images(self.kept, "logs/r", None, Reading())

    def test_a_run_that_does_not_say_needs_images(self):
        with pytest.raises(UsageError, match="--images: r does not say what it was trained on"):
            choose_images(None, "r", None, Reading())


def test_a_run_in_place_of_a_clustering_names_its_clusterings():
    for name in ("kmeans_k3", "gmm_k4"):
        folder = make("run") if not (LOGS / "run").exists() else LOGS / "run"
        (folder / "clusters" / name).mkdir(parents=True)
        (folder / "clusters" / name / "clustering.json").write_text("{}")
    with pytest.raises(UsageError, match=r"run: is a run; name one of its clusterings: .*gmm_k4, .*kmeans_k3"):
        find_clustering("run")
    assert find_clustering("run/clusters/gmm_k4") == LOGS / "run" / "clusters" / "gmm_k4"


def test_the_latest_autoencoder_is_no_encoder_alone_and_no_restorer():
    make("whole", age=1, model="autoencoder.keras")
    make("refined", "cluster", age=2)
    make("restorer", "restore_train", age=3)
    make("killed", age=4, finished=False, model="autoencoder.keras")
    assert find_autoencoder("latest").path.name == "whole"
    assert find_autoencoder("whole").path == LOGS / "whole"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("refined", "holds an encoder alone, which rebuilds no image"),
        ("refined/encoder.keras", "is a file, and this command needs a whole autoencoder"),
        ("restorer", "was made by restore_train, which scores its own test images in test_images.csv"),
        ("classifier", "was made by classify, and this command takes what run leaves"),
        ("killed", "is not finished: there is no autoencoder.keras in it"),
        ("nowhere", "no such run"),
    ],
)
def test_what_is_no_autoencoder_is_refused(name, why):
    make("refined", "cluster")
    make("restorer", "restore_train")
    make("classifier", "classify")
    make("killed", finished=False, model="loss.png")
    with pytest.raises(UsageError, match=f"{name}: {why}"):
        find_autoencoder(name)
