"""Work by Ray: what is refused before it starts, and two machines that are processes of this one."""

import json
import socket
import time

import pandas
import pytest

from autoencoder.cli.main import Autoencoder, plan
from autoencoder.errors import UsageError
from autoencoder.workflows import ray_cluster
from autoencoder.workflows.ray_cluster import check_engine, versions

#: Two nodes of one processor each; what follows is done by the one that gave the command.
CLUSTER = """
import json, os, sys, threading, time
from pathlib import Path
os.environ["RAY_worker_niceness"] = "0"
from ray.cluster_utils import Cluster

cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
other = cluster.add_node(num_cpus=1)


def end(glob):
    while not list(Path.cwd().glob(glob)):
        time.sleep(0.05)
    cluster.remove_node(other, allow_graceful=False)


if sys.argv[1]:
    threading.Thread(target=end, args=(sys.argv[1],), daemon=True).start()
from autoencoder.cli.main import main

status = main([*sys.argv[2:], f"--engine=ray:{cluster.address}"])
cluster.shutdown()
sys.exit(status)
"""


@pytest.fixture
def by_cluster(program):
    """Run the command line on a cluster, whose second machine is killed once there is a file, if one is named."""

    def call(*arguments, until=""):
        return program(until, *arguments, code=CLUSTER, timeout=900)

    return call


def test_an_engine_that_is_not_installed_is_refused_with_the_command(monkeypatch):
    monkeypatch.setattr(ray_cluster, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"ray is not installed; .* pip install 'flexible-autoencoder\[ray\]'"):
        check_engine("ray:auto")


def test_an_address_that_does_not_answer_is_refused_within_ten_seconds():
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        address = "{}:{}".format(*taken.getsockname())
        begin = time.monotonic()
        with pytest.raises(UsageError, match=f"nothing answers at {address}"):
            check_engine(f"ray:{address}")
    assert time.monotonic() - begin < 10
    with pytest.raises(UsageError, match="name the head of the cluster by host and port"):
        check_engine("ray:somewhere")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--engine=dask", "--workers=2"], "--engine"),
        (["--workers=2"], "--engine and --workers belong together"),
        (["--engine=ray"], "--engine and --workers belong together"),
        (["--engine=ray", "--workers=2", "--devices=all"], "leave it out"),
    ],
)
def test_flags_that_do_not_fit_are_refused(flags, said):
    with pytest.raises(UsageError, match=said):
        plan(["run", *flags])


def test_an_engine_of_encode_makes_parts():
    with pytest.raises(UsageError, match="--engine=ray makes parts; give --rows_per_part"):
        Autoencoder().encode("nothing", engine="ray")


def test_versions_name_what_computes():
    assert {"tensorflow", "keras", "numpy"} <= versions().keys()


@pytest.mark.slow
def test_parts_by_ray_are_those_made_here_also_where_a_machine_is_killed(by_cluster, program, folders, tmp_path):
    train = ["run", f"--train_dir={folders / 'train'}", "--filters=[4]", "--train_epochs=1", "--save_dir=run"]
    assert program(*train).returncode == 0
    asked = ["encode", "run", "--rows_per_part=10"]
    assert program(*asked, "--out=here").returncode == 0
    done = by_cluster(*asked, "--out=there", until="there/part-*.parquet")
    assert done.returncode == 0, done.stderr
    assert "60 embeddings are in the parts in there" in done.stdout
    assert done.stderr == ""
    here, there = (pandas.read_parquet(tmp_path / name) for name in ("here", "there"))
    pandas.testing.assert_frame_equal(here, there, rtol=1e-5)


@pytest.mark.long
def test_workers_by_ray_train_and_one_that_is_lost_leaves_a_state(by_cluster, folders, tmp_path):
    parts = [f"--{part}_dir={folders / part}" for part in ("train", "valid")]
    asked = ["run", *parts, "--filters=[4]", "--batch_size=20", "--workers=2"]
    lost = by_cluster(*asked, "--train_epochs=400", "--save_every=0", "--save_dir=lost", until="lost/state_b.npz")
    assert lost.returncode == 7
    assert "of 2 was killed, or its machine was lost; to go on from the last state: flexae run --resume=" in lost.stderr
    assert len(lost.stderr.splitlines()) == 1
    done = by_cluster(*asked, "--train_epochs=2", "--save_dir=run")
    assert done.returncode == 0, done.stderr
    assert "epoch 2/2" in done.stdout
    assert json.loads((tmp_path / "run" / "scores.json").read_text())["status"] == "done"
