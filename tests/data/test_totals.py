"""Totals of the UK, of nations and of a table, held against the sums of its areas."""

from __future__ import annotations

from typing import Any

import pytest
from test_read_gva import ITL1, as_csv, long, read, refusal, rows_of

from gainsmodel import load_dataset, read_gva
from gainsmodel.data import SECTORS
from gainsmodel.data.importing.totals import inside_of, nation_of

INSIDE = {
    **dict.fromkeys(("United Kingdom", "UK", "K02000001", "Total", "All areas"), 12),
    **{"Great Britain": 11, "England and Wales": 10, "England": 9, "E92000001": 9},
}


def sums(areas: int = 12) -> list[float]:
    return [float(total) for total in ITL1.gva_gbp_m[:areas].sum(axis=0)]


@pytest.mark.parametrize("name", INSIDE)
def test_a_row_of_a_wider_area_in_a_wide_table_is_compared(name: str) -> None:
    own = read([*rows_of(), [name, *sums(INSIDE[name])]])
    assert f"areas add up to the table's own totals of {name}" in own.notes
    wrong = sums(INSIDE[name])
    wrong[7] *= 0.95
    message = refusal([*rows_of(), [name, *wrong]])
    called = f"the row '{name}'" if name in ("Total", "All areas") else f"the total of {name}"
    assert f"own.csv, row 14, column 'J': {called}, sector J, is £" in message
    assert f"the {INSIDE[name]} areas in it add up to £" in message
    assert "\n" not in message


@pytest.mark.parametrize("sector", ["C", "T", "Total"])
def test_a_row_of_the_uk_in_a_long_table_is_compared(sector: str) -> None:
    of = dict(zip(SECTORS, sums(), strict=True)) | {"Total": sum(sums())}
    rows = long()
    agreeing = read([*rows, ["United Kingdom", sector, of[sector]]])
    assert "areas add up to the table's own totals of United Kingdom" in agreeing.notes
    message = refusal([*rows, ["United Kingdom", sector, of[sector] * 0.95 - 16]])
    assert "row 218, column 'gva_gbp_m': the total of United Kingdom" in message


def test_a_column_of_a_year_is_compared_too() -> None:
    head, *body = long()
    rows = [[*head[:2], "2022", "2023 (provisional)"], *([*row[:2], 1.0, row[2]] for row in body)]
    uk = ["UK", "Total", 18 * 12.0, sum(sums()) * 1.05]
    assert "column '2023 (provisional)': the total of UK is £" in refusal([*rows, uk])


def test_activity_outside_all_regions_is_taken_off_or_told() -> None:
    uk = sums()
    uk[0] += 10_000
    own = read([*rows_of(), ["UK", *uk]])
    told = next(note for note in own.notes if note.startswith("check: the total of UK, sector AB"))
    assert "is £10,000m above the sum of its areas: taken for activity outside all regions" in told
    # Where the table shows it, the UK must be exact.
    extra = ["Extra-Regio", 10_000, *[0] * 17]
    own = read([*rows_of(), ["UK", *uk], extra])
    assert not any(note.startswith("check: the total") for note in own.notes)
    assert "the total of UK, sector AB, is £" in refusal(
        [*rows_of(), ["UK", *uk], ["Extra-Regio", 5_000, *[0] * 17]]
    )
    less = sums()
    less[0] -= 5_000
    assert "the total of UK, sector AB, is £" in refusal([*rows_of(), ["UK", *less]])


def with_totals(uk: float) -> list[list[Any]]:
    rows = [[*row, "Total" if n == 0 else sum(row[1:])] for n, row in enumerate(rows_of())]
    return [*rows, ["UK", *[""] * 18, uk]]


def test_a_total_alone_may_hold_a_little_activity_outside_all_regions() -> None:
    whole = sum(sums())
    assert any(
        note.startswith("check: the total of UK is £22,")
        for note in read(with_totals(whole * 1.01)).notes
    )
    for factor in (1.05, 0.97):
        assert "row 14, column 'Total': the total of UK is £" in refusal(
            with_totals(whole * factor)
        )


def test_a_row_of_the_uk_that_stands_twice_is_refused() -> None:
    other = [total + 1 for total in sums()]
    message = refusal([*rows_of(), ["UK", *sums()], ["UK", *other]])
    assert "row 15, column 'AB': UK, sector AB, is given a second time after own.csv, row 14" in (
        message
    )


def test_what_cannot_be_compared_is_said() -> None:
    rows = [*rows_of(), ["UK", *sums()]]
    del rows[3]
    own = read(rows, fill="built_in")
    told = "not compared with the sums of their areas, which are not all there or not clear: UK"
    assert told in own.notes


@pytest.mark.parametrize("name", ["Wales", "TLL", "W92000004"])
def test_regions_in_a_table_of_local_authorities_are_compared(name: str) -> None:
    local = load_dataset("local_authority")
    codes = local.areas["area_code"].to_list()
    inside = [codes.index(code) for code in local.wider["Wales"]]
    wales = [float(total) for total in local.gva_gbp_m[inside].sum(axis=0)]
    rows = [*rows_of(local), [name, *wales]]
    own = read_gva(as_csv(rows), "local_authority", name="own.csv")
    assert f"areas add up to the table's own totals of {name}" in own.notes
    rows[-1][1] *= 1.2
    message = refusal(rows, "local_authority")
    assert f"the total of {name}, sector AB, is £" in message
    assert "the 22 areas in it add up to £" in message


def test_a_name_of_a_region_and_of_a_mayoral_area_is_not_compared_but_said() -> None:
    local = load_dataset("local_authority")
    rows = [*rows_of(local), ["North East", *[1.0] * 18]]
    own = read_gva(as_csv(rows), "local_authority", name="own.csv")
    assert any(note.endswith("not all there or not clear: North East") for note in own.notes)


@pytest.mark.parametrize("geography", ["mayoral", "itl1", "local_authority"])
def test_nations_of_areas(geography: str) -> None:
    dataset = load_dataset(geography)
    codes = dataset.areas["area_code"].to_list()
    assert {nation_of(code, dataset) for code in codes} == {*"EWSN"}
    gva = dict(zip(codes, dataset.gva_gbp_m.sum(axis=1), strict=True))
    england = sum(gva[code] for code in inside_of("England", dataset, codes))
    assert england == pytest.approx(ITL1.gva_gbp_m[:9].sum(), rel=1e-3)
    assert inside_of("Atlantis", dataset, codes) == []
