"""What a notebook shows of a result: the blocks of its page as HTML, and a chart."""

import base64
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from html import escape
from typing import Any

from gainsmodel.analysis import assumptions_log
from gainsmodel.analysis.additionality import Waterfall
from gainsmodel.analysis.comparison import Comparison
from gainsmodel.analysis.discovery import Discovery
from gainsmodel.analysis.goal_seek import GoalSeek
from gainsmodel.analysis.optimise.plan import Plan
from gainsmodel.analysis.replay_here import ReplayedHere
from gainsmodel.analysis.sensitivity import Sensitivity
from gainsmodel.analysis.switching_values import SwitchingValues
from gainsmodel.analysis.target import Target
from gainsmodel.analysis.voi import ValueOfInformation
from gainsmodel.analysis.who_gains import WhoGains
from gainsmodel.analysis.would_have_to_be_true import WouldHaveToBeTrue
from gainsmodel.batch import BatchResult
from gainsmodel.data import Dataset
from gainsmodel.data.units import unit_of
from gainsmodel.errors import SettingError
from gainsmodel.notebook import Form
from gainsmodel.present import charts
from gainsmodel.present.area_summary import has_plan
from gainsmodel.present.blocks import Block, Box, Code, Grid, Heading, Picture, Points, Words
from gainsmodel.present.charts.chart import NOTEBOOK, Chart
from gainsmodel.present.pages import (
    appraisal,
    batch,
    comparison,
    data,
    discovery,
    optimise,
    record,
    replay,
    sensitivity,
    shares,
    target,
    voi,
    who_gains,
    would_have_to_be_true,
)
from gainsmodel.results.paired import PairedResult
from gainsmodel.results.record import Verification
from gainsmodel.results.result import Result
from gainsmodel.scenario import Scenario, parameter_groups

# Areas of a plan that are spoken of one by one, and rows of a table that shows every area.
MOST_SPOKEN_OF, MOST_ROWS = 3, 40
WIDTH = 640
# Grades of evidence, the best first; a choice needs none.
EVIDENCE = (*parameter_groups.EVIDENCE, "choice")


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


def _page(blocks: Callable[[Any], Iterable[Block]]) -> Form:
    """A page without a chart."""
    return Form(lambda of: as_html(blocks(of)), lambda of: {})


def _of_scenario(scenario: Scenario) -> Iterator[Block]:
    yield Heading(scenario.title)
    yield Words(scenario.question)
    rows = [
        (area, scenario.levers[lever].label or lever, f"{planned.intensity:.0%}")
        for area, levers in scenario.plan.items()
        for lever, planned in levers.items()
    ]
    if rows:
        yield _most(Grid("Plan", ("Area", "Lever", "Intensity"), rows, left=(0, 1)))
    log = assumptions_log.log(scenario)
    graded = [
        [str(group), *(str((of["evidence"] == kind).sum() or "–") for kind in EVIDENCE)]
        for (group,), of in log.group_by(["group"], maintain_order=True)
    ]
    yield Grid("Assumptions by evidence", ("", *EVIDENCE), graded)
    yield Words(
        f"{log.height} assumptions, {(log['evidence'] == 'judgement').sum()} of them judgement, "
        f"{log['changed'].sum()} other than in the reference; gainsmodel.assumptions_log.log "
        "lists them.",
        "small",
    )


def _of_dataset(dataset: Dataset) -> Iterator[Block]:
    yield Heading(f"Figures: {dataset.describe()}")
    for block in data.figures(dataset, f"{dataset.geography} areas"):
        yield _most(block) if isinstance(block, Grid) else block


def _of_batch(result: BatchResult) -> Iterator[Block]:
    runs, failed = result.runs(), result.failures()
    yield Heading(f"Batch: {result.describe()}")
    yield from batch.ended(runs.height, failed.height)
    if failed.height:
        yield Words(batch.failures(runs.height, failed))


def _most(grid: Grid) -> Grid:
    """A table of so many rows that it stays on a page, and how many it has."""
    more = len(grid.rows) - MOST_ROWS
    if more <= 0:
        return grid
    title = f"{grid.title} The first {MOST_ROWS} of {len(grid.rows):,} rows.".strip()
    return replace(grid, title=title, rows=grid.rows[:MOST_ROWS])


# Form of each type that a notebook shows.
FORMS: dict[type, Form] = {
    Scenario: _page(_of_scenario),
    Dataset: _page(_of_dataset),
    Result: _form(_of_result, _amounts),
    PairedResult: _form(_of_pair, _gain_with_and_without),
    BatchResult: _page(_of_batch),
    Comparison: _page(_of_comparison),
    Discovery: _page(discovery.discovery),
    GoalSeek: _page(target.goal_seek),
    Plan: _form(optimise.optimise, lambda of: charts.frontier(of, width=WIDTH)),
    ReplayedHere: _page(replay.replayed),
    Sensitivity: _form(
        sensitivity.sensitivity, lambda of: charts.tornado(of.tornado, of.unit, width=WIDTH)
    ),
    SwitchingValues: _page(appraisal.switching_values),
    Target: _page(target.target),
    ValueOfInformation: _page(voi.voi),
    Verification: _page(record.verified),
    Waterfall: _form(appraisal.gross_to_net, lambda of: charts.waterfall(of, width=WIDTH)),
    WhoGains: _page(who_gains.who_gains),
    WouldHaveToBeTrue: _page(would_have_to_be_true.would_have_to_be_true),
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
