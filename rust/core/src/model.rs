//! A run made ready: constants in the precision it runs in, and space for its threads.

use crate::distribution::Sampler;
use crate::error::Result;
use crate::factors::{Factors, LeverFactors};
use crate::lanes::{Lanes, Real, TILE};
use crate::layout::Layout;
use crate::normal::Normal;
use crate::rng::Key;
use crate::spec::{Basis, Curve, SPREAD_PARAMETERS, Spec};

const EARTH_RADIUS_KM: f64 = 6371.0;
/// Constants of a run in the precision it runs in.
#[derive(Debug, Clone)]
pub struct Model<F> {
    /// Where outputs stand.
    pub layout: Layout,
    pub(crate) factors: Factors<F>,
    /// Marginals, `[parameter][technology]`.
    pub(crate) marginals: [Vec<Sampler<F>>; 5],
    pub(crate) growth_cell: Sampler<F>,
    pub(crate) growth_cell_keys: Vec<Key>,
    pub(crate) cell_keys: Vec<Key>,
    pub(crate) innovation_cell_keys: Vec<Key>,
    /// Which parameters' cell numbers are needed.
    pub(crate) cell_needed: [bool; 5],
    pub(crate) take_up: Sampler<F>,
    pub(crate) take_up_weights: [F; 2],
    pub(crate) curve: Curve,
    pub(crate) basis: Basis,
    /// W in tiles of rows: `[tile][other area][row of the tile]`, zero beyond the last row.
    pub(crate) spillover: Vec<[F; TILE]>,
    /// Start-year GVA, areas × sectors, £m.
    pub(crate) gva: Vec<F>,
    pub(crate) readiness: Vec<F>,
    pub(crate) groups: Vec<Vec<usize>>,
    pub(crate) gva_share: Vec<F>,
    /// `1 / national GVA` and, per area, `1 / its GVA`.
    pub(crate) inverse_gva: (F, Vec<F>),
    pub(crate) discount: Vec<F>,
    pub(crate) share_floor: F,
    pub(crate) levers: Vec<LeverPlan<F>>,
    /// Positions of `sector × area` that some lever touches.
    pub(crate) touched: Vec<bool>,
    pub(crate) prize_factor: F,
}

#[derive(Debug, Clone)]
pub(crate) struct LeverPlan<F> {
    pub(crate) scope: Vec<bool>,
    pub(crate) intensity: Vec<F>,
    /// Ramp reached in each year, areas × years.
    pub(crate) ramp: Vec<F>,
    /// £m a year per £1 a head, areas × years.
    pub(crate) cost_base: Vec<F>,
}

/// Space a thread reuses from block to block.
#[derive(Debug)]
pub struct Scratch<F> {
    pub(crate) levels: [[Vec<Lanes<F>>; 5]; 4],
    pub(crate) adoption: Vec<Lanes<F>>,
    pub(crate) seen: Vec<Lanes<F>>,
    pub(crate) start: Vec<Lanes<F>>,
    pub(crate) gap: Vec<Lanes<F>>,
    pub(crate) ceiling: Vec<Lanes<F>>,
    pub(crate) innovation: Vec<Lanes<F>>,
    pub(crate) imitation: Vec<Lanes<F>>,
    pub(crate) effect: Vec<Lanes<F>>,
    pub(crate) gained: Vec<Lanes<F>>,
    /// Areas × years: Σ β (A − A0), Σ ΔA, and the cumulated gain and cost of all sectors.
    pub(crate) stock: Vec<Lanes<F>>,
    pub(crate) adopted: Vec<Lanes<F>>,
    pub(crate) gain: Vec<Lanes<F>>,
    pub(crate) cost: Vec<Lanes<F>>,
    /// National GVA in each year; each area's in the last.
    pub(crate) gva_years: Vec<Lanes<F>>,
    pub(crate) gva_final: Vec<Lanes<F>>,
    /// `[target][area × year]` for the sector at hand.
    pub(crate) lift: [Vec<Lanes<F>>; 4],
    pub(crate) strength: Vec<Vec<Lanes<F>>>,
}

impl<F: Normal> Model<F> {
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
