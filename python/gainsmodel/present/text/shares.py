"""What a result says of one place: its share, its digital gain, and how sure they are."""

import math

from gainsmodel import format
from gainsmodel.analysis import convergence
from gainsmodel.errors import ResultError
from gainsmodel.present.area_summary import Added, AreaSummary, Estimate, plain
from gainsmodel.present.text.terms import the
from gainsmodel.results.result import Result

# A weaker correlation of shares with readiness is said to say little.
HARDLY = 0.3


def about(result: Result, unit: str) -> AreaSummary:
    """Read a result for one area or group, by its code.

    Raises
    ------
    UnknownNameError
        If the result has no such area or group.
    """
    reading = AreaSummary(result, unit)
    # An unknown code is told here, not within a sentence.
    assert reading.row
    return reading


def headline(a: AreaSummary, added: Added | None = None) -> tuple[str, str]:
    """The two clauses of the headline: the share of the prize, and the digital gain.

    `added` is what the plan adds (`AreaSummary.added`), or None where there is no plan.
    """
    if a.unit == "uk":
        # The UK has no share to estimate; its amount differs from the stated one only where that
        # is of other prices, or a share of the economy.
        other = (a.is_restated or a.basis == "share_of_economy") and a.part.is_told
        whole = f", {a.part.about_gbp}" if other else ""
        first = f"The UK as a whole would have all of {a.the_prize_read} {a.when}{whole}."
    elif a.shares_withheld:
        first = f"{a.whose} share of {a.the_prize_read} cannot be stated."
    elif not a.part.is_told:
        first = f"{a.whose} share of {a.the_prize_read} cannot be stated: {format.TOO_FEW}."
    else:
        first = f"{a.whose} share of {a.the_prize_read} would be {a.part.about_gbp} {a.when}."
    same = " over the same years" if a.cumulative else " a year"
    gain = _gain_without(a, added)
    if not gain.is_told:
        return first, f"The digital gain cannot be stated: {format.TOO_FEW}."
    second = f"The digital gain is plausibly {gain.gbp}{same}"
    return first, f"{second}{_and_the_plan(a, added)}."


def _gain_without(a: AreaSummary, added: Added | None) -> Estimate:
    """The digital gain: without the plan, where what that adds is known."""
    return a.digital_gain if added is None or added.without is None else added.without


def _and_the_plan(a: AreaSummary, added: Added | None) -> str:
    """That the digital gain comes without the plan, and how much the plan adds."""
    if added is None or added.without is None:
        return " with this plan" if a.has_plan else ", all of it without a plan"
    if added.is_zero:
        return " without the plan, which adds nothing"
    adds = f"; the plan adds {added.about_gbp}{a.net_of}" if added.is_told else ""
    return f" without the plan{adds}"


def ranges(a: AreaSummary, added: Added | None = None) -> str:
    """The ranges of the amounts of the headline.

    With `added` also that of what the plan adds, and how often it adds next to nothing: where
    `plan_adds` does not stand beside it.
    """
    if a.part.is_certain and a.digital_gain.is_certain:
        return f"{a.certainty}, so there is no range."
    gain = f"the digital gain is {_gain_without(a, added).gbp_range}"
    if added is not None and added.is_told and not added.is_zero:
        gain += f" and the plan adds {added.range_and_nothing('{} ({})')}"
    if a.unit == "uk":
        return f"In 9 of 10 simulated futures {gain}."
    if a.shares_withheld:
        return f"In 9 of 10 simulated futures {gain}. {a.excluded}, so no share is given."
    joint = "," if " and " in gain else " and"
    said = f"In 9 of 10 simulated futures the share is {a.part.gbp_range}{joint} {gain}."
    if plain_share := a.row["share_excluded_draws"]:
        rest = format.percent(1 - plain_share)
        said += f" {a.excluded}, so shares use the other {rest}."
    return said


def prices(a: AreaSummary) -> str:
    """The money of everything printed, and what the prize comes to in it."""
    said = f"All money is in {a.prices}"
    if a.basis == "share_of_economy":
        return f"{said}; {a.the_prize} is read as {a.of_economy} in {a.years[1]}."
    year = a.scenario["prize"]["price_year"]
    if not a.is_restated:
        return f"{said}, those of {a.the_prize} itself."
    return f"{said}; {a.the_prize} of {year} is {a.uk.part.gbp} in them."


def against_gva(a: AreaSummary) -> str:
    """How the share stands against the null model, the share of the economy: as a ratio."""
    if a.unit == "uk":
        return "The UK’s share is the whole."
    economy = f"share of the economy ({format.percent(a.gva_share)})"
    verdict = format.against_gva(a.p_above_gva, a.futures)
    if verdict == format.TOO_FEW:
        return f"There are too few futures to compare the share with {a.whose} {economy}."
    said = (
        f"{a.whose} share of the gain is {format.ratio(a.ratio.mean)} times its "
        f"{economy[:-1]}; 9 of 10 futures: {ratio_range(a)})."
    )
    if verdict != format.NOT_SEPARATED:
        return (
            f"{said} With these assumptions the share of the gain is {verdict}: "
            f"{format.chance(a.p_above_gva, a.futures)} it is the larger of the two."
        )
    down, up = a.separating_ratios
    from_where = f"from a ratio of about {up:.1f} up or {down:.1f} down"
    would = f"; they would {from_where}" if up == up and down == down else ""
    return f"{said} These assumptions do not separate the two{would}."


def ratio_range(a: AreaSummary) -> str:
    """The range of the share of the gain over the share of GVA."""
    low, high = (format.ratio(end) for end in (a.ratio.low, a.ratio.high))
    return low if low == high else f"{low} to {high}"


def separated(result: Result) -> str:
    """In how many areas the assumptions separate the share of the gain from that of GVA."""
    areas, futures = result.areas(), int(result.manifest["draws"])
    told = [format.against_gva(plain(p), futures) for p in areas["p_share_above_gva"]]
    known = [verdict for verdict in told if verdict != format.TOO_FEW]
    if areas.height == 1 or not known:
        return ""
    apart = len(known) - known.count(format.NOT_SEPARATED)
    return (
        "These assumptions separate the share of the gain from the share of GVA (one is the larger "
        f"in more than 9 of 10 futures) in {apart or 'none'} of the {len(known)} areas."
    )


def pattern(result: Result) -> str:
    """Whether areas converge or diverge in a run; nothing where that cannot be told."""
    try:
        found = convergence.pattern(result)
    except ResultError:  # the figures are not at hand
        return ""
    if not math.isfinite(found.correlation):
        return ""
    than = "its share of the gain relative to its share of the economy"
    number = f"correlation {format.ratio(found.correlation)} across {found.areas} areas"
    each = format.listed(
        [f"{format.ratio(value)} with “{name}”" for name, value in found.choices.items()]
    )
    if found.choices and min(found.choices.values()) < 0 < max(found.choices.values()):
        return (
            "In some structures of the model areas converge, in others they diverge: how ready an "
            f"area is and {than} have correlations of {each} ({found.areas} areas). Which pattern "
            "holds is judgement."
        )
    if abs(found.correlation) < HARDLY:
        said = f"How ready an area is says little of {than} ({number})."
    elif found.correlation < 0:
        said = f"Areas converge by assumption: the readier an area, the smaller {than} ({number})."
    else:
        said = f"Areas diverge by assumption: the readier an area, the larger {than} ({number})."
    by_structure = f" By structure it is {each}." if each else ""
    return f"{said}{by_structure} Which pattern holds is judgement."


def if_diverging(a: AreaSummary, ratio: float | None) -> str:
    """What an area's share would be where areas diverge; nothing of the UK, or if not known.

    `ratio` is that of the share of the gain to the share of GVA, as
    `gainsmodel.analysis.convergence.ratios_if_diverging` gives it.
    """
    if ratio is None or a.unit == "uk" or a.shares_withheld:
        return ""
    return (
        "Where areas diverge (readiness also raises ceilings and pace), "
        f"{the(a.whose)} share of the gain would be {format.ratio(ratio)} times its share of the "
        f"economy on average; here it is {format.ratio(a.ratio.mean)} times."
    )


def against_gva_hover(a: AreaSummary) -> str:
    """The count behind `against_gva`, and what it means."""
    return (
        f"It is larger {format.chance(a.p_above_gva, a.futures)}. A split that follows the size "
        "of the economy tells you nothing beyond size."
    )


def shares_left_out(a: AreaSummary) -> str:
    """How many draws shares leave out, and why."""
    floor = a.result.scenario.setting.share_floor
    return (
        f"Shares leave out {format.percent(plain(a.row['share_excluded_draws']))} of the futures, "
        f"in which the national gain is below {format.percent(floor)} of GVA."
    )


def final_year(result: Result) -> int:
    """The last year of the horizon."""
    setting = result.scenario.setting
    return setting.start_year + setting.horizon_years
