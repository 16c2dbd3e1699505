"""``gainsmodel data``: the figures the model starts from, built in or your own."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gainsmodel.choices import Geography, Level, Rest
from gainsmodel.cli import completion
from gainsmodel.cli.app import FillOption, SheetOption, YearOption, app, read_own
from gainsmodel.cli.console import show
from gainsmodel.errors import DataError, GainsModelError
from gainsmodel.files import write_file, writing

if TYPE_CHECKING:
    from gainsmodel.data import Dataset

data_app = typer.Typer(no_args_is_help=True, help="The figures the model starts from.")
app.add_typer(data_app, name="data")


@data_app.command("list")
def data_list() -> None:
    """Geographies and what each holds."""
    from gainsmodel.present.pages import data as pages

    show(pages.geographies())


@data_app.command("show")
def data_show(
    source: Annotated[
        str,
        typer.Argument(
            metavar="GEOGRAPHY|FOLDER", help="built-in, or a folder of your own figures"
        ),
    ] = "mayoral",
    area: Annotated[
        list[str] | None,
        typer.Option(help="only this area or group", autocompletion=completion.areas),
    ] = None,
) -> None:
    """Figures of each area, or by sector where areas are named.

    Of a folder, first where they come from; an edited or outdated folder is refused.
    """
    from gainsmodel.present.pages import data as pages

    dataset = _figures(source)
    if area:
        codes = [code for name in area for code in dataset.resolve(name)]
        show(block for code in dict.fromkeys(codes) for block in pages.area_figures(dataset, code))
    else:
        show(pages.figures(dataset, source))


def _figures(name: str) -> "Dataset":
    """A folder of own figures or a shipped geography; a path is told from a misspelt name."""
    from gainsmodel.data import GEOGRAPHIES, is_dataset, load_dataset, read_gva
    from gainsmodel.data.saved import read_named

    if is_dataset(name):
        return read_gva(name, None)
    if name not in GEOGRAPHIES and (Path(name).exists() or "/" in name):
        return read_named(Path(name), "")
    return load_dataset(name)


@data_app.command("check")
def data_check(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[GEOGRAPHY|FOLDER]...",
            help="built-in, or folders of your own figures; every built-in one by default",
        ),
    ] = None,
) -> None:
    """Check figures: sums, codes, missing cells, hashes."""
    from gainsmodel.data import GEOGRAPHIES, check

    failed = 0
    for name in sources or GEOGRAPHIES:
        for result in check(_figures(name)):
            failed += not result.passed
            print(f"{'ok  ' if result.passed else 'FAIL'} {name}: {result.name}: {result.detail}")
    if failed:
        raise GainsModelError(f"{failed} checks failed")


@data_app.command("import-table", help="Check your own GVA figures and keep them in a folder.")
@data_app.command("import-ons", help="Import the ONS GVA workbooks as published.")
def data_import(
    tables: Annotated[
        list[Path],
        typer.Argument(
            help="CSV, Parquet or Excel files that together hold one table: area × sector, £m"
        ),
    ],
    out: Annotated[Path, typer.Option(help="folder to write, for 'run --data'")],
    geography: Annotated[
        Level | None, typer.Option(help="which areas; by default recognised by their names")
    ] = None,
    sheet: SheetOption = None,
    year: YearOption = None,
    fill_built_in: FillOption = False,
    names: Annotated[
        Path | None,
        typer.Option(help="table of names of areas and sectors: columns theirs and ours"),
    ] = None,
    areas: Annotated[
        Path | None,
        typer.Option(help="areas of your own: columns area, region, population, gigabit_share …"),
    ] = None,
    currency: Annotated[
        str | None, typer.Option(help="currency to convert from, such as EUR; needs a rate")
    ] = None,
    rate: Annotated[
        float | None, typer.Option(help="£ for one unit of that currency, such as 0.8698")
    ] = None,
    rate_source: Annotated[
        str | None, typer.Option(help="where the rate is from, such as 'ECB annual average 2023'")
    ] = None,
) -> None:
    """Keep own figures in a folder that notices edits."""
    from gainsmodel.data import save_dataset

    dataset = read_own(
        *(tables, geography, sheet, year, fill_built_in, names, areas),
        currency=currency,
        gbp_per_unit=rate,
        rate_source=rate_source,
    )
    save_dataset(dataset, out)
    print(f"geography: {dataset.geography}", *dataset.notes, sep="\n")
    print(f"written: {out}", file=sys.stderr)


@data_app.command("aggregate")
def data_aggregate(
    lookup: Annotated[
        Path, typer.Option(help="CSV or Excel: columns area and new_area, one row per smaller area")
    ],
    out: Annotated[Path, typer.Option(help="folder to write, for 'run --data'")],
    base: Annotated[
        str, typer.Option(help="areas to build from: built-in, or a folder of your own figures")
    ] = "local_authority",
    rest: Annotated[
        Rest | None,
        typer.Option(help="the rest of the UK: mayoral areas, regions, or the parts themselves"),
    ] = None,
    name: Annotated[str | None, typer.Option(help="name of the figures")] = None,
) -> None:
    """Build new areas from smaller ones, with proof that every total is kept."""
    from gainsmodel.data import save_dataset
    from gainsmodel.data.aggregation import aggregate

    figures = _figures(base)
    dataset = aggregate(figures, lookup, name=name, rest=rest)
    save_dataset(dataset, out)
    print(*dataset.notes, sep="\n")
    print(f"written: {out}", file=sys.stderr)


@data_app.command("template")
def data_template(
    out: Annotated[Path, typer.Option(help="file to write: .xlsx or .csv")],
    geography: Annotated[Geography, typer.Option(help="which areas")] = "mayoral",
    filled: Annotated[bool, typer.Option("--filled", help="with the built-in figures")] = False,
) -> None:
    """Write a table to fill in with your own GVA figures."""
    from gainsmodel.data import gva_template

    kind = out.suffix.casefold().removeprefix(".")
    if kind not in ("csv", "xlsx"):
        raise DataError(f"--out: must end in .xlsx or .csv, not {out.name!r}")
    content = gva_template(geography, "csv" if kind == "csv" else "xlsx", filled=filled)
    with writing(out, DataError):
        # A table that has been filled in must not be lost.
        if os.path.lexists(out):
            raise DataError(f"--out: {out} exists already; name a new file")
    write_file(out, content, DataError, new=True)
    print(f"written: {out}", file=sys.stderr)
