//! Vectors of eight numbers, in a 256-bit register.

use super::bits::bits;
use super::polar::{self, Bits, Constants};
use super::{Tile, Vector, power, pull};
use crate::lanes::{LANES, Lanes, Words};
use crate::normal::{MOST, NormalTable, OCTAVES, ROOT_HALF_BITS};
use crate::rng::{Block, GROUP, GroupWords};
use std::arch::x86_64::*;
use std::ops::{Add, Div, Mul, Sub};

/// Eight single-precision numbers: half a block, so that what a sector needs stays in the
/// nearest cache.
///
/// Only `simd::dispatch` is given this type, and enters code of it after the machine was seen to
/// have AVX2 and FMA.
#[derive(Debug, Clone, Copy)]
pub(super) struct Avx2(__m256);

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
                Avx2(avx2!($instruction(self.0, other.0)))
            }
        }
    )*};
}
operators!(Add add _mm256_add_ps, Sub sub _mm256_sub_ps, Mul mul _mm256_mul_ps, Div div _mm256_div_ps);

impl Vector for Avx2 {
    type Real = f32;
    const LANES: usize = 8;
    /// 12 of 16 registers hold sums, three a weight each and one the adoption of a cell.
    const TILE: Tile = Tile { rows: 3, columns: 4 };

    #[inline(always)]
    fn splat(value: f32) -> Self {
        Avx2(avx2!(_mm256_set1_ps(value)))
    }
    #[inline(always)]
    fn load(numbers: &[f32]) -> Self {
        Avx2(bits!(numbers.as_chunks().0[0], [f32; 8] => __m256))
    }
    #[inline(always)]
    fn lanes(self) -> Lanes<f32> {
        let mut lanes = Lanes([0.0; LANES]);
        lanes.0.as_chunks_mut().0[0] = bits!(self.0, __m256 => [f32; 8]);
        lanes
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        Avx2(avx2!(_mm256_fmadd_ps(self.0, factor.0, addend.0)))
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Avx2(avx2!(_mm256_min_ps(self.0, other.0)))
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Avx2(avx2!(_mm256_max_ps(self.0, other.0)))
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Avx2(avx2!(_mm256_sqrt_ps(self.0)))
    }
    #[inline(always)]
    fn pull(self) -> Self {
        pull::single(self)
    }
    #[inline(always)]
    fn exp2(self) -> Self {
        let (series, shifted) = power::parts(self);
        let exponent = avx2!(_mm256_slli_epi32::<23>(_mm256_castps_si256(shifted.0)));
        series * Avx2(avx2!(_mm256_castsi256_ps(exponent)))
    }

    #[inline(always)]
    fn at_most(self, other: Self) -> Self {
        Avx2(avx2!({
            let passed = _mm256_cmp_ps::<_CMP_LE_OQ>(self.0, other.0);
            _mm256_and_ps(passed, _mm256_set1_ps(1.0))
        }))
    }

    /// A register holds four words of each of two factors.
    #[inline(always)]
    fn polar(words: &GroupWords, out: &mut [Self; GROUP]) {
        let (radii, angles) = (words[0].as_chunks().0, words[1].as_chunks().0);
        for (two, out) in out.as_chunks_mut::<2>().0.iter_mut().enumerate() {
            let radius = Avx2(bits!(radii[two], [Block; 2] => __m256));
            let angle = Avx2(bits!(angles[two], [Block; 2] => __m256));
            // Read from memory where they are needed: there are more than registers, and the
            // compiler would fill one of them anew before every step.
            let constants: &Constants<Self> = std::hint::black_box(&CONSTANTS);
            let [[cosine, sine]] = polar::pairs(constants, [radius], [angle]);
            out[0] = Avx2(avx2!(_mm256_permute2f128_ps::<0x20>(cosine.0, sine.0)));
            out[1] = Avx2(avx2!(_mm256_permute2f128_ps::<0x31>(cosine.0, sine.0)));
        }
    }

    #[inline(always)]
    fn normals(table: &NormalTable, words: &Words) -> Self {
        let words = bits!(words.0.as_chunks().0[0], [u32; 8] => __m256i);
        Avx2(avx2!(quantiles(table, words)))
    }
}

/// Numbers in every lane, before the program runs.
const fn wide<const N: usize>(numbers: [f32; N]) -> [Avx2; N] {
    let mut out = [Avx2(bits!([0.0; 8], [f32; 8] => __m256)); N];
    let mut i = 0;
    while i < N {
        out[i] = Avx2(bits!([numbers[i]; 8], [f32; 8] => __m256));
        i += 1;
    }
    out
}

/// What [`polar::pairs`] needs.
static CONSTANTS: Constants<Avx2> = {
    let [half, one, whole, step, half_step] = wide([
        polar::CONSTANTS.half,
        polar::CONSTANTS.one,
        polar::CONSTANTS.whole,
        polar::CONSTANTS.step,
        polar::CONSTANTS.half_step,
    ]);
    let logarithm = wide(polar::CONSTANTS.logarithm);
    let (sine, cosine) = (wide(polar::CONSTANTS.sine), wide(polar::CONSTANTS.cosine));
    Constants { logarithm, sine, cosine, half, one, whole, step, half_step }
};

impl Bits for Avx2 {
    #[inline(always)]
    fn upper(words: Self) -> Self {
        let words = avx2!(_mm256_srli_epi32::<1>(_mm256_castps_si256(words.0)));
        Avx2(avx2!(_mm256_cvtepi32_ps(words)))
    }
    #[inline(always)]
    fn signed_upper(words: Self) -> Self {
        let words = avx2!(_mm256_srai_epi32::<1>(_mm256_castps_si256(words.0)));
        Avx2(avx2!(_mm256_cvtepi32_ps(words)))
    }
    #[inline(always)]
    fn turned(self, words: Self) -> Self {
        let sign = avx2!(_mm256_slli_epi32::<31>(_mm256_castps_si256(words.0)));
        Avx2(avx2!(_mm256_xor_ps(self.0, _mm256_castsi256_ps(sign))))
    }
    #[inline(always)]
    fn parts(self) -> [Self; 2] {
        avx2!({
            let offset = _mm256_set1_epi32(ROOT_HALF_BITS as i32);
            let shifted = _mm256_sub_epi32(
                _mm256_castps_si256(self.0),
                _mm256_set1_epi32(ROOT_HALF_BITS as i32 + (31 << 23)),
            );
            let fraction = _mm256_and_si256(shifted, _mm256_set1_epi32(0x007F_FFFF));
            [
                Avx2(_mm256_cvtepi32_ps(_mm256_srai_epi32::<23>(shifted))),
                Avx2(_mm256_castsi256_ps(_mm256_add_epi32(fraction, offset))),
            ]
        })
    }
}

/// Octaves whose coefficients are at hand in one register.
const NEAR: usize = 8;

/// As [`NormalTable::quantile`]. Eight octaves fit a permutation instruction; where a lane
/// lies further out, as it does once in 256 numbers, all octaves are gone through.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn quantiles(table: &NormalTable, words: __m256i) -> __m256 {
    let half = _mm256_set1_ps(0.5);
    let flip = _mm256_srai_epi32::<31>(words);
    let folded = _mm256_xor_si256(words, flip);
    let x = _mm256_add_ps(_mm256_cvtepi32_ps(folded), half);
    let bits = _mm256_castps_si256(_mm256_min_ps(x, _mm256_set1_ps(MOST)));
    let octave = _mm256_sub_epi32(_mm256_srli_epi32::<23>(bits), _mm256_set1_epi32(126));
    let mantissa = _mm256_or_si256(
        _mm256_and_si256(bits, _mm256_set1_epi32(0x007F_FFFF)),
        _mm256_set1_epi32(0x3F80_0000),
    );
    let mantissa = _mm256_castsi256_ps(mantissa);
    let u = _mm256_fmsub_ps(mantissa, _mm256_set1_ps(2.0), _mm256_set1_ps(3.0));
    let mut size = polynomials(table, OCTAVES - NEAR, octave, u);
    let near = _mm256_set1_epi32((OCTAVES - NEAR) as i32);
    let far = _mm256_cmpgt_epi32(near, octave);
    if _mm256_testz_si256(far, far) == 0 {
        for first in (0..OCTAVES - NEAR).step_by(NEAR) {
            let other = polynomials(table, first, octave, u);
            let (from, to) =
                (_mm256_set1_epi32(first as i32), _mm256_set1_epi32((first + NEAR) as i32));
            let here = _mm256_andnot_si256(
                _mm256_cmpgt_epi32(from, octave),
                _mm256_cmpgt_epi32(to, octave),
            );
            size = _mm256_blendv_ps(size, other, _mm256_castsi256_ps(here));
        }
    }
    let rest = _mm256_sub_epi32(_mm256_set1_epi32(i32::MAX), folded);
    let reach = _mm256_add_ps(_mm256_cvtepi32_ps(rest), half);
    // The lower half is negative.
    let sign = _mm256_andnot_si256(flip, _mm256_set1_epi32(i32::MIN));
    _mm256_xor_ps(_mm256_mul_ps(size, reach), _mm256_castsi256_ps(sign))
}

/// Polynomials of the eight octaves from `first` on; the permutation takes the octave modulo
/// eight.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn polynomials(table: &NormalTable, first: usize, octave: __m256i, u: __m256) -> __m256 {
    let mut size = _mm256_setzero_ps();
    for (power, row) in table.coefficients.iter().enumerate() {
        let eight = bits!(row.as_chunks().0[first / NEAR], [f32; NEAR] => __m256);
        let coefficient = _mm256_permutevar8x32_ps(eight, octave);
        size = match power {
            0 => coefficient,
            _ => _mm256_fmadd_ps(size, u, coefficient),
        };
    }
    size
}
