"""A run of another version, repeated by this one: which figures differ, and because of what."""

import math
import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from gainsmodel.data import Dataset
from gainsmodel.data.earlier import changed_tables, earlier
from gainsmodel.data.units import Unit, unit_of
from gainsmodel.notebook import ShownInNotebooks
from gainsmodel.progress import Steps
from gainsmodel.results.editions import GENERATOR, differences, generator_of, version_of
from gainsmodel.results.manifest import read_manifest
from gainsmodel.results.result import Result
from gainsmodel.results.storage import tables_beside
from gainsmodel.simulation.replay import read, repeated

UK = "uk"
QUANTITIES = {"share": False, "gain_final_year_gbp_m": True}
# A difference of more standard errors than this is not put down to other draws.
ERRORS = 3.0


@dataclass(frozen=True, eq=False, repr=False)
class ReplayedHere(ShownInNotebooks):
    """What this version makes of a run of another; made by `replay_here`.

    Attributes
    ----------
    manifest : dict
        As it was made.
    result : Result
        By this version, on today's figures.
    differs : tuple of str
        What is of another edition, in words.
    model : tuple of str
        Steps by which its scenario was read.
    data : tuple of str
        Tables of figures that have changed since.
    generators : tuple of int
        Edition of the random numbers, then and now.
    table : DataFrame
        One row a figure: ``area_code``, ``area_name``, ``quantity`` ("share",
        "gain_final_year_gbp_m" or "p_final_year_reaches_prize"); ``then`` and its standard error
        ``then_mcse``, null where no tables were kept; ``on_then_data``, by this version on the
        figures of then, null where those were not kept; ``now`` and ``now_mcse``; ``other_seed``,
        as ``now`` with other draws; and what the difference is due to, which adds up:
        ``by_draws``, ``by_model`` and ``by_data``. Where ``by_data`` is null, it is in
        ``by_model``.
    """

    manifest: dict[str, Any]
    result: Result
    differs: tuple[str, ...]
    model: tuple[str, ...]
    data: tuple[str, ...]
    generators: tuple[int, int]
    table: pl.DataFrame

    def describe(self) -> str:
        """In a few words, what it is of."""
        return self.result.describe()

    @property
    def version(self) -> str:
        """Version of gainsmodel that made the run."""
        return version_of(self.manifest)


def replay_here(
    manifest: str | os.PathLike[str],
    area: str | None = None,
    *,
    dataset: Dataset | None = None,
    threads: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> ReplayedHere:
    """Repeat a run by this version, and say what differs from then and why.

    Steps are run one after another on the same draws: on the figures of then, where they are at
    hand, and on those of now; then with other draws, which shows how far these move a figure.

    Parameters
    ----------
    manifest : path
        A ``manifest.json``, or the folder of a saved result, whose tables are set beside it.
    area : str, optional
        Name or code; the UK always stands beside it.
    dataset : Dataset, optional
        The same own figures, if it was run on such and they are not saved with it.
    threads : int, optional
    on_progress : callable, optional
        Called with (draws done, draws in all), over all runs.

    Raises
    ------
    ResultError
        If it is no manifest, tables beside it were changed, or it was run on other own figures.
    UnknownNameError
        If there is no such area.
    """
    path = Path(manifest)
    wanted = read_manifest(path)
    differs = tuple(differences(wanted))
    with warnings.catch_warnings():
        # What was done to read the scenario is in what is given back.
        warnings.simplefilter("ignore", UserWarning)
        asked = read(path, wanted, dataset, here=True)
    units = [unit_of(asked.figures, name) for name in dict.fromkeys([area or UK, UK])]
    changed = changed_tables(wanted["data_sha256"], asked.figures.hashes)
    before = earlier(asked.figures, wanted["data_sha256"]) if changed else None
    steps = Steps(on_progress, asked.settings.draws, 2 + (before is not None))

    def run(figures: Dataset, seed: int) -> Result:
        return repeated(asked, figures, seed=seed, threads=threads).result(steps.next())

    seed = asked.settings.seed
    on_then = None if before is None else run(before, seed)
    now = run(asked.figures, seed)
    other = run(asked.figures, seed + 1 if seed < 2**63 else seed - 1)
    made = tables_beside(path, wanted)
    rows = [
        _row(unit, quantity, made, on_then if changed else now, now, other)
        | {"same_draws": generator_of(wanted) == GENERATOR}
        for unit in units
        for quantity in _quantities(unit)
    ]
    return ReplayedHere(
        *(wanted, now, differs, asked.scenario.migration, tuple(changed)),
        generators=(generator_of(wanted), GENERATOR),
        table=_attributed(pl.DataFrame(rows, infer_schema_length=None)),
    )


def _quantities(unit: Unit) -> Iterable[str]:
    yield from (q for q in QUANTITIES if unit.code != UK or QUANTITIES[q])
    if unit.code == UK:
        yield "p_final_year_reaches_prize"


def _row(
    unit: Unit,
    quantity: str,
    made: Mapping[str, pl.DataFrame],
    on_then: Result | None,
    now: Result,
    other: Result,
) -> dict[str, Any]:
    def of(result: Result | None) -> tuple[float | None, float | None]:
        if result is None:
            return None, None
        return _figure(unit, quantity, {"areas": result.areas(), "groups": result.groups()}, draws)

    draws = int(now.manifest["draws"])
    then, then_error = _figure(unit, quantity, made, draws)
    value, error = of(now)
    return {
        "area_code": unit.code,
        "area_name": unit.name,
        "quantity": quantity,
        "then": then,
        "then_mcse": then_error,
        "on_then_data": of(on_then)[0],
        "now": value,
        "now_mcse": error,
        "other_seed": of(other)[0],
    }


def _attributed(table: pl.DataFrame) -> pl.DataFrame:
    """Add what each difference is due to, step by step."""
    numbers = ("then", "then_mcse", "on_then_data", "now", "now_mcse", "other_seed")
    table = table.with_columns(pl.col(numbers).cast(pl.Float64))
    reached = pl.coalesce("on_then_data", "now")
    moved = reached - pl.col("then")
    error = (pl.col("then_mcse").pow(2) + pl.col("now_mcse").pow(2)).sqrt()
    of_draws = ~pl.col("same_draws") & (moved.abs() <= ERRORS * error)
    return table.with_columns(
        by_draws=pl.when(of_draws).then(moved).otherwise(moved * 0.0),
        by_model=pl.when(of_draws).then(moved * 0.0).otherwise(moved),
        by_data=pl.col("now") - pl.col("on_then_data"),
    ).drop("same_draws")


def _figure(
    unit: Unit, quantity: str, tables: Mapping[str, pl.DataFrame], draws: int
) -> tuple[float | None, float | None]:
    """A figure and its standard error; None where the tables do not have it."""
    for table in tables.values():
        rows = table.filter(pl.col("area_code") == unit.code)
        if rows.height != 1:
            continue
        row = rows.row(0, named=True)
        if quantity.startswith("p_"):
            chance = row.get(quantity)
            return chance, None if chance is None else math.sqrt(chance * (1 - chance) / draws)
        return row.get(f"{quantity}_mean"), row.get(f"{quantity}_mcse_mean")
    return None, None
