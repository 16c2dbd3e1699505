"""Batches: counted before, the same bytes whoever runs them, nothing lost to a kill or a fault."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import resource
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from batches import (
    FAULTY,
    ROOT,
    RUNS,
    SWEEP,
    finish,
    group_ends,
    program,
    records,
    tree,
    until,
)
from hypothesis import given, settings, strategies as st

import gainsmodel
from gainsmodel.batch import folder as folders
from gainsmodel.batch.sweep import Sweep
from gainsmodel.errors import BatchError, GainsModelError, ScenarioError, SettingError
from gainsmodel.simulation.run import SPAN

# ---------------------------------------------------------------- sweeps


def swept(text: str, folder: Path) -> Sweep:
    path = folder / "sweep.toml"
    path.write_text(text, "utf-8")
    return gainsmodel.load_sweep(path)


number = st.floats(0.01, 0.99)
axes = st.lists(
    st.one_of(
        st.builds(
            lambda v: ("list", f"values = {v}", len(v)), st.lists(number, min_size=1, max_size=5)
        ),
        st.builds(
            lambda n, log: (
                "range",
                f'low = 0.1\nhigh = 0.9\nsteps = {n}\nscale = "{log}"',
                n,
            ),
            st.integers(2, 9),
            st.sampled_from(["linear", "log"]),
        ),
        st.builds(
            lambda n, s: ("latin_hypercube", f"samples = {n}\nseed = {s}", n),
            st.integers(1, 9),
            st.integers(0, 2**32 - 1),
        ),
    ),
    max_size=4,
)
KEYS = ("imitation", "innovation", "spillover_share", "decay_per_year")


@settings(deadline=None)
@given(chosen=axes)
def test_a_sweep_has_as_many_runs_as_its_axes_multiply_to(
    chosen: list[tuple[str, str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = 'base = "reference"\n'
    for (kind, body, _), name in zip(chosen, KEYS, strict=False):
        key = f"parameters.{name}.value"
        text += f'[[vary]]\nkind = "{kind}"\n{body}\n'
        text += (
            f'between = {{ "{key}" = [0.1, 0.9] }}\n'
            if kind == "latin_hypercube"
            else f'key = "{key}"\n'
        )
    loaded = swept(text, tmp_path_factory.getbasetemp())
    assert len(loaded) == np.prod([count for *_, count in chosen], dtype=int)
    points = list(loaded)
    assert len(points) == len(loaded)
    assert all(len(point.edits) == len(chosen) for point in points)
    # The last axis varies fastest, and every combination stands once.
    at = np.unravel_index(range(len(loaded)), [count for *_, count in chosen] or [1])
    for axis, name in zip(at if chosen else (), KEYS, strict=False):
        values = [point.edits[f"parameters.{name}.value"] for point in points]
        of_place: dict[int, float] = {}
        for place, value in zip(axis, values, strict=True):
            assert of_place.setdefault(place, value) == value
    assert loaded.scenario(len(loaded) - 1).edit({}) == loaded.scenario(len(loaded) - 1)


@settings(deadline=None)
@given(samples=st.integers(1, 300), seed=st.integers(0, 2**32 - 1))
def test_a_latin_hypercube_has_one_sample_in_each_stratum_of_each_key(
    samples: int, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    loaded = swept(
        'base = "reference"\n[[vary]]\nkind = "latin_hypercube"\n'
        f"samples = {samples}\nseed = {seed}\n"
        'between = { "parameters.imitation.value" = [0.2, 0.7], "setting.share_floor" = [0, 0.5] }',
        tmp_path_factory.getbasetemp(),
    )
    for key, low, high in (
        ("parameters.imitation.value", 0.2, 0.7),
        ("setting.share_floor", 0, 0.5),
    ):
        values = np.array([point.edits[key] for point in loaded])
        strata = np.floor((values - low) / (high - low) * samples - 1e-9 * samples)
        assert sorted(np.maximum(strata, 0)) == list(range(samples))


def test_a_seed_draws_the_same_hypercube_for_ever(tmp_path: Path) -> None:
    (tmp_path / "sweep.toml").write_text(SWEEP, "utf-8")
    point = gainsmodel.load_sweep(tmp_path / "sweep.toml").point(RUNS - 1)
    assert point.edits["setting.start_year"] == 2030
    assert point.edits["parameters.imitation.value"] == pytest.approx(0.6461276128314406, rel=1e-14)


def test_a_table_of_overrides_is_a_run_a_row(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(
        '\ufeffsetting.curve,parameters.imitation.value,"plan.""Greater Manchester"".skills"\n'
        "bass,0.5,1\nlogistic,,0.25\n\n"
        '"gompertz",0.25,"{ intensity = 0.5, start_years = 2.0 }"\n',
        "utf-8",
    )
    loaded = swept('base = "reference"\n[[vary]]\nkind = "csv"\nfile = "rows.csv"', tmp_path)
    assert len(loaded) == 3
    assert loaded.point(1).edits == {
        "setting.curve": "logistic",
        'plan."Greater Manchester".skills': 0.25,
    }
    third = loaded.scenario(2)
    assert third.setting.curve == "gompertz"
    assert third.plan["Greater Manchester"]["skills"].start_years == 2.0
    batch = gainsmodel.run_batch(loaded, tmp_path / "out")
    assert batch.failures().is_empty()
    runs = batch.runs()
    assert runs["parameters.imitation.value"].to_list() == [0.5, None, 0.25]
    assert json.loads(runs['plan."Greater Manchester".skills'][2])["intensity"] == 0.5


def test_every_area_in_turn_has_its_plan_and_no_other(tmp_path: Path) -> None:
    loaded = swept(
        'base = "reference"\n[settings]\ngeography = "itl1"\ndraws = 100\n'
        '[[vary]]\nkind = "areas"\nplan = { skills = 1.0 }',
        tmp_path,
    )
    assert len(loaded) == 12
    batch = gainsmodel.run_batch(loaded, tmp_path / "out")
    cost = "lever_cost_per_year_gbp_m_mean"
    told = batch.areas().filter(pl.col(cost) > 0).select("run", "area_name").collect()
    assert told["run"].to_list() == list(range(12))
    assert told["area_name"].to_list() == batch.runs()["area"].to_list()


BASE = 'base = "reference"\n'
LIST = '[[vary]]\nkind = "list"\n'


def ranges(axes: int, steps: object) -> str:
    axis = '[[vary]]\nkind = "range"\nkey = "a{}"\nlow = 0\nhigh = 1\nsteps = {}\n'
    return "".join(axis.format(n, steps) for n in range(axes))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("draws = 1", "no such key"),
        ('base = "refrence"', "did you mean 'reference"),
        (BASE + "[settings]\ndraws = 0", "line 3: settings.draws: must be from 1"),
        (BASE + '[settings]\nsampler = "sobl"', "did you mean 'sobol'"),
        (BASE + 'tables = ["area"]', "did you mean 'areas'"),
        (BASE + '[[vary]]\nkind = "lst"', "no such way to vary; did you mean 'list'"),
        (BASE + LIST + 'key = "setting.curv"\nvalues = [1]', "line 2: vary[0]: setting.curv"),
        (BASE + LIST + 'key = "a b"\nvalues = [1]', "is not a key path"),
        (BASE + LIST + 'key = "setting.curve"\nvalues = []', "must not be empty"),
        (
            BASE + 2 * (LIST + 'key = "setting.curve"\nvalues = ["bass"]\n'),
            "line 6: vary[1]: setting.curve is varied by vary[0]",
        ),
        (
            BASE + '[[vary]]\nkind = "range"\nkey = "a"\nlow = 2\nhigh = 1\nsteps = 2',
            "high: must be above low",
        ),
        (
            BASE
            + '[[vary]]\nkind = "range"\nkey = "a"\nlow = 0\nhigh = 1\nsteps = 2\nscale = "log"',
            "low: must be above 0 on a log scale",
        ),
        (
            BASE + '[[vary]]\nkind = "latin_hypercube"\nsamples = 2\nbetween = { a = [1, 0] }',
            "must be [low, high]",
        ),
        (BASE + '[[vary]]\nkind = "csv"\nfile = "none.csv"', "cannot be read"),
        (BASE + '[[vary]]\nkind = "csv"\nfile = "bad.csv"', "line 2: has 1 cells under 2 keys"),
        (BASE + '[[vary]]\nkind = "csv"\nfile = "twice.csv"', "line 1: each column needs a key"),
        (
            BASE + '[[vary]]\nkind = "areas"\nareas = ["Grater Manchester"]\nplan = { skills = 1 }',
            "the nearest are: Greater Manchester",
        ),
        (BASE + '[[vary]]\nkind = "areas"\nplan = { skill = 1 }', "no such lever"),
        (
            BASE
            + (2 * (LIST + f'key = "setting.%s"\nvalues = [{"0.1," * 2000}]\n'))
            % ("share_floor", "lever_delay_years"),
            "= 4,000,000 runs; at most 1,000,000",
        ),
        (BASE + ranges(16, 1_000_000), "= 1.0 × 10^96 runs; at most 1,000,000"),
        (BASE + ranges(1, "1" + "0" * 4_100), "steps: is a whole number of too many digits"),
        (
            BASE
            + '[[vary]]\nkind = "latin_hypercube"\nsamples = 1_000_000\n[vary.between]\n'
            + "".join(f"a{n} = [0, 1]\n" for n in range(100)),
            "1,000,000 of 100 keys make 100,000,000 values; at most 10,000,000",
        ),
        (BASE + LIST + 'key = "prize.value"\nvalues = [nan, inf]', "must be a finite number"),
        (BASE + '[[vary]]\nkind = "csv"\nfile = "/dev/zero"', "is not a regular file"),
        (BASE + '[[vary]]\nkind = "csv"\nfile = "wide.csv"', "has 101 columns; at most 100"),
        (BASE + '[[vary]]\nkind = "csv"\nfile = "long.csv"', "a cell may have 1,000 characters"),
    ],
)
def test_a_faulty_sweep_is_told_by_place_and_mend(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "bad.csv").write_text("a,b\n1\n", "utf-8")
    (tmp_path / "twice.csv").write_text("a,a\n1,2\n", "utf-8")
    (tmp_path / "wide.csv").write_text(",".join(f"a{n}" for n in range(101)), "utf-8")
    (tmp_path / "long.csv").write_text("a\n" + "[" * 1_001, "utf-8")
    with pytest.raises(ScenarioError) as caught:
        swept(text, tmp_path)
    assert message in str(caught.value)


@pytest.mark.parametrize("path", sorted((ROOT / "scenarios/sweeps").glob("*.toml")), ids=str)
def test_every_shipped_sweep_loads_and_its_ends_run(path: Path) -> None:
    loaded = gainsmodel.load_sweep(path.stem)
    assert loaded.model_dump() == gainsmodel.load_sweep(path).model_dump()
    assert loaded.question
    for run in (0, len(loaded) - 1):
        gainsmodel.run(loaded.scenario(run), draws=16)


# ---------------------------------------------------------------- the same bytes


def test_a_batch_holds_what_single_runs_give(tmp_path: Path, sweep: Path) -> None:
    batch = gainsmodel.run_batch(sweep, tmp_path / "out", workers=2)
    loaded = gainsmodel.load_sweep(sweep)
    runs = batch.runs()
    assert runs.height == len(loaded) == RUNS
    assert set(runs["status"]) == {"ok"}
    assert runs["seconds"].min() > 0  # type: ignore[operator]
    for run in (0, 40, RUNS - 1):
        alone = gainsmodel.run(loaded.scenario(run), draws=100)
        for table in ("areas", "groups"):
            found = batch.table(table).filter(pl.col("run") == run).drop("run").collect()
            assert found.equals(getattr(alone, table)())
        assert batch.manifest(run) == alone.manifest
    kept = batch.areas().filter(pl.col("run") == 40).drop("run").collect()
    (tmp_path / "manifest.json").write_text(json.dumps(batch.manifest(40)), "utf-8")
    assert gainsmodel.replay(tmp_path / "manifest.json").areas().equals(kept)
    assert gainsmodel.replay(batch.manifest(40)).areas().equals(kept)
    with pytest.raises(
        gainsmodel.ResultError, match=r"^manifest: is not a manifest; missing.*draws"
    ):
        gainsmodel.replay({"seed": 1})


@pytest.mark.parametrize("executor", ["threads", pytest.param("processes", marks=pytest.mark.slow)])
def test_runs_in_pieces_give_the_same_bytes(tmp_path: Path, executor: str) -> None:
    long = gainsmodel.Settings(draws=2 * SPAN + 50)
    scenarios = ["reference", "late_start"]
    for out, options in (("whole", {}), ("pieces", {"draws_per_piece": 5000, "workers": 2})):
        gainsmodel.run_batch(scenarios, tmp_path / out, executor=executor, settings=long, **options)
    assert tree(tmp_path / "pieces") == tree(tmp_path / "whole")


# ---------------------------------------------------------------- nothing lost


@pytest.mark.parametrize("executor", ["processes", pytest.param("threads", marks=pytest.mark.slow)])
def test_a_batch_that_is_killed_again_and_again_ends_with_the_same_bytes(
    tmp_path: Path, sweep: Path, expected: dict[str, bytes], executor: str
) -> None:
    args = (sweep, "--out", tmp_path, "--executor", executor, "--workers", "2")
    for more in (1, 7, 13):
        process = program(*args)
        before = records(tmp_path)
        assert until(lambda: records(tmp_path) >= before + more, process)  # noqa: B023
        process.kill()
        process.communicate()
        group_ends(process)
        assert records(tmp_path) < len([name for name in expected if name.startswith("parts/")])
    assert finish(program(*args))[:2] == (0, f"{RUNS} of {RUNS} runs succeeded\n")
    assert tree(tmp_path) == expected


def test_a_killed_batch_keeps_the_pieces_of_its_runs(tmp_path: Path) -> None:
    text = 'base = "reference"\n[settings]\ndraws = 60_000\n'
    (tmp_path / "sweep.toml").write_text(text, "utf-8")
    args = (tmp_path / "sweep.toml", "--out", tmp_path / "out", "--draws-per-piece", SPAN)
    process = program(*args)

    def pieces() -> dict[str, int]:
        found = {}
        for path in (tmp_path / "out/pieces").glob("*[0-9]"):
            with contextlib.suppress(FileNotFoundError):  # joined meanwhile
                found[path.name] = path.stat().st_mtime_ns
        return found

    assert until(lambda: len(pieces()) >= 2, process)
    process.kill()
    process.communicate()
    group_ends(process)
    kept = pieces()
    damaged = min(kept)
    path = tmp_path / "out/pieces" / damaged
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    process = program(*args)
    seen: dict[str, int] = {}
    until(lambda: seen.update(pieces()), process)
    assert finish(process)[0] == 0
    assert seen[damaged] != kept[damaged]
    assert all(seen[name] == kept[name] for name in kept if name != damaged)
    gainsmodel.run_batch(tmp_path / "sweep.toml", tmp_path / "whole")
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")


def test_ctrl_c_leaves_a_folder_that_goes_on(
    tmp_path: Path, sweep: Path, expected: dict[str, bytes]
) -> None:
    for executor in ("processes", "threads"):
        process = program(sweep, "--out", tmp_path, "--executor", executor)
        before = records(tmp_path)
        assert until(lambda: records(tmp_path) > before, process)  # noqa: B023
        os.killpg(process.pid, signal.SIGINT)
        code, out, err = finish(process)
        assert (code, out) == (130, "")
        assert f"finished runs are kept in {tmp_path}" in err
        assert "Traceback" not in err
        group_ends(process)
    gainsmodel.run_batch(sweep, tmp_path)
    assert tree(tmp_path) == expected


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    "harm",
    [
        lambda out: damage(out / "areas/000003.parquet"),
        lambda out: damage(out / "manifests/000000.parquet"),
        lambda out: (out / "groups/000005.parquet").unlink(),
        lambda out: damage(out / "parts/000007.json"),
        lambda out: (out / "parts/000007.json").write_text("{}"),
        lambda out: (out / "parts/000007.json").write_text("[]"),
        lambda out: (out / "batch.json").write_text("{"),
        lambda out: damage(out / "runs.parquet"),
        lambda out: (out / "areas/000003.parquet.part").write_bytes(b"half"),
        lambda out: (out / "seconds/000003.json").write_text("?"),
    ],
)
def test_what_is_damaged_is_found_and_done_again(
    tmp_path: Path, sweep: Path, expected: dict[str, bytes], harm: Callable[[Path], None]
) -> None:
    for name, content in expected.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "seconds").mkdir()
    harm(tmp_path)
    done: list[int] = []
    batch = gainsmodel.run_batch(sweep, tmp_path, on_progress=lambda n, _: done.append(n))
    assert tree(tmp_path) == expected
    assert RUNS - done[0] <= batch.batch["runs_a_part"]
    assert batch.runs().height == RUNS


@pytest.mark.parametrize(
    ("harm", "file"),
    [
        (lambda out: damage(out / "areas/000003.parquet"), "areas/000003.parquet"),
        (lambda out: (out / "areas/000003.parquet").unlink(), "areas/000003.parquet"),
        (
            lambda out: shutil.copy(out / "areas/000004.parquet", out / "areas/000003.parquet"),
            "areas/000003.parquet",
        ),
        (lambda out: damage(out / "parts/000007.json"), "parts/000007.json"),
        (lambda out: (out / "parts/000007.json").unlink(), "parts/000007.json"),
        (lambda out: restated(out / "batch.json", geography="itl1"), "parts/000000.json"),
    ],
)
def test_a_table_whose_files_were_changed_is_refused(
    tmp_path: Path, expected: dict[str, bytes], harm: Callable[[Path], None], file: str
) -> None:
    for name, content in expected.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    assert gainsmodel.BatchResult.load(tmp_path).areas().collect().height
    harm(tmp_path)
    with pytest.raises(BatchError, match=f"{file}: (does not match|is missing)"):
        gainsmodel.BatchResult.load(tmp_path).areas()


def restated(file: Path, **changes: object) -> None:
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | changes), "utf-8")


def test_a_table_of_runs_that_was_changed_is_refused(
    tmp_path: Path, expected: dict[str, bytes]
) -> None:
    for name, content in expected.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    batch = gainsmodel.BatchResult.load(tmp_path)
    runs = batch.runs()
    assert batch.manifest(runs.height - 1)["draws"]
    runs.drop("seconds").with_columns(status=pl.lit("ok"), draws=1).write_parquet(
        tmp_path / "runs.parquet"
    )
    with pytest.raises(BatchError, match=r"runs.parquet: does not match its hash in runs.json"):
        batch.runs()
    (tmp_path / "runs.json").unlink()
    with pytest.raises(BatchError, match="the batch has not ended"):
        batch.runs()


@pytest.mark.parametrize(
    "changes", [{"runs": 10**400}, {"runs": "1"}, {"runs_a_part": 0}, {"tables": [1]}]
)
def test_what_is_no_batch_is_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    told = {"runs": 1, "runs_a_part": 1, "tables": ["areas"]} | changes
    (tmp_path / "batch.json").write_text(json.dumps(told).replace(str(10**400), "1" + "0" * 400))
    with pytest.raises(BatchError, match="is damaged"):
        gainsmodel.BatchResult.load(tmp_path)


@pytest.mark.parametrize(
    "limit", [20_000, *(pytest.param(limit, marks=pytest.mark.slow) for limit in (100, 60_000))]
)
def test_a_full_disk_is_said_and_costs_nothing_that_is_finished(
    tmp_path: Path, sweep: Path, expected: dict[str, bytes], limit: int
) -> None:
    assert max(len(content) for content in expected.values()) > limit

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    process = program(sweep, "--out", tmp_path, "--executor", "threads", preexec_fn=small_disk)
    code, _, err = finish(process)
    assert code == 2
    assert "cannot be written: File too large; finished parts are kept" in err
    gainsmodel.run_batch(sweep, tmp_path)
    assert tree(tmp_path) == expected


def test_no_space_left_is_said_and_goes_on_later(
    tmp_path: Path, sweep: Path, expected: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    left = 40

    def fsync(descriptor: int) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fsync)
        with pytest.raises(BatchError, match="No space left on device"):
            gainsmodel.run_batch(sweep, tmp_path)
    assert 0 < records(tmp_path) < len(expected)
    assert not list(tmp_path.rglob("*.part"))
    gainsmodel.run_batch(sweep, tmp_path)
    assert tree(tmp_path) == expected


def test_two_batches_into_one_folder_refuse_each_other(
    tmp_path: Path, sweep: Path, expected: dict[str, bytes]
) -> None:
    batch = json.loads(expected["batch.json"])
    with folders.Folder(tmp_path, batch).held():
        with pytest.raises(BatchError, match=f"process {os.getpid()} on .* since 20"):
            gainsmodel.run_batch(sweep, tmp_path)
        code, _, err = finish(program(sweep, "--out", tmp_path))
        assert code == 2
        assert "another batch is writing here" in err
    # Of a batch that was killed, the lock says so but does not hold.
    (tmp_path / "lock").write_text("process 1 on elsewhere, since 2026-01-01T00:00:00+00:00\n")
    gainsmodel.run_batch(sweep, tmp_path)
    assert tree(tmp_path) == expected


def test_a_folder_of_another_batch_is_refused_by_what_differs(tmp_path: Path, sweep: Path) -> None:
    out = tmp_path / "out"
    gainsmodel.run_batch(["reference"], out, settings=gainsmodel.Settings(draws=16))
    before = tree(out)
    with pytest.raises(BatchError, match=r"settings.draws \(16 there, 17 here\)"):
        gainsmodel.run_batch(["reference"], out, settings=gainsmodel.Settings(draws=17))
    with pytest.raises(BatchError, match=r"runs \(1 there, 84 here\)"):
        gainsmodel.run_batch(sweep, out)
    with pytest.raises(BatchError, match="varies_sha256"):
        gainsmodel.run_batch(["late_start"], out, settings=gainsmodel.Settings(draws=16))
    assert tree(out) == before
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(BatchError, match="something other than an earlier batch, such as"):
        gainsmodel.run_batch(["reference"], tmp_path)
    with pytest.raises(BatchError, match="cannot be written: Not a directory"):
        gainsmodel.run_batch(["reference"], tmp_path / "letter.txt" / "out")
    (out / "batch.json").write_text("{")
    with pytest.raises(BatchError, match="is damaged"):
        gainsmodel.run_batch(["late_start"], out, settings=gainsmodel.Settings(draws=16))


# ---------------------------------------------------------------- failures and answers


def test_runs_that_fail_stop_no_other_and_are_told_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "sweep.toml").write_text(FAULTY, "utf-8")
    batch = gainsmodel.run_batch(tmp_path / "sweep.toml", tmp_path / "out")
    failed = batch.failures()
    assert failed["run"].to_list() == [0]
    assert failed["error"][0].startswith("edit: parameters.spillover_share.value: must be")
    assert batch.areas().select("run").unique().collect()["run"].sort().to_list() == [1, 2]
    with pytest.raises(BatchError, match="no manifest of run 0"):
        batch.manifest(0)
    with pytest.raises(BatchError, match="keeps no table 'years', only areas, groups"):
        batch.table("years")
    # They are not run again.
    done: list[int] = []
    gainsmodel.run_batch(
        tmp_path / "sweep.toml", tmp_path / "out", on_progress=lambda n, _: done.append(n)
    )
    assert done == [3]
    assert gainsmodel.BatchResult.load(tmp_path / "out").failures().equals(failed)


def test_a_fault_of_ours_in_one_run_is_told_and_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = gainsmodel.Result.areas

    def areas(self: gainsmodel.Result) -> pl.DataFrame:
        if "late" in self.manifest["scenario"]["title"]:
            raise KeyError("x")
        return broken(self)

    monkeypatch.setattr(gainsmodel.Result, "areas", areas)
    batch = gainsmodel.run_batch(
        ["late_start", "reference"], tmp_path, settings=gainsmodel.Settings(draws=16)
    )
    assert batch.failures()["error"].to_list() == [
        "a fault of gainsmodel, please report it: KeyError: 'x'"
    ]


def test_a_dry_run_writes_nothing_and_says_what_it_would_take(sweep: Path) -> None:
    code, out, err = finish(program(sweep, "--dry-run", "--workers", 2))
    assert (code, err) == (0, "")
    assert f"- runs: {RUNS}\n- draws: 100 each, {RUNS * 100:,} in all\n- files: about " in out
    assert "with 2 workers" in out


def test_an_estimate_of_size_is_of_the_right_size(sweep: Path, expected: dict[str, bytes]) -> None:
    estimate = gainsmodel.estimate_batch(sweep, workers=3)
    size = sum(len(content) for content in expected.values())
    assert (estimate.runs, estimate.draws, estimate.workers) == (RUNS, 100, 3)
    assert 0.5 < estimate.size_bytes / size < 2
    assert estimate.seconds == pytest.approx(estimate.seconds_per_run * RUNS / 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"executor": "dusk"}, "executor: must be threads"),
        ({"executor": "threads://x"}, "executor: must be threads"),
        ({"workers": 0}, "workers: must be a whole number from 1 to 10,000"),
        ({"threads": 0}, "threads"),
        ({"draws_per_piece": 0}, "draws_per_piece"),
        ({"tables": ["area"]}, "tables: must be of areas"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_at_once(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingError, match=message):
        gainsmodel.run_batch(["reference"], tmp_path / "out", **options)


def test_a_sweep_settles_its_settings(tmp_path: Path, sweep: Path) -> None:
    with pytest.raises(SettingError, match="geography: cannot be combined with a sweep"):
        gainsmodel.run_batch(sweep, tmp_path / "out", geography="itl1")
    with pytest.raises(GainsModelError, match="--out"):
        raise SettingError(finish(program(sweep))[2])


def test_a_batch_runs_on_own_figures(tmp_path: Path) -> None:
    template = gainsmodel.gva_template("itl1", "csv", filled=True)
    own = gainsmodel.read_gva(template, "itl1", name="own.csv")
    batch = gainsmodel.run_batch(
        ["reference"],
        tmp_path,
        executor="processes",
        workers=1,
        geography="itl1",
        dataset=own,
        settings=gainsmodel.Settings(draws=16),
        tables=["areas"],
    )
    assert batch.failures().is_empty()
    assert batch.batch["own_data"] == "own.csv"
    assert batch.manifest(0)["own_data"]["name"] == "own.csv"


def test_a_batch_that_has_not_ended_says_so(tmp_path: Path) -> None:
    with pytest.raises(BatchError, match="holds no batch"):
        gainsmodel.BatchResult.load(tmp_path)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"workers": 0}, "workers: must be a whole number from 1 to 10,000, not 0"),
        ({"workers": 10**100}, "not a whole number of more than 60 digits"),
        ({"threads": -1}, "threads: must be a whole number from 1 to 1,024, not -1"),
        ({"executor": "dusk"}, "executor: must be threads"),
    ],
    ids=str,
)
def test_an_estimate_refuses_what_a_batch_does(option: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError) as caught:
        gainsmodel.estimate_batch(["reference"], **option)
    assert message in str(caught.value)
