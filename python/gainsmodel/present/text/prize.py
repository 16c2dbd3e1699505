"""What the prize is, how it is read, and how often the digital gain reaches it."""

from gainsmodel import format
from gainsmodel.present.area_summary import AreaSummary, is_cbi_figure, plain
from gainsmodel.present.text.terms import capital
from gainsmodel.results.tables import READINGS
from gainsmodel.scenario import Scenario


def causes(a: AreaSummary) -> str:
    """The caveat on every first screen."""
    if not is_cbi_figure(a.result.scenario):
        return f"{capital(a.the_prize)} is this scenario’s own figure, not the CBI’s £208bn."
    return f"{capital(a.the_prize)} is a 2016 estimate for all causes of growth, not digital alone."


def the_prize(scenario: Scenario) -> str:
    """The prize with its article: ``the £208bn``."""
    value = scenario.prize.value
    return "the prize" if value is None else f"the £{value:g}bn"


def of_the_prize(words: str, scenario: Scenario) -> str:
    """Words about the reference's prize as they are about a scenario's own."""
    own = the_prize(scenario)
    words = words.replace("the £208bn", own).replace("The £208bn", capital(own))
    return words.replace("£208bn", own.removeprefix("the "))


def prize_read(scenario: Scenario, basis: str) -> str:
    """The prize as it is read on a basis: ``£208bn a year by 2036``, ``£208bn over ten years``."""
    setting = scenario.setting
    amount = the_prize(scenario)
    amount = amount if scenario.prize.value is None else amount.removeprefix("the ")
    if basis == "cumulative":
        return f"{amount} over {format.years(setting.horizon_years)}"
    if basis == "share_of_economy":
        return f"{capital(format.part(scenario.prize.share_of_economy))} of UK GVA"
    return f"{amount} a year by {setting.start_year + setting.horizon_years}"


def national(a: AreaSummary) -> str:
    """The digital gain across the UK, and how often it reaches the prize."""
    gain = a.uk.digital_gain
    reached = format.chance(a.p_reaches_prize, a.futures)
    return (
        f"Across the UK the digital gain is {gain.gbp} {a.when} ({gain.gbp_range}). "
        f"It reaches {a.the_prize_read} in full {reached}; both are in {a.prices}."
    )


def readings(a: AreaSummary) -> str:
    """How often the digital gain reaches the prize across the UK, on each of its three readings."""
    first, last = a.years
    row, horizon = a.uk.row, format.years(last - first)
    year, share, total = (
        format.chance(plain(row[f"p_{reading}_reaches_prize"]), a.futures) for reading in READINGS
    )
    return (
        f"Read as £ a year by {last}, digital adoption reaches {a.the_prize} across the UK {year}; "
        f"as {a.of_economy} in {last}, {share}; as a sum over {horizon}, {total}."
    )


def prize_note(scenario: Scenario) -> str:
    """The standing caveat in full: what the prize is, and how it is read."""
    setting = scenario.setting
    final = setting.start_year + setting.horizon_years
    horizon = format.years(setting.horizon_years)
    of_economy = format.part(scenario.prize.share_of_economy)
    reading = {
        "cumulative": f"the model reads it here as the sum over its own {horizon}, to {final}",
        "share_of_economy": f"the model reads it here as {of_economy} of the UK’s GVA in {final}",
        "final_year": f"the model reads it as an amount a year, reached in {final}",
    }[scenario.prize.basis]
    if not is_cbi_figure(scenario):
        grade = scenario.prize.evidence
        return (
            f"Its source: {scenario.prize.source.removesuffix('.')} ({grade}); {reading}. What is "
            "known of the £208bn, its causes and its prices does not apply to it."
        )
    return (
        "The figure is almost certainly the CBI’s, from December 2016: the extra output a year "
        "by the tenth year if every local area’s productivity grew as fast as the best in its "
        "own region. It counts skills, transport, management, exporting and innovation, not "
        "digital alone; it is for the whole UK, £ a year in the money of 2024: CBI Scotland put "
        "its part of it at £25bn of annual output by 2024. techUK’s guide of April 2017 uses the "
        f"same figure; that it means this one is our inference. {capital(reading)}."
    )
