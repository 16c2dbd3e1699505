"""Copies, backups, other versions of the tables, and a process that is killed while it saves."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert, select, text

from gainsmodel.errors import StoreError
from gainsmodel.scenario import Scenario
from gainsmodel.simulation.run import run
from gainsmodel.store import open_store
from gainsmodel.store.address import config, connected, parsed, transaction
from gainsmodel.store.store import Store
from gainsmodel.store.tables import METADATA, PERSON, TABLES
from postgresql import Server
from team import Team

KILLED = """
import sys
from gainsmodel.store import open_store

url, who, one, two = sys.argv[1:]
store = open_store(url)
last = two
while True:
    for of in (one, two):
        last = store.restore(who, of, last).id
        print(last, flush=True)
"""


def rows(store: Store) -> dict[str, list[tuple[object, ...]]]:
    with store._read() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(select(table)).all()), key=repr)
            for table in TABLES
        }


@pytest.fixture
def full(store: Store, team: Team, plan: Scenario, other_plan: Scenario) -> Store:
    store.save(team.owner, team.first.plan_id, other_plan, team.first.id, view={"area": "Wales"})
    store.add_run(team.editor, team.first.id, run(plan, draws=64))
    store.keep_file(team.editor, team.workspace, "Survey", bytes(range(256)))
    store.copy_plan(team.editor, team.first.id, team.workspace, "Copy £ “é”")
    return store


@pytest.mark.parametrize("to", ["sqlite", "postgresql"])
def test_a_copy_has_equal_hashes(full: Store, server: Server, tmp_path: Path, to: str) -> None:
    url = server.database() if to == "postgresql" else f"sqlite:///{tmp_path}/copy.db"
    audit = full.copy_to(url)
    assert (audit.wrong, audit.anchor) == ((), full.anchor())
    other = open_store(url)
    assert rows(other) == rows(full)
    with pytest.raises(StoreError, match="holds plans already; only an empty store"):
        full.copy_to(url)
    assert rows(other) == rows(full)
    # It goes on where the first has ended.
    person = other.person("login-new", "New")
    assert other.create_workspace(person.id, "New").role == "owner"
    assert other.verify(full.anchor()).wrong == ()
    other.close()


def test_the_drill_of_backup_and_restore(
    full: Store, team: Team, plan: Scenario, new_url: Callable[[], str], tmp_path: Path
) -> None:
    before, anchor, backup = rows(full), full.anchor(), tmp_path / "backup.gainsmodel"
    assert full.backup(backup).anchor == anchor
    content = backup.read_bytes()
    # What is saved later is not in it; the file is whole and alone, and never written over.
    full.save(team.owner, team.first.plan_id, plan, full.revisions(
        team.owner, team.first.plan_id)[0].id)  # fmt: skip
    with pytest.raises(StoreError, match="is there already"):
        full.backup(backup)
    assert sorted(path.name for path in tmp_path.glob("*backup*")) == [backup.name]
    with pytest.raises(StoreError, match="holds plans already"):
        full.restore_backup(backup)
    empty = open_store(new_url())
    backup.chmod(0o400)
    assert empty.restore_backup(backup).anchor == anchor
    assert rows(empty) == before
    assert backup.read_bytes() == content
    assert empty.revision(team.reader, team.first.id).scenario() == plan
    (kept,) = empty.runs(team.reader, team.first.id)
    again = empty.add_run(team.editor, team.first.id, run(plan, draws=64))
    assert again.fingerprint == kept.fingerprint
    empty.close()


def test_what_is_no_backup_is_refused(store: Store, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no backup")
    open_store(f"sqlite:///{tmp_path}/empty.db").close()
    for name, said in (("text.db", "is no backup"), ("empty.db", "it is empty"),
                       ("none.db", "cannot be read: No such file")):  # fmt: skip
        with pytest.raises(StoreError, match=said):
            store.restore_backup(tmp_path / name)
    with pytest.raises(StoreError, match="cannot be"):
        store.backup(tmp_path / "text.db" / "x")
    assert store.counts() == dict.fromkeys(store.counts(), 0)


def test_a_store_that_was_tampered_with_is_not_copied_in_silence(
    full: Store, new_url: Callable[[], str], tmp_path: Path
) -> None:
    with full._write() as connection:
        connection.execute(text("UPDATE person SET name = 'Other'"))
    url = new_url()
    with pytest.raises(StoreError, match=r"not as its events say \(person .* was altered"):
        full.copy_to(url)
    with pytest.raises(StoreError, match="not as its events say"):
        full.backup(tmp_path / "b.db")
    assert not list(tmp_path.glob("*b.db*"))
    other = open_store(url)
    assert other.counts() == dict.fromkeys(other.counts(), 0)
    other.close()


# ---------------------------------------------------------------- versions of the tables


def test_an_older_store_is_brought_to_this_version(url: str) -> None:
    engine = connected(parsed(url))
    row = {"id": "0" * 16, "login": "me", "name": "Me", "salt": "", "at": "2026"}
    with transaction(engine, writes=True) as connection:
        command.upgrade(config(connection), "0001")
        connection.execute(insert(PERSON), row)
    store = open_store(url)
    person = store.find_person("me")
    assert person
    assert person.name == "Me"
    with transaction(engine) as connection:
        assert MigrationContext.configure(connection).get_current_revision() == "0002"
        # The tables that migrations make are those that the code uses.
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()
    store.close()


def test_a_newer_store_is_refused_and_left_alone(url: str) -> None:
    open_store(url).close()
    engine = connected(parsed(url))
    with transaction(engine, writes=True) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0999'"))
    with pytest.raises(StoreError, match=r"by a later gainsmodel .*0999.*install that version"):
        open_store(url)
    with transaction(engine) as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "0999"
    engine.dispose()


def test_a_database_of_something_else_is_left_alone(url: str) -> None:
    engine = connected(parsed(url))
    with transaction(engine, writes=True) as connection:
        connection.execute(text("CREATE TABLE plan (id INTEGER)"))
    with pytest.raises(StoreError, match="already exists"):
        open_store(url)
    with transaction(engine) as connection:
        names = engine.dialect.get_table_names(connection)
    assert names == ["plan"]
    engine.dispose()


# ---------------------------------------------------------------- kill -9


def test_a_kill_in_the_middle_of_a_save_loses_nothing_earlier(
    url: str, store: Store, team: Team, other_plan: Scenario
) -> None:
    plan_id, chance, told = team.first.plan_id, random.Random(9), [team.first.id]
    told.append(store.save(team.editor, plan_id, other_plan, team.first.id).id)
    for _ in range(3):
        words = [sys.executable, "-c", KILLED, url, team.editor, told[0], told[-1]]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            told.append(process.stdout.readline().strip())
            time.sleep(0.1 + 0.2 * chance.random())
            process.kill()
            told += process.stdout.read().split()
        history = [of.id for of in reversed(store.revisions(team.editor, plan_id))]
        # Everything that was told is there, and at most one more, whose telling was cut off.
        assert history[: len(told)] == told
        assert len(history) <= len(told) + 1
        told = history
        assert store.verify().wrong == ()
    assert len(told) > 5
