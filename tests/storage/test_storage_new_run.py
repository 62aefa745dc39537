from datetime import datetime

import pytest

from autoencoder.errors import DiskError, UsageError
from autoencoder.settings import Output
from autoencoder.storage.lock import in_training, training_lock
from autoencoder.storage.new_run import check_free, create
from autoencoder.storage.provenance import Provenance, write_provenance
from autoencoder.storage.run import LOGS, Run

NOON = datetime(2026, 1, 2, 12, 0, 0)


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_runs_of_the_same_second_get_folders_of_their_own():
    folders = [create(Output(), NOON).path.name for _ in range(3)]
    assert folders == ["ae_20260102_120000", "ae_20260102_120000_2", "ae_20260102_120000_3"]


def test_a_folder_that_holds_something_is_never_written_to(place):
    (place / "mine").mkdir()
    create(Output(save_dir=place / "mine"), NOON)
    (place / "mine" / "thing").write_text("x")
    with pytest.raises(UsageError, match="already holds something"):
        create(Output(save_dir=place / "mine"), NOON)


def test_a_place_that_is_a_file_is_refused(place):
    (place / "logs").write_text("x")
    with pytest.raises(DiskError, match="the run's folder cannot be made"):
        create(Output(), NOON)


def test_a_folder_in_place_of_the_table_of_runs_is_found_before_any_work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_free(Output())
    (LOGS / "aescore.csv").mkdir(parents=True)
    with pytest.raises(DiskError, match=r"aescore.csv: is a folder"):
        check_free(Output())


def begun(folder, *, finished=False):
    folder.mkdir()
    write_provenance(Provenance("run", {}, finished=finished), folder / "provenance.json")
    for name in ("settings.yml", "bad_files.csv", ".training.lock", ".0123456789ab-model.png"):
        (folder / name).write_text("x")


def test_a_run_that_was_killed_before_its_first_state_starts_again(place):
    begun(place / "mine")
    assert create(Output(save_dir=place / "mine"), NOON).path == place / "mine"
    assert not (place / "mine" / "bad_files.csv").exists()
    (place / "other").mkdir()
    for name in (".training.lock", ".0123456789ab-settings.yml"):
        (place / "other" / name).write_text("")
    check_free(Output(save_dir=place / "other"))


def test_a_run_that_learned_something_is_not_started_again(place):
    begun(place / "mine")
    (place / "mine" / "state_a.npz").write_text("x")
    with pytest.raises(UsageError, match="never overwritten; name a new one, or go on with it: --resume="):
        check_free(Output(save_dir=place / "mine"))
    begun(place / "complete", finished=True)
    with pytest.raises(UsageError, match=r"name a new one$"):
        check_free(Output(save_dir=place / "complete"))


def test_a_run_that_is_being_trained_is_not_started_again(place):
    begun(place / "mine")
    with (
        training_lock(Run(place / "mine")),
        pytest.raises(UsageError, match=r"--save_dir=.*is being trained by another command"),
    ):
        check_free(Output(save_dir=place / "mine"))
    assert not in_training(Run(place / "mine")) and not in_training(Run(place))
