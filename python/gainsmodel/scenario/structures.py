"""Several structures of the model in one scenario: names, weights, and what each overrides."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import product
from typing import Annotated, Any

from pydantic import Field

from gainsmodel.errors import ScenarioError
from gainsmodel.scenario.distributions import Model
from gainsmodel.scenario.merge import difference, join, unfold
from gainsmodel.scenario.messages import KeyPath, dotted
from gainsmodel.scenario.quantities import Short

MOST = 100

# What a structure may be another in; the rest says what is run, for whom and in which money.
_PARTS = ("parameters", "correlations", "levers", "setting")
_SETTING = ("curve", "spillover_decay_km", "normalise_start")
# Constants that bring figures to the years and prices of the run.
_CONSTANTS = ("growth_to_start_year", "inflation_per_year")


class Structure(Model):
    """A structure: futures have it in proportion to its weight."""

    name: Short
    weight: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = Field(
        description="share of the futures; the weights of all structures sum to 1"
    )
    overrides: dict[str, Any] = Field(
        default_factory=dict, description="key paths and the values they have in this structure"
    )


class Axis(Model):
    """One respect in which structures differ; those of a scenario are all combinations."""

    name: Short
    choice: Annotated[tuple[Structure, ...], Field(strict=False, min_length=2, max_length=MOST)] = (
        Field(description="what it may be; the weights of an axis sum to 1")
    )


def crossed(axes: Sequence[Axis]) -> tuple[Structure, ...]:
    """Every combination of the choices of axes, the first axis changing slowest.

    Its name holds all of theirs, its weight is their product.
    """
    return tuple(
        Structure.model_construct(
            name=", ".join(choice.name for choice in choices),
            weight=math.prod(choice.weight for choice in choices),
            overrides=reduce(join, (unfold(choice.overrides) for choice in choices), {}),
        )
        for choices in (product(*(axis.choice for axis in axes)) if axes else ())
    )


def impossible(
    structures: Sequence[Structure], axes: Sequence[Axis], alone: Callable[[], Any]
) -> Iterator[tuple[KeyPath, str]]:
    """What cannot be of a scenario's structures: key path, and what is wrong.

    Parameters
    ----------
    structures, axes
        As the scenario lists them.
    alone : callable
        Gives the scenario without them.
    """
    if structures and axes:
        yield ("structure_axis",), "cannot stand beside structure; keep one of them"
        return
    count = math.prod(len(axis.choice) for axis in axes)
    if count > MOST:
        yield ("structure_axis",), f"may make at most {MOST} structures; these make {count}"
        return
    yield from _twice(("structure_axis",), [axis.name for axis in axes])
    one = alone()
    changed_by: dict[KeyPath, str] = {}
    if structures:
        yield from _impossible(structures, ("structure",), one, set())
    for n, axis in enumerate(axes):
        path: KeyPath = ("structure_axis", n, "choice")
        changed: set[KeyPath] = set()
        yield from _impossible(axis.choice, path, one, changed)
        for key in sorted(changed & changed_by.keys(), key=dotted):
            yield path, f"{dotted(key)}: is changed by the axis {changed_by[key]!r} too"
        changed_by |= dict.fromkeys(changed, axis.name)


def _impossible(
    structures: Sequence[Structure], path: KeyPath, one: Any, changed: set[KeyPath]
) -> Iterator[tuple[KeyPath, str]]:
    """What cannot be of structures that stand side by side; collects what they change."""
    total = math.fsum(of.weight for of in structures)
    if abs(total - 1) > 1e-9:
        yield path, f"weights must sum to 1; they sum to {total:.10g}"
    yield from _twice(path, [of.name for of in structures])
    plain = one.to_dict()
    for n, of in enumerate(structures):
        place = (*path, n, "overrides")
        try:
            made = one.edit(of.overrides).to_dict()
        except ScenarioError as error:
            yield place, str(error).removeprefix("edit: ")
            continue
        for key in not_allowed(plain, made):
            yield place, f"{key}: must be the same in all structures"
        changed |= {*_leaves(difference(made, plain))} - {()}


def changed_in(structures: Sequence[Structure], one: Any) -> frozenset[KeyPath]:
    """Key paths of what differs in any structure from the scenario without them."""
    plain = one.to_dict()
    made = (one.edit(of.overrides).to_dict() for of in structures if of.overrides)
    return frozenset(path for of in made for path in _leaves(difference(of, plain)) if path)


def _twice(path: KeyPath, names: Sequence[str]) -> Iterator[tuple[KeyPath, str]]:
    for n, name in enumerate(names):
        if name in names[:n]:
            yield (*path, n, "name"), f"stands twice: {name}"


def _leaves(changes: object, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Key paths of single values in nested mappings."""
    if isinstance(changes, Mapping) and changes:
        for key, value in changes.items():
            yield from _leaves(value, (*path, key))
    else:
        yield path


def not_allowed(plain: Mapping[str, Any], changed: Mapping[str, Any]) -> Iterator[str]:
    """Key paths in which a structure differs from its scenario and may not."""
    for key in sorted({*plain, *changed}):
        mine, theirs = plain.get(key, {}), changed.get(key, {})
        if mine == theirs:
            continue
        if key not in _PARTS:
            yield key
        elif key == "setting":
            yield from (f"setting.{k}" for k in mine if k not in _SETTING and mine[k] != theirs[k])
        elif key == "parameters":
            yield from (f"parameters.{k}" for k in _CONSTANTS if mine[k] != theirs[k])
        elif key == "levers":
            for lever in sorted({*mine, *theirs}):
                times = [
                    [of.get(lever, {}).get(k) for k in ("start_years", "ramp_years")]
                    for of in (mine, theirs)
                ]
                if times[0] != times[1]:
                    yield f"levers.{lever}"
