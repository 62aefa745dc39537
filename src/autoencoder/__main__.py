"""`python -m src.autoencoder` in a checkout, `python -m autoencoder` where installed."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
