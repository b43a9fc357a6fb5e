"""The one seam for work that maps over independent pieces: here, in a local pool, or on a Dask cluster."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module, util
from typing import Any, Protocol, TypeVar

from tqdm import tqdm

from perennial.io.process import die_with_parent
from perennial.refusal import Refusal

Piece = TypeVar("Piece")
Result = TypeVar("Result")


Stop = Callable[[], object]


class Mapper(Protocol):
    """Applies a function to every piece; results come in the order of the pieces, the first exception is raised."""

    def __call__(
        self,
        function: Callable[[Piece], Result],
        pieces: Sequence[Piece],
        /,
        *,
        label: str | None = None,
        stop: Stop | None = None,
    ) -> list[Result]:
        """Return `function` of each piece; with a `label`, show on a terminal how many are done.

        When `stop` says so after a piece, what was asked after that one is left: the result is shorter, never empty.
        """


@dataclass(frozen=True)
class Engine:
    """Where pieces run: `map` over them, at most `workers` at a time, each allowed `threads` threads."""

    map: Mapper
    workers: int
    threads: int


def count_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def plan_workers(workers: int, pieces: int, cores: int) -> tuple[int, int]:
    """Return (processes, threads in each): never more processes than `workers` (0: one per core) or pieces.

    Where `workers` is 0, cores that no process takes become threads; a number of workers is also a number of cores.
    """
    if workers < 0:
        raise Refusal(f"engine.workers is {workers}: give a number of processes, or 0 for one per core.")
    processes = max(1, min(workers or cores, pieces))
    return processes, 1 if workers else max(1, cores // processes)


def _watch(results: Iterable[Result], total: int, label: str | None, stop: Stop | None) -> list[Result]:
    done: list[Result] = []
    for result in tqdm(results, total=total, desc=label, disable=None if label else True):
        done.append(result)
        if stop is not None and stop():
            break
    return done


def map_here(
    function: Callable[[Piece], Result],
    pieces: Sequence[Piece],
    *,
    label: str | None = None,
    stop: Stop | None = None,
) -> list[Result]:
    """Apply `function` to each piece in this process."""
    return _watch(map(function, pieces), len(pieces), label, stop)


def _start_worker(parent: int) -> None:
    die_with_parent()
    if os.getppid() != parent:  # the parent ended while this process was starting
        os._exit(1)
    os.environ["OMP_NUM_THREADS"] = "1"


@contextmanager
def _deaf_children() -> Iterator[None]:
    """Start processes that do not hear ctrl-C: it is for their parent, which lets them finish or ends them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _local_pool(workers: int) -> Iterator[Mapper]:
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker, initargs=(os.getpid(),))
    running: list[Future[Any]] = []

    def map_pool(
        function: Callable[[Piece], Result],
        pieces: Sequence[Piece],
        *,
        label: str | None = None,
        stop: Stop | None = None,
    ) -> list[Result]:
        with _deaf_children():
            futures = [pool.submit(function, piece) for piece in pieces]
        try:
            return _watch((future.result() for future in futures), len(futures), label, stop)
        finally:
            running[:] = [future for future in [*running, *futures] if not future.cancel() and not future.done()]

    try:
        yield map_pool
    finally:
        if not all(future.done() for future in running):  # nobody waits for these pieces
            for worker in multiprocessing.active_children():
                worker.kill()
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _cluster(scheduler: str) -> Iterator[tuple[Mapper, int]]:
    if util.find_spec("distributed") is None:
        raise Refusal(f"engine.scheduler is {scheduler}, but Dask is absent: install requirements/dask.txt.")
    client = import_module("distributed").Client(scheduler, set_as_default=False)

    def map_cluster(
        function: Callable[[Piece], Result],
        pieces: Sequence[Piece],
        *,
        label: str | None = None,
        stop: Stop | None = None,
    ) -> list[Result]:
        futures = client.map(function, list(pieces), pure=False)
        done = _watch((future.result() for future in futures), len(pieces), label, stop)
        client.cancel(futures[len(done) :])
        return done

    try:
        yield map_cluster, max(1, sum(client.nthreads().values()))
    finally:
        client.close()


@contextmanager
def open_engine(workers: int = 0, scheduler: str | None = None, pieces: int = 2**31) -> Iterator[Engine]:
    """Yield the engine that params ask for: a cluster, a pool of spawned processes, or this process alone.

    `pieces` is the largest number that will be mapped at once; results are the same on all three. A function sent
    to a pool or a cluster must live in an importable module, and a cluster must see the same folder.
    """
    processes, threads = plan_workers(workers, pieces, count_cores())
    if scheduler:
        with _cluster(scheduler) as (mapper, slots):
            yield Engine(mapper, slots, 1)
    elif processes == 1:
        yield Engine(map_here, 1, threads)
    else:
        with _local_pool(processes) as mapper:
            yield Engine(mapper, processes, threads)
