//! Vectors as arrays, for any machine and for double precision.

use super::{Tile, Vector, power};
use crate::lanes::{LANES, Lanes, Real, Words};
use crate::normal::{self, NormalTable};
use crate::rng::{self, GROUP, KeyGroup};
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
        const TILE: Tile = Tile { rows: 2, columns: 1 };

        #[inline(always)]
        fn splat(value: $real) -> Self {
            Lanes([value; LANES])
        }
        #[inline(always)]
        fn load(lanes: &Self) -> Self {
            *lanes
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
        #[inline(always)]
        fn keyed_normals(
            table: &NormalTable,
            seed: [u32; 2],
            keys: &KeyGroup,
            block: u32,
        ) -> [Self; GROUP] {
            let words = rng::keyed_words(seed, keys, block);
            let mut out = [Self::zero(); GROUP];
            for (out, words) in out.iter_mut().zip(&words) {
                *out = Self::normals(table, words);
            }
            out
        }
    };
}

impl Vector for Lanes<f32> {
    in_either_precision!(f32);

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

impl Vector for Lanes<f64> {
    in_either_precision!(f64);

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
