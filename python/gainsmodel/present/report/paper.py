"""The board paper: which findings it tells, in which order, in words chosen by rule.

Sentences about numbers come from `gainsmodel.present.text`; here is only what frames them.
"""

import shlex
from collections.abc import Iterator

import polars as pl

from gainsmodel import format
from gainsmodel.present import charts, export, text
from gainsmodel.present.area_summary import PRICES, plain
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
from gainsmodel.present.pages.appraisal import cost_and_return
from gainsmodel.present.report.assurance import statement
from gainsmodel.present.report.document import Document
from gainsmodel.present.report.findings import Findings

# Width of a picture in pixels, and the height of those that stand alone.
WIDTH, HEIGHT = 680, 250
# A board reads so many differences; the workbook has all.
CHANGES_SHOWN = 15


def board_paper(found: Findings, manifest_name: str = "manifest.json") -> Document:
    """Write a paper of some pages on one area from what was found.

    `manifest_name` is that of the file in which the manifest goes with it.
    """
    a = found.about
    plan = "" if found.added is None else ", and what a plan adds"
    whose = "The UK’s" if a.unit == "uk" else a.whose
    return Document(
        title=f"{whose} share of {a.the_prize}{plan}",
        subtitle=f"{found.scenario.title}. {found.scenario.question}",
        blocks=[
            *_in_short(found),
            *_pictures(found),
            *_plan(found),
            *_other(found),
            *_drivers(found),
            *_changes(found),
            *_method(found),
            *_repeat(found, manifest_name),
        ],
        manifest=found.result.manifest,
        manifest_name=manifest_name,
    )


def _in_short(found: Findings) -> Iterator[Block]:
    a = found.about
    yield Words(" ".join(text.headline(a, found.added)), "lead")
    said = f"{text.ranges(a)} {text.against_gva(a)}"
    if found.added is None:
        yield Words(f"{said} No lever is moved in this scenario.")
    else:
        assert found.worth is not None
        yield Words(said)
        yield Words(" ".join(text.plan_in_short(found.pair, found.worth)))
    yield Box(
        f"What {a.the_prize} is",
        [text.causes(a), text.prize_note(found.scenario), text.national(a)],
    )


def _pictures(found: Findings) -> Iterator[Block]:
    a = found.about
    without = None if found.added is None else found.without
    yield Picture(
        f"What digital adoption carries in {a.place}, year by year",
        charts.fan(found.result, a.unit, without, width=WIDTH, height=HEIGHT),
    )
    if a.unit != "uk":
        yield Picture(
            "How sure the share is, beside the share of the economy",
            charts.share_dots(found.result, a.unit, width=WIDTH, height=HEIGHT - 40),
        )
    if found.result.manifest["geography"] in LAYOUTS:
        # A group has no tile of its own.
        own = a.unit if a.unit in found.result.areas()["area_code"] else None
        yield Picture(
            f"Each area’s part of {a.the_prize}",
            charts.tile_map(found.result, "gbp", own, width=WIDTH, height=380),
        )


def _plan(found: Findings) -> Iterator[Block]:
    if found.added is None or found.parts is None or found.costs is None:
        return
    assert found.worth is not None
    a = found.about
    yield Heading("What the plan adds and costs")
    if not found.costs["intensity"].sum():
        yield Words(
            f"No lever is moved in {a.place} itself: what the plan adds there spills over from "
            "the areas that act, and costs nothing there."
        )
        return
    costs = {row["lever"]: row for row in found.costs.iter_rows(named=True)}
    rows = []
    for row in found.parts.filter(pl.col("part") != "left_out").iter_rows(named=True):
        mean, low, high, error = (
            plain(row[f"gain_final_year_gbp_m_{q}"]) for q in ("mean", "p05", "p95", "mcse_mean")
        )
        lever = costs.get(row["lever"])
        rows.append(
            [
                row["label"],
                "" if lever is None else format.whole_percent(lever["intensity"]),
                format.gbp(mean, error),
                format.gbp_range(low, high),
                "" if lever is None else format.cost(lever["cost_gbp_m_per_year"]),
                "" if lever is None else _evidence(found, row["lever"]),
            ]
        )
    rows[-1][4] = format.cost(found.cost_gbp_m_per_year)
    yield Grid(
        f"Each lever by itself, a year by {a.years[1]}, beside the same futures without it",
        [
            *("Lever", "Intensity", "Adds on average", "In 9 of 10 futures"),
            *("Costs the authority a year", "Evidence"),
        ],
        rows,
    )
    yield Words(
        "Before rounding, averages of levers alone and of working together add up to all of them. "
        "Intensity is "
        "the mean over residents of the area.",
        "small",
    )
    yield cost_and_return(found.pair, found.worth, f"Cost and return over {a.horizon}")
    if even := text.breaks_even_of(found.worth):
        yield Words(even)
    net = found.net
    unadjusted = net is None or not net.switched_on
    yield Words(
        f"{PRICES}, discounted at {_rates(found)}, counting what firms spend. The gain is output "
        "(GVA), not the social value that the Green Book asks for. "
        + (
            "Before displacement, leakage and multiplier."
            if unadjusted
            else " ".join(net.summary if net is not None else [])
        ),
        "small",
    )
    if net is not None and net.switched_on:
        yield Picture(
            "From gross to net, as the area, its region and the UK see it",
            charts.waterfall(net, width=WIDTH),
        )


def _rates(found: Findings) -> str:
    last = found.scenario.setting.horizon_years
    bands = found.scenario.discounting.rates
    rates = dict.fromkeys(band.rate for band in bands if band.from_year <= last)
    return f"{', then '.join(map(format.percent, rates))} a year"


def _evidence(found: Findings, lever: str) -> str:
    effects = [e for _, e in found.scenario.levers[lever].effects if e is not None]
    grades = [e.evidence for e in effects]
    for grade in ("judgement", "derived", "published"):
        if grade in grades:
            return grade
    return "no effect assumed"


def _other(found: Findings) -> Iterator[Block]:
    if found.comparison is None or found.other is None:
        return
    first, second = found.scenario.title, found.other.title
    yield Heading(f"Beside “{second}”")
    yield Words(text.compared(found.comparison, first, second))
    if not found.comparison.identical:
        yield Words(text.verdict(found.comparison, first, second))
        yield Words(text.compared_error(found.comparison, first), "small")


def _drivers(found: Findings) -> Iterator[Block]:
    a = found.about
    of_plan = found.drivers is not None and found.drivers.output == "plan_adds"
    yield Heading(
        "What drives what the plan adds" if of_plan else "What drives what digital carries"
    )
    if found.drivers is None:
        yield Words(found.no_drivers)
        return
    yield Points(found.drivers.caveats)
    if found.drivers.disagreement:
        yield Words(
            found.drivers.disagreement.replace(
                "Trust the right-hand chart.", "Trust the shares above more than the bars below."
            ),
            "small",
        )
    yield Picture(
        f"How far each group of assumptions moves it in {a.place}",
        charts.tornado(found.drivers.tornado, found.drivers.unit, width=WIDTH),
    )


def _changes(found: Findings) -> Iterator[Block]:
    changed = found.log.filter(pl.col("changed"))
    yield Heading("Where it differs from the reference scenario")
    if not changed.height:
        yield Words(
            "In no assumption."
            if found.added is None
            else "In no assumption; only the plan differs."
        )
        return
    yield Grid(
        "Assumptions that differ",
        ["Assumption", "Here", "In the reference", "Unit", "Evidence", "Owner, date"],
        [
            [
                *(row["name"], row["value"], row["reference"] or "", row["unit"]),
                *(row["evidence"], f"{row['owner']}, {row['dated']}"),
            ]
            for row in changed.head(CHANGES_SHOWN).iter_rows(named=True)
        ],
        left=(0, 1, 2, 3, 4, 5),
    )
    if changed.height > CHANGES_SHOWN:
        yield Words(
            f"{changed.height - CHANGES_SHOWN} more stand in the workbook "
            "(gainsmodel assumptions lists them, too).",
            "small",
        )


def _method(found: Findings) -> Iterator[Block]:
    yield Heading("How it is worked out, and what it cannot tell")
    yield Words(" ".join(text.METHOD))
    yield Points(text.LIMITS)
    yield Words(f"{text.WORDS} {text.prices(found.about)}", "small")
    yield Heading("Assurance")
    yield Grid("What was checked, and what was not", ["", ""], statement(found), left=(0, 1))


def _repeat(found: Findings, manifest_name: str) -> Iterator[Block]:
    manifest = found.result.manifest
    yield Heading("To repeat it")
    yield Code([f"gainsmodel run {manifest_name} --area {shlex.quote(found.about.name)}"])
    own = " Add --data with the same figures." if manifest.get("own_data") else ""
    yield Words(
        f"{manifest_name} goes with this paper; the command gives the same numbers.{own} "
        f"{manifest['draws']:,} futures, seed {manifest['seed']}, sampler {manifest['sampler']}, "
        f"gainsmodel {manifest['versions']['gainsmodel']}, geography {manifest['geography']}.",
        "small",
    )
    yield Words(f"Sources: {export.SOURCES}", "small")
