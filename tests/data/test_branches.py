"""Groups of sections, such as the ten branches of Eurostat, split into sectors or refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_read_gva import ITL1, read, refusal

from gainsmodel.data import SECTORS
from gainsmodel.data.importing.branches import split_groups
from gainsmodel.data.importing.sector_labels import sections_of, sector_label
from gainsmodel.data.importing.totals import Figure

# Branches to what they hold of the sectors; of AB, A has three fifths.
A10: dict[str, list[tuple[str, float]]] = {
    "A": [("AB", 0.6)],
    "B-E": [("AB", 0.4), ("C", 1.0), ("DE", 1.0)],
    "F": [("F", 1.0)],
    "G-I": [(s, 1.0) for s in "GHI"],
    "J": [("J", 1.0)],
    "K": [("K", 1.0)],
    "L": [("L", 1.0)],
    "M-N": [(s, 1.0) for s in "MN"],
    "O-Q": [(s, 1.0) for s in "OPQ"],
    "R-U": [(s, 1.0) for s in "RST"],
}
BY = "sectors that the table has together were split by the built-in shares of the same area"


def table(branches: dict[str, list[tuple[str, float]]], factor: float = 1.0) -> list[list[Any]]:
    """One figure a row, of branches; sectors that are split have this times the built-in GVA."""
    rows: list[list[Any]] = [["area", "sector", "gva_gbp_m"]]
    for code, values in zip(ITL1.areas["area_code"], ITL1.gva_gbp_m.tolist(), strict=True):
        of = dict(zip(SECTORS, values, strict=True))
        rows += [
            [code, branch, factor * sum(part * of[s] for s, part in parts)]
            for branch, parts in branches.items()
        ]
    return rows


@pytest.mark.parametrize(
    ("label", "code"),
    [
        *(("B-E", "B-E"), ("BTE", "B-E"), ("G-I", "G-I"), ("GTI", "G-I"), ("M_N", "M-N")),
        *(("OPQ", "O-Q"), ("R-U", "R-U"), ("B, D and E", "B,D,E"), ("A-B", "AB"), ("D-E", "DE")),
        *(("Industry (except construction)", "B-E"), ("Business services (M-N)", "M-N")),
        *(("2 : Mining, quarrying & utilities (B,D and E)", "B,D,E"), ("Services sector", "G-T")),
        *(("3 : Manufacturing (C)", "C"), ("A : Agriculture, forestry and fishing", "A")),
        *(("L: Real estate", "L"), ("A-T", ""), ("TOTAL", ""), ("Total (A-T)", "")),
        *(("C10-C12", "10-12"), ("ITL", None), ("The North (S)", None), ("No", None)),
    ],
)
def test_labels_of_groups(label: str, code: str | None) -> None:
    assert sector_label(label) == code


def test_sections_of_groups() -> None:
    assert sections_of("B-E") == frozenset("BCDE")
    assert sections_of("B,D,E") == frozenset("BDE")
    assert sections_of("C") == sections_of("") == sections_of("CA") == frozenset()


def test_the_ten_branches_are_split_by_the_built_in_shares_and_said() -> None:
    own = read(table(A10, 1.1))
    assert own.gva_gbp_m == pytest.approx(1.1 * ITL1.gva_gbp_m)
    told = next(note for note in own.notes if note.startswith(BY))
    for words in ("A and B-E into AB, C, DE", "G-I into G, H, I", "M-N into M, N", "O-Q into"):
        assert words in told


def test_a_sector_inside_a_group_is_not_counted_twice() -> None:
    branches = {**A10, "C": [("C", 1.0)]}
    rows = table(branches)
    for row in rows[1:]:
        row[2] *= 1.2 if row[1] == "C" else 1.0
    own = read(rows)
    of = {s: own.gva_gbp_m[:, i] for i, s in enumerate(SECTORS)}
    built_in = {s: ITL1.gva_gbp_m[:, i] for i, s in enumerate(SECTORS)}
    assert of["C"] == pytest.approx(1.2 * built_in["C"])
    industry = built_in["AB"] + built_in["C"] + built_in["DE"]
    assert of["AB"] + of["C"] + of["DE"] == pytest.approx(industry)
    assert of["AB"] / of["DE"] == pytest.approx(built_in["AB"] / built_in["DE"])
    assert any("A and B-E into AB, DE" in note for note in own.notes)


def test_groups_across_and_by_name() -> None:
    names = {"B-E": "Industry (except construction)", "G-I": "GTI"}
    rows = table({names.get(branch, branch): parts for branch, parts in A10.items()})
    assert read(rows).gva_gbp_m == pytest.approx(ITL1.gva_gbp_m)
    wide = [["area", *A10]]
    for code in ITL1.areas["area_code"]:
        wide.append([code, *(value for area, _, value in table(A10)[1:] if area == code)])
    assert read(wide).gva_gbp_m == pytest.approx(ITL1.gva_gbp_m)


def without(branch: str, **others: list[tuple[str, float]]) -> list[list[Any]]:
    return table({**{b: p for b, p in A10.items() if b != branch}, **others})


def test_a_group_with_real_estate_is_refused_by_name() -> None:
    rows = table(
        {b: p for b, p in A10.items() if b not in ("K", "L")} | {"K-L": [("K", 1.0), ("L", 1.0)]}
    )
    assert "K-L holds real estate (L), of which imputed rent cannot be told apart" in refusal(rows)


def test_a_cell_that_is_left_out_is_not_made_up_from_a_group() -> None:
    single = {s: [(s, 1.0)] for s in SECTORS}
    rows = table({**single, "A-E": [("AB", 1.0), ("C", 1.0), ("DE", 1.0)], "G-T": A10["G-I"]})
    rows[1][2] = rows[1 + SECTORS.index("L")][2] = "[c]"
    message = refusal(rows)
    assert "no figure for North East, sector AB ('[c]')" in message
    assert "imputed rent" not in message
    own = read(rows, fill="built_in")
    assert own.built_in_cells == (("TLC", "AB"), ("TLC", "L"))
    assert np.array_equal(own.gva_gbp_m, ITL1.gva_gbp_m)


def test_a_group_that_cuts_a_sector_is_refused_by_name() -> None:
    assert "B-E holds a part of AB only, and the table lacks the rest" in refusal(without("A"))


def test_a_group_below_its_own_parts_is_refused() -> None:
    rows = without("", C=[("C", 3.0)])
    assert "B-E is less than what the table gives of it apart, by £" in refusal(rows)


def test_a_group_beside_its_sectors_is_held_against_their_sum() -> None:
    single = {s: [(s, 1.0)] for s in SECTORS}
    own = read(table({**single, "G-I": A10["G-I"], "G-T": [("L", 5.0)]}))
    assert np.array_equal(own.gva_gbp_m, ITL1.gva_gbp_m)
    message = refusal(table({**single, "G-I": [("G", 1.0), ("H", 1.0)]}))
    assert "G-I is £8,881m, its sectors G, H, I add up to £10,522m" in message


def test_a_group_of_which_an_area_has_nothing_built_in_is_split_by_the_uk() -> None:
    values: dict[str, float | None] = dict.fromkeys(SECTORS, 1.0) | {"M": None, "N": None}
    nothing, uk = dict.fromkeys(SECTORS, 0.0), dict.fromkeys(SECTORS, 1.0) | {"M": 3.0}
    figures = {"M-N": Figure(10.0, "here", "")}
    found, splits, problems = split_groups(values, figures, nothing, uk)
    assert (found, problems) == ({"M": 7.5, "N": 2.5}, [])
    assert [split.sectors for split in splits] == [("M", "N")]
