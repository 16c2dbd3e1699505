//! Vectors in two 256-bit registers.

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
/// have AVX2 and FMA.
#[derive(Debug, Clone, Copy)]
pub(super) struct Avx2([__m256; 2]);

/// Instructions of AVX2 and FMA where they are known to be there.
macro_rules! avx2 {
    ($body:expr) => {
        // SAFETY: code of this type runs only on machines that have them, and no instruction here
        // reads or writes memory.
        unsafe { $body }
    };
}

macro_rules! operators {
    ($($operator:ident $name:ident $instruction:ident),*) => {$(
        impl $operator for Avx2 {
            type Output = Self;
            #[inline(always)]
            fn $name(self, other: Self) -> Self {
                let ([a, b], [c, d]) = (self.0, other.0);
                Avx2(avx2!([$instruction(a, c), $instruction(b, d)]))
            }
        }
    )*};
}
operators!(Add add _mm256_add_ps, Sub sub _mm256_sub_ps, Mul mul _mm256_mul_ps, Div div _mm256_div_ps);

impl Vector for Avx2 {
    type Real = f32;
    /// 12 of 16 registers hold sums, two the adoption of an area and one a weight.
    const TILE: Tile = Tile { rows: 6, columns: 1 };

    #[inline(always)]
    fn splat(value: f32) -> Self {
        Avx2([avx2!(_mm256_set1_ps(value)); 2])
    }
    #[inline(always)]
    fn load(lanes: &Lanes<f32>) -> Self {
        Avx2(bits!(lanes.0, [f32; 16] => [__m256; 2]))
    }
    #[inline(always)]
    fn lanes(self) -> Lanes<f32> {
        Lanes(bits!(self.0, [__m256; 2] => [f32; 16]))
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        let ([a, b], [c, d], [e, f]) = (self.0, factor.0, addend.0);
        Avx2(avx2!([_mm256_fmadd_ps(a, c, e), _mm256_fmadd_ps(b, d, f)]))
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        let ([a, b], [c, d]) = (self.0, other.0);
        Avx2(avx2!([_mm256_min_ps(a, c), _mm256_min_ps(b, d)]))
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        let ([a, b], [c, d]) = (self.0, other.0);
        Avx2(avx2!([_mm256_max_ps(a, c), _mm256_max_ps(b, d)]))
    }
    #[inline(always)]
    fn exp2(self) -> Self {
        let (series, shifted) = power::parts(self);
        let exponent = shifted
            .0
            .map(|x| avx2!(_mm256_castsi256_ps(_mm256_slli_epi32::<23>(_mm256_castps_si256(x)))));
        series * Avx2(exponent)
    }

    #[inline(always)]
    fn at_most(self, other: Self) -> Self {
        let ([a, b], [c, d]) = (self.0, other.0);
        Avx2(avx2!({
            let one = _mm256_set1_ps(1.0);
            let passed = [_mm256_cmp_ps::<_CMP_LE_OQ>(a, c), _mm256_cmp_ps::<_CMP_LE_OQ>(b, d)];
            passed.map(|passed| _mm256_and_ps(passed, one))
        }))
    }

    #[inline(always)]
    fn keyed_normals(
        table: &NormalTable,
        seed: [u32; 2],
        keys: &KeyGroup,
        block: u32,
    ) -> [Self; GROUP] {
        let words = avx2!(keyed_words(seed, keys, block));
        let mut out = [Self::zero(); GROUP];
        for (out, words) in out.iter_mut().zip(words) {
            *out = Avx2(avx2!(quantiles(table, words)));
        }
        out
    }

    #[inline(always)]
    fn normals(table: &NormalTable, words: &Words) -> Self {
        let words = bits!(words.0, [u32; 16] => [__m256i; 2]);
        Avx2(avx2!(quantiles(table, words)))
    }
}

/// As [`rng::keyed_words`](crate::rng): a register holds four counters of one factor, one to
/// each 64 bits, whose upper halves are of no account.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn keyed_words(seed: [u32; 2], keys: &KeyGroup, block: u32) -> [[__m256i; 2]; GROUP] {
    let counters = i64::from(block << 2);
    let counters = _mm256_set_epi64x(counters + 3, counters + 2, counters + 1, counters);
    let (left, right) =
        (_mm256_set1_epi32(MULTIPLIER[0] as i32), _mm256_set1_epi32(MULTIPLIER[1] as i32));
    let mut words = [[counters; 2]; GROUP];
    for pair in 0..GROUP / 2 {
        let mut x = [[counters; 4]; 2];
        for (i, x) in x.iter_mut().enumerate() {
            let factor = 2 * pair + i;
            x[1] = _mm256_set1_epi64x(i64::from(keys.area[factor]));
            x[2] = _mm256_set1_epi64x(i64::from(keys.cell[factor]));
            x[3] = _mm256_set1_epi64x(i64::from(keys.family[factor]));
        }
        let mut key = seed;
        for _ in 0..ROUNDS {
            let (key0, key1) = (_mm256_set1_epi32(key[0] as i32), _mm256_set1_epi32(key[1] as i32));
            for x in &mut x {
                let [x0, x1, x2, x3] = *x;
                let (left, right) = (_mm256_mul_epu32(x0, left), _mm256_mul_epu32(x2, right));
                x[0] = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64::<32>(right), x1), key0);
                x[1] = right;
                x[2] = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64::<32>(left), x3), key1);
                x[3] = left;
            }
            key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
        }
        for (i, [x0, x1, x2, x3]) in x.into_iter().enumerate() {
            words[2 * pair + i] = [lower_halves(x0, x1), lower_halves(x2, x3)];
        }
    }
    words
}

/// Lower halves of four 64-bit lanes, then of four more.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn lower_halves(a: __m256i, b: __m256i) -> __m256i {
    let (a, b) = (_mm256_castsi256_ps(a), _mm256_castsi256_ps(b));
    let mixed = _mm256_castps_si256(_mm256_shuffle_ps::<0b10_00_10_00>(a, b));
    _mm256_permute4x64_epi64::<0b11_01_10_00>(mixed)
}

/// Octaves whose coefficients are at hand in one register.
const NEAR: usize = 8;

/// As [`NormalTable::quantile`]. Eight octaves fit a permutation instruction; where a lane
/// lies further out, as it does once in 256 numbers, all octaves are gone through.
///
/// Loops, not closures, which the compiler would not make part of this instruction set.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn quantiles(table: &NormalTable, words: [__m256i; 2]) -> [__m256; 2] {
    let half = _mm256_set1_ps(0.5);
    let mut flip = [_mm256_setzero_si256(); 2];
    let (mut folded, mut octave) = (flip, flip);
    let mut u = [_mm256_setzero_ps(); 2];
    for i in 0..2 {
        flip[i] = _mm256_srai_epi32::<31>(words[i]);
        folded[i] = _mm256_xor_si256(words[i], flip[i]);
        let x = _mm256_add_ps(_mm256_cvtepi32_ps(folded[i]), half);
        let bits = _mm256_castps_si256(_mm256_min_ps(x, _mm256_set1_ps(MOST)));
        octave[i] = _mm256_sub_epi32(_mm256_srli_epi32::<23>(bits), _mm256_set1_epi32(126));
        let mantissa = _mm256_or_si256(
            _mm256_and_si256(bits, _mm256_set1_epi32(0x007F_FFFF)),
            _mm256_set1_epi32(0x3F80_0000),
        );
        let mantissa = _mm256_castsi256_ps(mantissa);
        u[i] = _mm256_fmsub_ps(mantissa, _mm256_set1_ps(2.0), _mm256_set1_ps(3.0));
    }
    let mut size = polynomials(table, OCTAVES - NEAR, octave, u);
    let near = _mm256_set1_epi32((OCTAVES - NEAR) as i32);
    let far =
        _mm256_or_si256(_mm256_cmpgt_epi32(near, octave[0]), _mm256_cmpgt_epi32(near, octave[1]));
    if _mm256_testz_si256(far, far) == 0 {
        for first in (0..OCTAVES - NEAR).step_by(NEAR) {
            let other = polynomials(table, first, octave, u);
            let (from, to) =
                (_mm256_set1_epi32(first as i32), _mm256_set1_epi32((first + NEAR) as i32));
            for i in 0..2 {
                let here = _mm256_andnot_si256(
                    _mm256_cmpgt_epi32(from, octave[i]),
                    _mm256_cmpgt_epi32(to, octave[i]),
                );
                size[i] = _mm256_blendv_ps(size[i], other[i], _mm256_castsi256_ps(here));
            }
        }
    }
    for i in 0..2 {
        let rest = _mm256_sub_epi32(_mm256_set1_epi32(i32::MAX), folded[i]);
        let reach = _mm256_add_ps(_mm256_cvtepi32_ps(rest), half);
        // The lower half is negative.
        let sign = _mm256_andnot_si256(flip[i], _mm256_set1_epi32(i32::MIN));
        size[i] = _mm256_xor_ps(_mm256_mul_ps(size[i], reach), _mm256_castsi256_ps(sign));
    }
    size
}

/// Polynomials of the eight octaves from `first` on; the permutation takes the octave modulo
/// eight.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn polynomials(
    table: &NormalTable,
    first: usize,
    octave: [__m256i; 2],
    u: [__m256; 2],
) -> [__m256; 2] {
    let mut size = [_mm256_setzero_ps(); 2];
    for (power, row) in table.coefficients.iter().enumerate() {
        let eight = bits!(row.as_chunks().0[first / NEAR], [f32; NEAR] => __m256);
        for i in 0..2 {
            let coefficient = _mm256_permutevar8x32_ps(eight, octave[i]);
            size[i] = match power {
                0 => coefficient,
                _ => _mm256_fmadd_ps(size[i], u[i], coefficient),
            };
        }
    }
    size
}
