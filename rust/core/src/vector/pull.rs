//! The pull of adopters on the curve of Gompertz, ψ(y) = −y ln y / (1 − y), in both precisions.

use super::polar::{Bits, LOGARITHM};
use super::{polynomials, splats};

/// In single precision, shared by all levels; relative error below 3e-7.
#[inline(always)]
pub(super) fn single<V: Bits>(y: V) -> V {
    let y = y.max(V::zero());
    let inside = y.max(V::splat(1e-30)).min(V::splat(1.0 - f32::EPSILON / 2.0));
    // −2 ln y to the last digits near 1 too, where 1 − y and the exponent are exact.
    let [exponent, mantissa] = inside.parts();
    let t = mantissa - V::one();
    let [series] = polynomials([t], &splats(&LOGARITHM));
    let whole = (exponent + V::splat(31.0)) * V::splat(-2.0 * std::f32::consts::LN_2);
    let logarithm = series.mul_add(t, whole);
    let pull = y * V::splat(0.5) * (logarithm / (V::one() - inside));
    pull.min(V::one())
}

/// In double precision.
pub(super) fn double(y: f64) -> f64 {
    // Near 1 the ratio loses its digits; there ψ(1 − e) = 1 − Σ eⁿ / (n (n + 1)).
    const NEAR: f64 = 0.1;
    let below = 1.0 - y.min(1.0);
    if y <= 0.0 {
        0.0 // nobody to see pulls nobody
    } else if below < NEAR {
        1.0 - (1..=10).rev().fold(0.0, |sum, n| (sum + 1.0 / f64::from(n * (n + 1))) * below)
    } else {
        let inside = y.max(1e-30);
        -(inside * inside.ln()) / (1.0 - inside)
    }
}

#[cfg(test)]
mod tests {
    use crate::simd::{self, Level, Work};
    use crate::vector::Vector;

    struct Pulls<'a>(&'a [f32]);
    impl Work for Pulls<'_> {
        type Real = f32;
        type Output = Vec<f32>;
        #[inline(always)]
        fn run<V: Vector<Real = f32>>(self) -> Vec<f32> {
            self.0.iter().map(|y| V::splat(*y).pull().lanes().0[0]).collect()
        }
    }

    #[test]
    fn pulls_are_right_to_single_precision_and_the_same_at_every_level() {
        let mut ys: Vec<f32> = (0..40_000).map(|i| (i as f32 * -0.0005).exp2()).collect();
        ys.extend((1..2_000).map(|i| 1.0 - i as f32 * f32::EPSILON / 2.0));
        let portable = simd::at(Level::PORTABLE, Pulls(&ys));
        for (y, found) in ys.iter().zip(&portable) {
            let y = f64::from(*y);
            let exact = if y == 1.0 { 1.0 } else { -y * (y - 1.0).ln_1p() / (1.0 - y) };
            assert!((f64::from(*found) / exact - 1.0).abs() < 3e-7, "{y}: {found} {exact}");
            assert!((super::double(y) / exact - 1.0).abs() < 1e-11, "{y}");
        }
        for level in Level::available() {
            assert_eq!(simd::at(level, Pulls(&ys)), portable, "{level:?}");
            let ends = [f32::NEG_INFINITY, -1.0, 0.0, 1.0, 1.5, 1e30, f32::INFINITY];
            let pulls = simd::at(level, Pulls(&ends));
            assert_eq!(pulls, [0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0], "{level:?}");
        }
    }
}
