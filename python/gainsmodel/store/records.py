"""What a store gives back: plain values, without a connection behind them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from gainsmodel.scenario import Scenario, parse_scenario

Role = Literal["reader", "editor", "owner"]
#: The least first; each may do what those before it may.
ROLES: tuple[Role, ...] = ("reader", "editor", "owner")
FORGOTTEN = "a former user"


@dataclass(frozen=True)
class Person:
    """Somebody; `id` is random, name and login stand nowhere else."""

    id: str
    name: str
    login: str | None = field(repr=False)


@dataclass(frozen=True)
class Workspace:
    """What a team shares, and the role of whoever asked."""

    id: str
    name: str
    role: Role


@dataclass(frozen=True)
class Member:
    """A person of a workspace."""

    person_id: str
    name: str
    role: Role


@dataclass(frozen=True)
class Revision:
    """A plan as somebody saved it; never changed.

    Attributes
    ----------
    id, plan_id, plan, workspace_id : str
        Random keys; the name of the plan.
    number : int
        1 for the first.
    parent_id : str or None
        The revision it was made from.
    author_id, author : str
    at : str
        Time, UTC, ISO 8601.
    note : str
    scenario_sha256 : str
        Of `text`.
    text : str
        The scenario in full, as TOML; empty in lists.
    figures_id : str or None
        The workspace's own figures it is run on.
    view : Mapping
        How it was shown: what the app kept with it.
    """

    id: str
    plan_id: str
    plan: str
    workspace_id: str
    number: int
    parent_id: str | None
    author_id: str
    author: str
    at: str
    note: str
    scenario_sha256: str
    text: str = field(default="", repr=False)
    figures_id: str | None = None
    view: Mapping[str, Any] = field(default_factory=dict)

    def scenario(self) -> Scenario:
        """Read the scenario."""
        return parse_scenario(self.text, f"revision {self.number} of {self.plan}")


@dataclass(frozen=True)
class Plan:
    """A plan with its last revision."""

    id: str
    name: str
    workspace_id: str
    last: Revision


@dataclass(frozen=True)
class Run:
    """A run that is kept: its record and tables; its draws can be made again from these.

    Attributes
    ----------
    id, revision_id, author_id, author, at : str
    fingerprint : str
        Of the record.
    data_sha256 : Mapping
        Hash of each table of figures it ran on.
    version : str
        Of gainsmodel.
    settings : Mapping
    """

    id: str
    revision_id: str
    author_id: str
    author: str
    at: str
    fingerprint: str
    data_sha256: Mapping[str, str]
    version: str
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class File:
    """Own figures or a file of evidence of a workspace; `files` gives the hash of each part."""

    id: str
    workspace_id: str
    kind: str
    name: str
    author: str
    at: str
    files: Mapping[str, str]


@dataclass(frozen=True)
class Event:
    """Who did what to what, and when."""

    number: int
    workspace_id: str | None
    at: str
    person_id: str
    person: str
    what: str
    kind: str
    subject_id: str
    details: Mapping[str, Any]


@dataclass(frozen=True)
class Audit:
    """What became of a check of the chain.

    Attributes
    ----------
    events, rows : int
        How many were checked.
    anchor : str
        Number and hash of the last event: to be kept elsewhere.
    wrong : tuple of str
        A sentence for each row that is not as its event says; none where all is well.
    """

    events: int
    rows: int
    anchor: str
    wrong: tuple[str, ...]


def plain_json(value: Mapping[str, Any]) -> str:
    """Plain values as compact JSON with sorted keys, for a column."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
