"""``gainsmodel verify``: a run's record and its tables, checked without running anything."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from gainsmodel.cli.app import JsonOption, app
from gainsmodel.cli.console import print_json, show
from gainsmodel.errors import ResultError


@app.command("verify")
def verify_command(
    record: Annotated[
        Path, typer.Argument(help="a record, such as a manifest.json, or the folder of a saved run")
    ],
    fingerprint: Annotated[
        str | None, typer.Option(help="what it should be, as printed in a paper")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check a run's record, and the tables beside it, without running anything."""
    from gainsmodel.present.pages.record import verified
    from gainsmodel.results.record import verify

    done = verify(record, fingerprint)
    if as_json:
        answer = asdict(done)
        print_json({key: answer[key] for key in ("fingerprint", "files", "mismatches")})
    else:
        show(verified(done))
    if wrong := done.mismatches:
        raise ResultError(
            wrong[0].sentence + (f"; {len(wrong) - 1} more do not match" if len(wrong) > 1 else "")
        )
