"""Texts, tables and charts of `gainsmodel.present` as Streamlit shows them."""

import re
from collections.abc import Callable, Iterable
from typing import Any

import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]  # Streamlit brings it; it has no types.
import streamlit as st

from gainsmodel.present import export
from gainsmodel.present.blocks import Block, Grid, Heading, Points, Words
from gainsmodel.present.charts import Chart
from gainsmodel.present.charts.chart import Row

# A longer table scrolls in a box, of which a screen reader is told only what is in sight.
MOST_ROWS = 60
_MARKUP = re.compile(r"([\\`*_\[\]<>~$#|]|:(?=\w))")


def plain(text: str) -> str:
    """Text that Streamlit shows as it is, whatever markup it holds."""
    return _MARKUP.sub(r"\\\1", text)


def theme() -> Any:
    """The reader's theme, light or dark."""
    return "dark" if st.context.theme.type == "dark" else "light"


def write(blocks: Iterable[Block]) -> None:
    """Blocks of a page, from top to bottom."""
    for block in blocks:
        match block:
            case Heading(text):
                st.subheader(plain(text), anchor=False)
            case Words(text, "small"):
                small(text)
            case Words(text):
                st.markdown(plain(text))
            case Points(items):
                listed(items)
            case Grid():
                grid(block)
            case _:
                raise TypeError(f"no way to show {type(block).__name__}")


class Lines:
    """Lines of text that one run of a page may write more than once, in the same place."""

    def __init__(self, place: Any) -> None:
        """Begin with none."""
        self._place = place
        self._lines: list[Any] = []

    def write(self, *lines: Callable[[Any], Any]) -> None:
        """Write all of them; each is given where to write."""
        for n, line in enumerate(lines):
            if n < len(self._lines):
                line(self._lines[n])
            else:
                self._lines.append(line(self._place))
        for line_before in self._lines[len(lines) :]:
            line_before.empty()


def listed(sentences: Iterable[str], *, numbered: bool = False) -> None:
    """Sentences as a list."""
    mark = "1." if numbered else "-"
    st.markdown("\n".join(f"{mark} {plain(text)}" for text in sentences))


def show(chart: Chart, key: str, **options: Any) -> Any:
    """A chart, what it says for those who cannot see it, and its table."""
    # Not `vega_lite`: Streamlit warns of a description that `alt` stands in for, and takes rows
    # through Pandas, which costs thirty times as much.
    spec = chart.spec | {"datasets": {name: _columns(rows) for name, rows in chart.data.items()}}
    shown = st.vega_lite_chart(spec, theme=None, width="stretch", alt=chart.alt, key=key, **options)
    if chart.caption:
        small(chart.caption)
    return shown


def _columns(rows: list[Row]) -> pa.Table:
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table(
        {name: pa.array([row.get(name) for row in rows], from_pandas=True) for name in names}
    )


def folded(
    kind: Callable[..., Any], label: str, key: str, content: Callable[[], None], **options: Any
) -> None:
    """A popover or an expander whose content is made when it is opened, and not before."""
    fold = kind(label, key=key, on_change="rerun", **options)
    if fold.open:
        with fold:
            content()


def table_of(chart: Chart, key: str, label: str = "Table and picture") -> None:
    """The chart's table and its picture, folded away."""

    def content() -> None:
        table(chart.table, key=f"{key}_frame")
        with st.container(horizontal=True):
            csv(chart.table, key)
            _download("PNG", lambda: chart.png(), f"{key}.png", "image/png")
            _download("SVG", lambda: chart.svg().encode(), f"{key}.svg", "image/svg+xml")

    folded(st.expander, label, f"{key}_table", content)


def csv(table: pl.DataFrame, key: str) -> None:
    """A table's download as CSV."""
    _download("CSV", lambda: export.csv(table), f"{key}.csv", "text/csv")


def _download(kind: str, data: Callable[[], bytes], name: str, mime: str) -> None:
    st.download_button(
        f"Download {kind}",
        data=data,
        file_name=f"gainsmodel-{name}",
        mime=mime,
        key=f"download_{name}",
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
    )


def plain_table(table: pl.DataFrame) -> None:
    """A short table, with real headings, that is reached and read as any text is."""
    if not table.width:  # Of a chart that had nothing to draw.
        return
    words = pl.DataFrame({plain(of.name): [*map(_cell, of)] for of in table})
    st.table(words.to_pandas().set_index(words.columns[0]))


def _cell(value: object) -> str:
    """A cell in words; a table would give every number four decimals."""
    return "" if value is None else plain(f"{value:,}" if isinstance(value, float) else str(value))


def table(rows: pl.DataFrame, key: str | None = None) -> None:
    """A table; a long one scrolls."""
    if rows.height > MOST_ROWS:
        st.dataframe(rows, hide_index=True, key=key)
    else:
        plain_table(rows)


def grid(block: Grid) -> None:
    """A table of a page."""
    if block.title:
        st.markdown(f"**{plain(block.title)}**")
    table(_frame_of(block))


def _frame_of(block: Grid) -> pl.DataFrame:
    # A frame takes no name twice; what tells two apart is not seen.
    headings = [
        (heading or " ") + "\u200b" * block.headings[:i].count(heading)
        for i, heading in enumerate(block.headings)
    ]
    return pl.DataFrame([*block.rows], headings, orient="row")


def small(text: str, help: str | None = None, place: Any = st) -> Any:
    """Small text with full contrast, and what a hover adds."""
    return place.markdown(f":small[{plain(text)}]", help=None if help is None else plain(help))
