"""From what a plan adds to what it adds on balance, for the area, its region and the UK."""

from functools import lru_cache

import polars as pl

from gainsmodel import format
from gainsmodel.analysis.additionality import TOTALS, UNVERIFIED, Waterfall
from gainsmodel.checks import renamed
from gainsmodel.present.area_summary import GBP_M, NOTHING, RANGE, Added, plain
from gainsmodel.present.charts import chart as vega
from gainsmodel.present.charts.theme import Theme, palette

# Pixels of a row, and of the axis with its title.
ROW, AXIS = 24, 52
ROOM_FOR_VALUE = 1.6


@renamed(found="net")
def waterfall(
    net: Waterfall,
    *,
    theme: Theme = "light",
    width: int | None = None,
    height: int | None = None,
) -> vega.Chart:
    """Gross to net, a group of bars for each viewpoint, on average.

    Parameters
    ----------
    net : Waterfall
        As `gainsmodel.waterfall` gives it.
    theme, width
        As `gainsmodel.charts.three_amounts`.
    height : int, optional
        Outer height in pixels; as high as its rows where left out.
    """
    if not net.switched_on:
        return vega.message(net.summary[0], theme, width, height or 120)
    averages = [plain(value) for value in net.table["amount_gbp_m_mean"]]
    if not any(averages):
        return vega.message("This plan adds nothing here.", theme, width, height or 120)
    totals = net.table.filter(pl.col("step").is_in(TOTALS))
    ends = [plain(v) for q in ("mean", "p05", "p95") for v in totals[f"amount_gbp_m_{q}"]]
    most, least = max(0.0, *ends), min(0.0, *ends)
    unit = format.money_unit(max(most, -least))
    per, money = GBP_M[unit], f"£{unit} {net.when}"
    rows: list[vega.Row] = []
    said: list[str] = []
    for (place,), steps in net.table.group_by(["area_name"], maintain_order=True):
        rows.append({"Row": f"{place} ", "Name": place, "Value": "", "End": 0.0, "Weight": "bold"})
        before = 0.0
        in_words = {}
        for step in steps.iter_rows(named=True):
            total = step["step"] in TOTALS
            average, low, high = (plain(step[f"amount_gbp_m_{q}"]) for q in ("mean", "p05", "p95"))
            begin, end = (0.0, average) if total else (before, before + average)
            before = end
            value = format.gbp(average, plain(step["amount_gbp_m_mcse_mean"]) if average else 0.0)
            in_words[step["step"]] = value
            known = low == low and high == high
            spread = format.gbp_range(low, high) if known else "not known"
            rows.append(
                {
                    "Row": f"{place}: {step['label']}",
                    "Name": step["label"] + ("" if step["switched_on"] is not False else " (off)"),
                    "Begin": begin / per,
                    f"Average, {money}": end / per,
                    "Low": low / per if total and known else None,
                    "High": high / per if total and known else None,
                    # At the end of a range, a figure alone would pass for that end.
                    "Value": f"{value} ({spread})" if total and known else value,
                    RANGE: spread,
                    NOTHING: Added.of_row(step, "amount_gbp_m", net.draws).nothing if total else "",
                    "End": max(0.0, begin, end, high if total and known else 0.0) / per,
                    "Kind": "total" if total else "step",
                    "Weight": "bold" if total else "normal",
                }
            )
        said.append(f"{place} {in_words['gross']} gross, {in_words['net']} net")
    bars = [row for row in rows if "Kind" in row]
    return vega.Chart(
        _spec(theme, width, height or ROW * len(rows) + AXIS, money),
        {
            "rows": rows,
            "bars": bars,
            "ranges": [row for row in bars if row["Low"] is not None],
            "extent": [{"x": least / per}, {"x": most * ROOM_FOR_VALUE / per}],
        },
        f"What the plan adds on average {net.when}: {'; '.join(said)}.",
        f"{net.money}, average of all futures; lines the range that holds 9 of 10. {UNVERIFIED}",
        pl.DataFrame(
            {
                "Seen from": net.table["area_name"],
                "Step": net.table["label"],
                f"Average, {money}": vega.rounded([value / per for value in averages]),
                RANGE: [row[RANGE] for row in bars],
                NOTHING: [row[NOTHING] for row in bars],
            }
        ),
    )


@lru_cache(vega.SPECS_KEPT)
def _spec(theme: str, width: int | None, height: int, money: str) -> vega.Spec:
    colours = palette(theme)
    row = vega.name("Row", axis=None, scale={"paddingInner": 0.35, "paddingOuter": 0.2})
    axis = {"grid": True, "tickCount": 4, "format": ",~r"}
    x = {"axis": axis, "title": f"Average, {money}", "scale": {"zero": True, "nice": False}}
    end, begin = vega.number(f"Average, {money}"), vega.number("Begin", **x)
    kinds = {"total": colours.plan, "step": colours.prize}
    colour: vega.Spec = {"field": "Kind", "type": "nominal", "legend": None}
    colour["scale"] = {"domain": [*kinds], "range": [*kinds.values()]}
    hover = vega.tooltip("Name", "Value", RANGE, NOTHING)
    words_of = {"type": "text", "fontWeight": {"expr": "datum.Weight"}}
    label = {**words_of, "align": "right", "dx": -7}
    bar = {"type": "bar", "height": {"band": 1}}
    rule = {"type": "rule", "strokeWidth": 2, "color": colours.text}
    value = {**words_of, "align": "left", "dx": 6}
    low, high = vega.number("Low"), vega.number("High")
    return vega.view(
        theme,
        # Names first, since they have every row, headings too: so the order is kept.
        [
            vega.layer("rows", label, y=row, x={"value": 0}, text=vega.text("Name")),
            vega.extent(x=vega.number("x")),
            vega.layer("bars", bar, y=row, x=begin, x2=vega.to(end), color=colour, tooltip=hover),
            vega.layer("ranges", rule, y=row, x=low, x2=vega.to(high), tooltip=hover),
            vega.layer("bars", value, y=row, x=vega.number("End"), text=vega.text("Value")),
        ],
        width=width,
        height=height,
    )
