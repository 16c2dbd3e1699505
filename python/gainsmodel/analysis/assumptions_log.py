"""The assumptions log as an assurance file keeps it: who says so, since when, how much it matters.

`assumption_rows` has the figures; here stand also the choices of structure, owner,
date, what differs from the reference in words, and the rank in a sensitivity run.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from gainsmodel.analysis.assumption_rows import assumptions
from gainsmodel.analysis.sensitivity import Output, Sensitivity, sensitivity
from gainsmodel.data import Dataset
from gainsmodel.format import figure
from gainsmodel.results.manifest import build_info
from gainsmodel.scenario import Scenario, load_scenario
from gainsmodel.scenario.parameter_groups import every_parameter
from gainsmodel.scenario.quantities import SPREAD_PARAMETERS

STRUCTURE = "Structure"
# Key of what is no figure: plain name, what it does, unit, and whether somebody judged it.
_CHOICES = {
    "setting.geography": ("Areas", "The set of areas that is modelled.", "", False),
    "setting.start_year": ("First year", "Adoption is as today's in it.", "year", False),
    "setting.horizon_years": ("Horizon", "How far the run looks.", "years", False),
    "setting.curve": ("Curve of adoption", "The way from few users to many.", "", True),
    "setting.lever_delay_years": ("Delay of every lever", "Added to each start.", "years", False),
    "setting.spillover_decay_km": (
        "Reach of learning from other areas",
        "Distance over which it falls to about a third.",
        "km",
        True,
    ),
    "setting.share_floor": (
        "Least national gain",
        "Futures in which the national gain is below it are left out of shares.",
        "share of GVA",
        True,
    ),
    "setting.readiness_weights.gigabit_share": (
        "Weight of gigabit coverage",
        "What makes up an area's readiness.",
        "weight",
        True,
    ),
    "setting.readiness_weights.digital_sector_share": (
        "Weight of the digital sector",
        "What makes up an area's readiness.",
        "weight",
        True,
    ),
    "prize.basis": ("Reading of the £208bn", "A year by the last year, or in all.", "", True),
    "prize.price_basis": ("Prices of the £208bn", "As published, or of 2023.", "", False),
    "parameters.take_up.shared_variance": (
        "Take-up in common",
        "Part of the variance of take-up that all areas share.",
        "share of variance, 0 to 1",
        True,
    ),
}
NOT_NAMED, NOT_STATED = "not named", "not stated"


def ranked(
    scenario: Scenario | str | Path,
    output: Output = "gain_final_year_gbp_m",
    area: str = "uk",
    *,
    draws: int = 10_000,
    seed: int = 1,
    geography: str | None = None,
    dataset: Dataset | None = None,
    threads: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Sensitivity:
    """Run `sensitivity` with every assumption a group of its own, for `log`.

    Parameters, errors and result as `sensitivity`; some 25 samples of `draws`.
    """
    if not isinstance(scenario, Scenario):
        scenario = load_scenario(scenario)
    return sensitivity(
        scenario,
        output,
        area,
        groups={name: [name] for name in every_parameter(scenario)},
        draws=draws,
        seed=seed,
        geography=geography,
        dataset=dataset,
        threads=threads,
        on_progress=on_progress,
    )


def log(
    scenario: Scenario, base: Scenario | None = None, found: Sensitivity | None = None
) -> pl.DataFrame:
    """List every assumption with value, source, owner, date and what differs.

    Parameters
    ----------
    scenario : Scenario
    base : Scenario, optional
        What it is held against; the reference if left out.
    found : Sensitivity, optional
        Made by `ranked` for the same scenario; adds the rank.

    Returns
    -------
    DataFrame
        A row for each assumption: ``group``, ``name``, ``symbol``, ``what``, ``key``,
        ``value`` in words, ``middle``, ``low``, ``high`` (50%, 5% and 95% quantiles in the
        figure's unit; null for what is no number), ``unit``, ``kind`` of distribution,
        ``source``, ``evidence`` (or "choice", for what somebody decides), ``note``,
        ``owner``, ``dated``, ``switched_on`` (null but for adjustments), ``changed`` and
        ``reference``, the base's value in words. With `found` also ``rank`` (1 moves the
        answer most), ``takes_part_in`` (total Sobol index, share of the variance) with the
        ends of its 95% interval, ``no_rank`` (why there is none) and ``ranked_by``. A figure as
        in the reference is the project's, of its version, unless it says otherwise.

    Notes
    -----
    Figures that share one random number share its rank: those of one parameter for every
    technology and sector.
    """
    base = load_scenario("reference") if base is None else base
    project = {"owner": "gainsmodel project", "dated": f"version {build_info()['version']}"}
    reference = {row["key"]: row for row in _structure(base, None)}
    rows = []
    for row in assumptions(scenario, base).iter_rows(named=True):
        rows.append(row | {"switched_on": row["enabled"], **_in_words(row)})
    rows += _structure(scenario, reference)
    ranks = {} if found is None else _ranks(found)
    moved = scenario.moved_levers()
    for row in rows:
        project_owns = not row["changed"]
        row["owner"] = row["owner"] or (project["owner"] if project_owns else NOT_NAMED)
        row["dated"] = row["dated"] or (project["dated"] if project_owns else NOT_STATED)
        if found is not None:
            row |= ranks.get(_parameter(row["key"]), _NEVER)
            if row["key"].startswith("levers.") and row["key"].split(".")[1] not in moved:
                row["no_rank"] = "no area moves it"
            row["ranked_by"] = f"{found.output}, {found.area}; {_how(found)}"
    schema = _SCHEMA | (_RANK_SCHEMA if found is not None else {})
    return pl.DataFrame([{name: row[name] for name in schema} for row in rows], schema=schema)


def about(scenario: Scenario, found: Sensitivity | None = None) -> list[tuple[str, str]]:
    """What the log is of, for the head of a file: pairs of what and the words for it."""
    rows = [
        ("Assumptions of", scenario.title),
        ("Question", scenario.question),
        (
            "Middle, low, high",
            "half of the futures lie above the middle, 1 in 20 below low, 1 in 20 above high",
        ),
        (
            "Evidence",
            "published by the source; derived from published figures; judgement; "
            "choice: decided, not estimated",
        ),
        ("Plans", "who moves which lever is a decision, not an assumption, and is not listed"),
        ("Version", f"gainsmodel {build_info()['version']}"),
    ]
    if found is not None:
        rows += [
            (
                "Ranked by",
                f"share of the variance of {found.output} ({found.unit}), {found.area}, "
                "in which an assumption takes part, alone and together with others",
            ),
            ("Ranked on", _how(found)),
            *(("Note", note) for note in found.notes),
        ]
    return rows


def markdown(table: pl.DataFrame, head: list[tuple[str, str]]) -> str:
    """A log as Markdown, one table a group.

    Parameters
    ----------
    table : DataFrame
        Made by `log`.
    head : list of pairs
        Made by `about`.
    """
    has_rank = "rank" in table.columns
    headings = ["Assumption", "Value", "Unit", "Evidence", "Source", "Owner, date", "Reference"]
    headings += ["Rank"] * has_rank
    lines = [f"# Assumptions: {_cell(head[0][1])}", ""]
    lines += [f"- {_cell(what)}: {_cell(words)}" for what, words in head[1:]]
    for group in dict.fromkeys(table["group"]):
        lines += ["", f"## {group}", "", "| " + " | ".join(headings) + " |"]
        lines.append("|" + "---|" * len(headings))
        for row in table.filter(pl.col("group") == group).iter_rows(named=True):
            changed = "**" if row["changed"] else ""
            note = f". {row['note']}" if row["note"] else ""
            cells = [
                row["name"],
                f"{changed}{row['value']}{changed}",
                row["unit"],
                row["evidence"],
                row["source"] + note,
                f"{row['owner']}, {row['dated']}",
                row["reference"] if row["changed"] else "the same",
            ]
            if has_rank:
                cells.append(rank_in_words(row))
            lines.append("| " + " | ".join(map(_cell, cells)) + " |")
    return "\n".join(lines) + "\n"


def rank_in_words(row: Mapping[str, Any]) -> str:
    """The rank in a row of a ranked log, with the share of the variance, or why there is none."""
    if row["rank"] is None:
        return str(row["no_rank"])
    part = row["takes_part_in"]
    return f"{row['rank']} ({'under 0.1%' if part < 0.001 else f'{part:.1%}'})"


def _how(found: Sensitivity) -> str:
    return f"{found.draws:,} futures in each sample, seed {found.seed}"


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


_SCHEMA: dict[str, Any] = {
    **dict.fromkeys(("group", "name", "symbol", "what", "key", "value"), pl.String),
    **dict.fromkeys(("middle", "low", "high"), pl.Float64),
    **dict.fromkeys(("unit", "kind", "source", "evidence", "note", "owner", "dated"), pl.String),
    "switched_on": pl.Boolean,
    "changed": pl.Boolean,
    "reference": pl.String,
}
_RANK_SCHEMA: dict[str, Any] = {
    "rank": pl.Int64,
    **dict.fromkeys(("takes_part_in", "takes_part_in_low", "takes_part_in_high"), pl.Float64),
    "no_rank": pl.String,
    "ranked_by": pl.String,
}
_UNRANKED: dict[str, Any] = dict.fromkeys(_RANK_SCHEMA)
_NEVER = _UNRANKED | {"no_rank": "fixed"}
_SHORT = {"switched off": "off", "the same in every future": "fixed"}


def _in_words(row: Mapping[str, Any]) -> dict[str, str]:
    new = row["base_middle"] is None
    return {
        "value": _figure(row, ""),
        "reference": "not in the reference" if new else _figure(row, "base_"),
    }


def _figure(row: Mapping[str, Any], of: str) -> str:
    off = " (off)" if row[f"{of}enabled"] is False else ""
    return figure(*(row[f"{of}{name}"] for name in ("middle", "low", "high"))) + off


def _structure(
    scenario: Scenario, reference: Mapping[str, Mapping[str, Any]] | None
) -> Iterator[dict[str, Any]]:
    """Rows of what is no figure with a source of its own; no reference: it is one itself."""
    data = scenario.to_dict()
    rows: list[dict[str, Any]] = []
    for key, (name, what, unit, judged) in _CHOICES.items():
        value: Any = data
        for part in key.split("."):
            value = value[part]
        origin = {"source": "gainsmodel, 2026", "evidence": "judgement" if judged else "choice"}
        rows.append(_choice(key, name, what, value, unit) | origin)
    for parameter in SPREAD_PARAMETERS:
        shares = data["parameters"][parameter]["spread"]
        words = ", ".join(f"{level} {share:.0%}" for level, share in shares.items())
        rows.append(
            _choice(
                f"parameters.{parameter}.spread",
                f"What moves together: {parameter.replace('_', ' ')}",
                "Part of the variance that is common to each level.",
                words,
                "share of variance",
            )
            | {"source": "gainsmodel, 2026", "evidence": "judgement"}
        )
    for place, correlation in enumerate(data.get("correlations", ())):
        first, second = (name.replace("_", " ") for name in correlation["between"])
        rows.append(
            _choice(
                f"correlations[{place}]",
                f"Correlation: {first} and {second}",
                "How far the two move together in one sector of one area.",
                correlation["value"],
                "correlation, −1 to 1",
            )
            | {name: correlation[name] for name in ("source", "evidence", "note")}
        )
    for row in rows:
        old = row if reference is None else reference.get(row["key"])
        same = ("name", "value", "source", "evidence", "note")
        row["changed"] = old is None or any(row[name] != old[name] for name in same)
        row["reference"] = "not in the reference" if old is None else old["value"]
        if row["changed"] and not row["key"].startswith("correlations"):
            row["source"] = "set in the scenario; no source can be given"
        yield row


def _choice(key: str, name: str, what: str, value: Any, unit: str) -> dict[str, Any]:
    number = float(value) if isinstance(value, int | float) else None
    return {
        **dict.fromkeys(_SCHEMA),
        "group": STRUCTURE,
        "symbol": "",
        "name": name,
        "what": what,
        "key": key,
        "value": str(value).replace("_", " ") if number is None else f"{value:g}",
        "middle": number,
        "low": number,
        "high": number,
        "unit": unit,
        "kind": "choice" if number is None else "fixed",
        "note": "",
    }


def _ranks(found: Sensitivity) -> dict[str, dict[str, Any]]:
    ranks = {
        name: _UNRANKED | {"no_rank": _SHORT.get(why, why)} for name, why in found.left_out.items()
    }
    rank = 0
    for row in found.indices.iter_rows(named=True):
        if row["distinguishable"]:
            rank += 1
        ranks[row["group"]] = {
            "rank": rank if row["distinguishable"] else None,
            "takes_part_in": row["total"],
            "takes_part_in_low": row["total_low"],
            "takes_part_in_high": row["total_high"],
            "no_rank": None if row["distinguishable"] else "not distinguishable from zero",
        }
    return ranks


def _parameter(key: str) -> str:
    """The name under which an assumption is drawn: `groups_of` and the core know no more."""
    parts = key.split(".")
    return parts[1] if parts[0] == "parameters" and parts[-1] not in _FIXED_PARTS else key


# Parts of a parameter that no draw varies.
_FIXED_PARTS = ("spread", "shared_variance")
