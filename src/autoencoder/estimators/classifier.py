"""The classifier: an encoder and a head, learned from labelled images."""

from __future__ import annotations

from copy import copy
from pathlib import Path
from typing import Any, Self

import numpy as np

from ..data.listing import ARRAY
from ..data.rules import Rules
from ..errors import DataError, UsageError
from ..settings import Output
from ..settings.classification import Classifier as Knobs
from ..settings.classification import Labelled
from ..settings.fields import parse
from ..storage.classifier import ClassifierRun
from ..storage.new_run import check_free
from ..storage.run import Run
from ..workflows.embeddings import Embeddings
from .autoencoder import Autoencoder, Networks
from .base import RunEstimator, absolute, described, is_path, keywords, values_of

#: What names the training images: they are given to fit.
_GIVEN_TO_FIT = ("train_dir", "train_images", "train_labels")


class Classifier(RunEstimator):
    """A classifier on a fitted encoder: first its head learns, then everything.

    `encoder` is a fitted `Autoencoder`, which stays as it is, also in clones. Other parameters are the flags of
    `flexae classify`; None is what these call auto or none. Nothing is written unless `save_dir` is given.

    Attributes
    ----------
    classes_ : array of n_classes names
        Of the type of `y`, where labels were given; text where they are class folders, and once it was loaded.
    network_ : keras.Model
        Images to probabilities.
    scores_ : dict
    run_ : ClassifierRun or None
        The folder that was left.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> images, digits = load_digits(n_class=2, return_X_y=True)
    >>> images = (images.reshape(-1, 8, 8) / 16).astype("float32")
    >>> ae = Autoencoder(filters=(4,), dims=(8,), train_epochs=1).fit(images)
    >>> Classifier(ae, epochs=2).fit(images, digits).predict(images[:3])
    array([0, 1, 0])
    """

    _kind = "classifier"
    _learned, _run_kind = "network_", ClassifierRun
    __init__ = keywords(
        [Labelled, Knobs], first=("encoder", "units"), without=_GIVEN_TO_FIT, encoder=None, save_dir=None, verbose=1
    )

    def __sklearn_clone__(self) -> Self:
        return type(self)(**self.get_params(deep=False))

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn.

        Parameters
        ----------
        X : path or array
            A folder of class folders, or of any images with `labels`; an idx file; or images as `Autoencoder.fit`
            takes them.
        y : sequence of n values
            The classes of an array's images.

        Raises
        ------
        UserError
            Of any kind. Wrong parameters, images and labels are also `ValueError`.
        """
        if not isinstance(self.encoder, Autoencoder):
            raise UsageError("a classifier needs a fitted encoder: Classifier(Autoencoder().fit(...))")
        self.encoder.check_fitted("networks_")
        from ..model.encoder import encoder_of
        from ..workflows.classify import ClassifierSource, classify
        from ..workflows.labelled import find_labelled, list_labelled, load_labelled

        flags = {name: each for name, each in self.changed().items() if name not in ("encoder", "save_dir", "verbose")}
        place = X if is_path(X) else ARRAY
        labelled, wanted = parse({**flags, **_images(place)}, [Labelled, Knobs])
        if len(wanted.labels_per_class) > 1:
            raise UsageError("labels_per_class: several numbers draw a curve, which flexae classify does; give one")
        network, output = self.encoder.networks_.encoder, self._output()
        check_free(output)
        if is_path(X):
            clustered = None if self.encoder.run_ is None else self.encoder.run_.path
            found = find_labelled(labelled, wanted, self.encoder.rules_, clustered)
        else:
            found = list_labelled(_checked(self.encoder, X, y), labelled, wanted)
        kept = self.encoder.run_
        source = ClassifierSource(
            network,
            labelled,
            kept,
            None if kept is None else kept.encoder,
            self.encoder.settings_.training.augment,
            output,
            found.train.rules,
        )
        data = load_labelled(found, encoder_of(network, Path("the encoder")), labelled.max_bad)
        self._result = classify(source, data, wanted, keep=output.save_dir is not None)
        self.run_, self.scores_ = self._result.run, self._result.evaluation.scores
        return self._keep(self._result.model, _classes(data.classes, y), found.train.rules, self.encoder)

    def _output(self) -> Output:
        folder = None if self.save_dir is None else absolute(self.save_dir)
        return Output(save_dir=folder, save_prefix="classifier", verbose=self.verbose)

    def _keep(self, network: Any, classes: np.ndarray, rules: Rules, encoder: Autoencoder) -> Self:
        self.network_, self.classes_ = network, classes
        self._by_network = copy(encoder)  # which reads images as the encoder did
        self._by_network.networks_, self._by_network.rules_ = Networks(network), rules
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class, float32 of shape (n, n_classes)."""
        return self.probabilities(X).vectors

    def probabilities(self, X: Any) -> Embeddings:
        """Return the probabilities with the names of the files."""
        self.check_fitted("network_")
        return self._by_network.transform(X)

    def predict(self, X: Any) -> np.ndarray:
        """Return the class of each image.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If the images cannot be used. It is also a `ValueError`.
        """
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]

    def score(self, X: Any, y: Any = None) -> float:
        """Return the share of images whose class is right; of a folder's images without `y`, by class folders."""
        found = self.probabilities(X)
        known = found.labels if y is None else y
        if known is None:
            raise DataError("the images have no class folders: give their classes as y")
        # As text: what was loaded does not know whether its classes were numbers.
        predicted = self.classes_[found.vectors.argmax(axis=1)].astype(str)
        return float(np.mean(predicted == np.asarray(known).astype(str)))

    def _write(self, run: Run) -> None:
        from ..model.saved import save
        from ..workflows.save_classifier import save_classifier_results

        assert isinstance(run, ClassifierRun)
        save(self.network_, run.classifier)
        save_classifier_results(run, self._result)

    @classmethod
    def open(cls, run: ClassifierRun) -> Self:
        """Return the classifier that `flexae classify` or `save` left in a folder."""
        classes = np.array(run.classes())
        encoder = Autoencoder.open(run, run.classifier)
        (knobs,) = parse({name: each for name, each in run.flags().items() if name in Knobs.model_fields}, [Knobs])
        estimator = cls(encoder, **values_of(knobs))
        estimator.run_, estimator.scores_ = run, run.scores()
        return estimator._keep(encoder.networks_.encoder, classes, encoder.rules_, encoder)


def _images(place: Any) -> dict[str, Any]:
    """Name the training images by the flag that they belong to: an idx file's, or a folder's."""
    return {"train_images" if Path(place).is_file() else "train_dir": str(place)}


def _checked(encoder: Autoencoder, images: Any, classes: Any) -> Any:
    if classes is None:
        raise DataError("an array of images needs the class of each as y")
    return encoder.source(images, classes)


def _classes(names: list[str], given: Any) -> np.ndarray:
    """Return the classes in the order of their names, of the type that they were given in."""
    if given is None:
        return np.array(names)
    known = {str(each): each for each in np.asarray(given).tolist()}
    return np.array([known[name] for name in names])


Classifier.__doc__ = described(Classifier.__doc__, [Labelled, Knobs], _GIVEN_TO_FIT)
