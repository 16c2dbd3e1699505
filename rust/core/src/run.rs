//! A whole run: chunks over threads, progress, cancelling, statistics.
//!
//! Draws are cut into chunks of a fixed size whatever the number of threads; a thread that is
//! free takes the next one, and sums are merged in the order of chunks, so that no number
//! depends on scheduling.

use crate::block::Scratch;
use crate::error::{Error, Result};
use crate::lanes::LANES;
use crate::layout::Layout;
use crate::model::Model;
use crate::moments::Moments;
use crate::simd::{self, Level, Work};
use crate::sketch::Sketch;
use crate::spec::{SamplerKind, Spec};
use crate::summary::{Ranks, Statistics};
use crate::vector::{Precision, Tile, Vector};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

const BLOCKS_PER_CHUNK: usize = 8;
/// Draws in a chunk.
pub const CHUNK: usize = BLOCKS_PER_CHUNK * LANES;

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
    /// Whether the same scenario without levers is run beside it, on the same numbers.
    pub paired: bool,
}

/// What is kept of the distributed series.
#[derive(Debug)]
enum Kept<F> {
    /// Every draw, as `[chunk][series][draw]`.
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
    /// Seconds spent on simulating and on statistics, those of a paired run together.
    pub seconds: [f64; 2],
    draws: usize,
    kept: Kept<F>,
}

impl<F: Precision> Outcome<F> {
    /// Draws of one distributed series, or `None` if the run kept only counts.
    pub fn draws(&self, series: usize) -> Option<Vec<F>> {
        match &self.kept {
            Kept::Draws(kept) => {
                let width = self.layout.distributed() * CHUNK;
                let mut all = Vec::with_capacity(kept.len() / width * CHUNK);
                for chunk in kept.chunks(width) {
                    all.extend_from_slice(&chunk[series * CHUNK..(series + 1) * CHUNK]);
                }
                all.truncate(self.draws);
                Some(all)
            }
            Kept::Sketches(_) => None,
        }
    }
}

/// Runs a specification in precision `F` on the current thread pool; gives its outcome and,
/// if it is paired, that of the reference after it.
///
/// # Errors
/// [`Error::Spec`] if it cannot be simulated, [`Error::Cancelled`] if it was cancelled.
pub fn run<F: Precision>(
    spec: &Spec,
    options: Options,
    progress: &Progress,
) -> Result<Vec<Outcome<F>>> {
    let begun = Instant::now();
    let model = Model::<F>::new(spec, simd::at(options.level, TileOf(PhantomData::<F>)))?;
    let layout = model.layout;
    let (series, distributed) = (layout.series(), layout.distributed());
    let draws = usize::try_from(spec.draws)
        .map_err(|_| Error::Spec { place: "draws".into(), problem: "too many here".into() })?;
    let variants = if options.paired { 2 } else { 1 };
    let chunks = draws.div_ceil(CHUNK);
    let width = distributed * CHUNK;
    let bytes = chunks.saturating_mul(variants * width * size_of::<F>());
    let keep = if bytes <= options.draws_in_memory { chunks * width } else { 0 };
    let mut kept: Vec<Vec<F>> = (0..variants).map(|_| vec![F::ZERO; keep]).collect();

    let shared = Shared {
        model: &model,
        progress,
        draws,
        variants,
        queue: Mutex::new(Queue {
            next: 0,
            chunks,
            kept: kept.iter_mut().map(|kept| kept.chunks_mut(width)).collect(),
        }),
        merger: Mutex::new(Merger::new(variants * series)),
        sketches: Mutex::new(vec![
            Sketch::default();
            if keep > 0 { 0 } else { variants * distributed }
        ]),
    };
    rayon::broadcast(|_| simd::at(options.level, Worker { shared: &shared }))
        .into_iter()
        .collect::<Result<()>>()?;
    let (moments, sketches) =
        (locked(&shared.merger).take(), std::mem::take(&mut *locked(&shared.sketches)));
    let simulated = begun.elapsed().as_secs_f64();

    let mut outcomes: Vec<Outcome<F>> = Vec::new();
    let mut sketches = sketches.into_iter();
    for kept in kept {
        let kept = match keep {
            0 => Kept::Sketches(sketches.by_ref().take(distributed).collect()),
            _ => Kept::Draws(kept),
        };
        outcomes.push(Outcome { layout, statistics: Vec::new(), seconds: [0.0; 2], draws, kept });
    }
    let sobol = spec.sampler != SamplerKind::Random;
    for (outcome, moments) in outcomes.iter_mut().zip(moments.chunks(series)) {
        outcome.statistics = (0..series)
            .into_par_iter()
            .map_init(Ranks::default, |ranks, s| {
                progress.check()?;
                let statistics = Statistics::from_moments(&moments[s], sobol);
                Ok(match &outcome.kept {
                    _ if s >= distributed => statistics,
                    Kept::Sketches(sketches) => statistics.with_sketch(&sketches[s]),
                    Kept::Draws(_) => {
                        let draws = &outcome.draws(s).unwrap_or_default();
                        simd::at(options.level, Quantiles { statistics, draws, ranks })
                    }
                })
            })
            .collect::<Result<_>>()?;
    }
    let seconds = [simulated, begun.elapsed().as_secs_f64() - simulated];
    outcomes.iter_mut().for_each(|outcome| outcome.seconds = seconds);
    Ok(outcomes)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The tiles a level works in.
struct TileOf<F>(PhantomData<F>);

impl<F: Precision> Work for TileOf<F> {
    type Real = F;
    type Output = Tile;
    #[inline(always)]
    fn run<V: Vector<Real = F>>(self) -> Tile {
        V::TILE
    }
}

/// What the threads of a run share.
struct Shared<'a, F> {
    model: &'a Model<F>,
    progress: &'a Progress,
    draws: usize,
    variants: usize,
    queue: Mutex<Queue<'a, F>>,
    merger: Mutex<Merger>,
    /// Counts in buckets, unless draws are kept.
    sketches: Mutex<Vec<Sketch>>,
}

/// Chunks not yet begun, and the space their draws are kept in.
struct Queue<'a, F> {
    next: usize,
    chunks: usize,
    kept: Vec<std::slice::ChunksMut<'a, F>>,
}

impl<'a, F> Queue<'a, F> {
    fn take(&mut self) -> Option<(usize, Vec<Option<&'a mut [F]>>)> {
        let index = self.next;
        self.next += 1;
        (index < self.chunks).then(|| (index, self.kept.iter_mut().map(Iterator::next).collect()))
    }
}

/// Adds up chunks in their order, whatever order they come in.
struct Merger {
    next: usize,
    totals: Vec<Moments>,
    waiting: BTreeMap<usize, Vec<Moments>>,
    /// Space of chunks that were added up.
    free: Vec<Vec<Moments>>,
}

impl Merger {
    fn new(series: usize) -> Self {
        let totals = vec![Moments::default(); series];
        Merger { next: 0, totals, waiting: BTreeMap::new(), free: Vec::new() }
    }

    /// Takes a chunk's moments in and gives space for the next chunk's.
    fn offer(&mut self, index: usize, part: Vec<Moments>) -> Vec<Moments> {
        self.waiting.insert(index, part);
        while let Some(part) = self.waiting.remove(&self.next) {
            self.totals.iter_mut().zip(&part).for_each(|(total, part)| total.merge(part));
            self.next += 1;
            self.free.push(part);
        }
        self.free.pop().unwrap_or_else(|| self.totals.clone())
    }

    fn take(&mut self) -> Vec<Moments> {
        std::mem::take(&mut self.totals)
    }
}

/// One thread's part of a run.
struct Worker<'a, F> {
    shared: &'a Shared<'a, F>,
}

impl<F: Precision> Work for Worker<'_, F> {
    type Real = F;
    type Output = Result<()>;

    #[inline(always)]
    fn run<V: Vector<Real = F>>(self) -> Self::Output {
        let Shared { model, progress, draws, variants, .. } = *self.shared;
        let layout = model.layout;
        let (series, distributed) = (layout.series(), layout.distributed());
        let mut scratch: Scratch<V> = model.scratch(variants);
        // Of a chunk, `[variant][series][draw]`: what is distributed, where it is not kept
        // elsewhere, and the rest.
        let in_buckets = !locked(&self.shared.sketches).is_empty();
        let spare = if in_buckets { distributed * CHUNK } else { 0 };
        let mut passing = vec![vec![F::ZERO; spare]; variants];
        let mut rest = vec![vec![F::ZERO; (series - distributed) * CHUNK]; variants];
        let mut moments = vec![Moments::default(); variants * series];
        let mut sketches =
            vec![Sketch::default(); if in_buckets { variants * distributed } else { 0 }];
        loop {
            let Some((index, kept)) = locked(&self.shared.queue).take() else { break };
            let mut rows: Vec<[&mut [F]; 2]> = (kept.into_iter().zip(&mut passing).zip(&mut rest))
                .map(|((kept, passing), rest)| [kept.unwrap_or(passing), &mut rest[..]])
                .collect();
            for block in 0..BLOCKS_PER_CHUNK {
                let first = index * CHUNK + block * LANES;
                if first >= draws {
                    break;
                }
                progress.check()?;
                model.simulate(u32::try_from(first / LANES).unwrap_or(u32::MAX), &mut scratch);
                for (rows, out) in rows.iter_mut().zip(&scratch.out) {
                    let rows = rows.iter_mut().flat_map(|rows| rows.chunks_exact_mut(CHUNK));
                    for (row, values) in rows.zip(out) {
                        row[block * LANES..(block + 1) * LANES].copy_from_slice(&values.0);
                    }
                }
                progress.done.fetch_add((draws - first).min(LANES) as u64, Relaxed);
            }
            let valid = (draws - index * CHUNK).min(CHUNK);
            for (variant, rows) in rows.iter().enumerate() {
                let moments = &mut moments[variant * series..(variant + 1) * series];
                let all = rows.iter().flat_map(|rows| rows.chunks_exact(CHUNK));
                for (s, (row, moments)) in all.zip(moments).enumerate() {
                    *moments = Moments::of(&row[..valid], layout.may_be_missing(s));
                }
                if in_buckets {
                    let first = variant * distributed;
                    let sketches = &mut sketches[first..first + distributed];
                    for (row, sketch) in rows[0].chunks_exact(CHUNK).zip(sketches) {
                        row[..valid].iter().for_each(|x| sketch.push(x.f64()));
                    }
                }
            }
            moments = locked(&self.shared.merger).offer(index, moments);
        }
        for (total, sketch) in locked(&self.shared.sketches).iter_mut().zip(&sketches) {
            total.merge(sketch);
        }
        Ok(())
    }
}

/// Quantiles of one series, added to its statistics.
struct Quantiles<'a, F> {
    statistics: Statistics,
    draws: &'a [F],
    ranks: &'a mut Ranks<F>,
}

impl<F: Precision> Work for Quantiles<'_, F> {
    type Real = F;
    type Output = Statistics;
    #[inline(always)]
    fn run<V: Vector<Real = F>>(self) -> Statistics {
        self.statistics.with_quantiles::<V>(self.draws, self.ranks)
    }
}
