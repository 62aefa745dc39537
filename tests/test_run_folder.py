import os
from datetime import datetime

import pytest

from autoencoder import run_folder
from autoencoder.errors import DiskError, UsageError
from autoencoder.run_folder import Run, create, find
from autoencoder.settings import Output, Settings

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


def test_settings_come_back_from_the_file(place):
    import yaml

    settings = Settings.from_flags(
        {"filters": [16, 32], "image_shape": [28, 28], "noise": "gaussian", "categories": ["é#"]}
    )
    run = Run(place)
    run.write_settings(settings)
    assert Settings.from_flags(yaml.safe_load(run.settings_file.read_text(encoding="utf-8"))) == settings


def test_scores_and_history_are_whole_files(place):
    run = Run(place)
    run.write_scores({"valid_mse": 0.5})
    run.write_history({"epoch": [1, 2], "loss": [0.5, 0.25]})
    run.write_bad_files([("a,b.png", "empty file")])
    assert run.scores() == {"valid_mse": 0.5}
    assert run.history_file.read_text() == "epoch,loss\n1,0.5\n2,0.25\n"
    assert run.bad_files.read_text() == 'path,reason\n"a,b.png",empty file\n'


def test_latest_is_the_newest_run(place):
    for number, name in enumerate(("b", "a")):
        folder = run_folder.LOGS / name
        folder.mkdir(parents=True)
        (folder / "encoder.keras").write_bytes(b"")
        os.utime(folder / "encoder.keras", (number, number))
    assert find("latest").path == run_folder.LOGS / "a"
    assert find(run_folder.LOGS / "b").path == run_folder.LOGS / "b"
    with pytest.raises(UsageError, match="no such run; the newest ones in logs/ are b, a"):
        find("c")


def test_latest_of_nothing_says_what_to_do():
    with pytest.raises(UsageError, match="there is no run in logs/ yet"):
        find("latest")


def test_a_run_that_was_not_trained_to_restore_is_no_restorer(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "logs" / "a"
    folder.mkdir(parents=True)
    (folder / "autoencoder.keras").touch()
    (folder / "settings.yml").write_text("filters: [8]\n")
    with pytest.raises(UsageError, match="no run of restore_train"):
        run_folder.find_restorer(folder)
    with pytest.raises(UsageError, match="there is no run in logs/ yet that will do"):
        run_folder.find_restorer("latest")
