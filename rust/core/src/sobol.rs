//! Scrambled Sobol points, one independent scrambling in each lane.
//!
//! Direction numbers are Joe and Kuo's (2008, `new-joe-kuo-6.21201`). The scrambling is
//! Owen's nested uniform scrambling by hashing the bits in reverse order (Laine and
//! Karras 2011; Burley 2020, "Practical hash-based Owen scrambling", with the stronger mixing
//! constants found since by Vegdahl), seeded by what the number is for and by the lane. Point `i` of lane `l` serves draw `16 i + l`: a longer
//! run keeps the draws of a shorter one, and the sixteen lanes are independent
//! replications from which standard errors are taken.

use crate::lanes::{LANES, Lanes, Words};
use crate::rng::{Generator, Key, hash};
use sobol::{Sobol, params::JoeKuoD6};
use std::sync::{Arc, OnceLock};

/// Greatest dimension that direction numbers reach.
pub const MAX_DIMENSIONS: usize = 21_201;
const BITS: usize = 32;
/// Dimensions of the shorter table of direction numbers.
const STANDARD: usize = 1000;

/// Direction numbers of the first `dimensions` dimensions, bits reversed.
#[derive(Debug, Clone)]
pub struct Directions(Arc<[[u32; BITS]]>);

impl Directions {
    /// Loads the direction numbers; up to 1,000 dimensions once for all runs.
    ///
    /// # Panics
    /// Beyond [`MAX_DIMENSIONS`]; the caller gives those factors pseudo-random numbers.
    pub fn new(dimensions: usize) -> Self {
        static USUAL: OnceLock<Directions> = OnceLock::new();
        assert!(dimensions <= MAX_DIMENSIONS);
        match dimensions <= STANDARD {
            true => USUAL.get_or_init(|| Self::load(STANDARD, &JoeKuoD6::standard())).clone(),
            false => Self::load(dimensions, &JoeKuoD6::extended()),
        }
    }

    fn load(dimensions: usize, params: &JoeKuoD6) -> Self {
        let values = Sobol::<f32>::init_direction_vals::<u32>(dimensions, BITS, params);
        let reversed = |column: &Vec<u32>| {
            let mut out = [0; BITS];
            for (to, from) in out.iter_mut().zip(column) {
                *to = from.reverse_bits();
            }
            out
        };
        Directions(values.iter().map(reversed).collect())
    }

    /// Point `index` of one dimension before scrambling, bits reversed.
    #[inline(always)]
    pub fn point(&self, dimension: usize, index: u32) -> u32 {
        let columns = &self.0[dimension];
        let (mut rest, mut point) = (index, 0);
        while rest != 0 {
            point ^= columns[rest.trailing_zeros() as usize];
            rest &= rest - 1;
        }
        point
    }
}

/// Seeds of the sixteen scramblings of one factor.
pub fn scrambles(seed: u64, key: Key) -> Words {
    let generator = Generator::new(seed);
    let key = Key { family: key.family ^ hash("scramble"), ..key };
    Lanes(std::array::from_fn(|lane| generator.words(key.block(lane as u32))[0]))
}

/// Words of some lanes of a block: the point scrambled in each.
#[inline(always)]
pub fn scrambled(point: u32, scrambles: &[u32]) -> Words {
    let mut words = Lanes([0; LANES]);
    for lane in 0..scrambles.len() {
        // Each step lets a bit act on higher bits only, so on the reversed bits it is a
        // nested permutation of the intervals.
        let (seed, mut x) = (scrambles[lane], point);
        x ^= x.wrapping_mul(0x3d20_adea);
        x = x.wrapping_add(seed);
        x = x.wrapping_mul(seed >> 16 | 1);
        x ^= x.wrapping_mul(0x0552_6c56);
        x ^= x.wrapping_mul(0x53a2_2864);
        words.0[lane] = x.reverse_bits();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(seed: u64, dimension: usize, points: u32) -> Vec<[u32; LANES]> {
        let directions = Directions::new(dimension + 1);
        let seeds = scrambles(seed, Key::new("test", "", &dimension.to_string()));
        (0..points).map(|i| scrambled(directions.point(dimension, i), &seeds.0).0).collect()
    }

    /// Every one-dimensional projection of every scrambling fills each of 2^m intervals once.
    #[test]
    fn each_dimension_of_each_scrambling_is_evenly_spread() {
        for dimension in [0, 1, 2, 50, 400, 999] {
            let words = words(1, dimension, 256);
            for lane in 0..LANES {
                let mut seen = [false; 256];
                for word in &words {
                    seen[(word[lane] >> 24) as usize] = true;
                }
                assert!(seen.iter().all(|s| *s), "dimension {dimension}, lane {lane}");
            }
        }
    }

    /// The first two dimensions are a (0, m, 2)-net, and scrambling keeps it one.
    #[test]
    fn scrambling_keeps_the_two_dimensional_net() {
        let (x, y) = (words(3, 0, 64), words(3, 1, 64));
        for lane in 0..LANES {
            for split in 0..=6 {
                let mut boxes = std::collections::HashSet::new();
                for i in 0..64 {
                    let column = u64::from(x[i][lane]) >> (32 - split);
                    let row = u64::from(y[i][lane]) >> (26 + split);
                    boxes.insert((column, row));
                }
                assert_eq!(boxes.len(), 64, "lane {lane}, split {split}");
            }
        }
    }

    #[test]
    fn lanes_and_seeds_are_scrambled_apart() {
        let one = words(1, 5, 64);
        let two = words(2, 5, 64);
        assert_ne!(one, two);
        for lane in 1..LANES {
            assert!(one.iter().any(|w| w[lane] != w[0]));
        }
    }

    #[test]
    fn all_joe_kuo_dimensions_load() {
        let directions = Directions::new(MAX_DIMENSIONS);
        assert_eq!(directions.point(MAX_DIMENSIONS - 1, 1), 1);
    }
}
