"""How many threads the arithmetic of clustering may use: one."""

import contextlib
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """Hold the BLAS library to one thread for the length of a `with` block.

    Sums cut over threads differ in the last digit from machine to machine, so a seed would not mean the same
    clusters; and the many small products here lose more by waiting for threads than they gain.
    """
    with _one_thread("blas"):
        yield


@contextlib.contextmanager
def one_openmp_thread() -> Iterator[None]:
    """Hold OpenMP to one thread for the length of a `with` block.

    The threads of scikit-learn's k-means add their sums in the order in which they finish, so that the last digits
    differ from run to run.
    """
    with _one_thread("openmp"):
        yield


@contextlib.contextmanager
def _one_thread(library: str) -> Iterator[None]:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, library), warnings.catch_warnings():
        # In a container that does not list them joblib says so, though nobody asks for more than one.
        warnings.filterwarnings("ignore", "Could not find the number of physical cores")
        yield
