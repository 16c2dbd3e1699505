"""Workspaces are apart: whoever asks for whatever, nothing of another is read or changed."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from gainsmodel.errors import (
    ConflictError,
    NotAllowedError,
    NotThereError,
    SettingError,
)
from gainsmodel.scenario import Scenario
from gainsmodel.simulation.run import run
from gainsmodel.store import ROLES
from gainsmodel.store.chain import named_blobs
from gainsmodel.store.store import Store

FEW, MANY = 250, 10_000


class World:
    """Three workspaces; each with its own people, one shared reader, and a secret in every text."""

    def __init__(self, store: Store, plan: Scenario) -> None:
        self.store, self.roles = store, {}
        self.keys: dict[str, str] = {}  # of whatever there is, to its workspace
        result = run(plan, draws=64)
        shared = store.person("shared", "Shared").id
        self.people = [shared, store.person("nobody", "Nobody").id]
        for n in range(3):
            owner = store.person(f"owner-{n}", f"secret-{n}-owner").id
            editor = store.person(f"editor-{n}", f"secret-{n}-editor").id
            of = store.create_workspace(owner, f"secret-{n}").id
            for who, role in ((editor, "editor"), (shared, ROLES[n])):
                store.set_role(owner, of, who, role)
            first = store.create_plan(owner, of, f"secret-{n}-plan", plan, note=f"secret-{n}-note")
            kept = store.add_run(owner, first.id, result)
            file = store.keep_file(owner, of, f"secret-{n}-file", b"secret-%d" % n)
            self.roles |= {(owner, of): 2, (editor, of): 1, (shared, of): n}
            self.people += [owner, editor]
            for key in (of, first.plan_id, first.id, kept.id, file.id):
                self.keys[key] = of
        self.workspaces = sorted({*self.keys.values()}, key=[*self.keys].index)

    def call(self, chance: random.Random) -> tuple[Callable[[], Any], str, list[str]]:
        """A call at random: what, by whom, and the keys it names."""
        who = chance.choice(self.people)
        one, two = (chance.choice([*self.keys]) for _ in range(2))
        store, name = self.store, f"n{chance.random()}"
        calls: list[tuple[Callable[[], Any], list[str]]] = [
            (lambda: store.plans(who, one), [one]),
            (lambda: store.revisions(who, one), [one]),
            (lambda: store.revision(who, one), [one]),
            (lambda: store.members(who, one), [one]),
            (lambda: store.events(who, one), [one]),
            (lambda: store.runs(who, one), [one]),
            (lambda: store.run_files(who, one), [one]),
            (lambda: store.files(who, one), [one]),
            (lambda: store.file(who, one), [one]),
            (lambda: store.opened(who, one), [one]),
            (lambda: store.workspaces(who), []),
            (lambda: store.rename_plan(who, one, name), [one]),
            (lambda: store.copy_plan(who, one, two, name), [one, two]),
            (lambda: store.restore(who, one, two, note=name), [one, two]),
            (lambda: store.keep_file(who, one, name, b"x"), [one]),
            (lambda: store.set_role(who, one, who, "owner"), [one]),
        ]
        made, keys = chance.choice(calls)
        return made, who, keys


def asked(store: Store, plan: Scenario, requests: int) -> None:
    world, chance = World(store, plan), random.Random(208)
    refused = answered = 0
    for _ in range(requests):
        call, who, keys = world.call(chance)
        foreign = [key for key in keys if (who, world.keys[key]) not in world.roles]
        before = store.anchor()
        try:
            answer = call()
        except (NotThereError, NotAllowedError, SettingError, ConflictError) as error:
            told = str(error)
            refused += 1
            assert store.anchor() == before
        else:
            assert not foreign, "answered what is not theirs"
            told, answered = repr(answer), answered + 1
            if getattr(answer, "id", None):
                world.keys[answer.id] = answer.workspace_id
        for n, workspace in enumerate(world.workspaces):
            if (who, workspace) not in world.roles:
                assert f"secret-{n}" not in told
                assert workspace not in told
    assert refused > requests / 4
    assert answered > requests / 20
    # Nobody did anything where they are no member, or beyond their role.
    for workspace in world.workspaces:
        (owner,) = [who for (who, of), role in world.roles.items()
                    if of == workspace and role == 2 and who != world.people[0]]  # fmt: skip
        for event in store.events(owner, workspace, most=requests):
            least = {"opened": 0, "made a member": 2}.get(event.what, 1)
            assert world.roles[event.person_id, workspace] >= least, event
    assert store.verify().wrong == ()
    with store._read() as connection:
        assert {of for of, _ in named_blobs(connection)} == {*world.workspaces}


def test_requests_across_workspaces(store: Store, plan: Scenario) -> None:
    asked(store, plan, FEW)


@pytest.mark.slow
def test_ten_thousand_requests_across_workspaces(store: Store, plan: Scenario) -> None:
    asked(store, plan, MANY)
