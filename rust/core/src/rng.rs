//! Keyed random numbers: a word is a pure function of (seed, what it is for, draw).
//!
//! The generator is Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random
//! numbers: as easy as 1, 2, 3", SC11). Its 128-bit counter holds what the number is
//! for, so there is no stream to run out of step: any draw can be recomputed alone.
//!
//! One Philox block gives four words. They serve four draws of one factor: draw
//! `16 b + 4 j + i` takes word `j` of the counter `4 b + i`, so that a register of counters
//! fills a block of draws and no word is thrown away.

use crate::lanes::{LANES, Lanes, Words};

pub(crate) const MULTIPLIER: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
pub(crate) const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
pub(crate) const ROUNDS: usize = 10;

/// What a random number is for. Names are hashed (CRC-32), so that the order and the
/// number of areas, sectors and technologies do not matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Key {
    /// CRC-32 of the area code, 0 where the number belongs to no area.
    pub area: u32,
    /// CRC-32 of `sector`, `technology` or `sector/technology`, 0 where to none.
    pub cell: u32,
    /// CRC-32 of the family, such as `imitation/sector`.
    pub family: u32,
}

impl Key {
    /// Key from names; an empty name stands for "none".
    pub fn new(family: &str, area: &str, cell: &str) -> Self {
        Key { area: hash(area), cell: hash(cell), family: hash(family) }
    }
}

/// Factors that are drawn together: enough for their rounds to run side by side.
pub const GROUP: usize = 8;

/// Keys of factors that are drawn together.
#[derive(Debug, Clone, Copy)]
pub struct KeyGroup {
    pub(crate) area: [u32; GROUP],
    pub(crate) cell: [u32; GROUP],
    pub(crate) family: [u32; GROUP],
}

impl KeyGroup {
    /// From at most [`GROUP`] keys.
    pub fn new(keys: &[Key]) -> Self {
        let key = |i: usize| keys.get(i).copied().unwrap_or_default();
        KeyGroup {
            area: std::array::from_fn(|i| key(i).area),
            cell: std::array::from_fn(|i| key(i).cell),
            family: std::array::from_fn(|i| key(i).family),
        }
    }
}

/// CRC-32 (IEEE) of a name.
pub fn hash(name: &str) -> u32 {
    crc32fast::hash(name.as_bytes())
}

/// The two words of a seed.
pub fn seed_words(seed: u64) -> [u32; 2] {
    [seed as u32, (seed >> 32) as u32]
}

/// One Philox4x32-10 block: four words for a counter and a key.
pub fn philox4x32(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let mut words = counter.map(|c| [c]);
    philox_rounds(&mut words, key);
    words.map(|w| w[0])
}

/// Words of a group of factors for a block of draws, on any machine.
#[inline(always)]
pub(crate) fn keyed_words(seed: [u32; 2], keys: &KeyGroup, block: u32) -> [Words; GROUP] {
    let of_factor = |part: &[u32; GROUP]| std::array::from_fn(|i| part[i / 4]);
    let counters = std::array::from_fn(|i| block.wrapping_mul(4) + i as u32 % 4);
    let mut words: [[u32; 4 * GROUP]; 4] =
        [counters, of_factor(&keys.area), of_factor(&keys.cell), of_factor(&keys.family)];
    philox_rounds(&mut words, seed);
    let mut out = [Lanes([0; LANES]); GROUP];
    for (factor, out) in out.iter_mut().enumerate() {
        for lane in 0..LANES {
            out.0[lane] = words[lane / 4][4 * factor + lane % 4];
        }
    }
    out
}

#[inline(always)]
fn philox_rounds<const N: usize>(words: &mut [[u32; N]; 4], mut key: [u32; 2]) {
    for _ in 0..ROUNDS {
        for lane in 0..N {
            let left = u64::from(words[0][lane]) * u64::from(MULTIPLIER[0]);
            let right = u64::from(words[2][lane]) * u64::from(MULTIPLIER[1]);
            words[0][lane] = (right >> 32) as u32 ^ words[1][lane] ^ key[0];
            words[2][lane] = (left >> 32) as u32 ^ words[3][lane] ^ key[1];
            words[1][lane] = right as u32;
            words[3][lane] = left as u32;
        }
        key[0] = key[0].wrapping_add(WEYL[0]);
        key[1] = key[1].wrapping_add(WEYL[1]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Known answers published with Random123 (file `kat_vectors`, philox4x32 10 rounds).
    #[test]
    fn philox_gives_the_published_answers() {
        assert_eq!(
            philox4x32([0; 4], [0; 2]),
            [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
        );
        assert_eq!(
            philox4x32([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            philox4x32(
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0]
            ),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn a_block_of_draws_equals_its_draws_one_by_one() {
        let key = Key::new("imitation/sector", "", "J");
        let other = Key::new("ceiling/cell", "E47000001", "J/ai");
        let seed = 0x0123_4567_89ab_cdef;
        let block = keyed_words(seed_words(seed), &KeyGroup::new(&[other, key]), 2);
        for (factor, key) in [other, key].into_iter().enumerate() {
            for lane in 0..LANES as u32 {
                let one = philox4x32(
                    [8 + lane % 4, key.area, key.cell, key.family],
                    [0x89ab_cdef, 0x0123_4567],
                );
                assert_eq!(block[factor].0[lane as usize], one[lane as usize / 4]);
            }
        }
    }

    #[test]
    fn names_hash_as_crc32_does_everywhere() {
        assert_eq!(hash("123456789"), 0xCBF4_3926);
        assert_eq!(hash(""), 0);
    }
}
