"""Every assumption of a scenario in one table: the assumptions log."""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from gainsmodel.results.statistics import quantiles
from gainsmodel.scenario import Distribution, Scenario
from gainsmodel.scenario.distributions import Z95
from gainsmodel.scenario.messages import KeyPath, dotted

# Part of the scenario, or its parameter: heading, plain name, symbol, what it does.
_PARAMETERS: dict[str, tuple[str, str, str, str]] = {
    "initial_adoption": (
        "Adoption",
        "Use at the start",
        "a",
        "Share of activity that uses a technology when the run begins.",
    ),
    "sector_odds_ratio": (
        "Adoption",
        "Sectors ahead or behind at the start",
        "OR",
        "How much likelier a sector is to use a technology than the UK as a whole.",
    ),
    "innovation": (
        "Adoption",
        "Adopting first",
        "p",
        "How quickly firms adopt without having seen others do so.",
    ),
    "imitation": (
        "Adoption",
        "Following others",
        "q",
        "How quickly firms adopt once they see others do so.",
    ),
    "ceiling": (
        "Adoption",
        "Where adoption stops",
        "m",
        "Share of activity that will ever use a technology.",
    ),
    "spillover_share": (
        "Adoption",
        "Learning from other areas",
        "θ",
        "Part of following that looks to other areas instead of one’s own.",
    ),
    "readiness_slope_initial_adoption": (
        "Adoption",
        "Readiness and use at the start",
        "γ_a",
        "How much more a readier area uses at the start.",
    ),
    "readiness_slope_imitation": (
        "Adoption",
        "Readiness and following",
        "γ_q",
        "How much faster a readier area follows.",
    ),
    "readiness_slope_ceiling": (
        "Adoption",
        "Readiness and where adoption stops",
        "γ_m",
        "How much further adoption goes in a readier area.",
    ),
    "productivity_effect": (
        "Productivity effect",
        "Gain from one technology",
        "β",
        "How much more output full use of one technology brings.",
    ),
    "readiness_slope_productivity_effect": (
        "Productivity effect",
        "Readiness and gain",
        "γ_c",
        "How much more a readier area gains from the same use.",
    ),
    "complements": (
        "Productivity effect",
        "Skills and management of an area",
        "z_r",
        "How far areas differ in what they make of a technology.",
    ),
    "uplift_cap": (
        "Productivity effect",
        "Most that technologies add together",
        "cap",
        "Gains of several technologies stack up to this and no further.",
    ),
    "adoption_cost_share": (
        "Productivity effect",
        "What adopting costs firms",
        "κ",
        "One-off cost of taking one technology into full use.",
    ),
    "lag_years": (
        "Delay and decay",
        "Delay from use to gain",
        "τ",
        "Years until use shows in output.",
    ),
    "decay_per_year": (
        "Delay and decay",
        "Fading of the gain",
        "δ",
        "Part of the gain that is lost each year.",
    ),
    "growth_nation": ("Growth", "Growth of the UK", "g", "Real growth of the economy."),
    "growth_area": ("Growth", "Growth of an area", "g", "How far an area’s growth differs."),
    "growth_sector": ("Growth", "Growth of a sector", "g", "How far a sector’s growth differs."),
    "growth_cell": (
        "Growth",
        "Growth of a sector in an area",
        "g",
        "What area and sector do not explain.",
    ),
    "growth_to_start_year": (
        "Growth",
        "Growth up to the start",
        "",
        "Carries published figures to the first year of the run.",
    ),
    "inflation_per_year": (
        "Growth",
        "Inflation",
        "",
        "Turns the prize into 2023 prices where that is asked for.",
    ),
    "take_up": (
        "Levers",
        "Take-up of levers",
        "takeup",
        "Part of what is planned that is realised; schemes of this kind reached 0.8% and 11% "
        "of plan.",
    ),
    "displacement": (
        "Appraisal",
        "Displacement",
        "",
        "Part of what levers add that is taken from elsewhere.",
    ),
    "leakage": ("Appraisal", "Leakage", "", "Part of what levers add that goes elsewhere."),
    "multiplier": ("Appraisal", "Multiplier", "", "Knock-on effects of what levers add."),
}
_ACTS_ON = {
    "innovation": "adopting first",
    "imitation": "following others",
    "ceiling": "where adoption stops",
    "productivity_effect": "gain from each technology",
}
GROUPS = (
    "The £208bn",
    "Adoption",
    "Productivity effect",
    "Delay and decay",
    "Growth",
    "Levers",
    "Appraisal",
)


def assumptions(scenario: Scenario, base: Scenario | None = None) -> pl.DataFrame:
    """List every figure a scenario assumes, with its source and grade of evidence.

    Parameters
    ----------
    scenario : Scenario
    base : Scenario, optional
        Usually the reference: what differs from it is marked.

    Returns
    -------
    DataFrame
        A row for each figure, in the order of `GROUPS`: ``group``, ``key`` (as `Scenario.edit`
        takes it), ``name``, ``symbol``, ``what``, ``kind`` of distribution, ``middle``,
        ``low``, ``high`` (5%, 50% and 95% quantiles in the figure's unit), ``unit``,
        ``source``, ``evidence``, ``note``, ``owner`` and ``dated`` (null where nobody says),
        ``enabled`` (null but for adjustments that can be switched), ``changed``, and
        ``base_middle``, ``base_low``, ``base_high``, ``base_enabled``.
    """
    theirs = {row["key"]: row for row in _rows(base)} if base is not None else {}
    rows = []
    for row in _rows(scenario):
        old = theirs.get(row["key"])
        compared = ("stated", "enabled", "unit", "source", "evidence", "note", "owner", "dated")
        row["changed"] = base is not None and (
            old is None or any(row[key] != old[key] for key in compared)
        )
        for name in ("middle", "low", "high", "enabled"):
            row[f"base_{name}"] = None if old is None else old[name]
        rows.append({key: value for key, value in row.items() if key not in ("stated", "figure")})
    order = {group: place for place, group in enumerate(GROUPS)}
    rows.sort(key=lambda row: order[row["group"]])
    texts = {"owner": pl.String, "dated": pl.String}
    return pl.DataFrame(rows, schema_overrides=texts, infer_schema_length=None)


def _rows(scenario: Scenario) -> Iterator[dict[str, Any]]:
    yield _row(
        ("prize",),
        ("The £208bn", "The national prize", "", "The amount that is split between areas."),
        scenario.prize,
        scenario.prize.figure(),
    )
    labels = {name: technology.label for name, technology in scenario.technologies.items()}
    for name, about in _PARAMETERS.items():
        parameter = getattr(scenario.parameters, name)
        path = ("parameters", name)
        if name == "sector_odds_ratio":
            for technology, ratios in parameter.by_technology.items():
                for sector, figure in ratios.values.items():
                    where = (*path, "by_technology", technology, "values", sector)
                    yield _row(
                        where, _named(about, labels[technology], f"sector {sector}"), ratios, figure
                    )
            continue
        if name in ("growth_to_start_year", "inflation_per_year"):
            yield _row(path, about, parameter, None, parameter.value)
            continue
        if name != "initial_adoption":
            enabled = getattr(parameter, "enabled", None)
            yield _row(path, about, parameter, parameter.figure(), enabled=enabled)
        for technology, entry in getattr(parameter, "by_technology", {}).items():
            at = (*path, "by_technology", technology)
            yield _row(at, _named(about, labels[technology]), entry, entry.figure())
    for name, lever in scenario.levers.items():
        cost = lever.cost_gbp_per_head_per_year
        what = "What it costs the authority in full."
        named = ("Levers", f"{lever.label}: cost", "", what)
        yield _row(("levers", name, "cost_gbp_per_head_per_year"), named, cost, cost.figure())
        for target, effect in lever.effects:
            if effect is not None:
                about = (
                    "Levers",
                    f"{lever.label}: {_ACTS_ON[target]}",
                    "ε",
                    "What it adds at full take-up.",
                )
                yield _row(("levers", name, "effects", target), about, effect, effect.figure())
    for place, rate in enumerate(scenario.discounting.rates):
        about = (
            "Appraisal",
            f"Discount rate from year {rate.from_year}",
            "",
            "Makes money of later years comparable with today’s.",
        )
        yield _row(("discounting", "rates", place), about, scenario.discounting, None, rate.rate)


def _named(about: tuple[str, str, str, str], *parts: str) -> tuple[str, str, str, str]:
    return (about[0], f"{about[1]}: {', '.join(parts)}", *about[2:])


def _row(
    path: KeyPath,
    about: tuple[str, str, str, str],
    origin: Any,
    figure: Distribution | None,
    value: float | None = None,
    enabled: bool | None = None,
) -> dict[str, Any]:
    low, middle, high = (value,) * 3 if figure is None else quantiles(figure)
    group, name, symbol, what = about
    return {
        "group": group,
        "key": dotted(path),
        "name": name,
        "symbol": symbol,
        "what": what,
        "kind": "fixed" if figure is None else figure.kind,
        "middle": middle,
        "low": low,
        "high": high,
        "unit": origin.unit,
        "source": origin.source,
        "evidence": origin.evidence,
        "note": origin.note,
        "owner": origin.owner,
        "dated": origin.dated or None,
        "enabled": enabled,
        "stated": value if figure is None else figure,
        "figure": figure,
    }


# What people are asked for when they restate a distribution, and the key it goes under.
_QUESTIONS = {
    "fixed": (("Value", "value"),),
    "lognormal": (
        ("1 in 20 lies below", "p05"),
        ("Middle", "median"),
        ("1 in 20 lies above", "p95"),
    ),
    "logitnormal": (
        ("1 in 20 lies below", "p05"),
        ("Middle", "median"),
        ("1 in 20 lies above", "p95"),
    ),
    "normal": (
        ("1 in 20 lies below", "p05"),
        ("Middle", "median"),
        ("1 in 20 lies above", "p95"),
    ),
    "uniform": (("Lowest possible", "low"), ("Highest possible", "high")),
    "triangular": (
        ("Lowest possible", "low"),
        ("Most likely", "mode"),
        ("Highest possible", "high"),
    ),
    "pert": (("Lowest possible", "low"), ("Most likely", "mode"), ("Highest possible", "high")),
    "beta": (("Alpha", "alpha"), ("Beta", "beta")),
    "gamma": (("Shape", "shape"), ("Scale", "scale")),
}


def questions(distribution: Distribution) -> list[tuple[str, str, float]]:
    """What to ask to restate a distribution: label, key and present value of each number.

    Empty for one that is a list of values.
    """
    low, middle, high = quantiles(distribution)
    known = {"p05": low, "median": middle, "p95": high} | distribution.core()
    return [(label, key, known[key]) for label, key in _QUESTIONS.get(distribution.kind, ())]


def restated(distribution: Distribution, answers: Mapping[str, float]) -> dict[str, Any]:
    """Give the distribution of the same kind that answers make, for `Scenario.edit`.

    A normal one takes its mean from the middle and its deviation from the width of the range.
    """
    if distribution.kind == "normal":
        sd = (answers["p95"] - answers["p05"]) / (2 * Z95)
        return {"kind": "normal", "mean": answers["median"], "sd": sd}
    return {"kind": distribution.kind, **answers}


def figure_at(scenario: Scenario, key: str) -> Distribution | None:
    """Give the distribution at a key of `assumptions`; None where only a value is possible."""
    return next((row["figure"] for row in _rows(scenario) if row["key"] == key), None)
