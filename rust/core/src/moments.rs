//! Sums from which mean and spread follow, lane by lane.

use crate::lanes::{LANES, Real};
use serde::{Deserialize, Serialize};

/// Count, sum and sum of squares of each lane, as deviations from one value of the series,
/// so that no digits are lost; mergeable in a fixed order.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Moments {
    origin: f64,
    count: [f64; LANES],
    sum: [f64; LANES],
    squares: [f64; LANES],
}

impl Moments {
    /// Moments of draws in their order; NaN, if it `may_be_missing`, means "not reported in
    /// this draw".
    #[inline(always)]
    pub fn of<F: Real>(draws: &[F], may_be_missing: bool) -> Self {
        let mut moments = Moments::default();
        for x in draws {
            if !x.f64().is_nan() {
                moments.origin = x.f64();
                break;
            }
        }
        let (blocks, rest) = draws.as_chunks::<LANES>();
        for block in blocks {
            match may_be_missing {
                true => moments.add::<F, true>(block),
                false => moments.add::<F, false>(block),
            }
        }
        if !rest.is_empty() {
            let block = std::array::from_fn(|lane| rest.get(lane).copied().unwrap_or(F::NAN));
            moments.add::<F, true>(&block);
        }
        moments
    }

    #[inline(always)]
    fn add<F: Real, const MISSING: bool>(&mut self, block: &[F; LANES]) {
        for lane in 0..LANES {
            let off = block[lane].f64() - self.origin;
            let (one, off) = if MISSING && off.is_nan() { (0.0, 0.0) } else { (1.0, off) };
            self.count[lane] += one;
            self.sum[lane] += off;
            self.squares[lane] += off * off;
        }
    }

    /// Adds later draws of the same lanes.
    #[inline(always)]
    pub fn merge(&mut self, later: &Moments) {
        if self.count == [0.0; LANES] {
            *self = *later;
            return;
        }
        let shift = later.origin - self.origin;
        for lane in 0..LANES {
            let (count, sum) = (later.count[lane], later.sum[lane]);
            self.count[lane] += count;
            self.squares[lane] += later.squares[lane] + shift * (2.0 * sum + count * shift);
            self.sum[lane] += sum + count * shift;
        }
    }

    /// Count, mean and variance (n − 1) of one lane.
    pub fn lane(&self, lane: usize) -> [f64; 3] {
        self.moments(self.count[lane], self.sum[lane], self.squares[lane])
    }

    /// Count, mean and variance (n − 1) over all lanes.
    pub fn total(&self) -> [f64; 3] {
        self.moments(self.count.iter().sum(), self.sum.iter().sum(), self.squares.iter().sum())
    }

    fn moments(&self, count: f64, sum: f64, squares: f64) -> [f64; 3] {
        let mean = if count > 0.0 { self.origin + sum / count } else { f64::NAN };
        let variance = if count > 1.0 {
            (squares - sum / count * sum).max(0.0) / (count - 1.0)
        } else {
            f64::NAN
        };
        [count, mean, variance]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merged_moments_equal_moments_of_all() {
        let draws: Vec<f64> = (0..4096).map(|i| f64::from(i * 7919 % 4096).powi(3) - 1e9).collect();
        let all = Moments::of(&draws, false);
        let mut first = Moments::of(&draws[..1024], false);
        first.merge(&Moments::of(&draws[1024..], true));
        for (a, b) in all.total().iter().zip(first.total()) {
            assert!((a - b).abs() < 1e-12 * a.abs(), "{a} {b}");
        }
    }

    #[test]
    fn missing_draws_are_left_out_and_short_blocks_counted_right() {
        let mut draws: Vec<f32> = (0..20).map(|i| i as f32).collect();
        draws[3] = f32::NAN;
        let moments = Moments::of(&draws, true);
        assert_eq!(moments.total()[0], 19.0);
        assert!((moments.total()[1] - 187.0 / 19.0).abs() < 1e-14);
        assert_eq!(moments.lane(3)[..2], [1.0, 19.0]);
    }
}
