"""Elementary functions and random numbers for the Numba peer, written so as to vectorise."""

from functools import cache
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from numba import njit

from peers.problem import TABLE_POINTS, Z_LIMIT

# Loops over many arrays are worth the checks that none overlap; loops of known length are not
# worth unrolling: the code is no faster and takes ten times as long to compile.
for option in (
    "-runtime-memory-check-threshold=256",
    "-unroll-full-max-count=4",
    "-unroll-allow-partial=false",
    "-unroll-runtime=false",
):
    llvm.set_option("", option)

F, U, I = np.float32, np.uint32, np.int32
STEP, LIMIT, LAST = F((TABLE_POINTS - 1) / (2 * Z_LIMIT)), F(Z_LIMIT), F(TABLE_POINTS - 1.001)
ONE, HALF = F(1), F(0.5)
fast = njit(fastmath={"nsz", "arcp", "contract", "afn", "reassoc"}, error_model="numpy")


@fast
def exp_(x: Any) -> Any:
    """e^x to 1e-7: a power of two times a polynomial (Cephes)."""
    x = min(max(x, F(-87)), F(88))
    n = np.floor(x * F(1.44269504) + HALF)
    r = x - n * F(0.693359375) + n * F(2.12194440e-4)
    y = (F(1.9875691500e-4) * r + F(1.3981999507e-3)) * r + F(8.3334519073e-3)
    y = ((y * r + F(4.1665795894e-2)) * r + F(1.6666665459e-1)) * r + F(5.0000001201e-1)
    return (y * r * r + r + ONE) * np.int32(I(n) * I(1 << 23) + I(127 << 23)).view(np.float32)


@fast
def log_(x: Any) -> Any:
    """ln x of a normal x > 0, to 1e-7 (Cephes)."""
    bits = np.float32(x).view(np.int32)
    e = I(I(bits - I(0x3F3504F3)) >> I(23))
    m = np.int32(bits - I(e * I(1 << 23))).view(np.float32) - ONE
    y = (F(7.0376836292e-2) * m - F(1.1514610310e-1)) * m + F(1.1676998740e-1)
    y = ((y * m - F(1.2420140846e-1)) * m + F(1.4249322787e-1)) * m - F(1.6668057665e-1)
    y = ((y * m + F(2.0000714765e-1)) * m - F(2.4999993993e-1)) * m + F(3.3333331174e-1)
    return (y * m - HALF) * m * m + m + F(e) * F(0.693147180)


@fast
def lookup(table: Any, first: int, z: Any) -> Any:
    """Linear interpolation in a flat table over equidistant z."""
    at = min(max((z + LIMIT) * STEP, F(0)), LAST)
    low = I(at)
    left = table[first + low]
    return left + (at - F(low)) * (table[first + low + 1] - left)


@cache
def normals_in_lanes(lanes: int) -> Any:
    """The generator for so many lanes."""
    L = lanes

    @fast
    def fill_normals(state: Any, out: Any, rows: int) -> None:
        """Standard normals for ``rows`` rows of lanes, two rows from two words of every lane."""
        a0, a1 = state[:L], state[L : 2 * L]
        a2, a3 = state[2 * L : 3 * L], state[3 * L :]
        for row in range(0, rows, 2):
            one, two = out[row * L :], out[row * L + L :]
            for l in range(L):
                s0, s1, s2, s3 = a0[l], a1[l], a2[l], a3[l]
                w = U(s0 + s3)
                first = U(U(U(w << U(7)) | U(w >> U(25))) + s0)
                t = U(s1 << U(9))
                s2, s3 = U(s2 ^ s0), U(s3 ^ s1)
                s1, s0 = U(s1 ^ s2), U(s0 ^ s3)
                s2, s3 = U(s2 ^ t), U(U(s3 << U(11)) | U(s3 >> U(21)))
                w = U(s0 + s3)
                second = U(U(U(w << U(7)) | U(w >> U(25))) + s0)
                t = U(s1 << U(9))
                s2, s3 = U(s2 ^ s0), U(s3 ^ s1)
                s1, s0 = U(s1 ^ s2), U(s0 ^ s3)
                s2, s3 = U(s2 ^ t), U(U(s3 << U(11)) | U(s3 >> U(21)))
                a0[l], a1[l], a2[l], a3[l] = s0, s1, s2, s3
                radius = np.sqrt(F(-2) * log_((F(I(first >> U(8))) + HALF) * F(2.0**-24)))
                # An angle within an eighth of a turn either way, and one of four quarters.
                a = F(I(second) >> I(2)) * F(2.0**-29 * 0.78539816339)
                z = a * a
                sine = (F(-1.9515295891e-4) * z + F(8.3321608736e-3)) * z - F(1.6666654611e-1)
                sine = sine * z * a + a
                cosine = (F(2.443315711809948e-5) * z - F(1.388731625493765e-3)) * z
                cosine = (cosine + F(4.166664568298827e-2)) * z * z - HALF * z + ONE
                radius = radius * (ONE - F(I(second & U(2))))
                swap = U(second & U(1)) != U(0)
                one[l] = radius * (sine if swap else cosine)
                two[l] = radius * (cosine if swap else sine)

    return fill_normals


@cache
def over_rows(areas: int, technologies: int, lanes: int) -> Any:
    """Loops over one area's technologies and lanes, or over all areas' lanes."""
    K, L = technologies, lanes
    RP, KL, RL, R = -(-areas // 4) * 4, K * L, areas * L, areas

    @fast
    def product(w: Any, x: Any, y: Any) -> None:
        """y = w x, for w (RP, RP) and x (RP, KL)."""
        for r in range(0, RP, 4):
            o0 = r * KL
            for j in range(4 * KL):
                y[o0 + j] = F(0)
            for i in range(0, RP, 4):
                a, b = r * RP + i, i * KL
                w00, w01, w02, w03 = w[a], w[a + 1], w[a + 2], w[a + 3]
                a += RP
                w10, w11, w12, w13 = w[a], w[a + 1], w[a + 2], w[a + 3]
                a += RP
                w20, w21, w22, w23 = w[a], w[a + 1], w[a + 2], w[a + 3]
                a += RP
                w30, w31, w32, w33 = w[a], w[a + 1], w[a + 2], w[a + 3]
                for j in range(KL):
                    x0, x1 = x[b + j], x[b + KL + j]
                    x2, x3 = x[b + 2 * KL + j], x[b + 3 * KL + j]
                    y[o0 + j] += w00 * x0 + w01 * x1 + w02 * x2 + w03 * x3
                    y[o0 + KL + j] += w10 * x0 + w11 * x1 + w12 * x2 + w13 * x3
                    y[o0 + 2 * KL + j] += w20 * x0 + w21 * x1 + w22 * x2 + w23 * x3
                    y[o0 + 3 * KL + j] += w30 * x0 + w31 * x1 + w32 * x2 + w33 * x3

    @fast
    def start(z: Any, coef: Any, area: Any, rest: Any, out: Any) -> None:
        """1 + exp(−logit) of every cell."""
        for r in range(R):
            for k in range(K):
                for l in range(L):
                    x = coef * z[r * KL + k * L + l] + area[r * L + l] + rest[k * L + l]
                    out[r * KL + k * L + l] = ONE + exp_(-x)

    @fast
    def step(
        base: Any, c: Any, gap: Any, d: Any, theta: Any, beta: Any, inc: Any, eff: Any
    ) -> None:
        """One year of one area: the gap closes by inc; eff is β times it."""
        for j in range(KL):
            h = min(base[j] - c[j] * (gap[j] + theta[j] * d[j]), ONE)
            x = h * gap[j]
            gap[j] -= x
            inc[j] = x
            eff[j] = beta[j] * x

    @fast
    def lever_step(
        base: Any, c: Any, gap: Any, high: Any, d: Any, theta: Any, beta: Any, inc: Any, eff: Any
    ) -> None:
        """The same where a lever is moved: ``high`` is the gap to the lifted ceiling."""
        for j in range(KL):
            h = min(base[j] - c[j] * (gap[j] + theta[j] * d[j]), ONE)
            x = h * high[j]
            gap[j] -= x
            high[j] -= x
            inc[j] = x
            eff[j] = beta[j] * x

    @fast
    def lift(
        p: Any, q: Any, m: Any, seen: Any, high: Any, was: Any, f: Any, base: Any, c: Any
    ) -> None:
        """What levers do to one area: factors ``f`` (4, L) of the year, on every technology."""
        for k in range(K):
            o = k * L
            for l in range(L):
                up = (ONE - m[o + l]) * min(f[2 * L + l], ONE)
                high[o + l] += up - was[o + l]
                was[o + l] = up
                x = q[o + l] * (ONE + f[L + l]) / (m[o + l] + up)
                c[o + l] = x
                base[o + l] = p[o + l] * (ONE + f[l]) + x * seen[o + l]

    @fast
    def over_technologies(x: Any, out: Any) -> None:
        """Sum of one area's technologies."""
        if K == 4:
            a, b, c, d = x[:L], x[L : 2 * L], x[2 * L : 3 * L], x[3 * L :]
            for l in range(L):
                out[l] = a[l] + b[l] + c[l] + d[l]
            return
        for l in range(L):
            out[l] = x[l]
        for k in range(1, K):
            row = x[k * L :]
            for l in range(L):
                out[l] += row[l]

    @fast
    def advance(gva: Any, g: Any, inc: Any, cost: Any) -> None:
        """GVA grows; what it costs to adopt, before κ."""
        for j in range(RL):
            value = gva[j] * g[j]
            gva[j] = value
            cost[j] = value * inc[j]

    @fast
    def accrue(risen: Any, eff: Any, stock: Any, keep: Any, lag: Any) -> None:
        """The effective stock, on all areas."""
        for j in range(RL):
            up = risen[j] + eff[j]
            risen[j] = up
            stock[j] = keep[j] * stock[j] + lag[j] * up

    @fast
    def earn(gva: Any, stock: Any, factor: Any, cap: Any, cost: Any, gain: Any, total: Any) -> None:
        """Gain and cost of one sector are added to those of the areas."""
        for j in range(RL):
            gain[j] += gva[j] * min(stock[j] * factor[j], cap[j])
            total[j] += cost[j]

    return product, start, step, lever_step, lift, over_technologies, advance, accrue, earn
