//! From draws to statistics, each with its Monte Carlo standard error.
//!
//! Lane `n mod 16` of draw `n` is its replicate: under the Sobol sampler the sixteen lanes
//! are independent scramblings, under plain Monte Carlo independent batches.

use crate::lanes::{LANES, Lanes, Real};

/// Probabilities at which quantiles are reported.
pub const PROBABILITIES: [f64; 7] = [0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95];

/// Count, mean and sum of squared deviations of each lane, mergeable in a fixed order.
#[derive(Debug, Clone, Copy, Default)]
pub struct Moments {
    count: [f64; LANES],
    mean: [f64; LANES],
    squares: [f64; LANES],
}

impl Moments {
    /// Adds later draws of the same lanes (Chan, Golub and LeVeque 1979).
    pub fn merge(&mut self, later: &Moments) {
        for lane in 0..LANES {
            let [count, mean, squares] = combine(
                [self.count[lane], self.mean[lane], self.squares[lane]],
                [later.count[lane], later.mean[lane], later.squares[lane]],
            );
            self.count[lane] = count;
            self.mean[lane] = mean;
            self.squares[lane] = squares;
        }
    }

    /// Moments of draws in their order.
    fn of(draws: &[f64]) -> Self {
        let mut sums = Sums::default();
        for block in draws.chunks(LANES) {
            let lanes = Lanes::from_fn(|lane| block.get(lane).copied().unwrap_or(f64::NAN));
            sums.add(&lanes, block.len());
        }
        sums.moments()
    }

    /// Count, mean and sum of squared deviations over all lanes.
    fn total(&self) -> [f64; 3] {
        (0..LANES).fold([0.0; 3], |sum, lane| {
            combine(sum, [self.count[lane], self.mean[lane], self.squares[lane]])
        })
    }
}

/// Sums of one series over the blocks of a chunk, as deviations from its first draw.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sums {
    origin: Option<f64>,
    count: [f64; LANES],
    sum: [f64; LANES],
    squares: [f64; LANES],
}

impl Sums {
    /// Adds the first `valid` lanes of a block; NaN means "not reported in this draw".
    #[inline(always)]
    pub fn add<F: Real>(&mut self, values: &Lanes<F>, valid: usize) {
        let first = values.0[0].f64();
        let origin = *self.origin.get_or_insert(if first.is_nan() { 0.0 } else { first });
        for lane in 0..LANES {
            let off = values.0[lane].f64() - origin;
            let counted = lane < valid && !off.is_nan();
            let off = if counted { off } else { 0.0 };
            self.count[lane] += f64::from(u8::from(counted));
            self.sum[lane] += off;
            self.squares[lane] += off * off;
        }
    }

    /// As moments.
    pub fn moments(&self) -> Moments {
        let origin = self.origin.unwrap_or_default();
        let mean = |lane: usize| self.sum[lane] / self.count[lane].max(1.0);
        Moments {
            count: self.count,
            mean: std::array::from_fn(|lane| origin + mean(lane)),
            squares: std::array::from_fn(|lane| {
                (self.squares[lane] - mean(lane) * self.sum[lane]).max(0.0)
            }),
        }
    }
}

fn combine([n1, mean1, squares1]: [f64; 3], [n2, mean2, squares2]: [f64; 3]) -> [f64; 3] {
    if n2 == 0.0 {
        return [n1, mean1, squares1];
    }
    let (n, off) = (n1 + n2, mean2 - mean1);
    [n, mean1 + off * n2 / n, squares1 + squares2 + off * off * n1 * n2 / n]
}

/// Statistics of one quantity; NaN where there are too few draws to say.
#[derive(Debug, Clone, Copy)]
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
        let [count, mean, squares] = moments.total();
        let sd = if count > 1.0 { (squares / (count - 1.0)).sqrt() } else { f64::NAN };
        let usable = (0..LANES).filter(|lane| moments.count[*lane] > 1.0).count() == LANES;
        let lane_means = if usable { &moments.mean[..] } else { &[] };
        let lane_sds: Vec<f64> = (0..LANES)
            .filter(|_| usable)
            .map(|lane| (moments.squares[lane] / (moments.count[lane] - 1.0)).sqrt())
            .collect();
        Statistics {
            count,
            mean: if count > 0.0 { mean } else { f64::NAN },
            sd,
            quantiles: [f64::NAN; 7],
            mcse_mean: if sobol { replicate_error(lane_means) } else { sd / count.sqrt() },
            mcse_sd: replicate_error(&lane_sds),
            mcse_quantiles: [f64::NAN; 7],
        }
    }

    /// All statistics from every draw, in the order of draws.
    pub fn from_draws(draws: &[f64], sobol: bool) -> Self {
        Self::from_moments(&Moments::of(draws), sobol).with_quantiles(draws)
    }

    /// Adds exact quantiles and their errors.
    ///
    /// The error of a quantile q comes from the sixteen lanes: the spread of the share of
    /// each lane's draws below q, carried over to q by the quantile function around it.
    pub fn with_quantiles<F: Real>(mut self, draws: &[F]) -> Self {
        let mut sorted: Vec<F> = draws.iter().copied().filter(|x| !x.f64().is_nan()).collect();
        F::sort(&mut sorted);
        self.quantiles = PROBABILITIES.map(|p| quantile(&sorted, p));
        let count = per_lane(draws, |x| !x.f64().is_nan());
        if count.iter().any(|n| *n < 2) {
            return self;
        }
        for (i, p) in PROBABILITIES.into_iter().enumerate() {
            let edge = F::of(self.quantiles[i]);
            let below = per_lane(draws, |x| x <= edge);
            let shares: [f64; LANES] =
                std::array::from_fn(|lane| f64::from(below[lane]) / f64::from(count[lane]));
            let error = replicate_error(&shares);
            let (low, high) = ((p - error).max(0.0), (p + error).min(1.0));
            self.mcse_quantiles[i] = (quantile(&sorted, high) - quantile(&sorted, low)) / 2.0;
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

/// How many draws of each lane pass a test.
fn per_lane<F: Real>(draws: &[F], test: impl Fn(F) -> bool) -> [u32; LANES] {
    let mut passed = [0; LANES];
    let blocks = draws.chunks_exact(LANES);
    for (lane, x) in blocks.remainder().iter().enumerate() {
        passed[lane] += u32::from(test(*x));
    }
    for block in blocks {
        for lane in 0..LANES {
            passed[lane] += u32::from(test(block[lane]));
        }
    }
    passed
}

/// Standard error of a mean from replicates; NaN with fewer than two.
fn replicate_error(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    if values.len() < 2 {
        return f64::NAN;
    }
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n * (n - 1.0))).sqrt()
}

/// Quantile of sorted values, linear between order statistics (type 7 of Hyndman and Fan).
pub fn quantile<F: Real>(sorted: &[F], p: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let at = p * last as f64;
    let low = (at as usize).min(last);
    let part = at - low as f64;
    let value = sorted[low].f64();
    if part == 0.0 { value } else { value + part * (sorted[(low + 1).min(last)].f64() - value) }
}

/// Counts of values in buckets whose edges grow by a constant factor: quantiles to within
/// [`Sketch::RELATIVE_ERROR`] in memory that does not grow with the number of draws.
///
/// After Masson, Rim and Lee (2019), "DDSketch". Counts are integers, so the order in
/// which values come does not matter.
#[derive(Debug, Clone, Default)]
pub struct Sketch {
    count: u64,
    /// Least and greatest value, which no quantile passes.
    range: Option<(f64, f64)>,
    zeros: u64,
    positive: Buckets,
    negative: Buckets,
}

impl Sketch {
    /// Greatest relative error of a quantile.
    pub const RELATIVE_ERROR: f64 = 0.001;
    const LEAST: f64 = 1e-12;

    fn ln_growth() -> f64 {
        ((1.0 + Self::RELATIVE_ERROR) / (1.0 - Self::RELATIVE_ERROR)).ln()
    }

    /// Counts one value; NaN is left out.
    pub fn push(&mut self, value: f64) {
        if value.is_nan() {
            return;
        }
        self.count += 1;
        let (least, most) = self.range.unwrap_or((value, value));
        self.range = Some((least.min(value), most.max(value)));
        let size = value.abs();
        if size < Self::LEAST {
            self.zeros += 1;
            return;
        }
        let bucket = (size.min(f64::MAX).ln() / Self::ln_growth()).ceil() as i32;
        if value > 0.0 { self.positive.add(bucket) } else { self.negative.add(bucket) }
    }

    /// Value below which a share `p` of the values lies.
    pub fn quantile(&self, p: f64) -> f64 {
        self.range.map_or(f64::NAN, |(least, most)| self.middle_of(p).clamp(least, most))
    }

    /// Middle of the bucket that holds the quantile.
    fn middle_of(&self, p: f64) -> f64 {
        let middle = |bucket: i32| ((f64::from(bucket) - 0.5) * Self::ln_growth()).exp();
        let mut rest = (p * (self.count - 1) as f64).round() as u64;
        for (bucket, count) in self.negative.descending() {
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

#[derive(Debug, Clone, Default)]
struct Buckets {
    first: i32,
    counts: std::collections::VecDeque<u64>,
}

impl Buckets {
    fn add(&mut self, bucket: i32) {
        if self.counts.is_empty() {
            self.first = bucket;
            self.counts.push_back(0);
        }
        while bucket < self.first {
            self.counts.push_front(0);
            self.first -= 1;
        }
        while bucket >= self.first + self.counts.len() as i32 {
            self.counts.push_back(0);
        }
        self.counts[(bucket - self.first) as usize] += 1;
    }

    fn ascending(&self) -> impl DoubleEndedIterator<Item = (i32, u64)> + '_ {
        (0i32..)
            .zip(&self.counts)
            .map(|(i, count)| (self.first + i, *count))
            .collect::<Vec<_>>()
            .into_iter()
    }

    fn descending(&self) -> impl Iterator<Item = (i32, u64)> + '_ {
        self.ascending().rev()
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
    fn merged_moments_equal_moments_of_all() {
        let draws = sample(4096);
        let all = Moments::of(&draws);
        let mut first = Moments::of(&draws[..1024]);
        first.merge(&Moments::of(&draws[1024..]));
        for (a, b) in all.total().iter().zip(first.total()) {
            assert!((a - b).abs() < 1e-9 * a.abs(), "{a} {b}");
        }
    }

    #[test]
    fn sketch_quantiles_stay_within_their_stated_error() {
        let mut draws = sample(50_000);
        let mut sketch = Sketch::default();
        draws.iter().for_each(|x| sketch.push(*x));
        draws.sort_unstable_by(f64::total_cmp);
        for i in 0..=100 {
            let p = f64::from(i) / 100.0;
            let nearest = draws[(p * (draws.len() - 1) as f64).round() as usize];
            let error = (sketch.quantile(p) - nearest).abs();
            assert!(error <= 1.0001 * Sketch::RELATIVE_ERROR * nearest.abs() + 1e-12, "{p}");
        }
    }

    #[test]
    fn errors_of_a_random_mean_and_quantile_have_the_right_size() {
        // Uniform draws: the median of n has standard error 1 / (2 √n).
        let n = 16_000;
        let key = crate::rng::Key::new("test", "", "");
        let draws: Vec<f64> = (0..n)
            .map(|i| {
                let word = crate::rng::philox4x32([i, key.area, key.cell, key.family], [3, 0])[0];
                f64::from(word) / 4_294_967_296.0
            })
            .collect();
        let s = Statistics::from_draws(&draws, false);
        let expected = 0.5 / f64::from(n).sqrt();
        assert!((s.mcse_quantiles[3] / expected - 1.0).abs() < 0.5, "{}", s.mcse_quantiles[3]);
        assert!((s.mcse_mean / (1.0 / 12f64.sqrt() / f64::from(n).sqrt()) - 1.0).abs() < 0.02);
    }
}
