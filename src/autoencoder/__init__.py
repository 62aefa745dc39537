"""From a folder of images to embeddings, clusters and pictures that a person can judge."""

from __future__ import annotations

TYPE_CHECKING = False  # as in `typing`, which is not worth its import here
if TYPE_CHECKING:
    from .estimators.autoencoder import Autoencoder
    from .estimators.classifier import Classifier
    from .estimators.clusterer import Clusterer
    from .estimators.load import load
    from .estimators.restorer import Restorer
    from .workflows.report import report

__all__ = ["Autoencoder", "Classifier", "Clusterer", "Restorer", "load", "report"]
#: The work of a command, by its name; all else are estimators.
_WORKFLOWS = {"report": "workflows.report"}


def __getattr__(name: str) -> object:
    # Imported where it is asked for: the command line comes first, and is then ready for Ctrl-C.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_WORKFLOWS.get(name, f'estimators.{name.lower()}')}", __name__), name)
