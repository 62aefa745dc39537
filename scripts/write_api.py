"""Write the pages of the library from its docstrings: `python scripts/write_api.py [FOLDER]`; docs/api otherwise."""

import sys
from pathlib import Path

import checkout
import pdoc
import pdoc.render

import autoencoder

MODULES = ["autoencoder", "autoencoder.errors"]


def write(folder: Path) -> None:
    """Write a page a module, and the page that leads to them."""
    for name in autoencoder.__all__:  # pdoc sees no names that are imported where they are asked for
        setattr(autoencoder, name, getattr(autoencoder, name))
    pdoc.render.configure(docformat="numpy", search=False, show_source=False, footer_text="Flexible Autoencoder")
    pdoc.pdoc(*MODULES, output_directory=folder)


if __name__ == "__main__":
    place = Path(sys.argv[1]) if len(sys.argv) > 1 else checkout.ROOT / "docs" / "api"
    write(place)
    print(f"open {place / 'index.html'}")
