"""What a scenario keeps of the evidence it was conditioned on: the futures that were chosen.

Made by `gainsmodel.condition`. Numbers of single cells are no part of it: they are drawn anew.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from gainsmodel.scenario.distributions import Model, Number
from gainsmodel.scenario.messages import problem
from gainsmodel.scenario.quantities import Line

# Scrambled points come in so many replicates; a future keeps the place in its own.
REPLICATES = 16
MOST_DRAWS = 100_000
Engine = Literal["importance sampling", "ensemble smoother"]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
# Settings that change what a standard normal number means.
_MEANING = (
    *("start_year", "curve", "spillover_decay_km", "readiness_weights", "normalise_start"),
    "geography",
)


List = Annotated[tuple[Number, ...], Field(strict=False, max_length=5_000)]
Scale = Annotated[float, Field(gt=0, le=1e3, allow_inf_nan=False)]


class Conditioned(Model):
    """Futures that evidence has chosen, and all it takes to simulate them again.

    Where a smoother has moved them: with u a row of `directions` over `numbers` (each called
    parameter/area/cell) and y = u · z, z becomes z + Σ (shift + (scale − 1) y) u.
    """

    evidence: Annotated[Line, Field(max_length=200)] = Field(description="title of the evidence")
    evidence_sha256: Hash
    engine: Engine
    k_hat: Number = Field(description="shape of the tail of the weights")
    effective_draws: Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]
    draws: int = Field(ge=REPLICATES, le=MOST_DRAWS, description="futures before conditioning")
    seed: int = Field(ge=0, lt=2**64)
    sampler: Literal["sobol", "sobol_full", "random"]
    figures_sha256: Hash
    assumptions_sha256: Hash
    chosen: Annotated[
        tuple[Annotated[int, Field(ge=0, lt=MOST_DRAWS)], ...], Field(strict=False)
    ] = Field(min_length=REPLICATES, max_length=MOST_DRAWS, description="a future for each draw")
    numbers: Annotated[
        tuple[Annotated[str, Field(max_length=200)], ...], Field(strict=False, max_length=5_000)
    ] = ()
    directions: Annotated[tuple[List, ...], Field(strict=False, max_length=500)] = ()
    shift: List = ()
    scale: Annotated[tuple[Scale, ...], Field(strict=False, max_length=500)] = ()

    @model_validator(mode="after")
    def _in_replicates(self) -> Self:
        if len(self.chosen) % REPLICATES:
            raise problem((("chosen",), f"must be a multiple of {REPLICATES} futures"))
        for place, draw in enumerate(self.chosen):
            if draw >= self.draws or (draw - place) % REPLICATES:
                raise problem(
                    (
                        ("chosen", place),
                        f"must be a future below {self.draws:,} that leaves "
                        f"{place % REPLICATES} when divided by {REPLICATES}; found {draw}",
                    )
                )
        moves = len(self.directions)
        for key, length in (("shift", len(self.shift)), ("scale", len(self.scale))):
            if length != moves:
                raise problem(((key,), f"must have one entry a direction, {moves}; found {length}"))
        for n, direction in enumerate(self.directions):
            if len(direction) != len(self.numbers):
                raise problem(
                    (("directions", n), f"must have one entry a number, {len(self.numbers)}")
                )
        return self


def assumptions_sha256(scenario: Mapping[str, Any]) -> str:
    """Hash of all in a plain scenario that gives standard normal numbers their meaning."""
    meaning = {key: scenario.get(key) for key in ("parameters", "correlations", "levers")}
    meaning["setting"] = {key: scenario["setting"].get(key) for key in _MEANING}
    return sha256_of(meaning)


def sha256_of(value: Any) -> str:
    """Hash of plain values."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
