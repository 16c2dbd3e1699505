"""The numbers that cells share in a conditioned run: those of chosen futures, moved.

They come from the seed and sampler of the conditioning, whatever those of the run, which draw the
numbers of single cells. Draw n of a run has the chosen future n (beginning again behind the last),
so that the sixteen replicates of scrambled points stay sixteen independent samples and standard
errors are made from them as ever.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gainsmodel import _core
from gainsmodel.data import Dataset
from gainsmodel.errors import ScenarioError, SettingError
from gainsmodel.scenario import Scenario
from gainsmodel.scenario.conditioned import Conditioned, sha256_of

# Numbers from outside are held in memory, some hundred a draw.
MOST_DRAWS = 200_000
# What a number is called where it is on record.
Names = tuple[str, ...]
Normals = NDArray[np.float32]
_drawn: dict[str, tuple[Names, Normals]] = {}


def figures_sha256(dataset: Dataset) -> str:
    """Hash of the figures, and the areas, that futures were chosen on."""
    return sha256_of([dataset.areas["area_code"].to_list(), dict(dataset.hashes)])


def conditioned_normals(
    scenario: Scenario,
    dataset: Dataset,
    spec: Mapping[str, Any],
    arrays: Mapping[str, Any],
) -> Normals:
    """Numbers that cells share in a conditioned run, shape (numbers, draws).

    Raises
    ------
    ScenarioError
        If it runs on other figures than those that futures were chosen on.
    SettingError
        For more draws than memory holds.
    """
    of = scenario.conditioned
    assert of is not None
    if figures_sha256(dataset) != of.figures_sha256:
        raise ScenarioError(
            "conditioned: these futures were chosen on other figures than those to be run "
            f"({dataset.geography} areas); run it on the same, or condition again"
        )
    draws = spec["draws"]
    if draws > MOST_DRAWS:
        raise SettingError(
            f"draws: a conditioned scenario may be run with at most {MOST_DRAWS:,}, not {draws:,}"
        )
    names, normals = drawn(spec, arrays, of.draws, of.seed, of.sampler)
    chosen = np.resize(np.asarray(of.chosen), draws)
    return moved(of, names, normals[:, chosen])


def drawn(
    spec: Mapping[str, Any], arrays: Mapping[str, Any], draws: int, seed: int, sampler: str
) -> tuple[Names, Normals]:
    """Every number that cells may share, (numbers, draws), and what each is called."""
    plain = {
        **spec,
        **{"draws": draws, "seed": seed, "sampler": sampler, "every_number": True},
        # The shortest run there is: only its numbers are wanted.
        **{"horizon_years": 1, "discount_factors": spec["discount_factors"][:1], "detail": []},
    }
    # What they are for; the values of assumptions do not count.
    told = json.dumps(
        [
            *(plain[name] for name in ("areas", "sectors", "technologies")),
            [lever["name"] for lever in plain["levers"]],
            plain.get("j_curve"),
            *(draws, seed, sampler),
        ]
    )
    if told not in _drawn:
        handle = _core.start(
            json.dumps(plain),
            **arrays,
            double=False,
            threads=None,
            draws_in_memory=0,
            quantiles=False,
        )
        while not handle.wait(0.05):
            pass
        named, normals = handle.outcomes()[0].numbers()
        while len(_drawn) > 2:
            _drawn.pop(next(iter(_drawn)))
        _drawn[told] = tuple("/".join(name) for name in named), normals
    return _drawn[told]


def moved(of: Conditioned, names: Names, normals: Normals) -> Normals:
    """Stretch and move numbers along the directions on record, all at once."""
    if not of.directions:
        return np.ascontiguousarray(normals)
    places = {name: place for place, name in enumerate(names)}
    if unknown := [name for name in of.numbers if name not in places]:
        raise ScenarioError(
            f"conditioned: the scenario has no number {unknown[0]!r} that was moved; "
            "condition it again"
        )
    directions = np.zeros((len(of.directions), len(names)))
    directions[:, [places[name] for name in of.numbers]] = of.directions
    return along(normals, directions, np.array(of.shift), np.array(of.scale) - 1)


def along(
    normals: Normals,
    directions: NDArray[np.float64],
    shift: NDArray[np.float64],
    stretch: NDArray[np.float64],
) -> Normals:
    """z + Σ (shift + stretch (u · z)) u over directions u; the same for any number of threads."""
    used = np.flatnonzero(np.any(directions != 0, axis=0))
    within = directions[:, used]
    # Sums of einsum have one order; those of a matrix product depend on the library's threads.
    parts = np.einsum("du,un->dn", within, normals[used].astype(float), optimize=False)
    steps = shift[:, None] + stretch[:, None] * parts
    made = np.array(normals)
    made[used] += np.einsum("du,dn->un", within, steps, optimize=False).astype(np.float32)
    return made


def refuse_reseeded(variation: Mapping[str, Any] | None) -> None:
    """Refuse other numbers for some assumptions, which evidence has tied to others."""
    if variation and variation.get("reseeded"):
        raise SettingError(
            "a conditioned scenario has no shares of variance: evidence has tied its assumptions "
            "to one another; ask gainsmodel voi or discover of it, or sensitivity of the scenario "
            "as it was"
        )
