//! A run made ready: its constants in the precision it runs in.

use crate::distribution::Sampler;
use crate::error::Result;
use crate::factors::{Factors, LeverFactors, loaded};
use crate::lanes::Real;
use crate::layout::{Layout, Together};
use crate::spec::{Basis, Curve, SPREAD_PARAMETERS, Spec};
use crate::vector::Tile;

const EARTH_RADIUS_KM: f64 = 6371.0;

/// Constants of a run in the precision it runs in.
#[derive(Debug, Clone)]
pub struct Model<F> {
    /// Where outputs stand.
    pub layout: Layout,
    /// Areas and at least one more, so that rows of tiles come out even.
    pub(crate) rows: usize,
    pub(crate) factors: Factors<F>,
    /// Spread parameters, `[parameter][technology]`.
    pub(crate) spread: [Vec<Spread<F>>; 5],
    /// What a spread parameter does with the numbers of single cells.
    pub(crate) own: [Own<F>; 5],
    pub(crate) growth_cell: Sampler<F>,
    /// Weights of what areas' growth has in common and of each area's own, where any has some.
    pub(crate) growth_loadings: Vec<[F; 2]>,
    /// Deviations of cells from their paths, where there are any.
    pub(crate) growth_transitory: Option<Sampler<F>>,
    /// Factor on the odds against initial adoption in each cell of a sector, where it is not 1.
    pub(crate) start_against: Option<Vec<F>>,
    pub(crate) take_up_weights: [F; 2],
    /// Share of a lever's cost that is spent whatever the take-up, and what follows it, if any.
    pub(crate) cost_follows: Option<[F; 2]>,
    pub(crate) curve: Curve,
    pub(crate) basis: Basis,
    pub(crate) spillover: Spillover<F>,
    /// Areas of which is noted what they see of others, and the weights of all in that.
    pub(crate) watched: Vec<(usize, Vec<F>)>,
    /// Whether what the areas see of others is told.
    pub(crate) focused: bool,
    /// Start-year GVA, areas × sectors, £m.
    pub(crate) gva: Vec<F>,
    pub(crate) readiness: Vec<F>,
    pub(crate) groups: Vec<Vec<usize>>,
    pub(crate) gva_share: Vec<F>,
    /// Each cell's share of its area's GVA, areas × sectors.
    pub(crate) share_of_area: Vec<F>,
    /// Areas of the unit that is reported in more detail, and each cell's share of the unit's
    /// GVA, sectors × those areas.
    pub(crate) detail: Vec<usize>,
    pub(crate) share_of_detail: Vec<F>,
    pub(crate) discount: Vec<F>,
    pub(crate) share_floor: F,
    pub(crate) levers: Vec<LeverPlan<F>>,
    /// What is left of levers that end, if any do.
    pub(crate) fading: Option<Fading<F>>,
    /// Whether some lever touches each `sector × area`.
    pub(crate) touched: Vec<bool>,
    /// Whether some area of each tile is touched, sectors × tiles.
    pub(crate) lifted_tiles: Vec<bool>,
    /// Whether what levers do in some area of a tile changes in a year, tiles × years; it does in
    /// the first.
    pub(crate) moves: Vec<bool>,
    /// Number of each sector's scope: which levers have it in theirs.
    pub(crate) scopes: Vec<usize>,
    pub(crate) prize_factor: F,
    pub(crate) prize_share_of_gva: F,
}

/// How a spread parameter follows from standard normal numbers in one technology.
#[derive(Debug, Clone)]
pub(crate) enum Spread<F> {
    /// `median · 2^(spread z)`: a product of what nation, technology, sector, area and cell do.
    Power { median: F, spread: F },
    /// Any other distribution of their sum.
    General(Sampler<F>),
}

/// What a spread parameter does with the numbers of single cells.
#[derive(Debug, Clone)]
pub(crate) enum Own<F> {
    /// It has none, and is a product of powers.
    None,
    /// Its own alone, as a power: scales by cell.
    Power(Vec<F>),
    /// Anything else: several numbers, or no product of powers.
    Special,
}

/// W − 1 with a row of national weights below it, in tiles of `rows` rows:
/// `[tile][area seen][row of the tile]`, zero beyond the last row.
///
/// Taking 1 off the diagonal turns S = A + θ (W A − A) into one step; the last row gives
/// national adoption, for which a part of a tile would stand idle otherwise.
#[derive(Debug, Clone)]
pub(crate) struct Spillover<F> {
    /// Rows of adoption that are summed: areas and, in focus, what each sees of the others.
    pub(crate) seen: usize,
    /// Tiles that are the same for every sector.
    pub(crate) common: Vec<F>,
    /// The last tile of each sector.
    pub(crate) last: Vec<Vec<F>>,
    /// Weight of each area in national adoption, sectors × areas.
    pub(crate) national: Vec<F>,
}

/// How the effective stock fades once levers have ended: it is a mean of the stocks that parts
/// of the plan would have built up, where a part holds what most is left of.
#[derive(Debug, Clone)]
pub(crate) struct Fading<F> {
    pub(crate) parts: Vec<Part<F>>,
    /// Whether a lever that ends acts in each sector.
    pub(crate) sectors: Vec<bool>,
}

/// Part of a plan: some levers in some areas.
#[derive(Debug, Clone)]
pub(crate) struct Part<F> {
    /// Moved levers × areas.
    pub(crate) holds: Vec<bool>,
    /// Its weight in each year; the whole plan has what is left to 1.
    pub(crate) weights: Vec<F>,
}

impl<F: Real> Fading<F> {
    /// In a year, of which a share u is left of a lever or more, makes the part S(u). The stock is
    /// the mean over u from 0 to 1 of that which S(u) would have built up alone.
    fn new(spec: &Spec, levers: &[LeverPlan<F>]) -> Option<Self> {
        let (areas, years) = (spec.areas.len(), spec.horizon_years);
        let acts: Vec<bool> =
            levers.iter().flat_map(|plan| plan.intensity.iter().map(|i| *i > F::ZERO)).collect();
        let mut parts: Vec<Part<F>> = Vec::new();
        for year in 0..years {
            let left: Vec<f64> = levers
                .iter()
                .flat_map(|plan| (0..areas).map(|r| plan.left[r * years + year]))
                .collect();
            let mut levels: Vec<f64> =
                left.iter().zip(&acts).filter(|(_, acts)| **acts).map(|(left, _)| *left).collect();
            levels.push(1.0);
            levels.sort_by(|a, b| b.total_cmp(a));
            levels.dedup();
            let below = levels[1..].iter().copied().chain([0.0]).collect::<Vec<_>>();
            for (level, below) in levels.iter().zip(below) {
                let holds: Vec<bool> =
                    acts.iter().zip(&left).map(|(acts, left)| *acts && left >= level).collect();
                let weight = level - below;
                if holds == acts || weight == 0.0 {
                    continue;
                }
                let place = parts.iter().position(|part| part.holds == holds);
                let place = place.unwrap_or_else(|| {
                    parts.push(Part { holds, weights: vec![F::ZERO; years] });
                    parts.len() - 1
                });
                parts[place].weights[year] = F::of(weight);
            }
        }
        let ends = |plan: &LeverPlan<F>, s: usize| {
            plan.scope[s] && plan.left.iter().any(|left| *left < 1.0)
        };
        let sectors: Vec<bool> =
            (0..spec.sectors.len()).map(|s| levers.iter().any(|plan| ends(plan, s))).collect();
        (!parts.is_empty()).then_some(Fading { parts, sectors })
    }
}

#[derive(Debug, Clone)]
pub(crate) struct LeverPlan<F> {
    pub(crate) scope: Vec<bool>,
    pub(crate) intensity: Vec<F>,
    pub(crate) take_up: Sampler<F>,
    /// Ramp reached in each year, areas × years.
    pub(crate) ramp: Vec<F>,
    /// What is left of its additions to the effective stock, areas × years.
    left: Vec<f64>,
    /// £m a year per £1 a head, areas × years.
    pub(crate) cost_base: Vec<F>,
    /// £m a year per £1 a head once it runs, by area.
    pub(crate) cost_running: Vec<F>,
}

impl<F: Real> Model<F> {
    /// Prepares a specification for vectors that work in tiles of a size.
    ///
    /// # Errors
    /// [`crate::error::Error::Spec`] for anything that cannot be simulated.
    pub fn new(spec: &Spec, tile: Tile) -> Result<Self> {
        spec.check()?;
        let all = spec;
        let spec = &*all.focused();
        let factors = Factors::new(all, tile.columns)?.focused(all);
        let layout = Layout::of(spec);
        let focused = !all.focus.is_empty();
        // Below the areas in focus stands what each of them sees of the others.
        let seen = if focused { 2 * layout.areas } else { layout.areas };
        let spread: [Vec<Spread<F>>; 5] = std::array::from_fn(|parameter| {
            let marginals = &spec.spread_parameters[SPREAD_PARAMETERS[parameter]].distributions;
            marginals.iter().map(|d| Spread::new(Sampler::new(d), is_share(parameter))).collect()
        });
        let own = std::array::from_fn(|parameter| {
            let mixed_into = |other: usize, parameter: usize| {
                factors.cells[0].spread[other].is_some()
                    && factors.cell_mix[parameter][other] != 0.0
            };
            let alone = (0..5).all(|other| {
                other == parameter
                    || !(mixed_into(other, parameter) || mixed_into(parameter, other))
            });
            let powers: Option<Vec<F>> = spread[parameter].iter().map(Spread::power).collect();
            match powers {
                Some(powers) if alone && mixed_into(parameter, parameter) => {
                    let weight = F::of(factors.cell_mix[parameter][parameter]);
                    let mut scales = vec![F::ZERO; layout.areas * layout.technologies];
                    for group in Together::all(layout.technologies, tile.columns) {
                        for (r, k) in
                            (0..layout.areas).flat_map(|r| (0..group.columns).map(move |k| (r, k)))
                        {
                            scales[group.cell(layout.areas, r, k)] =
                                powers[group.first + k] * weight;
                        }
                    }
                    Own::Power(scales)
                }
                Some(_) if (0..5).all(|other| !mixed_into(other, parameter)) => Own::None,
                _ => Own::Special,
            }
        });
        let gva = &spec.data.gva_gbp_m;
        let area_gva = area_gva(spec);
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
        let lifted_tiles = (touched.chunks(layout.areas))
            .flat_map(|touched| {
                let tiles = 0..=layout.areas / tile.rows;
                tiles.map(|t| touched.iter().skip(t * tile.rows).take(tile.rows).any(|t| *t))
            })
            .collect();
        let mut moves = vec![false; (layout.areas / tile.rows + 1) * layout.years];
        for (r, year) in (0..layout.areas).flat_map(|r| (0..layout.years).map(move |y| (r, y))) {
            let at = r * layout.years + year;
            let moved = |plan: &LeverPlan<F>| plan.ramp[at] != plan.ramp[at - 1];
            moves[r / tile.rows * layout.years + year] |= year == 0 || levers.iter().any(moved);
        }
        let mut known: Vec<Vec<bool>> = Vec::new();
        let scopes = (0..layout.sectors)
            .map(|s| {
                let scope: Vec<bool> = levers.iter().map(|plan| plan.scope[s]).collect();
                known.iter().position(|other| *other == scope).unwrap_or_else(|| {
                    known.push(scope);
                    known.len() - 1
                })
            })
            .collect();
        let rows = (seen / tile.rows + 1) * tile.rows;
        let detail_gva: f64 = spec.detail.iter().map(|r| area_gva[*r]).sum();
        Ok(Model {
            layout,
            own,
            rows,
            spread,
            growth_cell: Sampler::new(&spec.growth_cell),
            growth_loadings: spec.growth_loadings.iter().map(|c| loaded(*c).map(F::of)).collect(),
            growth_transitory: (spec.growth_transitory.fixed() != Some(0.0))
                .then(|| Sampler::new(&spec.growth_transitory)),
            start_against: start_against(all, rows, tile.columns),
            take_up_weights: spec.take_up.weights().map(F::of),
            cost_follows: (spec.fixed_cost_share < 1.0)
                .then(|| [spec.fixed_cost_share, 1.0 - spec.fixed_cost_share].map(F::of)),
            curve: spec.curve,
            basis: spec.basis,
            spillover: Spillover::new(all, seen, tile.rows),
            watched: Vec::new(),
            focused,
            gva: gva.iter().copied().map(F::of).collect(),
            readiness: spec.data.readiness.iter().copied().map(F::of).collect(),
            groups: spec.groups.clone(),
            gva_share,
            share_of_area: (gva.chunks(layout.sectors).zip(&area_gva))
                .flat_map(|(row, all)| row.iter().map(move |cell| F::of(cell / all)))
                .collect(),
            share_of_detail: (0..layout.sectors)
                .flat_map(|s| spec.detail.iter().map(move |r| gva[r * layout.sectors + s]))
                .map(|cell| F::of(cell / detail_gva))
                .collect(),
            detail: spec.detail.clone(),
            discount: spec.discount_factors.iter().copied().map(F::of).collect(),
            // Areas in focus have no share of a national gain that is not known.
            share_floor: F::of(if focused { f64::INFINITY } else { spec.share_floor }),
            fading: Fading::new(spec, &levers),
            levers,
            touched,
            lifted_tiles,
            moves,
            scopes,
            prize_factor: F::of(spec.prize_factor),
            prize_share_of_gva: F::of(spec.prize_share_of_gva),
            factors,
        })
    }
}

/// What area odds ratios, and moving the nation's start to where it is stated, do to the odds
/// against initial adoption: areas × technologies, placed as cells.
fn start_against<F: Real>(spec: &Spec, rows: usize, columns: usize) -> Option<Vec<F>> {
    if spec.area_odds_ratios.is_empty() && !spec.normalise_start {
        return None;
    }
    let ratio = |r: usize, k: usize| spec.area_odds_ratios.get(r).map_or(1.0, |row| row[k]);
    let mut against = vec![F::ONE; rows * spec.technologies.len()];
    for group in Together::all(spec.technologies.len(), columns) {
        for column in 0..group.columns {
            let k = group.first + column;
            let moved = if spec.normalise_start { start_constant(spec, k, &ratio) } else { 0.0 };
            for (place, r) in spec.simulated_areas().into_iter().enumerate() {
                against[group.cell(rows, place, column)] = F::of((-moved).exp() / ratio(r, k));
            }
        }
    }
    Some(against)
}

/// n of a technology: added to the log odds of initial adoption everywhere, it makes the nation
/// start, at the middle of every distribution, at the middle that is stated. By bisection.
fn start_constant(spec: &Spec, k: usize, ratio: &impl Fn(usize, usize) -> f64) -> f64 {
    let stated = spec.spread_parameters["initial_adoption"].distributions[k].at(0.0);
    let slope = spec.national["readiness_slope_initial_adoption"].at(0.0);
    let against = (1.0 - stated) / stated;
    let sectors = spec.sectors.len();
    let gva = &spec.data.gva_gbp_m;
    let nation: f64 = gva.iter().sum();
    let odds: Vec<f64> = (0..gva.len())
        .map(|cell| {
            let (r, s) = (cell / sectors, cell % sectors);
            let area = ratio(r, k) * (slope * spec.data.readiness[r]).exp();
            spec.odds_ratios[s][k].at(0.0) * area / against
        })
        .collect();
    let start = |n: f64| -> f64 {
        let cells = gva.iter().zip(&odds);
        cells.map(|(gva, odds)| gva / nation / (1.0 + (-n).exp() / odds)).sum()
    };
    let (mut low, mut high) = (-50.0, 50.0);
    if !(start(low) < stated && stated < start(high)) {
        return 0.0; // nobody, or everybody
    }
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if start(middle) < stated { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// Whether a spread parameter is a share, whose odds against are followed.
pub(crate) fn is_share(parameter: usize) -> bool {
    matches!(SPREAD_PARAMETERS[parameter], "initial_adoption" | "ceiling")
}

impl<F: Real> Model<F> {
    /// Prepares all areas of a specification, watching what those in its focus see of the others.
    ///
    /// # Errors
    /// As [`Model::new`].
    pub(crate) fn watching(spec: &Spec, tile: Tile) -> Result<Self> {
        let all = Spec { focus: Vec::new(), ..spec.clone() };
        let mut model = Model::new(&all, tile)?;
        let weights = seen_outside(spec, &spec.focus).into_iter();
        let weights = weights.map(|row| row.into_iter().map(F::of).collect());
        model.watched = spec.focus.iter().copied().zip(weights).collect();
        Ok(model)
    }
}

impl<F: Real> Spread<F> {
    fn new(sampler: Sampler<F>, share: bool) -> Self {
        let power = if share { sampler.odds_against_as_power() } else { sampler.value_as_power() };
        match power {
            Some([median, spread]) => Spread::Power { median, spread },
            None => Spread::General(sampler),
        }
    }
}

impl<F: Real> Spread<F> {
    /// Spread of a product of powers.
    pub(crate) fn power(&self) -> Option<F> {
        match self {
            Spread::Power { spread, .. } => Some(*spread),
            Spread::General(_) => None,
        }
    }
}

impl<F: Real> Spillover<F> {
    fn new(spec: &Spec, seen: usize, rows: usize) -> Self {
        let (all, sectors) = (spec.areas.len(), spec.sectors.len());
        let simulated = &spec.simulated_areas()[..];
        let areas = simulated.len();
        let area_gva = area_gva(spec);
        let mut matrix = spillover_weights(spec, &area_gva);
        (0..all).for_each(|r| matrix[r * all + r] -= 1.0);
        let nation: f64 = area_gva.iter().sum();
        let national: Vec<f64> = (0..sectors)
            .flat_map(|s| simulated.iter().map(move |r| (s, *r)))
            .map(|(s, r)| spec.data.gva_gbp_m[r * sectors + s] / nation)
            .collect();
        let last_tile = areas / rows;
        let tile = |number: usize, below: &[f64]| -> Vec<F> {
            let entry = |row: usize, seen: usize| match (row, seen < areas) {
                _ if row < areas && seen < areas => matrix[simulated[row] * all + simulated[seen]],
                // What an area sees of others that are not simulated has a row of its own.
                _ if row < areas => f64::from(u8::from(seen - areas == row)),
                (_, true) if row == areas => below[seen],
                _ => 0.0,
            };
            (0..seen)
                .flat_map(|seen| (0..rows).map(move |row| (number * rows + row, seen)))
                .map(|(row, seen)| F::of(entry(row, seen)))
                .collect()
        };
        Spillover {
            seen,
            common: (0..last_tile).flat_map(|number| tile(number, &[])).collect(),
            last: national.chunks(areas).map(|below| tile(last_tile, below)).collect(),
            national: national.iter().copied().map(F::of).collect(),
        }
    }
}

/// Start-year GVA of each area, £m.
fn area_gva(spec: &Spec) -> Vec<f64> {
    spec.data.gva_gbp_m.chunks(spec.sectors.len()).map(|row| row.iter().sum()).collect()
}

/// What areas see of all but these, for each of these a weight of every area; see [`Spillover`].
fn seen_outside(spec: &Spec, areas: &[usize]) -> Vec<Vec<f64>> {
    let n = spec.areas.len();
    let weights = spillover_weights(spec, &area_gva(spec));
    let of_area = |r: usize| {
        let row = weights[r * n..(r + 1) * n].iter().enumerate();
        row.map(|(seen, weight)| if areas.contains(&seen) { 0.0 } else { *weight }).collect()
    };
    areas.iter().map(|r| of_area(*r)).collect()
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

fn lever_plan<F: Real>(spec: &Spec, factors: &LeverFactors<F>) -> LeverPlan<F> {
    let (n, l) = (spec.areas.len(), factors.lever);
    let of_areas = |x: &[f64]| x[l * n..(l + 1) * n].to_vec();
    let (data, lever) = (&spec.data, &spec.levers[l]);
    let duration = lever.duration_years.unwrap_or(f64::INFINITY);
    let (intensity, start, ramp) =
        (of_areas(&data.intensity), of_areas(&data.start_years), of_areas(&data.ramp_years));
    // £m for each £1 a head: at full intensity all year, in the prices of the run.
    let residents_m = |r: usize| data.population[r] * intensity[r] * lever.cost_price_level / 1e6;
    let mut plan = LeverPlan {
        scope: lever.scope.clone(),
        intensity: intensity.iter().copied().map(F::of).collect(),
        take_up: Sampler::new(spec.take_up_of(l)),
        ramp: Vec::new(),
        left: Vec::new(),
        cost_base: Vec::new(),
        cost_running: Vec::new(),
    };
    for r in 0..n {
        plan.cost_running.push(F::of(residents_m(r)));
        for year in 1..=spec.horizon_years {
            let since = year as f64 - 0.5 - start[r];
            let after = since - duration;
            let reached = match ramp[r] > 0.0 {
                _ if after >= 0.0 => 0.0,
                true => (since / ramp[r]).clamp(0.0, 1.0),
                false => f64::from(since >= 0.0),
            };
            plan.ramp.push(F::of(reached));
            plan.left.push(match lever.fade_years {
                Some(fade) if after > 0.0 => libm::exp2(-after / fade),
                _ => 1.0,
            });
            let (begins, ends) = (start[r].max(year as f64 - 1.0), start[r] + duration);
            let running = ((year as f64).min(ends) - begins).clamp(0.0, 1.0);
            plan.cost_base.push(F::of(residents_m(r) * running));
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::tests::everyone_acts;

    const TILE: Tile = Tile { rows: 3, columns: 1 };

    #[test]
    fn only_levers_that_end_and_fade_within_the_horizon_ask_for_parts() {
        let mut spec = everyone_acts();
        let fading = |spec: &Spec| Model::<f64>::new(spec, TILE).unwrap().fading;
        assert!(fading(&spec).is_none());
        spec.levers[0].duration_years = Some(3.0);
        spec.levers[0].fade_years = None;
        assert!(fading(&spec).is_none(), "what it added stays");
        spec.levers[0].fade_years = Some(1.0);
        assert!(fading(&spec).is_some());
        spec.levers[0].duration_years = Some(100.0);
        assert!(fading(&spec).is_none());
        spec.levers[0].duration_years = None;
        assert!(fading(&spec).is_none());
    }

    #[test]
    fn parts_hold_one_another_and_weigh_what_is_lost() {
        let mut spec = everyone_acts();
        let ends = [(0, 2.0, 1.0), (1, 2.0, 5.0), (3, 4.0, 0.0)];
        for (lever, duration, fade) in ends {
            spec.levers[lever].duration_years = Some(duration);
            spec.levers[lever].fade_years = Some(fade);
        }
        let model = Model::<f64>::new(&spec, TILE).unwrap();
        let fading = model.fading.unwrap();
        for year in 0..spec.horizon_years {
            let size = |part: &&Part<f64>| part.holds.iter().filter(|holds| **holds).count();
            let mut sorted: Vec<_> =
                fading.parts.iter().filter(|part| part.weights[year] > 0.0).collect();
            sorted.sort_by_key(size);
            for pair in sorted.windows(2) {
                let mut both = pair[0].holds.iter().zip(&pair[1].holds);
                assert!(both.all(|(small, large)| small <= large), "{year}");
            }
            // The least that is left of any lever is what the whole plan weighs.
            let lost: f64 = fading.parts.iter().map(|part| part.weights[year]).sum();
            let least = model.levers.iter().flat_map(|plan| {
                plan.left.chunks(spec.horizon_years).map(move |years| years[year])
            });
            assert!((1.0 - lost - least.fold(1.0, f64::min)).abs() < 1e-12, "{year}");
        }
        assert!(fading.parts.iter().all(|part| part.weights.iter().any(|w| *w > 0.0)));
    }

    #[test]
    fn a_lever_costs_the_part_of_each_year_in_which_it_runs() {
        let mut spec = everyone_acts();
        spec.levers[0].duration_years = Some(2.5);
        spec.data.start_years[0] = 0.75;
        let plan = &Model::<f64>::new(&spec, TILE).unwrap().levers[0];
        let full = plan.cost_running[0];
        let parts: Vec<f64> = plan.cost_base[..5].iter().map(|cost| cost / full).collect();
        for (found, expected) in parts.iter().zip([0.25, 1.0, 1.0, 0.25, 0.0]) {
            assert!((found - expected).abs() < 1e-12, "{parts:?}");
        }
    }

    #[test]
    fn the_nation_starts_where_it_is_stated() {
        let mut spec = everyone_acts();
        spec.area_odds_ratios = vec![vec![1.0; spec.technologies.len()]; spec.areas.len()];
        spec.area_odds_ratios[3][1] = 2.5;
        let slope = spec.national["readiness_slope_initial_adoption"].at(0.0);
        let nation: f64 = spec.data.gva_gbp_m.iter().sum();
        for k in 0..spec.technologies.len() {
            let n = start_constant(&spec, k, &|r, k| spec.area_odds_ratios[r][k]);
            let stated = spec.spread_parameters["initial_adoption"].distributions[k].at(0.0);
            let mut start = 0.0;
            for (cell, gva) in spec.data.gva_gbp_m.iter().enumerate() {
                let (r, s) = (cell / spec.sectors.len(), cell % spec.sectors.len());
                let log_odds = (stated / (1.0 - stated)).ln()
                    + n
                    + spec.odds_ratios[s][k].at(0.0).ln()
                    + spec.area_odds_ratios[r][k].ln()
                    + slope * spec.data.readiness[r];
                start += gva / nation / (1.0 + (-log_odds).exp());
            }
            assert!((start / stated - 1.0).abs() < 1e-12, "{k}: {start} {stated}");
        }
    }
}
