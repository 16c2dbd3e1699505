"""What drives an answer: the tornado for talk, the total-order index for truth."""

from collections.abc import Callable
from functools import lru_cache

import polars as pl

from gainsmodel import format
from gainsmodel.errors import SettingError
from gainsmodel.present.area_summary import GBP_M, checked, or_none, plain
from gainsmodel.present.charts import chart as vega
from gainsmodel.present.charts.theme import Theme, palette

# Assumptions drawn: so many at most, and none that moves less than this part of the largest.
TOP, LEAST_SWING = 10, 0.01
INDEX = "Share of the variance it accounts for, %"
# Pixels of a row with its name above it, and of the axis with its title.
ROW, AXIS = 38, 66


def tornado(
    frame: pl.DataFrame,
    unit_of_output: str,
    *,
    theme: Theme = "light",
    width: int | None = None,
    height: int | None = None,
) -> vega.Chart:
    """How far each group of assumptions moves the answer, the ten that move it most.

    Drawn as changes from the average answer, since that comes from draws of its own: a board paper
    that printed it would have two figures for one quantity. The table holds the answers.

    Parameters
    ----------
    frame : DataFrame
        Columns ``group``, ``label``, ``low`` and ``high`` (the answer with the group at its
        10th and 90th percentile), ``mean`` and ``swing``.
    unit_of_output : str
        What the answer is in: ``"£m a year by 2036"`` (£m), ``"% of the UK gain"`` (shares, 0
        to 1) or ``"times in 100"`` (probabilities).
    theme, width
        As `gainsmodel.charts.three_amounts`.
    height : int, optional
        Outer height in pixels; as high as its rows where left out.

    Raises
    ------
    SettingError
        If a column is missing, or the unit is none of these.
    """
    checked(frame, ("group", "label", "low", "high", "mean", "swing"))
    ranked = frame.with_columns(pl.col("swing").abs()).sort(
        "swing", descending=True, nulls_last=True, maintain_order=True
    )
    ranked = ranked.filter(pl.col("swing").is_not_null() & pl.col("swing").is_not_nan())
    moved = ranked.with_columns(pl.col("low", "high") - pl.col("mean"))
    largest = max((abs(plain(v)) for v in (*moved["low"], *moved["high"])), default=0.0)
    title, factor, say = _unit(unit_of_output, largest)
    if ranked.height == 0 or ranked["swing"][0] == 0:
        return vega.message("Nothing moves this answer.", theme, width, height or 120)
    rows: list[vega.Row] = []
    shown = moved.filter(pl.col("swing") >= LEAST_SWING * moved["swing"][0]).head(TOP)
    for row in shown.iter_rows(named=True):
        left, right = sorted(("low", "high"), key=lambda end: row[end])
        rows.append(
            {
                "Assumption": row["label"],
                "Low end": row["low"] * factor,
                "High end": row["high"] * factor,
                "As it is": 0.0,
                "Left": row[left] * factor,
                "Right": row[right] * factor,
                "Left end": say(row[left]),
                "Right end": say(row[right]),
                "Where it is low": say(row["low"]),
                "Where it is high": say(row["high"]),
            }
        )
    left_out = ranked.height - len(rows)
    more = f" {left_out} more assumptions move it less." if left_out > 1 else ""
    more = " One more assumption moves it less." if left_out == 1 else more
    said = [f"{row['Assumption']} ({row['Left end']} to {row['Right end']})" for row in rows[:3]]
    faint, strong = ("dim", "bright") if theme == "dark" else ("pale", "dark")
    return vega.Chart(
        _tornado_spec(theme, width, height or ROW * len(rows) + AXIS, f"Change, {title}"),
        {
            "assumptions": rows,
            "as_it_is": [{"As it is": 0.0, "Label": "As it is"}],
        },
        f"Assumptions that move the answer most, and by how much: {'; '.join(said)}.",
        "Each bar: how the average result changes with one assumption low (1 in 10 lies below it; "
        f"{faint}) and high (1 in 10 above; {strong}), all others left uncertain.{more}",
        pl.DataFrame(
            {
                "Assumption": ranked["label"],
                f"At its low end, {title}": vega.rounded(
                    [plain(v) * factor for v in ranked["low"]]
                ),
                f"At its high end, {title}": vega.rounded(
                    [plain(v) * factor for v in ranked["high"]]
                ),
                f"Swing, {title}": vega.rounded([plain(v) * factor for v in ranked["swing"]]),
            }
        ),
    )


def total_order(
    frame: pl.DataFrame,
    *,
    theme: Theme = "light",
    width: int | None = None,
    height: int | None = None,
) -> vega.Chart:
    """How much of the variance each group of assumptions accounts for, with 95% intervals.

    Parameters
    ----------
    frame : DataFrame
        Columns ``label``, ``total``, ``total_low``, ``total_high`` (shares of the variance;
        an estimate may be below 0) and ``distinguishable``; drawn in the order of its rows.
    theme, width, height
        As `tornado`.

    Raises
    ------
    SettingError
        If a column is missing.
    """
    checked(frame, ("label", "total", "total_low", "total_high", "distinguishable"))
    if frame.height == 0 or frame["total"].is_null().all():
        return vega.message("Nothing moves this answer.", theme, width, height or 120)
    rows: list[vega.Row] = []
    for row in frame.iter_rows(named=True):
        total, low, high = (
            or_none(plain(row[c]) * 100) for c in ("total", "total_low", "total_high")
        )
        told = bool(row["distinguishable"])
        interval = None if low is None or high is None else f"{_whole(low)} to {_whole(high)}"
        rows.append(
            {
                "Assumption": row["label"],
                INDEX: total,
                "Low, %": low,
                "High, %": high,
                "Role": "told" if told else "not told",
                "Index": format.TOO_FEW if total is None else _whole(total),
                "95% interval": interval or "not known",
                "Note": "" if told else "not distinguishable from zero",
            }
        )
    known = sorted(
        (row for row in rows if row["Role"] == "told" and row[INDEX] is not None),
        key=lambda row: -row[INDEX],
    )
    said = [f"{row['Assumption']} {row['Index']} ({row['95% interval']})" for row in known[:3]]
    lost = len(rows) - len(known)
    alt = (
        "Share of the variance each assumption accounts for (total effect); "
        f"largest: {'; '.join(said)}."
        if said
        else "No assumption’s share of the variance can be told from zero."
    )
    if said and lost:
        alt += f" {lost} of {len(rows)} cannot be told from zero."
    return vega.Chart(
        _total_order_spec(theme, width, height or ROW * len(rows) + AXIS - 14),
        {"assumptions": rows, "extent": [{"x": 0}, {"x": 100}]},
        alt,
        "Dot: estimate; line: its 95% interval. Grey: not distinguishable from zero. Shares "
        "overlap where assumptions act together, so they may add up to more than 100%.",
        pl.DataFrame(
            {
                "Assumption": [row["Assumption"] for row in rows],
                **{c: vega.rounded([row[c] for row in rows]) for c in (INDEX, "Low, %", "High, %")},
                "Distinguishable from zero": [row["Role"] == "told" for row in rows],
            }
        ),
    )


def _whole(value: float) -> str:
    return format.whole_percent(value / 100)


def _unit(unit: str, largest: float) -> tuple[str, float, Callable[[float], str]]:
    """Give an answer's axis title, the factor from its changes to the axis, and their words."""
    if unit.startswith("£m "):
        money = format.money_unit(largest)
        return f"£{money} {unit[3:]}", 1 / GBP_M[money], format.gbp_change
    if unit.startswith("%"):
        return unit, 100.0, format.points_change
    if unit.startswith("times in 100"):
        return unit, 100.0, lambda chance: f"{chance * 100:+.0f}".replace("-", "−")
    raise SettingError(
        "unit_of_output must begin with '£m ', '%' or 'times in 100', as in "
        f"'£m a year by 2036', not {unit!r}"
    )


def _rows_with_names(theme: str) -> tuple[vega.Spec, vega.Spec]:
    """Row of an assumption, and its name above the mark, since names are long."""
    row = vega.name("Assumption", axis=None, scale={"paddingInner": 0, "paddingOuter": 0})
    above = {"type": "text", "align": "left", "baseline": "bottom", "dy": -3}
    above |= {"limit": {"expr": "width"}, "color": palette(theme).text}
    label = vega.layer("assumptions", above, y=row, x={"value": 0}, text=vega.text("Assumption"))
    return row, label


@lru_cache(vega.SPECS_KEPT)
def _tornado_spec(theme: str, width: int | None, height: int, title: str) -> vega.Spec:
    colours = palette(theme)
    row, label = _rows_with_names(theme)
    axis = {"grid": True, "tickCount": 5, "format": "+,~r"}
    axis["labelExpr"] = "datum.value === 0 ? '0' : datum.label"
    x = {"title": title, "axis": axis, "scale": {"zero": True, "nice": False, "padding": 46}}
    as_it_is, low, high = vega.number("As it is"), vega.number("Low end"), vega.number("High end")
    bar = {"type": "bar", "height": 12, "yOffset": 8}
    hover = vega.tooltip("Assumption", "Where it is low", "Where it is high")
    end = {"type": "text", "yOffset": 9}
    line = {"type": "rule", "color": colours.border}
    tick = {"type": "tick", "size": 18, "thickness": 2, "yOffset": 8, "color": colours.centre}
    above = {"type": "text", "baseline": "bottom", "dy": -4, "color": colours.secondary}

    def half(channel: vega.Spec, colour: str) -> vega.Spec:
        mark = {**bar, "color": colour}
        return vega.layer(
            "assumptions", mark, y=row, x=channel, x2=vega.to(as_it_is), tooltip=hover
        )

    def said(side: str, align: str, dx: int) -> vega.Spec:
        mark, at = {**end, "align": align, "dx": dx}, vega.number(side)
        return vega.layer("assumptions", mark, y=row, x=at, text=vega.text(f"{side} end"))

    return vega.view(
        theme,
        [
            vega.layer("as_it_is", line, x={**as_it_is, **x}),
            half(low, colours.pale),
            half(high, colours.gain),
            vega.layer("assumptions", tick, y=row, x=as_it_is),
            said("Left", "right", -4),
            said("Right", "left", 4),
            vega.layer("as_it_is", above, x=as_it_is, y={"value": 0}, text=vega.text("Label")),
            label,
        ],
        width=width,
        height=height,
    )


@lru_cache(vega.SPECS_KEPT)
def _total_order_spec(theme: str, width: int | None, height: int) -> vega.Spec:
    colours = palette(theme)
    row, label = _rows_with_names(theme)
    axis = {"grid": True, "values": [0, 25, 50, 75, 100]}
    x = vega.number(INDEX, title=INDEX, axis=axis, scale={"nice": False, "zero": True})
    role: vega.Spec = {"field": "Role", "type": "nominal", "legend": None}
    role["scale"] = {"domain": ["told", "not told"], "range": [colours.gain, colours.prize]}
    hover = vega.tooltip("Assumption", "Index", "95% interval", "Note")
    rule = {"type": "rule", "strokeWidth": 2, "yOffset": 8}
    dot = {"type": "point", "filled": True, "size": 80, "opacity": 1, "yOffset": 8}
    note = {"type": "text", "align": "left", "dx": 8, "yOffset": 9, "color": colours.secondary}
    return vega.view(
        theme,
        [
            vega.extent(x=vega.number("x")),
            vega.layer(
                "assumptions",
                rule,
                y=row,
                x=vega.number("Low, %"),
                x2={"field": "High, %"},
                color=role,
                tooltip=hover,
            ),
            vega.layer("assumptions", dot, y=row, x=x, color=role, tooltip=hover),
            vega.layer(
                "assumptions", note, y=row, x=vega.number("High, %"), text=vega.text("Note")
            ),
            label,
        ],
        width=width,
        height=height,
    )
