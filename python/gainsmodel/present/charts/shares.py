"""How sure a number is: dots one can count, or a curve, against a reference."""

import math
from functools import lru_cache

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from gainsmodel import format
from gainsmodel.errors import SettingError
from gainsmodel.present.area_summary import FEWEST_FUTURES_FOR_DOTS, GBP_M, AreaSummary, plain
from gainsmodel.present.charts import chart as vega
from gainsmodel.present.charts.theme import Theme, palette
from gainsmodel.results.result import Result

DOTS = 20
# Bins that the middle 18 dots are spread over, and bins of the curve.
BINS = 11
CURVE_BINS = 40
# Pixels below the baseline for the range and its words.
BELOW = 30
# Vega-Lite cannot merge an axis that is there in one layer and absent in another.
Y: vega.Spec = vega.number("y", axis=None)
SHARE = "Share of the UK gain from digital adoption, %"


def share_dots(
    result: Result,
    unit: str,
    *,
    theme: Theme = "light",
    width: int | None = None,
    height: int = 230,
) -> vega.Chart:
    """How sure the share is: 20 dots, each 1 chance in 20, with the share of the economy.

    The reference is always an edge between two columns of dots, so that none straddles it.

    Parameters
    ----------
    result : Result
        One that holds its draws.
    unit : str
        Code of an area or a group.
    theme, width, height
        As `gainsmodel.charts.three_amounts`.

    Raises
    ------
    UnknownNameError
        If the result has no such area or group.
    """
    found = _shares(result, unit, theme, width, height)
    if isinstance(found, vega.Chart):
        return found
    reading, shares = found
    reference = float(reading.row["gva_share"]) * 100
    dots, bins = _dots(shares, reference)
    above = sum(dot >= reference for dot in dots)
    rows = [
        {
            **place,
            "Role": "gain" if dot >= reference else "prize",
            "Share, %": round(dot, 2),
            "This dot": "1 chance in 20",
            "About": format.percent(dot / 100),
        }
        for dot, place in zip(dots, bins, strict=True)
    ]
    economy = format.percent(reference / 100)
    low, high = plain(reading.row["share_p05"]), plain(reading.row["share_p95"])
    chart = vega.Chart(
        _dots_spec(theme, width, height, SHARE),
        {
            "dots": rows,
            **_frame(rows, reference, f"Share of the economy {economy}", height),
            "range": _range(low * 100, high * 100, format.percent_range(low, high)),
            "sides": [],
        },
        f"20 dots, each 1 chance in 20. {above} lie above the area’s share of the economy, "
        f"{economy}. In 9 of 10 futures the share is {format.percent_range(low, high)}.",
        "Each dot is 1 chance in 20. Blue: the share of the gain is larger than the share of the "
        f"economy; grey: smaller. {_chance(reading)}",
        _dots_table(dots, "Share of the UK gain, %"),
    )
    return chart


def share_curve(
    result: Result,
    unit: str,
    *,
    theme: Theme = "light",
    width: int | None = None,
    height: int = 230,
) -> vega.Chart:
    """How sure the share is, as a curve of 40 steps; parameters and errors as `share_dots`."""
    found = _shares(result, unit, theme, width, height)
    if isinstance(found, vega.Chart):
        return found
    reading, shares = found
    reference = float(reading.row["gva_share"]) * 100
    low, mean, high = (plain(reading.row[f"share_{q}"]) * 100 for q in ("p05", "mean", "p95"))
    counts, edges = np.histogram(
        shares, CURVE_BINS, range=tuple(np.quantile(shares, [0.002, 0.998]))
    )
    rows = []
    # A step that holds an end of the range is cut there, so that the dark part is the range.
    cuts = sorted({*edges.tolist(), *(v for v in (low, high) if edges[0] < v < edges[-1])})
    steps = np.searchsorted(edges, cuts[:-1], side="right") - 1
    for start, end, step in zip(cuts[:-1], cuts[1:], steps, strict=True):
        inside = low <= (start + end) / 2 <= high
        rows.append(
            {
                "From, %": start,
                "To, %": end,
                "Futures in 100": counts[step] / len(shares) * 100,
                "Within 9 of 10": "yes" if inside else "no",
                "About": format.percent_range(start / 100, end / 100),
            }
        )
    top = max(row["Futures in 100"] for row in rows)
    economy = format.percent(reference / 100)
    return vega.Chart(
        _curve_spec(theme, width, height),
        {
            "steps": rows,
            "extent": [
                {"x": min(cuts[0], reference), "y": _below(top * 1.18, height)},
                {"x": max(cuts[-1], reference), "y": top * 1.18},
            ],
            "reference": _reference(
                reference, f"Share of the economy {economy}", cuts[0], cuts[-1], top * 1.18
            ),
            "average": [{"x": mean, "y": 0.0, "y2": top / 5}],
            "range": _range(low, high, format.percent_range(low / 100, high / 100)),
        },
        f"Curve of how likely each share is: average {format.percent(mean / 100)}, "
        f"9 of 10 futures from {format.percent_range(low / 100, high / 100)}; "
        f"share of the economy {economy}.",
        "Height: how many futures have that share. Dark: the range that holds 9 of 10; tick: the "
        f"average of all futures. {_chance(reading)}",
        pl.DataFrame(
            {
                "From, %": vega.rounded(edges[:-1].tolist()),
                "To, %": vega.rounded(edges[1:].tolist()),
                "Futures in 100": vega.rounded((counts / len(shares) * 100).tolist()),
            }
        ),
    )


def difference_dots(
    draws: ArrayLike,
    first: str,
    second: str,
    when: str = "a year by the final year",
    *,
    paired: bool = True,
    theme: Theme = "light",
    width: int | None = None,
    height: int = 230,
) -> vega.Chart:
    """What one plan adds more than another: 20 dots, each 1 chance in 20, around no difference.

    Parameters
    ----------
    draws : array_like
        First plan minus second plan in every draw, £m.
    first, second : str
        Names of the plans; printed as they are.
    when : str
        What follows £: ``"a year by 2036"``.
    paired : bool
        Whether both use the same draws; if not, the chart says so.
    theme, width, height
        As `gainsmodel.charts.three_amounts`.

    Raises
    ------
    SettingError
        If there is no draw, or one that is not a finite number.
    """
    values = np.asarray(draws, dtype=np.float64).ravel()
    if values.size == 0 or not np.isfinite(values).all():
        raise SettingError(
            "draws must be finite differences in £m, at least one; "
            f"{int((~np.isfinite(values)).sum())} of {values.size} are not finite"
        )
    if not values.any():
        return vega.message("These plans are the same.", theme, width, height)
    if values.size < FEWEST_FUTURES_FOR_DOTS:
        return _too_few(values.size, theme, width, height)
    money = format.money_unit(float(np.quantile(np.abs(values), 0.975)))
    dots, bins = _dots(values / GBP_M[money], 0.0)
    low, high = np.quantile(values, [0.05, 0.95]).tolist()
    mean = float(values.mean())
    more = float((values > 0).mean())
    title = f"Difference, £{money} {when}"
    rows = [
        {
            **place,
            "Role": "gain" if dot >= 0 else "prize",
            title: dot,
            "This dot": "1 chance in 20",
            "About": format.gbp(dot * GBP_M[money]),
        }
        for dot, place in zip(dots, bins, strict=True)
    ]
    names = {
        "left": vega.wrapped(f"“{second}” adds more", 24),
        "right": vega.wrapped(f"“{first}” adds more", 24),
    }
    room = 0.5 * max(len(lines) for lines in names.values())
    frame = _frame(rows, 0.0, "No difference", height, room)
    frame["reference"][0]["Align"] = "center"
    ends = {"left": frame["extent"][0]["x"], "right": frame["extent"][1]["x"]}
    shown = [
        {"x": ends[side], "Label": "\n".join(lines), "Align": side}
        for side, lines in names.items()
        # Where no dot lies on a side, nothing is said of it.
        if ends[side] != 0
    ]
    unpaired = "" if paired else " Not paired: part of the difference is sampling noise."
    return vega.Chart(
        _dots_spec(theme, width, height, title),
        {
            "dots": rows,
            **frame,
            "range": _range(low / GBP_M[money], high / GBP_M[money], format.gbp_range(low, high)),
            "sides": shown,
        },
        f"20 dots, each 1 chance in 20. “{first}” adds more than “{second}” "
        f"{format.chance(more, values.size)}; average difference {format.gbp(mean)} {when}, "
        f"in 9 of 10 futures {format.gbp_range(low, high)}.{unpaired}",
        f"Each dot is 1 chance in 20. Blue: “{first}” adds more; grey: “{second}” does. "
        + (
            "Both plans use the same random draws, so sampling noise cancels."
            if paired
            else unpaired.strip()
        ),
        _dots_table(dots, title),
    )


def _shares(
    result: Result, unit: str, theme: Theme, width: int | None, height: int
) -> tuple[AreaSummary, NDArray[np.float64]] | vega.Chart:
    """Give an area's shares in per cent, draw by draw, or say why there is nothing to draw."""
    reading = AreaSummary(result, unit)
    if math.isclose(reading.row["gva_share"], 1) or result.areas().height == 1:
        return vega.message(f"{_possessive(reading.name)} share is 100%.", theme, width, height)
    if reading.shares_withheld:
        return vega.message(f"{reading.excluded}, so shares are withheld.", theme, width, height)
    if not result.holds_draws:
        return vega.message(
            "This run did not keep single futures; run fewer to see dots.",
            theme,
            width,
            height,
        )
    shares = result.draws("share")[unit].drop_nulls().to_numpy() * 100
    if shares.size < FEWEST_FUTURES_FOR_DOTS:
        return _too_few(shares.size, theme, width, height)
    if np.ptp(shares) <= 1e-9 * shares.max():
        share = format.percent(shares[0] / 100)
        economy = format.percent(reading.row["gva_share"])
        return vega.message(
            f"No uncertainty in this run: the share is {share}, that of the economy {economy}.",
            theme,
            width,
            height,
        )
    return reading, shares


def _too_few(futures: int, theme: Theme, width: int | None, height: int) -> vega.Chart:
    words_of = f"{futures} futures are too few for dots; {FEWEST_FUTURES_FOR_DOTS} are needed."
    return vega.message(words_of, theme, width, height)


def _possessive(name: str) -> str:
    return "The UK’s" if name == "United Kingdom" else f"{name}’s"


def _chance(reading: AreaSummary) -> str:
    chance = format.chance(plain(reading.row["p_share_above_gva"]), reading.futures)
    told = format.against_gva(plain(reading.row["p_share_above_gva"]), reading.futures)
    if told == format.NOT_SEPARATED:
        return f"The share is the larger {chance}: these assumptions do not separate the two."
    return f"The share is the larger {chance}: with these assumptions it is {told}."


def _dots(values: NDArray[np.float64], reference: float) -> tuple[list[float], list[vega.Row]]:
    """Give 20 quantiles and where their dots stand, in bins of which the reference is an edge."""
    dots = np.quantile(values, (np.arange(DOTS) + 0.5) / DOTS)
    # The outermost dots of a skewed distribution do not set the width of the bins.
    step = float(dots[-2] - dots[1]) / (BINS - 2) or float(np.ptp(dots)) / BINS or 1.0
    bins = np.floor((dots - reference) / step)
    # A tail longer than this would leave dots too small to count.
    if np.ptp(bins) > 2 * BINS:
        step *= float(np.ptp(bins)) / (2 * BINS)
        bins = np.floor((dots - reference) / step)
    height: dict[float, int] = {}
    places: list[vega.Row] = []
    for index in bins.tolist():
        height[index] = height.get(index, 0) + 1
        places.append({"x": reference + (index + 0.5) * step, "y": height[index] - 0.5})
    half = step / 2
    for place in places:
        place["Bin from"], place["Bin to"] = place["x"] - half, place["x"] + half
    return dots.tolist(), places


def _frame(
    rows: list[vega.Row], reference: float, label: str, height: int, room: float = 0.0
) -> dict[str, list[vega.Row]]:
    """Axes' ends, the reference and its label, and what a dot's size is reckoned from."""
    left = min(reference, *(row["Bin from"] for row in rows))
    right = max(reference, *(row["Bin to"] for row in rows))
    step = rows[0]["Bin to"] - rows[0]["Bin from"]
    tallest = max(row["y"] for row in rows) + 0.5
    top = max(tallest, 4.0) + 0.9 + room
    bottom = _below(top, height)
    for row in rows:
        row["Bins"], row["Levels"] = round((right - left) / step), top - bottom
    return {
        "extent": [{"x": left, "y": bottom}, {"x": right, "y": top}],
        "reference": _reference(reference, label, left, right, top),
    }


def _below(top: float, height: int) -> float:
    """Where the vertical axis begins, so that the range fits below zero (`BELOW` pixels)."""
    return -top * BELOW / max(height - 55 - BELOW, BELOW)


def _reference(at: float, label: str, left: float, right: float, top: float) -> list[vega.Row]:
    """Rule and label; the label stands on the side that has more room."""
    align = "left" if at - left < right - at else "right"
    return [{"x": at, "y": top, "y2": 0.0, "Label": label, "Align": align}]


def _range(low: float, high: float, label: str) -> list[vega.Row]:
    """The range that holds 9 of 10 futures, drawn below the baseline."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return []
    centre = (low + high) / 2
    return [{"x": low, "x2": high, "Centre": centre, "Label": f"9 in 10 futures: {label}"}]


def _dots_table(dots: list[float], heading: str) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "Dot": [*range(1, DOTS + 1)],
            "Times in 100 below": [(i + 0.5) * 100 / DOTS for i in range(DOTS)],
            heading: vega.rounded(dots),
        }
    )


def _marks(theme: str) -> tuple[list[vega.Spec], list[vega.Spec]]:
    """Reference and range, which dots and curve share."""
    colours = palette(theme)
    x, y = vega.number("x"), Y
    lean = {"expr": "datum.Align === 'right' ? -6 : datum.Align === 'left' ? 6 : 0"}
    reference = [
        vega.layer(
            "reference",
            {"type": "rule", "strokeWidth": 2, "color": colours.plan},
            x=x,
            y=y,
            y2={"field": "y2"},
        ),
        vega.layer(
            "reference",
            {
                "type": "text",
                "align": {"expr": "datum.Align"},
                "baseline": {"expr": "datum.Align === 'center' ? 'bottom' : 'top'"},
                "dx": lean,
                "color": colours.plan,
                "fontWeight": 600,
            },
            x=x,
            y=y,
            text=vega.text("Label"),
        ),
    ]
    bracket = {"type": "rule", "strokeWidth": 2, "color": colours.secondary}
    below = {"type": "text", "baseline": "top", "color": colours.secondary}

    def up(pixels: int) -> vega.Spec:
        return {"value": {"expr": f"height - {pixels}"}}

    return reference, [
        vega.layer("range", bracket, x=x, x2={"field": "x2"}, y=up(BELOW - 8)),
        vega.layer(
            "range",
            {**below, "align": "center"},
            x=vega.number("Centre"),
            y=up(BELOW - 12),
            text=vega.text("Label"),
        ),
    ]


@lru_cache(vega.SPECS_KEPT)
def _dots_spec(theme: str, width: int | None, height: int, title: str) -> vega.Spec:
    colours = palette(theme)
    axis = {"tickCount": 6, "format": ",~r", "ticks": True, "domain": True}
    axis["domainColor"] = colours.border
    x = vega.number("x", title=title, axis=axis, scale={"nice": False, "zero": False})
    y = {**Y, "scale": {"nice": False, "zero": False}}
    reference, bracket = _marks(theme)
    diameter = "0.9 * min(width / datum.Bins, height / datum.Levels)"
    return vega.view(
        theme,
        [
            vega.extent(x=vega.number("x"), y=Y),
            *reference,
            vega.layer(
                "dots",
                {"type": "circle", "opacity": 1, "size": {"expr": f"PI / 4 * pow({diameter}, 2)"}},
                x=x,
                y=y,
                color=vega.roles(theme),
                tooltip=vega.tooltip("About", "This dot"),
            ),
            *bracket,
            vega.layer(
                "sides",
                {
                    "type": "text",
                    "align": {"expr": "datum.Align"},
                    "color": colours.secondary,
                    "baseline": "top",
                    "lineBreak": "\n",
                },
                x=vega.number("x"),
                y={"value": 8},
                text=vega.text("Label"),
            ),
        ],
        width=width,
        height=height,
    )


@lru_cache(vega.SPECS_KEPT)
def _curve_spec(theme: str, width: int | None, height: int) -> vega.Spec:
    colours = palette(theme)
    axis = {"tickCount": 6, "format": ",~r", "ticks": True, "domain": True}
    axis["domainColor"] = colours.border
    x = vega.number("From, %", title=SHARE, axis=axis, scale={"nice": False, "zero": False})
    y = vega.number("Futures in 100", axis=None, scale={"nice": False})
    reference, bracket = _marks(theme)
    opacity: vega.Spec = {"field": "Within 9 of 10", "type": "ordinal", "legend": None}
    opacity["scale"] = {"domain": ["no", "yes"], "range": [0.28, 0.7]}
    tick = {"type": "rule", "strokeWidth": 2.5, "color": colours.centre}
    return vega.view(
        theme,
        [
            vega.extent(x=vega.number("x"), y=Y),
            vega.layer(
                "steps",
                {"type": "bar", "color": colours.gain, "binSpacing": 0},
                x=x,
                x2={"field": "To, %"},
                y=y,
                y2={"datum": 0},
                opacity=opacity,
                tooltip=[vega.text("About"), vega.number("Futures in 100", format=".1f")],
            ),
            vega.layer("average", tick, x=vega.number("x"), y=Y, y2={"field": "y2"}),
            *reference,
            *bracket,
        ],
        width=width,
        height=height,
    )
