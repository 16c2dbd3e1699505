//! Standard normal quantiles of 32-bit words.
//!
//! In double precision by the inverse of the complementary error function. In single
//! precision by a polynomial for each octave of the tail probability: with 32 octaves the
//! coefficients fit the registers of one permutation instruction, and there is neither a
//! logarithm nor a branch. The polynomials are fitted when first used.

use crate::lanes::{LANES, Lanes, Real};
use statrs::function::erf::erfc_inv;
use std::sync::OnceLock;

const OCTAVES: usize = 32;
const TERMS: usize = 8;
/// Largest single-precision number below 2³¹.
const MOST: f32 = 2_147_483_520.0;
const WORD: f64 = 4_294_967_296.0;

/// A number type that normal numbers can be drawn in.
pub trait Normal: Real {
    /// Standard normal quantiles at (word + ½) / 2³²; `WIDE` inside code for AVX-512.
    fn normals<const WIDE: bool>(table: &NormalTable, words: &[u32; LANES]) -> Lanes<Self>;
}

impl Normal for f64 {
    fn normals<const WIDE: bool>(_: &NormalTable, words: &[u32; LANES]) -> Lanes<Self> {
        Lanes(words.map(exact))
    }
}

impl Normal for f32 {
    #[inline(always)]
    fn normals<const WIDE: bool>(table: &NormalTable, words: &[u32; LANES]) -> Lanes<Self> {
        Lanes(table.single::<WIDE>(words))
    }
}

/// A word's distance from the nearer end of (0, 2³²) and whether it lies in the upper half.
#[inline(always)]
fn fold(word: u32) -> (u32, bool) {
    let upper = word >> 31 == 1;
    (if upper { !word } else { word }, upper)
}

/// Φ⁻¹((word + ½) / 2³²), error below 4e-15 of the larger of its size and 1.
pub fn exact(word: u32) -> f64 {
    let (folded, upper) = fold(word);
    let size = quantile_size(f64::from(folded) + 0.5);
    if upper { size } else { -size }
}

/// |Φ⁻¹(x / 2³²)| for x up to 2³¹.
fn quantile_size(x: f64) -> f64 {
    std::f64::consts::SQRT_2 * erfc_inv(2.0 * x / WORD)
}

/// Single-precision quantiles, relative error below 5e-7.
#[derive(Debug)]
#[repr(align(64))]
pub struct NormalTable {
    /// `[power, highest first][octave]`: |z| / (½ − tail) in u = 2 · mantissa − 3.
    coefficients: [[f32; OCTAVES]; TERMS],
}

impl NormalTable {
    /// The one table.
    pub fn get() -> &'static Self {
        static TABLE: OnceLock<NormalTable> = OnceLock::new();
        TABLE.get_or_init(Self::fit)
    }

    /// Chebyshev interpolation in each octave [2^(e−1), 2^e) of tail · 2³².
    fn fit() -> Self {
        let mut coefficients = [[0.0; OCTAVES]; TERMS];
        let n = TERMS as f64;
        let node = |i: usize| libm::cos(std::f64::consts::PI * (i as f64 + 0.5) / n);
        for octave in 0..OCTAVES {
            let value = |u: f64| {
                let x = (u + 3.0) / 2.0 * libm::exp2(octave as f64 - 1.0);
                quantile_size(x) / (0.5 - x / WORD)
            };
            // Newton's divided differences at the nodes, then expanded into powers of u.
            let nodes: [f64; TERMS] = std::array::from_fn(node);
            let mut divided: [f64; TERMS] = std::array::from_fn(|i| value(nodes[i]));
            for order in 1..TERMS {
                for i in (order..TERMS).rev() {
                    divided[i] = (divided[i] - divided[i - 1]) / (nodes[i] - nodes[i - order]);
                }
            }
            let mut powers = [0.0; TERMS];
            for i in (0..TERMS).rev() {
                for p in (1..TERMS).rev() {
                    powers[p] = powers[p - 1] - nodes[i] * powers[p];
                }
                powers[0] = divided[i] - nodes[i] * powers[0];
            }
            for (p, power) in powers.iter().enumerate() {
                coefficients[TERMS - 1 - p][octave] = *power as f32;
            }
        }
        NormalTable { coefficients }
    }

    /// Normal numbers of a block's words; `WIDE` inside code compiled for AVX-512.
    #[inline(always)]
    pub fn single<const WIDE: bool>(&self, words: &[u32; LANES]) -> [f32; LANES] {
        #[cfg(target_arch = "x86_64")]
        if WIDE {
            // SAFETY: WIDE is set only by the wrapper that is entered after detection.
            return unsafe { self.single_avx512(words) };
        }
        let mut normals = [0.0; LANES];
        for lane in 0..LANES {
            let (folded, upper) = fold(words[lane]);
            // Casts through i32 are one instruction; folded words are below 2³¹.
            let x = folded as i32 as f32 + 0.5;
            let bits = if x < MOST { x } else { MOST }.to_bits();
            let octave = (bits >> 23) as usize - 126;
            let u = f32::from_bits(bits & 0x007F_FFFF | 0x3F80_0000) * 2.0 - 3.0;
            let mut size = self.coefficients[0][octave % OCTAVES];
            for row in &self.coefficients[1..] {
                size = size * u + row[octave % OCTAVES];
            }
            // ½ − tail, from the integer so that it keeps its digits near zero.
            let reach = ((0x7FFF_FFFF - folded) as i32 as f32 + 0.5) * (1.0 / WORD as f32);
            let size = size * reach;
            normals[lane] = if upper { size } else { -size };
        }
        normals
    }

    #[cfg(target_arch = "x86_64")]
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    fn single_avx512(&self, words: &[u32; LANES]) -> [f32; LANES] {
        use std::arch::x86_64::*;
        // SAFETY: both are sixteen 32-bit values.
        let words = unsafe { _mm512_loadu_si512(words.as_ptr().cast()) };
        let flip = _mm512_srai_epi32::<31>(words);
        let folded = _mm512_xor_si512(words, flip);
        let half = _mm512_set1_ps(0.5);
        let x = _mm512_add_ps(_mm512_cvtepi32_ps(folded), half);
        let bits = _mm512_castps_si512(_mm512_min_ps(x, _mm512_set1_ps(MOST)));
        let octave = _mm512_sub_epi32(_mm512_srli_epi32::<23>(bits), _mm512_set1_epi32(126));
        let mantissa = _mm512_or_si512(
            _mm512_and_si512(bits, _mm512_set1_epi32(0x007F_FFFF)),
            _mm512_set1_epi32(0x3F80_0000),
        );
        let u = _mm512_sub_ps(
            _mm512_mul_ps(_mm512_castsi512_ps(mantissa), _mm512_set1_ps(2.0)),
            _mm512_set1_ps(3.0),
        );
        let coefficient = |row: &[f32; OCTAVES]| {
            // SAFETY: a row has 32 values.
            let (low, high) =
                unsafe { (_mm512_loadu_ps(row.as_ptr()), _mm512_loadu_ps(row.as_ptr().add(16))) };
            _mm512_permutex2var_ps(low, octave, high)
        };
        let mut size = coefficient(&self.coefficients[0]);
        for row in &self.coefficients[1..] {
            size = _mm512_add_ps(_mm512_mul_ps(size, u), coefficient(row));
        }
        let rest = _mm512_sub_epi32(_mm512_set1_epi32(0x7FFF_FFFF), folded);
        let reach = _mm512_mul_ps(
            _mm512_add_ps(_mm512_cvtepi32_ps(rest), half),
            _mm512_set1_ps(1.0 / WORD as f32),
        );
        let size = _mm512_castps_si512(_mm512_mul_ps(size, reach));
        // The lower half is negative: its flip is 0 and its sign bit must be set.
        let sign = _mm512_andnot_si512(flip, _mm512_set1_epi32(i32::MIN));
        let mut normals = [0.0; LANES];
        // SAFETY: sixteen values.
        unsafe {
            _mm512_storeu_ps(
                normals.as_mut_ptr(),
                _mm512_castsi512_ps(_mm512_xor_si512(size, sign)),
            )
        };
        normals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(word: u32) -> f32 {
        NormalTable::get().single::<false>(&[word; LANES])[0]
    }

    /// Normal quantiles at (word + 1/2) / 2^32 to 40 digits by mpmath, rounded.
    #[test]
    fn normal_quantiles_match_an_independent_table() {
        for (word, expected) in NDTRI {
            let double = exact(word);
            let single = f64::from(one(word));
            assert!(
                (double - expected).abs() <= 4e-15 * expected.abs().max(1.0),
                "{word}: {double}"
            );
            assert!((single - expected).abs() <= 5e-7 * expected.abs(), "{word}: {single}");
        }
    }

    #[test]
    fn normal_quantile_is_odd_and_increases() {
        let mut last = f32::NEG_INFINITY;
        for i in 0..1u32 << 16 {
            let word = i << 16 | 0x5a5a;
            let z = one(word);
            assert!(z > last);
            assert_eq!(z, -one(!word));
            last = z;
        }
    }

    const NDTRI: [(u32, f64); 16] = [
        (0x00000000, -6.3379577545537895),
        (0x00000001, -6.166429517819751),
        (0x000003e8, -5.0398511259687115),
        (0x00100000, -3.4871039765916905),
        (0x10000000, -1.5341205434059568),
        (0x33333333, -0.8416212333234189),
        (0x55555555, -0.4307272991887327),
        (0x70000000, -0.15731068431472767),
        (0x7ffff000, -2.3902151963582815e-06),
        (0x7fffffff, -2.918099372916623e-10),
        (0x80000000, 2.918099372916623e-10),
        (0x9abcdef0, 0.2648680410085975),
        (0xc0000000, 0.6744897505624251),
        (0xf0000000, 1.534120545299136),
        (0xfffff000, 4.763025658726428),
        (0xffffffff, 6.3379577545537895),
    ];

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn vectors_give_the_bits_of_the_portable_path() {
        if !crate::simd::Level::Avx512.available() {
            return;
        }
        for i in 0..1u32 << 16 {
            let words = std::array::from_fn(|lane| {
                (i << 16 | 0x1234).wrapping_mul(0x9E37_79B1).wrapping_add(lane as u32)
            });
            let table = NormalTable::get();
            let (wide, narrow) = (table.single::<true>(&words), table.single::<false>(&words));
            assert_eq!(wide.map(f32::to_bits), narrow.map(f32::to_bits));
        }
    }
}
