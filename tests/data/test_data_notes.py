import io

import cv2
import numpy as np
import pytest
from PIL import Image

from autoencoder.data.idx import write_idx
from autoencoder.data.notes import SAMPLE, all_one_color, find_range, notes, sample_rows
from autoencoder.data.rules import AS_STORED
from autoencoder.data.scan import scan


def write(folder, count, make, suffix=".png"):
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        content = make(number)
        content = content if isinstance(content, bytes) else cv2.imencode(suffix, content)[1].tobytes()
        (folder / f"{number}{suffix}").write_bytes(content)
    return folder


def clear(number, stored=0):
    image = np.full((8, 8, 4), stored, np.uint8)
    image[number % 8 + 1 :, :, 3] = 255
    out = io.BytesIO()
    Image.fromarray(image).save(out, "PNG")
    return out.getvalue()


def said(folder, shape=(8, 8), **rules):
    return "\n".join(notes(scan(folder, rules=AS_STORED._replace(**rules)), shape))


def test_ordinary_images_are_not_spoken_of(tmp_path):
    write(tmp_path / "a", 5, lambda number: np.full((8, 8), 200 + number, np.uint8))
    write(tmp_path / "b", 5, lambda number: np.full((8, 8), 200 + number, np.uint8))
    assert said(tmp_path) == ""


def test_transparency_is_told_of_and_whether_anything_else_is_stored(tmp_path):
    write(tmp_path / "black", 6, clear)
    text = said(tmp_path / "black")
    assert "6 of 6 images carry transparency" in text and "stored colours are all alike: --background=white" in text
    assert said(tmp_path / "black", background=(1, 2, 3)) == ""
    write(tmp_path / "pictures", 3, lambda number: np.full((8, 8), 9, np.uint8))
    write(tmp_path / "pictures", 3, lambda number: clear(number, np.arange(256).reshape(8, 8, 4)), ".PNG")
    text = said(tmp_path / "pictures")
    assert "3 of 6 images carry transparency" in text and "alike" not in text


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_dark_images_of_16_bits_are_told_of(tmp_path, suffix):
    write(tmp_path / "dim", 4, lambda number: np.full((8, 8), 1000 + 5 * number, np.uint16), suffix)
    assert "the brightest value in 4 images of 16 bits is 1,015 of 65,535" in said(tmp_path / "dim")
    assert said(tmp_path / "dim", range=(0.0, 2000.0)) == ""
    write(tmp_path / "bright", 4, lambda number: np.full((8, 8), 60_000, np.uint16), suffix)
    assert said(tmp_path / "bright") == ""


def test_other_proportions_are_told_of(tmp_path):
    write(tmp_path, 4, lambda number: np.full((8, 40 if number else 8), 99, np.uint8))
    assert "3 of 4 images have other proportions than 8 x 8" in said(tmp_path)
    assert said(tmp_path, fit="pad") == said(tmp_path, fit="crop") == ""
    assert "1 of 4 images" in said(tmp_path, (8, 40))


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("train", "val", "test"), True),
        (("Training", "Test"), True),
        (("train", "valid"), True),
        (("train", "tram"), False),
        (("train",), False),
        (("cats", "dogs", "test"), False),
    ],
)
def test_folders_called_as_parts_of_a_data_set_are_told_of(tmp_path, names, told):
    for name in names:
        write(tmp_path / name, 2, lambda number: np.full((8, 8), 99, np.uint8))
    assert ("these look like the parts of a data set, not like classes" in said(tmp_path)) is told


def test_what_cannot_be_decoded_is_passed_over(tmp_path):
    write(tmp_path, 3, lambda number: cv2.imencode(".png", np.full((64, 64), 900, np.uint16))[1].tobytes()[:-40])
    assert said(tmp_path, (64, 64)) == ""


def test_the_range_of_a_folder_is_its_smallest_and_largest_value(tmp_path):
    write(tmp_path / "a", 4, lambda number: np.array([[100 + number, 900 + number]], np.uint16))
    assert find_range(scan(tmp_path / "a", rules=AS_STORED._replace(range="auto"))) == (100.0, 903.0)
    write(tmp_path / "b", 2, lambda number: np.array([[np.nan, -0.5, np.inf, 2.5]], np.float32), ".tiff")
    assert find_range(scan(tmp_path / "b", rules=AS_STORED._replace(range="auto"))) == (-0.5, 2.5)
    write(tmp_path / "c", 2, lambda number: np.full((4, 4), 7, np.uint8))
    assert find_range(scan(tmp_path / "c", rules=AS_STORED._replace(range="auto"))) == (7.0, 8.0)


def test_samples_are_spread_evenly():
    assert sample_rows(0) == [] and sample_rows(1) == [0] and sample_rows(3) == [0, 1, 2]
    rows = sample_rows(10_000)
    assert len(rows) == SAMPLE and (rows[0], rows[-1]) == (0, 9999) and np.ptp(np.diff(rows)) <= 1


def test_images_of_one_colour_are_told_from_others():
    pixels = np.full((3, 4, 4, 3), 9, np.uint8)
    assert all_one_color(pixels)
    pixels[2, 3, 3, 1] = 8
    assert not all_one_color(pixels)
    gray = np.array([[[[1], [2]]]], np.uint8)
    assert not all_one_color(gray) and all_one_color(gray[:, :, :1])


def opaque(number):
    return np.dstack([np.arange(64, dtype=np.uint8).reshape(8, 8) * 4] * 3 + [np.full((8, 8), 255, np.uint8)])


def test_images_whose_alpha_is_opaque_everywhere_carry_no_transparency(tmp_path):
    write(tmp_path, 3, opaque)
    assert said(tmp_path) == ""


def test_white_drawings_are_to_be_drawn_on_black(tmp_path):
    white = np.full((8, 8, 4), 255, np.uint8)
    white[2:4, :, 3] = 0
    write(tmp_path, 4, lambda number: white)
    assert "4 of 4 images carry transparency, which is dropped, and their stored colours" in said(tmp_path)
    assert "--background=black draws them on black" in said(tmp_path)


def test_of_many_images_those_that_were_looked_at_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(sample_rows, "__defaults__", (5,))
    write(tmp_path, 9, lambda number: clear(number) if number in (0, 4, 5) else opaque(number))
    assert "2 of 5 images that were looked at carry transparency" in said(tmp_path)  # 0, 2, 4, 6, 8


def test_masks_of_8_bits_and_idx_files_are_told_of_where_they_are_dark(tmp_path):
    write(tmp_path / "masks", 4, lambda number: np.eye(8, dtype=np.uint8))
    assert "the brightest value in 4 images of 8 bits is 1 of 255, so they are dark" in said(tmp_path / "masks")
    write_idx(tmp_path / "images", np.arange(32, dtype=np.uint8).reshape(2, 4, 4) // 2)
    assert "the brightest value in 2 images of 8 bits is 15 of 255" in said(tmp_path / "images", (4, 4))


def test_images_of_16_bits_that_differ_little_are_told_of(tmp_path):
    write(tmp_path, 3, lambda number: np.array([[30_000, 31_000 + number]], np.uint16))
    assert "the values in 3 images of 16 bits are from 30,000 to 31,002 of 65,535" in said(tmp_path, (1, 2))


@pytest.mark.parametrize(
    ("names", "learn", "judge"),
    [
        (("train", "test"), "train", "test"),
        (("test", "val", "train"), "train", "val"),
        (("Training_set", "Test_set"), "Training_set", "Test_set"),
        (("val", "testing"), "val", "testing"),
    ],
)
def test_the_folders_to_learn_from_and_to_judge_by_are_named(tmp_path, names, learn, judge):
    for name in names:
        write(tmp_path / name, 2, lambda number: np.full((8, 8), 99, np.uint8))
    assert f"--train_dir={tmp_path}/{learn} --valid_dir={tmp_path}/{judge}" in said(tmp_path)


def test_what_a_background_covers_has_no_part_in_the_range(tmp_path):
    image = np.array([[[200, 200, 200, 0], [10, 10, 10, 255], [20, 20, 20, 255]]], np.uint8)
    write(tmp_path, 2, lambda number: image)
    auto = AS_STORED._replace(range="auto")
    assert find_range(scan(tmp_path, rules=auto)) == (10.0, 200.0)
    assert find_range(scan(tmp_path, rules=auto._replace(background=(0, 0, 0)))) == (10.0, 20.0)


@pytest.mark.parametrize(("brightest", "told"), [(1020, True), (60_000, False)])
def test_dark_images_of_16_bits_beside_others_are_told_of(tmp_path, brightest, told):
    write(tmp_path / "mixed", 4, lambda number: np.full((8, 8), brightest - number, np.uint16))
    write(tmp_path / "mixed", 3, lambda number: np.full((8, 8), 200 + number, np.uint8), ".bmp")
    text = said(tmp_path / "mixed")
    assert ("4 of 7 images have 16 bits" in text) is told
    assert not told or f"is {brightest:,} of 65,535" in text
    assert said(tmp_path / "mixed", range=(0.0, 255.0)) == ""
