import cv2
import numpy as np
import pytest

from autoencoder.plots.sweep import Dot, front, sweep_picture


@pytest.mark.parametrize("more_is_better", [False, True])
def test_the_front_is_what_nothing_as_small_beats(more_is_better):
    random = np.random.default_rng(0)
    for _ in range(50):
        sizes, scores = random.integers(1, 8, 12), random.integers(0, 8, 12) / 8
        losses = -scores if more_is_better else scores
        beaten = [
            any(
                (sizes[b] <= sizes[a] and losses[b] < losses[a]) or (sizes[b] < sizes[a] and losses[b] == losses[a])
                for b in range(12)
            )
            for a in range(12)
        ]
        expected = {(sizes[a], scores[a]) for a in range(12) if not beaten[a]}
        found = front(sizes, scores, more_is_better)
        assert {(sizes[a], scores[a]) for a in found} == expected
        assert (np.diff(sizes[found]) > 0).all()


@pytest.mark.parametrize("count", [1, 12])
def test_a_search_is_drawn_with_and_without_importance(tmp_path, count):
    random = np.random.default_rng(0)
    dots = [
        Dot(f"trial {n}", np.nan if n > 8 else 0.3 + n / 50, 1000 * (n + 1), np.sort(random.random(10))[::-1])
        for n in range(count)
    ]
    pictures = []
    for importance in ({}, {"learning_rate": 0.9, "filters": 0.1}):
        sweep_picture(dots, importance, "valid_loss", False, tmp_path / "sweep.png")
        pictures.append(cv2.imread(str(tmp_path / "sweep.png")))
    assert pictures[0].shape == (905, 1200, 3) and (pictures[0] != pictures[1]).any()


def test_a_search_of_which_nothing_is_known_is_drawn(tmp_path):
    sweep_picture([Dot("trial 1", np.nan, np.nan)], {}, "nmi", True, tmp_path / "sweep.png")
    assert cv2.imread(str(tmp_path / "sweep.png")) is not None
