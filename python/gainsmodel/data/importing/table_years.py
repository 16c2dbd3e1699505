"""Of which year a table's figures are: told by headings, a column or titles, or asked for."""

from collections.abc import Sequence

from gainsmodel.data.importing.cells import text_of
from gainsmodel.data.importing.layout import Table
from gainsmodel.data.importing.sheets import shown
from gainsmodel.data.importing.years import is_period, year_of, years_in_titles
from gainsmodel.data.shipped_tables import BASE_YEAR
from gainsmodel.errors import DataError


def choose_year(table: Table, wanted: int | None, known: Sequence[int]) -> tuple[int | None, bool]:
    """Choose the year to read; of a table with a column a year, keep that column alone.

    Parameters
    ----------
    table : Table
    wanted : int or None
        The year that is asked for; the base year if there are several and none is.
    known : sequence of int
        Years that can be carried to the base year, in order.

    Returns
    -------
    year : int or None
        None if the table says none and none is asked for.
    several : bool
        Whether the table has figures of other years, too.

    Raises
    ------
    DataError
        If it lacks the year, or which year is meant cannot be told.
    """
    years = _years_of(table)
    if not years:
        return _year_of_titles(table, wanted), False
    several = len(years) > 1
    listed = f"{min(years)} to {max(years)}" if several else str(min(years))
    if wanted is not None and wanted not in years:
        raise DataError(
            f"{table.place}: has no figures of {wanted}; there are: {listed}{_periods(table)}"
        )
    chosen = wanted or (BASE_YEAR if BASE_YEAR in years else min(years))
    if several and chosen not in (wanted, BASE_YEAR):
        raise DataError(
            f"{table.place}: has figures of {listed}, none of {BASE_YEAR}; "
            f"say which year is meant with year= (--year){_periods(table)}"
        )
    if chosen not in known:
        raise DataError(
            f"{table.place}: figures are of {chosen}; they can be used from "
            f"{known[0]} to {known[-1]}"
        )
    if table.layout == "years":
        table.figures = {i: y for i, y in table.figures.items() if int(y) == chosen}
        if len(table.figures) > 1:
            raise DataError(f"{table.place}: {chosen} heads more than one column")
    return chosen, several


def _years_of(table: Table) -> set[int]:
    """Years that headings or the column of years name."""
    if table.layout == "years":
        return {int(year) for year in table.figures.values()}
    if table.year is None:
        return set()
    column = table.year
    cells = (row[column] for row in table.rows[table.heading + 1 :] if column < len(row))
    return {year for text in {*map(text_of, cells)} if (year := year_of(text))}


def _periods(table: Table) -> str:
    """The end of a sentence on years: headings that are none."""
    named = [h for h in table.headings if year_of(h) is None and is_period(h)]
    if table.layout != "years" or not named:
        return ""
    listed = ", ".join(shown(heading) for heading in named[:5])
    return f". Not calendar years, and not read: {listed}"


def _year_of_titles(table: Table, wanted: int | None) -> int | None:
    """The year that is asked for, or the one that titles speak of; refused if it is another."""
    titles = {
        text: row
        for row in range(table.heading)
        if (text := " ".join(filter(None, map(text_of, table.rows[row]))))
    }
    said = years_in_titles([*titles, table.sheet])
    if wanted is not None or len(said) != 1:
        return wanted
    (year,) = said
    if year == BASE_YEAR:
        return year
    where = next((row for text, row in titles.items() if str(year) in text), None)
    place = table.place if where is None else f"{table.place}, row {where + 1}"
    raise DataError(
        f"{place}: speaks of {year}, and no column says of which year the figures are; say it with "
        f"year= (--year), such as {year} or {BASE_YEAR}"
    )
