//! Section 3: the adoption paths of one sector, all technologies side by side.
//!
//! The gap m − A is carried beside A, since A alone loses the last digits of late adoption.

use super::levers::Lift;
use super::sample::Cells;
use crate::lanes::{Lanes, Real};
use crate::layout::{Layout, Together};
use crate::model::Model;
use crate::spec::Curve;
use crate::vector::Vector;

/// Adoption of a sector in the year at hand, and what it adds up to.
pub(super) struct Path<V> {
    /// A of each cell; the year before's and the year's in turn.
    adoption: [Vec<V>; 2],
    /// m − A without levers.
    gap: Vec<V>,
    /// Years × rows: Σ β ΔA and Σ ΔA over technologies.
    pub(super) effect_added: Vec<V>,
    pub(super) adopted: Vec<V>,
}

impl<V: Vector> Path<V> {
    pub(super) fn new<F: Real>(model: &Model<F>) -> Self {
        let layout = model.layout;
        let lanes = |n: usize| vec![V::zero(); n];
        let cells = model.rows * layout.technologies;
        Path {
            adoption: [lanes(cells), lanes(cells)],
            gap: lanes(cells),
            effect_added: lanes(model.rows * layout.years),
            adopted: lanes(model.rows * layout.years),
        }
    }

    /// Runs every technology through all years; adds adoption to `out`.
    #[inline(always)]
    pub(super) fn adopt<F: Real>(
        &mut self,
        model: &Model<F>,
        s: usize,
        cells: &Cells<V>,
        lift: Option<&Lift<V>>,
        theta: V,
        out: &mut [Lanes<F>],
    ) where
        V: Vector<Real = F>,
    {
        for group in Together::all(model.layout.technologies, V::TILE.columns) {
            let sector = Sector { model, s, cells, lift, theta, group };
            // One body for each shape of tile; only those of the level at hand are compiled.
            match (V::TILE.rows, group.columns) {
                (6, 2) => self.years::<F, 6, 2>(&sector, out),
                (6, _) => self.years::<F, 6, 1>(&sector, out),
                _ => self.years::<F, 2, 1>(&sector, out),
            }
        }
    }

    #[inline(always)]
    fn years<F: Real, const ROWS: usize, const COLUMNS: usize>(
        &mut self,
        sector: &Sector<'_, F, V>,
        out: &mut [Lanes<F>],
    ) where
        V: Vector<Real = F>,
    {
        if V::TILE.rows != ROWS || V::TILE.columns < COLUMNS {
            return;
        }
        let Sector { model, s, cells, lift, group, .. } = *sector;
        let Layout { areas, years, sectors, .. } = model.layout;
        let touched = &model.touched[s * areas..(s + 1) * areas];
        let all_plain = model.curve != Curve::Gompertz && lift.is_none();
        let start: &[[V; COLUMNS]] = group.of(model.rows, &cells.start);
        let gap: &[[V; COLUMNS]] = group.of(model.rows, &cells.gap);
        group.of_mut(model.rows, &mut self.adoption[0]).copy_from_slice(start);
        group.of_mut(model.rows, &mut self.gap).copy_from_slice(gap);
        let (last, below) = (&model.spillover.last[s][..], areas % ROWS);
        for year in 0..years {
            if model.layout.detail {
                let now: &[[V; COLUMNS]] = group.of(model.rows, &self.adoption[0]);
                add_detail(model, s, group, year, now, out);
            }
            // The sums are made anew on each way, so that on the plain one they never leave
            // the registers.
            let tiles = model.spillover.common.chunks_exact(areas * ROWS);
            for (tile, weights) in tiles.enumerate() {
                let (first, old) = (tile * ROWS, group.of(model.rows, &self.adoption[0]));
                if all_plain || is_plain(model.curve, &touched[first..first + ROWS]) {
                    let sums = weighted_sums(weights, old);
                    self.plain_steps::<F, ROWS, COLUMNS>(sector, first, year, &sums);
                } else {
                    let sums = weighted_sums(weights, old);
                    self.lifted_steps::<F, ROWS, COLUMNS>(sector, lift, first, year, &sums);
                }
            }
            let sums = weighted_sums(last, group.of(model.rows, &self.adoption[0]));
            // The row below the last area: national adoption at the year's start.
            for (k, sum) in sums[below].into_iter().enumerate() {
                add(&mut out[model.layout.adoption(group.first + k, year)], sum);
            }
            let first = areas - below;
            if all_plain || is_plain(model.curve, &touched[first..]) {
                self.plain_steps::<F, ROWS, COLUMNS>(sector, first, year, &sums);
            } else {
                self.lifted_steps::<F, ROWS, COLUMNS>(sector, lift, first, year, &sums);
            }
            self.adoption.swap(0, 1);
        }
        let end: &[[V; COLUMNS]] = group.of(model.rows, &self.adoption[0]);
        if model.layout.detail {
            add_detail(model, s, group, years, end, out);
        }
        let mut national = [V::zero(); COLUMNS];
        for r in 0..areas {
            let of_nation = V::splat(model.spillover.national[s * areas + r]);
            let of_area = V::splat(model.share_of_area[r * sectors + s]);
            for k in 0..COLUMNS {
                national[k] = of_nation.mul_add(end[r][k], national[k]);
                let at = model.layout.area_adoption(r, group.first + k, 0);
                add(&mut out[at], of_area * start[r][k]);
                add(&mut out[at + 1], of_area * end[r][k]);
            }
        }
        for (k, sum) in national.into_iter().enumerate() {
            add(&mut out[model.layout.adoption(group.first + k, years)], sum);
        }
    }

    /// ΔA = h · (m − A) of some areas in one year without levers, from S − A = θ · `seen`.
    ///
    /// The hazard is never below 0 nor the gap, since h ≤ 1.
    #[inline(always)]
    fn plain_steps<F: Real, const ROWS: usize, const COLUMNS: usize>(
        &mut self,
        sector: &Sector<'_, F, V>,
        first_area: usize,
        year: usize,
        seen: &[[V; COLUMNS]; ROWS],
    ) where
        V: Vector<Real = F>,
    {
        let Sector { model, cells, theta, group, .. } = *sector;
        let all = model.rows;
        let [old, new] = &mut self.adoption;
        let old: &[[V; COLUMNS]; ROWS] = rows(group.of(all, old), first_area);
        let new: &mut [[V; COLUMNS]; ROWS] = rows_mut(group.of_mut(all, new), first_area);
        let gap: &mut [[V; COLUMNS]; ROWS] = rows_mut(group.of_mut(all, &mut self.gap), first_area);
        let speed: &[[V; COLUMNS]; ROWS] = rows(group.of(all, &cells.speed), first_area);
        let innovation: &[[V; COLUMNS]; ROWS] = rows(group.of(all, &cells.innovation), first_area);
        let effect: &[[V; COLUMNS]; ROWS] = rows(group.of(all, &cells.effect), first_area);
        let at = year * all + first_area;
        let effect_added: &mut [V; ROWS] = rows_mut(&mut self.effect_added, at);
        let adopted: &mut [V; ROWS] = rows_mut(&mut self.adopted, at);
        let first_group = group.first == 0;
        for row in 0..ROWS {
            let (mut effects, mut adoptions) = match first_group {
                true => (V::zero(), V::zero()),
                false => (effect_added[row], adopted[row]),
            };
            for k in 0..COLUMNS {
                let seen = theta.mul_add(seen[row][k], old[row][k]);
                let hazard = speed[row][k].mul_add(seen, innovation[row][k]);
                let step = hazard.min(V::one()) * gap[row][k];
                gap[row][k] = gap[row][k] - step;
                new[row][k] = old[row][k] + step;
                effects = effect[row][k].mul_add(step, effects);
                adoptions = adoptions + step;
            }
            effect_added[row] = effects;
            adopted[row] = adoptions;
        }
    }

    /// The same with levers, or with another pull than S/m':
    /// ΔA = h · max(m' − A, 0), h = min(p Fp + q Fq ψ(S/m'), 1).
    #[inline(always)]
    fn lifted_steps<F: Real, const ROWS: usize, const COLUMNS: usize>(
        &mut self,
        sector: &Sector<'_, F, V>,
        lift: Option<&Lift<V>>,
        first_area: usize,
        year: usize,
        seen: &[[V; COLUMNS]; ROWS],
    ) where
        V: Vector<Real = F>,
    {
        let Sector { model, s, cells, theta, group, .. } = *sector;
        let (Layout { areas, years, .. }, all) = (model.layout, model.rows);
        let gompertz = model.curve == Curve::Gompertz;
        for row in 0..ROWS {
            let r = first_area + row;
            let lift = lift.filter(|_| r < areas && model.touched[s * areas + r]);
            if lift.is_none() && !gompertz {
                let seen = std::array::from_ref(&seen[row]);
                self.plain_steps::<F, 1, COLUMNS>(sector, r, year, seen);
                continue;
            }
            let [lift_p, lift_q, closed, _] = match lift {
                Some(lift) => lift.of[r * years + year],
                None => [V::one(), V::one(), V::zero(), V::one()],
            };
            let [old, new] = &mut self.adoption;
            let old: &[V; COLUMNS] = &group.of(all, old)[r];
            let new: &mut [V; COLUMNS] = &mut group.of_mut(all, new)[r];
            let gap: &mut [V; COLUMNS] = &mut group.of_mut(all, &mut self.gap)[r];
            let over_ceiling: &[V; COLUMNS] = &group.of(all, &cells.over_ceiling)[r];
            let speed: &[V; COLUMNS] = &group.of(all, &cells.speed)[r];
            let imitation: &[V; COLUMNS] = &group.of(all, &cells.imitation)[r];
            let innovation: &[V; COLUMNS] = &group.of(all, &cells.innovation)[r];
            let effect: &[V; COLUMNS] = &group.of(all, &cells.effect)[r];
            let at = year * all + r;
            let (mut effects, mut adoptions) = match group.first {
                0 => (V::zero(), V::zero()),
                _ => (self.effect_added[at], self.adopted[at]),
            };
            for k in 0..COLUMNS {
                let seen = theta.mul_add(seen[row][k], old[k]);
                // m' / m = 1 + (1/m − 1) · closed: a lever without effect changes no bit.
                let growth = (over_ceiling[k] - V::one()).mul_add(closed, V::one());
                let raised = (growth - V::one()) / over_ceiling[k];
                let innovation = innovation[k] * lift_p;
                let hazard = if gompertz {
                    let y = seen * (over_ceiling[k] / growth);
                    let pull = V::load(&gompertz_pulls(&y.lanes()));
                    (imitation[k] * lift_q).mul_add(pull, innovation)
                } else {
                    (speed[k] * lift_q / growth).mul_add(seen, innovation)
                };
                let step = hazard.min(V::one()) * (gap[k] + raised).max(V::zero());
                gap[k] = gap[k] - step;
                new[k] = old[k] + step;
                effects = effect[k].mul_add(step, effects);
                adoptions = adoptions + step;
            }
            self.effect_added[at] = effects;
            self.adopted[at] = adoptions;
        }
    }
}

/// What a path is run with.
struct Sector<'a, F, V> {
    model: &'a Model<F>,
    s: usize,
    cells: &'a Cells<V>,
    lift: Option<&'a Lift<V>>,
    theta: V,
    group: Together,
}

impl<F, V: Copy> Clone for Sector<'_, F, V> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<F, V: Copy> Copy for Sector<'_, F, V> {}

/// As many rows as a tile has; their number is known when the code is compiled.
#[inline(always)]
fn rows<T, const ROWS: usize>(values: &[T], first: usize) -> &[T; ROWS] {
    match values[first..].first_chunk() {
        Some(rows) => rows,
        None => unreachable!("a tile beyond the last area"),
    }
}

#[inline(always)]
fn rows_mut<T, const ROWS: usize>(values: &mut [T], first: usize) -> &mut [T; ROWS] {
    match values[first..].first_chunk_mut() {
        Some(rows) => rows,
        None => unreachable!("a tile beyond the last area"),
    }
}

/// Whether no lever touches these areas and the pull is S/m' itself.
fn is_plain(curve: Curve, touched: &[bool]) -> bool {
    curve != Curve::Gompertz && !touched.contains(&true)
}

#[inline(always)]
pub(super) fn add<F: Real, V: Vector<Real = F>>(out: &mut Lanes<F>, value: V) {
    *out = (V::load(out) + value).lanes();
}

/// Adds a sector's adoption in one year to that of the unit reported in more detail.
#[inline(always)]
fn add_detail<F: Real, V: Vector<Real = F>, const COLUMNS: usize>(
    model: &Model<F>,
    s: usize,
    group: Together,
    year: usize,
    adoption: &[[V; COLUMNS]],
    out: &mut [Lanes<F>],
) {
    let areas = model.detail.len();
    let mut sums = [V::zero(); COLUMNS];
    for (i, r) in model.detail.iter().enumerate() {
        let weight = V::splat(model.share_of_detail[s * areas + i]);
        for k in 0..COLUMNS {
            sums[k] = weight.mul_add(adoption[*r][k], sums[k]);
        }
    }
    for (k, sum) in sums.into_iter().enumerate() {
        add(&mut out[model.layout.detail_adoption(group.first + k, year)], sum);
    }
}

/// Σ over areas of weight · adoption, for the rows and columns of one tile.
#[inline(always)]
fn weighted_sums<F: Real, V: Vector<Real = F>, const ROWS: usize, const COLUMNS: usize>(
    weights: &[F],
    adoption: &[[V; COLUMNS]],
) -> [[V; COLUMNS]; ROWS] {
    let mut sums = [[V::zero(); COLUMNS]; ROWS];
    let mut columns = weights.as_chunks::<ROWS>().0.iter().zip(adoption);
    // The first area begins the sums; zeros would be written out first.
    if let Some((weights, adoption)) = columns.next() {
        for row in 0..ROWS {
            for k in 0..COLUMNS {
                sums[row][k] = adoption[k].scaled(weights[row]);
            }
        }
    }
    for (weights, adoption) in columns {
        for row in 0..ROWS {
            let weight = V::splat(weights[row]);
            for k in 0..COLUMNS {
                sums[row][k] = weight.mul_add(adoption[k], sums[row][k]);
            }
        }
    }
    sums
}

#[inline(never)]
fn gompertz_pulls<F: Real>(y: &Lanes<F>) -> Lanes<F> {
    y.map(gompertz_pull)
}

/// ψ(y) = −y ln y / (1 − y) with ψ(0) = 0, ψ(y ≥ 1) = 1.
///
/// Replacing y by ψ(y) in the hazard turns the logistic into the Gompertz curve; ψ rises
/// with y and its elasticity is at most 1, so every bound and monotonicity still holds.
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
