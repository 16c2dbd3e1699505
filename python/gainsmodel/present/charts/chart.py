"""What every chart is: a specification, rows, words and a table; and how it is exported.

Specifications are Vega-Lite written out: a plain dictionary that is made once for a kind, theme
and size and shared, with rows given by name, so that a new result costs no more than its rows.
"""

import html
import math
import re
import textwrap
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import polars as pl

from gainsmodel.checks import drawable
from gainsmodel.errors import GainsModelError, SettingError
from gainsmodel.extras import needed
from gainsmodel.present.charts.theme import config, palette

if TYPE_CHECKING:
    import altair

Row = dict[str, Any]
Spec = dict[str, Any]
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
VEGA_LITE = "6.4"
# What notebooks draw; these specifications mean the same in versions 5 and 6.
NOTEBOOK, NOTEBOOK_SCHEMA = "application/vnd.vegalite.v5+json", SCHEMA.replace("v6", "v5")
# Outer width in pixels of a picture made from a chart that fills its container.
PICTURE_WIDTH = 640
# How many specifications of a kind are kept: two themes, two readings, some sizes.
SPECS_KEPT = 32


@dataclass(frozen=True, eq=False)
class Chart:
    """A chart of a result, ready to draw in a page or to save as a picture.

    Attributes
    ----------
    spec : dict
        Vega-Lite without rows; shared between calls, so never change it.
    data : dict
        Rows by the name under which the specification asks for them.
    alt : str
        One sentence for those who do not see the chart; the marks themselves are silent.
    caption : str
        How to read it, and in which prices; plain text.
    table : DataFrame
        The same numbers under readable headings, rounded, with units.
    """

    spec: Spec
    data: dict[str, list[Row]]
    alt: str
    caption: str
    table: pl.DataFrame

    def vega_lite(self) -> Spec:
        """The specification with its rows and its description."""
        return {**self.spec, "description": self.alt, "datasets": self.data}

    def png(self, scale: float = 2.0, *, heading: str = "", note: str = "") -> bytes:
        """A PNG picture, drawn without a browser.

        Parameters
        ----------
        scale : float
            Pixels of the picture to a pixel of the chart, above 0 to 10.
        heading, note : str
            Words to draw above the chart, so that a cropped picture keeps them.

        Raises
        ------
        SettingError
            If the scale is outside its range, or vl-convert is not installed.
        """
        if not 0 < scale <= 10:
            raise SettingError(f"scale must be above 0 and at most 10, not {scale}")
        spec = self._fixed(heading, note)
        return bytes(_drawn("png", spec, scale=scale))

    def svg(self) -> str:
        """An SVG picture that carries its description; errors as `png`."""
        drawn = str(_drawn("svg", self._fixed()))
        # Vega numbers its clips through the life of a process; a picture's own begin at 0.
        numbers: dict[str, int] = {}
        drawn = re.sub(
            r"(?<=clip)\d+(?=[\")])", lambda m: str(numbers.setdefault(m[0], len(numbers))), drawn
        )
        label = html.escape(drawable(self.alt), quote=True)
        return drawn.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)

    def altair(self) -> "altair.Chart":
        """The chart as an Altair object, for those who want to change it.

        Raises
        ------
        SettingError
            If altair is not installed.
        """
        library = needed("altair", "charts", "a chart of Altair")
        chart: altair.Chart = library.Chart.from_dict(self.vega_lite())
        return chart

    def for_notebooks(self) -> Spec:
        """The specification in the version that notebooks draw."""
        return self._fixed() | {"$schema": NOTEBOOK_SCHEMA}

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        shown = {NOTEBOOK: self.for_notebooks(), "text/plain": self.alt}
        # For what draws no Vega-Lite: exported notebooks, sites.
        with suppress(SettingError):
            shown["image/svg+xml"] = self.svg()
        return shown

    def _fixed(self, heading: str = "", note: str = "") -> Spec:
        full = self.vega_lite()
        # The converter ends the whole process over a character that no picture can hold.
        full |= {key: _drawable(full[key]) for key in ("datasets", "description")}
        heading, note = drawable(heading), drawable(note)
        if full["width"] == "container":
            full["width"] = PICTURE_WIDTH
        if heading or note:
            # About as many letters as fit into a line of each size, well inside the picture: a
            # title wider than the chart would have the chart drawn narrower.
            lines, small = (
                wrap(words, full["width"] // size) for words, size in ((heading, 10), (note, 8))
            )
            full["height"] += 22 * len(lines) + 18 * len(small) + 20
            full["padding"] = {"left": 12, "right": 12, "top": 10, "bottom": 10}
            text = full["config"]["text"]["color"]
            full["title"] = {
                "text": lines,
                "subtitle": small,
                "anchor": "start",
                "align": "left",
                "offset": 18,
                "fontSize": 16,
                "subtitleFontSize": 13,
                "subtitlePadding": 6,
                "color": text,
                "subtitleColor": text,
            }
        return full


def _drawable(node: Any) -> Any:
    """Rows with nothing in their texts that a picture cannot hold."""
    if isinstance(node, str):
        return drawable(node)
    if isinstance(node, dict):
        return {key: _drawable(value) for key, value in node.items()}
    return [_drawable(value) for value in node] if isinstance(node, list) else node


def _drawn(kind: str, spec: Spec, **options: Any) -> Any:
    converter = needed("vl_convert", "charts", f"a chart as {kind}")
    draw = getattr(converter, f"vegalite_to_{kind}")
    try:
        return draw(spec, VEGA_LITE, **options)
    except (ValueError, OSError) as error:
        raise GainsModelError(f"a chart cannot be drawn as {kind}: {str(error)[:300]}") from error


# ---------------------------------------------------------------- pieces of a specification


def layer(data: str, mark: str | Mapping[str, Any], **encoding: Any) -> Spec:
    """One layer, drawn from named rows."""
    return {"data": {"name": data}, "mark": mark, "encoding": encoding}


def number(field: str, **more: Any) -> Spec:
    """A quantitative channel."""
    return {"field": field, "type": "quantitative", **more}


def name(field: str, **more: Any) -> Spec:
    """A nominal channel, in the order of the rows."""
    return {"field": field, "type": "nominal", "sort": None, **more}


def text(field: str) -> Spec:
    """Words to print; as they are, whatever they hold."""
    return {"field": field, "type": "nominal"}


def to(channel: Spec) -> Spec:
    """The other end of a bar, rule or band."""
    return {"field": channel["field"]}


def tooltip(*fields: str) -> list[Spec]:
    """Words of a hover, each under its column's name."""
    return [text(field) for field in fields]


def roles(theme: str, field: str = "Role") -> Spec:
    """Colour by role."""
    colours = palette(theme)
    kinds = {"prize": colours.prize, "gain": colours.gain, "plan": colours.plan}
    scale = {"domain": list(kinds), "range": list(kinds.values())}
    return {"field": field, "type": "nominal", "scale": scale, "legend": None}


def extent(**channels: Spec) -> Spec:
    """An invisible layer that stretches the axes to the rows named ``extent``."""
    return layer("extent", {"type": "point", "opacity": 0, "tooltip": None}, **channels)


def view(
    theme: str,
    layers: Sequence[Spec],
    *,
    width: int | None,
    height: int,
    **more: Any,
) -> Spec:
    """Put layers together; width and height are outer sizes, axes and titles included."""
    return {
        "$schema": SCHEMA,
        "config": config(theme),
        "width": "container" if width is None else width,
        "height": height,
        "autosize": {"type": "fit", "contains": "padding"},
        "layer": list(layers),
        **more,
    }


@lru_cache(SPECS_KEPT)
def _message_spec(theme: str, width: int | None, height: int) -> Spec:
    centre = {"x": {"value": {"expr": "width / 2"}}, "y": {"value": {"expr": "height / 2"}}}
    mark = {"type": "text", "align": "center", "fontSize": 14, "color": palette(theme).secondary}
    mark["limit"] = {"expr": "width"}
    mark["lineBreak"] = "\n"
    return view(
        theme, [layer("message", mark, **centre, text=text("Message"))], width=width, height=height
    )


def message(
    words: str, theme: str, width: int | None, height: int, *, table: pl.DataFrame | None = None
) -> Chart:
    """Say why there is nothing to draw, where the chart would stand."""
    rows = {"message": [{"Message": "\n".join(wrapped(words, 40))}]}
    empty = pl.DataFrame() if table is None else table
    return Chart(_message_spec(theme, width, height), rows, words, "", empty)


# ---------------------------------------------------------------- numbers


def wrapped(words: str, characters: int) -> list[str]:
    """Break a sentence into lines."""
    return textwrap.wrap(words, characters) or [""]


def lowered(words: str) -> str:
    """A label as it stands within a sentence."""
    return words[:1].lower() + words[1:]


def rounded(values: Sequence[float | None]) -> list[float | None]:
    """Round a column of a table: three figures of its largest number, the same decimals for all."""
    known = [abs(v) for v in values if v is not None and math.isfinite(v)]
    largest = max(known, default=0.0)
    decimals = 0 if largest == 0 else max(0, 2 - math.floor(math.log10(largest)))
    return [None if v is None or not math.isfinite(v) else round(v, decimals) for v in values]


def apart(values: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move labels so that none is nearer than `gap` to the next, within bounds where there is room.

    The order of the values is kept; ties keep the order in which they come.
    """
    order = sorted(range(len(values)), key=lambda i: values[i])
    placed = [min(max(values[i], low), high) for i in order]
    for i in range(1, len(placed)):
        placed[i] = max(placed[i], placed[i - 1] + gap)
    if placed and placed[-1] > high:
        placed[-1] = high
        for i in range(len(placed) - 2, -1, -1):
            placed[i] = min(placed[i], placed[i + 1] - gap)
    result = [0.0] * len(values)
    for i, value in zip(order, placed, strict=True):
        result[i] = value
    return result
