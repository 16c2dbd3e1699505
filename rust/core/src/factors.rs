//! Which standard normal numbers a run needs, and how each is drawn.
//!
//! A factor is one number a draw: keyed by what it is for, and, under the Sobol sampler,
//! given a dimension. Dimensions are reserved in a fixed order whether used or not (nation,
//! technology, sector, area, then levers), so that fixing a parameter, moving a lever or
//! adding one at the end changes no other number.

use crate::distribution::{Distribution, Sampler};
use crate::error::{Error, Result};
use crate::lanes::{LANES, Lanes};
use crate::normal::{Normal, NormalTable};
use crate::rng::{Key, words_for_block};
use crate::sobol::{Directions, MAX_DIMENSIONS, scrambled, scrambles};
use crate::spec::{
    Correlation, LEVELS, LEVER_TARGETS, NATIONAL_PARAMETERS, SPREAD_PARAMETERS, SamplerKind, Spec,
};

/// One standard normal number a draw.
#[derive(Debug, Clone)]
pub struct Factor {
    key: Key,
    /// Sobol dimension and its scramblings; pseudo-random where absent.
    point: Option<(usize, [u32; LANES])>,
}

/// The number source of a run.
#[derive(Debug, Clone)]
pub struct Source {
    seed: u64,
    directions: Option<Directions>,
    table: &'static NormalTable,
}

impl Source {
    /// Normal numbers of one factor for the sixteen draws of a block.
    #[inline(always)]
    pub fn normals<F: Normal, const WIDE: bool>(&self, factor: &Factor, block: u32) -> Lanes<F> {
        let words = match (&factor.point, &self.directions) {
            (Some((dimension, scrambles)), Some(directions)) => {
                scrambled(directions.point(*dimension, block), scrambles)
            }
            _ => words_for_block(self.seed, factor.key, block * LANES as u32)[0],
        };
        self.of_words::<F, WIDE>(&words)
    }

    /// Normal numbers of words.
    #[inline(always)]
    pub fn of_words<F: Normal, const WIDE: bool>(&self, words: &[u32; LANES]) -> Lanes<F> {
        F::normals::<WIDE>(self.table, words)
    }

    /// The four slots of a keyed cell number.
    #[inline(always)]
    pub fn cell_words(&self, key: Key, block: u32) -> [[u32; LANES]; 4] {
        words_for_block(self.seed, key, block * LANES as u32)
    }
}

/// Hands out dimensions in order.
struct Dimensions {
    seed: u64,
    sobol: bool,
    next: usize,
    used: usize,
}

impl Dimensions {
    /// Reserves the next dimension and makes its factor if it is needed.
    fn factor(&mut self, key: Key, needed: bool) -> Option<Factor> {
        let dimension = self.next;
        self.next += 1;
        needed.then(|| {
            let point = (self.sobol && dimension < MAX_DIMENSIONS).then(|| {
                self.used = self.used.max(dimension + 1);
                (dimension, scrambles(self.seed, key))
            });
            Factor { key, point }
        })
    }
}

/// A national number: its distribution and, unless it is fixed, its factor.
#[derive(Debug, Clone)]
pub struct Scalar<F> {
    sampler: Sampler<F>,
    factor: Option<Factor>,
}

impl<F: Normal> Scalar<F> {
    /// The value if there is only one.
    #[inline(always)]
    pub fn constant(&self) -> Option<F> {
        self.sampler.constant()
    }

    /// Value in each draw of a block.
    #[inline(always)]
    pub fn draw<const WIDE: bool>(&self, source: &Source, block: u32) -> Lanes<F> {
        let z = self.factor.as_ref().map_or(Lanes::zero(), |f| source.normals::<F, WIDE>(f, block));
        self.sampler.at(&z)
    }
}

/// Numbers of one lever.
#[derive(Debug, Clone)]
pub struct LeverFactors<F> {
    /// Position in the specification.
    pub lever: usize,
    /// Effect on each of [`LEVER_TARGETS`], where it has one.
    pub effects: [Option<Scalar<F>>; 4],
    /// £ per resident a year.
    pub cost: Scalar<F>,
    /// Part of the take-up common to all areas, and each area's own.
    pub take_up: (Option<Factor>, Vec<Option<Factor>>),
}

/// Standard normal numbers of the spread parameters, by level.
#[derive(Debug, Clone)]
pub struct SpreadLevels {
    /// `factors[parameter][level][index]`, levels nation to sector; empty where not needed.
    factors: [[Vec<Factor>; 4]; 5],
    /// `mix[level][parameter][other]`: root of the weight times the correlation root.
    mix: [[[f64; 5]; 5]; 5],
}

/// Every factor of a run.
#[derive(Debug, Clone)]
pub struct Factors<F> {
    /// Where the numbers come from.
    pub source: Source,
    /// In the order of [`NATIONAL_PARAMETERS`].
    pub national: Vec<Scalar<F>>,
    /// Numbers shared by more than one cell.
    pub spread: SpreadLevels,
    /// Complements of each area.
    pub complements: Vec<Scalar<F>>,
    /// Growth of each area and each sector, a year.
    pub growth_area: Vec<Scalar<F>>,
    /// See `growth_area`.
    pub growth_sector: Vec<Scalar<F>>,
    /// Odds ratios, sectors × technologies.
    pub odds_ratios: Vec<Vec<Scalar<F>>>,
    /// Levers that are moved anywhere.
    pub levers: Vec<LeverFactors<F>>,
    /// Weight of cell `other`'s number in a parameter: `cell_mix[parameter][other]`.
    pub cell_mix: [[F; 5]; 5],
}

impl<F: Normal> Factors<F> {
    /// Lays out the numbers a checked specification needs.
    ///
    /// # Errors
    /// [`Error::Spec`] when correlations cannot hold together.
    pub fn new(spec: &Spec) -> Result<Self> {
        let mix = mixing(spec)?;
        let mut dimensions = Dimensions {
            seed: spec.seed,
            sobol: spec.sampler == SamplerKind::Sobol,
            next: 0,
            used: 0,
        };
        let d = &mut dimensions;
        let varies = |x: &Distribution| x.fixed().is_none();
        // A parameter's number is needed at a level if a varying parameter mixes it in there.
        let needed = |other: usize, level: usize| {
            SPREAD_PARAMETERS.iter().enumerate().any(|(parameter, name)| {
                mix[level][parameter][other] != 0.0
                    && spec.spread_parameters[*name].distributions.iter().any(varies)
            })
        };
        let scalar = |d: &mut Dimensions, distribution: &Distribution, key: Key| Scalar {
            sampler: Sampler::new(distribution),
            factor: d.factor(key, varies(distribution)),
        };

        let mut by_hash: Vec<usize> = (0..spec.areas.len()).collect();
        by_hash.sort_by_key(|area| crate::rng::hash(&spec.areas[*area]));
        let over_areas = |make: &mut dyn FnMut(&str)| {
            for area in &by_hash {
                make(&spec.areas[*area]);
            }
        };
        // Made in order of hash so that the order of areas in the data is of no account.
        let in_data_order = |made: Vec<Scalar<F>>| {
            let mut placed: Vec<_> = by_hash.iter().copied().zip(made).collect();
            placed.sort_by_key(|(area, _)| *area);
            placed.into_iter().map(|(_, scalar)| scalar).collect::<Vec<_>>()
        };

        let mut factors: [[Vec<Factor>; 4]; 5] = Default::default();
        let mut level = |d: &mut Dimensions, level: usize, names: &[&String]| {
            for (i, parameter) in SPREAD_PARAMETERS.iter().enumerate() {
                let family = format!("{parameter}/{}", LEVELS[level]);
                factors[i][level] = match level {
                    0 => d.factor(Key::new(&family, "", ""), needed(i, 0)).into_iter().collect(),
                    2 => names
                        .iter()
                        .filter_map(|n| d.factor(Key::new(&family, n, ""), needed(i, level)))
                        .collect(),
                    _ => names
                        .iter()
                        .filter_map(|n| d.factor(Key::new(&family, "", n), needed(i, level)))
                        .collect(),
                };
            }
        };

        level(d, 0, &[]);
        let national = NATIONAL_PARAMETERS
            .iter()
            .map(|name| {
                scalar(d, &spec.national[*name], Key::new(&format!("national/{name}"), "", ""))
            })
            .collect();
        level(d, 1, &spec.technologies.iter().collect::<Vec<_>>());
        level(d, 3, &spec.sectors.iter().collect::<Vec<_>>());
        let growth_sector = spec
            .sectors
            .iter()
            .map(|s| scalar(d, &spec.growth_sector, Key::new("growth_sector/sector", "", s)))
            .collect();
        level(d, 2, &by_hash.iter().map(|a| &spec.areas[*a]).collect::<Vec<_>>());
        for parameter in &mut factors {
            let made = std::mem::take(&mut parameter[2]);
            let mut placed: Vec<_> = by_hash.iter().copied().zip(made).collect();
            placed.sort_by_key(|(area, _)| *area);
            parameter[2] = placed.into_iter().map(|(_, factor)| factor).collect();
        }
        let per_area = |d: &mut Dimensions, family: &str, distribution: &Distribution| {
            let mut made = Vec::new();
            over_areas(&mut |area| made.push(scalar(d, distribution, Key::new(family, area, ""))));
            in_data_order(made)
        };
        let complements = per_area(d, "complements/area", &spec.complements);
        let growth_area = per_area(d, "growth_area/area", &spec.growth_area);

        let areas = spec.areas.len();
        let mut levers = Vec::new();
        for (l, lever) in spec.levers.iter().enumerate() {
            let moved = spec.data.intensity[l * areas..(l + 1) * areas].iter().any(|i| *i > 0.0);
            let family = |rest: &str| Key::new(&format!("lever/{}/{rest}", lever.name), "", "");
            let effects = LEVER_TARGETS.map(|target| {
                let effect = lever.effects.get(target);
                let factor = d.factor(
                    family(&format!("effect/{target}")),
                    moved && effect.is_some_and(varies),
                );
                effect.map(|e| Scalar { sampler: Sampler::new(e), factor })
            });
            let cost = scalar(d, &lever.cost_gbp_per_head_per_year, family("cost"));
            let uncertain = moved && varies(&spec.take_up.distribution);
            let shared = d.factor(family("take_up/nation"), uncertain);
            let mut own = vec![None; areas];
            for area in &by_hash {
                let key =
                    Key::new(&format!("lever/{}/take_up/area", lever.name), &spec.areas[*area], "");
                own[*area] = d.factor(key, uncertain);
            }
            if moved {
                levers.push(LeverFactors { lever: l, effects, cost, take_up: (shared, own) });
            }
        }

        // Odds ratios are numbers of single cells: pseudo-random, outside the dimensions.
        let odds_ratios = (spec.odds_ratios.iter().zip(&spec.sectors))
            .map(|(row, sector)| {
                (row.iter().zip(&spec.technologies))
                    .map(|(distribution, technology)| Scalar {
                        sampler: Sampler::new(distribution),
                        factor: varies(distribution).then(|| Factor {
                            key: Key::new("odds_ratio/cell", "", &format!("{sector}/{technology}")),
                            point: None,
                        }),
                    })
                    .collect()
            })
            .collect();

        let directions = (dimensions.used > 0).then(|| Directions::new(dimensions.used));
        let cell_mix = mix[4].map(|row| row.map(F::of));
        Ok(Factors {
            source: Source { seed: spec.seed, directions, table: NormalTable::get() },
            national,
            spread: SpreadLevels { factors, mix },
            complements,
            growth_area,
            growth_sector,
            odds_ratios,
            levers,
            cell_mix,
        })
    }
}

impl SpreadLevels {
    /// Weighted, correlated numbers of one level: `out[parameter][index]`.
    #[inline(always)]
    pub fn draw<F: Normal, const WIDE: bool>(
        &self,
        source: &Source,
        level: usize,
        size: usize,
        block: u32,
        out: &mut [Vec<Lanes<F>>; 5],
    ) {
        for row in out.iter_mut() {
            row.clear();
            row.resize(size, Lanes::zero());
        }
        for other in 0..5 {
            for (index, factor) in self.factors[other][level].iter().enumerate() {
                let z = source.normals::<F, WIDE>(factor, block);
                for parameter in other..5 {
                    let weight = self.mix[level][parameter][other];
                    if weight != 0.0 {
                        out[parameter][index].add_scaled(F::of(weight), &z);
                    }
                }
            }
        }
    }
}

/// Root of the weight of each level times a root of the correlation matrix there.
///
/// A correlation ρ holds exactly between the composed numbers of a cell when, at every
/// level, the pair's numbers are correlated ρ / Σ √(w₁ w₂).
fn mixing(spec: &Spec) -> Result<[[[f64; 5]; 5]; 5]> {
    let weights = SPREAD_PARAMETERS.map(|name| spec.spread_parameters[name].spread);
    let position = |name: &str| SPREAD_PARAMETERS.iter().position(|p| *p == name);
    let mut correlation = [[0.0; 5]; 5];
    for Correlation { between, value } in &spec.correlations {
        let (Some(i), Some(j)) = (position(&between[0]), position(&between[1])) else {
            return Err(Error::spec(
                "correlations",
                format!("{between:?} are not two spread parameters"),
            ));
        };
        let common: f64 = (0..5).map(|l| (weights[i][l] * weights[j][l]).sqrt()).sum();
        if i == j || !value.is_finite() || value.abs() > common {
            return Err(Error::spec(
                "correlations",
                format!(
                    "{value} between {between:?} cannot be: their levels allow at most ±{common:.3}"
                ),
            ));
        }
        correlation[i][j] = value / common;
        correlation[j][i] = value / common;
    }
    let mut mix = [[[0.0; 5]; 5]; 5];
    for (level, mix) in mix.iter_mut().enumerate() {
        let active = |i: usize| weights[i][level] > 0.0;
        // Cholesky root, row by row; inactive parameters stand alone.
        let mut root = [[0.0f64; 5]; 5];
        for i in 0..5 {
            for j in 0..=i {
                let target = match (i == j, active(i) && active(j)) {
                    (true, _) => 1.0,
                    (false, true) => correlation[i][j],
                    (false, false) => 0.0,
                };
                let rest = target - (0..j).map(|n| root[i][n] * root[j][n]).sum::<f64>();
                root[i][j] = if i == j {
                    if rest < -1e-12 {
                        return Err(Error::spec("correlations", "contradict one another"));
                    }
                    rest.max(0.0).sqrt()
                } else if root[j][j] > 1e-9 {
                    rest / root[j][j]
                } else {
                    0.0
                };
            }
        }
        for i in 0..5 {
            for j in 0..=i {
                mix[i][j] = weights[i][level].sqrt() * root[i][j];
            }
        }
    }
    Ok(mix)
}
