"""Numbers in words: the one place that rounds for a reader.

Money has two significant figures and both ends of a range share a unit, but for
what would be next to nothing in it; a digit that the
Monte Carlo error does not carry is dropped. The words claim no more than the numbers.
"""

import math
import re
from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal

# A chance below it, or as near to always, is told with its simulation error: 1 to 2 of 100.
RARE = 0.05
TOO_FEW = "too few futures to say"
NOT_SEPARATED = "not separated"
_COUNTS = ("", "", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def gbp(value_gbp_m: float, mcse_gbp_m: float = 0.0) -> str:
    """An amount, such as ``£8.4bn``; £m below a billion.

    Parameters
    ----------
    value_gbp_m : float
        £m.
    mcse_gbp_m : float
        Its Monte Carlo standard error, £m; decides how many digits are printed.
    """
    digits = _carried(value_gbp_m, mcse_gbp_m)
    return TOO_FEW if digits == 0 else _gbp(value_gbp_m, _unit(value_gbp_m, digits), digits)


def about(amount: str) -> str:
    """An amount in words that is not exact: ``about £8.4bn``, but ``less than £1m``."""
    return amount if "less than" in amount or amount == TOO_FEW else f"about {amount}"


def gbp_change(value_gbp_m: float) -> str:
    """A change with its sign: ``+£240m``, ``−£110m``."""
    size = gbp(abs(value_gbp_m))
    return size if "less than" in size else _signed(size, value_gbp_m)


def points_change(share: float) -> str:
    """A change of a share, 0 to 1, in percentage points: ``+0.3 points``."""
    return _signed(f"{percent(abs(share)).removesuffix('%')} points", share)


def _signed(size: str, value: float) -> str:
    return f"{'−' if value < 0 else '+' if value > 0 else ''}{size}"


def printed_gbp_m(value_gbp_m: float, mcse_gbp_m: float = 0.0) -> float:
    """The number that `gbp` prints, £m; NaN where it prints none."""
    digits = _carried(value_gbp_m, mcse_gbp_m)
    return math.copysign(float(_rounded(value_gbp_m, digits)), value_gbp_m) if digits else math.nan


def goal(value_gbp_m: float) -> str:
    """A chosen amount, unrounded: ``£208bn``, ``£12.5m``."""
    if abs(value_gbp_m) >= 1000:
        return f"£{value_gbp_m / 1000:,.12g}bn"
    return f"£{value_gbp_m:.12g}m"


def gbp_range(low_gbp_m: float, high_gbp_m: float) -> str:
    """A range in the unit of its larger end, such as ``£0.5bn to £6.5bn``.

    Ends that read alike are said once.
    """
    if not (math.isfinite(low_gbp_m) and math.isfinite(high_gbp_m)):
        return TOO_FEW
    return " to ".join(dict.fromkeys(gbp_ends(low_gbp_m, high_gbp_m)))


def gbp_ends(low_gbp_m: float, high_gbp_m: float) -> tuple[str, str]:
    """The two ends of a range in the unit of its larger end, each by itself.

    An end below £100m is in £m: in £bn it would read 0.1 or less, which may be half of it or more.
    """
    if not (math.isfinite(low_gbp_m) and math.isfinite(high_gbp_m)):
        return TOO_FEW, TOO_FEW
    unit = _unit(max(abs(low_gbp_m), abs(high_gbp_m)))
    low, high = (_gbp(end, "m" if abs(end) < 99.5 else unit) for end in (low_gbp_m, high_gbp_m))
    return low, high


def money_unit(largest_gbp_m: float) -> Literal["m", "bn"]:
    """Unit of an axis or a column whose largest amount is given, £m."""
    return _unit(largest_gbp_m) if math.isfinite(largest_gbp_m) else "m"


def gbp_a_head(value_gbp: float) -> str:
    """An amount in £ a head, such as ``£760``; two significant figures."""
    if not math.isfinite(value_gbp):
        return TOO_FEW
    if abs(value_gbp) < 1:
        return "£0" if value_gbp == 0 else f"{'a loss of ' * (value_gbp < 0)}less than £1"
    size = abs(value_gbp)
    amount = f"{size:.0f}" if size < 10 else _significant(size, 2)
    return f"{'−' if value_gbp < 0 else ''}£{amount}"


def gbp_a_head_range(low_gbp: float, high_gbp: float) -> str:
    """A range in £ a head, such as ``£240 to £2,300``."""
    if not (math.isfinite(low_gbp) and math.isfinite(high_gbp)):
        return TOO_FEW
    return f"{gbp_a_head(low_gbp)} to {gbp_a_head(high_gbp)}"


def gbp_for_each_pound(value: float) -> str:
    """What comes of each £1 spent, in pounds and pence: ``£3.40``, ``£15``."""
    if not math.isfinite(value):
        return TOO_FEW
    if 0 < abs(value) < 0.01:
        return f"{'a loss of ' * (value < 0)}less than £0.01"
    amount = _significant(value, 2) if value else "0"
    if float(amount.replace(",", "")) < 10 and value:
        amount = f"{float(amount):.2f}"
    return f"{'−' if value < 0 else ''}£{amount}"


def when(basis: str, start_year: int, horizon_years: int) -> str:
    """What follows every £: ``a year by 2036``, or ``over the ten years to 2036``.

    Parameters
    ----------
    basis : str
        ``"final_year"`` or ``"cumulative"``.
    start_year, horizon_years : int
        Year 0, and the number of years after it.
    """
    final = start_year + horizon_years
    if basis != "cumulative":
        return f"a year by {final}"
    if horizon_years == 1:
        return f"in the year {final}"
    return f"over the {years(horizon_years)} to {final}"


def years(number: int) -> str:
    """A number of years in words, such as ``ten years``."""
    if number == 1:
        return "one year"
    return f"{_COUNTS[number] if 1 < number < len(_COUNTS) else number} years"


def cost(value_gbp_m: float) -> str:
    """A cost that is known without sampling: one decimal below £10m, such as ``£0.4m``."""
    if not math.isfinite(value_gbp_m):
        return TOO_FEW
    if abs(value_gbp_m) >= 1000 or value_gbp_m < 0:
        return gbp(value_gbp_m)
    if value_gbp_m == 0:
        return "£0"
    text = f"{value_gbp_m:.1f}" if value_gbp_m < 9.95 else f"{value_gbp_m:.0f}"
    return "less than £0.1m" if text == "0.0" else f"£{text}m"


def percent(share: float) -> str:
    """A share as a percentage: one decimal, below 1% two significant figures."""
    if not math.isfinite(share):
        return TOO_FEW
    value = share * 100
    sign, value = ("−" if value < 0 else ""), abs(value)
    if value == 0 or float(_significant(value, 2)) >= 1:
        return f"{sign}{value:.1f}%"
    return f"{sign}{_significant(value, 2)}%"


def part(share: float) -> str:
    """A share as a part: ``a tenth``, ``12.5%``."""
    words = {0.5: "half", 0.25: "a quarter", 0.2: "a fifth", 0.1: "a tenth"}
    return words.get(share) or percent(share)


def whole_percent(share: float) -> str:
    """An intensity or a rate of adoption: whole per cent."""
    return f"{round(share * 100)}%".replace("-", "−") if math.isfinite(share) else TOO_FEW


def take_up(share: float) -> str:
    """A take-up, as published: ``0.8%``, ``35%``."""
    return f"{100 * share:.3g}%"


def intensity(share: float) -> str:
    """How far a lever is moved: whole per cent, and never 0% of what is moved at all."""
    return "less than 1%" if 0 < share < 0.005 else whole_percent(share)


def percent_range(low: float, high: float) -> str:
    """A range of shares, such as ``2.2% to 6.6%``."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return TOO_FEW
    return f"{percent(low)} to {percent(high)}"


def figure(middle: float, low: float, high: float) -> str:
    """An assumption in its own unit, such as ``0.25 (9 in 10: 0.18 to 0.33)``."""
    text = f"{middle:.3g}" if low == high else f"{middle:.3g} (9 in 10: {low:.2g} to {high:.2g})"
    return text.replace("-", "−")


def as_known(words: str, value: float, mcse: float) -> str:
    """Words that begin with a number without the decimals that its error does not carry.

    Parameters
    ----------
    words : str
        As ``7.9%`` or ``0.47 a year``.
    value, mcse : float
        What they say and its Monte Carlo standard error, in one unit.
    """
    number = re.match(r"−?(\d+)\.(\d+)(?![\de.])", words)
    if number is None or not math.isfinite(mcse) or value == 0:
        return words
    said = float(number[0].replace("−", "-"))
    error, decimals = abs(said / value) * mcse, len(number[2])
    while decimals and error > 0.5 * 10.0**-decimals:
        decimals -= 1
    return f"{said:.{decimals}f}".replace("-", "−") + words[number.end() :]


def listed(names: Sequence[str]) -> str:
    """Names in a row: ``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(names[:-1])] * (len(names) > 1) + list(names[-1:]))


def count(futures: int) -> str:
    """How many futures: ``10,000 futures``, ``1 future``."""
    return f"{futures:,} future{'s' * (futures != 1)}"


def chance(probability: float, futures: int) -> str:
    """A probability as a count of futures; never 0% or 100%."""
    if not math.isfinite(probability):
        return TOO_FEW
    if futures == 1:
        return f"{'' if probability else 'not '}in the only future that was run"
    if probability <= 0:
        return f"in none of the {futures:,} futures"
    if probability >= 1:
        return f"in all of the {futures:,} futures"
    if futures < 100:
        return f"in {round(probability * futures)} of the {futures} futures"
    if probability < 0.01:
        return "in fewer than 1 of 100 futures"
    if probability > 0.99:
        return "in more than 99 of 100 futures"
    return f"in {_of_100(probability, futures)} of 100 futures"


def chance_and_count(hits: int, futures: int) -> str:
    """A probability with the count behind it: ``in 2 of 100 futures (200 of 10,000)``."""
    words = chance(hits / futures, futures)
    told = futures < 100 or hits in (0, futures)
    return words if told else f"{words} ({hits:,} of {futures:,})"


def chance_error(probability: float, mcse: float, futures: int) -> str:
    """How far a probability may be off for the number of futures, in a sentence.

    Where it was seen in none or in all of them, the end of the exact 95% interval (Clopper and
    Pearson 1934, one-sided), since its standard error says nothing there.
    """
    if probability in (0.0, 1.0):
        unseen = 100 * (1 - 0.05 ** (1 / futures))
        of = "one future" if futures == 1 else f"{futures:,} futures"
        return f"From {of} alone it may be otherwise in up to {unseen:.2g} of 100 (95% interval)."
    error = TOO_FEW if not math.isfinite(mcse) else f"{100 * mcse:.1f} in 100"
    return f"Standard error of that from the number of futures: {error}."


def out_of_100(probability: float, futures: int) -> str:
    """A probability as a short count, such as ``45 in 100``; never 0 or 100 in 100."""
    if not math.isfinite(probability):
        return TOO_FEW
    if probability <= 0:
        return f"none of {futures:,}"
    if probability >= 1:
        return f"all of {futures:,}"
    if futures < 100:
        return f"{round(probability * futures)} in {futures}"
    if probability < 0.01:
        return "fewer than 1 in 100"
    if probability > 0.99:
        return "more than 99 in 100"
    return f"{_of_100(probability, futures)} in 100"


def _of_100(probability: float, futures: int) -> str:
    """A count of 100; of what is rare, or nearly always so, as far as its error lets it be told."""
    if min(probability, 1 - probability) >= RARE:
        return f"{probability * 100:.0f}"
    off = 1.96 * math.sqrt(probability * (1 - probability) / futures)
    ends = (max(probability - off, 0.01), min(probability + off, 0.99))
    return " to ".join(dict.fromkeys(f"{100 * end:.0f}" for end in ends))


def next_to_nothing(probability: float, futures: int) -> str:
    """How often a plan adds less than £1m: ``less than £1m in 35 of 100 futures``."""
    return f"less than £1m {chance(probability, futures)}"


def ratio(value: float) -> str:
    """One share over another, such as ``0.98``."""
    return f"{value:.2f}".replace("-", "−") if math.isfinite(value) else TOO_FEW


def against_gva(p_share_above_gva: float, futures: int) -> str:
    """Whether the assumptions separate a share from the share of GVA, the null model."""
    # The finest word, "larger", means 39 futures of 40.
    if not math.isfinite(p_share_above_gva) or futures < 40:
        return TOO_FEW
    if 0.10 <= p_share_above_gva <= 0.90:
        return NOT_SEPARATED
    side = "larger" if p_share_above_gva > 0.5 else "smaller"
    sure = min(p_share_above_gva, 1 - p_share_above_gva) < 0.025
    return side if sure else f"probably {side}"


def compared(
    first: str,
    second: str,
    *,
    mean_gbp_m: float,
    low_gbp_m: float,
    high_gbp_m: float,
    mcse_gbp_m: float,
    p_first_higher: float,
    p_second_higher: float,
    futures: int,
    year: int,
    plans: bool,
) -> str:
    """Which of two scenarios comes to more in an area, in one or two sentences.

    One is said to come to more where it does on average and in more than nine of ten futures.

    Parameters
    ----------
    first, second : str
        Their names.
    mean_gbp_m, low_gbp_m, high_gbp_m, mcse_gbp_m : float
        First minus second, £m: mean, 5%, 95% and Monte Carlo standard error of the mean.
    p_first_higher, p_second_higher : float
        Probabilities; in the other futures the two are equal.
    futures : int
        Draws.
    year : int
        The final year.
    plans : bool
        Whether the two assume the same and differ in what is done only.
    """
    a, b = f"“{first}”", f"“{second}”"
    if not all(map(math.isfinite, (p_first_higher, p_second_higher))) or futures < 40:
        return f"{a} compared with {b}: {TOO_FEW}."
    if p_first_higher == p_second_higher == 0:
        return f"{a} and {b} come to the same here in every future."
    sure = max(p_first_higher, p_second_higher)
    verb = "adds" if plans else "comes to"
    side = p_first_higher - p_second_higher
    if sure <= 0.90 or mean_gbp_m * side < 0:
        amount = gbp(mean_gbp_m, mcse_gbp_m)
        average = (
            "The average difference is within its simulation error"
            if amount == TOO_FEW
            else f"On average {a} {verb} {about(gbp(abs(mean_gbp_m), mcse_gbp_m))} a year "
            f"{'more' if mean_gbp_m >= 0 else 'less'}"
        )
        return (
            f"Which {verb} more by {year} depends on the future: {a} {verb} more "
            f"{chance(p_first_higher, futures)}. {average}; in 9 of 10 futures the difference is "
            f"{gbp_range(low_gbp_m, high_gbp_m)}."
        )
    if p_second_higher > p_first_higher:
        a, b = b, a
        mean_gbp_m, low_gbp_m, high_gbp_m = -mean_gbp_m, -high_gbp_m, -low_gbp_m
    probably = "" if sure > 0.975 else "probably "
    amount = gbp(mean_gbp_m, mcse_gbp_m)
    how_much = "" if amount == TOO_FEW else f"{about(amount)} a year "
    told = f"{a} {probably}{verb} {how_much}more than {b} by {year}"
    if amount == TOO_FEW:
        return f"{told}, {chance(sure, futures)}; by how much: {TOO_FEW}."
    spread = gbp_range(low_gbp_m, high_gbp_m)
    return f"{told}. In 9 of 10 futures the difference is {spread}."


def _carried(value: float, mcse: float) -> int:
    """Significant figures that an error leaves standing: 2, 1 or none."""
    if not (math.isfinite(value) and math.isfinite(mcse)) or mcse > abs(value) / 4:
        return 0
    return 2 if value == 0 or mcse <= float(_step(value, 2)) / 2 else 1


def _unit(value_gbp_m: float, digits: int = 2) -> Literal["m", "bn"]:
    """The unit an amount has once it is rounded."""
    return "bn" if value_gbp_m and float(_rounded(value_gbp_m, digits)) >= 1000 else "m"


def _gbp(value_gbp_m: float, unit: str, digits: int = 2) -> str:
    if value_gbp_m == 0:
        return "£0"
    loss, sign = ("a loss of ", "−") if value_gbp_m < 0 else ("", "")
    if unit == "m":
        small = abs(value_gbp_m) < 1
        return f"{loss}less than £1m" if small else f"{sign}£{_significant(value_gbp_m, digits)}m"
    amount = abs(value_gbp_m) / 1000
    # One decimal below £10bn, so that both ends of a range look alike.
    text = f"{amount:.1f}" if amount < 1 else _significant(amount, digits)
    return f"{sign}£{text}bn"


def _rounded(value: float, digits: int) -> Decimal:
    """Its size, rounded to significant figures."""
    exact = abs(Decimal(repr(float(value))))
    return exact.quantize(Decimal(1).scaleb(exact.adjusted() - digits + 1), ROUND_HALF_EVEN)


def _step(value: float, digits: int) -> Decimal:
    """Unit of the last significant figure of a rounded number."""
    return Decimal(1).scaleb(_rounded(value, digits).adjusted() - digits + 1)


def _significant(value: float, digits: int) -> str:
    """A number's size rounded to significant figures, without an exponent."""
    rounded, step = _rounded(value, digits), _step(value, digits)
    # Rounding up to the next power of ten leaves one figure too many.
    return f"{rounded.quantize(step):f}" if step <= 1 else f"{int(rounded):,}"
