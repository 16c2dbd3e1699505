"""What is assumed of each lever, and on what evidence."""

from gainsmodel import format
from gainsmodel.analysis.take_up_cases import CASES
from gainsmodel.results.statistics import quantiles
from gainsmodel.scenario import PARAMETERS, Scenario
from gainsmodel.scenario.quantities import Quantity

JUDGEMENT = "Size of effect: judgement."


def costs(
    cost_gbp_m_per_year: float, price_gbp_m_per_year: float | None = None, cost_error: float = 0.0
) -> str:
    """What levers cost the authority: the expected value, and the price it comes from.

    Parameters
    ----------
    cost_gbp_m_per_year, price_gbp_m_per_year : float
        As `lever_costs`; a price that is not known, or reads as the cost does, is not said.
    cost_error : float
        Monte Carlo standard error of the cost, £m, if it is an average of futures.
    """
    cost = format.cost(cost_gbp_m_per_year)
    if cost_error:
        cost = format.gbp(cost_gbp_m_per_year, cost_error)
    about = cost if cost == "£0" else format.about(cost)
    said = f"costs {about} a year on average once running"
    price = cost if price_gbp_m_per_year is None else format.cost(price_gbp_m_per_year)
    if price == cost:
        return said
    return f"{said}; {price} at full take-up and before optimism bias"


def judgement(scenario: Scenario) -> str:
    """Said where any effect of a lever that is moved is judgement."""
    grades = {
        effect.evidence
        for lever in scenario.moved_levers()
        for _, effect in scenario.levers[lever].effects
        if effect is not None
    }
    return JUDGEMENT if "judgement" in grades else ""


def lever_effects(scenario: Scenario, lever: str) -> str:
    """What a lever does at full take-up, each effect with its range."""
    parts = []
    chances: set[float] = set()
    for target, effect in scenario.levers[lever].effects:
        if effect is not None:
            stated = effect.figure()
            chances.add(stated.p_zero or 0.0)
            low, median, high = (f"{value:.2g}" for value in quantiles(stated.if_not_zero()))
            size = median if low == high else f"{median} ({low} to {high})"
            parts.append(f"it {PARAMETERS[target].lever_adds(size)}")
    if not parts:
        return "No effect is assumed."
    said = f"At full take-up, {', '.join(parts)}; assumed medians, and ranges of 9 of 10 futures"
    if chances == {0.0}:
        return f"{said}."
    none = " or ".join(format.intensity(chance) for chance in sorted(chances))
    return f"{said} in which it has an effect. The chance that it has none is {none}."


def lever_evidence(scenario: Scenario, lever: str) -> str:
    """The weakest grade of evidence among a lever's cost and effects."""
    known = scenario.levers[lever]
    grades = {known.cost_gbp_per_head_per_year.evidence}
    grades |= {effect.evidence for _, effect in known.effects if effect is not None}
    return next(grade for grade in ("judgement", "derived", "published") if grade in grades)


def lever_help(
    scenario: Scenario, lever: str, full_cost_gbp_m: float, full_price_gbp_m: float | None = None
) -> str:
    """What a lever is, costs (as `costs`, at full intensity) and does, and on what evidence."""
    own = scenario.levers[lever].take_up
    earlier = " and ".join(f"{format.take_up(c.take_up)} ({c.programme})" for c in CASES)
    take_up = f"Earlier programmes had a take-up of {earlier}."
    return (
        f"{scenario.levers[lever].what} In full it {costs(full_cost_gbp_m, full_price_gbp_m)}. "
        f"{lever_effects(scenario, lever)} {take_up if own is None else _own_take_up(own)} "
        f"{lever_source(scenario, lever)}"
    )


def _own_take_up(take_up: Quantity) -> str:
    low, _, high = (format.whole_percent(value) for value in quantiles(take_up.figure()))
    spread = low if low == high else f"{low} to {high} in 9 of 10 futures"
    return f"It has a take-up of its own, {spread} ({take_up.source.removesuffix('.')})."


def lever_source(scenario: Scenario, lever: str) -> str:
    """Where the sizes of a lever's effects come from."""
    effects = [effect for _, effect in scenario.levers[lever].effects if effect is not None]
    if any(effect.evidence == "judgement" for effect in effects):
        notes = dict.fromkeys(effect.note for effect in effects if effect.note)
        return " ".join([JUDGEMENT, *notes])
    return f"Source: {'; '.join(dict.fromkeys(effect.source for effect in effects))}."
