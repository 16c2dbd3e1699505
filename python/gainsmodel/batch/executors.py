"""Who works: threads, processes, Dask, the processes of an MPI job, or an executor handed over."""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from contextlib import ExitStack, contextmanager
from importlib import import_module
from queue import Empty, SimpleQueue
from typing import Any

from gainsmodel.batch.work import Done, ready
from gainsmodel.checks import escape, whole_number
from gainsmodel.errors import BatchError, RunCancelled, SettingError
from gainsmodel.extras import needed
from gainsmodel.results.manifest import build_info

EXECUTORS = ("threads", "processes", "dask", "mpi")
# How long a pool of ended processes may take to notice.
PATIENCE_SECONDS = 5.0
# How often a pool from which nothing comes is looked at for workers that are gone.
LOOK_SECONDS = 2.0
MOST_WORKERS = 10_000
# How a worker process ends that was to run the script which has started it.
NO_GUARD = 77
UNDER_GUARD = (
    'put what the script does under if __name__ == "__main__":, as docs/how-to/batch.md shows, or '
    'use executor="threads"'
)

# MPI jobs that this process took part in.
_jobs: list[str] = []


def check_options(executor: Executor | str | None, workers: int | None, threads: int) -> None:
    """Refuse an executor, or numbers of workers and threads, that there cannot be."""
    _named(executor)
    whole_number("workers", 1 if workers is None else workers, 1, MOST_WORKERS)
    whole_number("threads", threads, 1, 1024)


def _named(executor: Executor | str | None) -> tuple[str, str]:
    """Kind and address of an executor; a kind of its own where one was passed in."""
    if isinstance(executor, Executor):
        return "", ""
    name = "threads" if executor is None else str(executor)
    kind, _, address = name.partition("://")
    if kind not in EXECUTORS or (address and kind != "dask"):
        raise SettingError(
            "executor: must be threads, processes, mpi, dask or dask://host:port, not "
            f"{escape(name[:60])!r}"
        )
    if kind == "dask":
        _distributed()
    return kind, address


def _distributed() -> Any:
    return needed("distributed", "dask", "executor: dask")


def see_to_guard() -> None:
    """Refuse a script that worker processes cannot read; end one that was to start a batch."""
    # Set while a spawned process imports the script of its parent.
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        os._exit(NO_GUARD)
    script = getattr(sys.modules["__main__"], "__file__", None)
    if script == "<stdin>":
        raise SettingError(
            "executor: worker processes cannot run a script from standard input again; save it "
            f"as a file and {UNDER_GUARD}"
        )


def want_guard(processes: list[Any]) -> bool:
    """Whether workers ended since they read a script that starts a batch.

    A pool says that it is broken before its workers' exit codes can be read.
    """
    until = time.monotonic() + LOOK_SECONDS
    while True:
        codes = [process.exitcode for process in processes]
        if NO_GUARD in codes:
            return True
        if None not in codes or time.monotonic() > until:
            return False
        time.sleep(0.01)


def processes_of(executor: Executor) -> list[Any]:
    """Processes of a pool of the standard library; none of another."""
    return list((getattr(executor, "_processes", None) or {}).values())


def next_of(finished: "SimpleQueue[Future[Done]]", executor: Executor) -> "Future[Done]":
    """The next task that has ended.

    A pool notices a worker that died, but not if that was in the middle of a message: it waits for
    the rest. Then two looks find a worker gone and nothing ended.
    """
    looks = 0
    while looks < 2:
        try:
            return finished.get(timeout=LOOK_SECONDS)
        except Empty:
            gone = any(not process.is_alive() for process in processes_of(executor))
            looks = looks + 1 if gone else 0
    raise BrokenExecutor("a worker ended in the middle of a message")


def default_workers(executor: Executor | str | None) -> int:
    """How many workers an executor has; as many as processors where it does not say."""
    known = getattr(executor, "num_workers", None) or getattr(executor, "_max_workers", None)
    return int(known if isinstance(known, int) else build_info()["threads"])


@contextmanager
def started(executor: Executor | str | None, workers: int | None) -> Iterator[Executor]:
    """Start an executor by its name, and end it without waiting for what was given up."""
    if isinstance(executor, Executor):
        yield executor
        return
    kind, address = _named(executor)
    count = workers or default_workers(None)
    if kind == "dask":
        with _dask(address, count) as started:
            yield started
        return
    pool: Executor
    if kind == "threads":
        pool = ThreadPoolExecutor(count, thread_name_prefix="gainsmodel-batch")
    else:
        spawn = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(count, mp_context=spawn, initializer=ready)
    try:
        yield pool
    except BaseException:
        # Processes would finish runs that nobody waits for; threads cannot be stopped. Once they
        # are gone, waiting takes no time and gives back what the pool holds of the system.
        processes = processes_of(pool)
        results = getattr(pool, "_result_queue", None)
        manager = getattr(pool, "_executor_manager_thread", None)
        for process in processes:
            process.terminate()
        pool.shutdown(wait=False, cancel_futures=True)
        if manager is not None:
            manager.join(PATIENCE_SECONDS)
            if manager.is_alive() and results is not None:
                # A worker that ended while it wrote has left half a message, for the rest of
                # which the pool waits as long as anyone could write it: now only we could.
                results._writer.close()
                manager.join(PATIENCE_SECONDS)
        raise
    pool.shutdown()


@contextmanager
def first_process(
    executor: Executor | str | None, workers: int | None = None
) -> Iterator[Executor | str | None]:
    """Give the executor to use; of ``"mpi"``, on the job's first process only.

    Every process of an MPI job runs the same command. Those but the first come no further than
    here: they work until the first has left, whatever it leaves with, and end.
    """
    if executor != "mpi":
        yield executor
        return
    needed("mpi4py", "mpi", "executor: mpi")
    try:
        mpi, futures = import_module("mpi4py.MPI"), import_module("mpi4py.futures")
    except (ImportError, RuntimeError) as error:
        raise SettingError(
            f"executor: mpi: no MPI library can be loaded ({error}); load that of the cluster, or "
            "pip install mpich"
        ) from None
    if workers is not None:
        raise SettingError("workers: cannot be combined with executor mpi: mpirun -n starts them")
    if _jobs:
        raise SettingError(
            "executor: mpi: the other processes ended with the batch before; see "
            "docs/how-to/batch.md for several in one script"
        )
    world = mpi.COMM_WORLD
    if world.size == 1:
        raise SettingError(
            "executor: mpi: was started as one process, which leaves no worker; begin the command "
            "with mpirun -n 3, for example, which is one process that hands out and two that work"
        )
    _jobs.append(executor)
    if world.rank > 0:
        # What is to stop the job stops the first process, which then ends the others.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    with ExitStack() as stack:
        pool = stack.enter_context(futures.MPICommExecutor(world, root=0))
        if pool is not None:
            try:
                yield pool
            except (KeyboardInterrupt, RunCancelled):
                # It may have come while the pool was changing, which would then never be shut
                # down; mpirun ends the others of a job that has lost a process.
                stack.pop_all()
                raise
            return
    raise SystemExit


@contextmanager
def ctrl_c_is_ours() -> Iterator[None]:
    """Keep Ctrl-C from processes and threads that are started meanwhile, for good."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _dask(address: str, workers: int) -> Iterator[Executor]:
    distributed = _distributed()
    if address:
        try:
            client = distributed.Client(f"tcp://{address}", timeout="10s")
        except (OSError, ValueError) as error:
            raise BatchError(f"dask://{address}: no scheduler answers there: {error}") from error
        cluster = None
    else:
        # One thread a worker, since the core has its own.
        with ctrl_c_is_ours():
            cluster = distributed.LocalCluster(
                n_workers=workers, threads_per_worker=1, dashboard_address=None
            )
        client = distributed.Client(cluster)
    try:
        yield client.get_executor(pure=False)
    finally:
        client.close()
        if cluster is not None:
            cluster.close()
