"""Files say what they hold: read by DuckDB and by the frictionless tool, none of them ours."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

import gainsmodel
from gainsmodel import Result, Settings, load_scenario, run_batch
from gainsmodel.datapackage import KEY, Column, files_of, parquet
from gainsmodel.results.columns import columns_of, columns_of_draws, legend
from gainsmodel.sealed import fingerprint_of, fingerprints


@cache
def ran() -> Result:
    return gainsmodel.run("skills_first", draws=40, detail="Greater Manchester")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result, a batch, own figures and a result on those."""
    at = tmp_path_factory.mktemp("files")
    ran().save(at / "result", draws=True, csv=True)
    reference = load_scenario("reference")
    plans = [reference, reference.edit({"prize.value": 100.0})]
    run_batch(plans, at / "batch", settings=Settings(draws=40), tables=["areas", "years"])
    template = gainsmodel.gva_template("itl1", "csv", filled=True)
    own = gainsmodel.read_gva(template, "itl1", name="own.csv")
    gainsmodel.save_dataset(own, at / "figures")
    gainsmodel.run("reference", draws=40, geography="itl1", dataset=own).save(at / "on own")
    return at


FOLDERS = ("result", "batch", "figures", "on own")


@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_frictionless_tool_finds_nothing_wrong(folders: Path, name: str) -> None:
    import frictionless  # slow to import

    report = frictionless.Package(str(folders / name / "datapackage.json")).validate()
    assert report.valid, report.flatten(["name", "type", "message"])
    assert len(report.tasks) >= 3


@pytest.mark.parametrize("name", FOLDERS)
def test_every_file_is_listed_with_its_hash(folders: Path, name: str) -> None:
    folder = folders / name
    content = (folder / "datapackage.json").read_bytes()
    stated, found = fingerprints(content)
    assert stated == found
    kinds = {".parquet", ".csv"}
    held = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.suffix in kinds}
    assert held <= {*files_of(content)}
    package = json.loads(content)
    assert any("Office for National Statistics" in of["title"] for of in package["sources"])
    for of in package["resources"]:
        if of["format"] in ("parquet", "csv"):
            schema = of["schema"]
            if isinstance(schema, str):
                schema = json.loads((folder / schema).read_text("utf-8"))
            for field in schema["fields"]:
                assert field["unit"], field
                assert field["description"], field


def said_by(path: Path) -> dict[str, Any]:
    """What DuckDB reads in a file's metadata."""
    rows = duckdb.sql(f"SELECT decode(key), decode(value) FROM parquet_kv_metadata('{path}')")
    return {key: value for key, value in rows.fetchall() if key.startswith(KEY)}


@pytest.mark.parametrize("name", ["result", "batch", "on own"])
def test_duckdb_reads_every_table_and_its_units(folders: Path, name: str) -> None:
    for path in (folders / name).rglob("*.parquet"):
        ours = pl.read_parquet(path)
        theirs = duckdb.sql(f"SELECT * FROM '{path}'")
        assert theirs.columns == ours.columns
        assert len(theirs.fetchall()) == ours.height
        said = said_by(path)
        columns = json.loads(said[f"{KEY}columns"])
        assert [*columns] == ours.columns
        assert all(of["unit"] and of["description"] for of in columns.values())
        assert json.loads(said[f"{KEY}sources"])
        assert said[f"{KEY}title"]
    total = duckdb.sql(
        f"SELECT sum(gain_final_year_gbp_m_mean) FROM '{folders}/result/areas.parquet'"
    ).fetchall()[0][0]
    assert total == pytest.approx(ran().areas()["gain_final_year_gbp_m_mean"].sum())


def test_tables_carry_the_hash_of_what_was_run(folders: Path) -> None:
    record = (folders / "result/manifest.json").read_bytes()
    run = fingerprint_of(record[: record.rindex(b',\n "files": {')])
    for path in (folders / "result").glob("*.parquet"):
        assert said_by(path)[f"{KEY}run"] == run
    package = json.loads((folders / "result/datapackage.json").read_text("utf-8"))
    assert (package["run"], package["record"]) == (run, ran().fingerprint)


def test_amounts_name_the_year_of_their_prices() -> None:
    names = ["gain_gbp_m_mean", "gain_gbp_m_mcse_mean", "gva_gbp_m", "share_p05", "mcse_p05"]
    columns = columns_of(names, 2024)
    assert columns["gain_gbp_m_mean"].unit == "£m a year, 2024 prices"
    assert columns["gain_gbp_m_mcse_mean"].description.endswith("standard error of the mean")
    assert columns["share_p05"].unit == "0 to 1"
    assert columns["mcse_p05"].unit == "that of the quantity"
    draws = columns_of_draws("gain_cumulative_gbp_m", ["draw", "uk"], 2023)
    assert draws["uk"].unit == "£m, 2023 prices"
    with pytest.raises(KeyError):
        columns_of(["of nobody"], 2024)
    assert all(all(row) for row in legend())


def test_the_same_table_gives_the_same_bytes() -> None:
    table = pl.DataFrame({"a": [1.0, 2.0, None]})
    columns = {"a": Column("£m", "an amount")}
    whole = parquet(table, columns, title="A")
    assert whole == parquet(pl.concat([table[:1], table[1:]]), columns, title="A")
