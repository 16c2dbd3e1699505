//! Sections 3 to 5: the numbers of a part of a block, and what follows from them for each cell.

use crate::lanes::Real;
use crate::layout::{Layout, Together};
use crate::model::{Model, Own, Spread, is_share};
use crate::spec::{Curve, NATIONAL_PARAMETERS};
use crate::vector::{MOST_COLUMNS, Vector};

const INITIAL: usize = 0;
const INNOVATION: usize = 1;
const IMITATION: usize = 2;
const CEILING: usize = 3;
const EFFECT: usize = 4;
/// Spread parameters, which lie side by side where a cell needs all of them.
const PARAMETERS: usize = 5;

/// Of a cell's state: A and m − A.
pub(super) const STATES: usize = 2;
/// What a step needs of a cell: q / m, p and β.
pub(super) const CONSTANTS: usize = 3;
/// What levers and the curve of Gompertz need besides: q, 1 / m and 1 − m.
pub(super) const IN_FULL: usize = 3;

/// Numbers that more than one cell shares.
pub(super) struct Sample<V> {
    /// Standard normal numbers.
    pub(super) shared: Vec<V>,
    /// `[parameter]`, `[parameter][technology]`, `[parameter][area]`: numbers by level.
    nation: [V; 5],
    technology: [Vec<V>; 5],
    area: [Vec<V>; 5],
    /// What an area does to the parameters of its cells, [`PARAMETERS`] for each.
    area_factor: Vec<V>,
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
            area_factor: lanes(areas * technologies * PARAMETERS),
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
        factors.draw_shared(part, &mut self.shared);
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
                // Most technologies have the same spread.
                let (mut spread_before, mut factor) = (None, V::zero());
                for group in Together::all(technologies, V::TILE.columns) {
                    for k in 0..group.columns {
                        let spread = model.spread[p][group.first + k].power().unwrap_or(F::ZERO);
                        if spread_before != Some(spread) {
                            factor = log.add_scaled(spread, self.area[p][r]).exp2();
                            spread_before = Some(spread);
                        }
                        let own = match (p, &model.start_against) {
                            (INITIAL, Some(against)) => {
                                factor.scaled(against[group.cell(model.rows, r, k)])
                            }
                            // Nobody begins unless by imitation.
                            (INNOVATION, _) if model.curve != Curve::Bass => V::zero(),
                            _ => factor,
                        };
                        self.area_factor[group.cell_of(areas, r, p, PARAMETERS, k)] = own;
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
    /// Stands for the numbers of cells that have none.
    ones: Vec<V>,
    /// [`STATES`] of each cell in the first year.
    pub(super) state: Vec<V>,
    /// [`CONSTANTS`] of each cell.
    pub(super) constants: Vec<V>,
    /// [`IN_FULL`] of each cell, where something asks for them.
    pub(super) in_full: Vec<V>,
    /// 1 + g, by area.
    pub(super) growth: Vec<V>,
    /// Factors on GVA of every year, by area, where cells deviate from their paths.
    pub(super) level: Vec<V>,
}

impl<V: Vector> Cells<V> {
    pub(super) fn new<F: Real>(model: &Model<F>) -> Self {
        let Layout { areas, technologies, .. } = model.layout;
        let lanes = |n: usize| vec![V::zero(); n];
        let cells = |of_each: usize| lanes(model.rows * technologies * of_each);
        Cells {
            numbers: std::array::from_fn(|_| lanes(areas * technologies)),
            growth_numbers: lanes(areas),
            special: std::array::from_fn(|_| lanes(areas * technologies)),
            ones: vec![V::one(); areas * technologies],
            state: cells(STATES),
            constants: cells(CONSTANTS),
            in_full: cells(IN_FULL),
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
        // Kept only where something asks for them.
        let in_full = model.curve == Curve::Gompertz
            || model.touched[s * areas..(s + 1) * areas].contains(&true);
        for group in Together::all(technologies, V::TILE.columns) {
            let mut commons = [[V::zero(); PARAMETERS]; MOST_COLUMNS];
            for column in 0..group.columns {
                for p in 0..PARAMETERS {
                    let k = group.first + column;
                    commons[column][p] = match p {
                        INNOVATION if model.curve != Curve::Bass => V::zero(),
                        _ => common(model, sample, sector[p], p, s, k),
                    };
                }
            }
            match group.columns {
                1 => self.group::<F, 1>(model, sample, group, &commons, in_full),
                2 => self.group::<F, 2>(model, sample, group, &commons, in_full),
                3 => self.group::<F, 3>(model, sample, group, &commons, in_full),
                _ => self.group::<F, 4>(model, sample, group, &commons, in_full),
            }
        }
        let sector: V = factors.growth_sector[s].value(&sample.shared);
        let common = V::one() + sector;
        if let Some(batch) = &factors.cells[s].growth {
            batch.draw(&factors.source, part, None, &mut self.growth_numbers);
        }
        model.growth_cell.each(&self.growth_numbers, &mut self.growth);
        for (growth, of_area) in self.growth.iter_mut().zip(&sample.growth_area) {
            *growth = common + (*of_area + *growth);
        }
        if let Some(transitory) = &model.growth_transitory {
            self.growth_numbers.fill(V::zero());
            if let Some(batch) = &factors.cells[s].transitory {
                batch.draw(&factors.source, part, None, &mut self.growth_numbers);
            }
            transitory.each(&self.growth_numbers, &mut self.level);
            for level in &mut self.level {
                *level = (*level * V::of(std::f64::consts::LOG2_E)).exp2();
            }
            // Where growth is fixed, its numbers are never drawn.
            self.growth_numbers.fill(V::zero());
        }
    }

    /// Parameters of a group's cells: what is common to a technology times what an area does and
    /// what is a cell's own.
    #[inline(always)]
    fn group<F: Real, const COLUMNS: usize>(
        &mut self,
        model: &Model<F>,
        sample: &Sample<V>,
        group: Together,
        commons: &[[V; PARAMETERS]; MOST_COLUMNS],
        in_full: bool,
    ) where
        V: Vector<Real = F>,
    {
        if V::TILE.columns < COLUMNS {
            return;
        }
        let areas = model.layout.areas;
        let own: [&[[V; COLUMNS]]; PARAMETERS] = std::array::from_fn(|p| {
            let own = match &model.own[p] {
                Own::None => &self.ones,
                Own::Power(_) => &self.numbers[p],
                Own::Special => &self.special[p],
            };
            &group.of(areas, own)[..areas]
        });
        let factors: &[[[V; COLUMNS]; PARAMETERS]] =
            &group.rows(areas, &sample.area_factor)[..areas];
        let state: &mut [[[V; COLUMNS]; STATES]] =
            &mut group.rows_mut(model.rows, &mut self.state)[..areas];
        let constants: &mut [[[V; COLUMNS]; CONSTANTS]] =
            &mut group.rows_mut(model.rows, &mut self.constants)[..areas];
        let kept: &mut [[[V; COLUMNS]; IN_FULL]] =
            &mut group.rows_mut(model.rows, &mut self.in_full)[..areas];
        for r in 0..areas {
            for k in 0..COLUMNS {
                let mut product = [V::zero(); PARAMETERS];
                for p in 0..PARAMETERS {
                    product[p] = commons[k][p] * factors[r][p][k] * own[p][r][k];
                }
                // 1 / m = 1 + odds against; the ceiling is at least where adoption starts.
                let over_start = V::one() + product[INITIAL];
                let over = (V::one() + product[CEILING]).min(over_start);
                let (start, ceiling) = (V::one() / over_start, V::one() / over);
                // A ceiling of zero leaves no room, whatever the speed.
                let over_ceiling = over.min(V::of(1e30));
                let imitation = product[IMITATION];
                state[r][0][k] = start;
                state[r][1][k] = ceiling - start;
                constants[r][0][k] = imitation * over_ceiling;
                constants[r][1][k] = product[INNOVATION];
                constants[r][2][k] = product[EFFECT];
                if in_full {
                    kept[r][0][k] = imitation;
                    kept[r][1][k] = over_ceiling;
                    kept[r][2][k] = V::one() - ceiling;
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
