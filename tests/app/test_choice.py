"""What a visitor has chosen, as a value: levers, areas, and what an address holds of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from app.choice import (
    BASES,
    DRAWS,
    LEVERS,
    SAMPLERS,
    STARTING_PLANS,
    WHO,
    Choice,
    start,
)
from app.link import LONGEST_CHANGES, MOST_DRAWS, from_query, to_query, too_long
from gainsmodel import (
    Dataset,
    GainsModelError,
    Scenario,
    ScenarioError,
    aggregate,
    build_info,
    gva_template,
    load_dataset,
    load_scenario,
    parse_scenario,
    read_gva,
)
from gainsmodel.data import GEOGRAPHIES

HOME = "E47000001"
WALES = "TLL"
EVERY_GROUP = {group for g in GEOGRAPHIES for group in load_dataset(g).groups}


def through_an_address(choice: Choice) -> tuple[Choice, list[str]]:
    return from_query(dict(parse_qsl(urlencode(to_query(choice)), keep_blank_values=True)))


def intensities(choice: Choice) -> dict[str, float]:
    return {lever: choice.planned(lever)[0] for lever in LEVERS}


def plan(choice: Choice) -> dict[str, Any]:
    whole: dict[str, Any] = choice.scenario.to_dict().get("plan", {})
    return whole


# ---------------------------------------------------------------- what an address holds

YEARS = st.integers(0, 160).map(lambda quarters: quarters / 4)
PERCENTS = st.integers(0, 20).map(lambda steps: steps * 5 / 100)
EDITS: dict[str, st.SearchStrategy[Any]] = {
    "setting.horizon_years": st.integers(1, 40),
    "setting.curve": st.sampled_from(["bass", "logistic", "gompertz"]),
    "setting.price_year": st.sampled_from([2020, 2023, 2025]),
    "prize.value": st.floats(1, 1_000, allow_subnormal=False),
    "title": st.sampled_from(["Ours", "Geld & “Sätze”, 100% <b>", "a=b&c=d #5 + ?"]),
    "parameters.displacement.enabled": st.booleans(),
    "parameters.spillover_share.value": st.floats(0.001, 0.9, allow_subnormal=False),
}


@st.composite
def choices(draw: st.DrawFn) -> Choice:
    """Give whatever clicks in the app lead to, and plans in other areas that files bring."""
    choice = start()
    geography = draw(st.sampled_from(GEOGRAPHIES))
    if geography != choice.scenario.setting.geography:
        choice = choice.edit({"setting.geography": geography})
    choice = choice.show(draw(st.sampled_from(list(choice.dataset.units))))
    basis = draw(st.sampled_from(list(BASES)))
    choice = choice.edit({"prize.basis": basis})
    for key in draw(st.lists(st.sampled_from(sorted(EDITS)), max_size=3, unique=True)):
        choice = choice.edit({key: draw(EDITS[key])})
    groups = ["area", *(group for group in WHO if group in choice.dataset.groups)]
    choice = choice.let_act(draw(st.sampled_from(groups)))
    others = [
        name for code, name in choice.dataset.units.items() if code not in (choice.unit, choice.who)
    ]
    for area in draw(st.lists(st.sampled_from(others), max_size=2, unique=True)):
        scenario = choice.scenario.edit({"plan": {area: {draw(st.sampled_from(LEVERS)): 0.3}}})
        choice = replace(choice, scenario=scenario)
    for lever in draw(st.lists(st.sampled_from(LEVERS), unique=True)):
        choice = choice.move(
            lever,
            intensity=draw(PERCENTS),
            start=draw(st.none() | YEARS),
            ramp=draw(st.none() | YEARS),
        )
    return replace(
        choice,
        draws=draw(st.sampled_from(DRAWS) | st.integers(1, MOST_DRAWS)),
        seed=draw(st.integers(0, 2**64 - 1)),
        sampler=draw(st.sampled_from(list(SAMPLERS))),
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(choices())
def test_an_address_gives_back_the_choice_that_wrote_it(choice: Choice) -> None:
    back, notices = through_an_address(choice)
    assert notices == []
    assert back == choice
    assert to_query(back) == to_query(choice)


@pytest.mark.parametrize("intensity", [1 / 3, 0.07, 0.123456789, 1e-7, 0.29])
def test_an_address_holds_an_intensity_to_the_last_digit(intensity: float) -> None:
    choice = start().move("skills", intensity=intensity, start=1 / 3, ramp=2 / 3)
    back, notices = through_an_address(choice)
    assert notices == []
    assert back.planned("skills") == choice.planned("skills")


@pytest.mark.parametrize("intensity", [0.0, 0.05, 0.35, 0.55, 1.0])
def test_an_address_is_read_by_people(intensity: float) -> None:
    text = to_query(start().move("skills", intensity=intensity))["skills"]
    assert text == str(round(intensity * 100))


def test_an_address_states_every_value_and_the_version() -> None:
    query = to_query(start())
    assert query == {
        "area": "Greater Manchester",
        "basis": "final_year",
        "geography": "mayoral",
        "who": "area",
        **dict.fromkeys(LEVERS, "0"),
        "futures": "10000",
        "seed": "1",
        "sampler": "sobol",
        "v": build_info()["version"],
    }


def test_an_empty_address_is_the_start() -> None:
    assert from_query({}) == (start(), [])


def test_plans_elsewhere_survive_an_address() -> None:
    scenario = load_scenario("reference").edit(
        {"plan": {"Wales": {"leadership": 0.3}, "Greater Manchester": {"skills": 0.5}}}
    )
    choice = replace(start(), scenario=scenario, unit=HOME)
    assert choice.elsewhere() == ("Wales",)
    back, notices = through_an_address(choice)
    assert notices == []
    assert plan(back) == {"Wales": {"leadership": 0.3}, "Greater Manchester": {"skills": 0.5}}


def test_changed_assumptions_survive_an_address() -> None:
    choice = start().edit({"parameters.spillover_share.value": 0.25, "prize.value": 150.0})
    assert set(json.loads(to_query(choice)["changes"])) == {"parameters", "prize"}
    assert through_an_address(choice) == (choice, [])


def test_more_changes_than_an_address_takes_are_left_out_and_that_is_known() -> None:
    choice = start().edit({"title": "Ours", "question": "€" * 1_000})
    ratios = {code: 1.0 + number / 7 for number, code in enumerate(choice.dataset.sectors)}
    choice = choice.edit(
        {f"parameters.sector_odds_ratio.by_technology.{t}.values": ratios for t in ("ai", "cloud")}
        | {f"parameters.{name}.note": "€" * 900 for name in ("lag_years", "uplift_cap", "ceiling")}
    )
    assert len(json.dumps(choice.changed(), ensure_ascii=False)) > LONGEST_CHANGES
    assert too_long(choice)
    assert "changes" not in to_query(choice)
    assert not too_long(start())


def test_what_the_scenario_leaves_out_cannot_be_told_and_that_is_known() -> None:
    whole = load_scenario("reference").to_dict()
    del whole["levers"]["connectivity"]
    choice = replace(start(), scenario=Scenario.from_dict(whole))
    assert too_long(choice)
    assert not {"changes", "connectivity"} & set(to_query(choice))


def test_own_figures_are_in_no_address() -> None:
    own = read_gva(gva_template("mayoral", "csv", filled=True), "mayoral", name="ours.csv")
    choice = replace(start(), data=own)
    back, notices = through_an_address(choice)
    assert (back, notices) == (replace(choice, data=None), [])


# ---------------------------------------------------------------- bad addresses

BAD: dict[str, tuple[dict[str, str], str]] = {
    "unknown area": ({"area": "Atlantis"}, "Atlantis"),
    "area of another geography": ({"area": "North West"}, "North West"),
    "reading": ({"basis": "weekly"}, "weekly"),
    "geography": ({"geography": "counties"}, "counties"),
    "who": ({"who": "everybody"}, "everybody"),
    "sampler": ({"sampler": "dice"}, "dice"),
    "above 100": ({"skills": "140"}, "140"),
    "below 0": ({"skills": "-5"}, "-5"),
    "no number": ({"skills": "lots"}, "lots"),
    "nan": ({"skills": "nan"}, "nan"),
    "infinite": ({"skills": "inf"}, "inf"),
    "empty": ({"skills": ""}, "Digital skills"),
    "one year": ({"skills": "50", "skills_when": "1"}, "1"),
    "three years": ({"skills": "50", "skills_when": "1,2,3"}, "1,2,3"),
    "late": ({"skills": "50", "skills_when": "1,41"}, "1,41"),
    "nan years": ({"skills": "50", "skills_when": "nan,1"}, "nan,1"),
    "no futures": ({"futures": "0"}, "0"),
    "too many futures": ({"futures": "1000000000"}, "1000000000"),
    "futures in words": ({"futures": "1e4"}, "1e4"),
    "seed": ({"seed": "-1"}, "-1"),
    "seed too large": ({"seed": str(2**64)}, str(2**64)),
    "changes no JSON": ({"changes": "{"}, "changed assumptions"),
    "changes a list": ({"changes": "[1]"}, "changed assumptions"),
    "changes unknown": ({"changes": '{"parameters":{"imitatoin":1}}'}, "imitatoin"),
    "changes not allowed": ({"changes": '{"setting":{"horizon_years":0}}'}, "horizon_years"),
    "changes NaN": ({"changes": '{"prize":{"value":NaN}}'}, "prize"),
    "changes too long": ({"changes": json.dumps({"title": "x" * 20_000})}, "changed assumptions"),
    "changes too deep": ({"changes": '{"a":' * 3_000 + "1" + "}" * 3_000}, "changed assumptions"),
    "plan for nowhere": ({"changes": '{"plan":{"Atlantis":{"skills":1}}}'}, "Atlantis"),
    "plan for two nowheres": (
        {"changes": '{"plan":{"Atlantis":{"skills":1},"Lyonesse":{"skills":1}}}'},
        "Atlantis",
    ),
    "plan that contradicts itself": (
        {"changes": '{"plan":{"Wales":{"skills":1},"wales":{"skills":0.5}}}'},
        "Wales",
    ),
    "lever unknown": ({"changes": '{"plan":{"Wales":{"magic":1}}}'}, "magic"),
    "version": ({"v": "0.0.1"}, "0.0.1"),
}


@pytest.mark.parametrize("case", sorted(BAD))
def test_what_an_address_cannot_have_is_named_and_the_rest_is_kept(case: str) -> None:
    asked, named = BAD[case]
    choice, notices = from_query({"inclusion": "40", "seed": "7"} | asked)
    assert len(notices) == 1
    assert named in notices[0]
    assert "Traceback" not in notices[0]
    expected = start().move("inclusion", intensity=0.4)
    if asked.get("skills") == "50":
        expected = expected.move("skills", intensity=0.5)
    assert choice == replace(expected, seed=1 if "seed" in asked else 7)


def test_every_fault_is_told() -> None:
    faults = {"area": "Atlantis", "basis": "weekly", "skills": "140", "seed": "x", "v": "0"}
    choice, notices = from_query(faults)
    assert choice == start()
    assert len(notices) == len(faults)


NAMES = [*to_query(start()), "changes", "skills_when", "embed", "x"]
TEXTS = st.text(max_size=40) | st.sampled_from(
    ["", "1e309", "-0", "٥", "0x10", "null", "[]", '{"plan":{}}', "Wales", "uk", "mayors_2017"]
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(NAMES), TEXTS, max_size=6))
def test_no_address_breaks_anything(params: Mapping[str, str]) -> None:
    choice, notices = from_query(params)
    choice.check()
    assert through_an_address(choice) == (choice, [])
    assert all(len(notice) < 600 for notice in notices)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["plan", "setting", "prize", "value", "Wales", "skills", "levers"]),
                inner,
                max_size=3,
            )
        ),
        max_leaves=6,
    )
)
def test_no_changes_in_an_address_break_anything(changes: Any) -> None:
    choice, _ = from_query({"changes": json.dumps(changes)})
    choice.check()


def test_a_link_of_an_earlier_release_still_opens() -> None:
    """As 0.3.0 wrote it, whatever parts of the app are called since."""
    link = (
        "area=Wales&basis=cumulative&geography=mayoral&who=mayoral_areas&leadership=50&open_data=0"
        "&inclusion=40&skills=100&skills_when=2%2C4&connectivity=0&futures=2000&seed=7"
        "&sampler=random&v=0.3.0&changes=%7B%22parameters%22%3A%7B%22leakage%22%3A%7B%22enabled%22"
        "%3Atrue%7D%7D%2C%22setting%22%3A%7B%22horizon_years%22%3A5%7D%7D"
    )
    choice, notices = from_query(dict(parse_qsl(link)))
    assert [notice for notice in notices if "made with version 0.3.0" not in notice] == []
    assert (choice.unit, choice.who, choice.draws, choice.seed) == (WALES, "mayoral_areas", 2000, 7)
    assert (choice.sampler, choice.cumulative, choice.final_year) == ("random", True, 2031)
    assert choice.planned("skills") == (1.0, 2.0, 4.0)
    assert choice.scenario.parameters.leakage.enabled


def test_old_spellings_are_still_read() -> None:
    assert from_query({"basis": "decade"}) == from_query({"basis": "cumulative"})
    assert from_query({"basis": "annual"}) == (start(), [])


def test_an_area_is_found_in_any_capitals() -> None:
    assert from_query({"area": "wALES"})[0].unit == WALES


def test_the_notice_of_another_version_promises_nothing() -> None:
    _, notices = from_query({"v": "0.0.1"})
    assert notices == [
        f"This link was made with version 0.0.1; this is version {build_info()['version']}. "
        "Results may differ."
    ]


# ---------------------------------------------------------------- moving levers


def test_a_moved_lever_moves_alone() -> None:
    choice = start().move("skills", intensity=0.6)
    assert intensities(choice) == dict.fromkeys(LEVERS, 0.0) | {"skills": 0.6}
    assert plan(choice) == {"Greater Manchester": {"skills": 0.6}}


def test_a_lever_moved_back_leaves_no_plan() -> None:
    assert start().move("skills", intensity=0.6).move("skills", intensity=0.0) == start()


def test_times_left_out_stay_as_they_are() -> None:
    timed = start().move("skills", intensity=0.5, start=2.0, ramp=3.0)
    assert timed.planned("skills") == (0.5, 2.0, 3.0)
    assert timed.move("skills", intensity=1.0).planned("skills") == (1.0, 2.0, 3.0)
    assert timed.move("skills", intensity=0.5, start=4.0).planned("skills") == (0.5, 4.0, 3.0)


def test_times_of_a_lever_at_zero_are_remembered() -> None:
    timed = start().move("skills", intensity=0.5, start=2.0).move("skills", intensity=0.0)
    assert timed.planned("skills")[:2] == (0.0, 2.0)
    assert not timed.scenario.moved_levers()


@pytest.mark.parametrize("name", STARTING_PLANS)
def test_a_starting_plan_sets_every_lever(name: str) -> None:
    before = start().move("open_data", intensity=0.15, start=3.0)
    choice = before.set_all(STARTING_PLANS[name])
    assert tuple(intensities(choice).values()) == tuple(p / 100 for p in STARTING_PLANS[name])
    for lever in LEVERS:
        known = choice.scenario.levers[lever]
        assert choice.planned(lever)[1:] == (known.start_years, known.ramp_years)


def test_no_plan_is_the_reference() -> None:
    plans = start().set_all(STARTING_PLANS["Skills first"])
    assert plans.set_all(STARTING_PLANS["No plan"]) == start()


def test_a_plan_of_this_area_goes_along_to_another() -> None:
    choice = start().move("skills", intensity=0.6).show(WALES)
    assert choice.unit_name == "Wales"
    assert plan(choice) == {"Wales": {"skills": 0.6}}
    assert choice.show(HOME) == start().move("skills", intensity=0.6)


def test_a_plan_of_another_area_is_not_overwritten_by_one_that_comes_along() -> None:
    both = {"Wales": {"skills": 0.2}, "Greater Manchester": {"skills": 0.6}}
    choice = replace(start(), scenario=load_scenario("reference").edit({"plan": both}))
    shown = choice.show(WALES)
    assert plan(shown) == both
    assert shown.planned("skills")[0] == 0.2
    assert shown.elsewhere() == ("Greater Manchester",)


def test_a_plan_of_a_group_stays_with_the_group() -> None:
    choice = start().let_act("mayors_2017").move("skills", intensity=0.6).show(WALES)
    assert plan(choice) == {"mayors_2017": {"skills": 0.6}}
    assert choice.planned("skills")[0] == 0.6


@pytest.mark.parametrize("who", ["mayors_2017", "mayoral_areas"])
def test_others_let_act_move_the_same_levers(who: str) -> None:
    alone = start().move("skills", intensity=0.6, start=1.0)
    together = alone.let_act(who)
    assert together.planned("skills") == alone.planned("skills")
    assert together.elsewhere() == ()
    assert together.let_act("area") == alone


def test_moving_one_area_leaves_other_areas_alone() -> None:
    scenario = load_scenario("reference").edit({"plan": {"Wales": {"skills": 0.2}}})
    choice = replace(start(), scenario=scenario).move("skills", intensity=0.5)
    for changed in (choice, choice.set_all(STARTING_PLANS["The guide’s five"])):
        assert plan(changed)["Wales"] == {"skills": 0.2}
    assert plan(choice.set_all(STARTING_PLANS["No plan"])) == {"Wales": {"skills": 0.2}}


def test_an_entry_under_another_name_is_the_same_entry() -> None:
    scenario = load_scenario("reference").edit({"plan": {"greater manchester": {"skills": 0.2}}})
    choice = replace(start(), scenario=scenario)
    assert choice.planned("skills")[0] == 0.2
    assert choice.elsewhere() == ()
    assert plan(choice.move("skills", intensity=0.4)) == {"greater manchester": {"skills": 0.4}}


def test_a_plan_that_cannot_be_carried_out_is_refused() -> None:
    scenario = load_scenario("reference").edit({"plan": {"Atlantis": {"skills": 1.0}}})
    with pytest.raises(ScenarioError, match="Atlantis"):
        replace(start(), scenario=scenario).check()


# ---------------------------------------------------------------- taking a scenario

UPLOAD = """
extends = "reference"
title = "Ours"
question = "What?"
"""


def taken(text: str, choice: Choice | None = None) -> Choice:
    return (choice or start()).adopt(parse_scenario(UPLOAD + text, "ours.toml"))


def test_a_scenario_for_one_area_is_about_that_area() -> None:
    choice = taken('[plan."Wales"]\nskills = 0.5')
    assert (choice.unit_name, choice.who) == ("Wales", "area")
    assert choice.planned("skills")[0] == 0.5


def test_a_scenario_for_a_group_lets_the_group_act() -> None:
    choice = taken('[plan."the 2017 six"]\nskills = 0.5')
    assert (choice.unit, choice.who) == (HOME, "mayors_2017")
    assert choice.planned("skills")[0] == 0.5


def test_a_scenario_for_the_area_shown_stays_there() -> None:
    choice = taken(
        '[plan."Wales"]\nskills = 0.5\n[plan."Greater London"]\nskills = 1.0\n', start().show(WALES)
    )
    assert choice.unit == WALES
    assert choice.planned("skills")[0] == 0.5
    assert choice.elsewhere() == ("Greater London",)
    choice.check()


def test_a_scenario_for_several_areas_keeps_all_of_them() -> None:
    choice = taken('[plan."Wales"]\nskills = 0.5\n[plan."Greater London"]\nskills = 1.0\n')
    assert choice.unit == HOME
    assert set(choice.elsewhere()) == {"Wales", "Greater London"}
    assert intensities(choice) == dict.fromkeys(LEVERS, 0.0)
    choice.check()
    assert through_an_address(choice) == (choice, [])


def test_a_scenario_for_nowhere_is_refused() -> None:
    with pytest.raises(GainsModelError, match="Atlantis"):
        taken('[plan."Atlantis"]\nskills = 0.5').check()


def test_a_scenario_with_a_lever_of_its_own_shows_it_last() -> None:
    choice = taken(
        "[levers.broadband_vouchers]\n"
        'label = "Vouchers"\nwhat = "Vouchers."\nscope = "all"\nstart_years = 1.0\n'
        "ramp_years = 1.0\n"
        "[levers.broadband_vouchers.cost_gbp_per_head_per_year]\n"
        'value = 1.0\nunit = "£ a head a year"\nsource = "none"\nevidence = "judgement"\n'
        "[levers.broadband_vouchers.effects.imitation]\n"
        'value = 0.1\nunit = "factor"\nsource = "none"\nevidence = "judgement"\n'
        '[plan."Wales"]\nbroadband_vouchers = 1.0\nskills = 0.5\n'
    )
    assert choice.levers == (*LEVERS, "broadband_vouchers")
    assert choice.planned("broadband_vouchers")[0] == 1.0
    assert through_an_address(choice) == (choice, [])


@pytest.mark.parametrize("geography", GEOGRAPHIES)
def test_another_geography_shows_an_area_that_exists_there(geography: str) -> None:
    choice = start().let_act("mayors_2017").edit({"setting.geography": geography})
    assert choice.unit in choice.dataset.units
    assert choice.who == "area" or choice.who in choice.dataset.groups
    choice.check()
    assert choice.edit({"setting.geography": "mayoral"}).unit in load_dataset("mayoral").units


def test_another_geography_leaves_own_figures_behind_and_the_same_keeps_them() -> None:
    own = read_gva(gva_template("mayoral", "csv", filled=True), "mayoral", name="ours.csv")
    choice = replace(start(), data=own)
    assert choice.edit({"setting.horizon_years": 5}).data is own
    assert choice.edit({"setting.geography": "itl1"}).data is None


@pytest.fixture(scope="module")
def lancashire() -> Dataset:
    made_of = {"Lancaster": "Lancashire North", "Preston": "Lancashire North"}
    return aggregate("local_authority", made_of)


def test_own_areas_are_shown_with_the_plan_of_this_area_alone(lancashire: Dataset) -> None:
    planned = start().move("skills", intensity=0.6).edit({"setting.horizon_years": 5})
    choice = planned.use(lancashire)
    assert choice.unit_name == "Lancashire North"
    assert choice.scenario.setting.geography == "own"
    assert choice.planned("skills")[0] == 0.6
    assert list(choice.scenario.plan) == ["Lancashire North"]
    choice.check()
    back = choice.use(None)
    assert back.unit_name == "Greater Manchester"
    assert back.scenario == planned.scenario
    assert back.data is None


def test_plans_of_areas_that_are_gone_go_and_others_stay(lancashire: Dataset) -> None:
    plan = {'plan."York and North Yorkshire".skills': 1.0, "plan.Wales.skills": 1.0}
    regions = aggregate("local_authority", {"Preston": "Preston alone"}, rest="regions")
    assert list(start().edit(plan).use(regions).scenario.plan) == ["Wales"]
    assert len(start().edit(plan).use(lancashire).scenario.plan) == 2


def test_own_areas_are_in_no_link_but_stay_where_a_visitor_goes_back(lancashire: Dataset) -> None:
    choice = start().move("skills", intensity=0.6).use(lancashire)
    assert from_query(to_query(choice), lancashire) == (choice, [])
    assert from_query(to_query(start()), lancashire)[0] == start()
    alone, notices = from_query(to_query(choice))
    assert alone.unit_name == "Greater Manchester"
    assert alone.data is None
    assert any("This link uses custom areas." in notice for notice in notices)


def test_the_reference_has_nothing_changed() -> None:
    assert start().changed() == {}
    assert start().edit({"setting.geography": "itl1"}).changed() == {}
    assert start().move("skills", intensity=0.5).changed() == {}
    assert start().edit({"setting.horizon_years": 5}).changed() == {"setting": {"horizon_years": 5}}


def test_every_group_that_can_act_has_words() -> None:
    assert set(WHO) - {"area"} <= EVERY_GROUP


def test_the_final_year_follows_the_horizon() -> None:
    before = start()
    after = before.edit({"setting.horizon_years": 5})
    assert after.final_year == before.scenario.setting.start_year + 5
