//! Sections 3 to 5: the numbers of a block, and what follows from them for each cell.

use crate::lanes::Real;
use crate::layout::Together;
use crate::model::{Model, Spread, is_share};
use crate::spec::Curve;
use crate::vector::Vector;

const INITIAL: usize = 0;
const INNOVATION: usize = 1;
const IMITATION: usize = 2;
const CEILING: usize = 3;
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

/// National parameters, in the order of `NATIONAL_PARAMETERS` where they are not renamed.
pub(super) struct National<V> {
    /// 1 − λ − δ and λ.
    pub(super) retained: V,
    pub(super) taken_in: V,
    pub(super) theta: V,
    pub(super) cap: V,
    pub(super) kappa: V,
    pub(super) prize: V,
    /// What £1 of the levers' increment is worth.
    pub(super) additionality: V,
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
    pub(super) fn draw<F: Real>(&mut self, model: &Model<F>, block: u32)
    where
        V: Vector<Real = F>,
    {
        let factors = &model.factors;
        let (areas, technologies) = (model.layout.areas, model.layout.technologies);
        factors.shared.draw(&factors.source, block, &mut self.shared);
        let shared = &self.shared[..];
        let value = |parameter: usize| factors.national[parameter].value(shared);
        let slopes: [V; 4] = std::array::from_fn(|i| value(5 + i));
        let growth: V = value(9);
        for r in 0..areas {
            self.growth_area[r] = growth + factors.growth_area[r].value(shared);
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
                let log = match p {
                    INITIAL => slopes[0].scaled(-readiness),
                    IMITATION => slopes[1].scaled(readiness),
                    CEILING => slopes[2].scaled(-readiness),
                    EFFECT => factors.complements[r].value(shared).add_scaled(readiness, slopes[3]),
                    _ => V::zero(),
                };
                let log = log * V::of(std::f64::consts::LOG2_E);
                for group in Together::all(technologies, V::TILE.columns) {
                    for k in 0..group.columns {
                        let exponent = match &model.spread[p][group.first + k] {
                            Spread::Power { spread, .. } => {
                                log.add_scaled(*spread, self.area[p][r])
                            }
                            Spread::General(_) => log,
                        };
                        self.area_factor[p][group.cell(model.rows, r, k)] = exponent.exp2();
                    }
                }
            }
        }
    }
}

impl<V: Vector> National<V> {
    #[inline(always)]
    pub(super) fn new<F: Real>(model: &Model<F>, sample: &Sample<V>) -> Self
    where
        V: Vector<Real = F>,
    {
        let value = |parameter: usize| model.factors.national[parameter].value(&sample.shared[..]);
        let (lag, decay): (V, V) = (value(0), value(1));
        let taken_in = V::one() / (V::one() + lag);
        let (displacement, leakage, multiplier): (V, V, V) = (value(11), value(12), value(13));
        National {
            retained: V::one() - taken_in - decay,
            taken_in,
            theta: value(2),
            cap: value(3),
            kappa: value(4),
            prize: value(10),
            additionality: (V::one() - displacement) * (V::one() - leakage) * multiplier,
        }
    }
}

/// Parameters of one sector's cells, placed as [`Together`] says.
pub(super) struct Cells<V> {
    /// Standard normal numbers of the cells.
    numbers: Vec<V>,
    /// Odds against, then the share itself: A[0] and m.
    pub(super) start: Vec<V>,
    pub(super) ceiling: Vec<V>,
    /// m − A[0].
    pub(super) gap: Vec<V>,
    pub(super) innovation: Vec<V>,
    pub(super) imitation: Vec<V>,
    /// 1 / m and q / m.
    pub(super) over_ceiling: Vec<V>,
    pub(super) speed: Vec<V>,
    pub(super) effect: Vec<V>,
    /// 1 + g, by area.
    pub(super) growth: Vec<V>,
}

impl<V: Vector> Cells<V> {
    pub(super) fn new<F: Real>(model: &Model<F>) -> Self {
        let layout = model.layout;
        let lanes = |n: usize| vec![V::zero(); n];
        let cells = || lanes(model.rows * layout.technologies);
        let numbers = model.factors.cells.iter().map(|c| c.batch.len()).max().unwrap_or(0);
        Cells {
            numbers: lanes(numbers),
            start: cells(),
            ceiling: cells(),
            gap: cells(),
            innovation: cells(),
            imitation: cells(),
            over_ceiling: cells(),
            speed: cells(),
            effect: cells(),
            growth: lanes(layout.areas),
        }
    }

    /// Draws and transforms what the cells of a sector need.
    #[inline(always)]
    pub(super) fn draw<F: Real>(
        &mut self,
        model: &Model<F>,
        s: usize,
        block: u32,
        sample: &Sample<V>,
    ) where
        V: Vector<Real = F>,
    {
        let factors = &model.factors;
        factors.cells[s].batch.draw(&factors.source, block, &mut self.numbers);
        let Cells {
            numbers,
            start,
            ceiling,
            gap,
            innovation,
            imitation,
            over_ceiling,
            speed,
            effect,
            growth,
        } = self;
        let (start, ceiling, gap) = (&mut start[..], &mut ceiling[..], &mut gap[..]);
        parameter(model, INITIAL, s, sample, numbers, start);
        parameter(model, CEILING, s, sample, numbers, ceiling);
        parameter(model, IMITATION, s, sample, numbers, imitation);
        parameter(model, EFFECT, s, sample, numbers, effect);
        match model.curve {
            Curve::Bass => parameter(model, INNOVATION, s, sample, numbers, innovation),
            Curve::Logistic | Curve::Gompertz => innovation.fill(V::zero()),
        }
        for cell in 0..start.len() {
            // 1 / m = 1 + odds against; the ceiling is at least where adoption starts.
            let (over_start, over) = (V::one() + start[cell], V::one() + ceiling[cell]);
            let over = over.min(over_start);
            start[cell] = V::one() / over_start;
            ceiling[cell] = V::one() / over;
            gap[cell] = ceiling[cell] - start[cell];
            // A ceiling of zero leaves no room, whatever the speed.
            over_ceiling[cell] = over.min(V::of(1e30));
            speed[cell] = imitation[cell] * over_ceiling[cell];
        }
        let sector: V = factors.growth_sector[s].value(&sample.shared);
        let common = V::one() + sector;
        for r in 0..model.layout.areas {
            let z = factors.cells[s].growth.map_or(V::zero(), |first| numbers[first + r]);
            let own = model.growth_cell.at(z);
            growth[r] = common + (sample.growth_area[r] + own);
        }
    }
}

/// One spread parameter of a sector's cells; of a share, the odds against it.
#[inline(always)]
fn parameter<F: Real, V: Vector<Real = F>>(
    model: &Model<F>,
    p: usize,
    s: usize,
    sample: &Sample<V>,
    numbers: &[V],
    out: &mut [V],
) {
    let factors = &model.factors;
    let (areas, technologies) = (model.layout.areas, model.layout.technologies);
    let sector: V = factors.spread.number(p, 3, s, &sample.shared);
    // Cell numbers that are mixed in, by first slot.
    let mut terms = [(0, F::ZERO); 5];
    let mut count = 0;
    for other in 0..=p {
        if let (Some(first), true) =
            (factors.cells[s].spread[other], factors.cell_mix[p][other] != 0.0)
        {
            terms[count] = (first, F::of(factors.cell_mix[p][other]));
            count += 1;
        }
    }
    let terms = &terms[..count];
    let area_factor = &sample.area_factor[p][..out.len()];
    for group in Together::all(technologies, V::TILE.columns) {
        for column in 0..group.columns {
            let k = group.first + column;
            let common = sample.nation[p] + sample.technology[p][k] + sector;
            let odds_ratio = match p {
                INITIAL => factors.odds_ratios[s][k].value(&sample.shared),
                _ => V::one(),
            };
            let cells = || {
                (0..areas)
                    .map(|r| (group.cell(model.rows, r, column), group.cell(areas, r, column)))
            };
            match &model.spread[p][k] {
                Spread::Power { median, spread } => {
                    let common = common.scaled(*spread).exp2().scaled(*median) / odds_ratio;
                    match terms {
                        [] => {
                            for (cell, _) in cells() {
                                out[cell] = common * area_factor[cell];
                            }
                        }
                        [(first, weight)] => {
                            let weight = V::splat(*spread * *weight);
                            let numbers = &numbers[*first..];
                            for (cell, number) in cells() {
                                let own = (numbers[number] * weight).exp2();
                                out[cell] = common * area_factor[cell] * own;
                            }
                        }
                        _ => {
                            for (cell, number) in cells() {
                                let own = mixed(terms, numbers, number).scaled(*spread).exp2();
                                out[cell] = common * area_factor[cell] * own;
                            }
                        }
                    }
                }
                Spread::General(sampler) => {
                    for (r, (cell, number)) in cells().enumerate() {
                        let z = common + sample.area[p][r];
                        let value = sampler.at(z + mixed(terms, numbers, number));
                        let value = match is_share(p) {
                            true => (V::one() - value) / value,
                            false => value,
                        };
                        out[cell] = value * area_factor[cell] / odds_ratio;
                    }
                }
            }
        }
    }
}

/// Weighted sum of a cell's own numbers.
#[inline(always)]
fn mixed<V: Vector>(terms: &[(usize, V::Real)], numbers: &[V], cell: usize) -> V {
    let mut sum = V::zero();
    for (first, weight) in terms {
        sum = sum.add_scaled(*weight, numbers[first + cell]);
    }
    sum
}
