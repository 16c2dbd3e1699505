//! Draws side by side: sixteen draws in the lanes of one array, and the few functions
//! of a real number the model needs, written so that the compiler can vectorise them.
//!
//! No fused multiply-add is used, so every instruction set gives the same bits.

use statrs::function::erf::erfc_inv;

/// Draws in a block; also the number of independent scramblings of a Sobol run.
pub const LANES: usize = 16;

/// One value for each draw of a block.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(align(64))]
pub struct Lanes<F>(pub [F; LANES]);

impl<F: Real> Lanes<F> {
    /// The same value in every lane.
    #[inline(always)]
    pub fn splat(value: F) -> Self {
        Lanes([value; LANES])
    }

    /// Zero in every lane.
    #[inline(always)]
    pub fn zero() -> Self {
        Self::splat(F::ZERO)
    }

    /// Value of each lane from its number.
    #[inline(always)]
    pub fn from_fn(f: impl Fn(usize) -> F) -> Self {
        let mut out = Self::zero();
        for lane in 0..LANES {
            out.0[lane] = f(lane);
        }
        out
    }

    /// Each lane through `f`.
    #[inline(always)]
    pub fn map(self, f: impl Fn(F) -> F) -> Self {
        Self::from_fn(|lane| f(self.0[lane]))
    }

    /// `self += scale * other`, lane by lane.
    #[inline(always)]
    pub fn add_scaled(&mut self, scale: F, other: &Self) {
        for lane in 0..LANES {
            self.0[lane] = self.0[lane] + scale * other.0[lane];
        }
    }
}

/// A floating-point type the simulation can run in: `f32` for speed, `f64` for audit.
pub trait Real:
    Copy
    + Send
    + Sync
    + PartialOrd
    + std::fmt::Debug
    + std::ops::Add<Output = Self>
    + std::ops::Sub<Output = Self>
    + std::ops::Mul<Output = Self>
    + std::ops::Div<Output = Self>
    + std::ops::Neg<Output = Self>
    + 'static
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// Not a number: a quantity that is not reported in a draw.
    const NAN: Self;
    /// Nearest value to a double.
    fn of(value: f64) -> Self;
    /// As a double.
    fn f64(self) -> f64;
    /// e to the power of self.
    fn exp(self) -> Self;
    /// Natural logarithm of a positive number.
    fn ln(self) -> Self;
    /// Standard normal quantile at (word + ½) / 2³².
    fn normal_from_word(word: u32) -> Self;

    /// Smaller of two; written as a comparison so that it becomes one instruction.
    #[inline(always)]
    fn lesser(self, other: Self) -> Self {
        if self < other { self } else { other }
    }
    /// Larger of two.
    #[inline(always)]
    fn greater(self, other: Self) -> Self {
        if self > other { self } else { other }
    }
    /// Natural logarithm of any number that is not negative, in double precision inside.
    #[inline(always)]
    fn ln_of(self) -> Self {
        Self::of(self.f64().ln())
    }
    /// 1 / (1 + e⁻ˣ), exact at ±∞.
    #[inline(always)]
    fn logistic(self) -> Self {
        Self::ONE / (Self::ONE + (-self).exp())
    }
}

/// A word's distance from the nearer end of (0, 2³²) and whether it lies in the upper half.
#[inline(always)]
fn fold(word: u32) -> (u32, bool) {
    let upper = word >> 31 == 1;
    (if upper { !word } else { word }, upper)
}

impl Real for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const NAN: Self = f64::NAN;
    #[inline(always)]
    fn of(value: f64) -> Self {
        value
    }
    #[inline(always)]
    fn f64(self) -> f64 {
        self
    }
    #[inline(always)]
    fn exp(self) -> Self {
        f64::exp(self)
    }
    #[inline(always)]
    fn ln(self) -> Self {
        f64::ln(self)
    }
    fn normal_from_word(word: u32) -> Self {
        let (folded, upper) = fold(word);
        let tail = (f64::from(folded) + 0.5) / 4_294_967_296.0;
        let size = std::f64::consts::SQRT_2 * erfc_inv(2.0 * tail);
        if upper { size } else { -size }
    }
}

impl Real for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const NAN: Self = f32::NAN;
    #[inline(always)]
    fn of(value: f64) -> Self {
        value as f32
    }
    #[inline(always)]
    fn f64(self) -> f64 {
        f64::from(self)
    }

    /// Range reduction by ln 2 and a polynomial; relative error below 2e-7.
    #[inline(always)]
    fn exp(self) -> Self {
        const LN2_HIGH: f32 = 0.693_359_4;
        const LN2_LOW: f32 = -2.121_944_4e-4;
        // Beyond these the result is 0 or infinity in single precision anyway.
        let x = self.greater(-104.0).lesser(89.0);
        let power = (x * std::f32::consts::LOG2_E + 12_582_912.0) - 12_582_912.0;
        let r = x - power * LN2_HIGH - power * LN2_LOW;
        let mut series = 1.0 / 5040.0;
        for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
            series = series * r + coefficient;
        }
        // Two half steps keep the exponent in range at both ends.
        let half = (power * 0.5) as i32;
        let scale = |n: i32| f32::from_bits(((n + 127) as u32) << 23);
        series * scale(half) * scale(power as i32 - half)
    }

    /// Exponent and mantissa apart, atanh series; relative error below 2e-7 away from 1,
    /// absolute error below 1e-7 near it. Normal positive numbers only.
    #[inline(always)]
    fn ln(self) -> Self {
        const SQRT_HALF_BITS: u32 = 0x3F35_04F3;
        let shifted = self.to_bits().wrapping_sub(SQRT_HALF_BITS);
        let exponent = (shifted as i32) >> 23;
        let mantissa = f32::from_bits((shifted & 0x007F_FFFF).wrapping_add(SQRT_HALF_BITS));
        let y = (mantissa - 1.0) / (mantissa + 1.0);
        let y2 = y * y;
        let mut series = 1.0 / 9.0;
        for coefficient in [1.0 / 7.0, 1.0 / 5.0, 1.0 / 3.0] {
            series = series * y2 + coefficient;
        }
        exponent as f32 * std::f32::consts::LN_2 + 2.0 * y + 2.0 * y * y2 * series
    }

    /// Wichura's PPND7 (Applied Statistics algorithm AS 241, 1988): one rational function in
    /// the centre and one in the tails, chosen by select so that the lanes never part ways.
    #[inline(always)]
    fn normal_from_word(word: u32) -> Self {
        let (folded, upper) = fold(word);
        // Distance from the middle, from the integer so that it keeps its digits near zero.
        // The casts through i32 are one instruction; folded words are below 2³¹.
        let reach = ((0x7FFF_FFFF - folded) as i32 as f32 + 0.5) * (1.0 / 4_294_967_296.0);
        let tail = (folded as i32 as f32 + 0.5) * (1.0 / 4_294_967_296.0);
        let c = 0.180_625 - reach * reach;
        let t = (-Real::ln(tail)).sqrt() - 1.6;
        let centre = (
            (((59.109_375 * c + 159.291_13) * c + 50.434_273) * c + 3.387_132_7) * reach,
            ((67.187_56 * c + 78.757_76) * c + 17.895_17) * c + 1.0,
        );
        let far = (
            ((0.170_238_21 * t + 1.306_728_5) * t + 2.756_815_4) * t + 1.423_437_3,
            (0.120_211_33 * t + 0.737_001_6) * t + 1.0,
        );
        let near = reach <= 0.425;
        let size = if near { centre.0 } else { far.0 } / if near { centre.1 } else { far.1 };
        if upper { size } else { -size }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_precision_exp_and_ln_are_right_over_their_range() {
        let mut x = -80.0f32;
        while x < 80.0 {
            let exact = f64::from(x).exp();
            assert!((f64::from(Real::exp(x)) / exact - 1.0).abs() < 2e-7, "exp({x})");
            let y = exact as f32;
            let ln = f64::from(y).ln();
            let error = (f64::from(Real::ln(y)) - ln).abs();
            assert!(error < 2e-7 * ln.abs().max(0.5), "ln({y})");
            x += 0.0137;
        }
        assert_eq!(Real::exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(Real::exp(f32::INFINITY), f32::INFINITY);
        assert_eq!(f32::INFINITY.logistic(), 1.0);
        assert_eq!(f32::NEG_INFINITY.logistic(), 0.0);
    }

    /// Normal quantiles at (word + 1/2) / 2^32 to 40 digits by mpmath, rounded.
    #[test]
    fn normal_quantiles_match_an_independent_table() {
        for (word, expected) in NDTRI {
            let double = <f64 as Real>::normal_from_word(word);
            let single = f64::from(<f32 as Real>::normal_from_word(word));
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
            let z = <f32 as Real>::normal_from_word(word);
            assert!(z > last);
            assert_eq!(z, -<f32 as Real>::normal_from_word(!word));
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
