"""What differs between two scenarios, in words: right, and never nothing."""

from __future__ import annotations

import pytest

from gainsmodel.scenario import Scenario, load_scenario
from gainsmodel.scenario.changes import ALIKE, changes_in_words

GM = 'plan."Greater Manchester"'
OWN = {"source": "Survey", "evidence": "published", "note": ""}


@pytest.fixture(scope="module")
def plan() -> Scenario:
    return load_scenario("skills_first")


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ({f"{GM}.skills": 0.6}, ["Greater Manchester: digital skills from 100% to 60%"]),
        ({f"{GM}.skills": 0.999}, ["Greater Manchester: digital skills from 1.0 to 0.999"]),
        ({f"{GM}.skills": 0}, ["Greater Manchester: digital skills from 100% to none"]),
        (
            {f"{GM}.open_data": {"intensity": 0.25, "start_years": 3}},
            ["Greater Manchester: open data from 0% to 25%"],
        ),
        (
            {f"{GM}.skills": {"intensity": 1, "start_years": 2.27, "ramp_years": 2}},
            [
                "Greater Manchester: digital skills starting two years later, at full strength "
                "after two years, was four years"
            ],
        ),
        (
            {f"{GM}.skills": {"intensity": 1, "start_years": 0.02}},
            ["Greater Manchester: digital skills starting 0.25 years earlier"],
        ),
        # The lever's own start, stated.
        ({f"{GM}.skills": {"intensity": 1, "start_years": 0.27}}, [ALIKE]),
        (
            {"plan.Wales.skills": 0.5, "plan.Scotland.skills": 0.5},
            ["Wales and Scotland: digital skills from 0% to 50%"],
        ),
        ({"setting.lever_delay_years": 1}, ["every lever starts a year later"]),
        ({"setting.horizon_years": 12}, ["Years to simulate from 10 to 12"]),
        ({"title": "Other"}, ["title from 'Skills first in Greater Manchester' to 'Other'"]),
        ({"prize.note": "Other"}, ["The national prize: another note"]),
        (
            {"prize.value": 200.0},
            [
                "The national prize from 208 to 200",
                "The national prize: another source, evidence and note",
            ],
        ),
        (
            {"levers.skills.cost_gbp_per_head_per_year": {"value": 5, "note": ""} | OWN},
            [
                "Digital skills, cost a head from 4 to 5",
                "Digital skills, cost a head: another source, evidence and note",
            ],
        ),
        (
            {"levers.skills.effects.ceiling.distribution": {"p_zero": 0.4}},
            [
                "Digital skills, effect on the level where adoption stops, chance of no effect "
                "from 0.5 to 0.4",
                "Digital skills, effect on the level where adoption stops: another source and note",
            ],
        ),
        ({"levers.skills.duration_years": 5}, ["Digital skills, years it runs: added, 5"]),
        ({"discounting.rates": [{"from_year": 0, "rate": 0.03}]}, None),
        (
            {"technologies.ai.label": "Machines"},
            ["technologies.ai.label from 'Artificial intelligence' to 'Machines'"],
        ),
        (
            {
                "parameters.productivity_effect.spread": {
                    "nation": 0.3,
                    "technology": 0.1,
                    "area": 0.2,
                    "sector": 0.2,
                    "cell": 0.2,
                }
            },
            None,
        ),
    ],
)
def test_a_change_is_said_in_words(
    plan: Scenario, edit: dict[str, object], said: list[str] | None
) -> None:
    changed = plan.edit(edit)
    assert changed != plan
    found = changes_in_words(plan, changed)
    if said is None:
        assert found
    else:
        assert found == said
    # The way back differs in as many respects.
    assert len(changes_in_words(changed, plan)) == len(found)


def test_nothing_is_said_of_what_is_the_same(plan: Scenario) -> None:
    assert changes_in_words(plan, load_scenario("skills_first")) == []


def every_leaf(node: object, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], float]]:
    if isinstance(node, dict):
        return [leaf for key, of in node.items() for leaf in every_leaf(of, (*path, key))]
    plain = isinstance(node, int | float) and not isinstance(node, bool)
    return [(path, float(node))] if plain else []  # type: ignore[arg-type]


def test_no_number_of_a_scenario_can_change_in_silence(plan: Scenario) -> None:
    """Each number on its own, however little it is moved."""
    tried = 0
    for path, value in every_leaf(plan.to_dict()):
        data = plan.to_dict()
        here = data
        for key in path[:-1]:
            here = here[key]
        here[path[-1]] = value * (1 - 1e-9) if isinstance(here[path[-1]], float) else value
        if here[path[-1]] == value:
            continue
        try:
            changed = Scenario.from_dict(data)
        except ValueError:
            continue
        tried += 1
        said = changes_in_words(plan, changed)[-1]
        before, after = said.rsplit(" from ", 1)[1].split(" to ")
        assert before != after, said
    assert tried > 50
