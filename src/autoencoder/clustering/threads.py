"""How many threads the linear algebra of clustering may use: one."""

from contextlib import AbstractContextManager


def one_blas_thread() -> AbstractContextManager:
    """Hold the BLAS library to one thread for the length of a `with` block.

    Sums cut over threads differ in the last digit from machine to machine, so a seed would not mean the same
    clusters; and the many small products here lose more by waiting for threads than they gain.
    """
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1, "blas")


def one_openmp_thread() -> AbstractContextManager:
    """Hold OpenMP to one thread for the length of a `with` block.

    The threads of scikit-learn's k-means add their sums in the order in which they finish, so that the last digits
    differ from run to run.
    """
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1, "openmp")
