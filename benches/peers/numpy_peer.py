"""The model in NumPy, to be as fast as NumPy goes.

float32 throughout; a chunk of draws at a time, with the draws innermost; chunks run in threads, of
which NumPy's loops and BLAS release the interpreter lock; what is done year by year writes into
memory that is kept. Normals come from 16 random bits through a table of the normal's 65,536
conditional means: eight times as fast as NumPy's own, and the discreteness is far below Monte
Carlo error.

The recursion is carried by the gap G = m − A to the ceiling without levers,

    h = min(p + c·(m + θ(W − I)m) − c·(G + θ(W − I)G), 1),   c = q/m,   G ← G − h·G,

and one effective stock Σ_k β E per area and sector. Levers change p + c·(…), c and the gap on
the areas where one is moved, in the years in which its ramp changes.
"""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from scipy import special

from peers.problem import (
    BY_CELL,
    SLOPE,
    TABLE_POINTS,
    Z_LIMIT,
    Floats,
    Outcome,
    Problem,
    blas_in_one_thread,
    summarise,
)

# Cells times draws of a chunk, tuned: longer than the L2 cache would like, because threads that
# ask for the interpreter lock too often hold each other up.
CHUNK_CELLS = 320_000
ONE = np.float32(1.0)


def chunk_draws(problem: Problem) -> int:
    """Draws of a chunk, a multiple of 16."""
    cells = problem.technologies * problem.gva.size
    return max(16, CHUNK_CELLS // cells // 16 * 16)


def normal_table() -> Floats:
    """Mean of a standard normal within each of 65,536 equally likely intervals."""
    edges = special.ndtri(np.arange(65_537) / 65_536)
    density = np.exp(-0.5 * edges**2) / np.sqrt(2 * np.pi)
    return (65_536 * -np.diff(density)).astype(np.float32)


NORMALS = normal_table()


def lookup(table: Floats, z: Floats) -> Floats:
    """Linear interpolation in tables over equidistant z; a row of ``table`` for each of ``z``."""
    at = np.clip((z + Z_LIMIT) * ((TABLE_POINTS - 1) / (2 * Z_LIMIT)), 0, TABLE_POINTS - 1.001)
    low = at.astype(np.int32)
    at -= low
    if table.ndim == 1:
        left, right = table[low], table[low + 1]
    else:
        row = np.arange(len(table))[:, None]
        left, right = table[row, low], table[row, low + 1]
    return left + at * (right - left)


class Worker:
    """The memory of one thread, and a chunk's way from normals to gain and cost."""

    def __init__(self, problem: Problem, draws: int) -> None:
        """Allocate for chunks of ``draws``."""
        self.problem, self.draws = problem, draws
        k, r, s, m = problem.technologies, problem.areas, problem.sectors, problem.moved
        self.shared = np.empty((problem.shared, draws), np.float32)
        self.cells = np.empty((3, k, r, s, draws), np.float32)
        self.growth = np.empty((r, s, draws), np.float32)
        self.wide = np.empty((5, k, r, s, draws), np.float32)
        self.flat = np.empty((5, r, s, draws), np.float32)
        self.lever_wide = np.empty((5, k, m, s, draws), np.float32)
        self.changes = problem.ramp_changes

    def draw(self, generator: np.random.SFC64, coarse: bool) -> None:
        """Fill the normals: from the table, or by NumPy's own generator of full precision."""
        for values in (self.shared, self.cells, self.growth):
            flat = values.reshape(-1)
            if not coarse:
                np.random.Generator(generator).standard_normal(out=flat, dtype=np.float32)
                continue
            bits = generator.random_raw(-(-flat.size // 4)).view(np.uint16)
            np.take(NORMALS, bits[: flat.size], out=flat, mode="clip")

    def simulate(self, gain: Floats, cost: Floats) -> None:
        """From ``shared``, ``cells`` and ``growth``, which are spent, to gain and cost."""
        problem, n = self.problem, self.draws
        k, r, s = problem.technologies, problem.areas, problem.sectors

        def part(name: str) -> Floats:
            return problem.part(self.shared, name)

        level = problem.level

        national = lookup(problem.tables, part("national"))
        theta, lag, decay, cap, kappa, growth_nation = national[:6]
        area = (level[2] @ part("area").reshape(5, -1)).reshape(5, r, n)
        for i, slope in SLOPE.items():
            area[i] += national[slope] * problem.readiness[:, None]
        mean, sd = problem.complements
        area[4] += sd * part("complements") + np.float32(mean)
        sector = (level[3] @ part("sector").reshape(5, -1)).reshape(5, s, n)
        technology = (level[1] @ part("technology").reshape(5, -1)).reshape(5, k, n)
        technology += (level[0] @ part("nation"))[:, None, :]
        rest = sector[:, None] + technology[:, :, None]
        rest += problem.location[..., None]

        # Normals of cells become logits and logs in place: a, m, β.
        both = self.flat[0]
        for row, i in enumerate(BY_CELL):
            values = self.cells[row]
            values *= problem.cell[row]
            for j in range(k):
                np.add(area[i][:, None], rest[i, j], out=both)
                values[j] += both
        a, m, beta = self.cells
        gap, c, base, spill, step = self.wide
        np.exp(beta, out=beta)
        # 1/A = 1 + exp(−logit), and the ceiling is the larger of two, so 1/m the smaller.
        np.negative(self.cells[:2], out=self.cells[:2])
        np.exp(self.cells[:2], out=self.cells[:2])
        self.cells[:2] += ONE
        np.minimum(a, m, out=c)
        np.divide(ONE, c, out=m)
        np.divide(ONE, a, out=a)
        np.subtract(m, a, out=gap)

        # p and q are products of what areas and what sectors with technologies add.
        p_area, q_area = np.exp(area[1]), np.exp(area[2])
        p_rest, q_rest = np.exp(rest[1]), np.exp(rest[2])
        p, q = a, step  # initial adoption is not needed any more
        np.multiply(p_area[:, None], p_rest[:, None], out=p)
        np.multiply(q_area[:, None], q_rest[:, None], out=q)
        c *= q
        theta = np.tile(theta, s)

        def plane(x: Floats) -> Floats:
            return x.reshape(*x.shape[:-2], s * n)

        weights = problem.weights
        seen = spill
        np.matmul(weights, plane(m), out=plane(seen))
        plane(seen)[...] *= theta
        seen += m
        np.multiply(c, seen, out=base)
        base += p

        moved = problem.moved
        if moved:
            levers = self._levers(p, q, m, seen, national)
            lever_gap = self.lever_wide[4]
            lever_gap[...] = gap[:, :moved]
        growth, gva, stock, risen, sums = (
            self.growth,
            self.flat[1],
            self.flat[2],
            self.flat[3],
            both,
        )
        growth *= np.float32(problem.growth_sd[2])
        growth += problem.growth_sd[1] * part("growth_sector")
        growth += (
            problem.growth_sd[0] * part("growth_area")
            + growth_nation
            + np.float32(1.0 + problem.growth_mean)
        )[:, None]
        gva[...] = problem.gva[..., None]
        stock[...] = 0.0
        risen[...] = 0.0
        ones = np.ones((s, n), np.float32)
        keep, lag, cap = (np.tile(x, s) for x in (ONE - lag - decay, lag, cap))

        for year in range(problem.years):
            if moved and self.changes[year]:
                levers(year, base, c)
            np.matmul(weights, plane(gap), out=plane(spill))
            plane(spill)[...] *= theta
            spill += gap
            spill *= c
            np.subtract(base, spill, out=spill)
            np.minimum(spill, ones, out=spill)  # an array: a scalar is four times as slow
            if moved:
                spill[:, :moved] *= lever_gap
                spill[:, moved:] *= gap[:, moved:]
                lever_gap -= spill[:, :moved]
            else:
                spill *= gap
            gap -= spill
            gva *= growth
            np.add.reduce(spill, axis=0, out=sums)
            np.einsum("rsn,rsn->rn", sums, gva, out=cost[:, year])
            cost[:, year] *= kappa
            np.einsum("krsn,krsn->rsn", beta, spill, out=sums)
            risen += sums
            plane(stock)[...] *= keep
            np.multiply(plane(risen), lag, out=plane(sums))
            stock += sums
            if moved:
                np.multiply(stock[:moved], self.effect_factor, out=sums[:moved])
                np.minimum(plane(sums[:moved]), cap, out=plane(sums[:moved]))
                np.minimum(plane(stock[moved:]), cap, out=plane(sums[moved:]))
            else:
                np.minimum(plane(stock), cap, out=plane(sums))
            np.einsum("rsn,rsn->rn", sums, gva, out=gain[:, year])

    def _levers(self, p: Floats, q: Floats, m: Floats, seen: Floats, national: Floats) -> Any:
        """What moved levers do: a function that sets base, c and the rest for a year."""
        problem, n = self.problem, self.draws
        moved, s = problem.moved, problem.sectors
        fixed = self.lever_wide
        fixed[0], fixed[1], fixed[2] = p[:, :moved], q[:, :moved], m[:, :moved]
        seen_moved = seen[:, :moved].copy()
        common, own = problem.take_up_weights
        z = common * problem.part(self.shared, "take_up_nation")[:, None]
        z = z + own * problem.part(self.shared, "take_up_area")
        take_up = lookup(problem.take_up, z)
        levers = len(take_up)
        sums = np.empty((4, s, moved * n), np.float32)

        def at(year: int, base: Floats, c: Floats) -> None:
            strength = take_up * problem.ramp[year][..., None]
            for target in range(4):
                rows = [i for i in range(levers) if problem.effects[i, target] >= 0]
                effect = national[problem.effects[rows, target]][:, None] * strength[rows]
                np.matmul(problem.scope[rows].T, effect.reshape(len(rows), -1), out=sums[target])
            by_area = sums.reshape(4, s, moved, n).transpose(0, 2, 1, 3)
            factor = by_area + ONE
            lift = np.minimum(by_area[2], ONE)
            self.effect_factor = factor[3]
            p, q, m, lifted, gap = fixed
            gap -= lifted
            np.subtract(ONE, m, out=lifted)
            lifted *= lift  # (1 − m)·u: how far the ceiling is above m
            gap += lifted
            here = np.multiply(q, factor[1])
            here /= m + lifted
            c[:, :moved] = here
            here *= seen_moved
            here += p * factor[0]
            base[:, :moved] = here

        self.effect_factor = np.ones((moved, s, n), np.float32)
        fixed[3] = 0.0
        return at


def simulate(
    problem: Problem, shared: Floats, cells: Floats, growth: Floats
) -> tuple[Floats, Floats]:
    """Gain and cost, (areas, years, draws), from given standard normals."""
    worker = Worker(problem, shared.shape[1])
    worker.shared[...], worker.cells[...], worker.growth[...] = shared, cells, growth
    shape = (problem.areas, problem.years, shared.shape[1])
    gain, cost = np.empty(shape, np.float32), np.empty(shape, np.float32)
    worker.simulate(gain, cost)
    return gain, cost


def run(
    problem: Problem, draws: int, *, seed: int = 1, threads: int = 2, coarse: bool = True
) -> Outcome:
    """Simulate and summarise from the peer's own random numbers, coarse normals or fine ones."""
    size = chunk_draws(problem)
    shape = (problem.areas, problem.years, draws)
    gain, cost = np.empty(shape, np.float32), np.empty(shape, np.float32)
    chunks = range(-(-draws // size))
    seeds = np.random.SeedSequence(seed).spawn(len(chunks))
    own = threading.local()

    def one(chunk: int) -> None:
        if not hasattr(own, "worker"):
            own.worker = Worker(problem, size)
            own.gain, own.cost = np.empty((2, problem.areas, problem.years, size), np.float32)
        own.worker.draw(np.random.SFC64(seeds[chunk]), coarse)
        own.worker.simulate(own.gain, own.cost)
        here = slice(chunk * size, min(draws, (chunk + 1) * size))
        count = here.stop - here.start
        gain[..., here], cost[..., here] = own.gain[..., :count], own.cost[..., :count]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)  # a thread that waits for the lock gets it sooner
    try:
        with blas_in_one_thread(), ThreadPoolExecutor(threads) as pool:
            list(pool.map(one, chunks))
    finally:
        sys.setswitchinterval(interval)
    return Outcome(gain, cost, summarise(gain, threads))
