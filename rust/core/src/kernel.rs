//! One block of sixteen draws: parameters, adoption, gain, what is reported.
//!
//! Layout: draws in lanes; one sector at a time, since spillover couples areas only within
//! a sector; areas × draws of one technology's path stay in the nearest cache. Section
//! numbers are those of `docs/model.md`.

use crate::factors::LeverFactors;
use crate::lanes::{LANES, Lanes, Real, TILE};
use crate::model::{Model, Scratch};
use crate::normal::Normal;
use crate::spec::{Basis, Curve};

/// Slots of the four words of a cell's key, in the order of the spread parameters.
const CELL_SLOT: [Option<usize>; 5] = [Some(0), None, Some(3), Some(1), Some(2)];

impl<F: Normal> Model<F> {
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
        // What an area's readiness does to its imitation.
        let eagerness: Vec<Lanes<F>> =
            self.readiness.iter().map(|x| slope_q.map(|slope| (*x * slope).exp())).collect();
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
                    [slope_a, slope_m],
                    [&eagerness, &complement],
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
        [slope_a, slope_m]: [Lanes<F>; 2],
        [eagerness, complement]: [&[Lanes<F>]; 2],
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
            scratch.imitation[r] = Lanes::from_fn(|i| imitation.0[i] * eagerness[r].0[i]);
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
