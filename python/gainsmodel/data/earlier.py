"""Earlier editions of shipped tables, so that a run on them can be repeated."""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from gainsmodel.data.dataset import Dataset
from gainsmodel.data.shipped_tables import TABLES

ECONOMY = "uk_economy.csv"


def changed_tables(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Names of tables whose content differs, or that only one of two datasets has."""
    return sorted(table for table in {*then, *now} if then.get(table) != now.get(table))


def earlier(dataset: Dataset, hashes: Mapping[str, str]) -> Dataset | None:
    """A dataset as it was when its tables had these hashes; None where that was not kept.

    Kept, in ``tables/earlier``, are editions of `ECONOMY`, the only table changed since 0.1.
    """
    if changed_tables(hashes, dataset.hashes) != [ECONOMY] or ECONOMY not in hashes:
        return None
    for path in (TABLES / "earlier").glob("uk_economy-*.csv"):
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() == hashes[ECONOMY]:
            economy = pl.read_csv(io.BytesIO(content), schema=dataset.economy.schema)
            return replace(dataset, economy=economy, hashes=dict(hashes))
    return None
