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
    from .workflows.duplicates import duplicates
    from .workflows.go_on import resume
    from .workflows.label_next import label_next
    from .workflows.outliers import outliers
    from .workflows.report import report
    from .workflows.runs import runs
    from .workflows.show import show
    from .workflows.similar import similar
    from .workflows.suspects import suspects
    from .workflows.sweep import sweep

#: Where each name of the library is defined.
_MODULES = {
    "Autoencoder": "estimators.autoencoder",
    "Classifier": "estimators.classifier",
    "Clusterer": "estimators.clusterer",
    "Restorer": "estimators.restorer",
    "correct_clusters": "workflows.correct",
    "duplicates": "workflows.duplicates",
    "label_next": "workflows.label_next",
    "load": "estimators.load",
    "outliers": "workflows.outliers",
    "report": "workflows.report",
    "resume": "workflows.go_on",
    "runs": "workflows.runs",
    "show": "workflows.show",
    "similar": "workflows.similar",
    "suspects": "workflows.suspects",
    "sweep": "workflows.sweep",
}

__all__ = [
    "Autoencoder",
    "Classifier",
    "Clusterer",
    "Restorer",
    "correct_clusters",
    "duplicates",
    "label_next",
    "load",
    "outliers",
    "report",
    "resume",
    "runs",
    "show",
    "similar",
    "suspects",
    "sweep",
]


def __getattr__(name: str) -> object:
    # Imported where it is asked for: the command line comes first, and is then ready for Ctrl-C.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_MODULES[name]}", __name__), name)
