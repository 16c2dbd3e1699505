//! The pull of others on the Gompertz curve.

use crate::lanes::{LANES, Lanes, Real};
use crate::vector::Vector;

/// ψ(y) = −y ln y / (1 − y) with ψ(0) = 0, ψ(y ≥ 1) = 1.
///
/// Replacing y by ψ(y) in the hazard turns the logistic into the Gompertz curve; ψ rises
/// with y and its elasticity is at most 1, so every bound and monotonicity still holds.
#[inline(always)]
pub(super) fn gompertz_pull<V: Vector>(y: V) -> V {
    // Near 1 the ratio loses its digits; there ψ(1 − e) = 1 − Σ eⁿ / (n (n + 1)).
    const NEAR: f64 = 0.1;
    let one = V::one();
    let inside = y.min(V::of(1.0 - NEAR)).max(V::of(1e-30));
    let far = (V::zero() - inside * logarithm(inside)) / (one - inside);
    let below = one - y.min(one);
    let mut series = V::zero();
    for n in (1..=10).rev() {
        series = (series + V::of(1.0 / f64::from(n * (n + 1)))) * below;
    }
    // Both are finite, so that a factor of 0 or 1 chooses between them to the last bit; nobody to
    // see pulls nobody.
    let is_far = V::of(NEAR).at_most(below);
    let pull = far * is_far + (one - series) * (one - is_far);
    pull * (one - y.at_most(V::zero()))
}

/// Natural logarithm of positive numbers, step for step that of [`Real::ln`].
#[inline(always)]
fn logarithm<V: Vector>(x: V) -> V {
    let numbers = x.lanes();
    let [mut exponents, mut mantissas] = [Lanes([V::Real::ZERO; LANES]); 2];
    for lane in 0..LANES {
        let [exponent, mantissa] = numbers.0[lane].parts();
        exponents.0[lane] = exponent;
        mantissas.0[lane] = mantissa;
    }
    let (exponent, mantissa) = (V::load(&exponents.0), V::load(&mantissas.0));
    if !V::Real::IN_PARTS {
        return mantissa;
    }
    let (one, two) = (V::one(), V::of(2.0));
    let y = (mantissa - one) / (mantissa + one);
    let y2 = y * y;
    let mut series = V::of(1.0 / 9.0);
    for coefficient in [1.0 / 7.0, 1.0 / 5.0, 1.0 / 3.0] {
        series = series * y2 + V::of(coefficient);
    }
    exponent * V::of(std::f64::consts::LN_2) + two * y + two * y * y2 * series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_of_vectors_are_those_of_numbers() {
        for i in 0..4000 {
            let x = 1.37f64.powi(i / 16 - 125) * (1.0 + f64::from(i % 16) / 16.0);
            let single = logarithm(Lanes([x as f32; LANES])).0;
            assert_eq!(single, [Real::ln(x as f32); LANES], "{x}");
            assert_eq!(logarithm(Lanes([x; LANES])).0, [x.ln(); LANES], "{x}");
        }
    }

    #[test]
    fn the_pull_rises_from_nothing_to_one() {
        let pull = |y: f64| gompertz_pull(Lanes([y; LANES])).0[5];
        assert_eq!([pull(0.0), pull(1.0), pull(7.0)], [0.0, 1.0, 1.0]);
        let mut last = 0.0;
        for i in 1..=2000 {
            let y = f64::from(i) / 2000.0;
            let exact = if y < 1.0 { -y * y.ln() / (1.0 - y) } else { 1.0 };
            assert!((pull(y) - exact).abs() < 1e-12 && pull(y) > last, "{y}");
            last = pull(y);
        }
    }
}
