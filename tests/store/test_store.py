"""Plans that are kept: saved whole, never overwritten, the same on both databases."""

from __future__ import annotations

import sqlite3
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event, text

from gainsmodel.data import load_dataset
from gainsmodel.data.own_dataset import own_dataset
from gainsmodel.errors import (
    ConflictError,
    NotAllowedError,
    NotThereError,
    SettingError,
    StoreError,
    StoreUnavailable,
)
from gainsmodel.results.record import verify as verify_record
from gainsmodel.scenario import Scenario
from gainsmodel.simulation.run import run
from gainsmodel.store import Revision, open_store
from gainsmodel.store.records import FORGOTTEN
from gainsmodel.store.store import Store
from postgresql import Server
from team import Team

SKILLS = "Greater Manchester: digital skills from 100% to 60%, starting a year later"


def test_a_plan_is_saved_named_compared_restored_and_copied(
    store: Store, team: Team, plan: Scenario, other_plan: Scenario
) -> None:
    first = team.first
    assert (first.number, first.author, first.note, first.parent_id) == (1, "Editor", "begun", None)
    assert first.scenario() == plan
    view = {"area": "Greater Manchester", "draws": 2000}
    second = store.save(team.owner, first.plan_id, other_plan, first.id, view=view)
    assert (second.number, second.parent_id, second.view) == (2, first.id, view)
    assert store.changes(team.reader, first.id, second.id) == [SKILLS]
    third = store.restore(team.editor, first.id, second.id)
    assert (third.note, third.scenario_sha256) == ("as revision 1", first.scenario_sha256)
    copy = store.copy_plan(team.editor, second.id, team.workspace, "Later")
    assert (copy.plan, copy.number, copy.parent_id, copy.text) == (
        "Later",
        1,
        second.id,
        second.text,
    )
    store.rename_plan(team.editor, copy.plan_id, "A year later")
    listed = store.plans(team.reader, team.workspace)
    assert [(each.name, each.last.number) for each in listed] == [
        ("A year later", 1),
        ("Skills", 3),
    ]
    history = store.revisions(team.reader, first.plan_id)
    assert [each.number for each in history] == [3, 2, 1]
    assert not any(each.text for each in history)
    store.opened(team.reader, first.plan_id)
    store.opened(team.reader, first.plan_id)
    told = [(each.person, each.what) for each in store.events(team.reader, team.workspace)]
    assert told[:4] == [("Reader", "opened"), ("Editor", "renamed"), ("Editor", "saved"),
                        ("Editor", "created")]  # fmt: skip
    assert store.verify().wrong == ()


def test_two_people_on_one_plan_lose_nothing(
    store: Store, team: Team, plan: Scenario, other_plan: Scenario
) -> None:
    first, mine = team.first, plan.edit({'plan."Greater Manchester".leadership': 0.9})
    theirs = store.save(team.owner, first.plan_id, other_plan, first.id)
    with pytest.raises(ConflictError, match=r"Owner saved revision 2 at .* overwritten") as caught:
        store.save(team.editor, first.plan_id, mine, first.id)
    assert caught.value.theirs == theirs
    assert caught.value.changes == (SKILLS,)
    assert SKILLS in str(caught.value)
    assert len(store.revisions(team.owner, first.plan_id)) == 2
    # Both can be kept: as a copy, or after what came in between.
    copy = store.create_plan(team.editor, team.workspace, "Skills, mine", mine)
    third = store.save(team.editor, first.plan_id, mine, caught.value.theirs.id)
    assert copy.scenario() == third.scenario() == mine
    with pytest.raises(NotThereError, match="no such revision"):
        store.save(team.editor, first.plan_id, mine, copy.id)


def test_writers_at_once_make_one_row_of_revisions(
    url: str, store: Store, team: Team, plan: Scenario
) -> None:
    """Each goes on from what came in between; every revision is there once, none twice."""
    each, writers, saved, lost = 4, 4, [], []

    def write(writer: int) -> None:
        own = open_store(url)
        for n in range(each):
            share = (1 + writer * each + n) / 100
            mine = plan.edit({'plan."Greater Manchester".leadership': share})
            parent = store.revisions(team.editor, team.first.plan_id)[0].id
            while True:
                try:
                    saved.append(own.save(team.editor, team.first.plan_id, mine, parent))
                    break
                except ConflictError as conflict:
                    lost.append(conflict)
                    parent = conflict.theirs.id
        own.close()

    threads = [threading.Thread(target=write, args=(n,)) for n in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    history = store.revisions(team.editor, team.first.plan_id)
    assert [of.number for of in history] == [*range(1 + each * writers, 0, -1)]
    assert [of.parent_id for of in history] == [*(of.id for of in history[1:]), None]
    assert {of.id for of in saved} == {of.id for of in history[:-1]}
    assert store.verify().wrong == ()


def test_the_same_call_again_saves_nothing(
    store: Store, team: Team, plan: Scenario, other_plan: Scenario
) -> None:
    again = store.create_plan(team.editor, team.workspace, "Skills", plan, note="begun")
    assert again == team.first
    of = (team.editor, team.first.plan_id, other_plan, team.first.id)
    second = store.save(*of)
    assert store.save(*of) == second
    keyed = store.save(team.editor, team.first.plan_id, plan, second.id, key="one")
    assert store.save(team.editor, team.first.plan_id, plan, second.id, key="one") == keyed
    with pytest.raises(SettingError, match="key: was used for something else"):
        store.save(team.editor, team.first.plan_id, other_plan, keyed.id, key="one")
    assert len(store.revisions(team.editor, team.first.plan_id)) == 3
    with pytest.raises(SettingError, match="already a plan 'Skills'"):
        store.create_plan(team.editor, team.workspace, "Skills", other_plan)


def test_one_person_who_comes_twice_at_once_has_one_workspace(store: Store) -> None:
    person, made = store.person("login-twice").id, []
    threads = [
        threading.Thread(target=lambda: made.append(store.home(person).id)) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 6
    assert len({*made}) == len(store.workspaces(person)) == 1


def test_fifty_people_save_at_once(store: Store, plan: Scenario) -> None:
    done: list[Revision] = []

    def save(n: int) -> None:
        who = store.person(f"login-{n}", f"Person {n}").id
        made = store.create_plan(who, store.home(who).id, "Mine", plan)
        done.append(store.restore(who, made.id, made.id))

    threads = [threading.Thread(target=save, args=(n,)) for n in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [of.number for of in done] == [2] * 50
    assert store.verify().wrong == ()


# ---------------------------------------------------------------- who may do what


def calls(store: Store, team: Team, plan: Scenario) -> dict[str, Callable[[str], object]]:
    """Every call, by the least role it takes."""
    first, workspace = team.first, team.workspace
    evidence = store.keep_file(team.editor, workspace, "Survey", b"1,2")
    return {
        "reader plans": lambda who: store.plans(who, workspace),
        "reader revisions": lambda who: store.revisions(who, first.plan_id),
        "reader revision": lambda who: store.revision(who, first.id),
        "reader changes": lambda who: store.changes(who, first.id, first.id),
        "reader opened": lambda who: store.opened(who, first.plan_id),
        "reader members": lambda who: store.members(who, workspace),
        "reader events": lambda who: store.events(who, workspace),
        "reader files": lambda who: store.files(who, workspace),
        "reader file": lambda who: store.file(who, evidence.id),
        "reader runs": lambda who: store.runs(who, first.id),
        "editor create": lambda who: store.create_plan(who, workspace, f"Of {who}", plan),
        "editor copy": lambda who: store.copy_plan(who, first.id, workspace, f"Copy of {who}"),
        "editor save": lambda who: store.save(
            who, first.plan_id, plan, store.revisions(team.owner, first.plan_id)[0].id, note=who
        ),
        "editor restore": lambda who: store.restore(
            who, first.id, store.revisions(team.owner, first.plan_id)[0].id, note=f"again {who}"
        ),
        "editor rename": lambda who: store.rename_plan(who, first.plan_id, f"Named by {who}"),
        "editor keep": lambda who: store.keep_file(who, workspace, f"Of {who}", b"3"),
        "editor remove": lambda who: store.remove_file(
            who, store.keep_file(team.editor, workspace, f"Going by {who}", b"4").id
        ),
        "owner set_role": lambda who: store.set_role(who, workspace, team.reader, "reader"),
    }


def test_roles_are_kept_and_a_stranger_sees_nothing(
    store: Store, team: Team, plan: Scenario
) -> None:
    roles = {"reader": team.reader, "editor": team.editor, "owner": team.owner}
    ranks = [*roles]
    for name, call in calls(store, team, plan).items():
        least = name.split()[0]
        for role, who in roles.items():
            if ranks.index(role) >= ranks.index(least):
                call(who)
            else:
                before = store.anchor()
                with pytest.raises(NotAllowedError, match=f"an {least} of the workspace may"):
                    call(who)
                if name != "editor remove":
                    assert store.anchor() == before, name
        for nobody in (team.stranger, "0" * 16, "", "' OR 1=1 --"):
            with pytest.raises(NotThereError, match=r"no such (plan|revision|workspace|file)$"):
                call(nobody)
    assert store.workspaces(team.stranger) == []


def test_what_is_not_there_and_what_is_not_theirs_read_the_same(store: Store, team: Team) -> None:
    told = set()
    for who, key in ((team.stranger, team.first.plan_id), (team.owner, "0123456789abcdef"),
                     (team.owner, "\0"), (team.owner, "x" * 10_000)):  # fmt: skip
        with pytest.raises(NotThereError) as caught:
            store.revisions(who, key)
        told.add(str(caught.value))
    assert told == {"no such plan"}


def test_members_come_and_go_and_an_owner_stays(store: Store, team: Team) -> None:
    with pytest.raises(NotAllowedError, match="without an owner"):
        store.set_role(team.owner, team.workspace, team.owner, None)
    with pytest.raises(NotAllowedError, match="without an owner"):
        store.set_role(team.owner, team.workspace, team.owner, "editor")
    with pytest.raises(NotThereError, match="no such person"):
        store.set_role(team.owner, team.workspace, "0123456789abcdef", "reader")
    with pytest.raises(SettingError, match="did you mean 'editor'"):
        store.set_role(team.owner, team.workspace, team.stranger, "editr")  # type: ignore[arg-type]
    store.set_role(team.owner, team.workspace, team.editor, "owner")
    store.set_role(team.owner, team.workspace, team.owner, None)
    with pytest.raises(NotThereError):
        store.plans(team.owner, team.workspace)
    store.set_role(team.reader, team.workspace, team.reader, None)
    # What a login's groups say.
    store.grant(team.stranger, team.workspace, "reader")
    assert store.plans(team.stranger, team.workspace)
    store.grant(team.stranger, team.workspace, None)
    with pytest.raises(NotThereError, match="no such workspace"):
        store.grant(team.stranger, "0" * 16, "reader")
    assert [(of.name, of.role) for of in store.members(team.editor, team.workspace)] == [
        ("Editor", "owner")
    ]
    assert store.verify().wrong == ()


def test_somebody_forgotten_is_named_nowhere_and_the_chain_holds(
    store: Store, team: Team, tmp_path: Path
) -> None:
    anchor = store.anchor()
    with pytest.raises(NotAllowedError, match="without an owner"):
        store.forget("login-owner")
    store.forget("login-editor")
    assert store.find_person("login-editor") is None
    assert store.revision(team.owner, team.first.id).author == FORGOTTEN
    assert {of.person for of in store.events(team.owner, team.workspace)} == {"Owner", FORGOTTEN}
    with pytest.raises(NotThereError):
        store.create_workspace(team.editor, "Again")
    audit = store.verify(anchor)
    assert audit.wrong == ()
    store.backup(tmp_path / "kept.db")
    # Neither in a backup made later, nor in what the store's own files have left over.
    held = [path.read_bytes() for path in tmp_path.iterdir()]
    assert any(b"login-owner" in of for of in held)
    assert not any(b"login-editor" in of or b"Editor" in of for of in held)
    # The same login is a new person later, who is a member nowhere.
    assert store.person("login-editor", "Editor").id != team.editor


def test_impossible_names_and_notes_are_refused_alike(
    store: Store, team: Team, plan: Scenario
) -> None:
    for name in ("", "  ", "x" * 101, "a\nb", "a\0b", "a\ud800", 7, "\x1b[2J"):
        with pytest.raises(SettingError, match=r"^name: must"):
            store.create_workspace(team.owner, name)  # type: ignore[arg-type]
    for note in ("n" * 2001, "a\0b", "a\ud800"):
        with pytest.raises(SettingError, match=r"^note: must"):
            store.save(team.owner, team.first.plan_id, plan, team.first.id, note=note)
    for view in ({"a": "\0"}, {"a": "\ud800"}, {"a": object()}, {"a": "x" * 20_000}):
        with pytest.raises(SettingError, match=r"^view: "):
            store.save(team.owner, team.first.plan_id, plan, team.first.id, view=view)
    with pytest.raises(SettingError, match=r"^login: must"):
        store.person("")
    assert len(store.revisions(team.owner, team.first.plan_id)) == 1


# ---------------------------------------------------------------- runs and files


def test_a_run_is_kept_once_and_made_again_to_the_same_bytes(
    store: Store, team: Team, plan: Scenario, other_plan: Scenario, tmp_path: Path
) -> None:
    result = run(plan, draws=100, seed=3)
    kept = store.add_run(team.editor, team.first.id, result)
    assert store.add_run(team.owner, team.first.id, run(plan, draws=100, seed=3)) == kept
    assert store.runs(team.reader, team.first.id) == [kept]
    assert kept.settings["seed"] == 3
    assert store.run_tables(team.reader, kept.id)["areas"].equals(result.areas())
    for name, content in store.run_files(team.reader, kept.id).items():
        (tmp_path / name).write_bytes(content)
    checked = verify_record(tmp_path / "manifest.json", kept.fingerprint)
    assert checked.mismatches == ()
    assert len(checked.files) == 6
    with pytest.raises(SettingError, match="another scenario"):
        store.add_run(team.editor, team.first.id, run(other_plan, draws=100))
    with pytest.raises(NotThereError, match=r"no such run$"):
        store.run_files(team.stranger, kept.id)
    assert store.verify().wrong == ()


def test_own_figures_and_evidence_belong_to_a_workspace(
    store: Store, team: Team, plan: Scenario
) -> None:
    frame = load_dataset("mayoral")
    own = own_dataset(frame, frame.gva_gbp_m * 1.01, "Ours", (), ())
    kept = store.keep_figures(team.editor, team.workspace, "Ours", own)
    read = store.figures(team.reader, kept.id)
    assert (read.gva_gbp_m == own.gva_gbp_m).all()
    second = store.save(
        team.editor, team.first.plan_id, plan, team.first.id, figures_id=kept.id, note="on ours"
    )
    assert second.figures_id == kept.id
    survey = store.keep_file(team.editor, team.workspace, "Survey", b"a,b\n")
    assert store.keep_file(team.owner, team.workspace, "Survey", b"a,b\n") == survey
    with pytest.raises(SettingError, match="already a file 'Survey'"):
        store.keep_file(team.owner, team.workspace, "Survey", b"other")
    with pytest.raises(SettingError, match="50,000,000 bytes; found 50,000,001"):
        store.keep_file(team.owner, team.workspace, "Large", bytes(50_000_001))
    other = store.home(team.stranger)
    with pytest.raises(NotThereError, match="no such figures in this workspace"):
        store.create_plan(team.stranger, other.id, "Theirs", plan, figures_id=kept.id)
    assert [of.name for of in store.files(team.reader, team.workspace)] == ["Survey", "Ours"]
    # The same content under another name stays when one of them goes.
    twin = store.keep_file(team.editor, team.workspace, "Twin", b"a,b\n")
    store.remove_file(team.editor, survey.id)
    assert store.file(team.reader, twin.id) == {"content": b"a,b\n"}
    store.remove_file(team.editor, twin.id)
    assert store.verify().wrong == ()


# ---------------------------------------------------------------- the database


def test_the_database_itself_refuses_to_change_what_is_only_added(
    store: Store, team: Team, plan: Scenario
) -> None:
    store.add_run(team.editor, team.first.id, run(plan, draws=64))
    before = store.verify()
    for table in ("revision", "run", "event"):
        for change in (f"UPDATE {table} SET at = 'x'", f"DELETE FROM {table}"):
            with (
                pytest.raises(StoreError, match=f"{table} is append-only"),
                store._write() as connection,
            ):
                connection.execute(text(change))
    assert store.verify() == before


def test_a_commit_whose_answer_was_lost_is_not_made_twice(
    store: Store, team: Team, other_plan: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = (team.editor, team.first.plan_id, other_plan, team.first.id)
    done = store.engine.dialect.do_commit

    def lost(connection: object) -> None:
        done(connection)  # type: ignore[arg-type]
        raise store.engine.dialect.loaded_dbapi.OperationalError("disk I/O error: lost")

    monkeypatch.setattr(store.engine.dialect, "do_commit", lost)
    with pytest.raises(StoreUnavailable, match="try again"):
        store.save(*of)
    monkeypatch.undo()
    again = store.save(*of)
    assert again.number == 2
    assert store.verify().wrong == ()


def test_a_server_stopped_in_the_middle_of_a_save(plan: Scenario, other_plan: Scenario) -> None:
    server = Server()
    try:
        store = open_store(server.database())
        team = Team(store, plan)
        of = (team.editor, team.first.plan_id, other_plan, team.first.id)
        before, stopped = store.anchor(), []

        def stop(_c: object, _k: object, statement: str, *_: object) -> None:
            if statement.startswith("INSERT INTO revision") and not stopped:
                stopped.append(statement)
                server.stop()

        event.listen(store.engine, "after_cursor_execute", stop)
        with pytest.raises(StoreUnavailable, match="nothing is half saved; try again") as caught:
            store.save(*of)
        assert "hush-hush" not in str(caught.value)
        assert stopped
        with pytest.raises(StoreUnavailable):
            store.plans(team.reader, team.workspace)
        server.start()
        assert store.anchor() == before
        assert len(store.revisions(team.reader, team.first.plan_id)) == 1
        assert store.save(*of).number == 2
        assert store.save(*of).number == 2
        assert store.verify(before).wrong == ()
        store.close()
    finally:
        server.remove()


def test_many_open_a_new_store_at_once(url: str) -> None:
    made: list[str] = []

    def opened() -> None:
        store = open_store(url)
        made.append(store.schema)
        store.close()

    threads = [threading.Thread(target=opened) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 6


def test_a_file_is_its_owner_s_alone(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/new/folder/store.db")
    store.close()
    file = tmp_path / "new/folder/store.db"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_the_store_of_this_machine_needs_no_setting_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GAINSMODEL_STORE", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    store = open_store()
    assert store.where == str(tmp_path / "gainsmodel/store.db")
    with store._read() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
    store.close()


@pytest.mark.parametrize(
    "url",
    [
        "hush-hush",
        "postgresql://me:hush-hush@host/db",
        "mysql://me:hush-hush@host/db",
        "postgresql+psycopg://me:hush-hush@host",
        "postgresql+psycopg://me:hush-hush@host:port/db",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:////tmp/x.db?password=hush-hush",
        "postgresql+psycopg://me:hush-hush@/db?host=/nowhere&strange=hush-hush",
        "postgresql+psycopg://me@/db?host=/nowhere&password=hush-hush",
        "postgresql+psycopg://me:hush-hush@127.0.0.1:9/db",
        "sqlite:////dev/null/store.db",
        "sqlite:////proc/store.db",
    ],
)
def test_a_bad_address_gives_one_error_without_the_password(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(StoreError) as caught:
        open_store(url)
    told = str(caught.value)
    assert "\n" not in told
    assert "hush" not in told + caplog.text + repr(caught.value.__cause__)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_the_password_is_shown_nowhere(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    store = open_store(server.database())
    assert store.where == f"PostgreSQL on {server.folder}, postgres"
    assert "hush" not in caplog.text + repr(store.engine) + str(store.engine.url)
    store.close()


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("no database, but long enough to be taken for one" * 100)
    with pytest.raises(StoreError, match="not a database"):
        open_store(f"sqlite:///{tmp_path}/x.db")


def test_a_busy_file_may_be_tried_again(
    tmp_path: Path, plan: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gainsmodel.store.address._WAIT_SECONDS", 0.1)
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    team = Team(store, plan)
    of = (team.editor, team.first.plan_id, plan, team.first.id)
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="database is locked; nothing is half saved"):
        store.save(*of)
    assert len(store.revisions(team.editor, team.first.plan_id)) == 1
    other.execute("ROLLBACK")
    other.close()
    assert store.save(*of).number == 2
    store.close()
