"""Numbers in words: what is printed claims no more than the number carries."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import assume, example, given, strategies as st

from gainsmodel.format import (
    TOO_FEW,
    against_gva,
    as_known,
    chance,
    chance_and_count,
    compared,
    cost,
    figure,
    gbp,
    gbp_a_head,
    gbp_a_head_range,
    gbp_change,
    gbp_ends,
    gbp_for_each_pound,
    gbp_range,
    goal,
    money_unit,
    next_to_nothing,
    out_of_100,
    percent,
    percent_range,
    points_change,
    printed_gbp_m,
    ratio,
    when,
    whole_percent,
)

MINUS = "−"
AMOUNT = re.compile(rf"({MINUS}?)£(\d{{1,3}}(?:,\d{{3}})*|\d+)(\.\d+)?(m|bn)")
SMALL = {"less than £1m", "a loss of less than £1m"}
NAN, INFINITY = float("nan"), float("inf")

amounts = st.floats(1, 9e6) | st.floats(900, 1100) | st.floats(9_000, 11_000)
signed = st.builds(lambda value, sign: value * sign, amounts, st.sampled_from([1, -1]))
shares = st.floats(1e-6, 1) | st.floats(0.009, 0.011) | st.floats(0.0009, 0.0011)


def read(text: str) -> tuple[float, int, int, str]:
    """Give the amount in £m, its significant figures at least, its decimals and its unit."""
    found = AMOUNT.fullmatch(text)
    assert found, text
    sign, whole, decimals, unit = found.groups()
    number = float(whole.replace(",", "") + (decimals or "")) * (1000 if unit == "bn" else 1)
    figures = (whole.replace(",", "") + (decimals or "").replace(".", "")).lstrip("0")
    figures = figures if decimals else figures.rstrip("0")
    return -number if sign else number, len(figures), len(decimals or ".") - 1, unit


def unit_of_last_figure(value: float, figures: int) -> float:
    """Give the unit of the last of a number's significant figures, as rounded to them."""
    rounded = float(f"{value:.{figures - 1}e}")
    return 10.0 ** (math.floor(math.log10(abs(rounded))) - figures + 1)


# ---------------------------------------------------------------- £


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2_100, "£2.1bn"),
        (14_200, "£14bn"),
        (470, "£470m"),
        (0, "£0"),
        (-0.0, "£0"),
        (0.4, "less than £1m"),
        (0.97, "less than £1m"),
        (1.04, "£1.0m"),
        (2.44, "£2.4m"),
        (994, "£990m"),
        (999, "£1.0bn"),
        (9_960, "£10bn"),
        (99_600, "£100bn"),
        (99.6, "£100m"),
        (9.96, "£10m"),
        (208_000, "£210bn"),
        (1_234_567, "£1,200bn"),
        (-3_300, "−£3.3bn"),
        (-45, "−£45m"),
        (-0.4, "a loss of less than £1m"),
    ],
)
def test_amounts_are_printed_as_the_rules_show(value: float, text: str) -> None:
    assert gbp(value) == text


@given(signed)
@example(9_960.0)
@example(9.96)
@example(-9_960.0)
@example(999.9)
@example(994.9)
@example(995.0)
def test_amounts_have_two_figures_and_the_right_unit(value: float) -> None:
    found, figures, decimals, unit = read(gbp(value))
    assert figures <= 2
    assert math.copysign(1, found) == math.copysign(1, value)
    assert abs(found - value) <= unit_of_last_figure(value, 2) / 2 * (1 + 1e-9)
    if unit == "m":
        assert 1 <= abs(found) <= 994
    else:
        assert abs(found) >= 1000
        assert decimals == (1 if abs(found) < 10_000 else 0)


@given(signed, st.floats(0, 0.25))
@example(960.0, 0.02)
@example(994.9, 0.0062)
@example(9_900.0, 0.1)
def test_a_figure_the_error_does_not_carry_is_dropped(value: float, relative_error: float) -> None:
    error = abs(value) * relative_error
    assume(error < abs(value) / 4)
    text = gbp(value, error)
    found, figures, _, unit = read(text)
    carried = 2 if error <= unit_of_last_figure(value, 2) / 2 else 1
    # Just below a power of ten either number of figures may be argued for.
    if abs(abs(found) - 10 ** round(math.log10(abs(found)))) > 1e-9:
        assert figures <= carried
        assert abs(found - value) <= unit_of_last_figure(value, carried) / 2 * (1 + 1e-9)
    assert (unit == "bn") == (abs(found) >= 1000), text


@given(signed, st.floats(0.2500001, 100))
def test_an_error_above_a_quarter_is_too_few_futures(value: float, relative_error: float) -> None:
    assert gbp(value, abs(value) * relative_error) == TOO_FEW


@given(st.floats(0, 0.9499) | st.floats(-0.9499, -1e-9))
def test_amounts_below_a_million_are_said_to_be_so(value: float) -> None:
    text = gbp(value)
    assert text == "£0" if value == 0 else text in SMALL


def test_nothing_is_only_called_nothing_when_it_is_sure() -> None:
    assert gbp(0.0, 0.0) == "£0"
    assert gbp(0.0, 5.0) == TOO_FEW


@pytest.mark.parametrize("value", [NAN, INFINITY, -INFINITY])
def test_what_is_not_known_is_too_few_futures(value: float) -> None:
    assert gbp(value) == TOO_FEW
    assert gbp(100.0, value) == TOO_FEW
    assert gbp_range(value, 1.0) == TOO_FEW
    assert gbp_range(1.0, value) == TOO_FEW
    assert percent(value) == TOO_FEW
    assert percent_range(value, 0.5) == TOO_FEW
    assert percent_range(0.5, value) == TOO_FEW
    assert chance(value, 100) == TOO_FEW
    assert against_gva(value, 10_000) == TOO_FEW


# ---------------------------------------------------------------- ranges


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (470, 6_500, "£0.5bn to £6.5bn"),
        (2_600, 36_000, "£2.6bn to £36bn"),
        (16_000, 147_000, "£16bn to £150bn"),
        (10, 550, "£10m to £550m"),
        (30, 6_500, "£30m to £6.5bn"),
        (0.2, 90, "less than £1m to £90m"),
        (0, 90, "£0 to £90m"),
        (0, 0, "£0"),
        (0.2, 0.4, "less than £1m"),
        (5_010, 5_020, "£5.0bn"),
        (-500, 6_500, "−£0.5bn to £6.5bn"),
        (4_800, 9_960, "£4.8bn to £10bn"),
        (-20, 5_000, "−£20m to £5.0bn"),
        (-62.9, 2_560, "−£63m to £2.6bn"),
        (0.3, 2_560, "less than £1m to £2.6bn"),
        (99.6, 2_560, "£0.1bn to £2.6bn"),
        (-0.2, 90, "a loss of less than £1m to £90m"),
    ],
)
def test_ranges_are_printed_as_the_rules_show(low: float, high: float, text: str) -> None:
    assert gbp_range(low, high) == text


@given(signed, signed)
@example(-20.0, 5_000.0)
@example(30.0, 9_960.0)
def test_both_ends_of_a_range_use_the_unit_of_the_larger(one: float, two: float) -> None:
    low, high = sorted((one, two))
    ends = gbp_ends(low, high)
    larger = max(ends, key=lambda text: abs(read(text)[0]) if AMOUNT.fullmatch(text) else 0)
    unit = read(larger)[3]
    assert (unit == "bn") == (abs(read(larger)[0]) >= 1000)
    for text, value in zip(ends, (low, high), strict=True):
        own = "m" if abs(value) < 99.5 else unit
        assert text.endswith(own)
        if text in SMALL:
            assert abs(value) < 1
            assert text.startswith("a loss") == (value < 0)
        else:
            assert read(text)[1] <= 2
            coarsest = 50 if own == "bn" else 0.5
            step = max(coarsest, unit_of_last_figure(value, 2) / 2)
            assert abs(read(text)[0] - value) <= step * (1 + 1e-9)


@given(signed, signed)
def test_the_ends_of_a_range_are_those_of_the_range(one: float, two: float) -> None:
    ends = gbp_ends(one, two)
    # What reads alike is said once.
    assert gbp_range(one, two) == (ends[0] if ends[0] == ends[1] else " to ".join(ends))


@given(signed, st.floats(0, 0.3))
@example(7_960.0, 0.1)
def test_the_number_printed_is_the_number_given(value: float, relative_error: float) -> None:
    number = printed_gbp_m(value, abs(value) * relative_error)
    text = gbp(value, abs(value) * relative_error)
    if text == TOO_FEW:
        assert math.isnan(number)
    else:
        assert read(text)[0] == pytest.approx(number)


def test_nothing_printed_is_no_number() -> None:
    assert printed_gbp_m(0.0) == 0
    assert math.isnan(printed_gbp_m(NAN))


@pytest.mark.parametrize(
    ("value", "unit"), [(0, "m"), (994, "m"), (999, "bn"), (-2_000, "bn"), (NAN, "m")]
)
def test_an_axis_has_the_unit_of_its_largest_amount(value: float, unit: str) -> None:
    assert money_unit(value) == unit


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (764.0, "£760"),
        (1_251.0, "£1,300"),
        (9.96, "£10"),
        (3.2, "£3"),
        (0.2, "less than £1"),
        (0.0, "£0"),
        (-0.2, "a loss of less than £1"),
        (-764.0, "−£760"),
        (NAN, TOO_FEW),
    ],
)
def test_amounts_a_head_are_printed_as_the_rules_show(value: float, text: str) -> None:
    assert gbp_a_head(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.38, "£3.40"),
        (0.552, "£0.55"),
        (9.97, "£10"),
        (15.4, "£15"),
        (123.0, "£120"),
        (0.004, "less than £0.01"),
        (-0.5, f"{MINUS}£0.50"),
        (0.0, "£0"),
        (NAN, TOO_FEW),
    ],
)
def test_what_comes_of_a_pound_is_in_pounds_and_pence(value: float, text: str) -> None:
    assert gbp_for_each_pound(value) == text


def test_ranges_a_head() -> None:
    assert gbp_a_head_range(181, 2_240) == "£180 to £2,200"
    assert gbp_a_head_range(NAN, 2_240) == TOO_FEW


@pytest.mark.parametrize(
    ("basis", "years", "text"),
    [
        ("final_year", 10, "a year by 2036"),
        ("final_year", 1, "a year by 2027"),
        ("cumulative", 10, "over the ten years to 2036"),
        ("cumulative", 2, "over the two years to 2028"),
        ("cumulative", 1, "in the year 2027"),
        ("cumulative", 25, "over the 25 years to 2051"),
    ],
)
def test_what_follows_every_amount(basis: str, years: int, text: str) -> None:
    assert when(basis, 2026, years) == text


# ---------------------------------------------------------------- %


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.041, "4.1%"),
        (0.0419, "4.2%"),
        (0.242, "24.2%"),
        (1, "100.0%"),
        (0.0075, "0.75%"),
        (0.00996, "1.0%"),
        (0.000_999_6, "0.10%"),
        (0.01, "1.0%"),
        (0, "0.0%"),
        (-0.0, "0.0%"),
        (-0.03, "−3.0%"),
        (-0.0005, "−0.050%"),
    ],
)
def test_shares_are_printed_as_the_rules_show(share: float, text: str) -> None:
    assert percent(share) == text


@given(shares)
@example(0.00996)
@example(0.000_999_6)
def test_shares_have_one_decimal_and_below_1_percent_two_figures(share: float) -> None:
    text = percent(share)
    found = re.fullmatch(r"(\d+)\.(\d+)%", text)
    assert found, text
    number = float(text.removesuffix("%"))
    if number >= 1:
        assert len(found[2]) == 1
        assert abs(number - share * 100) <= 0.05 * (1 + 1e-9)
    else:
        assert len((found[1] + found[2]).lstrip("0")) == 2
        step = unit_of_last_figure(share * 100, 2)
        assert abs(number - share * 100) <= step / 2 * (1 + 1e-9)


@given(shares, shares)
def test_a_range_of_shares_is_its_two_ends(one: float, two: float) -> None:
    assert percent_range(one, two) == f"{percent(one)} to {percent(two)}"


# ---------------------------------------------------------------- chances


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (0.45, "in 45 of 100 futures"),
        (0.01, "in 1 of 100 futures"),
        (0.99, "in 99 of 100 futures"),
        (0.0099, "in fewer than 1 of 100 futures"),
        (0.9901, "in more than 99 of 100 futures"),
        (0, "in none of the 10,000 futures"),
        (1, "in all of the 10,000 futures"),
    ],
)
def test_chances_are_printed_as_the_rules_show(probability: float, text: str) -> None:
    assert chance(probability, 10_000) == text


@given(st.integers(0, 10_000))
def test_a_chance_is_never_0_nor_100_in_100(count: int) -> None:
    text = chance(count / 10_000, 10_000)
    assert "%" not in text
    found = re.fullmatch(r"in (\d+) of 100 futures", text)
    if found:
        assert 1 <= int(found[1]) <= 99
        assert abs(int(found[1]) / 100 - count / 10_000) <= 0.005 + 1e-12
    assert ("none" in text) == (count == 0)
    assert ("all of" in text) == (count == 10_000)


@given(st.integers(1, 99))
def test_few_futures_are_not_made_a_hundred(draws: int) -> None:
    for count in (0, draws // 2, draws):
        text = chance(count / draws, draws)
        assert "of 100 futures" not in text or draws >= 100, text


# ---------------------------------------------------------------- against the null model


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (0.5, "not separated"),
        (0.1, "not separated"),
        (0.9, "not separated"),
        (0.95, "probably larger"),
        (0.05, "probably smaller"),
        (0.98, "larger"),
        (0.02, "smaller"),
        (0, "smaller"),
        (1, "larger"),
    ],
)
def test_a_share_is_only_said_to_differ_when_it_does(probability: float, text: str) -> None:
    assert against_gva(probability, 10_000) == text


@given(st.floats(0, 1))
def test_larger_and_smaller_are_mirror_images(probability: float) -> None:
    assume(min(abs(probability - edge) for edge in (0.025, 0.1, 0.9, 0.975)) > 1e-9)
    swapped = {"larger": "smaller", "smaller": "larger"}
    words = against_gva(probability, 10_000).split()
    mirrored = " ".join(swapped.get(word, word) for word in words)
    assert against_gva(1 - probability, 10_000) == mirrored


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "£0"),
        (0.03, "less than £0.1m"),
        (0.44, "£0.4m"),
        (9.94, "£9.9m"),
        (9.97, "£10m"),
        (29.4, "£29m"),
        (1_240, "£1.2bn"),
        (-3.0, "−£3.0m"),
        (NAN, TOO_FEW),
    ],
)
def test_costs_have_a_decimal_below_ten_million(value: float, text: str) -> None:
    assert cost(value) == text


# ---------------------------------------------------------------- short forms


@pytest.mark.parametrize(
    ("probability", "futures", "text"),
    [
        (0.4549, 10_000, "45 in 100"),
        (0.0, 10_000, "none of 10,000"),
        (1.0, 500, "all of 500"),
        (0.004, 10_000, "fewer than 1 in 100"),
        (0.996, 10_000, "more than 99 in 100"),
        (0.5, 40, "20 in 40"),
        (NAN, 10_000, TOO_FEW),
    ],
)
def test_short_counts_never_say_0_or_100(probability: float, futures: int, text: str) -> None:
    assert out_of_100(probability, futures) == text


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (240.0, "+£240m"),
        (-110.0, "−£110m"),
        (2_940.0, "+£2.9bn"),
        (-0.2, "less than £1m"),
        (0, "£0"),
    ],
)
def test_a_change_has_a_sign(change: float, text: str) -> None:
    assert gbp_change(change) == text


def test_a_change_of_a_share_is_in_points() -> None:
    assert [points_change(share) for share in (0.012, -0.003, 0.0)] == [
        *("+1.2 points", "−0.30 points", "0.0 points")
    ]


def test_intensities_are_whole_per_cent() -> None:
    assert whole_percent(0.753) == "75%"
    assert whole_percent(-0.012) == "−1%"
    assert whole_percent(-0.004) == "0%"
    assert whole_percent(NAN) == TOO_FEW


# ---------------------------------------------------------------- two scenarios


def told(p_first: float, p_second: float, **changes: object) -> str:
    amounts = {"mean_gbp_m": 120.0, "low_gbp_m": 14.0, "high_gbp_m": 610.0, "mcse_gbp_m": 1.0}
    other = {"futures": 10_000, "year": 2036, "plans": True}
    chances = {"p_first_higher": p_first, "p_second_higher": p_second}
    return compared("P", "Q", **(amounts | other | chances | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("p_first", "p_second", "text"),
    [
        (0.99, 0.0, "“P” adds about £120m a year more than “Q” by 2036. In 9 of 10 futures the "
         "difference is £14m to £610m."),
        (0.95, 0.05, "“P” probably adds about £120m a year more than “Q” by 2036. In 9 of 10 "
         "futures the difference is £14m to £610m."),
        (0.54, 0.46, "Which adds more by 2036 depends on the future: “P” adds more in 54 of "
         "100 futures. On average “P” adds about £120m a year more; in 9 of 10 futures the "
         "difference is £14m to £610m."),
        (0.9, 0.1, "Which adds more by 2036 depends on the future: “P” adds more in 90 of "
         "100 futures. On average “P” adds about £120m a year more; in 9 of 10 futures the "
         "difference is £14m to £610m."),
        (0.0, 0.0, "“P” and “Q” come to the same here in every future."),
    ],
)  # fmt: skip
def test_two_plans_are_told_apart_as_the_rules_say(
    p_first: float, p_second: float, text: str
) -> None:
    assert told(p_first, p_second) == text


def test_the_higher_of_two_comes_first() -> None:
    turned = told(0.0, 0.99, mean_gbp_m=-120.0, low_gbp_m=-610.0, high_gbp_m=-14.0)
    swapped = turned.replace("“P”", "?").replace("“Q”", "“P”").replace("?", "“Q”")
    assert swapped == told(0.99, 0.0)


def test_more_often_and_yet_less_on_average_is_no_order() -> None:
    text = told(0.95, 0.05, mean_gbp_m=-30.0)
    assert text.startswith("Which adds more by 2036 depends on the future: “P” adds more in 95 of ")
    assert "On average “P” adds about £30m a year less;" in text
    unsure = told(0.5, 0.5, mcse_gbp_m=80.0)
    assert "The average difference is within its simulation error;" in unsure


def test_less_than_a_million_is_next_to_nothing_and_a_ratio_has_two_decimals() -> None:
    assert next_to_nothing(0.35, 10_000) == "less than £1m in 35 of 100 futures"
    assert next_to_nothing(0.0, 100) == "less than £1m in none of the 100 futures"
    assert (ratio(1.074), ratio(0.5), ratio(-0.02)) == ("1.07", "0.50", "−0.02")
    assert ratio(NAN) == TOO_FEW


def test_scenarios_with_other_assumptions_are_no_plans() -> None:
    assert "“P” comes to about £120m a year more" in told(1.0, 0.0, plans=False)
    assert "“P” comes to more in 50 of 100" in told(0.5, 0.5, plans=False)


def test_too_few_futures_tell_nothing_or_only_which() -> None:
    for text in (told(1.0, 0.0, futures=39), told(NAN, NAN)):
        assert TOO_FEW in text
        assert "£" not in text
    unsure = told(0.99, 0.0, mcse_gbp_m=80.0)
    assert "“P” adds more than “Q” by 2036, in 99 of 100 futures" in unsure
    assert TOO_FEW in unsure


@pytest.mark.parametrize(
    ("value_gbp_m", "said"),
    [
        (208_000, "£208bn"),
        (1_000, "£1bn"),
        (1_234.5, "£1.2345bn"),
        (12.5, "£12.5m"),
        (999, "£999m"),
    ],
)
def test_an_amount_that_was_chosen_is_not_rounded(value_gbp_m: float, said: str) -> None:
    assert goal(value_gbp_m) == said


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((0.25, 0.18, 0.331), "0.25 (9 in 10: 0.18 to 0.33)"),
        ((208.0, 208.0, 208.0), "208"),
        ((-0.5, -1.0, 0.2), "−0.5 (9 in 10: −1 to 0.2)"),
    ],
)
def test_an_assumption_is_printed_with_its_range(
    numbers: tuple[float, float, float], text: str
) -> None:
    assert figure(*numbers) == text


@pytest.mark.parametrize(
    ("words", "value", "mcse", "said"),
    [
        ("7.9%", 0.0787, 0.0031, "8%"),
        ("7.9%", 0.0787, 0.0004, "7.9%"),
        ("0.47 a year", 0.474, 0.0097, "0.5 a year"),
        ("2.0 years", 2.04, 0.001, "2.0 years"),
        ("−0.014", -0.0145, 0.004, "−0.01"),
        ("41%", 0.41, 0.2, "41%"),
        ("£1.2bn", 1.2, 9.0, "£1.2bn"),
        ("0.0%", 0.0, 0.1, "0.0%"),
        ("1.2%", 0.012, math.nan, "1.2%"),
    ],
)
def test_decimals_that_an_error_does_not_carry_are_left_out(
    words: str, value: float, mcse: float, said: str
) -> None:
    assert as_known(words, value, mcse) == said


@pytest.mark.parametrize(
    ("hits", "futures", "said"),
    [
        (128, 10_000, "in 1 to 2 of 100 futures (128 of 10,000)"),
        (200, 10_000, "in 2 of 100 futures (200 of 10,000)"),
        (12, 1_000, "in 1 to 2 of 100 futures (12 of 1,000)"),
        (9_865, 10_000, "in 98 to 99 of 100 futures (9,865 of 10,000)"),
        (3, 10_000, "in fewer than 1 of 100 futures (3 of 10,000)"),
        (0, 10_000, "in none of the 10,000 futures"),
        (10_000, 10_000, "in all of the 10,000 futures"),
        (5, 50, "in 5 of the 50 futures"),
    ],
)
def test_a_chance_comes_with_its_count(hits: int, futures: int, said: str) -> None:
    assert chance_and_count(hits, futures) == said
