"""Numbers in words: the one place that rounds for a reader.

Money has two significant figures and both ends of a range share a unit; a digit that the
Monte Carlo error does not carry is dropped. The words claim no more than the numbers.
"""

import math
from decimal import ROUND_HALF_EVEN, Decimal

TOO_FEW = "too few futures to say"


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
    return TOO_FEW if digits == 0 else _gbp(value_gbp_m, _unit(value_gbp_m), digits)


def gbp_range(low_gbp_m: float, high_gbp_m: float) -> str:
    """A range in the unit of its larger end, such as ``£0.5bn to £6.5bn``."""
    if not (math.isfinite(low_gbp_m) and math.isfinite(high_gbp_m)):
        return TOO_FEW
    unit = _unit(max(abs(low_gbp_m), abs(high_gbp_m)))
    return f"{_gbp(low_gbp_m, unit)} to {_gbp(high_gbp_m, unit)}"


def percent(share: float) -> str:
    """A share as a percentage: one decimal, below 1% two significant figures."""
    if not math.isfinite(share):
        return TOO_FEW
    value = share * 100
    return f"{value:.1f}%" if abs(value) >= 1 or value == 0 else f"{_significant(value, 2)}%"


def percent_range(low: float, high: float) -> str:
    """A range of shares, such as ``2.2% to 6.6%``."""
    return f"{percent(low)} to {percent(high)}"


def chance(probability: float, futures: int) -> str:
    """A probability as a count of futures; never 0% or 100%."""
    if not math.isfinite(probability):
        return TOO_FEW
    if probability <= 0:
        return f"in none of the {futures:,} futures"
    if probability >= 1:
        return f"in all of the {futures:,} futures"
    if probability < 0.01:
        return "in fewer than 1 of 100 futures"
    if probability > 0.99:
        return "in more than 99 of 100 futures"
    return f"in {probability * 100:.0f} of 100 futures"


def against_gva(p_share_above_gva: float) -> str:
    """How a share compares with the share of GVA, the null model."""
    if not math.isfinite(p_share_above_gva):
        return TOO_FEW
    if 0.10 <= p_share_above_gva <= 0.90:
        return "cannot be told apart"
    side = "larger" if p_share_above_gva > 0.5 else "smaller"
    sure = min(p_share_above_gva, 1 - p_share_above_gva) < 0.025
    return side if sure else f"probably {side}"


def _carried(value: float, mcse: float) -> int:
    """Significant figures that an error leaves standing: 2, 1 or none."""
    if not math.isfinite(value) or not math.isfinite(mcse) or mcse > abs(value) / 4 > 0:
        return 0
    if value == 0:
        return 2
    last_digit = 10.0 ** (math.floor(math.log10(abs(value))) - 1)
    return 2 if mcse <= last_digit / 2 else 1


def _unit(value_gbp_m: float) -> str:
    return "bn" if abs(value_gbp_m) >= 995 else "m"


def _gbp(value_gbp_m: float, unit: str, digits: int = 2) -> str:
    if value_gbp_m == 0:
        return "£0"
    sign = "−" if value_gbp_m < 0 else ""
    amount = abs(value_gbp_m) / (1000 if unit == "bn" else 1)
    if unit == "m" and amount < 0.95:
        return "less than £1m" if not sign else "a loss of less than £1m"
    if unit == "bn" and amount < 10:
        # One decimal below £10bn, so that both ends of a range look alike.
        places = 1 if digits == 2 or amount < 1 else 0
        text = f"{amount:.{places}f}"
        return f"{sign}less than £0.1bn" if float(text) == 0 else f"{sign}£{text}bn"
    return f"{sign}£{_significant(amount, digits)}{unit}"


def _significant(value: float, digits: int) -> str:
    """Rounded to significant figures, without an exponent."""
    exact = Decimal(repr(value))
    step = Decimal(1).scaleb(exact.adjusted() - digits + 1)
    rounded = exact.quantize(step, rounding=ROUND_HALF_EVEN)
    # Rounding up to the next power of ten leaves one figure too many.
    if rounded.adjusted() > exact.adjusted() and digits > 1:
        rounded = exact.quantize(step * 10, rounding=ROUND_HALF_EVEN)
    return f"{rounded:f}" if step <= 1 else f"{int(rounded):,}"
