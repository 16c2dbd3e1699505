"""A run simulated in pieces, anywhere and in any order, is the run to the last bit."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from gainsmodel import _core, errors
from gainsmodel.scenario import load_scenario
from gainsmodel.simulation.run import SPAN, join, run, start
from gainsmodel.simulation.settings import Settings
from toy import for_some, run_core, toy_data, toy_spec

DRAWS = 3 * SPAN + 77


def toy_piece(spec: Any, first: int, end: int, *, memory: int, threads: int = 1) -> bytes:
    handle = _core.start(
        json.dumps(spec),
        **toy_data(spec, 0.5),
        double=False,
        threads=threads,
        draws_in_memory=memory,
        piece=(first, end),
    )
    while not handle.wait(60):
        pass
    return handle.piece()


def joined(pieces: list[bytes]) -> _core.RunOutcome:
    together = _core.Pieces()
    for piece in pieces:
        together.add(piece)
    return together.outcomes(2)[0]


@pytest.mark.parametrize("kept", ["all", "some", "none"])
@pytest.mark.parametrize("sampler", ["random", "sobol"])
def test_pieces_of_any_size_make_up_the_run_bit_for_bit(kept: str, sampler: str) -> None:
    spec = toy_spec() | {"draws": DRAWS, "sampler": sampler}
    some = for_some(spec, toy_data(spec), double=False)
    memory = {"all": some + 1, "some": some, "none": 1}[kept]
    whole = run_core(
        spec, toy_data(spec, 0.5), double=False, threads=2, draws_in_memory=memory
    ).outcome
    for cuts in ([0, SPAN, 2 * SPAN, 3 * SPAN, DRAWS], [0, 2 * SPAN, DRAWS], [0, DRAWS]):
        bounds = list(pairwise(cuts))
        # The last is simulated first, and by more threads.
        made = {
            b: toy_piece(spec, *b, memory=memory, threads=2 if b[0] else 1)
            for b in reversed(bounds)
        }
        found = joined([made[b] for b in bounds])
        np.testing.assert_array_equal(found.statistics(), whole.statistics())
        for series in range(whole.layout()["share_above_gva"]):
            np.testing.assert_array_equal(found.draws([series]), whole.draws([series]))
        held = {whole.draws([series]).size > 0 for series in range(6)}
        assert held == {"all": {True}, "some": {True, False}, "none": {False}}[kept]


def test_pieces_that_are_none_are_refused() -> None:
    spec = toy_spec() | {"draws": DRAWS}
    for bounds in [(0, 5), (7, SPAN), (SPAN, SPAN), (SPAN, 9 * SPAN)]:
        with pytest.raises(errors.ScenarioError, match="no piece"):
            toy_piece(spec, *bounds, memory=1)
    first, third = (toy_piece(spec, a, a + SPAN, memory=1) for a in (0, 2 * SPAN))
    with pytest.raises(errors.CoreError, match="does not follow"):
        joined([first, third])
    with pytest.raises(errors.CoreError, match="only"):
        joined([first])
    with pytest.raises(errors.CoreError, match="piece of a run"):
        joined([first[:100]])
    with pytest.raises(errors.CoreError, match="no pieces"):
        joined([])


def test_a_scenario_in_pieces_gives_the_tables_of_one_run() -> None:
    scenario = load_scenario("skills_first")
    settings = Settings(draws=SPAN + 100, seed=7)
    whole = run(scenario, draws=settings.draws, seed=7)
    pieces = [
        start(scenario, settings, piece=bounds).piece()
        for bounds in ((0, SPAN), (SPAN, settings.draws))
    ]
    found = join(pieces, scenario, settings)
    for table in ("areas", "groups", "years", "sectors", "adoption", "statistics"):
        assert getattr(found, table)().equals(getattr(whole, table)()), table
    assert found.manifest == whole.manifest
    assert found.draws().equals(whole.draws())
