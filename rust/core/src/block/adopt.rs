//! Section 3: the adoption paths of one sector, all technologies side by side.
//!
//! The gap m − A is carried beside A, since A alone loses the last digits of late adoption.

use super::levers::Lift;
use super::sample::{CONSTANTS, Cells, IN_FULL, STATES};
use crate::lanes::Real;
use crate::layout::{Layout, Together};
use crate::model::Model;
use crate::spec::Curve;
use crate::vector::Vector;

/// What levers make of a cell's constants in the year at hand: the three of the cell, what they
/// raise its ceiling by and, on the curve of Gompertz, q.
const LIFTED: usize = 5;

/// Adoption of a sector in the year at hand, and what it adds up to.
pub(super) struct Path<V> {
    /// A and m − A of each cell, without levers, after a year and after the one before it. The
    /// first year's are the cells', unless it is seen there what surrounds them.
    pub(super) state: [Vec<V>; 2],
    /// [`LIFTED`] of each cell, where the step is not the plain one.
    lifted: Vec<V>,
    /// Years × rows: Σ β ΔA and Σ ΔA over technologies.
    pub(super) added: Vec<[V; 2]>,
    /// Technologies × years from the start on: adoption of the sector in the nation and, where it
    /// is asked for, in the unit of the detail.
    national: Vec<V>,
    detail: Vec<V>,
    /// What areas see of others, where it is told or noted; see [`super::around`].
    pub(super) around: Vec<V>,
    /// The same with levers, until it is noted.
    pub(super) with: Vec<V>,
    /// Sum of each such area's own adoption before the year at hand, areas × technologies.
    pub(super) before: Vec<V>,
}

impl<V: Vector> Path<V> {
    pub(super) fn new<F: Real>(model: &Model<F>) -> Self {
        let layout = model.layout;
        let lanes = |n: usize| vec![V::zero(); n];
        let cells = model.rows * layout.technologies;
        let lifted =
            if model.levers.is_empty() && model.curve != Curve::Gompertz { 0 } else { LIFTED };
        Path {
            state: [lanes(cells * STATES), lanes(cells * STATES)],
            lifted: lanes(cells * lifted),
            added: vec![[V::zero(); 2]; model.rows * layout.years],
            national: lanes(layout.technologies * (layout.years + 1)),
            detail: lanes(if layout.detail { layout.technologies * (layout.years + 1) } else { 0 }),
            around: lanes(model.around()),
            with: lanes(model.around()),
            before: lanes(model.around() / (2 * layout.years)),
        }
    }

    /// Runs every technology through all years.
    #[inline(always)]
    pub(super) fn adopt<F: Real>(
        &mut self,
        model: &Model<F>,
        s: usize,
        cells: &Cells<V>,
        lift: Option<&Lift<V>>,
        theta: V,
    ) where
        V: Vector<Real = F>,
    {
        for group in Together::all(model.layout.technologies, V::TILE.columns) {
            let sector = Sector { model, s, cells, lift, theta, group };
            // One body for each shape of tile; only those of the level at hand are compiled.
            match (V::TILE.rows, group.columns) {
                (6, 2) => self.years::<F, 6, 2>(&sector),
                (6, _) => self.years::<F, 6, 1>(&sector),
                (3, 4) => self.years::<F, 3, 4>(&sector),
                (3, 3) => self.years::<F, 3, 3>(&sector),
                (3, 2) => self.years::<F, 3, 2>(&sector),
                (3, _) => self.years::<F, 3, 1>(&sector),
                _ => self.years::<F, 2, 1>(&sector),
            }
        }
    }

    #[inline(always)]
    fn years<F: Real, const ROWS: usize, const COLUMNS: usize>(&mut self, sector: &Sector<'_, F, V>)
    where
        V: Vector<Real = F>,
    {
        if V::TILE.rows != ROWS || V::TILE.columns < COLUMNS {
            return;
        }
        let Sector { model, s, cells, lift, group, .. } = *sector;
        let Layout { areas, years, .. } = model.layout;
        let (rows, gompertz) = (model.rows, model.curve == Curve::Gompertz);
        let (tiles, below) = (areas / ROWS + 1, areas % ROWS);
        // Areas and, in focus, what each of them sees of others.
        let all = model.spillover.seen;
        let of_tile = all * ROWS;
        let start: &[[[V; COLUMNS]; STATES]] = group.rows(rows, &cells.state);
        let constants: &[[[V; COLUMNS]; CONSTANTS]] = group.rows(rows, &cells.constants);
        let constants = &constants.as_chunks::<ROWS>().0[..tiles];
        let all_plain = lift.is_none() && !gompertz;
        let lifted_tiles = &model.lifted_tiles[s * tiles..(s + 1) * tiles];
        let last = &model.spillover.last[s][..of_tile];
        for year in 0..years {
            if !self.around.is_empty() {
                self.look_around(sector, year, start);
            }
            let [before, after] = &mut self.state;
            let (before, after) = if year % 2 == 0 { (after, before) } else { (before, after) };
            let in_cells = year == 0 && !model.focused;
            let before = if in_cells { start } else { group.rows(rows, before) };
            let seen = &before[..all];
            let before = &before.as_chunks::<ROWS>().0[..tiles];
            let after: &mut [[[V; COLUMNS]; STATES]] = group.rows_mut(rows, after);
            let after = &mut after.as_chunks_mut::<ROWS>().0[..tiles];
            let added = self.added[year * rows..(year + 1) * rows].as_chunks_mut::<ROWS>().0;
            let added = &mut added[..tiles];
            let mut common = &model.spillover.common[..];
            let mut bottom = [V::zero(); COLUMNS];
            for tile in 0..tiles {
                let mut weights = last;
                if tile + 1 < tiles {
                    (weights, common) = common.split_at(of_tile);
                }
                // The row below the last area: national adoption at the year's start.
                let bottom = (tile + 1 == tiles).then_some((below, &mut bottom));
                let (before, after) = (&before[tile], &mut after[tile]);
                let this = Tile { sector, weights, seen, before, after, added: &mut added[tile] };
                if all_plain || !(gompertz || lifted_tiles[tile]) {
                    this.steps(bottom, &constants[tile], Step::plain);
                    continue;
                }
                let lifted: &mut [[[V; COLUMNS]; LIFTED]] = group.rows_mut(rows, &mut self.lifted);
                let lifted = &mut lifted.as_chunks_mut::<ROWS>().0[tile];
                if model.moves[tile * years + year] {
                    for row in 0..ROWS {
                        sector.lift(
                            tile * ROWS + row,
                            year,
                            &constants[tile][row],
                            &mut lifted[row],
                        );
                    }
                }
                match gompertz {
                    true => this.steps(bottom, lifted, Step::gompertz),
                    false => this.steps(bottom, lifted, Step::lifted),
                }
            }
            self.keep(sector, year, start, Some(bottom));
        }
        self.keep(sector, years, start, None);
    }

    /// Keeps adoption of the nation, if it is known, and of the detail in a year.
    #[inline(always)]
    fn keep<F: Real, const COLUMNS: usize>(
        &mut self,
        sector: &Sector<'_, F, V>,
        year: usize,
        start: &[[[V; COLUMNS]; STATES]],
        national: Option<[V; COLUMNS]>,
    ) where
        V: Vector<Real = F>,
    {
        let Sector { model, s, group, .. } = *sector;
        let Layout { areas, years, detail, .. } = model.layout;
        let states = match year {
            0 => start,
            _ => group.rows(model.rows, &self.state[(year + 1) % 2]),
        };
        let national = match national {
            Some(known) => known,
            None => {
                let weights = &model.spillover.national[s * areas..(s + 1) * areas];
                adoption_of(weights.iter().copied().zip(0..), states)
            }
        };
        for k in 0..COLUMNS {
            self.national[(group.first + k) * (years + 1) + year] = national[k];
        }
        if detail {
            let areas = model.detail.len();
            let weights = &model.share_of_detail[s * areas..(s + 1) * areas];
            let sums =
                adoption_of(weights.iter().copied().zip(model.detail.iter().copied()), states);
            for k in 0..COLUMNS {
                self.detail[(group.first + k) * (years + 1) + year] = sums[k];
            }
        }
    }

    /// Adds what is reported of the sector's adoption to `out`.
    #[inline(always)]
    pub(super) fn add_adoption<F: Real>(
        &self,
        model: &Model<F>,
        s: usize,
        cells: &Cells<V>,
        out: &mut [V],
    ) where
        V: Vector<Real = F>,
    {
        let layout = model.layout;
        for (out, sum) in out[layout.adoption(0, 0)..].iter_mut().zip(&self.national) {
            add(out, *sum);
        }
        if layout.detail {
            for (out, sum) in out[layout.detail_adoption(0, 0)..].iter_mut().zip(&self.detail) {
                add(out, *sum);
            }
        }
        let ends = &self.state[(layout.years + 1) % 2];
        for group in Together::all(layout.technologies, V::TILE.columns) {
            match group.columns {
                1 => add_areas::<F, V, 1>(model, s, group, &cells.state, ends, out),
                2 => add_areas::<F, V, 2>(model, s, group, &cells.state, ends, out),
                3 => add_areas::<F, V, 3>(model, s, group, &cells.state, ends, out),
                _ => add_areas::<F, V, 4>(model, s, group, &cells.state, ends, out),
            }
        }
    }
}

/// Weighted adoption of some areas.
#[inline(always)]
fn adoption_of<F: Real, V: Vector<Real = F>, const COLUMNS: usize>(
    areas: impl Iterator<Item = (F, usize)>,
    states: &[[[V; COLUMNS]; STATES]],
) -> [V; COLUMNS] {
    let mut sums = [V::zero(); COLUMNS];
    for (weight, r) in areas {
        let weight = V::splat(weight);
        for k in 0..COLUMNS {
            sums[k] = weight.mul_add(states[r][0][k], sums[k]);
        }
    }
    sums
}

/// Adds adoption of a group of technologies in each area, at the start and at the end.
#[inline(always)]
fn add_areas<F: Real, V: Vector<Real = F>, const COLUMNS: usize>(
    model: &Model<F>,
    s: usize,
    group: Together,
    starts: &[V],
    ends: &[V],
    out: &mut [V],
) {
    if V::TILE.columns < COLUMNS {
        return;
    }
    let Layout { areas, sectors, technologies, .. } = model.layout;
    let starts: &[[[V; COLUMNS]; STATES]] = group.rows(model.rows, starts);
    let ends: &[[[V; COLUMNS]; STATES]] = group.rows(model.rows, ends);
    let shares = model.share_of_area[s..].iter().step_by(sectors);
    let out = &mut out[model.layout.area_adoption(0, 0, 0)..];
    let out = out.chunks_exact_mut(2 * technologies).take(areas);
    for (((out, start), end), share) in out.zip(starts).zip(ends).zip(shares) {
        let share = V::splat(*share);
        let out = &mut out[2 * group.first..].as_chunks_mut::<2>().0[..COLUMNS];
        for k in 0..COLUMNS {
            add(&mut out[k][0], share * start[0][k]);
            add(&mut out[k][1], share * end[0][k]);
        }
    }
}

/// One year of the areas of a tile.
struct Tile<'a, F, V, const ROWS: usize, const COLUMNS: usize> {
    sector: &'a Sector<'a, F, V>,
    weights: &'a [F],
    /// All that is seen, then the areas of the tile.
    seen: &'a [[[V; COLUMNS]; STATES]],
    before: &'a [[[V; COLUMNS]; STATES]; ROWS],
    after: &'a mut [[[V; COLUMNS]; STATES]; ROWS],
    added: &'a mut [[V; 2]; ROWS],
}

impl<F: Real, V: Vector<Real = F>, const ROWS: usize, const COLUMNS: usize>
    Tile<'_, F, V, ROWS, COLUMNS>
{
    /// Steps of each row; the sums of one row that is not an area's are kept. Sums are made here,
    /// for each kind of step anew, so that they never leave the registers.
    #[inline(always)]
    fn steps<'s, const N: usize>(
        self,
        kept: Option<(usize, &mut [V; COLUMNS])>,
        constants: &'s [[[V; COLUMNS]; N]; ROWS],
        step: impl Fn(&'s [[V; COLUMNS]; N]) -> Step<'s, V, COLUMNS>,
    ) {
        let sums = weighted_sums::<F, V, ROWS, COLUMNS>(self.weights, self.seen);
        if let Some((kept, out)) = kept {
            for row in 0..ROWS {
                if row == kept {
                    *out = sums[row];
                }
            }
        }
        for row in 0..ROWS {
            let (before, after) = (&self.before[row], &mut self.after[row]);
            step(&constants[row]).take(
                self.sector,
                before,
                &sums[row],
                after,
                &mut self.added[row],
            );
        }
    }
}

/// One year's step of the cells of an area: ΔA = h · max(m' − A, 0), h = min(p' + q' S/m', 1).
struct Step<'a, V, const COLUMNS: usize> {
    /// q' / m' or, on the curve of Gompertz, 1 / m'.
    speed: &'a [V; COLUMNS],
    innovation: &'a [V; COLUMNS],
    effect: &'a [V; COLUMNS],
    /// m' − m, where it is not zero; without it the gap is never below zero, since h ≤ 1.
    raised: Option<&'a [V; COLUMNS]>,
    /// q' on the curve of Gompertz, where the pull is not S/m' itself.
    imitation: Option<&'a [V; COLUMNS]>,
}

impl<'a, V: Vector, const COLUMNS: usize> Step<'a, V, COLUMNS> {
    #[inline(always)]
    fn plain([speed, innovation, effect]: &'a [[V; COLUMNS]; CONSTANTS]) -> Self {
        Step { speed, innovation, effect, raised: None, imitation: None }
    }

    #[inline(always)]
    fn lifted([speed, innovation, effect, raised, _]: &'a [[V; COLUMNS]; LIFTED]) -> Self {
        Step { speed, innovation, effect, raised: Some(raised), imitation: None }
    }

    #[inline(always)]
    fn gompertz(
        [speed, innovation, effect, raised, imitation]: &'a [[V; COLUMNS]; LIFTED],
    ) -> Self {
        Step { speed, innovation, effect, raised: Some(raised), imitation: Some(imitation) }
    }

    /// Takes it from `before`, where S − A = θ · `seen`; adds to Σ β ΔA and Σ ΔA.
    #[inline(always)]
    fn take<F: Real>(
        &self,
        sector: &Sector<'_, F, V>,
        [adoption, gap]: &[[V; COLUMNS]; STATES],
        seen: &[V; COLUMNS],
        after: &mut [[V; COLUMNS]; STATES],
        added: &mut [V; 2],
    ) {
        let [mut effects, mut adoptions] = match sector.group.first {
            0 => [V::zero(); 2],
            _ => *added,
        };
        for k in 0..COLUMNS {
            let (old, gap) = (adoption[k], gap[k]);
            let seen = sector.theta.mul_add(seen[k], old);
            let innovation = self.innovation[k];
            let hazard = match self.imitation {
                Some(imitation) => imitation[k].mul_add((seen * self.speed[k]).pull(), innovation),
                None => self.speed[k].mul_add(seen, innovation),
            };
            let room = match self.raised {
                Some(raised) => (gap + raised[k]).max(V::zero()),
                None => gap,
            };
            let step = hazard.min(V::one()) * room;
            after[1][k] = gap - step;
            after[0][k] = old + step;
            effects = self.effect[k].mul_add(step, effects);
            adoptions = adoptions + step;
        }
        *added = [effects, adoptions];
    }
}

/// What a path is run with.
pub(super) struct Sector<'a, F, V> {
    pub(super) model: &'a Model<F>,
    s: usize,
    cells: &'a Cells<V>,
    lift: Option<&'a Lift<V>>,
    theta: V,
    pub(super) group: Together,
}

impl<F: Real, V: Vector<Real = F>> Sector<'_, F, V> {
    /// What levers make of an area's constants from a year on.
    #[inline(always)]
    fn lift<const COLUMNS: usize>(
        &self,
        r: usize,
        year: usize,
        [speed, innovation, effect]: &[[V; COLUMNS]; CONSTANTS],
        out: &mut [[V; COLUMNS]; LIFTED],
    ) {
        let Sector { model, s, cells, group, .. } = *self;
        let Layout { areas, years, .. } = model.layout;
        let lift = self.lift.filter(|_| r < areas && model.touched[s * areas + r]);
        let in_full: &[[[V; COLUMNS]; IN_FULL]] = group.rows(model.rows, &cells.in_full);
        let [imitation, over_ceiling, room] = &in_full[r];
        let gompertz = model.curve == Curve::Gompertz;
        let [lift_p, lift_q, closed, _] = match lift {
            Some(lift) => lift.at(r * years + year),
            None => [V::one(), V::one(), V::zero(), V::one()],
        };
        for k in 0..COLUMNS {
            // m' / m = 1 + (1/m − 1) · closed: a lever without effect changes no bit.
            let growth = (over_ceiling[k] - V::one()).mul_add(closed, V::one());
            let of_step = if gompertz { over_ceiling[k] } else { speed[k] * lift_q };
            out[0][k] = of_step / growth;
            out[1][k] = innovation[k] * lift_p;
            out[2][k] = effect[k];
            out[3][k] = room[k] * closed;
            if gompertz {
                out[4][k] = imitation[k] * lift_q;
            }
        }
    }
}

impl<F, V: Copy> Clone for Sector<'_, F, V> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<F, V: Copy> Copy for Sector<'_, F, V> {}

#[inline(always)]
pub(super) fn add<V: Vector>(out: &mut V, value: V) {
    *out = *out + value;
}

/// Σ over areas of weight · adoption, for the rows and columns of one tile.
#[inline(always)]
fn weighted_sums<F: Real, V: Vector<Real = F>, const ROWS: usize, const COLUMNS: usize>(
    weights: &[F],
    states: &[[[V; COLUMNS]; STATES]],
) -> [[V; COLUMNS]; ROWS] {
    let mut sums = [[V::zero(); COLUMNS]; ROWS];
    let weights = &weights.as_chunks::<ROWS>().0[..states.len()];
    // The first area begins the sums; zeros would be written out first.
    let (Some((weight, weights)), Some((state, states))) =
        (weights.split_first(), states.split_first())
    else {
        return sums;
    };
    for row in 0..ROWS {
        for k in 0..COLUMNS {
            sums[row][k] = state[0][k].scaled(weight[row]);
        }
    }
    for (weights, [adoption, _]) in weights.iter().zip(states) {
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
