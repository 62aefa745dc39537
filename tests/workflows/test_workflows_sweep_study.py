"""The trials of a search as they are kept: by Optuna itself, without a training."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from optuna.trial import TrialState

from autoencoder.errors import DataError, DivergedError, UsageError
from autoencoder.progress import goes_on
from autoencoder.settings import Training
from autoencoder.settings.space import Knob
from autoencoder.workflows import sweep_study, sweep_worker
from autoencoder.workflows.sweep_plan import Plan, kept_trials, read_plan, write_plan
from autoencoder.workflows.sweep_results import Outcome, finish
from autoencoder.workflows.sweep_storage import cut_half_line, open_storage, without_password
from autoencoder.workflows.sweep_study import Worker, next_trial, open_study
from autoencoder.workflows.trials import TRIALS, Trial

SPACE = {"learning_rate": Knob((), 1e-4, 1e-2, log=True), "batch_size": Knob(("16", "32"))}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "logs" / "one"


@pytest.fixture
def plan():
    return Plan("one", "run", "valid_loss", SPACE, {"train_dir": "photos", "loss": "mse"}, 1)


@pytest.fixture
def trial(monkeypatch):
    """Let trials be what a test says: a function from the checked section and the folder to scores."""

    def stand_in(work):
        kind = Trial(
            (Training,), Training, lambda sections: None, lambda sections, folder, again: work(*sections, folder)
        )
        monkeypatch.setitem(TRIALS, "run", kind)
        return Plan("one", "run", "valid_loss", SPACE, {"loss": "mse", "train_epochs": 20}, 1)

    return stand_in


def work(plan, folder, most, usual=None):
    study, worker = open_study(plan, folder, usual), Worker(folder)
    while (trial := next_trial(plan, study, folder, worker, most)) is not None:
        sweep_worker.carry_out(plan, study, trial)
    worker.end()
    return study


def test_a_plan_is_read_back_without_a_password(plan, folder):
    folder.mkdir(parents=True)
    for address, again in (
        ("sqlite:///a.db", "sqlite:///a.db"),
        ("postgresql://ann:secret@host/x", None),
        (None, None),
    ):
        written = Plan(**{**vars(plan), "storage": address})
        write_plan(written, folder, 7)
        assert kept_trials(folder) == 7 and read_plan(folder) == Plan(**{**vars(plan), "storage": again})
        assert "secret" not in (folder / "sweep.json").read_text()
    assert read_plan(folder, "sqlite:///b.db").storage == "sqlite:///b.db"


def test_two_searches_of_other_spaces_are_no_one_study(plan, folder):
    open_study(plan, folder)
    open_study(plan, folder)
    elsewhere = Plan(**{**vars(plan), "fixed": {"train_dir": "/mnt/photos", "loss": "mse"}})
    open_study(elsewhere, folder)  # another machine has the images elsewhere
    for change, said in (
        (
            {"space": {"batch_size": SPACE["batch_size"]}},
            "learning_rate 0.0001..0.01 .log., and .* learning_rate not given",
        ),
        ({"by": "valid_mse"}, "by valid_loss"),
        ({"fixed": {"loss": "mae"}}, "loss mse, and this is one with loss mae"),
    ):
        with pytest.raises(UsageError, match=said):
            open_study(Plan(**{**vars(plan), **change}), folder)


def test_trials_are_as_many_as_asked_for_the_first_of_the_usual_values_and_the_best_is_found(trial, folder, caplog):
    tried = []

    def train(training, place):
        tried.append((training.learning_rate, training.batch_size))
        return {"status": "done", "valid_loss": abs(training.learning_rate - 0.003), "parameters": 10, "epochs": 1}

    plan = trial(train)
    study = work(plan, folder, 12, {"learning_rate": 0.001, "batch_size": "32"})
    assert len(tried) == 12 and tried[0] == (0.001, 32) and len(set(tried)) == 12
    outcome = finish(plan, study, folder)
    losses = [row["valid_loss"] for row in outcome.rows]
    assert losses == sorted(losses) and losses[0] == min(abs(rate - 0.003) for rate, _ in tried)
    assert outcome.table()["trial"].is_unique and {p.name for p in folder.iterdir()} >= {"trials.csv", "sweep.png"}
    best = outcome.rows[0]
    rate = f"--learning_rate={best['learning_rate']}"
    assert outcome.best_command == f"flexae run --loss=mse --train_epochs=20 {rate} --batch_size={best['batch_size']}"
    work(plan, folder, 15)  # goes on, and draws nothing twice
    assert len(tried) == 15 == len(set(tried))


def test_what_diverges_or_is_refused_never_wins(trial, folder):
    def train(training, place):
        if training.batch_size == 16:
            raise DivergedError("the loss became not a number", None)
        if training.learning_rate < 0.001:
            raise DataError("too few images")
        return {"status": "done", "valid_loss": 1.0 if training.learning_rate < 0.005 else float("nan")}

    plan = trial(train)
    outcome = finish(plan, work(plan, folder, 30), folder)
    assert len(outcome.rows) == 30 and {row["state"] for row in outcome.rows} == {"complete", "diverged", "failed"}
    assert all(row["valid_loss"] == 1.0 for row in outcome.rows if row["state"] == "complete")
    reasons = {row["why"] for row in outcome.rows if row["state"] != "complete"}
    assert reasons == {"diverged: the loss became not a number", "too few images", "has no valid_loss"}


def test_a_small_space_is_tried_whole_and_nothing_twice(trial, folder):
    tried = []

    def train(training, place):
        tried.append((training.batch_size, training.optimizer, training.train_epochs))
        return {"status": "done", "valid_loss": 1 / len(tried)}

    space = {"batch_size": Knob(("8", "16")), "optimizer": Knob(("adam", "sgd", "nadam"))}
    plan = Plan(**{**vars(trial(train)), "space": space})
    study = work(plan, folder, 4)
    assert len(tried) == 4 == len(set(tried))
    assert len(work(plan, folder, 50).trials) >= 6 and len(tried) == 6 == len(set(tried))
    assert len(finish(plan, study, folder).rows) == 6
    tried.clear()
    larger = Plan(**{**vars(plan), "name": "two", "space": {**space, "train_epochs": Knob((), 1, 3, whole=True)}})
    work(larger, folder.parent / "two", 12)
    assert len(tried) == 12 == len(set(tried))


def test_a_search_of_which_no_trial_ends_says_why(trial, folder):
    def train(training, place):
        raise DataError("too few images")

    plan = trial(train)
    with pytest.raises(DataError, match=r"no trial came to its end \(too few images\)"):
        finish(plan, work(plan, folder, 2), folder)


def test_a_trial_whose_losses_are_poor_is_pruned_where_losses_compare(trial, folder):
    lengths = []

    def train(training, place):
        poor, epochs = len(lengths) >= 5, 0
        for epoch in range(1, 21):
            epochs = epoch
            if not goes_on(epoch, 1.0 if poor else 1 / epoch):
                break
        lengths.append(epochs)
        return {"status": "done" if epochs == 20 else "pruned", "valid_loss": 0.5, "epochs": epochs}

    plan = trial(train)
    study = work(plan, folder, 7)
    assert lengths == [20] * 5 + [5] * 2  # the first after a quarter of the epochs
    assert [each.state for each in study.trials] == [TrialState.COMPLETE] * 5 + [TrialState.PRUNED] * 2
    assert study.trials[6].user_attrs["why"] == f"pruned after epoch {lengths[6]}"
    for change in ({"space": {**SPACE, "loss": Knob(("mse", "mae"))}}, {"by": "nmi"}):
        assert not Plan(**{**vars(plan), **change}).pruned


def test_a_killed_trial_is_replaced_with_its_values_and_three_times_at_most(plan, folder):
    study = open_study(plan, folder)
    dead, alive = Worker(folder), Worker(folder)
    first, other = (next_trial(plan, study, folder, worker, 2) for worker in (dead, alive))
    assert next_trial(plan, study, folder, alive, 2) is None  # both are under way
    first.report(0.5, 1)
    dead.end()
    again = next_trial(plan, study, folder, alive, 2)
    assert again.params == first.params and again.user_attrs["folder"] == first.user_attrs["folder"]
    assert again.user_attrs["attempts"] == 0 and again.user_attrs["reported"] == {"1": 0.5}
    assert study.trials[first.number].state == TrialState.FAIL
    for attempt in (1, 2, 3):  # no epoch ends any more
        dead = Worker(folder)
        again.set_user_attr("claim", dead.claim())
        dead.end()
        number, again = again.number, next_trial(plan, study, folder, alive, 2)
        assert (again is None) == (attempt == 3)
    assert study.trials[number].state == TrialState.PRUNED
    assert study.trials[other.number].state == TrialState.RUNNING


def test_a_trial_that_was_killed_after_its_end_is_only_told_of(trial, folder):
    plan = trial(lambda training, place: pytest.fail("trained again"))
    study, worker = open_study(plan, folder), Worker(folder)
    found = next_trial(plan, study, folder, worker, 1)
    place = folder.parent / "one_t001"
    place.mkdir()
    made = {"command": "run", "settings": {}, "source": None, "encoder": None, "finished": True, "version": "0"}
    (place / "provenance.json").write_text(json.dumps(made))
    (place / "scores.json").write_text('{"status": "done", "valid_loss": 0.25}')
    sweep_worker.carry_out(plan, study, found)
    assert study.best_value == 0.25


def test_a_trial_of_another_machine_is_left_alone_until_it_is_silent(plan, folder, monkeypatch):
    study, worker = open_study(plan, folder), Worker(folder)
    trial = next_trial(plan, study, folder, worker, 1)
    trial.set_user_attr("claim", {**worker.claim(), "host": "elsewhere"})
    worker.end()
    assert not sweep_study.is_gone(study.trials[0])
    trial.set_user_attr("claim", {**worker.claim(), "host": "elsewhere", "seen": 0})
    assert sweep_study.is_gone(study.trials[0])


def test_processes_that_ask_at_once_begin_no_trial_too_many(plan, folder):
    open_study(plan, folder)
    found, workers = [], []

    def ask():
        study, worker = open_study(plan, folder), Worker(folder)
        workers.append(worker)  # it lives as long as the test
        while (trial := next_trial(plan, study, folder, worker, 9)) is not None:
            found.append(trial.number)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(9))


def test_a_line_that_was_left_half_written_is_cut_off_and_nothing_else(plan, folder):
    study, worker = open_study(plan, folder), Worker(folder)
    next_trial(plan, study, folder, worker, 5)
    journal = folder / "journal.log"
    whole = journal.read_bytes()
    journal.write_bytes(whole + b'{"op_code":4,"wor')
    again = open_study(plan, folder)
    assert len(again.trials) == 1
    again.set_user_attr("more", 1)
    assert journal.read_bytes().startswith(whole) and len(open_study(plan, folder).trials) == 1
    journal.write_bytes(b"")
    cut_half_line(journal)
    assert journal.read_bytes() == b""


def test_a_killed_process_holds_no_lock_on_the_journal(plan, folder):
    open_study(plan, folder)
    code = (
        "import sys, time, os; sys.path.insert(0, sys.argv[2]); from pathlib import Path\n"
        "from autoencoder.workflows.sweep_storage import _Lock\n"
        "lock = _Lock(Path(sys.argv[1])); lock.acquire(); print('held', flush=True); time.sleep(60)"
    )
    source = str(Path(sweep_study.__file__).parents[2])
    words = [sys.executable, "-c", code, str(folder / "journal.log"), source]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        holder.kill()
        holder.wait()
    open_study(plan, folder).set_user_attr("more", 1)


def test_a_database_of_its_own_is_shared_by_searches_of_one_name(plan, folder, tmp_path):
    shared = Plan(**{**vars(plan), "storage": f"sqlite:///{tmp_path / 'trials.db'}"})
    study, worker = open_study(shared, folder), Worker(folder)
    assert next_trial(shared, study, folder, worker, 1) is not None
    assert len(open_study(shared, tmp_path / "logs" / "other").trials) == 1 and not (folder / "journal.log").exists()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgresql://ann:secret@127.0.0.1:9/x", "127.0.0.1:9/x: cannot be reached"),
        ("grpc://127.0.0.1:9", "grpc://127.0.0.1:9: cannot be reached"),
        ("nonsense", "is no address; as in postgresql://"),
        ("sqlite:////nowhere/at/all.db", "cannot be reached"),
        ("cockroach://ann:secret@127.0.0.1/x", "cannot be reached"),
    ],
)
def test_a_storage_that_cannot_be_reached_is_refused_without_its_password(address, said, tmp_path):
    with pytest.raises(UsageError) as error:
        open_storage(address, tmp_path)
    assert said in str(error.value) and "secret" not in str(error.value)


def test_a_storage_that_does_not_answer_is_waited_for_no_longer_than_ten_seconds(tmp_path, monkeypatch):
    from autoencoder.workflows import sweep_storage

    ended = threading.Event()
    monkeypatch.setattr(sweep_storage, "_ANSWERED", sweep_storage._CONNECTED + 0.2)
    monkeypatch.setattr(sweep_storage, "_ask", lambda address: ended.wait(30))
    monkeypatch.setattr(sweep_storage, "_check_connection", lambda address: None)
    with pytest.raises(UsageError, match="no answer"):
        open_storage("postgresql://ann:secret@127.0.0.1/x", tmp_path)
    ended.set()


def test_addresses_are_shown_without_passwords():
    assert (
        without_password("postgresql+psycopg://ann:p:a@ss@host:1/x?y=1") == "postgresql+psycopg://ann:***@host:1/x?y=1"
    )
    assert without_password("sqlite:///a@b.db") == "sqlite:///a@b.db"


def test_an_outcome_of_more_is_better_ranks_so(plan, folder):
    best = Plan(**{**vars(plan), "by": "agreement"})
    assert Outcome(best, folder, [{"trial": 1, "agreement": 0.5}]).columns == ["trial", "agreement"]
