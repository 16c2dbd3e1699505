"""One problem for every peer: a scenario as plain arrays, and what a peer hands back.

A peer is a module with

- ``run(problem, draws, *, seed, threads)`` → `Outcome`, from its own random numbers;
- ``simulate(problem, shared, cells, growth)`` → (gain, cost), from given standard normals;

and it is timed on ``run`` followed by `summarise`. Both results are float32 arrays of shape
(areas, years, draws): £m, levers in. The Bass curve is the only one peers know.

Standard normals have the draw last. ``shared`` holds a row for each number that cells share,
in the order of `Problem.rows`; ``cells`` is (3, technologies, areas, sectors, draws) for initial
adoption, ceiling and productivity effect, the parameters with a number of their own in each
cell; ``growth`` is (areas, sectors, draws).
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

try:
    from threadpoolctl import ThreadpoolController
except ImportError:  # then OPENBLAS_NUM_THREADS=1 has to say it, as `make bench SMOKE=1` does
    ThreadpoolController = None

from gainsmodel import Scenario, Settings, load_dataset
from gainsmodel.simulation.core_inputs import core_inputs

Floats = NDArray[np.float32]

PARAMETERS = ("initial_adoption", "innovation", "imitation", "ceiling", "productivity_effect")
LEVELS = ("nation", "technology", "area", "sector", "cell")
BY_CELL = (0, 3, 4)  # of PARAMETERS
TARGETS = ("innovation", "imitation", "ceiling", "productivity_effect")  # of levers
# Numbers of the nation, in the order of `Problem.tables`; the lag is tabled as 1 / (1 + lag).
NATIONAL = (
    "spillover_share",
    "lag_years",
    "decay_per_year",
    "uplift_cap",
    "adoption_cost_share",
    "growth_nation",
    "readiness_slope_initial_adoption",
    "readiness_slope_imitation",
    "readiness_slope_ceiling",
    "readiness_slope_productivity_effect",
)
# Which row of NATIONAL is the readiness slope of each parameter; innovation has none.
SLOPE = {0: 6, 2: 7, 3: 8, 4: 9}
PROBABILITIES = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
# A quantile function is tabled at this many equidistant z from -Z_LIMIT to Z_LIMIT.
TABLE_POINTS = 8_193
Z_LIMIT = 6.0
EARTH_RADIUS_KM = 6371.0


@dataclass(frozen=True)
class Problem:
    """A scenario on a geography; areas with a lever moved stand first.

    Attributes
    ----------
    order : (areas,)
        Position of each area in the dataset.
    rows : dict
        First row and shape of each group of shared normals, see `shared_rows`.
    level : (4, 5, 5)
        For nation, technology, area, sector: what a unit of parameter j's normal adds to
        parameter i on its log or logit scale; correlations are in.
    cell : (3,)
        The same on the level of cells, for `BY_CELL`.
    location : (5, technologies, sectors)
        Logit or log of the medians, odds ratios in.
    tables : (10 + effects, TABLE_POINTS)
        Quantile functions of `NATIONAL` and of the levers' effects.
    effects : (levers, 4)
        Row of ``tables`` of a lever's effect on each of `TARGETS`; -1: none.
    ramp : (years, levers, moved)
        Intensity times the part of the ramp that is behind.
    scope : (levers, sectors)
        1 where a lever acts.
    """

    order: NDArray[np.intp]
    technologies: int
    years: int
    moved: int
    gva: Floats
    readiness: Floats
    weights: Floats
    rows: dict[str, tuple[int, tuple[int, ...]]]
    level: Floats
    cell: Floats
    location: Floats
    tables: Floats
    growth_sd: tuple[float, float, float]
    growth_mean: float
    complements: tuple[float, float]
    effects: NDArray[np.int32]
    take_up: Floats
    take_up_weights: tuple[float, float]
    ramp: Floats
    scope: Floats
    spec: dict[str, Any] = field(repr=False)
    arrays: dict[str, Any] = field(repr=False)

    @property
    def areas(self) -> int:
        """How many areas."""
        return self.gva.shape[0]

    @property
    def sectors(self) -> int:
        """How many sectors."""
        return self.gva.shape[1]

    @property
    def shared(self) -> int:
        """How many normals of a draw are shared by cells."""
        return sum(int(np.prod(shape)) for _, shape in self.rows.values())

    @property
    def ramp_changes(self) -> list[bool]:
        """Whether anything that levers do differs from the year before, for each year."""
        before = np.concatenate([np.zeros_like(self.ramp[:1]), self.ramp[:-1]])
        return [bool(change) for change in (self.ramp != before).any(axis=(1, 2))]

    def part(self, shared: Floats, name: str) -> Floats:
        """The shared normals of one group, in its shape."""
        first, shape = self.rows[name]
        return shared[first : first + int(np.prod(shape))].reshape(*shape, shared.shape[1])

    def in_dataset_order(self, by_area: Floats) -> Floats:
        """Rows of areas as the dataset has them."""
        back = np.empty_like(by_area)
        back[self.order] = by_area
        return back


def problem(scenario: Scenario) -> Problem:
    """Arrays of a scenario; refuses what peers do not model."""
    spec, arrays = core_inputs(scenario, load_dataset(scenario.setting.geography), Settings())
    if spec["curve"] != "bass":
        raise ValueError("peers know the Bass curve only")
    moved = arrays["intensity"].any(axis=0)
    order = np.argsort(~moved, kind="stable")
    count = int(moved.sum())
    levers = [i for i in range(len(spec["levers"])) if arrays["intensity"][i].any()]

    location, scale, shares = _spread_parameters(spec)
    level = np.zeros((5, 5, 5))
    for at, mix in enumerate(_mixing(spec, shares)):
        level[at] = scale[:, None] * np.sqrt(shares[:, at])[:, None] * mix
    own = level[4]
    if (own - np.diag(np.diag(own))).any() or own[1, 1] or own[2, 2]:
        raise ValueError("peers expect cell numbers in adoption, ceiling and effect only, apart")

    effects = np.full((len(levers), len(TARGETS)), -1, np.int32)
    tables = [_table(spec["national"][name]) for name in NATIONAL]
    tables[1] = 1.0 / (1.0 + tables[1])
    for row, lever in enumerate(levers):
        for target, distribution in spec["levers"][lever]["effects"].items():
            effects[row, TARGETS.index(target)] = len(tables)
            tables.append(_table(distribution))
    growth = [_normal(spec[name]) for name in ("growth_area", "growth_sector", "growth_cell")]
    ramp = [
        arrays["intensity"] * _ramp(year, arrays["start_years"], arrays["ramp_years"])
        for year in range(1, spec["horizon_years"] + 1)
    ]
    technologies, sectors = location.shape[1:]
    shared_variance = spec["take_up"]["shared_variance"]
    return Problem(
        order=order,
        technologies=technologies,
        years=spec["horizon_years"],
        moved=count,
        gva=arrays["gva_gbp_m"][order].astype(np.float32),
        readiness=arrays["readiness"][order].astype(np.float32),
        weights=_spillover_weights(spec, arrays)[np.ix_(order, order)].astype(np.float32),
        rows=_rows(len(order), sectors, technologies, len(tables) - 10, len(levers), count),
        level=level[:4].astype(np.float32),
        cell=np.diag(own)[list(BY_CELL)].astype(np.float32),
        location=location.astype(np.float32),
        tables=np.array(tables).astype(np.float32),
        growth_sd=tuple(sd for _, sd in growth),
        growth_mean=sum(mean for mean, _ in growth),
        complements=_normal(spec["complements"]),
        effects=effects,
        take_up=_table(spec["take_up"]["distribution"]).astype(np.float32),
        take_up_weights=(float(np.sqrt(shared_variance)), float(np.sqrt(1 - shared_variance))),
        ramp=np.ascontiguousarray(np.array(ramp)[:, levers][:, :, order[:count]], np.float32),
        scope=np.array([spec["levers"][i]["scope"] for i in levers], np.float32).reshape(
            len(levers), sectors
        ),
        spec=spec,
        arrays=arrays,
    )


def _rows(
    areas: int, sectors: int, technologies: int, effects: int, levers: int, moved: int
) -> dict[str, tuple[int, tuple[int, ...]]]:
    """First row and shape of each group of shared normals."""
    shapes = {
        "nation": (5,),
        "technology": (5, technologies),
        "area": (5, areas),
        "sector": (5, sectors),
        "national": (len(NATIONAL) + effects,),
        "complements": (areas,),
        "growth_area": (areas,),
        "growth_sector": (sectors,),
        "take_up_nation": (levers,),
        "take_up_area": (levers, moved),
    }
    rows, first = {}, 0
    for name, shape in shapes.items():
        rows[name] = (first, shape)
        first += int(np.prod(shape))
    return rows


def _spread_parameters(spec: dict[str, Any]) -> tuple[Any, Any, Any]:
    """Medians on the log or logit scale with odds ratios in, scales, and spread by level."""
    odds = np.array([[ratio["value"] for ratio in row] for row in spec["odds_ratios"]])
    location = np.zeros((5, odds.shape[1], odds.shape[0]))
    scale, shares = np.zeros(5), np.zeros((5, 5))
    for i, name in enumerate(PARAMETERS):
        kind, inverse = ("logitnormal", special.logit) if i in (0, 3) else ("lognormal", np.log)
        distributions = spec["spread_parameters"][name]["distributions"]
        scales = {d["sigma"] for d in distributions}
        if {d["kind"] for d in distributions} != {kind} or len(scales) != 1:
            raise ValueError(f"peers expect {name} to be {kind}, of one width")
        location[i] = inverse([d["median"] for d in distributions])[:, None]
        scale[i] = scales.pop()
        shares[i] = spec["spread_parameters"][name]["spread"]
    location[0] += np.log(odds).T
    return location, scale, shares


def _mixing(spec: dict[str, Any], shares: Any) -> Any:
    """For each level the Cholesky factor that correlates the parameters' normals there."""
    for at in range(len(LEVELS)):
        present = shares[:, at] > 0
        correlation = np.eye(5)
        for pair in spec["correlations"]:
            i, j = (PARAMETERS.index(name) for name in pair["between"])
            if present[i] and present[j]:
                overlap = np.sqrt(shares[i] * shares[j]).sum()
                correlation[i, j] = correlation[j, i] = pair["value"] / overlap
        yield np.linalg.cholesky(correlation)


def _normal(distribution: dict[str, Any]) -> tuple[float, float]:
    if distribution["kind"] == "fixed":
        return distribution["value"], 0.0
    if distribution["kind"] != "normal":
        raise ValueError("peers expect growth and complements to be normal")
    return distribution["mean"], distribution["sd"]


def _table(d: dict[str, Any]) -> NDArray[np.float64]:
    """Quantiles of a distribution at equidistant z."""
    z = np.linspace(-Z_LIMIT, Z_LIMIT, TABLE_POINTS)
    match d["kind"]:
        case "fixed":
            return np.full(z.shape, float(d["value"]))
        case "normal":
            return d["mean"] + d["sd"] * z
        case "lognormal":
            return d["median"] * np.exp(d["sigma"] * z)
        case "beta":
            return special.betaincinv(d["alpha"], d["beta"], special.ndtr(z))
        case "pert":
            low, width = d["low"], d["high"] - d["low"]
            alpha, beta = (
                1 + 4 * (d["mode"] - low) / width,
                1 + 4 * (d["high"] - d["mode"]) / width,
            )
            return low + width * special.betaincinv(alpha, beta, special.ndtr(z))
    raise ValueError(f"peers do not know the distribution {d['kind']}")


def _ramp(year: int, start: Any, ramp: Any) -> Any:
    elapsed = year - 0.5 - start
    gradual = np.clip(elapsed / np.where(ramp > 0, ramp, 1.0), 0.0, 1.0)
    return np.where(ramp > 0, gradual, elapsed >= 0)


def _spillover_weights(spec: dict[str, Any], arrays: dict[str, Any]) -> Any:
    """W, less the identity where there is more than one area: what θ is multiplied with."""
    phi, lam = np.radians(arrays["latitude"]), np.radians(arrays["longitude"])
    a = (
        np.sin((phi[:, None] - phi) / 2) ** 2
        + np.cos(phi)[:, None] * np.cos(phi) * np.sin((lam[:, None] - lam) / 2) ** 2
    )
    km = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(a, 1.0)))
    weights = arrays["gva_gbp_m"].sum(axis=1) * np.exp(-km / spec["spillover_decay_km"])
    np.fill_diagonal(weights, 0.0)
    if len(weights) == 1:
        return weights
    return weights / weights.sum(axis=1, keepdims=True) - np.eye(len(weights))


_BLAS = ThreadpoolController() if ThreadpoolController else None


def blas_in_one_thread() -> Any:
    """Context in which a matrix product stays in the thread that asks for it."""
    return _BLAS.limit(limits=1, user_api="blas") if _BLAS else nullcontext()


@dataclass(frozen=True)
class Summary:
    """Mean and the quantiles at `PROBABILITIES`, last axis; areas, then the UK."""

    gain: Floats
    share: Floats
    cumulative: Floats


@dataclass(frozen=True)
class Outcome:
    """What a peer hands back; arrays are (areas, years, draws)."""

    gain: Floats
    cost: Floats
    summary: Summary


def summarise(gain: Floats, threads: int) -> Summary:
    """Summaries of every area and the UK: sorting is quicker than many selections."""
    areas, _, draws = gain.shape
    at = np.array(PROBABILITIES) * (draws - 1)
    below = at.astype(int)
    above, part = np.minimum(below + 1, draws - 1), (at - below).astype(np.float32)
    uk = np.add.reduce(gain, axis=0)

    def summary(values: Floats) -> Floats:
        mean = values.mean(axis=-1, dtype=np.float64)
        ordered = np.sort(values, axis=-1)
        low = ordered[..., below]
        quantiles = low + part * (ordered[..., above] - low)
        return np.concatenate([mean[..., None].astype(np.float32), quantiles], axis=-1)

    def of(area: int) -> tuple[Floats, Floats, Floats]:
        values = uk if area == areas else gain[area]
        share = values[-1] / uk[-1]
        return summary(values), summary(share), summary(np.add.reduce(values, axis=0))

    with ThreadPoolExecutor(threads) as pool:
        gains, shares, sums = zip(*pool.map(of, range(areas + 1)), strict=True)
    return Summary(np.array(gains), np.array(shares), np.array(sums))
