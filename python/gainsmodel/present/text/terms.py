"""Words that stand in more than one place, and what frames every figure: method, limits, money."""

from collections.abc import Mapping, Sequence
from typing import Any

from gainsmodel import format
from gainsmodel.results.result import Result
from gainsmodel.scenario import Scenario

CERTAIN = "the same in every future"
WITHHELD = "cannot be stated"
NOT_KNOWN = "not known"
AVERAGE = "On average"
FUTURE = "A future is one run of the model with every uncertain assumption drawn once."
METHOD = (
    "Figures of output by area and sector (ONS, 2023, or your own) are carried to the start year.",
    "In each future every uncertain assumption is drawn once.",
    "Adoption spreads year by year: some firms adopt first, others follow what they see in their "
    "own area and elsewhere, up to a ceiling.",
    "Gains show in output after a delay, then fade; stacked gains stop at a cap.",
    "Levers speed up adoption, raise its ceiling or raise the gain, so far as they are taken up.",
    "The expected value is the average of all futures; ranges and chances are counted over them.",
)
LIMITS = (
    "Sizes of effect and costs of the levers of the reference scenario are judgement. Of "
    "leadership no study of effects was found; of open data and inclusion only modelled estimates; "
    "of business support, the nearest to skills, trials, in the largest of which the gain was gone "
    "after a year; of connectivity the evaluation of superfast broadband.",
    "Adoption by area has been observed in part only: use of AI in London (20% of firms, the UK "
    "16%; DSIT survey of 2025, as reported by CFOtech). Elsewhere readiness stands in for it.",
    "What a plan adds is net of what it takes from elsewhere, unless a scenario switches that off; "
    "its size is judgement, unverified.",
    "It is a scenario tool. It does not predict, and it is not a business case.",
)
WORDS = (
    f"{FUTURE} Every single figure is an expected value: the average of all futures. “9 of 10 "
    "futures” leaves out the lowest and the highest twentieth. A plan adds next to nothing where "
    "it adds less than £1m."
)


def money(scenario: Scenario, prices: str) -> str:
    """The prices of an appraisal's amounts, and how they are discounted."""
    setting = scenario.setting
    bands = scenario.discounting.rates
    rates = dict.fromkeys(b.rate for b in bands if b.from_year <= setting.horizon_years)
    discounted = f"discounted at {', then '.join(map(format.percent, rates))} a year"
    if prices == "real":
        return f"{setting.price_year} prices, {discounted}, counting what firms spend."
    inflation = scenario.parameters.inflation_per_year
    return (
        "Current prices (GDP deflator, then "
        f"{format.percent(inflation.value)} a year, {inflation.evidence}), present values in that "
        f"of {setting.start_year}, {discounted}, counting what firms spend."
    )


def how_it_was_run(manifest: Mapping[str, Any]) -> str:
    """The draws behind an answer."""
    told = (
        f"{format.count(manifest['draws'])}, seed {manifest['seed']}, sampler "
        f"{manifest['sampler']}."
    )
    of = manifest.get("scenario")
    chosen = of.get("conditioned") if isinstance(of, Mapping) else None
    if chosen is None:
        return told
    part = min(1.0, manifest["draws"] / len(chosen["chosen"]))
    return (
        f"{told} They were chosen by evidence (“{chosen['evidence']}”), and tell as much as "
        f"{part * chosen['effective_draws']:,.0f} futures of equal weight."
    )


def fingerprint(result: Result, manifest_name: str) -> str:
    """The fingerprint of a run, and what checks it."""
    return (
        f"Fingerprint of the run: {result.fingerprint}. “gainsmodel verify {manifest_name}” says "
        "whether that file is still this record, without running anything."
    )


def adjusted(net_of: Sequence[str]) -> str:
    """What gains that a plan adds are net of, in a sentence; of nothing where they are gross."""
    if not net_of:
        return "Gross: before displacement, leakage and multiplier."
    said = f"Net of {format.listed(net_of)}, whose sizes are judgement"
    if {*net_of} == {"displacement"}:
        return f"{said}."
    of_uk = "net of displacement alone" if "displacement" in net_of else "gross"
    return f"{said}; the UK’s are {of_uk}, since nothing leaks out of it."


def the(place: str) -> str:
    """A place as it stands within a sentence."""
    return "the UK" if place == "United Kingdom" else place


def capital(text: str) -> str:
    """The text with a capital letter first."""
    return text[:1].upper() + text[1:]
