"""The growth part of the model by itself, and the accounts it is fitted to and held against.

With no levers and no adoption, the model's GVA is ``GVA[r,s] · (1 + g[r,s])^t · exp(e[r,s])`` with
``g[r,s] = nation + area + sector + cell``, constant over the horizon, and a transitory part ``e``
that does not grow with it. All are normal; the parts of areas go together by their loadings.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gainsmodel.scenario import load_scenario
from gainsmodel.validation.page import TABLES

Floats = NDArray[np.float64]
GEOGRAPHIES = {"itl1": "ITL1 regions", "itl2": "ITL2 areas", "mayoral": "mayoral geography"}
# East of England, London, South East and South West, and the areas of the mayoral geography there.
SOUTH = (
    *("TLH", "TLI", "TLJ", "TLK", "REST_TLH", "REST_TLJ", "REST_TLK"),
    *("E12000007", "E47000008", "E47000009"),
)


@dataclass(frozen=True)
class Growth:
    """Mean and standard deviations of growth, share a year, real.

    Attributes
    ----------
    mean : float
        Expected growth.
    nation, area, sector, cell : float
        Standard deviations of the four levels.
    transitory : float
        Standard deviation of the transitory part, log points.
    loading : tuple of float
        What each area has of the number that all share, −1 to 1; empty if nothing.
    """

    mean: float
    nation: float
    area: float
    sector: float
    cell: float
    transitory: float = 0.0
    loading: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class History:
    """Real GVA of one geography, £m at 2022 prices, shape (areas, sectors, years)."""

    codes: tuple[str, ...]
    areas: tuple[str, ...]
    sectors: tuple[str, ...]
    first_year: int
    gva_gbp_m: Floats

    def at(self, year: int) -> Floats:
        """GVA of a year, shape (areas, sectors)."""
        return self.gva_gbp_m[:, :, year - self.first_year]

    def between(self, first: int, last: int) -> Floats:
        """GVA of the years from first to last, both included."""
        return self.gva_gbp_m[:, :, first - self.first_year : last - self.first_year + 1]


@cache
def history(geography: str) -> History:
    """Read the shipped history of one geography of `GEOGRAPHIES`, 1998 to 2023."""
    frame = pl.read_csv(TABLES / "gva_history.csv").filter(pl.col("geography") == geography)
    codes, areas, sectors = (
        tuple(frame[name].unique(maintain_order=True).to_list())
        for name in ("area_code", "area_name", "sector")
    )
    years = [int(name) for name in frame.columns[4:]]
    values = frame[:, 4:].to_numpy().astype(float)
    return History(codes, areas, sectors, years[0], values.reshape(len(areas), len(sectors), -1))


def is_south(codes: Iterable[str]) -> NDArray[np.bool_]:
    """Whether areas of ITL1, ITL2 or the mayoral geography lie in the four southern regions."""
    return np.array([code.startswith(SOUTH) for code in codes])


def default_growth(codes: Iterable[str]) -> Growth:
    """The reference scenario's, for areas given by their codes."""
    parameters = load_scenario("reference").parameters
    nation, *others = (
        getattr(parameters, f"growth_{level}").figure().core()
        for level in ("nation", "area", "sector", "cell", "transitory")
    )
    stated = parameters.growth_loading.values
    loading = np.where(is_south(codes), stated["London"], stated["Scotland"])
    area, sector, cell, transitory = (level["sd"] for level in others)
    found = tuple(loading.tolist())
    return Growth(nation["mean"], nation["sd"], area, sector, cell, transitory, found)


@dataclass(frozen=True, eq=False)
class Numbers:
    """Standard normal numbers, each of shape (draws, areas or 1, sectors or 1)."""

    nation: Floats
    common: Floats
    area: Floats
    sector: Floats
    cell: Floats
    transitory: Floats


def standard_normals(
    generator: np.random.Generator, draws: int, areas: int, sectors: int
) -> Numbers:
    """Draw all numbers of one geography."""
    shapes = ((1, 1), (1, 1), (areas, 1), (1, sectors), (areas, sectors), (areas, sectors))
    return Numbers(*(generator.standard_normal((draws, *shape)) for shape in shapes))


def deviations(growth: Growth, numbers: Numbers) -> tuple[Floats, Floats]:
    """Growth a year less its mean, and the transitory part; shapes (draws, areas, sectors)."""
    loading = np.array(growth.loading or 0.0).reshape(-1, 1)
    area = loading * numbers.common + np.sqrt(1.0 - loading**2) * numbers.area
    g = growth.nation * numbers.nation + growth.area * area
    g = g + growth.sector * numbers.sector + growth.cell * numbers.cell
    return g, growth.transitory * numbers.transitory


def simulate(start_gbp_m: Floats, growth: Growth, years: int, numbers: Numbers) -> Floats:
    """GVA after some years, draw by draw, £m; shape (draws, areas, sectors)."""
    g, transitory = deviations(growth, numbers)
    grown: Floats = start_gbp_m * (1.0 + growth.mean + g) ** years * np.exp(transitory)
    return grown
