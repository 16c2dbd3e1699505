//! Sections 3 to 5: the numbers of a part of a block, and what follows from them for each cell.

use crate::lanes::Real;
use crate::layout::{Layout, Together};
use crate::model::{Model, Own, Spread, is_share};
use crate::spec::{Curve, NATIONAL_PARAMETERS};
use crate::vector::{MOST_COLUMNS, Vector};

const INITIAL: usize = 0;
const EFFECT: usize = 4;

/// Numbers that more than one cell shares.
pub(super) struct Sample<V> {
    /// Standard normal numbers.
    pub(super) shared: Vec<V>,
    /// `[parameter]`, `[parameter][technology]`, `[parameter][area]`: numbers by level.
    nation: [V; 5],
    technology: [Vec<V>; 5],
    area: [Vec<V>; 5],
    /// What an area does to a parameter, `[parameter][cell]`.
    area_factor: [Vec<V>; 5],
    /// Growth of the nation and of each area, a year.
    pub(super) growth_area: Vec<V>,
}

/// National parameters.
pub(super) struct National<V> {
    /// 1 − λ − δ and λ.
    pub(super) retained: V,
    pub(super) taken_in: V,
    pub(super) theta: V,
    pub(super) cap: V,
    pub(super) kappa: V,
    /// Slopes of readiness, by spread parameter; none for innovation.
    slopes: [V; 5],
    growth: V,
    /// Output held back while adoption is under way, where any is.
    pub(super) j_curve: Option<V>,
    pub(super) prize: V,
    /// What £1 of the levers' increment is worth.
    /// Displacement, leakage and multiplier.
    pub(super) adjustments: [V; 3],
}

impl<V: Vector> Sample<V> {
    pub(super) fn new<F: Real>(model: &Model<F>) -> Self {
        let (areas, technologies) = (model.layout.areas, model.layout.technologies);
        let lanes = |n: usize| vec![V::zero(); n];
        Sample {
            shared: lanes(model.factors.shared.len()),
            nation: [V::zero(); 5],
            technology: std::array::from_fn(|_| lanes(technologies)),
            area: std::array::from_fn(|_| lanes(areas)),
            area_factor: std::array::from_fn(|_| lanes(model.rows * technologies)),
            growth_area: lanes(areas),
        }
    }

    #[inline(always)]
    pub(super) fn draw<F: Real>(&mut self, model: &Model<F>, part: u32) -> National<V>
    where
        V: Vector<Real = F>,
    {
        let factors = &model.factors;
        let (areas, technologies) = (model.layout.areas, model.layout.technologies);
        factors.shared.draw(&factors.source, part, None, &mut self.shared);
        factors.held.hold(&mut self.shared);
        let shared = &self.shared[..];
        let national = National::new(model, shared);
        for r in 0..areas {
            let loading = model.growth_loadings.get(r).copied();
            self.growth_area[r] = national.growth + factors.area_growth(r, loading, shared);
        }
        for p in 0..5 {
            self.nation[p] = factors.spread.number(p, 0, 0, shared);
            for k in 0..technologies {
                self.technology[p][k] = factors.spread.number(p, 1, k, shared);
            }
            for r in 0..areas {
                self.area[p][r] = factors.spread.number(p, 2, r, shared);
                // Readiness and complements act on the logarithm.
                let readiness = model.readiness[r];
                let sign = if is_share(p) { -V::Real::ONE } else { V::Real::ONE };
                let mut log = national.slopes[p].scaled(sign * readiness);
                if p == EFFECT {
                    log = log + factors.complements[r].value(shared);
                }
                let log = log * V::of(std::f64::consts::LOG2_E);
                for group in Together::all(technologies, V::TILE.columns) {
                    for k in 0..group.columns {
                        let exponent = match &model.spread[p][group.first + k] {
                            Spread::Power { spread, .. } => {
                                log.add_scaled(*spread, self.area[p][r])
                            }
                            Spread::General(_) => log,
                        };
                        let cell = group.cell(model.rows, r, k);
                        self.area_factor[p][cell] = exponent.exp2();
                        if let (INITIAL, Some(against)) = (p, &model.start_against) {
                            self.area_factor[p][cell] =
                                self.area_factor[p][cell].scaled(against[cell]);
                        }
                    }
                }
            }
        }
        national
    }
}

impl<V: Vector> National<V> {
    #[inline(always)]
    pub(super) fn new(model: &Model<V::Real>, shared: &[V]) -> Self {
        let mut values = [V::zero(); NATIONAL_PARAMETERS.len()];
        for (value, scalar) in values.iter_mut().zip(&model.factors.national) {
            *value = scalar.value(shared);
        }
        let [
            lag,
            decay,
            theta,
            cap,
            kappa,
            slope_initial,
            slope_imitation,
            slope_ceiling,
            slope_effect,
            growth,
            prize,
            displacement,
            leakage,
            multiplier,
        ] = values;
        let taken_in = V::one() / (V::one() + lag);
        National {
            retained: V::one() - taken_in - decay,
            taken_in,
            theta,
            cap,
            kappa,
            slopes: [slope_initial, V::zero(), slope_imitation, slope_ceiling, slope_effect],
            growth,
            j_curve: model.factors.j_curve.as_ref().map(|j| j.value(shared)),
            prize,
            adjustments: [displacement, leakage, multiplier],
        }
    }
}

/// Parameters of one sector's cells, placed as [`Together`] says.
pub(super) struct Cells<V> {
    /// Numbers of the cells by parameter, and the areas' for growth.
    numbers: [Vec<V>; 5],
    growth_numbers: Vec<V>,
    /// What special parameters come to in each cell.
    special: [Vec<V>; 5],
    /// A[0] and m − A[0].
    pub(super) start: Vec<V>,
    pub(super) gap: Vec<V>,
    pub(super) innovation: Vec<V>,
    /// q / m.
    pub(super) speed: Vec<V>,
    pub(super) effect: Vec<V>,
    /// q.
    pub(super) imitation: Vec<V>,
    /// 1 / m and 1 − m, where levers or the curve ask for them.
    pub(super) over_ceiling: Vec<V>,
    pub(super) room: Vec<V>,
    /// 1 + g, by area.
    pub(super) growth: Vec<V>,
    /// Factors on GVA of every year, by area, where cells deviate from their paths.
    pub(super) level: Vec<V>,
}

impl<V: Vector> Cells<V> {
    pub(super) fn new<F: Real>(model: &Model<F>) -> Self {
        let Layout { areas, technologies, .. } = model.layout;
        let lanes = |n: usize| vec![V::zero(); n];
        let cells = || lanes(model.rows * technologies);
        Cells {
            numbers: std::array::from_fn(|_| lanes(areas * technologies)),
            growth_numbers: lanes(areas),
            special: std::array::from_fn(|_| lanes(areas * technologies)),
            start: cells(),
            gap: cells(),
            innovation: cells(),
            speed: cells(),
            effect: cells(),
            imitation: cells(),
            over_ceiling: cells(),
            room: cells(),
            growth: lanes(areas),
            level: lanes(if model.growth_transitory.is_some() { areas } else { 0 }),
        }
    }

    /// Draws and transforms what the cells of a sector need.
    #[inline(always)]
    pub(super) fn draw<F: Real>(
        &mut self,
        model: &Model<F>,
        s: usize,
        part: u32,
        sample: &Sample<V>,
    ) where
        V: Vector<Real = F>,
    {
        let factors = &model.factors;
        let Layout { areas, technologies, .. } = model.layout;
        for (p, batch) in factors.cells[s].spread.iter().enumerate() {
            if let Some(batch) = batch {
                let scales = match &model.own[p] {
                    Own::Power(scales) => Some(&scales[..]),
                    Own::None | Own::Special => None,
                };
                batch.draw(&factors.source, part, scales, &mut self.numbers[p]);
            }
        }
        let mut sector = [V::zero(); 5];
        for (p, sector) in sector.iter_mut().enumerate() {
            *sector = factors.spread.number(p, 3, s, &sample.shared);
        }
        for p in 0..5 {
            if matches!(model.own[p], Own::Special) {
                special(model, sample, sector[p], &self.numbers, p, &mut self.special[p]);
            }
        }
        let bass = model.curve == Curve::Bass;
        // Kept only where something asks for them.
        let in_full = !bass || model.touched[s * areas..(s + 1) * areas].iter().any(|t| *t);
        for group in Together::all(technologies, V::TILE.columns) {
            // Products first, one parameter after another: short chains that run side by side.
            let (first, of_numbers) = (group.cell(model.rows, 0, 0), group.cell(areas, 0, 0));
            let here = first..first + areas * group.columns;
            for p in 0..5 {
                let out = match p {
                    INITIAL => &mut self.start,
                    1 if !bass => continue,
                    1 => &mut self.innovation,
                    2 => &mut self.imitation,
                    3 => &mut self.gap,
                    _ => &mut self.effect,
                };
                let own = match &model.own[p] {
                    Own::None => None,
                    Own::Power(_) => Some(&self.numbers[p][of_numbers..]),
                    Own::Special => Some(&self.special[p][of_numbers..]),
                };
                let mut commons = [V::zero(); MOST_COLUMNS];
                for column in 0..group.columns {
                    let k = group.first + column;
                    commons[column] = common(model, sample, sector[p], p, s, k);
                }
                let (out, factors) = (&mut out[here.clone()], &sample.area_factor[p][here.clone()]);
                match group.columns {
                    1 => products::<V, 1>(&commons, factors, own, out),
                    2 => products::<V, 2>(&commons, factors, own, out),
                    3 => products::<V, 3>(&commons, factors, own, out),
                    _ => products::<V, 4>(&commons, factors, own, out),
                }
            }
            let (starts, gaps) = (&mut self.start[here.clone()], &mut self.gap[here.clone()]);
            let speeds = &mut self.speed[here.clone()];
            let imitation = &self.imitation[here.clone()];
            let in_full_alone =
                self.over_ceiling[here.clone()].iter_mut().zip(&mut self.room[here]);
            let cells = starts.iter_mut().zip(gaps).zip(speeds).zip(imitation).zip(in_full_alone);
            for ((((start, gap), speed), imitation), (kept, room)) in cells {
                // 1 / m = 1 + odds against; the ceiling is at least where adoption starts.
                let over_start = V::one() + *start;
                let over = (V::one() + *gap).min(over_start);
                *start = V::one() / over_start;
                let ceiling = V::one() / over;
                *gap = ceiling - *start;
                // A ceiling of zero leaves no room, whatever the speed.
                let over_ceiling = over.min(V::of(1e30));
                *speed = *imitation * over_ceiling;
                if in_full {
                    *kept = over_ceiling;
                    *room = V::one() - ceiling;
                }
            }
        }
        let sector: V = factors.growth_sector[s].value(&sample.shared);
        let common = V::one() + sector;
        if let Some(batch) = &factors.cells[s].growth {
            batch.draw(&factors.source, part, None, &mut self.growth_numbers);
        }
        for r in 0..areas {
            let own = model.growth_cell.at(self.growth_numbers[r]);
            self.growth[r] = common + (sample.growth_area[r] + own);
        }
        if let Some(transitory) = &model.growth_transitory {
            self.growth_numbers.fill(V::zero());
            if let Some(batch) = &factors.cells[s].transitory {
                batch.draw(&factors.source, part, None, &mut self.growth_numbers);
            }
            for r in 0..areas {
                let deviation = transitory.at(self.growth_numbers[r]);
                self.level[r] = (deviation * V::of(std::f64::consts::LOG2_E)).exp2();
            }
            // Where growth is fixed, its numbers are never drawn.
            self.growth_numbers.fill(V::zero());
        }
    }
}

/// What is common to a technology times what an area does and what is a cell's own, area by area.
#[inline(always)]
fn products<V: Vector, const COLUMNS: usize>(
    commons: &[V; MOST_COLUMNS],
    factors: &[V],
    own: Option<&[V]>,
    out: &mut [V],
) {
    let out: &mut [[V; COLUMNS]] = out.as_chunks_mut().0;
    let factors: &[[V; COLUMNS]] = &factors.as_chunks().0[..out.len()];
    match own {
        Some(own) => {
            let own: &[[V; COLUMNS]] = &own.as_chunks().0[..out.len()];
            for r in 0..out.len() {
                for k in 0..COLUMNS {
                    out[r][k] = commons[k] * factors[r][k] * own[r][k];
                }
            }
        }
        None => {
            for r in 0..out.len() {
                for k in 0..COLUMNS {
                    out[r][k] = commons[k] * factors[r][k];
                }
            }
        }
    }
}

/// What all areas have in common in a spread parameter of a sector and technology, as a factor; of
/// a share, on the odds against it.
#[inline(always)]
fn common<V: Vector>(
    model: &Model<V::Real>,
    sample: &Sample<V>,
    sector: V,
    p: usize,
    s: usize,
    k: usize,
) -> V {
    let common = match &model.spread[p][k] {
        Spread::Power { median, spread } => {
            let z = sample.nation[p] + sample.technology[p][k] + sector;
            z.scaled(*spread).exp2().scaled(*median)
        }
        Spread::General(_) => V::one(),
    };
    match p {
        INITIAL => common / model.factors.odds_ratios[s][k].value(&sample.shared),
        _ => common,
    }
}

/// What a parameter comes to in each cell that mixes several numbers, or is no product: the
/// cell's own part of the product, or the value from all levels together.
#[inline(always)]
fn special<F: Real, V: Vector<Real = F>>(
    model: &Model<F>,
    sample: &Sample<V>,
    sector: V,
    numbers: &[Vec<V>; 5],
    p: usize,
    out: &mut [V],
) {
    let Layout { areas, technologies, .. } = model.layout;
    for group in Together::all(technologies, V::TILE.columns) {
        for column in 0..group.columns {
            let k = group.first + column;
            let common = sample.nation[p] + sample.technology[p][k] + sector;
            for r in 0..areas {
                let number = group.cell(areas, r, column);
                let mut own = V::zero();
                for other in 0..=p {
                    let weight = F::of(model.factors.cell_mix[p][other]);
                    if weight != F::ZERO && model.factors.cells[0].spread[other].is_some() {
                        own = own.add_scaled(weight, numbers[other][number]);
                    }
                }
                out[number] = match &model.spread[p][k] {
                    Spread::Power { spread, .. } => own.scaled(*spread).exp2(),
                    Spread::General(sampler) => {
                        let value = sampler.at(common + sample.area[p][r] + own);
                        if is_share(p) { (V::one() - value) / value } else { value }
                    }
                };
            }
        }
    }
}
