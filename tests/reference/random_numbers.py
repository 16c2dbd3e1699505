"""The model's keyed random numbers (section 8), written independently in NumPy.

Every standard normal is a pure function of a seed, the name of the factor it belongs to and the
number of the draw. A factor is a family ("imitation/area"), and, where the family has many
members, an area code and a cell name ("J/ai"). There are two samplers:

- "random": seven rounds of AES-128 (FIPS 197), with the seed for its key, on (counter, area, cell,
  family); words of two blocks give pairs of normal numbers by Box and Muller's transformation;
- "sobol": sixteen interleaved lanes of hash-scrambled Sobol points on the factors that matter,
  the same words on the cells;
- "sobol_full": points on the cells too, as far as direction numbers reach.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special
from scipy.stats import qmc

from .model import LEVER_TARGETS, NATIONAL_PARAMETERS, SPREAD_PARAMETERS

Array = np.ndarray

LANES = 16
SOBOL_DIMENSIONS = 21_201  # as many as Joe and Kuo's table of direction numbers has
SOBOL_BITS = 32
LOW_32_BITS = np.uint64(0xFFFFFFFF)

# Levers for which dimensions are kept before those that came later.
LEVERS_WITH_PLACES = 20

# Numbers of a lever behind all others.
DECIDED_BY_LEVER = ("lever_zero", "optimism_bias")

# Cells take dimensions in this order, after growth: what matters most first.
CELL_ORDER = (
    "ceiling",
    "productivity_effect",
    "initial_adoption",
    "imitation",
    "innovation",
)


def crc32(text: str) -> int:
    """The name's key: its CRC-32. An absent name is "", whose CRC-32 is 0."""
    return zlib.crc32(text.encode("utf-8"))


@dataclass(frozen=True)
class Factor:
    """One stream of standard normals, a number for every draw."""

    family: str
    area: str = ""
    cell: str = ""


# --------------------------------------------------------------------------------------------
# AES
# --------------------------------------------------------------------------------------------

ROUNDS = 7


def doubled(byte: Any) -> Any:
    """Twice each byte in the field of AES, whose polynomial is x^8 + x^4 + x^3 + x + 1."""
    return (byte << 1 ^ np.where(byte & 128, 0x1B, 0)) & 255


def substitutes() -> Array:
    """The S-box: the inverse in the field, then an affine map over its bits."""
    powers = [1]  # of 3, which generates the field
    for _ in range(254):
        powers.append(int(powers[-1] ^ doubled(powers[-1])))
    inverse = np.zeros(256, dtype=int)
    for i, power in enumerate(powers):
        inverse[power] = powers[-i % 255]
    turned = [(inverse << n | inverse >> (8 - n)) & 255 for n in range(5)]
    return np.bitwise_xor.reduce(turned) ^ 0x63


SUBSTITUTES = substitutes()
# Byte 4 c + r of a block stands in column c and row r; row r moves r columns to the left.
SHIFTED = np.array([(4 * (c + r) + r) % 16 for c in range(4) for r in range(4)])


def round_keys(key: bytes) -> Array:
    """Keys of the rounds from a key of 16 bytes, (1 + rounds, 16)."""
    words = [list(key[i : i + 4]) for i in range(0, 16, 4)]
    constant = 1
    for i in range(4, 4 * (ROUNDS + 1)):
        last = words[-1]
        if i % 4 == 0:
            last = [int(SUBSTITUTES[byte]) for byte in last[1:] + last[:1]]
            last[0] ^= constant
            constant = int(doubled(constant))
        words.append([a ^ b for a, b in zip(words[-4], last, strict=True)])
    return np.array(words).reshape(-1, 16)


def encrypted(blocks: Array, keys: Array) -> Array:
    """Blocks of 16 bytes after the rounds, each of which mixes columns."""
    state = blocks ^ keys[0]
    for key in keys[1:]:
        columns = SUBSTITUTES[state][:, SHIFTED].reshape(-1, 4, 4)
        below = np.roll(columns, -1, axis=2)
        rest = np.roll(columns, -2, axis=2) ^ np.roll(columns, -3, axis=2)
        state = (doubled(columns ^ below) ^ below ^ rest).reshape(-1, 16) ^ key
    return state


def words_of(counter: Iterable[Any], seed: int) -> list[Array]:
    """Four 32-bit words from a block of four; words are stored lowest byte first."""
    block = np.stack(np.broadcast_arrays(*counter), axis=-1).astype("<u4").reshape(-1, 4)
    keys = round_keys((seed % 2**64).to_bytes(16, "little"))
    found = encrypted(block.view(np.uint8).astype(int), keys)
    bytes_of = np.ascontiguousarray(found, dtype=np.uint8)
    return list(bytes_of.view("<u4").T.astype(np.uint64))


def keyed_normals(factor: Factor, draws: Array, seed: int) -> Array:
    """The factor's standard normals for the given draws, where it has no points.

    Draws come in eights. Word i of counter 2 e is the radius, and word i of counter 2 e + 1 the
    angle, of draws 8 e + i (the cosine) and 8 e + 4 + i (the sine).
    """
    draws = np.asarray(draws, dtype=np.uint64)
    eight, within = draws // np.uint64(8), draws % np.uint64(8)
    word = (within % np.uint64(4)).astype(int)
    names = [crc32(name) for name in (factor.area, factor.cell, factor.family)]
    radius, angle = (
        np.choose(word, words_of((np.uint64(2) * eight + np.uint64(i), *names), seed))
        for i in (0, 1)
    )
    # Of the radius word the upper 31 bits count, in single precision; of the angle word the upper
    # 31 as a signed number of half turns, and the lowest bit for the other half.
    u = ((radius >> np.uint64(1)).astype(np.float32) + np.float32(0.5)).astype(float) / 2.0**31
    half = (angle.astype(np.uint32).view(np.int32) >> 1) + 0.5
    turn = np.pi / 2 * half / 2.0**30 + np.pi * (angle % np.uint64(2)).astype(float)
    size = np.sqrt(-2.0 * np.log(u))
    return size * np.where(within < 4, np.cos(turn), np.sin(turn))


def normal_from_word(word: Array) -> Array:
    """z = inverse Phi((word + 0.5) / 2^32): the middle of the word's interval, never 0 or 1."""
    return special.ndtri((word.astype(float) + 0.5) / 2.0**32)


# --------------------------------------------------------------------------------------------
# Scrambled Sobol
# --------------------------------------------------------------------------------------------


def direction_numbers(dimensions: int) -> Array:
    """Joe and Kuo's direction numbers, (dimensions, bits).

    Taken from SciPy, whose own points come in Gray-code order; the direction numbers themselves
    do not depend on the order of the points. (`_sv` is private, so the tests hold it against
    SciPy's public points.)
    """
    engine = qmc.Sobol(dimensions, scramble=False, bits=SOBOL_BITS)
    return np.asarray(engine._sv, dtype=np.uint64)


def sobol_integers(points: Array, directions: Array) -> Array:
    """Coordinate of each point in one dimension, as 32 bits, in plain binary order.

    Point i is the exclusive-or of the direction numbers at the bits set in i.
    """
    points = np.asarray(points, dtype=np.uint64)
    x = np.zeros(points.shape, dtype=np.uint64)
    for bit in range(SOBOL_BITS):
        is_set = (points >> np.uint64(bit)) & np.uint64(1)
        x ^= is_set * directions[bit]
    return x


def reverse_bits(v: Array) -> Array:
    """The 32 bits in the opposite order."""
    v = np.asarray(v, dtype=np.uint64)
    result = np.zeros(v.shape, dtype=np.uint64)
    for bit in range(32):
        result |= ((v >> np.uint64(bit)) & np.uint64(1)) << np.uint64(31 - bit)
    return result


def scramble(x: Array, scramble_seed: Array) -> Array:
    """Nested uniform scrambling by hash (Laine and Karras 2011, Vegdahl's mixing constants).

    On reversed bits, addition, multiplication by an odd number and exclusive-or with an even
    multiple carry information from lower bits to higher ones only. So each binary digit is
    flipped, or not, depending on the digits before it alone, which is what keeps a net a net.
    """
    seed = np.asarray(scramble_seed, dtype=np.uint64)
    v = reverse_bits(x)

    def fold(v: Array, even: int) -> Array:
        return v ^ ((v * np.uint64(even)) & LOW_32_BITS)

    v = fold(v, 0x3D20ADEA)
    v = (v + seed) & LOW_32_BITS
    v = (v * ((seed >> np.uint64(16)) | np.uint64(1))) & LOW_32_BITS
    v = fold(fold(v, 0x05526C56), 0x53A22864)
    return reverse_bits(v)


def scramble_seeds(factor: Factor, lanes: Array, seed: int) -> Array:
    """One independent scrambling per factor and lane."""
    counter = (
        lanes,
        crc32(factor.area),
        crc32(factor.cell),
        crc32(factor.family) ^ crc32("scramble"),
    )
    return words_of(counter, seed)[0]


def sobol_words(factor: Factor, draws: Array, seed: int, directions: Array) -> Array:
    """The factor's words under quasi-Monte Carlo: draw n is point n // 16 of lane n % 16."""
    draws = np.asarray(draws, dtype=np.uint64)
    points, lanes = draws // np.uint64(LANES), draws % np.uint64(LANES)
    return scramble(sobol_integers(points, directions), scramble_seeds(factor, lanes, seed))


def sobol_order(spec: dict[str, Any], cells: bool) -> list[Factor | None]:
    """The factors that get a Sobol dimension, most important first, with or without cells.

    Areas go by the hash of their code, so that the order in which they are listed is of no
    consequence. A dimension that is kept free has no factor.
    """
    areas = sorted(spec["areas"], key=crc32)
    order: list[Factor | None] = []
    order += [Factor(f"{x}/nation") for x in SPREAD_PARAMETERS]
    order += [Factor(f"national/{name}") for name in NATIONAL_PARAMETERS]
    for x in SPREAD_PARAMETERS:
        order += [Factor(f"{x}/technology", cell=k) for k in spec["technologies"]]
    for x in SPREAD_PARAMETERS:
        order += [Factor(f"{x}/sector", cell=s) for s in spec["sectors"]]
    order += [Factor("growth_sector/sector", cell=s) for s in spec["sectors"]]
    for x in SPREAD_PARAMETERS:
        order += [Factor(f"{x}/area", area=r) for r in areas]
    order += [Factor("complements/area", area=r) for r in areas]
    order += [Factor("growth_area/area", area=r) for r in areas]
    if cells:
        order += [
            Factor("growth_cell/cell", area=r, cell=s) for s in spec["sectors"] for r in areas
        ]
        for x in CELL_ORDER:
            order += [
                Factor(f"{x}/cell", area=r, cell=f"{s}/{k}")
                for s in spec["sectors"]
                for r in areas
                for k in spec["technologies"]
            ]
    for lever in spec["levers"]:
        # All four effects keep their place, used or not, so that switching one on moves nothing.
        name = lever["name"]
        order += [Factor(f"lever/{name}/effect/{target}") for target in LEVER_TARGETS]
        order += [Factor(f"lever/{name}/cost"), Factor(f"lever/{name}/take_up/nation")]
        order += [Factor(f"lever/{name}/take_up/area", area=r) for r in areas]
    free = max(LEVERS_WITH_PLACES - len(spec["levers"]), 0)
    order += [None] * (free * (len(LEVER_TARGETS) + 2 + len(areas)))
    order += [Factor("growth_area/nation"), Factor("lever_zero/nation")]
    for lever in spec["levers"]:
        order += [Factor(f"{x}/lever", cell=lever["name"]) for x in DECIDED_BY_LEVER]
    order += [None] * (free * len(DECIDED_BY_LEVER))
    order += [Factor("j_curve/nation")]
    return order


# --------------------------------------------------------------------------------------------
# All the normals of a run
# --------------------------------------------------------------------------------------------


def normals(
    spec: dict[str, Any],
    seed: int,
    first_draw: int,
    count: int,
    sampler: str = "random",
) -> dict[str, Array]:
    """Every standard normal that `model.simulate` takes, for draws first_draw, ... in order."""
    draws = np.arange(first_draw, first_draw + count, dtype=np.uint64)
    areas, sectors, technologies = spec["areas"], spec["sectors"], spec["technologies"]

    dimension: dict[Factor, int] = {}
    directions = np.zeros((0, SOBOL_BITS), dtype=np.uint64)
    if sampler in ("sobol", "sobol_full"):
        order = sobol_order(spec, cells=sampler == "sobol_full")[
            :SOBOL_DIMENSIONS
        ]  # beyond the table, words by key
        dimension = {factor: d for d, factor in enumerate(order) if factor is not None}
        directions = direction_numbers(len(order))
    elif sampler != "random":
        raise ValueError(f"unknown sampler {sampler!r}")

    def column(family: str, area: str = "", cell: str = "") -> Array:
        factor = Factor(family, area, cell)
        if factor in dimension:
            words = sobol_words(factor, draws, seed, directions[dimension[factor]])
            return normal_from_word(words)
        return keyed_normals(factor, draws, seed)

    def over_cells(family: str) -> Array:
        grid = np.empty((count, len(areas), len(sectors), len(technologies)))
        for i, area in enumerate(areas):
            for j, sector in enumerate(sectors):
                for k, technology in enumerate(technologies):
                    grid[:, i, j, k] = column(family, area, f"{sector}/{technology}")
        return grid

    def over(name: str, family: str, members: list[str], area: str = "") -> Array:
        """One column per member, which names an area or a cell (of an area, if one is given)."""
        of = {"area": area} if area else {}
        return np.stack([column(family, **of, **{name: member}) for member in members], axis=1)

    result: dict[str, Array] = {}
    for x in SPREAD_PARAMETERS:
        result[f"{x}/nation"] = column(f"{x}/nation")
        result[f"{x}/technology"] = over("cell", f"{x}/technology", technologies)
        result[f"{x}/area"] = over("area", f"{x}/area", areas)
        result[f"{x}/sector"] = over("cell", f"{x}/sector", sectors)
        result[f"{x}/cell"] = over_cells(f"{x}/cell")
    for name in NATIONAL_PARAMETERS:
        result[f"national/{name}"] = column(f"national/{name}")
    result["complements/area"] = over("area", "complements/area", areas)
    result["growth_area/area"] = over("area", "growth_area/area", areas)
    result["growth_sector/sector"] = over("cell", "growth_sector/sector", sectors)
    result["growth_cell/cell"] = np.stack(
        [
            np.stack([column("growth_cell/cell", area, sector) for sector in sectors], axis=1)
            for area in areas
        ],
        axis=1,
    )
    result["odds_ratio/cell"] = np.stack(
        [over("cell", "odds_ratio/cell", [f"{s}/{k}" for k in technologies]) for s in sectors],
        axis=1,
    )
    for lever in spec["levers"]:
        prefix = f"lever/{lever['name']}"
        for target in LEVER_TARGETS:
            result[f"{prefix}/effect/{target}"] = column(f"{prefix}/effect/{target}")
        result[f"{prefix}/cost"] = column(f"{prefix}/cost")
        result[f"{prefix}/take_up/nation"] = column(f"{prefix}/take_up/nation")
        result[f"{prefix}/take_up/area"] = over("area", f"{prefix}/take_up/area", areas)
    result["growth_area/nation"] = column("growth_area/nation")
    # Never a point: what the dimensions serve keeps its own.
    result["growth_transitory/cell"] = np.stack(
        [over("cell", "growth_transitory/cell", sectors, area) for area in areas], axis=1
    )
    result["lever_zero/nation"] = column("lever_zero/nation")
    result["j_curve/nation"] = column("j_curve/nation")
    for x in DECIDED_BY_LEVER if spec["levers"] else ():
        result[f"{x}/lever"] = over("cell", f"{x}/lever", [of["name"] for of in spec["levers"]])
    return result
