"""Several structures of the model in one scenario: names, weights, and what each overrides."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from gainsmodel.scenario.distributions import Model
from gainsmodel.scenario.quantities import Short

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
