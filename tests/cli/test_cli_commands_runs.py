"""`runs` and `show` as they are typed."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from autoencoder.cli.main import Autoencoder, main
from autoencoder.cli.table import cell_text, text_table

FORMER = Path(__file__).parents[1] / "former"
RUN = "ae_20261130_090000"


@pytest.fixture
def logs(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(FORMER / "provenance" / "logs", tmp_path / "logs"))


def printed(capsys, *words: str) -> str:
    assert main(words) == 0
    return capsys.readouterr().out


def refused(capsys, *words: str) -> str:
    assert main(words) == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said and len(said.splitlines()) == 1
    return said


def test_runs_prints_one_table(logs, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    lines = printed(capsys, "runs").splitlines()
    assert lines[0].split()[:6] == ["name", "command", "status", "date", "score", "measure"]
    assert [line.split()[0] for line in lines[1:3]] == [RUN, "restorer_20261130_090000"]
    assert len(lines) == 6


@pytest.mark.parametrize("width", [40, 60, 100])
def test_the_table_fits_the_terminal(logs, capsys, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    lines = printed(capsys, "runs").splitlines()
    assert all(len(line) <= width for line in lines[:6])
    assert "no room for" in lines[6] and "--csv" in lines[6]


def test_killed_and_damaged_runs_are_told_of(logs, capsys):
    made = json.loads((logs / RUN / "provenance.json").read_text())
    (logs / RUN / "provenance.json").write_text(json.dumps(made | {"finished": False}))
    (logs / "classifier_20261130_090000" / "scores.json").write_text("{")
    said = printed(capsys, "runs")
    assert "killed: a folder without the mark of being finished" in said
    assert "classifier_20261130_090000: scores.json cannot be read" in said


def test_runs_writes_files_and_a_picture(logs, capsys):
    said = printed(capsys, "runs", "--csv=a.csv", "--json=a.json", "--plot=a.png", "--where=command == 'run'")
    assert all(Path(name).stat().st_size and name in said for name in ("a.csv", "a.json", "a.png"))
    assert [row["name"] for row in json.loads(Path("a.json").read_text())] == [RUN]


def test_what_cannot_be_understood_is_refused_in_one_line(logs, capsys):
    assert "did you mean seconds?" in refused(capsys, "runs", "--sort=second")
    assert "did you mean dims?" in refused(capsys, "runs", "--where=dim == 10")
    assert "comparison" in refused(capsys, "runs", "--where=__import__('os').getcwd()")
    assert "did you mean" in refused(capsys, "show", "ae_20261130_09000")
    assert "no run fulfils" in printed(capsys, "runs", "--where=dims == 77")


def test_without_runs_it_is_said_what_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert "make one with: flexae run" in refused(capsys, "runs")
    assert "make one with: flexae run" in refused(capsys, "show", "latest")


def test_show_prints_settings_scores_files_and_clusterings(logs, capsys):
    said = printed(capsys, "show", RUN)
    assert said.startswith(f"logs/{RUN}: made by run, finished, 2026-11-30 09:00:00")
    for line in ("  dims          [3]", "  valid_mse          0.18107", "  scores.json        every score"):
        assert line in said.splitlines()
    assert "  kmeans_k3  3 clusters  accuracy 0.77778" in said and "next: flexae assign" in said


def test_a_damaged_run_is_shown_all_the_same(logs, capsys):
    (logs / RUN / "scores.json").write_text("{")
    (logs / RUN / "settings.yml").write_text("dims: [")
    said = printed(capsys, "show", RUN)
    assert "damaged" in said and "be careful: settings.yml cannot be read; scores.json cannot be read" in said


def test_both_start_no_tensorflow(logs, program):
    code = (
        "import sys; from autoencoder.cli.main import main; main(['runs']); main(['show', 'latest']);"
        "print(sorted({'tensorflow', 'keras', 'sklearn', 'pandas', 'cv2', 'matplotlib'} & set(sys.modules)))"
    )
    import subprocess

    result = subprocess.run(
        [sys.executable, "-c", code], cwd=logs.parent, env=program.environment, capture_output=True, text=True
    )
    assert result.stdout.splitlines()[-1] == "[]", result.stderr


@pytest.mark.parametrize("logger", ["tensorboard", "mlflow"])
def test_a_logger_that_is_not_installed_is_refused_before_any_work(folders, tmp_path, monkeypatch, capsys, logger):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("autoencoder.storage.new_run.find_spec", lambda name: None)
    said = refused(capsys, "run", f"--train_dir={folders / 'train'}", f"--{logger}")
    assert f"pip install 'flexible-autoencoder[{logger}]'" in said and not (tmp_path / "logs").exists()


@pytest.mark.slow
def test_a_run_is_logged_to_both(folders, tmp_path, monkeypatch):
    """With stand-ins for what is not installed; what MLflow is told is tested by its own module's tests."""
    import keras

    monkeypatch.chdir(tmp_path)
    logged = {}

    class Board(keras.callbacks.Callback):
        def __init__(self, folder, **options):
            super().__init__()
            self.folder = folder

        def on_epoch_end(self, epoch, logs=None):
            logged.setdefault(self.folder, []).append(sorted(logs))

    monkeypatch.setattr("autoencoder.storage.new_run.find_spec", lambda name: name)
    monkeypatch.setattr("keras.callbacks.TensorBoard", Board)
    monkeypatch.setattr("autoencoder.workflows.mlflow._log", lambda record: logged.update(mlflow=record))
    tiny = {"filters": [4], "dims": [3], "train_epochs": 1, "verbose": 0}
    run = Autoencoder(**tiny, train_dir=folders / "train", tensorboard=True, mlflow=True).run()
    assert logged[run.path / "tensorboard"] == [["loss", "val_loss"]]
    assert logged["mlflow"].path == run.path and logged["mlflow"].status == "finished"
    assert run.settings().output.mlflow


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (0.000012345678, "1.2346e-05"),
        (1234567, "1,234,567"),
        (123456.7, "123,457"),
        (True, "True"),
        ([64, 10], "[64,10]"),
        ("a\nb\x1b[31m", "a?b?[31m"),
        ("x" * 100, "x" * 26 + "…" + "x" * 13),
        ("\udcff", "?"),
    ],
)
def test_cells_are_short_and_printable(value, text):
    assert cell_text(value) == text


def test_the_spare_column_goes_first():
    rows = [{"name": "a", "date": "2026-11-30", "dims": 3, "seed": 1}]
    assert text_table(rows, ["name", "date", "dims", "seed"], 17, "date") == (
        ["name  dims  seed", "a        3     1"],
        ["date"],
    )
    assert text_table(rows, ["name", "date", "dims", "seed"], 10, "date")[1] == ["date", "seed"]
