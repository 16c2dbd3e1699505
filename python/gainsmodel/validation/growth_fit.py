"""Fit the growth part of the model to the shipped accounts; ``make growth`` prints it.

Growth over every span of 1 to `horizon` years inside the window is taken apart into what areas,
sectors and cells add. What the model says of a span of h years, h² · sd² and for cells
h² · sd² + sd_e², is set to these variances by least squares; long spans weigh most, since they are
what is forecast. Nothing after the window's last year is read.
"""

import sys
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gainsmodel.validation.growth import (
    Floats,
    Growth,
    History,
    default_growth,
    history,
    is_south,
)

# The reference is fitted on all years, for the default horizon.
ALL_YEARS, HORIZON_YEARS = (1998, 2023), 10


class Levels(NamedTuple):
    """Variances of growth a year, share², and of the transitory part, log points²."""

    area: float
    sector: float
    cell: float
    transitory: float


def fit(data: History, first: int, last: int, horizon_years: int) -> Growth:
    """Fit mean, spread and loadings of growth to the years of one window.

    The mean is that of cells over the window, weighted by GVA at its start. The spread of the
    nation cannot be seen in one window. It is the standard deviation of the UK's annual growth in
    the window, times √(1/n + 1/T): a mean of n years forecasts one of T, if years are independent.

    The accounts hold two or three independent decades at most and cannot tell 23 free loadings.
    One number is fitted: how far areas of the four southern regions go one way and all others the
    other. It is shrunk as if one more stretch of `horizon_years` had been seen in which areas were
    independent, and scaled so that what is common leaves the UK's growth as it is.

    Parameters
    ----------
    data : History
        Accounts; only the window's years are read.
    first, last : int
        The window.
    horizon_years : int
        Years that will be forecast; spans are no longer than this.
    """
    gva = data.between(first, last)
    years = last - first
    longest = min(horizon_years, years)
    rates, weight = _rates(gva[:, :, 0], gva[:, :, -1], years)
    mean = float((weight * rates).sum())
    uk = gva.sum(axis=(0, 1))
    annual = uk[1:] / uk[:-1] - 1.0
    nation = float(annual.std(ddof=1) * np.sqrt(1.0 / years + 1.0 / horizon_years))

    levels = variances(gva, longest)
    sds = (float(np.sqrt(variance)) for variance in levels)
    side = contrast(gva, is_south(data.codes))
    strength = 0.0
    if levels.area > 0:
        stretches = years / longest
        shrunk = comovement(gva, side, levels, longest) / levels.area * stretches / (stretches + 1)
        strength = float(np.sqrt(np.clip(shrunk, 0.0, 1.0 / np.max(side**2))))
    area, sector, cell, transitory = sds
    loading = tuple((strength * side).tolist())
    return Growth(mean, nation, area, sector, cell, transitory, loading)


def variances(gva_gbp_m: Floats, longest: int) -> Levels:
    """Fit the levels' variances to growth over all spans up to the longest, in years.

    A level whose variance comes out negative has none.
    """
    spans = np.arange(1.0, longest + 1.0)
    observed = np.array([_between_levels(gva_gbp_m, h) for h in range(1, longest + 1)])
    area, sector, cell = observed.T
    squares = spans**2
    powers = squares @ squares
    if longest > 1:
        both = np.stack([squares, np.ones(longest)], axis=1)
        growing, transitory = np.linalg.lstsq(both, cell, rcond=None)[0]
    if longest == 1 or transitory < 0:
        growing, transitory = squares @ cell / powers, 0.0
    elif growing < 0:
        growing, transitory = 0.0, cell.mean()
    found = (squares @ area / powers, squares @ sector / powers, growing, transitory)
    return Levels(*(max(float(variance), 0.0) for variance in found))


def _between_levels(gva_gbp_m: Floats, span: int) -> Floats:
    """Variance between areas, sectors and cells of growth over a span, mean over all its starts.

    By the method of moments: the GVA-weighted sums of squares between areas, between sectors and
    in all are set equal to what the model expects.
    """
    starts = range(gva_gbp_m.shape[2] - span)
    found = [_moments(gva_gbp_m[:, :, t], gva_gbp_m[:, :, t + span], span) for t in starts]
    return span**2 * np.mean(found, axis=0)  # type: ignore[no-any-return]


def _rates(start: Floats, end: Floats, years: int) -> tuple[Floats, Floats]:
    """Compound growth of cells, and their weights by GVA at the start; 0 where either is."""
    known = (start > 0) & (end > 0)
    weight = np.where(known, start, 0.0)
    ratio = np.divide(end, start, out=np.ones_like(start), where=known)
    return ratio ** (1.0 / years) - 1.0, weight / weight.sum()


def _moments(start: Floats, end: Floats, years: int) -> Floats:
    """Variances of growth a year between areas, sectors and cells over one span."""
    growth, weight = _rates(start, end, years)
    of_area, of_sector = weight.sum(axis=1), weight.sum(axis=0)
    mean = (weight * growth).sum()
    by_area = np.divide((weight * growth).sum(axis=1), of_area, where=of_area > 0, out=0 * of_area)
    by_sector = np.divide(
        (weight * growth).sum(axis=0), of_sector, where=of_sector > 0, out=0 * of_sector
    )
    observed = [
        of_area @ by_area**2 - mean**2,
        of_sector @ by_sector**2 - mean**2,
        (weight * growth**2).sum() - mean**2,
    ]
    # Expected sums of squares for a variance of 1 of areas, of sectors and of cells.
    area, sector, cell = (of_area**2).sum(), (of_sector**2).sum(), (weight**2).sum()
    in_areas, in_sectors = (
        np.divide(weight**2, total, where=total > 0, out=np.zeros_like(weight))
        for total in (of_area[:, None], of_sector)
    )
    expected = [
        [1.0 - area, in_areas.sum() - sector, in_areas.sum() - cell],
        [in_sectors.sum() - area, 1.0 - sector, in_sectors.sum() - cell],
        [1.0 - area, 1.0 - sector, 1.0 - cell],
    ]
    return np.linalg.solve(expected, observed)


def contrast(gva_gbp_m: Floats, south: NDArray[np.bool_]) -> Floats:
    """+ in the north and − in the south, two apart, so that the UK's mean by GVA is 0."""
    side = np.where(south, -1.0, 1.0)
    of_uk = gva_gbp_m.sum(axis=(1, 2)) / gva_gbp_m.sum()
    return side - of_uk @ side  # type: ignore[no-any-return]


def comovement(gva_gbp_m: Floats, side: Floats, levels: Levels, longest: int) -> float:
    """Covariance of areas' growth that goes by `side`, share² a year; may be negative.

    An area's growth over a span beyond what its mixture of sectors grew in the UK is a weighted
    sum of growth in all cells, in which nation and sectors cancel. Its products between pairs of
    areas, over all spans, are set by least squares to what the model expects, in units of the
    model's own standard deviations.
    """
    mean = gva_gbp_m.mean(axis=2)
    of_area, of_sector = mean / mean.sum(axis=1, keepdims=True), mean / mean.sum(axis=0)
    areas = len(mean)
    to_areas = np.eye(areas) - of_area @ of_sector.T
    to_cells = np.einsum("rs,rq->rqs", of_area, np.eye(areas)) - of_area[:, None] * of_sector
    of_cells = np.einsum("rqs,tqs->rt", to_cells, to_cells)

    squares = np.arange(1.0, longest + 1.0) ** 2
    powers = squares @ squares
    observed = np.zeros((areas, areas))
    for span, square in enumerate(squares, start=1):
        start, end = gva_gbp_m[:, :, :-span], gva_gbp_m[:, :, span:]
        alike = np.einsum("rst,st->rt", start, end.sum(axis=0) / start.sum(axis=0))
        beyond = np.log(end.sum(axis=1) / alike)
        observed += square * (beyond @ beyond.T) / beyond.shape[1]
    observed /= powers

    cells = levels.cell + levels.transitory * squares.sum() / powers
    independent = levels.area * to_areas @ to_areas.T + cells * of_cells
    sd = np.sqrt(np.diag(independent))
    shared = to_areas @ (np.outer(side, side) - np.diag(side**2)) @ to_areas.T
    pairs = np.triu_indices(areas, 1)
    excess, expected = (
        (matrix / np.outer(sd, sd))[pairs] for matrix in (observed - independent, shared)
    )
    return float(excess @ expected / (expected @ expected))


def main() -> None:
    """Print what all years give, beside what the reference scenario states."""
    data = history("mayoral")
    fitted, stated = fit(data, *ALL_YEARS, HORIZON_YEARS), default_growth(data.codes)
    lines = [f"Fitted to {ALL_YEARS[0]}–{ALL_YEARS[1]}, spans of up to {HORIZON_YEARS} years"]
    for name in ("mean", "nation", "area", "sector", "cell", "transitory"):
        ours, theirs = (100 * getattr(growth, name) for growth in (fitted, stated))
        lines.append(f"{name:<11} {ours:5.2f}   reference scenario {theirs:5.2f}   per cent")
    lines += ["", "[parameters.growth_loading.values]"]
    for name, ours, theirs in zip(data.areas, fitted.loading, stated.loading, strict=True):
        lines.append(f'"{name}" = {ours:.2f}   # reference scenario {theirs:.2f}')
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
