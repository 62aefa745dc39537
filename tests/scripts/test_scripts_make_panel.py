import argparse
import gzip
import runpy
from pathlib import Path

import cv2
import numpy as np
import pytest
from sklearn.datasets import load_digits


@pytest.fixture(scope="module")
def script():
    folder = Path(__file__).parents[2] / "scripts"
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)  # as `python scripts/make_panel.py` finds make_sample.py
        return runpy.run_path(str(folder / "make_panel.py"))


def test_rows_are_spread_from_the_first_to_the_last(script):
    np.testing.assert_array_equal(script["spread"](9, 3), [0, 4, 8])
    np.testing.assert_array_equal(script["spread"](3, 5), [0, 1, 2])


def test_digits_are_all_there_and_use_all_levels(script, tmp_path):
    script["digits"](tmp_path, argparse.Namespace())
    assert len(list(tmp_path.glob("*/*.png"))) == 1797
    first = cv2.imread(str(tmp_path / "0" / "00000.png"), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(first, np.rint(load_digits().images[0] * 255 / 16))
    assert first.max() == round(15 * 255 / 16)


def test_fashion_lies_in_folders_of_its_labels(script, tmp_path):
    images = np.arange(6, dtype=np.uint8).repeat(28 * 28)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(bytes(16) + images.tobytes()))
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(bytes(8) + bytes([8, 0, 8, 8, 0, 8])))
    script["write_fashion"](tmp_path / "made", tmp_path, "train", 2)
    made = {
        file.relative_to(tmp_path / "made").as_posix(): cv2.imread(str(file), 0) for file in tmp_path.glob("made/*/*")
    }
    assert sorted(made) == [f"{name}_{row:05d}.png" for name, row in FASHION]
    assert all((image == int(name[-9:-4])).all() for name, image in made.items())


FASHION = [("bag/train", 0), ("bag/train", 5), ("t-shirt/train", 1), ("t-shirt/train", 4)]


def test_links_lead_to_the_images(script, tmp_path):
    for name in ("b", "a"):
        (tmp_path / "source" / "kind").mkdir(parents=True, exist_ok=True)
        (tmp_path / "source" / "kind" / name).write_text(name)
    script["link"](tmp_path / "linked", tmp_path / "source")
    assert {file.name: file.read_text() for file in (tmp_path / "linked" / "kind").iterdir()} == {"a": "a", "b": "b"}
