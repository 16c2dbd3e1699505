"""How each technology spreads, year by year."""

from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from gainsmodel import format
from gainsmodel.present.area_summary import RANGE, AreaSummary, or_none, plain, same_scenario
from gainsmodel.present.charts import chart as vega
from gainsmodel.present.charts.theme import Theme, palette
from gainsmodel.results.result import Result

# A technology that grows by less than half a printed digit is said to be at its ceiling.
NO_GROWTH = 0.005
# Between panels, in widths of one.
GAP = 0.17


def adoption(
    result: Result,
    unit: str,
    without: Result | None = None,
    *,
    theme: Theme = "light",
    width: int | None = None,
    height: int = 240,
) -> vega.Chart:
    """How far each technology has spread in each year: one small panel for each.

    Draws the area's own years where the result has them, and the UK's where not; the caption
    says which. Published rates are not drawn: they count businesses, not activity, in years
    before the first.

    Parameters
    ----------
    result, unit, without, theme, width, height
        As `gainsmodel.charts.three_amounts`.

    Raises
    ------
    UnknownNameError
        If the result has no such area or group.
    """
    reading = AreaSummary(result, unit)
    place, (first, last) = reading.place, reading.years
    own = _of(result, unit)
    shown, table = (unit, own) if _is_yearly(own, reading.years) else ("uk", _of(result, "uk"))
    if not _is_yearly(table, reading.years):
        return vega.message(f"Adoption: {format.TOO_FEW}", theme, width, height)
    panels = _Panels(list(reading.scenario["technologies"]), first, last)
    rows = [_row(row, panels) for row in table.iter_rows(named=True)]
    titles = [
        vega.wrapped(row["label"], 15)[:3] for row in reading.scenario["technologies"].values()
    ]
    lines = max(len(title) for title in titles)
    data: dict[str, list[vega.Row]] = {
        "years": rows,
        "ends": _ends(rows, first, last),
        "titles": [
            {"x": panels.start(i) + 0.5, "Title": "\n".join(title)}
            for i, title in enumerate(titles)
        ],
        "extent": [{"x": 0}, {"x": panels.start(len(titles) - 1) + 1}],
    }
    if shown != "uk":
        data["uk"] = _averages(_of(result, "uk"), panels)
    with_reference = without is not None and not same_scenario(result, without)
    if without is not None and with_reference:
        data["without"] = _averages(_of(without, shown), panels)
    of = place if shown != "uk" else "the UK"
    said = []
    for technology in reading.scenario["technologies"].values():
        label = technology["label"]
        averages = [row["Average, %"] / 100 for row in rows if row["Technology"] == label]
        start, end = format.whole_percent(averages[0]), format.whole_percent(averages[-1])
        reached = f"reaches {end} by {last}"
        if averages[-1] - averages[0] < NO_GROWTH:
            reached = "is already at its ceiling"
        said.append(f"{label} starts at {start} and {reached}")
    caption = "Share of activity that uses it. Line: the average of all futures; band: 9 of 10."
    if with_reference:
        caption += " Dashed: the average without the plan."
    if shown != "uk":
        caption += " Dotted: the UK."
    elif unit != "uk":
        caption += f" These are the UK’s rates; this run did not keep those of {place} by year."
    return vega.Chart(
        _adoption_spec(theme, width, height, first, last, lines, "uk" in data, "without" in data),
        data,
        f"Adoption in {of} on average: {'; '.join(said)}.",
        caption,
        pl.DataFrame(
            {
                "Technology": [row["Technology"] for row in rows],
                "Year": [row["Year"] for row in rows],
                **{
                    column: vega.rounded([row[column] for row in rows])
                    for column in ("Low, %", "Average, %", "High, %")
                },
            }
        ),
    )


def _of(result: Result, unit: str) -> pl.DataFrame:
    labels = {
        key: value["label"] for key, value in result.manifest["scenario"]["technologies"].items()
    }
    found = result.adoption().filter(pl.col("area_code") == unit)
    return found.with_columns(label=pl.col("technology").replace(labels))


def _is_yearly(table: pl.DataFrame, years: tuple[int, int]) -> bool:
    """Whether there is an average for every technology and year."""
    averages = table["adoption_mean"]
    expected = table["technology"].n_unique() * (years[1] - years[0] + 1)
    known = averages.is_not_null() & averages.is_not_nan()
    return table.height == expected > 0 and bool(known.all())


@dataclass(frozen=True)
class _Panels:
    """Where the panels stand on the one axis that they share."""

    technologies: list[str]
    first: int
    last: int

    def start(self, panel: int) -> float:
        """Left edge of a panel, in widths of one."""
        return panel * (1 + GAP)

    def x(self, row: vega.Row) -> float:
        """Place of a technology's year."""
        panel = self.technologies.index(row["technology"])
        elapsed: int = row["year"] - self.first
        return self.start(panel) + elapsed / (self.last - self.first)


def _row(row: vega.Row, panels: _Panels) -> vega.Row:
    low, mean, high = (plain(row[f"adoption_{q}"]) for q in ("p05", "mean", "p95"))
    said = f"{format.whole_percent(low)} to {format.whole_percent(high)}"
    return {
        "x": panels.x(row),
        "Technology": row["label"],
        "Year": row["year"],
        "Low, %": or_none(low * 100),
        "Average, %": mean * 100,
        "High, %": or_none(high * 100),
        "Average": format.whole_percent(mean),
        RANGE: said if high > low else "no uncertainty",
    }


def _averages(table: pl.DataFrame, panels: _Panels) -> list[vega.Row]:
    return [
        {
            "x": panels.x(row),
            "Technology": row["label"],
            "Year": row["year"],
            "Average, %": or_none(plain(row["adoption_mean"]) * 100),
        }
        for row in table.iter_rows(named=True)
    ]


def _ends(rows: list[vega.Row], first: int, last: int) -> list[vega.Row]:
    """Words at both ends of each line, and the years below."""
    sides = {first: "left", last: "right"}
    kept = ("x", "Year", "Average, %", "Average")
    return [
        {**{column: row[column] for column in kept}, "Align": sides[row["Year"]]}
        for row in rows
        if row["Year"] in sides
    ]


@lru_cache(vega.SPECS_KEPT)
def _adoption_spec(
    theme: str,
    width: int | None,
    height: int,
    first: int,
    last: int,
    lines: int,
    with_uk: bool,
    with_reference: bool,
) -> vega.Spec:
    colours = palette(theme)
    # Panels share one axis, so that the whole fills its container, which facets cannot.
    at = {"x": vega.number("x", axis=None, scale={"nice": False, "zero": False})}
    axis: vega.Spec = {"grid": True, "values": [0, 50, 100], "labelExpr": "datum.value + '%'"}
    low = vega.number("Low, %", title=None, axis=axis, scale={"domain": [0, 100]})
    mean, high, each = (
        vega.number("Average, %"),
        vega.number("High, %"),
        {"detail": vega.text("Technology")},
    )
    line = {"type": "line", "strokeWidth": 2}
    align = {"align": {"expr": "datum.Align"}, "type": "text"}
    dashed = {
        "uk": {**line, "strokeDash": [2, 3], "color": colours.secondary},
        "without": {**line, "strokeDash": [6, 4], "color": colours.plan},
    }
    references = ["uk"] * with_uk + ["without"] * with_reference
    rise = {"expr": "datum.Align === 'left' ? 14 : -9"}
    hover = {"type": "rule", "opacity": 0.001, "clip": True}
    hover["strokeWidth"] = {"expr": f"max(2, width / {4 * (last - first)})"}
    year = {**align, "baseline": "top", "color": colours.secondary}
    title = {"type": "text", "baseline": "top", "lineBreak": "\n", "fontWeight": 600}
    return vega.view(
        theme,
        [
            vega.extent(**at),
            vega.layer(
                "titles",
                {**title, "lineHeight": 15},
                **at,
                y={"value": -8 - 15 * lines},
                text=vega.text("Title"),
            ),
            vega.layer(
                "years",
                {"type": "area", "color": colours.gain, "opacity": 0.28},
                **at,
                **each,
                y=low,
                y2=vega.to(high),
            ),
            *(vega.layer(kind, dashed[kind], **at, **each, y=mean) for kind in references),
            vega.layer(
                "years",
                {**line, "strokeWidth": 2.5, "color": colours.centre},
                **at,
                **each,
                y=mean,
            ),
            vega.layer(
                "ends",
                {**align, "dy": rise, "fontWeight": 600, "color": colours.text},
                **at,
                y=mean,
                text=vega.text("Average"),
            ),
            vega.layer(
                "ends", year, **at, y={"value": {"expr": "height + 6"}}, text=vega.number("Year")
            ),
            vega.layer(
                "years",
                hover,
                **at,
                tooltip=[
                    *vega.tooltip("Technology"),
                    vega.number("Year"),
                    *vega.tooltip("Average", RANGE),
                ],
            ),
        ],
        width=width,
        height=height,
    )
