"""A workspace with one person of each role, and somebody from elsewhere, for tests of stores."""

from __future__ import annotations

from gainsmodel.scenario import Scenario
from gainsmodel.store.store import Store


class Team:
    """A workspace with one person of each role, and somebody from elsewhere."""

    def __init__(self, store: Store, plan: Scenario) -> None:
        names = ("owner", "editor", "reader", "stranger")
        people = {name: store.person(f"login-{name}", name.title()) for name in names}
        self.owner, self.editor, self.reader, self.stranger = (people[name].id for name in names)
        self.workspace = store.create_workspace(self.owner, "Strategy").id
        store.set_role(self.owner, self.workspace, self.editor, "editor")
        store.set_role(self.owner, self.workspace, self.reader, "reader")
        self.first = store.create_plan(self.editor, self.workspace, "Skills", plan, note="begun")
