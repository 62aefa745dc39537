"""Memory of what looks for neighbours among the pixels, at sizes where pixels x pixels would be gigabytes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from autoencoder.deep import DEEP

ROOT = Path(__file__).parents[2]

MEASURED = """
import json, resource, sys
from autoencoder.tensorflow_start import start_tensorflow
start_tensorflow()
import numpy as np
from autoencoder.deep import DEEP, Start, neighbour_graph, refine
from autoencoder.model.build import build
from autoencoder.settings import Architecture, Training
from autoencoder.training.fit import fit

def most():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

shape = json.loads(sys.argv[1])
kinds = np.arange(20) % 2
pixels = np.random.default_rng(0).integers(0, 60, (20, *shape), np.uint8) + (kinds * 150)[:, None, None, None]
pixels = pixels.astype(np.uint8)
models = build(Architecture(filters=(2,), strides=((32, 32),), dims=(3,)), tuple(shape[:2]), shape[2])
plain = Training(train_epochs=1, batch_size=4, loss="mse")
fit(models, pixels, pixels[:4], plain, [])
before, grown = most(), {}
fit(models, pixels, pixels[:4], plain.model_copy(update={"contrast": 0.1}), [])
grown["contrast"] = most() - before
vectors = models.encoder.predict(pixels / np.float32(255), verbose=0)
for name in DEEP:
    method = DEEP[name](Start(models, vectors, kinds, neighbour_graph(pixels)))
    refine(method, pixels, plain, tolerance=-1)
    grown[name] = most() - before
print(json.dumps(grown))
"""


@pytest.mark.slow
@pytest.mark.parametrize("shape", [pytest.param((256, 256, 1), marks=pytest.mark.long), (128, 128, 3)])
def test_contrast_and_deep_methods_take_little_memory_of_large_images(shape):
    command = [sys.executable, "-c", MEASURED, json.dumps(shape)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    grown = json.loads(ended.stdout.splitlines()[-1])
    assert set(grown) == {"contrast", *DEEP}
    # A covariance of the pixels alone would take 17 or 9 gigabytes.
    assert all(each < 500e6 for each in grown.values()), grown
