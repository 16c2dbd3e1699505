"""The figures the model starts from: shipped tables, read and checked, or the user's own."""

from typing import TYPE_CHECKING

from gainsmodel.choices import Fill, Geography, Level, Rest
from gainsmodel.data.checks import Check, check
from gainsmodel.data.dataset import Dataset, load_dataset
from gainsmodel.data.readiness import readiness
from gainsmodel.data.shipped_tables import BASE_YEAR, GEOGRAPHIES, OWN, OWN_AREAS, OWN_GVA, SECTORS

__all__ = [
    "BASE_YEAR",
    "GEOGRAPHIES",
    "OWN",
    "OWN_AREAS",
    "OWN_GVA",
    "SECTORS",
    "Check",
    "Dataset",
    "Fill",
    "Geography",
    "Level",
    "Rest",
    "aggregate",
    "check",
    "gva_template",
    "is_dataset",
    "load_dataset",
    "read_gva",
    "readiness",
    "regions_of",
    "save_dataset",
]

if TYPE_CHECKING:
    from gainsmodel.data.importing.read_gva import (
        aggregate,
        gva_template,
        is_dataset,
        read_gva,
        regions_of,
        save_dataset,
    )

else:
    # Code that reads tables is loaded only when needed.
    def __getattr__(name):
        from importlib import import_module

        if name in __all__:
            return getattr(import_module("gainsmodel.data.importing.read_gva"), name)
        raise AttributeError(f"module 'gainsmodel.data' has no attribute {name!r}")
