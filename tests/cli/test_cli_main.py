import pytest

from autoencoder.cli.main import COMMANDS, Autoencoder, main
from autoencoder.errors import UsageError


def test_help_lists_every_command_and_flag(capsys):
    assert main(["--help"]) == 0
    overview = capsys.readouterr().out
    for name, command in COMMANDS.items():
        assert name in overview and command.summary in " ".join(overview.split())
        assert main([name, "--help"]) == 0
        text = capsys.readouterr().out
        for section in command.sections:
            for field in section.model_fields:
                assert f"--{field}" in text


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("flexae")


def test_the_class_has_every_command_with_its_summary():
    for name, command in COMMANDS.items():
        assert getattr(Autoencoder, name).__doc__ == command.summary


def test_the_class_refuses_what_does_not_fit():
    with pytest.raises(UsageError, match="--filterz: no such flag; did you mean filters"):
        Autoencoder(filterz=[16]).run()


def test_a_refused_flag_makes_nothing_and_imports_no_tensorflow(program, tmp_path):
    result = program("run", "--epocs=5", "--seed=x")
    assert result.returncode == 2
    assert result.stderr.splitlines()[0] == "error: --epocs: no such flag; did you mean train_epochs?"
    assert "--seed=x" in result.stderr
    assert list(tmp_path.iterdir()) == []
    assert result.stdout == ""


def test_debug_shows_the_traceback(capsys):
    assert main(["run", "--seed=x", "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err
    assert main(["run", "--seed=x"]) == 2
    assert "Traceback" not in capsys.readouterr().err
