"""``gainsmodel assumptions``: the log of everything a scenario assumes."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import polars as pl
import typer

from gainsmodel.analysis import assumptions_log
from gainsmodel.analysis.sensitivity import Output, Sensitivity
from gainsmodel.cli.app import (
    DataOption,
    ScenarioFile,
    app,
    own_folder,
    plain_console,
    plain_table,
    progress,
    stated,
)
from gainsmodel.data import Geography
from gainsmodel.errors import SettingError
from gainsmodel.present import export
from gainsmodel.scenario import Scenario, load_scenario

Format = Literal["table", "md", "csv", "xlsx"]
ENDINGS: dict[str, Format] = {".md": "md", ".csv": "csv", ".xlsx": "xlsx"}


@app.command("assumptions")
def assumptions_command(
    scenario: ScenarioFile,
    kind: Annotated[
        Format | None,
        typer.Option("--format", help="as the ending of --out says, or a table, if left out"),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="file to write; else it is printed")] = None,
    rank: Annotated[
        bool, typer.Option("--rank", help="rank them by what they do to an answer; takes seconds")
    ] = False,
    output: Annotated[Output | None, typer.Option(help="with --rank: the answer")] = None,
    area: Annotated[
        str | None, typer.Option(help="with --rank: area or group; the UK if left out")
    ] = None,
    geography: Annotated[
        Geography | None, typer.Option(help="with --rank: instead of the scenario's geography")
    ] = None,
    draws: Annotated[
        int | None, typer.Option(help="with --rank: futures in each sample; 10,000 if left out")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="with --rank: same seed, same answer")] = None,
    threads: Annotated[int | None, typer.Option(help="changes no number")] = None,
    data: DataOption = None,
) -> None:
    """Every assumption with range, source, evidence, owner, date and what differs."""
    kind = kind or _kind_of(out)
    if kind == "xlsx" and out is None:
        raise SettingError("--format xlsx: needs --out, the file to write")
    if kind == "table" and out is not None:
        raise SettingError("--format table: is for the screen; choose md, csv or xlsx for --out")
    options = stated(output=output, area=area, geography=geography, draws=draws, seed=seed)
    options |= stated(data=data)
    if options and not rank:
        raise SettingError(f"--{next(iter(options))}: goes with --rank, which was left out")
    loaded = load_scenario(scenario)
    found = None
    if rank:
        options["dataset"] = own_folder(options.pop("data", None))
        with progress("Simulating") as on_progress:
            found = assumptions_log.ranked(
                loaded, threads=threads, on_progress=on_progress, **options
            )
    log = assumptions_log.log(loaded, found=found)
    if kind == "table":
        _print_log(log, loaded, found)
        return
    head = assumptions_log.about(loaded, found)
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
    try:
        out.write_bytes(content)
    except OSError as error:
        raise SettingError(f"--out {out}: cannot be written: {error.strerror}") from error
    print(f"written: {out}", file=sys.stderr)


def _kind_of(out: Path | None) -> Format:
    if out is None:
        return "table"
    if kind := ENDINGS.get(out.suffix.lower()):
        return kind
    raise SettingError(f"--out {out}: say --format, or end the name in .md, .csv or .xlsx")


def _print_log(log: pl.DataFrame, scenario: Scenario, found: Sensitivity | None) -> None:
    console = plain_console()
    console.print(f"Assumptions of {scenario.title}\n", style="bold")
    headings = ["Assumption", "Value", "Unit", "Evidence", "Reference"]
    headings += ["Rank"] if found else []
    for group in dict.fromkeys(log["group"]):
        table = plain_table(*headings, left=tuple(range(len(headings))))
        table.columns[1].no_wrap = True
        for row in log.filter(pl.col("group") == group).iter_rows(named=True):
            cells = [row[name] for name in ("name", "value", "unit", "evidence")]
            cells.append(row["reference"] if row["changed"] else "the same")
            table.add_row(*cells, *([assumptions_log.rank_in_words(row)] if found else []))
        console.print(f"{group}", style="bold")
        console.print(table)
        console.print()
    judged = log.filter(pl.col("evidence") == "judgement").height
    console.print(
        f"{log.height} assumptions, {judged} of them judgement, {log['changed'].sum()} other than "
        "in the reference.\nSources, notes, owners and dates stand in --format md, csv and xlsx."
    )
    for what, said in assumptions_log.about(scenario, found):
        if what in ("Ranked by", "Ranked on", "Note"):
            console.print(f"{what}: {said.removesuffix('.')}.")
