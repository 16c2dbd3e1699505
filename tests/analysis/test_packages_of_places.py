"""One package for each place, against trying every choice."""

from itertools import product

import numpy as np
import pytest

from gainsmodel.analysis.optimise.packages_of_places import Infeasible, Limits, Places, Worth


def random_worth(rng: np.random.Generator, places: int, levers: int, options: int) -> Worth:
    """Two quantities, of which the second is a cost, rising with the option."""
    alone = rng.normal(1.0, 2.0, (places, 2, levers, options)).cumsum(axis=3)
    alone[:, 1] = rng.uniform(0.2, 1.0, (places, levers, options)).cumsum(axis=2)
    alone[..., 0] = 0.0
    both = rng.normal(0.0, 0.5, (places, 2, levers * (levers - 1) // 2))
    both[:, 1] = 0.0
    height = np.tile(np.linspace(0, 1, options), (levers, 1))
    return Worth(alone, both, height, [np.ones((options,) * levers, bool)] * places)


def best_by_trying(worth: Worth, goal: np.ndarray, limits: Limits) -> float:
    """The value of the best choice of all, -inf where there is none."""
    packages = [*product(*map(range, worth.allowed[0].shape))]
    of = [[worth.of(place, package) for package in packages] for place in range(worth.places)]
    best = -np.inf
    for choice in product(range(len(packages)), repeat=worth.places):
        found = np.stack([of[place][at] for place, at in enumerate(choice)])
        used = (limits.weights * found).sum(axis=(1, 2))
        if (used <= limits.limits + 1e-9).all():
            best = max(best, float((goal * found).sum()))
    return best


def one_quantity(worth: Worth, at: int) -> np.ndarray:
    """Weights of one quantity in all places."""
    weights = np.zeros((worth.places, 2))
    weights[:, at] = 1.0
    return weights


@pytest.mark.parametrize("seed", range(12))
def test_the_choice_is_the_best_of_all_and_within_its_bound(seed: int) -> None:
    rng = np.random.default_rng(seed)
    worth = random_worth(rng, 3, 2, 3)
    goal, cost = one_quantity(worth, 0), one_quantity(worth, 1)
    limits = Limits.none(3, 2).further("budget", cost, float(rng.uniform(0.5, 8.0)))
    limits = limits.further("one place", cost * np.array([[1.0], [0], [0]]), 1.5)
    found = Places(worth).best(goal, limits)
    best = best_by_trying(worth, goal, limits)
    assert found.value == pytest.approx(best, rel=1e-9, abs=1e-9)
    assert found.bound >= best - 1e-9
    assert found.proven


def test_what_is_not_allowed_is_not_chosen_and_floors_hold() -> None:
    worth = random_worth(np.random.default_rng(1), 3, 2, 3)
    least = np.zeros((3, 3), bool)
    least[2, 1] = True
    worth = Worth(worth.alone, worth.both, worth.height, [least, *worth.allowed[1:]])
    goal, cost = one_quantity(worth, 0), one_quantity(worth, 1)
    found = Places(worth).best(goal, Limits.none(3, 2).further("budget", cost, 6.0))
    assert found.packages[0] == (2, 1)


def test_a_free_number_is_the_least_of_places() -> None:
    worth = random_worth(np.random.default_rng(4), 3, 2, 3)
    limits = Limits.none(3, 2).further("budget", one_quantity(worth, 1), 5.0)
    for place in range(3):
        weights = np.zeros((3, 2))
        weights[place, 0] = -1.0
        limits = limits.further(f"place {place}", weights, 0.0, slope=1.0)
    found = Places(worth).best(np.zeros((3, 2)), limits, per_z=1.0)
    each = [worth.of(place, package)[0] for place, package in enumerate(found.packages)]
    assert found.value == pytest.approx(min(each))
    assert found.bound >= found.value - 1e-9


def test_limits_that_leave_no_choice_are_named() -> None:
    worth = random_worth(np.random.default_rng(2), 2, 2, 3)
    cost = one_quantity(worth, 1)
    limits = Limits.none(2, 2).further("the budget", cost, 1.0).further("the floor", -cost, -9.0)
    with pytest.raises(Infeasible) as error:
        Places(worth).best(one_quantity(worth, 0), limits)
    assert set(error.value.args) & {"the budget", "the floor"}


def test_a_tensor_holds_what_each_package_is_worth() -> None:
    worth = random_worth(np.random.default_rng(3), 2, 3, 3)
    weights = np.array([0.7, -0.3])
    tensor = worth.tensor(1, weights)
    for package in product(range(3), repeat=3):
        assert tensor[package] == pytest.approx(weights @ worth.of(1, package))
