"""The chain of events: whatever is altered, removed, put in or moved is found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, and_, delete, insert, select, text, update

from gainsmodel.errors import SettingError, StoreError
from gainsmodel.scenario import Scenario
from gainsmodel.simulation.run import run
from gainsmodel.store import open_store
from gainsmodel.store.chain import START, verify
from gainsmodel.store.store import Store
from gainsmodel.store.tables import BLOB, EVENT, FILE, MEMBER, RUN, TABLES, sha256_of_json
from team import Team


@pytest.fixture
def rich(store: Store, team: Team, plan: Scenario, other_plan: Scenario) -> Store:
    """Something in every table, with names changed and things removed."""
    store.save(team.owner, team.first.plan_id, other_plan, team.first.id)
    store.add_run(team.editor, team.first.id, run(plan, draws=64))
    gone = store.keep_file(team.editor, team.workspace, "Gone", b"gone")
    store.remove_file(team.editor, gone.id)
    store.keep_file(team.editor, team.workspace, "Survey", b"a,b\n")
    store.rename_plan(team.editor, team.first.plan_id, "Skills first")
    store.set_role(team.owner, team.workspace, team.reader, "editor")
    store.person("login-reader", "Reader, married")
    store.forget("login-reader")
    store.opened(team.owner, team.first.plan_id)
    return store


@contextmanager
def tampering(store: Store) -> Iterator[Connection]:
    """A connection on which nothing is refused; what is done is undone in the end."""
    options = {"writes": True}
    made = store.engine.connect().execution_options(**options)
    with made as connection, connection.begin() as transaction:
        if store.engine.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            connection.execute(text("PRAGMA defer_foreign_keys = ON"))
            names = text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for name in connection.scalars(names).all():
                connection.execute(text(f"DROP TRIGGER {name}"))
        yield connection
        transaction.rollback()


def rows(connection: Connection) -> Iterator[tuple[Any, dict[str, Any], Any]]:
    for table in TABLES:
        for row in connection.execute(select(table)).mappings().all():
            yield table, dict(row), and_(*(column == row[column.name]
                                           for column in table.primary_key))  # fmt: skip


def other(value: Any) -> Any:
    if isinstance(value, int):
        return value + 1000
    return value + b"x" if isinstance(value, bytes) else f"{value or ''}x"


def test_every_cell_of_every_row_is_watched(rich: Store, dialect: str) -> None:
    assert rich.verify().wrong == ()
    tried = set()
    with tampering(rich) as connection:
        for table, row, here in rows(connection):
            # The check is the same on both databases, and slower to reach on one.
            step = 5 if dialect == "postgresql" else 1
            for column in [*table.columns][len(tried) % step :: step]:
                with connection.begin_nested() as point:
                    changed = {column.name: other(row[column.name])}
                    connection.execute(update(table).where(here).values(changed))
                    assert verify(connection).wrong, f"{table.name}.{column.name}"
                    point.rollback()
                tried.add(table.name)
        assert verify(connection).wrong == ()
    assert tried == {table.name for table in TABLES}


def test_a_row_that_is_removed_or_put_in_is_found(rich: Store) -> None:
    anchor = rich.anchor()
    with tampering(rich) as connection:
        for table, row, here in rows(connection):
            with connection.begin_nested() as point:
                connection.execute(delete(table).where(here))
                assert verify(connection, anchor).wrong, f"{table.name} removed"
                point.rollback()
            if table is EVENT:
                continue
            with connection.begin_nested() as point:
                key = [*table.primary_key][-1].name
                twin = row | {key: "f" * 16} | ({"login": "x"} if "login" in row else {})
                twin |= {"name": "x"} if "name" in row else {}
                twin |= {"number": 99, "idempotency_key": "x"} if "number" in row else {}
                twin |= {"fingerprint": "x"} if table is RUN else {}
                connection.execute(insert(table), twin)
                (wrong,) = verify(connection, anchor).wrong[:1]
                assert "was put in" in wrong
                point.rollback()
        assert verify(connection, anchor).wrong == ()


def test_events_in_another_order_are_found(rich: Store) -> None:
    with tampering(rich) as connection:
        last = int(rich.anchor().split("-")[0])
        for number in range(1, last):
            with connection.begin_nested() as point:
                for old, new in ((number, 0), (number + 1, number), (0, number + 1)):
                    moved = update(EVENT).where(EVENT.c.number == old).values(number=new)
                    connection.execute(moved)
                assert verify(connection).wrong
                point.rollback()


def test_what_is_wrong_is_said_in_words(rich: Store, team: Team) -> None:
    with tampering(rich) as connection:
        connection.execute(update(MEMBER).values(role="owner"))
        connection.execute(delete(EVENT).where(EVENT.c.number == 2))
        connection.execute(delete(BLOB))
        connection.execute(update(FILE).values(name="Other"))
        told = "\n".join(verify(connection).wrong)
    for pattern in ("^event 2: is missing$",
                    rf"^member {team.workspace}/{team.editor}: was altered after event \d+$",
                    r"^file [0-9a-f]{16}: was altered after event \d+$",
                    r"^content [0-9a-f]{12}…: was removed$"):  # fmt: skip
        assert re.search(pattern, told, re.MULTILINE), told


def test_an_end_cut_off_and_a_chain_made_anew_need_the_anchor(rich: Store) -> None:
    """What no chain can show by itself, and what was printed does."""
    anchor = rich.anchor()
    last = int(anchor.split("-")[0])
    with tampering(rich) as connection:
        # The last event was that somebody looked at a plan, which no row tells.
        connection.execute(delete(EVENT).where(EVENT.c.number == last))
        assert verify(connection).wrong == ()
        assert verify(connection, anchor).wrong == (
            f"the chain ends at event {last - 1}, before the anchor's, {last}",
        )
    with tampering(rich) as connection:
        previous = START
        for row in connection.execute(select(EVENT).order_by(EVENT.c.number)).mappings().all():
            event = {key: of for key, of in row.items() if key != "sha256"}
            event |= {"previous_sha256": previous, "at": event["at"].replace("2", "1")}
            previous = sha256_of_json(event)
            made = update(EVENT).where(EVENT.c.number == row["number"])
            connection.execute(made.values(event | {"sha256": previous}))
        assert verify(connection).wrong == ()
        assert verify(connection, anchor).wrong == (f"event {last}: is not the one of the anchor",)


def test_an_earlier_anchor_stays_good(store: Store, team: Team, other_plan: Scenario) -> None:
    anchors = [store.anchor()]
    store.save(team.owner, team.first.plan_id, other_plan, team.first.id)
    anchors.append(store.anchor())
    for anchor in anchors:
        assert store.verify(anchor).wrong == ()
    assert store.verify(f"0-{START}").wrong == ()
    with pytest.raises(SettingError, match="anchor: must be a number"):
        store.verify("7")


def test_what_is_no_content_is_neither_taken_for_it_nor_for_a_size(
    tmp_path: Path, plan: Scenario
) -> None:
    """SQLite keeps anything anywhere, and would make as many bytes of a number as it says."""
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    team = Team(store, plan)
    kept = store.keep_file(team.editor, team.workspace, "Survey", b"a,b\n")
    for strange in (2**62, 5, 0.5, "a,b\n", b""):
        with store._write() as connection:
            connection.exec_driver_sql("UPDATE blob SET content = ?", (strange,))
        assert store.verify().wrong, strange
        with pytest.raises(StoreError, match="was altered from outside"):
            store.file(team.editor, kept.id)
    store.close()
