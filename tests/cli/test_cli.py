"""The command line as a user meets it: a program, its two outputs and its exit code."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import polars as pl
import pytest

from gainsmodel.data import load_dataset
from gainsmodel.scenario import json_schema, shipped_scenarios
from program import ENVIRONMENT, PROGRAM, answered, complaint, gainsmodel, program, refused

ROOT = Path(__file__).parents[2]
MALFORMED = sorted((ROOT / "tests/malformed").glob("*.toml"))
TABLES = ("areas", "groups", "years", "sectors", "adoption", "statistics")
STAT = {"mean", "sd", "p05", "p10", "p25", "p50", "p75", "p90", "p95", "mcse_mean"}
NATIONAL_STATS = {"gain_final_year_gbp_m", "gain_cumulative_gbp_m", "uplift_final_year"}
AREA_STATS = {
    "share",
    "prize_gbp_bn",
    "gain_final_year_gbp_m",
    "gain_cumulative_gbp_m",
    "cost_cumulative_gbp_m",
}
AREA_KEYS = {"code", "name", "type", "mayor_2017", "gva_gbp_m", "gva_share", "p_share_above_gva"}
BASE = 'extends = "reference"\nschema_version = 2\n'


def one_object(text: str) -> dict[str, Any]:
    """Read standard output that must hold one JSON object, a line end and nothing else."""

    def no_such_number(name: str) -> NoReturn:
        raise AssertionError(f"{name} is not JSON")

    assert text.endswith("\n")
    found, end = json.JSONDecoder(parse_constant=no_such_number).raw_decode(text)
    assert text[end:] == "\n"
    assert isinstance(found, dict)
    return found


def numbers(node: Any) -> Iterator[Any]:
    if isinstance(node, dict | list):
        for child in node.values() if isinstance(node, dict) else node:
            yield from numbers(child)
    else:
        yield node


@pytest.fixture(scope="module")
def reference_json() -> str:
    done = program("run", "scenarios/reference.toml", "--draws", "1000", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture(scope="module")
def reference(reference_json: str) -> dict[str, Any]:
    return one_object(reference_json)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("saved") / "run"
    args = ("run", "skills_first", "--draws", "300", "--seed", "7", "--sampler", "random")
    return folder, answered(*args, "--json", "--out", folder)


# ---------------------------------------------------------------- run --json


def test_json_holds_every_promised_key(reference: dict[str, Any]) -> None:
    assert {"manifest", "prize", "national", "areas"} <= set(reference)
    assert reference["prize"]["gbp_bn"] == 208
    assert reference["prize"]["basis"] == "final_year"
    national = reference["national"]
    assert {*NATIONAL_STATS, "p_gain_at_least_prize", "adoption"} <= set(national)
    assert all(set(national[name]) == STAT for name in NATIONAL_STATS)
    assert set(national["adoption"]) == {"ecommerce", "cloud", "systems", "ai"}
    for adoption in national["adoption"].values():
        assert set(adoption) == {"start", "final"}
        assert 0 < adoption["start"] < adoption["final"] < 1
    for area in reference["areas"]:
        assert set(area) >= (AREA_KEYS | AREA_STATS)
        assert all(set(area[name]) == STAT for name in AREA_STATS)


def test_json_manifest_says_how_to_run_it_again(reference: dict[str, Any]) -> None:
    manifest = reference["manifest"]
    wanted = {"scenario", "data_sha256", "seed", "draws", "sampler", "versions", "simd"}
    assert wanted <= set(manifest)
    assert (manifest["seed"], manifest["draws"]) == (1, 1000)
    assert manifest["scenario"]["prize"]["value"] == 208


def test_json_shares_sum_to_1_and_areas_to_the_uk(reference: dict[str, Any]) -> None:
    areas, national = reference["areas"], reference["national"]
    assert len(areas) == 23
    assert sum(area["share"]["mean"] for area in areas) == pytest.approx(1, abs=1e-6)
    assert sum(area["gva_share"] for area in areas) == pytest.approx(1, abs=1e-12)
    assert sum(area["prize_gbp_bn"]["mean"] for area in areas) == pytest.approx(208, rel=1e-6)
    for name in ("gain_final_year_gbp_m", "gain_cumulative_gbp_m"):
        total = sum(area[name]["mean"] for area in areas)
        assert total == pytest.approx(national[name]["mean"], rel=1e-6)


@pytest.mark.parametrize("draws", ["1", "2", "15", "333"])
def test_json_is_finite_or_null_however_few_the_draws(draws: str) -> None:
    found = one_object(answered("run", "reference", "--draws", draws, "--json"))
    assert all(n is None or not isinstance(n, float) or abs(n) < 1e15 for n in numbers(found))
    assert found["national"]["uplift_final_year"]["mean"] > 0
    if draws == "1":
        assert found["areas"][0]["share"]["sd"] is None
        assert found["areas"][0]["share"]["mcse_mean"] is None


@pytest.mark.parametrize(
    "options", [(), ("--sampler", "random"), ("--precision", "float64"), ("--seed", "0")]
)
def test_threads_change_no_byte(options: tuple[str, ...], reference_json: str) -> None:
    args = ("run", "scenarios/reference.toml", "--draws", "1000", "--json", *options)
    one, two = (answered(*args, "--threads", n) for n in "12")
    assert one == two
    # With nothing changed it is the same run; with any option it is another.
    assert (one == reference_json) == (not options)


def test_number_of_threads_from_the_environment_changes_no_byte(reference_json: str) -> None:
    args = ("run", "scenarios/reference.toml", "--draws", "1000", "--json")
    assert answered(*args, GAINSMODEL_NUM_THREADS="3") == reference_json


@pytest.mark.parametrize("level", ["portable", "avx2", "avx512"])
def test_instruction_set_changes_no_number(level: str, reference: dict[str, Any]) -> None:
    if level not in answered("info"):
        pytest.skip(f"this machine has no {level}")
    args = ("run", "scenarios/reference.toml", "--draws", "1000", "--json")
    found = one_object(answered(*args, GAINSMODEL_SIMD=level))
    assert found["manifest"]["simd"] == level
    assert found["areas"] == reference["areas"]


# ---------------------------------------------------------------- run as a table


@pytest.fixture(scope="module")
def table() -> str:
    done = program("run", "reference", "--draws", "500")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_table_says_what_the_208bn_is_before_any_figure(table: str) -> None:
    # The headings of the table fold where they must.
    flat = " ".join(table.split())
    statement, areas = flat.split("Area ")[0], flat.split("Greater London")[1]
    assert "£208bn" in statement
    assert "CBI" in statement
    assert "all causes" in statement
    assert "a year by the tenth year" in statement
    assert "reached in 2036" in statement
    assert "£208bn" in areas


def test_table_lists_every_area_by_its_whole_name_on_one_line(table: str) -> None:
    dataset = load_dataset("mayoral")
    lines = table.splitlines()
    for name in [*dataset.areas["area_name"], "United Kingdom"]:
        assert [line for line in lines if line.startswith(name + "  ")], name


def test_table_in_a_pipe_is_not_cut_short_nor_coloured(table: str) -> None:
    assert "…" not in table
    assert "\x1b" not in table
    assert table == program("run", "reference", "--draws", "500", COLUMNS="40", TERM="dumb").stdout


def test_table_says_which_basis_is_in_use() -> None:
    text = answered("run", "cumulative_prize", "--draws", "200", "--area", "wales")
    assert "over the ten years to 2036" in text
    assert "a year by 2036" not in text


def test_table_says_what_a_plan_adds_and_costs() -> None:
    text = answered("run", "skills_first", "--draws", "500", "--area", "scotland")
    added = text.split("What the plan adds")[1]
    assert "Greater Manchester" in added
    assert "cost" in added.lower()
    assert "judgement" in added


def test_the_parts_of_the_prize_are_parts_of_the_whole_that_is_printed(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        'extends = "reference"\nschema_version = 2\n[setting]\nprice_year = 2023\n', "utf-8"
    )
    text = answered("run", str(own), "--draws", "500", "--area", "uk")
    whole = next(line for line in text.splitlines() if line.startswith("United Kingdom"))
    # £208bn of 2024 is £200bn at 2023 prices; the areas' parts add up to that.
    assert "£208bn" not in whole
    assert "£200bn" in whole


def test_table_runs_with_one_draw() -> None:
    assert "too few futures" in answered("run", "skills_first", "--draws", "1")


# ---------------------------------------------------------------- what to run and show


def listed(*args: str) -> list[str]:
    found = one_object(answered("run", "reference", "--draws", "20", "--json", *args))
    return [area["name"] for area in found["areas"]]


def test_areas_are_chosen_by_code_name_and_group_in_any_capitalisation() -> None:
    code = dict(load_dataset("mayoral").areas.select("area_name", "area_code").iter_rows())
    chosen = ("--area", "gReAtEr LONDON", "--area", code["Wales"].lower(), "--area", "SCOTLAND")
    assert set(listed(*chosen)) == {"Greater London", "Wales", "Scotland"}
    six = listed("--area", "The 2017 SIX")
    assert len(six) == 6
    assert "Greater Manchester" in six
    # Named twice, shown once.
    assert listed("--area", "greater manchester", "--area", "the 2017 six") == six


def test_areas_shown_change_no_number(reference: dict[str, Any]) -> None:
    args = ("run", "reference", "--draws", "1000", "--json", "--area", "tees valley")
    found = one_object(answered(*args))
    assert found["areas"] == [a for a in reference["areas"] if a["name"] == "Tees Valley"]
    assert found["national"] == reference["national"]


def test_another_geography_replaces_the_scenarios() -> None:
    names = listed("--geography", "itl1")
    assert len(names) == 12
    assert "South East" in " ".join(names)


# ---------------------------------------------------------------- --out and replay


def test_out_writes_every_table_twice_and_the_manifest(saved: tuple[Path, str]) -> None:
    folder, text = saved
    wanted = {f"{table}.{kind}" for table in TABLES for kind in ("csv", "parquet")}
    files = {path.name for path in folder.iterdir()}
    assert files == wanted | {"manifest.json", "datapackage.json"}
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    bound = {"files": manifest.pop("files"), "fingerprint": manifest.pop("fingerprint")}
    assert set(bound["files"]) == {f"{table}.parquet" for table in TABLES}
    assert manifest == one_object(text)["manifest"]
    for table in TABLES:
        parquet = pl.read_parquet(folder / f"{table}.parquet")
        csv = pl.read_csv(folder / f"{table}.csv", schema=parquet.schema)
        assert csv.equals(parquet), table


def test_out_leaves_nothing_beside_the_folder(saved: tuple[Path, str]) -> None:
    assert [path.name for path in saved[0].parent.iterdir()] == [saved[0].name]


@pytest.mark.parametrize("name", ["manifest.json", ""])
def test_a_manifest_runs_again_to_the_same_bytes(saved: tuple[Path, str], name: str) -> None:
    folder, text = saved
    assert answered("run", folder / name, "--json", "--threads", "1") == text


def test_out_replaces_an_earlier_result(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "run"
    answered("run", "reference", "--draws", "20", "--seed", "1", "--out", folder)
    answered("run", "reference", "--draws", "20", "--seed", "2", "--out", folder)
    assert json.loads((folder / "manifest.json").read_text("utf-8"))["seed"] == 2


@pytest.mark.parametrize("manifest", [None, "{}", '{"name": "a web page", "icons": []}'])
def test_out_refuses_a_folder_that_holds_anything_else(
    tmp_path: Path, manifest: str | None
) -> None:
    (tmp_path / "thesis.txt").write_text("three years of work")
    if manifest:
        (tmp_path / "manifest.json").write_text(manifest)
    before = sorted(path.name for path in tmp_path.iterdir())
    done = gainsmodel("run", "reference", "--draws", "20", "--out", tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert str(tmp_path) in complaint(done)


def test_out_keeps_what_somebody_put_beside_an_earlier_result(tmp_path: Path) -> None:
    answered("run", "reference", "--draws", "20", "--out", tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    gainsmodel("run", "reference", "--draws", "20", "--out", tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    "where", ["file", "file/below", "", ".", "/proc/x", "a\nb/\x7f" + "x" * 300]
)
def test_out_that_cannot_be_is_refused_before_the_run(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").write_text("kept")
    # Long enough that only a refusal before the run comes in time.
    args = ("run", "reference", "--draws", "4000000000", "--out", where)
    assert refused(*args, cwd=tmp_path, timeout=10)
    assert (tmp_path / "file").read_text() == "kept"


# ---------------------------------------------------------------- compare and appraise

SKILLS, REFERENCE_TITLE = "“Skills first in Greater Manchester”", "“Reference”"


def test_compare_says_which_adds_more_by_how_much_and_at_what_cost() -> None:
    text = " ".join(
        answered("compare", "scenarios/skills_first.toml", "reference", "--draws", "2000").split()
    )
    assert re.search(rf"{SKILLS} is worth about £\S+ more than “Do nothing” on average", text)
    assert f"{SKILLS} adds more in 7" in text
    assert "in 9 of 10 futures the difference is £0 to £" in text
    assert f"{SKILLS} costs £5.1m a year more than {REFERENCE_TITLE}" in text
    assert "Both plans use the same 2,000 random draws, so sampling noise cancels." in text
    assert "differ by less than £1m" in text
    assert "Net of displacement, leakage and multiplier" in text
    assert "Wales" not in text


def test_compare_turned_round_says_the_same() -> None:
    one, other = (
        answered("compare", *pair, "--draws", "500", "--area", "Greater Manchester")
        for pair in (("skills_first", "reference"), ("reference", "skills_first"))
    )
    said = [" ".join(text.split()) for text in (one, other)]
    for sentence in (
        rf"{SKILLS} is worth about £[^.]* than “Do nothing” [^.]*\. Where [^.]*\.",
        r"Where “Do nothing” would have been better, [^.]*\.",
    ):
        one_way, other_way = (re.findall(sentence, text) for text in said)
        assert one_way == other_way != []


def test_compare_sets_each_against_the_first() -> None:
    text = answered("compare", "reference", "skills_first", "late_start", "--draws", "200")
    assert text.count(f"{REFERENCE_TITLE} compared with") == 2


def test_compare_of_the_same_says_so() -> None:
    text = answered("compare", "reference", "scenarios/reference.toml", "--draws", "100")
    assert "are the same plan: nothing differs" in " ".join(text.split())
    assert "£" not in text


def test_compare_does_not_tell_apart_what_it_cannot() -> None:
    text = answered("compare", "skills_first", "late_start", "--draws", "500")
    assert "Which adds more by 2036 depends on the future" in text


def test_compare_splits_as_asked() -> None:
    args = ("--by", "year", "--by", "sector", "--by", "technology", "--by", "lever")
    text = answered("compare", "skills_first", "reference", "--draws", "200", *args)
    for part in ("2027", "Manufacturing", "Cap on stacked gains", "Working together"):
        assert part in text


def test_compare_json_is_one_object() -> None:
    args = ("--area", "wales", "--by", "year", "--by", "lever", "--json")
    found = one_object(answered("compare", "skills_first", "reference", "--draws", "50", *args))
    assert set(found) == {"comparisons"}
    (only,) = found["comparisons"]
    assert only["area"] == {"code": "TLL", "name": "Wales"}
    assert only["paired"] is True
    assert only["identical"] is False
    assert len(only["areas"]) == 26
    assert [part["split"] for part in only["by"]] == ["year", "lever"]
    assert len(only["by"][0]["rows"]) == 10
    assert all(isinstance(x, str | int | float | bool | None) for x in numbers(only))


def test_compare_of_saved_runs(tmp_path: Path) -> None:
    for name, seed in (("skills_first", "1"), ("reference", "2")):
        args = ("--draws", "640", "--seed", seed, "--out", str(tmp_path / name))
        answered("run", name, *args)
    one, other = tmp_path / "skills_first", tmp_path / "reference"
    found = answered("compare", str(one), "reference")
    assert found == answered("compare", "skills_first", "reference", "--draws", "640")
    assert "not paired: seed" in refused("compare", str(one), str(other))
    text = answered("compare", str(one), str(other), "--unpaired")
    assert "These two runs use different random draws" in text
    assert "treating the runs as independent" in " ".join(text.split())
    assert "cancels" not in text
    assert "--draws" in refused("compare", str(one), "reference", "--draws", "5")


def test_appraise_says_what_is_added_spent_and_paid_back() -> None:
    args = ("--area", "greater manchester", "--target", "50", "--delay", "1", "--draws", "2000")
    text = " ".join(answered("appraise", "skills_first", *args).split())
    assert re.search(r"This plan adds about £\S+ net a year by 2036 \(£0 to £", text)
    spent = "about £5.1m a year on average once running; £15m at full take-up"
    assert f"costs {spent} and before optimism bias" in text
    assert "At 0.8% take-up (Help to Grow: Digital) its net present value would be −£8m" in text
    assert "at 35% take-up (Growth Vouchers) £" in text
    assert "Counting what the authority and firms spend, discounted, it pays back" in text
    assert "discounted at 3.5% a year" in text
    assert "The plan adds at least £50m a year by 2036 in 2" in text
    assert re.search(r"Waiting a year costs about £\d+m of net present value on average", text)
    assert "Net present value" in text
    assert "judgement" in text


def test_appraise_tells_who_gains_where_asked() -> None:
    args = ("appraise", "skills_first", "--area", "Greater Manchester", "--draws", "50")
    text = " ".join(answered(*args, "--who-gains").split())
    assert "Who gains, by local authority" in text
    assert "Ranges of single local authorities are probably too narrow" in text
    assert "Who gains" not in answered(*args)
    found = one_object(answered(*args, "--who-gains", "--json"))
    assert len(found["who_gains"]) == 10
    assert one_object(answered(*args, "--json"))["who_gains"] is None


@pytest.mark.parametrize(
    "args",
    [
        ("run", "reference"),
        ("target", "reference", "--share", "0.01"),
        ("sensitivity", "reference"),
    ],
)
def test_verbs_say_what_is_known_of_single_authorities(args: tuple[str, ...]) -> None:
    options = ("--area", "Leeds", "--geography", "local_authority", "--draws", "100")
    text = " ".join(answered(*args, *options).split())
    assert "Ranges of single local authorities are probably too narrow" in text
    assert "too narrow" not in answered(*args, "--area", "Wales", "--draws", "100")


def test_a_new_area_is_run_by_its_name() -> None:
    args = ("--geography", "mayoral_2026", "--area", "Sussex and Brighton", "--draws", "50")
    text = " ".join(answered("run", "reference", *args).split())
    assert "Sussex and Brighton’s share of the £208bn" in text
    assert "is unofficial" in text


def test_appraise_json_is_one_object() -> None:
    found = one_object(answered("appraise", "skills_first", "--draws", "50", "--json"))
    assert found["appraisal"]["area_code"] == "uk"
    assert found["appraisal"]["p_target"] is None
    assert found["delay"] is None
    assert found["manifest"]["draws"] == 50


@pytest.mark.parametrize("draws", ["1", "20"])
def test_few_futures_are_too_few_to_say(draws: str) -> None:
    for args in (("compare", "skills_first", "reference"), ("appraise", "skills_first")):
        assert "too few futures to say" in answered(*args, "--draws", draws)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("compare", "reference"), "two scenarios or more"),
        (("compare", "reference", "nowhere"), "nowhere"),
        (("compare", "reference", "skills_first", "--area", "Manchester"), "Greater Manchester"),
        (("compare", "reference", "skills_first", "--draws", "0"), "draws"),
        (("compare", "reference", "skills_first", "--by", "luck"), "luck"),
        (("appraise", "reference"), "no lever is moved in any area"),
        (("appraise", "skills_first", "--target", "-5"), "target"),
        (("appraise", "skills_first", "--who-gains"), "not split into local authorities"),
        (("appraise", "skills_first", "--delay", "50"), "lever_delay_years"),
        (("appraise", "skills_first", "--delay", "0"), "--delay"),
    ],
    ids=str,
)
def test_what_cannot_be_compared_or_appraised_gets_one_message(
    args: tuple[str, ...], said: str
) -> None:
    assert said in refused(*args)


# ---------------------------------------------------------------- the other commands


def test_validate_names_each_scenario_it_accepts() -> None:
    text = answered("validate", *shipped_scenarios())
    for name in shipped_scenarios():
        assert re.search(rf"^{name}: valid", text, re.MULTILINE)


def test_validate_refuses_what_run_refuses(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(BASE + "[plan.Atlantis]\nskills = 1.0\n")
    assert "Atlantis" in complaint(gainsmodel("validate", "reference", tmp_path / "a.toml"))


def test_info_says_version_build_and_scenarios() -> None:
    text = answered("info")
    assert re.search(r"^version: \d+\.\d+\.\d+", text, re.MULTILINE)
    assert "profile: release" in text
    assert all(name in text for name in ("simd", "threads", "mayoral", *shipped_scenarios()))


def test_the_version_is_told_without_loading_the_model() -> None:
    assert re.fullmatch(r"gainsmodel \d+\.\d+\.\d+\S*\n", answered("--version"))
    assert answered("--version", "run") == answered("--version")
    loaded = (
        "import os, sys; sys.argv[1:] = ['--version']; os._exit = lambda code: None; "
        "from gainsmodel.cli import main; main(); "
        "assert not {'polars', 'typer'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", loaded], check=True, capture_output=True)


def test_help_of_any_verb_is_told_without_loading_the_model() -> None:
    script = """if True:
        import sys, typer
        from gainsmodel.cli import verbs
        verbs.load()
        top = typer.main.get_command(verbs.app).commands
        told = [[], *([name] for name in top), *(["data", name] for name in top["data"].commands)]
        for words in told:
            sys.argv = ["gainsmodel", *words, "--help"]
            assert verbs.main() == 0
        heavy = {"polars", "numpy", "gainsmodel.data", "gainsmodel.scenario", "gainsmodel._core"}
        assert not heavy & {*sys.modules}, heavy & {*sys.modules}
        assert len(told) > 20
        """
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Usage: gainsmodel data import-table" in done.stdout


def test_a_verb_that_is_asked_for_is_loaded_alone_and_any_other_word_loads_all() -> None:
    def loaded(word: str) -> int:
        script = f"""if True:
            from gainsmodel.cli import verbs
            verbs.load({word!r})
            print(len(verbs.app.registered_commands))"""
        code = [sys.executable, "-c", script]
        return int(subprocess.run(code, check=True, capture_output=True, text=True).stdout)

    assert loaded("plan") == 1
    assert loaded("") == loaded("plans") == loaded("info") > 15


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["reference", "skills_first"])
@pytest.mark.parametrize("draws", [33_000, 107_000, 400_000])
def test_memory_of_23_areas_is_bounded_at_any_number_of_draws(scenario: str, draws: int) -> None:
    words = [PROGRAM, "run", scenario, "--draws", str(draws)]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0
    assert usage.ru_maxrss * 1024 < 400e6


def test_run_shows_several_areas_in_the_order_they_were_named() -> None:
    text = answered("run", "reference", "--draws", "200", "--area", "Wales", "--area", "Scotland")
    rows = [line.split("  ")[0] for line in text.splitlines() if "%" in line and "£" in line]
    assert rows[-3:] == ["Wales", "Scotland", "United Kingdom"]
    assert "Wales’ share of the £208bn" in text
    assert "Scotland’s share of the £208bn" in text


def test_schema_is_the_schema_of_scenario_files() -> None:
    assert one_object(answered("schema")) == json_schema()


def test_data_commands_list_show_and_check() -> None:
    text = answered("data", "list")
    assert all(word in text for word in ("mayoral", "itl1", "local_authority", "361", "23"))
    text = answered("data", "show")
    assert all(name in text for name in load_dataset("mayoral").areas["area_name"])
    text = answered("data", "show", "itl1", "--area", "WALES")
    assert "Wales" in text
    assert "Manufacturing" in text
    text = answered("data", "check")
    assert "ok" in text
    assert "FAIL" not in text


VERBS = [
    (),
    *((verb,) for verb in ("run", "compare", "appraise", "validate", "info", "schema", "data")),
    ("data", "show"),
]


@pytest.mark.parametrize("command", VERBS)
def test_every_command_explains_itself(command: tuple[str, ...]) -> None:
    assert "Usage" in answered(*command, "--help")


# ---------------------------------------------------------------- scenarios it refuses


# What is wrong with each is told in test_scenario.py; that the command tells it needs a few.
@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=() if number % 16 == 0 else pytest.mark.slow)
        for number, path in enumerate(MALFORMED)
    ],
    ids=[path.stem for path in MALFORMED],
)
def test_malformed_scenarios_are_refused_with_their_place(path: Path) -> None:
    done = gainsmodel("run", path.relative_to(ROOT), "--draws", "10")
    expected = path.read_text("utf-8").split("\n", 1)[0].removeprefix("# expect: ")
    assert expected in complaint(done)
    assert done.stderr.startswith("error: tests/malformed/")
    assert done.stdout == ""


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_huge_file(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1_000_000_000)


ODD_FILES: dict[str, Callable[[Path], object]] = {
    "missing": lambda path: None,
    "directory": Path.mkdir,
    "pipe": a_pipe,
    "link to itself": lambda path: path.symlink_to(path),
    "huge": a_huge_file,
    "empty": Path.touch,
    "binary": lambda path: path.write_bytes(bytes(range(256)) * 40),
    "bomb of arrays": lambda path: path.write_text("x = " + "[" * 900_000),
    "bomb of keys": lambda path: path.write_text("a." * 450_000 + "a = 1"),
}


@pytest.mark.parametrize("suffix", [".toml", ".json"])
@pytest.mark.parametrize("kind", ODD_FILES)
def test_what_is_no_scenario_or_manifest_is_refused_at_once(
    tmp_path: Path, kind: str, suffix: str
) -> None:
    path = tmp_path / f"odd{suffix}"
    ODD_FILES[kind](path)
    assert "odd" in refused("run", path, timeout=5)


@pytest.mark.parametrize("name", ["", "a" * 5000, "refrence", "\x1b[31mred.toml"])
def test_impossible_names_are_refused(name: str) -> None:
    message = refused("run", name)
    assert "\x1b" not in message
    assert name != "refrence" or "did you mean 'reference'" in message


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ('[plan."Greater Manchster"]\nskills = 1.0', "Greater Manchester"),
        ("[plan.Atlantis]\nskills = 1.0", "Atlantis"),
        ("[plan.uk]\nskills = 1.0\n[plan.'the 2017 six']\nskills = 0.5", "skills"),
        ("[plan.Wales]\nskills = 1.0\n[plan.TLL]\nskills = 0.5", "skills"),
    ],
)
def test_plans_that_cannot_be_are_refused_with_their_place(
    tmp_path: Path, plan: str, expected: str
) -> None:
    (tmp_path / "mine.toml").write_text(f"{BASE}{plan}\n")
    message = refused("run", "mine.toml", "--draws", "10", cwd=tmp_path)
    assert expected in message
    assert message.startswith("mine.toml, line ")


# ---------------------------------------------------------------- options it refuses


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--draws", "0"), "0"),
        (("--draws", "-5"), "-5"),
        (("--draws", "1e99"), "integer"),
        (("--draws", "abc"), "integer"),
        (("--draws", "9" * 400), "draws"),
        (("--draws", "4294967281"), "4,294,967,280"),
        (("--seed", "-1"), "-1"),
        (("--seed", "18446744073709551616"), "18,446,744,073,709,551,615"),
        (("--sampler", "sobl"), "sobol"),
        (("--precision", "float16"), "float32"),
        (("--threads", "0"), "1,024"),
        (("--threads", "99999"), "1,024"),
        (("--geography", "narnia"), "mayoral"),
        (("--area", "Manchster"), "Greater Manchester"),
        (("--area", "Narnia"), "Narnia"),
        (("--areas", "Wales"), "--area"),
        (("reference",), "unexpected"),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, tuple) else "",
)
def test_options_outside_what_is_allowed_are_refused_before_the_run(
    options: tuple[str, ...], expected: str
) -> None:
    # Long enough that only a refusal before the run comes in time.
    draws = () if "--draws" in options else ("--draws", "4000000000")
    assert expected in refused("run", "reference", *draws, *options, timeout=10)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("GAINSMODEL_SIMD", "neon9", "portable"),
        ("GAINSMODEL_NUM_THREADS", "zero", "1 to 1024"),
        ("GAINSMODEL_NUM_THREADS", "0", "1 to 1024"),
        ("GAINSMODEL_NUM_THREADS", "99999", "1 to 1024"),
    ],
)
def test_environment_outside_what_is_allowed_is_refused(
    name: str, value: str, expected: str
) -> None:
    message = refused("run", "reference", "--draws", "10", **{name: value})
    assert expected in message
    assert name in message


@pytest.mark.parametrize(
    "args", [("bogus",), ("data", "show", "narnia"), ("data", "show", "--area", "narnia"), ("run",)]
)
def test_commands_that_do_not_exist_are_refused(args: tuple[str, ...]) -> None:
    assert refused(*args)


# ---------------------------------------------------------------- manifests it refuses


def without(*keys: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda manifest: {k: v for k, v in manifest.items() if k not in keys}


def having(**changes: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda manifest: manifest | changes


MANIFESTS: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "another version": (having(manifest_version=4), "manifest_version"),
    "no scenario": (without("scenario"), "scenario"),
    "no draws": (without("draws"), "draws"),
    "no sampler": (without("sampler"), "sampler"),
    "no precision": (without("precision"), "precision"),
    "seed in quotes": (having(seed="1"), "seed"),
    "seed with a point": (having(seed=1.0), "seed"),
    "draws true": (having(draws=True), "draws"),
    "unknown sampler": (having(sampler="sobl"), "sobol"),
    "another geography than the scenario's": (having(geography="itl1"), "geography"),
    "geography as list": (having(geography=["itl1"]), "geography"),
    "altered hash": (
        lambda m: m | {"data_sha256": m["data_sha256"] | {"gva.csv": "0" * 64}},
        "gva.csv",
    ),
    "unknown table": (
        lambda m: m | {"data_sha256": m["data_sha256"] | {"jobs.csv": "0" * 64}},
        "jobs.csv",
    ),
    "no hashes": (having(data_sha256={}), "gva.csv"),
    "hashes as list": (having(data_sha256=["x"]), "data_sha256"),
    "hashes null": (having(data_sha256=None), "data_sha256"),
    "versions as list and altered hash": (
        lambda m: m | {"data_sha256": {"gva.csv": "0"}, "versions": ["x"]},
        "versions",
    ),
    "scenario by name": (having(scenario="reference"), "scenario"),
    "scenario with a misspelt key": (
        lambda m: m | {"scenario": m["scenario"] | {"titel": "x"}},
        "title",
    ),
    "not an object": (lambda m: [m], "manifest"),
}


@pytest.mark.parametrize("case", MANIFESTS)
def test_damaged_manifests_are_refused_with_what_is_wrong(
    tmp_path: Path, saved: tuple[Path, str], case: str
) -> None:
    damage, expected = MANIFESTS[case]
    manifest = json.loads((saved[0] / "manifest.json").read_text("utf-8"))
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(damage(manifest)), "utf-8")
    message = refused("run", path, "--json")
    assert expected in message
    assert str(path) in message


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"seed": ' + b"9" * 5000 + b"}"]
)
def test_what_is_no_json_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "manifest.json"
    path.write_bytes(content)
    message = refused("run", tmp_path)
    assert str(path) in message
    assert "sys.set_int_max_str_digits" not in message


# ---------------------------------------------------------------- Ctrl-C and closed pipes

LONG = {
    "table": ("--draws", "10000000"),
    "json in float64": ("--draws", "10000000", "--precision", "float64", "--json"),
    "most draws": ("--draws", "4294967280"),
}


@contextlib.contextmanager
def under_way(*args: str, **options: Any) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [str(PROGRAM), *args],
        stdout=subprocess.PIPE,
        stderr=options.pop("stderr", subprocess.PIPE),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
        env=ENVIRONMENT,
        **options,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def peak_memory_mb(process: subprocess.Popen[str]) -> float:
    status = Path(f"/proc/{process.pid}/status")
    text = status.read_text() if status.exists() else "VmHWM: 0 kB"
    return int(re.findall(r"VmHWM:\s+(\d+)", text)[0]) / 1000


@pytest.fixture(scope="module")
def interrupted() -> dict[str, tuple[int, float, float, str, str]]:
    """Exit code, seconds to stop, peak memory and both outputs of runs met by Ctrl-C."""
    outcomes = {}
    with contextlib.ExitStack() as stack:
        runs = {
            name: stack.enter_context(under_way("run", "reference", *options))
            for name, options in LONG.items()
        }
        time.sleep(4)
        for name, process in runs.items():
            assert process.poll() is None, "the run had ended before it could be interrupted"
            memory = peak_memory_mb(process)
            begun = time.monotonic()
            os.killpg(process.pid, signal.SIGINT)
            out, err = process.communicate(timeout=20)
            seconds = time.monotonic() - begun
            outcomes[name] = (process.returncode, seconds, memory, out, err)
    return outcomes


@pytest.mark.parametrize("name", LONG)
def test_ctrl_c_returns_the_prompt_at_once(
    name: str, interrupted: dict[str, tuple[int, float, float, str, str]]
) -> None:
    code, seconds, memory, out, err = interrupted[name]
    assert code == 130
    # A run left to itself takes minutes; a busy machine may take seconds to answer.
    assert seconds < 15
    assert "Traceback" not in err
    assert out == ""
    assert err.strip() == "stopped; nothing was written"
    assert memory < 3000


@pytest.mark.parametrize(
    "args",
    [("run", "reference", "--draws", "50"), ("run", "reference", "--json"), ("schema",), ("info",)],
    ids=" ".join,
)
def test_a_reader_that_leaves_early_is_no_error(args: tuple[str, ...]) -> None:
    with under_way(*args) as process:
        assert process.stdout is not None
        process.stdout.close()
        process.stdout = None
        _, err = process.communicate(timeout=30)
    assert err == ""
    # As `head` and others see it: well, or ended by the broken pipe; never a failure of its own.
    assert process.returncode in (0, -signal.SIGPIPE, 128 + signal.SIGPIPE)


def test_a_reader_of_the_first_line_sees_it() -> None:
    with under_way("run", "reference", "--draws", "50") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Reference")
        process.stdout.close()
        process.stdout = None
        _, err = process.communicate(timeout=30)
    assert err == ""


def test_a_terminal_without_pound_signs_is_no_error() -> None:
    done = program("run", "reference", "--draws", "20", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "Greater Manchester" in done.stdout
