"""How far clusters can be trusted, in a word; no label is looked at. docs/decisions/trust.md holds the measurements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

Trust = Literal["strong", "fair", "weak", "none"]

#: Clusters stand out less than so many times as much as in random vectors: there are none.
LEAST_STRUCTURE = 1.3
#: The smaller of two agreements is so much at least: between seeds, and between two methods.
STRONG, FAIR = 0.8, 0.6

#: What a word means to who has to decide.
MEANING: dict[Trust, str] = {
    "strong": "other seeds and another method find the same clusters",
    "fair": "other seeds and another method find most of these clusters: look at them before you use them",
    "weak": "other seeds or another method find other clusters: these are one of several ways to sort the images",
    "none": "the images show no clusters: random numbers of the same spread fall into groups as clear as these",
}


def trust(scores: Mapping[str, Any]) -> Trust | None:
    """Say how far clusters can be trusted.

    Parameters
    ----------
    scores : mapping
        `stability` and `method_agreement` (adjusted Rand indices), `structure` (the silhouette over that of random
        vectors); what is missing or None does not count.

    Returns
    -------
    str or None
        `none` where the structure is below 1.3; otherwise by the smaller of the agreements: `strong` from .8 on, `fair`
        from .6 on, else `weak`. None where nothing is known.

    Examples
    --------
    >>> trust({"stability": 0.9, "method_agreement": 0.7, "structure": 2.0})
    'fair'
    >>> trust({"stability": 0.9, "method_agreement": 0.7, "structure": 1.1})
    'none'
    """
    structure = scores.get("structure")
    if structure is not None and structure < LEAST_STRUCTURE:
        return "none"
    least = agreement(scores)
    if least is None:
        return None
    return "strong" if least >= STRONG else "fair" if least >= FAIR else "weak"


def agreement(scores: Mapping[str, Any]) -> float | None:
    """Return the smaller of the agreements of seeds and of two methods, adjusted Rand indices; None of neither."""
    known = [float(scores[name]) for name in ("stability", "method_agreement") if scores.get(name) is not None]
    return min(known, default=None)
