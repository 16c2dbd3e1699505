//! From draws to statistics, each with its Monte Carlo standard error.
//!
//! Lane `n mod 16` of draw `n` is its replicate: under a Sobol sampler the sixteen lanes
//! are independent scramblings, under plain Monte Carlo independent batches.

use crate::lanes::{LANES, Lanes, Real};
use crate::moments::Moments;
use crate::sketch::Sketch;
use crate::vector::{LEAST_LANES, Vector};
use serde::{Deserialize, Serialize};

/// Probabilities at which quantiles are reported.
pub const PROBABILITIES: [f64; 7] = [0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95];

/// Statistics of one quantity; NaN where there are too few draws to say.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Statistics {
    /// Draws in which the quantity is reported.
    pub count: f64,
    /// Mean.
    pub mean: f64,
    /// Standard deviation (n − 1).
    pub sd: f64,
    /// Quantiles at [`PROBABILITIES`], linear between order statistics.
    pub quantiles: [f64; 7],
    /// Monte Carlo standard errors of the mean, the standard deviation and each quantile.
    pub mcse_mean: f64,
    /// See `mcse_mean`.
    pub mcse_sd: f64,
    /// See `mcse_mean`.
    pub mcse_quantiles: [f64; 7],
}

impl Statistics {
    /// Mean, spread and their errors from moments; no quantiles.
    ///
    /// The error of a Sobol mean is that of sixteen scramblings; of a random mean, sd / √n.
    pub fn from_moments(moments: &Moments, sobol: bool) -> Self {
        let [count, mean, variance] = moments.total();
        let sd = variance.sqrt();
        let lanes: [[f64; 3]; LANES] = std::array::from_fn(|lane| moments.lane(lane));
        let usable = lanes.iter().all(|[count, ..]| *count > 1.0);
        let over_lanes = |value: &dyn Fn(&[f64; 3]) -> f64| match usable {
            true => replicate_error(&lanes.each_ref().map(value)),
            false => f64::NAN,
        };
        Statistics {
            count,
            mean,
            sd,
            quantiles: [f64::NAN; 7],
            mcse_mean: if sobol { over_lanes(&|lane| lane[1]) } else { sd / count.sqrt() },
            mcse_sd: over_lanes(&|lane| lane[2].sqrt()),
            mcse_quantiles: [f64::NAN; 7],
        }
    }

    /// All statistics from every draw, in the order of draws.
    pub fn from_draws(draws: &[f64], sobol: bool) -> Self {
        Self::from_moments(&Moments::of(draws, true), sobol)
            .with_quantiles::<Lanes<f64>>(draws, &mut Ranks::default())
    }

    /// Adds exact quantiles and their errors.
    ///
    /// The error of a quantile q comes from the sixteen lanes: the spread of the share of
    /// each lane's draws below q, carried over to q by the quantile function around it.
    #[inline(always)]
    pub fn with_quantiles<V: Vector>(
        mut self,
        draws: &[V::Real],
        ranks: &mut Ranks<V::Real>,
    ) -> Self {
        if let Some(value) = always(draws) {
            self.quantiles = [value.f64(); PROBABILITIES.len()];
            // Of two draws in each lane or more, none differs.
            if draws.len() >= 2 * LANES {
                self.mcse_quantiles = [0.0; PROBABILITIES.len()];
            }
            return self;
        }
        ranks.arrange::<V>(draws);
        self.quantiles = PROBABILITIES.map(|p| ranks.quantile(p));
        let count = match ranks.known == draws.len() {
            true => std::array::from_fn(|lane| ((draws.len() + LANES - 1 - lane) / LANES) as f64),
            false => per_lane::<V, 1>(draws, [V::Real::of(f64::INFINITY)])[0],
        };
        if count.iter().any(|n| *n < 2.0) {
            return self;
        }
        // As many edges at a time as registers hold the counts of.
        let [a, b, c, d, e, f, g] = self.quantiles.map(V::Real::of);
        let first = per_lane::<V, 4>(draws, [a, b, c, d]);
        let rest = per_lane::<V, 3>(draws, [e, f, g]);
        for (i, (p, below)) in PROBABILITIES.into_iter().zip(first.iter().chain(&rest)).enumerate()
        {
            let shares = std::array::from_fn(|lane| below[lane] / count[lane]);
            let error = replicate_error(&shares);
            let (low, high) = ((p - error).max(0.0), (p + error).min(1.0));
            self.mcse_quantiles[i] = (ranks.quantile(high) - ranks.quantile(low)) / 2.0;
        }
        self
    }

    /// Adds quantiles read from a sketch, with the errors of independent draws (which a
    /// Sobol run does not exceed).
    pub fn with_sketch(mut self, sketch: &Sketch) -> Self {
        self.quantiles = PROBABILITIES.map(|p| sketch.quantile(p));
        for (error, p) in self.mcse_quantiles.iter_mut().zip(PROBABILITIES) {
            let around = (p * (1.0 - p) / self.count).sqrt();
            let (low, high) = ((p - around).max(0.0), (p + around).min(1.0));
            *error = (sketch.quantile(high) - sketch.quantile(low)) / 2.0;
        }
        self
    }
}

/// What every draw is, bit for bit, if they are all the same number.
#[inline(always)]
fn always<F: Real>(draws: &[F]) -> Option<F> {
    let (first, rest) = draws.split_first()?;
    let same = |x: &F| x.f64().to_bits() == first.f64().to_bits();
    (first.f64().is_finite() && rest.iter().all(same)).then_some(*first)
}

/// How many draws of each lane are at most each edge; NaN is not.
#[inline(always)]
fn per_lane<V: Vector, const EDGES: usize>(
    draws: &[V::Real],
    edges: [V::Real; EDGES],
) -> [[f64; LANES]; EDGES] {
    let edges = edges.map(V::splat);
    // Counted in chunks, so that single precision counts exactly.
    let mut counts = [[0.0; LANES]; EDGES];
    for chunk in draws.chunks(LANES << 20) {
        let mut passed = [[V::zero(); EDGES]; LANES / LEAST_LANES];
        let (blocks, rest) = chunk.as_chunks::<LANES>();
        for block in blocks {
            count_block(block, &edges, &mut passed);
        }
        if !rest.is_empty() {
            let missing = V::Real::NAN;
            let block = std::array::from_fn(|lane| rest.get(lane).copied().unwrap_or(missing));
            count_block(&block, &edges, &mut passed);
        }
        for (part, passed) in passed[..LANES / V::LANES].iter().enumerate() {
            for (counts, passed) in counts.iter_mut().zip(passed) {
                let lanes = passed.lanes().0;
                for (count, lane) in counts[part * V::LANES..].iter_mut().zip(&lanes[..V::LANES]) {
                    *count += lane.f64();
                }
            }
        }
    }
    counts
}

/// Counts the draws of a block, one for each lane, that are at most each edge.
#[inline(always)]
fn count_block<V: Vector, const EDGES: usize>(
    block: &[V::Real; LANES],
    edges: &[V; EDGES],
    passed: &mut [[V; EDGES]; LANES / LEAST_LANES],
) {
    for part in 0..LANES / V::LANES {
        let draws = V::load(&block[part * V::LANES..]);
        for edge in 0..EDGES {
            passed[part][edge] = passed[part][edge] + draws.at_most(edges[edge]);
        }
    }
}

/// Standard error of a mean from replicates.
fn replicate_error(values: &[f64; LANES]) -> f64 {
    let n = LANES as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n * (n - 1.0))).sqrt()
}

/// Order statistics of a series: values are dealt into buckets by size, and a bucket is sorted
/// when a rank in it is asked for. Exact, and several times faster than sorting all.
#[derive(Debug)]
pub struct Ranks<F> {
    /// Bucket of each draw; those that are missing have the last.
    buckets: Vec<u16>,
    /// Values by bucket.
    values: Vec<F>,
    /// First position of each bucket, and one past the last.
    starts: Box<[u32; BUCKETS + 2]>,
    sorted: Vec<bool>,
    known: usize,
}

/// Buckets of values, and one more for what is missing.
const BUCKETS: usize = (1 << BUCKET_BITS) + 1;
const BUCKET_BITS: u32 = 11;

impl<F> Default for Ranks<F> {
    fn default() -> Self {
        Ranks {
            buckets: Vec::new(),
            values: Vec::new(),
            starts: Box::new([0; BUCKETS + 2]),
            sorted: Vec::new(),
            known: 0,
        }
    }
}

impl<F: Real> Ranks<F> {
    /// Takes in a series.
    #[inline(always)]
    pub fn arrange<V: Vector<Real = F>>(&mut self, draws: &[F]) {
        let (mut least, mut most) = (F::of(f64::INFINITY), F::of(f64::NEG_INFINITY));
        let (blocks, rest) = draws.as_chunks::<LANES>();
        let mut of_lanes = [V::splat(least), V::splat(most)];
        for block in blocks {
            for part in 0..LANES / V::LANES {
                let draws = V::load(&block[part * V::LANES..]);
                // NaN is neither.
                of_lanes = [draws.min(of_lanes[0]), draws.max(of_lanes[1])];
            }
        }
        let [lows, highs] = of_lanes.map(|lanes| lanes.lanes().0);
        for x in lows[..V::LANES].iter().chain(&highs[..V::LANES]).chain(rest) {
            least = x.lesser(least);
            most = x.greater(most);
        }
        // A zero may have either sign, and which of the two was met first is chance.
        let least = if least == F::ZERO { F::of(-0.0) } else { least }.order();
        let most = if most == F::ZERO { F::ZERO } else { most }.order();
        let shift = (32 - most.saturating_sub(least).leading_zeros()).saturating_sub(BUCKET_BITS);
        self.buckets.resize(draws.len(), 0);
        for (x, bucket) in draws.iter().zip(&mut self.buckets) {
            let known = (x.order().wrapping_sub(least) >> shift) as u16;
            *bucket = if x.f64().is_nan() { BUCKETS as u16 - 1 } else { known };
        }
        // Counted two places on, so that dealing moves each start to its bucket's own place.
        let starts = &mut *self.starts;
        *starts = [0; BUCKETS + 2];
        for bucket in &self.buckets {
            starts[usize::from(*bucket) + 2] += 1;
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        self.values.resize(draws.len(), F::ZERO);
        let values = &mut self.values[..];
        for (x, bucket) in draws.iter().zip(&self.buckets) {
            let place = &mut starts[usize::from(*bucket) + 1];
            values[*place as usize] = *x;
            *place += 1;
        }
        self.known = self.starts[BUCKETS - 1] as usize;
        self.sorted.clear();
        self.sorted.resize(BUCKETS, false);
    }

    fn at(&mut self, rank: usize) -> f64 {
        let bucket = self.starts.partition_point(|start| *start as usize <= rank) - 1;
        let range = self.starts[bucket] as usize..self.starts[bucket + 1] as usize;
        if !self.sorted[bucket] {
            self.values[range].sort_unstable_by(F::total);
            self.sorted[bucket] = true;
        }
        self.values[rank].f64()
    }

    /// Quantile, linear between order statistics (type 7 of Hyndman and Fan).
    pub fn quantile(&mut self, p: f64) -> f64 {
        let Some(last) = self.known.checked_sub(1) else { return f64::NAN };
        let place = p * last as f64;
        let low = (place as usize).min(last);
        let part = place - low as f64;
        let value = self.at(low);
        if part == 0.0 { value } else { value + part * (self.at((low + 1).min(last)) - value) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(n: usize) -> Vec<f64> {
        (0..n)
            .map(|i| ((i * 7919) % n) as f64 / n as f64 * 4.0 - 1.0)
            .map(|x: f64| x.powi(3))
            .collect()
    }

    #[test]
    fn statistics_match_their_definitions() {
        let draws = [1.0, 2.0, 4.0, 8.0, f64::NAN];
        let s = Statistics::from_draws(&draws, false);
        assert_eq!(s.count, 4.0);
        assert!((s.mean - 3.75).abs() < 1e-15);
        assert!((s.sd - (28.75f64 / 3.0).sqrt()).abs() < 1e-14);
        assert_eq!(s.quantiles[3], 3.0);
        assert!((s.quantiles[0] - 1.15).abs() < 1e-15);
        assert!((s.mcse_mean - s.sd / 2.0).abs() < 1e-15);
        assert!(s.mcse_quantiles[3].is_nan(), "too few draws for an error of a quantile");
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_draws() {
        let mut draws = sample(10_007);
        draws.extend([f64::NAN, 0.0, -0.0, 1e300, -1e300, 5.0, 5.0, 5.0]);
        let mut ranks = Ranks::default();
        let zeros = [[0.0, -0.0, 0.0], [-0.0, 0.0, -0.0]];
        let tiny = [1e-300, -0.0, 0.0, -1e-300];
        let cases = [&draws[..], &draws[..10_007], &draws[..1], &[2.0; 300]];
        for draws in cases.into_iter().chain([&zeros[0][..], &zeros[1], &tiny]) {
            ranks.arrange::<Lanes<f64>>(draws);
            let mut sorted: Vec<f64> = draws.iter().copied().filter(|x| !x.is_nan()).collect();
            sorted.sort_unstable_by(f64::total_cmp);
            for i in (0..=1000).rev() {
                let place = f64::from(i) / 1000.0 * (sorted.len() - 1) as f64;
                let (low, high) = (sorted[place as usize], sorted[place.ceil() as usize]);
                let expected = low + place.fract() * (high - low);
                assert_eq!(ranks.quantile(f64::from(i) / 1000.0), expected, "{i}");
            }
        }
    }

    #[test]
    fn errors_of_quantiles_are_those_of_their_definition() {
        let mut missing = sample(1_000);
        missing[3] = f64::NAN;
        missing[999] = f64::NAN;
        let cases = [sample(1_000), sample(1_003), missing, vec![0.3; 32], vec![0.3; 40]];
        for draws in cases {
            let found = Statistics::from_draws(&draws, false);
            let mut sorted: Vec<f64> = draws.iter().copied().filter(|x| !x.is_nan()).collect();
            sorted.sort_unstable_by(f64::total_cmp);
            let quantile = |p: f64| {
                let place = p * (sorted.len() - 1) as f64;
                let (low, high) = (sorted[place as usize], sorted[place.ceil() as usize]);
                low + place.fract() * (high - low)
            };
            for (i, p) in PROBABILITIES.into_iter().enumerate() {
                assert_eq!(found.quantiles[i], quantile(p));
                let error = replicate_error(&std::array::from_fn(|lane| {
                    let of_lane = || draws.iter().skip(lane).step_by(LANES).filter(|x| !x.is_nan());
                    let below = of_lane().filter(|x| **x <= quantile(p)).count();
                    below as f64 / of_lane().count() as f64
                }));
                let (low, high) = ((p - error).max(0.0), (p + error).min(1.0));
                assert_eq!(found.mcse_quantiles[i], (quantile(high) - quantile(low)) / 2.0);
            }
        }
        for (same, error) in [(31, f64::NAN), (32, 0.0)] {
            let found = Statistics::from_draws(&vec![2.5; same], false);
            assert_eq!(found.quantiles, [2.5; 7]);
            assert!(found.mcse_quantiles.iter().all(|e| e.total_cmp(&error).is_eq()), "{same}");
        }
    }

    #[test]
    fn errors_of_a_random_mean_and_quantile_have_the_right_size() {
        // Uniform draws: the median of n has standard error 1 / (2 √n).
        let n = 16_000;
        let key = crate::rng::Key::new("test", "", "");
        let draws: Vec<f64> = (0..n)
            .map(|i| {
                let word = crate::rng::Generator::new(3).words(key.block(i))[0];
                f64::from(word) / 4_294_967_296.0
            })
            .collect();
        let s = Statistics::from_draws(&draws, false);
        let expected = 0.5 / f64::from(n).sqrt();
        assert!((s.mcse_quantiles[3] / expected - 1.0).abs() < 0.5, "{}", s.mcse_quantiles[3]);
        assert!((s.mcse_mean / (1.0 / 12f64.sqrt() / f64::from(n).sqrt()) - 1.0).abs() < 0.02);
    }
}
