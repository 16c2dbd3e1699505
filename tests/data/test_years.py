"""Years in headings, cells and titles."""

from __future__ import annotations

import pytest

from gainsmodel.data.importing.years import is_period, year_of, years_in_titles


@pytest.mark.parametrize(
    "text",
    [
        *("2023", "2023.0", "2023 [p]", "2023 (provisional)", "2023p", "2023 p", "2023 (r)"),
        *("2023 r", "2023e", "2023*", "2023¹", "2023 [note 3]", "2023\n[r]", "2023, revised"),
        *("Prov. 2023", "Year 2023", "CY2023", "31/12/2023", "2023-12-31 00:00:00", "Dec 2023"),
        *("2023 (£m)", "GVA 2023", "gva_2023_gbp_m", "2023 GVA (£m)", "2023 (current prices)"),
    ],
)
def test_a_year_however_it_is_written(text: str) -> None:
    assert year_of(text) == 2023


@pytest.mark.parametrize(
    "text",
    [
        *("2023/24", "FY2023", "2022-23", "2023 Q4", "2023 CVM", "2023 per head", "2023 growth"),
        *("GVA (2019 prices)", "20233", "123", "", "2023 2022", "March 2023"),
    ],
)
def test_what_is_no_calendar_year(text: str) -> None:
    assert year_of(text) is None


def test_periods() -> None:
    assert all(map(is_period, ["2023/24", "FY2023", "2022-23", "2023 Q4", "Q4 2023"]))
    assert not is_period("2023 CVM")


@pytest.mark.parametrize(
    ("title", "years"),
    [
        ("GVA in 2019, £m", {2019}),
        ("Regional GVA, ITL 2021, 2019", {2019}),
        ("GVA, 1998 to 2023", {1998, 2023}),
        ("Published 17 April 2025", set()),
        ("GVA, £m, current prices of 2023", set()),
        ("chained volume measures, 2022 equals 100", set()),
        ("boundaries of 2021; 2021 boundaries", set()),
    ],
)
def test_years_of_titles(title: str, years: set[int]) -> None:
    assert years_in_titles([title]) == years
