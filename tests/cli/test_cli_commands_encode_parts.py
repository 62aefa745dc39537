"""`encode` in parts on the command line: begun, interrupted, gone on with, in shards and put together."""

import signal

import cv2
import pandas
import pytest

from autoencoder.cli.main import Autoencoder
from autoencoder.errors import DataError, Interrupted, UsageError
from autoencoder.workflows import encode_parts


@pytest.fixture(scope="module")
def trained(tmp_path_factory, digits):
    """A place with a run on 24 digits in two class folders."""
    place = tmp_path_factory.mktemp("trained")
    for row, digit in enumerate(digits[:24]):
        file = place / "digits" / str(row % 2) / f"{row:02d}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(cv2.imencode(".png", digit)[1].tobytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        flags = {"train_dir": "digits", "filters": [4], "dims": [3], "train_epochs": 1, "verbose": 0}
        Autoencoder(**flags, save_dir="run").run()
    return place


@pytest.fixture(autouse=True)
def place(trained, monkeypatch):
    monkeypatch.chdir(trained)
    return trained


def test_parts_are_those_of_the_table(place, capsys):
    one = pandas.read_parquet(Autoencoder().encode("run"))
    folder = Autoencoder().encode("run", rows_per_part=10)
    assert folder == place / "run" / "embeddings" / "digits" or folder.samefile(place / "run" / "embeddings" / "digits")
    assert "24 embeddings are in the parts in" in capsys.readouterr().out
    pandas.testing.assert_frame_equal(pandas.read_parquet(folder), one, rtol=1e-5)
    assert Autoencoder().encode("run", resume=True) == folder
    assert "3 of 3 parts are there already" in capsys.readouterr().out
    with pytest.raises(UsageError, match="a data set was begun there; go on with it by --resume"):
        Autoencoder().encode("run", rows_per_part=10)


def test_a_signal_leaves_what_is_done_and_says_how_to_go_on(place, monkeypatch, capsys):
    encode_part, made = encode_parts.encode_part, []

    def stopped(encoder, part, *more):
        if made:
            raise SystemExit(128 + signal.SIGTERM)
        made.append(part)
        return encode_part(encoder, part, *more)

    with monkeypatch.context() as patch:
        patch.setattr(encode_parts, "encode_part", stopped)
        with pytest.raises(Interrupted, match=r"interrupted; 1 of 5 parts are there; .* --resume") as said:
            Autoencoder().encode("run", rows_per_part=5, out=place / "stopped")
    assert said.value.exit_status == 143
    Autoencoder().encode("run", resume=True, out=place / "stopped")
    assert "1 of 5 parts are there already" in capsys.readouterr().out
    assert len(pandas.read_parquet(place / "stopped")) == 24


def test_shards_and_their_merge(place, capsys):
    with pytest.raises(UsageError, match="begin one with --rows_per_part"):
        Autoencoder().encode("run", shard="1/2", out=place / "shards")
    Autoencoder().encode("run", shard="1/2", rows_per_part=5, out=place / "shards")
    with pytest.raises(DataError, match="2 of 5 parts are missing or not whole: 1, 3"):
        Autoencoder().encode("run", merge=True, out=place / "shards")
    Autoencoder().encode("run", shard="2/2", out=place / "shards")
    Autoencoder().encode("run", merge=True, out=place / "shards")
    assert "24 embeddings are in the parts in" in capsys.readouterr().out


def test_what_is_of_one_table_is_refused(place):
    for flag in ("npy", "overwrite"):
        with pytest.raises(UsageError, match=f"--{flag} is of one table"):
            Autoencoder().encode("run", rows_per_part=5, **{flag: True})
