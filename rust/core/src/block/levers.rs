//! Section 6: what the levers do to a sector's parameters, by area and year.

use super::sample::Sample;
use crate::lanes::Real;
use crate::model::{Model, Part};
use crate::vector::Vector;

/// The levers' doing in one block.
pub(super) struct Lift<V> {
    /// Whether any lever touches the sector at hand.
    pub(super) active: bool,
    /// Effect of each moved lever at full strength, times its realised strength without its
    /// ramp: `[lever][area][target]`, zero where it has none.
    full: Vec<Vec<[V; 4]>>,
    /// Share of the full cost of each moved lever in each area, where that follows take-up.
    pub(super) cost_share: Vec<Vec<V>>,
    /// By scope, areas × years: Fp, Fq, the part of the gap that is closed, Fβ.
    of: Vec<Vec<[V; 4]>>,
    /// Whether that of a scope holds in this block, and the scope of the sector at hand.
    known: Vec<bool>,
    scope: usize,
}

impl<V: Vector> Lift<V> {
    pub(super) fn new<F: Real>(model: &Model<F>) -> Self {
        let layout = model.layout;
        let cells = if model.levers.is_empty() { 0 } else { layout.areas * layout.years };
        let scopes = model.scopes.iter().max().map_or(0, |last| last + 1);
        Lift {
            active: false,
            full: vec![vec![[V::zero(); 4]; layout.areas]; model.levers.len()],
            cost_share: match model.cost_follows {
                Some(_) => vec![vec![V::zero(); layout.areas]; model.levers.len()],
                None => Vec::new(),
            },
            of: vec![vec![[V::zero(); 4]; cells]; scopes],
            known: vec![false; scopes],
            scope: 0,
        }
    }

    /// Fp, Fq, the part of the gap that is closed, Fβ of the sector at hand: areas × years.
    #[inline(always)]
    pub(super) fn at(&self, cell: usize) -> [V; 4] {
        self.of[self.scope][cell]
    }

    /// The same of an area's years.
    #[inline(always)]
    pub(super) fn of_area(&self, years: std::ops::Range<usize>) -> &[[V; 4]] {
        &self.of[self.scope][years]
    }

    /// Draws effects and take-up.
    #[inline(always)]
    pub(super) fn draw<F: Real>(&mut self, model: &Model<F>, sample: &Sample<V>)
    where
        V: Vector<Real = F>,
    {
        self.known.fill(false);
        let shared = &sample.shared[..];
        let moved = model.factors.levers.iter().zip(&model.levers);
        for (l, (factors, plan)) in moved.enumerate() {
            let effects = factors.effects(shared);
            let common = number(factors.take_up.0, shared).scaled(model.take_up_weights[0]);
            for (r, full) in self.full[l].iter_mut().enumerate() {
                if plan.intensity[r] == F::ZERO {
                    continue;
                }
                let own = number(factors.take_up.1[r], shared);
                let take_up = plan.take_up.at(common.add_scaled(model.take_up_weights[1], own));
                if let Some([whatever, with_it]) = model.cost_follows {
                    self.cost_share[l][r] = V::splat(whatever).add_scaled(with_it, take_up);
                }
                let strength = take_up.scaled(plan.intensity[r]);
                for (full, effect) in full.iter_mut().zip(effects) {
                    *full = effect * strength;
                }
            }
        }
    }

    /// Adds up the levers whose scope holds a sector; of a part of the plan, only what it holds.
    #[inline(always)]
    pub(super) fn of_sector<F: Real>(&mut self, model: &Model<F>, s: usize, part: Option<&Part<F>>)
    where
        V: Vector<Real = F>,
    {
        let (areas, years) = (model.layout.areas, model.layout.years);
        let touched = &model.touched[s * areas..(s + 1) * areas];
        self.active = touched.iter().any(|touched| *touched);
        self.scope = model.scopes[s];
        // Sectors in the scope of the same levers share what these do.
        if !self.active || self.known[self.scope] && part.is_none() {
            return;
        }
        self.known[self.scope] = part.is_none();
        let holds = |l: usize, r: usize| part.is_none_or(|part| part.holds[l * areas + r]);
        for r in (0..areas).filter(|r| touched[*r]) {
            let moves = &model.moves[r / V::TILE.rows * years..][..years];
            let of = &mut self.of[self.scope][r * years..(r + 1) * years];
            for year in 0..years {
                if !moves[year] {
                    of[year] = of[year - 1];
                    continue;
                }
                let mut lift = [V::one(), V::one(), V::zero(), V::one()];
                for (l, (plan, full)) in model.levers.iter().zip(&self.full).enumerate() {
                    if plan.scope[s] && plan.intensity[r] != F::ZERO && holds(l, r) {
                        let ramp = V::splat(plan.ramp[r * years + year]);
                        for target in 0..4 {
                            lift[target] = full[r][target].mul_add(ramp, lift[target]);
                        }
                    }
                }
                lift[2] = lift[2].min(V::one());
                of[year] = lift;
            }
        }
    }
}

#[inline(always)]
fn number<V: Vector>(slot: Option<usize>, shared: &[V]) -> V {
    match slot {
        Some(slot) => shared[slot],
        None => V::zero(),
    }
}
