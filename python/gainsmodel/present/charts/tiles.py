"""The tile map: every area one tile of one size, roughly where it lies.

Land area is not importance, and boundaries have licences; tiles have neither trouble. Classes
are fixed, never rescaled to the data: a map that is grey all over is a result.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal, get_args

import polars as pl

from gainsmodel import format
from gainsmodel.data import load_dataset
from gainsmodel.errors import SettingError, UnknownNameError
from gainsmodel.present.area_summary import (
    RANGE,
    AreaSummary,
    Estimate,
    plain,
    unknown_unit,
)
from gainsmodel.present.charts import chart as vega
from gainsmodel.present.charts.theme import Theme, palette
from gainsmodel.results.result import Result

Measure = Literal["gbp", "per_head", "against_gva"]
MEASURES: tuple[Measure, ...] = get_args(Measure)


@dataclass(frozen=True)
class Layout:
    """Where the tiles of a geography stand.

    Attributes
    ----------
    columns, rows : int
        Size of the grid; its upper right corner is free for the key.
    tiles : dict
        Code to column and row from the top left, from 0, and the two lines of its label.
    prize_classes : tuple of float
        Lower ends of the second to fifth class of the share of the prize, £bn.
    """

    columns: int
    rows: int
    tiles: dict[str, tuple[int, int, str, str]]
    prize_classes: tuple[float, ...]


LAYOUTS: dict[str, Layout] = {
    "mayoral": Layout(
        6,
        7,
        {
            "TLM": (2, 0, "Scotland", ""),
            "TLN": (0, 1, "Northern", "Ireland"),
            "E47000014": (3, 1, "North", "East"),
            "E47000006": (4, 1, "Tees", "Valley"),
            "REST_TLD": (2, 2, "Rest of", "N West"),
            "E47000012": (3, 2, "York &", "N Yorks"),
            "E47000016": (4, 2, "Hull &", "E Yorks"),
            "E47000004": (1, 3, "Liverpool", "CR"),
            "E47000001": (2, 3, "Greater", "Manch’r"),
            "E47000003": (3, 3, "West", "Yorks"),
            "E47000002": (4, 3, "South", "Yorks"),
            "TLL": (1, 4, "Wales", ""),
            "REST_TLG": (2, 4, "Rest of", "W Mids"),
            "E47000013": (3, 4, "East", "Midlands"),
            "E47000017": (4, 4, "Greater", "Lincs"),
            "E47000007": (2, 5, "West", "Midlands"),
            "REST_TLF": (3, 5, "Rest of", "E Mids"),
            "E47000008": (4, 5, "Cambs &", "P’boro"),
            "REST_TLH": (5, 5, "Rest of", "East"),
            "REST_TLK": (1, 6, "Rest of", "S West"),
            "E47000009": (2, 6, "West of", "England"),
            "REST_TLJ": (3, 6, "Rest of", "S East"),
            "E12000007": (4, 6, "Greater", "London"),
        },
        (2, 4, 8, 16),
    ),
    "itl1": Layout(
        4,
        5,
        {
            "TLM": (1, 0, "Scotland", ""),
            "TLN": (0, 1, "Northern", "Ireland"),
            "TLC": (2, 1, "North", "East"),
            "TLD": (1, 2, "North", "West"),
            "TLE": (2, 2, "Yorkshire", "& Humber"),
            "TLL": (0, 3, "Wales", ""),
            "TLG": (1, 3, "West", "Midlands"),
            "TLF": (2, 3, "East", "Midlands"),
            "TLH": (3, 3, "East of", "England"),
            "TLK": (1, 4, "South", "West"),
            "TLJ": (2, 4, "South", "East"),
            "TLI": (3, 4, "London", ""),
        },
        (8, 12, 16, 24),
    ),
}
# Quintiles of the 23 mayoral areas' expected value in £ a head, reference scenario, 10,000
# futures, seed 1, to two figures; frozen so that colours mean the same in every map.
PER_HEAD_CLASSES: dict[str, tuple[float, ...]] = {
    "final_year": (820, 860, 930, 1_000),
    "share_of_economy": (820, 860, 930, 1_000),
    "cumulative": (4_900, 5_200, 5_600, 6_200),
}
# Classes of the comparison with the share of GVA, in the words that decide between them.
AGAINST_GVA = ("smaller", "probably smaller", format.NOT_SEPARATED, "probably larger", "larger")
NO_DATA = -1
IDENTITY = ("area_code", "area_name", "mayor_2017")


def tile_map(
    result: Result,
    measure: Measure = "gbp",
    selected: str | None = None,
    *,
    theme: Theme = "light",
    width: int | None = None,
    height: int = 300,
) -> vega.Chart:
    """Every area of the UK as a tile, with its value printed and its class as colour.

    A click on a tile, its label or its value sets the point selection ``area`` on ``code``; a
    click on the key gives no code.

    Parameters
    ----------
    result : Result
        Of the ``mayoral`` or the ``itl1`` geography.
    measure : {"gbp", "per_head", "against_gva"}
        Share of the prize in £; the digital gain in £ a head of today's
        population; or in how many of 100 futures the area's share of the gain exceeds its
        share of the economy.
    selected : str, optional
        Code of the area to outline.
    theme, width, height
        As `gainsmodel.charts.three_amounts`.

    Raises
    ------
    UnknownNameError
        If the geography has no tile map, or the result no such area.
    SettingError
        If there is no such measure.
    """
    if measure not in MEASURES:
        raise SettingError(f"measure must be one of {', '.join(MEASURES)}, not {measure!r}")
    geography = result.manifest["geography"]
    if geography not in LAYOUTS:
        raise UnknownNameError(
            f"there is no tile map of the geography {geography!r}; "
            f"there are tile maps of {' and '.join(LAYOUTS)}"
        )
    layout, areas = LAYOUTS[geography], result.areas()
    if selected is not None:
        AreaSummary(result, selected)
    first = AreaSummary(result, areas["area_code"][0])
    values = _values(result, measure, first)
    classes = _classes(measure, first.basis, layout)
    rows: list[vega.Row] = []
    shown = areas[[*IDENTITY, "share_mean", "gva_share", "p_share_above_gva"]]
    for row in shown.iter_rows(named=True):
        code = row["area_code"]
        if code not in layout.tiles:
            raise unknown_unit(code, result)
        column, line, label, second = layout.tiles[code]
        value = values[code]
        dot = " •" if row["mayor_2017"] else ""
        rows.append(
            {
                "code": code,
                "Area": row["area_name"],
                "Column": column,
                "Row": line,
                "Line 1": label + dot,
                "Line 2": second,
                "Value": value.printed,
                "Class": _class_of(measure, value, row, classes, first.futures),
                RANGE: _range(measure, value.three),
                "Share of the gain": format.percent(plain(row["share_mean"])),
                "Share of the economy": format.percent(row["gva_share"]),
                "Share of the gain is the larger": format.out_of_100(
                    plain(row["p_share_above_gva"]), first.futures
                ),
                "Selected": code == selected,
            }
        )
    title, measured = _title(measure, first)
    return vega.Chart(
        _tile_map_spec(theme, width, height, geography, measured),
        {
            "areas": rows,
            "key": _key(measure, classes, layout),
            "key_title": [{"x": layout.columns, "y": 0, "Title": title}],
            "note": _note(rows, layout),
        },
        _alt(measure, values, rows, selected, first.when),
        _caption(measure, rows, areas, values, first),
        _table(measure, areas, values, first),
    )


@dataclass(frozen=True)
class _Value:
    """What a tile shows: its number, what it prints, and the number that decides its class."""

    three: Estimate
    printed: str
    classed: float


Values = dict[str, _Value]


def _values(result: Result, measure: Measure, first: AreaSummary) -> Values:
    """Give each area's number: £m, £ a head or a probability."""
    areas = result.areas()
    values: Values = {}
    if measure == "against_gva":
        for code, p in areas["area_code", "p_share_above_gva"].iter_rows():
            chance = plain(p)
            three = Estimate(chance, chance, chance)
            values[code] = _Value(three, _short_count(chance, first.futures), chance)
        return values
    metric = "prize_gbp_bn" if measure == "gbp" else first.gain
    dataset = load_dataset(result.manifest["geography"])
    population = dict(dataset.areas["area_code", "population"].iter_rows())
    for row in areas.iter_rows(named=True):
        code = row["area_code"]
        scale = 1e3 if measure == "gbp" else 1e6 / population[code]
        three = Estimate.of(row, metric, scale)
        classed = format.printed_gbp_m(three.mean, three.error)
        printed = three.gbp if measure == "gbp" else format.gbp_a_head(three.mean)
        if classed != classed:
            printed = "no data" if three.mean != three.mean else "too few"
        values[code] = _Value(three, printed, classed)
    return values


def _short_count(p: float, futures: int) -> str:
    if p != p or futures < 40:
        return "no data"
    count = format.out_of_100(p, futures)
    if count.startswith(("none", "fewer")):
        return "<1"
    return ">99" if count.startswith(("all", "more")) else f"{p * 100:.0f}"


def _range(measure: Measure, three: Estimate) -> str:
    if measure == "against_gva" or three.is_certain:
        return "–"
    return three.gbp_range if measure == "gbp" else format.gbp_a_head_range(three.low, three.high)


def _classes(measure: Measure, basis: str, layout: Layout) -> tuple[float, ...]:
    """Lower ends of the second to fifth class, in the unit of the values."""
    if measure == "gbp":
        return tuple(1e3 * end for end in layout.prize_classes)
    return PER_HEAD_CLASSES[basis]


def _class_of(
    measure: Measure, value: _Value, row: vega.Row, classes: Sequence[float], futures: int
) -> int:
    if value.classed != value.classed:
        return NO_DATA
    if measure == "against_gva":
        told = format.against_gva(plain(row["p_share_above_gva"]), futures)
        return AGAINST_GVA.index(told) if told in AGAINST_GVA else NO_DATA
    # As printed, so that no tile says 2.0 in the colour of "under 2".
    return bisect_right(classes, value.classed)


def _title(measure: Measure, first: AreaSummary) -> tuple[str, str]:
    """Title of the key, in short lines, and what the hover calls the value."""
    if measure != "against_gva":
        unit = "£bn" if measure == "gbp" else "£ a head"
        # "by 2036" stays on one line.
        title = vega.wrapped(f"{unit} {first.when}".replace(" by ", " by\u00a0"), 19)
        called = f"Share of the {first.prize}" if measure == "gbp" else "Digital gain a head"
        return "\n".join(title), called
    return "Is its share of the\ngain larger than of\nthe economy?", "Times in 100"


def _key(measure: Measure, classes: Sequence[float], layout: Layout) -> list[vega.Row]:
    """Labels of the five classes, the highest on top, in the free corner."""
    if measure == "against_gva":
        labels = ["smaller", "probably\nsmaller", "not\nseparated", "probably\nlarger", "larger"]
    else:
        per = 1e3 if measure == "gbp" else 1
        ends = [f"{end / per:,.0f}" for end in classes]
        # Long ends stand on two lines, or they would run into the tiles.
        dash, under = ("–\n", "under\n") if len(ends[0]) > 3 else ("–", "under ")
        pairs = pairwise(ends)
        labels = [f"{under}{ends[0]}", *(f"{a}{dash}{b}" for a, b in pairs), f"{ends[-1]} +"]
    # Below the title, and above the tiles that fill the lower part of the last column.
    top = 1.1 if layout.columns == 6 else 0.75
    bottom = 4.9 if layout.columns == 6 else 2.9
    step = (bottom - top) / 5
    return [
        {
            "x": layout.columns,
            "y": top + (4 - i) * step,
            "y2": top + (5 - i) * step,
            "Centre": top + (4.5 - i) * step,
            "Class": i,
            "Label": label,
        }
        for i, label in enumerate(labels)
    ]


def _note(rows: list[vega.Row], layout: Layout) -> list[vega.Row]:
    if not any(row["Line 1"].endswith("•") for row in rows):
        return []
    return [{"x": 0, "y": layout.rows, "Note": "• mayor\nsince\nMay 2017"}]


def _alt(
    measure: Measure, values: Values, rows: list[vega.Row], selected: str | None, when: str
) -> str:
    known = [row for row in rows if row["Class"] != NO_DATA]
    ranked = sorted(known, key=lambda row: values[row["code"]].three.mean, reverse=True)
    of = {
        "gbp": f"share of the prize {when}",
        "per_head": f"£ a head of digital gain {when}",
        "against_gva": "times in 100 that the share of the gain exceeds that of the economy",
    }[measure]
    said = f"Tile map of {len(rows)} areas, {of}."
    if not ranked:
        return f"{said} No data."
    said += f" Highest: {ranked[0]['Area']} {ranked[0]['Value']}."
    for rank, row in enumerate(ranked, 1):
        if row["code"] == selected:
            # A rank among areas that are not separated would mislead.
            place = "" if measure == "against_gva" else f", rank {rank}"
            said += f" {row['Area']}: {row['Value']}{place}."
    return f"{said} Values in the table below."


def _caption(
    measure: Measure, rows: list[vega.Row], areas: pl.DataFrame, values: Values, first: AreaSummary
) -> str:
    missing = sum(row["Class"] == NO_DATA for row in rows)
    note = f" {len(rows) - missing} of {len(rows)} areas have data." if missing else ""
    if measure == "against_gva":
        apart = [row for row in rows if row["Class"] not in (NO_DATA, 2)]
        grey = (
            "These assumptions separate the two in no area."
            if not apart
            else f"These assumptions separate the two in {len(apart)} of {len(rows)} areas."
        )
        return (
            "Times in 100 that an area’s share of the gain exceeds its share of the economy. "
            f"Grey: not separated. {grey}{note}"
        )
    known = areas.filter(pl.col("share_mean").is_not_null())
    averages = [values[code].three.mean for code in known["area_code"]]
    if measure == "gbp":
        follows = pl.DataFrame({"value": averages, "gva": known["gva_share"]}).select(
            pl.corr("value", "gva")
        )
        size = plain(follows.item()) > 0.9
        follow = " Mostly follows the size of each economy." if size else ""
        return (
            f"Average of each area’s share of {first.the_prize_read} {first.when}, "
            f"{first.prices}.{follow}{note}"
        )
    ranges = sorted(value.three.high - value.three.low for value in values.values())
    blurred = averages and ranges[0] > max(averages) - min(averages)
    blur = " Every area’s own range is wider than the gap between the highest and the lowest."
    return (
        f"Average digital gain {first.when} for each resident of "
        f"today, {first.prices}.{blur if blurred else ''}{note}"
    )


def _table(
    measure: Measure, areas: pl.DataFrame, values: Values, first: AreaSummary
) -> pl.DataFrame:
    threes = [values[code].three for code in areas["area_code"]]
    columns: dict[str, list[object] | pl.Series] = {"Area": areas["area_name"]}
    if measure != "against_gva":
        per, unit = (1e3, "£bn") if measure == "gbp" else (1.0, "£ a head")
        for end, heading in (("low", "Low"), ("mean", "Average"), ("high", "High")):
            ends = [getattr(three, end) / per for three in threes]
            columns[f"{heading}, {unit} {first.when}"] = [*vega.rounded(ends)]
    for heading, column in (
        ("Share of the gain, %", "share_mean"),
        ("Share of the economy, %", "gva_share"),
        ("Share of the gain is the larger, times in 100", "p_share_above_gva"),
    ):
        columns[heading] = [*vega.rounded([plain(v) * 100 for v in areas[column]])]
    return pl.DataFrame(columns, strict=False)


@lru_cache(vega.SPECS_KEPT)
def _tile_map_spec(
    theme: str, width: int | None, height: int, geography: str, measured: str
) -> vega.Spec:
    colours, layout = palette(theme), LAYOUTS[geography]
    diverging = measured == "Times in 100"
    fills = colours.diverging if diverging else colours.sequential
    inks = colours.diverging_ink if diverging else colours.sequential_ink
    domain = [NO_DATA, *range(5)]

    def by_class(ramp: Sequence[str], none: str) -> vega.Spec:
        scale = {"domain": domain, "range": [none, *ramp]}
        return {"field": "Class", "type": "nominal", "scale": scale, "legend": None}

    across = {"scale": {"domain": [0, layout.columns], "nice": False}, "axis": None}
    down = {"scale": {"domain": [0, layout.rows], "nice": False, "reverse": True}, "axis": None}
    x, y = vega.number("Column", **across), vega.number("Row", **down)
    middle_x, middle_y = vega.number("Centre x", **across), vega.number("Centre y", **down)
    edges = {"x": x, "x2": {"field": "Right"}, "y": y, "y2": {"field": "Bottom"}}
    tile = {"type": "rect", "xOffset": 1.5, "x2Offset": -1.5, "yOffset": 1.5, "y2Offset": -1.5}
    ends = [
        {"calculate": "datum.Column + 1", "as": "Right"},
        {"calculate": "datum.Row + 1", "as": "Bottom"},
        {"calculate": "datum.Column + 0.5", "as": "Centre x"},
        {"calculate": "datum.Row + 0.5", "as": "Centre y"},
    ]
    hover = [
        *vega.tooltip("Area"),
        {**vega.text("Value"), "title": measured},
        *vega.tooltip(
            RANGE, "Share of the gain", "Share of the economy", "Share of the gain is the larger"
        ),
    ]
    ink = by_class(inks, colours.secondary)
    centre = {"x": middle_x, "y": middle_y, "color": ink, "tooltip": hover}
    label = {"type": "text", "fontSize": 10.5}
    small = {"type": "text", "align": "right", "fontSize": 10.5, "color": colours.secondary}
    corner = {"x": vega.number("x", **across), "y": vega.number("y", **down)}
    no_data = {"condition": {"test": f"datum.Class === {NO_DATA}", "value": colours.border}}
    areas = [
        {
            **vega.layer(
                "areas",
                {**tile, "strokeDash": [3, 3]},
                **edges,
                color=by_class(fills, colours.background),
                stroke={**no_data, "value": None},
                tooltip=hover,
            ),
            "name": "tiles",
        },
        {
            **vega.layer(
                "areas",
                {**tile, "fill": None, "stroke": colours.plan, "strokeWidth": 4},
                **edges,
                tooltip=hover,
            ),
            "transform": [{"filter": "datum.Selected"}],
        },
        vega.layer(
            "areas",
            {**label, "dy": {"expr": "datum['Line 2'] ? -13 : -7"}},
            **centre,
            text=vega.text("Line 1"),
        ),
        vega.layer("areas", {**label, "dy": -2.5}, **centre, text=vega.text("Line 2")),
        vega.layer(
            "areas",
            {
                "type": "text",
                "fontSize": {"expr": "length(datum.Value) > 6 ? 10.5 : 12.5"},
                "fontWeight": "bold",
                "dy": {"expr": "datum['Line 2'] ? 10.5 : 8"},
            },
            **centre,
            text=vega.text("Value"),
        ),
    ]
    for drawn in areas:
        drawn["transform"] = [*ends, *drawn.get("transform", [])]
    key = [
        vega.layer(
            "key",
            {"type": "bar", "width": 9, "xOffset": -6, "tooltip": None},
            **corner,
            y2={"field": "y2"},
            color=by_class(fills, colours.background),
        ),
        vega.layer(
            "key",
            {**small, "dx": -15, "lineBreak": "\n", "lineHeight": 11, "baseline": "middle"},
            x=corner["x"],
            y=vega.number("Centre", **down),
            text=vega.text("Label"),
        ),
        vega.layer(
            "key_title",
            {**small, "dx": -1.5, "dy": 3, "lineBreak": "\n", "baseline": "top"},
            **corner,
            text=vega.text("Title"),
        ),
        vega.layer(
            "note",
            {**small, "align": "left", "dy": -28, "lineBreak": "\n", "baseline": "middle"},
            **corner,
            text=vega.text("Note"),
        ),
    ]
    # Events with a filter of their own never reach hosts that interpret expressions.
    select = {"type": "point", "fields": ["code"], "toggle": False, "clear": False}
    return vega.view(
        theme,
        [*key, *areas],
        width=width,
        height=height,
        # Fill and ink of a class are two scales.
        resolve={"scale": {"color": "independent"}},
        params=[{"name": "area", "select": select, "views": ["tiles"]}],
    )
