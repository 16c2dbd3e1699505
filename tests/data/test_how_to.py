"""The how-to pages: every command in them runs as it stands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import polars as pl
import pytest
from test_editions import long_rows, workbook
from test_own_areas import described

from gainsmodel import gva_template, load_dataset
from gainsmodel.data.importing.frames import itl_areas
from program import gainsmodel

PAGE = Path(__file__).parents[2] / "docs/how-to/new-ons-release.md"
COMMANDS = [
    line.strip().removeprefix("gainsmodel ")
    for line in PAGE.read_text("utf-8").splitlines()
    if line.startswith("    gainsmodel ")
]


def block(heading: str) -> str:
    """An indented block of the page that begins with these headings."""
    lines = PAGE.read_text("utf-8").splitlines()
    at = lines.index(f"    {heading}")
    end = next(i for i in range(at, len(lines)) if not lines[i].startswith("    "))
    return "\n".join(line.strip() for line in lines[at:end])


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what somebody has before the page begins: next year's workbooks and files."""
    folder = tmp_path_factory.mktemp("desk")
    levels = (load_dataset("itl1"), itl_areas("itl2", "2025"), itl_areas("itl3", "2025"))
    tables = [(f"Table {i}c", long_rows(figures)) for i, figures in enumerate(levels, 1)]
    (folder / "itl_regions.xlsx").write_bytes(workbook(*tables, year=2024))
    local = load_dataset("local_authority")
    north_east = {*local.wider["TLC"]}
    rows = long_rows(local)
    for name, inside in (("la_north_east", True), ("la_others", False)):
        of_file = [row for row in rows if (row[0] in north_east) == inside]
        # The publisher hides cells of small authorities.
        hidden = next(row for row in of_file if row[2] == "T")
        hidden[3] = "[c]"
        content = workbook(("Table 3", of_file), year=2024, head=("LA code", "LA name", "SIC07"))
        (folder / f"{name}.xlsx").write_bytes(content)
    (folder / "lookup.csv").write_text(block("area,new_area"))
    (folder / "names.csv").write_text(block("theirs,ours"))
    own = pl.read_csv(gva_template("mayoral", "csv", filled=True)).rename({"J": "Digital"})
    renamed = pl.col("area_name").replace("Greater Manchester", "Gtr Manchester")
    own.drop("area_code").with_columns(renamed).write_csv(folder / "gva.csv")
    described(folder)
    areas = ["Outer Vale,South West,200000,", "Border Land,Wales,100000,"]
    (folder / "areas.csv").write_text(
        "\n".join([block("area,region,population,gigabit_share"), *areas])
    )
    return folder


def test_the_page_has_commands() -> None:
    assert len(COMMANDS) >= 10


def test_every_command_of_the_page_runs(desk: Path) -> None:
    for command in COMMANDS:
        words = [
            path
            for word in shlex.split(command)
            for path in (sorted(p.name for p in desk.glob(word)) if "*" in word else [word])
        ]
        if words[:2] == ["data", "template"]:
            words[words.index("--out") + 1] = "empty.xlsx"
        done = gainsmodel(*words, cwd=desk, timeout=240)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
    # Figures of 2024 were carried to 2023, all by the same factor.
    printed = gainsmodel("data", "show", "ons_2024", cwd=desk).stdout
    assert "figures of 2024, carried to 2023" in printed
    factor = re.search(r"× ([\d.]+) in every cell", printed)
    assert factor is not None
    assert 0.8 < float(factor[1]) < 1
    again = [
        gainsmodel("run", *words, cwd=desk).stdout
        for words in (
            ("reference", "--data", "ons_2024", "--area", "Greater Manchester"),
            ("results/gm", "--data", "ons_2024", "--area", "Greater Manchester"),
        )
    ]
    assert again[0] == again[1]
