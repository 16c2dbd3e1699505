"""The model in JAX, to be as fast as JAX goes on a CPU.

One compiled function takes a chunk of draws, innermost in every array, from the chunk's number
to gain and cost; the compiler fuses what stands between two area × area products. Chunks run in
Python threads, which leave the interpreter lock while they compute: that scales better than the
compiler's own threads, which are switched off. Random numbers are a hash of a counter ("lowbias32"
of Chris Wellons), since the library's own cost more than the model.

The recursion is that of the NumPy peer: the gap to the ceiling without levers, one effective
stock for each area and sector, lever work on areas where a lever is moved only.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

os.environ["XLA_FLAGS"] = (
    os.environ.get("XLA_FLAGS", "") + " --xla_cpu_multi_thread_eigen=false"
).strip()
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from peers.problem import (
    NATIONAL,
    SLOPE,
    TABLE_POINTS,
    Z_LIMIT,
    Floats,
    Outcome,
    Problem,
    summarise,
)

jax.config.update("jax_cpu_enable_async_dispatch", False)

# Cells times draws of a chunk, tuned.
CHUNK_CELLS = 212_000


def normals(first: Any, shape: tuple[int, ...]) -> Any:
    """Standard normals of the counters from ``first`` on."""
    x = lax.iota(jnp.uint32, int(np.prod(shape))).reshape(shape) + first
    x = (x ^ (x >> 16)) * jnp.uint32(0x7FEB352D)
    x = (x ^ (x >> 15)) * jnp.uint32(0x846CA68B)
    x = x ^ (x >> 16)
    # Odd multiples of 2^-24 between -1 and 1, so that neither end is reached.
    u = (lax.bitcast_convert_type(x, jnp.int32) >> 8).astype(jnp.float32) + 0.5
    return np.float32(np.sqrt(2.0)) * lax.erf_inv(u * np.float32(2.0**-23))


def lookup(table: Any, z: Any) -> Any:
    """Linear interpolation over equidistant z; a table for all, or one for each row of ``z``."""
    at = (z + Z_LIMIT) * np.float32((TABLE_POINTS - 1) / (2 * Z_LIMIT))
    at = jnp.clip(at, 0, np.float32(TABLE_POINTS - 1.001))
    low = at.astype(jnp.int32)
    if table.ndim == 2:
        low = low + TABLE_POINTS * jnp.arange(len(table), dtype=jnp.int32)[:, None]
    flat = table.reshape(-1)
    return flat[low] + (at - jnp.floor(at)) * (flat[low + 1] - flat[low])


def _path(problem: Problem, a: dict[str, Any], shared: Any, cells: Any, growth: Any) -> Any:
    """Gain and cost; cells are (3, areas, technologies, sectors, draws) here.

    ``problem`` gives sizes and switches, which are compiled in, ``a`` its arrays.
    """
    n = shared.shape[-1]
    r, s, k, m_ = problem.areas, problem.sectors, problem.technologies, problem.moved
    part = partial(problem.part, shared)
    national = lookup(a["tables"], part("national"))
    theta, lag, decay, cap, kappa, growth_nation = national[:6]
    level = a["level"]

    def mixed(at: int, z: Any) -> Any:
        return jnp.einsum("ij,jx->ix", level[at], z.reshape(5, -1)).reshape(z.shape)

    area = list(mixed(2, part("area")))
    for i, slope in SLOPE.items():
        area[i] += a["readiness"][:, None] * national[slope]
    mean, sd = problem.complements
    area[4] += mean + sd * part("complements")
    area = [x[:, None, None, :] for x in area]
    technology = mixed(1, part("technology")) + mixed(0, part("nation")[:, None])
    rest = technology[:, :, None] + mixed(3, part("sector"))[:, None] + a["location"][..., None]

    ea = 1 + jnp.exp(-(a["cell"][0] * cells[0] + area[0] + rest[0]))
    em = 1 + jnp.exp(-(a["cell"][1] * cells[1] + area[3] + rest[3]))
    beta = jnp.exp(a["cell"][2] * cells[2] + area[4] + rest[4])
    inverse = jnp.minimum(ea, em)
    m = 1 / inverse
    gap = m - 1 / ea
    p = jnp.exp(area[1]) * jnp.exp(rest[1])
    q = jnp.exp(area[2]) * jnp.exp(rest[2])

    def around(x: Any) -> Any:
        """x + θ(W − I)x."""
        return x + theta * jnp.dot(a["weights"], x.reshape(r, -1)).reshape(x.shape)

    seen = around(m)
    c = inverse * q
    base = p + c * seen
    g = (
        np.float32(1 + problem.growth_mean)
        + growth_nation
        + problem.growth_sd[0] * part("growth_area")[:, None]
        + problem.growth_sd[1] * part("growth_sector")
        + problem.growth_sd[2] * growth
    )
    gva = jnp.broadcast_to(a["gva"][..., None], (r, s, n))
    stock, risen = jnp.zeros((r, s, n), jnp.float32), jnp.zeros((r, s, n), jnp.float32)
    state = {"gap": gap, "gva": gva, "stock": stock, "risen": risen}
    if m_:
        common, own = problem.take_up_weights
        z = common * part("take_up_nation")[:, None] + own * part("take_up_area")
        take_up = lookup(a["take_up"], z)
        p, q, m, seen = p[:m_], q[:m_], m[:m_], seen[:m_]
        state |= {"high": gap[:m_], "lifted": jnp.zeros_like(m), "c": c, "base": base}
        state["factor"] = jnp.ones((m_, s, n), jnp.float32)

    def levers(state: Any, ramp: Any) -> Any:
        """Ceiling, hazard and effect where levers are moved, in a year when a ramp changes."""
        sums = []
        for target in range(4):
            rows = [i for i, row in enumerate(problem.effects[:, target]) if row >= 0]
            acts = national[problem.effects[rows, target]][:, None] * take_up[np.array(rows, int)]
            acts = acts * ramp[np.array(rows, int), :, None]
            sums.append(jnp.einsum("vs,vrn->rsn", a["scope"][np.array(rows, int)], acts)[:, None])
        up = (1 - m) * jnp.minimum(sums[2], 1)
        here = q * (1 + sums[1]) / (m + up)
        return state | {
            "high": state["high"] + (up - state["lifted"]),
            "lifted": up,
            "c": state["c"].at[:m_].set(here),
            "base": state["base"].at[:m_].set(p * (1 + sums[0]) + here * seen),
            "factor": 1 + sums[3][:, 0],
        }

    def step(state: Any, year: Any) -> Any:
        """One year. A loop keeps its state in memory: unrolled, years would be fused."""
        ramp, changed = year
        if m_:
            state = lax.cond(changed, levers, lambda state, _: state, state, ramp)
        gap, stock = state["gap"], state["stock"]
        h = jnp.minimum(state.get("base", base) - state.get("c", c) * around(gap), 1)
        inc = h * gap
        new = dict(state)
        if m_:
            moved = h[:m_] * state["high"]
            new["high"] = state["high"] - moved
            inc = inc.at[:m_].set(moved)
        new["gap"] = gap - inc
        new["gva"] = gva = state["gva"] * g
        # Sums over technologies written out fuse; a reduction would not.
        cost = kappa * jnp.sum(gva * sum(inc[:, j] for j in range(k)), axis=1)
        new["risen"] = state["risen"] + sum(beta[:, j] * inc[:, j] for j in range(k))
        new["stock"] = stock = (1 - lag - decay) * stock + lag * new["risen"]
        if m_:
            stock = stock.at[:m_].multiply(state["factor"])
        return new, (jnp.sum(gva * jnp.minimum(stock, cap), axis=1), cost)

    changes = np.array(problem.ramp_changes)
    _, (gain, cost) = lax.scan(step, state, (a["ramp"], changes))
    return gain.swapaxes(0, 1), cost.swapaxes(0, 1)


class Compiled:
    """A problem's arrays on the device, and its functions."""

    def __init__(self, problem: Problem) -> None:
        """Lay out what is compiled in and what is passed."""
        names = ("tables", "level", "location", "readiness", "weights", "gva", "cell", "take_up",
                 "ramp", "scope")  # fmt: skip
        self.arrays = {name: jnp.asarray(getattr(problem, name)) for name in names}
        self.path = jax.jit(partial(_path, problem))
        cells = problem.technologies * problem.gva.size
        self.draws = max(16, CHUNK_CELLS // cells // 16 * 16)
        self.chunk = jax.jit(partial(self._chunk, problem, self.draws))

    @staticmethod
    def _chunk(problem: Problem, n: int, arrays: dict[str, Any], first: Any) -> Any:
        """One chunk from the number of its first normal."""
        r, s, k = problem.areas, problem.sectors, problem.technologies
        shared = normals(first, (problem.shared, n))
        first = first + jnp.uint32(shared.size)
        cells = [normals(first + jnp.uint32(i * r * k * s * n), (r, k, s, n)) for i in range(3)]
        growth = normals(first + jnp.uint32(3 * r * k * s * n), (r, s, n))
        return _path(problem, arrays, shared, cells, growth)


_compiled: dict[int, tuple[Problem, Compiled]] = {}


def compiled(problem: Problem) -> Compiled:
    """Compiled functions, kept as long as this module."""
    if id(problem) not in _compiled:
        _compiled[id(problem)] = (problem, Compiled(problem))
    return _compiled[id(problem)][1]


def simulate(
    problem: Problem, shared: Floats, cells: Floats, growth: Floats
) -> tuple[Floats, Floats]:
    """Gain and cost, (areas, years, draws), from given standard normals."""
    made = compiled(problem)
    return made.path(made.arrays, shared, cells.swapaxes(1, 2), growth)


def run(problem: Problem, draws: int, *, seed: int = 1, threads: int = 2) -> Outcome:
    """Simulate and summarise from the peer's own random numbers."""
    made = compiled(problem)
    shape = (problem.areas, problem.years, draws)
    gain, cost = np.empty(shape, np.float32), np.empty(shape, np.float32)
    normals_each = problem.shared + problem.gva.size * (3 * problem.technologies + 1)

    def one(first: int) -> None:
        counter = np.uint32((first * normals_each + seed * 0x9E3779B9) % 2**32)
        here = slice(first, min(draws, first + made.draws))
        for ours, out in zip(made.chunk(made.arrays, counter), (gain, cost), strict=True):
            out[..., here] = np.asarray(ours)[..., : here.stop - here.start]

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(one, range(0, draws, made.draws)))
    return Outcome(gain, cost, summarise(gain, threads))


assert NATIONAL[5] == "growth_nation"
