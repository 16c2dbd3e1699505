//! Quantiles of any number of draws in bounded memory.

use crate::lanes::Real;
use serde::{Deserialize, Serialize};

/// Counts of values in buckets of equal relative width: quantiles to within
/// [`Sketch::RELATIVE_ERROR`] in memory that does not grow with the number of draws.
///
/// In the manner of Masson, Rim and Lee (2019), "DDSketch"; a bucket is what remains of a
/// double when all but nine bits of its fraction are dropped, so that no logarithm is taken.
/// Counts are integers: the order in which values come, or sketches are merged, is of no
/// account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Sketch {
    count: u64,
    /// Least and greatest value, which no quantile passes.
    range: Option<(f64, f64)>,
    zeros: u64,
    positive: Buckets,
    negative: Buckets,
}

impl Sketch {
    /// Greatest relative error of a quantile: half a bucket.
    pub const RELATIVE_ERROR: f64 = 0.001;
    const LEAST: f64 = 1e-12;
    const DROPPED_BITS: u32 = 43;

    /// Counts values; NaN is left out.
    pub fn push<F: Real>(&mut self, values: &[F]) {
        let (mut least, mut most) = self.range.unwrap_or((f64::INFINITY, f64::NEG_INFINITY));
        for value in values {
            let value = value.f64();
            if value.is_nan() {
                continue;
            }
            self.count += 1;
            (least, most) = (least.min(value), most.max(value));
            let size = value.abs();
            if size < Self::LEAST {
                self.zeros += 1;
                continue;
            }
            let bucket = (size.min(f64::MAX).to_bits() >> Self::DROPPED_BITS) as usize;
            match value > 0.0 {
                true => self.positive.add(bucket, 1),
                false => self.negative.add(bucket, 1),
            }
        }
        self.range = (self.count > 0).then_some((least, most));
    }

    /// Adds the values of another sketch.
    pub fn merge(&mut self, other: &Sketch) {
        self.count += other.count;
        self.zeros += other.zeros;
        self.range = match (self.range, other.range) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (one, two) => one.or(two),
        };
        self.positive.merge(&other.positive);
        self.negative.merge(&other.negative);
    }

    /// Value below which a share `p` of the values lies.
    pub fn quantile(&self, p: f64) -> f64 {
        self.range.map_or(f64::NAN, |(least, most)| self.middle_of(p).clamp(least, most))
    }

    /// Middle of the bucket that holds the quantile.
    fn middle_of(&self, p: f64) -> f64 {
        let middle = |bucket: usize| {
            f64::from_bits((bucket as u64) << Self::DROPPED_BITS | 1 << (Self::DROPPED_BITS - 1))
        };
        let mut rest = (p * (self.count - 1) as f64).round() as u64;
        for (bucket, count) in self.negative.ascending().rev() {
            if rest < count {
                return -middle(bucket);
            }
            rest -= count;
        }
        if rest < self.zeros {
            return 0.0;
        }
        rest -= self.zeros;
        for (bucket, count) in self.positive.ascending() {
            if rest < count {
                return middle(bucket);
            }
            rest -= count;
        }
        f64::NAN
    }
}

/// Counts from bucket `first` on.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Buckets {
    first: usize,
    counts: Vec<u64>,
}

impl Buckets {
    #[inline(always)]
    fn add(&mut self, bucket: usize, count: u64) {
        match self.counts.get_mut(bucket.wrapping_sub(self.first)) {
            Some(counted) => *counted += count,
            None => self.add_outside(bucket, count),
        }
    }

    #[cold]
    fn add_outside(&mut self, bucket: usize, count: u64) {
        if self.counts.is_empty() {
            self.first = bucket;
        }
        if bucket < self.first {
            self.counts.splice(0..0, std::iter::repeat_n(0, self.first - bucket));
            self.first = bucket;
        }
        let place = bucket - self.first;
        if place >= self.counts.len() {
            self.counts.resize(place + 1, 0);
        }
        self.counts[place] += count;
    }

    fn merge(&mut self, other: &Buckets) {
        for (bucket, count) in other.ascending().filter(|(_, count)| *count > 0) {
            self.add(bucket, count);
        }
    }

    fn ascending(&self) -> impl DoubleEndedIterator<Item = (usize, u64)> + '_ {
        let first = self.first;
        self.counts.iter().enumerate().map(move |(i, count)| (first + i, *count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(n: usize) -> Vec<f64> {
        let at = |i: usize| ((i * 7919) % n) as f64 / n as f64 * 4.0 - 1.0;
        (0..n).map(at).map(|x: f64| x.powi(3)).collect()
    }

    #[test]
    fn sketch_quantiles_stay_within_their_stated_error() {
        let mut draws = sample(50_000);
        draws.extend([0.0; 700]);
        // Two sketches merged are the sketch of all.
        let [mut sketch, mut other] = [Sketch::default(), Sketch::default()];
        sketch.push(&draws[..20_000]);
        other.push(&draws[20_000..]);
        sketch.merge(&other);
        draws.sort_unstable_by(f64::total_cmp);
        for i in 0..=100 {
            let p = f64::from(i) / 100.0;
            let nearest = draws[(p * (draws.len() - 1) as f64).round() as usize];
            let error = (sketch.quantile(p) - nearest).abs();
            assert!(error <= Sketch::RELATIVE_ERROR * nearest.abs() + 1e-12, "{p}");
        }
    }

    #[test]
    fn memory_does_not_grow_with_the_number_of_draws() {
        let mut sketch = Sketch::default();
        for n in [5_000, 50_000, 500_000] {
            sketch.push(&sample(n));
        }
        // 512 buckets in each octave from the least size told from 0 to 27, for each sign.
        let octaves = (27.0 / Sketch::LEAST).log2().ceil() as usize + 1;
        for buckets in [&sketch.positive, &sketch.negative] {
            assert!(buckets.counts.len() <= 512 * octaves, "{}", buckets.counts.len());
        }
    }
}
