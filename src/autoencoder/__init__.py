"""From a folder of images to embeddings, clusters and pictures that a person can judge."""

from __future__ import annotations

TYPE_CHECKING = False  # as in `typing`, which is not worth its import here
if TYPE_CHECKING:
    from .estimators.autoencoder import Autoencoder
    from .estimators.classifier import Classifier
    from .estimators.clusterer import Clusterer
    from .estimators.load import load
    from .estimators.restorer import Restorer
    from .workflows.correct import correct_clusters
    from .workflows.label_next import label_next

__all__ = ["Autoencoder", "Classifier", "Clusterer", "Restorer", "correct_clusters", "label_next", "load"]

#: Functions of workflows/, and the module of each; all else is in estimators/.
_WORKFLOWS = {"correct_clusters": "correct", "label_next": "label_next"}


def __getattr__(name: str) -> object:
    # Imported where it is asked for: the command line comes first, and is then ready for Ctrl-C.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    place = f".workflows.{_WORKFLOWS[name]}" if name in _WORKFLOWS else f".estimators.{name.lower()}"
    return getattr(import_module(place, __name__), name)
