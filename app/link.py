"""Links: a choice as the parameters of an address, and back.

Links that version 0.3.0 made still open.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from app.choice import (
    BASES,
    LEVERS,
    SAMPLERS,
    WHO,
    Choice,
    own_figures,
    reference_of,
    start,
)
from gainsmodel import Dataset, GainsModelError, Scenario, build_info
from gainsmodel.checks import escape
from gainsmodel.data import GEOGRAPHIES, OWN

OWN_AREAS_MISSING = (
    "This link uses custom areas. Load their data folder under Assumptions, then open the link "
    "again."
)
MOST_DRAWS = 1_000_000
# A longer address is cut by mail programs and some servers.
LONGEST_CHANGES = 4_000
# Old spellings of what an address may hold, to what they mean now.
ALIASES = {"basis": {"annual": "final_year", "decade": "cumulative"}}


def to_query(choice: Choice) -> dict[str, str]:
    """The choice as the parameters of an address, complete.

    Own figures are not in it, nor changes too long for an address (`too_long`).
    """
    out = {
        "area": choice.unit_name,
        "basis": choice.scenario.prize.basis,
        "geography": choice.scenario.setting.geography,
        "who": choice.who,
    }
    for lever in LEVERS:
        if lever in choice.scenario.levers:
            known = choice.scenario.levers[lever]
            intensity, start, ramp = choice.planned(lever)
            out[lever] = f"{Decimal(repr(intensity)).scaleb(2).normalize():f}"
            if (start, ramp) != (known.start_years, known.ramp_years):
                out[f"{lever}_when"] = f"{_text(start)},{_text(ramp)}"
    out |= {"futures": str(choice.draws), "seed": str(choice.seed), "sampler": choice.sampler}
    changes = _changes_text(choice)
    if changes and not too_long(choice):
        out["changes"] = changes
    return out | {"v": str(build_info()["version"])}


def too_long(choice: Choice) -> bool:
    """Whether an address cannot hold the changed assumptions.

    They may be too many; and that a lever or a technology of the reference is gone cannot
    be told as a change.
    """
    return len(_changes_text(choice)) > LONGEST_CHANGES or _untold(choice.scenario.without_plan())


@lru_cache(64)
def _untold(scenario: Scenario) -> bool:
    """Whether a scenario without a plan is more than its changes from the reference."""
    base = reference_of(scenario.setting.geography)
    return base.edit(scenario.changes_from(base)) != scenario


def _changes_text(choice: Choice) -> str:
    changes = choice.changed()
    basis = changes.get("prize", {})
    basis.pop("basis", None)
    if not basis:
        changes.pop("prize", None)
    plan = choice.scenario.to_dict()["plan"]
    if (own := choice.entry()) is not None:
        # The guide's five have parameters of their own.
        plan[own] = {name: lever for name, lever in plan[own].items() if name not in LEVERS}
    if plan := {area: levers for area, levers in plan.items() if levers}:
        changes["plan"] = plan
    return json.dumps(changes, ensure_ascii=False, separators=(",", ":")) if changes else ""


def from_query(params: Mapping[str, str], data: Dataset | None = None) -> tuple[Choice, list[str]]:
    """Read an address.

    Parameters
    ----------
    params : mapping
    data : Dataset, optional
        Own figures in use, which no address holds; kept where it asks for their geography.

    Returns
    -------
    choice : Choice
        What it asks for, as far as that is known and allowed.
    notices : list of str
        What was not, in words.
    """
    notices: list[str] = []
    # Notices show what they cannot use.
    params = {k: text if k == "changes" else escape(text) for k, text in params.items()}
    choice = start()
    data = own_figures() if data is None else data
    if params.get("geography") == OWN and (data is None or data.geography != OWN):
        notices.append(OWN_AREAS_MISSING)
        params = {name: text for name, text in params.items() if name not in ("geography", "area")}
    known = GEOGRAPHIES if data is None else tuple(dict.fromkeys((*GEOGRAPHIES, data.geography)))
    wanted = _one_of(params, "geography", known, choice.scenario.setting.geography, notices)
    if data is not None and wanted == data.geography:
        choice = choice.use(data)
    elif wanted != choice.scenario.setting.geography:
        choice = choice.edit({"setting.geography": wanted})
    # In the changes may be plans for areas, which only their geography knows.
    if text := params.get("changes"):
        choice = _changed(choice, text, notices)
    basis = _one_of(params, "basis", BASES, choice.scenario.prize.basis, notices)
    if basis != choice.scenario.prize.basis:
        choice = choice.edit({"prize.basis": basis})
    choice = replace(
        choice,
        sampler=_one_of(params, "sampler", tuple(SAMPLERS), choice.sampler, notices),
        draws=_whole(params, "futures", 1, MOST_DRAWS, choice.draws, notices),
        seed=_whole(params, "seed", 0, 2**64 - 1, choice.seed, notices),
    )
    named = {name.casefold(): code for code, name in choice.dataset.units.items()}
    if area := params.get("area"):
        code = named.get(area.casefold())
        if code is None:
            notices.append(
                f"This link asked for area ‘{area[:60]}’, which we do not know. "
                f"Showing {choice.unit_name}."
            )
        else:
            choice = replace(choice, unit=code)
    groups = ("area", *(group for group in WHO if group in choice.dataset.groups))
    # Whatever plan an address holds is for the areas it names: none goes along.
    choice = replace(choice, who=_one_of(params, "who", groups, choice.who, notices))
    for lever in LEVERS:
        choice = _moved(choice, lever, params, notices)
    version = str(build_info()["version"])
    if params.get("v", version) != version:
        notices.append(
            f"This link was made with version {params['v'][:20]}; this is version {version}. "
            "Results may differ."
        )
    return choice, notices


def _moved(choice: Choice, lever: str, params: Mapping[str, str], notices: list[str]) -> Choice:
    label = choice.scenario.levers[lever].label
    percent = _number(params, lever, 0, 100, 0.0, f"{label}, in per cent", notices)
    start = ramp = None
    if when := params.get(f"{lever}_when"):
        try:
            start, ramp = (float(part) for part in when.split(","))
            if not (0 <= start <= 40 and 0 <= ramp <= 40):
                raise ValueError
        except ValueError:
            start = ramp = None
            notices.append(
                f"This link asked for ‘{when[:40]}’ as start and years to full strength of "
                f"{label}, which must be two numbers from 0 to 40. Using the lever’s own."
            )
    if not percent and start is None:
        return choice
    intensity = percent / 100
    if percent:
        # A division would not reproduce every share to the last digit.
        with suppress(ValueError):
            intensity = float(f"{params[lever].strip()}e-2")
    return choice.move(lever, intensity=intensity, start=start, ramp=ramp)


def _changed(choice: Choice, text: str, notices: list[str]) -> Choice:
    try:
        changes = json.loads(text) if len(text) <= 4 * LONGEST_CHANGES else None
        if not isinstance(changes, dict):
            raise ValueError
        new = choice.adopt(choice.scenario.edit(changes))
        new.check()
        return new
    except (GainsModelError, ValueError, RecursionError) as error:
        why = f": {str(error)[:300]}" if isinstance(error, GainsModelError) else "."
        notices.append(f"This link’s changed assumptions could not be used{why}")
        return choice


def _one_of(
    params: Mapping[str, str], name: str, allowed: tuple[Any, ...], default: Any, notices: list[str]
) -> Any:
    value = params.get(name, default)
    value = ALIASES.get(name, {}).get(value, value)
    if value in allowed:
        return value
    notices.append(
        f"This link asked for {name} ‘{value[:60]}’; there are {', '.join(allowed)}. "
        f"Using {default}."
    )
    return default


def _number(
    params: Mapping[str, str],
    name: str,
    low: float,
    high: float,
    default: float,
    what: str,
    notices: list[str],
) -> float:
    text = params.get(name)
    if text is None:
        return default
    try:
        value = float(text)
        if low <= value <= high:
            return value
    except ValueError:
        pass
    notices.append(
        f"This link asked for ‘{text[:40]}’ as {what}, which must be from {low:g} to {high:g}. "
        f"Using {default:g}."
    )
    return default


def _whole(
    params: Mapping[str, str], name: str, low: int, high: int, default: int, notices: list[str]
) -> int:
    text = params.get(name)
    if text is None:
        return default
    if text.isascii() and text.isdigit() and len(text) < 21 and low <= int(text) <= high:
        return int(text)
    notices.append(
        f"This link asked for ‘{text[:40]}’ as {name}, which must be a whole number from {low:,} "
        f"to {high:,}. Using {default:,}."
    )
    return default


def _text(years: float) -> str:
    return repr(years).removesuffix(".0")
