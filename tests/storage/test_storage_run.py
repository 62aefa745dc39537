import csv

import pytest

from autoencoder.data.cells import unguarded
from autoencoder.errors import ModelFileError
from autoencoder.settings import Settings
from autoencoder.storage.csv_files import write_csv
from autoencoder.storage.run import Run


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


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


@pytest.mark.parametrize("text", ["", "[]", "- a\n", "word", "a: [", "1: 2\n", "\x00", "a: 2020-99-99\n"])
def test_damaged_settings_are_said_to_be_damaged(text, place):
    run = Run(place)
    run.settings_file.write_text(text)
    with pytest.raises(ModelFileError, match=r"settings\.yml: is damaged"):
        run.flags()


def test_settings_that_do_not_fit_are_said_to_be_damaged(place):
    run = Run(place)
    run.settings_file.write_text("train_dir: photos\nmax_bad: 7\n")
    with pytest.raises(ModelFileError, match="max_bad"):
        run.source()


def test_the_images_of_a_run_come_back(place):
    run = Run(place)
    assert run.source() is None
    flags = {"train_dir": place, "categories": ["01", "null"], "max_images": 3, "background": "white", "fit": "pad"}
    run.write_settings(Settings.from_flags({**flags, "range": "0,1020"}))
    source = run.source()
    assert (source.root, source.categories, source.max_images) == (place, ("01", "null"), 3)
    assert source.rules == ((255, 255, 255), (0.0, 1020.0), "pad")


def test_any_text_comes_back_from_a_table(tmp_path):
    cells = ["a\rb", "a\r\nb", "a\nb", '"', "a,b", " a ", "\udcff", "=1", "", "\u2028", "a\r\n"]
    rows = [("path", "cluster"), *((cell, "1") for cell in cells)]
    write_csv(tmp_path / "table.csv", rows)
    with (tmp_path / "table.csv").open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        assert [tuple(map(unguarded, row)) for row in csv.reader(file)] == rows
    assert (tmp_path / "table.csv").read_bytes().startswith(b'path,cluster\n"a\rb",1\n')
