"""Lets a script of this checkout find the package: `import checkout` before anything of `autoencoder`."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src"
#: For programs that a script starts, which must find it as well.
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(SOURCE), os.environ.get("PYTHONPATH")]))}

sys.path.insert(0, str(SOURCE))
