"""Whatever is handed to the compiled core is used or refused: no panic, no end of the process."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gainsmodel import _core, errors
from toy import toy_data, toy_spec

REFUSALS = (errors.GainsModelError, TypeError, ValueError, OverflowError)
ARRAYS = sorted(toy_data(toy_spec()))
SETTINGS = {"double": False, "threads": 1, "draws_in_memory": 1 << 20}


@pytest.fixture(autouse=True)
def quiet(capfd: pytest.CaptureFixture[str]) -> Any:
    """A panic is written to standard error, also where it is caught."""
    yield
    assert "panicked" not in capfd.readouterr().err


def outcome(spec: Any, data: dict[str, Any], **changes: Any) -> str:
    """Start a run, end it, and give the refusal, or nothing."""
    try:
        handle = _core.start(json.dumps(spec), **data, **(SETTINGS | changes))
        assert handle.wait(30)
        for done in handle.outcomes():
            done.statistics()
    except REFUSALS as error:
        return f"{type(error).__name__}: {error}"
    return ""


def filled(value: float) -> Callable[[np.ndarray], Any]:
    return lambda array: np.full_like(array, value)


def strided(array: np.ndarray) -> Any:
    """The same numbers with gaps between them."""
    return np.repeat(array, 2, axis=-1)[..., ::2]


MADE: dict[str, Callable[[np.ndarray], Any]] = {
    "nan": filled(np.nan),
    "inf": filled(np.inf),
    "-inf": filled(-np.inf),
    "negative": filled(-1.0),
    "huge": filled(1e308),
    "subnormal": filled(5e-324),
    "zero": filled(0.0),
    "empty": lambda array: array[..., :0],
    "nothing": lambda array: array[:0],
    "one short": lambda array: array[:-1],
    "one too many": lambda array: np.concatenate([array, array[:1]]),
    "another dimension": lambda array: array[None],
    "no dimension": lambda array: np.float64(1.0),
    "flat": lambda array: array.ravel() if array.ndim > 1 else array[:, None],
    "single precision": lambda array: array.astype(np.float32),
    "whole numbers": lambda array: array.astype(np.int64),
    "objects": lambda array: array.astype(object),
    "text": lambda array: array.astype(str),
    "complex": lambda array: array.astype(complex),
    "a list": lambda array: array.tolist(),
    "none": lambda array: None,
    "a million": lambda array: np.ones((1_000_000,) + (1,) * (array.ndim - 1)),
}


@pytest.mark.parametrize("how", MADE)
@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_is_used_or_refused(name: str, how: str) -> None:
    data = toy_data(toy_spec())
    refusal = outcome(toy_spec(), data | {name: MADE[how](np.asarray(data[name]))})
    if how in ("nan", "another dimension", "single precision", "text", "none", "a million"):
        assert refusal


@pytest.mark.parametrize("name", ARRAYS)
def test_how_an_array_lies_in_memory_changes_nothing(name: str) -> None:
    spec, data = toy_spec(), toy_data(toy_spec())

    def statistics(array: Any) -> Any:
        handle = _core.start(json.dumps(spec), **(data | {name: array}), **SETTINGS)
        assert handle.wait(30)
        return handle.outcomes()[0].statistics()

    usual = statistics(data[name])
    backwards = data[name][::-1].copy()[::-1]
    for other in (strided(data[name]), np.asfortranarray(data[name]), backwards):
        np.testing.assert_array_equal(statistics(other), usual)


@pytest.mark.parametrize(
    "change",
    [
        *({"draws": n} for n in (0, -1, 2**64, 1.5, None, "16")),
        *({"horizon_years": n} for n in (0, -1, 2**40, None)),
        *({"areas": a} for a in ([], ["x"] * 5000, None, [""] * 4)),
        *({"groups": g} for g in ([[99]], [[-1]], [[]], [[0, 0]], None)),
        *({"sectors": s} for s in ([], ["C"], None)),
        *({"technologies": s} for s in ([], None)),
        {"seed": -1},
        {"seed": 2**64},
        {"spread_parameters": {}},
        {"curve": "line"},
    ],
    ids=lambda change: "-".join(str(part)[:12] for pair in change.items() for part in pair),
)
def test_a_setting_is_used_or_refused(change: dict[str, Any]) -> None:
    refusal = outcome(toy_spec() | change, toy_data(toy_spec()))
    if next(iter(change.values())) != [[0, 0]]:
        assert refusal or "groups" in change


@pytest.mark.parametrize(
    "change",
    [
        *({"draws_in_memory": n} for n in (0, 2**63, 2**64 - 1, -1, 2**64)),
        *({"piece": p} for p in ((0, 0), (5, 3), (1, 64), (2**63, 2**64 - 1), (-1, 5), "ab")),
        {"double": None},
        {"threads": -1},
        {"threads": 1.5},
    ],
    ids=str,
)
def test_how_to_run_is_used_or_refused(change: dict[str, Any]) -> None:
    refusal = outcome(toy_spec(), toy_data(toy_spec()), **change)
    assert refusal or "draws_in_memory" in change


@pytest.mark.parametrize("kind", _core.DISTRIBUTIONS)
def test_a_distribution_is_used_or_refused_at_any_number(kind: str) -> None:
    for fields in (
        {},
        {
            "value": 1.0,
            "mean": 1.0,
            "sd": 1.0,
            "median": 1.0,
            "sigma": 1.0,
            "low": 0.0,
            "high": 1.0,
        },
        {"low": 1e308, "high": -1e308, "mode": 0.0, "value": 1e309},
        {"values": [], "probabilities": []},
        {"values": [1.0], "probabilities": [0.0]},
        {"mean": 1e308, "sd": 1e308},
    ):
        for z in ([], [np.nan, np.inf, -np.inf, 1e308, -0.0]):
            with contextlib.suppress(*REFUSALS):
                assert len(_core.value_at(json.dumps({"kind": kind, **fields}), z)) == len(z)


@pytest.mark.parametrize("sobol", [False, True])
@pytest.mark.parametrize(
    "draws",
    [
        *(np.zeros(shape) for shape in ((0, 0), (3, 0), (0, 5), (2, 1), (1, 7), (2, 16), (1, 33))),
        *(np.full((2, 32), value) for value in (np.nan, np.inf, -np.inf, 1e308, 5e-324)),
        np.array([[np.nan, np.inf, -np.inf, 0.0] * 8]),
        np.ones((2, 64))[:, ::2],
        np.ones((32, 2)).T,
        np.zeros(4),
        np.zeros((1, 4), np.float32),
    ],
    ids=lambda value: f"{value.shape}",
)
def test_draws_are_summed_up_or_refused(draws: Any, sobol: bool) -> None:
    with contextlib.suppress(*REFUSALS):
        assert _core.summarise(draws, sobol).shape[0] == draws.shape[0]


def test_what_is_asked_of_an_outcome_is_given_or_refused() -> None:
    handle = _core.start(json.dumps(toy_spec()), **toy_data(toy_spec()), **SETTINGS)
    for seconds in (-1.0, np.nan, np.inf):
        handle.wait(seconds)
    assert handle.wait(30)
    done = handle.outcomes()[0]
    for series in ([-1], [2**70], [10**9], ["0"], None, [0.5]):
        with pytest.raises(REFUSALS):
            done.draws(series)
    done.draws([])
    for areas, sectors in (
        (np.zeros(0), np.zeros(0)),
        (np.ones(4), np.ones(99)),
        (np.full(4, np.nan), np.full(3, np.inf)),
        (np.ones((2, 2)), np.ones(3)),
        (None, None),
    ):
        with contextlib.suppress(*REFUSALS):
            done.inputs(areas, sectors)


def test_pieces_that_are_none_are_refused() -> None:
    handle = _core.start(
        json.dumps(toy_spec()), **toy_data(toy_spec()), **SETTINGS, piece=(0, toy_spec()["draws"])
    )
    assert handle.wait(30)
    whole = handle.piece()
    numbers = np.random.default_rng(5)
    for cut in (0, 1, 7, len(whole) // 2, len(whole) - 1):
        with pytest.raises(REFUSALS):
            _core.Pieces().add(whole[:cut])
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[numbers.integers(len(damaged))] ^= 1 << int(numbers.integers(8))
        # Whoever keeps pieces keeps their hashes; here another number is another number.
        pieces = _core.Pieces()
        with contextlib.suppress(*REFUSALS):
            pieces.add(bytes(damaged))
            pieces.outcomes(1)[0].statistics()
    for wrong in (b"\xff" * 64, bytes(numbers.bytes(4096)), "text", None):
        with pytest.raises(REFUSALS):
            _core.Pieces().add(wrong)
    with pytest.raises(REFUSALS):
        _core.Pieces().outcomes(1)
