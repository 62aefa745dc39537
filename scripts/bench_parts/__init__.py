"""The parts of the benchmark, a module each; `scripts/bench.py` has their table."""

import checkout  # noqa: F401 - finds the package
