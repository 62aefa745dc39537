"""The examples of docstrings run, and every public class and function of the library has one."""

import doctest
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import autoencoder

ROOT = Path(__file__).parents[1]
PACKAGE = Path(autoencoder.__file__).parent
WITH_EXAMPLES = sorted(
    ".".join(("autoencoder", *path.relative_to(PACKAGE).with_suffix("").parts))
    for path in PACKAGE.rglob("*.py")
    if "    >>> " in path.read_text(encoding="utf-8")
)


def test_the_library_is_among_them():
    for name in autoencoder.__all__:
        assert getattr(autoencoder, name).__module__ in WITH_EXAMPLES


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    assert doctest.testmod(module, extraglobs=public(), optionflags=doctest.NORMALIZE_WHITESPACE).failed == 0


def public() -> dict[str, object]:
    """What a reader has imported already: the library's own names."""
    return {name: getattr(autoencoder, name) for name in autoencoder.__all__}


@pytest.mark.parametrize("name", autoencoder.__all__)
def test_what_is_public_is_described(name):
    described = getattr(autoencoder, name)
    assert "Examples\n" in described.__doc__
    methods = inspect.getmembers(described, inspect.isfunction) if inspect.isclass(described) else []
    for method, function in methods:
        assert method.startswith("_") or function.__doc__, f"{name}.{method}"


def test_the_pages_are_built(tmp_path):
    pytest.importorskip("pdoc")
    script = [sys.executable, "-W", "error", ROOT / "scripts" / "write_api.py", tmp_path]
    result = subprocess.run(script, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    page = (tmp_path / "autoencoder.html").read_text(encoding="utf-8")
    for name in [
        "load",
        "Autoencoder.inverse_transform",
        "Clusterer.table",
        "Classifier.predict_proba",
        "Restorer.fit",
    ]:
        assert f'id="{name}"' in page, name
    assert str(ROOT) not in page
    assert "widths of the MLP" in page  # the parameters are those of the settings
    assert (tmp_path / "autoencoder" / "errors.html").is_file()
