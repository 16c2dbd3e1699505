//! A whole run: chunks over threads, progress, cancelling, statistics.
//!
//! Draws are cut into chunks of a fixed size whatever the number of threads; a thread that is
//! free takes the next one, and sums are merged in the order of chunks, so that no number
//! depends on scheduling.
//!
//! Chunks make up spans: sums of chunks are merged into that of their span, sums of spans into
//! that of the run. So a run may also be simulated in pieces of whole spans, in any order and
//! anywhere, and its pieces joined to the last bit of the run in one go ([`Simulated::join`]).

use crate::around::{Around, Within};
use crate::block::Scratch;
use crate::error::{Error, Result};
use crate::lanes::LANES;
use crate::layout::Layout;
use crate::model::Model;
use crate::moments::Moments;
use crate::simd::{self, Level, Work};
use crate::sketch::Sketch;
use crate::spec::{SamplerKind, Spec, structure_of};
use crate::summary::{Ranks, Statistics};
use crate::vector::{Precision, Tile, Vector};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

const BLOCKS_PER_CHUNK: usize = 8;
/// Draws in a chunk.
pub const CHUNK: usize = BLOCKS_PER_CHUNK * LANES;
const CHUNKS_PER_SPAN: usize = 64;
/// Draws in a span, of which pieces of a run are made.
pub const SPAN: usize = CHUNKS_PER_SPAN * CHUNK;

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
    pub(crate) fn advance(&self, draws: usize) {
        self.done.fetch_add(draws as u64, Relaxed);
    }
    pub(crate) fn check(&self) -> Result<()> {
        if self.cancelled.load(Relaxed) { Err(Error::Cancelled) } else { Ok(()) }
    }
}

/// How a run is carried out; none of it changes a number beyond its precision.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Instruction set.
    pub level: Level,
    /// Most bytes of draws to keep, and as many of a reference. A longer run keeps those of fewer
    /// series, or of none, and counts the others in buckets.
    pub draws_in_memory: usize,
    /// Whether the same scenario without levers is run beside it, on the same numbers.
    pub paired: bool,
    /// Whether there are quantiles, and statistics of more than areas and groups: those who read
    /// draws alone can do without.
    pub quantiles: bool,
}

/// What is kept of the distributed series.
#[derive(Debug, Serialize, Deserialize)]
struct Kept<F> {
    /// Series of which every draw is kept, in ascending order.
    held: Vec<usize>,
    /// Their draws, as `[chunk][series][draw]`.
    draws: Vec<F>,
    /// Counts in buckets by series, those that are held having none; empty where all are.
    sketches: Vec<Sketch>,
}

impl<F> Kept<F> {
    /// Whether it is what a run of so many series and draws keeps.
    fn fits(&self, layout: Layout, draws: usize, series: usize) -> bool {
        let Layout { areas, groups, sectors, technologies, years, .. } = layout;
        // Far more than any run has, and few enough that sizes do not overflow.
        let parts = [areas, groups, sectors, technologies, years];
        parts.into_iter().all(|n| n < 1 << 24)
            && layout.series() == series
            && draws > 0
            && self.held.is_sorted_by(|one, next| one < next)
            && self.held.last().is_none_or(|last| *last < layout.distributed())
            && draws.div_ceil(CHUNK).checked_mul(self.held.len() * CHUNK) == Some(self.draws.len())
    }
}

/// Statistics of every series of the layout, and the draws themselves where they were kept.
#[derive(Debug, Serialize, Deserialize)]
pub struct Outcome<F> {
    /// Where each quantity stands.
    pub layout: Layout,
    /// Statistics by series; those that are not distributed have no quantiles.
    pub statistics: Vec<Statistics>,
    draws: usize,
    kept: Kept<F>,
}

impl<F: Precision> Outcome<F> {
    /// Sees that an outcome from elsewhere is whole, and of a specification if that is known.
    ///
    /// # Errors
    /// [`Error::Spec`] if its parts do not fit together.
    pub fn check(&self, spec: Option<&Spec>) -> Result<()> {
        let possible = self.kept.fits(self.layout, self.draws, self.statistics.len());
        let of_spec = spec.is_none_or(|spec| {
            Layout::of(spec) == self.layout && usize::try_from(spec.draws) == Ok(self.draws)
        });
        match possible && of_spec {
            true => Ok(()),
            false => Err(Error::spec("outcome", "its parts do not fit together")),
        }
    }

    /// Draws of one distributed series, or `None` if the run kept only counts of it.
    pub fn draws(&self, series: usize) -> Option<Vec<F>> {
        let place = self.kept.held.binary_search(&series).ok()?;
        let mut all = Vec::with_capacity(self.draws.next_multiple_of(CHUNK));
        for chunk in self.kept.draws.chunks(self.kept.held.len() * CHUNK) {
            all.extend_from_slice(&chunk[place * CHUNK..(place + 1) * CHUNK]);
        }
        all.truncate(self.draws);
        Some(all)
    }
}

/// Draws that were simulated, before any statistic is made of them: a run, or a piece of one.
#[derive(Debug, Serialize, Deserialize)]
pub struct Simulated<F> {
    layout: Layout,
    /// Draws of the whole run, and those that are here.
    draws: usize,
    here: Range<usize>,
    sobol: bool,
    /// Of the plan and, if the run was paired, of the reference.
    variants: Vec<Variant<F>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Variant<F> {
    /// Sums of each span, or of all spans from the first on.
    spans: Vec<Vec<Moments>>,
    kept: Kept<F>,
}

/// Simulates a specification in precision `F` on the current thread pool: all draws, or a piece;
/// areas in focus `within` what surrounds them.
///
/// # Errors
/// [`Error::Spec`] if it cannot be simulated, or the piece is not one of whole spans;
/// [`Error::Cancelled`] if it was cancelled.
pub fn simulate<F: Precision>(
    spec: &Spec,
    options: Options,
    progress: &Progress,
    piece: Option<Range<u64>>,
    within: Within<'_, F>,
) -> Result<Simulated<F>> {
    spec.check()?;
    let mut noted: (&mut [F], usize) = (&mut [], 1);
    let around = match within {
        Within::All if spec.focus.is_empty() => None,
        Within::All => return Err(Error::spec("focus", "needs what surrounds it")),
        Within::Around(around) => {
            around.check(spec)?;
            Some(around)
        }
        Within::Noted(told, width, known) => {
            noted = (told, width);
            known
        }
    };
    let notes = !noted.0.is_empty();
    let tile = simd::at(options.level, TileOf(PhantomData::<F>));
    let (weights, specs): (Vec<f64>, Vec<&Spec>) = spec.simulated().into_iter().unzip();
    let model = |spec: &Spec| match notes {
        true => Model::<F>::watching(spec, tile),
        false => Model::<F>::new(spec, tile),
    };
    let models = specs.into_iter().map(model).collect::<Result<Vec<_>>>()?;
    let layout = models[0].layout;
    let (series, distributed) = (layout.series(), layout.distributed());
    let whole = |n: u64| {
        usize::try_from(n)
            .map_err(|_| Error::Spec { place: "draws".into(), problem: "too many here".into() })
    };
    let draws = whole(spec.draws)?;
    let here = match piece {
        None => 0..draws,
        Some(piece) => whole(piece.start)?..whole(piece.end)?,
    };
    let ends = here.end == draws || here.end.is_multiple_of(SPAN);
    if here.is_empty() || here.end > draws || !here.start.is_multiple_of(SPAN) || !ends {
        let problem = format!("{here:?} is no piece of {draws} draws in spans of {SPAN}");
        return Err(Error::Spec { place: "draws".into(), problem });
    }
    let variants = if options.paired { 2 } else { 1 };
    let chunks = here.start / CHUNK..here.end.div_ceil(CHUNK);
    // Detail does not count, so that asking for it changes no other number; nor do the piece and
    // the reference. Of a run that takes notes nothing else is kept.
    let fits = |held: &Vec<usize>| {
        let counted = held.iter().filter(|s| **s < layout.distributed_in_any_case()).count();
        let bytes = counted * CHUNK * size_of::<F>();
        draws.div_ceil(CHUNK).saturating_mul(bytes) <= options.draws_in_memory
    };
    let held = [(0..distributed).collect(), layout.held_longest().collect()];
    let held: Vec<usize> = held.into_iter().filter(|_| !notes).find(fits).unwrap_or_default();
    let width = held.len() * CHUNK;
    let mut kept: Vec<Vec<F>> =
        (0..variants).map(|_| vec![F::ZERO; chunks.len() * width]).collect();
    let counts = held.len() < distributed && options.quantiles;
    let buckets = if counts { variants * distributed } else { 0 };

    let shared = Shared {
        seed: spec.seed,
        weights: &weights,
        models: &models,
        progress,
        around,
        note_width: noted.1,
        quantiles: options.quantiles,
        draws,
        variants,
        merger: Mutex::new(Merger::new(&chunks, variants * series)),
        queue: Mutex::new(Queue {
            chunks,
            kept: kept.iter_mut().map(|kept| kept.chunks_mut(width.max(1))).collect(),
            noted: noted.0.chunks_mut(noted.1 * BLOCKS_PER_CHUNK),
        }),
        held: &held,
        sketches: (0..buckets).map(|_| Mutex::default()).collect(),
    };
    rayon::broadcast(|_| simd::at(options.level, Worker { shared: &shared }))
        .into_iter()
        .collect::<Result<()>>()?;

    let spans = std::mem::take(&mut locked(&shared.merger).spans);
    let mut sketches = shared.sketches.iter().map(|sketch| std::mem::take(&mut *locked(sketch)));
    let variant = |(v, draws): (usize, Vec<F>)| Variant {
        spans: spans.iter().map(|span| span[v * series..(v + 1) * series].to_vec()).collect(),
        kept: Kept {
            held: held.clone(),
            draws,
            sketches: sketches.by_ref().take(distributed).collect(),
        },
    };
    let variants = kept.into_iter().enumerate().map(variant).collect();
    // Numbers from outside come in sixteen replicates too.
    let sobol = spec.sampler != SamplerKind::Random || !spec.data.normals.is_empty();
    Ok(Simulated { layout, draws, here, sobol, variants })
}

impl<F: Precision> Simulated<F> {
    /// Adds the piece that comes next in a run whose first piece this is.
    ///
    /// # Errors
    /// [`Error::Spec`] if it does not fit on.
    pub fn join(&mut self, next: Simulated<F>) -> Result<()> {
        let same = (self.layout, self.draws, self.sobol) == (next.layout, next.draws, next.sobol);
        let place = || "draws".to_string();
        if self.here.start != 0 || self.here.end != next.here.start || !same {
            let problem = format!("{:?} does not follow on {:?}", next.here, self.here);
            return Err(Error::Spec { place: place(), problem });
        }
        for (mine, next) in self.variants.iter_mut().zip(next.variants) {
            if mine.kept.held != next.kept.held {
                let problem = "one piece kept its draws, another did not".into();
                return Err(Error::Spec { place: place(), problem });
            }
            mine.kept.draws.extend(next.kept.draws);
            let sketches = mine.kept.sketches.iter_mut().zip(&next.kept.sketches);
            sketches.for_each(|(mine, next)| mine.merge(next));
            for span in next.spans {
                add(&mut mine.spans[0], &span);
            }
        }
        self.here.end = next.here.end;
        Ok(())
    }

    /// Makes the statistics of every series, with quantiles or without; gives the outcome and, if
    /// the run was paired, that of the reference after it.
    ///
    /// # Errors
    /// [`Error::Spec`] if draws are missing, [`Error::Cancelled`] if it was cancelled.
    pub fn summarise(
        self,
        level: Level,
        quantiles: bool,
        progress: &Progress,
    ) -> Result<Vec<Outcome<F>>> {
        let Simulated { layout, draws, here, sobol, variants } = self;
        if here != (0..draws) {
            let problem = format!("only {here:?} of {draws} are here");
            return Err(Error::Spec { place: "draws".into(), problem });
        }
        let mut outcomes = Vec::new();
        for Variant { spans, kept } in variants {
            let told = |n: usize| n == layout.distributed();
            let whole = spans.first().is_some_and(|all| kept.fits(layout, draws, all.len()))
                && (!quantiles || told(kept.held.len()) || told(kept.sketches.len()));
            if !whole {
                return Err(Error::spec("draws", "their parts do not fit together"));
            }
            let mut outcome = Outcome { layout, statistics: Vec::new(), draws, kept };
            outcome.statistics = (spans[0].par_iter().enumerate())
                .map_init(Ranks::default, |ranks, (s, moments)| {
                    progress.check()?;
                    let statistics = Statistics::from_moments(moments, sobol);
                    if s >= layout.distributed() || !quantiles {
                        return Ok(statistics);
                    }
                    Ok(match outcome.draws(s) {
                        Some(draws) => {
                            simd::at(level, Quantiles { statistics, draws: &draws, ranks })
                        }
                        None => statistics.with_sketch(&outcome.kept.sketches[s]),
                    })
                })
                .collect::<Result<_>>()?;
            // Counts have told all that is asked of them.
            outcome.kept.sketches = Vec::new();
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }
}

/// Inlined, so that it has the instructions of the level.
#[inline(always)]
fn add(totals: &mut [Moments], part: &[Moments]) {
    totals.iter_mut().zip(part).for_each(|(total, part)| total.merge(part));
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The tiles a level works in.
pub(crate) struct TileOf<F>(pub(crate) PhantomData<F>);

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
    /// Of each structure, of which every block has one.
    models: &'a [Model<F>],
    weights: &'a [f64],
    seed: u64,
    progress: &'a Progress,
    around: Option<&'a Around<F>>,
    /// Numbers that are noted of a block.
    note_width: usize,
    quantiles: bool,
    draws: usize,
    variants: usize,
    queue: Mutex<Queue<'a, F>>,
    merger: Mutex<Merger>,
    /// Series of which every draw is kept.
    held: &'a [usize],
    /// Counts in buckets by variant and series, unless all are held; shared, so that memory does
    /// not grow with threads.
    sketches: Vec<Mutex<Sketch>>,
}

/// Chunks not yet begun, and the space their draws are kept in.
struct Queue<'a, F> {
    chunks: Range<usize>,
    kept: Vec<std::slice::ChunksMut<'a, F>>,
    noted: std::slice::ChunksMut<'a, F>,
}

/// A chunk: its number, where draws of each variant are kept, and where it is noted what areas
/// see of others.
type Chunk<'a, F> = (usize, Vec<Option<&'a mut [F]>>, Option<&'a mut [F]>);

impl<'a, F> Queue<'a, F> {
    fn take(&mut self) -> Option<Chunk<'a, F>> {
        let index = self.chunks.next()?;
        Some((index, self.kept.iter_mut().map(Iterator::next).collect(), self.noted.next()))
    }
}

/// Adds up chunks in their order, whatever order they come in.
struct Merger {
    next: usize,
    end: usize,
    /// Whether spans follow on from the first and can be added up at once.
    from_first: bool,
    spans: Vec<Vec<Moments>>,
    /// Of the span that is being filled.
    span: Vec<Moments>,
    waiting: BTreeMap<usize, Vec<Moments>>,
    /// Space of chunks that were added up.
    free: Vec<Vec<Moments>>,
}

impl Merger {
    fn new(chunks: &Range<usize>, series: usize) -> Self {
        Merger {
            next: chunks.start,
            end: chunks.end,
            from_first: chunks.start == 0,
            spans: Vec::new(),
            span: vec![Moments::default(); series],
            waiting: BTreeMap::new(),
            free: Vec::new(),
        }
    }

    /// Takes a chunk's moments in and gives space for the next chunk's.
    #[inline(always)]
    fn offer(&mut self, index: usize, part: Vec<Moments>) -> Vec<Moments> {
        self.waiting.insert(index, part);
        while let Some(part) = self.waiting.remove(&self.next) {
            add(&mut self.span, &part);
            self.next += 1;
            self.free.push(part);
            if self.next.is_multiple_of(CHUNKS_PER_SPAN) || self.next == self.end {
                match self.spans.first_mut().filter(|_| self.from_first) {
                    Some(totals) => add(totals, &self.span),
                    None => self.spans.push(self.span.clone()),
                }
                self.span.fill(Moments::default());
            }
        }
        self.free.pop().unwrap_or_else(|| self.span.clone())
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
        let Shared { models, weights, seed, progress, around, draws, variants, .. } = *self.shared;
        let Shared { note_width, quantiles, .. } = *self.shared;
        let layout = models[0].layout;
        let (series, distributed) = (layout.series(), layout.distributed());
        let mut scratch: Vec<Scratch<V>> =
            models.iter().map(|model| model.scratch(variants)).collect();
        // Of a chunk, `[variant][series][draw]`: what is distributed, where not all of it is
        // kept, and the rest.
        let Shared { held, sketches, .. } = self.shared;
        let all_held = held.len() == distributed;
        let spare = if all_held { 0 } else { distributed * CHUNK };
        let mut passing = vec![vec![F::ZERO; spare]; variants];
        let mut rest = vec![vec![F::ZERO; (series - distributed) * CHUNK]; variants];
        let mut moments = vec![Moments::default(); variants * series];
        let counted = if quantiles { series } else { layout.unit(layout.units()) };
        loop {
            let Some((index, mut kept, mut noted)) = locked(&self.shared.queue).take() else {
                break;
            };
            let mut rows: Vec<[&mut [F]; 2]> = (kept.iter_mut().zip(&mut passing).zip(&mut rest))
                .map(|((kept, passing), rest)| {
                    let whole = kept.take_if(|_| all_held).unwrap_or(passing);
                    [whole, &mut rest[..]]
                })
                .collect();
            for block in 0..BLOCKS_PER_CHUNK {
                let first = index * CHUNK + block * LANES;
                if first >= draws {
                    break;
                }
                progress.check()?;
                let number = u32::try_from(first / LANES).unwrap_or(u32::MAX);
                let structure = structure_of(seed, weights, number);
                let scratch = &mut scratch[structure];
                for part in 0..LANES / V::LANES {
                    let parts = LANES / V::LANES;
                    let at = number * parts as u32 + part as u32;
                    let around = around.map_or(&[][..], |around| around.of(at, parts));
                    let noted = noted.as_mut().map_or(&mut [][..], |noted| {
                        let size = note_width / parts;
                        &mut noted[block * note_width + part * size..][..size]
                    });
                    models[structure].simulate(at, around, noted, scratch);
                    let first = block * LANES + part * V::LANES;
                    for ([kept, rest], out) in rows.iter_mut().zip(&scratch.out) {
                        let (distributed, other) = out.split_at(distributed);
                        copy_out(distributed, kept, first);
                        if quantiles {
                            copy_out(other, rest, first);
                        }
                    }
                }
                progress.advance((draws - first).min(LANES));
            }
            if noted.is_some() {
                continue;
            }
            let valid = (draws - index * CHUNK).min(CHUNK);
            for (variant, rows) in rows.iter().enumerate() {
                let moments = &mut moments[variant * series..(variant + 1) * series];
                let all = rows.iter().flat_map(|rows| rows.chunks_exact(CHUNK));
                for (s, (row, moments)) in all.zip(moments).take(counted).enumerate() {
                    *moments = Moments::of(&row[..valid], layout.may_be_missing(s));
                }
                if all_held {
                    continue;
                }
                let mut kept =
                    kept[variant].iter_mut().flat_map(|kept| kept.chunks_exact_mut(CHUNK));
                let mut held = held.iter().peekable();
                for (s, row) in rows[0].chunks_exact(CHUNK).enumerate() {
                    match held.next_if_eq(&&s).and_then(|_| kept.next()) {
                        Some(kept) => kept.copy_from_slice(row),
                        None if quantiles => {
                            locked(&sketches[variant * distributed + s]).push(&row[..valid]);
                        }
                        None => (),
                    }
                }
            }
            moments = locked(&self.shared.merger).offer(index, moments);
        }
        Ok(())
    }
}

/// Writes a part of a block to the rows of a chunk, from a draw on.
#[inline(always)]
fn copy_out<V: Vector>(out: &[V], rows: &mut [V::Real], first: usize) {
    let rows = rows.as_chunks_mut::<CHUNK>().0;
    for (row, values) in rows.iter_mut().zip(out) {
        let lanes = values.lanes();
        row[first..first + V::LANES].copy_from_slice(&lanes.0[..V::LANES]);
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
