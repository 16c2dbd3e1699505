//! Sixteen draws side by side, and the two precisions they may be held in.

use crate::normal::ROOT_HALF_BITS;

/// Draws in a block; also the number of independent scramblings of a Sobol run.
pub const LANES: usize = 16;

/// One value for each draw of a block.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(align(64))]
pub struct Lanes<F>(pub [F; LANES]);

/// A random 32-bit word for each draw of a block.
pub type Words = Lanes<u32>;

impl<F: Real> Lanes<F> {
    /// Value of each lane from its number.
    #[inline(always)]
    pub fn from_fn(f: impl Fn(usize) -> F) -> Self {
        let mut out = Lanes([F::ZERO; LANES]);
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
    /// Whether logarithms are made of [`Real::parts`].
    const IN_PARTS: bool;
    /// Exponent and mantissa, √½ to √2, of a positive number; where logarithms are not made of
    /// them, 0 and the logarithm.
    fn parts(self) -> [Self; 2];
    /// Natural logarithm of a positive number.
    fn ln(self) -> Self;
    /// An integer that grows with the value, NaN apart; doubles are rounded to singles first.
    #[inline(always)]
    fn order(self) -> u32 {
        let bits = (self.f64() as f32).to_bits();
        bits ^ ((bits as i32 >> 31) as u32 | 1 << 31)
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
    const IN_PARTS: bool = false;
    #[inline(always)]
    fn parts(self) -> [Self; 2] {
        [0.0, self.ln()]
    }
    #[inline(always)]
    fn ln(self) -> Self {
        f64::ln(self)
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

    const IN_PARTS: bool = true;
    #[inline(always)]
    fn parts(self) -> [Self; 2] {
        let shifted = self.to_bits().wrapping_sub(ROOT_HALF_BITS);
        let mantissa = f32::from_bits((shifted & 0x007F_FFFF).wrapping_add(ROOT_HALF_BITS));
        [((shifted as i32) >> 23) as f32, mantissa]
    }

    /// Exponent and mantissa apart, atanh series; relative error below 2e-7 away from 1,
    /// absolute error below 1e-7 near it. Normal positive numbers only.
    #[inline(always)]
    fn ln(self) -> Self {
        let [exponent, mantissa] = self.parts();
        let y = (mantissa - 1.0) / (mantissa + 1.0);
        let y2 = y * y;
        let mut series = 1.0 / 9.0;
        for coefficient in [1.0 / 7.0, 1.0 / 5.0, 1.0 / 3.0] {
            series = series * y2 + coefficient;
        }
        exponent * std::f32::consts::LN_2 + 2.0 * y + 2.0 * y * y2 * series
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_precision_ln_is_right_over_its_range() {
        let mut x = -80.0f32;
        while x < 80.0 {
            let y = x.exp();
            let ln = f64::from(y).ln();
            let error = (f64::from(Real::ln(y)) - ln).abs();
            assert!(error < 2e-7 * ln.abs().max(0.5), "ln({y})");
            x += 0.0137;
        }
    }

    #[test]
    fn order_is_that_of_the_values() {
        let values = [f32::NEG_INFINITY, -2.0, -1e-30, 0.0, 1e-30, 1.5, f32::INFINITY];
        assert!(values.windows(2).all(|pair| pair[0].order() < pair[1].order()));
        let doubles = [f64::MIN, -2.0, -1e-300, 1e-300, 1.0, 1.0 + 1e-15, f64::MAX];
        assert!(doubles.windows(2).all(|pair| pair[0].order() <= pair[1].order()));
    }
}
