"""What a saved clustering holds: the arrays, their shapes and what their numbers may be."""

import numpy as np

from ..errors import ModelFileError
from .clustering import NOISE, Clustering
from .corrected import ARRAYS, CORRECTED, parent_of
from .method import Rule
from .methods import METHODS

#: The arrays that every clustering has, the fields of `Clustering`.
OWN = {
    "labels": Rule("n", True, NOISE, below="k"),
    "distances": Rule("n", least=0),
    "confidence": Rule("n", least=0, most=1.001),  # shares of 1 may be rounded up
    "second": Rule("n", True, NOISE, below="k"),
    "centers": Rule("kd"),
}
_LEAST = float(np.finfo(np.float32).tiny)


def fault(clustering: Clustering) -> str | None:
    """Say what is wrong with a clustering that was read, or None where it can be used.

    Parameters
    ----------
    clustering : Clustering
        Of any content, but for the fields' names.
    """
    k, method = clustering.k, clustering.method
    if not isinstance(method, str) or method not in {*METHODS, CORRECTED}:
        return f"its method is {method!r}, which is none of {', '.join(METHODS)}"
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        return f"its number of clusters is {k!r}, which is no whole number from 1"
    if not isinstance(clustering.settings, dict):
        return f"its settings are a {type(clustering.settings).__name__}, not names with values"
    own = {name: getattr(clustering, name) for name in OWN}
    needed = ARRAYS if method == CORRECTED else METHODS[method].arrays
    missing = [name for name in needed if name not in clustering.arrays]
    if missing:
        return f"the arrays {', '.join(missing)} are missing, which {method} needs"
    sizes = {"k": k}
    rules = {**OWN, **needed}
    misfits = (_misfit(name, {**clustering.arrays, **own}[name], rule, sizes) for name, rule in rules.items())
    wrong = next(filter(None, misfits), None)
    if wrong is None and method == CORRECTED:
        return _fault_of_parent(clustering)
    return wrong or _impossible(clustering)


def _fault_of_parent(clustering: Clustering) -> str | None:
    """Say what is wrong with the clustering that was corrected, which places new vectors before they are moved."""
    try:
        parent = parent_of(clustering)
    except ModelFileError as error:
        return str(error)
    wrong = fault(parent)
    if wrong is None and parent.centers.shape[1] != clustering.centers.shape[1]:
        wrong = "its centres are of another width"
    return wrong and f"in what was corrected, {wrong}"


def _misfit(name: str, array: np.ndarray, rule: Rule, sizes: dict[str, int]) -> str | None:
    if array.dtype.kind != ("i" if rule.whole else "f"):
        return f"{name} holds {array.dtype}, not {'whole' if rule.whole else 'floating-point'} numbers"
    if array.ndim != len(rule.sizes) or 0 in array.shape:
        return f"{name} has shape {array.shape}"
    for letter, size in zip(rule.sizes, array.shape, strict=True):
        if sizes.setdefault(letter, size) != size:
            return f"{name} has shape {array.shape}, which does not fit the others: {size} is not {sizes[letter]}"
    if not np.isfinite(array).all():
        return f"{name} holds NaN or infinity"
    low, high = array.min(), array.max()
    if low < rule.least or high > rule.most or (rule.below and high >= sizes[rule.below]):
        return f"{name} holds numbers from {low} to {high}, outside its range"
    return None


def _impossible(clustering: Clustering) -> str | None:
    """What fits by shape and range, and yet no fit can give; all else is known to be right."""
    arrays = clustering.arrays
    if clustering.method != "hdbscan" and NOISE in clustering.labels:
        return f"labels hold {NOISE}, but {clustering.method} leaves no image out"
    if clustering.method == "self_label" and len(np.unique(arrays["order"])) < clustering.k:
        return "order names a cluster twice"
    if clustering.method in ("gmm", "umap_gmm"):
        if arrays["weights"].min() < _LEAST:
            return "weights hold zero"
        if np.einsum("kdd->kd", arrays["precisions_cholesky"]).min() < _LEAST:
            return "precisions_cholesky holds a matrix that is not positive definite"
    return None
