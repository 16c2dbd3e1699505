"""The model in Numba, to be as fast as Numba goes.

A block of draws lies in lanes, innermost in every array; within a block sectors are outermost,
because imitation couples areas within a sector only, so the state of a block and a sector, areas
by technologies by lanes, stays in the cache. Blocks run in parallel, each with random numbers of
its own: xoshiro128++ in lanes (Blackman and Vigna, 2021), Box–Muller with polynomials. Sizes are
compiled in and arrays are flat, so that the compiler sees constant distances, and vectorises; the
area × area product is unrolled by hand.

The recursion is that of the NumPy peer: the gap to the ceiling without levers, one effective
stock for each area and sector, lever work on areas where a lever is moved only.
"""

from functools import cache
from typing import Any

import numba
import numpy as np
from numba import njit, prange

from peers.numba_lanes import ONE, exp_, fast, lookup, normals_in_lanes, over_rows
from peers.problem import (
    BY_CELL,
    NATIONAL,
    SLOPE,
    TABLE_POINTS,
    Floats,
    Outcome,
    Problem,
    summarise,
)

F = np.float32
# At most so many numbers in an array of a block, tuned, but 16 lanes at least and 128 at most.
BLOCK = 65_536
SLOPES = np.array([SLOPE.get(i, -1) for i in range(5)])


@cache
def kernel(areas: int, sectors: int, technologies: int, years: int, lanes: int) -> Any:
    """The compiled simulation of one size."""
    R, S, K, T, L = areas, sectors, technologies, years, lanes
    RP, KL, RL = -(-R // 4) * 4, K * L, R * L

    fill_normals = normals_in_lanes(L)

    product, start, step, lever_step, lift, over_technologies, advance, accrue, earn = over_rows(
        R, K, L
    )

    @fast
    def block(
        shared: Any, z: Any, given: Any, growth_given: Any, n: int, state: Any, w: Any,
        rows: Any, level: Any, cell: Any, location: Any, tables: Any, slopes: Any, ready: Any,
        gva0: Any, constants: Any, moved: int, effects: Any, take_up_table: Any, ramp: Any,
        changes: Any, scope: Any, gain: Any, cost: Any,
    ) -> None:  # fmt: skip
        """One block of draws: (T·R·L) gain and cost from shared normals."""
        G = len(tables) // TABLE_POINTS
        national = np.empty((G, L), np.float32)
        for i in range(G):
            for l in range(L):
                national[i, l] = lookup(tables, i * TABLE_POINTS, shared[(rows[4] + i) * L + l])
        cap, kappa, lag = national[3], national[4], national[1]
        theta, wide = np.empty(KL, np.float32), np.empty((3, RL), np.float32)
        for l in range(L):
            for r in range(R):
                wide[0, r * L + l] = ONE - lag[l] - national[2, l]
                wide[1, r * L + l] = lag[l]
                wide[2, r * L + l] = cap[l]
            for k in range(K):
                theta[k * L + l] = national[0, l]
        area = np.zeros((6, RL), np.float32)  # the sixth is growth
        for i in range(5):
            for j in range(5):
                x = level[2, i, j]
                if x != 0:
                    first = (rows[2] + j * R) * L
                    for a in range(RL):
                        area[i, a] += x * shared[first + a]
            if slopes[i] >= 0:
                for r in range(R):
                    for l in range(L):
                        area[i, r * L + l] += ready[r] * national[slopes[i], l]
        for r in range(R):
            for l in range(L):
                at = r * L + l
                area[4, at] += constants[0] + constants[1] * shared[rows[5] * L + at]
                area[5, at] = (
                    ONE + constants[2] + national[5, l] + constants[3] * shared[rows[6] * L + at]
                )
                area[1, at], area[2, at] = exp_(area[1, at]), exp_(area[2, at])
        levers = len(scope)
        take_up = np.empty((levers, moved * L), np.float32)
        for v in range(levers):
            for r in range(moved):
                for l in range(L):
                    x = constants[6] * shared[(rows[8] + v) * L + l]
                    x += constants[7] * shared[(rows[9] + v * moved + r) * L + l]
                    take_up[v, r * L + l] = lookup(take_up_table, 0, x)

        size = RP * KL
        gap, d, m, c = (
            np.zeros(size, np.float32), np.zeros(size, np.float32),
            np.zeros(size, np.float32), np.zeros(size, np.float32),
        )  # fmt: skip
        base, beta = np.zeros(size, np.float32), np.zeros(size, np.float32)
        inc, eff = np.empty(KL, np.float32), np.empty(KL, np.float32)
        gva, risen, stock = (
            np.empty(RL, np.float32),
            np.empty(RL, np.float32),
            np.empty(RL, np.float32),
        )
        lp, lq, seen = (
            np.empty(moved * KL, np.float32), np.empty(moved * KL, np.float32),
            np.empty(moved * KL, np.float32),
        )  # fmt: skip
        high, was = np.empty(moved * KL, np.float32), np.empty(moved * KL, np.float32)
        f, factor = np.zeros(4 * L, np.float32), np.ones(RL, np.float32)
        sums = np.empty((3, RL), np.float32)
        rest = np.empty((5, KL), np.float32)
        pairs = 3 * R * K + R
        for s in range(S):
            if n < 0:
                fill_normals(state, z, pairs)
            else:
                for i in range(3):
                    for k in range(K):
                        for r in range(R):
                            for l in range(L):
                                z[((i * R + r) * K + k) * L + l] = given[i, k, r, s, n + l]
                for r in range(R):
                    for l in range(L):
                        z[(3 * R * K + r) * L + l] = growth_given[r, s, n + l]
            for i in range(5):
                for k in range(K):
                    for l in range(L):
                        x = location[i, k, s]
                        for j in range(5):
                            x += level[0, i, j] * shared[(rows[0] + j) * L + l]
                            x += level[1, i, j] * shared[(rows[1] + j * K + k) * L + l]
                            x += level[3, i, j] * shared[(rows[3] + j * S + s) * L + l]
                        rest[i, k * L + l] = x
            for j in range(KL):
                rest[1, j], rest[2, j] = exp_(rest[1, j]), exp_(rest[2, j])
            third = R * KL
            start(z, cell[0], area[0], rest[0], d)
            start(z[third:], cell[1], area[3], rest[3], m)
            for j in range(R * KL):
                x = min(d[j], m[j])
                c[j] = x
                m[j] = ONE / x
                gap[j] = m[j] - ONE / d[j]
            for r in range(R):
                for k in range(K):
                    for l in range(L):
                        x = cell[2] * z[2 * third + r * KL + k * L + l] + area[4, r * L + l]
                        beta[r * KL + k * L + l] = exp_(x + rest[4, k * L + l])
            product(w, m, d)
            for r in range(R):
                for k in range(K):
                    for l in range(L):
                        at = r * KL + k * L + l
                        p = area[1, r * L + l] * rest[1, k * L + l]
                        q = area[2, r * L + l] * rest[2, k * L + l]
                        x = m[at] + theta[l] * d[at]
                        c[at] *= q
                        base[at] = p + c[at] * x
            for r in range(moved):
                for k in range(K):
                    for l in range(L):
                        at = r * KL + k * L + l
                        lp[at] = area[1, r * L + l] * rest[1, k * L + l]
                        lq[at] = area[2, r * L + l] * rest[2, k * L + l]
                        seen[at] = m[at] + theta[l] * d[at]
                        high[at], was[at] = gap[at], F(0)
            for r in range(R):
                for l in range(L):
                    at = r * L + l
                    z[(3 * R * K) * L + at] = (
                        constants[4] * z[(3 * R * K) * L + at]
                        + area[5, at]
                        + constants[5] * shared[(rows[7] + s) * L + l]
                    )
                    gva[at], risen[at], stock[at] = gva0[r, s], F(0), F(0)
            g = z[3 * R * K * L :]
            for r in range(moved):
                for l in range(L):
                    factor[r * L + l] = ONE

            for t in range(T):
                if moved > 0 and changes[t]:
                    for r in range(moved):
                        f[:] = F(0)
                        for v in range(levers):
                            x = ramp[t, v, r] * scope[v, s]
                            if x != 0:
                                for target in range(4):
                                    e = effects[v, target]
                                    if e >= 0:
                                        for l in range(L):
                                            f[target * L + l] += (
                                                x * national[e, l] * take_up[v, r * L + l]
                                            )
                        o = r * KL
                        lift(lp[o:], lq[o:], m[o:], seen[o:], high[o:], was[o:], f, base[o:], c[o:])
                        for l in range(L):
                            factor[r * L + l] = ONE + f[3 * L + l]
                product(w, gap, d)
                for r in range(R):
                    o = r * KL
                    if r < moved:
                        lever_step(
                            base[o:], c[o:], gap[o:], high[o:], d[o:], theta, beta[o:], inc, eff
                        )
                    else:
                        step(base[o:], c[o:], gap[o:], d[o:], theta, beta[o:], inc, eff)
                    over_technologies(inc, sums[0, r * L :])
                    over_technologies(eff, sums[1, r * L :])
                advance(gva, g, sums[0], sums[2])
                accrue(risen, sums[1], stock, wide[0], wide[1])
                earn(gva, stock, factor, wide[2], sums[2], gain[t * RL :], cost[t * RL :])
        for at in range(0, R * T * L, L):
            for l in range(L):
                cost[at + l] *= kappa[l]

    @njit(parallel=True, fastmath=True, error_model="numpy")
    def simulate(
        gain: Any, cost: Any, states: Any, shared_given: Any, cells: Any, growth: Any,
        n_shared: int, w: Any, rows: Any, level: Any, cell: Any, location: Any, tables: Any,
        slopes: Any, ready: Any, gva0: Any, constants: Any, moved: int, effects: Any,
        take_up_table: Any, ramp: Any, changes: Any, scope: Any,
    ) -> None:  # fmt: skip
        """All blocks; ``states`` is (blocks, 4·L), or has no blocks if normals are given."""
        own = len(states) > 0
        blocks = -(-gain.shape[2] // L)
        for b in prange(blocks):
            n, count = b * L, min(L, gain.shape[2] - b * L)
            shared = np.empty((n_shared + n_shared % 2) * L, np.float32)
            z = np.empty((3 * R * K + R + 1) * L, np.float32)
            state = np.empty(4 * L, np.uint32)
            if own:
                state[:] = states[b]
                fill_normals(state, shared, n_shared)
            else:
                for i in range(n_shared):
                    shared[i * L : (i + 1) * L] = shared_given[i, n : n + L]
            block_gain = np.zeros(R * T * L, np.float32)
            block_cost = np.zeros(R * T * L, np.float32)
            block(
                shared, z, cells, growth, -1 if own else n, state, w, rows, level, cell, location,
                tables, slopes, ready, gva0, constants, moved, effects, take_up_table, ramp,
                changes, scope, block_gain, block_cost,
            )  # fmt: skip
            for r in range(R):
                for t in range(T):
                    o = (t * R + r) * L
                    for l in range(count):
                        gain[r, t, n + l] = block_gain[o + l]
                        cost[r, t, n + l] = block_cost[o + l]

    return simulate


def lanes(problem: Problem) -> int:
    """Draws of a block: as many as keep its arrays in the cache."""
    return min(128, max(16, 2 ** int(np.log2(BLOCK / (problem.areas * problem.technologies)))))


def _simulate(
    problem: Problem, draws: int, states: Any, shared: Floats, cells: Floats, growth: Floats
) -> tuple[Floats, Floats]:
    size = -(-problem.areas // 4) * 4
    w = np.zeros((size, size), np.float32)
    w[: problem.areas, : problem.areas] = problem.weights
    mean, sd = problem.complements
    constants = (mean, sd, problem.growth_mean, problem.growth_sd[0], problem.growth_sd[2],
                 problem.growth_sd[1], *problem.take_up_weights)  # fmt: skip
    shape = (problem.areas, problem.years, draws)
    gain, cost = np.empty(shape, np.float32), np.empty(shape, np.float32)
    kernel(problem.areas, problem.sectors, problem.technologies, problem.years, lanes(problem))(
        gain, cost, states, shared, cells, growth, problem.shared, w.reshape(-1),
        np.array([first for first, _ in problem.rows.values()]), problem.level, problem.cell,
        problem.location, problem.tables.reshape(-1), SLOPES, problem.readiness, problem.gva,
        np.array(constants, np.float32), problem.moved, problem.effects, problem.take_up,
        problem.ramp, np.array(problem.ramp_changes), problem.scope,
    )  # fmt: skip
    return gain, cost


def simulate(
    problem: Problem, shared: Floats, cells: Floats, growth: Floats
) -> tuple[Floats, Floats]:
    """Gain and cost, (areas, years, draws), from given standard normals of whole blocks."""
    L = lanes(problem)
    assert shared.shape[1] % L == 0
    states = np.empty((0, 4 * L), np.uint32)
    return _simulate(problem, shared.shape[1], states, shared, cells, growth)


def run(problem: Problem, draws: int, *, seed: int = 1, threads: int = 2) -> Outcome:
    """Simulate and summarise from the peer's own random numbers."""
    L = lanes(problem)
    blocks = -(-draws // L)
    states = np.random.SFC64(seed).random_raw(blocks * 2 * L).view(np.uint32)
    none = tuple(np.empty((0,) * axes, np.float32) for axes in (2, 5, 3))
    before = numba.get_num_threads()
    numba.set_num_threads(min(threads, before))
    try:
        gain, cost = _simulate(problem, draws, states.reshape(blocks, -1), *none)
    finally:
        numba.set_num_threads(before)
    return Outcome(gain, cost, summarise(gain, threads))


assert BY_CELL == (0, 3, 4)
assert NATIONAL[5] == "growth_nation"
