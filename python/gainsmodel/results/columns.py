"""Units and descriptions of the columns of every table of a result, in one place."""

import re
from collections.abc import Iterable

from gainsmodel.datapackage import Column, Columns

# £m and £bn are in the run's prices; `columns_of` says of which year.
_GBP_M, _GBP_BN, _A_YEAR, _SHARE, _CHANCE = (
    "£m",
    "£bn",
    "£m a year",
    "0 to 1",
    "probability, 0 to 1",
)
# Quantities of an area, a group or the UK, each with the statistics below.
QUANTITIES = {
    "share": Column(_SHARE, "part of the UK’s digital gain, and so of the prize"),
    "prize_gbp_bn": Column(_GBP_BN, "part of the prize, split as the digital gain is"),
    "gain_gbp_m": Column(_A_YEAR, "digital gain in the year"),
    "gain_final_year_gbp_m": Column(_A_YEAR, "digital gain in the last year"),
    "gain_cumulative_gbp_m": Column(_GBP_M, "digital gain, sum over all years"),
    "gain_present_value_gbp_m": Column(_GBP_M, "digital gain, present value of all years"),
    "uplift_final_year": Column("share of GVA, 0 to 1", "digital gain of the last year over GVA"),
    "cost_cumulative_gbp_m": Column(_GBP_M, "what firms spend on adopting, sum over all years"),
    "cost_present_value_gbp_m": Column(_GBP_M, "what firms spend on adopting, present value"),
    "lever_cost_cumulative_gbp_m": Column(_GBP_M, "what levers cost, sum over all years"),
    "lever_cost_present_value_gbp_m": Column(_GBP_M, "what levers cost, present value"),
    "lever_cost_per_year_gbp_m": Column(_A_YEAR, "what levers cost once all of them run"),
    "adoption": Column(_SHARE, "share of activity, weighted by output, that uses the technology"),
    "displacement": Column(_SHARE, "part of what levers add that is only moved from elsewhere"),
    "leakage": Column(_SHARE, "part of what levers add that goes to people elsewhere"),
    "multiplier": Column("ratio", "what the gain brings, knock-on effects included, per £1"),
}
# What is told of a quantity, by the end of a column's name.
STATISTICS = {
    "mean": "expected value: the average of all futures",
    "sd": "standard deviation over the futures",
    **{f"p{q:02}": f"below which {q} of 100 futures lie" for q in (5, 10, 25, 50, 75, 90, 95)},
}
# Columns that are no statistic of a quantity.
COLUMNS = {
    "area_code": Column("code", "ONS code of the area, or name of a group"),
    "area_name": Column("name", "name of the area or group"),
    "area_type": Column("name", "kind of area, or group"),
    "mayor_2017": Column("true or false", "elected a mayor in May 2017; empty for groups"),
    "gva_gbp_m": Column(_A_YEAR, "gross value added at the start, without imputed rent"),
    "gva_share": Column(_SHARE, "part of the UK’s gross value added"),
    "p_share_above_gva": Column(_CHANCE, "that share is above gva_share"),
    "share_excluded_draws": Column(_SHARE, "part of the futures without a gain to share"),
    "p_final_year_reaches_prize": Column(_CHANCE, "that the last year’s gain reaches the prize"),
    "p_share_of_economy_reaches_prize": Column(
        _CHANCE, "that the last year’s gain reaches the prize’s share of GVA"
    ),
    "p_cumulative_reaches_prize": Column(
        _CHANCE, "that the gain of all years together reaches the prize"
    ),
    "year": Column("year", "calendar year"),
    "sector": Column("code", "section of SIC 2007, or pair of sections"),
    "sector_name": Column("name", "name of the sector"),
    "channel": Column("name", "group of sectors, for display only"),
    "technology": Column("code", "name of the technology in the scenario"),
    "quantity": Column("name", "what the statistics of the row are of"),
    "count": Column("futures", "how many futures have a value"),
    "draw": Column("number", "which future"),
    "run": Column("number", "which run of the batch"),
    "manifest": Column("JSON", "manifest of the run, which repeats it"),
    "draws": Column("futures", "how many were simulated"),
    "seed": Column("number", "what all randomness of the run starts from"),
    "sampler": Column("name", "how futures are drawn"),
    "precision": Column("name", "of the arithmetic"),
    "scenario_sha256": Column("SHA-256", "of the scenario as run"),
    "status": Column("name", "ok or failed"),
    "error": Column("text", "why the run failed"),
}
_STATISTIC = re.compile(rf"(?:(?!mcse_)(.+?)_)?(mcse_)?({'|'.join(STATISTICS)})")
TITLES = {
    "areas": "Areas: what each is, and every quantity",
    "groups": "Groups of areas, the UK first",
    "years": "Digital gain of each year",
    "sectors": "Digital gain of the last year by area and sector",
    "adoption": "Adoption by area, technology and year",
    "statistics": "Every statistic of every quantity, one a row",
    "manifests": "Manifest of each run",
    "runs": "Runs: what varied in each, and how it ended",
}


def legend() -> list[tuple[str, str, str]]:
    """Columns, unit and description of all there is, in a few rows."""
    return [
        *((f"{name}_…", of.unit, of.description) for name, of in QUANTITIES.items()),
        *((f"…_{name}", "that of the quantity", said) for name, said in STATISTICS.items()),
        ("…_mcse_…", "that of the quantity", "Monte Carlo standard error of the statistic"),
        ("…_p_below_1", _CHANCE, "that it is less than £1m"),
        *((name, of.unit, of.description) for name, of in COLUMNS.items()),
    ]


def columns_of(names: Iterable[str], price_year: int | None = None) -> dict[str, Column]:
    """What columns of a result's tables hold; without a year, amounts are in each run's prices.

    Raises
    ------
    KeyError
        If none of our tables has such a column.
    """
    return {name: _in_prices(_column(name), price_year) for name in names}


def columns_of_draws(metric: str, names: Iterable[str], price_year: int) -> dict[str, Column]:
    """What the columns of a quantity's draws hold: one future a row."""
    of = quantity(metric, price_year)
    return {
        name: COLUMNS[name] if name == "draw" else Column(of.unit, f"{of.description}: {name}")
        for name in names
    }


def quantity(metric: str, price_year: int) -> Column:
    """Unit and description of a quantity, whatever it is split by."""
    return _in_prices(QUANTITIES[re.sub(r"_by_.*", "", metric)], price_year)


def columns_of_runs(names: Iterable[str]) -> Columns:
    """What the columns of a batch's table of runs hold; what varied is called as in scenarios."""
    varied = Column("as in scenario files", "what the sweep varied")
    return {name: COLUMNS.get(name, varied) for name in names}


def _column(name: str) -> Column:
    if name in COLUMNS:
        return COLUMNS[name]
    found = _STATISTIC.fullmatch(name)
    if found is None:
        raise KeyError(name)
    base, error, statistic = found.groups()
    said = STATISTICS[statistic]
    said = f"Monte Carlo standard error of the {statistic}" if error else said
    if base is None:  # of the quantity in its row
        return Column("that of the quantity", said)
    of = QUANTITIES[base]
    return Column(of.unit, f"{of.description}; {said}")


def _in_prices(column: Column, price_year: int | None) -> Column:
    if not column.unit.startswith("£"):
        return column
    prices = "prices of the run’s price_year" if price_year is None else f"{price_year} prices"
    return Column(f"{column.unit}, {prices}", column.description)
