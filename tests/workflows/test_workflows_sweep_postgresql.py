"""Trials in a PostgreSQL server that the test starts on the loopback address, without root's rights."""

import gc
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from autoencoder.errors import UsageError
from autoencoder.settings.space import Knob
from autoencoder.workflows.sweep_plan import Plan, read_plan, write_plan
from autoencoder.workflows.sweep_study import Worker, next_trial, open_study, tell

# Connections stay open until the process ends, as those of a search do.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
PROGRAMS = shutil.which("pg_ctl") or next(map(str, Path("/usr/lib/postgresql").glob("*/bin/pg_ctl")), None)


@pytest.fixture
def server():
    """The address of a database, whose server ends with the test."""
    pytest.importorskip("psycopg", reason="the package psycopg is not installed")
    if PROGRAMS is None:
        pytest.skip("PostgreSQL is not installed")
    folder = Path(tempfile.mkdtemp(prefix="postgresql"))
    secret = folder / "password"
    secret.write_text("secret\n")
    # The server refuses to be root's.
    owner = {"user": "nobody"} if os.getuid() == 0 else {}
    if owner:
        for path in (folder, secret):
            os.chown(path, pwd.getpwnam("nobody").pw_uid, -1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    initdb = Path(PROGRAMS).with_name("initdb")
    data = folder / "data"
    make = [initdb, "-D", data, "-U", "ann", "--auth=scram-sha-256", f"--pwfile={secret}", "--no-sync"]
    subprocess.run(make, check=True, capture_output=True, cwd=folder, **owner)
    options = f"-h 127.0.0.1 -p {port} -k '' -F"
    start = [PROGRAMS, "-D", data, "-o", options, "-l", folder / "log", "-w", "-t", "60", "start"]
    subprocess.run(start, check=True, stdout=subprocess.DEVNULL, cwd=folder, **owner)
    address = f"postgresql+psycopg://ann:secret@127.0.0.1:{port}/postgres"
    yield address
    gc.collect()  # while the marks above hold
    subprocess.run([PROGRAMS, "-D", data, "-m", "immediate", "stop"], capture_output=True, cwd=folder, **owner)
    shutil.rmtree(folder, ignore_errors=True)


def test_two_machines_share_the_trials_of_a_server(server, tmp_path, monkeypatch):
    from optuna.trial import TrialState

    monkeypatch.chdir(tmp_path)
    plan = Plan("one", "run", "valid_loss", {"batch_size": Knob(("8", "16", "32"))}, {}, 1, server)
    begun = []
    for folder in (tmp_path / "logs" / "one", tmp_path / "elsewhere" / "one"):
        study, worker = open_study(plan, folder), Worker(folder)
        begun.append((next_trial(plan, study, folder, worker, 3), worker))
    (first, _), (second, gone) = begun
    assert first.number != second.number and first.params != second.params
    assert tell(study, first.number, TrialState.COMPLETE, 0.5) and study.best_value == 0.5
    gone.end()  # killed: its trial is begun again
    again = next_trial(plan, study, tmp_path / "logs" / "one", begun[0][1], 3)
    assert again.params == second.params and again.number > second.number
    write_plan(plan, tmp_path / "logs" / "one", 3)
    assert "secret" not in (tmp_path / "logs" / "one" / "sweep.json").read_text()
    assert read_plan(tmp_path / "logs" / "one").storage is None
    other = Plan("one", "run", "valid_loss", {"batch_size": Knob(("8", "64"))}, {}, 1, server)
    with pytest.raises(UsageError, match="name this one otherwise"):
        open_study(other, tmp_path / "logs" / "one")


def test_a_wrong_password_is_told_without_the_password(server, tmp_path):
    wrong = server.replace("secret", "geheim")
    with pytest.raises(UsageError) as error:
        open_study(Plan("one", "run", "valid_loss", {"batch_size": Knob(("8", "16"))}, {}, 1, wrong), tmp_path / "one")
    assert "cannot be reached" in str(error.value) and "geheim" not in str(error.value)
    assert not (tmp_path / "one").exists()
