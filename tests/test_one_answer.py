"""The same question has the same answer, to the letter, by every way in."""

from __future__ import annotations

import contextlib
import html
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache, cached_property, partial
from itertools import takewhile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app import jobs
from app.choice import Choice, start
from app.components import files
from gainsmodel import (
    Comparison,
    Dataset,
    PairedResult,
    Scenario,
    TakeUpCases,
    appraise,
    compare,
    export,
    format,
    load_dataset,
    load_scenario,
    read_gva,
    report,
    run_paired,
    save_dataset,
    switching_values,
    take_up_cases,
    text,
    to_toml,
    verify,
    waterfall,
    would_have_to_be_true,
)
from gainsmodel.analysis.appraisal import area_and_uk
from gainsmodel.data import SECTORS
from gainsmodel.present.area_summary import AreaSummary, Estimate
from gainsmodel.present.blocks import Block, Box, Grid, Heading, Picture, Points, Words
from gainsmodel.present.pages import appraisal, comparison, shares
from gainsmodel.present.pages.would_have_to_be_true import would_have_to_be_true as true_page
from in_process import run_here

APP = Path(__file__).parents[1] / "app"
DRAWS, TARGET = 1_000, 100.0
GM = "Greater Manchester"
LONG = 120.0
# Streamlit's simulation of a browser leaves its temporary folder to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:Implicitly cleaning up:ResourceWarning")


def own_figures() -> Dataset:
    """Twice the built-in figures of the regions, as a user's own table."""
    itl1 = load_dataset("itl1")
    rows = zip(itl1.areas["area_code"], (2 * itl1.gva_gbp_m).tolist(), strict=True)
    lines = [["area", *SECTORS], *([code, *row] for code, row in rows)]
    table = "\n".join(",".join(map(str, line)) for line in lines)
    return read_gva(table.encode(), "itl1", name="own.csv")


@dataclass(frozen=True)
class Case:
    """A scenario, where it is asked of, and the scenario it is compared with."""

    scenario: Scenario
    other: Scenario = field(default_factory=lambda: load_scenario("reference"))
    area: str = GM
    data: Dataset | None = None

    @property
    def options(self) -> dict[str, Any]:
        return {"draws": DRAWS, "dataset": self.data}

    @cached_property
    def pair(self) -> PairedResult:
        return run_paired(self.scenario, **self.options)

    @cached_property
    def found(self) -> Comparison:
        return compare(self.scenario, self.other, area=self.area, **self.options)

    @property
    def names(self) -> tuple[str, str]:
        return self.scenario.title, self.other.title

    @cached_property
    def a(self) -> AreaSummary:
        names = dict(self.pair.dataset.areas.select("area_name", "area_code").iter_rows())
        return AreaSummary(self.pair.with_plan, names[self.area])

    @property
    def has_plan(self) -> bool:
        return bool(self.scenario.plan)

    @cached_property
    def added(self) -> Estimate | None:
        return self.a.added(self.pair.without) if self.has_plan else None

    @cached_property
    def rows(self) -> tuple[dict[str, Any], dict[str, Any] | None]:
        return area_and_uk(appraise(self.pair, target_gbp_m=TARGET), self.a.unit)

    @property
    def worth(self) -> dict[str, Any]:
        return self.rows[0]

    @cached_property
    def cases(self) -> TakeUpCases:
        return take_up_cases(self.pair, self.a.unit)


def cases() -> dict[str, Case]:
    plan = load_scenario("skills_first")
    on = {f"parameters.{name}.enabled": True for name in ("displacement", "leakage", "multiplier")}
    itl1 = {"setting.geography": "itl1"}
    later = {"setting.lever_delay_years": 2.0, "title": "Two years later"}
    prize = {"prize.value": 100.0, "prize.source": "The council’s own estimate, 2025"}
    return {
        "reference": Case(load_scenario("reference"), other=plan),
        "plan": Case(plan),
        "own figures": Case(
            load_scenario("reference").edit(itl1 | {"plan.Wales.skills": 0.8, "title": "Skills"}),
            load_scenario("reference").edit(itl1),
            "Wales",
            own_figures(),
        ),
        "another prize": Case(plan.edit(prize), load_scenario("reference").edit(prize)),
        "adjusted": Case(plan.edit(on), load_scenario("reference").edit(on)),
        "timing": Case(plan, other=plan.edit(later)),
    }


CASES = cases()
# They repeat what others ask: a prize of one's own has a test of its own, below, and another start
# matters where plans are compared.
REPEATED = ("another prize", "timing")


def named(names: Iterable[str], repeated: Iterable[str] = REPEATED) -> pytest.MarkDecorator:
    """A case at a time; those that repeat others in .ci/nightly."""
    slow = pytest.mark.slow
    marked = [pytest.param(name, marks=slow) if name in repeated else name for name in names]
    return pytest.mark.parametrize("name", marked)


each_case = named(CASES)
each_plan = named(name for name, case in CASES.items() if case.has_plan)


# ---------------------------------------------------------------- what is said


def of_the_area(case: Case) -> list[str]:
    """Sentences on shares and on the digital gain."""
    a = case.a
    return [
        " ".join(text.headline(a, case.added)),
        text.ranges(a),
        text.against_gva(a),
        text.national(a),
        text.causes(a),
        text.prize_note(case.scenario),
    ]


def of_the_plan(case: Case) -> list[str]:
    """Sentences of `appraise`."""
    even = text.breaks_even_of(case.worth)
    assert even
    said = text.plan_in_short(case.pair, case.worth, uk=case.rows[1], cases=case.cases)
    return [*said, even]


def of_the_comparison(case: Case) -> list[str]:
    """Sentences of `compare`."""
    first, second = case.names
    verdict = text.verdict(case.found, first, second)
    assert verdict
    return [
        text.compared(case.found, first, second),
        text.compared_error(case.found, first),
        verdict,
    ]


def rows_of(grid: Grid) -> list[str]:
    """Cells of each row in one line."""
    return [squeezed(" ".join(row)) for row in grid.rows]


def squeezed(words: str) -> str:
    return " ".join(words.replace("\u200b", "").split())


# ---------------------------------------------------------------- ways in


@cache
def printed(name: str, verb: str, *options: str) -> str:
    """What the command line prints; lines are put together again."""
    case = CASES[name]
    with TemporaryDirectory() as folder:
        files = []
        for number, scenario in enumerate((case.scenario, case.other)):
            files.append(str(Path(folder, f"{number}.toml")))
            Path(files[-1]).write_text(to_toml(scenario), "utf-8")
        words = [verb, *files[: 2 if verb == "compare" else 1], "--area", case.area]
        words += ["--draws", str(DRAWS), *options]
        if case.data is not None:
            words += ["--data", str(save_dataset(case.data, Path(folder, "own")))]
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            assert run_here(words) == 0
    return squeezed(out.getvalue())


@cache
def findings(name: str) -> report.Findings:
    case = CASES[name]
    return report.gather(case.scenario, case.area, against=case.other, **case.options)


@cache
def paper(name: str) -> list[Block]:
    return [*report.board_paper(findings(name)).blocks]


def written(name: str) -> str:
    """All words of the board paper; of one case as a web page, since drawing takes long."""
    if name != "adjusted":
        return "\n".join(words_of(paper(name)))
    page = report.write(findings(name), "html", date(2026, 3, 1)).decode()
    return squeezed(html.unescape(re.sub(r"<[^>]+>", " ", page)))


def words_of(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        match block:
            case Words(words):
                yield words
            case Points(items) | Box(_, items):
                yield from items
            case Picture(title, chart):
                yield from (title, chart.alt, chart.caption)
            case Grid():
                yield from rows_of(block)


@cache
def shown(name: str, screen: str, press: str | None = None) -> tuple[str, list[str]]:
    """What the app shows of a case, after a button was pressed: words, and rows of tables."""
    case = CASES[name]
    first, second = (
        Choice(scenario, case.a.unit, draws=DRAWS, data=case.data)
        for scenario in (case.scenario, case.other)
    )
    at = AppTest.from_file(APP / "main.py", default_timeout=LONG)
    state = at.session_state
    state["choice"], state["steps"], state["notices"] = first, [], []
    state["saved"] = dict(zip(case.names, (first, second), strict=True))
    state["plan_a"], state["plan_b"] = case.names
    # What is made when it is opened.
    state["prize"] = True
    at.run()
    if screen != "our_share":
        at.switch_page(f"screens/{screen}.py").run()
    for _ in range(6):
        state["prize"] = True
        with jobs.QUEUE._lock:
            behind = [job for job, _ in jobs.QUEUE._jobs.values() if not job.ended]
        if not behind:
            break
        assert all(job.wait(LONG) for job in behind)
        at.run()
    at.run()
    if press is not None:
        at.button(key=press).click().run()
        with jobs.QUEUE._lock:
            behind = [job for job, _ in jobs.QUEUE._jobs.values() if not job.ended]
        assert all(job.wait(LONG) for job in behind)
        at.run()
    assert [*at.exception, *at.error] == []
    parts = (at.title, at.header, at.markdown, at.info, at.warning)
    said = " ".join(element.value for part in parts for element in part)
    tables = [table.value.reset_index() for table in at.table] + [t.value for t in at.dataframe]
    rows = [squeezed(" ".join(map(str, row))) for t in tables for row in t.to_numpy().tolist()]
    return unmarked(said), [unmarked(row) for row in rows]


def unmarked(words: str) -> str:
    """Text as a reader sees it: markup that was made plain is plain again."""
    return squeezed(re.sub(r"\\([\\`*_\[\]<>~$#|:])", r"\1", words))


# ---------------------------------------------------------------- shares and the digital gain


@each_case
def test_shares_and_the_digital_gain(name: str) -> None:
    case = CASES[name]
    run, (app, _) = printed(name, "run"), shown(name, "our_share")
    words = written(name)
    python = "\n".join(words_of(shares.shares(case.pair.with_plan, [case.a.unit], case.pair)))
    without = case.pair.without if case.has_plan else None
    about = export.about_table(case.pair.with_plan, case.a.unit, without=without)
    for sentence in of_the_area(case):
        for way in (run, app, words):
            assert sentence in way
        assert sentence in python or not case.has_plan
        beside = text.ranges(case.a, case.added) if sentence == text.ranges(case.a) else sentence
        assert beside in about["Says"].to_list()


@each_case
def test_the_table_of_areas(name: str) -> None:
    case = CASES[name]
    wanted = rows_of(shares.shares_table(case.pair.with_plan, [case.a.unit]))
    assert all(row in printed(name, "run") for row in wanted)
    # Of the others the page runs every local authority, too.
    if case.data is not None:
        assert set(wanted) <= set(shown(name, "places")[1])


# ---------------------------------------------------------------- a plan


@each_plan
def test_what_a_plan_adds_costs_and_is_worth(name: str) -> None:
    case = CASES[name]
    target = text.reaches_target(case.worth["p_target"], TARGET, case.a.years[1], DRAWS)
    out = printed(name, "appraise", "--target", f"{TARGET:g}", "--delay", "1")
    app, rows = shown(name, "our_plan")
    words = written(name)
    adds, *_ = of_the_plan(case)
    for sentence in of_the_plan(case):
        for way in (out, app, words):
            assert sentence in way
    for way in (printed(name, "run"), shown(name, "our_share")[0]):
        assert adds in way
    assert target in out
    assert target in app
    (waiting,) = re.findall(r"Waiting a year .*?\)\.", out)
    assert waiting in app
    net = appraisal.gross_to_net(waterfall(case.pair, case.a.unit))
    # In the paper, which is short, the sentence has all of it.
    at_other = rows_of(appraisal.at_other_take_up(case.worth, case.cases))
    assert all(row in out and row in rows for row in at_other)
    for block in (appraisal.cost_and_return(case.pair, *case.rows), *net):
        for row in rows_of(block) if isinstance(block, Grid) else ():
            assert row in out
            assert row in words
            assert row in rows


def test_where_a_plan_breaks_even(monkeypatch: pytest.MonkeyPatch) -> None:
    name, case = "plan", CASES["plan"]
    one = partial(switching_values, parameters=["parameters.take_up"], search_draws=100)
    monkeypatch.setattr("gainsmodel.analysis.switching_values.switching_values", one)
    found = one(case.scenario, case.area, pair=case.pair)
    even = text.breaks_even_of(case.worth)
    assert found.summary[0] in of_the_plan(case)
    assert found.summary[1] == even
    out = printed(name, "appraise", "--switching")
    assert out.count(even) == 2
    table = found.in_words
    assert all(row in out for row in rows_of(Grid("", table.columns, table.rows())))
    assert even in written(name)


def test_what_would_have_to_be_true(monkeypatch: pytest.MonkeyPatch) -> None:
    name, case = "plan", CASES["plan"]
    few = partial(would_have_to_be_true, search_draws=100)
    for module in (
        "gainsmodel.analysis.would_have_to_be_true",
        "app.components.would_have_to_be_true",
    ):
        monkeypatch.setattr(f"{module}.would_have_to_be_true", few)
    of_target = few(case.scenario, case.area, TARGET, draws=DRAWS)
    of_prize = few(case.scenario, draws=DRAWS)
    asked = {
        "our_plan": (of_target, ("--target", f"{TARGET:g}")),
        "about": (of_prize, ("--area", "uk")),
    }
    for screen, (found, options) in asked.items():
        out = printed(name, "requires", *options)
        app, rows = shown(name, screen, "ask_true")
        python = "\n".join(words_of(true_page(found)))
        assert len(found.summary) >= 3
        for sentence in found.summary:
            for way in (out, app, python):
                assert sentence in way
        for block in true_page(found):
            for row in rows_of(block) if isinstance(block, Grid) else ():
                assert row in out
                assert row in rows
    # The same count as of the run, and the paper's one paragraph.
    assert of_target.p == case.worth["p_target"]
    assert of_prize.p == case.a.p_reaches_prize
    paragraph = " ".join(findings(name).prize.summary)
    assert of_prize.summary[0] in paragraph
    assert paragraph in written(name)


# ---------------------------------------------------------------- two plans


@named(CASES, ["another prize"])
def test_how_two_plans_compare(name: str) -> None:
    case = CASES[name]
    out = printed(name, "compare")
    app, rows = shown(name, "compare_plans")
    words = written(name)
    for sentence in of_the_comparison(case):
        for way in (out, app, words):
            assert sentence in way
    table, _ = comparison.differences(case.found, case.names, everywhere=False)
    assert all(row in out and row in rows for row in rows_of(table))
    pairs = {
        title: run_paired(scenario, **case.options)
        for title, scenario in zip(case.names, (case.scenario, case.other), strict=True)
    }
    moved = {title: pair for title, pair in pairs.items() if pair.scenario.plan}
    at_other = {title: take_up_cases(pair, case.a.unit) for title, pair in moved.items()}
    beside = comparison.side_by_side(pairs, case.a.unit, TARGET, at_other)
    assert all(row in rows for row in rows_of(beside))


# ---------------------------------------------------------------- no second figure


@each_plan
def test_no_second_figure_for_what_a_plan_adds(name: str) -> None:
    """The average of the sensitivity analysis, of draws of its own, stands nowhere."""
    (tornado,) = [
        block.chart
        for block in paper(name)
        if isinstance(block, Picture) and block.title.startswith("How far each group")
    ]
    assert {row["As it is"] for row in tornado.data["assumptions"]} == {0.0}
    amounts = re.findall(r"[^ (]?£[\d.]+(?:m|bn)", tornado.alt)
    assert amounts
    assert all(amount[0] in "+−" for amount in amounts)


def test_a_prize_of_ones_own_is_never_the_cbis() -> None:
    name, case = "another prize", CASES["another prize"]
    others = (text.causes(case.a), text.prize_note(case.scenario))
    assert all("£208bn" in words for words in others)
    about = export.about_table(case.pair.with_plan, case.a.unit)
    screens = ("our_share", "our_plan", "compare_plans", "about", "assumptions")
    # What the paper tells of the model's validation holds for every scenario.
    before = takewhile(lambda block: block != Heading("Assurance"), paper(name))
    ways = {
        **{screen: shown(name, screen)[0] for screen in screens},
        **{verb: printed(name, verb) for verb in ("run", "compare", "appraise")},
        "report": " ".join(words_of(before)),
        "export": " ".join(about["Says"]),
        "csv": export.areas_csv(case.pair.with_plan).decode("utf-8-sig"),
    }
    for way, words in ways.items():
        for known in others:
            words = words.replace(known, "")
        assert "£208bn" not in words, way
        assert not re.search(r"CBI|in 2016|all causes", words), way


# ---------------------------------------------------------------- one central figure


@each_case
def test_no_page_sets_a_median_beside_an_average(name: str) -> None:
    before = takewhile(lambda block: block != Heading("Assurance"), paper(name))
    verbs = ("run", "compare", "appraise") if CASES[name].has_plan else ("run",)
    ways = {
        "our_share": shown(name, "our_share")[0],
        **{verb: printed(name, verb) for verb in verbs},
        "report": " ".join(words_of(before)),
    }
    for way, words in ways.items():
        assert not re.search(r"middle|\bmedian", words, re.IGNORECASE), way
    a = CASES[name].a
    # What comes without the plan.
    bare = AreaSummary(CASES[name].pair.without, a.unit)
    mean, error = (bare.row[f"{a.gain}_{statistic}"] for statistic in ("mean", "mcse_mean"))
    assert f"digital gain is plausibly {format.gbp(mean, error)}" in ways["run"]


# ---------------------------------------------------------------- one record


def test_a_question_has_one_fingerprint_by_every_way_in(tmp_path: Path) -> None:
    choice = replace(start().set_all([40, 0, 60, 20, 0]), draws=200)
    paper = files._findings(choice, lambda done, total: None)
    scenario = tmp_path / "ours.toml"
    scenario.write_text(files.toml(choice), "utf-8")
    asked = ["--draws", "200"]
    out = ["--area", choice.unit_name, "--out", str(tmp_path / "paper.html")]
    assert run_here(["report", str(scenario), *asked, *out]) == 0
    assert run_here(["run", str(scenario), *asked, "--out", str(tmp_path / "run")]) == 0
    record = paper.result.record
    assert (tmp_path / "paper-manifest.json").read_bytes() == record
    assert (tmp_path / "run/manifest.json").read_bytes() == record
    assert verify(tmp_path / "paper-manifest.json", paper.result.fingerprint).mismatches == ()
    assert f"Fingerprint of the run: {paper.result.fingerprint}." in html.unescape(
        (tmp_path / "paper.html").read_text("utf-8")
    )
