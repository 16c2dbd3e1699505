"""What titles, headings and units say of figures: currency, scale, prices, another measure."""

from __future__ import annotations

import pytest

from gainsmodel.data.importing.stated_units import Stated, merged, stated_in, without_unit

MILLION, BILLION, THOUSAND = 1e6, 1e9, 1e3


@pytest.mark.parametrize(
    ("text", "code", "scale"),
    [
        ("EUR million", "EUR", MILLION),
        ("million euro", "EUR", MILLION),
        ("€ m", "EUR", MILLION),
        ("m€", "EUR", MILLION),
        ("MIO_EUR", "EUR", MILLION),
        ("CP_MEUR", "EUR", MILLION),
        ("Mrd. EUR", "EUR", BILLION),
        ("kEUR", "EUR", THOUSAND),
        ("TEUR", "EUR", THOUSAND),
        ("Euros (thousands)", "EUR", THOUSAND),
        ("gva_eur_m", "EUR", MILLION),
        ("US$ bn", "USD", BILLION),
        ("Millions of US dollars", "USD", MILLION),
        ("USDm", "USD", MILLION),
        ("JPY billion", "JPY", BILLION),
        ("Swiss francs", "CHF", None),
        ("£m", "GBP", MILLION),
        ("£ millions", "GBP", MILLION),
        ("gva_gbp_m", "GBP", MILLION),
        ("GBP Mn", "GBP", MILLION),
        ("CP_MNAC", "GBP", MILLION),
        ("£000s", "GBP", THOUSAND),
        ("£'000", "GBP", THOUSAND),
        ("£billion", "GBP", BILLION),
        ("GVA (£)", "GBP", None),
        ("Pounds, current prices", "GBP", None),
    ],
)
def test_money(text: str, code: str, scale: float | None) -> None:
    said = stated_in(text)
    assert said.currencies == {code}
    assert said.scale == scale
    assert said.other is None


@pytest.mark.parametrize(
    "text",
    [
        "chained volume measures in 2022 money value",
        "GVA CVM",
        "CLV15_MEUR",
        "CP10_MEUR",
        "PYP_MEUR",
        "GVA, volume",
        "GVA at constant 2019 prices, £m",
        "GVA, £m (constant 2020 prices)",
        "constant-price GVA",
        "GVA in constant 2015 US$",
        "Real GVA",
        "gva_real_gbp_m",
        "in real terms",
        "GVA (real)",
        "deflated GVA",
        "inflation-adjusted",
        "adjusted for inflation",
        "previous year's prices",
        "fixed prices",
        "gva_constant",
        "gva_const_prices",
        "gva_vol",
        "GVA index",
        "2022 equals 100",
        "2019=100",
    ],
)
def test_volumes_and_indices(text: str) -> None:
    assert stated_in(text).prices == "volume"


@pytest.mark.parametrize(
    ("text", "prices"),
    [
        ("current prices, pounds million", "current"),
        ("Gross value added (balanced) at current basic prices", "current"),
        ("nominal GVA", "current"),
        ("GVA, £m, current prices of 2023", "current"),
        ("current and constant prices", "both"),
        ("2019 prices", "2019"),
        ("prices of 2019", "2019"),
        ("GVA at 2022 price levels", "2022"),
        ("gva_2019prices", "2019"),
        ("GVA at 2019 values", "2019"),
        ("GVA, £m, not adjusted for inflation", None),
        ("GVA, £m", None),
    ],
)
def test_prices(text: str, prices: str | None) -> None:
    assert stated_in(text).prices == prices


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("GVA per head, £", "per head"),
        ("GVA per filled job", "per filled job"),
        ("£/head", "/head"),
        ("annual growth rates, percentage", "annual growth"),
        ("% of UK GVA", "%"),
        ("GVA share", "gva share"),
        ("gva_pc", "gva pc"),
        ("gva_yoy", "yoy"),
        ("GVA at market prices, £m", "market prices"),
        ("Jobs by industry", "jobs"),
        ("GDP, £m", "gdp"),
        ("Compensation of employees, £m", "compensation of employees"),
    ],
)
def test_other_measures(text: str, other: str) -> None:
    assert stated_in(text).other == other


@pytest.mark.parametrize(
    "text",
    [
        *("Constant Valley", "Volume 3", "Real estate activities", "Area", "2023", "Value", ""),
        *("Our share of the £208bn", "GVA for the Growth Deal area", "Back to the index"),
        *("Gross value added by industry", "Wholesale and retail trade; motor repair"),
        "a fund of €5m for 3 million people",
    ],
)
def test_what_says_nothing(text: str) -> None:
    assert not stated_in(text)


def test_a_text_that_contradicts_itself() -> None:
    assert stated_in("GVA, £m and €m").contradictory == "£ and €"
    assert stated_in("US$ bn ($)").currencies == {"USD"}


def test_cells_of_one_row_are_put_together() -> None:
    assert merged(["Value", "GBP", "10^6", "Current prices"]) == Stated(
        frozenset(("GBP",)), scale=MILLION, prices="current"
    )
    assert merged(["EUR", "£"]).contradictory
    assert merged(["Current prices", "volume"]).prices == "both"


@pytest.mark.parametrize(
    ("heading", "bare"),
    [
        *(("C (€m)", "C"), ("gva_C_eur_m", "C"), ("C, EUR million", "C"), ("M_N", "M_N")),
        *(("Manufacturing £m", "Manufacturing"), ("2023 (£m)", "2023"), ("£m", "£m")),
    ],
)
def test_headings_without_their_unit(heading: str, bare: str) -> None:
    assert without_unit(heading) == bare
