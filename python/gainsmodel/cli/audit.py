"""``gainsmodel audit``: who did what to the plans that are kept, and whether all of it holds."""

from typing import Annotated

import typer

from gainsmodel.cli.app import JsonOption, app
from gainsmodel.cli.console import print_json, show
from gainsmodel.cli.store import WorkspaceOption, acting, opened, workspaces
from gainsmodel.errors import StoreError

audit_app = typer.Typer(
    no_args_is_help=True, help="Who did what to kept plans, and whether all of it holds."
)
app.add_typer(audit_app, name="audit")


@audit_app.command("verify")
def verify_command(
    anchor: Annotated[
        str | None, typer.Option(help="number and hash that an earlier check printed")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Find any row of the store that was altered, removed, put in or moved.

    An end that was cut off, or a chain made anew, is found only with an anchor that was kept
    elsewhere.
    """
    from dataclasses import asdict

    from gainsmodel.present.pages import kept_plans

    with opened() as store:
        audit = store.verify(anchor)
    if as_json:
        print_json(asdict(audit))
    else:
        show(kept_plans.audited(audit))
    if audit.wrong:
        more = f"; {len(audit.wrong) - 1} more" if len(audit.wrong) > 1 else ""
        raise StoreError(f"{store.where}: {audit.wrong[0]}{more}")


@audit_app.command("log")
def log_command(
    workspace: WorkspaceOption = None,
    most: Annotated[int, typer.Option(min=1, max=100_000, help="how many, the last first")] = 50,
) -> None:
    """List who did what in your workspaces, the last first."""
    from gainsmodel.present.pages import kept_plans

    with opened() as store:
        person = acting(store)
        found = [
            event
            for of in workspaces(store, person, workspace)
            for event in store.events(person, of.id, most)
        ]
    show(kept_plans.events(sorted(found, key=lambda of: -of.number)[:most]))
