//! Section 3: the adoption paths of one sector, all technologies side by side.
//!
//! The gap m − A is carried beside A, since A alone loses the last digits of late adoption.

use super::gompertz::gompertz_pull;
use super::levers::Lift;
use super::sample::Cells;
use crate::lanes::Real;
use crate::layout::{Layout, Together};
use crate::model::Model;
use crate::spec::Curve;
use crate::vector::Vector;

/// Adoption of a sector in the year at hand, and what it adds up to.
pub(super) struct Path<V> {
    /// A of each cell; the year before's and the year's in turn. The first year's are the cells'.
    pub(super) adoption: [Vec<V>; 2],
    /// m − A without levers; the first year's too.
    gap: Vec<V>,
    /// Years × rows: Σ β ΔA and Σ ΔA over technologies.
    pub(super) effect_added: Vec<V>,
    pub(super) adopted: Vec<V>,
    /// What areas see of others, where it is told or noted; see [`super::around`].
    pub(super) around: Vec<V>,
    /// The same with levers, until it is noted.
    pub(super) with: Vec<V>,
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
            around: lanes(model.around()),
            with: lanes(model.around()),
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
        out: &mut [V],
    ) where
        V: Vector<Real = F>,
    {
        for group in Together::all(model.layout.technologies, V::TILE.columns) {
            let sector = Sector { model, s, cells, lift, theta, group };
            // One body for each shape of tile; only those of the level at hand are compiled.
            match (V::TILE.rows, group.columns) {
                (6, 2) => self.years::<F, 6, 2>(&sector, out),
                (6, _) => self.years::<F, 6, 1>(&sector, out),
                (3, 4) => self.years::<F, 3, 4>(&sector, out),
                (3, 3) => self.years::<F, 3, 3>(&sector, out),
                (3, 2) => self.years::<F, 3, 2>(&sector, out),
                (3, _) => self.years::<F, 3, 1>(&sector, out),
                _ => self.years::<F, 2, 1>(&sector, out),
            }
        }
    }

    #[inline(always)]
    fn years<F: Real, const ROWS: usize, const COLUMNS: usize>(
        &mut self,
        sector: &Sector<'_, F, V>,
        out: &mut [V],
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
            if !self.around.is_empty() {
                self.look_around::<F, COLUMNS>(model, group, year);
            }
            let mut tiles: Tiles<'_, V, ROWS, COLUMNS> = Tiles::new(self, sector, year);
            let common = model.spillover.common.chunks_exact(model.spillover.seen * ROWS);
            for (tile, weights) in common.enumerate() {
                // The sums are made on each way, so that on the plain one they never leave the
                // registers.
                let first = tile * ROWS;
                if all_plain || is_plain(model.curve, &touched[first..first + ROWS]) {
                    let sums = weighted_sums(weights, tiles.old.as_flattened());
                    tiles.plain_steps(sector, tile, &sums);
                } else {
                    let sums = weighted_sums(weights, tiles.old.as_flattened());
                    tiles.lifted_steps(sector, lift, tile, year, &sums);
                }
            }
            let sums = weighted_sums(last, tiles.old.as_flattened());
            let tile = areas / ROWS;
            if model.focused && lift.is_none() && model.curve != Curve::Gompertz {
                // Mostly one area, so that most of the tile stands idle.
                for row in 0..ROWS {
                    if row < below {
                        tiles.plain_step(sector, tile, row, &sums[row]);
                    }
                }
            } else if all_plain || is_plain(model.curve, &touched[areas - below..]) {
                tiles.plain_steps(sector, tile, &sums);
            } else {
                tiles.lifted_steps(sector, lift, tile, year, &sums);
            }
            // The row below the last area: national adoption at the year's start.
            for (k, sum) in sums[below].into_iter().enumerate() {
                add(&mut out[model.layout.adoption(group.first + k, year)], sum);
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
            let at = model.layout.area_adoption(r, group.first, 0);
            let out = &mut out[at..at + 2 * COLUMNS].as_chunks_mut::<2>().0[..COLUMNS];
            for k in 0..COLUMNS {
                national[k] = of_nation.mul_add(end[r][k], national[k]);
                add(&mut out[k][0], of_area * start[r][k]);
                add(&mut out[k][1], of_area * end[r][k]);
            }
        }
        for (k, sum) in national.into_iter().enumerate() {
            add(&mut out[model.layout.adoption(group.first + k, years)], sum);
        }
    }
}

/// Rows of a sector's cells in one year, tile by tile.
struct Tiles<'a, V, const ROWS: usize, const COLUMNS: usize> {
    old: &'a [[[V; COLUMNS]; ROWS]],
    new: &'a mut [[[V; COLUMNS]; ROWS]],
    gap: &'a mut [[[V; COLUMNS]; ROWS]],
    speed: &'a [[[V; COLUMNS]; ROWS]],
    innovation: &'a [[[V; COLUMNS]; ROWS]],
    imitation: &'a [[[V; COLUMNS]; ROWS]],
    over_ceiling: &'a [[[V; COLUMNS]; ROWS]],
    room: &'a [[[V; COLUMNS]; ROWS]],
    effect: &'a [[[V; COLUMNS]; ROWS]],
    effect_added: &'a mut [[V; ROWS]],
    adopted: &'a mut [[V; ROWS]],
}

impl<'a, V: Vector, const ROWS: usize, const COLUMNS: usize> Tiles<'a, V, ROWS, COLUMNS> {
    #[inline(always)]
    fn new<F: Real>(path: &'a mut Path<V>, sector: &Sector<'a, F, V>, year: usize) -> Self {
        let Sector { model, cells, group, .. } = *sector;
        let all = model.rows;
        let of_year = year * all..(year + 1) * all;
        let [old, new] = &mut path.adoption;
        Tiles {
            old: group.of(all, old).as_chunks().0,
            new: group.of_mut(all, new).as_chunks_mut().0,
            gap: group.of_mut(all, &mut path.gap).as_chunks_mut().0,
            speed: group.of(all, &cells.speed).as_chunks().0,
            innovation: group.of(all, &cells.innovation).as_chunks().0,
            imitation: group.of(all, &cells.imitation).as_chunks().0,
            over_ceiling: group.of(all, &cells.over_ceiling).as_chunks().0,
            room: group.of(all, &cells.room).as_chunks().0,
            effect: group.of(all, &cells.effect).as_chunks().0,
            effect_added: path.effect_added[of_year.clone()].as_chunks_mut().0,
            adopted: path.adopted[of_year].as_chunks_mut().0,
        }
    }

    /// ΔA = h · (m − A) of a tile's areas in one year without levers, from S − A = θ · `seen`.
    #[inline(always)]
    fn plain_steps<F: Real>(
        &mut self,
        sector: &Sector<'_, F, V>,
        tile: usize,
        seen: &[[V; COLUMNS]; ROWS],
    ) {
        for row in 0..ROWS {
            self.plain_step(sector, tile, row, &seen[row]);
        }
    }

    /// The hazard is never below 0 nor the gap, since h ≤ 1.
    #[inline(always)]
    fn plain_step<F: Real>(
        &mut self,
        sector: &Sector<'_, F, V>,
        tile: usize,
        row: usize,
        seen: &[V; COLUMNS],
    ) {
        let (speed, innovation) = (&self.speed[tile][row], &self.innovation[tile][row]);
        let (old, effect) = (&self.old[tile][row], &self.effect[tile][row]);
        let (new, gap) = (&mut self.new[tile][row], &mut self.gap[tile][row]);
        let (mut effects, mut adoptions) = match sector.group.first {
            0 => (V::zero(), V::zero()),
            _ => (self.effect_added[tile][row], self.adopted[tile][row]),
        };
        for k in 0..COLUMNS {
            let seen = sector.theta.mul_add(seen[k], old[k]);
            let hazard = speed[k].mul_add(seen, innovation[k]);
            let step = hazard.min(V::one()) * gap[k];
            gap[k] = gap[k] - step;
            new[k] = old[k] + step;
            effects = effect[k].mul_add(step, effects);
            adoptions = adoptions + step;
        }
        self.effect_added[tile][row] = effects;
        self.adopted[tile][row] = adoptions;
    }

    /// The same with levers, or with another pull than S/m':
    /// ΔA = h · max(m' − A, 0), h = min(p Fp + q Fq ψ(S/m'), 1).
    #[inline(always)]
    fn lifted_steps<F: Real>(
        &mut self,
        sector: &Sector<'_, F, V>,
        lift: Option<&Lift<V>>,
        tile: usize,
        year: usize,
        seen: &[[V; COLUMNS]; ROWS],
    ) where
        V: Vector<Real = F>,
    {
        let Sector { model, s, theta, group, .. } = *sector;
        let Layout { areas, years, .. } = model.layout;
        let gompertz = model.curve == Curve::Gompertz;
        for row in 0..ROWS {
            let r = tile * ROWS + row;
            if r >= areas {
                break; // what stands below the last area does not adopt
            }
            let lift = lift.filter(|_| model.touched[s * areas + r]);
            if lift.is_none() && !gompertz {
                self.plain_step(sector, tile, row, &seen[row]);
                continue;
            }
            let [lift_p, lift_q, closed, _] = match lift {
                Some(lift) => lift.at(r * years + year),
                None => [V::one(), V::one(), V::zero(), V::one()],
            };
            let (speed, innovation) = (&self.speed[tile][row], &self.innovation[tile][row]);
            let (imitation, room) = (&self.imitation[tile][row], &self.room[tile][row]);
            let over_ceiling = &self.over_ceiling[tile][row];
            let (old, effect) = (&self.old[tile][row], &self.effect[tile][row]);
            let (new, gap) = (&mut self.new[tile][row], &mut self.gap[tile][row]);
            let (mut effects, mut adoptions) = match group.first {
                0 => (V::zero(), V::zero()),
                _ => (self.effect_added[tile][row], self.adopted[tile][row]),
            };
            for k in 0..COLUMNS {
                let seen = theta.mul_add(seen[row][k], old[k]);
                // m' / m = 1 + (1/m − 1) · closed: a lever without effect changes no bit.
                let growth = (over_ceiling[k] - V::one()).mul_add(closed, V::one());
                let raised = room[k] * closed;
                let innovation = innovation[k] * lift_p;
                let hazard = if gompertz {
                    let y = seen * (over_ceiling[k] / growth);
                    let pull = gompertz_pull(y);
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
            self.effect_added[tile][row] = effects;
            self.adopted[tile][row] = adoptions;
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

/// Whether no lever touches these areas and the pull is S/m' itself.
fn is_plain(curve: Curve, touched: &[bool]) -> bool {
    curve != Curve::Gompertz && !touched.contains(&true)
}

#[inline(always)]
pub(super) fn add<V: Vector>(out: &mut V, value: V) {
    *out = *out + value;
}

/// Adds a sector's adoption in one year to that of the unit reported in more detail.
#[inline(always)]
fn add_detail<F: Real, V: Vector<Real = F>, const COLUMNS: usize>(
    model: &Model<F>,
    s: usize,
    group: Together,
    year: usize,
    adoption: &[[V; COLUMNS]],
    out: &mut [V],
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
        let mut of_row = [V::zero(); ROWS];
        for row in 0..ROWS {
            of_row[row] = V::splat(weights[row]);
        }
        for k in 0..COLUMNS {
            for row in 0..ROWS {
                sums[row][k] = of_row[row].mul_add(adoption[k], sums[row][k]);
            }
        }
    }
    sums
}
