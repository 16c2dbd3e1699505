//! Keyed random numbers: a word is a pure function of (seed, what it is for, draw).
//!
//! The generator is AES-128 in counter mode, ended after seven of its ten rounds: its key is the
//! seed, and its 128-bit block holds a counter and what the number is for, so there is no stream
//! to run out of step: any draw can be recomputed alone. Processors have had an instruction for a
//! round since 2010; elsewhere tables give the same words. Salmon, Moraes, Dror and Shaw
//! ("Parallel random numbers: as easy as 1, 2, 3", SC11) found no fault in such counters from five
//! rounds on, and recommend seven.
//!
//! A block gives four words. Draws `8 e` to `8 e + 7` of a factor take the blocks of the counters
//! `2 e` and `2 e + 1`: word `i` of the first is the radius and word `i` of the second the angle
//! of two normal numbers ([`crate::normal::polar`]), those of draws `8 e + i` and `8 e + 4 + i`.

use crate::lanes::LANES;

/// Rounds of AES.
pub(crate) const ROUNDS: usize = 7;

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

    /// Block with a counter.
    pub(crate) fn block(self, counter: u32) -> Block {
        [counter, self.area, self.cell, self.family]
    }
}

/// 128 bits, lowest word first.
pub type Block = [u32; 4];

/// Factors that are drawn together: enough for their rounds to run side by side.
pub const GROUP: usize = 8;

/// Blocks of factors that are drawn together, with counter 0.
pub type KeyGroup = [Block; GROUP];

/// Words of a group of factors that some draws take, by counter.
pub type GroupWords = [KeyGroup; LANES / 4];

/// From at most [`GROUP`] keys.
pub fn key_group(keys: &[Key]) -> KeyGroup {
    std::array::from_fn(|i| keys.get(i).copied().unwrap_or_default().block(0))
}

/// CRC-32 (IEEE) of a name.
pub fn hash(name: &str) -> u32 {
    crc32fast::hash(name.as_bytes())
}

/// The generator of a seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generator {
    /// Keys of the rounds; the first is added to the block before them.
    pub(crate) keys: [Block; ROUNDS + 1],
}

impl Generator {
    /// Of a seed: the lower half of the key; the upper is zero.
    pub fn new(seed: u64) -> Self {
        Self::of([seed as u32, (seed >> 32) as u32, 0, 0])
    }

    /// Of a key of AES-128.
    fn of(key: Block) -> Self {
        let mut keys = [key; ROUNDS + 1];
        let mut constant = 1;
        for round in 1..=ROUNDS {
            let [a, b, c, d] = keys[round - 1];
            let turned = d.rotate_right(8).to_le_bytes().map(|byte| SUBSTITUTES[byte as usize]);
            let a = a ^ u32::from_le_bytes(turned) ^ u32::from(constant);
            keys[round] = [a, a ^ b, a ^ b ^ c, a ^ b ^ c ^ d];
            constant = doubled(constant);
        }
        Generator { keys }
    }

    /// Four words of a block, on any machine.
    pub fn words(&self, block: Block) -> Block {
        let [first, rounds @ ..] = &self.keys;
        let mut state: Block = std::array::from_fn(|i| block[i] ^ first[i]);
        for key in rounds {
            state = std::array::from_fn(|i| {
                let byte = |row: usize| state[(i + row) % 4].to_le_bytes()[row] as usize;
                ROUND[byte(0)]
                    ^ ROUND[byte(1)].rotate_left(8)
                    ^ ROUND[byte(2)].rotate_left(16)
                    ^ ROUND[byte(3)].rotate_left(24)
                    ^ key[i]
            });
        }
        state
    }

    /// Words of a group of factors for `out.len()` counters, on any machine.
    pub(crate) fn group(&self, keys: &KeyGroup, counter: u32, out: &mut [KeyGroup]) {
        for (out, counter) in out.iter_mut().zip(counter..) {
            for (words, key) in out.iter_mut().zip(keys) {
                *words = self.words([counter, key[1], key[2], key[3]]);
            }
        }
    }
}

/// Twice a byte in the field of AES.
const fn doubled(byte: u8) -> u8 {
    (byte << 1) ^ ((byte >> 7) * 0x1b)
}

/// What AES puts in the place of a byte: its inverse in the field, turned and added up.
const SUBSTITUTES: [u8; 256] = {
    let mut out = [0x63; 256];
    // 3 generates the field: as one goes up its powers, the other goes down.
    let (mut up, mut down) = (1u8, 1u8);
    loop {
        up ^= doubled(up);
        // Divided by 3.
        down ^= down << 1;
        down ^= down << 2;
        down ^= down << 4;
        down ^= (down >> 7) * 0x09;
        out[up as usize] = 0x63
            ^ down
            ^ down.rotate_left(1)
            ^ down.rotate_left(2)
            ^ down.rotate_left(3)
            ^ down.rotate_left(4);
        if up == 1 {
            break out;
        }
    }
};

/// What a byte of the first row does to its column in a round: 2, 1, 1, 3 times its substitute.
const ROUND: [u32; 256] = {
    let mut out = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let (one, two) = (SUBSTITUTES[byte], doubled(SUBSTITUTES[byte]));
        out[byte] = u32::from_le_bytes([two, one, one, two ^ one]);
        byte += 1;
    }
    out
};

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Block {
        std::array::from_fn(|i| {
            u32::from_str_radix(&hex[8 * i..8 * i + 8], 16).unwrap().swap_bytes()
        })
    }

    /// FIPS 197, appendix C.1: the state at the start of round 8, which is what seven rounds give.
    #[test]
    fn seven_rounds_give_the_published_state() {
        let generator = Generator::of(bytes("000102030405060708090a0b0c0d0e0f"));
        assert_eq!(
            generator.words(bytes("00112233445566778899aabbccddeeff")),
            bytes("d1876c0f79c4300ab45594add66ff41f")
        );
    }

    /// FIPS 197, appendix A.1: keys of the rounds; appendix B: state at the start of round 8.
    #[test]
    fn keys_of_the_rounds_are_the_published_ones() {
        let generator = Generator::of(bytes("2b7e151628aed2a6abf7158809cf4f3c"));
        assert_eq!(generator.keys[1], bytes("a0fafe1788542cb123a339392a6c7605"));
        assert_eq!(generator.keys[7], bytes("4e54f70e5f5fc9f384a64fb24ea6dc4f"));
        assert_eq!(
            generator.words(bytes("3243f6a8885a308d313198a2e0370734")),
            bytes("5a4142b11949dc1fa3e019657a8c040c")
        );
    }

    #[test]
    fn names_hash_as_crc32_does_everywhere() {
        assert_eq!(hash("123456789"), 0xCBF4_3926);
        assert_eq!(hash(""), 0);
    }
}
