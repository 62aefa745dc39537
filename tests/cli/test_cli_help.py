import signal
import subprocess
import sys
from pathlib import Path

import pytest

from autoencoder.cli.command import Common
from autoencoder.cli.main import COMMANDS, main
from autoencoder.settings.fields import default_text, fields, parse

EVERY = [
    (command, section, name)
    for command, described in COMMANDS.items()
    for section in (*described.sections, Common)
    for name, field in section.model_fields.items()
    if not field.is_required()
]


def shown(capsys, *argv):
    assert main(argv) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("columns", [80, 81, 95, 120, 300])
@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_the_terminal(capsys, monkeypatch, command, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    text = shown(capsys, *([command] if command else []), "--help")
    assert max(map(len, text.splitlines())) <= columns


@pytest.mark.parametrize("command", COMMANDS)
def test_help_fits_80_columns_where_there_is_no_terminal(capsys, monkeypatch, command):
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr(sys, "__stdout__", None)
    assert max(map(len, shown(capsys, command, "--help").splitlines())) <= 80


@pytest.mark.parametrize(("command", "section", "name"), EVERY, ids=lambda value: getattr(value, "__name__", value))
def test_every_default_can_be_typed_back(capsys, command, section, name):
    field = section.model_fields[name]
    text = default_text(field)
    assert " " not in text
    # Some flags are refused without another one; what is read of this one is what counts.
    alone = type("Alone", (section.__base__,), {"__annotations__": {name: field.annotation}, name: field})
    (read,) = parse({name: text}, [alone])
    assert getattr(read, name) == field.default


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_shows_every_default_in_one_piece(capsys, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "80")
    text = shown(capsys, command, "--help")
    for name, field in fields(COMMANDS[command].sections).items():
        assert f"--{name}" in text and f"[{default_text(field)}]" in text


def test_every_way_to_ask_for_help(capsys):
    text = shown(capsys, "cluster", "--help")
    for asked in (["help", "cluster"], ["cluster", "help"], ["--help", "cluster"], ["cluster", "latest", "-h"]):
        assert shown(capsys, *asked) == text
    overview = shown(capsys, "--help")
    assert overview == shown(capsys, "help") == shown(capsys, "-h") == shown(capsys, "help", "help")


@pytest.mark.parametrize("asked", [["help", "clustr"], ["clustr", "--help"], ["clustr", "help"]])
def test_help_on_no_command_names_the_nearest(capsys, asked):
    assert main(asked) == 2
    assert capsys.readouterr().err == "error: no such command: clustr; did you mean cluster?\n"


def test_a_folder_of_the_name_help_is_still_a_value(capsys):
    assert main(["run", "--train_dir", "help"]) == 3
    assert "help: " in capsys.readouterr().err


@pytest.fixture
def started(program, tmp_path):
    """Start the command line and return its process, which the test ends."""
    processes = []

    def start(*words, **options):
        command = [sys.executable, "-m", "autoencoder", *map(str, words)]
        environment = program.environment
        processes.append(subprocess.Popen(command, cwd=tmp_path, env=environment, **options))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


NO_SUCH = "error: no such command: no_such_command\n"


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["--version"], ["no_such_command"]])
def test_a_reader_that_is_gone_costs_no_traceback(started, words):
    process = started(*words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read().decode() == ("" if words[-1] != "no_such_command" else NO_SUCH)
    assert process.wait(60) == (2 if words[-1] == "no_such_command" else 0)


@pytest.mark.slow
def test_a_training_goes_on_where_its_reader_is_gone(started, folders, tmp_path):
    flags = [f"--train_dir={folders / 'train'}", "--filters=[4]", "--train_epochs=2", "--save_dir=run"]
    process = started("run", *flags, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(120) == 0
    assert (tmp_path / "run" / "autoencoder.keras").exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/dev/full is Linux's")
def test_a_full_disk_under_the_output_is_said(started):
    with Path("/dev/full").open("wb") as full:
        process = started("--help", stdout=full, stderr=subprocess.PIPE)
        assert process.wait(60) == 5
    assert process.stderr.read() == b"error: the output cannot be written: No space left on device\n"


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("module", ["fire", "autoencoder.cli.main", "tensorflow", "keras", "numpy"])
def test_a_signal_during_any_import_ends_with_one_line(folders, tmp_path, program, module, number):
    # The signal comes out of the import itself, the same moment on every machine; then a catcher as libraries have it.
    script = tmp_path / "script.py"
    script.write_text(
        "import builtins, os, sys\n"
        "from autoencoder.__main__ import main\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r} and not self.sent:\n"
        "            self.sent = True\n"
        "            try:\n"
        f"                os.kill(os.getpid(), {int(number)})\n"
        "                for _ in range(1000): pass\n"
        "            except BaseException as error:\n"
        "                raise ImportError('a library that turns everything into an ImportError') from error\n"
        "    sent = False\n"
        "sys.meta_path.insert(0, Finder())\n"
        f"sys.argv[1:] = ['run', {'--train_dir=' + str(folders / 'train')!r}, '--save_dir=run', '--train_epochs=1']\n"
        "sys.exit(main())\n"
    )
    process = subprocess.run(
        [sys.executable, script], env=program.environment, cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert process.returncode == 128 + number
    assert process.stderr == "interrupted\n"
    assert not (tmp_path / "run").exists()
