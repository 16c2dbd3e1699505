"""Amounts by sector, lever and local authority, on average."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, get_args

import polars as pl

from gainsmodel import format
from gainsmodel.errors import SettingError
from gainsmodel.present import text
from gainsmodel.present.area_summary import (
    GBP_M,
    RANGE,
    AreaSummary,
    checked,
    or_none,
    plain,
    unknown_unit,
)
from gainsmodel.present.charts import chart as vega
from gainsmodel.present.charts.theme import Theme, palette
from gainsmodel.results.result import Result

By = Literal["sector", "channel"]
CHANNELS = {
    "public_services": "Public services",
    "places_mobility": "Places and mobility",
    "digital_platforms": "Digital and data platforms",
    "rest_of_market": "Rest of the market",
}
# Names that fit next to a bar on a phone; the table and the hover have them in full.
SHORT_NAMES = {
    "AB": "Farming and mining",
    "DE": "Energy, water, waste",
    "G": "Wholesale and retail",
    "I": "Hotels and restaurants",
    "J": "Information, telecoms",
    "L": "Real estate",
    "M": "Professional services",
    "N": "Support services",
    "O": "Public administration",
    "Q": "Health, social work",
    "R": "Arts and recreation",
    "T": "Household employers",
}
NAN = float("nan")
NOTHING = "Less than £1m, times in 100"
LONGEST_LABEL = 27
# Pixels of a row, and of the axis with its title.
ROW, AXIS = 24, 52
# On a phone a range in words would leave no room for the bars; there the hover and table have it.
SAID = {"expr": "containerSize()[0] < 500 ? datum.Short : datum.Value"}


def sectors(
    result: Result,
    unit: str,
    by: By = "sector",
    *,
    theme: Theme = "light",
    width: int | None = None,
    height: int | None = None,
) -> vega.Chart:
    """Where the gain of the last year arises: 18 sectors under their channels, or four channels.

    Parameters
    ----------
    result : Result
    unit : str
        Code of an area, or ``"uk"``.
    by : {"sector", "channel"}
    theme, width
        As `gainsmodel.charts.three_amounts`.
    height : int, optional
        Outer height in pixels; as high as its rows where left out.

    Raises
    ------
    UnknownNameError
        If the result has no sectors of such an area.
    SettingError
        If `by` is neither.
    """
    if by not in get_args(By):
        raise SettingError(f"by must be one of {', '.join(get_args(By))}, not {by!r}")
    reading = AreaSummary(result, unit)
    metric = "gain_final_year_gbp_m"
    cells = result.sectors().filter(pl.col("area_code") == unit)
    if cells.height == 0:
        raise unknown_unit(unit, result, " with sectors")
    found = [
        _Amount(
            SHORT_NAMES.get(row["sector"], row["sector_name"]),
            row["sector_name"],
            *_average(row, metric),
            error=plain(row[f"{metric}_mcse_mean"]),
            group=CHANNELS[row["channel"]],
        )
        for row in cells.iter_rows(named=True)
    ]
    if not any(amount.mean for amount in found):
        return vega.message("No gain with these assumptions.", theme, width, height or 120)
    found.sort(key=lambda amount: -amount.mean)
    totals = {group: sum(a.mean for a in found if a.group == group) for group in CHANNELS.values()}
    order = sorted(
        (g for g in totals if any(a.group == g for a in found)), key=lambda g: -totals[g]
    )
    if by == "channel":
        amounts = [_Amount(group, group, totals[group]) for group in order]
    else:
        amounts = []
        for group in order:
            amounts.append(_Amount(group, group, totals[group], is_heading=True))
            amounts += [amount for amount in found if amount.group == group]
    ranked = amounts if by == "channel" else found
    named = [f"{amount.label} {amount.value}" for amount in ranked[:3]]
    return _bars(
        amounts,
        reading.by_final_year,
        "gain",
        f"Where the gain of {reading.place} arises, on average {reading.by_final_year}: "
        f"most in {'; '.join(named)}.",
        f"{reading.prices}, average of all futures.",
        "Channel" if by == "channel" else "Sector",
        theme,
        width,
        height,
    )


def levers(
    frame: pl.DataFrame,
    when: str = "a year by the final year",
    *,
    theme: Theme = "light",
    width: int | None = None,
    height: int | None = None,
) -> vega.Chart:
    """What each lever adds alone, what they add by working together, and all of them.

    Parameters
    ----------
    frame : DataFrame
        Columns ``lever``, ``label``, ``mean``, ``mcse_mean``, ``p05``, ``p95`` in £m,
        ``p_below_1``, the probability of less than £1m, and ``kind``: ``alone``,
        ``together`` (all less the sum of each alone; may be negative) or ``bundle`` (all).
    when : str
        What follows £, its prices included: ``"a year by 2036, 2024 prices"``.
    theme, width, height
        As `sectors`.

    Raises
    ------
    SettingError
        If a column is missing, or a kind is none of the three.
    """
    checked(frame, ("lever", "label", "mean", "mcse_mean", "p05", "p95", "p_below_1", "kind"))
    kinds = ("alone", "together", "bundle")
    wrong = [kind for kind in frame["kind"] if kind not in kinds]
    if wrong:
        raise SettingError(f"kind must be one of {', '.join(kinds)}, not {wrong[0]!r}")
    rows = sorted(frame.iter_rows(named=True), key=lambda row: kinds.index(row["kind"]))
    amounts = [
        _Amount(
            row["label"],
            row["label"],
            *(plain(row["mean"]), plain(row["p05"]), plain(row["p95"])),
            error=plain(row["mcse_mean"]) if row["mean"] else 0.0,
            p_nothing=NAN if row["kind"] == "together" else plain(row["p_below_1"]),
            is_total=row["kind"] == "bundle",
        )
        for row in rows
    ]
    if not any(amount.mean for amount in amounts):
        return vega.message(
            "Every lever is at zero, so the plan adds nothing.", theme, width, height or 120
        )
    said = [
        f"{amount.label} {amount.value}"
        + (f" ({amount.nothing} of 100 futures less than £1m)" if amount.nothing else "")
        for amount in amounts
    ]
    return _bars(
        amounts,
        when,
        "plan",
        f"What each lever adds on average {when}: {', '.join(said)}.",
        "Average of all futures; lines the range that holds 9 of 10. Size of effect: judgement.",
        "Lever",
        theme,
        width,
        height,
    )


def local_authorities(
    result: Result,
    codes: Sequence[str],
    *,
    theme: Theme = "light",
    width: int | None = None,
    height: int | None = None,
) -> vega.Chart:
    """The digital gain in local authorities, compared with a split by size of economy.

    Parameters
    ----------
    result : Result
        Of the ``local_authority`` geography.
    codes : sequence of str
        The local authorities to show, such as those of one mayoral area.
    theme, width, height
        As `sectors`.

    Raises
    ------
    UnknownNameError
        If the result has no area of one of the codes.
    """
    if not codes:
        return vega.message(
            "Local figures are not published for this area.", theme, width, height or 120
        )
    readings = [AreaSummary(result, code) for code in codes]
    when, gain = readings[0].when, readings[0].gain
    total = sum(plain(reading.row[f"{gain}_mean"]) for reading in readings)
    gva = sum(reading.row["gva_gbp_m"] for reading in readings)
    amounts = [
        _Amount(
            reading.name,
            reading.name,
            *_average(reading.row, gain),
            error=plain(reading.row[f"{gain}_mcse_mean"]),
            reference=total * reading.row["gva_gbp_m"] / gva,
        )
        for reading in readings
    ]
    if not total:
        return vega.message("No gain with these assumptions.", theme, width, height or 120)
    amounts.sort(key=lambda amount: -amount.mean)
    first, last = amounts[0], amounts[-1]
    named = f"highest {first.label} {first.value}"
    if last is not first:
        named += f", lowest {last.label} {last.value}"
    return _bars(
        amounts,
        when,
        "dots",
        f"Average gain of {len(amounts)} local authorities {when}: {named}.",
        "Dot: average; line: the range that holds 9 of 10 futures; hollow diamond: the same total "
        f"split by size of economy. {readings[0].prices}. {text.LOCAL_BANDS}",
        "Local authority",
        theme,
        width,
        height,
    )


@dataclass(frozen=True)
class _Amount:
    """One bar: an average in £m with its range, where it has one."""

    label: str
    full: str
    mean: float
    low: float = NAN
    high: float = NAN
    error: float = 0.0
    group: str = ""
    reference: float = NAN
    p_nothing: float = NAN
    is_heading: bool = False
    is_total: bool = False

    @property
    def value(self) -> str:
        """Its average in words."""
        return format.gbp(self.mean, self.error)

    @property
    def nothing(self) -> str:
        """Of 100 futures those in which a plan adds less than £1m, whole; empty where unknown."""
        return f"{100 * self.p_nothing:.0f}" if self.p_nothing == self.p_nothing else ""

    @property
    def numbers(self) -> list[float]:
        """Everything that the axis has to reach."""
        drawn = [] if self.is_heading else [self.mean, self.low, self.high, self.reference]
        return [value for value in drawn if value == value]


def _average(row: Mapping[str, Any], metric: str) -> tuple[float, float, float]:
    """Average, low and high of a quantity in a table's row."""
    mean, low, high = (plain(row[f"{metric}_{q}"]) for q in ("mean", "p05", "p95"))
    return mean, low, high


def _bars(
    amounts: Sequence[_Amount],
    when: str,
    kind: Literal["gain", "plan", "dots"],
    alt: str,
    caption: str,
    heading: str,
    theme: Theme,
    width: int | None,
    height: int | None,
) -> vega.Chart:
    numbers = [value for amount in amounts for value in amount.numbers]
    unit = format.money_unit(max(abs(value) for value in numbers))
    per, money = GBP_M[unit], f"£{unit} {when}"
    low, mean, high = (f"{end}, {money}" for end in ("Low", "Average", "High"))
    rows: list[vega.Row] = []
    for amount in amounts:
        ranged = amount.low == amount.low and amount.high == amount.high
        spread = format.gbp_range(amount.low, amount.high) if ranged else "not known"
        drawn = not amount.is_heading
        said = f"{amount.value} ({spread})" if ranged else amount.value
        rows.append(
            {
                "Label": _short(amount.label),
                heading: amount.full,
                low: or_none(amount.low / per) if drawn else None,
                mean: amount.mean / per if drawn else None,
                high: or_none(amount.high / per) if drawn else None,
                "Split by size of economy": or_none(amount.reference / per),
                "End": max(0.0, *amount.numbers) / per if drawn else 0.0,
                "Value": said if drawn else f"{amount.value} together",
                "Short": amount.value if drawn else f"{amount.value} together",
                RANGE: spread,
                NOTHING: amount.nothing,
                "Weight": "bold" if amount.is_heading or amount.is_total else "normal",
            }
        )
    ranged = any(row[low] is not None for row in rows)
    if kind == "gain":
        caption += (
            " Lines: the range that holds 9 of 10."
            if ranged
            else " Ranges of single rows are not available here."
        )
    shown = [row for row in rows if row[mean] is not None]
    columns: dict[str, Any] = {heading: [row[heading] for row in shown]}
    columns[mean] = vega.rounded([row[mean] for row in shown])
    if ranged:
        columns |= {end: vega.rounded([row[end] for row in shown]) for end in (low, high)}
    if kind == "plan":
        columns[NOTHING] = [row[NOTHING] for row in shown]
    if kind == "dots":
        split = f"Split by size of economy, {money}"
        columns[split] = vega.rounded([row["Split by size of economy"] for row in shown])
    return vega.Chart(
        _bars_spec(theme, width, height or ROW * len(rows) + AXIS, money, heading, kind, ranged),
        {"amounts": rows},
        alt,
        caption,
        pl.DataFrame(columns, strict=False),
    )


def _short(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1].rstrip()}…"


@lru_cache(vega.SPECS_KEPT)
def _bars_spec(
    theme: str,
    width: int | None,
    height: int,
    money: str,
    heading: str,
    kind: str,
    ranged: bool,
) -> vega.Spec:
    colours = palette(theme)
    low, mean, high = (vega.number(f"{end}, {money}") for end in ("Low", "Average", "High"))
    y = vega.name("Label", axis=None, scale={"paddingInner": 0.35, "paddingOuter": 0.2})
    x = {**mean, "title": f"Average, {money}", "scale": {"zero": True, "nice": False}}
    x["axis"] = {"grid": True, "tickCount": 4, "format": ",~r"}
    hover = vega.tooltip(heading, "Value", RANGE, *[NOTHING] * (kind == "plan"))
    rule = {"type": "rule", "strokeWidth": 2, "color": colours.text}
    range_of = vega.layer("amounts", rule, y=y, x=low, x2=vega.to(high), tooltip=hover)
    ranges = [range_of] if ranged else []
    if kind == "dots":
        rule |= {"color": colours.secondary, "strokeWidth": 1.5}
        dot = {"type": "point", "filled": True, "opacity": 1, "size": 70, "color": colours.gain}
        hollow = {"type": "point", "shape": "diamond", "filled": False, "strokeWidth": 1.5}
        hollow |= {"opacity": 1, "size": 90, "color": colours.plan}
        split = vega.number("Split by size of economy")
        marks = [
            *ranges,
            vega.layer("amounts", dot, y=y, x=x, tooltip=hover),
            vega.layer("amounts", hollow, y=y, x=split, tooltip=hover),
        ]
    else:
        colour = colours.plan if kind == "plan" else colours.gain
        bar = {"type": "bar", "color": colour, "height": {"band": 1}}
        # A rim, so that the line is told from the bar in either theme.
        rim = vega.layer(
            "amounts",
            rule | {"strokeWidth": 5, "color": colours.background},
            y=y,
            x=low,
            x2=vega.to(high),
        )
        rims = [rim] if ranged else []
        marks = [vega.layer("amounts", bar, y=y, x=x, tooltip=hover), *rims, *ranges]
    weight = {"expr": "datum.Weight"}
    value = {"type": "text", "align": "left", "dx": 6, "fontWeight": weight}
    label = {"type": "text", "align": "right", "dx": -7, "fontWeight": weight}
    return vega.view(
        theme,
        # Labels first, since they have every row, those without a bar too: so the order is kept.
        [
            vega.layer("amounts", label, y=y, x={"value": 0}, text=vega.text("Label")),
            *marks,
            vega.layer("amounts", value | {"text": SAID}, y=y, x=vega.number("End")),
        ],
        width=width,
        height=height,
    )
