"""How a scenario is run: draws, seed, sampler, precision."""

from dataclasses import dataclass
from typing import Any, Self, get_args

from gainsmodel.checks import one_of, whole_number
from gainsmodel.choices import Precision, Sampler

SAMPLERS: tuple[Sampler, ...] = get_args(Sampler)
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
MAX_DRAWS = 4_294_967_280
MAX_SEED = 2**64 - 1


@dataclass(frozen=True)
class Settings:
    """How a scenario is run: none of it is an assumption about the world.

    Attributes
    ----------
    draws : int
        Futures to simulate, 1 to 4,294,967,280.
    seed : int
        0 to 2⁶⁴ − 1. Same seed, same answer; scenarios with the same seed are paired.
    sampler : {"sobol", "sobol_full", "random"}
        Scrambled Sobol points on the factors that cells share, or on every factor that
        direction numbers reach, or plain Monte Carlo.
    precision : {"float32", "float64"}, optional
        Single precision for speed, double for audit. Left out: single, or double where a
        scenario holds nothing uncertain, so that it can be checked by hand to every digit.
    """

    draws: int = 10_000
    seed: int = 1
    sampler: Sampler = "sobol"
    precision: Precision | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be run."""
        # Whole numbers of any kind, NumPy's among them, are kept as Python's.
        object.__setattr__(self, "draws", whole_number("draws", self.draws, 1, MAX_DRAWS))
        object.__setattr__(self, "seed", whole_number("seed", self.seed, 0, MAX_SEED))
        one_of("sampler", self.sampler, SAMPLERS)
        if self.precision is not None:
            one_of("precision", self.precision, PRECISIONS)

    @classmethod
    def of(cls, manifest: dict[str, Any]) -> Self:
        """Settings that a manifest records."""
        return cls(**{name: manifest[name] for name in ("draws", "seed", "sampler", "precision")})
