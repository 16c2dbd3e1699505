//! Standard normal numbers from 32-bit words: quantiles of one word, and pairs from two.
//!
//! Quantiles in double precision by the inverse of the complementary error function. In single
//! precision by a polynomial for each octave of the tail probability: with 32 octaves the
//! coefficients fit the registers of one permutation instruction, and there is neither a
//! logarithm nor a branch. The polynomials are fitted when first used.

use statrs::function::erf::erfc_inv;
use std::sync::OnceLock;

pub(crate) const OCTAVES: usize = 32;
const TERMS: usize = 8;
/// Largest single-precision number below 2³¹.
pub(crate) const MOST: f32 = 2_147_483_520.0;
const WORD: f64 = 4_294_967_296.0;

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

/// Bits of √½, below which a number has another exponent where logarithms are taken.
pub(crate) const ROOT_HALF_BITS: u32 = 0x3F35_04F3;

/// Two independent standard normal numbers (Box and Muller, 1958) from a word for their radius and
/// one for their angle: √(−2 ln u) times the cosine and the sine of πs/2.
///
/// u is (r + ½) / 2³¹, rounded as single precision does it, where r is the radius word without its
/// lowest bit; s is (a + ½) / 2³⁰, where a is the angle word without its lowest bit, signed. The
/// lowest bit of the angle turns both signs.
pub fn polar(radius: u32, angle: u32) -> [f64; 2] {
    let u = f64::from((radius >> 1) as f32 + 0.5) / 2_147_483_648.0;
    let s = (f64::from(angle as i32 >> 1) + 0.5) / 1_073_741_824.0;
    let size = (-2.0 * libm::log(u)).sqrt();
    let size = if angle & 1 == 1 { -size } else { size };
    let (sine, cosine) = libm::sincos(std::f64::consts::FRAC_PI_2 * s);
    [size * cosine, size * sine]
}

/// |Φ⁻¹(x / 2³²)| for x up to 2³¹.
fn quantile_size(x: f64) -> f64 {
    std::f64::consts::SQRT_2 * erfc_inv(2.0 * x / WORD)
}

/// Single-precision quantiles, relative error below 5e-7.
#[derive(Debug)]
#[repr(align(64))]
pub struct NormalTable {
    /// `[power, highest first][octave]`: |z| / (½ − tail) · 2⁻³² in u = 2 · mantissa − 3.
    pub(crate) coefficients: [[f32; OCTAVES]; TERMS],
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
                coefficients[TERMS - 1 - p][octave] = (*power / WORD) as f32;
            }
        }
        NormalTable { coefficients }
    }

    /// Φ⁻¹((word + ½) / 2³²), with the multiplication and addition of the level at hand.
    #[inline(always)]
    pub(crate) fn quantile(&self, word: u32, multiply_add: impl Fn(f32, f32, f32) -> f32) -> f32 {
        let (folded, upper) = fold(word);
        // Casts through i32 are one instruction; folded words are below 2³¹.
        let x = folded as i32 as f32 + 0.5;
        let bits = if x < MOST { x } else { MOST }.to_bits();
        let octave = (bits >> 23) as usize - 126;
        let u = f32::from_bits(bits & 0x007F_FFFF | 0x3F80_0000) * 2.0 - 3.0;
        let mut size = self.coefficients[0][octave % OCTAVES];
        for row in &self.coefficients[1..] {
            size = multiply_add(size, u, row[octave % OCTAVES]);
        }
        // (½ − tail) · 2³², from the integer so that it keeps its digits near zero.
        let reach = (0x7FFF_FFFF - folded) as i32 as f32 + 0.5;
        let size = size * reach;
        if upper { size } else { -size }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(word: u32) -> f32 {
        NormalTable::get().quantile(word, |a, b, c| a * b + c)
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
}
