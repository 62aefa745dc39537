import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoencoder.clustering.duplicates import KINDS, Looks, duplicates, duplicates_of, groups

ROWS = st.integers(0, 11)


def smooth(count: int, seed: int) -> np.ndarray:
    """Images of 36 x 36 in colour that have little in common."""
    noise = np.random.default_rng(seed).normal(size=(count, 52, 52, 3)).astype(np.float32)
    blurred = np.stack([cv2.GaussianBlur(image, (0, 0), 2.5)[8:44, 8:44] for image in noise])
    return (30 + 170 * (blurred - blurred.min()) / np.ptp(blurred)).astype(np.uint8)


def look(pixels: np.ndarray) -> Looks:
    """The embedding knows nothing: what is found is found by pixels."""
    return Looks(pixels, np.random.default_rng(1).normal(size=(len(pixels), 4)).astype(np.float32))


@pytest.fixture(scope="module")
def originals() -> np.ndarray:
    return smooth(60, 0)


@pytest.fixture(scope="module")
def copies(originals) -> np.ndarray:
    """Of image 5 the same pixels, of 6 recompressed ones, of 7 brighter ones; 8 is cropped by 5%; the last is new."""
    packed = cv2.imdecode(cv2.imencode(".jpg", originals[6], [cv2.IMWRITE_JPEG_QUALITY, 60])[1], cv2.IMREAD_COLOR)
    brighter = np.clip(originals[7] * 1.2, 0, 255).astype(np.uint8)
    cropped = cv2.resize(originals[8][2:, 2:], (36, 36), interpolation=cv2.INTER_LINEAR)
    return np.stack([originals[5], packed, brighter, cropped, smooth(1, 9)[0]])


def told(pairs):
    return [(*rows, KINDS[kind]) for *rows, kind in zip(*pairs[:2], pairs.kinds, strict=True)]


def test_copies_are_found_among_all_images_and_told_apart(originals, copies):
    pairs = duplicates(look(np.concatenate([originals, copies])))
    assert told(pairs) == [(5, 60, "same"), (6, 61, "near"), (7, 62, "near"), (8, 63, "moved")]
    assert pairs.hashes[0] == 0 and pairs.likeness[0] == 1
    assert (pairs.likeness > 0.92).all()


def test_new_images_that_are_known_are_found_and_told_apart(originals, copies):
    pairs = duplicates_of(look(copies), look(originals))
    assert told(pairs) == [(5, 0, "same"), (6, 1, "near"), (7, 2, "near"), (8, 3, "moved")]


def test_of_many_with_the_same_pixels_each_is_paired_with_the_first(originals):
    pairs = duplicates(look(originals[[3, 4, 3, 3, 4]]))
    assert told(pairs) == [(0, 2, "same"), (0, 3, "same"), (1, 4, "same")]


def test_what_is_only_known_to_new_images_is_no_duplicate(originals):
    assert told(duplicates_of(look(originals[[1, 1]]), look(originals[10:40]))) == []


@pytest.mark.parametrize("count", [1, 2])
def test_few_images_of_one_colour_have_no_duplicates(count):
    flat = np.arange(count, dtype=np.uint8)[:, None, None, None] * np.full((1, 12, 12, 1), 100, np.uint8)
    assert told(duplicates(look(flat))) == []


def test_no_pair_makes_no_group():
    assert groups(np.empty((0, 2), int), 3).tolist() == [-1, -1, -1]


@given(st.lists(st.tuples(ROWS, ROWS), max_size=12))
def test_groups_are_what_walking_from_pair_to_pair_reaches(pairs):
    found = groups(np.array(pairs, int).reshape(-1, 2), 12)
    reached = {row: {row} for pair in pairs for row in pair}
    for _ in range(12):
        for first, second in pairs:
            together = reached[first] | reached[second]
            reached[first] = reached[second] = together
    for row in range(12):
        assert set(np.flatnonzero(found == found[row])) == reached[row] if row in reached else found[row] == -1
    named = [number for number in found.tolist() if number >= 0]
    assert list(dict.fromkeys(named)) == sorted(set(named))
