import numpy as np
import pytest

from autoencoder.clustering import Assignment
from autoencoder.errors import UsageError
from autoencoder.storage.clustering import fingerprint, read_names, write_table

PLACED = Assignment(
    np.array([0, -1], np.int32),
    np.array([0.5, 2.0], np.float32),
    np.array([0.9, 0.0], np.float32),
    np.array([1, 0], np.int32),
)


def test_the_table_holds_a_row_an_image(tmp_path):
    write_table(tmp_path / "t.csv", ["a,b.png", "c.png"], PLACED, {0: "shoe"})
    assert (tmp_path / "t.csv").read_text() == (
        'path,cluster,name,distance,confidence,second\n"a,b.png",0,shoe,0.5,0.9,1\nc.png,-1,,2,0,0\n'
    )


def test_a_fingerprint_is_of_which_image_is_where_and_not_of_the_order():
    one = fingerprint(["a", "b"], np.array([0, 1]))
    assert len(one) == 16
    assert one == fingerprint(["b", "a"], np.array([1, 0], np.int32))
    assert one != fingerprint(["a", "b"], np.array([1, 0]))
    assert one != fingerprint(["a", "c"], np.array([0, 1]))
    fingerprint(["\udcff"], [0])  # a name that is not UTF-8


def test_no_names_are_none():
    assert read_names(None) == {}


GOOD = ["cluster,name\n0,shoe\n1,shoe\n", "Cluster;Name\n0;shoe\n1;shoe\n", "cluster\tname\n0\tshoe\n\n1\tshoe\n"]


@pytest.mark.parametrize("text", GOOD)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_names_are_read_however_the_table_is_written(text, encoding, tmp_path):
    (tmp_path / "names.csv").write_text(text, encoding=encoding)
    assert read_names(tmp_path / "names.csv") == {0: "shoe", 1: "shoe"}


def test_clusters_may_have_their_own_numbers_or_change_them(tmp_path):
    (tmp_path / "names.csv").write_text(
        "cluster,name\n0,cluster_00\n1,cluster_02\n2,cluster_01\n-1,noise\n3.0,Käse & Brot\n"
    )
    assert read_names(tmp_path / "names.csv")[3] == "Käse & Brot"


BAD = {
    "empty": b"",
    "no columns": b"a,b\n1,2\n",
    "no number": b"cluster,name\nx,shoe\n",
    "a fraction": b"cluster,name\n1.5,shoe\n",
    "two names": b"cluster,name\n1,shoe\n1,boot\n",
    "no name": b"cluster,name\n1,\n",
    "a path": b"cluster,name\n1,a/b\n",
    "a Windows path": b"cluster,name\n1,a\\b\n",
    "dots": b"cluster,name\n1,..\n",
    "a dot at the end": b"cluster,name\n1,a.\n",
    "a control character": b"cluster,name\n1,a\x07b\n",
    "too long": b"cluster,name\n1," + b"a" * 300 + b"\n",
    "capitals": b"cluster,name\n1,Shoe\n2,shoe\n",
    "noise": b"cluster,name\n1,Noise\n",
    "the name of another": b"cluster,name\n1,cluster_02\n",
    "a hidden folder": b"cluster,name\n1,.shoe\n",
    "other text": b"cluster,name\n1,K\xe4se\n",
    "a line end": b'cluster,name\n1,"a\nb"\n',
    "a number of 5,000 digits": b"cluster,name\n" + b"9" * 5000 + b",shoe\n",
    "zeros": b"cluster,name\n1,a\0b\n",
    "a ragged row": b"cluster,name\n1,a,b\n",
    "a short row": b"cluster,name\n1\n",
    "a huge cell": b"cluster,name\n1," + b"a" * (2**24 + 5) + b"\n",
    "an image": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD.keys())
def test_bad_names_are_refused_in_one_sentence(content, tmp_path):
    (tmp_path / "names.csv").write_bytes(content)
    with pytest.raises(UsageError, match=r"^--names=.*names\.csv"):
        read_names(tmp_path / "names.csv")


@pytest.mark.parametrize("place", ["nowhere.csv", "."])
def test_names_that_are_not_there_are_refused(place, tmp_path):
    with pytest.raises(UsageError, match="can't be read"):
        read_names(tmp_path / place)
