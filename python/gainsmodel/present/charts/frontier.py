"""What money buys: every package that was tried, the best for each sum, and the chosen one."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal, get_args

import polars as pl

from gainsmodel import format
from gainsmodel.analysis.optimise.plan import Plan
from gainsmodel.errors import SettingError
from gainsmodel.present.area_summary import GBP_M, NOTHING, plain
from gainsmodel.present.charts import chart as vega
from gainsmodel.present.charts.theme import Theme, palette

Height = Literal["added", "p_target"]
HEIGHTS: tuple[Height, ...] = get_args(Height)
COST = "Cost, £m a year at full running"
CHOSEN = "Best found"
# Where the last third of the money brings less than this share of the most, it brings little.
FLAT = 0.03


def frontier(
    plan: Plan,
    *,
    show: Height = "added",
    named: Mapping[str, tuple[float, float]] | None = None,
    theme: Theme = "light",
    width: int | None = None,
    height: int = 320,
) -> vega.Chart:
    """What packages cost and add, the best for each sum as a line.

    Parameters
    ----------
    plan : Plan
        As `gainsmodel.plan` gives it.
    show : {"added", "p_target"}
        Upwards the gain added in the final year, on average, or the chance of reaching the
        target, which the plan must have.
    named : mapping, optional
        Other plans by name: what each costs, £m a year once running, and what it has upwards
        (£m a year, or a probability).
    theme, width, height
        As `gainsmodel.charts.three_amounts`.

    Raises
    ------
    SettingError
        If a chance is to be shown and the plan has no target.
    """
    if show not in HEIGHTS:
        raise SettingError(f"show must be one of {', '.join(HEIGHTS)}, not {show!r}")
    if show == "p_target" and plan.target_gbp_m is None:
        raise SettingError("this plan has no target; make it with target_gbp_m")
    setting = plan.scenario.setting
    final = setting.start_year + setting.horizon_years
    column = "p_target" if show == "p_target" else "added_final_year_gbp_m_mean"
    tried = plan.tried.sort("cost_gbp_m_per_year", column, maintain_order=True)
    if not plan.levers.height:
        return vega.message("No package is worth more than doing nothing.", theme, width, height)
    largest = max(plain(v) for v in (*tried[column], plan.recommended[column]))
    if show == "p_target":
        title, factor = "Chance of reaching the target, in 100", 100.0
    else:
        money = format.money_unit(largest)
        title, factor = f"Added, £{money} a year by {final}, on average", 1 / GBP_M[money]

    def said(row: Mapping[str, Any]) -> str:
        value = row[column]
        if show == "p_target":
            return format.out_of_100(value, plan.draws)
        error = row.get("added_final_year_gbp_m_mcse_mean", 0.0)
        return format.gbp(value, error if value else 0.0)

    dots: list[vega.Row] = []
    steps: list[vega.Row] = []
    best = -1.0
    for row in tried.iter_rows(named=True):
        low, high = (row[f"added_final_year_gbp_m_{q}"] for q in ("p05", "p95"))
        at: vega.Row = {
            "Cost": row["cost_gbp_m_per_year"],
            "Height": row[column] * factor,
            "Package": row["levers"],
            "Costs a year": format.cost(row["cost_gbp_m_per_year"]),
            "Has": said(row),
            "Added in 9 of 10 futures": format.gbp_range(low, high),
            NOTHING: format.out_of_100(row["added_final_year_gbp_m_p_below_1"], plan.draws),
        }
        dots.append(at)
        if row[column] > best:
            best = row[column]
            steps.append(at)
    steps.append({**steps[-1], "Cost": dots[-1]["Cost"]})
    chosen = plan.recommended
    marks: list[vega.Row] = [
        {
            "Name": CHOSEN,
            "Cost": chosen["cost_gbp_m_per_year"],
            "Height": chosen[column] * factor,
            "Package": chosen["levers"],
            "Has": said(chosen),
        }
    ]
    for name, (cost, value) in (named or {}).items():
        marks.append(
            {
                "Name": name,
                "Cost": cost,
                "Height": value * factor,
                "Package": "",
                "Has": said({column: value}),
            }
        )
    whisker: list[vega.Row] = []
    if show == "added":
        low, high = (chosen[f"added_final_year_gbp_m_{q}"] * factor for q in ("p05", "p95"))
        whisker = [{"Cost": chosen["cost_gbp_m_per_year"], "Low": low, "High": high}]
    # Labels stand on the side where there is room.
    middle = max(row["Cost"] for row in (*dots, *marks)) / 2
    sides = {
        side: [row for row in marks if (row["Cost"] > middle) == (side == "left")]
        for side in ("left", "right")
    }
    ends = steps[1] if len(steps) > 2 else steps[0], steps[-1]
    verb = "reach the target" if show == "p_target" else "add"
    about = "" if show == "p_target" else "about "
    alt = (
        f"Best packages {verb} from {about}{ends[0]['Has']} for {ends[0]['Costs a year']} a year "
        f"to {about}{ends[1]['Has']} for {_dearest(steps)} a year."
    )
    flat = _flat_from(steps)
    caption = (
        f"Grey: packages tried; line: the best for each sum; orange: {CHOSEN.lower()}"
        + (", with the range of 9 in 10 futures" if whisker else "")
        + f". £m in {plan.scenario.setting.price_year} prices; what adopting costs firms is not "
        "included. Sizes of effect and costs are judgement."
    )
    if flat is not None:
        alt += f" More money adds little from {format.cost(flat)} a year."
        caption += f" More money adds little from {format.cost(flat)} a year."
    return vega.Chart(
        _spec(theme, width, height, title),
        {
            "tried": dots,
            "best": steps,
            "left": sides["left"],
            "right": sides["right"],
            "plans": marks,
            "whisker": whisker,
            "extent": [{"Cost": 0.0, "Height": 0.0}],
        },
        alt,
        caption,
        pl.DataFrame(
            {
                "Package": tried["levers"],
                COST: vega.rounded([*tried["cost_gbp_m_per_year"]]),
                title: vega.rounded([plain(v) * factor for v in tried[column]]),
                "Added in 9 of 10 futures": [row["Added in 9 of 10 futures"] for row in dots],
                NOTHING: [row[NOTHING] for row in dots],
            }
        ),
    )


def _dearest(steps: list[vega.Row]) -> str:
    """What the last package that is the best for its money costs."""
    return str(steps[-1]["Costs a year"])


def _flat_from(steps: list[vega.Row]) -> float | None:
    """From which cost on the last third of the money brings next to nothing, if it does."""
    top, last = steps[-1]["Height"], steps[-1]["Cost"]
    for row in steps:
        if row["Height"] >= (1 - FLAT) * top:
            return float(row["Cost"]) if row["Cost"] <= last * 2 / 3 else None
    return None


@lru_cache(vega.SPECS_KEPT)
def _spec(theme: str, width: int | None, height: int, title: str) -> vega.Spec:
    colours = palette(theme)
    axis = {"grid": True, "tickCount": 5}
    x = vega.number(
        "Cost", title=COST, axis=axis, scale={"zero": True, "nice": False, "padding": 12}
    )
    y = vega.number("Height", title=title, axis=axis, scale={"zero": True})
    low = vega.number("Low")
    hover = vega.tooltip("Package", "Costs a year", "Has", "Added in 9 of 10 futures", NOTHING)
    dot = {"type": "point", "filled": True, "opacity": 1}
    line = {"type": "line", "interpolate": "step-after", "color": colours.gain}
    rule = {"type": "rule", "strokeWidth": 2, "color": colours.plan, "tooltip": None}

    def labels(side: str, align: str, dx: int) -> vega.Spec:
        mark = {"type": "text", "align": align, "dx": dx, "dy": -10, "color": colours.plan}
        return vega.layer(side, mark, x=x, y=y, text=vega.text("Name"))

    return vega.view(
        theme,
        [
            vega.extent(x=x, y=y),
            vega.layer(
                "tried", {**dot, "size": 30, "color": colours.prize}, x=x, y=y, tooltip=hover
            ),
            vega.layer("best", {**line, "tooltip": None}, x=x, y=y),
            vega.layer("whisker", rule, x=x, y={**y, **low}, y2=vega.to(vega.number("High"))),
            vega.layer(
                "plans",
                {**dot, "size": 90, "color": colours.plan},
                x=x,
                y=y,
                tooltip=vega.tooltip("Name", "Package", "Has"),
            ),
            labels("left", "right", -6),
            labels("right", "left", 6),
        ],
        width=width,
        height=height,
    )
