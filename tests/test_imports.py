"""Imports point down only: the order of the levels is the project's shape."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "autoencoder"
LEVELS = [
    {"errors"},
    {"archives", "files", "progress", "sampling", "signals", "tensorflow_start"},
    {"digests"},
    {"settings"},
    {"losses", "metrics"},
    {"clustering", "data", "model"},
    {"storage", "training"},
    {"deep"},
    {"plots"},
    {"page"},
    {"workflows"},
    {"estimators"},
    {"cli"},
    {"__init__", "__main__"},
]
RANK = {name: number for number, names in enumerate(LEVELS) for name in names}
MODULES = sorted(PACKAGE.rglob("*.py"))


def part(path: Path) -> str:
    inside = path.relative_to(PACKAGE)
    return inside.parts[0].removesuffix(".py")


def imported(path: Path):
    """The parts of the package that the module imports, anywhere in it."""
    depth = len(path.relative_to(PACKAGE).parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            if node.level < depth:
                yield part(path), node.lineno
            elif node.module:
                yield node.module.split(".")[0], node.lineno
            else:
                yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("autoencoder"):
            pytest.fail(f"{path}:{node.lineno}: imports inside the package are relative")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path):
    own = part(path)
    for name, line in imported(path):
        same_package = name == own and len(path.relative_to(PACKAGE).parts) > 1
        assert same_package or RANK[name] < RANK[own], f"{path.name}:{line}: {own} must not import {name}"


def test_commands_do_not_import_each_other():
    for path in (PACKAGE / "cli" / "commands").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.ImportFrom) and node.level == 1), f"{path.name}:{node.lineno}"


def test_no_module_is_longer_than_300_lines():
    long = {str(each): count for each in PACKAGE.rglob("*.py") if (count := len(each.read_text().splitlines())) > 300}
    assert long == {}


def test_the_command_line_starts_without_heavy_libraries(program):
    loaded = (
        "import sys, autoencoder; print(sorted({'tensorflow', 'keras', 'sklearn', 'pandas', 'cv2'} & set(sys.modules)))"
    )
    import os
    import subprocess
    import sys

    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    result = subprocess.run([sys.executable, "-c", loaded], env=environment, capture_output=True, text=True)
    assert result.stdout.strip() == "[]", result.stderr
