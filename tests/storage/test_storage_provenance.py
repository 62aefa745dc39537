import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoencoder.errors import DataError, DiskError
from autoencoder.storage.provenance import (
    NAME,
    Provenance,
    encoder_record,
    keep_folder,
    keep_table,
    provenance_of_table,
    read_provenance,
    write_provenance,
)

plain = st.none() | st.booleans() | st.integers(-5, 5) | st.text() | st.lists(st.integers(), max_size=2)
MADE = Provenance("cluster", {"k": 3}, {"fingerprint": "f", "images": "/a"}, {"sha256": "e", "file": "/x"})


@given(st.text(), st.dictionaries(st.text(), plain), st.none() | st.dictionaries(st.text(), plain), st.booleans())
def test_what_is_written_comes_back(tmp_path_factory, command, settings, source, finished):
    path = tmp_path_factory.mktemp("made") / NAME
    made = Provenance(command, settings, source, None, finished)
    write_provenance(made, path)
    assert read_provenance(path) == made


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "1", '{"command": 3}', '{"command": "a", "source": 1}', '{"x": 1}', "[" * 9999]
)
def test_what_is_damaged_says_nothing(text, tmp_path):
    (tmp_path / NAME).write_text(text)
    assert read_provenance(tmp_path / NAME) is None
    assert read_provenance(tmp_path / "nowhere") is None


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"source": {"fingerprint": "f", "images": "/moved"}}, True),
        ({"encoder": {"sha256": "e", "file": "/moved"}}, True),
        ({"version": "another"}, True),
        ({"command": "encode"}, False),
        ({"settings": {"k": 4}}, False),
        ({"source": {"fingerprint": "g", "images": "/a"}}, False),
        ({"source": {"fingerprint": "f", "images": "/a", "fit": "pad"}}, False),
        ({"source": None}, False),
        ({"encoder": {"sha256": "d", "file": "/x"}}, False),
    ],
)
def test_a_result_is_the_same_where_all_that_decides_is(changes, same):
    other = Provenance(**{**vars(MADE), **changes})
    assert MADE.same_result(other) is same
    assert MADE.same_result(None) is False


def test_tuples_and_lists_are_the_same():
    assert Provenance("a", {"x": (1, 2)}).same_result(Provenance("a", {"x": [1, 2]}))


def fill(text):
    return lambda folder: (folder / "result").write_text(text)


def test_the_same_result_replaces_the_folder_whole(tmp_path):
    wanted = tmp_path / "clusters" / "kmeans_k3"
    assert keep_folder(wanted, MADE, fill("old")) == wanted
    (wanted / "left_over").touch()
    assert keep_folder(wanted, MADE, fill("new")) == wanted
    assert sorted(path.name for path in wanted.iterdir()) == [NAME, "result"]
    assert (wanted / "result").read_text() == "new"
    assert [path.name for path in wanted.parent.iterdir()] == ["kmeans_k3"]


@pytest.mark.parametrize("made", [MADE, Provenance("cluster", {"k": 9})])
def test_names_that_a_person_wrote_into_the_folder_outlive_the_result(tmp_path, made):
    wanted = tmp_path / "kmeans_k3"
    keep_folder(wanted, MADE, fill("old"))
    (wanted / "names.csv").write_text("cluster,name\n0,mine\n")
    assert keep_folder(wanted, made, fill("new"), overwrite=True) == wanted
    assert (wanted / "names.csv").read_text() == "cluster,name\n0,mine\n"
    assert (wanted / "result").read_text() == "new"
    assert keep_folder(wanted, Provenance("c"), fill("new")) == tmp_path / "kmeans_k3_2"
    assert not (tmp_path / "kmeans_k3_2" / "names.csv").exists()


def test_another_result_takes_the_next_free_name(tmp_path):
    wanted, other = tmp_path / "kmeans_k3.5", Provenance("cluster", {"k": 4})
    keep_folder(wanted, MADE, fill("one"))
    assert keep_folder(wanted, other, fill("two")) == tmp_path / "kmeans_k3.5_2"
    assert keep_folder(wanted, other, fill("three")) == tmp_path / "kmeans_k3.5_2"
    assert keep_folder(wanted, Provenance("c"), fill("four")) == tmp_path / "kmeans_k3.5_3"
    assert (wanted / "result").read_text() == "one"
    assert keep_folder(wanted, other, fill("five"), overwrite=True) == wanted
    assert (wanted / "result").read_text() == "five"


def test_a_folder_that_says_nothing_of_itself_is_not_touched(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "precious").touch()
    (tmp_path / "b").write_text("a file")
    assert keep_folder(tmp_path / "a", MADE, fill("x")) == tmp_path / "a_2"
    assert keep_folder(tmp_path / "b", MADE, fill("x")) == tmp_path / "b_2"
    assert (tmp_path / "a" / "precious").exists()


def test_what_fails_leaves_everything_as_it_was(tmp_path):
    wanted = tmp_path / "a"
    keep_folder(wanted, MADE, fill("old"))

    def fails(folder):
        (folder / "half").touch()
        raise DiskError("full")

    with pytest.raises(DiskError):
        keep_folder(wanted, MADE, fails)
    assert (wanted / "result").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_two_at_once_never_mix(tmp_path):
    wanted, barrier = tmp_path / "a", threading.Barrier(8)

    def make(number):
        def both(folder):
            (folder / "one").write_text(str(number))
            barrier.wait()
            (folder / "two").write_text(str(number))

        keep_folder(wanted, Provenance("cluster", {"number": number}), both)

    threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    folders = sorted(path.name for path in tmp_path.iterdir())
    assert folders == sorted(["a", *(f"a_{number}" for number in range(2, 9))])
    found = [((path / "one").read_text(), (path / "two").read_text()) for path in tmp_path.iterdir()]
    assert all(one == two for one, two in found) and len({one for one, _ in found}) == 8


def test_tables_are_kept_alike(tmp_path):
    wanted = tmp_path / "new" / "photos.csv"

    def write(path):
        path.write_text("x")

    other = Provenance("encode")
    assert keep_table(wanted, MADE, write) == wanted
    assert keep_table(wanted, MADE, write) == wanted
    assert keep_table(wanted, other, write) == wanted.with_name("photos_2.csv")
    assert keep_table(wanted, other, write) == wanted.with_name("photos_2.csv")
    assert read_provenance(provenance_of_table(wanted)) == MADE
    assert keep_table(wanted, other, write, overwrite=True) == wanted
    assert read_provenance(provenance_of_table(wanted)) == other


def test_a_table_without_a_word_of_what_made_it_is_not_touched(tmp_path):
    (tmp_path / "photos.csv").write_text("precious")
    keep_table(tmp_path / "photos.csv", MADE, lambda path: path.write_text("x"))
    assert (tmp_path / "photos.csv").read_text() == "precious"


def test_a_table_that_was_not_finished_says_so(tmp_path):
    def fails(path):
        raise DiskError("full")

    with pytest.raises(DiskError):
        keep_table(tmp_path / "a.csv", MADE, fails)
    assert read_provenance(tmp_path / f"a.{NAME}").finished is False
    assert keep_table(tmp_path / "a.csv", MADE, lambda path: path.write_text("x")) == tmp_path / "a.csv"


def test_an_encoder_is_known_by_its_content(tmp_path):
    for name, content in (("a", b"1"), ("b", b"1"), ("c", b"2")):
        (tmp_path / name).write_bytes(content)
    digests = [encoder_record(tmp_path / name)["sha256"] for name in "abc"]
    assert digests[0] == digests[1] != digests[2]
    with pytest.raises(DataError, match="can't be read"):
        encoder_record(tmp_path / "nowhere")


def test_the_key_tells_what_decides_and_nothing_else():
    moved = Provenance("cluster", {"k": 3}, {"fingerprint": "f", "images": "/b"}, {"sha256": "e"}, version="9")
    others = [Provenance("cluster", {"k": 4}, MADE.source, MADE.encoder), Provenance("sort", {"k": 3}, MADE.source)]
    assert moved.key == MADE.key and len(MADE.key) == 16
    assert len({MADE.key, *(other.key for other in others)}) == 3
