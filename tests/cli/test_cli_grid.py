import csv
import json

import cv2
import pytest
import yaml

from autoencoder.cli.command import Command, Grid, Job, grid
from autoencoder.cli.main import Autoencoder, main, plan
from autoencoder.errors import DivergedError, UsageError
from autoencoder.settings.fields import Section


class Knobs(Section):
    """Two knobs."""

    one: int = 1
    two: tuple[int, ...] = (1,)


COMMAND = Command("test", (Knobs,), lambda knobs: (knobs.one, knobs.two), compare=lambda results, series: results)


def test_every_combination_is_carried_out_and_compared():
    planned = grid("test", COMMAND, (), {"one": 5}, {"one": [1, 2], "two": [[3], [4, 5]]})
    assert planned.execute() == {
        "one=1, two=[3]": (1, (3,)),
        "one=1, two=[4, 5]": (1, (4, 5)),
        "one=2, two=[3]": (2, (3,)),
        "one=2, two=[4, 5]": (2, (4, 5)),
    }
    assert isinstance(grid("test", COMMAND, (), {}, {}), Job)


@pytest.mark.parametrize("values", [["one"], {"one": 1}, {"one": []}, "one", None])
def test_a_grid_is_lists_by_flag(values):
    with pytest.raises(UsageError, match="grid: must hold lines of 'flag: "):
        grid("test", COMMAND, (), {}, values)


def test_every_value_is_checked_before_anything_begins():
    with pytest.raises(UsageError, match="--one=x"):
        grid("test", COMMAND, (), {}, {"one": [1, "x"]})
    with pytest.raises(UsageError, match="--three: no such flag"):
        grid("test", COMMAND, (), {}, {"three": [1]})


def test_runs_that_diverge_are_told_of_and_left_out(capsys):
    def execute(knobs):
        if knobs.one > 1:
            raise DivergedError("too fast", None)
        return knobs.one

    command = COMMAND._replace(execute=execute)
    assert grid("test", command, (), {}, {"one": [1, 2]}).execute() == {"one=1": 1}
    assert "one=2: too fast" in capsys.readouterr().out
    with pytest.raises(DivergedError):
        grid("test", command, (), {}, {"one": [2, 3]}).execute()


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "grid.yml"
    path.write_text(yaml.safe_dump({"seed": 3, "grid": {"filters": [[4], [8]], "dropRate": [0.1]}}, sort_keys=False))
    return path


def test_a_flag_wins_over_several_values_of_it_in_the_file(config):
    planned = plan(["run", f"--config={config}"])
    assert isinstance(planned, Grid)
    assert list(planned.jobs) == ["filters=[4], drop_rate=0.1", "filters=[8], drop_rate=0.1"]
    assert {job.settings[2].seed for job in planned.jobs.values()} == {3}
    planned = plan(["run", f"--config={config}", "--filters=[2]"])
    assert list(planned.jobs) == ["drop_rate=0.1"]
    assert planned.jobs["drop_rate=0.1"].settings[1].filters == (2,)


def test_commands_that_leave_no_losses_have_no_grid(config, capsys):
    assert main(["encode", "latest", f"--config={config}"]) == 2
    assert "grid: encode leaves no losses to compare" in capsys.readouterr().err
    assert main(["run", f"--config={config}", "--save_dir=x"]) == 2
    assert "--save_dir names one folder, but grid: makes several runs" in capsys.readouterr().err
    assert main(["run", "--grid=3"]) == 2
    assert "grid: must hold lines of" in capsys.readouterr().err


@pytest.mark.slow
def test_runs_are_repeated_and_their_losses_drawn(config, folders, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    flags = {"train_dir": folders / "train", "train_epochs": 1, "verbose": 0}
    folder = Autoencoder(config=config, **flags).run()
    files = {path.name for path in folder.iterdir()}
    assert folder.parent.name == "logs" and files == {"grid.csv", "loss.png", "runs.json"}
    assert cv2.imread(str(folder / "loss.png")) is not None
    lines = (folder / "grid.csv").read_text().splitlines()
    assert lines[0] == "changed,run,lowest_loss,status" and len(lines) == 3
    runs = [line.split(",")[-3] for line in lines[1:]]
    widths = [yaml.safe_load((tmp_path / run / "settings.yml").read_text())["filters"] for run in runs]
    assert sorted(widths) == [[4], [8]]
    losses = [float(line.split(",")[-2]) for line in lines[1:]]
    assert losses == sorted(losses)


@pytest.mark.slow
def test_runs_whose_losses_measure_something_else_are_ranked_by_one_error(folders, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "losses.yml").write_text(yaml.safe_dump({"grid": {"loss": ["binary_crossentropy", "mse", "mae"]}}))
    flags = {"train_dir": folders / "train", "train_epochs": 1, "filters": [4], "verbose": 0}
    folder = Autoencoder(config=tmp_path / "losses.yml", **flags).run()
    with (folder / "grid.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    errors = [json.loads((tmp_path / row["run"] / "scores.json").read_text())["valid_mse"] for row in rows]
    assert errors == sorted(errors) == pytest.approx([float(row["valid_mse"]) for row in rows], rel=1e-4)
    said = capsys.readouterr().out
    assert "losses of several kinds do not compare" in said and f"the best is {rows[0]['changed']}: " in said
