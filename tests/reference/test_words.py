"""Whether the random words look random, in every order in which a run or a pair of runs takes them.

The core's words are those of `random_numbers` (its numbers are held against these). ``make
bench-words`` puts as many of them as one likes before a battery of tests.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from . import random_numbers as rn

BLOCKS = 1 << 14
ORDERS = ("counters", "areas", "families", "seeds")


def blocks(order: str) -> np.ndarray:
    """Words of neighbouring blocks, (blocks, 4)."""
    i = np.arange(BLOCKS, dtype=np.uint64)
    names = [rn.crc32(name) for name in ("E47000001", "J/ai", "ceiling/cell")]
    if order == "seeds":
        block = np.array([[5, *names]], dtype="<u4").view(np.uint8).astype(int)
        found = [
            rn.encrypted(block, rn.round_keys(seed.to_bytes(16, "little")))[0]
            for seed in range(BLOCKS // 8)
        ]
        return np.array(found, dtype=np.uint8).view("<u4")
    counter = {
        "counters": (i, *names),
        "areas": (5, i, *names[1:]),
        "families": (5, *names[:2], i << np.uint64(13)),
    }[order]
    return np.stack(rn.words_of(counter, seed=1), axis=1).astype(np.uint32)


@pytest.mark.parametrize("order", ORDERS)
def test_each_byte_is_as_frequent_as_any_other(order: str) -> None:
    counts = np.bincount(blocks(order).view(np.uint8).ravel(), minlength=256)
    assert stats.chisquare(counts).pvalue > 1e-4
    # Pairs of neighbours, by their upper four bits.
    upper = (blocks(order).ravel() >> 28).astype(int)
    pairs = np.bincount(16 * upper[:-1] + upper[1:], minlength=256)
    assert stats.chisquare(pairs).pvalue > 1e-4


@pytest.mark.parametrize("order", ORDERS)
def test_words_meet_as_often_as_chance_would_have_it(order: str) -> None:
    """Collisions of the upper and of the lower 24 bits; with n words n²/2 · 2⁻²⁴ are due."""
    words = blocks(order).ravel()
    for part in (words >> 8, words & 0xFFFFFF):
        found = len(part) - len(np.unique(part))
        due = len(part) ** 2 / 2 / 2**24
        assert 1e-5 < stats.poisson.cdf(found, due) < 1 - 1e-5, (found, due)


@pytest.mark.parametrize("order", ORDERS)
def test_no_period_stands_out_in_the_spectrum(order: str) -> None:
    """Powers of white noise are exponential: the share below each level, and the greatest."""
    for word in blocks(order).T:
        for bit in (0, 13, 31):
            signs = 2.0 * (word >> bit & 1) - 1
            power = np.abs(np.fft.rfft(signs)[1:-1]) ** 2 / len(signs)
            assert stats.kstest(power, "expon").pvalue > 1e-5
            assert power.max() < np.log(len(power)) + 12


@pytest.mark.parametrize("order", ORDERS)
def test_neighbours_are_not_correlated(order: str) -> None:
    uniform = blocks(order) / 2.0**32
    n = len(uniform)
    for lag in (1, 2, 16):
        correlation = np.corrcoef(uniform[:-lag].T, uniform[lag:].T)
        assert np.abs(correlation[:4, 4:]).max() < 5 / np.sqrt(n)
    assert np.abs(np.corrcoef(uniform.T) - np.eye(4)).max() < 5 / np.sqrt(n)


def test_any_bit_of_seed_counter_or_name_turns_half_of_the_words() -> None:
    trials = 64
    flips = np.zeros((128, 16), dtype=int)
    flips[np.arange(128), np.arange(128) // 8] = 1 << np.arange(128) % 8
    of_block, of_seed = np.zeros((128, 128)), np.zeros((64, 128))
    for trial in range(trials):
        block = (np.arange(16) + 37 * trial) % 256
        keys = rn.round_keys(trial.to_bytes(16, "little"))
        plain = rn.encrypted(block[None], keys)
        of_block += np.unpackbits((rn.encrypted(block ^ flips, keys) ^ plain).astype(np.uint8), 1)
        changed = [
            rn.encrypted(block[None], rn.round_keys((trial ^ 1 << bit).to_bytes(16, "little")))[0]
            for bit in range(64)
        ]
        of_seed += np.unpackbits((np.array(changed) ^ plain).astype(np.uint8), 1)
    for turned in (of_block, of_seed):
        share = turned / trials
        assert abs(share.mean() - 0.5) < 2.5 / np.sqrt(share.size * trials)
        assert np.abs(share - 0.5).max() < 3.2 / np.sqrt(trials)


def test_numbers_are_normal_and_pairs_independent() -> None:
    factor = rn.Factor("ceiling/cell", "E47000001", "J/ai")
    z = rn.keyed_normals(factor, np.arange(BLOCKS, dtype=np.uint64), seed=1)
    assert stats.kstest(z, "norm").pvalue > 1e-4
    cosine, sine = z.reshape(-1, 2, 4).swapaxes(0, 1).reshape(2, -1)
    assert abs(np.corrcoef(cosine, sine)[0, 1]) < 5 / np.sqrt(len(sine))
    assert abs(np.corrcoef(cosine**2, sine**2)[0, 1]) < 5 / np.sqrt(len(sine))
    other = rn.keyed_normals(rn.Factor("ceiling/cell", "E47000001", "J/cloud"),
                             np.arange(BLOCKS, dtype=np.uint64), seed=1)  # fmt: skip
    assert abs(np.corrcoef(z, other)[0, 1]) < 5 / np.sqrt(BLOCKS)
