"""The clusterer: embeddings, or images by an encoder, to clusters."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..clustering import Assignment, Clustering, assign, fit, read
from ..clustering.corrected import method_of
from ..clustering.drift import Drift, drift
from ..data.listing import ARRAY
from ..data.source import ImageSource
from ..data.tables import any_names, open_table
from ..errors import ModelFileError, UsageError
from ..settings import Output
from ..settings.clustering import Clusters
from ..settings.fields import parse
from ..storage.clustering import ClusterFolder
from ..storage.new_run import check_free
from ..storage.provenance import NAME, Provenance, encoder_record, keep_folder, read_provenance
from ..storage.run import Run
from ..workflows.embeddings import Embeddings
from .autoencoder import Autoencoder, Networks
from .base import Estimator, absolute, described, is_path, keywords, new_run

if TYPE_CHECKING:
    import pandas

    from ..data.listing import Images


#: The images of vectors that came alone.
UNKNOWN = ImageSource(ARRAY)


class Clusterer(Estimator):
    """Clusters, by any method of `flexae cluster`.

    `encoder` is a fitted `Autoencoder`: with it images are clustered, and the deep methods train a copy of it further.
    Without one, embeddings or any vectors are.

    Attributes
    ----------
    labels_ : int32 array of shape (n,)
        The cluster of each image or vector; -1 is noise. 0 is the largest cluster.
    confidence_, distances_ : float32 arrays of shape (n,)
        From 0, could as well be elsewhere, to 1, certain; and how far the cluster's centre is.
    cluster_centers_ : float32 array of shape (k, d)
    clustering_ : Clustering
        All of it together.
    proposal_ : Proposal or None
        How the number of clusters was chosen, where it was.
    encoder_ : Autoencoder or None
        What makes embeddings of new images.

    Examples
    --------
    >>> import numpy as np
    >>> vectors = np.repeat([[0.0, 0.0], [9.0, 9.0]], 10, axis=0) + np.linspace(0, 1, 20)[:, None]
    >>> found = Clusterer("kmeans", k=2).fit(vectors)
    >>> found.predict([[9.0, 8.0]]) == found.labels_[-1]
    array([ True])
    """

    _kind, _takes_vectors = "clusterer", True
    __init__ = keywords([Clusters], first=("method", "k"), encoder=None, seed=1)

    def fit(self, X: Any, y: Any = None) -> Self:
        """Cluster.

        Parameters
        ----------
        X : Embeddings, array of shape (n, d), or with an encoder images as `Autoencoder.fit` takes them
        y : None
            Not used.

        Raises
        ------
        UsageError
            If a parameter does not fit. It is also a `ValueError`, as are the others.
        DataError
            If the vectors are not finite, or fewer of them differ than there shall be clusters.
        """
        flags = {name: value for name, value in self.changed().items() if name not in ("encoder", "seed")}
        (wanted,) = parse(flags, [Clusters])
        if wanted.deep and self.encoder is None:
            raise UsageError(
                f"{wanted.method} trains an encoder further: give it, as in encoder=Autoencoder().fit(...)"
            )
        embeddings, images = self._embedded(X, fitting=True)
        from ..workflows.cluster_scores import propose

        self.proposal_ = propose(embeddings, wanted, self.seed)
        k = self.proposal_.best if self.proposal_ else wanted.k
        self.encoder_, self._folder = self.encoder, None
        self._made = None if images is None else embeddings.source.to_record(images)
        if wanted.deep:
            assert images is not None
            found, embeddings = self._refine(embeddings, images, wanted.model_copy(update={"k": k}))
        else:
            found = fit(embeddings.vectors, wanted.method, k, self.seed)
        return self._keep(found, embeddings)

    def _keep(self, found: Clustering, embeddings: Embeddings) -> Self:
        self.clustering_, self.embeddings_ = found, embeddings
        self.labels_, self.confidence_, self.distances_ = found.labels, found.confidence, found.distances
        self.cluster_centers_, self.n_features_in_ = found.centers, found.centers.shape[1]
        return self

    def _refine(self, embeddings: Embeddings, images: Images, wanted: Clusters) -> tuple[Clustering, Embeddings]:
        """Train a copy of the encoder further."""
        from copy import copy

        from ..model.classifier import copied
        from ..workflows.refine import deep_models, refine_encoder

        given = self.encoder.networks_
        decoder = None
        if wanted.method == "idec":
            if given.decoder is None:
                raise ModelFileError("idec needs the decoder beside the encoder, and there is only an encoder here")
            decoder = copied(given.decoder)
        models = deep_models(copied(given.encoder), decoder)
        augment = self.encoder.settings_.training.augment
        found, fresh, learned, _ = refine_encoder(models, embeddings, images, wanted, self.seed, augment)
        if learned is not None:
            self.encoder_ = copy(self.encoder)
            self.encoder_.networks_, self.encoder_.run_ = Networks(learned), None
        return found, fresh

    def _embedded(self, given: Any, *, fitting: bool = False) -> tuple[Embeddings, Images | None]:
        encoder = self.encoder if fitting else self.encoder_
        if isinstance(given, Embeddings):
            return given, None
        if is_path(given) or (np.ndim(given) > 2 and encoder is not None):
            if encoder is None:
                raise UsageError("images need an encoder, as in Clusterer(encoder=Autoencoder().fit(...))")
            return encoder.embed(given)
        from sklearn.utils.validation import validate_data

        vectors = validate_data(
            self, given, reset=fitting, dtype=[np.float32, np.float64], ensure_min_samples=1 + fitting
        )
        paths = tuple(f"#{row:06d}" for row in range(len(vectors)))
        return Embeddings(vectors, paths, None, UNKNOWN), None

    def fit_predict(self, X: Any, y: Any = None) -> np.ndarray:
        """Cluster, and return the labels."""
        return self.fit(X).labels_

    def assign(self, X: Any) -> Assignment:
        """Return the cluster of each new image or vector with its distance, its confidence and the second-best one."""
        self.check_fitted("clustering_")
        return assign(self.clustering_, self._embedded(X)[0].vectors)

    def predict(self, X: Any) -> np.ndarray:
        """Return the cluster of each new image or vector, int32 of shape (n,).

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If they cannot be used. It is also a `ValueError`.
        """
        return self.assign(X).labels

    def drift(self, X: Any) -> Drift | None:
        """Say how far new images or vectors lie from those that were clustered, as `flexae assign` does.

        Returns
        -------
        Drift or None
            `quantiles`, float32 of shape (n,), the share of those clustered that lie nearer to their centre than this
            one to its; `beyond`, how many lie farther than 99% of them; `drifted`, whether these are more than chance
            gives; `sentence`, all that in words. None where fewer than 20 were clustered.

        Examples
        --------
        >>> import numpy as np
        >>> vectors = np.repeat([[0.0, 0.0], [9.0, 9.0]], 10, axis=0) + np.linspace(0, 1, 20)[:, None]
        >>> seen = Clusterer("kmeans", k=2).fit(vectors).drift([[0.2, 0.2], [40.0, -40.0]])
        >>> seen.beyond, seen.quantiles.argmax()
        (1, np.int64(1))
        """
        assigned = self.assign(X)
        return drift(self.clustering_, assigned)

    def table(self, X: Any = None) -> pandas.DataFrame:
        """Return a row an image or vector: path, cluster, distance, confidence, second; of new ones where given."""
        import pandas

        self.check_fitted("clustering_")
        embeddings = self.embeddings_ if X is None else self._embedded(X)[0]
        placed: Clustering | Assignment = (
            self.clustering_ if X is None else assign(self.clustering_, embeddings.vectors)
        )
        columns = {
            "path": embeddings.paths,
            "cluster": placed.labels,
            "distance": placed.distances,
            "confidence": placed.confidence,
            "second": placed.second,
        }
        with any_names():
            return pandas.DataFrame(columns)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the tables, scores and arrays of `flexae cluster` into a new folder, and the encoder if there is one.

        Raises
        ------
        UsageError
            If the folder already holds something.
        DiskError
            If it cannot be written.
        """
        self.check_fitted("clustering_")
        if self._folder is not None:
            return new_run(path, Run(self._folder)).path
        from ..workflows.cluster import write_clustering
        from ..workflows.cluster_scores import cluster_scores

        check_free(Output(save_dir=absolute(path)))
        scores = cluster_scores(self.embeddings_, self.clustering_, self.seed)
        settings = {name: value for name, value in self.get_params(deep=False).items() if name != "encoder"}
        with self._encoder_file() as encoder:
            record = None if encoder is None else encoder_record(encoder)
            made = Provenance("cluster", settings, self._made, record)

            def fill(place: Path) -> None:
                write_clustering(ClusterFolder(place), encoder, self.embeddings_, self.clustering_, scores)

            return keep_folder(absolute(path), made, fill)

    @contextlib.contextmanager
    def _encoder_file(self) -> Iterator[Path | None]:
        """Give the file of the encoder: that of its run, or one that is there for as long as it is needed."""
        if self.encoder_ is None or self.encoder_.run_ is not None:
            yield None if self.encoder_ is None else self.encoder_.run_.encoder
            return
        from ..model.saved import save

        with tempfile.TemporaryDirectory() as place:
            save(self.encoder_.networks_.encoder, Path(place, "encoder.keras"))
            yield Path(place, "encoder.keras")

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Return the clusterer that `flexae cluster` or `save` left in a folder."""
        found, kept = read(folder), ClusterFolder(folder)
        made = read_provenance(folder / NAME)
        asked = {} if made is None else {name: made.settings[name] for name in _names(cls) if name in made.settings}
        estimator = cls(**{**asked, "method": method_of(found), "k": found.k})
        source = kept.source()
        if any(folder.glob("encoder.*")):
            rules = None if source is None else source.rules
            estimator.encoder = Autoencoder.open(Run(folder), kept.encoder(), rules)
        estimator.encoder_, estimator._made = estimator.encoder, made and made.source
        estimator.proposal_, estimator._folder = None, folder
        with open_table(kept.table) as table:
            paths = tuple(cells[table.column(("path",)) or 0] for _, cells in table.rows)
        # The vectors are not kept; whoever wants them transforms the images again.
        return estimator._keep(found, Embeddings(np.empty((len(paths), 0), np.float32), paths, None, source or UNKNOWN))


def _names(cls: type[Clusterer]) -> list[str]:
    return [name for name in cls._parameters() if name != "encoder"]


Clusterer.__doc__ = described(Clusterer.__doc__, [Clusters])
