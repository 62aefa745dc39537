"""What a report says in words, for a person who knows nothing of networks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ..clustering.corrected import CORRECTED
from ..metrics.trust import MEANING
from ..page.summary import Grouping
from .embeddings import Embeddings

#: What an agreement of so much or more says, the highest first.
_STABILITIES = {
    0.9: "the groups are stable",
    0.6: "most of each group is stable",
    -1.0: "these groups are one of several ways to sort the images",
}


def sentences(
    embeddings: Embeddings,
    scores: Mapping[str, Any],
    used: int,
    clusterings: Sequence[Grouping],
    left_out: Sequence[tuple[str, str]],
    *,
    local: bool = False,
) -> list[str]:
    """Say what the images are and how they are sorted, how far to trust that, and what was left out.

    Parameters
    ----------
    embeddings : Embeddings
    scores : mapping
        Of the run; none where the network was not trained to rebuild images.
    used : int
        Numbers of the embedding that tell images apart.
    clusterings : sequence of Grouping
        The newest first.
    left_out : sequence of (path, reason)
    local : bool
        Whether the embeddings hold features besides a network's.
    """
    return [
        _what(embeddings, clusterings, local=local),
        _trust(embeddings, scores, used, clusterings),
        _left_out(left_out),
    ]


def _what(embeddings: Embeddings, clusterings: Sequence[Grouping], *, local: bool) -> str:
    count, width = embeddings.shape
    found = (
        "of its edges and colours and of what a network found by itself" if local else "that a network found by itself"
    )
    begin = f"{_number(count, 'image')}, each described by {_number(width, 'number')} {found}"
    if not clusterings:
        return f"{begin}; nothing has sorted them into groups yet."
    newest = clusterings[0]
    groups, apart = _number(newest.k, "group"), _apart(newest)
    if newest.method == CORRECTED:
        moved, parent = newest.scores.get("moved"), newest.scores.get("parent", "another clustering")
        did = (
            f"moved {moved:,} of them from where {parent} had put them"
            if isinstance(moved, int)
            else "corrected groups"
        )
        return f"{begin}; a person {did}, which gives {groups}{apart}."
    how = f"({newest.method}), and nobody told it which"
    return f"{begin}; images with similar numbers form {groups}{apart} {how}."


def _apart(newest: Grouping) -> str:
    noise = int((newest.labels < 0).sum())
    return f", and {noise:,} that belong{'s' if noise == 1 else ''} to none" if noise else ""


def _trust(embeddings: Embeddings, scores: Mapping[str, Any], used: int, clusterings: Sequence[Grouping]) -> str:
    parts = [*(_of_groups(clusterings[0]) if clusterings else []), *_of_network(scores)]
    width = embeddings.shape[1]
    parts.append(f"{used:,} of the {_number(width, 'number')} tell{'s' if used == 1 else ''} images apart")
    return "How far to trust this: " + "; ".join(parts) + "."


def _of_groups(newest: Grouping) -> list[str]:
    scores = newest.scores
    parts = ["the groups are as far to trust as the person who corrected them"] if newest.method == CORRECTED else []
    stability, accuracy, word = scores.get("stability"), scores.get("accuracy"), scores.get("trust")
    if word in MEANING:
        parts.append(f"trust in the groups is {word}: {MEANING[word]}")
    elif isinstance(stability, float):
        least = next(least for least in _STABILITIES if stability >= least)
        parts.append(
            f"sorting again from other random starts agrees by {stability:.2f}, where 1 is the same groups, so "
            f"{_STABILITIES[least]}"
        )
    if isinstance(accuracy, float):
        parts.append(f"{accuracy:.0%} of the images are in the group that fits the folder that they lie in")
    return parts


def _of_network(scores: Mapping[str, Any]) -> list[str]:
    mse, pca = scores.get("valid_mse"), scores.get("pca_mse")
    if not isinstance(mse, float) or not isinstance(pca, float):
        return []
    better = "better than" if mse < pca else "no better than"
    return [
        f"the network rebuilds images that it did not learn from with an error of {mse:.4f}, {better} the {pca:.4f} of "
        "a simple linear method (PCA) with as many numbers"
    ]


def _left_out(left_out: Sequence[tuple[str, str]]) -> str:
    if not left_out:
        return "No file was left out."
    reasons = Counter(reason for _, reason in left_out).most_common(3)
    said = "; ".join(f"{reason} ({count:,})" for reason, count in reasons)
    more = len({reason for _, reason in left_out}) - len(reasons)
    verb = "file was" if len(left_out) == 1 else "files were"
    return f"{len(left_out):,} {verb} left out: {said}{f'; and {more:,} other reasons' if more else ''}."


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
