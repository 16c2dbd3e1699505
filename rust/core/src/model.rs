//! The model: adoption, then gain, for one block of sixteen draws.
//!
//! Layout: draws in lanes; one sector at a time, since spillover couples areas only within
//! a sector; areas × draws of one technology's path stay in the nearest cache. Section
//! numbers are those of the model description in `docs/`.

use crate::distribution::{Distribution, Sampler};
use crate::error::Result;
use crate::factors::{Factors, LeverFactors};
use crate::lanes::{LANES, Lanes, Real, TILE};
use crate::rng::Key;
use crate::spec::{Basis, Curve, SPREAD_PARAMETERS, Spec};

const EARTH_RADIUS_KM: f64 = 6371.0;
/// Slots of the four words of a cell's key, by position in [`SPREAD_PARAMETERS`].
const CELL_SLOT: [Option<usize>; 5] = [Some(0), None, Some(3), Some(1), Some(2)];
/// Metrics of a unit after its gain of each year.
pub const UNIT_METRICS: [&str; 9] = [
    "gain_cumulative_gbp_m",
    "gain_present_value_gbp_m",
    "cost_cumulative_gbp_m",
    "cost_present_value_gbp_m",
    "lever_cost_cumulative_gbp_m",
    "lever_cost_present_value_gbp_m",
    "uplift_final_year",
    "share",
    "prize_gbp_bn",
];

/// Where each reported quantity stands in a block's output.
///
/// The first `distributed` series are kept draw by draw; of the others only moments are.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// Areas, groups, sectors, technologies, years.
    pub areas: usize,
    /// See `areas`.
    pub groups: usize,
    /// See `areas`.
    pub sectors: usize,
    /// See `areas`.
    pub technologies: usize,
    /// See `areas`.
    pub years: usize,
}

impl Layout {
    /// Areas, then groups.
    pub fn units(&self) -> usize {
        self.areas + self.groups
    }
    /// Metrics of a unit: gain of each year, then [`UNIT_METRICS`].
    pub fn metrics(&self) -> usize {
        self.years + UNIT_METRICS.len()
    }
    /// First metric of a unit.
    pub fn unit(&self, unit: usize) -> usize {
        unit * self.metrics()
    }
    /// National gain of a sector in the final year.
    pub fn sector(&self, sector: usize) -> usize {
        self.unit(self.units()) + sector
    }
    /// National adoption of a technology in a year, 0 being the start.
    pub fn adoption(&self, technology: usize, year: usize) -> usize {
        self.sector(self.sectors) + technology * (self.years + 1) + year
    }
    /// What £1 of the levers' increment is worth after displacement, leakage and multiplier.
    pub fn additionality(&self) -> usize {
        self.adoption(self.technologies, 0)
    }
    /// Number of series kept draw by draw.
    pub fn distributed(&self) -> usize {
        self.additionality() + 1
    }
    /// Whether a unit's share exceeds its share of GVA.
    pub fn share_above_gva(&self, unit: usize) -> usize {
        self.distributed() + unit
    }
    /// Whether the national gain reaches the prize: final year, then sum.
    pub fn reaches_prize(&self, cumulative: usize) -> usize {
        self.share_above_gva(self.units()) + cumulative
    }
    /// Gain of an area's sector in the final year.
    pub fn cell(&self, area: usize, sector: usize) -> usize {
        self.reaches_prize(2) + area * self.sectors + sector
    }
    /// Adoption of a technology in an area: at the start, then in the final year.
    pub fn area_adoption(&self, area: usize, technology: usize, last: usize) -> usize {
        self.cell(self.areas, 0) + (area * self.technologies + technology) * 2 + last
    }
    /// Number of all series.
    pub fn series(&self) -> usize {
        self.area_adoption(self.areas, 0, 0)
    }
}

/// Constants of a run in the precision it runs in.
#[derive(Debug, Clone)]
pub struct Model<F> {
    /// Where outputs stand.
    pub layout: Layout,
    factors: Factors<F>,
    /// Marginals, `[parameter][technology]`.
    marginals: [Vec<Sampler<F>>; 5],
    growth_cell: Sampler<F>,
    growth_cell_keys: Vec<Key>,
    cell_keys: Vec<Key>,
    innovation_cell_keys: Vec<Key>,
    /// Which parameters' cell numbers are needed.
    cell_needed: [bool; 5],
    take_up: Sampler<F>,
    take_up_weights: [F; 2],
    curve: Curve,
    basis: Basis,
    /// W in tiles of rows: `[tile][other area][row of the tile]`, zero beyond the last row.
    spillover: Vec<[F; TILE]>,
    /// Start-year GVA, areas × sectors, £m.
    gva: Vec<F>,
    readiness: Vec<F>,
    groups: Vec<Vec<usize>>,
    gva_share: Vec<F>,
    /// `1 / national GVA` and, per area, `1 / its GVA`.
    inverse_gva: (F, Vec<F>),
    discount: Vec<F>,
    share_floor: F,
    levers: Vec<LeverPlan<F>>,
    /// Positions of `sector × area` that some lever touches.
    touched: Vec<bool>,
    prize_factor: F,
}

#[derive(Debug, Clone)]
struct LeverPlan<F> {
    scope: Vec<bool>,
    intensity: Vec<F>,
    /// Ramp reached in each year, areas × years.
    ramp: Vec<F>,
    /// £m a year per £1 a head, areas × years.
    cost_base: Vec<F>,
}

/// Space a thread reuses from block to block.
#[derive(Debug)]
pub struct Scratch<F> {
    levels: [[Vec<Lanes<F>>; 5]; 4],
    adoption: Vec<Lanes<F>>,
    seen: Vec<Lanes<F>>,
    start: Vec<Lanes<F>>,
    gap: Vec<Lanes<F>>,
    ceiling: Vec<Lanes<F>>,
    innovation: Vec<Lanes<F>>,
    imitation: Vec<Lanes<F>>,
    effect: Vec<Lanes<F>>,
    gained: Vec<Lanes<F>>,
    /// Areas × years: Σ β (A − A0), Σ ΔA, and the cumulated gain and cost of all sectors.
    stock: Vec<Lanes<F>>,
    adopted: Vec<Lanes<F>>,
    gain: Vec<Lanes<F>>,
    cost: Vec<Lanes<F>>,
    /// National GVA in each year; each area's in the last.
    gva_years: Vec<Lanes<F>>,
    gva_final: Vec<Lanes<F>>,
    /// `[target][area × year]` for the sector at hand.
    lift: [Vec<Lanes<F>>; 4],
    strength: Vec<Vec<Lanes<F>>>,
}

impl<F: Real> Model<F> {
    /// Prepares a specification.
    ///
    /// # Errors
    /// [`crate::error::Error::Spec`] for anything that cannot be simulated.
    pub fn new(spec: &Spec) -> Result<Self> {
        spec.check()?;
        let factors = Factors::new(spec)?;
        let layout = Layout {
            areas: spec.areas.len(),
            groups: spec.groups.len(),
            sectors: spec.sectors.len(),
            technologies: spec.technologies.len(),
            years: spec.horizon_years,
        };
        let marginals = SPREAD_PARAMETERS.map(|name| {
            spec.spread_parameters[name].distributions.iter().map(Sampler::new).collect::<Vec<_>>()
        });
        let cell_needed: [bool; 5] = std::array::from_fn(|other| {
            (other..5).any(|p| {
                factors.cell_mix[p][other] != F::ZERO
                    && marginals[p].iter().any(|s| s.constant().is_none())
            })
        });
        let cell_keys = |family: &str| -> Vec<Key> {
            let mut keys = Vec::new();
            for sector in &spec.sectors {
                for technology in &spec.technologies {
                    for area in &spec.areas {
                        keys.push(Key::new(family, area, &format!("{sector}/{technology}")));
                    }
                }
            }
            keys
        };
        let gva = &spec.data.gva_gbp_m;
        let area_gva: Vec<f64> = gva.chunks(layout.sectors).map(|row| row.iter().sum()).collect();
        let national: f64 = area_gva.iter().sum();
        let share_of = |areas: &[usize]| areas.iter().map(|a| area_gva[*a]).sum::<f64>() / national;
        let gva_share = (0..layout.areas)
            .map(|a| share_of(&[a]))
            .chain(spec.groups.iter().map(|g| share_of(g)))
            .map(F::of)
            .collect();
        let levers: Vec<_> = factors.levers.iter().map(|l| lever_plan(spec, l)).collect();
        let mut touched = vec![false; layout.sectors * layout.areas];
        for plan in &levers {
            for s in (0..layout.sectors).filter(|s| plan.scope[*s]) {
                for r in (0..layout.areas).filter(|r| plan.intensity[*r] > F::ZERO) {
                    touched[s * layout.areas + r] = true;
                }
            }
        }
        let shared = spec.take_up.shared_variance;
        Ok(Model {
            layout,
            marginals,
            growth_cell: Sampler::new(&spec.growth_cell),
            growth_cell_keys: (spec.sectors.iter())
                .flat_map(|s| spec.areas.iter().map(move |a| Key::new("growth_cell/cell", a, s)))
                .collect(),
            cell_keys: cell_keys("cell"),
            innovation_cell_keys: if cell_needed[1] {
                cell_keys("cell/innovation")
            } else {
                vec![]
            },
            cell_needed,
            take_up: Sampler::new(&spec.take_up.distribution),
            take_up_weights: [F::of(shared.sqrt()), F::of((1.0 - shared).sqrt())],
            curve: spec.curve,
            basis: spec.basis,
            spillover: tiled(&spillover_weights(spec, &area_gva), layout.areas),
            gva: gva.iter().copied().map(F::of).collect(),
            readiness: spec.data.readiness.iter().copied().map(F::of).collect(),
            groups: spec.groups.clone(),
            gva_share,
            inverse_gva: (F::of(1.0 / national), area_gva.iter().map(|g| F::of(1.0 / g)).collect()),
            discount: spec.discount_factors.iter().copied().map(F::of).collect(),
            share_floor: F::of(spec.share_floor),
            levers,
            touched,
            prize_factor: F::of(spec.prize_factor),
            factors,
        })
    }

    /// Space for one thread.
    pub fn scratch(&self) -> Scratch<F> {
        let (r, t) = (self.layout.areas, self.layout.years);
        let lanes = |n: usize| vec![Lanes::zero(); n];
        let lever_cells = if self.levers.is_empty() { 0 } else { r * t };
        Scratch {
            levels: Default::default(),
            adoption: lanes(r),
            seen: lanes(r),
            start: lanes(r),
            gap: lanes(r),
            ceiling: lanes(r),
            innovation: lanes(r),
            imitation: lanes(r),
            effect: lanes(r),
            gained: lanes(r),
            stock: lanes(r * t),
            adopted: lanes(r * t),
            gain: lanes(r * t),
            cost: lanes(r * t),
            gva_years: lanes(t),
            gva_final: lanes(r),
            lift: std::array::from_fn(|_| lanes(lever_cells)),
            strength: Vec::new(),
        }
    }

    /// Simulates draws `16 block` to `16 block + 15`; writes every series of the layout.
    ///
    /// Inlined into a wrapper for each instruction set; see `simd`.
    #[inline(always)]
    pub(crate) fn simulate<const WIDE: bool>(
        &self,
        block: u32,
        scratch: &mut Scratch<F>,
        out: &mut [Lanes<F>],
    ) {
        let layout = self.layout;
        let source = &self.factors.source;
        let sizes = [1, layout.technologies, layout.areas, layout.sectors];
        for (level, size) in sizes.into_iter().enumerate() {
            self.factors.spread.draw::<F, WIDE>(
                source,
                level,
                size,
                block,
                &mut scratch.levels[level],
            );
        }
        let national: Vec<Lanes<F>> =
            self.factors.national.iter().map(|n| n.draw::<WIDE>(source, block)).collect();
        let [
            tau,
            delta,
            theta,
            cap,
            kappa,
            slope_a,
            slope_q,
            slope_m,
            slope_c,
            growth,
            prize,
            displacement,
            leakage,
            multiplier,
        ] = national[..]
        else {
            unreachable!("fourteen national parameters")
        };
        let retained = Lanes::from_fn(|i| F::ONE - F::ONE / (F::ONE + tau.0[i]) - delta.0[i]);
        let taken_in = tau.map(|tau| F::ONE / (F::ONE + tau));
        // Log productivity effect of an area's readiness and complements.
        let complement: Vec<Lanes<F>> = (self.factors.complements.iter().zip(&self.readiness))
            .map(|(c, x)| {
                let mut log = c.draw::<WIDE>(source, block);
                log.add_scaled(*x, &slope_c);
                log.map(F::exp)
            })
            .collect();
        let growth_area: Vec<Lanes<F>> = (self.factors.growth_area.iter())
            .map(|g| {
                let mut sum = g.draw::<WIDE>(source, block);
                sum.add_scaled(F::ONE, &growth);
                sum
            })
            .collect();
        let effects = self.lever_effects::<WIDE>(block, scratch);

        for sums in
            [&mut scratch.gain, &mut scratch.cost, &mut scratch.gva_years, &mut scratch.gva_final]
        {
            sums.fill(Lanes::zero());
        }
        out[layout.sector(0)..].fill(Lanes::zero());

        for s in 0..layout.sectors {
            scratch.stock.fill(Lanes::zero());
            scratch.adopted.fill(Lanes::zero());
            self.lift_of_sector(s, &effects, scratch);
            for k in 0..layout.technologies {
                self.parameters_of::<WIDE>(
                    s,
                    k,
                    block,
                    [slope_a, slope_q, slope_m],
                    &complement,
                    scratch,
                );
                self.adopt::<WIDE>(s, k, &theta, scratch, out);
            }
            let sector_growth = self.factors.growth_sector[s].draw::<WIDE>(source, block);
            self.gain_of_sector::<WIDE>(
                s,
                block,
                [retained, taken_in, cap, kappa],
                &growth_area,
                &sector_growth,
                scratch,
                out,
            );
        }
        self.report::<WIDE>(block, &prize, scratch, out);
        out[layout.additionality()] = Lanes::from_fn(|i| {
            (F::ONE - displacement.0[i]) * (F::ONE - leakage.0[i]) * multiplier.0[i]
        });
    }

    /// Section 6: realised strength of each moved lever (without its ramp) and its effects.
    fn lever_effects<const WIDE: bool>(
        &self,
        block: u32,
        scratch: &mut Scratch<F>,
    ) -> Vec<[Option<Lanes<F>>; 4]> {
        let source = &self.factors.source;
        scratch.strength.clear();
        let mut effects = Vec::new();
        for (factors, plan) in self.factors.levers.iter().zip(&self.levers) {
            effects.push(std::array::from_fn(|e| {
                factors.effects[e].as_ref().map(|effect| effect.draw::<WIDE>(source, block))
            }));
            let LeverFactors { take_up: (shared, own), .. } = factors;
            let shared =
                shared.as_ref().map_or(Lanes::zero(), |f| source.normals::<F, WIDE>(f, block));
            let strength = (own.iter().zip(&plan.intensity))
                .map(|(own, intensity)| {
                    if *intensity == F::ZERO {
                        return Lanes::zero();
                    }
                    let mut z =
                        own.as_ref().map_or(Lanes::zero(), |f| source.normals::<F, WIDE>(f, block));
                    for i in 0..LANES {
                        z.0[i] = self.take_up_weights[0] * shared.0[i]
                            + self.take_up_weights[1] * z.0[i];
                    }
                    self.take_up.at(&z).map(|x| x * *intensity)
                })
                .collect();
            scratch.strength.push(strength);
        }
        effects
    }

    /// Fp − 1, Fq − 1, the part of the gap that is closed, and Fβ − 1, by area and year.
    #[inline(always)]
    fn lift_of_sector(
        &self,
        s: usize,
        effects: &[[Option<Lanes<F>>; 4]],
        scratch: &mut Scratch<F>,
    ) {
        let (r, t) = (self.layout.areas, self.layout.years);
        if self.levers.is_empty() {
            return;
        }
        for lift in &mut scratch.lift {
            lift.fill(Lanes::zero());
        }
        for (l, plan) in self.levers.iter().enumerate() {
            if !plan.scope[s] {
                continue;
            }
            for area in 0..r {
                if plan.intensity[area] == F::ZERO {
                    continue;
                }
                let strength = scratch.strength[l][area];
                for (lift, effect) in scratch.lift.iter_mut().zip(&effects[l]) {
                    let Some(effect) = effect else { continue };
                    let full = Lanes::from_fn(|i| effect.0[i] * strength.0[i]);
                    for year in 0..t {
                        lift[area * t + year].add_scaled(plan.ramp[area * t + year], &full);
                    }
                }
            }
        }
        for closed in &mut scratch.lift[2] {
            *closed = closed.map(|c| c.lesser(F::ONE));
        }
    }

    /// Sections 3 and 4: A[0], p, q, m and β of one sector and technology, for every area.
    #[inline(always)]
    fn parameters_of<const WIDE: bool>(
        &self,
        s: usize,
        k: usize,
        block: u32,
        [slope_a, slope_q, slope_m]: [Lanes<F>; 3],
        complement: &[Lanes<F>],
        scratch: &mut Scratch<F>,
    ) {
        let layout = self.layout;
        let odds = &self.factors.odds_ratios[s][k];
        let log_odds = match odds.constant() {
            Some(fixed) => Lanes::splat(fixed.ln_of()),
            None => odds.draw::<WIDE>(&self.factors.source, block).map(F::ln_of),
        };
        // Numbers that do not vary over areas.
        let common: [Lanes<F>; 5] = std::array::from_fn(|p| {
            let [nation, technology, _, sector] = &scratch.levels;
            Lanes::from_fn(|i| nation[p][0].0[i] + technology[p][k].0[i] + sector[p][s].0[i])
        });
        for r in 0..layout.areas {
            let cells = self.cell_numbers::<WIDE>(s, k, r, block);
            let z: [Lanes<F>; 5] = std::array::from_fn(|p| {
                let area = &scratch.levels[2][p][r];
                let mut z = Lanes::from_fn(|i| common[p].0[i] + area.0[i]);
                for other in 0..=p {
                    let weight = self.factors.cell_mix[p][other];
                    if weight != F::ZERO && self.cell_needed[other] {
                        z.add_scaled(weight, &cells[other]);
                    }
                }
                z
            });
            let readiness = self.readiness[r];
            let mut start = self.marginals[0][k].logit_at(&z[0]);
            start.add_scaled(readiness, &slope_a);
            start.add_scaled(F::ONE, &log_odds);
            let start = start.map(F::logistic);
            let mut ceiling = self.marginals[3][k].logit_at(&z[3]);
            ceiling.add_scaled(readiness, &slope_m);
            let ceiling = ceiling.map(F::logistic);
            let ceiling = Lanes::from_fn(|i| ceiling.0[i].greater(start.0[i]));
            let imitation = self.marginals[2][k].at(&z[2]);
            let effect = self.marginals[4][k].at(&z[4]);

            scratch.start[r] = start;
            scratch.ceiling[r] = ceiling;
            scratch.gap[r] = Lanes::from_fn(|i| ceiling.0[i] - start.0[i]);
            scratch.adoption[r] = start;
            scratch.innovation[r] = match self.curve {
                Curve::Bass => self.marginals[1][k].at(&z[1]),
                Curve::Logistic | Curve::Gompertz => Lanes::zero(),
            };
            scratch.imitation[r] =
                Lanes::from_fn(|i| imitation.0[i] * (readiness * slope_q.0[i]).exp());
            scratch.effect[r] = Lanes::from_fn(|i| effect.0[i] * complement[r].0[i]);
            scratch.gained[r] = Lanes::zero();
        }
    }

    /// Independent normal numbers of one cell, by parameter.
    #[inline(always)]
    fn cell_numbers<const WIDE: bool>(
        &self,
        s: usize,
        k: usize,
        r: usize,
        block: u32,
    ) -> [Lanes<F>; 5] {
        let mut numbers = [Lanes::zero(); 5];
        let cell = (s * self.layout.technologies + k) * self.layout.areas + r;
        let normal = |words: &[u32; LANES]| self.factors.source.of_words::<F, WIDE>(words);
        if [0, 2, 3, 4].into_iter().any(|p| self.cell_needed[p]) {
            let words = self.factors.source.cell_words(self.cell_keys[cell], block);
            for p in 0..5 {
                if let (true, Some(slot)) = (self.cell_needed[p], CELL_SLOT[p]) {
                    numbers[p] = normal(&words[slot]);
                }
            }
        }
        if self.cell_needed[1] {
            let key = self.innovation_cell_keys[cell];
            numbers[1] = normal(&self.factors.source.cell_words(key, block)[0]);
        }
        numbers
    }

    /// Section 3: the adoption path of one sector and technology, in the gap form
    /// (m − A is carried, since A alone loses the last digits of late adoption).
    #[inline(always)]
    fn adopt<const WIDE: bool>(
        &self,
        s: usize,
        k: usize,
        theta: &Lanes<F>,
        scratch: &mut Scratch<F>,
        out: &mut [Lanes<F>],
    ) {
        let layout = self.layout;
        let (areas, years) = (layout.areas, layout.years);
        let touched = &self.touched[s * areas..(s + 1) * areas];
        // Weights of this sector's cells in national and in each area's adoption.
        let national = |r: usize| self.gva[r * layout.sectors + s] * self.inverse_gva.0;
        let local = |r: usize| self.gva[r * layout.sectors + s] * self.inverse_gva.1[r];
        for r in 0..areas {
            out[layout.adoption(k, 0)].add_scaled(national(r), &scratch.start[r]);
            out[layout.area_adoption(r, k, 0)].add_scaled(local(r), &scratch.start[r]);
        }
        for year in 0..years {
            self.adopters_seen::<WIDE>(theta, scratch);
            let mut adopted_nationally = out[layout.adoption(k, year + 1)];
            for r in 0..areas {
                let at = r * years + year;
                let step = match (self.curve, touched[r]) {
                    (Curve::Gompertz, _) => self.step(scratch, r, at, touched[r], gompertz_pull),
                    (_, true) => self.step(scratch, r, at, true, |seen| seen),
                    (_, false) => self.step(scratch, r, at, false, |seen| seen),
                };
                let start = scratch.start[r];
                let effect = scratch.effect[r];
                let mut gained = scratch.gained[r];
                let mut stock = scratch.stock[at];
                for i in 0..LANES {
                    gained.0[i] = gained.0[i] + step.0[i];
                    stock.0[i] = stock.0[i] + effect.0[i] * gained.0[i];
                }
                let adoption = Lanes::from_fn(|i| start.0[i] + gained.0[i]);
                scratch.gap[r].add_scaled(-F::ONE, &step);
                scratch.adopted[at].add_scaled(F::ONE, &step);
                scratch.gained[r] = gained;
                scratch.stock[at] = stock;
                scratch.adoption[r] = adoption;
                adopted_nationally.add_scaled(national(r), &adoption);
            }
            out[layout.adoption(k, year + 1)] = adopted_nationally;
        }
        for r in 0..areas {
            out[layout.area_adoption(r, k, 1)].add_scaled(local(r), &scratch.adoption[r]);
        }
    }

    /// h · max(m' − A, 0) of one area in one year; `pull` turns S/m' into the curve's form.
    #[inline(always)]
    fn step(
        &self,
        scratch: &Scratch<F>,
        r: usize,
        at: usize,
        touched: bool,
        pull: impl Fn(F) -> F,
    ) -> Lanes<F> {
        // A ceiling of zero leaves no room, whatever the hazard.
        let least = F::of(1e-30);
        let (seen, m, gap) = (&scratch.seen[r], &scratch.ceiling[r], &scratch.gap[r]);
        let (p, q) = (&scratch.innovation[r], &scratch.imitation[r]);
        let advance = |p: F, q: F, seen: F, top: F, room: F| {
            let hazard = p + q * pull(seen / top.greater(least));
            hazard.greater(F::ZERO).lesser(F::ONE) * room.greater(F::ZERO)
        };
        if !touched {
            return Lanes::from_fn(|i| advance(p.0[i], q.0[i], seen.0[i], m.0[i], gap.0[i]));
        }
        let [lift_p, lift_q, closed, _] = &scratch.lift;
        let (lift_p, lift_q, closed) = (&lift_p[at], &lift_q[at], &closed[at]);
        Lanes::from_fn(|i| {
            let raised = (F::ONE - m.0[i]) * closed.0[i];
            advance(
                p.0[i] * (F::ONE + lift_p.0[i]),
                q.0[i] * (F::ONE + lift_q.0[i]),
                seen.0[i],
                m.0[i] + raised,
                gap.0[i] + raised,
            )
        })
    }

    /// S = (1 − θ) A + θ W A, a tile of areas at a time so that each A is loaded once for all.
    #[inline(always)]
    fn adopters_seen<const WIDE: bool>(&self, theta: &Lanes<F>, scratch: &mut Scratch<F>) {
        let (adoption, seen) = (&scratch.adoption[..], &mut scratch.seen[..]);
        let tiles = self.spillover.chunks_exact(adoption.len());
        let owners = adoption.chunks(TILE).zip(seen.chunks_mut(TILE));
        for (tile, (own, seen)) in tiles.zip(owners) {
            let sums = F::tile_sums::<WIDE>(tile, adoption);
            for ((sum, own), seen) in sums.iter().zip(own).zip(seen) {
                *seen = Lanes::from_fn(|i| own.0[i] + theta.0[i] * (sum.0[i] - own.0[i]));
            }
        }
    }

    /// Section 4: effective stock, growth, cap, gain and cost of one sector.
    #[inline(always)]
    #[allow(clippy::too_many_arguments)]
    fn gain_of_sector<const WIDE: bool>(
        &self,
        s: usize,
        block: u32,
        [retained, taken_in, cap, kappa]: [Lanes<F>; 4],
        growth_area: &[Lanes<F>],
        growth_sector: &Lanes<F>,
        scratch: &mut Scratch<F>,
        out: &mut [Lanes<F>],
    ) {
        let layout = self.layout;
        let years = layout.years;
        for r in 0..layout.areas {
            let mut growth = self.growth_of_cell::<WIDE>(s, r, block);
            for i in 0..LANES {
                growth.0[i] = F::ONE + (growth.0[i] + growth_area[r].0[i] + growth_sector.0[i]);
            }
            let mut gva = Lanes::splat(self.gva[r * layout.sectors + s]);
            let mut effective = Lanes::<F>::zero();
            let mut gain = Lanes::<F>::zero();
            let touched = self.touched[s * layout.areas + r];
            for year in 0..years {
                let at = r * years + year;
                for i in 0..LANES {
                    gva.0[i] = gva.0[i] * growth.0[i];
                    effective.0[i] =
                        effective.0[i] * retained.0[i] + taken_in.0[i] * scratch.stock[at].0[i];
                    let mut uplift = effective.0[i];
                    if touched {
                        uplift = uplift * (F::ONE + scratch.lift[3][at].0[i]);
                    }
                    gain.0[i] = gva.0[i] * uplift.lesser(cap.0[i]);
                    scratch.gain[at].0[i] = scratch.gain[at].0[i] + gain.0[i];
                    scratch.cost[at].0[i] =
                        scratch.cost[at].0[i] + kappa.0[i] * gva.0[i] * scratch.adopted[at].0[i];
                    scratch.gva_years[year].0[i] = scratch.gva_years[year].0[i] + gva.0[i];
                }
            }
            out[layout.cell(r, s)] = gain;
            out[layout.sector(s)].add_scaled(F::ONE, &gain);
            scratch.gva_final[r].add_scaled(F::ONE, &gva);
        }
    }

    #[inline(always)]
    fn growth_of_cell<const WIDE: bool>(&self, s: usize, r: usize, block: u32) -> Lanes<F> {
        if let Some(fixed) = self.growth_cell.constant() {
            return Lanes::splat(fixed);
        }
        let key = self.growth_cell_keys[s * self.layout.areas + r];
        let words = self.factors.source.cell_words(key, block)[0];
        self.growth_cell.at(&self.factors.source.of_words::<F, WIDE>(&words))
    }

    /// Section 7: what is reported of each unit in these draws.
    fn report<const WIDE: bool>(
        &self,
        block: u32,
        prize: &Lanes<F>,
        scratch: &Scratch<F>,
        out: &mut [Lanes<F>],
    ) {
        let layout = self.layout;
        let (areas, years) = (layout.areas, layout.years);
        for r in 0..areas {
            let unit = layout.unit(r);
            out[unit..unit + layout.metrics()].fill(Lanes::zero());
            for year in 0..years {
                let (gain, cost) =
                    (&scratch.gain[r * years + year], &scratch.cost[r * years + year]);
                out[unit + year] = *gain;
                out[unit + years].add_scaled(F::ONE, gain);
                out[unit + years + 1].add_scaled(self.discount[year], gain);
                out[unit + years + 2].add_scaled(F::ONE, cost);
                out[unit + years + 3].add_scaled(self.discount[year], cost);
            }
            for (factors, plan) in self.factors.levers.iter().zip(&self.levers) {
                let price = factors.cost.draw::<WIDE>(&self.factors.source, block);
                for year in 0..years {
                    let base = plan.cost_base[r * years + year];
                    out[unit + years + 4].add_scaled(base, &price);
                    out[unit + years + 5].add_scaled(base * self.discount[year], &price);
                }
            }
        }
        for (g, group) in self.groups.iter().enumerate() {
            let unit = layout.unit(areas + g);
            out[unit..unit + layout.metrics()].fill(Lanes::zero());
            for r in group {
                for metric in 0..years + 6 {
                    let part = out[layout.unit(*r) + metric];
                    out[unit + metric].add_scaled(F::ONE, &part);
                }
            }
        }
        let nation = layout.unit(areas);
        let (final_year, sum) = (out[nation + years - 1], out[nation + years]);
        let (whole, gva) = match self.basis {
            Basis::FinalYear => (final_year, scratch.gva_years[years - 1]),
            Basis::Cumulative => {
                let mut all = Lanes::zero();
                scratch.gva_years.iter().for_each(|year| all.add_scaled(F::ONE, year));
                (sum, all)
            }
        };
        let tolerance = F::of(1.0 + 1e-6);
        for unit in 0..layout.units() {
            let at = layout.unit(unit);
            let own_gva = match unit.checked_sub(areas) {
                None => scratch.gva_final[unit],
                Some(group) => {
                    let mut sum = Lanes::zero();
                    self.groups[group]
                        .iter()
                        .for_each(|r| sum.add_scaled(F::ONE, &scratch.gva_final[*r]));
                    sum
                }
            };
            for i in 0..LANES {
                let part = match self.basis {
                    Basis::FinalYear => out[at + years - 1].0[i],
                    Basis::Cumulative => out[at + years].0[i],
                };
                out[at + years + 6].0[i] = out[at + years - 1].0[i] / own_gva.0[i];
                let reported = whole.0[i] > self.share_floor * gva.0[i];
                let share = if reported { part / whole.0[i] } else { F::NAN };
                out[at + years + 7].0[i] = share;
                out[at + years + 8].0[i] = share * prize.0[i] * self.prize_factor;
                // Equal to rounding is not above.
                out[layout.share_above_gva(unit)].0[i] = match reported {
                    true if share > self.gva_share[unit] * tolerance => F::ONE,
                    true => F::ZERO,
                    false => F::NAN,
                };
            }
        }
        for (cumulative, gain) in [final_year, sum].iter().enumerate() {
            out[layout.reaches_prize(cumulative)] = Lanes::from_fn(|i| {
                let prize_gbp_m = prize.0[i] * self.prize_factor * F::of(1000.0);
                if gain.0[i] >= prize_gbp_m { F::ONE } else { F::ZERO }
            });
        }
    }
}

/// ψ(y) = −y ln y / (1 − y) with ψ(0) = 0, ψ(y ≥ 1) = 1.
///
/// Replacing y by ψ(y) in the hazard turns the logistic into the Gompertz curve; ψ rises
/// with y and its elasticity is at most 1, so every bound and monotonicity still holds.
#[inline(always)]
fn gompertz_pull<F: Real>(y: F) -> F {
    // Near 1 the ratio loses its digits; there ψ(1 − e) = 1 − Σ eⁿ / (n (n + 1)).
    const NEAR: f64 = 0.1;
    let inside = y.lesser(F::of(1.0 - NEAR)).greater(F::of(1e-30));
    let pull = -(inside * inside.ln()) / (F::ONE - inside);
    let below = F::ONE - y.lesser(F::ONE);
    let mut series = F::ZERO;
    for n in (1..=10).rev() {
        series = (series + F::of(1.0 / f64::from(n * (n + 1)))) * below;
    }
    let pull = if below < F::of(NEAR) { F::ONE - series } else { pull };
    // Nobody to see pulls nobody.
    if y > F::ZERO { pull } else { F::ZERO }
}

/// W[r, r'] ∝ GVA[r'] · exp(−distance / decay), rows summing to 1, zero diagonal; a single
/// area sees only itself.
fn spillover_weights(spec: &Spec, area_gva: &[f64]) -> Vec<f64> {
    let n = area_gva.len();
    if n == 1 {
        return vec![1.0];
    }
    let radians = |x: &Vec<f64>| x.iter().map(|d| d.to_radians()).collect::<Vec<_>>();
    let (lat, lon) = (radians(&spec.data.latitude), radians(&spec.data.longitude));
    let mut weights = vec![0.0; n * n];
    for r in 0..n {
        let distance = |o: usize| {
            let haversine = ((lat[r] - lat[o]) / 2.0).sin().powi(2)
                + lat[r].cos() * lat[o].cos() * ((lon[r] - lon[o]) / 2.0).sin().powi(2);
            2.0 * EARTH_RADIUS_KM * haversine.sqrt().min(1.0).asin()
        };
        let others: Vec<usize> = (0..n).filter(|o| *o != r).collect();
        // Distances from the nearest, so that a short decay length does not underflow.
        let nearest = others.iter().map(|o| distance(*o)).fold(f64::INFINITY, f64::min);
        let row = &mut weights[r * n..(r + 1) * n];
        for o in others {
            row[o] = area_gva[o] * (-(distance(o) - nearest) / spec.spillover_decay_km).exp();
        }
        let sum: f64 = row.iter().sum();
        row.iter_mut().for_each(|w| *w /= sum);
    }
    weights
}

/// Rows of a square matrix in tiles, so that one column of a tile lies together.
fn tiled<F: Real>(matrix: &[f64], n: usize) -> Vec<[F; TILE]> {
    let entry = |row: usize, column: usize| matrix.get(row * n + column).copied();
    (0..n.div_ceil(TILE) * n)
        .map(|i| {
            let (first, column) = (i / n * TILE, i % n);
            std::array::from_fn(|row| F::of(entry(first + row, column).unwrap_or_default()))
        })
        .collect()
}

fn lever_plan<F: Real>(spec: &Spec, factors: &LeverFactors<F>) -> LeverPlan<F> {
    let (n, l) = (spec.areas.len(), factors.lever);
    let of_areas = |x: &[f64]| x[l * n..(l + 1) * n].to_vec();
    let data = &spec.data;
    let (intensity, start, ramp) =
        (of_areas(&data.intensity), of_areas(&data.start_years), of_areas(&data.ramp_years));
    let mut plan = LeverPlan {
        scope: spec.levers[l].scope.clone(),
        intensity: intensity.iter().copied().map(F::of).collect(),
        ramp: Vec::new(),
        cost_base: Vec::new(),
    };
    for r in 0..n {
        for year in 1..=spec.horizon_years {
            let since = year as f64 - 0.5 - start[r];
            let reached = match ramp[r] > 0.0 {
                true => (since / ramp[r]).clamp(0.0, 1.0),
                false => f64::from(since >= 0.0),
            };
            plan.ramp.push(F::of(reached));
            let running = (year as f64 - start[r]).clamp(0.0, 1.0);
            plan.cost_base.push(F::of(data.population[r] * intensity[r] * running / 1e6));
        }
    }
    plan
}

/// Value of a distribution at a standard normal number, in double precision.
pub fn value_at(distribution: &Distribution, z: f64) -> f64 {
    distribution.at(z)
}
