import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoencoder.cli.main import COMMANDS, plan
from autoencoder.cli.parse import read_arguments
from autoencoder.errors import UsageError


def read(line):
    return read_arguments(line.split(), COMMANDS)


@pytest.mark.parametrize(
    "line",
    [
        "run --train_epochs=2 --filters=[16,32] --dry_run",
        "--train_epochs=2 --filters=[16,32] --dry_run run",
        "--train_epochs=2 run --filters=[16,32] --dry_run=true",
        "--dry_run run --train_epochs 2 --filters [16,32]",
        "run --train-epochs=2 --filters=[16,32] --dry-run",
    ],
)
def test_flags_may_stand_on_either_side_of_the_command(line):
    arguments = read(line)
    assert arguments.command == "run"
    assert arguments.flags == {"train_epochs": "2", "filters": "[16,32]", "dry_run": "true"}
    assert plan(line.split()) == plan(["run", "--train_epochs=2", "--filters=[16,32]", "--dry_run=true"])


def test_a_flag_is_what_the_named_command_takes_it_for():
    assert read("encode latest --resume").flags == {"resume": "true"}
    assert read("--resume encode latest").words == ("latest",)
    assert read("cluster --resume latest").flags == {"resume": "latest"}
    with pytest.raises(UsageError, match="--resume needs a value"):
        read("run --resume")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("rum", "no such command: rum; did you mean run?"),
        ("--seed=1", "no command; choose from"),
        ("run --seed=1 --seed=2", "--seed is given twice"),
        ("run -", "'-' is neither a flag nor a word"),
        ("run -- --help", "'--' is neither a flag nor a word"),
    ],
)
def test_what_is_no_command_line_is_refused(line, said):
    with pytest.raises(UsageError) as refused:
        read(line)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("run --epocs=5", "--epocs: no such flag; did you mean train_epochs?"),
        ("run score", "run: unexpected word 'score'"),
        ("run --filters=[16, 32]", "run: unexpected word '32]'"),
        ("run --config=missing.yml", "--config=missing.yml: cannot be read"),
        ("run --train_epochs", "--train_epochs needs a value"),
        ("run --train_epochs=true", "--train_epochs=true: should be a number"),
    ],
)
def test_what_the_command_does_not_take_is_refused(line, said):
    with pytest.raises(UsageError) as refused:
        plan(line.split())
    assert said in str(refused.value)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=20))
def test_a_path_arrives_as_it_was_typed(text):
    job = plan(["run", f"--train_dir={text}"])
    expected = None if text.strip().lower() in ("auto", "none", "null") else text
    from pathlib import Path

    assert job.settings[0].train_dir == (None if expected is None else Path(expected))


def test_flags_win_over_the_file(tmp_path):
    (tmp_path / "a.yml").write_text("train_epochs: 7\nimageShape: [20, 30]\npooling: [no, max]\nseed: 3\n")
    data, architecture, training, *_ = plan(["run", f"--config={tmp_path / 'a.yml'}", "--seed=4"]).settings
    assert (data.image_shape, architecture.pooling) == ((20, 30), ("no", "max"))
    assert (training.train_epochs, training.seed) == (7, 4)


@pytest.mark.parametrize(
    ("text", "said"),
    [("a: [", "is not YAML"), ("- 1", "must hold lines of 'flag: value'"), ("epocs: 3", "--epocs: no such flag")],
)
def test_a_bad_file_is_refused(tmp_path, text, said):
    (tmp_path / "a.yml").write_text(text)
    with pytest.raises(UsageError, match=said):
        plan(["run", f"--config={tmp_path / 'a.yml'}"])
