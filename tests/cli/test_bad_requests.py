"""Requests that make no sense, at every verb that asks questions of runs: an answer in words."""

from __future__ import annotations

import os
import re
import signal
import threading
from pathlib import Path

import pytest

import gainsmodel
from gainsmodel import format, load_scenario
from gainsmodel.scenario import to_toml
from in_process import run_here
from plain import plain
from toy import certain

AREA = ("--area", "Greater Manchester")
FEW = ("--draws", "100")
AUTHORITIES = ("--geography", "local_authority")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        # No lever moved anywhere.
        (("appraise", "reference"), "no lever is moved in any area"),
        (("target", "reference", *AREA, "--gain", "9"), "no lever is moved"),
        (("sensitivity", "reference", "--output", "plan_adds"), "set one, such as"),
        (("voi", "reference", *AREA), "no lever is moved"),
        (("discover", "reference", *AREA, "--target", "9"), "no lever is moved"),
        (("requires", "reference", *AREA, "--target", "9"), "no lever is moved"),
        # Amounts that are none.
        (("appraise", "skills_first", "--target", "0"), "target: must be an amount above 0"),
        (("appraise", "skills_first", "--delay", "-1"), "--delay: must be above 0"),
        (("target", "skills_first", *AREA, "--gain", "-5"), "--gain: must be a number above 0"),
        (("target", "skills_first", *AREA, "--gain", "nan"), "--gain: must be a number above 0"),
        (("target", "skills_first", *AREA), "--gain, --of-gva and --share, found none"),
        (
            ("target", "skills_first", *AREA, "--gain", "9", "--share", "gva"),
            "--of-gva and --share, found --gain, --share",
        ),
        (("target", "skills_first", *AREA, "--gain", "9", "--probability", "80"), "is 0.8"),
        (("discover", "skills_first", *AREA, "--target", "0"), "--target: must be an amount"),
        (("discover", "skills_first", *AREA, "--target", "5", "--boxes", "0"), "--boxes: must be"),
        (("requires", "reference", *AREA), "--target: is needed of Greater Manchester"),
        (("requires", "skills_first", *AREA, "--target", "-1"), "--target: must be an amount"),
        (
            ("requires", "skills_first", *AREA, "--target", "9", "--reading", "cumulative"),
            "--reading: is of the prize",
        ),
        (("plan", "reference", *AREA, "--budget", "0"), "budget: £0 a year buys no lever"),
        (("plan", "reference", *AREA, "--budget", "-1"), "--budget: must be an amount of 0"),
        (("plan", "reference", *AREA, "--budget", "lots"), "--budget"),
        (("plan", "reference", *AREA, "--intensity", "2"), "--intensity: each must be"),
        (("plan", "reference", *AREA, "--start", "-1"), "--start: each must be"),
        (("plan", "reference", *AREA, "--objective", "p_target"), "--target: is needed"),
        (
            ("sensitivity", "skills_first", "--output", "p_target", "--target", "-3"),
            "--target: must be an amount above 0",
        ),
        (
            ("sensitivity", "skills_first", "--output", "p_target", "--target", "1e9", *FEW),
            "£1,000,000bn a year or more in none of the 200 futures",
        ),
        # Too few futures.
        (("appraise", "skills_first", "--draws", "0"), "draws: must be a whole number from 1"),
        (("appraise", "skills_first", "--switching", "--draws", "1"), "at least 100"),
        (("plan", "reference", *AREA, "--draws", "1"), "100 to 100,000"),
        (("sensitivity", "skills_first", "--draws", "1"), "at least 100"),
        (("voi", "skills_first", *AREA, "--draws", "1"), "at least 100"),
        (
            ("discover", "skills_first", *AREA, "--target", "5", "--search-draws", "1"),
            "at least 1,000",
        ),
        (("requires", "reference", "--draws", "99"), "draws: at least 100"),
        (("requires", "reference", "--search-draws", "1"), "--search-draws: at least 100"),
        # Places and names that are not there.
        (("plan", "reference", "--area", "the six mayors"), "the nearest are: mayors_2017"),
        (("compare", "skills_first", "reference", "--area", "xyzzy"), "there are: The 2017 six"),
        (
            ("compare", "skills_first", "reference", "--area", "xyzzy", *AUTHORITIES),
            "there are 363, such as",
        ),
        (("discover", "skills_first", *AREA, "--target", "5", "--parameter", "ceilin"), "ceiling"),
        (("appraise", "skills_frist"), "did you mean 'skills_first'"),
        # Plans that are no options of one decision.
        (("voi", "skills_first", "delivered_in_full", *AREA), "in more than its plan"),
        (("voi", "skills_first", "skills_first", *AREA), "rename one"),
    ],
    ids=str,
)
def test_it_is_refused_with_one_message(
    asked: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_here([*asked]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in " ".join(err.split())
    assert "Traceback" not in err


def test_scenarios_that_cannot_be_paired_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, change, said in (
        ("other", 'setting.geography = "itl1"\nplan = {}', "geography is"),
        ("short", "setting.horizon_years = 5", "give them the same setting.horizon_years"),
    ):
        path = tmp_path / f"{name}.toml"
        path.write_text(f'extends = "reference"\ntitle = "{name}"\n{change}\n', "utf-8")
        assert run_here(["compare", "skills_first", str(path), *FEW]) == 2
        out, err = capsys.readouterr()
        assert (out, said in err) == ("", True)


def test_a_scenario_without_a_plan_is_the_option_of_doing_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_here(["voi", "skills_first", "reference", *AREA, *FEW]) == 0
    assert "“Reference” moves no lever, so it means doing nothing." in capsys.readouterr().out


@pytest.mark.parametrize("verb", [["appraise"], ["target", "--gain", "5"]])
def test_a_plan_elsewhere_is_said_to_be_elsewhere(
    verb: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for area, elsewhere in (("Wales", True), ("Greater Manchester", False)):
        asked = [verb[0], "skills_first", *verb[1:], "--area", area, "--draws", "64"]
        assert run_here(asked) == 0
        assert ("No lever is moved in Wales" in capsys.readouterr().out) == elsewhere


def test_a_target_that_is_met_or_out_of_reach(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Whose effects are never nothing, so that a small target is always met.
    always = tmp_path / "always.toml"
    always.write_text(
        to_toml(
            plain("skills_first").edit({"parameters.uplift_cap.value": 1.0}),
            load_scenario("reference"),
        ),
        "utf-8",
    )
    asked = ["target", str(always), *AREA, "--draws", "200", "--gain"]
    assert run_here([*asked, "0.001", "--probability", "0.8"]) == 0
    met = " ".join(capsys.readouterr().out.split())
    assert "in all of the 200 futures. From 200 futures alone it may be otherwise in up to" in met
    assert "less than 1% (less than 1% to less than 1%" in met
    assert " 0%" not in met
    assert run_here([*asked, "1e9", "--probability", "0.8"]) == 0
    out = capsys.readouterr().out
    assert "up to 1.5 of 100" in out
    assert "Not reachable" in out


def test_one_future_is_not_spoken_of_as_many(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_here(["target", "skills_first", *AREA, "--draws", "1", "--gain", "1"]) == 0
    out = capsys.readouterr().out
    assert "in the only future" in out
    assert "nan" not in out
    assert run_here(["appraise", "skills_first", *AREA, "--draws", "1"]) == 0
    assert "1 futures, but" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("probability", "mcse", "futures", "said"),
    [
        (0.5, 0.0125, 1_600, "from the number of futures: 1.2 in 100."),
        (0.5, float("nan"), 2, format.TOO_FEW),
        # 1 − 0.05^(1/n): with none of 29 seen, one in ten is not ruled out.
        (0.0, 0.0, 29, "From 29 futures alone it may be otherwise in up to 9.8 of 100"),
        (1.0, 0.0, 1, "From one future alone it may be otherwise in up to 95 of 100"),
    ],
)
def test_how_far_a_chance_may_be_off(
    probability: float, mcse: float, futures: int, said: str
) -> None:
    assert said in format.chance_error(probability, mcse, futures)


def test_a_target_beside_another_objective_is_answered_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = ["plan", "reference", *AREA, "--draws", "100", "--no-stability", "--intensity", "1"]
    assert run_here([*asked, "--target", "50"]) == 0
    assert "It adds at least £50m a year by 2036" in capsys.readouterr().out


def test_where_nothing_is_uncertain_every_verb_says_so_or_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "certain.toml"
    path.write_text(gainsmodel.to_toml(certain(gainsmodel.load_scenario("skills_first"))), "utf-8")
    expected = {
        ("sensitivity", *AREA, "--draws", "100"): (2, "is uncertain in this scenario"),
        ("voi", *AREA, "--draws", "100"): (0, "Nothing uncertain here could change the decision."),
        ("appraise", *AREA, "--draws", "100"): (0, "the same in every future"),
        ("discover", *AREA, "--target", "50", "--draws", "1000"): (0, "nothing to tell apart"),
        ("target", *AREA, "--gain", "50", "--draws", "100"): (0, "in all of the 100 futures"),
        ("requires", *AREA, "--target", "50", "--draws", "100"): (0, "No uncertain assumption"),
    }
    for (verb, *options), (code, said) in expected.items():
        assert run_here([verb, str(path), *options]) == code
        out, err = capsys.readouterr()
        assert said in out + err


@pytest.mark.parametrize(
    "asked",
    [
        ("run", "skills_first"),
        ("compare", "skills_first", "reference"),
        ("appraise", "skills_first"),
    ],
    ids=lambda asked: asked[0],
)
def test_one_future_has_no_range(
    asked: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    for draws, ranged in ((1, False), (64, True)):
        assert run_here([*asked, "--draws", str(draws)]) == 0
        out = capsys.readouterr().out
        assert f"\n{draws} future{'s' * ranged}, seed 1, sampler sobol." in out
        rows = [line for line in out.splitlines() if line.startswith(("United King", "Net pres"))]
        assert rows
        assert all(bool(re.search(r"\d[bnm]* to [−£l]", row)) == ranged for row in rows), rows


LONG = ("--draws", "100000")


@pytest.mark.parametrize(
    "asked",
    [
        ("compare", "skills_first", "reference", "--draws", "1000000"),
        ("sensitivity", "skills_first", *LONG),
        ("voi", "skills_first", *AREA, *LONG, "--seed", "2"),
        ("target", "skills_first", *AREA, "--gain", "9", *LONG, "--probability", "0.5"),
        ("plan", "reference", *AREA, *LONG),
        ("discover", "skills_first", *AREA, "--target", "50", "--draws", "500000"),
        ("appraise", "skills_first", *AREA, *LONG, "--switching"),
        ("requires", "skills_first", *AREA, "--target", "50", *LONG),
    ],
    ids=lambda asked: asked[0],
)
def test_ctrl_c_ends_it_in_words(
    asked: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        assert run_here([*asked]) == 130
    finally:
        timer.cancel()
    out, err = capsys.readouterr()
    assert out == ""
    assert err.strip() == "stopped; nothing was written"


def test_what_accounts_for_variance_is_not_said_to_move_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    # Seldom does the cap bind, so that no line shows it; when it does, it cuts off much.
    asked = ["sensitivity", "skills_first", *AREA, "--draws", "1000"]
    found = gainsmodel.sensitivity("skills_first", area="Greater Manchester", draws=1_000)
    still = {row["group"] for row in found.tornado.to_dicts() if row["leading"] is None}
    assert {"cap", "spillover"} <= still
    rows = {row["group"]: row for row in found.indices.to_dicts()}
    assert rows["cap"]["total_low"] > 0.01 > 0.0005 > rows["spillover"]["total"]
    assert run_here(asked) == 0
    lines = capsys.readouterr().out.splitlines()
    for group, said in (
        ("cap", "only with others, or in extreme futures"),
        ("spillover", "no effect found"),
    ):
        assert any(line.startswith(rows[group]["label"]) and said in line for line in lines)
