//! Vectors in one 512-bit register.

use super::bits::bits;
use super::polar::{self, Bits, Constants};
use super::{Tile, Vector, power, pull};
use crate::lanes::{LANES, Lanes, Words};
use crate::normal::{MOST, NormalTable, OCTAVES, ROOT_HALF_BITS};
use crate::rng::{GROUP, GroupWords};
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
    const LANES: usize = LANES;
    /// Small enough for the steps of one tile to run beside the sums of the next; two
    /// technologies at a time keep the paths of all areas in 32 KB.
    const TILE: Tile = Tile { rows: 6, columns: 2 };

    #[inline(always)]
    fn splat(value: f32) -> Self {
        Avx512(avx512!(_mm512_set1_ps(value)))
    }
    #[inline(always)]
    fn load(numbers: &[f32]) -> Self {
        Avx512(bits!(numbers.as_chunks().0[0], [f32; LANES] => __m512))
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
    fn sqrt(self) -> Self {
        Avx512(avx512!(_mm512_sqrt_ps(self.0)))
    }
    #[inline(always)]
    fn pull(self) -> Self {
        pull::single(self)
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

    /// A register holds four words of each of four factors.
    #[inline(always)]
    fn polar(words: &GroupWords, out: &mut [Self; GROUP]) {
        let words = bits!(*words, GroupWords => [[__m512; GROUP / 4]; 4]);
        for (four, out) in out.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            let [[a, b], [c, d]] = polar::pairs(
                &Constants::new(),
                [Avx512(words[0][four]), Avx512(words[2][four])],
                [Avx512(words[1][four]), Avx512(words[3][four])],
            );
            *out = avx512!({
                // Factors 0 and 1, then 2 and 3, of a and b, then of c and d.
                let low = [
                    _mm512_shuffle_f32x4::<0b01_00_01_00>(a.0, b.0),
                    _mm512_shuffle_f32x4::<0b01_00_01_00>(c.0, d.0),
                ];
                let high = [
                    _mm512_shuffle_f32x4::<0b11_10_11_10>(a.0, b.0),
                    _mm512_shuffle_f32x4::<0b11_10_11_10>(c.0, d.0),
                ];
                [
                    Avx512(_mm512_shuffle_f32x4::<0b10_00_10_00>(low[0], low[1])),
                    Avx512(_mm512_shuffle_f32x4::<0b11_01_11_01>(low[0], low[1])),
                    Avx512(_mm512_shuffle_f32x4::<0b10_00_10_00>(high[0], high[1])),
                    Avx512(_mm512_shuffle_f32x4::<0b11_01_11_01>(high[0], high[1])),
                ]
            });
        }
    }

    #[inline(always)]
    fn normals(table: &NormalTable, words: &Words) -> Self {
        let words = bits!(words.0, [u32; 16] => __m512i);
        Avx512(avx512!(quantiles(table, words)))
    }
}

impl Bits for Avx512 {
    #[inline(always)]
    fn upper(words: Self) -> Self {
        let words = avx512!(_mm512_srli_epi32::<1>(_mm512_castps_si512(words.0)));
        Avx512(avx512!(_mm512_cvtepi32_ps(words)))
    }
    #[inline(always)]
    fn signed_upper(words: Self) -> Self {
        let words = avx512!(_mm512_srai_epi32::<1>(_mm512_castps_si512(words.0)));
        Avx512(avx512!(_mm512_cvtepi32_ps(words)))
    }
    #[inline(always)]
    fn turned(self, words: Self) -> Self {
        let sign = avx512!(_mm512_slli_epi32::<31>(_mm512_castps_si512(words.0)));
        Avx512(avx512!(_mm512_xor_ps(self.0, _mm512_castsi512_ps(sign))))
    }
    #[inline(always)]
    fn parts(self) -> [Self; 2] {
        avx512!({
            let offset = _mm512_set1_epi32(ROOT_HALF_BITS as i32);
            let shifted = _mm512_sub_epi32(
                _mm512_castps_si512(self.0),
                _mm512_set1_epi32(ROOT_HALF_BITS as i32 + (31 << 23)),
            );
            let fraction = _mm512_and_si512(shifted, _mm512_set1_epi32(0x007F_FFFF));
            [
                Avx512(_mm512_cvtepi32_ps(_mm512_srai_epi32::<23>(shifted))),
                Avx512(_mm512_castsi512_ps(_mm512_add_epi32(fraction, offset))),
            ]
        })
    }
}

/// As [`NormalTable::quantile`]: a permutation instruction reads the coefficients.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn quantiles(table: &NormalTable, words: __m512i) -> __m512 {
    let half = _mm512_set1_ps(0.5);
    let flip = _mm512_srai_epi32::<31>(words);
    let folded = _mm512_xor_si512(words, flip);
    let x = _mm512_add_ps(_mm512_cvtepi32_ps(folded), half);
    let bits = _mm512_castps_si512(_mm512_min_ps(x, _mm512_set1_ps(MOST)));
    // 126 is taken off; the permutation takes the octave modulo 32.
    let octave = _mm512_add_epi32(_mm512_srli_epi32::<23>(bits), _mm512_set1_epi32(2));
    // (bits & fraction) | exponent of one.
    let mantissa = _mm512_ternarylogic_epi32::<0xF8>(
        _mm512_set1_epi32(0x3F80_0000),
        bits,
        _mm512_set1_epi32(0x007F_FFFF),
    );
    let mantissa = _mm512_castsi512_ps(mantissa);
    let u = _mm512_fmsub_ps(mantissa, _mm512_set1_ps(2.0), _mm512_set1_ps(3.0));
    let mut size = _mm512_setzero_ps();
    for (power, row) in table.coefficients.iter().enumerate() {
        let [low, high] = bits!(*row, [f32; OCTAVES] => [__m512; 2]);
        let coefficient = _mm512_permutex2var_ps(low, octave, high);
        size = match power {
            0 => coefficient,
            _ => _mm512_fmadd_ps(size, u, coefficient),
        };
    }
    let rest = _mm512_sub_epi32(_mm512_set1_epi32(i32::MAX), folded);
    let reach = _mm512_add_ps(_mm512_cvtepi32_ps(rest), half);
    let size = _mm512_castps_si512(_mm512_mul_ps(size, reach));
    // The lower half is negative: size ^ (!flip & sign bit).
    let signed = _mm512_ternarylogic_epi32::<0xB4>(size, _mm512_set1_epi32(i32::MIN), flip);
    _mm512_castsi512_ps(signed)
}
