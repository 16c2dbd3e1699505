"""How old the built-in tables are."""

import tomllib
from datetime import date, timedelta

import pytest

from gainsmodel.data.shipped_tables import BASE_YEAR, TABLES
from gainsmodel.data.table_editions import editions


def test_every_table_is_listed_and_says_what_it_covers() -> None:
    tables = {path.name for path in TABLES.glob("*.csv")}
    assert set(editions()) == tables
    assert all(edition.covers for edition in editions().values())


@pytest.mark.parametrize("file", [e.file for e in editions().values() if e.next_due])
def test_a_table_is_old_from_the_day_after_its_next_edition_was_due(file: str) -> None:
    edition = editions()[file]
    assert edition.next_due is not None
    assert edition.next_because
    assert not edition.is_old(edition.next_due)
    assert edition.is_old(edition.next_due + timedelta(days=1))


def test_what_has_no_cycle_is_never_old() -> None:
    assert not editions()["sectors.csv"].is_old(date(2100, 1, 1))


def test_the_accounts_say_which_year_and_how_to_take_in_the_next() -> None:
    gva = editions()["gva.csv"]
    assert gva.covers == str(BASE_YEAR)
    assert gva.next_due == date(2026, 7, 31)
    assert f"--year {BASE_YEAR + 1}" in gva.renew
    described = tomllib.loads((TABLES / "tables.toml").read_text("utf-8"))["files"]
    assert gva.released.removeprefix("released on ") in described["gva.csv"]["edition"]
