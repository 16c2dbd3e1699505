//! Draws side by side: sixteen draws in the lanes of one array, and the few functions
//! of a real number the model needs, written so that the compiler can vectorise them.
//!
//! No fused multiply-add is used, so every instruction set gives the same bits.

/// Draws in a block; also the number of independent scramblings of a Sobol run.
pub const LANES: usize = 16;

/// Weighted sums that are built together, one register each.
pub const TILE: usize = 8;

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
    /// Sorts values none of which is NaN.
    fn sort(values: &mut [Self]);

    /// `TILE` weighted sums of the same values: `out[row] = Σ weights[i][row] · values[i]`.
    #[inline(always)]
    fn tile_sums<const WIDE: bool>(
        weights: &[[Self; TILE]],
        values: &[Lanes<Self>],
    ) -> [Lanes<Self>; TILE] {
        tile_sums_portable(weights, values)
    }

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

/// Row by row: compilers do not keep eight sums in registers at once.
#[inline(always)]
fn tile_sums_portable<F: Real>(weights: &[[F; TILE]], values: &[Lanes<F>]) -> [Lanes<F>; TILE] {
    let mut sums = [Lanes::zero(); TILE];
    for (row, sum) in sums.iter_mut().enumerate() {
        for (weights, value) in weights.iter().zip(values) {
            sum.add_scaled(weights[row], value);
        }
    }
    sums
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn tile_sums_avx512(weights: &[[f32; TILE]], values: &[Lanes<f32>]) -> [Lanes<f32>; TILE] {
    use std::arch::x86_64::*;
    let mut sums = [_mm512_setzero_ps(); TILE];
    for (weights, value) in weights.iter().zip(values) {
        // SAFETY: a block is sixteen values, aligned to 64 bytes.
        let value = unsafe { _mm512_load_ps(value.0.as_ptr()) };
        for row in 0..TILE {
            let product = _mm512_mul_ps(_mm512_set1_ps(weights[row]), value);
            sums[row] = _mm512_add_ps(sums[row], product);
        }
    }
    let mut out = [Lanes::zero(); TILE];
    for row in 0..TILE {
        // SAFETY: as above.
        unsafe { _mm512_store_ps(out[row].0.as_mut_ptr(), sums[row]) };
    }
    out
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
    fn sort(values: &mut [Self]) {
        radsort::sort(values);
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

    fn sort(values: &mut [Self]) {
        radsort::sort(values);
    }

    #[inline(always)]
    fn tile_sums<const WIDE: bool>(
        weights: &[[Self; TILE]],
        values: &[Lanes<Self>],
    ) -> [Lanes<Self>; TILE] {
        #[cfg(target_arch = "x86_64")]
        if WIDE {
            // SAFETY: WIDE is set only by the wrapper that is entered after detection.
            return unsafe { tile_sums_avx512(weights, values) };
        }
        tile_sums_portable(weights, values)
    }

    /// Range reduction by ln 2 and a polynomial; relative error below 2e-7. Below −88 it
    /// is 0, above 88.4 infinite.
    #[inline(always)]
    fn exp(self) -> Self {
        const LN2_HIGH: f32 = 0.693_359_4;
        const LN2_LOW: f32 = -2.121_944_4e-4;
        // Adding 1.5 · 2²³ leaves the nearest whole number in the low bits.
        const SHIFT: f32 = 12_582_912.0;
        let x = self.greater(-88.0).lesser(89.0);
        let shifted = x * std::f32::consts::LOG2_E + SHIFT;
        let power = shifted - SHIFT;
        let r = x - power * LN2_HIGH - power * LN2_LOW;
        let mut series = 1.0 / 5040.0;
        for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
            series = series * r + coefficient;
        }
        // 127 + power as an exponent: 0 stands for zero, 255 for infinity.
        let scale = shifted.to_bits().wrapping_sub(SHIFT.to_bits()).wrapping_add(127) << 23;
        series * f32::from_bits(scale)
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
}
