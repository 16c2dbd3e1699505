"""A store as a whole: its events, the check of its chain, copies, backups."""

import contextlib
import os
import secrets
import shutil
import sqlite3
import tempfile
from pathlib import Path

from sqlalchemy import Connection, insert, select
from sqlalchemy.engine import URL

from gainsmodel.checks import escape
from gainsmodel.errors import StoreError
from gainsmodel.files import put_file, reason
from gainsmodel.store.chain import anchor, verify
from gainsmodel.store.kept import Kept
from gainsmodel.store.people import count
from gainsmodel.store.records import FORGOTTEN, Audit, Event
from gainsmodel.store.tables import (
    BLOB,
    EVENT,
    PERSON,
    PLAN,
    REVISION,
    TABLES,
    WORKSPACE,
    read_json,
)


class Store(Kept):
    """Plans that are kept; made by `gainsmodel.store.open_store`.

    Every call but those for whoever runs the store names the acting person first. What is not
    theirs is "no such plan", exactly as what does not exist.
    """

    def events(self, person: str, workspace_id: str, most: int = 200) -> list[Event]:
        """Give who did what in a workspace, the last first."""
        query = (
            select(EVENT, PERSON.c.name.label("person"))
            .join(PERSON, PERSON.c.id == EVENT.c.person_id)
            .where(EVENT.c.workspace_id == workspace_id)
            .order_by(EVENT.c.number.desc())
            .limit(most)
        )
        same = ("number", "workspace_id", "at", "person_id", "what", "kind", "subject_id")
        with self._read() as connection:
            self._allowed(connection, person, workspace_id)
            return [
                Event(
                    **{name: row[name] for name in same},
                    person=row["person"] or FORGOTTEN,
                    details=read_json(row["details"]),
                )
                for row in connection.execute(query).mappings()
            ]

    # ------------------------------------------------------------ for whoever runs the store

    def counts(self) -> dict[str, int]:
        """How many workspaces, plans, revisions, persons and events there are."""
        tables = (WORKSPACE, PLAN, REVISION, PERSON, EVENT)
        with self._read() as connection:
            return {table.name: count(connection, table) for table in tables}

    def anchor(self) -> str:
        """Number and hash of the last event, to be kept elsewhere."""
        with self._read() as connection:
            return anchor(connection)

    def verify(self, earlier: str | None = None) -> Audit:
        """Check every event and every row, and that an earlier anchor is a part of the chain.

        `gainsmodel.store.chain` says what this can prove and what it cannot.
        """
        with self._read() as connection:
            return verify(connection, earlier)

    def copy_to(self, url: str, place: str = "url") -> Audit:
        """Copy everything into an empty store, with equal hashes; whole or not at all.

        Raises
        ------
        StoreError
            If the other holds something, or what was copied is not as its events say.
        """
        other = Store(url, place)
        try:
            return _copied(self, other)
        finally:
            other.close()

    def backup(self, file: str | os.PathLike[str]) -> Audit:
        """Write everything into one new file, an SQLite database, whole or not at all.

        Raises
        ------
        StoreError
            If the file is there already or cannot be written, or what it would hold is not as its
            events say.
        """
        target = Path(file)
        if target.exists():
            raise StoreError(f"{escape(str(target))}: is there already; name a new file")
        made = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        try:
            os.close(os.open(made, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            audit = self.copy_to(str(URL.create("sqlite", database=str(made))), "file")
            # One file, which can be read where nothing can be written.
            with contextlib.closing(sqlite3.connect(made)) as database:
                database.execute("PRAGMA journal_mode = DELETE")
            put_file(made, target, new=True)
        except OSError as error:
            raise StoreError(f"{escape(str(target))}: cannot be written: {reason(error)}") from None
        finally:
            for suffix in ("", "-wal", "-shm"):
                with contextlib.suppress(OSError):
                    Path(f"{made}{suffix}").unlink()
        return audit

    def restore_backup(self, file: str | os.PathLike[str]) -> Audit:
        """Read a backup into this store, which must be empty; whole or not at all.

        Raises
        ------
        StoreError
            If this store holds something, or the file is no backup or is not as its events say.
        """
        with tempfile.TemporaryDirectory() as folder:
            # A copy, since an older one is brought to this version first.
            copy = Path(folder) / "backup.db"
            try:
                shutil.copyfile(file, copy)
                if not copy.read_bytes().startswith(b"SQLite format 3\0"):
                    raise StoreError(f"{escape(str(file))}: is no backup of a store")
            except OSError as error:
                raise StoreError(f"{escape(str(file))}: cannot be read: {reason(error)}") from None
            try:
                with contextlib.closing(
                    Store(str(URL.create("sqlite", database=str(copy))), "file")
                ) as backup:
                    if not backup.counts()["event"]:
                        raise StoreError(f"{copy}: is no backup of a store: it is empty")
                    return _copied(backup, self)
            except StoreError as error:
                told = str(error).replace(str(copy), escape(str(file)))
                raise type(error)(told) from None


def _copied(source: Kept, target: Kept) -> Audit:
    with source._read() as reader, target._write() as writer:
        if any(count(writer, table) for table in (PERSON, EVENT)):
            raise StoreError(
                f"{target.where}: holds plans already; only an empty store can be copied into. "
                "Move it away first, or name another by GAINSMODEL_STORE"
            )
        for table in TABLES:
            _copy(reader, writer, table)
        audit = verify(writer)
        if audit.wrong or anchor(reader) != audit.anchor:
            told = audit.wrong[0] if audit.wrong else "the ends of the chains differ"
            raise StoreError(
                f"{source.where}: is not as its events say ({told}), so nothing was copied; see "
                "'gainsmodel audit verify'"
            )
    return audit


def _copy(reader: Connection, writer: Connection, table: object) -> None:
    """Copy a table by pieces, contents one by one."""
    assert table in TABLES
    piece = 1 if table is BLOB else 500
    of = next(each for each in TABLES if each is table)
    rows = reader.execute(select(of).order_by(*of.primary_key).execution_options(yield_per=piece))
    for part in rows.mappings().partitions():
        writer.execute(insert(of), [dict(row) for row in part])
