"""``gainsmodel assumptions``: the log of everything a scenario assumes."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from gainsmodel.choices import Geography, Output
from gainsmodel.cli import completion
from gainsmodel.cli.app import (
    DataOption,
    ScenarioFile,
    ThreadsOption,
    app,
    own_folder,
    progress,
    stated,
)
from gainsmodel.cli.console import show
from gainsmodel.errors import SettingError
from gainsmodel.files import write_file

Format = Literal["table", "md", "csv", "xlsx"]
ENDINGS: dict[str, Format] = {".md": "md", ".csv": "csv", ".xlsx": "xlsx"}


@app.command("assumptions")
def assumptions_command(
    scenario: ScenarioFile,
    kind: Annotated[
        Format | None,
        typer.Option("--format", help="by default as the ending of --out says, or a table"),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="file to write; printed by default")] = None,
    rank: Annotated[
        bool, typer.Option("--rank", help="rank them by their effect on an answer (takes seconds)")
    ] = False,
    output: Annotated[
        Output | None, typer.Option(help="with --rank: the answer they affect")
    ] = None,
    area: Annotated[
        str | None,
        typer.Option(
            help="with --rank: area or group; the UK by default", autocompletion=completion.areas
        ),
    ] = None,
    geography: Annotated[
        Geography | None,
        typer.Option(help="with --rank: geography to use instead of the scenario's"),
    ] = None,
    draws: Annotated[
        int | None, typer.Option(help="with --rank: draws in each sample; 10,000 by default")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="with --rank: random seed")] = None,
    threads: ThreadsOption = None,
    data: DataOption = None,
) -> None:
    """Every assumption with range, source, evidence, owner, date and what differs."""
    import polars as pl

    from gainsmodel.analysis import assumptions_log
    from gainsmodel.present import export
    from gainsmodel.present.pages.assumptions import assumptions
    from gainsmodel.scenario import load_scenario

    kind = kind or _kind_of(out)
    if kind == "xlsx" and out is None:
        raise SettingError("--format xlsx: needs --out, the file to write")
    if kind == "table" and out is not None:
        raise SettingError("--format table: is for the screen; choose md, csv or xlsx for --out")
    options = stated(output=output, area=area, geography=geography, draws=draws, seed=seed)
    options |= stated(data=data)
    if options and not rank:
        raise SettingError(f"--{next(iter(options))}: needs --rank")
    loaded = load_scenario(scenario)
    ranks = None
    if rank:
        options["dataset"] = own_folder(options.pop("data", None))
        with progress("Simulating") as on_progress:
            ranks = assumptions_log.ranked(
                loaded, threads=threads, on_progress=on_progress, **options
            )
    log = assumptions_log.log(loaded, ranking=ranks)
    if kind == "table":
        show(assumptions(log, loaded, ranks))
        return
    head = assumptions_log.about(loaded, ranks)
    if kind == "md":
        content = assumptions_log.markdown(log, head).encode()
    elif kind == "csv":
        content = export.csv(log)
    else:
        about = pl.DataFrame(head, schema=["What", "Says"], orient="row")
        content = export.workbook_of({"About": about, "Assumptions": log})
    if out is None:
        sys.stdout.write(content.decode("utf-8-sig"))
        return
    write_file(out, content, SettingError)
    print(f"written: {out}", file=sys.stderr)


def _kind_of(out: Path | None) -> Format:
    if out is None:
        return "table"
    if kind := ENDINGS.get(out.suffix.lower()):
        return kind
    raise SettingError(f"--out {out}: add --format, or end the name in .md, .csv or .xlsx")
