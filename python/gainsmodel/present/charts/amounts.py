"""Amounts of money: the three on one scale, and the fan by year."""

from functools import lru_cache

import polars as pl

from gainsmodel import format
from gainsmodel.present.area_summary import (
    GBP_M,
    RANGE,
    Added,
    AreaSummary,
    Estimate,
    or_none,
    plain,
    same_scenario,
)
from gainsmodel.present.charts import chart as vega
from gainsmodel.present.charts.theme import Theme, palette
from gainsmodel.results.result import Result

UNKNOWN = Estimate(float("nan"), float("nan"), float("nan"))
# Of the scale that lies right of the largest range, where its value is printed.
ROOM_FOR_VALUE = 1.28


def three_amounts(
    result: Result,
    unit: str,
    without: Result | None = None,
    *,
    theme: Theme = "light",
    width: int | None = None,
    height: int = 230,
) -> vega.Chart:
    """Share of the prize, the digital gain, what the plan adds: on one scale.

    Parameters
    ----------
    result : Result
        The scenario as run; its basis says whether £ are a year by the last year or a sum.
    unit : str
        Code of an area or a group.
    without : Result, optional
        The same futures without the plan; without it a plan's row is left out.
    theme : {"light", "dark"}
    width : int, optional
        Outer width in pixels; None fills the container.
    height : int
        Outer height in pixels.

    Raises
    ------
    UnknownNameError
        If the result has no such area or group.
    ResultError
        If the two results are not paired, or draws were not kept.
    """
    reading = AreaSummary(result, unit)
    no_share = reading.shares_withheld
    amounts: list[tuple[str, str, Estimate]] = [
        ("prize", f"Share of the {reading.prize}", reading.three("prize_gbp_bn", 1e3)),
        ("gain", "Digital gain", reading.digital_gain),
    ]
    if without is not None and not same_scenario(result, without):
        added = reading.added(without)
        amounts[1] = (
            "gain",
            "Digital gain without the plan",
            added.without or reading.digital_gain,
        )
        amounts.append(("plan", f"Added by the plan{reading.net_of}", added))
    elif not reading.has_plan or without is not None:
        amounts.append(("plan", "Added by the plan", Estimate(0.0, 0.0, 0.0)))
    if no_share:
        amounts[0] = (*amounts[0][:2], UNKNOWN)
    known = [three for _, _, three in amounts if three.is_told]
    low = min((three.low for three in known if three.low == three.low), default=0.0)
    high = max((max(three.high, three.mean) for three in known), default=0.0)
    unit_of_money = format.money_unit(max(high, -low))
    per = GBP_M[unit_of_money]
    money = f"£{unit_of_money} {reading.when}"
    rows: list[vega.Row] = []
    for role, label, three in amounts:
        withheld = role == "prize" and no_share
        drawn = three if three.is_told else UNKNOWN
        rows.append(
            {
                "Role": role,
                "Amount": label,
                f"Low, {money}": or_none(drawn.low / per),
                f"Average, {money}": or_none(drawn.mean / per),
                f"High, {money}": or_none(drawn.high / per),
                # Where the value is printed: right of all that is drawn.
                "End": max(0.0, or_none(drawn.high / per) or 0.0, or_none(drawn.mean / per) or 0.0),
                "Average": "not defined" if withheld else three.gbp,
                RANGE: _range(three),
            }
        )
    ends = [{"x": min(low, 0.0) / per}, {"x": (high or per) * ROOM_FOR_VALUE / per}]
    said = [
        f"{vega.lowered(label)} {row['Average']}" + (f" ({row[RANGE]})" if row[RANGE] else "")
        for row, (_, label, _) in zip(rows, amounts, strict=True)
    ]
    count = {2: "Two", 3: "Three"}[len(rows)]
    plan = amounts[-1][2]
    nothing = ""
    if isinstance(plan, Added) and plan.is_told and not plan.is_certain:
        nothing = f" The plan adds {format.next_to_nothing(plan.p_nothing, plan.futures)}."
    caption = (
        "Bars show the average of all futures; lines the range that holds 9 of 10. "
        f"All in {reading.prices}.{nothing}"
    )
    if no_share:
        caption += f" {reading.excluded}, so shares are withheld."
    elif plain(reading.row["share_excluded_draws"]) > 0:
        caption += f" {reading.excluded}, so shares use the others."
    if not no_share and all(three.is_certain for _, _, three in amounts[:2]):
        caption += f" {reading.certainty}."
    return vega.Chart(
        _three_amounts_spec(theme, width, height, money),
        {"amounts": rows, "extent": ends},
        f"{count} bars on one scale for {reading.place}, {reading.when}: {', '.join(said)}."
        f"{nothing}",
        caption,
        _money_table(rows, "Amount", money),
    )


@lru_cache(vega.SPECS_KEPT)
def _three_amounts_spec(theme: str, width: int | None, height: int, money: str) -> vega.Spec:
    colours = palette(theme)
    row = vega.name("Amount", axis=None, scale={"paddingInner": 0, "paddingOuter": 0})
    low, mean, high = (vega.number(f"{end}, {money}") for end in ("Low", "Average", "High"))
    axis = {"grid": True, "tickCount": 5, "format": ",~r", "orient": "bottom"}
    x = {"axis": axis, "title": money, "scale": {"nice": False}}
    above = {"type": "text", "baseline": "bottom", "dy": -9}
    hover = vega.tooltip("Amount", "Average", RANGE)
    left = {"value": 0}
    return vega.view(
        theme,
        [
            vega.extent(x=vega.number("x")),
            # First, since every row has a name, also one without a bar: so the order is kept.
            vega.layer(
                "amounts", {**above, "align": "left"}, y=row, x=left, text=vega.text("Amount")
            ),
            vega.layer(
                "amounts",
                {"type": "bar", "height": 14, "yOffset": 8},
                y=row,
                x={**mean, **x},
                color=vega.roles(theme),
                tooltip=hover,
            ),
            vega.layer(
                "amounts",
                {"type": "rule", "strokeWidth": 2, "yOffset": 8, "color": colours.text},
                y=row,
                x=low,
                x2=vega.to(high),
                tooltip=hover,
            ),
            vega.layer(
                "amounts",
                {"type": "text", "align": "left", "dx": 6, "dy": 9, "fontWeight": "bold"},
                y=row,
                x=vega.number("End"),
                text=vega.text("Average"),
            ),
            vega.layer(
                "amounts",
                {**above, "align": "right", "color": colours.secondary},
                y=row,
                # Not so far from the name that the eye loses the row.
                x={"value": {"expr": "min(width, 420)"}},
                text=vega.text(RANGE),
            ),
        ],
        width=width,
        height=height,
    )


def fan(
    result: Result,
    unit: str,
    without: Result | None = None,
    *,
    theme: Theme = "light",
    width: int | None = None,
    height: int = 260,
) -> vega.Chart:
    """The digital gain, year by year: average, bands, and without plan.

    Parameters as `three_amounts`. Amounts are £ a year at the prices of the run on every reading.

    Raises
    ------
    UnknownNameError
        If the result has no such area or group.
    """
    reading = AreaSummary(result, unit)
    first, last = reading.years
    mine = reading.gains()
    theirs = None
    if without is not None and not same_scenario(result, without):
        theirs = AreaSummary(without, unit).gains()
    final = mine[-1][1]
    if not final.is_told:
        return vega.message(f"{reading.name}: {format.TOO_FEW}.", theme, width, height)
    ends = [value for _, three, _ in mine for value in (three.low, three.mean, three.high)]
    ends += [three.mean for _, three, _ in theirs or []]
    ends = [value for value in ends if value == value]
    top, bottom = max(*ends, 0.0), min(*ends, 0.0)
    unit_of_money = format.money_unit(max(top, -bottom))
    per = GBP_M[unit_of_money]
    money = f"£{unit_of_money} a year"
    names = [f"{band}, {money}" for band in _BANDS.values()]
    start: vega.Row = {"Year": first, **dict.fromkeys(names, 0.0), "Average": "£0", RANGE: "£0"}
    rows = [start]
    for year, three, row in mine:
        values = [or_none(plain(row[f"gain_gbp_m_{q}"]) / per) for q in _BANDS]
        said = {"Average": three.gbp, RANGE: _range(three) or "no range"}
        rows.append({"Year": year, **dict(zip(names, values, strict=True)), **said})
    reference = f"No plan, average, {money}"
    data: dict[str, list[vega.Row]] = {"years": rows}
    if theirs is not None:
        data["without"] = [
            {"Year": first, reference: 0.0},
            *({"Year": year, reference: or_none(three.mean / per)} for year, three, _ in theirs),
        ]
    certain, zero = final.is_certain, top == bottom == 0
    # A scale of nothing still needs a height.
    top = top or per
    data["extent"] = [{"x": last, "y": bottom / per}, {"x": last, "y": top / per}]
    lasting = theirs[-1][1] if theirs is not None else None
    data["labels"] = _end_labels(final, lasting, per, bottom, top, height, last)
    note = "No gain with these assumptions" if zero else reading.certainty if certain else ""
    data["note"] = [{"Note": note}]
    low, high = format.gbp_ends(final.low, final.high)
    if zero:
        sentence = f"No gain for {reading.place} with these assumptions: a flat line at zero"
    else:
        sentence = (
            f"Gain of {reading.place} {'falls' if final.mean < 0 else 'rises'} from zero in "
            f"{first} to {final.gbp} a year in {last} on average; "
        )
        sentence += (
            vega.lowered(reading.certainty)
            if certain
            else f"9 in 10 futures lie between {low} and {high}"
        )
        if lasting is not None:
            sentence += f". Without the plan the average is {lasting.gbp}"
    caption = (
        "Line: the average of all futures. Inner band: half of the futures; outer band: 9 of 10. "
        + ("Dashed: the average without the plan. " if theirs is not None else "")
        + f"{reading.prices}, compared with no further adoption after {first}."
    )
    columns = {
        "Year": [row["Year"] for row in rows],
        **{column: vega.rounded([row[column] for row in rows]) for column in names},
    }
    if theirs is not None:
        columns[reference] = vega.rounded([row[reference] for row in data["without"]])
    return vega.Chart(
        _fan_spec(theme, width, height, money, reading.prices, first, last, theirs is not None),
        data,
        f"{sentence}.",
        caption,
        pl.DataFrame(columns),
    )


_BANDS = {
    "p05": "Low",
    "p25": "Lower quarter",
    "mean": "Average",
    "p75": "Upper quarter",
    "p95": "High",
}


def _end_labels(
    final: Estimate,
    lasting: Estimate | None,
    per: float,
    bottom: float,
    top: float,
    height: int,
    last: int,
) -> list[vega.Row]:
    """Words at the right end, moved apart where they would touch."""
    labels = [(f"Average {final.gbp}", final.mean, "mean")]
    if not final.is_certain:
        low, high = format.gbp_ends(final.low, final.high)
        labels += [(f"High {high}", final.high, "end"), (f"Low {low}", final.low, "end")]
    if lasting is not None:
        labels.append((f"No plan {lasting.gbp}", lasting.mean, "without"))
    labels = [label for label in labels if label[1] == label[1]]
    line = 15 / max(height - 50, 60) * (top - bottom)
    places = vega.apart([value for _, value, _ in labels], line, bottom, top)
    return [
        {"Year": last, "Place": place / per, "Label": label, "Line": kind}
        for (label, _, kind), place in zip(labels, places, strict=True)
    ]


@lru_cache(vega.SPECS_KEPT)
def _fan_spec(
    theme: str,
    width: int | None,
    height: int,
    money: str,
    prices: str,
    first: int,
    last: int,
    with_reference: bool,
) -> vega.Spec:
    colours = palette(theme)
    step = max(1, 2 * round((last - first) / 10))
    years = list(range(first, last + 1, step))
    x = vega.number(
        "Year",
        title=None,
        axis={"format": "d", "values": years, "labelFlush": False},
        scale={"nice": False, "zero": False, "domain": [first, last]},
    )
    bands = [vega.number(f"{band}, {money}") for band in _BANDS.values()]
    low, quarter, mean, three_quarters, high = bands
    above = {"titleAngle": 0, "titleAlign": "left", "titleX": 0, "titleY": -10}
    y: vega.Spec = {
        "title": f"{money}, {prices}",
        "axis": {"grid": True, "tickCount": 4, "format": ",~r", "titleBaseline": "bottom", **above},
    }
    ink = {"mean": colours.centre, "end": colours.secondary, "without": colours.plan}
    line: vega.Spec = {"field": "Line", "type": "nominal", "legend": None}
    line["scale"] = {"domain": list(ink), "range": list(ink.values())}
    band = {"type": "area", "color": colours.gain, "line": False}
    layers = [
        vega.extent(x=vega.number("x"), y=vega.number("y")),
        vega.layer("years", {**band, "opacity": 0.28}, x=x, y={**low, **y}, y2=vega.to(high)),
        vega.layer("years", {**band, "opacity": 0.42}, x=x, y=quarter, y2=vega.to(three_quarters)),
        vega.layer(
            "years", {"type": "line", "strokeWidth": 2.5, "color": ink["mean"]}, x=x, y=mean
        ),
    ]
    if last - first == 1:
        # A band of one year is a dot with its range.
        dot = {"type": "point", "filled": True, "size": 60, "color": colours.centre, "opacity": 1}
        layers = [
            vega.extent(x=vega.number("x"), y=vega.number("y")),
            vega.layer(
                "years",
                {"type": "rule", "strokeWidth": 3, "color": colours.gain},
                x=x,
                y={**low, **y},
                y2=vega.to(high),
            ),
            vega.layer("years", dot, x=x, y=mean),
        ]
    if with_reference:
        dashed = {"type": "line", "strokeWidth": 2, "strokeDash": [6, 4], "color": colours.plan}
        layers.append(
            vega.layer("without", dashed, x=x, y=vega.number(f"No plan, average, {money}"))
        )
    hover = {
        "type": "rule",
        "opacity": 0.001,
        "strokeWidth": {"expr": f"width / {last - first}"},
        "clip": True,
    }
    note = {"type": "text", "align": "left", "dx": 8, "fontSize": 13, "color": colours.secondary}
    layers += [
        vega.layer(
            "labels",
            {"type": "text", "align": "left", "dx": 7, "fontWeight": 600},
            x=x,
            y=vega.number("Place"),
            text=vega.text("Label"),
            color=line,
        ),
        vega.layer(
            "note",
            {**note, "baseline": "top"},
            x={"value": 0},
            y={"value": 4},
            text=vega.text("Note"),
        ),
        vega.layer(
            "years", hover, x=x, tooltip=[vega.number("Year"), *vega.tooltip("Average", RANGE)]
        ),
    ]
    return vega.view(
        theme,
        layers,
        width=width,
        height=height,
    )


def _range(three: Estimate) -> str:
    """The range in words, nothing where there is none."""
    known = three.low == three.low and three.high == three.high
    return three.gbp_range if known and not three.is_certain else ""


def _money_table(rows: list[vega.Row], first: str, money: str) -> pl.DataFrame:
    columns = [f"{end}, {money}" for end in ("Low", "Average", "High")]
    return pl.DataFrame(
        {
            first: [row[first] for row in rows],
            **{column: vega.rounded([row[column] for row in rows]) for column in columns},
        },
        schema={first: pl.String, **dict.fromkeys(columns, pl.Float64)},
    )
