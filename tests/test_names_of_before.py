"""Questions of 0.3 that took two results take them by name, too."""

from __future__ import annotations

import pytest

from gainsmodel import appraise, run_paired, waterfall

GM = "Greater Manchester"


def test_two_results_by_name_or_by_place() -> None:
    pair = run_paired("skills_first", draws=100)
    a, b = pair
    wanted, steps = appraise(pair), waterfall(pair, GM).table
    by_name = {"without": b, "with_plan": a}
    for given, named in (((a, b), {}), ((a,), {"without": b}), ((), by_name)):
        with pytest.deprecated_call():
            assert appraise(*given, **named).equals(wanted)
        with pytest.deprecated_call():
            assert waterfall(*given, area=GM, **named).table.equals(steps)
