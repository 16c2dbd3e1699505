"""Persons, workspaces and who may do what; what every other call on a store stands on."""

import re
import secrets
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, delete, func, insert, select, update

from gainsmodel.checks import did_you_mean, escape
from gainsmodel.errors import NotAllowedError, NotThereError, SettingError, StoreError
from gainsmodel.store.address import connected, parsed, shown, transaction, upgraded, wiped
from gainsmodel.store.chain import log, now
from gainsmodel.store.records import FORGOTTEN, ROLES, Member, Person, Role, Workspace
from gainsmodel.store.tables import ALTERED, MEMBER, PERSON, WORKSPACE

_ID = re.compile(r"[0-9a-f]{16}")
MOST_NAME, MOST_NOTE = 100, 2_000


def new_id() -> str:
    """A random key, which tells nothing."""
    return secrets.token_hex(8)


def line(value: object, what: str, most: int = MOST_NAME, *, empty: bool = False) -> str:
    """Check a name or a note, which every database must be able to hold.

    Raises
    ------
    SettingError
    """
    if not isinstance(value, str):
        raise SettingError(f"{what}: must be text; found {type(value).__name__}")
    text = value.strip()
    if (not text and not empty) or len(text) > most:
        least = 0 if empty else 1
        raise SettingError(f"{what}: must have {least} to {most:,} characters; found {len(text):,}")
    if escape(text.replace("\n", "") if most == MOST_NOTE else text) != text.replace("\n", ""):
        raise SettingError(f"{what}: must be plain text; found {escape(text)[:60]!r}")
    return text


class People:
    """The part of a store that knows persons and workspaces.

    Attributes
    ----------
    where : str
        The file, or server and database; never a user or a password.
    schema : str
        Version of the tables.
    """

    def __init__(self, url: str | None, place: str) -> None:
        """Connect; as `gainsmodel.store.open_store`."""
        address = parsed(url, place)
        self.where = shown(address)
        self.engine = connected(address)
        try:
            self.schema = upgraded(self.engine)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close its connections."""
        self.engine.dispose()

    def _read(self) -> AbstractContextManager[Connection]:
        return transaction(self.engine)

    def _write(self) -> AbstractContextManager[Connection]:
        return transaction(self.engine, writes=True)

    # ------------------------------------------------------------ persons

    def person(self, login: str, name: str = "") -> Person:
        """Give the person with a login, added at the first time; a new name replaces the old.

        Who calls this has made sure of the login: it is the one call that trusts its caller.
        """
        login, name = line(login, "login", 300), line(name, "name", empty=True)
        found = self.find_person(login)
        if found and name in ("", found.name):
            return found
        with self._write() as connection:
            row = _first(connection, select(PERSON).where(PERSON.c.login == login))
            if row is None:
                new = {"id": new_id(), "login": login, "name": name or login}
                new |= {"salt": secrets.token_hex(16), "at": now()}
                connection.execute(insert(PERSON), new)
                log(connection, new["id"], "joined", PERSON, new, workspace_id=None)
            else:
                new = {**row, "name": name or row["name"], "salt": secrets.token_hex(16)}
                connection.execute(update(PERSON).where(PERSON.c.id == row["id"]).values(new))
                log(connection, row["id"], "renamed", PERSON, new, workspace_id=None)
        return Person(new["id"], new["name"], login)

    def find_person(self, login: str) -> Person | None:
        """Give the person with a login, if there is one."""
        with self._read() as connection:
            row = _first(connection, select(PERSON).where(PERSON.c.login == login))
        return Person(row["id"], row["name"], row["login"]) if row else None

    def forget(self, login: str) -> None:
        """Delete name and login of a person; for whoever runs the store, not for visitors.

        Memberships end. What they saved stays, by "a former user": revisions, runs and events hold
        a random key only, and the chain still holds.

        Raises
        ------
        NotThereError
            If nobody has this login.
        NotAllowedError
            If a workspace with other members would be left without an owner.
        """
        with self._write() as connection:
            row = _first(connection, select(PERSON).where(PERSON.c.login == login))
            if row is None:
                raise NotThereError(f"no such login: {escape(login)[:60]}")
            mine = select(MEMBER).where(MEMBER.c.person_id == row["id"])
            for member in connection.execute(mine).mappings().all():
                self._keep_an_owner(connection, member["workspace_id"], row["id"], alone=True)
                self._end(connection, row["id"], member)
            new = {**row, "login": None, "name": "", "salt": ""}
            connection.execute(update(PERSON).where(PERSON.c.id == row["id"]).values(new))
            log(connection, row["id"], "forgotten", PERSON, new, workspace_id=None)
        wiped(self.engine)

    # ------------------------------------------------------------ workspaces

    def create_workspace(self, person: str, name: str) -> Workspace:
        """Make a workspace, which this person owns."""
        name = line(name, "name")
        with self._write() as connection:
            return self._create_workspace(connection, person, name)

    def _create_workspace(self, connection: Connection, person: str, name: str) -> Workspace:
        self._known(connection, person)
        row = {"id": new_id(), "name": name, "at": now()}
        connection.execute(insert(WORKSPACE), row)
        log(connection, person, "created", WORKSPACE, row, workspace_id=row["id"], name=name)
        self._put_member(connection, person, row["id"], person, "owner")
        return Workspace(row["id"], name, "owner")

    def workspaces(self, person: str) -> list[Workspace]:
        """Give the workspaces of a person, by name."""
        with self._read() as connection:
            return self._workspaces(connection, person)

    def _workspaces(self, connection: Connection, person: str) -> list[Workspace]:
        query = (
            select(WORKSPACE.c.id, WORKSPACE.c.name, MEMBER.c.role)
            .join(MEMBER, MEMBER.c.workspace_id == WORKSPACE.c.id)
            .where(MEMBER.c.person_id == person)
        )
        found = [Workspace(*row) for row in connection.execute(query)] if _is(person) else []
        return sorted(found, key=lambda of: (of.name.casefold(), of.id))

    def home(self, person: str) -> Workspace:
        """Give a workspace the person owns, the first by name; one is made where there is none."""
        for of in self.workspaces(person):
            if of.role == "owner":
                return of
        with self._write() as connection:
            # Two tabs may be opened at once.
            owned = [of for of in self._workspaces(connection, person) if of.role == "owner"]
            return owned[0] if owned else self._create_workspace(connection, person, "My plans")

    def members(self, person: str, workspace_id: str) -> list[Member]:
        """Give who is in a workspace; owners first."""
        with self._read() as connection:
            self._allowed(connection, person, workspace_id)
            rows = connection.execute(
                select(PERSON.c.id, PERSON.c.name, MEMBER.c.role)
                .join(MEMBER, MEMBER.c.person_id == PERSON.c.id)
                .where(MEMBER.c.workspace_id == workspace_id)
            ).all()
        found = [Member(row.id, row.name or FORGOTTEN, row.role) for row in rows]
        return sorted(found, key=lambda of: (-rank(of.role), of.name.casefold(), of.person_id))

    def set_role(self, person: str, workspace_id: str, other: str, role: Role | None) -> None:
        """Add a member, change a role, or with None end a membership; one's own may always end.

        Raises
        ------
        NotThereError
            If there is no such workspace for this person, or no such person.
        NotAllowedError
            If the person is no owner, or the last owner would go.
        """
        with self._write() as connection:
            leaving = person == other and role is None
            least: Role = "reader" if leaving else "owner"
            self._allowed(connection, person, workspace_id, least, "change who is a member")
            self._set_role(connection, person, workspace_id, other, role)

    def grant(self, person: str, workspace_id: str, role: Role | None) -> None:
        """Give the role that a login says this person has, as its groups tell; None ends it.

        Like `person`, for the code that has made sure of the login; errors as `set_role`.
        """
        with self._write() as connection:
            of = select(WORKSPACE.c.id).where(WORKSPACE.c.id == workspace_id)
            if not _is(workspace_id) or connection.scalar(of) is None:
                raise NotThereError("no such workspace")
            self._set_role(connection, person, workspace_id, person, role)

    def _set_role(
        self, connection: Connection, person: str, workspace_id: str, other: str, role: Role | None
    ) -> None:
        if role is not None and role not in ROLES:
            raise SettingError(f"role: must be {', '.join(ROLES)}{did_you_mean(role, ROLES)}")
        self._known(connection, other)
        if role != "owner":
            self._keep_an_owner(connection, workspace_id, other, alone=False)
        mine = (MEMBER.c.workspace_id == workspace_id) & (MEMBER.c.person_id == other)
        row = _first(connection, select(MEMBER).where(mine))
        if role is None and row:
            self._end(connection, person, row)
        elif role is not None and (row is None or row["role"] != role):
            connection.execute(delete(MEMBER).where(mine))
            self._put_member(connection, person, workspace_id, other, role)

    def _put_member(
        self, connection: Connection, person: str, workspace_id: str, other: str, role: Role
    ) -> None:
        row = {"workspace_id": workspace_id, "person_id": other, "role": role}
        connection.execute(insert(MEMBER), row)
        log(connection, person, "made a member", MEMBER, row, workspace_id=workspace_id, role=role)

    def _end(self, connection: Connection, person: str, row: Mapping[Any, Any]) -> None:
        workspace_id, other = row["workspace_id"], row["person_id"]
        mine = (MEMBER.c.workspace_id == workspace_id) & (MEMBER.c.person_id == other)
        connection.execute(delete(MEMBER).where(mine))
        log(connection, person, "ended a membership", MEMBER, row, workspace_id=workspace_id,
            removed=True)  # fmt: skip

    def _keep_an_owner(
        self, connection: Connection, workspace_id: str, going: str, *, alone: bool
    ) -> None:
        """Refuse that the last owner goes; unless nobody else is there, where `alone` allows it."""
        of = select(MEMBER.c.person_id, MEMBER.c.role).where(MEMBER.c.workspace_id == workspace_id)
        roles = {row.person_id: row.role for row in connection.execute(of)}
        owner = roles.pop(going, None) == "owner"
        if owner and "owner" not in roles.values() and (roles or not alone):
            name = connection.scalar(select(WORKSPACE.c.name).where(WORKSPACE.c.id == workspace_id))
            raise NotAllowedError(
                f"the workspace '{name}' would be left without an owner; make another member "
                "an owner first"
            )

    # ------------------------------------------------------------ who may do what

    def _known(self, connection: Connection, person: str) -> None:
        """Refuse an acting or a named person who does not exist, or is forgotten."""
        of = select(PERSON.c.id).where(PERSON.c.id == person, PERSON.c.login.is_not(None))
        if not _is(person) or connection.scalar(of) is None:
            raise NotThereError("no such person")

    def _allowed(
        self,
        connection: Connection,
        person: str,
        workspace_id: str,
        least: Role = "reader",
        doing: str = "",
    ) -> RowMapping:
        """Give the workspace, if this person is a member whose role is enough."""
        query = (
            select(WORKSPACE, WORKSPACE.c.id.label("workspace_id"), MEMBER.c.role)
            .join(MEMBER, MEMBER.c.workspace_id == WORKSPACE.c.id)
            .where(WORKSPACE.c.id == workspace_id, MEMBER.c.person_id == person)
        )
        row = _first(connection, query) if _is(workspace_id) and _is(person) else None
        return _with_role(row, "workspace", least, doing)


def _is(key: object) -> bool:
    """Whether it may be a key; anything else is not there."""
    return isinstance(key, str) and _ID.fullmatch(key) is not None


def _first(connection: Connection, query: Select[Any]) -> RowMapping | None:
    return connection.execute(query).mappings().one_or_none()


def _with_role(row: RowMapping | None, kind: str, least: Role, doing: str) -> RowMapping:
    """Refuse what is not there for this person, or not for this role; never says which exists."""
    if row is None:
        raise NotThereError(f"no such {kind}")
    if rank(row["role"]) < rank(least):
        raise NotAllowedError(
            f"a{'n' * (least != 'reader')} {least} of the workspace may {doing}; "
            f"you are a{'n' * (row['role'] != 'reader')} {row['role']}"
        )
    return row


def rank(role: Role) -> int:
    """How much a role may do, from 0."""
    if role not in ROLES:
        raise StoreError(f"the store {ALTERED}: '{escape(role)[:20]}' is no role")
    return ROLES.index(role)


def count(connection: Connection, table: Any) -> int:
    """Number of rows."""
    return int(connection.scalar(select(func.count()).select_from(table)) or 0)
