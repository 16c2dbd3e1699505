//! A whole run: blocks over threads, progress, cancelling, statistics.
//!
//! Draws are cut into chunks of a fixed size whatever the number of threads; chunks are
//! simulated in waves and merged in their order, so that no sum depends on scheduling.

use crate::error::{Error, Result};
use crate::lanes::{LANES, Lanes};
use crate::layout::Layout;
use crate::model::Model;
use crate::normal::Normal;
use crate::simd::{self, Level, Work};
use crate::spec::{SamplerKind, Spec};
use crate::summary::{Moments, Sketch, Statistics, Sums};
use rayon::prelude::*;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

const BLOCKS_PER_CHUNK: usize = 8;
/// Draws in a chunk.
pub const CHUNK: usize = BLOCKS_PER_CHUNK * LANES;
const CHUNKS_PER_WAVE: usize = 64;

/// How far a run has come, and whether it should stop; shared with the thread that waits.
#[derive(Debug, Default)]
pub struct Progress {
    done: AtomicU64,
    cancelled: AtomicBool,
}

impl Progress {
    /// Draws simulated so far.
    pub fn done(&self) -> u64 {
        self.done.load(Relaxed)
    }
    /// Asks the run to stop at its next block.
    pub fn cancel(&self) {
        self.cancelled.store(true, Relaxed);
    }
    fn check(&self) -> Result<()> {
        if self.cancelled.load(Relaxed) { Err(Error::Cancelled) } else { Ok(()) }
    }
}

/// How a run is carried out; none of it changes a number beyond its precision.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Instruction set.
    pub level: Level,
    /// Most bytes of draws to keep; a longer run keeps counts in buckets instead.
    pub draws_in_memory: usize,
}

/// Draws of the distributed series, kept chunk by chunk as `[chunk][series][draw]`.
#[derive(Debug)]
enum Kept<F> {
    Draws(Vec<F>),
    Sketches(Vec<Sketch>),
}

/// Statistics of every series of the layout, and the draws themselves where they were kept.
#[derive(Debug)]
pub struct Outcome<F> {
    /// Where each quantity stands.
    pub layout: Layout,
    /// Statistics by series; those that are not distributed have no quantiles.
    pub statistics: Vec<Statistics>,
    draws: usize,
    kept: Kept<F>,
}

impl<F: Normal> Outcome<F> {
    /// Draws of one distributed series, or `None` if the run kept only counts.
    pub fn draws(&self, series: usize) -> Option<Vec<F>> {
        match &self.kept {
            Kept::Draws(kept) => {
                let width = self.layout.distributed() * CHUNK;
                let chunks = kept.chunks(width).map(|c| &c[series * CHUNK..(series + 1) * CHUNK]);
                let mut all: Vec<F> = chunks.flatten().copied().collect();
                all.truncate(self.draws);
                Some(all)
            }
            Kept::Sketches(_) => None,
        }
    }
}

/// Runs a specification in precision `F` on the current thread pool.
///
/// # Errors
/// [`Error::Spec`] if it cannot be simulated, [`Error::Cancelled`] if it was cancelled.
pub fn run<F: Normal>(spec: &Spec, options: Options, progress: &Progress) -> Result<Outcome<F>> {
    let model = Model::<F>::new(spec)?;
    let layout = model.layout;
    let (series, distributed) = (layout.series(), layout.distributed());
    let draws = usize::try_from(spec.draws)
        .map_err(|_| Error::Spec { place: "draws".into(), problem: "too many here".into() })?;
    let chunks = draws.div_ceil(CHUNK);
    let width = distributed * CHUNK;
    let keep_all = chunks.saturating_mul(width * size_of::<F>()) <= options.draws_in_memory;
    let wave = CHUNKS_PER_WAVE.min(chunks);
    let buffer_chunks = if keep_all { chunks } else { wave };
    let mut buffer = vec![F::ZERO; buffer_chunks * width];
    let mut sketches = vec![Sketch::default(); if keep_all { 0 } else { distributed }];
    let mut moments = vec![Moments::default(); series];

    for first in (0..chunks).step_by(wave) {
        let count = wave.min(chunks - first);
        let at = if keep_all { first * width } else { 0 };
        let space = &mut buffer[at..at + count * width];
        let parts: Vec<Vec<Moments>> = space
            .par_chunks_mut(width)
            .enumerate()
            .map(|(i, kept)| {
                let chunk = Chunk { model: &model, index: first + i, draws, progress, kept };
                simd::at(options.level, chunk)
            })
            .collect::<Result<_>>()?;
        moments.par_iter_mut().enumerate().for_each(|(s, total)| {
            parts.iter().for_each(|part| total.merge(&part[s]));
        });
        sketches.par_iter_mut().enumerate().for_each(|(s, sketch)| {
            for (i, kept) in space.chunks(width).enumerate() {
                let valid = (draws - (first + i) * CHUNK).min(CHUNK);
                kept[s * CHUNK..s * CHUNK + valid].iter().for_each(|x| sketch.push(x.f64()));
            }
        });
    }

    let kept = if keep_all { Kept::Draws(buffer) } else { Kept::Sketches(sketches) };
    let mut outcome = Outcome { layout, statistics: Vec::new(), draws, kept };
    let sobol = spec.sampler == SamplerKind::Sobol;
    outcome.statistics = (0..series)
        .into_par_iter()
        .map(|s| {
            progress.check()?;
            let statistics = Statistics::from_moments(&moments[s], sobol);
            Ok(match &outcome.kept {
                _ if s >= distributed => statistics,
                Kept::Sketches(sketches) => statistics.with_sketch(&sketches[s]),
                Kept::Draws(_) => {
                    let draws = outcome.draws(s).unwrap_or_default();
                    statistics.with_quantiles(&draws)
                }
            })
        })
        .collect::<Result<_>>()?;
    Ok(outcome)
}

/// One chunk: fills `kept` with the distributed series, gives the moments of all.
struct Chunk<'a, F> {
    model: &'a Model<F>,
    index: usize,
    draws: usize,
    progress: &'a Progress,
    kept: &'a mut [F],
}

impl<F: Normal> Work for Chunk<'_, F> {
    type Output = Result<Vec<Moments>>;

    #[inline(always)]
    fn run<const WIDE: bool>(self) -> Self::Output {
        let layout = self.model.layout;
        let mut sums = vec![Sums::default(); layout.series()];
        let mut scratch = self.model.scratch();
        let mut out = vec![Lanes::zero(); layout.series()];
        for block in 0..BLOCKS_PER_CHUNK {
            let first = self.index * CHUNK + block * LANES;
            if first >= self.draws {
                break;
            }
            self.progress.check()?;
            self.model.simulate::<WIDE>((first / LANES) as u32, &mut scratch, &mut out);
            let valid = (self.draws - first).min(LANES);
            for (values, sums) in out.iter().zip(&mut sums) {
                sums.add(values, valid);
            }
            let rows = self.kept.chunks_exact_mut(CHUNK);
            for (values, row) in out.iter().zip(rows) {
                row[block * LANES..(block + 1) * LANES].copy_from_slice(&values.0);
            }
            self.progress.done.fetch_add(valid as u64, Relaxed);
        }
        Ok(sums.iter().map(Sums::moments).collect())
    }
}
