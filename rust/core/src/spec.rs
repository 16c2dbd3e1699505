//! What a run is asked to do, and the checks it must pass.

use crate::distribution::Distribution;
use crate::error::{Error, Result};
use crate::rng::{Generator, Key, hash};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::HashMap;

/// Parameters that vary by technology and whose variance is spread over five levels,
/// in the order in which correlated numbers are built.
pub const SPREAD_PARAMETERS: [&str; 5] =
    ["initial_adoption", "innovation", "imitation", "ceiling", "productivity_effect"];
/// Levels that move together, in the order of a `spread` list.
pub const LEVELS: [&str; 5] = ["nation", "technology", "area", "sector", "cell"];
/// Parameters with one value for the whole nation in each draw.
pub const NATIONAL_PARAMETERS: [&str; 14] = [
    "lag_years",
    "decay_per_year",
    "spillover_share",
    "uplift_cap",
    "adoption_cost_share",
    "readiness_slope_initial_adoption",
    "readiness_slope_imitation",
    "readiness_slope_ceiling",
    "readiness_slope_productivity_effect",
    "growth_nation",
    "prize_gbp_bn",
    "displacement",
    "leakage",
    "multiplier",
];
/// National parameters between what a plan adds and what it adds on balance; the last of
/// [`NATIONAL_PARAMETERS`].
pub const ADJUSTMENTS: [&str; 3] = ["displacement", "leakage", "multiplier"];
/// Parameters with a number for each area, sector, cell or lever, and national ones that came later.
pub const OTHER_PARAMETERS: [&str; 10] = [
    "complements",
    "growth_area",
    "growth_sector",
    "growth_cell",
    "growth_transitory",
    "odds_ratios",
    "take_up",
    "lever_zero",
    "optimism_bias",
    "j_curve",
];
/// What a lever can act on.
pub const LEVER_TARGETS: [&str; 4] = ["innovation", "imitation", "ceiling", "productivity_effect"];

/// Names of [`SamplerKind`], [`Curve`] and [`Basis`] in a specification.
pub const SAMPLERS: [&str; 3] = ["random", "sobol", "sobol_full"];
/// See [`SAMPLERS`].
pub const CURVES: [&str; 3] = ["bass", "logistic", "gompertz"];
/// See [`SAMPLERS`].
pub const BASES: [&str; 3] = ["final_year", "share_of_economy", "cumulative"];

/// How standard normal numbers are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SamplerKind {
    /// Keyed pseudo-random numbers throughout.
    Random,
    /// Scrambled Sobol points for factors shared by more than one cell.
    Sobol,
    /// Scrambled Sobol points for every factor that direction numbers reach.
    SobolFull,
}

/// Diffusion family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Curve {
    /// Innovation and imitation.
    Bass,
    /// Imitation only (p = 0).
    Logistic,
    /// Imitation only, fastest early: hazard q · ψ(y), ψ(y) = −y ln y / (1 − y), y = S/m'.
    Gompertz,
}

/// What a share is computed on and the prize means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// £ a year in the last year.
    FinalYear,
    /// A share of the nation's GVA in the last year.
    ShareOfEconomy,
    /// Undiscounted £ over the horizon.
    Cumulative,
}

/// A parameter with spread levels.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SpreadParameter {
    /// Marginal distribution for each technology.
    pub distributions: Vec<Distribution>,
    /// Shares of variance by level, in the order of [`LEVELS`]; they sum to 1.
    pub spread: [f64; 5],
}

/// Correlation between two spread parameters of the same cell, on the normal scale.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Correlation {
    /// Two of [`SPREAD_PARAMETERS`].
    pub between: [String; 2],
    /// −1 to 1.
    pub value: f64,
}

/// Share of a lever's intensity that is realised.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TakeUp {
    /// Marginal distribution, 0 to 1.
    pub distribution: Distribution,
    /// Share of its variance common to all areas.
    pub shared_variance: f64,
}

impl TakeUp {
    /// Weights of what all areas share and of an area's own number.
    pub(crate) fn weights(&self) -> [f64; 2] {
        shared_and_own(self.shared_variance)
    }
}

/// Weights of a number that is shared and of one's own, where so much of the variance is shared.
pub(crate) fn shared_and_own(shared: f64) -> [f64; 2] {
    [shared.sqrt(), (1.0 - shared).sqrt()]
}

fn nothing() -> Distribution {
    Distribution::Fixed { value: 0.0 }
}

fn whole() -> f64 {
    1.0
}

/// A lever: what it acts on and what it costs.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Lever {
    /// Key of its random numbers.
    pub name: String,
    /// Effect at full strength by target, one of [`LEVER_TARGETS`].
    pub effects: HashMap<String, Distribution>,
    /// Whether each sector is in scope.
    pub scope: Vec<bool>,
    /// £ per resident a year at full intensity.
    pub cost_gbp_per_head_per_year: Distribution,
    /// What £1 of it is worth in the prices of the run.
    #[serde(default = "whole")]
    pub cost_price_level: f64,
    /// Its own marginal distribution of take-up, instead of the common one.
    #[serde(default)]
    pub take_up: Option<Distribution>,
    /// Years from its start to its end; it does not end if left out.
    #[serde(default)]
    pub duration_years: Option<f64>,
    /// Years in which what is left of its additions to the effective stock halves once it has
    /// ended; they stay if left out.
    #[serde(default)]
    pub fade_years: Option<f64>,
}

impl Lever {
    /// Name of its effect on a target among [`Spec::parameters`].
    pub(crate) fn effect_parameter(&self, target: &str) -> String {
        format!("levers.{}.effects.{target}", self.name)
    }
    /// Whether it is chance that it has any effect: one draw decides for all of its effects,
    /// each with its own probability.
    pub(crate) fn may_be_zero(&self) -> bool {
        let decided = |effect: &Distribution| effect.zero_or().0 > 0.0 && effect.fixed().is_none();
        self.effects.values().any(decided)
    }
    /// Name of its cost among [`Spec::parameters`].
    pub(crate) fn cost_parameter(&self) -> String {
        format!("levers.{}.cost_gbp_per_head_per_year", self.name)
    }
}

/// Parameters that take their numbers from another seed, all others keeping theirs.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Reseeded {
    /// Seed of their numbers.
    pub seed: u64,
    /// Some of [`Spec::parameters`].
    pub parameters: Vec<String>,
}

/// A combination of shared numbers that is held, everything at right angles to it varying.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// Positions among [`crate::factors::numbers`] and weights, whose squares sum to 1.
    pub direction: Vec<(usize, f64)>,
    /// Standard normal value at which the weighted sum is held.
    pub at: f64,
}

/// Figures of each area, in the order of `Spec::areas`; matrices are row-major.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub struct AreaData {
    /// Start-year GVA, £m, areas × sectors.
    pub gva_gbp_m: Vec<f64>,
    /// Degrees north.
    pub latitude: Vec<f64>,
    /// Degrees east.
    pub longitude: Vec<f64>,
    /// Residents.
    pub population: Vec<f64>,
    /// Readiness z-score.
    pub readiness: Vec<f64>,
    /// Lever intensity 0–1, levers × areas.
    pub intensity: Vec<f64>,
    /// Years after the start of the run, levers × areas.
    pub start_years: Vec<f64>,
    /// Years from start to full strength, levers × areas.
    pub ramp_years: Vec<f64>,
    /// Numbers that cells share, in the place of those that are drawn: rows as
    /// [`crate::factors::numbers`] gives them, each of at least so many draws; none if empty.
    #[serde(default)]
    pub normals: Vec<f32>,
}

/// Everything a run needs.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // named as in the model description
pub struct Spec {
    pub seed: u64,
    pub draws: u64,
    pub sampler: SamplerKind,
    pub curve: Curve,
    pub basis: Basis,
    pub horizon_years: usize,
    pub areas: Vec<String>,
    pub sectors: Vec<String>,
    pub technologies: Vec<String>,
    /// Groups of area positions that are reported beside the areas; the first is all.
    pub groups: Vec<Vec<usize>>,
    pub spread_parameters: HashMap<String, SpreadParameter>,
    pub correlations: Vec<Correlation>,
    /// Odds ratio of initial adoption, sectors × technologies.
    pub odds_ratios: Vec<Vec<Distribution>>,
    /// The same of an area, areas × technologies; all are 1 if it is left out.
    #[serde(default)]
    pub area_odds_ratios: Vec<Vec<f64>>,
    /// Whether initial adoption is moved so that, at the middle of every distribution, the nation
    /// starts where the distribution of each technology has its own middle.
    #[serde(default)]
    pub normalise_start: bool,
    pub national: HashMap<String, Distribution>,
    /// Log deviation of an area's productivity effect (its complements), one for each area.
    pub complements: Distribution,
    pub growth_area: Distribution,
    pub growth_sector: Distribution,
    pub growth_cell: Distribution,
    /// How far the growth of each area beyond the nation's goes with that of the others, −1 to 1;
    /// not at all if it is left out.
    #[serde(default)]
    pub growth_loadings: Vec<f64>,
    /// Log deviation of a cell's GVA from its path, the same in every year from the first on.
    #[serde(default = "nothing")]
    pub growth_transitory: Distribution,
    /// Output that is held back while adoption is under way, as a multiple of the effect of what is
    /// newly adopted; one draw for the nation.
    #[serde(default = "nothing")]
    pub j_curve: Distribution,
    pub take_up: TakeUp,
    /// Correlation, on the normal scale, of the draws that decide whether levers have any effect.
    #[serde(default)]
    pub zero_correlation: f64,
    /// What a lever costs beyond its plan, as a share of it; one draw for each lever.
    #[serde(default = "nothing")]
    pub optimism_bias: Distribution,
    /// Share of a lever's cost that is spent whatever the take-up; the rest follows it.
    #[serde(default = "whole")]
    pub fixed_cost_share: f64,
    pub levers: Vec<Lever>,
    pub spillover_decay_km: f64,
    /// Present value at the start of £1 in each year 1…T.
    pub discount_factors: Vec<f64>,
    /// What £1 of the prize is worth in the prices it is expressed in.
    pub prize_factor: f64,
    /// The prize as a share of the nation's GVA in the last year.
    pub prize_share_of_gva: f64,
    /// Shares are reported on the draws whose national gain exceeds this share of GVA.
    pub share_floor: f64,
    /// Positions of the areas of one unit that is reported in more detail; none if empty.
    #[serde(default)]
    pub detail: Vec<usize>,
    /// Positions of the areas that alone are simulated, within what surrounds them
    /// ([`crate::around`]); all areas if empty.
    #[serde(default)]
    pub focus: Vec<usize>,
    /// Whether every number that cells may share has its place, even where nothing needs it.
    #[serde(default)]
    pub every_number: bool,
    /// Whether what is particular to single cells is left at its middle, but for their growth.
    #[serde(default)]
    pub cells_at_middle: bool,
    #[serde(default)]
    pub reseeded: Reseeded,
    #[serde(default)]
    pub held: Held,
    /// Structures among which draws are shared out; if there are any, this one has none itself.
    #[serde(default)]
    pub structures: Vec<Structure>,
    #[serde(skip)]
    pub data: AreaData,
}

/// One of several structures of the model.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Structure {
    /// Share of the draws, about.
    pub weight: f64,
    /// A specification of the same areas, sectors, technologies, years and draws.
    pub spec: Box<Spec>,
}

/// Which structure a block of draws has, from the weights of all: keyed by the block, so that it is
/// the same for any number of draws and threads.
///
/// Multiples of the golden ratio from a start that the seed decides give each structure its weight
/// to within a few of any number of blocks. Sixteen blocks at a time have theirs in random order,
/// since Sobol points have an order too.
pub fn structure_of(seed: u64, weights: &[f64], block: u32) -> usize {
    const SHUFFLED: u32 = 16;
    if weights.len() < 2 {
        return 0;
    }
    let generator = Generator::new(seed);
    let words =
        |name: &str, count: u32| generator.words(Key::new("structure", name, "").block(count));
    let [high, low, ..] = words("start", 0);
    let start = u64::from(high) << 32 | u64::from(low);
    let (group, at) = (block / SHUFFLED, (block % SHUFFLED) as usize);
    let order: Vec<u32> =
        (0..SHUFFLED / 4).flat_map(|i| words("order", group * SHUFFLED / 4 + i)).collect();
    let before = |i: &usize| (order[*i], *i) < (order[at], at);
    let rank = (0..order.len()).filter(before).count() as u64;
    let number = u64::from(group * SHUFFLED) + rank;
    let place = start.wrapping_add(number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let mut rest = (place >> 11) as f64 / (1u64 << 53) as f64;
    for (structure, weight) in weights.iter().enumerate() {
        if rest < *weight {
            return structure;
        }
        rest -= weight;
    }
    // The weights sum to 1 but for rounding.
    weights.iter().rposition(|weight| *weight > 0.0).unwrap_or(0)
}

impl Spec {
    /// Every parameter that may be uncertain.
    pub fn parameters(&self) -> impl Iterator<Item = String> {
        let named = SPREAD_PARAMETERS.iter().chain(&NATIONAL_PARAMETERS).chain(&OTHER_PARAMETERS);
        let levers = self.levers.iter().flat_map(|lever| {
            let effects = LEVER_TARGETS.map(|target| lever.effect_parameter(target));
            effects.into_iter().chain([lever.cost_parameter()])
        });
        named.map(ToString::to_string).chain(levers)
    }

    /// With figures of the areas, which all structures have.
    pub fn with_data(mut self, data: AreaData) -> Self {
        for structure in &mut self.structures {
            structure.spec.data = data.clone();
        }
        self.data = data;
        self
    }

    /// Positions of the areas that are simulated.
    pub(crate) fn simulated_areas(&self) -> Vec<usize> {
        match self.focus.is_empty() {
            true => (0..self.areas.len()).collect(),
            false => self.focus.clone(),
        }
    }

    /// The same of the areas in focus alone, as if there were no others.
    pub(crate) fn focused(&self) -> Cow<'_, Spec> {
        if self.focus.is_empty() {
            return Cow::Borrowed(self);
        }
        fn picked<T: Clone>(of: &[T], at: &[usize]) -> Vec<T> {
            at.iter().filter_map(|r| of.get(*r).cloned()).collect()
        }
        let pick = |of: &[f64]| picked(of, &self.focus);
        let of_levers = |of: &[f64]| of.chunks(self.areas.len()).flat_map(pick).collect();
        let data = &self.data;
        let gva = self.focus.iter().flat_map(|r| {
            let sectors = self.sectors.len();
            data.gva_gbp_m[r * sectors..(r + 1) * sectors].iter().copied()
        });
        let mut spec = self.clone();
        spec.areas = picked(&self.areas, &self.focus);
        spec.groups = vec![(0..self.focus.len()).collect()];
        spec.growth_loadings = pick(&self.growth_loadings);
        spec.area_odds_ratios = picked(&self.area_odds_ratios, &self.focus);
        spec.focus = Vec::new();
        spec.data = AreaData {
            gva_gbp_m: gva.collect(),
            latitude: pick(&data.latitude),
            longitude: pick(&data.longitude),
            population: pick(&data.population),
            readiness: pick(&data.readiness),
            intensity: of_levers(&data.intensity),
            start_years: of_levers(&data.start_years),
            ramp_years: of_levers(&data.ramp_years),
            // Numbers are laid out for all areas, from the specification of all.
            normals: Vec::new(),
        };
        Cow::Owned(spec)
    }

    fn check_focus(&self) -> Result<()> {
        let bad = |problem: &str| Err(Error::spec("focus", problem));
        let areas = self.areas.len();
        let mut places = self.focus.clone();
        places.sort_unstable();
        places.dedup();
        if places.len() != self.focus.len() || places.iter().any(|r| *r >= areas) {
            return bad("must be different positions of areas");
        }
        let inside = |at: usize| self.focus.contains(&(at % areas));
        let acts_outside =
            self.data.intensity.iter().enumerate().any(|(at, x)| *x > 0.0 && !inside(at));
        if !self.focus.is_empty() && (!self.detail.is_empty() || acts_outside) {
            return bad("must hold every area that acts, and goes without detail");
        }
        Ok(())
    }

    /// The specifications that are simulated, each with its weight.
    pub(crate) fn simulated(&self) -> Vec<(f64, &Spec)> {
        if self.structures.is_empty() {
            return vec![(1.0, self)];
        }
        self.structures.iter().map(|of| (of.weight, &*of.spec)).collect()
    }

    /// Which of [`Spec::simulated`] a block of draws is of.
    pub(crate) fn simulated_in(&self, block: u32) -> usize {
        let weights: Vec<f64> = self.structures.iter().map(|of| of.weight).collect();
        structure_of(self.seed, &weights, block)
    }

    fn check_structures(&self) -> Result<()> {
        let bad = |problem: &str| Err(Error::spec("structures", problem));
        let weights: Vec<f64> = self.structures.iter().map(|of| of.weight).collect();
        if weights.is_empty() {
            return Ok(());
        }
        if weights.iter().any(|w| !(0.0..=1.0).contains(w))
            || (weights.iter().sum::<f64>() - 1.0).abs() > 1e-9
        {
            return bad("weights must lie in 0 to 1 and sum to 1");
        }
        let same = |of: &Spec| {
            (of.seed, of.draws, of.sampler, of.basis, of.horizon_years)
                == (self.seed, self.draws, self.sampler, self.basis, self.horizon_years)
                && (&of.areas, &of.sectors, &of.technologies, &of.groups)
                    == (&self.areas, &self.sectors, &self.technologies, &self.groups)
                && (&of.detail, &of.focus) == (&self.detail, &self.focus)
        };
        for Structure { spec, .. } in &self.structures {
            if !spec.structures.is_empty() || !same(spec) {
                return bad(
                    "all must be of the same areas, sectors, technologies, years and draws",
                );
            }
            spec.check()?;
        }
        let varied = !self.reseeded.parameters.is_empty() || !self.held.direction.is_empty();
        if varied {
            return bad("are reseeded and held one by one");
        }
        Ok(())
    }

    /// Marginal distribution of a lever's take-up.
    pub(crate) fn take_up_of(&self, lever: usize) -> &Distribution {
        self.levers[lever].take_up.as_ref().unwrap_or(&self.take_up.distribution)
    }

    /// Seed of a parameter's numbers.
    pub(crate) fn seed_of(&self, parameter: &str) -> u64 {
        let moved = self.reseeded.parameters.iter().any(|name| name == parameter);
        if moved { self.reseeded.seed } else { self.seed }
    }

    /// Checks everything the simulation relies on.
    ///
    /// # Errors
    /// [`Error::Spec`] with the key path of the first entry that cannot be.
    pub fn check(&self) -> Result<()> {
        let bad = |place: &str, problem: &str| Err(Error::spec(place, problem));
        let (r, s, k, l) =
            (self.areas.len(), self.sectors.len(), self.technologies.len(), self.levers.len());
        if self.draws == 0 || self.draws > u64::from(u32::MAX) - 15 {
            return bad("draws", "must be from 1 to 4,294,967,280");
        }
        if !(1..=40).contains(&self.horizon_years) {
            return bad("horizon_years", "must be from 1 to 40");
        }
        if r == 0 || s == 0 || k == 0 {
            return bad("areas", "a run needs at least one area, sector and technology");
        }
        for (place, names) in [
            ("areas", &self.areas),
            ("sectors", &self.sectors),
            ("technologies", &self.technologies),
        ] {
            distinct(place, names.iter().map(String::as_str))?;
        }
        distinct("levers", self.levers.iter().map(|l| l.name.as_str()))?;
        if self.groups.first().is_none_or(|all| all.len() != r)
            || self.groups.iter().flatten().any(|area| *area >= r)
        {
            return bad("groups", "the first group must hold every area; positions must exist");
        }
        if self.detail.iter().any(|area| *area >= r) {
            return bad("detail", "positions must exist");
        }
        self.check_data(r, s, l)?;

        for name in SPREAD_PARAMETERS {
            let place = format!("spread_parameters.{name}");
            let parameter = self
                .spread_parameters
                .get(name)
                .ok_or_else(|| Error::spec(&place, "is missing"))?;
            if parameter.distributions.len() != k {
                return bad(&place, "needs one distribution for each technology");
            }
            if parameter.spread.iter().any(|w| !(0.0..=1.0).contains(w))
                || (parameter.spread.iter().sum::<f64>() - 1.0).abs() > 1e-9
            {
                return bad(&place, "spread shares must lie in 0 to 1 and sum to 1");
            }
            for distribution in &parameter.distributions {
                within(&place, distribution, bounds(name))?;
            }
        }
        for name in NATIONAL_PARAMETERS {
            let place = format!("national.{name}");
            let distribution =
                self.national.get(name).ok_or_else(|| Error::spec(&place, "is missing"))?;
            within(&place, distribution, bounds(name))?;
        }
        if self.odds_ratios.len() != s || self.odds_ratios.iter().any(|row| row.len() != k) {
            return bad(
                "odds_ratios",
                "needs one row for each sector, one entry for each technology",
            );
        }
        for distribution in self.odds_ratios.iter().flatten() {
            within("odds_ratios", distribution, (0.0, f64::INFINITY))?;
        }
        for (place, distribution) in [
            ("complements", &self.complements),
            ("growth_area", &self.growth_area),
            ("growth_sector", &self.growth_sector),
            ("growth_cell", &self.growth_cell),
            ("growth_transitory", &self.growth_transitory),
        ] {
            within(place, distribution, (f64::NEG_INFINITY, f64::INFINITY))?;
        }
        let by_area = |rows: usize| rows == 0 || rows == r;
        if !by_area(self.area_odds_ratios.len())
            || self.area_odds_ratios.iter().any(|row| row.len() != k)
            || self.area_odds_ratios.iter().flatten().any(|x| !(*x > 0.0 && x.is_finite()))
        {
            return bad("area_odds_ratios", "needs ratios above 0, areas × technologies");
        }
        if !by_area(self.growth_loadings.len())
            || self.growth_loadings.iter().any(|x| !(-1.0..=1.0).contains(x))
        {
            return bad("growth_loadings", "needs one loading from −1 to 1 for each area");
        }
        within("take_up.distribution", &self.take_up.distribution, (0.0, 1.0))?;
        if !(0.0..=1.0).contains(&self.take_up.shared_variance) {
            return bad("take_up.shared_variance", "must lie in 0 to 1");
        }
        if !(0.0..=1.0).contains(&self.zero_correlation) {
            return bad("zero_correlation", "must lie in 0 to 1");
        }
        within("optimism_bias", &self.optimism_bias, (-1.0, f64::INFINITY))?;
        within("j_curve", &self.j_curve, (0.0, f64::INFINITY))?;
        if !(0.0..=1.0).contains(&self.fixed_cost_share) {
            return bad("fixed_cost_share", "must lie in 0 to 1");
        }
        for lever in &self.levers {
            let place = format!("levers.{}", lever.name);
            if lever.scope.len() != s {
                return bad(&place, "scope needs one entry for each sector");
            }
            for (target, distribution) in &lever.effects {
                if !LEVER_TARGETS.contains(&target.as_str()) {
                    return bad(
                        &place,
                        "effects may act on innovation, imitation, ceiling or productivity_effect",
                    );
                }
                within(&place, distribution, (0.0, f64::INFINITY))?;
            }
            within(&place, &lever.cost_gbp_per_head_per_year, (0.0, f64::INFINITY))?;
            if !(lever.cost_price_level > 0.0 && lever.cost_price_level.is_finite()) {
                return bad(&place, "cost_price_level must be above 0");
            }
            if let Some(take_up) = &lever.take_up {
                within(&place, take_up, (0.0, 1.0))?;
            }
            if [lever.duration_years, lever.fade_years].iter().flatten().any(|x| !at_least_zero(x))
            {
                return bad(&place, "duration and fade need years from 0");
            }
        }
        if !(self.spillover_decay_km > 0.0 && self.spillover_decay_km.is_finite()) {
            return bad("spillover_decay_km", "must be above 0");
        }
        if self.discount_factors.len() != self.horizon_years
            || self.discount_factors.iter().any(|f| !(*f > 0.0 && f.is_finite()))
        {
            return bad("discount_factors", "needs one factor above 0 for each year");
        }
        if !(self.prize_factor > 0.0 && self.prize_factor.is_finite()) {
            return bad("prize_factor", "must be above 0");
        }
        if !(self.prize_share_of_gva > 0.0 && self.prize_share_of_gva.is_finite()) {
            return bad("prize_share_of_gva", "must be above 0");
        }
        if !(0.0..1.0).contains(&self.share_floor) {
            return bad("share_floor", "must lie in 0 to 1");
        }
        self.check_focus()?;
        self.check_structures()?;
        let known: Vec<String> = self.parameters().collect();
        if let Some(name) = self.reseeded.parameters.iter().find(|name| !known.contains(name)) {
            return bad("reseeded", &format!("no parameter is called '{name}'"));
        }
        // Two scramblings of one dimension share their leading digits, draw by draw.
        if !self.reseeded.parameters.is_empty() && self.sampler != SamplerKind::Random {
            return bad("reseeded", "needs the sampler random");
        }
        Ok(())
    }

    fn check_data(&self, r: usize, s: usize, l: usize) -> Result<()> {
        let d = &self.data;
        let unit = |x: &f64| (0.0..=1.0).contains(x);
        let finite = |x: &f64| x.is_finite();
        type Check<'a> = (&'static str, &'a [f64], usize, &'a dyn Fn(&f64) -> bool);
        let checks: [Check<'_>; 8] = [
            ("gva_gbp_m", &d.gva_gbp_m, r * s, &at_least_zero),
            ("latitude", &d.latitude, r, &finite),
            ("longitude", &d.longitude, r, &finite),
            ("population", &d.population, r, &at_least_zero),
            ("readiness", &d.readiness, r, &finite),
            ("intensity", &d.intensity, l * r, &unit),
            ("start_years", &d.start_years, l * r, &finite),
            ("ramp_years", &d.ramp_years, l * r, &at_least_zero),
        ];
        for (place, values, length, allowed) in checks {
            if values.len() != length {
                return Err(Error::spec(
                    place,
                    format!("needs {length} values, has {}", values.len()),
                ));
            }
            if let Some(i) = values.iter().position(|x| !allowed(x)) {
                // GVA lies area by area; the others by area, or lever by lever.
                let area = if place == "gva_gbp_m" { i / s } else { i % r };
                return Err(Error::spec(
                    place,
                    format!("cannot be {} in area {}", values[i], self.areas[area]),
                ));
            }
        }
        // A sector may be 0 in an area, which then gains nothing in it; an area cannot.
        if let Some(area) = d.gva_gbp_m.chunks(s).position(|row| row.iter().sum::<f64>() <= 0.0) {
            let problem = format!("every sector is 0 in area {}; it needs a GVA", self.areas[area]);
            return Err(Error::spec("gva_gbp_m", problem));
        }
        Ok(())
    }
}

fn at_least_zero(x: &f64) -> bool {
    *x >= 0.0 && x.is_finite()
}

/// Values a parameter may take.
fn bounds(name: &str) -> (f64, f64) {
    match name {
        "initial_adoption" | "ceiling" | "decay_per_year" | "spillover_share" | "uplift_cap"
        | "displacement" | "leakage" => (0.0, 1.0),
        "innovation"
        | "imitation"
        | "lag_years"
        | "adoption_cost_share"
        | "prize_gbp_bn"
        | "multiplier" => (0.0, f64::INFINITY),
        _ => (f64::NEG_INFINITY, f64::INFINITY),
    }
}

fn within(place: &str, distribution: &Distribution, (low, high): (f64, f64)) -> Result<()> {
    if let Some(problem) = distribution.problem() {
        return Err(Error::spec(place, problem));
    }
    let (least, most) = distribution.support();
    if least < low || most > high {
        return Err(Error::spec(
            place,
            format!("values from {least} to {most} are possible, allowed are {low} to {high}"),
        ));
    }
    Ok(())
}

/// Names must differ, and so must their hashes, which key the random numbers.
fn distinct<'a>(place: &str, names: impl Iterator<Item = &'a str>) -> Result<()> {
    let mut seen: HashMap<u32, &str> = HashMap::new();
    for name in names {
        if let Some(other) = seen.insert(hash(name), name) {
            return Err(Error::spec(
                place,
                format!("'{name}' stands twice, or collides with '{other}'"),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::DISTRIBUTIONS;
    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};

    /// What serde says may stand where nobody knows what does.
    fn allowed<T: DeserializeOwned + std::fmt::Debug>(unknown: Value) -> Vec<String> {
        let refusal = serde_json::from_value::<T>(unknown).unwrap_err().to_string();
        let (_, listed) = refusal.split_once("expected").expect("a list of what is allowed");
        listed.split('`').skip(1).step_by(2).map(ToString::to_string).collect()
    }

    #[test]
    fn lists_of_names_are_those_of_the_specification() {
        assert_eq!(allowed::<SamplerKind>(json!("?")), SAMPLERS);
        assert_eq!(allowed::<Curve>(json!("?")), CURVES);
        assert_eq!(allowed::<Basis>(json!("?")), BASES);
        assert_eq!(allowed::<Distribution>(json!({"kind": "?"})), DISTRIBUTIONS);
        assert_eq!(NATIONAL_PARAMETERS[11..], ADJUSTMENTS);
    }

    #[test]
    fn a_sector_may_be_0_in_an_area_and_what_cannot_be_names_its_area() {
        #[derive(Deserialize)]
        struct Case {
            spec: Spec,
            data: AreaData,
        }
        let case = include_str!("../benches/specs/everyone_acts.json");
        let Case { spec, data } = serde_json::from_str(case).expect("a specification");
        let mut spec = Spec { data, ..spec };
        let sectors = spec.sectors.len();
        spec.data.gva_gbp_m[2 * sectors + 3] = 0.0;
        assert_eq!(spec.check(), Ok(()));
        spec.data.gva_gbp_m[2 * sectors..3 * sectors].fill(0.0);
        let refused = |spec: &Spec| spec.check().unwrap_err().to_string();
        let name = spec.areas[2].clone();
        assert!(refused(&spec).contains(&format!("every sector is 0 in area {name}")));
        spec.data.gva_gbp_m[2 * sectors + 3] = -1.0;
        assert!(refused(&spec).contains(&format!("gva_gbp_m: cannot be -1 in area {name}")));
        spec.data.gva_gbp_m[2 * sectors + 3] = 1.0;
        let last = spec.areas.len() + 1;
        spec.data.intensity[last] = 2.0;
        assert!(refused(&spec).contains(&format!("cannot be 2 in area {}", spec.areas[1])));
    }
}
