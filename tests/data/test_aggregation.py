"""New areas made of smaller ones: every total kept, no name that means something else."""

import shutil
from pathlib import Path
from typing import Any, cast

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings, strategies as st

import gainsmodel
from gainsmodel.choices import Rest
from gainsmodel.data import load_dataset, read_gva, regions_of, save_dataset
from gainsmodel.errors import DataError, ResultError, ScenarioError, SettingError
from program import answered, refused

SOLENT = dict.fromkeys(["Southampton", "E06000044", "isle of wight"], "The Solent")
NORTH = dict.fromkeys(["Bolton", "Bury"], "Bolton and Bury")


def lookup_file(folder: Path, pairs: dict[str, str], head: str = "area,new_area") -> Path:
    path = folder / "lookup.csv"
    path.write_text("\n".join([head, *(f'"{part}","{new}"' for part, new in pairs.items())]))
    return path


# ---------------------------------------------------------------- totals


@pytest.mark.parametrize("rest", ["mayoral", "regions", "parts"])
def test_every_total_is_kept(rest: str) -> None:
    base = load_dataset("local_authority")
    own = gainsmodel.aggregate(base, SOLENT | NORTH, rest=rest)
    assert own.gva_gbp_m.sum(axis=0) == pytest.approx(base.gva_gbp_m.sum(axis=0), abs=1e-6)
    people, before = (d.areas["population"].to_numpy() for d in (own, base))
    assert people.sum() == before.sum()
    for column in ("gigabit_share", "latitude", "longitude"):
        assert people @ own.areas[column].to_numpy() == pytest.approx(
            before @ base.areas[column].to_numpy()
        )
    # What stands for a new area is what its parts have, by hand.
    parts = [base.areas["area_name"].to_list().index(name) for name in ("Bolton", "Bury")]
    row = own.areas["area_name"].to_list().index("Bolton and Bury")
    assert own.gva_gbp_m[row] == pytest.approx(base.gva_gbp_m[parts].sum(axis=0))
    coverage = base.areas["gigabit_share"].to_numpy()[parts]
    assert own.areas["gigabit_share"][row] == pytest.approx(
        (coverage * before[parts]).sum() / before[parts].sum()
    )
    assert any(note.startswith("kept in all: residents: 68,265,214") for note in own.notes)


@settings(max_examples=25, deadline=None)
@given(data=st.data(), rest=st.sampled_from(["mayoral", "regions", "parts"]))
def test_any_lookup_keeps_every_total_and_every_name_apart(data: st.DataObject, rest: Rest) -> None:
    base = load_dataset("local_authority")
    codes = base.areas["area_code"].to_list()
    chosen = data.draw(st.lists(st.sampled_from(codes), min_size=1, max_size=60, unique=True))
    new = data.draw(st.lists(st.integers(1, 4), min_size=len(chosen), max_size=len(chosen)))
    lookup = {code: f"New area {n}" for code, n in zip(chosen, new, strict=True)}
    own = gainsmodel.aggregate(base, lookup, rest=rest)
    assert own.gva_gbp_m.sum(axis=0) == pytest.approx(base.gva_gbp_m.sum(axis=0), abs=1e-6)
    assert own.areas["population"].sum() == base.areas["population"].sum()
    for column in ("area_code", "area_name"):
        assert own.areas[column].n_unique() == own.areas.height
    shipped = load_dataset("mayoral") if rest == "mayoral" else load_dataset("itl1")
    # An area that keeps a shipped name has what the shipped one has, to the publisher's rounding.
    theirs = dict(zip(shipped.areas["area_name"], shipped.gva_gbp_m.sum(axis=1), strict=True))
    for name, gva in zip(own.areas["area_name"], own.gva_gbp_m.sum(axis=1), strict=True):
        if rest != "parts" and name in theirs:
            assert gva == pytest.approx(theirs[name], rel=2e-3)


def test_jobs_are_added_where_they_count_the_same() -> None:
    base = load_dataset("mayoral")
    jobs = dict(base.areas.select("area_name", "jobs").iter_rows())
    north = dict.fromkeys(["North East", "Tees Valley"], "Far North")
    own = gainsmodel.aggregate(base, north)
    assert own.areas["jobs"][0] == jobs["North East"] + jobs["Tees Valley"]
    # Scotland's jobs are counted otherwise, the rest of the South West's not at all.
    mixed = gainsmodel.aggregate(base, dict.fromkeys(["Scotland", "North East"], "North and Scots"))
    assert mixed.areas["jobs"][0] is None
    lost = jobs["Scotland"] + jobs["North East"]
    assert any(f"and {lost:,} left out" in note for note in mixed.notes)


def test_the_whole_uk_may_be_given_new_areas() -> None:
    base = load_dataset("itl1")
    halves = {name: "North" if i < 3 else "South" for i, name in enumerate(base.areas["area_name"])}
    own = gainsmodel.aggregate(base, halves)
    assert own.areas["area_name"].to_list() == ["North", "South"]
    assert own.groups["uk"] == ("OWN_NORTH", "OWN_SOUTH")
    assert "england" not in own.groups
    assert any("no longer whole, so not reported: England" in note for note in own.notes)


# ---------------------------------------------------------------- names


def test_what_lost_parts_does_not_keep_its_name() -> None:
    own = gainsmodel.aggregate("local_authority", SOLENT | NORTH)
    names = own.areas["area_name"].to_list()
    assert "Greater Manchester" not in names
    assert {"Rest of Greater Manchester", "Rest of South East, less what is new"} <= {*names}
    assert "Rest of South East" not in names
    assert len(names) == 25
    # Groups that are no longer made of whole areas are gone; one that is whole is found.
    assert own.resolve("Greater Manchester") == ("OWN_BOLTON_AND_BURY", "LESS_E47000001")
    assert "mayoral_areas" in own.groups
    assert len(gainsmodel.aggregate("local_authority", SOLENT, rest="regions").areas) == 13


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        (
            {"Boltn": "New"},
            "'Boltn' is not an area of the local_authority geography; the nearest are",
        ),
        ({"Greater Manchester": "New"}, "a group or a wider area; its areas are wanted one by one"),
        ({"Bolton": "One", "E08000001": "Two"}, "is in 'One' already"),
        ({"Bolton": "One", "bolton": "one"}, "Bolton (E08000001) is given twice"),
        ({"Bolton": "Greater Manchester"}, "'Greater Manchester' is the name of another area"),
        ({"Bolton": "Kent and more", "Bury": "United Kingdom"}, "is the name of another area"),
        ({"Bolton": "Leeds"}, "'Leeds (new)'"),
        ({"Bolton": "A|B"}, "is not a name for an area"),
        ({"Bolton": "  "}, "names no new area"),
        ({}, "names no new area"),
    ],
)
def test_a_lookup_that_cannot_be_is_refused(pairs: dict[str, str], words: str) -> None:
    with pytest.raises(DataError) as caught:
        gainsmodel.aggregate("local_authority", pairs)
    assert words in str(caught.value)


def test_the_name_of_exactly_these_parts_may_be_kept() -> None:
    boroughs = load_dataset("local_authority").resolve("Greater Manchester")
    own = gainsmodel.aggregate(
        "local_authority", dict.fromkeys(boroughs, "Greater Manchester"), rest="regions"
    )
    shipped = load_dataset("mayoral")
    row = shipped.areas["area_name"].to_list().index("Greater Manchester")
    assert own.gva_gbp_m[0] == pytest.approx(shipped.gva_gbp_m[row], abs=1e-6)


def test_the_rest_must_be_possible() -> None:
    with pytest.raises(DataError, match="needs local authorities"):
        gainsmodel.aggregate("itl1", {"Wales": "Cymru"}, rest="mayoral")
    with pytest.raises(DataError, match="must be one of mayoral, regions, parts"):
        gainsmodel.aggregate("itl1", {"Wales": "Cymru"}, rest=cast("Any", "none"))


def test_regions_of_own_areas() -> None:
    own = gainsmodel.aggregate("local_authority", SOLENT)
    assert regions_of(own)["OWN_SOLENT"] == "TLJ"
    assert regions_of(own)["E47000001"] == regions_of(load_dataset("mayoral"))["E47000001"]


# ---------------------------------------------------------------- lookups in files


@pytest.mark.parametrize("head", ["area,new_area", "LA name,Combined authority", "x,New Area"])
def test_a_lookup_may_be_headed_as_people_do(head: str, tmp_path: Path) -> None:
    own = gainsmodel.aggregate("local_authority", lookup_file(tmp_path, SOLENT, head))
    assert own.areas["area_name"][0] == "The Solent"


def test_a_lookup_may_name_what_is_left_too(tmp_path: Path) -> None:
    path = tmp_path / "lookup.xlsx"
    codes = load_dataset("local_authority").areas.select("area_code", la_name="area_name")
    codes.with_columns(
        new_area=pl.when(pl.col("la_name").is_in(["Bolton", "Bury"])).then(pl.lit("Two"))
    ).write_excel(path)
    own = gainsmodel.aggregate("local_authority", path)
    assert own.areas.height == 24
    assert own.areas["area_name"].to_list().count("Two") == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Bolton,New\nBury,New\n", "row 1: expected a row of headings"),
        ("area\nBolton\n", "expected a row of headings and the columns area and new_area"),
        ("code,name,into\nE08000001,Bolton,New\n", "head it 'new_area'"),
        ("area,new_area\nBolton,New\nBurry,New\n", "lookup.csv, row 3: 'Burry' is not an area"),
        ("area,new_area\n", "names no new area"),
    ],
)
def test_a_lookup_file_that_cannot_be_is_refused(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "lookup.csv"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        gainsmodel.aggregate("local_authority", path)
    assert words in str(caught.value)


# ---------------------------------------------------------------- folders, runs and replays


def test_own_areas_are_saved_and_read_back_whole(tmp_path: Path) -> None:
    own = gainsmodel.aggregate("local_authority", SOLENT | NORTH, name="South and north")
    back = read_gva(save_dataset(own, tmp_path / "own"), None)
    assert back.hashes == own.hashes
    assert back.areas.equals(own.areas)
    assert np.array_equal(back.gva_gbp_m, own.gva_gbp_m)
    assert (back.groups, back.wider, back.regions) == (own.groups, own.wider, own.regions)
    assert (back.own_name, back.notes) == ("South and north", own.notes)
    # And again out of what was saved.
    again = gainsmodel.aggregate(back, {"Bolton and Bury": "Up north", "The Solent": "Down south"})
    assert again.areas.height == own.areas.height
    (tmp_path / "own/areas.csv").write_bytes((tmp_path / "own/areas.csv").read_bytes() + b"\n")
    with pytest.raises(DataError, match=r"areas\.csv was edited since it was written"):
        read_gva(tmp_path / "own", None)


def test_own_areas_run_compare_and_replay(tmp_path: Path) -> None:
    own = gainsmodel.aggregate("local_authority", SOLENT)
    result = gainsmodel.run("reference", dataset=own, draws=64)
    assert result.areas().height == 24
    assert result.manifest["geography"] == "own"
    folder = result.save(tmp_path / "result")
    again = gainsmodel.replay(folder, dataset=own)
    assert again.areas().equals(result.areas())
    assert gainsmodel.replay(folder).areas().equals(result.areas())
    loaded = gainsmodel.Result.load(folder)
    assert loaded.dataset.hashes == own.hashes
    with pytest.raises(DataError, match="pass their folder"):
        gainsmodel.replay(result.manifest)
    with pytest.raises(ResultError, match="differ"):
        gainsmodel.replay(folder, dataset=gainsmodel.aggregate("local_authority", NORTH))
    with pytest.raises(SettingError, match="figures of the own geography"):
        gainsmodel.run("reference", dataset=own, geography="mayoral", draws=64)
    compared = gainsmodel.compare(
        "reference", "late_start", dataset=own, area="The Solent", draws=64
    )
    assert compared.areas().height
    planned = (
        gainsmodel.load_scenario("reference")
        .edit({"setting.geography": "own"})
        .edit({'plan."The Solent".skills': 1.0})
    )
    pair = gainsmodel.run_paired(planned, dataset=own, draws=64)
    steps = gainsmodel.waterfall(pair, "The Solent")
    assert "South East" in steps.table["area_name"].to_list()
    with pytest.raises(gainsmodel.GainsModelError, match="no tile map"):
        gainsmodel.charts.tile_map(result)


def test_a_plan_for_an_area_that_is_not_there_is_refused() -> None:
    own = gainsmodel.aggregate(
        "local_authority", dict.fromkeys(["Bolton", "Leeds"], "Bolton Leeds")
    )
    with pytest.raises(
        ScenarioError, match=r'plan\."Greater Manchester": no area or group of the own'
    ):
        gainsmodel.run("skills_first", dataset=own, draws=64)


def test_the_command_line_makes_shows_runs_and_repeats_own_areas(tmp_path: Path) -> None:
    lookup, folder, out = lookup_file(tmp_path, SOLENT), tmp_path / "own", tmp_path / "result"
    printed = answered("data", "aggregate", "--lookup", lookup, "--out", folder)
    assert printed.startswith(
        "The Solent: made of Portsmouth, Southampton, Isle of Wight\n"
        "the rest of the UK, as mayoral areas: 23 areas\n"
    )
    assert "kept in all: residents: 68,265,214, were 68,265,214" in printed
    shown = answered("data", "show", folder)
    assert "The Solent: unedited" in shown
    assert "OWN_SOLENT" in shown
    run = ("run", "reference", "--draws", "64", "--data", folder, "--area", "The Solent")
    first = answered(*run, "--out", out)
    assert "Using your own areas:" in first
    assert answered("run", out, "--data", folder, "--area", "The Solent") == first
    assert answered("run", out, "--area", "The Solent") == first
    alone = Path(shutil.copy(out / "manifest.json", tmp_path / "manifest.json"))
    assert "pass their folder" in refused("run", alone)
    assert "valid on The Solent, 24 areas" in answered("validate", "reference", "--data", folder)
    assert "no area or group of the own" in refused(*run[:-1], "Sollent")
    (folder / "gva.csv").write_text((folder / "gva.csv").read_text().replace(",1", ",2", 1))
    assert "gva.csv was edited since it was written" in refused("data", "show", folder)
    assert "is not a folder of your own figures" in refused("data", "show", tmp_path)
    assert "no geography is called" in refused("data", "show", "mayorl")
    assert sorted(path.name for path in folder.iterdir()) == [
        *("areas.csv", "datapackage.json", "gva.csv", "hashes.toml", "provenance.toml")
    ]


def test_every_verb_takes_own_areas(tmp_path: Path) -> None:
    folder, area = tmp_path / "own", "The Solent"
    save_dataset(gainsmodel.aggregate("local_authority", SOLENT), folder)
    plan = tmp_path / "plan.toml"
    plan.write_text(
        'extends = "reference"\nschema_version = 2\ntitle = "Skills"\n'
        '[setting]\ngeography = "own"\n'
        '[plan."The Solent"]\nskills = 1.0\n'
    )
    own = ("--data", folder, "--area", area, "--draws", "128")
    assert f"Skills: {area}" in answered("appraise", plan, *own, "--delay", "1")
    assert area in answered("compare", plan, "reference", *own, "--by", "lever")
    assert area in answered("sensitivity", plan, *own)
    assert area in answered("target", plan, *own, "--gain", "5")
    assert area in answered("voi", plan, *own)
    for name in (plan, "reference"):
        answered("run", name, *own, "--out", tmp_path / Path(name).stem)
    saved = (tmp_path / "plan", tmp_path / "reference")
    assert area in answered("compare", *saved, "--data", folder, "--area", area)
    assert area in answered("compare", *saved, "--area", area)
    assert "is not a folder of your own figures" in refused("appraise", plan, "--data", tmp_path)
    sweep = tmp_path / "sweep.toml"
    sweep.write_text(
        'question = "How long?"\nbase = "reference"\n[settings]\ndraws = 64\n'
        '[[vary]]\nkind = "areas"\nareas = "all"\nplan = { skills = 1.0 }\n'
    )
    answered("batch", sweep, "--data", folder, "--out", tmp_path / "batch")


def test_a_scenario_names_its_figures(tmp_path: Path) -> None:
    folder, area = tmp_path / "own", "The Solent"
    own = gainsmodel.aggregate("local_authority", SOLENT)
    save_dataset(own, folder)
    text = 'extends = "reference"\ndata = "own"\nschema_version = 2\ntitle = "Skills"\n'
    text += f'[plan."{area}"]\nskills = 1.0\n'
    (tmp_path / "named.toml").write_text(text)
    (tmp_path / "child.toml").write_text('extends = "named"\nschema_version = 2\ntitle = "Child"\n')
    named = gainsmodel.load_scenario(tmp_path / "named.toml")
    # It is known by what is in it, on whatever machine: no folder stands in a manifest.
    result = gainsmodel.run(named, draws=64)
    assert str(tmp_path) not in str(result.manifest)
    handed = gainsmodel.run("reference", dataset=own, draws=64)
    assert result.manifest["data_sha256"] == handed.manifest["data_sha256"]
    # It stays with what is made of the scenario, and figures passed in come first.
    edited = named.without_plan().edit({"title": "Nothing"})
    assert gainsmodel.run(edited, draws=64).areas().equals(handed.areas())
    other = gainsmodel.aggregate("local_authority", SOLENT | NORTH)
    assert gainsmodel.run(edited, dataset=other, draws=64).areas().height == 25
    assert gainsmodel.own_figures("reference") is None
    found = gainsmodel.own_figures(tmp_path / "child.toml", "reference")
    assert found is not None
    assert found.hashes == own.hashes
    # Every verb, without --data.
    plan, asked = tmp_path / "child.toml", ("--area", area, "--draws", "128")
    assert f"Child: {area}" in answered("appraise", plan, *asked, "--delay", "1")
    for scenarios in ((plan, "reference"), ("reference", plan)):
        assert area in answered("compare", *scenarios, *asked, "--by", "lever")
    assert area in answered("sensitivity", plan, *asked)
    assert area in answered("target", plan, *asked, "--gain", "5")
    assert area in answered("voi", plan, *asked)
    asked_plan = ("plan", "reference", *asked, "--data", folder, "--budget", "1")
    # The longest of them, on a machine that does other things besides.
    assert area in answered(*asked_plan, timeout=300)
    assert "valid on The Solent, 24 areas" in " ".join(answered("validate", plan).split())
    answered("report", plan, *asked, "--out", tmp_path / "paper.xlsx")
    sweep = tmp_path / "sweep.toml"
    sweep.write_text(
        'base = "child"\n[settings]\ndraws = 64\n'
        '[[vary]]\nkind = "areas"\nareas = "all"\nplan = { skills = 1.0 }\n'
    )
    answered("batch", sweep, "--executor", "processes", "--out", tmp_path / "batch")


def test_a_scenario_that_names_no_figures_is_told_where(tmp_path: Path) -> None:
    for name, pairs in (("own", SOLENT), ("north", NORTH)):
        save_dataset(gainsmodel.aggregate("local_authority", pairs), tmp_path / name)
        (tmp_path / f"{name}.toml").write_text(
            f'extends = "reference"\ndata = "{name}"\nschema_version = 2\n'
        )
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('extends = "reference"\ndata = "onw"\nschema_version = 2\n')
    said = refused("run", wrong)
    assert "wrong.toml, line 2: data: " in said
    assert "is not a folder of your own figures" in said
    assert "did you mean 'own'?" in said
    wrong.write_text('extends = "reference"\ndata = "a\\u0000b"\nschema_version = 2\n')
    assert "line 2: data: " in refused("compare", tmp_path / "own.toml", wrong)
    wrong.write_text('extends = "reference"\ndata = 3\nschema_version = 2\n')
    assert "line 2: data: must be a folder of your own figures, in quotes; found 3" in refused(
        "run", wrong
    )
    said = refused("compare", tmp_path / "own.toml", tmp_path / "north.toml")
    assert "north.toml, line 2: data: names other figures than " in said
    assert "own.toml, line 2; scenarios that are compared must run on the same figures" in said
    (tmp_path / "own/gva.csv").write_text("edited")
    said = refused("validate", tmp_path / "own.toml")
    assert "own.toml, line 2: data: " in said
    assert "was edited since it was written" in said
    with pytest.raises(ScenarioError, match="line 2: data: only a file on this machine"):
        gainsmodel.parse_scenario('extends = "reference"\ndata = "own"\n')
