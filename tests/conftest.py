import os
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from autoencoder.tensorflow_start import start_tensorflow

ROOT = Path(__file__).parents[1]

start_tensorflow()

# Machines differ in speed, and the first draw of text is slow; a failure must come back when the test is run again.
settings.register_profile("project", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")


@pytest.fixture(scope="session")
def digits() -> np.ndarray:
    """1,797 handwritten digits of 8 x 8 pixels, uint8, shape (n, 8, 8, 1)."""
    from sklearn.datasets import load_digits

    return (load_digits().images[..., None] * 255 / 16).astype(np.uint8)


@pytest.fixture(scope="session")
def kinds64() -> tuple[np.ndarray, np.ndarray]:
    """24 noisy images of 64 x 64 pixels in colour, uint8, and which of two kinds each is: red left or blue below."""
    kinds = np.arange(24) % 2
    pixels = np.random.default_rng(0).integers(0, 60, (24, 64, 64, 3)).astype(np.uint8)
    pixels[kinds == 0, :, :32, 0] += 180
    pixels[kinds == 1, 32:, :, 2] += 180
    return pixels, kinds


@pytest.fixture(scope="session")
def bfloat16() -> None:
    """Skip where oneDNN was told not to use the instructions that TensorFlow counts on: it refuses bfloat16 then."""
    import tensorflow as tf

    try:
        tf.nn.conv2d(tf.zeros((2, 8, 8, 1), tf.bfloat16), tf.zeros((3, 3, 1, 8), tf.bfloat16), 2, "SAME")
    except tf.errors.AbortedError:
        pytest.skip("oneDNN may not use the instructions that bfloat16 needs here")


@pytest.fixture
def program(tmp_path):
    """Run the command line as a user does, in an empty folder; returns the finished process."""
    import subprocess

    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "COLUMNS": "100"}

    def call(*arguments: str, cwd: Path = tmp_path, module: str = "autoencoder", code: str | None = None, **options):
        begin = ["-m", module] if code is None else ["-c", code]
        command = [sys.executable, *begin, *map(str, arguments)]
        options = {"timeout": 300, **options}
        return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, **options)

    call.environment = environment
    return call


@pytest.fixture
def folders(tmp_path, digits) -> Path:
    """A folder of digits as PNG files in class folders, train/<0-2> of 20 images each and valid/<0-2> of 5."""
    import cv2
    from sklearn.datasets import load_digits

    labels = load_digits().target
    for label in range(3):
        rows = np.flatnonzero(labels == label)
        for part, chosen in (("train", rows[:20]), ("valid", rows[20:25])):
            inside = tmp_path / "digits" / part / str(label)
            inside.mkdir(parents=True)
            for row in chosen:
                (inside / f"{row}.png").write_bytes(cv2.imencode(".png", digits[row])[1].tobytes())
    return tmp_path / "digits"


@pytest.fixture(scope="session")
def clone(tmp_path_factory) -> Path:
    """A fresh copy of the checkout: what lies in it, and nothing that was made in it."""
    import shutil

    made = shutil.ignore_patterns(
        ".git", ".venv", "__pycache__", ".*_cache", ".hypothesis", "build", "dist", "*.egg-info", "logs"
    )
    return Path(shutil.copytree(ROOT, tmp_path_factory.mktemp("clone") / "checkout", ignore=made))


@pytest.fixture(scope="session")
def installed(clone, tmp_path_factory) -> Path:
    """An environment into which `pip install .` was done; its folder of programs, python and flexae among them.

    The libraries are those of the environment that the tests run in, so that nothing is downloaded.
    """
    import shutil
    import subprocess
    import sysconfig
    import venv

    place, source = tmp_path_factory.mktemp("installed"), tmp_path_factory.mktemp("source") / "checkout"
    shutil.copytree(clone, source)  # building leaves files beside what is built
    venv.create(place / "environment", with_pip=False)
    programs = place / "environment" / ("Scripts" if os.name == "nt" else "bin")
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    libraries = subprocess.run([programs / "python", "-c", ask], capture_output=True, text=True, check=True).stdout
    (Path(libraries.strip()) / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = [sys.executable, "-m", "pip", "--python", programs / "python", "install", "--quiet", "--no-index"]
    options = ["--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    result = subprocess.run([*pip, *options, source], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return programs
