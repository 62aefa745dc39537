"""Every script of a checkout starts from any folder, by `python scripts/NAME.py` alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
#: What a script needs that is no library of this project: it runs in an environment of its own.
ELSEWHERE = {"clustpy_rival"}
#: What `python FILE` does, but for the last lines of the script, which begin its work.
START = "import runpy, sys; sys.path[0] = sys.argv[1]; runpy.run_path(sys.argv[2], run_name='started')"
#: The same for many, in one interpreter: each finds only what the first one found when it began.
EACH = """
import runpy, sys
paths, own = list(sys.path), {"autoencoder", "bench_parts", "checkout", *sys.argv[2:]}
for name in sys.argv[2:]:
    sys.path[:] = [sys.argv[1], *paths[1:]]
    for loaded in [each for each in sys.modules if each.split(".")[0] in own]:
        del sys.modules[loaded]
    print(name, flush=True)
    runpy.run_path(f"{sys.argv[1]}/{name}.py", run_name="started")
"""
NAMES = sorted({path.stem for path in SCRIPTS.glob("*.py")} - ELSEWHERE)


@pytest.mark.slow
def test_every_script_finds_the_package_by_itself(tmp_path):
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [sys.executable, "-c", EACH, str(SCRIPTS), *NAMES]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert (result.returncode, result.stderr) == (0, ""), result.stdout
    assert result.stdout.split() == NAMES


def test_codes_are_made_as_the_readme_says(tmp_path):
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [sys.executable, SCRIPTS / "make_binary_codes.py", "codes", "--count=2"]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("2 pairs are in codes; mean Hamming distance")
    assert {len(list((tmp_path / "codes" / part).iterdir())) for part in ("original", "modified")} == {2}


def test_without_segno_it_is_said_how_to_get_it(tmp_path):
    hidden = "import sys; sys.modules['segno'] = None; " + START
    command = [sys.executable, "-c", hidden, str(SCRIPTS), str(SCRIPTS / "make_binary_codes.py")]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert result.returncode == 1
    assert result.stderr.strip().endswith("not installed: pip install '.[codes]'") and "Traceback" not in result.stderr
