import gzip
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from autoencoder.data.idx import read_idx, write_idx
from autoencoder.data.listing import common_shape
from autoencoder.data.scan import scan
from autoencoder.errors import DataError, UsageError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("idx")


@given(array=arrays(np.uint8, array_shapes(min_dims=1, max_dims=5, min_side=0, max_side=6)), zipped=st.booleans())
def test_what_is_written_is_read_back(folder, array, zipped):
    path = folder / ("array.gz" if zipped else "array")
    write_idx(path, array)
    again = read_idx(path)
    assert again.dtype == np.uint8 and again.shape == array.shape and np.array_equal(again, array)
    assert (path.read_bytes()[:2] == b"\x1f\x8b") == zipped


def test_gzip_is_told_by_the_content_and_not_by_the_name(tmp_path):
    write_idx(tmp_path / "array.gz", np.arange(3, dtype=np.uint8))
    (tmp_path / "array.gz").rename(tmp_path / "array")
    assert read_idx(tmp_path / "array").tolist() == [0, 1, 2]


@pytest.mark.parametrize("array", [np.zeros(3, np.int32), np.uint8(3)])
def test_only_unsigned_bytes_are_written(tmp_path, array):
    with pytest.raises(ValueError, match="takes a uint8 array of 1 to 255 dimensions, not"):
        write_idx(tmp_path / "array", np.asarray(array))


GOOD = b"\0\0\x08\x02" + struct.pack(">II", 2, 3) + bytes(6)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "begins with 00 00, its type and its number of dimensions, not nothing"),
        (b"\x89PNG\r\n", "not 89 50 4e 47"),
        (b"\0\0\x0d\x01" + bytes(8), "holds unsigned bytes .* not float"),
        (b"\0\0\x77\x01" + bytes(8), "not type 0x77"),
        (b"\0\0\x08\0", "an idx file of 0 dimensions"),
        (b"\0\0\x08\x03\0\0\0\x01", "3 dimensions must say 3 sizes"),
        (GOOD[:-1], "2 x 3 = 6 bytes must follow .* fewer"),
        (GOOD + b"\0", "2 x 3 = 6 bytes must follow .* more"),
        (b"\0\0\x08\xff" + b"\xff" * 1020, "there are fewer"),
        (gzip.compress(GOOD, mtime=0)[:-9], "damaged gzip file"),
        (b"\x1f\x8b" + bytes(20), "damaged gzip file"),
        (gzip.compress(b"\0\0\x08\x02" + b"\xff" * 8, mtime=0), "there are fewer"),
    ],
)
def test_a_damaged_file_is_refused_with_the_rule(tmp_path, content, reason):
    (tmp_path / "images").write_bytes(content)
    with pytest.raises(DataError, match=f"images: .*{reason}"):
        read_idx(tmp_path / "images")


@pytest.fixture
def fashion(tmp_path):
    pixels = np.arange(4 * 5 * 6, dtype=np.uint8).reshape(4, 5, 6)
    write_idx(tmp_path / "train-images-idx3-ubyte.gz", pixels)
    write_idx(tmp_path / "train-labels-idx1-ubyte", np.array([7, 0, 7, 3], np.uint8))
    return tmp_path / "train-images-idx3-ubyte.gz"


def test_images_and_their_labels_are_listed(fashion):
    listing = scan(fashion)
    assert listing.paths[:2] == ("train-images-idx3-ubyte.gz#000000", "train-images-idx3-ubyte.gz#000001")
    assert listing.labels == ("7", "0", "7", "3")
    assert listing.pixels.shape == (4, 5, 6) and common_shape(listing) == (5, 6)
    assert (listing.bad, listing.files) == ((), 4)


def test_without_labels_beside_there_are_no_classes(fashion):
    (fashion.parent / "train-labels-idx1-ubyte").unlink()
    assert scan(fashion).labels is None


def test_classes_and_numbers_are_chosen_as_in_a_folder(fashion):
    assert scan(fashion, categories=("7",)).labels == ("7", "7")
    assert scan(fashion, max_images=1).labels == ("7", "0", "3")
    with pytest.raises(UsageError, match="no class folder '9'"):
        scan(fashion, categories=("9",))


def test_labels_of_another_number_are_refused(fashion):
    write_idx(fashion.parent / "train-labels-idx1-ubyte", np.zeros(3, np.uint8))
    with pytest.raises(DataError, match="labels-idx1-ubyte: must hold a label for each of 4 images, not 3"):
        scan(fashion)


@pytest.mark.parametrize("shape", [(4,), (4, 5), (4, 0, 6), (2, 5, 6, 3)])
def test_what_holds_no_images_is_refused(tmp_path, shape):
    write_idx(tmp_path / "array", np.zeros(shape, np.uint8))
    with pytest.raises(DataError, match="images need three dimensions"):
        scan(tmp_path / "array")
