"""Plans and their revisions: what is saved is never changed, and nobody overwrites anybody."""

import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, func, insert, select, update

from gainsmodel.errors import ConflictError, NotThereError, ScenarioError, SettingError
from gainsmodel.scenario import Scenario, to_toml
from gainsmodel.scenario.changes import changes_in_words
from gainsmodel.store.chain import log, now
from gainsmodel.store.people import MOST_NOTE, People, _first, _is, _with_role, line, new_id
from gainsmodel.store.records import FORGOTTEN, Plan, Revision, Role, plain_json
from gainsmodel.store.tables import (
    EVENT,
    FILE,
    MEMBER,
    PERSON,
    PLAN,
    REVISION,
    read_json,
    sha256_of_json,
)

FIGURES = "figures"
MOST_VIEW = 20_000


class Plans(People):
    """The part of a store that knows plans."""

    def plans(self, person: str, workspace_id: str) -> list[Plan]:
        """Give the plans of a workspace with their last revisions, by name."""
        numbers = (
            select(REVISION.c.plan_id, func.max(REVISION.c.number).label("number"))
            .group_by(REVISION.c.plan_id)
            .subquery()
        )
        last = (REVISION.c.plan_id == numbers.c.plan_id) & (REVISION.c.number == numbers.c.number)
        query = _revisions().join(numbers, last).where(PLAN.c.workspace_id == workspace_id)
        with self._read() as connection:
            self._allowed(connection, person, workspace_id)
            found = [_revision(row) for row in connection.execute(query).mappings()]
        made = [Plan(of.plan_id, of.plan, workspace_id, of) for of in found]
        return sorted(made, key=lambda of: (of.name.casefold(), of.id))

    def revisions(self, person: str, plan_id: str) -> list[Revision]:
        """Give the revisions of a plan, the last first, without their texts."""
        with self._read() as connection:
            self._plan(connection, person, plan_id)
            query = _revisions().where(PLAN.c.id == plan_id).order_by(REVISION.c.number.desc())
            return [_revision(row) for row in connection.execute(query).mappings()]

    def revision(self, person: str, revision_id: str) -> Revision:
        """Give a revision with its text."""
        with self._read() as connection:
            return _revision(self._revision(connection, person, revision_id))

    def changes(self, person: str, before_id: str, after_id: str) -> list[str]:
        """Say what differs between two revisions, of one plan or of two."""
        before, after = (self.revision(person, each) for each in (before_id, after_id))
        return changes_in_words(before.scenario(), after.scenario())

    def create_plan(
        self,
        person: str,
        workspace_id: str,
        name: str,
        scenario: Scenario,
        *,
        note: str = "",
        figures_id: str | None = None,
        view: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> Revision:
        """Keep a plan under a new name; arguments as `save`.

        Raises
        ------
        NotThereError, NotAllowedError, SettingError
        """
        content = _content(to_toml(scenario), note, figures_id, view)
        return self._create(person, workspace_id, name, content, None, key)

    def copy_plan(
        self,
        person: str,
        revision_id: str,
        workspace_id: str,
        name: str,
        *,
        note: str = "",
        key: str | None = None,
    ) -> Revision:
        """Keep a copy of a revision as a plan of its own, in this or another workspace."""
        of = self.revision(person, revision_id)
        content = _content(of.text, note, of.figures_id, of.view)
        return self._create(person, workspace_id, name, content, of.id, key)

    def save(
        self,
        person: str,
        plan_id: str,
        scenario: Scenario,
        parent_id: str,
        *,
        note: str = "",
        figures_id: str | None = None,
        view: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> Revision:
        """Add a revision.

        Parameters
        ----------
        person : str
            Who acts; the `id` of a person.
        plan_id : str
        scenario : Scenario
        parent_id : str
            The revision that this one was made from.
        note : str
            At most 2,000 characters.
        figures_id : str, optional
            Own figures of the workspace to run it on.
        view : mapping, optional
            Plain values that say how to show it; at most 20,000 characters as JSON.
        key : str, optional
            Names this call: repeated with the same key it gives the revision that was saved and
            saves nothing. By default made of what is saved, so the same call can be repeated.

        Raises
        ------
        ConflictError
            If the plan has a later revision than `parent_id`. Nothing is written; save a copy with
            `create_plan`, or save from the later revision.
        NotThereError, NotAllowedError, SettingError, StoreUnavailable
        """
        content = _content(to_toml(scenario), note, figures_id, view)
        return self._add(person, plan_id, content, parent_id, key)

    def restore(
        self,
        person: str,
        revision_id: str,
        parent_id: str,
        *,
        note: str = "",
        key: str | None = None,
    ) -> Revision:
        """Save an earlier revision of a plan again, as its last; arguments and errors as `save`."""
        of = self.revision(person, revision_id)
        note = note or f"as revision {of.number}"
        content = _content(of.text, note, of.figures_id, of.view)
        return self._add(person, of.plan_id, content, parent_id, key)

    def rename_plan(self, person: str, plan_id: str, name: str) -> None:
        """Give a plan another name, which no other plan of the workspace has."""
        name = line(name, "name")
        with self._write() as connection:
            plan = self._plan(connection, person, plan_id, "editor", "rename a plan")
            if name != plan["name"]:
                self._free(connection, plan["workspace_id"], name)
                row = {column.name: plan[column.name] for column in PLAN.columns} | {"name": name}
                connection.execute(update(PLAN).where(PLAN.c.id == plan_id).values(name=name))
                log(connection, person, "renamed", PLAN, row, workspace_id=plan["workspace_id"],
                    name=name, before=plan["name"])  # fmt: skip

    def opened(self, person: str, plan_id: str) -> None:
        """Note that somebody looked at a plan, once a day."""
        with self._read() as connection:
            plan = self._plan(connection, person, plan_id)
            today = connection.execute(
                select(EVENT.c.number).where(
                    EVENT.c.subject_id == plan_id,
                    EVENT.c.person_id == person,
                    EVENT.c.what == "opened",
                    EVENT.c.at >= now()[:10],
                )
            ).first()
        if today is None:
            with self._write() as connection:
                plan = self._plan(connection, person, plan_id)
                log(connection, person, "opened", PLAN, plan, workspace_id=plan["workspace_id"])

    # ------------------------------------------------------------ in a transaction

    def _create(
        self,
        person: str,
        workspace_id: str,
        name: str,
        content: dict[str, Any],
        parent_id: str | None,
        key: str | None,
    ) -> Revision:
        name = line(name, "name")
        key = _idempotency(key, [workspace_id, name, parent_id, content])
        with self._write() as connection:
            self._allowed(connection, person, workspace_id, "editor", "save a plan")
            self._own_figures(connection, workspace_id, content["figures_id"])
            if done := self._already(connection, person, key, content, workspace_id):
                return done
            self._free(connection, workspace_id, name)
            plan = {"id": new_id(), "workspace_id": workspace_id, "name": name, "at": now()}
            connection.execute(insert(PLAN), plan)
            log(connection, person, "created", PLAN, plan, workspace_id=workspace_id, name=name)
            place = {"plan_id": plan["id"], "number": 1, "parent_id": parent_id}
            return self._put(connection, person, workspace_id, content, place, key)

    def _add(
        self, person: str, plan_id: str, content: dict[str, Any], parent_id: str, key: str | None
    ) -> Revision:
        key = _idempotency(key, [plan_id, parent_id, content])
        with self._write() as connection:
            plan = self._plan(connection, person, plan_id, "editor", "save a revision")
            self._own_figures(connection, plan["workspace_id"], content["figures_id"])
            if done := self._already(connection, person, key, content, plan["workspace_id"]):
                return done
            revisions = _revisions(text=True).where(PLAN.c.id == plan_id)
            query = revisions.order_by(REVISION.c.number.desc()).limit(1)
            last = connection.execute(query).mappings().one()
            if last["id"] == parent_id:
                place = {"plan_id": plan_id, "number": last["number"] + 1, "parent_id": parent_id}
                workspace_id = plan["workspace_id"]
                return self._put(connection, person, workspace_id, content, place, key)
            # Of this plan, if it is to be named as what this one was made from.
            parent = _first(connection, revisions.where(REVISION.c.id == parent_id))
        if parent is None:
            raise NotThereError("no such revision")
        raise _conflict(_revision(parent), _revision(last))

    def _put(
        self,
        connection: Connection,
        person: str,
        workspace_id: str,
        content: dict[str, Any],
        place: dict[str, Any],
        key: str,
    ) -> Revision:
        row = {"id": new_id(), "author_id": person, "at": now(), "idempotency_key": key}
        row |= place | content
        connection.execute(insert(REVISION), row)
        log(connection, person, "saved", REVISION, row, workspace_id=workspace_id,
            plan_id=row["plan_id"], number=row["number"])  # fmt: skip
        query = _revisions(text=True).where(REVISION.c.id == row["id"])
        return _revision(connection.execute(query).mappings().one())

    def _already(
        self,
        connection: Connection,
        person: str,
        key: str,
        content: dict[str, Any],
        workspace_id: str,
    ) -> Revision | None:
        """What an earlier call with the same key has saved; refused where that was another."""
        query = _revisions(text=True).where(
            REVISION.c.author_id == person, REVISION.c.idempotency_key == key
        )
        row = _first(connection, query)
        if row is None:
            return None
        if row["workspace_id"] != workspace_id or any(
            row[name] != content[name] for name in content
        ):
            raise SettingError("key: was used for something else; use another")
        return _revision(row)

    def _free(self, connection: Connection, workspace_id: str, name: str) -> None:
        of = select(PLAN.c.id).where(PLAN.c.workspace_id == workspace_id, PLAN.c.name == name)
        if connection.scalar(of) is not None:
            raise SettingError(
                f"name: there is already a plan '{name}' in this workspace; choose another name, "
                "or save a revision of it"
            )

    def _own_figures(self, connection: Connection, workspace_id: str, key: str | None) -> None:
        of = select(FILE.c.id).where(
            FILE.c.workspace_id == workspace_id, FILE.c.kind == FIGURES, FILE.c.id == key
        )
        if key is not None and (not _is(key) or connection.scalar(of) is None):
            raise NotThereError(
                "no such figures in this workspace; keep them there first to run a plan on them"
            )

    def _plan(
        self,
        connection: Connection,
        person: str,
        plan_id: str,
        least: Role = "reader",
        doing: str = "",
    ) -> RowMapping:
        """Give a plan, if this person is a member whose role is enough."""
        query = (
            select(PLAN, MEMBER.c.role)
            .join(MEMBER, MEMBER.c.workspace_id == PLAN.c.workspace_id)
            .where(PLAN.c.id == plan_id, MEMBER.c.person_id == person)
        )
        row = _first(connection, query) if _is(plan_id) and _is(person) else None
        return _with_role(row, "plan", least, doing)

    def _revision(
        self,
        connection: Connection,
        person: str,
        revision_id: str,
        least: Role = "reader",
        doing: str = "",
    ) -> RowMapping:
        query = (
            _revisions(text=True)
            .add_columns(MEMBER.c.role)
            .join(MEMBER, MEMBER.c.workspace_id == PLAN.c.workspace_id)
            .where(REVISION.c.id == revision_id, MEMBER.c.person_id == person)
        )
        row = _first(connection, query) if _is(revision_id) and _is(person) else None
        return _with_role(row, "revision", least, doing)


def _content(
    text: str, note: str, figures_id: str | None, view: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Columns of what is saved, checked."""
    try:
        as_json = plain_json(view or {})
        as_json.encode()
    except (TypeError, ValueError):
        raise SettingError("view: must hold plain values only") from None
    if len(as_json) > MOST_VIEW or "\\u0000" in as_json:
        raise SettingError(f"view: may have {MOST_VIEW:,} characters of plain text")
    return {
        "note": line(note, "note", MOST_NOTE, empty=True),
        "scenario": text,
        "scenario_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "figures_id": figures_id,
        "view": as_json,
    }


def _idempotency(key: str | None, of: list[Any]) -> str:
    return sha256_of_json(of) if key is None else line(key, "key")


def _revisions(*, text: bool = False) -> Select[Any]:
    """Revisions with plan and author; texts only where they are asked for."""
    columns = [column for column in REVISION.columns if text or column.name != "scenario"]
    return (
        select(
            *columns, PLAN.c.name.label("plan"), PLAN.c.workspace_id, PERSON.c.name.label("author")
        )
        .select_from(REVISION)
        .join(PLAN, PLAN.c.id == REVISION.c.plan_id)
        .join(PERSON, PERSON.c.id == REVISION.c.author_id)
    )


def _revision(row: RowMapping) -> Revision:
    same = ("id", "plan_id", "plan", "workspace_id", "number", "parent_id", "author_id", "at",
            "note", "scenario_sha256", "figures_id")  # fmt: skip
    return Revision(
        **{name: row[name] for name in same},
        author=row["author"] or FORGOTTEN,
        text=row.get("scenario", ""),
        view=read_json(row["view"]),
    )


def _conflict(parent: Revision, last: Revision) -> ConflictError:
    try:
        changes = changes_in_words(parent.scenario(), last.scenario())
    except ScenarioError as error:
        changes = [f"cannot be told: {error}"]
    between = last.number - parent.number
    told = "; ".join(changes[:5]) + ("; and more" if len(changes) > 5 else "") or "no figure"
    return ConflictError(
        f"'{last.plan}' has changed since revision {parent.number}, which yours was made from: "
        f"{last.author} saved revision {last.number} at {last.at[:16].replace('T', ' ')} UTC"
        f"{f', {between} revisions later' if between > 1 else ''} ({told}). Nothing was "
        f"overwritten: save yours as a copy, or from revision {last.number}",
        last,
        tuple(changes),
    )
