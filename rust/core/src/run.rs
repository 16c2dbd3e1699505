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

/// Draws that were simulated, before any statistic is made of them.
#[derive(Debug)]
pub struct Simulated<F> {
    layout: Layout,
    draws: usize,
    level: Level,
    sobol: bool,
    /// Of the plan and, if the run was paired, of the reference.
    variants: Vec<(Vec<Moments>, Kept<F>)>,
}

/// Simulates a specification in precision `F` on the current thread pool.
///
/// # Errors
/// [`Error::Spec`] if it cannot be simulated, [`Error::Cancelled`] if it was cancelled.
pub fn simulate<F: Precision>(
    spec: &Spec,
    options: Options,
    progress: &Progress,
) -> Result<Simulated<F>> {
    let model = Model::<F>::new(spec, simd::at(options.level, TileOf(PhantomData::<F>)))?;
    let layout = model.layout;
    let (series, distributed) = (layout.series(), layout.distributed());
    let draws = usize::try_from(spec.draws)
        .map_err(|_| Error::Spec { place: "draws".into(), problem: "too many here".into() })?;
    let variants = if options.paired { 2 } else { 1 };
    let chunks = draws.div_ceil(CHUNK);
    let width = distributed * CHUNK;
    // Detail does not count, so that asking for it changes no other number.
    let counted = layout.distributed_in_any_case() * CHUNK;
    let bytes = chunks.saturating_mul(variants * counted * size_of::<F>());
    let in_buckets = bytes > options.draws_in_memory;
    let keep = if in_buckets { 0 } else { chunks * width };
    let mut kept: Vec<Vec<F>> = (0..variants).map(|_| vec![F::ZERO; keep]).collect();
    let buckets = if in_buckets { variants * distributed } else { 0 };

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
        sketches: Mutex::new(vec![Sketch::default(); buckets]),
    };
    rayon::broadcast(|_| simd::at(options.level, Worker { shared: &shared }))
        .into_iter()
        .collect::<Result<()>>()?;

    let moments = std::mem::take(&mut locked(&shared.merger).totals);
    let mut sketches = std::mem::take(&mut *locked(&shared.sketches)).into_iter();
    let kept = kept.into_iter().map(|kept| match in_buckets {
        true => Kept::Sketches(sketches.by_ref().take(distributed).collect()),
        false => Kept::Draws(kept),
    });
    Ok(Simulated {
        layout,
        draws,
        level: options.level,
        sobol: spec.sampler != SamplerKind::Random,
        variants: moments.chunks(series).map(<[Moments]>::to_vec).zip(kept).collect(),
    })
}

impl<F: Precision> Simulated<F> {
    /// Makes the statistics of every series; gives the outcome and, if the run was paired,
    /// that of the reference after it.
    ///
    /// # Errors
    /// [`Error::Cancelled`] if it was cancelled.
    pub fn summarise(self, progress: &Progress) -> Result<Vec<Outcome<F>>> {
        let Simulated { layout, draws, level, sobol, variants } = self;
        let mut outcomes = Vec::new();
        for (moments, kept) in variants {
            let mut outcome = Outcome { layout, statistics: Vec::new(), draws, kept };
            outcome.statistics = (moments.par_iter().enumerate())
                .map_init(Ranks::default, |ranks, (s, moments)| {
                    progress.check()?;
                    let statistics = Statistics::from_moments(moments, sobol);
                    Ok(match &outcome.kept {
                        _ if s >= layout.distributed() => statistics,
                        Kept::Sketches(sketches) => statistics.with_sketch(&sketches[s]),
                        Kept::Draws(_) => {
                            let draws = &outcome.draws(s).unwrap_or_default();
                            simd::at(level, Quantiles { statistics, draws, ranks })
                        }
                    })
                })
                .collect::<Result<_>>()?;
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }
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
                        sketch.push(&row[..valid]);
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
