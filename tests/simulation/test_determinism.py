"""The same question gets the same bytes: by any number of threads, machine part or route.

Run as a script, this prints the golden numbers anew.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import signal
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
import polars.testing as pl_testing
import pytest

import gainsmodel
from gainsmodel import _core
from gainsmodel.choices import Sampler
from gainsmodel.errors import RunCancelled, SettingError
from toy import Core, run_core, toy_data, toy_spec

SAMPLERS: tuple[Sampler, ...] = ("random", "sobol", "sobol_full")
PRECISIONS = {"double": True, "single": False}
# Many chunks and more than one wave of them, none of them whole at the end.
DRAWS = 9_001
USUAL = ("sobol", "single")
KINDS = [
    pytest.param(
        *(sampler, precision, in_memory),
        # Every sampler and precision once, and both ways of keeping; all of them in .ci/nightly.
        marks=() if in_memory or (sampler, precision) == USUAL else pytest.mark.slow,
        id=f"{sampler}-{precision}-{'draws' if in_memory else 'only counts'} kept",
    )
    for sampler in SAMPLERS
    for precision in PRECISIONS
    for in_memory in (1 << 30, 0)
]
every_kind = pytest.mark.parametrize(("sampler", "precision", "in_memory"), KINDS)


def toy(sampler: str, draws: int = DRAWS) -> tuple[Any, dict[str, np.ndarray]]:
    # With detail, so that it too is held to the same bytes.
    spec = toy_spec() | {"sampler": sampler, "draws": draws, "detail": [1, 2]}
    return spec, toy_data(spec, 0.6)


def draws_of(core: Core) -> np.ndarray:
    return core.draws(list(range(core.layout["share_above_gva"])))


def digest(sampler: str, double: bool, threads: int | None = None, in_memory: int = 1 << 30) -> str:
    """Of every byte a run hands out."""
    core = run_core(*toy(sampler), double=double, threads=threads, draws_in_memory=in_memory)
    bytes_ = core.statistics.tobytes()
    if in_memory:
        bytes_ += draws_of(core).tobytes()
    return hashlib.sha256(bytes_).hexdigest()


@every_kind
def test_number_of_threads_changes_no_byte(sampler: str, precision: str, in_memory: int) -> None:
    double = PRECISIONS[precision]
    digests = {digest(sampler, double, threads, in_memory) for threads in (1, 2, 7, None)}
    assert len(digests) == 1


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_instruction_sets_give_the_same_bytes(
    sampler: str, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    levels = _core.build_info()["simd_available"]
    assert "portable" in levels
    digests = {}
    for level in levels:
        monkeypatch.setenv("GAINSMODEL_SIMD", level)
        assert _core.build_info()["simd"] == level
        digests[level] = digest(sampler, PRECISIONS[precision])
    assert len(set(digests.values())) == 1, digests


@pytest.mark.parametrize(
    ("sampler", "scenario"),
    [
        *((sampler, "reference") for sampler in SAMPLERS),
        ("random", "everyone_acts"),
        pytest.param("sobol", "everyone_acts", marks=pytest.mark.slow),
        pytest.param("sobol_full", "everyone_acts", marks=pytest.mark.slow),
    ],
)
def test_instruction_sets_agree_on_every_statistic(
    sampler: Sampler, scenario: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To 1e-6 of its size, at full size, where the portable level may round a last digit anew."""
    found = {}
    for level in _core.build_info()["simd_available"]:
        monkeypatch.setenv("GAINSMODEL_SIMD", level)
        found[level] = gainsmodel.run(scenario, draws=2_000, sampler=sampler)
    for level, result in found.items():
        assert result.manifest["simd"] == level
        for table in ("areas", "groups", "years", "sectors", "adoption", "statistics"):
            ours, theirs = getattr(result, table)(), getattr(found["portable"], table)()
            pl_testing.assert_frame_equal(ours, theirs, rel_tol=1e-6, abs_tol=0.0)


@every_kind
def test_detail_changes_no_other_byte(sampler: str, precision: str, in_memory: int) -> None:
    spec, data = toy(sampler)
    double = PRECISIONS[precision]
    detailed = run_core(spec, data, double=double, draws_in_memory=in_memory)
    plain = run_core(spec | {"detail": []}, data, double=double, draws_in_memory=in_memory)
    first, last = detailed.layout["detail_sector"], detailed.layout["share_above_gva"]
    assert last - first == 3 + 2 * 7
    others = np.delete(detailed.statistics, np.s_[first:last], axis=0)
    assert others.tobytes() == plain.statistics.tobytes()
    if in_memory:
        kept = list(range(first))
        assert detailed.draws(kept).tobytes() == plain.draws(kept).tobytes()


def test_detail_does_not_decide_whether_draws_are_kept() -> None:
    spec, data = toy("random", draws=1024)
    plain, detailed = spec | {"detail": []}, spec | {"detail": [0, 1, 2, 3]}
    enough = 1024 * run_core(plain, data).layout["share_above_gva"] * 8
    for asked in (plain, detailed):
        assert run_core(asked, data, draws_in_memory=enough).draws([0]).size == 1024
        assert run_core(asked, data, draws_in_memory=enough - 1).draws([0]).size == 0


def test_unknown_instruction_set_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAINSMODEL_SIMD", "avx1024")
    with pytest.raises(SettingError, match=r"avx1024.*portable"):
        run_core(*toy("random", draws=16))


@pytest.mark.parametrize(
    ("sampler", "precision", "shorter"),
    [
        pytest.param(
            *(sampler, precision, shorter),
            # Every sampler and precision once, and every size once.
            marks=() if shorter == 700 or (sampler, precision) == USUAL else pytest.mark.slow,
        )
        for sampler in SAMPLERS
        for precision in PRECISIONS
        for shorter in (1, 16, 700, 8192)
    ],
)
def test_fewer_draws_are_the_first_of_more(sampler: str, precision: str, shorter: int) -> None:
    double = PRECISIONS[precision]
    few, many = (run_core(*toy(sampler, n), double=double) for n in (shorter, DRAWS))
    first = np.ascontiguousarray(draws_of(many)[:shorter])
    assert np.ascontiguousarray(draws_of(few)).tobytes() == first.tobytes()


def test_another_seed_gives_other_draws() -> None:
    """In its low half or its high half, and under both samplers."""
    for sampler in SAMPLERS:
        spec, data = toy(sampler, draws=64)
        seeds = (spec["seed"], spec["seed"] + 1, spec["seed"] + 2**32)
        gains = [run_core(spec | {"seed": s}, data).metric("gain_cumulative_gbp_m") for s in seeds]
        for other in gains[1:]:
            assert (other != gains[0]).all()


def test_spawned_processes_give_the_same_bytes() -> None:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        routes = [pool.submit(digest, "sobol", False) for _ in range(2)]
        digests = {route.result(timeout=60) for route in routes}
    assert digests == {digest("sobol", False)}


# --- golden numbers --------------------------------------------------------------------------

GOLDEN_DRAWS = [0, 17, 63]  # the first two points of a lane are alike in all Sobol dimensions


def golden_numbers(sampler: str, double: bool) -> dict[str, list[str]]:
    core = run_core(*toy(sampler, draws=64), double=double)
    nation = len(core.spec["areas"])
    quantities = {
        "national gain of the last year": core.metric("gain_gbp_m")[:, nation, -1],
        "adoption of ai in the last year": core.national_adoption()[:, 1, -1],
        "share of the first area": core.metric("share")[:, 0],
        "present value of its cost": core.metric("cost_present_value_gbp_m")[:, 0],
        "additionality": core.additionality(),
    }
    return {name: [float(x).hex() for x in q[GOLDEN_DRAWS]] for name, q in quantities.items()}


GOLDEN: dict[str, dict[str, list[str]]] = {
    "random, double": {
        "national gain of the last year": [
            "0x1.014b62b0fdc14p+9",
            "0x1.112388dbac7c4p+8",
            "0x1.759bd21623b81p+9",
        ],
        "adoption of ai in the last year": [
            "0x1.a10f7671af9f0p-1",
            "0x1.82dca6b5a7dbcp-1",
            "0x1.776acecd3b9e0p-1",
        ],
        "share of the first area": [
            "0x1.baa3bc802831ap-2",
            "0x1.56e4b35f60585p-1",
            "0x1.01b40a092760ep-2",
        ],
        "present value of its cost": [
            "0x1.9945500cb6c85p+6",
            "0x1.9f03dc0445a46p+5",
            "0x1.46725baeaadb7p+6",
        ],
        "additionality": ["0x1.9d10e2c019899p-1", "0x1.6a1e4749fb08cp-1", "0x1.d62196758ce09p-1"],
    },
    "random, single": {
        "national gain of the last year": [
            "0x1.014b660000000p+9",
            "0x1.1123860000000p+8",
            "0x1.759bce0000000p+9",
        ],
        "adoption of ai in the last year": [
            "0x1.a10f760000000p-1",
            "0x1.82dca60000000p-1",
            "0x1.776ad00000000p-1",
        ],
        "share of the first area": [
            "0x1.baa3c20000000p-2",
            "0x1.56e4b60000000p-1",
            "0x1.01b4040000000p-2",
        ],
        "present value of its cost": [
            "0x1.9945540000000p+6",
            "0x1.9f03e00000000p+5",
            "0x1.4672520000000p+6",
        ],
        "additionality": ["0x1.9d10e40000000p-1", "0x1.6a1e4a0000000p-1", "0x1.d621980000000p-1"],
    },
    "sobol, double": {
        "national gain of the last year": [
            "0x1.c74de3fb8b9e2p+11",
            "0x1.850885d199aacp+9",
            "0x1.45acd67a10cbfp+9",
        ],
        "adoption of ai in the last year": [
            "0x1.b714315c05531p-1",
            "0x1.82cb2a590bfb2p-1",
            "0x1.ade319ff0676cp-1",
        ],
        "share of the first area": [
            "0x1.d53ef570ebaf7p-2",
            "0x1.2fbb790270fdap-3",
            "0x1.27752c3e23b5fp-1",
        ],
        "present value of its cost": [
            "0x1.7df88038e9c4dp+7",
            "0x1.1dd1e8e55f5fep+7",
            "0x1.daad327b9b13ap+8",
        ],
        "additionality": ["0x1.36fec2f1abf38p-1", "0x1.5f9bf7e4b674dp-1", "0x1.6323b27bda0e2p-1"],
    },
    "sobol, single": {
        "national gain of the last year": [
            "0x1.c74de00000000p+11",
            "0x1.8508880000000p+9",
            "0x1.45acd20000000p+9",
        ],
        "adoption of ai in the last year": [
            "0x1.b714300000000p-1",
            "0x1.82cb2a0000000p-1",
            "0x1.ade31a0000000p-1",
        ],
        "share of the first area": [
            "0x1.d53ef20000000p-2",
            "0x1.2fbb7c0000000p-3",
            "0x1.27752a0000000p-1",
        ],
        "present value of its cost": [
            "0x1.7df87c0000000p+7",
            "0x1.1dd1ec0000000p+7",
            "0x1.daad2a0000000p+8",
        ],
        "additionality": ["0x1.36fec60000000p-1", "0x1.5f9bf80000000p-1", "0x1.6323b00000000p-1"],
    },
    "sobol_full, double": {
        "national gain of the last year": [
            "0x1.9e9eca8723b70p+11",
            "0x1.a2ff6d67d179ep+9",
            "0x1.1043b1869906fp+9",
        ],
        "adoption of ai in the last year": [
            "0x1.b23aa632f5772p-1",
            "0x1.80fa05f91e3ccp-1",
            "0x1.b354991452c5cp-1",
        ],
        "share of the first area": [
            "0x1.c43e9521c41fdp-2",
            "0x1.a47b3af54e4a1p-3",
            "0x1.1a6eaf800b0abp-1",
        ],
        "present value of its cost": [
            "0x1.5fccf3bff43ddp+7",
            "0x1.3df52879ca15cp+7",
            "0x1.e610ae3246d40p+8",
        ],
        "additionality": ["0x1.36fec2f1abf38p-1", "0x1.5f9bf7e4b674dp-1", "0x1.6323b27bda0e2p-1"],
    },
    "sobol_full, single": {
        "national gain of the last year": [
            "0x1.9e9ece0000000p+11",
            "0x1.a2ff740000000p+9",
            "0x1.1043ac0000000p+9",
        ],
        "adoption of ai in the last year": [
            "0x1.b23aa40000000p-1",
            "0x1.80fa060000000p-1",
            "0x1.b354980000000p-1",
        ],
        "share of the first area": [
            "0x1.c43e9a0000000p-2",
            "0x1.a47b3e0000000p-3",
            "0x1.1a6eb00000000p-1",
        ],
        "present value of its cost": [
            "0x1.5fccf60000000p+7",
            "0x1.3df52c0000000p+7",
            "0x1.e610a60000000p+8",
        ],
        "additionality": ["0x1.36fec60000000p-1", "0x1.5f9bf80000000p-1", "0x1.6323b00000000p-1"],
    },
}

RENEW = (
    "the numbers of a given seed have changed. Every saved result and manifest then replays to "
    "other numbers. If that is meant, say so in the change log, raise the version, and put what "
    "`PYTHONPATH=tests python tests/simulation/test_determinism.py` prints in place of GOLDEN; "
    "if not, look for a changed "
    "key, slot or order of dimensions (all draws differ), or of operations (last digits differ)"
)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_numbers_of_a_seed_stay_what_they_were(sampler: str, precision: str) -> None:
    double = PRECISIONS[precision]
    found, expected = golden_numbers(sampler, double), GOLDEN[f"{sampler}, {precision}"]
    assert found.keys() == expected.keys()
    # Double precision uses the system's exp and ln, whose last digit differs between versions;
    # single precision uses the core's own arithmetic.
    rtol = 1e-12 if double else 0.0
    for name, values in expected.items():
        ours, theirs = ([float.fromhex(x) for x in xs] for xs in (found[name], values))
        np.testing.assert_allclose(ours, theirs, rtol=rtol, err_msg=f"{name}: {RENEW}")


# --- processes, progress and cancelling ------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_raises_instead_of_hanging() -> None:
    run_core(*toy("random", draws=16))  # so that the parent has threads, which no child inherits
    with warnings.catch_warnings():
        # Later versions of Python warn of what this test is about.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        verdict = 1
        try:
            run_core(*toy("random", draws=16))
        except SettingError as error:
            verdict = 0 if "spawn" in str(error) else 2
        finally:
            os._exit(verdict)  # nothing of the parent's is to be torn down by the child
    status, deadline = (0, 0), time.monotonic() + 30
    while status[0] == 0 and time.monotonic() < deadline:
        status = os.waitpid(child, os.WNOHANG)
        time.sleep(0.01)
    if status[0] == 0:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        pytest.fail("the child hung")
    assert os.waitstatus_to_exitcode(status[1]) == 0


def start(draws: int) -> Any:
    spec, data = toy("sobol", draws)
    return _core.start(
        json.dumps(spec), **data, double=False, threads=None, draws_in_memory=1 << 20
    )


def test_a_long_run_stops_within_a_second_of_being_cancelled() -> None:
    handle = start(10_000_000)
    deadline = time.monotonic() + 30
    while handle.progress() == 0 and time.monotonic() < deadline:
        assert not handle.wait(0.01)
    asked = time.monotonic()
    handle.cancel()
    assert handle.wait(10)
    assert time.monotonic() - asked < 1
    assert 0 < handle.progress() < 10_000_000
    with pytest.raises(RunCancelled):
        handle.outcomes()


def test_progress_never_falls_and_ends_at_the_number_of_draws() -> None:
    draws = 60_001
    handle = start(draws)
    seen = [handle.progress()]
    while not handle.wait(0.002):
        seen.append(handle.progress())
    seen.append(handle.progress())
    assert seen == sorted(seen)
    assert len(set(seen)) > 2
    assert seen[-1] == draws
    assert handle.outcomes()[0].statistics()[0, 0] == draws


def test_waiting_no_longer_than_asked() -> None:
    handle = start(10_000_000)
    asked = time.monotonic()
    assert not handle.wait(0.05)
    assert 0.04 < time.monotonic() - asked < 1
    handle.cancel()
    assert handle.wait(10)


if __name__ == "__main__":
    numbers = {
        f"{sampler}, {precision}": golden_numbers(sampler, double)
        for sampler in SAMPLERS
        for precision, double in PRECISIONS.items()
    }
    sys.stdout.write(f"GOLDEN = {json.dumps(numbers, indent=4)}\n")
