"""Stores to test: every test of a store is run on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gainsmodel.scenario import Scenario, load_scenario
from gainsmodel.store import open_store
from gainsmodel.store.store import Store
from postgresql import Server
from team import Team

DIALECTS = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.remove()


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def new_url(dialect: str, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[], str]:
    """Gives the address of an empty store, another one at each call."""
    made = iter(range(100))

    def address() -> str:
        if dialect == "sqlite":
            return f"sqlite:///{tmp_path}/store_{next(made)}.db"
        return str(request.getfixturevalue("server").database())

    return address


@pytest.fixture
def url(new_url: Callable[[], str]) -> str:
    return new_url()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = open_store(url)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def plan() -> Scenario:
    return load_scenario("skills_first")


@pytest.fixture(scope="session")
def other_plan(plan: Scenario) -> Scenario:
    return plan.edit({'plan."Greater Manchester".skills': {"intensity": 0.6, "start_years": 1.27}})


@pytest.fixture
def team(store: Store, plan: Scenario) -> Team:
    return Team(store, plan)
