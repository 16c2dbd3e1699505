"""What a notebook shows of a result: the blocks of its page as HTML, and a chart."""

import base64
from collections.abc import Callable, Iterable, Iterator
from html import escape
from typing import Any

from gainsmodel.analysis.comparison import Comparison
from gainsmodel.analysis.would_have_to_be_true import WouldHaveToBeTrue
from gainsmodel.data.units import unit_of
from gainsmodel.errors import SettingError
from gainsmodel.present import charts
from gainsmodel.present.area_summary import has_plan
from gainsmodel.present.blocks import Block, Box, Code, Grid, Heading, Picture, Points, Words
from gainsmodel.present.charts.chart import NOTEBOOK, Chart
from gainsmodel.present.pages import comparison, shares
from gainsmodel.present.pages.would_have_to_be_true import would_have_to_be_true
from gainsmodel.results.notebook import Form
from gainsmodel.results.paired import PairedResult
from gainsmodel.results.result import Result

# Areas of a plan that are spoken of one by one, and rows of a table that shows every area.
MOST_SPOKEN_OF, MOST_ROWS = 3, 40
WIDTH = 640


def _units(result: Result) -> list[str]:
    """Areas a result speaks of: those in which its plan moves levers, or else the UK."""
    planned = dict.fromkeys(
        unit_of(result.dataset, name).code
        for name, levers in result.scenario.plan.items()
        if any(lever.intensity > 0 for lever in levers.values())
    )
    known = [code for code in planned if code in result.codes]
    return known if 0 < len(known) <= MOST_SPOKEN_OF else ["uk"]


def _of_result(result: Result) -> Iterator[Block]:
    units = _units(result)
    every = units == ["uk"] and result.areas().height <= MOST_ROWS
    for block in shares.shares(result, units):
        yield shares.shares_table(result) if every and isinstance(block, Grid) else block


def _of_pair(pair: PairedResult) -> Iterator[Block]:
    pair.check_reference()
    result = pair.with_plan
    return shares.shares(result, _units(result), pair if has_plan(result) else None)


def _of_comparison(compared: Comparison) -> Iterator[Block]:
    names = (compared.first.scenario.title, compared.second.scenario.title)
    return comparison.comparison(compared, names)


def _amounts(result: Result) -> Chart:
    return charts.three_amounts(result, _units(result)[0], width=WIDTH)


def _gain_with_and_without(pair: PairedResult) -> Chart:
    pair.check_reference()
    return charts.fan(pair.with_plan, _units(pair.with_plan)[0], pair.without, width=WIDTH)


def _form(blocks: Callable[[Any], Iterable[Block]], chart: Callable[[Any], Chart]) -> Form:
    """A page with its chart before the first table."""

    def page(of: Any) -> Iterator[Block]:
        left = iter(blocks(of))
        for block in left:
            if isinstance(block, Grid):
                yield from (Picture("", chart(of)), block)
                break
            yield block
        yield from left

    return Form(lambda of: as_html(page(of)), lambda of: {NOTEBOOK: chart(of).for_notebooks()})


# Form of each type that results and analysis have.
FORMS: dict[type, Form] = {
    Result: _form(_of_result, _amounts),
    PairedResult: _form(_of_pair, _gain_with_and_without),
    Comparison: Form(lambda of: as_html(_of_comparison(of)), lambda of: {}),
    WouldHaveToBeTrue: Form(lambda of: as_html(would_have_to_be_true(of)), lambda of: {}),
}


# ---------------------------------------------------------------- blocks as HTML


def as_html(blocks: Iterable[Block]) -> str:
    """Blocks as a piece of HTML that needs no style sheet; every word is escaped."""
    # A dollar in a title is no formula.
    return f'<div class="mathjax_ignore tex2jax_ignore">{"".join(map(_html, blocks))}</div>'


def _html(block: Block) -> str:
    match block:
        case Heading(text):
            return f"<h4>{escape(text)}</h4>"
        case Words(text, "lead"):
            return f"<p><strong>{escape(text)}</strong></p>"
        case Words(text, "small"):
            return f"<p><small>{escape(text)}</small></p>"
        case Words(text):
            return f"<p>{escape(text)}</p>"
        case Points(items):
            return _list(items)
        case Box(title, items):
            return f"<p><strong>{escape(title)}</strong></p>{_list(items)}"
        case Grid():
            return _table(block)
        case Picture(title, chart):
            heading = f"<p><strong>{escape(title)}</strong></p>" if title else ""
            return heading + _picture(chart)
        case Code(lines):
            return f"<pre>{escape(chr(10).join(lines))}</pre>"


def _list(items: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in items)}</ul>"


def _table(grid: Grid) -> str:
    def row(tag: str, cells: Iterable[str]) -> str:
        sides = ("left" if i in grid.left else "right" for i in range(len(grid.headings)))
        return "".join(
            f'<{tag} style="text-align:{side}">{escape(cell)}</{tag}>'
            for side, cell in zip(sides, cells, strict=True)
        )

    rows = "".join(f"<tr>{row('td', cells)}</tr>" for cells in grid.rows)
    title = f"<caption>{escape(grid.title)}</caption>" if grid.title else ""
    return (
        f"<table>{title}<thead><tr>{row('th', grid.headings)}</tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def _picture(chart: Chart) -> str:
    """A chart drawn, where the extra ``charts`` is installed; its words in any case."""
    words = f"<p><small>{escape(chart.caption)}</small></p>"
    try:
        drawn = base64.b64encode(chart.svg().encode()).decode()
    except SettingError:
        return f"<p>{escape(chart.alt)}</p>"
    alt = escape(chart.alt, quote=True)
    return f'<img alt="{alt}" src="data:image/svg+xml;base64,{drawn}">{words}'
