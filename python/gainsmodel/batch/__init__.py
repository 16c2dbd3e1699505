"""Batches: many scenarios into one folder, on any executor, stopped and taken up at will."""

from gainsmodel.batch.executors import first_process
from gainsmodel.batch.result import BatchResult
from gainsmodel.batch.run import Estimate, estimate_batch, run_batch
from gainsmodel.batch.sweep import Sweep, load_sweep

__all__ = [
    "BatchResult",
    "Estimate",
    "Sweep",
    "estimate_batch",
    "first_process",
    "load_sweep",
    "run_batch",
]
