//! Sixteen draws side by side, and the two precisions they may be held in.

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
    /// An integer that grows with the value, NaN apart; doubles are rounded to singles first.
    #[inline(always)]
    fn order(self) -> u32 {
        let bits = (self.f64() as f32).to_bits();
        bits ^ ((bits as i32 >> 31) as u32 | 1 << 31)
    }

    /// Order of all values, −0 before 0 and NaN last.
    fn total(&self, other: &Self) -> std::cmp::Ordering;

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
    fn total(&self, other: &Self) -> std::cmp::Ordering {
        self.total_cmp(other)
    }
    #[inline(always)]
    fn of(value: f64) -> Self {
        value
    }
    #[inline(always)]
    fn f64(self) -> f64 {
        self
    }
}

impl Real for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const NAN: Self = f32::NAN;
    #[inline(always)]
    fn total(&self, other: &Self) -> std::cmp::Ordering {
        self.total_cmp(other)
    }
    #[inline(always)]
    fn of(value: f64) -> Self {
        value as f32
    }
    #[inline(always)]
    fn f64(self) -> f64 {
        f64::from(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_that_of_the_values() {
        let values = [f32::NEG_INFINITY, -2.0, -1e-30, 0.0, 1e-30, 1.5, f32::INFINITY];
        assert!(values.windows(2).all(|pair| pair[0].order() < pair[1].order()));
        let doubles = [f64::MIN, -2.0, -1e-300, 1e-300, 1.0, 1.0 + 1e-15, f64::MAX];
        assert!(doubles.windows(2).all(|pair| pair[0].order() <= pair[1].order()));
    }
}
