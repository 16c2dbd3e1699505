"""Areas that no shipped geography has: described by their user, with the rest of the UK beside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gainsmodel
from gainsmodel import DataError, load_dataset, read_gva
from gainsmodel.data import SECTORS, save_dataset
from program import answered, refused

REGIONS = load_dataset("itl1")
FACTS = {row["area_name"]: row for row in REGIONS.areas.iter_rows(named=True)}
GVA = dict(zip(REGIONS.areas["area_name"], REGIONS.gva_gbp_m.tolist(), strict=True))
AREAS = (
    "area,region,population,gigabit_share\n"
    "Inner Vale,South West,300000,0.8\n"
    "Outer Vale,TLK,200000,\n"
    "Border Land,Wales,100000,0.6\n"
)


def described(folder: Path, areas: str = AREAS, factor: float = 0.05) -> tuple[Path, Path]:
    """A table of three areas that have some of the GVA of their regions, and what they are."""
    table, text = folder / "vale.csv", folder / "areas.csv"
    text.write_text(areas)
    rows = ["area," + ",".join(SECTORS)]
    for name, region in (
        ("Inner Vale", "South West"),
        ("Outer Vale", "South West"),
        ("Border Land", "Wales"),
    ):
        rows.append(name + "," + ",".join(repr(v * factor) for v in GVA[region]))
    table.write_text("\n".join(rows))
    return table, text


def test_the_rest_of_the_uk_stands_beside_them(tmp_path: Path) -> None:
    table, areas = described(tmp_path)
    own = read_gva(table, None, areas=areas)
    names = own.areas["area_name"].to_list()
    assert names[:3] == ["Inner Vale", "Outer Vale", "Border Land"]
    assert {"Rest of South West", "Rest of Wales", "Scotland"} <= {*names}
    assert not {"South West", "Wales"} & {*names}
    assert own.gva_gbp_m.sum(axis=0) == pytest.approx(REGIONS.gva_gbp_m.sum(axis=0))
    assert own.areas["population"].sum() == REGIONS.areas["population"].sum()
    for column in ("gigabit_share", "latitude", "longitude"):
        people, before = (d.areas["population"].to_numpy() for d in (own, REGIONS))
        assert people @ own.areas[column].to_numpy() == pytest.approx(
            before @ REGIONS.areas[column].to_numpy()
        )
    row = names.index("Rest of South West")
    assert own.gva_gbp_m[row] == pytest.approx(np.array(GVA["South West"]) * 0.9)
    # What was not stated is that of the region, and that is said.
    assert own.areas["gigabit_share"][1] == FACTS["South West"]["gigabit_share"]
    assert (
        "assumed as in its region, for want of a figure: gigabit share of Outer Vale" in own.notes
    )
    assert own.resolve("South West") == ("OWN_INNER_VALE", "OWN_OUTER_VALE", "LESS_TLK")
    assert len(own.groups["england"]) == own.areas.height - 4


def test_they_run_from_the_command_line_and_replay(tmp_path: Path) -> None:
    table, areas = described(tmp_path)
    folder, out = tmp_path / "own", tmp_path / "result"
    printed = answered("data", "import-table", table, "--areas", areas, "--out", folder)
    assert printed.startswith("geography: own\n3 areas × 18 sectors from vale.csv")
    run = ("run", "reference", "--draws", "64", "--data", folder, "--area", "Inner Vale")
    first = answered(*run, "--out", out)
    assert answered("run", out, "--data", folder, "--area", "Inner Vale") == first
    message = refused("data", "import-table", table, "--out", tmp_path / "other")
    assert "none of its areas is known; names= (--names)" in message
    own = read_gva(table, None, areas=areas)
    assert read_gva(save_dataset(own, tmp_path / "saved"), None).hashes == own.hashes
    assert gainsmodel.run("reference", dataset=own, draws=16).areas().height == 15


@pytest.mark.parametrize(
    ("areas", "words"),
    [
        ("area,population\nInner Vale,4\n", "row 1: has no column region"),
        ("area,region,population\nLeeds,Wales,4\n", "'Leeds' is the name of a shipped area"),
        ("area,region,population\nX,Narnia,4\n", "'Narnia' is not a region or nation"),
        ("area,region,population\nX,Wales,none\n", "column 'population': must be from 1 to the"),
        ("area,region,population\nX,Wales,4\nx,Wales,4\n", "'x' is given twice, after"),
        ("area,region,population\nX|Y,Wales,4\n", "is not a name for an area"),
        (
            "area,region,population\nX,Wales,2000000\nY,Wales,2000000\n",
            "areas in Wales have 4,000,000 residents, the region has",
        ),
        ("area,region,population\n", "names no area"),
        (AREAS.replace("0.8", "80"), "column 'gigabit_share': must be from 0 to 1, not '80'"),
        (
            AREAS.replace("Border Land", "Borders"),
            "'Border Land' is not an area of the areas of your",
        ),
    ],
)
def test_areas_that_cannot_be_are_refused(areas: str, words: str, tmp_path: Path) -> None:
    table, text = described(tmp_path, areas)
    with pytest.raises(DataError) as caught:
        read_gva(table, None, areas=text)
    assert words in str(caught.value)


def test_more_than_the_region_has_is_refused(tmp_path: Path) -> None:
    table, areas = described(tmp_path, factor=0.6)
    with pytest.raises(DataError, match="areas in South West have £") as caught:
        read_gva(table, None, areas=areas)
    assert "Wales" not in str(caught.value)


def test_a_rest_with_residents_and_no_gva_is_refused(tmp_path: Path) -> None:
    table, areas = described(tmp_path, factor=0.5)
    with pytest.raises(DataError, match=r"areas in South West have all its GVA but not 5,\d+,\d+"):
        read_gva(table, None, areas=areas)


def test_nothing_is_built_in_of_them(tmp_path: Path) -> None:
    table, areas = described(tmp_path)
    with pytest.raises(DataError, match="fill: there are no built-in figures"):
        read_gva(table, None, areas=areas, fill="built_in")
    with pytest.raises(DataError, match="geography: there are no built-in figures"):
        read_gva(table, "itl1", areas=areas)
