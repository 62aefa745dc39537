"""Embeddings in parts: the same table as in one, whole parts after a kill, and no parts of two makings."""

import os
import pickle
from pathlib import Path

import numpy as np
import pandas
import pytest

from autoencoder.data.quality import quality
from autoencoder.data.source import ImageSource
from autoencoder.errors import DataError, UsageError
from autoencoder.model.encoder import Encoder
from autoencoder.settings.fields import parse
from autoencoder.settings.parts import Parts
from autoencoder.storage.dataset import Dataset, read_part_record
from autoencoder.storage.run import Run
from autoencoder.workflows.embeddings import embed, write_parquet
from autoencoder.workflows.encode_parts import encode_part, encode_parts
from autoencoder.workflows.plan_parts import finish_parts, missing_parts, plan_parts
from autoencoder.workflows.pretrained import Located


def first_numbers(batch: np.ndarray) -> np.ndarray:
    return np.stack([batch.mean(axis=(1, 2, 3)), batch.max(axis=(1, 2, 3))], axis=1)


@pytest.fixture
def encoder(tmp_path):
    path = tmp_path / "encoder.keras"
    path.write_bytes(b"an encoder")
    return Encoder(path, (8, 8), 1, 2, first_numbers, batch=8)


class Begun:
    """A data set that was begun from the digits, 60 files in 7 parts of 9."""

    def __init__(self, place: Path, images: Path, encoder: Encoder):
        self.folder, self.encoder = place / "set", encoder
        self.source = ImageSource(images)
        self.located = Located(Run(place), encoder.path)
        self.parts = self.plan(rows_per_part=9)

    def plan(self, source=None, **asked):
        return plan_parts(self.folder, source or self.source, self.located, Parts(**asked))

    def table(self):
        return pandas.read_parquet(self.folder)


@pytest.fixture
def begun(tmp_path, folders, encoder):
    return Begun(tmp_path, folders / "train", encoder)


def test_parts_hold_what_one_table_does(begun, tmp_path):
    encode_parts(begun.encoder, begun.parts)
    assert [read_part_record(part).rows for part in begun.parts] == [9] * 6 + [6]
    source, listing = begun.source.look()
    embeddings, images = embed(begun.encoder, source, listing, tmp_path / "cache")
    write_parquet(embeddings, tmp_path / "one.parquet", quality(images))
    pandas.testing.assert_frame_equal(begun.table(), pandas.read_parquet(tmp_path / "one.parquet"))
    made = finish_parts(begun.folder)
    assert made.finished
    assert made.source["count"] == 60
    assert Dataset(begun.folder).begun() == made


def test_a_part_can_be_sent_to_another_process(begun):
    part = pickle.loads(pickle.dumps(begun.parts[3]))
    assert encode_part(begun.encoder, part).rows == 9
    assert [each.number for each in missing_parts(begun.parts)] == [0, 1, 2, 4, 5, 6]


def test_parts_before_a_kill_stay_and_the_others_are_made(begun):
    calls = []

    def killed(batch):
        calls.append(len(batch))
        if len(calls) == 6:  # two batches a part: in the third one
            raise KeyboardInterrupt
        return first_numbers(batch)

    with pytest.raises(KeyboardInterrupt):
        encode_parts(begun.encoder._replace(apply=killed), begun.parts)
    before = {part.number: part.file.stat().st_mtime_ns for part in begun.parts[:2]}
    assert sorted(path.name for path in begun.folder.iterdir()) == [
        *("_files.parquet", "_provenance.json", "part-00000.parquet", "part-00001.parquet")
    ]
    left = missing_parts(begun.plan(resume=True))
    assert [part.number for part in left] == [2, 3, 4, 5, 6]
    encode_parts(begun.encoder, left)
    assert {part.number: part.file.stat().st_mtime_ns for part in begun.parts[:2]} == before
    assert finish_parts(begun.folder).source["count"] == len(begun.table()) == 60


def test_only_a_batch_is_decoded_at_once(begun):
    most = []
    encoder = begun.encoder._replace(apply=lambda batch: most.append(len(batch)) or first_numbers(batch))
    encode_part(encoder, begun.parts[0])
    assert most == [8, 1]


def test_shards_make_all_parts_once_and_what_is_missing_is_named(begun):
    asked = [Parts(shard=f"{shard}/3") for shard in (1, 2, 3)]
    own = [[part.number for part in begun.parts if each.mine(part.number)] for each in asked]
    assert own == [[0, 3, 6], [1, 4], [2, 5]]
    planned = begun.plan(shard="3/3")
    encode_parts(begun.encoder, [part for part in planned if asked[2].mine(part.number)])
    with pytest.raises(DataError, match=r"5 of 7 parts are missing or not whole: 0-1, 3-4, 6;"):
        finish_parts(begun.folder)
    encode_parts(begun.encoder, missing_parts(planned))
    assert finish_parts(begun.folder).finished


def test_the_list_of_files_is_not_made_again_for_a_shard(begun, monkeypatch):
    monkeypatch.setattr("autoencoder.workflows.plan_parts.list_names", lambda *_: pytest.fail("files were listed"))
    assert begun.plan(shard="1/2") == begun.parts


def test_a_damaged_part_is_missing_and_one_of_another_data_set_refused(begun, tmp_path, folders, encoder):
    encode_parts(encoder, begun.parts[:3])
    begun.parts[0].file.write_bytes(begun.parts[0].file.read_bytes()[:-20])
    assert [part.number for part in missing_parts(begun.parts[:3])] == [0]
    other = plan_parts(tmp_path / "other", ImageSource(folders / "train"), begun.located, Parts(rows_per_part=20))
    encode_part(encoder, other[1])
    begun.parts[1].file.write_bytes(other[1].file.read_bytes())
    with pytest.raises(DataError, match=r"part-00001.parquet: was made by another encoder"):
        missing_parts(begun.parts)


def test_going_on_with_another_encoder_or_other_flags_is_refused(begun, tmp_path, folders):
    with pytest.raises(UsageError, match="a data set was begun there; go on with it by --resume"):
        begun.plan(rows_per_part=9)
    with pytest.raises(UsageError, match="--rows_per_part was 9 and is 10"):
        begun.plan(rows_per_part=10, resume=True)
    padded = ImageSource(folders / "train", rules=begun.source.rules._replace(fit="pad"), quality="contrast > 5")
    with pytest.raises(UsageError, match=r"--fit was stretch and is pad; --quality was None and is contrast > 5"):
        begun.plan(padded, resume=True)
    begun.encoder.path.write_bytes(b"another")
    with pytest.raises(UsageError, match=r"the encoder .* is another file"):
        begun.plan(shard="1/2")


def test_going_on_with_other_images_is_refused_and_says_which(begun, folders):
    files = sorted((folders / "train" / "1").iterdir())
    files[0].rename(files[0].with_name("z.png"))
    files[1].write_bytes(files[1].read_bytes() + b"more")
    with pytest.raises(DataError, match=r"1 file is new \(1/z.png\); 1 file is gone .* 1 file is of another size"):
        begun.plan(resume=True)
    with pytest.raises(DataError, match=r"1/.* when the data set was begun \(2 such files in this part\)"):
        encode_parts(begun.encoder, begun.parts)


def test_a_folder_that_moved_is_the_same(begun, folders, tmp_path):
    (folders / "train").rename(tmp_path / "moved")
    planned = begun.plan(ImageSource(tmp_path / "moved"), resume=True)
    encode_parts(begun.encoder, planned)
    assert finish_parts(begun.folder).source["images"] == str(tmp_path / "moved")


def test_nothing_is_begun_without_being_asked_or_over_something_else(begun, tmp_path):
    begun.folder = tmp_path / "none"
    with pytest.raises(UsageError, match=r"--resume: no data set was begun in .*none"):
        begun.plan(resume=True)
    with pytest.raises(UsageError, match=r"--shard: no data set was begun"):
        begun.plan(shard="1/2")
    with pytest.raises(UsageError, match="no data set was begun there"):
        finish_parts(begun.folder)
    begun.folder.mkdir()
    (begun.folder / "mine.parquet").touch()
    with pytest.raises(UsageError, match="holds something else"):
        begun.plan(rows_per_part=9)


def test_names_that_are_no_utf_8_are_bytes_in_every_part(tmp_path, folders, encoder):
    (folders / "train" / os.fsdecode(b"\xff")).mkdir()
    first = next((folders / "train" / "0").iterdir())
    (folders / "train" / os.fsdecode(b"\xff") / "1.png").write_bytes(first.read_bytes())
    begun = Begun(tmp_path, folders / "train", encoder)
    encode_parts(encoder, begun.parts)
    table = begun.table()
    assert table["path"].iloc[-1] == b"\xff/1.png"
    assert table["label"].iloc[0] == b"0"


def test_files_that_cannot_be_used_are_listed_and_too_many_refused(tmp_path, folders, encoder):
    flat = folders / "train" / "0"
    for number in range(5):
        (flat / f"z{number}.png").write_bytes(b"no image")
    (flat / "notes.json").write_text("{}")
    begun = Begun(tmp_path, flat, encoder)
    assert len(begun.parts) == 3
    encode_parts(encoder, begun.parts)
    assert "label" not in begun.table().columns
    made = finish_parts(begun.folder)
    assert made.source["count"] == 20
    assert len(pandas.read_csv(Dataset(begun.folder).bad_files)) == 5
    begun.folder = tmp_path / "strict"
    encode_parts(encoder, begun.plan(ImageSource(flat, max_bad=0.1), rows_per_part=9))
    with pytest.raises(DataError, match="5 of 25 files can't be used"):
        finish_parts(begun.folder)


def test_a_range_that_was_found_is_kept(begun, tmp_path, folders):
    auto = ImageSource(folders / "train", rules=begun.source.rules._replace(range="auto"))
    begun.folder = tmp_path / "ranged"
    begun.plan(auto, rows_per_part=30)
    assert Dataset(begun.folder).begun().source["range"] == [0.0, 255.0]
    assert len(begun.plan(auto, resume=True)) == 2


def test_embeddings_that_are_not_numbers_are_refused(begun):
    encoder = begun.encoder._replace(apply=lambda batch: np.full((len(batch), 2), np.nan, np.float32))
    with pytest.raises(DataError, match="is not a number"):
        encode_part(encoder, begun.parts[0])
    assert missing_parts(begun.parts) == begun.parts


@pytest.mark.parametrize("shard", ["0/64", "65/64", "x", "3", "3/0", "-1/2", "1.5/2"])
def test_a_shard_that_is_none_is_refused(shard):
    with pytest.raises(UsageError, match="must be the number of a shard, counted from 1, and of all: 3/64"):
        parse({"shard": shard}, [Parts])


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"merge": True, "shard": "1/2"}, "--merge makes no part, and --shard makes some"),
        ({"merge": True, "resume": True}, "--merge makes no part, and --resume makes some"),
        ({"out": "x"}, "--out names the folder of a data set of parts"),
        ({"rows_per_part": 0}, "rows_per_part=0"),
    ],
)
def test_flags_that_do_not_fit_together_are_refused(flags, said):
    with pytest.raises(UsageError, match=said):
        parse(flags, [Parts])
