"""What `pip install .` leaves is the whole program, in any folder."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "autoencoder"


@pytest.fixture
def flexae(installed, tmp_path):
    """Call the installed program in an empty folder."""

    def call(*arguments: str, program: tuple[str, ...] = ("flexae",)):
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        command = [installed / program[0], *program[1:], *map(str, arguments)]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)

    return call


def test_it_is_the_installed_program_and_knows_its_version(flexae, installed):
    where = flexae("-c", "import autoencoder; print(autoencoder.__file__)", program=("python",)).stdout
    assert Path(where.strip()).is_relative_to(installed.parent) and not Path(where.strip()).is_relative_to(ROOT)
    assert flexae("--version").stdout == "flexae 0.1.0\n"
    assert flexae("--version", program=("python", "-m", "autoencoder")).stdout == "flexae 0.1.0\n"


def test_every_module_recipe_and_file_of_the_page_is_installed(flexae):
    ask = "import autoencoder; print(autoencoder.__path__[0])"
    place = Path(flexae("-c", ask, program=("python",)).stdout.strip())
    modules = {str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py")}
    assert {str(path.relative_to(place)) for path in place.rglob("*.py")} == modules
    assets = {path.name: path.read_bytes() for path in (PACKAGE / "page" / "assets").iterdir()}
    assert {"report.html", "report.css", "report.js"} <= set(assets)
    assert {path.name: path.read_bytes() for path in (place / "page" / "assets").iterdir()} == assets
    recipes = {path.name: path.read_text() for path in (ROOT / "recipes").glob("*.yml")}
    assert {path.name: path.read_text() for path in (place / "recipes").glob("*.yml")} == recipes


@pytest.mark.slow
def test_a_recipe_is_found_by_its_name(flexae, folders):
    result = flexae("run", "--dry_run", "--config=coco_vanilla", f"--train_dir={folders / 'train'}")
    assert (result.returncode, result.stderr) == (0, "")
    assert "image_shape: [200, 200]" in result.stdout and "4,963" in result.stdout


def test_an_unknown_recipe_is_told_with_the_nearest(flexae):
    result = flexae("run", "--config=coco_vanila")
    assert result.returncode == 2
    assert result.stderr.endswith("there is no such file or recipe; did you mean coco_vanilla?\n")


def test_a_wheel_holds_the_package_alone(clone, tmp_path):
    import shutil

    shutil.copytree(clone, tmp_path / "source")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    result = subprocess.run([*pip, "--wheel-dir", tmp_path, tmp_path / "source"], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    (wheel,) = tmp_path.glob("*.whl")
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert tops == {"autoencoder", "flexible_autoencoder-0.1.0.dist-info"}
