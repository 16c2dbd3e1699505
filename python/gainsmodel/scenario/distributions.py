"""Distributions a scenario may state, with the checks that keep them possible."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from gainsmodel.scenario.messages import KeyPath, problem, validate

Z95 = 1.6448536269514722  # standard normal quantile of 0.95
# One draw in a billion lies farther than this many standard deviations, on either side.
FAR = 6.0
# Far outside anything an economy holds, and far inside what arithmetic holds.
Number = Annotated[float, Field(ge=-1e12, le=1e12, allow_inf_nan=False)]
PositiveNumber = Annotated[float, Field(gt=0, le=1e12, allow_inf_nan=False)]
Deviation = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
LogDeviation = Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)]
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
InnerShare = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]
# Quantiles of a gamma of a smaller shape are below the least number there is.
GammaShape = Annotated[float, Field(ge=0.1, le=1e6, allow_inf_nan=False)]
Shape = Annotated[float, Field(ge=0.01, le=1e6, allow_inf_nan=False)]
Listed = Field(strict=False, min_length=1, max_length=1000)


class Model(BaseModel):
    """Frozen and strict; nothing unknown is let in, and copies are validated."""

    # Checks are built when first used: of most classes, as part of the scenario's only.
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", defer_build=True)

    def model_copy(self, *, update: Any = None, deep: bool = False) -> Self:
        """Copy with some fields replaced, validated.

        Raises
        ------
        ScenarioError
            If the result is not allowed.
        """
        if not update:
            return super().model_copy(deep=deep)
        data = self.model_dump(mode="json", exclude_none=True)
        data |= {k: _plain(v) for k, v in update.items()}
        # Giving the one of value and distribution takes the other away.
        for one, other in (("value", "distribution"), ("distribution", "value")):
            if one in update and other not in update:
                data.pop(other, None)
        return validate(type(self), data, lambda _: f"{type(self).__name__.lower()}: ")


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True)
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value


class _Kind(Model):
    kind: str
    p_zero: Probability | None = Field(
        None, description="chance that it is exactly zero; 0 if none"
    )

    def core(self) -> dict[str, Any]:
        """Give the distribution as the core reads it."""
        if not self.p_zero:
            return self._core()
        if self.p_zero == 1:
            return {"kind": "fixed", "value": 0.0}
        return {"kind": "zero_or", "p_zero": self.p_zero, "of": self._core()}

    def support(self) -> tuple[float, float]:
        """Give the least and the greatest possible value."""
        if not self.p_zero:
            return self._support()
        low, high = (0.0, 0.0) if self.p_zero == 1 else self._support()
        return min(low, 0.0), max(high, 0.0)

    def if_not_zero(self) -> Self:
        """Give the distribution that holds where it is not the stated exact zero."""
        return BaseModel.model_copy(self, update={"p_zero": None}) if self.p_zero else self

    def middle(self) -> float:
        """Give where it is centred: its median, mean or mode, whichever states it."""
        return self._middle()

    def tails(self) -> tuple[float, float]:
        """Give values beyond which about one draw in a billion lies, or the ends of it."""
        low, high = self._tails()
        least, most = self._support()
        return max(low, least), min(high, most)

    def _core(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "p_zero"}

    def _support(self) -> tuple[float, float]:
        return -math.inf, math.inf

    def _middle(self) -> float:
        low, high = self._support()
        return (low + high) / 2

    def _tails(self) -> tuple[float, float]:
        return self._support()


class Fixed(_Kind):
    """One value, certain."""

    kind: Literal["fixed"]
    value: Number

    def _support(self) -> tuple[float, float]:
        return self.value, self.value


class Normal(_Kind):
    """Normal."""

    kind: Literal["normal"]
    mean: Number
    sd: Deviation = Field(description="standard deviation")

    def _support(self) -> tuple[float, float]:
        return (self.mean, self.mean) if self.sd == 0 else (-math.inf, math.inf)

    def _middle(self) -> float:
        return self.mean

    def _tails(self) -> tuple[float, float]:
        return self.mean - FAR * self.sd, self.mean + FAR * self.sd


class Lognormal(_Kind):
    """Lognormal by its median and either sigma or a 90% range."""

    kind: Literal["lognormal"]
    median: PositiveNumber
    sigma: LogDeviation | None = Field(None, description="standard deviation of the logarithm")
    p05: PositiveNumber | None = Field(None, description="1 in 20 lies below")
    p95: PositiveNumber | None = Field(None, description="1 in 20 lies above")

    @model_validator(mode="after")
    def _check(self) -> Self:
        _check_range(self.median, self.sigma, self.p05, self.p95, "sigma", math.log)
        return self

    def _core(self) -> dict[str, Any]:
        sigma = _sigma(self.sigma, self.p05, self.p95, math.log)
        return {"kind": self.kind, "median": self.median, "sigma": sigma}

    def _support(self) -> tuple[float, float]:
        return 0.0, math.inf

    def _middle(self) -> float:
        return self.median

    def _tails(self) -> tuple[float, float]:
        far = math.exp(FAR * _sigma(self.sigma, self.p05, self.p95, math.log))
        return self.median / far, self.median * far


class Logitnormal(_Kind):
    """Logit-normal by its median and either sd or a 90% range."""

    kind: Literal["logitnormal"]
    median: InnerShare
    sd: LogDeviation | None = Field(None, description="standard deviation of the logit")
    p05: InnerShare | None = Field(None, description="1 in 20 lies below")
    p95: InnerShare | None = Field(None, description="1 in 20 lies above")

    @model_validator(mode="after")
    def _check(self) -> Self:
        _check_range(self.median, self.sd, self.p05, self.p95, "sd", logit)
        return self

    def _core(self) -> dict[str, Any]:
        sigma = _sigma(self.sd, self.p05, self.p95, logit)
        return {"kind": self.kind, "median": self.median, "sigma": sigma}

    def _support(self) -> tuple[float, float]:
        return 0.0, 1.0

    def _middle(self) -> float:
        return self.median


class Uniform(_Kind):
    """Every value between low and high equally likely."""

    kind: Literal["uniform"]
    low: Number
    high: Number

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.low < self.high:
            raise problem((("high",), f"must be above low ({self.low:g}); found {self.high:g}"))
        return self

    def _support(self) -> tuple[float, float]:
        return self.low, self.high


class _Peaked(_Kind):
    low: Number
    mode: Number
    high: Number

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not (self.low <= self.mode <= self.high and self.low < self.high):
            found = f"{self.low:g}, {self.mode:g}, {self.high:g}"
            raise problem(((), f"needs low ≤ mode ≤ high and low < high; found {found}"))
        return self

    def _support(self) -> tuple[float, float]:
        return self.low, self.high

    def _middle(self) -> float:
        return self.mode


class Triangular(_Peaked):
    """Triangular by low, mode and high."""

    kind: Literal["triangular"]


class Pert(_Peaked):
    """PERT: a beta between low and high with mean (low + 4 mode + high) / 6."""

    kind: Literal["pert"]


class Beta(_Kind):
    """Beta between 0 and 1."""

    kind: Literal["beta"]
    alpha: Shape
    beta: Shape

    def _support(self) -> tuple[float, float]:
        return 0.0, 1.0

    def _middle(self) -> float:
        return self.alpha / (self.alpha + self.beta)


class Gamma(_Kind):
    """Gamma with mean shape times scale."""

    kind: Literal["gamma"]
    shape: GammaShape
    scale: PositiveNumber

    def _support(self) -> tuple[float, float]:
        return 0.0, math.inf

    def _middle(self) -> float:
        return self.shape * self.scale

    def _tails(self) -> tuple[float, float]:
        # Bound of a gamma's tail by Chernoff, as in Boucheron, Lugosi and Massart (2013), 2.4.
        far = FAR**2 / 2
        return 0.0, self.scale * (self.shape + math.sqrt(2 * self.shape * far) + far)


class Discrete(_Kind):
    """Some values, in increasing order, with their probabilities."""

    kind: Literal["discrete"]
    values: Annotated[tuple[Number, ...], Listed]
    probabilities: Annotated[tuple[Probability, ...], Listed]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.values) != len(self.probabilities):
            n, m = len(self.values), len(self.probabilities)
            raise problem((("probabilities",), f"must have one entry a value: {n}; found {m}"))
        if any(a >= b for a, b in pairwise(self.values)):
            raise problem((("values",), "must increase from each entry to the next"))
        total = math.fsum(self.probabilities)
        if abs(total - 1) > 1e-9:
            raise problem((("probabilities",), f"must sum to 1; they sum to {total:.10g}"))
        return self

    def _core(self) -> dict[str, Any]:
        lists = {"values": list(self.values), "probabilities": list(self.probabilities)}
        return {"kind": self.kind, **lists}

    def _support(self) -> tuple[float, float]:
        return self.values[0], self.values[-1]


Distribution: TypeAlias = Annotated[
    Fixed
    | Normal
    | Lognormal
    | Logitnormal
    | Uniform
    | Triangular
    | Pert
    | Beta
    | Gamma
    | Discrete,
    Field(discriminator="kind"),
]


def logit(x: float) -> float:
    """Give the logarithm of the odds."""
    return math.log(x / (1 - x))


def logistic(y: float) -> float:
    """Undo `logit`."""
    return 1 / (1 + math.exp(-y))


def _check_range(
    median: float,
    sigma: float | None,
    p05: float | None,
    p95: float | None,
    name: str,
    scale: Callable[[float], float],
) -> None:
    either = f"needs either {name}, or p05 and p95"
    if sigma is not None:
        if p05 is not None or p95 is not None:
            raise problem(((), f"{either}, not both"))
    elif p05 is None or p95 is None:
        raise problem(((), either))
    elif not p05 < median < p95:
        raise problem(((), f"needs p05 < median < p95; found {p05:g}, {median:g}, {p95:g}"))
    elif _sigma(None, p05, p95, scale) > 10:
        raise problem(((), f"p05 and p95 lie too far apart: {p05:g} and {p95:g}"))


def _sigma(
    sigma: float | None, p05: float | None, p95: float | None, scale: Callable[[float], float]
) -> float:
    if sigma is not None or p05 is None or p95 is None:
        return sigma or 0.0
    return (scale(p95) - scale(p05)) / (2 * Z95)


@dataclass(frozen=True)
class Bounds:
    """Annotation of a quantity: the values it may take, and the check that it stays there.

    Attributes
    ----------
    low, high : float
        Least and greatest value that is possible at all.
    above_low : bool
        Whether ``low`` itself is excluded.
    least, most : float
        Between which its middle must lie: what is sensible.
    tail_least, tail_most : float
        Between which all but one draw in a billion must lie: what arithmetic bears.
    """

    low: float = -math.inf
    high: float = math.inf
    above_low: bool = False
    least: float = -math.inf
    most: float = math.inf
    tail_least: float = -math.inf
    tail_most: float = math.inf

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Check after whatever pydantic checks itself."""
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Tell editors the bounds of a value."""
        limits: dict[str, Any] = {"type": "number"}
        least, most = self.values
        if least > -math.inf:
            excluded = self.above_low and least == self.low
            limits["exclusiveMinimum" if excluded else "minimum"] = least
        if most < math.inf:
            limits["maximum"] = most
        return {**handler(schema), "properties": {"value": limits}}

    @property
    def values(self) -> tuple[float, float]:
        """Least and greatest value that may be stated."""
        return max(self.low, self.least), min(self.high, self.most)

    def _check(self, quantity: Any) -> Any:
        stated: Iterator[tuple[KeyPath, Distribution]] = quantity.stated()
        found = [(path, words) for path, d in stated if (words := self.problem(d))]
        if found:
            raise problem(*found)
        return quantity

    def problem(self, distribution: Distribution) -> str | None:
        """Say how a distribution can leave the bounds, or nothing."""
        return self._impossible(distribution) or self._senseless(distribution)

    def _impossible(self, distribution: Distribution) -> str | None:
        low, high = distribution.support()
        open_kinds = ("lognormal", "gamma", "logitnormal", "beta")
        closed = distribution.kind not in open_kinds or bool(distribution.p_zero)
        below = low < self.low or (self.above_low and closed and low == self.low)
        if not below and high <= self.high:
            return None
        if distribution.p_zero and self.problem(distribution.if_not_zero()) is None:
            return f"must be {self}, so it cannot be zero; leave p_zero out"
        if distribution.kind == "fixed":
            return f"must be {self}; found {low:g}"
        if math.isfinite(low if below else high) and distribution.kind != "beta":
            end = f"goes down to {low:g}" if below else f"goes up to {high:g}"
            return f"{distribution.kind} {end}; all of it must be {self}"
        fault = f"fall below {self.low:g}" if below else f"exceed {self.high:g}"
        kinds = "logitnormal, beta, pert" if self.high == 1 else "lognormal, gamma, pert"
        return f"{distribution.kind} can {fault}; use {kinds} or uniform"

    def _senseless(self, distribution: Distribution) -> str | None:
        middle, kind = distribution.middle(), distribution.kind
        least, most = self.values
        if not least <= middle <= most:
            words = f"must be {_in_words(least, most)}; found {middle:g}"
            return words if kind == "fixed" else f"the middle of a {kind} {words}"
        low, high = distribution.tails()
        if self.tail_least <= low and high <= self.tail_most:
            return None
        side = f"below {low:.3g}" if low < self.tail_least else f"above {high:.3g}"
        allowed = _in_words(max(self.low, self.tail_least), self.tail_most)
        return f"{kind} is too wide: 1 draw in a billion is {side}; allowed is {allowed}"

    def nearness(self, distribution: Distribution) -> float:
        """How near its tails come to what is allowed: 0, certainly 0, to 1, as far as allowed."""
        ends = zip(distribution.tails(), (self.tail_least, self.tail_most), strict=True)
        return max(abs(end / limit) for end, limit in ends)

    def __str__(self) -> str:
        """Put into words what is possible at all."""
        return f"above {self.low:g}" if self.above_low else _in_words(self.low, self.high)


def _in_words(low: float, high: float) -> str:
    if low > -math.inf and high < math.inf:
        return f"from {low:,g} to {high:,g}"
    return f"at least {low:,g}" if low > -math.inf else f"at most {high:,g}"
