"""``gainsmodel store``: plans that are kept, on this machine or in a database."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gainsmodel.checks import did_you_mean, escape
from gainsmodel.cli.app import ScenarioFile, app
from gainsmodel.cli.console import show
from gainsmodel.errors import NotThereError, SettingError, StoreError
from gainsmodel.files import write_file

if TYPE_CHECKING:
    from gainsmodel.store import Plan, Revision, Workspace
    from gainsmodel.store.store import Store

store_app = typer.Typer(
    no_args_is_help=True,
    help="Plans that are kept: on this machine, or in the database that GAINSMODEL_STORE names.",
)
app.add_typer(store_app, name="store")

PlanName = Annotated[str, typer.Argument(metavar="NAME", help="name of a plan that is kept")]
WorkspaceOption = Annotated[
    str | None, typer.Option("--workspace", help="only in this workspace, by its name")
]
NoteOption = Annotated[str, typer.Option("--note", help="why, in a few words")]


@contextmanager
def opened() -> "Iterator[Store]":
    """The store, for the time of a command."""
    from gainsmodel.store import open_store

    store = open_store()
    try:
        yield store
    finally:
        store.close()


def _me() -> str:
    """The login of whoever uses this machine's command line."""
    try:
        return f"local:{getpass.getuser()}"
    except (OSError, KeyError):
        return "local:user"


def acting(store: "Store", *, new: bool = False) -> str:
    """The person who acts; one who was never here before has nothing to see."""
    login = _me()
    found = store.find_person(login)
    if found or new:
        return (found or store.person(login, login.removeprefix("local:"))).id
    return ""


def workspaces(store: "Store", person: str, name: str | None) -> "list[Workspace]":
    """The person's workspaces, or the one of this name."""
    every = store.workspaces(person)
    found = [of for of in every if name in (None, of.name)]
    if name is not None and not found:
        hint = did_you_mean(name, [of.name for of in every])
        raise NotThereError(f"--workspace: no such workspace: {escape(name)[:60]!r}{hint}")
    return found


def _plan(store: "Store", person: str, name: str, workspace: str | None) -> "Plan":
    plans = [
        plan for of in workspaces(store, person, workspace) for plan in store.plans(person, of.id)
    ]
    found = [plan for plan in plans if plan.name == name]
    if not found:
        hint = did_you_mean(name, [plan.name for plan in plans])
        raise NotThereError(f"no such plan: {escape(name)[:60]!r}{hint}")
    if len(found) > 1:
        raise SettingError(
            f"--workspace: must be given: {len(found)} workspaces have a plan {name!r}"
        )
    return found[0]


def _revision(store: "Store", person: str, plan: "Plan", number: int | None) -> "Revision":
    """A revision by its number, with its text; the last where none is named."""
    if number is None:
        return store.revision(person, plan.last.id)
    for of in store.revisions(person, plan.id):
        if of.number == number:
            return store.revision(person, of.id)
    raise NotThereError(f"no revision {number} of {plan.name!r}; there are 1 to {plan.last.number}")


@store_app.command("status")
def status_command() -> None:
    """Say where the store is, and how much it holds."""
    from gainsmodel.present.pages import kept_plans

    with opened() as store:
        show(kept_plans.status(store.where, store.schema, store.counts(), store.anchor()))


@store_app.command("list")
def list_command(workspace: WorkspaceOption = None) -> None:
    """List the plans that are kept."""
    from gainsmodel.present.pages import kept_plans

    with opened() as store:
        person = acting(store)
        found = workspaces(store, person, workspace)
        show(kept_plans.plans([(of, store.plans(person, of.id)) for of in found]))


@store_app.command("save")
def save_command(
    scenario: ScenarioFile,
    name: Annotated[str, typer.Option("--name", help="name of the plan, new or kept")],
    made_from: Annotated[
        int | None,
        typer.Option("--from", help="of a plan that is kept: the revision this one is made from"),
    ] = None,
    note: NoteOption = "",
    workspace: WorkspaceOption = None,
) -> None:
    """Keep a plan under a new name, or save a revision of one that is kept."""
    from gainsmodel.scenario import load_scenario

    loaded = load_scenario(scenario)
    if loaded.data is not None:
        raise SettingError(
            f"{loaded.data.place}a plan that is kept cannot name a folder of this machine; remove "
            "the line"
        )
    with opened() as store:
        person = acting(store, new=True)
        if workspace is None:
            store.home(person)
        try:
            plan = _plan(store, person, name, workspace)
        except NotThereError:
            if made_from is not None:
                raise
            of = workspaces(store, person, workspace)[0] if workspace else store.home(person)
            done = store.create_plan(person, of.id, name, loaded, note=note)
        else:
            if made_from is None:
                raise SettingError(
                    f"--name: there is a plan {name!r}, at revision {plan.last.number}; add --from "
                    f"{plan.last.number} if yours is made from that, or choose another name"
                )
            parent = _revision(store, person, plan, made_from)
            done = store.save(person, plan.id, loaded, parent.id, note=note)
        print(f"saved: {done.plan}, revision {done.number}")


@store_app.command("show")
def show_command(
    name: PlanName,
    revision: Annotated[int | None, typer.Option(help="number; the last by default")] = None,
    out: Annotated[Path | None, typer.Option(help="file to write, for 'run'")] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Print a plan as a scenario file, or write it."""
    with opened() as store:
        person = acting(store)
        of = _revision(store, person, _plan(store, person, name, workspace), revision)
        store.opened(person, of.plan_id)
    if out is None:
        print(of.text, end="")
    else:
        write_file(out, of.text.encode(), StoreError)
        print(f"written: {escape(str(out))}")


@store_app.command("history")
def history_command(name: PlanName, workspace: WorkspaceOption = None) -> None:
    """List the revisions of a plan: who, when, and what changed."""
    from gainsmodel.present.pages import kept_plans

    with opened() as store:
        person = acting(store)
        plan = _plan(store, person, name, workspace)
        revisions = store.revisions(person, plan.id)
        here = {of.id for of in revisions}
        changes = {
            of.id: store.changes(person, of.parent_id, of.id)
            for of in revisions
            if of.parent_id in here
        }
        show(kept_plans.history(revisions, changes))


@store_app.command("diff")
def diff_command(
    name: PlanName,
    before: Annotated[int, typer.Argument(help="number of a revision")],
    after: Annotated[int, typer.Argument(help="number of another")],
    workspace: WorkspaceOption = None,
) -> None:
    """Say in words what differs between two revisions of a plan."""
    from gainsmodel.present.pages import kept_plans

    with opened() as store:
        person = acting(store)
        plan = _plan(store, person, name, workspace)
        one, other = (_revision(store, person, plan, number) for number in (before, after))
        show(kept_plans.changed(one, other, store.changes(person, one.id, other.id)))


@store_app.command("restore-revision")
def restore_revision_command(
    name: PlanName,
    revision: Annotated[int, typer.Argument(help="number of the revision to go back to")],
    note: NoteOption = "",
    workspace: WorkspaceOption = None,
) -> None:
    """Save an earlier revision of a plan again, as its last."""
    with opened() as store:
        person = acting(store)
        plan = _plan(store, person, name, workspace)
        of = _revision(store, person, plan, revision)
        done = store.restore(person, of.id, plan.last.id, note=note)
        print(f"saved: {done.plan}, revision {done.number}, as revision {revision}")


@store_app.command("copy")
def copy_command(
    to: Annotated[
        str,
        typer.Option(
            help="address of an empty store, such as postgresql+psycopg://USER@HOST/DATABASE",
            envvar="GAINSMODEL_STORE_TO",
            show_envvar=True,
        ),
    ],
) -> None:
    """Copy everything into another store, with equal hashes; the way to PostgreSQL."""
    with opened() as store:
        audit = store.copy_to(to, "--to")
        print(f"copied: {audit.rows:,} rows, {audit.events:,} events; anchor {audit.anchor}")


@store_app.command("backup")
def backup_command(file: Annotated[Path, typer.Argument(help="new file to write")]) -> None:
    """Write everything into one file."""
    with opened() as store:
        audit = store.backup(file)
        print(f"written: {escape(str(file))}; {audit.events:,} events, anchor {audit.anchor}")


@store_app.command("restore")
def restore_command(
    file: Annotated[Path, typer.Argument(help="file that 'store backup' wrote")],
) -> None:
    """Read a backup into an empty store."""
    with opened() as store:
        audit = store.restore_backup(file)
        print(f"restored: {audit.rows:,} rows, {audit.events:,} events; anchor {audit.anchor}")


@store_app.command("forget")
def forget_command(
    login: Annotated[str, typer.Argument(help="login of the person, as the store knows it")],
) -> None:
    """Delete name and login of a person; what they saved stays, without a name."""
    with opened() as store:
        store.forget(login)
        print("forgotten: name and login are deleted; revisions stay, by 'a former user'")
