//! Vectors as arrays, for any machine and for double precision.

use super::polar::{self, Bits, Constants};
use super::{Tile, Vector, power, pull};
use crate::lanes::{LANES, Lanes, Real, Words};
use crate::normal::{self, NormalTable, ROOT_HALF_BITS};
use crate::rng::{GROUP, GroupWords};
use std::ops::{Add, Div, Mul, Sub};

macro_rules! lane_by_lane {
    ($($operator:ident $name:ident $sign:tt),*) => {$(
        impl<F: Real> $operator for Lanes<F> {
            type Output = Self;
            #[inline(always)]
            fn $name(self, other: Self) -> Self {
                Self::from_fn(|i| self.0[i] $sign other.0[i])
            }
        }
    )*};
}
lane_by_lane!(Add add +, Sub sub -, Mul mul *, Div div /);

/// Multiplies and adds with one rounding, as the other levels do, so that all give the same
/// answer. Where the machine cannot be relied on to fuse, in double precision, which holds the
/// product in full: a second rounding then moves a last digit in one of some 10⁹ results.
#[inline(always)]
fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(any(target_arch = "aarch64", target_feature = "fma")) {
        a.mul_add(b, c)
    } else {
        (f64::from(a) * f64::from(b) + f64::from(c)) as f32
    }
}

/// What does not depend on the precision.
macro_rules! in_either_precision {
    ($real:ty) => {
        type Real = $real;
        const LANES: usize = LANES;
        const TILE: Tile = Tile { rows: 2, columns: 1 };

        #[inline(always)]
        fn splat(value: $real) -> Self {
            Lanes([value; LANES])
        }
        #[inline(always)]
        fn load(numbers: &[$real]) -> Self {
            Lanes(numbers.as_chunks().0[0])
        }
        #[inline(always)]
        fn lanes(self) -> Self {
            self
        }
        #[inline(always)]
        fn min(self, other: Self) -> Self {
            Self::from_fn(|i| self.0[i].lesser(other.0[i]))
        }
        #[inline(always)]
        fn max(self, other: Self) -> Self {
            Self::from_fn(|i| self.0[i].greater(other.0[i]))
        }
        #[inline(always)]
        fn at_most(self, other: Self) -> Self {
            Self::from_fn(|i| if self.0[i] <= other.0[i] { 1.0 } else { 0.0 })
        }
    };
}

/// Where the words and the number of a draw of a factor are: counter of the radius, word, and
/// whether it is the second of its pair.
#[inline(always)]
fn place(lane: usize) -> (usize, usize, usize) {
    (lane / 8 * 2, lane % 4, lane / 4 % 2)
}

impl Vector for Lanes<f32> {
    in_either_precision!(f32);

    #[inline(always)]
    fn sqrt(self) -> Self {
        self.map(f32::sqrt)
    }
    #[inline(always)]
    fn pull(self) -> Self {
        pull::single(self)
    }
    /// Eight pairs of each of two factors.
    #[inline(always)]
    fn polar(words: &GroupWords, out: &mut [Self; GROUP]) {
        for (two, out) in out.as_chunks_mut::<2>().0.iter_mut().enumerate() {
            let of_pair = |second: usize| {
                Self::from_fn(|i| {
                    f32::from_bits(words[i / 4 % 2 * 2 + second][2 * two + i / 8][i % 4])
                })
            };
            let [pair] = polar::pairs(&Constants::new(), [of_pair(0)], [of_pair(1)]);
            for (factor, out) in out.iter_mut().enumerate() {
                *out = Self::from_fn(|lane| {
                    let (counter, word, second) = place(lane);
                    pair[second].0[8 * factor + 2 * counter + word]
                });
            }
        }
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        Self::from_fn(|i| multiply_add(self.0[i], factor.0[i], addend.0[i]))
    }
    #[inline(always)]
    fn exp2(self) -> Self {
        let (series, shifted) = power::parts(self);
        series * Self::from_fn(|i| f32::from_bits(shifted.0[i].to_bits() << 23))
    }
    #[inline(always)]
    fn normals(table: &NormalTable, words: &Words) -> Self {
        Self::from_fn(|i| table.quantile(words.0[i], multiply_add))
    }
}

impl Bits for Lanes<f32> {
    #[inline(always)]
    fn upper(words: Self) -> Self {
        words.map(|word| (word.to_bits() >> 1) as i32 as f32)
    }
    #[inline(always)]
    fn signed_upper(words: Self) -> Self {
        words.map(|word| (word.to_bits() as i32 >> 1) as f32)
    }
    #[inline(always)]
    fn turned(self, words: Self) -> Self {
        Self::from_fn(|i| f32::from_bits(self.0[i].to_bits() ^ words.0[i].to_bits() << 31))
    }
    #[inline(always)]
    fn parts(self) -> [Self; 2] {
        let shifted = |x: f32| x.to_bits().wrapping_sub(ROOT_HALF_BITS + (31 << 23));
        [
            self.map(|x| (shifted(x) as i32 >> 23) as f32),
            self.map(|x| f32::from_bits((shifted(x) & 0x007F_FFFF) + ROOT_HALF_BITS)),
        ]
    }
}

impl Vector for Lanes<f64> {
    in_either_precision!(f64);

    #[inline(always)]
    fn sqrt(self) -> Self {
        self.map(f64::sqrt)
    }
    fn pull(self) -> Self {
        self.map(pull::double)
    }
    fn polar(words: &GroupWords, out: &mut [Self; GROUP]) {
        for (factor, out) in out.iter_mut().enumerate() {
            *out = Self::from_fn(|lane| {
                let (counter, word, second) = place(lane);
                let [radius, angle] = [0, 1].map(|i| words[counter + i][factor][word]);
                normal::polar(radius, angle)[second]
            });
        }
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        Self::from_fn(|i| self.0[i] * factor.0[i] + addend.0[i])
    }
    #[inline(always)]
    fn exp2(self) -> Self {
        self.map(f64::exp2)
    }
    #[inline(always)]
    fn normals(_: &NormalTable, words: &Words) -> Self {
        Self::from_fn(|i| normal::exact(words.0[i]))
    }
}
