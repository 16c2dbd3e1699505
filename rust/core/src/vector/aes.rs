//! Rounds of AES by the instructions of the processor, at whatever level the rest is worked.

use super::bits::bits;
use crate::rng::{GROUP, Generator, KeyGroup};
use std::arch::x86_64::*;

/// As [`Generator::group`].
#[inline]
pub(super) fn group(generator: &Generator, keys: &KeyGroup, counter: u32, out: &mut [KeyGroup]) {
    if is_x86_feature_detected!("vaes") && is_x86_feature_detected!("avx2") {
        // SAFETY: the machine was just seen to have them.
        unsafe { in_pairs(generator, keys, counter, out) }
    } else if is_x86_feature_detected!("aes") && is_x86_feature_detected!("sse2") {
        // SAFETY: as above.
        unsafe { one_by_one(generator, keys, counter, out) }
    } else {
        generator.group(keys, counter, out);
    }
}

/// Two blocks in a register.
#[target_feature(enable = "vaes,avx2")]
fn in_pairs(generator: &Generator, keys: &KeyGroup, counter: u32, out: &mut [KeyGroup]) {
    let keys = bits!(*keys, KeyGroup => [__m256i; GROUP / 2]);
    let [first, rounds @ ..] = &generator.keys;
    for (out, counter) in out.iter_mut().zip(counter..) {
        let start = [counter ^ first[0], first[1], first[2], first[3]];
        let start = bits!([start; 2], [[u32; 4]; 2] => __m256i);
        let mut state = keys;
        for state in &mut state {
            *state = _mm256_xor_si256(*state, start);
        }
        for key in rounds {
            let key = bits!([*key; 2], [[u32; 4]; 2] => __m256i);
            for state in &mut state {
                *state = _mm256_aesenc_epi128(*state, key);
            }
        }
        *out = bits!(state, [__m256i; GROUP / 2] => KeyGroup);
    }
}

/// One block in a register.
#[target_feature(enable = "aes,sse2")]
fn one_by_one(generator: &Generator, keys: &KeyGroup, counter: u32, out: &mut [KeyGroup]) {
    let keys = bits!(*keys, KeyGroup => [__m128i; GROUP]);
    let [first, rounds @ ..] = &generator.keys;
    for (out, counter) in out.iter_mut().zip(counter..) {
        let start = [counter ^ first[0], first[1], first[2], first[3]];
        let start = bits!(start, [u32; 4] => __m128i);
        let mut state = keys;
        for state in &mut state {
            *state = _mm_xor_si128(*state, start);
        }
        for key in rounds {
            let key = bits!(*key, [u32; 4] => __m128i);
            for state in &mut state {
                *state = _mm_aesenc_si128(*state, key);
            }
        }
        *out = bits!(state, [__m128i; GROUP] => KeyGroup);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Key, key_group};

    #[test]
    fn instructions_give_the_words_of_the_tables() {
        let generator = Generator::new(0x0123_4567_89ab_cdef);
        let keys = key_group(&["a", "b", "c", "d", "e"].map(|n| Key::new("test", n, "x/y")));
        let zero = [[[0; 4]; GROUP]; 3];
        for counter in [0, 5, u32::MAX - 3] {
            let (mut expected, mut found) = (zero, zero);
            generator.group(&keys, counter, &mut expected);
            if is_x86_feature_detected!("vaes") && is_x86_feature_detected!("avx2") {
                // SAFETY: the machine was just seen to have them.
                unsafe { in_pairs(&generator, &keys, counter, &mut found) };
                assert_eq!(found, expected);
            }
            if is_x86_feature_detected!("aes") {
                found = zero;
                // SAFETY: as above.
                unsafe { one_by_one(&generator, &keys, counter, &mut found) };
                assert_eq!(found, expected);
            }
        }
    }
}
