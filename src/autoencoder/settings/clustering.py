"""The knobs of clustering, in sections that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from ..errors import UsageError
from .fields import Section
from .types import PositiveInt

#: Methods that cluster the embeddings as they are, and those that train the encoder further.
Method = Literal[
    "kmeans",
    "minibatch",
    "gmm",
    "hdbscan",
    "agglomerative",
    "umap_gmm",
    "dec",
    "idec",
    "self_label",
]


class Clusters(Section):
    """How the embeddings are clustered."""

    method: Method = Field(
        "kmeans",
        description="kmeans, minibatch, gmm, agglomerative (Ward), umap_gmm (N2D), hdbscan (finds the number of "
        "clusters itself), or deep: dec, idec, self_label train the encoder further and leave a new run",
    )
    k: Annotated[int, Field(ge=2)] | None = Field(
        None, description="how many clusters; auto: propose a range with its curve, and take its best"
    )
    k_min: Annotated[int, Field(ge=2)] = Field(2, description="smallest number of clusters that auto considers")
    k_max: Annotated[int, Field(ge=2)] = Field(20, description="largest number of clusters that auto considers")
    start: Literal["kmeans", "gmm", "umap_gmm"] | None = Field(
        None,
        description="deep methods: the clusters that they begin with; auto: kmeans or gmm, whichever agrees more with "
        "a graph of images that look alike",
    )
    rounds: PositiveInt = Field(4, description="deep methods: passes over the images, at most")
    refine_rate: Annotated[float, Field(gt=0)] = Field(
        0.001, description="deep methods: learning rate, which falls to nothing along a cosine"
    )

    @model_validator(mode="after")
    def _check(self) -> Clusters:
        if self.method == "hdbscan" and self.k is not None:
            raise ValueError("--method=hdbscan finds the number of clusters itself; leave out --k")
        if self.k_min >= self.k_max:
            raise ValueError(f"--k_min={self.k_min} must be smaller than --k_max={self.k_max}")
        return self

    @property
    def deep(self) -> bool:
        """Whether the method trains the encoder further."""
        return self.method in ("dec", "idec", "self_label")

    def check_count(self, count: int) -> None:
        """Refuse more clusters than there are images, before any work.

        Raises
        ------
        UsageError
            Says how many images there are.
        """
        flag = "k_min" if self.k is None else "k"
        asked = getattr(self, flag)
        if self.method != "hdbscan" and asked > count:
            raise UsageError(f"--{flag}={asked}: there are {count} images, and a cluster needs one at least; lower it")


class Export(Section):
    """Clusters as folders of files."""

    export: Path | None = Field(None, description="also make this folder, with one folder of files per cluster")
    link: bool = Field(False, description="export links instead of copies")
    names: Path | None = Field(
        None, description="a CSV (cluster,name) of names that a person gave; folders and pictures then show them"
    )
    overwrite: bool = Field(False, description="let export write into a folder that is not empty")

    @model_validator(mode="after")
    def _check(self) -> Export:
        if self.link and self.export is None:
            raise ValueError("--link says how --export writes; name a folder with --export")
        return self
