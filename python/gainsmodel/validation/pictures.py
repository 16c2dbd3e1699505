"""Two kinds of picture: bands with a mark each, and errors against draws."""

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from gainsmodel.present.charts import chart as vega
from gainsmodel.present.charts.theme import palette

THEME = "light"
ROW_HEIGHT = 24


class Row(NamedTuple):
    """A band from `low` to `high` with its `middle`, and a `mark` to hold it against."""

    label: str
    low: float
    middle: float
    high: float
    mark: float | None


def bands(rows: Sequence[Row], title: str, alt: str) -> vega.Chart:
    """Horizontal bands, one a row, in the order given."""
    colours = palette(THEME)
    y = vega.name("label", axis={"title": None, "labelLimit": 330})
    axis = vega.number("low", axis={"title": title, "grid": True, "titleLimit": 420})
    middle, mark = vega.number("middle"), vega.number("mark")
    spec: vega.Spec = vega.view(
        THEME,
        [
            vega.layer(
                "rows",
                {"type": "bar", "height": 9, "color": colours.pale},
                x=axis,
                x2=vega.to(vega.number("high")),
                y=y,
            ),
            vega.layer(
                "rows",
                {"type": "tick", "size": 13, "thickness": 2, "color": colours.centre},
                x=middle,
                y=y,
            ),
            vega.layer(
                "marks",
                {"type": "point", "filled": True, "size": 48, "color": colours.plan, "opacity": 1},
                x=mark,
                y=y,
            ),
        ],
        width=None,
        height=ROW_HEIGHT * len(rows) + 60,
    )
    named = [row._asdict() for row in rows]
    marks = [row for row in named if row["mark"] is not None]
    return vega.Chart(spec, {"rows": named, "marks": marks}, alt, "", pl.DataFrame(named))


def errors(frame: pl.DataFrame, title: str, alt: str) -> vega.Chart:
    """Errors against draws on logarithmic axes; columns ``sampler``, ``draws`` and ``error``."""
    colours = palette(THEME)
    kinds = frame["sampler"].unique(maintain_order=True).to_list()
    colour = {
        "field": "sampler",
        "type": "nominal",
        "scale": {"domain": kinds, "range": [colours.prize, colours.gain]},
        "legend": {"title": None},
    }
    log = {"type": "log"}
    x = vega.number("draws", scale=log, axis={"title": "draws", "values": frame["draws"].to_list()})
    y = vega.number("error", scale=log, axis={"title": title, "format": "%", "grid": True})
    spec: vega.Spec = vega.view(
        THEME,
        [
            vega.layer("rows", {"type": "line"}, x=x, y=y, color=colour),
            vega.layer("rows", {"type": "point", "filled": True}, x=x, y=y, color=colour),
        ],
        width=None,
        height=280,
    )
    return vega.Chart(spec, {"rows": frame.to_dicts()}, alt, "", frame)
