"""The figures the model starts from: shipped tables, read and checked."""

from gainsmodel.data.dataset import (
    BASE_YEAR,
    GEOGRAPHIES,
    SECTORS,
    Check,
    Dataset,
    Geography,
    check,
    load_dataset,
    readiness,
)

__all__ = [
    "BASE_YEAR",
    "GEOGRAPHIES",
    "SECTORS",
    "Check",
    "Dataset",
    "Geography",
    "check",
    "load_dataset",
    "readiness",
]
