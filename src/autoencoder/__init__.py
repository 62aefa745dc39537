"""From a folder of images to embeddings, clusters and pictures that a person can judge."""

from __future__ import annotations

TYPE_CHECKING = False  # as in `typing`, which is not worth its import here
if TYPE_CHECKING:
    from .cli import Autoencoder

__all__ = ["Autoencoder"]


def __getattr__(name: str) -> object:
    # Imported where it is asked for: the command line comes first, and is then ready for Ctrl-C.
    if name != "Autoencoder":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .cli import Autoencoder

    return Autoencoder
