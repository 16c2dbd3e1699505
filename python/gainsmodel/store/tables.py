"""The tables of a store, and one canonical hash of a row, the same on every database."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

from gainsmodel.errors import StoreError

METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)


ALTERED = "was altered from outside; see 'gainsmodel audit verify'"


class _Strict(TypeDecorator[Any]):
    """What is read is of the column's kind; SQLite would give whatever was put there."""

    impl: Any = Text
    cache_ok = True
    kind: type = str

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        """Refuse anything else."""
        if value is not None and not isinstance(value, self.kind):
            found = f"{self.kind.__name__} was expected, not {type(value).__name__}"
            raise StoreError(f"the store {ALTERED}: {found}")
        return value


class _Whole(_Strict):
    """A whole number."""

    impl = Integer
    cache_ok = True
    kind = int


class _Bytes(_Strict):
    """Content."""

    impl = LargeBinary
    cache_ok = True
    kind = bytes

    def result_processor(self, dialect: Any, coltype: Any) -> Any:
        """Leave out SQLite's own, which makes as many bytes of a number as it says."""
        return lambda value: self.process_result_value(value, dialect)


def _text(name: str, *rest: Any, **options: Any) -> Column[Any]:
    return Column(name, _Strict, *rest, nullable=options.pop("nullable", False), **options)


def _key(name: str = "id") -> Column[Any]:
    return _text(name, primary_key=True)


# Times are text, UTC, as 2026-11-30T23:00:00.000000Z: the same bytes on every database.
PERSON = Table(
    "person",
    METADATA,
    _key(),
    # Name, login and salt are empty once a person is forgotten; the hash of what stood there is
    # in the chain, and tells nothing without the salt.
    _text("login", nullable=True, unique=True),
    _text("name"),
    _text("salt"),
    _text("at"),
)
WORKSPACE = Table("workspace", METADATA, _key(), _text("name"), _text("at"))
MEMBER = Table(
    "member",
    METADATA,
    Column("workspace_id", _Strict, ForeignKey("workspace.id"), primary_key=True),
    Column("person_id", _Strict, ForeignKey("person.id"), primary_key=True, index=True),
    _text("role"),
)
PLAN = Table(
    "plan",
    METADATA,
    _key(),
    _text("workspace_id", ForeignKey("workspace.id")),
    _text("name"),
    _text("at"),
    UniqueConstraint("workspace_id", "name"),
)
REVISION = Table(
    "revision",
    METADATA,
    _key(),
    _text("plan_id", ForeignKey("plan.id")),
    Column("number", _Whole, nullable=False),
    # Of this plan, or of the one it is a copy of; held by the chain.
    _text("parent_id", nullable=True),
    _text("author_id", ForeignKey("person.id")),
    _text("at"),
    _text("note"),
    _text("scenario"),
    _text("scenario_sha256"),
    _text("figures_id", nullable=True),
    _text("view"),
    _text("idempotency_key"),
    UniqueConstraint("plan_id", "number"),
    UniqueConstraint("author_id", "idempotency_key"),
)
RUN = Table(
    "run",
    METADATA,
    _key(),
    _text("revision_id", ForeignKey("revision.id"), index=True),
    _text("author_id", ForeignKey("person.id")),
    _text("at"),
    _text("fingerprint"),
    _text("data_sha256"),
    _text("version"),
    _text("settings"),
    _text("files"),
    UniqueConstraint("revision_id", "fingerprint"),
)
FILE = Table(
    "file",
    METADATA,
    _key(),
    _text("workspace_id", ForeignKey("workspace.id")),
    _text("kind"),
    _text("name"),
    _text("author_id", ForeignKey("person.id")),
    _text("at"),
    _text("files"),
    UniqueConstraint("workspace_id", "kind", "name"),
)
# Content by its hash; each workspace has its own, so that none can ask what another holds.
BLOB = Table(
    "blob",
    METADATA,
    Column("workspace_id", _Strict, ForeignKey("workspace.id"), primary_key=True),
    _key("sha256"),
    Column("size", _Whole, nullable=False),
    Column("content", _Bytes, nullable=False),
)
EVENT = Table(
    "event",
    METADATA,
    Column("number", _Whole, primary_key=True, autoincrement=False),
    _text("workspace_id", nullable=True, index=True),
    _text("at"),
    _text("person_id", ForeignKey("person.id")),
    _text("what"),
    _text("kind"),
    _text("subject_id"),
    _text("subject_sha256"),
    _text("details"),
    _text("previous_sha256"),
    _text("sha256"),
)
# In an order in which each refers to earlier ones only.
TABLES = (PERSON, WORKSPACE, MEMBER, PLAN, REVISION, RUN, FILE, BLOB, EVENT)


def row_sha256(table: Table, row: Mapping[Any, Any]) -> str:
    """Hash of a row: of its columns by name as compact JSON, bytes by their own hash."""
    plain = {
        column.name: hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else value
        for column in table.columns
        for value in [row[column.name]]
    }
    return sha256_of_json([table.name, plain])


def read_json(text: str) -> dict[str, Any]:
    """Read a column that holds a JSON object."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise StoreError(f"the store {ALTERED}: a JSON object was expected")
    return found


def sha256_of_json(value: Any) -> str:
    """Hash of plain values as compact JSON with sorted keys."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def subject_of(table: Table, row: Mapping[Any, Any]) -> str:
    """The key of a row, as events name it."""
    return "/".join(str(row[column.name]) for column in table.primary_key)
