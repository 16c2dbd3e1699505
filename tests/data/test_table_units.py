"""Units, currency and prices wherever a table says them; scaled, converted or refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_read_gva import ITL1, NAMES, as_csv, as_excel, long, read, refusal, rows_of

from gainsmodel import DataError, Dataset, read_gva, save_dataset
from gainsmodel.data import SECTORS
from program import answered, refused

Rows = list[list[Any]]
UNSAID = "the table does not say its unit: taken as £m, as its sum is of the size of the built-in"
NO_PRICES = "the table does not say at which prices: taken as current prices"


def scaled(rows: Rows, factor: float) -> Rows:
    """The same table in another unit."""
    head, *body = rows
    return [head, *([c * factor if isinstance(c, float) else c for c in row] for row in body)]


def headed(heading: str, factor: float = 1.0) -> Rows:
    """One figure a row under this heading."""
    rows = scaled(long(), factor)
    rows[0][2] = heading
    return rows


def with_columns(factor: float = 1.0, **columns: str) -> Rows:
    """One figure a row, with these columns beside it."""
    head, *body = headed("value", factor)
    return [[*head, *columns], *([*row, *columns.values()] for row in body)]


def kept(own: Dataset) -> bool:
    return bool(own.gva_gbp_m == pytest.approx(ITL1.gva_gbp_m, rel=1e-12))


# ---------------------------------------------------------------- titles and headings


EUROS = "another currency; figures must be in £m, or EUR converted at a rate that you state"


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Gross value added, EUR million", f"says {EUROS}: currency='EUR', gbp_per_unit="),
        ("GVA, US$ bn", "says another currency; figures must be in £m, or USD converted"),
        ("GVA, millions of PPS", "says purchasing power standards, which are no currency"),
        ("GVA at constant 2019 prices, £m", "says volumes or an index; figures must be GVA at"),
        ("Real GVA, 2019 prices, £m", "says volumes or an index"),
        ("GVA in 2019 prices, £m", "says prices of 2019; figures must be at current prices"),
        ("GVA at market prices, £m", "says market prices; figures must be GVA"),
        ("GVA per hour worked, £", "says per hour; figures must be GVA"),
        ("Annual growth of GVA, %", "says annual growth; figures must be GVA"),
        ("GVA, £m and €m", "says two currencies (£ and €)"),
        ("GVA, £m, current and constant prices", "says both current prices and volumes"),
        ("GVA, £bn", "is in £bn; figures must be in £m: the figures add up to £2,199,978,000m"),
        ("GVA 2019, £m", "speaks of 2019, and no column says of which year the figures are"),
    ],
)
def test_a_title_that_says_otherwise_is_refused(title: str, words: str) -> None:
    message = refusal([[title], *rows_of()])
    assert message.startswith("own.csv, row 1: ")
    assert words in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "title",
    [
        "Table 3: Regional gross value added (balanced) by industry: current prices, £ million",
        "Gross value added (balanced) by industry at current basic prices, pounds million [note 1]",
        "GVA, £m, current prices, of Constant Valley and its real estate",
        "Current prices, £ million. Published 17 April 2025",
    ],
)
def test_an_ordinary_title_is_no_cause_for_alarm(title: str) -> None:
    own = read([[title], *rows_of()])
    assert kept(own)
    assert not any(note.startswith("the table does not say") for note in own.notes[2:])


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("gva_eur_m", f"is in {EUROS}"),
        ("M EUR", f"is in {EUROS}"),
        ("Billions of dollars", "is in another currency"),
        ("gva_real_gbp_m", "says volumes or an index"),
        ("GVA CVM", "says volumes or an index"),
        ("GVA (2019 prices)", "says prices of 2019"),
        ("GVA per head", "says per head; figures must be GVA"),
        ("GVA growth, %", "says gva growth; figures must be GVA"),
        ("GDP (£m)", "says gdp; figures must be GVA"),
    ],
)
def test_a_heading_that_says_otherwise_is_refused(heading: str, words: str) -> None:
    message = refusal(headed(heading))
    assert f"row 1, column '{heading}': {words}" in message


@pytest.mark.parametrize(
    ("heading", "factor", "unit"),
    [
        ("GVA (£bn)", 1e-3, "£bn"),
        ("GVA (£ thousand)", 1e3, "£ thousand"),
        ("£000s", 1e3, "£ thousand"),
        ("gva_gbp", 1e6, "£"),
    ],
)
def test_another_scale_is_put_into_millions_and_said(
    heading: str, factor: float, unit: str
) -> None:
    own = read(headed(heading, factor))
    assert kept(own)
    said = f"figures in {unit} (own.csv, row 1, column '{heading}'), put into £m"
    assert said in own.notes


def test_headings_of_sectors_may_say_the_unit() -> None:
    head, *body = rows_of()
    assert "column 'AB (€m)': is in" in refusal([["area", *(f"{s} (€m)" for s in SECTORS)], *body])
    one = ["area", *(f"{s} (€m)" if s == "J" else s for s in SECTORS)]
    assert "column 'J (€m)': is in" in refusal([one, *body])
    two = ["area", *(f"{s} (£bn)" if s == "J" else f"{s} (£m)" for s in SECTORS)]
    assert "column 'AB (£m)' says millions, and own.csv, row 1, column 'J (£bn)' says" in (
        refusal([two, *body])
    )
    thousands = [["area", *(f"{s}, £ thousand" for s in SECTORS)], *scaled([head, *body], 1e3)[1:]]
    assert kept(read(thousands))
    assert kept(read([["area", *ITL1.sector_names.values()], *body]))


def test_a_row_of_units_below_the_headings() -> None:
    head, *body = rows_of()
    assert "own.csv, row 2: '€m': is in another currency" in refusal(
        [head, ["", *["€m"] * 18], *body]
    )
    assert kept(read([head, ["", *["£bn"] * 18], *scaled([head, *body], 1e-3)[1:]]))


def test_of_several_columns_the_one_in_current_prices_is_read() -> None:
    rows = [[*row, 7.0] for row in headed("GVA, £m, current prices")]
    rows[0][3] = "GVA, chained volume measures"
    own = read(rows)
    assert kept(own)
    told = next(note for note in own.notes if note.startswith("left out: columns"))
    assert told.endswith("'GVA, chained volume measures'")


def test_other_money_beside_the_gva_is_left_out_and_named() -> None:
    rows = [[*row, "Cost, £m" if n == 0 else 5.0] for n, row in enumerate(long())]
    own = read(rows)
    assert kept(own)
    assert any("are not used: 'Cost, £m'" in note for note in own.notes)


# ---------------------------------------------------------------- columns of units


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"unit": "EUR million"}, "column 'unit': 'EUR million' says another currency"),
        ({"Unit of measure": "Million euro"}, "column 'Unit of measure': 'Million euro' says"),
        ({"currency": "USD"}, "column 'currency': 'USD' says another currency"),
        ({"UNIT_MEASURE": "EUR", "UNIT_MULT": "6"}, "'EUR, 10^6' says another currency"),
        ({"measure": "Chained volume measures"}, "column 'measure': 'Chained volume measures'"),
        ({"prices": "2019"}, "column 'prices': '2019 prices' says prices of 2019"),
        ({"price basis": "constant"}, "'constant prices' says volumes or an index"),
        ({"unit": "Index"}, "'Index' says volumes or an index"),
        ({"statistic": "Growth"}, "'Growth' says growth; figures must be GVA"),
        ({"Variable": "GVA per head"}, "'GVA per head' says per head; figures must be GVA"),
    ],
)
def test_a_column_of_units_that_says_otherwise_is_refused(
    columns: dict[str, str], words: str
) -> None:
    message = refusal(with_columns(**columns))
    assert message.startswith("own.csv, row 2, column ")
    assert words in message


def test_a_column_of_units_that_says_pounds_is_read() -> None:
    own = read(with_columns(unit="£m", prices="current"))
    assert kept(own)
    assert not any("does not say" in note for note in own.notes)
    assert kept(read(with_columns(1e3, UNIT_MEASURE="GBP", UNIT_MULT="3")))


def test_a_unit_that_is_not_understood_is_named() -> None:
    own = read(with_columns(unit="widgets"))
    assert kept(own)
    said = "check: 'unit' says 'widgets', which is not understood and changed nothing"
    assert said in own.notes


def test_of_several_measures_in_one_column_gva_at_current_prices_is_read() -> None:
    head, *body = with_columns(measure="Current prices")
    volumes = [[*row[:2], 1.0, "Chained volume"] for row in body]
    own = read([head, *body, *volumes])
    assert kept(own)
    assert "left out: rows whose 'measure' says 'Chained volume' (216)" in own.notes


def test_statements_that_contradict_are_refused() -> None:
    message = refusal([["GVA, £ million"], *with_columns(unit="EUR million")])
    assert "column 'unit': 'EUR million' says another currency" in message
    message = refusal([["GVA, £ million"], *headed("GVA (£bn)", 1e-3)])
    assert "column 'GVA (£bn)' says billions, and own.csv, row 1: 'GVA, £ million' says mil" in (
        message
    )


# ---------------------------------------------------------------- sheets, files and notes


@pytest.mark.parametrize(
    ("sheets", "words"),
    [
        ({"GVA EUR m": []}, "sheet 'GVA EUR m': says another currency"),
        ({"Real GVA": []}, "sheet 'Real GVA': says volumes or an index"),
        (
            {"GVA": [], "Metadata": [["Source", "x"], ["Unit", "EUR million"]]},
            "sheet 'Metadata', row 2: 'Unit: EUR million' says another currency",
        ),
        (
            {"GVA": [], "About": [["Price basis: constant 2019 prices"]]},
            "sheet 'About', row 1: 'Price basis: constant 2019 prices' says volumes",
        ),
        (
            {"GVA": [], "About": [["Values are expressed in millions of US dollars."]]},
            "sheet 'About', row 1: 'Values are expressed in millions of US dollars.' says another",
        ),
        (
            {"Contents": [["Table 1", "GVA by industry, EUR million"]], "Table 1": []},
            "sheet 'Contents', row 1: 'GVA by industry, EUR million' says another currency",
        ),
    ],
)
def test_what_the_rest_of_a_workbook_says_counts(sheets: dict[str, Rows], words: str) -> None:
    content = as_excel(*((name, rows or rows_of()) for name, rows in sheets.items()))
    assert words in refusal(content, name="own.xlsx")


def test_notes_on_other_tables_are_no_cause_for_alarm() -> None:
    notes = [
        ["GVA estimates are presented in current basic prices."],
        ['Estimates are also presented in "real" terms, as chained volume measures (CVM).'],
        ["Note number", "Note text"],
        [1, "Components will not sum to totals since chain-linking is not additive."],
        ["Unit: £ million"],
    ]
    contents = [
        ["Table 1", "GVA, current prices, £ million"],
        ["Table 2", "GVA, chained volume measures"],
    ]
    content = as_excel(("Contents", contents), ("Notes", notes), ("Table 1", rows_of()))
    own = read_gva(content, "itl1", name="own.xlsx")
    assert np.array_equal(own.gva_gbp_m, ITL1.gva_gbp_m)
    assert not any("does not say" in note for note in own.notes)


@pytest.mark.parametrize(
    ("note", "words"),
    [
        ("Note: figures are in millions of euros.", "says another currency"),
        ("All figures in chained volume measures", "says volumes or an index"),
    ],
)
def test_a_note_below_the_table_counts(note: str, words: str) -> None:
    assert f"own.csv, row 14: '{note}' {words}" in refusal([*rows_of(), [note]])
    assert kept(read([*rows_of(), ["Chained volume measures are in Table 2."]]))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gva_eur.csv", "says another currency"),
        ("GvaUsdBn.csv", "says another currency"),
        ("gva-real-terms.csv", "says volumes or an index"),
        ("gva_per_head.csv", "says per head"),
    ],
)
def test_the_name_of_the_file_counts(name: str, words: str) -> None:
    assert f"{name}, name of the file: " in refusal(rows_of(), name=name)
    assert words in refusal(rows_of(), name=name)


@pytest.mark.parametrize("name", ["investment_zone_gva.csv", "growth.csv", "volume2.csv"])
def test_an_ordinary_name_is_no_cause_for_alarm(name: str) -> None:
    assert kept(read_gva(as_csv(rows_of()), "itl1", name=name))


def test_a_file_named_after_one_of_its_tables_is_read() -> None:
    title = ["GVA by industry at current basic prices, £ million"]
    content = as_excel(("Table 6", [title, *rows_of()]))
    assert kept(read_gva(content, "itl1", name="gva_per_head_and_income.xlsx"))


def test_what_is_said_nowhere_is_taken_and_told() -> None:
    notes = read(rows_of()).notes
    assert any(note.startswith(UNSAID) for note in notes)
    assert NO_PRICES in notes
    told = read_gva(as_csv(rows_of()), "itl1", name="gva_2019.csv").notes
    assert "the table says no year: taken as figures of 2023; check, as its name has 2019" in told


# ---------------------------------------------------------------- conversion

ECB = {"currency": "EUR", "gbp_per_unit": 0.8, "rate_source": "ECB annual average"}


@pytest.mark.parametrize(
    ("heading", "factor", "unit"),
    [
        ("GVA (€m)", 1.25, "EUR million"),
        ("GVA (k€)", 1250.0, "EUR thousand"),
        ("value", 1.25, "EUR million"),
    ],
)
def test_a_stated_currency_is_converted_at_a_stated_rate(
    heading: str, factor: float, unit: str
) -> None:
    own = read(headed(heading, factor), **ECB)
    assert kept(own)
    assert f"figures in {unit}, converted at £0.8 for 1 EUR (ECB annual average)" in own.notes
    unsaid = any("does not say its currency: taken as EUR" in note for note in own.notes)
    assert unsaid == (heading == "value")


def test_only_the_currency_that_the_table_is_in_is_converted() -> None:
    assert "column 'GVA (£m)': says GBP; figures were to be converted from EUR" in refusal(
        headed("GVA (£m)"), **ECB
    )
    assert "column 'US$ bn': says USD; figures were to be converted from EUR" in refusal(
        headed("US$ bn"), **ECB
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"currency": "EUR"}, "gbp_per_unit (--rate): must be £ for 1 EUR"),
        ({"currency": "EUR", "gbp_per_unit": 0.8}, "rate_source (--rate-source): a rate needs its"),
        ({**ECB, "rate_source": " "}, "rate_source (--rate-source): a rate needs its"),
        ({**ECB, "gbp_per_unit": -1.0}, "gbp_per_unit (--rate): must be £ for 1 EUR, above 0"),
        ({**ECB, "gbp_per_unit": float("nan")}, "not nan"),
        ({**ECB, "currency": "Euro"}, "currency (--currency): must be a code such as 'EUR'"),
        ({**ECB, "currency": "GBP"}, "GBP needs no rate"),
        ({"gbp_per_unit": 0.8}, "currency (--currency): must be a code"),
    ],
)
def test_a_rate_needs_its_currency_and_source(options: dict[str, Any], words: str) -> None:
    assert words in refusal(headed("€m", 1.25), **options)


def test_the_command_line_converts_and_keeps_the_rate(tmp_path: Any) -> None:
    table, folder = tmp_path / "euros.csv", tmp_path / "own"
    table.write_bytes(as_csv(headed("GVA (€m)", 1.25)))
    command = ("data", "import-table", table, "--out", folder, "--currency", "EUR")
    assert "rate_source (--rate-source)" in refused(*command, "--rate", "0.8")
    printed = answered(*command, "--rate", "0.8", "--rate-source", "ECB annual average")
    assert "converted at £0.8 for 1 EUR (ECB annual average)" in printed
    assert "£0.8 for 1 EUR (ECB annual average)" in (folder / "provenance.toml").read_text()
    with pytest.raises(DataError, match="currency: cannot be combined with"):
        read_gva(folder, "itl1", **ECB)


# ---------------------------------------------------------------- columns that are not used


def test_columns_with_figures_that_are_not_used_are_named() -> None:
    rows = [[*row, "Digital" if n == 0 else 5.0] for n, row in enumerate(rows_of())]
    told = next(n for n in read(rows).notes if n.startswith("left out: columns"))
    assert told == ("left out: columns of own.csv that hold figures and are not used: 'Digital'")
    years = [["area", "sector", "2023 (provisional)", "2023/24", "2022"]]
    years += [[code, s, v, v, v] for code, s, v in long()[1:]]
    own = read(years)
    assert kept(own)
    assert any("are not used: '2023/24'" in note for note in own.notes)
    years[0][2:] = ["FY2023", "2023 Q4", "2022"]
    years = [[*row, 2021 if n == 0 else 1.0] for n, row in enumerate(years)]
    message = refusal(years)
    assert "none of 2023" in message
    assert message.endswith("Not calendar years, and not read: 'FY2023', '2023 Q4'")


def test_areas_across_are_refused_in_words() -> None:
    across = [["sector", *NAMES.values()], *([s, *[1.0] * 12] for s in SECTORS)]
    assert "areas stand across, in columns ('North East', 'North West'" in refusal(across)


def test_a_table_of_financial_years_is_refused_in_words() -> None:
    assert "'2023/24' is no calendar year" in refusal(headed("2023/24"))
    rows = with_columns(year="2023/24")
    assert "'2023/24' is not a calendar year, such as 2023" in refusal(rows)


def test_a_folder_of_own_figures_is_checked(tmp_path: Any) -> None:
    folder = save_dataset(read(rows_of()), tmp_path / "own")
    printed = answered("data", "check", folder)
    assert "FAIL" not in printed
    for words in (
        "no GVA cell is missing or negative: 216 rows",
        "every sector has GVA: 18 sums above 0",
        "areas sum to a GVA of the UK's size: £2,199,978m",
        "no table was altered since it was built: sha256 of its GVA",
    ):
        assert f"ok   {folder}: {words}" in printed
    (folder / "gva.csv").write_text((folder / "gva.csv").read_text().replace("1", "2"))
    assert "was edited since it was written" in refused("data", "check", folder)
    assert "is not a folder of your own figures" in refused("data", "check", tmp_path / "absent")
    assert answered("data", "check", "itl1").startswith("ok   itl1: no GVA cell")
