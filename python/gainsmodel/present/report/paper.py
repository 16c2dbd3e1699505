"""The board paper: which findings it tells, in which order, in words chosen by rule.

Sentences about numbers come from `gainsmodel.present.text`; here is only what frames them.
"""

import shlex
from collections.abc import Iterator
from datetime import date

import polars as pl

from gainsmodel import format
from gainsmodel.checks import renamed
from gainsmodel.present import charts, export, text
from gainsmodel.present.area_summary import Estimate
from gainsmodel.present.blocks import (
    Block,
    Box,
    Code,
    Grid,
    Heading,
    Picture,
    Points,
    Words,
)
from gainsmodel.present.charts.tiles import LAYOUTS
from gainsmodel.present.pages.appraisal import cost_and_return, gross_to_net
from gainsmodel.present.pages.structures import in_a_paragraph
from gainsmodel.present.pages.who_gains import who_gains
from gainsmodel.present.report.assurance import statement
from gainsmodel.present.report.document import Document
from gainsmodel.present.report.findings import Findings

# Width of a picture in pixels, and the height of those that stand alone.
WIDTH, HEIGHT = 680, 250
# A board reads so many differences; the workbook has all.
CHANGES_SHOWN = 15


@renamed(found="findings")
def board_paper(
    findings: Findings, manifest_name: str = "manifest.json", on: date | None = None
) -> Document:
    """Write a paper of some pages on one area from what was found.

    `manifest_name` is that of the file in which the manifest goes with it; `on` the date it
    bears, today's if left out.
    """
    a = findings.about
    plan = "" if findings.added is None else ", and what a plan adds"
    whose = "The UK’s" if a.unit == "uk" else a.whose
    return Document(
        title=f"{whose} share of {a.the_prize}{plan}",
        subtitle=f"{findings.scenario.title}. {findings.scenario.question}",
        blocks=[
            *_in_short(findings),
            *_pictures(findings),
            *_plan(findings),
            *_who_gains(findings),
            *_other(findings),
            *_drivers(findings),
            *_prize(findings),
            *_changes(findings),
            *_method(findings, on),
            *_repeat(findings, manifest_name),
        ],
        record=findings.result.record,
        version=findings.result.manifest["versions"]["gainsmodel"],
        manifest_name=manifest_name,
    )


def _in_short(findings: Findings) -> Iterator[Block]:
    a = findings.about
    yield Words(" ".join(text.headline(a, findings.added)), "lead")
    said = f"{text.ranges(a)} {text.against_gva(a)}"
    if findings.added is None:
        yield Words(f"{said} No lever is moved in this scenario.")
    else:
        assert findings.worth is not None
        yield Words(said)
        yield Words(
            " ".join(
                text.plan_in_short(
                    *(findings.pair, findings.worth), uk=findings.uk, cases=findings.cases
                )
            )
        )
    if of_areas := text.of_areas(findings.result.manifest["geography"]):
        yield Words(of_areas, "small")
    yield Box(
        f"What {a.the_prize} is",
        [text.causes(a), text.prize_note(findings.scenario), text.national(a), text.readings(a)],
    )


def _pictures(findings: Findings) -> Iterator[Block]:
    a = findings.about
    without = None if findings.added is None else findings.without
    yield Picture(
        f"The digital gain in {a.place}, year by year",
        charts.fan(findings.result, a.unit, without, width=WIDTH, height=HEIGHT),
    )
    if a.unit != "uk":
        yield Picture(
            "How sure the share is, compared with the share of the economy",
            charts.share_dots(findings.result, a.unit, width=WIDTH, height=HEIGHT - 40),
        )
    if findings.result.manifest["geography"] in LAYOUTS:
        # A group has no tile of its own.
        own = a.unit if a.unit in findings.result.areas()["area_code"] else None
        yield Picture(
            f"Each area’s part of {a.the_prize}",
            charts.tile_map(findings.result, "gbp", own, width=WIDTH, height=330),
        )
    said = [text.pattern(findings.result), text.if_diverging(a, findings.ratio_if_diverging)]
    if any(said):
        yield Words(" ".join(filter(None, said)))


def _plan(findings: Findings) -> Iterator[Block]:
    if findings.added is None or findings.parts is None or findings.costs is None:
        return
    assert findings.worth is not None
    a = findings.about
    yield Heading("What the plan adds and costs")
    if not findings.costs["intensity"].sum():
        yield Words(text.spillover_only(a.place))
        return
    gain = "gain_final_year_gbp_m"
    costs = {row["lever"]: row for row in findings.costs.iter_rows(named=True)}
    rows = []
    for row in findings.parts.filter(pl.col("part") != "left_out").iter_rows(named=True):
        name, lever = row["lever"], costs.get(row["lever"])
        rows.append(
            [
                row["label"],
                "" if lever is None else format.whole_percent(lever["intensity"]),
                Estimate.of(row, gain).gbp,
                Estimate.of(row, gain).gbp_range,
                text.nothing_of(row, gain, findings.result.manifest["draws"]),
                "" if lever is None else format.cost(lever["cost_gbp_m_per_year"]),
                "" if lever is None else text.lever_evidence(findings.scenario, name),
            ]
        )
    rows[-1][5] = format.cost(text.cost_a_year(findings.costs, a.unit))
    yield Grid(
        f"Each lever by itself, a year by {a.years[1]}, compared with the same futures without it",
        [
            *("Lever", "Intensity", "Adds on average", text.RANGE, text.NOTHING),
            *("Costs the authority a year", "Evidence"),
        ],
        rows,
    )
    yield Words(
        "Before rounding, averages of levers alone and of working together add up to all of them. "
        "Intensity is the mean over residents of the area.",
        "small",
    )
    title = f"Cost and return over {a.horizon}"
    yield cost_and_return(findings.pair, findings.worth, findings.uk, title)
    if even := text.breaks_even_of(findings.worth):
        yield Words(even)
    assert findings.net is not None
    yield Words(
        f"{text.money(findings.scenario, findings.net.prices)} The gain is output (GVA), not the "
        f"social value that the Green Book asks for. {text.adjusted(findings.pair.net_of)}",
        "small",
    )
    yield from gross_to_net(findings.net)


def _who_gains(findings: Findings) -> Iterator[Block]:
    if findings.gains is not None:
        yield from who_gains(findings.gains)


def _other(findings: Findings) -> Iterator[Block]:
    if findings.comparison is None or findings.other is None:
        return
    first, second = findings.scenario.title, findings.other.title
    yield Heading(f"Compared with “{second}”")
    if verdict := text.verdict(findings.comparison, first, second):
        yield Words(verdict)
    yield Words(text.compared(findings.comparison, first, second))
    if not findings.comparison.identical:
        yield Words(text.compared_error(findings.comparison, first), "small")


def _drivers(findings: Findings) -> Iterator[Block]:
    a = findings.about
    of_plan = findings.drivers is not None and findings.drivers.output == "plan_adds"
    yield Heading("What drives what the plan adds" if of_plan else "What drives the digital gain")
    if findings.drivers is None:
        yield Words(findings.no_drivers)
        return
    yield Points(findings.drivers.caveats)
    if findings.drivers.disagreement:
        yield Words(findings.drivers.disagreement, "small")
    if findings.drivers.by_structure is not None:
        yield Words(in_a_paragraph(findings.drivers.by_structure, findings.drivers.unit))
    yield Picture(
        f"How far each group of assumptions moves it in {a.place}",
        charts.tornado(findings.drivers.tornado, findings.drivers.unit, width=WIDTH),
    )


def _prize(findings: Findings) -> Iterator[Block]:
    yield Heading(f"What would have to be true for {findings.about.the_prize}")
    yield Words(" ".join(findings.prize.summary))
    if notes := findings.prize.notes:
        yield Words(" ".join(notes), "small")


def _changes(findings: Findings) -> Iterator[Block]:
    changed = findings.log.filter(pl.col("changed"))
    yield Heading("Where it differs from the reference scenario")
    if not changed.height:
        yield Words(
            "In no assumption."
            if findings.added is None
            else "In no assumption; only the plan differs."
        )
        return
    yield Grid(
        "Assumptions that differ",
        ["Assumption", "Here", "In the reference", "Unit", "Evidence", "Owner, date"],
        [
            [
                text.of_the_prize(row["name"], findings.scenario),
                *(row["value"], row["reference"] or "", row["unit"]),
                *(row["evidence"], f"{row['owner']}, {row['dated']}"),
            ]
            for row in changed.head(CHANGES_SHOWN).iter_rows(named=True)
        ],
        left=(0, 1, 2, 3, 4, 5),
    )
    if changed.height > CHANGES_SHOWN:
        yield Words(
            f"{changed.height - CHANGES_SHOWN} more are in the workbook "
            "(“gainsmodel assumptions” lists them, too).",
            "small",
        )


def _method(findings: Findings, on: date | None) -> Iterator[Block]:
    yield Heading("How it is calculated, and what it cannot tell")
    yield Words(" ".join(text.METHOD))
    yield Points(text.LIMITS)
    yield Words(f"{text.WORDS} {text.prices(findings.about)}", "small")
    yield Heading("Assurance")
    yield Grid("What was checked, and what was not", ["", ""], statement(findings, on), left=(0, 1))


def _repeat(findings: Findings, manifest_name: str) -> Iterator[Block]:
    manifest = findings.result.manifest
    yield Heading("How to repeat it")
    yield Code([f"gainsmodel run {manifest_name} --area {shlex.quote(findings.about.name)}"])
    own = " Add --data with the same figures." if manifest.get("own_data") else ""
    yield Words(
        f"{manifest_name} goes with this paper; the command gives the same numbers.{own} "
        f"{text.how_it_was_run(manifest)} gainsmodel {manifest['versions']['gainsmodel']}, "
        f"geography {manifest['geography']}.",
        "small",
    )
    yield Words(text.fingerprint(findings.result, manifest_name), "small")
    yield Words(f"Sources: {export.SOURCES}", "small")
