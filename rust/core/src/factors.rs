//! Which standard normal numbers a run needs, and how they are drawn.
//!
//! A factor is one number a draw: keyed by what it is for, and, under a Sobol sampler,
//! given a dimension. Dimensions are reserved in a fixed order whether used or not (nation,
//! technology, sector, area, then cells where they have any, then levers, and behind places for
//! [`LEVERS_WITH_PLACES`] what decides whether levers have any effect and what they cost beyond
//! their plan), so that fixing a parameter, moving a lever or adding one at the end changes no
//! other number.

use crate::distribution::{Distribution, Sampler, normal_quantile};
use crate::error::{Error, Result};
use crate::lanes::{LANES, Lanes, Real, Words};
use crate::layout::Together;
use crate::normal::NormalTable;
use crate::rng::{GROUP, Generator, Key, KeyGroup, key_group};
use crate::sobol::{Directions, MAX_DIMENSIONS, scrambled, scrambles};
use crate::spec::{
    Correlation, Held, LEVELS, LEVER_TARGETS, NATIONAL_PARAMETERS, SPREAD_PARAMETERS, SamplerKind,
    Spec, shared_and_own,
};
use crate::vector::Vector;
use std::ops::Range;
use std::sync::Arc;

/// Levers for which dimensions are kept before those that came later.
const LEVERS_WITH_PLACES: usize = 20;

/// Position of a factor among the numbers of its batch.
pub type Slot = usize;

/// Factors that are drawn together for each block.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    length: usize,
    /// Sobol dimension and its sixteen scramblings.
    points: Vec<(Slot, usize, Words)>,
    /// First slot, number, generator and keys of neighbouring pseudo-random factors.
    keyed: Vec<(Slot, usize, Generator, KeyGroup)>,
}

/// What a factor's number is for, and where it comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Factor {
    key: Key,
    seed: u64,
    /// Pseudo-random if it has none.
    dimension: Option<usize>,
}

impl Batch {
    /// Factors in the order of their slots.
    fn new(factors: &[Factor]) -> Self {
        let mut batch = Batch { length: factors.len(), ..Batch::default() };
        let mut slot = 0;
        let together = |a: &Factor, b: &Factor| {
            a.dimension.is_none() && b.dimension.is_none() && a.seed == b.seed
        };
        for run in factors.chunk_by(together) {
            for group in run.chunks(GROUP) {
                match group[0] {
                    Factor { key, seed, dimension: Some(dimension) } => {
                        batch.points.push((slot, dimension, scrambles(seed, key)));
                    }
                    Factor { seed, .. } => {
                        let keys: Vec<Key> = group.iter().map(|factor| factor.key).collect();
                        let generator = Generator::new(seed);
                        batch.keyed.push((slot, group.len(), generator, key_group(&keys)));
                    }
                }
                slot += group.len();
            }
        }
        batch
    }

    /// Number of factors.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Standard normal numbers z of every factor for the draws of a part of a block; where
    /// `scales` are given, one for each slot, 2^(scale z).
    #[inline(always)]
    pub fn draw<V: Vector>(
        &self,
        source: &Source,
        part: u32,
        scales: Option<&[V::Real]>,
        out: &mut [V],
    ) {
        let parts = (LANES / V::LANES) as u32;
        let (block, lane) = (part / parts, (part % parts) as usize * V::LANES);
        for (slot, dimension, scrambles) in &self.points {
            let scrambles = &scrambles.0[lane..lane + V::LANES];
            let words = scrambled(source.directions.point(*dimension, block), scrambles);
            out[*slot] = V::normals(source.table, &words);
        }
        for (slot, count, generator, keys) in &self.keyed {
            let out = &mut out[*slot..slot + count];
            match out.first_chunk_mut::<GROUP>() {
                Some(all) => V::keyed_normals(generator, keys, part, all),
                None => {
                    let mut normals = [V::zero(); GROUP];
                    V::keyed_normals(generator, keys, part, &mut normals);
                    out.copy_from_slice(&normals[..*count]);
                }
            }
        }
        if let Some(scales) = scales {
            for (number, scale) in out.iter_mut().zip(scales) {
                *number = number.scaled(*scale).exp2();
            }
        }
    }
}

/// The number source of a run.
#[derive(Debug, Clone)]
pub struct Source {
    directions: Directions,
    table: &'static NormalTable,
}

/// What a shared number is for: a parameter, and an area, sector or technology where it is theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactorName {
    /// One of [`Spec::parameters`].
    pub parameter: String,
    /// Empty where the number belongs to no single area.
    pub area: String,
    /// Sector, technology or `sector/technology`, or empty.
    pub cell: String,
}

/// Collects the shared factors and hands out dimensions, both in order.
struct Plan<'a> {
    spec: &'a Spec,
    next: usize,
    factors: Vec<Factor>,
    names: Vec<FactorName>,
}

impl Plan<'_> {
    fn dimension(&mut self) -> Option<usize> {
        let dimension = self.next;
        self.next += 1;
        (self.spec.sampler != SamplerKind::Random && dimension < MAX_DIMENSIONS)
            .then_some(dimension)
    }

    /// Reserves the next dimension and gives the factor a slot if it is needed.
    fn factor(
        &mut self,
        parameter: &str,
        family: &str,
        [area, cell]: [&str; 2],
        needed: bool,
    ) -> Option<Slot> {
        let dimension = self.dimension();
        (needed || self.spec.every_number)
            .then(|| self.push(parameter, Key::new(family, area, cell), [area, cell], dimension))
    }

    fn push(
        &mut self,
        parameter: &str,
        key: Key,
        [area, cell]: [&str; 2],
        dimension: Option<usize>,
    ) -> Slot {
        self.factors.push(Factor { key, seed: self.spec.seed_of(parameter), dimension });
        self.names.push(FactorName {
            parameter: parameter.into(),
            area: area.into(),
            cell: cell.into(),
        });
        self.factors.len() - 1
    }
}

/// A number with its own distribution and, unless it is fixed, its factor.
#[derive(Debug, Clone)]
pub struct Scalar<F> {
    sampler: Sampler<F>,
    slot: Option<Slot>,
}

impl<F: Real> Scalar<F> {
    /// Value in each draw of a part of a block, from its shared numbers.
    #[inline(always)]
    pub fn value<V: Vector<Real = F>>(&self, shared: &[V]) -> V {
        let z = match self.slot {
            Some(slot) => shared[slot],
            None => V::zero(),
        };
        self.sampler.at(z)
    }
}

/// A lever's effect on one target.
#[derive(Debug, Clone)]
pub struct Effect<F> {
    /// Its size where it is not zero.
    pub size: Scalar<F>,
    /// It is zero where the lever's number is at most this.
    pub zero_up_to: Option<f64>,
}

/// Numbers of one lever.
#[derive(Debug, Clone)]
pub struct LeverFactors<F> {
    /// Position in the specification.
    pub lever: usize,
    /// Effect on each of [`LEVER_TARGETS`], where it has one.
    pub effects: [Option<Effect<F>>; 4],
    /// Numbers whose weighted sum decides whether its effects are zero.
    pub zero: Vec<(f64, Slot)>,
    /// £ per resident a year, as planned.
    pub cost: Scalar<F>,
    /// What it costs beyond that, as a share of it, unless that is nothing.
    pub bias: Option<Scalar<F>>,
    /// Part of the take-up common to all areas, and each area's own.
    pub take_up: (Option<Slot>, Vec<Option<Slot>>),
}

impl<F: Real> LeverFactors<F> {
    /// Effect on each of [`LEVER_TARGETS`] in each draw of a block, zero where it has none.
    #[inline(always)]
    pub(crate) fn effects<V: Vector<Real = F>>(&self, shared: &[V]) -> [V; 4] {
        let mut number = V::zero();
        for (weight, slot) in &self.zero {
            number = number.add_scaled(F::of(*weight), shared[*slot]);
        }
        let mut effects = [V::zero(); 4];
        for (value, effect) in effects.iter_mut().zip(&self.effects) {
            if let Some(effect) = effect {
                let size: V = effect.size.value(shared);
                *value = match effect.zero_up_to {
                    None => size,
                    Some(edge) => size * (V::one() - number.at_most(V::of(edge))),
                };
            }
        }
        effects
    }

    /// £ per resident a year in each draw of a block.
    #[inline(always)]
    pub(crate) fn price<V: Vector<Real = F>>(&self, shared: &[V]) -> V {
        let planned: V = self.cost.value(shared);
        match &self.bias {
            None => planned,
            Some(bias) => planned * (V::one() + bias.value(shared)),
        }
    }
}

impl<F: Real> Factors<F> {
    /// Growth of an area beyond the nation's in each draw of a block.
    #[inline(always)]
    pub(crate) fn area_growth<V: Vector<Real = F>>(
        &self,
        area: usize,
        loading: Option<[F; 2]>,
        shared: &[V],
    ) -> V {
        let own = &self.growth_area[area];
        match (own.slot, self.growth_common, loading) {
            (Some(slot), Some(common), Some([with_others, alone])) if with_others != F::ZERO => {
                let number = shared[slot].scaled(alone).add_scaled(with_others, shared[common]);
                own.sampler.at(number)
            }
            _ => own.value(shared),
        }
    }
}

/// Weights of what areas have in common and of an area's own number.
pub(crate) fn loaded(loading: f64) -> [f64; 2] {
    [loading, (1.0 - loading * loading).sqrt()]
}

impl<F> Scalar<F> {
    /// Its number among the shared ones, unless it is fixed.
    pub(crate) fn slot(&self) -> Option<Slot> {
        self.slot
    }
}

/// Standard normal numbers of the spread parameters, by level.
#[derive(Debug, Clone)]
pub struct SpreadLevels {
    /// `slots[parameter][level][index]`, levels nation to sector; empty where not needed.
    slots: [[Vec<Slot>; 4]; 5],
    /// `mix[level][parameter][other]`: root of the weight times the correlation root.
    mix: [[[f64; 5]; 5]; 5],
}

impl SpreadLevels {
    /// Weighted, correlated number of a parameter at one level.
    #[inline(always)]
    pub fn number<V: Vector>(
        &self,
        parameter: usize,
        level: usize,
        index: usize,
        shared: &[V],
    ) -> V {
        let mut sum = V::zero();
        for (weight, slot) in self.parts(parameter, level, index) {
            sum = sum.add_scaled(V::Real::of(weight), shared[slot]);
        }
        sum
    }

    /// Shared numbers of which [`SpreadLevels::number`] is the sum, with their weights.
    #[inline(always)]
    pub(crate) fn parts(
        &self,
        parameter: usize,
        level: usize,
        index: usize,
    ) -> impl Iterator<Item = (f64, Slot)> {
        // An inclusive range is not inlined.
        (0..parameter + 1).filter_map(move |other| {
            let weight = self.mix[level][parameter][other];
            let slots = &self.slots[other][level];
            (weight != 0.0 && !slots.is_empty()).then(|| (weight, slots[index]))
        })
    }
}

/// A direction in the shared numbers along which they are held, and where.
#[derive(Debug, Clone)]
pub struct Holding<F> {
    direction: Vec<(Slot, F)>,
    at: F,
}

impl<F: Real> Holding<F> {
    pub(crate) fn new(held: &Held) -> Self {
        let direction = held.direction.iter().map(|(slot, weight)| (*slot, F::of(*weight)));
        Holding { direction: direction.collect(), at: F::of(held.at) }
    }

    /// Moves a block's shared numbers along the direction to where they are held.
    #[inline(always)]
    pub(crate) fn hold<V: Vector<Real = F>>(&self, shared: &mut [V]) {
        let Holding { direction, at } = self;
        if !direction.is_empty() {
            let mut move_by = V::splat(*at);
            for (slot, weight) in direction {
                move_by = move_by.add_scaled(-*weight, shared[*slot]);
            }
            for (slot, weight) in direction {
                shared[*slot] = shared[*slot].add_scaled(*weight, move_by);
            }
        }
    }
}

/// Numbers of single cells, for one sector.
#[derive(Debug, Clone)]
pub struct CellFactors {
    /// Of each spread parameter, where it needs any: cells as [`Together`] places them.
    pub spread: [Option<Batch>; 5],
    /// Growth of the areas' cells, unless it is fixed.
    pub growth: Option<Batch>,
    /// Their deviations from their paths, unless those are fixed.
    pub transitory: Option<Batch>,
}

/// Every factor of a run.
#[derive(Debug, Clone)]
pub struct Factors<F> {
    /// Where the numbers come from.
    pub source: Source,
    /// Numbers shared by more than one cell.
    pub shared: Batch,
    /// What each of them is for.
    pub names: Vec<FactorName>,
    /// Numbers from outside in their place, `[factor][draw]`, and draws in a row.
    given: Option<(Arc<[f32]>, usize)>,
    /// Where they are held.
    pub held: Holding<F>,
    /// Numbers of single cells, sector by sector.
    pub cells: Vec<CellFactors>,
    /// In the order of [`NATIONAL_PARAMETERS`].
    pub national: Vec<Scalar<F>>,
    /// Levels of the spread parameters.
    pub spread: SpreadLevels,
    /// Complements of each area.
    pub complements: Vec<Scalar<F>>,
    /// Growth of each area and each sector, a year.
    pub growth_area: Vec<Scalar<F>>,
    /// What the growth of areas has in common, if anything.
    pub growth_common: Option<Slot>,
    /// See `growth_area`.
    pub growth_sector: Vec<Scalar<F>>,
    /// Output held back while adoption is under way, unless that is none.
    pub j_curve: Option<Scalar<F>>,
    /// Odds ratios, sectors × technologies.
    pub odds_ratios: Vec<Vec<Scalar<F>>>,
    /// Levers that are moved anywhere.
    pub levers: Vec<LeverFactors<F>>,
    /// Weight of cell `other`'s number in a parameter: `cell_mix[parameter][other]`.
    pub cell_mix: [[f64; 5]; 5],
}

impl<F: Real> Factors<F> {
    /// Numbers that cells share for the draws of a part of a block: drawn, or from outside.
    #[inline(always)]
    pub(crate) fn draw_shared<V: Vector<Real = F>>(&self, part: u32, out: &mut [V]) {
        let Some((normals, draws)) = &self.given else {
            return self.shared.draw(&self.source, part, None, out);
        };
        let first = part as usize * V::LANES;
        for (number, row) in out.iter_mut().zip(normals.chunks_exact(*draws)) {
            // Behind the last draw there is nothing.
            let mut lanes = [F::ZERO; LANES];
            for (lane, z) in lanes.iter_mut().take(V::LANES).zip(row.iter().skip(first)) {
                *lane = F::of(f64::from(*z));
            }
            *number = V::load(&lanes[..V::LANES]);
        }
    }

    /// Lays out the numbers a checked specification needs, those of cells for vectors that work
    /// on so many technologies together.
    ///
    /// # Errors
    /// [`Error::Spec`] when correlations cannot hold together.
    pub fn new(spec: &Spec, columns: usize) -> Result<Self> {
        let mix = mixing(spec)?;
        let mut plan = Plan { spec, next: 0, factors: Vec::new(), names: Vec::new() };
        let p = &mut plan;
        let varies = |x: &Distribution| x.fixed().is_none();
        // A parameter's number is needed at a level if a varying parameter mixes it in there.
        let needed = |other: usize, level: usize| {
            SPREAD_PARAMETERS.iter().enumerate().any(|(parameter, name)| {
                mix[level][parameter][other] != 0.0
                    && spec.spread_parameters[*name].distributions.iter().any(varies)
            })
        };
        let scalar =
            |p: &mut Plan<'_>, distribution: &Distribution, name: &str, family: &str, of| Scalar {
                sampler: Sampler::new(distribution),
                slot: p.factor(name, family, of, varies(distribution)),
            };

        // Areas take dimensions in the order of their hashes, so that the order in which the
        // data list them is of no account.
        let mut by_hash: Vec<usize> = (0..spec.areas.len()).collect();
        by_hash.sort_by_key(|area| crate::rng::hash(&spec.areas[*area]));
        let in_data_order = |made: Vec<Scalar<F>>| {
            let mut placed: Vec<_> = by_hash.iter().copied().zip(made).collect();
            placed.sort_by_key(|(area, _)| *area);
            placed.into_iter().map(|(_, scalar)| scalar).collect::<Vec<_>>()
        };
        let per_area = |p: &mut Plan<'_>, name: &str, distribution: &Distribution| {
            let family = format!("{name}/area");
            let made = by_hash
                .iter()
                .map(|area| scalar(p, distribution, name, &family, [&spec.areas[*area], ""]));
            in_data_order(made.collect())
        };

        let mut slots: [[Vec<Slot>; 4]; 5] = Default::default();
        let mut level = |p: &mut Plan<'_>, level: usize, names: &[String]| {
            for (i, parameter) in SPREAD_PARAMETERS.iter().enumerate() {
                let family = format!("{parameter}/{}", LEVELS[level]);
                let made: Vec<_> = (names.iter())
                    .filter_map(|n| {
                        let of = if level == 2 { [n.as_str(), ""] } else { ["", n] };
                        p.factor(parameter, &family, of, needed(i, level))
                    })
                    .collect();
                slots[i][level] = made;
            }
        };
        level(p, 0, &[String::new()]);
        let national = NATIONAL_PARAMETERS
            .iter()
            .map(|name| {
                scalar(p, &spec.national[*name], name, &format!("national/{name}"), ["", ""])
            })
            .collect();
        level(p, 1, &spec.technologies);
        level(p, 3, &spec.sectors);
        let growth_sector = spec
            .sectors
            .iter()
            .map(|s| {
                scalar(p, &spec.growth_sector, "growth_sector", "growth_sector/sector", ["", s])
            })
            .collect();
        level(p, 2, &by_hash.iter().map(|a| spec.areas[*a].clone()).collect::<Vec<_>>());
        for of_levels in slots.iter_mut().filter(|s| !s[2].is_empty()) {
            let mut placed = of_levels[2].clone();
            by_hash.iter().zip(&of_levels[2]).for_each(|(area, slot)| placed[*area] = *slot);
            of_levels[2] = placed;
        }
        let complements = per_area(p, "complements", &spec.complements);
        let growth_area = per_area(p, "growth_area", &spec.growth_area);

        let drawn = |parameter| !spec.cells_at_middle && needed(parameter, 4);
        let cells = cell_factors(spec, p, &by_hash, columns, drawn);

        let areas = spec.areas.len();
        let mut levers = Vec::new();
        for (l, lever) in spec.levers.iter().enumerate() {
            let moved = spec.data.intensity[l * areas..(l + 1) * areas].iter().any(|i| *i > 0.0);
            let family = |rest: &str| format!("lever/{}/{rest}", lever.name);
            let nation = ["", ""];
            let effects = LEVER_TARGETS.map(|target| {
                let effect = lever.effects.get(target).map(|effect| match effect.zero_or() {
                    (p_zero, of) if effect.fixed().is_none() && p_zero > 0.0 => {
                        (Some(normal_quantile(p_zero)), of)
                    }
                    _ => (None, effect),
                });
                let slot = p.factor(
                    &lever.effect_parameter(target),
                    &family(&format!("effect/{target}")),
                    nation,
                    moved && effect.is_some_and(|(_, size)| varies(size)),
                );
                effect.map(|(zero_up_to, size)| Effect {
                    size: Scalar { sampler: Sampler::new(size), slot },
                    zero_up_to,
                })
            });
            let cost = &lever.cost_gbp_per_head_per_year;
            let cost = Scalar {
                sampler: Sampler::new(cost),
                slot: p.factor(
                    &lever.cost_parameter(),
                    &family("cost"),
                    nation,
                    moved && varies(cost),
                ),
            };
            let uncertain = moved && varies(spec.take_up_of(l));
            let shared = p.factor("take_up", &family("take_up/nation"), nation, uncertain);
            let mut own = vec![None; areas];
            let of_area = family("take_up/area");
            for area in &by_hash {
                let of = [&spec.areas[*area], ""];
                own[*area] = p.factor("take_up", &of_area, of, uncertain);
            }
            if moved {
                levers.push(LeverFactors {
                    lever: l,
                    effects,
                    zero: Vec::new(),
                    cost,
                    bias: None,
                    take_up: (shared, own),
                });
            }
        }

        let without_places = spec.levers.len().min(LEVERS_WITH_PLACES);
        p.next += (LEVERS_WITH_PLACES - without_places) * (LEVER_TARGETS.len() + 2 + areas);

        // Odds ratios are numbers of single cells: pseudo-random, outside the dimensions.
        let odds_ratios = (spec.odds_ratios.iter().zip(&spec.sectors))
            .map(|(row, sector)| {
                (row.iter().zip(&spec.technologies))
                    .map(|(distribution, technology)| {
                        let cell = format!("{sector}/{technology}");
                        let slot = (spec.every_number || varies(distribution)).then(|| {
                            let key = Key::new("odds_ratio/cell", "", &cell);
                            p.push("odds_ratios", key, ["", &cell], None)
                        });
                        Scalar { sampler: Sampler::new(distribution), slot }
                    })
                    .collect()
            })
            .collect();
        let needed = varies(&spec.growth_area) && spec.growth_loadings.iter().any(|c| *c != 0.0);
        let growth_common = p.factor("growth_area", "growth_area/nation", ["", ""], needed);
        decide_levers(spec, p, &mut levers);
        p.next += (LEVERS_WITH_PLACES - without_places) * 2;
        let j_curve = (spec.j_curve.fixed() != Some(0.0))
            .then(|| scalar(p, &spec.j_curve, "j_curve", "j_curve/nation", ["", ""]));

        let used = |batch: &Batch| batch.points.iter().map(|(_, d, _)| d + 1).max().unwrap_or(0);
        let shared = Batch::new(&plan.factors);
        let Held { direction, at } = &spec.held;
        let length: f64 = direction.iter().map(|(_, weight)| weight * weight).sum();
        if direction.iter().any(|(slot, _)| *slot >= shared.len())
            || !(direction.is_empty() || (length - 1.0).abs() < 1e-6)
            || !at.is_finite()
        {
            return Err(Error::spec("held", "must be a direction of length 1 in shared numbers"));
        }
        let normals = &spec.data.normals;
        let rows = shared.len().max(1);
        let row = normals.len() / rows;
        let finite = normals.iter().all(|z| z.is_finite());
        let whole = normals.len().is_multiple_of(rows) && row as u64 >= spec.draws && finite;
        if !whole && !normals.is_empty() {
            let problem = format!(
                "must be {rows} rows of at least {} finite numbers, has {} in all",
                spec.draws,
                normals.len()
            );
            return Err(Error::spec("normals", problem));
        }
        let given = (!normals.is_empty()).then(|| (Arc::from(&normals[..]), row));
        let of_cells = cells.iter().flat_map(|c| c.spread.iter().flatten().chain(&c.growth));
        let dimensions = of_cells.map(used).max().unwrap_or(0).max(used(&shared));
        Ok(Factors {
            source: Source { directions: Directions::new(dimensions), table: NormalTable::get() },
            shared,
            names: plan.names,
            given,
            held: Holding::new(&spec.held),
            cells,
            national,
            spread: SpreadLevels { slots, mix },
            complements,
            growth_area,
            growth_common,
            growth_sector,
            j_curve,
            odds_ratios,
            levers,
            cell_mix: mix[4],
        })
    }
}

impl<F: Clone> Factors<F> {
    /// With lists of areas that hold those in focus alone, if there is a focus. Numbers keep their
    /// slots; those of other areas are not drawn unless something is held by them.
    pub(crate) fn focused(mut self, spec: &Spec) -> Self {
        let areas = &spec.focus[..];
        if areas.is_empty() {
            return self;
        }
        let names: Vec<&str> = areas.iter().map(|area| &spec.areas[*area][..]).collect();
        let own = |name: &FactorName| name.area.is_empty() || names.contains(&&name.area[..]);
        let mut drawn: Vec<bool> = self.names.iter().map(own).collect();
        self.held.direction.iter().for_each(|(slot, _)| drawn[*slot] = true);
        self.shared.points.retain(|(slot, ..)| drawn[*slot]);
        self.shared.keyed.retain(|(slot, count, ..)| drawn[*slot..slot + count].contains(&true));
        fn keep<T: Clone>(list: &mut Vec<T>, areas: &[usize]) {
            if !list.is_empty() {
                *list = areas.iter().map(|area| list[*area].clone()).collect();
            }
        }
        keep(&mut self.complements, areas);
        keep(&mut self.growth_area, areas);
        self.spread.slots.iter_mut().for_each(|levels| keep(&mut levels[2], areas));
        self.levers.iter_mut().for_each(|lever| keep(&mut lever.take_up.1, areas));
        self
    }
}

/// Adds to levers what decides whether they have any effect, and what they cost beyond plan.
fn decide_levers<F: Real>(spec: &Spec, plan: &mut Plan<'_>, levers: &mut [LeverFactors<F>]) {
    let [common, own] = shared_and_own(spec.zero_correlation);
    let may_be_zero = |lever: &LeverFactors<F>| spec.levers[lever.lever].may_be_zero();
    let needed = common > 0.0 && levers.iter().any(may_be_zero);
    let shared = plan.factor("lever_zero", "lever_zero/nation", ["", ""], needed);
    let bias = &spec.optimism_bias;
    for (l, lever) in spec.levers.iter().enumerate() {
        let mut moved = levers.iter_mut().find(|moved| moved.lever == l);
        let name = ["", lever.name.as_str()];
        let needed = own > 0.0 && moved.is_some() && lever.may_be_zero();
        let zero = plan.factor("lever_zero", "lever_zero/lever", name, needed);
        let needed = moved.is_some() && bias.fixed().is_none();
        let slot = plan.factor("optimism_bias", "optimism_bias/lever", name, needed);
        if let Some(moved) = &mut moved {
            if lever.may_be_zero() {
                let numbers = [(common, shared), (own, zero)];
                moved.zero = numbers.into_iter().filter_map(|(w, slot)| Some((w, slot?))).collect();
            }
            if bias.fixed() != Some(0.0) {
                moved.bias = Some(Scalar { sampler: Sampler::new(bias), slot });
            }
        }
    }
}

/// Cell numbers take dimensions only where every factor is to have one; growth and ceilings
/// go first, since they matter most where direction numbers do not reach all.
const CELL_ORDER: [usize; 5] = [3, 4, 0, 2, 1];

fn cell_factors(
    spec: &Spec,
    plan: &mut Plan<'_>,
    by_hash: &[usize],
    columns: usize,
    needed: impl Fn(usize) -> bool,
) -> Vec<CellFactors> {
    let simulated = spec.simulated_areas();
    let (areas, technologies) = (simulated.len(), spec.technologies.len());
    // Areas that are not simulated keep their dimensions.
    let mut places = vec![None; spec.areas.len()];
    simulated.iter().enumerate().for_each(|(place, area)| places[*area] = Some(place));
    let in_dimensions = spec.sampler == SamplerKind::SobolFull;
    let dimension = |plan: &mut Plan<'_>| in_dimensions.then(|| plan.dimension()).flatten();
    let seed = spec.seed_of("growth_cell");
    let mut made: Vec<CellFactors> = Vec::new();
    for sector in &spec.sectors {
        let mut row = vec![Factor::default(); areas];
        for area in by_hash {
            let dimension = dimension(plan);
            if let Some(place) = places[*area] {
                let key = Key::new("growth_cell/cell", &spec.areas[*area], sector);
                row[place] = Factor { key, seed, dimension };
            }
        }
        let growth = spec.growth_cell.fixed().is_none().then(|| Batch::new(&row));
        // Outside the dimensions, as are odds ratios: what they are taken from keeps its own.
        let seed = spec.seed_of("growth_transitory");
        let of_area = |area: &String| Factor {
            key: Key::new("growth_transitory/cell", area, sector),
            seed,
            dimension: None,
        };
        let transitory = spec.growth_transitory.fixed().is_none().then(|| {
            let areas = simulated.iter().map(|area| of_area(&spec.areas[*area]));
            Batch::new(&areas.collect::<Vec<_>>())
        });
        made.push(CellFactors { spread: Default::default(), growth, transitory });
    }
    for parameter in CELL_ORDER {
        let family = format!("{}/{}", SPREAD_PARAMETERS[parameter], LEVELS[4]);
        let seed = spec.seed_of(SPREAD_PARAMETERS[parameter]);
        for (sector, made) in spec.sectors.iter().zip(&mut made) {
            let mut row = vec![Factor::default(); areas * technologies];
            for area in by_hash {
                for group in Together::all(technologies, columns) {
                    for k in 0..group.columns {
                        let dimension = dimension(plan);
                        if let Some(place) = places[*area] {
                            let cell = format!("{sector}/{}", spec.technologies[group.first + k]);
                            let key = Key::new(&family, &spec.areas[*area], &cell);
                            row[group.cell(areas, place, k)] = Factor { key, seed, dimension };
                        }
                    }
                }
            }
            made.spread[parameter] = needed(parameter).then(|| Batch::new(&row));
        }
    }
    made
}

/// Root of the weight of each level times a root of the correlation matrix there.
///
/// A correlation ρ holds exactly between the composed numbers of a cell when, at every
/// level, the pair's numbers are correlated ρ / Σ √(w₁ w₂).
fn mixing(spec: &Spec) -> Result<[[[f64; 5]; 5]; 5]> {
    let weights = SPREAD_PARAMETERS.map(|name| spec.spread_parameters[name].spread);
    let position = |name: &str| SPREAD_PARAMETERS.iter().position(|p| *p == name);
    let mut correlation = [[0.0; 5]; 5];
    for Correlation { between, value } in &spec.correlations {
        let (Some(i), Some(j)) = (position(&between[0]), position(&between[1])) else {
            return Err(Error::spec(
                "correlations",
                format!("{between:?} are not two spread parameters"),
            ));
        };
        let common: f64 = (0..5).map(|l| (weights[i][l] * weights[j][l]).sqrt()).sum();
        if i == j || !value.is_finite() || value.abs() > common {
            return Err(Error::spec(
                "correlations",
                format!(
                    "{value} between {between:?} cannot be: their levels allow at most ±{common:.3}"
                ),
            ));
        }
        correlation[i][j] = value / common;
        correlation[j][i] = value / common;
    }
    let mut mix = [[[0.0; 5]; 5]; 5];
    for (level, mix) in mix.iter_mut().enumerate() {
        let active = |i: usize| weights[i][level] > 0.0;
        // Cholesky root, row by row; inactive parameters stand alone.
        let mut root = [[0.0f64; 5]; 5];
        for i in 0..5 {
            for j in 0..=i {
                let target = match (i == j, active(i) && active(j)) {
                    (true, _) => 1.0,
                    (false, true) => correlation[i][j],
                    (false, false) => 0.0,
                };
                let rest = target - (0..j).map(|n| root[i][n] * root[j][n]).sum::<f64>();
                root[i][j] = if i == j {
                    if rest < -1e-12 {
                        return Err(Error::spec("correlations", "contradict one another"));
                    }
                    rest.max(0.0).sqrt()
                } else if root[j][j] > 1e-9 {
                    rest / root[j][j]
                } else {
                    0.0
                };
            }
        }
        for i in 0..5 {
            for j in 0..=i {
                mix[i][j] = weights[i][level].sqrt() * root[i][j];
            }
        }
    }
    Ok(mix)
}

/// Shared numbers of every draw, `[factor][draw]`, as a run has them, and what each is for. They
/// are keyed by what they are for, so that structures that draw the same have the same.
///
/// Correlated parameters are mixed from these, each from its own and those of the parameters
/// before it in [`SPREAD_PARAMETERS`].
///
/// # Errors
/// [`Error::Spec`] for anything that cannot be simulated, and where structures draw differently.
pub fn numbers(spec: &Spec) -> Result<(Vec<FactorName>, Vec<Vec<f32>>)> {
    spec.check()?;
    let [first, others @ ..] = &spec.simulated()[..] else { unreachable!("at least one") };
    let factors = Factors::<f32>::new(first.1, 1)?;
    for (_, other) in others {
        let reseeded = |of: &Spec| (of.reseeded.seed, of.reseeded.parameters.clone());
        if Factors::<f32>::new(other, 1)?.names != factors.names
            || reseeded(other) != reseeded(first.1)
        {
            return Err(Error::spec("structures", "not the same is uncertain in all"));
        }
    }
    let draws = usize::try_from(spec.draws).unwrap_or(usize::MAX);
    let mut rows = vec![Vec::new(); factors.names.len()];
    for row in &mut rows {
        room(row, draws)?;
    }
    factors.each_block(
        draws,
        |_| true,
        |here, block| {
            for (row, lanes) in rows.iter_mut().zip(block) {
                row.extend_from_slice(&lanes.0[..here.len()]);
            }
        },
    );
    Ok((factors.names, rows))
}

/// Makes room for numbers of so many draws, or says that there is none.
pub(crate) fn room<T>(numbers: &mut Vec<T>, draws: usize) -> Result<()> {
    numbers
        .try_reserve_exact(draws)
        .map_err(|_| Error::spec("draws", "their numbers do not fit in memory"))
}

impl Factors<f32> {
    /// Shared numbers of one block of draws after another, of those that are wanted, and which
    /// draws they are of.
    pub(crate) fn each_block(
        &self,
        draws: usize,
        wanted: impl Fn(u32) -> bool,
        mut take: impl FnMut(Range<usize>, &[Lanes<f32>]),
    ) {
        let mut block = vec![Lanes::<f32>::zero(); self.shared.len()];
        for first in (0..draws).step_by(LANES) {
            let index = u32::try_from(first / LANES).unwrap_or(u32::MAX);
            if !wanted(index) {
                continue;
            }
            self.draw_shared(index, &mut block);
            take(first..draws.min(first + LANES), &block);
        }
    }
}
