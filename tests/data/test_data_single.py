import cv2
import numpy as np
import pytest

from autoencoder.data.formats.common import MAX_PIXELS_ALONE, BadImage
from autoencoder.data.formats.header import read_header
from autoencoder.data.single import read_image, write_image

PIXELS = np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "tiff", "ppm", "PNG"])
@pytest.mark.parametrize("color", ["grayscale", "rgb"])
def test_what_is_written_is_read_again(tmp_path, suffix, color):
    pixels = PIXELS[..., :1] if color == "grayscale" else PIXELS
    write_image(tmp_path / f"é a.{suffix}", pixels)
    back = read_image(tmp_path / f"é a.{suffix}", color)
    np.testing.assert_array_equal(back, pixels)
    back[0] = 0  # may be written to


@pytest.mark.parametrize("name", ["a", "a.gif7", "a.txt"])
def test_a_name_without_a_format_is_refused_and_nothing_is_left(tmp_path, name):
    with pytest.raises(BadImage, match="save it as PNG"):
        write_image(tmp_path / name, PIXELS)
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_read_says_why(tmp_path):
    with pytest.raises(BadImage, match="no such file"):
        read_image(tmp_path / "a.png", "rgb")


def test_a_large_image_is_read_for_itself_only():
    header = b"P5 20000 20000 255\n"
    assert read_header(header, MAX_PIXELS_ALONE).shape == (20_000, 20_000)
    with pytest.raises(BadImage, match="at most 64 Mi pixels"):
        read_header(header)
    with pytest.raises(BadImage, match="at most 512 Mi pixels"):
        read_header(b"P5 30000 30000 255\n", MAX_PIXELS_ALONE)


@pytest.mark.parametrize("shape", [(1, 1), (3, 4), (5, 6), (300, 7), (256, 9), (513, 3)])
def test_bmp_files_of_any_size_are_read_by_opencv(tmp_path, shape):
    pixels = np.random.default_rng(1).integers(0, 256, (*shape, 1), np.uint8)
    write_image(tmp_path / "a.bmp", pixels)
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "a.bmp"), cv2.IMREAD_UNCHANGED), pixels[..., 0])
    assert read_header((tmp_path / "a.bmp").read_bytes()).gray


@pytest.mark.parametrize("suffix", [".png", ".bmp"])
def test_a_large_image_is_the_same_read_from_the_disk(tmp_path, monkeypatch, suffix):
    path = tmp_path / f"é{suffix}"
    write_image(path, PIXELS[..., :1])
    usual = read_image(path, "grayscale")
    monkeypatch.setattr("autoencoder.data.single.MAX_PIXELS", 1)
    monkeypatch.setattr("autoencoder.data.single.decode", lambda *_: pytest.fail("the file was decoded in memory"))
    np.testing.assert_array_equal(read_image(path, "grayscale"), usual)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(BadImage):
        read_image(path, "grayscale")
