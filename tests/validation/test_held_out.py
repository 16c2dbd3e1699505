"""Coverage over held-out windows: its rule, its draws, and that its verdicts hang on no seed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gainsmodel.validation import held_out
from gainsmodel.validation.growth import Growth, History, history, simulate, standard_normals
from gainsmodel.validation.held_out import (
    NOMINAL,
    QUANTITIES,
    WINDOWS,
    Rank,
    in_common,
    judge,
    shipped,
    straight_lines,
)
from gainsmodel.validation.outcomes import Looked, Split, compare

# As found; a change of these is a change of what the page says.
OUTCOMES = {
    ("areas", 0.5): "fails",
    ("areas", 0.9): "holds",
    ("areas against the UK", 0.5): "holds",
    ("areas against the UK", 0.9): "holds",
    ("cells", 0.5): "fails",
    ("cells", 0.9): "holds",
    ("cells against the UK", 0.5): "fails",
    ("cells against the UK", 0.9): "holds",
}


def ranked(ranks: np.ndarray, draws: int = 4_000) -> Rank:
    """A rank of outcomes that lie above these shares of draws."""
    places = np.linspace(0, 1, draws, endpoint=False)[:, None].repeat(len(ranks), axis=1)
    looked = Looked("cases", (), ranks - 0.5 / draws, places)
    found = Rank(looked, None)
    found.add(looked, None)
    return found


def binomial(cases: int, nominal: float) -> np.ndarray:
    return np.random.default_rng(1).binomial(cases, nominal, (16, 4_000))


@pytest.mark.parametrize(
    ("inside", "outcome"), [(180, "holds"), (172, "holds"), (165, "fails"), (196, "fails")]
)
def test_coverage_holds_in_its_interval_and_near_nominal(inside: int, outcome: str) -> None:
    ranks = np.where(np.arange(200) < inside, 0.5, 0.01)
    one = judge(0.9, [ranked(ranks[:90]), ranked(ranks[90:])], binomial(200, 0.9))
    assert (one.inside, one.below, one.above) == (inside, 200 - inside, 0)
    assert one.outcome == outcome
    assert one.low == pytest.approx(stats.binom.ppf(0.025, 200, 0.9) / 200)
    assert one.p_as_few == pytest.approx(stats.binom.cdf(inside, 200, 0.9), abs=0.01)


def test_within_five_points_is_not_enough_where_the_models_predict_better() -> None:
    ranks = np.where(np.arange(4_000) < 3_460, 0.5, 0.99)
    assert judge(0.9, [ranked(ranks, 400)], binomial(4_000, 0.9)).outcome == "fails"


def test_an_outcome_at_the_end_of_its_band_is_counted_both_ways() -> None:
    """170 of 200 lie just within five points; if the one at the end lies outside, 169 do not."""
    ranks = np.where(np.arange(200) < 170, 0.5, 0.01)
    ranks[0] = 0.0503
    one = judge(0.9, [ranked(ranks)], binomial(200, 0.88))
    assert (one.doubtful, one.outcome) == (1, "open")
    ranks[0] = 0.3
    assert judge(0.9, [ranked(ranks)], binomial(200, 0.88)).outcome == "holds"


def test_a_line_within_three_standard_errors_is_not_told() -> None:
    counts = np.full((16, 4_000), 95)
    counts[:, :100] = 85
    counts[::2, 90:100] = 95
    # 85 or fewer come in 2.375% of draws, give or take a standard error of 0.03 points.
    ranks = np.where(np.arange(100) < 85, 0.5, 0.01)
    assert judge(0.9, [ranked(ranks)], counts).outcome == "fails"
    counts[::4, 90:140] = 85
    assert judge(0.9, [ranked(ranks)], counts).outcome == "open"


def test_windows_go_together_by_the_years_they_share() -> None:
    growth, transitory = in_common(WINDOWS)
    assert growth[0, 1] == pytest.approx(0.8)
    assert growth[0, 2] == pytest.approx(0.5)
    assert growth[1, 3] == 0.0
    assert growth[2, 3] == pytest.approx(3 / np.sqrt(40))
    # 2019 ends the second window and starts the fourth.
    assert transitory[1, 3] == pytest.approx(-0.5)
    assert transitory[0, 1] == 0.0
    same = in_common((WINDOWS[0], WINDOWS[0]))
    assert np.allclose(same, 1.0)


def test_straight_lines_have_the_spread_they_state_and_leave_the_share_as_it_is() -> None:
    data, window = history("mayoral"), WINDOWS[1]
    start = data.at(window.last)
    loading = tuple(np.linspace(-0.9, 0.9, 23).tolist())
    growth = Growth(0.013, 0.005, 0.006, 0.016, 0.0105, 0.05, loading)
    numbers = standard_normals(np.random.default_rng(3), 4_000, 23, 18)
    looked = compare(data, window, simulate(start, growth, window.years, numbers))
    for what, line in straight_lines(start, growth, window.years, numbers).items():
        np.testing.assert_allclose(line.draws.std(axis=0), line.sd, rtol=5 / np.sqrt(8_000))
        one = looked[what]
        plain, exact = Rank(one, None), Rank(one, line)
        for _ in range(2):
            plain.add(one, None)
            exact.add(one, line)
        # The first batch is where the line is put; with it again, the two must agree.
        gap = np.abs(plain.value - exact.value)
        assert (gap <= 4 * np.hypot(plain.error, exact.error)).all()
        between = (plain.value > 0.02) & (plain.value < 0.98)
        assert (exact.error[between] < 0.75 * plain.error[between]).all()


def test_every_outcome_of_every_window_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """With few draws what is near its line is left open, and nothing is told otherwise."""
    monkeypatch.setattr(held_out, "LOOKS", (2,))
    found = held_out.pooled(history("mayoral"))
    assert list(found) == [(what, nominal) for what in QUANTITIES for nominal in NOMINAL]
    for key, one in found.items():
        assert one.outcome in (OUTCOMES[key], "open"), key
        assert one.draws == 2 * held_out.BATCH_DRAWS
        assert one.low < one.nominal < one.high
        cases = [sum(window) for window in one.windows]
        assert cases == ([23] * 4 if key[0].startswith("areas") else [389, 390, 393, 400])
    assert found["cells against the UK", 0.5].outcome == "fails"
    assert found["cells against the UK", 0.9].outcome == "holds"


@pytest.mark.slow
def test_verdicts_are_as_stated() -> None:
    found = shipped()
    assert {key: one.outcome for key, one in found.items()} == OUTCOMES
    relative = found["areas against the UK", 0.9]
    assert min(relative.below, relative.above) > 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
def test_other_seeds_give_the_same_verdicts(seed: int) -> None:
    assert {key: one.outcome for key, one in shipped(seed).items()} == OUTCOMES


def test_nothing_after_the_target_is_read() -> None:
    data, window = history("mayoral"), Split(1998, 2009, 2019)
    cut = History(data.codes, data.areas, data.sectors, 1998, data.between(1998, window.target))
    then = data.at(2009)[None] * np.ones((16, 1, 1))
    for what, looked in compare(cut, window, then).items():
        np.testing.assert_array_equal(looked.actual, compare(data, window, then)[what].actual)
