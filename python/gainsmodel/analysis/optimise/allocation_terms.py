"""What binds a budget between places: floors, ceilings, chances, years."""

import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator

from gainsmodel.checks import did_you_mean
from gainsmodel.errors import SettingError, UnknownNameError
from gainsmodel.scenario.distributions import Model
from gainsmodel.scenario.messages import KeyPath, dotted, problem, validate
from gainsmodel.scenario.reader import load_standalone

# The Green Book's elasticity of the marginal utility of income.
ELASTICITY = 1.3
MONEY = "gbp_m_per_year"
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Part = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Above = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Chance(Model):
    """A target that every place reaches with at least a stated chance."""

    target_gbp_m: Above | None = Field(None, description="£m a year added in the final year")
    target_gbp_per_head: Above | None = Field(
        None, description="£ a resident and year added in the final year"
    )
    at_least: Annotated[float, Field(gt=0, lt=1)] = Field(description="chance, 0 to 1")

    @model_validator(mode="after")
    def _one(self) -> "Chance":
        if (self.target_gbp_m is None) == (self.target_gbp_per_head is None):
            raise problem(((), "needs one of target_gbp_m and target_gbp_per_head"))
        return self


class Terms(Model):
    """What a split of money between places must keep to.

    Floors and ceilings are by place and then by lever, an intensity from 0 to 1, or
    ``gbp_m_per_year``, what is spent in the place a year once all runs. What is already
    committed is a floor: its cost counts.
    """

    least: dict[str, dict[str, Amount]] = Field({}, description="floors by place")
    most: dict[str, dict[str, Amount]] = Field({}, description="ceilings by place")
    chance: Chance | None = None
    no_place_worse_off: bool = Field(
        False, description="whether every place's expected net present value is 0 or more"
    )
    share_by_year: dict[str, Annotated[tuple[Part, Part], Field(strict=False)]] = Field(
        {}, description="of all that is spent, the least and most in a calendar year"
    )
    weights: dict[str, Above] = Field(
        {}, description="what £1 of gain is worth by the place where it lands; 1 if not stated"
    )
    incomes_gbp: dict[str, Above] = Field(
        {},
        description="income of a household by place, for distributional weights (middle of "
        "the places ÷ income) to the power of elasticity",
    )
    elasticity: Annotated[float, Field(ge=0, le=5)] = Field(
        ELASTICITY, description="of the marginal utility of income; 1.3 in the Green Book"
    )

    @model_validator(mode="after")
    def _consistent(self) -> "Terms":
        found: list[tuple[KeyPath, str]] = []
        if self.weights and self.incomes_gbp:
            found.append((("incomes_gbp",), "cannot be combined with weights"))
        for year, (low, high) in self.share_by_year.items():
            if not year.isdigit():
                found.append((("share_by_year", year), "must be a calendar year, such as 2028"))
            if low > high:
                found.append((("share_by_year", year), f"{low:g} is more than {high:g}"))
        for name in ("least", "most"):
            for place, of in getattr(self, name).items():
                found += [
                    ((name, place, lever), f"must be an intensity from 0 to 1; found {value:g}")
                    for lever, value in of.items()
                    if lever != MONEY and value > 1
                ]
        for place, of in self.least.items():
            found += [
                (("least", place, key), f"{value:g} is above the ceiling of {most:g}")
                for key, value in of.items()
                if value > (most := self.most.get(place, {}).get(key, math.inf))
            ]
        if found:
            raise problem(*found)
        return self


class Stated:
    """Terms with the place of each in their file, for messages."""

    def __init__(self, terms: "Terms | Mapping[str, Any] | str | os.PathLike[str] | None") -> None:
        """Read and check them.

        Raises
        ------
        ScenarioError
            If they cannot be read or contradict themselves.
        """
        self.where: Callable[[KeyPath], str] = lambda path: ""
        if isinstance(terms, Terms):
            self.terms = terms
        elif terms is None or isinstance(terms, Mapping):
            self.terms = validate(Terms, dict(terms or {}), lambda path: "terms: " if terms else "")
        else:
            self.terms, self.where = load_standalone(Terms, Path(terms))

    def error(self, path: KeyPath, message: str) -> SettingError:
        """An error at a key of the terms."""
        place = self.where(path) or "terms: "
        return SettingError(f"{place}{dotted(path)}: {message}")

    def by_place(
        self, name: str, find: Callable[[str], int], levers: tuple[str, ...] | None = None
    ) -> dict[int, Any]:
        """A table by place, under the number of the place that `find` gives for its name."""
        found: dict[int, Any] = {}
        for place, of in getattr(self.terms, name).items():
            try:
                at = find(place)
            except UnknownNameError as error:
                raise self.error((name, place), str(error)) from None
            if at in found:
                raise self.error((name, place), "is stated twice, under two names")
            names = None if levers is None else (*levers, MONEY)
            for key in of if names is not None else ():
                if names is not None and key not in names:
                    near = did_you_mean(key, names)
                    raise self.error((name, place, key), f"no such lever{near}")
            found[at] = of
        return found
