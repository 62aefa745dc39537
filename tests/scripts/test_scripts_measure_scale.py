"""The measurement of scale at tiny size: figures of each method, kept, and not measured twice."""

import json
import sys

import kept
import measure_scale
import numpy as np
import pytest


@pytest.mark.slow
def test_figures_are_kept_shown_and_drawn(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(measure_scale, "SIZES", (300, 900))
    monkeypatch.setattr(measure_scale, "COMPARED", 900)
    monkeypatch.setattr(sys, "argv", ["measure_scale", "--picture=scale.png"])
    kept.told(measure_scale.main)
    lines = [line.split("|") for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    assert [line[2].strip() for line in lines[1:]] == [
        *("cluster --embeddings", "cluster --embeddings", "scikit-learn's KMeans", "scikit-learn's MiniBatchKMeans")
    ]
    assert (tmp_path / "scale.png").stat().st_size > 1000
    (figures,) = json.loads((tmp_path / "logs" / "measure_scale.json").read_text()).values()
    assert figures["ours 900"]["bytes"] > 2**20 and figures["ours 900"]["inertia"] > 0
    monkeypatch.setattr(measure_scale, "apart", lambda *_: pytest.fail("measured again"))
    kept.told(measure_scale.main)


def test_vectors_are_the_same_each_time_and_of_their_mixture(tmp_path):
    measure_scale.make_vectors(tmp_path / "a.npy", 500)
    measure_scale.make_vectors(tmp_path / "b.npy", 500)
    vectors = np.load(tmp_path / "a.npy")
    np.testing.assert_array_equal(vectors, np.load(tmp_path / "b.npy"))
    assert vectors.shape == (500, 64) and vectors.dtype == np.float32
    assert vectors.var() == pytest.approx(2 * measure_scale.SPREAD**2, rel=0.15)
