//! Vectors in one 512-bit register.

use super::bits::bits;
use super::{Tile, Vector, power};
use crate::lanes::{Lanes, Words};
use crate::normal::{MOST, NormalTable, OCTAVES};
use crate::rng::{GROUP, KeyGroup, MULTIPLIER, ROUNDS, WEYL};
use std::arch::x86_64::*;
use std::ops::{Add, Div, Mul, Sub};

/// Sixteen single-precision numbers.
///
/// Only `simd::dispatch` is given this type, and enters code of it after the machine was seen to
/// have AVX-512.
#[derive(Debug, Clone, Copy)]
pub(super) struct Avx512(__m512);

/// Instructions of AVX-512 where it is known to be there.
macro_rules! avx512 {
    ($body:expr) => {
        // SAFETY: code of this type runs only on machines that have it, and no instruction here
        // reads or writes memory.
        unsafe { $body }
    };
}

macro_rules! operators {
    ($($operator:ident $name:ident $instruction:ident),*) => {$(
        impl $operator for Avx512 {
            type Output = Self;
            #[inline(always)]
            fn $name(self, other: Self) -> Self {
                Avx512(avx512!($instruction(self.0, other.0)))
            }
        }
    )*};
}
operators!(Add add _mm512_add_ps, Sub sub _mm512_sub_ps, Mul mul _mm512_mul_ps, Div div _mm512_div_ps);

impl Vector for Avx512 {
    type Real = f32;
    /// Small enough for the steps of one tile to run beside the sums of the next; two
    /// technologies at a time keep the paths of all areas in 32 KB.
    const TILE: Tile = Tile { rows: 6, columns: 2 };

    #[inline(always)]
    fn splat(value: f32) -> Self {
        Avx512(avx512!(_mm512_set1_ps(value)))
    }
    #[inline(always)]
    fn load(lanes: &Lanes<f32>) -> Self {
        Avx512(bits!(lanes.0, [f32; 16] => __m512))
    }
    #[inline(always)]
    fn lanes(self) -> Lanes<f32> {
        Lanes(bits!(self.0, __m512 => [f32; 16]))
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        Avx512(avx512!(_mm512_fmadd_ps(self.0, factor.0, addend.0)))
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Avx512(avx512!(_mm512_min_ps(self.0, other.0)))
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Avx512(avx512!(_mm512_max_ps(self.0, other.0)))
    }
    #[inline(always)]
    fn exp2(self) -> Self {
        let (series, shifted) = power::parts(self);
        let exponent = avx512!(_mm512_slli_epi32::<23>(_mm512_castps_si512(shifted.0)));
        series * Avx512(avx512!(_mm512_castsi512_ps(exponent)))
    }

    #[inline(always)]
    fn at_most(self, other: Self) -> Self {
        Avx512(avx512!({
            let passed = _mm512_cmp_ps_mask::<_CMP_LE_OQ>(self.0, other.0);
            _mm512_maskz_mov_ps(passed, _mm512_set1_ps(1.0))
        }))
    }

    #[inline(always)]
    fn keyed_normals(
        table: &NormalTable,
        seed: [u32; 2],
        keys: &KeyGroup,
        block: u32,
    ) -> [Self; GROUP] {
        let words = avx512!(keyed_words(seed, keys, block));
        let mut out = [Self::zero(); GROUP];
        for (out, words) in out.as_chunks_mut::<4>().0.iter_mut().zip(words.as_chunks::<4>().0) {
            *out = avx512!(quantiles(table, *words));
        }
        out
    }

    #[inline(always)]
    fn normals(table: &NormalTable, words: &Words) -> Self {
        let words = bits!(words.0, [u32; 16] => __m512i);
        let [normals] = avx512!(quantiles(table, [words]));
        normals
    }
}

/// As [`rng::keyed_words`](crate::rng): a register holds four counters of each of two factors,
/// one to each 64 bits, whose upper halves are of no account.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn keyed_words(seed: [u32; 2], keys: &KeyGroup, block: u32) -> [__m512i; GROUP] {
    let counters = i64::from(block << 2);
    let counters = _mm512_set_epi64(
        counters + 3,
        counters + 2,
        counters + 1,
        counters,
        counters + 3,
        counters + 2,
        counters + 1,
        counters,
    );
    let mut x = [[counters; 4]; GROUP / 2];
    for (word, part) in [keys.area, keys.cell, keys.family].into_iter().enumerate() {
        let all = _mm512_castsi256_si512(bits!(part, [u32; GROUP] => __m256i));
        for (pair, x) in x.iter_mut().enumerate() {
            let (low, high) = (2 * pair as i64, 2 * pair as i64 + 1);
            let order = _mm512_set_epi64(high, high, high, high, low, low, low, low);
            x[word + 1] = _mm512_permutexvar_epi32(order, all);
        }
    }
    let multipliers = MULTIPLIER.map(|m| m as i32);
    let (left, right) = (_mm512_set1_epi32(multipliers[0]), _mm512_set1_epi32(multipliers[1]));
    let mut key = seed;
    for _ in 0..ROUNDS {
        let (key0, key1) = (_mm512_set1_epi32(key[0] as i32), _mm512_set1_epi32(key[1] as i32));
        for x in &mut x {
            let [x0, x1, x2, x3] = *x;
            let (left, right) = (_mm512_mul_epu32(x0, left), _mm512_mul_epu32(x2, right));
            x[0] = _mm512_ternarylogic_epi32::<0x96>(_mm512_srli_epi64::<32>(right), x1, key0);
            x[1] = right;
            x[2] = _mm512_ternarylogic_epi32::<0x96>(_mm512_srli_epi64::<32>(left), x3, key1);
            x[3] = left;
        }
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    // Lower halves of a slot and the next: of the first factor, then of the second.
    let order = _mm512_set_epi32(30, 28, 26, 24, 14, 12, 10, 8, 22, 20, 18, 16, 6, 4, 2, 0);
    let mut words = [counters; GROUP];
    for (pair, [x0, x1, x2, x3]) in x.into_iter().enumerate() {
        let front = _mm512_permutex2var_epi32(x0, order, x1);
        let back = _mm512_permutex2var_epi32(x2, order, x3);
        words[2 * pair] = _mm512_shuffle_i64x2::<0b01_00_01_00>(front, back);
        words[2 * pair + 1] = _mm512_shuffle_i64x2::<0b11_10_11_10>(front, back);
    }
    words
}

/// As [`NormalTable::quantile`]: a permutation instruction reads the coefficients, each
/// once for all the words.
///
/// Loops, not closures, which the compiler would not make part of this instruction set.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn quantiles<const N: usize>(table: &NormalTable, words: [__m512i; N]) -> [Avx512; N] {
    let half = _mm512_set1_ps(0.5);
    let mut flip = [_mm512_setzero_si512(); N];
    let (mut folded, mut octave) = (flip, flip);
    let (mut u, mut size) = ([_mm512_setzero_ps(); N], [_mm512_setzero_ps(); N]);
    for i in 0..N {
        flip[i] = _mm512_srai_epi32::<31>(words[i]);
        folded[i] = _mm512_xor_si512(words[i], flip[i]);
        let x = _mm512_add_ps(_mm512_cvtepi32_ps(folded[i]), half);
        let bits = _mm512_castps_si512(_mm512_min_ps(x, _mm512_set1_ps(MOST)));
        // 126 is taken off; the permutation takes the octave modulo 32.
        octave[i] = _mm512_add_epi32(_mm512_srli_epi32::<23>(bits), _mm512_set1_epi32(2));
        // (bits & fraction) | exponent of one.
        let mantissa = _mm512_ternarylogic_epi32::<0xF8>(
            _mm512_set1_epi32(0x3F80_0000),
            bits,
            _mm512_set1_epi32(0x007F_FFFF),
        );
        let mantissa = _mm512_castsi512_ps(mantissa);
        u[i] = _mm512_fmsub_ps(mantissa, _mm512_set1_ps(2.0), _mm512_set1_ps(3.0));
    }
    for (power, row) in table.coefficients.iter().enumerate() {
        let [low, high] = bits!(*row, [f32; OCTAVES] => [__m512; 2]);
        for i in 0..N {
            let coefficient = _mm512_permutex2var_ps(low, octave[i], high);
            size[i] = match power {
                0 => coefficient,
                _ => _mm512_fmadd_ps(size[i], u[i], coefficient),
            };
        }
    }
    let mut out = [Avx512(half); N];
    for i in 0..N {
        let rest = _mm512_sub_epi32(_mm512_set1_epi32(i32::MAX), folded[i]);
        let reach = _mm512_add_ps(_mm512_cvtepi32_ps(rest), half);
        let size = _mm512_castps_si512(_mm512_mul_ps(size[i], reach));
        // The lower half is negative: size ^ (!flip & sign bit).
        let sign = _mm512_set1_epi32(i32::MIN);
        let signed = _mm512_ternarylogic_epi32::<0xB4>(size, sign, flip[i]);
        out[i] = Avx512(_mm512_castsi512_ps(signed));
    }
    out
}
