//! What some areas see of the adoption of all others, noted in a run of all areas and told to a
//! run of these alone; see [`crate::around`].

use super::adopt::{Path, Sector};
use super::sample::STATES;
use crate::lanes::{Lanes, Real};
use crate::layout::Layout;
use crate::model::Model;
use crate::vector::Vector;

/// An area's adoption must differ by this for what others make of it to be told from rounding.
const LEAST: f64 = 1e-6;

impl<F: Real> Model<F> {
    /// Vectors of what areas see of others in a sector: years × areas × technologies × 2.
    pub(crate) fn around(&self) -> usize {
        let areas = if self.focused { self.layout.areas } else { self.watched.len() };
        2 * self.layout.years * areas * self.layout.technologies
    }
}

/// What is seen more for each bit that an area has moved.
#[inline(always)]
fn gained<F: Real>(more: F, moved: F) -> F {
    let answer = (more / moved.greater(F::of(LEAST))).greater(F::ZERO).lesser(F::ONE);
    if moved > F::of(LEAST) { answer } else { F::ZERO }
}

impl<V: Vector> Path<V> {
    /// Writes what watched areas see of the others in a sector: two rows of numbers a, b by year,
    /// area and technology, so that they see a + b Σ A where their own adoption of the years before is Σ A. After the last
    /// variant, which has no levers; of one before it, it is kept until then.
    ///
    /// b is what others gain for each bit that an area gains by its levers, where these are run
    /// beside; else what is `known` of that.
    #[inline(always)]
    pub(super) fn note(
        &mut self,
        s: usize,
        last: bool,
        beside: bool,
        known: &[V::Real],
        noted: &mut [V::Real],
    ) {
        if !last {
            self.with.copy_from_slice(&self.around);
            return;
        }
        let numbers = self.around.len() * V::LANES;
        let of_sector = s * numbers..(s + 1) * numbers;
        let noted = &mut noted[of_sector.clone()];
        for (at, noted) in noted.chunks_exact_mut(2 * V::LANES).enumerate() {
            let [seen, own] = [self.around[2 * at], self.around[2 * at + 1]];
            let answer = if !known.is_empty() {
                V::load(&known[of_sector.start + (2 * at + 1) * V::LANES..])
            } else if beside {
                let more = (self.with[2 * at] - seen).lanes();
                let moved = (self.with[2 * at + 1] - own).lanes();
                V::load(&Lanes::from_fn(|i| gained(more.0[i], moved.0[i])).0)
            } else {
                V::zero()
            };
            let lanes = [seen - answer * own, answer].map(V::lanes);
            noted[..V::LANES].copy_from_slice(&lanes[0].0[..V::LANES]);
            noted[V::LANES..].copy_from_slice(&lanes[1].0[..V::LANES]);
        }
    }

    /// Takes over what is told of a sector.
    #[inline(always)]
    pub(super) fn surround(&mut self, s: usize, told: &[V::Real]) {
        let numbers = self.around.len() * V::LANES;
        let told = told[s * numbers..].chunks_exact(V::LANES);
        for (around, told) in self.around.iter_mut().zip(told) {
            *around = V::load(told);
        }
    }

    /// At the start of a year writes what is seen of others below the areas in focus, or notes it.
    #[inline(always)]
    pub(super) fn look_around<F: Real, const COLUMNS: usize>(
        &mut self,
        sector: &Sector<'_, F, V>,
        year: usize,
        start: &[[[V; COLUMNS]; STATES]],
    ) where
        V: Vector<Real = F>,
    {
        let Sector { model, group, .. } = *sector;
        let Layout { areas, technologies, .. } = model.layout;
        let before = &mut self.state[(year + 1) % 2];
        let now: &mut [[[V; COLUMNS]; STATES]] = group.rows_mut(model.rows, before);
        if year == 0 {
            now[..areas].copy_from_slice(&start[..areas]);
        }
        let here = if model.focused { areas } else { model.watched.len() };
        for i in 0..here {
            let first = (year * here + i) * technologies + group.first;
            let around = &mut self.around[2 * first..2 * (first + COLUMNS)];
            let before = &mut self.before[i * technologies + group.first..][..COLUMNS];
            for k in 0..COLUMNS {
                if year == 0 {
                    before[k] = V::zero();
                }
                let own = if model.focused {
                    now[areas + i][0][k] = around[2 * k + 1].mul_add(before[k], around[2 * k]);
                    now[i][0][k]
                } else {
                    let (r, weights) = &model.watched[i];
                    let mut seen = V::zero();
                    for other in 0..areas {
                        seen = V::splat(weights[other]).mul_add(now[other][0][k], seen);
                    }
                    (around[2 * k], around[2 * k + 1]) = (seen, before[k]);
                    now[*r][0][k]
                };
                before[k] = before[k] + own;
            }
        }
    }
}
