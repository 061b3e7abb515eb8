"""Tasks in parallel through joblib: in this process, in several, or on a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any


def in_parallel(
    function: Callable[..., Any],
    arguments: Iterable[tuple[Any, ...]],
    *,
    n_jobs: int = 1,
    cluster: str | None = None,
) -> Iterator[Any]:
    """Yield `function(*arguments)` of every tuple, as they are finished, in no order.

    Parameters
    ----------
    function : Callable[..., Any]
        A function of a module, so that workers can find it.
    arguments : Iterable[tuple[Any, ...]]
        One tuple a task.
    n_jobs : int, optional
        Processes; 1 works in this one, a task at a time and in order.
    cluster : str | None, optional
        Address of a Dask scheduler, whose workers do it instead.
    """
    if n_jobs == 1 and cluster is None:
        for each in arguments:
            yield function(*each)
        return
    from joblib import Parallel, delayed

    with backend(cluster):
        parallel = Parallel(n_jobs=-1 if cluster else n_jobs, return_as="generator_unordered")
        yield from parallel(delayed(function)(*each) for each in arguments)


@contextmanager
def backend(cluster: str | None) -> Iterator[None]:
    """Open joblib's processes, or the Dask cluster at an address.

    Raises
    ------
    OSError
        When nobody answers at the address.
    """
    if cluster is None:
        yield
        return
    from dask.distributed import Client
    from joblib import parallel_config

    with (
        Client(cluster) as client,  # type: ignore[no-untyped-call]
        parallel_config(backend="dask", wait_for_workers_timeout=60, client=client),
    ):
        yield
