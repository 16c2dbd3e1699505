//! Sampled inputs of a run, by name and in their own units, as a unit of areas has them.

use crate::distribution::Distribution;
use crate::error::{Error, Result};
use crate::factors::{Factors, Holding, Scalar, Slot, loaded, room};
use crate::lanes::{LANES, Lanes};
use crate::spec::{LEVER_TARGETS, NATIONAL_PARAMETERS, SPREAD_PARAMETERS, Spec};

/// Inputs of a run in every draw.
#[derive(Debug, Clone, PartialEq)]
pub struct Inputs {
    /// What each is called, as a scenario has it.
    pub names: Vec<String>,
    /// How many draws there are of each.
    pub draws: usize,
    /// `[input][draw]`.
    pub values: Vec<f64>,
}

/// Inputs that are sampled, for a unit that holds areas in proportion to their weights (0 being
/// outside it) and sectors in proportion to theirs.
///
/// National parameters, effects and costs of levers have their values. What differs between
/// areas, sectors or technologies has its usual value in the unit:
///
/// - spread parameters: areas and sectors weighted on the normal scale, technologies with equal
///   weights on that of the values, numbers of single cells left at their middle; also one by
///   one as `ceiling.ai`;
/// - `complements` and `growth_area`, areas weighted; `growth_sector` and `sector_odds_ratio`,
///   sectors weighted (and technologies with equal weights);
/// - `take_up.LEVER`: areas of the unit in which the lever is moved, weighted;
/// - `optimism_bias.LEVER`: what a moved lever costs beyond its plan.
///
/// An effect that may be zero has 0 in the draws where it is.
///
/// What is the same in every draw is left out, as is growth of single cells. Numbers are those
/// of [`crate::factors::numbers`], held where the run holds them; from there on in double
/// precision, whatever the precision of the run.
/// Of several structures each draw has the values of its own.
///
/// # Errors
/// [`Error::Spec`] for weights that are none, for anything that cannot be simulated, and where not
/// the same is uncertain in all structures.
pub fn inputs(spec: &Spec, area_weights: &[f64], sector_weights: &[f64]) -> Result<Inputs> {
    spec.check()?;
    let areas = shares("area_weights", area_weights, spec.areas.len())?;
    let sectors = shares("sector_weights", sector_weights, spec.sectors.len())?;
    let draws = usize::try_from(spec.draws).unwrap_or(usize::MAX);
    let mut found = Inputs { names: Vec::new(), draws, values: Vec::new() };
    for (structure, (_, of)) in spec.simulated().into_iter().enumerate() {
        let here = |block: u32| spec.simulated_in(block) == structure;
        let factors = Factors::<f32>::new(of, 1)?;
        let recipe = Recipe::new(of, &factors, &areas, &sectors);
        let names: Vec<String> = recipe.inputs.iter().map(|(name, _)| name.clone()).collect();
        if structure == 0 {
            let length = draws.saturating_mul(names.len());
            room(&mut found.values, length)?;
            found.values.resize(length, 0.0);
            found.names = names;
        } else if names != found.names {
            return Err(Error::spec("structures", "not the same is uncertain in all"));
        }
        of_structure(of, &factors, &recipe, draws, here, &mut found.values);
    }
    Ok(found)
}

/// Inputs of one structure, in the blocks of draws that have it.
fn of_structure(
    spec: &Spec,
    factors: &Factors<f32>,
    recipe: &Recipe<'_>,
    draws: usize,
    has_it: impl Fn(u32) -> bool,
    values: &mut [f64],
) {
    let held = Holding::<f64>::new(&spec.held);
    let mut numbers = vec![Lanes([0.0; LANES]); recipe.shared + recipe.mixed.len()];
    let mut found = vec![[0.0; LANES]; recipe.values.len()];
    factors.each_block(draws, &has_it, |here, block| {
        for (number, lanes) in numbers.iter_mut().zip(block) {
            number.0 = lanes.0.map(f64::from);
        }
        held.hold(&mut numbers[..recipe.shared]);
        for (i, parts) in recipe.mixed.iter().enumerate() {
            numbers[recipe.shared + i].0 = sum(parts, |slot| &numbers[*slot].0);
        }
        for (found, (distribution, slot)) in found.iter_mut().zip(&recipe.values) {
            let z = slot.map_or([0.0; LANES], |slot| numbers[slot].0);
            found[..here.len()].copy_from_slice(&z.map(|z| distribution.at(z))[..here.len()]);
        }
        for (value, edge, slot) in &recipe.zeros {
            for (found, z) in found[*value].iter_mut().zip(numbers[*slot].0) {
                if z <= *edge {
                    *found = 0.0;
                }
            }
        }
        for (row, (_, parts)) in values.chunks_exact_mut(draws).zip(&recipe.inputs) {
            let lanes = sum(parts, |value| &found[*value]);
            row[here.clone()].copy_from_slice(&lanes[..here.len()]);
        }
    });
}

/// Weights as shares of their sum.
fn shares(place: &str, weights: &[f64], length: usize) -> Result<Vec<f64>> {
    let sum: f64 = weights.iter().sum();
    if weights.len() != length {
        let problem = format!("needs {length} weights, has {}", weights.len());
        return Err(Error::spec(place, problem));
    }
    if weights.iter().any(|w| *w < 0.0) || !(sum > 0.0 && sum.is_finite()) {
        return Err(Error::spec(place, "weights must be at least 0, and one of them above it"));
    }
    Ok(weights.iter().map(|w| w / sum).collect())
}

fn sum<'a, T>(parts: &[(f64, T)], of: impl Fn(&T) -> &'a [f64; LANES]) -> [f64; LANES] {
    let mut total = [0.0; LANES];
    for (weight, part) in parts {
        for (total, part) in total.iter_mut().zip(of(part)) {
            *total += weight * part;
        }
    }
    total
}

/// How inputs follow from shared numbers, step by step: every input is a weighted sum of
/// values, a value a distribution at a number, and a number a shared one or a sum of such.
struct Recipe<'a> {
    /// How many numbers are shared; those that are mixed come after them.
    shared: usize,
    /// Each from numbers before it.
    mixed: Vec<Vec<(f64, Slot)>>,
    /// A fixed one has no number.
    values: Vec<(&'a Distribution, Option<Slot>)>,
    /// Values that are zero where a number is at most an edge.
    zeros: Vec<(usize, f64, Slot)>,
    inputs: Vec<(String, Vec<(f64, usize)>)>,
}

impl<'a> Recipe<'a> {
    fn new(spec: &'a Spec, factors: &Factors<f32>, areas: &[f64], sectors: &[f64]) -> Self {
        let mut recipe = Recipe {
            shared: factors.shared.len(),
            mixed: Vec::new(),
            values: Vec::new(),
            zeros: Vec::new(),
            inputs: Vec::new(),
        };
        for parameter in 0..SPREAD_PARAMETERS.len() {
            recipe.spread(spec, factors, parameter, areas, sectors);
        }
        for (name, scalar) in NATIONAL_PARAMETERS.iter().zip(&factors.national) {
            recipe.weighted(in_scenario(name), [(1.0, &spec.national[*name], scalar.slot())]);
        }
        if let Some(j_curve) = &factors.j_curve {
            recipe.weighted("j_curve", [(1.0, &spec.j_curve, j_curve.slot())]);
        }
        let growth_area: Vec<_> = (factors.growth_area.iter().enumerate())
            .map(|(r, scalar)| {
                let loading = spec.growth_loadings.get(r).copied().unwrap_or(0.0);
                match (scalar.slot(), factors.growth_common) {
                    (Some(own), Some(common)) if loading != 0.0 => {
                        let [with_others, alone] = loaded(loading);
                        recipe.mix(vec![(with_others, common), (alone, own)])
                    }
                    (own, _) => own,
                }
            })
            .collect();
        let slots = |scalars: &[Scalar<f32>]| scalars.iter().map(Scalar::slot).collect::<Vec<_>>();
        let (complements, growth_sector) =
            (slots(&factors.complements), slots(&factors.growth_sector));
        for (name, distribution, slots, weights) in [
            ("complements", &spec.complements, complements, areas),
            ("growth_area", &spec.growth_area, growth_area, areas),
            ("growth_sector", &spec.growth_sector, growth_sector, sectors),
        ] {
            let parts = slots.into_iter().zip(weights);
            recipe.weighted(name, parts.map(|(slot, w)| (*w, distribution, slot)));
        }
        let technologies = spec.technologies.len() as f64;
        let cells = factors.odds_ratios.iter().zip(&spec.odds_ratios).zip(sectors).flat_map(
            |((scalars, distributions), weight)| {
                let row = scalars.iter().zip(distributions);
                row.map(move |(scalar, d)| (weight / technologies, d, scalar.slot()))
            },
        );
        recipe.weighted(in_scenario("odds_ratios"), cells);
        recipe.take_up(spec, factors, areas);
        for moved in &factors.levers {
            let lever = &spec.levers[moved.lever];
            let decides = recipe.mix(moved.zero.clone());
            for (target, effect) in LEVER_TARGETS.iter().zip(&moved.effects) {
                if let (Some(stated), Some(effect)) = (lever.effects.get(*target), effect) {
                    let name = lever.effect_parameter(target);
                    let slot = effect.size.slot();
                    match (effect.zero_up_to, decides) {
                        (Some(edge), Some(decides)) => {
                            let value = recipe.value(stated.zero_or().1, slot);
                            recipe.zeros.push((value, edge, decides));
                            recipe.inputs.push((name, vec![(1.0, value)]));
                        }
                        _ => recipe.weighted(&name, [(1.0, stated, slot)]),
                    }
                }
            }
            let cost = &lever.cost_gbp_per_head_per_year;
            recipe.weighted(&lever.cost_parameter(), [(1.0, cost, moved.cost.slot())]);
            if let Some(bias) = &moved.bias {
                let name = format!("optimism_bias.{}", lever.name);
                recipe.weighted(&name, [(1.0, &spec.optimism_bias, bias.slot())]);
            }
        }
        recipe
    }

    /// An input from values with weights, unless none of them is sampled.
    fn weighted(
        &mut self,
        name: &str,
        parts: impl IntoIterator<Item = (f64, &'a Distribution, Option<Slot>)>,
    ) {
        let parts: Vec<_> = parts.into_iter().filter(|(weight, ..)| *weight > 0.0).collect();
        if parts.iter().any(|(.., slot)| slot.is_some()) {
            let of = |(weight, distribution, slot)| (weight, self.value(distribution, slot));
            let parts = parts.into_iter().map(of).collect();
            self.inputs.push((name.into(), parts));
        }
    }

    fn value(&mut self, distribution: &'a Distribution, slot: Option<Slot>) -> usize {
        self.values.push((distribution, slot));
        self.values.len() - 1
    }

    /// A number mixed from others, if there are any.
    fn mix(&mut self, parts: Vec<(f64, Slot)>) -> Option<Slot> {
        (!parts.is_empty()).then(|| {
            self.mixed.push(parts);
            self.shared + self.mixed.len() - 1
        })
    }

    /// A spread parameter, technologies together and then each.
    fn spread(
        &mut self,
        spec: &'a Spec,
        factors: &Factors<f32>,
        parameter: usize,
        areas: &[f64],
        sectors: &[f64],
    ) {
        let name = SPREAD_PARAMETERS[parameter];
        let of_level = |level: usize, weights: &[f64]| -> Vec<(f64, Slot)> {
            let within = weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0);
            within
                .flat_map(|(index, weight)| {
                    let parts = factors.spread.parts(parameter, level, index);
                    parts.map(move |(w, slot)| (weight * w, slot))
                })
                .collect()
        };
        let common = [of_level(0, &[1.0]), of_level(2, areas), of_level(3, sectors)].concat();
        let common = self.mix(common).map(|slot| (1.0, slot));
        let distributions = &spec.spread_parameters[name].distributions;
        let mut each = Vec::new();
        for (k, distribution) in distributions.iter().enumerate() {
            let own = factors.spread.parts(parameter, 1, k);
            let number = match distribution.fixed() {
                None => self.mix(common.into_iter().chain(own).collect()),
                Some(_) => None,
            };
            each.push((self.value(distribution, number), number.is_some()));
        }
        // All of its variance may lie within single cells.
        if each.iter().any(|(_, sampled)| *sampled) {
            let weight = 1.0 / each.len() as f64;
            let parts = each.iter().map(|(value, _)| (weight, *value)).collect();
            self.inputs.push((name.into(), parts));
            for ((value, sampled), technology) in each.into_iter().zip(&spec.technologies) {
                if sampled {
                    self.inputs.push((format!("{name}.{technology}"), vec![(1.0, value)]));
                }
            }
        }
    }

    fn take_up(&mut self, spec: &'a Spec, factors: &Factors<f32>, areas: &[f64]) {
        let [shared, own] = spec.take_up.weights();
        for moved in &factors.levers {
            let of_lever = moved.lever * areas.len()..(moved.lever + 1) * areas.len();
            let intensity = &spec.data.intensity[of_lever];
            let here = (0..areas.len()).filter(|r| areas[*r] > 0.0 && intensity[*r] > 0.0);
            let size: f64 = here.clone().map(|r| areas[r]).sum();
            let parts: Vec<_> = here
                .filter_map(|r| {
                    let numbers = [(shared, moved.take_up.0?), (own, moved.take_up.1[r]?)];
                    let number = self.mix(numbers.to_vec());
                    Some((areas[r] / size, spec.take_up_of(moved.lever), number))
                })
                .collect();
            self.weighted(&format!("take_up.{}", spec.levers[moved.lever].name), parts);
        }
    }
}

/// What a scenario calls a parameter, where the core calls it otherwise.
fn in_scenario(parameter: &'static str) -> &'static str {
    match parameter {
        "odds_ratios" => "sector_odds_ratio",
        "prize_gbp_bn" => "prize",
        other => other,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::factors::numbers;
    use crate::spec::AreaData;

    #[derive(serde::Deserialize)]
    struct Case {
        spec: Spec,
        data: AreaData,
    }

    /// A shipped scenario in which every area moves levers.
    pub(crate) fn everyone_acts() -> Spec {
        let case = include_str!("../benches/specs/everyone_acts.json");
        let Case { spec, data } = serde_json::from_str(case).expect("a specification");
        Spec { data, draws: 100, ..spec }
    }

    fn weights(spec: &Spec) -> [Vec<f64>; 2] {
        let gva = &spec.data.gva_gbp_m;
        let areas = gva.chunks(spec.sectors.len()).map(|row| row.iter().sum()).collect();
        let of_sector = |s: usize| gva.iter().skip(s).step_by(spec.sectors.len()).sum();
        [areas, (0..spec.sectors.len()).map(of_sector).collect()]
    }

    fn row(inputs: &Inputs, name: &str) -> Vec<f64> {
        let at = inputs.names.iter().position(|n| n == name).expect(name);
        inputs.values[at * inputs.draws..(at + 1) * inputs.draws].to_vec()
    }

    #[test]
    fn names_differ_and_every_input_varies() {
        let spec = everyone_acts();
        let [areas, sectors] = weights(&spec);
        let found = inputs(&spec, &areas, &sectors).unwrap();
        assert_eq!(found.values.len(), found.names.len() * 100);
        let mut names = found.names.clone();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), found.names.len());
        for name in &names {
            let row = row(&found, name);
            assert!(row.iter().any(|x| *x != row[0]), "{name}");
        }
        for lever in &spec.levers {
            assert!(names.contains(&format!("take_up.{}", lever.name)), "{names:?}");
        }
    }

    #[test]
    fn a_national_parameter_is_its_distribution_at_its_number_or_where_it_is_held() {
        let mut spec = everyone_acts();
        let [areas, sectors] = weights(&spec);
        let distribution = spec.national["lag_years"].clone();
        let (names, rows) = numbers(&spec).unwrap();
        let slot = names.iter().position(|n| n.parameter == "lag_years").unwrap();
        let free = row(&inputs(&spec, &areas, &sectors).unwrap(), "lag_years");
        for (value, z) in free.iter().zip(&rows[slot]) {
            assert_eq!(*value, distribution.at(f64::from(*z)));
        }
        (spec.held.direction, spec.held.at) = (vec![(slot, 1.0)], 0.25);
        let held = row(&inputs(&spec, &areas, &sectors).unwrap(), "lag_years");
        for value in held {
            assert!((value / distribution.at(0.25) - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn an_area_alone_has_its_own_value_and_two_have_what_lies_between() {
        let spec = everyone_acts();
        let [_, sectors] = weights(&spec);
        let of = |parts: &[f64]| {
            let mut areas = vec![0.0; spec.areas.len()];
            areas[..parts.len()].copy_from_slice(parts);
            inputs(&spec, &areas, &sectors).unwrap()
        };
        let [first, second, both] = [of(&[1.0]), of(&[0.0, 2.0]), of(&[3.0, 1.0])];
        for name in ["complements", "growth_area"] {
            let pairs = row(&first, name).into_iter().zip(row(&second, name));
            for ((a, b), mean) in pairs.zip(row(&both, name)) {
                assert!((0.75 * a + 0.25 * b - mean).abs() < 1e-12, "{name}");
            }
        }
    }

    #[test]
    fn weights_that_are_none_are_refused() {
        let spec = everyone_acts();
        let [areas, sectors] = weights(&spec);
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(inputs(&spec, &vec![bad; areas.len()], &sectors).is_err(), "{bad}");
            assert!(inputs(&spec, &areas, &vec![bad; sectors.len()]).is_err(), "{bad}");
        }
        assert!(inputs(&spec, &areas[1..], &sectors).is_err());
    }
}
