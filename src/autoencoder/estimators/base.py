"""What all estimators share: parameters by scikit-learn's conventions, taken from the documented settings.

scikit-learn's own base class is not inherited from: to import it takes four times as long as a whole command line that
is refused. Its functions (`clone`, `Pipeline`, `cross_val_predict`) ask for no more than what stands here.
"""

from __future__ import annotations

import inspect
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic_core import PydanticUndefined

from ..digests import digest_file
from ..files import disk_errors
from ..settings import Output
from ..settings.fields import Section, fields, nearest
from ..storage.new_run import create
from ..storage.run import Run

#: What a knob is called here where its own name is a method's: `--fit=crop` is `Autoencoder(fitting="crop")`.
RENAMED = {"fit": "fitting"}
_KNOBS = {name: flag for flag, name in RENAMED.items()}


def keywords(
    sections: Iterable[type[Section]], *, first: Iterable[str] = (), without: Iterable[str] = (), **more: Any
) -> Callable[..., None]:
    """Return an `__init__` with a parameter for each field of settings, which keeps it as it is given.

    Parameters
    ----------
    sections : iterable of Section classes
        Their fields, with their defaults.
    first : iterable of str
        Those that may also be given by their place.
    without : iterable of str
        Fields that are left out.
    **more
        Parameters that are no fields, with their defaults.
    """
    defaults = {
        RENAMED.get(name, name): None if field.default is PydanticUndefined else field.default
        for name, field in fields(sections).items()
        if name not in without
    } | more
    order = [*first, *(name for name in defaults if name not in first)]
    kinds = dict.fromkeys(first, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = [
        inspect.Parameter(name, kinds.get(name, inspect.Parameter.KEYWORD_ONLY), default=defaults[name])
        for name in order
    ]
    signature = inspect.Signature([inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD), *parameters])

    def __init__(self: Any, *values: Any, **named: Any) -> None:
        given = signature.bind(self, *values, **named)
        given.apply_defaults()
        for name, value in list(given.arguments.items())[1:]:
            setattr(self, name, value)

    __init__.__signature__ = signature  # type: ignore[attr-defined]
    return __init__


def described(doc: str | None, sections: Iterable[type[Section]], without: Iterable[str] = ()) -> str:
    """Return a docstring with its parameters listed before its attributes, from what the settings say of them."""
    lines = [
        f"{RENAMED.get(name, name)} : default {field.default!r}\n    {field.description}"
        for name, field in fields(sections).items()
        if name not in without
    ]
    listed = "\n".join(["Parameters", "----------", *lines])
    # Python 3.13 has taken the indentation away already.
    return inspect.cleandoc(doc or "").replace("\nAttributes\n", f"\n{listed}\n\nAttributes\n", 1)


def is_path(images: Any) -> bool:
    """Whether images are named by a path, and are not an array."""
    return isinstance(images, str | os.PathLike)


class Estimator:
    """Parameters that are given, kept, shown, changed and copied as those of scikit-learn's estimators."""

    if TYPE_CHECKING:  # parameters are attributes

        def __getattr__(self, name: str) -> Any: ...

    @classmethod
    def _parameters(cls) -> Mapping[str, inspect.Parameter]:
        return {name: each for name, each in inspect.signature(cls.__init__).parameters.items() if name != "self"}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name; if `deep`, also those of an estimator among them, as `encoder__filters`."""
        found = {name: getattr(self, name) for name in self._parameters()}
        inner = {name: value for name, value in found.items() if deep and isinstance(value, Estimator)}
        return found | {f"{name}__{key}": each for name, one in inner.items() for key, each in one.get_params().items()}

    def set_params(self, **params: Any) -> Self:
        """Change parameters by name.

        Raises
        ------
        ValueError
            If there is no such parameter.
        """
        known = self.get_params()
        for name, value in params.items():
            if name not in known:
                raise ValueError(f"{type(self).__name__} has no parameter {name!r}{nearest(name, known)}")
            outer, _, inner = name.partition("__")
            if inner:
                getattr(self, outer).set_params(**{inner: value})
            else:
                setattr(self, name, value)
        return self

    def changed(self) -> dict[str, Any]:
        """Return the parameters that have another value than their default, by the names of their flags."""
        every = {name: (getattr(self, name), each.default) for name, each in self._parameters().items()}
        return {
            _KNOBS.get(name, name): value
            for name, (value, default) in every.items()
            if value is not default and not _equal(value, default)
        }

    def __repr__(self) -> str:
        given = (f"{RENAMED.get(name, name)}={value!r}" for name, value in self.changed().items())
        return f"{type(self).__name__}({', '.join(given)})"

    def check_fitted(self, learned: str) -> None:
        """Refuse to be used before `fit`.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If there is no attribute `learned`.
        """
        if not hasattr(self, learned):
            from sklearn.exceptions import NotFittedError

            raise NotFittedError(f"this {type(self).__name__} is not fitted yet: call fit, or load a saved one")

    #: What scikit-learn calls its kind; and whether it takes vectors, or images alone.
    _kind: ClassVar[str | None] = None
    _takes_vectors: ClassVar[bool] = False

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn asks an estimator about itself."""
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags, TransformerTags

        return Tags(
            estimator_type=self._kind,
            target_tags=TargetTags(required=self._kind == "classifier"),
            transformer_tags=TransformerTags() if hasattr(self, "transform") else None,
            classifier_tags=ClassifierTags() if self._kind == "classifier" else None,
            input_tags=InputTags(two_d_array=self._takes_vectors, three_d_array=not self._takes_vectors),
        )


class RunEstimator(Estimator):
    """An estimator that is saved as a run's folder."""

    #: The attribute that `fit` gives, and what lies in a run's folder and was made from it later.
    _learned: ClassVar[str]
    _made_later: ClassVar[tuple[str, ...]] = ()
    _run_kind: ClassVar[type[Run]] = Run

    def save(self, path: str | os.PathLike[str]) -> Run:
        """Write what the command leaves into a new folder; every command and `load` take it.

        Raises
        ------
        NotFittedError
            Before `fit`.
        UsageError
            If the folder already holds something.
        DiskError
            If it cannot be written.
        """
        self.check_fitted(self._learned)
        run = self._run_kind(new_run(path, self.run_, without=self._made_later).path)
        if self.run_ is None:
            self._write(run)
        return run

    def _write(self, run: Run) -> None:
        """Write all that `fit` gave into a run's folder, which is empty."""
        raise NotImplementedError


def values_of(*sections: Section) -> dict[str, Any]:
    """Return the values of checked settings as parameters, by their names here; without those that are defaults."""
    return {
        RENAMED.get(name, name): getattr(section, name)
        for section in sections
        for name, field in type(section).model_fields.items()
        if getattr(section, name) != field.default
    }


def _equal(value: Any, default: Any) -> bool:
    return type(value) is type(default) and bool(value == default)


def new_run(path: Any, former: Run | None = None, *, without: Iterable[str] = ()) -> Run:
    """Make the folder of a run, and copy what a former one holds, but for some of it.

    Raises
    ------
    UsageError
        If the folder already holds something.
    DiskError
        If it cannot be written.
    """
    run = create(Output(save_dir=absolute(path)), datetime.now())
    if former is not None:
        with disk_errors(run.path):
            shutil.copytree(former.path, run.path, ignore=_not_copied(without), dirs_exist_ok=True)
    return run


def _not_copied(without: Iterable[str]) -> Callable[[Any, list[str]], set[str]]:
    """Return what `copytree` asks: which names of a folder stay; of hidden ones, digests go along with their files."""
    left = shutil.ignore_patterns(*without)

    def ignore(folder: Any, names: list[str]) -> set[str]:
        stay = set(left(folder, names))
        digests = {digest_file(Path(name)).name for name in set(names) - stay}
        return stay | {name for name in names if name.startswith(".") and name not in digests}

    return ignore


def absolute(path: Any) -> Path:
    """Return where a path leads, `~` and all."""
    return Path(path).expanduser().absolute()
