"""The assumptions log for an assurance file: source, evidence, owner, date and importance.

Every figure and every choice of structure once, with source, owner, date, what differs from the
reference, and the rank in a sensitivity run.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from gainsmodel.analysis.sensitivity import Sensitivity, sensitivity
from gainsmodel.checks import renamed
from gainsmodel.choices import Output
from gainsmodel.data import Dataset
from gainsmodel.format import figure, percent
from gainsmodel.results.manifest import build_info
from gainsmodel.results.statistics import quantiles
from gainsmodel.scenario import Distribution, Scenario, load_scenario
from gainsmodel.scenario.messages import KeyPath, dotted
from gainsmodel.scenario.parameter_groups import every_parameter
from gainsmodel.scenario.parameters import CHOICES, LEVER_YEARS, LEVER_YEARS_UNSTATED, PARAMETERS
from gainsmodel.scenario.quantities import SPREAD_PARAMETERS, AreaOddsRatio, AreaRatios, Quantity

STRUCTURE = "Structure"
# Key of what is not a figure: plain name, what it does, unit, and whether it is judgement.
# Headings, in their order; structure last.
GROUPS = (
    "The £208bn",
    "Adoption",
    "Productivity effect",
    "Delay and decay",
    "Growth",
    "Levers",
    "Appraisal",
)
NOT_IN_REFERENCE = "not in the reference"
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


@renamed(found="ranking")
def log(
    scenario: Scenario, base: Scenario | None = None, ranking: Sensitivity | None = None
) -> pl.DataFrame:
    """List every assumption with value, source, owner, date and what differs.

    Parameters
    ----------
    scenario : Scenario
    base : Scenario, optional
        What it is held against; the reference if left out.
    ranking : Sensitivity, optional
        Made by `ranked` for the same scenario; adds the rank.

    Returns
    -------
    DataFrame
        A row for each assumption, in the order of `GROUPS`, structure last: ``group``, ``name``,
        ``symbol``, ``what``, ``key`` (as `Scenario.edit` takes it), ``value`` in words,
        ``middle``, ``low``, ``high`` (50%, 5% and 95% quantiles in the figure's unit, of an effect
        that may be nothing where it is not; null for what is not a number), ``unit``, ``kind`` of
        distribution, ``source``, ``evidence`` (or "choice", for what is decided), ``note``,
        ``owner``, ``dated``, ``switched_on`` (null but for adjustments), ``changed``,
        ``reference``, the base's value in words, and ``base_middle``, ``base_low`` and
        ``base_high``, the base's quantiles. With `ranking` also
        ``rank`` (1 moves the answer most), ``total_effect`` (total Sobol index, share of the
        variance) with the ends of its 95% interval, ``no_rank`` (why there is none) and
        ``ranked_by``. A figure as in the reference is the project's, of its version, unless it
        says otherwise.

    Notes
    -----
    Figures that share one random number share its rank: those of one parameter for every
    technology and sector.
    """
    base = load_scenario("reference") if base is None else base
    version = f"version {build_info()['version']}"
    theirs = {row["key"]: row for row in _rows(base)}
    ranks = {} if ranking is None else _ranks(ranking)
    moved = scenario.moved_levers()
    rows = []
    for row in _rows(scenario):
        old = theirs.get(row["key"])
        row["changed"] = old is None or any(row[name] != old[name] for name in _COMPARED)
        row["reference"] = NOT_IN_REFERENCE if old is None else old["value"]
        for name in ("middle", "low", "high"):
            row[f"base_{name}"] = None if old is None else old[name]
        if row["changed"] and row["key"] in _DECIDED:
            row["source"] = "set in the scenario; no source can be given"
        row["owner"] = row["owner"] or (NOT_NAMED if row["changed"] else "gainsmodel project")
        row["dated"] = row["dated"] or (NOT_STATED if row["changed"] else version)
        if ranking is not None:
            row |= ranks.get(_parameter(row["key"]), _NEVER)
            if row["key"].startswith("levers.") and row["key"].split(".")[1] not in moved:
                row["no_rank"] = "no area moves it"
            row["ranked_by"] = f"{ranking.output}, {ranking.area}; {_how(ranking)}"
        rows.append(row)
    rows.sort(key=lambda row: (*GROUPS, STRUCTURE).index(row["group"]))
    schema = _SCHEMA | (_RANK_SCHEMA if ranking is not None else {})
    return pl.DataFrame([{name: row[name] for name in schema} for row in rows], schema=schema)


def assumptions(scenario: Scenario, base: Scenario | None = None) -> pl.DataFrame:
    """List the figures of `log`, without choices of structure; no base: nothing differs."""
    return log(scenario, base or scenario).filter(pl.col("group") != STRUCTURE)


def distributions(scenario: Scenario) -> dict[str, Distribution | float]:
    """What is stated of each figure of `log`, by its key: a distribution, or a certain value."""
    return {row["key"]: row["stated"] for row in _rows(scenario) if row["group"] != STRUCTURE}


@renamed(found="ranking")
def about(scenario: Scenario, ranking: Sensitivity | None = None) -> list[tuple[str, str]]:
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
    if ranking is not None:
        rows += [
            (
                "Ranked by",
                f"share of the variance of {ranking.output} ({ranking.unit}), {ranking.area}, "
                "that an assumption accounts for, alone and together with others",
            ),
            ("Ranked on", _how(ranking)),
            *(("Note", note) for note in ranking.notes),
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
            symbol = f" ({row['symbol']})" if row["symbol"] else ""
            cells = [
                row["name"] + symbol,
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
    part = row["total_effect"]
    return f"{row['rank']} ({'under 0.1%' if part < 0.001 else f'{part:.1%}'})"


def _how(ranking: Sensitivity) -> str:
    return f"{ranking.draws:,} futures in each sample, seed {ranking.seed}"


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


_SCHEMA: dict[str, Any] = {
    **dict.fromkeys(("group", "name", "symbol", "what", "key", "value"), pl.String),
    **dict.fromkeys(("middle", "low", "high"), pl.Float64),
    **dict.fromkeys(("unit", "kind", "source", "evidence", "note", "owner", "dated"), pl.String),
    "switched_on": pl.Boolean,
    "changed": pl.Boolean,
    "reference": pl.String,
    **dict.fromkeys(("base_middle", "base_low", "base_high"), pl.Float64),
}
_PROJECT = {"source": "gainsmodel, 2026", "note": "", "evidence": "judgement"}
# In what a row differs from the reference if it does; the figure itself, not how it reads.
_COMPARED = (
    "stated",
    "switched_on",
    "unit",
    "source",
    "evidence",
    "note",
    "owner",
    "dated",
)
_RANK_SCHEMA: dict[str, Any] = {
    "rank": pl.Int64,
    **dict.fromkeys(("total_effect", "total_effect_low", "total_effect_high"), pl.Float64),
    "no_rank": pl.String,
    "ranked_by": pl.String,
}
_UNRANKED: dict[str, Any] = dict.fromkeys(_RANK_SCHEMA)
_NEVER = _UNRANKED | {"no_rank": "fixed"}
_SHORT = {"switched off": "off", "the same in every future": "fixed"}


def _rows(scenario: Scenario) -> Iterator[dict[str, Any]]:
    """Every assumption, in the order of the table of parameters."""
    labels = {name: technology.label for name, technology in scenario.technologies.items()}
    for name, of in PARAMETERS.items():
        entry: Any = scenario.prize if name == "prize" else getattr(scenario.parameters, name)
        path: KeyPath = ("prize",) if name == "prize" else ("parameters", name)
        about = (of.section, of.label, of.symbol, of.explanation)
        if name in ("area_odds_ratio", "growth_loading"):
            yield from _by_area(entry, path, about, labels)
            continue
        if of.level == "constant":
            yield _row(path, about, entry, entry.value)
        elif name not in ("initial_adoption", "sector_odds_ratio"):
            yield _row(path, about, entry, entry.figure())
        for technology, own in getattr(entry, "by_technology", {}).items():
            at, named = (*path, "by_technology", technology), f"{of.label}: {labels[technology]}"
            if name != "sector_odds_ratio":
                yield _row(at, (about[0], named, *about[2:]), own, own.figure())
                continue
            for sector, ratio in own.values.items():
                of_sector = (about[0], f"{named}, sector {sector}", *about[2:])
                yield _row((*at, "values", sector), of_sector, own, ratio)
    for name, lever in scenario.levers.items():
        cost, at = lever.cost_gbp_per_head_per_year, ("levers", name)
        about = ("Levers", f"{lever.label}: cost", "", "What it costs the authority in full.")
        of_cost = _row((*at, "cost_gbp_per_head_per_year"), about, cost, cost.figure())
        yield of_cost | {"unit": f"{cost.unit}, {cost.price_year} prices"}
        if lever.take_up is not None:
            about = (
                "Levers",
                f"{lever.label}: take-up",
                "takeup",
                PARAMETERS["take_up"].explanation,
            )
            yield _row((*at, "take_up"), about, lever.take_up, lever.take_up.figure())
        for target, effect in lever.effects:
            if effect is not None:
                named = f"{lever.label}: effect on {PARAMETERS[target].in_sentence}"
                yield from _effect((*at, "effects", target), named, effect)
        for key, of_years in LEVER_YEARS.items():
            stated = getattr(lever, key)
            words = LEVER_YEARS_UNSTATED[key] if stated is None else stated
            named = f"{lever.label}: {of_years.label}"
            origin = _PROJECT | {"evidence": of_years.evidence}
            told = (dotted((*at, key)), named, of_years.explanation, words, of_years.unit, origin)
            yield _choice(*told) | {"group": "Levers"}
    for place, rate in enumerate(scenario.discounting.rates):
        about = (
            "Appraisal",
            f"Discount rate from year {rate.from_year}",
            "",
            "Makes amounts of later years comparable with today’s.",
        )
        yield _row(("discounting", "rates", place), about, scenario.discounting, rate.rate)
    yield from _structure(scenario)


def _effect(path: KeyPath, named: str, effect: Quantity) -> Iterator[dict[str, Any]]:
    """Rows of a lever's effect: its size where it has one, and the chance that it has none."""
    stated = effect.figure()
    about = ("Levers", named, "ε", "What it adds at full take-up, where it has an effect.")
    yield _row(path, about, effect, stated.if_not_zero())
    if stated.p_zero:
        chance = "The chance that the lever has no lasting effect, in any area."
        none = ("Levers", f"{named}, chance of none", "", chance)
        of_zero = _row((*path, "distribution", "p_zero"), none, effect, float(stated.p_zero))
        yield of_zero | {"unit": "probability, 0 to 1"}


def _by_area(
    entry: Any, path: KeyPath, about: tuple[str, str, str, str], labels: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """Rows of what is stated for single areas."""
    tables: list[tuple[KeyPath, str, Any]] = [((), "", entry)]
    if isinstance(entry, AreaOddsRatio):
        tables = [
            (("by_technology", technology), f", {labels[technology]}", of)
            for technology, of in entry.by_technology.items()
        ]
    if not any(origin.values for _, _, origin in tables):
        # That all areas are alike is assumed, too.
        source = "gainsmodel: all areas are taken to be alike"
        alike = AreaRatios.model_construct(
            unit=entry.unit, source=source, evidence="judgement", values={}
        )
        alike_at = 1.0 if isinstance(entry, AreaOddsRatio) else 0.0
        yield _row(path, (about[0], f"{about[1]}: all areas", *about[2:]), alike, alike_at)
    for at, of_technology, origin in tables:
        for area, value in origin.values.items():
            named = f"{about[1]}: {area}{of_technology}"
            yield _row((*path, *at, "values", area), (about[0], named, *about[2:]), origin, value)


def _row(
    path: KeyPath,
    about: tuple[str, str, str, str],
    origin: Any,
    stated: Distribution | float,
) -> dict[str, Any]:
    """A figure's row; about: section, name, symbol and explanation."""
    low, middle, high = (stated,) * 3 if isinstance(stated, float) else quantiles(stated)
    switched_on = getattr(origin, "enabled", None)
    return {
        **dict(zip(("group", "name", "symbol", "what"), about, strict=True)),
        "key": dotted(path),
        "value": figure(middle, low, high) + (" (off)" if switched_on is False else ""),
        **{"middle": middle, "low": low, "high": high},
        "kind": "fixed" if isinstance(stated, float) else stated.kind,
        **{n: getattr(origin, n) for n in ("unit", "source", "evidence", "note", "owner", "dated")},
        "switched_on": switched_on,
        "stated": stated,
    }


def _structure(scenario: Scenario) -> Iterator[dict[str, Any]]:
    """Rows of what is not a figure with a source of its own."""
    data = scenario.to_dict()
    for key, of in CHOICES.items():
        value: Any = data
        for part in key.split("."):
            value = value[part]
        origin = _PROJECT | {"evidence": of.evidence}
        yield _choice(key, of.label, of.explanation, value, of.unit, origin)
    for parameter in SPREAD_PARAMETERS:
        shares = data["parameters"][parameter]["spread"]
        yield _choice(
            f"parameters.{parameter}.spread",
            f"What moves together: {PARAMETERS[parameter].in_sentence}",
            "Part of the variance that is common to each level.",
            ", ".join(f"{level} {share:.0%}" for level, share in shares.items()),
            "share of variance",
            _PROJECT,
        )
    axes = [(f"structure_axis[{n}]", axis) for n, axis in enumerate(scenario.structure_axis)]
    for key, label, choices in (
        *((key, f"Structures: {axis.name}", axis.choice) for key, axis in axes),
        *(
            [("structure", "Structures of the model", scenario.structure)]
            * bool(scenario.structure)
        ),
    ):
        yield _choice(
            key,
            label,
            "Futures are shared out among them by weight; each has figures of its own.",
            ", ".join(f"{choice.name} {percent(choice.weight)}" for choice in choices),
            "share of the futures",
            _PROJECT,
        )
    for place, correlation in enumerate(data.get("correlations", ())):
        pair = " and ".join(PARAMETERS[name].in_sentence for name in correlation["between"])
        yield _choice(
            f"correlations[{place}]",
            f"Correlation: {pair}",
            "How far the two move together in one sector of one area.",
            correlation["value"],
            "correlation, −1 to 1",
            {name: correlation[name] for name in ("source", "evidence", "note")},
        )


def _choice(
    key: str, name: str, explanation: str, value: Any, unit: str, origin: Mapping[str, str]
) -> dict[str, Any]:
    if isinstance(value, bool):
        value = "yes" if value else "no"
    number = float(value) if isinstance(value, int | float) else None
    words = str(value).replace("_", " ") if number is None else f"{value:g}"
    return {
        **dict.fromkeys(_SCHEMA),
        **{"group": STRUCTURE, "symbol": "", "name": name, "what": explanation, "key": key},
        **{
            "value": words,
            "stated": (name, words),
            "middle": number,
            "low": number,
            "high": number,
        },
        **{"unit": unit, "kind": "choice" if number is None else "fixed"},
        **origin,
    }


def _ranks(ranking: Sensitivity) -> dict[str, dict[str, Any]]:
    ranks = {
        name: _UNRANKED | {"no_rank": _SHORT.get(why, why)}
        for name, why in ranking.left_out.items()
    }
    rank = 0
    for row in ranking.indices.iter_rows(named=True):
        if row["distinguishable"]:
            rank += 1
        ranks[row["group"]] = {
            "rank": rank if row["distinguishable"] else None,
            "total_effect": row["total"],
            "total_effect_low": row["total_low"],
            "total_effect_high": row["total_high"],
            "no_rank": None if row["distinguishable"] else "not distinguishable from zero",
        }
    return ranks


def _parameter(key: str) -> str:
    """The name under which an assumption is drawn: `groups_of` and the core know no more."""
    parts = key.split(".")
    return parts[1] if parts[0] == "parameters" and parts[-1] not in _FIXED_PARTS else key


# Parts of a parameter that no draw varies.
_FIXED_PARTS = ("spread", "shared_variance")
# Keys of what has no source of its own.
_DECIDED = (*CHOICES, *(f"parameters.{name}.spread" for name in SPREAD_PARAMETERS))
