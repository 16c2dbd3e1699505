"""Every screen as Streamlit runs it: it says what the package says of the same scenario."""

from __future__ import annotations

import ast
import io
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from app import jobs, limits
from app.choice import LEVERS, STARTING_PLANS, Choice, start
from app.components.blocks import plain
from app.guard import REFUSED
from app.link import from_query, to_query
from gainsmodel import (
    CoreError,
    Scenario,
    appraise,
    build_info,
    compare,
    delay_cost,
    format,
    gva_template,
    lever_costs,
    load_scenario,
    parse_scenario,
    read_gva,
    run_paired,
    sensitivity,
    take_up_cases,
    to_toml,
)
from gainsmodel.analysis.appraisal import area_and_uk
from gainsmodel.analysis.assumptions_log import GROUPS, assumptions
from gainsmodel.analysis.convergence import ratios_if_diverging
from gainsmodel.present import text
from gainsmodel.present.charts.theme import PALETTES
from gainsmodel.present.pages.shares import shares_table
from gainsmodel.present.pages.structures import between

ROOT = Path(__file__).parents[2]
APP = ROOT / "app"
SCREENS = ("our_share", "our_plan", "compare_plans", "drivers", "places", "assumptions", "about")
PLAN = {"leadership": "50", "inclusion": "40", "skills": "100"}
# Few futures; and an area that is not split into local authorities, which would take long.
UK = {"futures": "2000", "area": "United Kingdom"}
# A run of the suite beside others on a small machine; nothing waits so long.
LONG = 120.0

# Streamlit's simulation of a browser leaves its temporary folder to the garbage collector.
leaves_a_folder = pytest.mark.filterwarnings("ignore:Implicitly cleaning up:ResourceWarning")
pytestmark = leaves_a_folder


# Streamlit reads the metadata of every package installed, at every visit, for components of theirs.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)


def slow(*values: Any) -> Any:
    """Give a case beside others of its kind: in .ci/nightly."""
    return pytest.param(*values, marks=pytest.mark.slow)


FOLDED = (
    *("share", "prize"),
    *(f"{chart}_table" for chart in ("three_amounts", "fan", "tiles", "share_dots", "tornado")),
    *(f"{chart}_table" for chart in ("total_order", "sectors", "adoption", "local", "waterfall")),
    *(f"{chart}_table" for chart in ("levers", "difference", "frontier")),
)


class Visit:
    """A visitor, and what they see."""

    def __init__(self, query: dict[str, str] | None = None, screen: str = "our_share") -> None:
        self.at = AppTest.from_file(APP / "main.py", default_timeout=LONG)
        for name, value in (query or {}).items():
            self.at.query_params[name] = value
        self._run()
        if screen != "our_share":
            self.at.switch_page(f"screens/{screen}.py").run()
        self.settle()

    def go(self, screen: str) -> Visit:
        self.at.switch_page(f"screens/{screen}.py").run()
        return self.settle()

    def _run(self) -> None:
        # Everything that is folded away is open here.
        for key in FOLDED:
            self.at.session_state[key] = True
        self.at.run()

    def settle(self) -> Visit:
        """Wait for whatever runs behind the page, and show it, as the page does by itself."""
        for _ in range(6):
            for job in (behind := under_way()):
                assert job.wait(LONG)
            self._run()
            if not behind and not under_way():
                return self
        raise AssertionError("the page never settles")

    def press(self, label: str) -> Visit:
        (button,) = [button for button in self.at.button if button.label == label]
        button.click().run()
        return self.settle()

    @property
    def choice(self) -> Choice:
        chosen: Choice = self.at.session_state["choice"]
        return chosen

    @property
    def title(self) -> str:
        (title,) = self.at.title
        return unmarked(title.value)

    @property
    def texts(self) -> list[str]:
        parts = (self.at.title, self.at.header, self.at.markdown, self.at.info)
        parts = (*parts, self.at.warning, self.at.error)
        return [unmarked(element.value) for part in parts for element in part]

    @property
    def notices(self) -> list[str]:
        return [unmarked(info.value) for info in self.at.info]

    @property
    def errors(self) -> list[str]:
        return [unmarked(error.value) for error in self.at.error]

    def says(self, text: str) -> bool:
        return any(text in said for said in self.texts)

    def well(self) -> Visit:
        assert [error.message for error in self.at.exception] == []
        assert self.errors == []
        return self


def under_way() -> list[jobs.Job]:
    with jobs.QUEUE._lock:
        return [job for job, _ in jobs.QUEUE._jobs.values() if not job.ended]


def unmarked(text: str) -> str:
    """Give text as a reader sees it: markup that was made plain is plain again."""
    return re.sub(r"\\([\\`*_\[\]<>~$#|:])", r"\1", text)


@cache
def expected(choice: Choice) -> dict[str, Any]:
    """Run a choice with the public functions, and give what is said of it."""
    pair = with_plan, without = run_paired(
        choice.scenario,
        draws=choice.draws,
        seed=choice.seed,
        sampler=choice.sampler,
        **({"dataset": choice.data} if choice.data else {}),
    )
    about = text.about(with_plan, choice.unit)
    planned = bool(choice.scenario.plan)
    added = about.added(without) if planned else None
    costs = lever_costs(choice.scenario, choice.dataset)
    cost, price = text.cost_and_price(costs, choice.unit)
    return {
        "pair": pair,
        "result": with_plan,
        "without": without,
        "about": about,
        "added": added,
        "cost": cost,
        "headline": " ".join(text.headline(about, added)),
        "plan": text.plan_adds(about, added, cost, price) if added else text.NO_PLAN,
    }


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fewer futures for drivers, which are tested elsewhere; nothing is left running."""
    monkeypatch.setattr("app.components.sensitivity.sensitivity", partial(sensitivity, draws=500))
    # Streamlit puts the app in the place of the main module, which child processes import.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    yield
    for visitor, slot in list(jobs.QUEUE._claims):
        jobs.QUEUE.cancel(visitor, slot)


# ---------------------------------------------------------------- every screen


BANNED = (
    *("will deliver", "unlocks", "proves", "forecast", "up to £", "iteration"),
    *("credible interval", "posterior", "stochastic", "KPI", "nan", "None", "inf"),
)


@pytest.mark.parametrize(
    ("screen", "query"),
    [
        *((screen, UK | PLAN) for screen in SCREENS),
        ("our_plan", UK),
        *(slow(screen, UK) for screen in SCREENS if screen != "our_plan"),
    ],
    ids=lambda part: part if isinstance(part, str) else "plan" if "skills" in part else "no plan",
)
def test_every_screen_opens_and_speaks_plainly(screen: str, query: dict[str, str]) -> None:
    visit = Visit(query, screen).well()
    assert visit.title
    assert dict(visit.at.query_params) == to_query(visit.choice)
    # The caveat is one click away wherever the prize is named.
    assert visit.says(text.prize_note(load_scenario("reference")))
    if screen not in ("our_share", "about"):
        moved = "digital leadership 50%, digital inclusion 40%, digital skills 100%"
        plan = moved if "skills" in query else "no plan"
        assert visit.says(f"United Kingdom · £208bn a year by 2036 · {plan}")
    for words in visit.texts:
        assert not [word for word in BANNED if re.search(rf"\b{word}\b", words)], words


# ---------------------------------------------------------------- the answer


@pytest.mark.parametrize(
    "query",
    [
        {},
        PLAN,
        PLAN | {"basis": "cumulative", "futures": "2000"},
        {"area": "United Kingdom", "futures": "2000", "seed": "5"},
        {"area": "Wales", "skills": "35", "who": "mayoral_areas", "futures": "2000"},
        slow({"geography": "itl1", "area": "London", "skills": "100", "sampler": "random"}),
        {"area": "The 2017 six", "who": "mayors_2017", "skills": "100", "futures": "2000"},
        {"changes": '{"setting":{"horizon_years":5,"price_year":2023}}'},
        slow({"futures": "300", "skills": "5"}),
        slow({"futures": "3", "skills": "5"}),
        {"futures": "1", "skills": "5"},
    ],
    ids=lambda query: ", ".join(query) or "start",
)
def test_the_answer_is_what_the_package_says(query: dict[str, str]) -> None:
    visit = Visit(query).well()
    choice, notices = from_query(query)
    assert notices == []
    want = expected(choice)
    assert visit.title == want["headline"]
    about = want["about"]
    for sentence in (
        want["plan"],
        text.ranges(about),
        text.causes(about),
        text.against_gva(about),
        text.national(about),
    ):
        assert visit.says(sentence), sentence


def test_a_lever_changes_the_answer_undo_and_reset_do_what_they_say() -> None:
    visit = Visit()
    before = visit.title
    visit.at.slider(key="lever_skills").set_value(60).run()
    visit.settle().well()
    moved = expected(start().move("skills", intensity=0.6))
    assert visit.title == moved["headline"] != before
    assert visit.says(moved["plan"])
    assert not visit.says(text.NO_PLAN)
    visit.press("Reset").well()
    assert visit.title == before
    assert visit.at.slider(key="lever_skills").value == 0
    visit.press("Undo").well()
    assert visit.title == moved["headline"]
    assert visit.at.slider(key="lever_skills").value == 60
    visit.press("Undo").well()
    assert visit.title == before
    assert visit.choice == start()
    (undo,) = [button for button in visit.at.button if button.label == "Undo"]
    assert undo.disabled


def test_the_first_answer_to_a_lever_is_quick_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The long run is held back, so that the page is seen as it is meanwhile."""
    visit = Visit({"seed": "77"})
    held: list[Any] = []
    order = jobs.JobQueue.order

    def hold(self: jobs.JobQueue, key: Any, work: Any, **options: Any) -> jobs.Job:
        if options.get("lane") == "long":
            held.append(key)
            return jobs.Job()
        return order(self, key, work, **options)

    monkeypatch.setattr(jobs.JobQueue, "order", hold)
    visit.at.slider(key="lever_skills").set_value(60).run()
    visit.well()
    assert held
    assert visit.says("Quick estimate from 2,000 futures; refining to 10,000…")
    quick = from_query({"skills": "60", "seed": "77", "futures": "2000"})[0]
    assert visit.title == expected(quick)["headline"]


@pytest.mark.parametrize("name", [*list(STARTING_PLANS)[:2], *map(slow, list(STARTING_PLANS)[2:])])
def test_a_starting_plan_moves_the_levers(name: str) -> None:
    visit = Visit({"futures": "2000", "connectivity": "35"})
    visit.at.segmented_control(key="starting_plan").set_value(name).run()
    visit.settle().well()
    percents = dict(zip(LEVERS, STARTING_PLANS[name], strict=True))
    assert {lever: visit.at.slider(key=f"lever_{lever}").value for lever in LEVERS} == percents
    want = from_query({"futures": "2000"} | {k: str(v) for k, v in percents.items()})[0]
    assert visit.says(expected(want)["plan"])


def test_a_lever_shows_its_cost_and_its_evidence() -> None:
    visit = Visit({"futures": "2000"} | dict.fromkeys(LEVERS, "100")).well()
    costs = lever_costs(visit.choice.scenario, visit.choice.dataset)
    here = costs.filter(pl.col("area_code") == visit.choice.unit)
    for row in here.iter_rows(named=True):
        slider = visit.at.slider(key=f"lever_{row['lever']}")
        cost = format.cost(row["cost_gbp_m_per_year"])
        grade = ":orange-badge[:material/person: Judgement]"
        assert visit.says(f"Costs {cost} a year] {grade}")
        said = unmarked(slider.help)
        whole = (row[f"full_{kind}_gbp_m_per_year"] for kind in ("cost", "price"))
        assert f"In full it {text.costs(*whole)}." in said
        assert text.lever_effects(visit.choice.scenario, row["lever"]) in said
        assert text.JUDGEMENT in said
        assert ":" not in slider.label


@pytest.mark.parametrize(
    "screen", ["our_share", "our_plan", "drivers", slow("compare_plans"), slow("places")]
)
def test_the_reading_of_the_prize_changes_every_sentence(screen: str) -> None:
    visit = Visit(UK | PLAN)
    visit.at.segmented_control(key="basis").set_value("cumulative").run()
    visit.settle().well()
    if screen != "our_share":
        visit.go(screen).well()
    assert visit.says("over the ten years to 2036" if screen != "drivers" else "over ten years")
    # Targets and differences of plans are amounts a year on either reading, and say so.
    of_the_year = re.compile(
        r"The plan adds at least £100m a year by 2036|(more|less) than “|From gross to net, a year"
    )
    for words in visit.texts:
        if "a year by 20" in words:
            assert of_the_year.search(words), words


def test_another_area_changes_the_answer_and_takes_the_plan_along() -> None:
    visit = Visit({"skills": "60", "futures": "2000"})
    visit.at.selectbox(key="area").set_value("TLL").run()
    assert "Your plan now applies to Wales." in visit.notices
    visit.settle().well()
    want = from_query({"area": "Wales", "skills": "60", "futures": "2000"})[0]
    assert visit.choice == want
    assert visit.title == expected(want)["headline"]
    visit.press("Undo").well()
    assert visit.choice.unit_name == "Greater Manchester"


def test_the_state_survives_a_tour_of_all_screens() -> None:
    visit = Visit(UK | PLAN | {"seed": "3"})
    before, title = visit.choice, visit.title
    for screen in ("our_plan", "compare_plans", "places", "assumptions", "about", "our_share"):
        visit.go(screen).well()
        assert visit.choice == before
    assert visit.title == title


# ---------------------------------------------------------------- links


@pytest.mark.parametrize("screen", ["our_share", slow("our_plan"), slow("compare_plans")])
def test_a_link_that_asks_for_the_unknown_is_answered_in_words(screen: str) -> None:
    query = {"area": "Atlantis", "skills": "140", "seed": "x", "inclusion": "40", "v": "0.0.1"}
    visit = Visit()
    for name, value in query.items():
        visit.at.query_params[name] = value
    if screen == "our_share":
        visit.at.run()
    else:
        visit.at.switch_page(f"screens/{screen}.py").run()
    visit.settle().well()
    assert visit.notices == from_query(query)[1]
    assert len(visit.notices) == 4
    assert visit.choice == start().move("inclusion", intensity=0.4)


@pytest.mark.parametrize("futures", ["1999", "2000", "2001"])
def test_files_can_be_taken_along_as_soon_as_there_is_an_answer(futures: str) -> None:
    visit = Visit({"futures": "2000"})
    visit.at.query_params["futures"] = futures
    visit.at.query_params["seed"] = "4714"
    visit.at.run()
    if futures == "2001":
        visit.settle()
    visit.well()
    assert visit.says("Text to paste")


def test_a_link_undone_leads_back() -> None:
    visit = Visit({"futures": "2000"})
    visit.at.slider(key="lever_skills").set_value(60).run()
    visit.at.query_params["skills"] = "20"
    visit.at.run()
    visit.settle().well()
    assert visit.at.slider(key="lever_skills").value == 20
    visit.press("Undo")
    assert visit.at.slider(key="lever_skills").value == 60


# ---------------------------------------------------------------- saved plans, comparing


def save(visit: Visit, name: str) -> Visit:
    visit.at.text_input(key="plan_name").set_value(name).run()
    (button,) = [button for button in visit.at.button if button.label == "Save this plan"]
    button.click().run()
    return visit


def test_plans_are_saved_loaded_compared_and_deleted() -> None:
    visit = Visit({"skills": "60", "futures": "2000"})
    save(visit, "  Ours   first ").well()
    visit.at.slider(key="lever_skills").set_value(0).run()
    visit.at.slider(key="lever_leadership").set_value(100).run()
    visit.settle()
    save(visit, "Second").well()
    visit.at.button(key="load_Ours first").click().run()
    visit.settle().well()
    assert visit.at.slider(key="lever_skills").value == 60
    assert visit.at.slider(key="lever_leadership").value == 0

    visit.go("compare_plans").well()
    visit.at.selectbox(key="plan_a").set_value("Ours first").run()
    visit.at.selectbox(key="plan_b").set_value("Second").run()
    visit.settle().well()
    ours = expected(from_query({"skills": "60", "futures": "2000"})[0])
    second = expected(from_query({"leadership": "100", "futures": "2000"})[0])
    found = compare(ours["result"], second["result"], area=visit.choice.unit)
    assert visit.title == text.verdict(found, "Ours first", "Second")
    assert visit.says(text.compared(found, "Ours first", "Second"))
    assert visit.says(text.compared_error(found, "Ours first"))
    assert visit.says("Both plans use the same 2,000 random draws")
    (table,) = [table.value for table in visit.at.table if "Ours first" in table.value.index]
    assert list(table.index) == ["Ours first", "Second"]
    assert ours["added"].gbp in table.loc["Ours first"].tolist()
    assert ours["added"].gbp_range in table.loc["Ours first"].tolist()

    visit.go("our_share").at.button(key="delete_Second").click().run()
    assert "load_Second" not in [button.key for button in visit.at.button]
    visit.go("compare_plans").well()
    assert "Second" not in visit.at.selectbox(key="plan_a").options


def test_a_plan_saved_in_another_area_is_compared_where_the_page_says() -> None:
    query = {"skills": "100", "futures": "2000"}
    visit = save(Visit(query), "Ours")
    visit.at.selectbox(key="area").set_value("TLL").run()
    visit.settle().go("compare_plans")
    visit.at.selectbox(key="plan_a").set_value("Ours").run()
    visit.settle().well()
    assert visit.says("Wales · £208bn")
    of_manchester = expected(from_query(query)[0])["added"].gbp_range
    assert of_manchester not in visit.title or "Greater Manchester" in visit.title


def test_a_plan_without_a_name_and_one_too_many_are_refused() -> None:
    visit = Visit({"futures": "2000"})
    save(visit, "   ")
    assert visit.says("Give the plan a name first.")
    for number in range(12):
        save(visit, f"Plan {number}")
    save(visit, "Plan 11").well()
    assert not visit.at.warning
    save(visit, "One more")
    assert visit.says("12 plans are saved already; delete one first.")
    assert visit.choice == from_query({"futures": "2000"})[0]


def test_a_plan_compared_with_itself_is_the_same() -> None:
    visit = Visit(PLAN | {"futures": "2000"}, "compare_plans")
    visit.at.selectbox(key="plan_a").set_value("Skills first").run()
    visit.settle().well()
    visit.at.selectbox(key="plan_b").set_value("The plan on screen").run()
    visit.settle().well()
    assert (
        visit.title == "“Skills first” and “The plan on screen” are the same plan: nothing differs."
    )


def test_a_name_with_markup_is_shown_as_it_is() -> None:
    visit = Visit({"skills": "60", "futures": "2000"})
    name = "<b>x</b> **y** :red[z] $a$"
    save(visit, name).well()
    raw = [element.value for element in visit.at.markdown]
    assert "\\<b\\>x\\</b\\> \\*\\*y\\*\\* \\:red\\[z\\] \\$a\\$" in raw
    visit.go("compare_plans")
    visit.at.selectbox(key="plan_a").set_value(name).run()
    visit.settle().well()
    assert f"“{name}”" in visit.title
    assert "\\<b\\>" in visit.at.title[0].value


# ---------------------------------------------------------------- our plan


def test_the_plan_says_what_it_adds_costs_and_whether_it_pays_back() -> None:
    query = PLAN | {"futures": "2000"}
    visit = Visit(query, "our_plan").well()
    pair, unit = expected(from_query(query)[0])["pair"], visit.choice.unit

    def worth(target_gbp_m: float) -> dict[str, Any]:
        return area_and_uk(appraise(pair, target_gbp_m=target_gbp_m), unit)[0]

    uk, cases = area_and_uk(appraise(pair), unit)[1], take_up_cases(pair, unit)
    adds, *others = text.plan_in_short(pair, worth(100.0), uk=uk, cases=cases)
    assert visit.title == adds
    assert visit.says(" ".join(others))
    assert text.JUDGEMENT in others
    assert visit.says(text.reaches_target(worth(100.0)["p_target"], 100.0, 2036, 2_000))
    later = delay_cost(visit.choice.scenario, unit, years=1.0, draws=2_000, seed=1)
    assert visit.says(text.waiting_costs(later))

    visit.at.number_input(key="target_box").set_value(250.0).run()
    visit.settle().well()
    assert visit.says(text.reaches_target(worth(250.0)["p_target"], 250.0, 2036, 2_000))
    visit.go("about").go("our_plan")
    assert visit.at.number_input(key="target_box").value == 250.0


def test_a_plan_of_nothing_says_so() -> None:
    visit = Visit({"futures": "2000"}, "our_plan").well()
    assert visit.title == "This plan adds nothing yet."
    assert visit.says(text.NO_PLAN)


def test_start_and_ramp_of_a_lever_change_the_plan() -> None:
    visit = Visit({"skills": "60", "futures": "2000"}, "our_plan")
    visit.at.number_input(key="start_skills").set_value(3.0).run()
    visit.at.number_input(key="ramp_skills").set_value(1.5).run()
    visit.settle().well()
    assert visit.choice.planned("skills") == (0.6, 3.0, 1.5)
    want = from_query({"skills": "60", "skills_when": "3,1.5", "futures": "2000"})[0]
    assert visit.choice == want
    assert visit.title == expected(want)["plan"]


def test_others_may_act_too() -> None:
    visit = Visit({"skills": "60", "futures": "2000"}, "our_plan")
    visit.at.segmented_control(key="who").set_value("mayors_2017").run()
    visit.settle().well()
    assert visit.choice == from_query({"skills": "60", "who": "mayors_2017", "futures": "2000"})[0]
    assert visit.says("digital skills 60% by the 2017 six")
    visit.press("Undo").well()
    assert visit.choice.who == "area"


# ---------------------------------------------------------------- drivers, places


def test_what_the_plan_adds_has_no_drivers_without_a_plan() -> None:
    visit = Visit({"futures": "2000"}, "about")
    visit.at.session_state["driver_question"] = "plan"
    visit.at.switch_page("screens/drivers.py").run()
    visit.well()
    assert visit.says("Every lever is at zero")


def test_drivers_speak_without_percentiles() -> None:
    assert not Visit(UK | PLAN, "drivers").well().says("percentile")


def test_drivers_end_with_caveats_and_both_charts() -> None:
    visit = Visit(UK | PLAN, "drivers").well()
    assert visit.says("The caveats that matter most")
    assert {"One assumption at a time", "All at once"} <= {
        heading.value for heading in visit.at.header
    }


def test_all_areas_are_those_that_the_command_line_prints() -> None:
    visit = Visit(UK, "places").well()
    want = shares_table(expected(from_query(UK)[0])["result"])
    (table,) = [t.value.reset_index() for t in visit.at.table if len(t.value) == 24]
    headings = [heading.strip("\u200b").strip() for heading in table.columns]
    assert headings == [plain(heading) for heading in want.headings]
    assert table.to_numpy().tolist() == [[*map(plain, row)] for row in want.rows]


def test_tables_are_real_ones_that_a_screen_reader_is_told_of_whole() -> None:
    for query, screen in ((PLAN, "our_share"), (PLAN, "our_plan"), (UK, "places")):
        visit = Visit(query | {"futures": "2000"}, screen).well()
        assert len(visit.at.table) > 0
        assert len(visit.at.dataframe) == 0


def test_pages_that_compare_areas_say_whether_they_converge() -> None:
    want = expected(from_query(UK)[0])
    assert Visit(UK).well().says(text.pattern(want["result"]))
    query = {"futures": "2000", "area": "Greater London"}
    visit = Visit(query, "places").well()
    want = expected(from_query(query)[0])
    ratio = ratios_if_diverging(want["result"])[want["about"].unit]
    assert visit.says(text.pattern(want["result"]))
    assert visit.says(text.if_diverging(want["about"], ratio))


STRUCTURES = b"""
extends = "reference"

[[structure_axis]]
name = "Size of effects"

[[structure_axis.choice]]
name = "small"
weight = 0.5
overrides = { "parameters.productivity_effect.value" = 0.01 }

[[structure_axis.choice]]
name = "large"
weight = 0.5
overrides = { "parameters.productivity_effect.value" = 0.05 }
"""


def test_structures_of_a_scenario_stand_among_what_drives_it() -> None:
    visit = Visit({"futures": "2000"}, "assumptions")
    visit.at.file_uploader(key="scenario_file").set_value(("ours.toml", STRUCTURES, "")).run()
    visit.settle().go("drivers").well()
    choice = visit.choice
    asked = (choice.scenario, "gain_final_year_gbp_m", choice.unit)
    shown = sensitivity(*asked, seed=choice.seed, draws=500).by_structure
    assert shown is not None
    assert visit.says(between(shown))
    tables = [table.value for table in visit.at.table]
    (table,) = [table for table in tables if "Weight" in table.columns]
    assert table["Structure"].to_list() == ["small", "large"]


def test_an_area_shows_its_local_authorities_or_says_why_not() -> None:
    visit = Visit({"futures": "2000", "area": "Tees Valley"}, "places").well()
    assert visit.says("2,000 futures of a model in which the local authorities are the areas")
    visit = Visit(UK, "places").well()
    assert visit.says("Local figures are not published for this area.")


def test_an_area_of_2026_shows_who_gains_within_it() -> None:
    query = {"futures": "2000", "geography": "mayoral_2026", "area": "Cumbria", "skills": "100"}
    visit = Visit(query, "places").well()
    assert visit.says("Ranges of single local authorities are probably too narrow")
    assert visit.says(text.UNOFFICIAL)
    named = {str(name) for table in visit.at.table for name in table.value.index}
    assert {"Cumberland", "Westmorland and Furness"} <= named
    assert visit.go("our_share").well().says("is unofficial")


def test_single_authorities_have_their_warning_on_screen() -> None:
    visit = Visit({"futures": "100", "geography": "local_authority"}).well()
    assert visit.says(text.LOCAL_BANDS)
    assert visit.go("places").well().says(text.LOCAL_BANDS)


def test_assumptions_tell_how_old_the_figures_are() -> None:
    visit = Visit(screen="assumptions").well()
    assert visit.says("Built-in output by area and sector is of 2023")


# ---------------------------------------------------------------- assumptions


def opened(visit: Visit, key: str, answers: dict[str, float]) -> Any:
    """Open a figure's form, fill it in and give its button."""
    visit.at.button(key=f"edit_{key}").click().run()
    for name, value in answers.items():
        visit.at.number_input(key=f"{key}_{name}").set_value(value)
    (button,) = [button for button in visit.at.button if button.label == "Use it"]
    return button


INITIAL = "parameters.initial_adoption.by_technology.cloud"


def test_an_assumption_is_changed_marked_and_restored() -> None:
    visit = Visit({"futures": "2000"}, "assumptions")
    opened(visit, INITIAL, {"p05": 0.3, "median": 0.4, "p95": 0.5}).click().run()
    visit.settle().well()
    changed = start().edit(
        {f"{INITIAL}.distribution": {"kind": "logitnormal", "p05": 0.3, "median": 0.4, "p95": 0.5}}
    )
    assert visit.choice.scenario == changed.scenario
    (row,) = [
        text for text in visit.texts if text.startswith("**Adoption at the start: Cloud services")
    ]
    assert "0.4 (9 in 10: 0.3 to 0.5)" in row
    assert "Changed" in row
    assert "Judgement" in row
    assert "reference: 0.69" in row
    assert visit.says("· assumptions changed")
    visit.go("our_share").well()
    assert visit.title == expected(replace(changed, draws=2_000))["headline"]
    visit.go("assumptions").at.button(key=f"restore_{INITIAL}").click().run()
    visit.settle().well()
    assert visit.choice == from_query({"futures": "2000"})[0]
    visit.press("Undo").well()
    assert visit.choice.scenario == changed.scenario
    visit.press("Restore all").well()
    assert visit.choice == from_query({"futures": "2000"})[0]


def test_restore_all_leaves_the_plan() -> None:
    changes = '{"parameters":{"displacement":{"enabled":false}},"setting":{"horizon_years":5}}'
    query = {"skills": "60", "futures": "2000", "changes": changes}
    visit = Visit(query, "assumptions").press("Restore all").well()
    assert visit.choice == from_query({"skills": "60", "futures": "2000"})[0]


@pytest.mark.parametrize(
    ("key", "answers", "changes"),
    [
        ("parameters.zero_correlation", {"value": 0.2}, None),
        ("parameters.fixed_cost_share", {"value": 0.3}, None),
        (
            "parameters.optimism_bias",
            {"low": 0.0, "mode": 0.2, "high": 0.5},
            {"distribution": {"kind": "pert", "low": 0.0, "mode": 0.2, "high": 0.5}},
        ),
        ("levers.skills.fade_years", {"value": 2.0}, {}),
        ("levers.skills.duration_years", {"value": 4.0}, {}),
        ("levers.skills.effects.ceiling.distribution.p_zero", {"value": 0.3}, {}),
    ],
)
def test_what_programmes_may_fail_by_can_be_changed_and_restored(
    key: str, answers: dict[str, float], changes: dict[str, Any] | None
) -> None:
    visit = Visit({"futures": "2000"}, "assumptions")
    visit.at.segmented_control(key="assumptions_group").set_value("Levers").run()
    opened(visit, key, answers).click().run()
    visit.settle().well()
    by_hand = {f"{key}.{name}": value for name, value in (changes or answers).items()}
    if changes == {}:
        by_hand = {key: answers["value"]}
    assert visit.choice.scenario == start().edit(by_hand).scenario
    assert visit.choice.scenario != start().scenario
    visit.at.button(key=f"restore_{key}").click().run()
    visit.settle().well()
    restored = visit.choice.scenario.to_dict()
    assert restored["levers"]["skills"] == start().scenario.to_dict()["levers"]["skills"]
    assert restored["parameters"] == start().scenario.to_dict()["parameters"]


def test_an_impossible_figure_is_refused_in_words_and_nothing_changes() -> None:
    visit = Visit({"futures": "2000"}, "assumptions")
    opened(visit, INITIAL, {"p05": 0.5, "median": 0.4, "p95": 0.3}).click().run()
    assert len(visit.errors) == 1
    assert "Adoption at the start: Cloud services stays as it was." in visit.errors[0]
    assert "p05" in visit.errors[0]
    assert visit.choice == from_query({"futures": "2000"})[0]
    assert not visit.at.exception


def test_assumptions_are_filtered_and_searched() -> None:
    visit = Visit({"futures": "2000"}, "assumptions")
    visit.at.text_input(key="assumptions_search").set_value("green book").run()
    visit.well()
    assert visit.says("Discount rate from year 0")
    assert not visit.says("Adoption at the start")
    visit.at.text_input(key="assumptions_search").set_value("no such thing").run()
    assert visit.says("None.")
    visit.at.text_input(key="assumptions_search").set_value("").run()
    visit.at.segmented_control(key="assumptions_only").set_value("Changed").run()
    visit.well()
    assert visit.says("None.")


@pytest.mark.parametrize(
    "group", [*GROUPS[:2], "Levers", *(slow(g) for g in GROUPS[2:] if g != "Levers")]
)
def test_a_figure_of_every_kind_can_be_opened(group: str) -> None:
    visit = Visit(UK, "assumptions")
    visit.at.segmented_control(key="assumptions_group").set_value(group).run()
    visit.well()
    figures = assumptions(visit.choice.scenario).filter(pl.col("group") == group)
    assert figures.height
    for key in figures.unique("kind", keep="first", maintain_order=True)["key"]:
        button = visit.at.button(key=f"edit_{key}")
        if button.disabled:
            assert "rates" in key
            continue
        button.click().run()
        visit.well()
        assert [form for form in visit.at.button if form.label == "Use it"], key


@pytest.mark.parametrize(
    ("key", "value", "change"),
    [
        slow("horizon", 5, {"setting.horizon_years": 5}),
        ("curve", "gompertz", {"setting.curve": "gompertz"}),
        slow("prices", 2023, {"setting.price_year": 2023}),
        ("geography", "itl1", {"setting.geography": "itl1"}),
    ],
)
def test_the_structure_can_be_changed(key: str, value: Any, change: dict[str, Any]) -> None:
    visit = Visit({"futures": "2000"}, "assumptions")
    box = visit.at.number_input if key == "horizon" else visit.at.selectbox
    box(key=key).set_value(value).run()
    visit.settle().well()
    assert visit.choice.scenario == start().edit(change).scenario
    visit.go("our_share").well()
    assert visit.title == expected(visit.choice)["headline"]


@pytest.mark.parametrize(
    ("key", "value"), [slow("draws", 10_000), ("seed", 12), ("sampler", "sobol_full")]
)
def test_how_a_scenario_is_run_can_be_changed(key: str, value: Any) -> None:
    visit = Visit({"futures": "2000"}, "assumptions")
    box = visit.at.number_input if key == "seed" else visit.at.selectbox
    box(key=key).set_value(value).run()
    visit.settle().well()
    assert getattr(visit.choice, key) == value
    visit.go("our_share").well()
    assert visit.title == expected(visit.choice)["headline"]


# ---------------------------------------------------------------- files


def give(visit: Visit, key: str, name: str, content: bytes) -> Visit:
    visit.at.file_uploader(key=key).set_value((name, content, "application/octet-stream")).run()
    return visit.settle()


UPLOAD = b"""
extends = "reference"
title = "<img src=x onerror=alert(1)> **bold** [x](javascript:alert(1))"
question = "What?"
[plan."Wales"]
skills = 0.5
"""


def test_a_scenario_file_is_taken_and_its_title_is_plain_text() -> None:
    visit = Visit({"futures": "2000"}, "assumptions")
    visit.at.file_uploader(key="scenario_file").set_value(("ours.toml", UPLOAD, "")).run()
    raw = [info.value for info in visit.at.info]
    assert any("\\<img" in text and "\\[x\\](javascript" in text for text in raw), raw
    visit.settle().well()
    assert visit.choice.unit_name == "Wales"
    assert visit.choice.planned("skills")[0] == 0.5
    assert visit.choice.scenario == parse_scenario(UPLOAD, "ours.toml")
    # Taken once: a change afterwards is not undone by the file that still lies there.
    visit.go("our_share").at.slider(key="lever_skills").set_value(75).run()
    visit.go("assumptions").well()
    assert visit.choice.planned("skills")[0] == 0.75


@pytest.mark.parametrize(
    ("content", "named"),
    [
        slow(b"", "extends"),
        (b"title = ", "line 1"),
        (b'extends = "reference"\n[plan."Wales"]\nskills = 1.4\n', "1.4"),
        slow(b'extends = "reference"\n[plan."Atlantis"]\nskills = 1.0\n', "Atlantis"),
        (b'extends = "../../etc/passwd"\n', "extends"),
        slow("title = “ours”".encode("cp1252"), "UTF-8"),
        (b"\x00\x01", "ours.toml"),
        (b'extends = "reference"\n' + b"#" * 2_000_000, "1,000,000"),
    ],
    ids=["empty", "broken", "1.4", "Atlantis", "path", "encoding", "binary", "large"],
)
def test_a_bad_scenario_file_is_refused_in_words_and_nothing_is_lost(
    content: bytes, named: str
) -> None:
    visit = Visit({"skills": "60", "futures": "2000"}, "assumptions")
    before = visit.choice
    give(visit, "scenario_file", "ours.toml", content)
    assert len(visit.errors) == 1
    assert "We could not use ours.toml. Nothing has changed." in visit.errors[0]
    assert named in visit.errors[0]
    assert "Traceback" not in visit.errors[0]
    assert visit.choice == before
    assert not visit.at.exception


def test_figures_in_euros_are_refused_until_a_rate_and_its_source_are_given() -> None:
    visit = Visit({"futures": "2000"}, "assumptions")
    table = pl.read_csv(io.BytesIO(gva_template("mayoral", "csv", filled=True)))
    euros = b"GVA at current prices of 2023 in EUR million\n" + table.write_csv().encode()
    give(visit, "figures_file", "gva.csv", euros)
    assert visit.says("another currency")
    visit.at.checkbox(key="figures_not_gbp").check().run()
    visit.at.text_input(key="figures_currency").set_value("EUR")
    visit.at.number_input(key="figures_rate").set_value(0.8698)
    visit.at.text_input(key="figures_rate_source").set_value("ECB, average of 2023").run()
    visit.settle().press("Use these figures").well()
    own = visit.choice.data
    assert own is not None
    assert own.gva_gbp_m.sum() / start().dataset.gva_gbp_m.sum() == pytest.approx(0.8698)
    assert "ECB, average of 2023" in " ".join(own.notes)


def test_own_figures_are_looked_at_used_and_given_up() -> None:
    visit = Visit({"futures": "2000"}, "assumptions")
    table = pl.read_csv(io.BytesIO(gva_template("mayoral", "csv", filled=True)))
    doubled = table.with_columns(pl.col(pl.Float64) * 2)
    give(visit, "figures_file", "gva.csv", doubled.write_csv().encode()).well()
    assert visit.says("What was read")
    assert visit.choice.data is None
    visit.press("Use these figures").well()
    own = visit.choice.data
    assert own is not None
    assert abs(own.gva_gbp_m.sum() / start().dataset.gva_gbp_m.sum() - 2) < 1e-9
    visit.go("our_share").well()
    assert visit.title == expected(visit.choice)["headline"]
    assert visit.title != expected(from_query({"futures": "2000"})[0])["headline"]
    assert visit.says("Your own figures are not in the link")
    visit.go("assumptions").press("Use the built-in figures instead").well()
    assert visit.choice.data is None


@pytest.mark.parametrize(
    "name", ["gva.csv", "gva.xlsx", "gva.parquet"], ids=lambda name: name.rpartition(".")[2]
)
def test_a_bad_table_is_refused_in_words_and_nothing_is_lost(name: str) -> None:
    visit = Visit({"skills": "60", "futures": "2000"}, "assumptions")
    before = visit.choice
    give(visit, "figures_file", name, b"\xff\xfe\x00 not a table")
    assert len(visit.errors) == 1
    assert f"We could not use {name}. Nothing has changed." in visit.errors[0]
    assert visit.choice == before
    assert not visit.at.exception


def far_apart() -> bytes:
    """Give a small workbook whose two cells are as far apart as they can be."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, 1)
        sheet.write(1_048_575, 16_383, 1)
    return out.getvalue()


def test_a_bomb_is_refused_in_words_and_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def noted(*args: Any, **options: Any) -> Any:
        read.append(options["name"])
        return read_gva(*args, **options)

    monkeypatch.setattr("app.components.files.read_gva", noted)
    visit = Visit({"skills": "60", "futures": "2000"}, "assumptions")
    before = visit.choice
    give(visit, "figures_file", "far.xlsx", far_apart())
    assert len(visit.errors) == 1
    assert "We could not use far.xlsx. Nothing has changed." in visit.errors[0]
    assert visit.choice == before
    visit.at.run()
    assert len(visit.errors) == 1
    assert read == ["far.xlsx"]
    # Others are answered all the while.
    assert Visit({"skills": "45", "futures": "2000"}).well().says("This plan adds")


@pytest.mark.parametrize(
    ("key", "name"), [("figures_file", "gva.xlsx"), ("scenario_file", "ours.toml")]
)
def test_a_file_that_there_was_no_room_for_is_told_in_words(key: str, name: str) -> None:
    visit = Visit({"skills": "60", "futures": "2000"}, "assumptions")
    before = visit.choice
    visit.at.file_uploader(key=key).set_value((name, b"", REFUSED)).run()
    assert any("a visit may upload 200 files of 60 MB together" in said for said in visit.errors)
    assert visit.choice == before


@pytest.mark.parametrize("screen", ["our_share", "our_plan", "compare_plans", "drivers", "places"])
def test_a_full_server_says_so_in_words_and_keeps_the_plan(
    screen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = Visit({"futures": "2000", "seed": "12"}, "about")
    monkeypatch.setattr(limits, "RESULTS_BYTES", 1)
    visit.at.query_params["skills"] = "65"
    visit.at.switch_page(f"screens/{screen}.py").run()
    assert any("so many visitors are working here" in said for said in visit.errors)
    assert not any("GM-" in said for said in visit.errors)
    assert not visit.at.exception
    monkeypatch.undo()
    visit.settle().well()
    assert visit.choice.planned("skills")[0] == 0.65


# ---------------------------------------------------------------- when something goes wrong


@pytest.mark.parametrize(
    "screen", ["our_share", "compare_plans", "about", slow("our_plan"), slow("places")]
)
def test_a_fault_of_ours_shows_a_code_and_keeps_the_plan(
    screen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(jobs, "_pair", fail)
    query = {"skills": "60", "seed": "4711", "futures": "2000"}
    visit = Visit({"seed": "4711", "futures": "2000"}, "assumptions")
    visit.at.query_params["skills"] = "60"
    visit.at.switch_page(f"screens/{screen}.py").run()
    (said,) = visit.errors
    assert re.search(r"Something went wrong on our side \(code GM-[0-9a-f]{4}\)", said)
    assert not visit.says("secret detail")
    assert not visit.at.exception
    assert visit.choice == from_query(query)[0]
    assert visit.at.query_params["skills"] in ("60", ["60"])


@pytest.mark.parametrize("screen", ["our_share", "compare_plans", slow("our_plan"), slow("places")])
def test_a_scenario_that_cannot_be_run_is_said_in_words(
    screen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise CoreError("the core failed <b>here</b>")

    monkeypatch.setattr(jobs, "_pair", fail)
    visit = Visit({"seed": "4712", "futures": "2000"}, "assumptions")
    visit.at.switch_page(f"screens/{screen}.py").run()
    assert any("the core failed <b>here</b>" in said for said in visit.errors)
    assert not visit.at.exception


@pytest.mark.parametrize(
    ("screen", "skills"),
    [
        ("our_share", "60"),
        slow("our_plan", "60"),
        ("compare_plans", "60"),
        slow("places", "60"),
        ("about", "0"),
        slow("about", "60"),
        *(slow(screen, "0") for screen in ("our_share", "our_plan", "compare_plans", "places")),
    ],
)
def test_a_run_too_long_to_keep_its_futures_is_no_fault(
    screen: str, skills: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gainsmodel.simulation.run.DRAWS_IN_MEMORY_BYTES", 1)
    visit = Visit(UK | {"seed": "4713"}, "assumptions")
    visit.at.query_params["skills"] = skills
    visit.at.switch_page(f"screens/{screen}.py").run()
    visit.settle()
    assert not any("GM-" in said for said in visit.errors)
    assert not visit.at.exception
    if skills == "60" and screen != "about":
        assert any("run fewer draws at once" in said for said in visit.errors)


def test_visitors_do_not_see_each_other() -> None:
    ours, theirs = Visit({"futures": "2000"}), Visit({"futures": "2000", "area": "Wales"})
    ours.at.slider(key="lever_skills").set_value(60).run()
    theirs.at.slider(key="lever_leadership").set_value(40).run()
    save(ours, "Ours")
    ours.settle().well()
    theirs.settle().well()
    for visit, query in (
        (ours, {"skills": "60", "futures": "2000"}),
        (theirs, {"area": "Wales", "leadership": "40", "futures": "2000"}),
    ):
        assert visit.choice == from_query(query)[0]
        assert visit.title == expected(visit.choice)["headline"]
    assert "load_Ours" not in [button.key for button in theirs.at.button]


# ---------------------------------------------------------------- how the app is built


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize(
    "path", sorted(APP.rglob("*.py")), ids=lambda path: str(path.relative_to(APP))
)
def test_the_app_computes_nothing_and_comes_in_by_the_front_door(path: Path) -> None:
    for name in imported(path):
        top, *rest = name.split(".")
        assert top not in ("numpy", "scipy", "math", "statistics", "pandas"), name
        if top == "gainsmodel":
            assert not any(part.startswith("_") for part in rest), name
            assert rest[0] not in ("cli", "engine", "result", "tables", "manifest"), name
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert not (node.value.id == "gainsmodel" and node.attr.startswith("_")), node.attr


def test_the_app_is_coloured_as_the_charts_are() -> None:
    theme = tomllib.loads((APP / ".streamlit/config.toml").read_text("utf-8"))["theme"]
    for name, colours in PALETTES.items():
        said = theme[name]
        assert said["backgroundColor"] == colours.background
        assert said["textColor"] == colours.text
        assert said["borderColor"] == colours.border
        assert said["chartCategoricalColors"] == [colours.prize, colours.gain, colours.plan]


@pytest.mark.parametrize("screen", sorted((APP / "screens").glob("*.py")), ids=lambda p: p.stem)
def test_a_screen_that_shows_the_quick_answer_goes_on_to_the_whole_one(screen: Path) -> None:
    words = screen.read_text("utf-8")
    assert ("answer.current(" in words) == ("answer.refine(" in words)


def test_about_names_version_and_licence() -> None:
    visit = Visit({"futures": "2000"}, "about").well()
    assert visit.says(f"gainsmodel {build_info()['version']}, MIT licence")
    assert visit.says("Open Government Licence v3.0")


def test_a_complete_scenario_of_its_own_can_be_shown() -> None:
    """One that extends nothing and lacks a lever and a technology of the reference."""
    whole = load_scenario("reference").to_dict()
    del whole["levers"]["connectivity"]
    scenario = Scenario.from_dict(whole)
    visit = Visit(UK, "assumptions")
    give(visit, "scenario_file", "ours.toml", to_toml(scenario).encode()).well()
    assert visit.choice.scenario == scenario
    for screen in ("our_plan", "compare_plans", "places", "about", "our_share"):
        visit.go(screen).well()
    assert visit.choice.scenario == scenario
    assert visit.says("A link cannot hold all of your changed assumptions")
