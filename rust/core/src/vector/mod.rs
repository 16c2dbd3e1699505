//! Arithmetic on sixteen draws at once, in the registers of each instruction set.
//!
//! The model is written once against [`Vector`]. Every level multiplies and adds with one
//! rounding, step for step alike, so that all give the same answer.

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod avx2;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod avx512;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod bits;
mod portable;

use crate::lanes::{Lanes, Real, Words};
use crate::normal::NormalTable;
use crate::rng::{GROUP, KeyGroup};
use crate::simd::{self, Level, Work};
use std::ops::{Add, Div, Mul, Sub};

/// How many weighted sums the registers hold while they are built: rows × columns vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// Areas whose sums are built together.
    pub rows: usize,
    /// Technologies whose sums are built together.
    pub columns: usize,
}

/// Sixteen numbers, one for each draw of a block.
pub trait Vector:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + 'static
{
    /// Precision of each number.
    type Real: Real;
    /// Largest tile that fits the registers.
    const TILE: Tile;

    /// The same value in every lane.
    fn splat(value: Self::Real) -> Self;
    /// From memory.
    fn load(lanes: &Lanes<Self::Real>) -> Self;
    /// To memory.
    fn lanes(self) -> Lanes<Self::Real>;
    /// `self · factor + addend`.
    fn mul_add(self, factor: Self, addend: Self) -> Self;
    /// Smaller of two.
    fn min(self, other: Self) -> Self;
    /// Larger of two.
    fn max(self, other: Self) -> Self;
    /// 2 to the power of each number; 0 below −127, infinite from 128 on.
    fn exp2(self) -> Self;
    /// 1 where `self ≤ other`, else 0.
    fn at_most(self, other: Self) -> Self;
    /// Standard normal numbers of a group of keyed factors; see [`crate::rng`].
    fn keyed_normals(
        table: &NormalTable,
        seed: [u32; 2],
        keys: &KeyGroup,
        block: u32,
    ) -> [Self; GROUP];
    /// Standard normal quantiles at (word + ½) / 2³².
    fn normals(table: &NormalTable, words: &Words) -> Self;

    /// Zero in every lane.
    #[inline(always)]
    fn zero() -> Self {
        Self::splat(Self::Real::ZERO)
    }
    /// One in every lane.
    #[inline(always)]
    fn one() -> Self {
        Self::splat(Self::Real::ONE)
    }
    /// The nearest value to a double in every lane.
    #[inline(always)]
    fn of(value: f64) -> Self {
        Self::splat(Self::Real::of(value))
    }
    /// `self · factor`.
    #[inline(always)]
    fn scaled(self, factor: Self::Real) -> Self {
        self * Self::splat(factor)
    }
    /// `self + scale · other`.
    #[inline(always)]
    fn add_scaled(self, scale: Self::Real, other: Self) -> Self {
        other.mul_add(Self::splat(scale), self)
    }
    /// Lane by lane through `f`, for what no instruction does.
    #[inline(always)]
    fn map(self, f: impl Fn(Self::Real) -> Self::Real) -> Self {
        Self::load(&self.lanes().map(f))
    }
}

/// A precision, and the vectors that hold it at each level.
pub trait Precision: Real {
    /// Does work at a level.
    fn at<W: Work<Real = Self>>(level: Level, work: W) -> W::Output;
}

/// No registers hold doubles: the compiler makes what it can of arrays.
impl Precision for f64 {
    fn at<W: Work<Real = Self>>(level: Level, work: W) -> W::Output {
        simd::dispatch::<Lanes<f64>, Lanes<f64>, Lanes<f64>, W>(level, work)
    }
}

impl Precision for f32 {
    fn at<W: Work<Real = Self>>(level: Level, work: W) -> W::Output {
        #[cfg(target_arch = "x86_64")]
        return simd::dispatch::<avx512::Avx512, avx2::Avx2, Lanes<f32>, W>(level, work);
        #[cfg(not(target_arch = "x86_64"))]
        simd::dispatch::<Lanes<f32>, Lanes<f32>, Lanes<f32>, W>(level, work)
    }
}

/// 2ˣ in single precision but for its exponent, shared by all levels.
mod power {
    use super::Vector;

    /// Adding it leaves the nearest whole number, and the exponent's offset, in the low bits.
    const SHIFT: f32 = 12_582_912.0 + 127.0;
    const LEAST: f32 = -127.0;
    const MOST: f32 = 128.0;
    /// Minimax of 2ʳ on −½…½, highest power first (Remez, relative error 2e-9).
    const SERIES: [f32; 7] = [
        1.534_581_2e-4,
        1.339_993_1e-3,
        9.618_489e-3,
        5.550_328_6e-2,
        2.402_264_6e-1,
        std::f32::consts::LN_2,
        1.0,
    ];

    /// 2 to the power of what is left of x beside the nearest whole number, and a number whose
    /// lowest eight bits are the exponent of the whole one.
    #[inline(always)]
    pub fn parts<V: Vector<Real = f32>>(x: V) -> (V, V) {
        let x = x.max(V::splat(LEAST)).min(V::splat(MOST));
        let shifted = x + V::splat(SHIFT);
        let r = x - (shifted - V::splat(SHIFT));
        let mut series = V::splat(SERIES[0]);
        for coefficient in &SERIES[1..] {
            series = series.mul_add(r, V::splat(*coefficient));
        }
        (series, shifted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::LANES;
    use crate::rng::{Key, keyed_words};

    /// 2ˣ of a range of numbers at one level.
    struct Powers;
    impl Work for Powers {
        type Real = f32;
        type Output = Vec<(f32, f32)>;
        #[inline(always)]
        fn run<V: Vector<Real = f32>>(self) -> Self::Output {
            (-2080..2080)
                .flat_map(|i| {
                    let x =
                        Lanes::from_fn(|lane| (i * LANES as i32 + lane as i32) as f32 * 0.00379);
                    let y = V::load(&x).exp2().lanes();
                    x.0.into_iter().zip(y.0)
                })
                .collect()
        }
    }

    #[test]
    fn powers_of_two_are_right_at_every_level() {
        for level in Level::available() {
            for (x, y) in simd::at(level, Powers) {
                let exact = f64::from(x).exp2();
                assert!((f64::from(y) / exact - 1.0).abs() < 1.5e-7, "{level:?}: 2^{x} = {y}");
            }
        }
    }

    struct Ends;
    impl Work for Ends {
        type Real = f32;
        type Output = [f32; 4];
        #[inline(always)]
        fn run<V: Vector<Real = f32>>(self) -> Self::Output {
            let at = |x: f32| V::splat(x).exp2().lanes().0[3];
            let one_over_more = (V::one() / (V::one() + V::splat(f32::INFINITY))).lanes().0[3];
            [at(f32::NEG_INFINITY), at(-1000.0), at(f32::INFINITY), one_over_more]
        }
    }

    #[test]
    fn powers_of_two_end_in_zero_and_infinity() {
        for level in Level::available() {
            assert_eq!(simd::at(level, Ends), [0.0, 0.0, f32::INFINITY, 0.0], "{level:?}");
        }
    }

    /// Normal numbers of keyed blocks and of chosen words at one level.
    struct Numbers;
    impl Work for Numbers {
        type Real = f32;
        type Output = Vec<(u32, f32)>;
        #[inline(always)]
        fn run<V: Vector<Real = f32>>(self) -> Self::Output {
            let keys = KeyGroup::new(&["a", "b", "c", "d"].map(|n| Key::new("test", n, "x/y")));
            let table = NormalTable::get();
            let mut out = Vec::new();
            for block in 0..2000 {
                let normals = V::keyed_normals(table, [1, 2], &keys, block);
                for (words, normals) in keyed_words([1, 2], &keys, block).iter().zip(normals) {
                    out.extend(words.0.into_iter().zip(normals.lanes().0));
                }
            }
            for i in 0..1u32 << 12 {
                let words = Lanes(std::array::from_fn(|lane| i * 0x0010_0001 + lane as u32));
                out.extend(words.0.into_iter().zip(V::normals(table, &words).lanes().0));
            }
            out
        }
    }

    #[test]
    fn every_level_draws_the_normals_of_the_same_words() {
        let portable = simd::at(Level::PORTABLE, Numbers);
        for level in Level::available() {
            let got = simd::at(level, Numbers);
            for (word, z) in &got {
                let exact = crate::normal::exact(*word);
                assert!((f64::from(*z) - exact).abs() <= 6e-7 * exact.abs(), "{level:?} {word}");
            }
            assert!(got == portable, "{level:?}");
        }
    }
}
