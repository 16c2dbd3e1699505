//! Arithmetic on the draws of a part of a block at once, in a register of each instruction set.
//!
//! The model is written once against [`Vector`]. Every level multiplies and adds with one
//! rounding, step for step alike, so that all give the same answer.

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod aes;
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
mod pull;

use crate::lanes::{LANES, Lanes, Real, Words};
use crate::normal::NormalTable;
use crate::rng::{GROUP, Generator, GroupWords, KeyGroup};
use crate::simd::{self, Level, Work};
use std::ops::{Add, Div, Mul, Sub};

/// Numbers of the narrowest vector.
pub(crate) const LEAST_LANES: usize = 8;

/// Columns of the widest tile.
pub(crate) const MOST_COLUMNS: usize = 4;

/// How many weighted sums the registers hold while they are built: rows × columns vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// Areas whose sums are built together.
    pub rows: usize,
    /// Technologies whose sums are built together.
    pub columns: usize,
}

/// Numbers, one for each draw of a part of a block: all sixteen, or eight.
pub trait Vector:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + 'static
{
    /// Precision of each number.
    type Real: Real;
    /// How many.
    const LANES: usize;
    /// Largest tile that fits the registers.
    const TILE: Tile;

    /// The same value in every lane.
    fn splat(value: Self::Real) -> Self;
    /// From the first of some numbers.
    ///
    /// # Panics
    /// If there are fewer.
    fn load(numbers: &[Self::Real]) -> Self;
    /// To the first of so many; the rest is of no account.
    fn lanes(self) -> Lanes<Self::Real>;
    /// `self · factor + addend`.
    fn mul_add(self, factor: Self, addend: Self) -> Self;
    /// Smaller of two.
    fn min(self, other: Self) -> Self;
    /// Larger of two.
    fn max(self, other: Self) -> Self;
    /// Square root of numbers that are not negative.
    fn sqrt(self) -> Self;
    /// 2 to the power of each number; 0 below −127, infinite from 128 on.
    fn exp2(self) -> Self;
    /// 1 where `self ≤ other`, else 0.
    fn at_most(self, other: Self) -> Self;
    /// ψ(y) = −y ln y / (1 − y) with ψ(y ≤ 0) = 0 and ψ(y ≥ 1) = 1: the pull of adopters on the
    /// curve of Gompertz.
    ///
    /// Replacing y by ψ(y) in the hazard turns the logistic into the Gompertz curve; ψ rises
    /// with y and its elasticity is at most 1, so every bound and monotonicity still holds.
    fn pull(self) -> Self;
    /// Standard normal numbers of a group of factors from their words; see [`crate::rng`].
    fn polar(words: &GroupWords, out: &mut [Self; GROUP]);
    /// Standard normal quantiles at (word + ½) / 2³² of the first words.
    fn normals(table: &NormalTable, words: &Words) -> Self;

    /// Standard normal numbers of a group of keyed factors for a part of a block.
    #[inline(always)]
    fn keyed_normals(generator: &Generator, keys: &KeyGroup, part: u32, out: &mut [Self; GROUP]) {
        let mut words: GroupWords = [[[0; 4]; GROUP]; LANES / 4];
        let counters = Self::LANES / 4;
        group_words(generator, keys, part * counters as u32, &mut words[..counters]);
        Self::polar(&words, out);
    }

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
    /// Each number through `f`, for what no instruction does.
    #[inline(always)]
    fn through(self, f: impl FnOnce(&mut [Self::Real])) -> Self {
        let mut lanes = self.lanes();
        f(&mut lanes.0[..Self::LANES]);
        Self::load(&lanes.0)
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

/// Words of a group of factors for `out.len()` counters.
#[inline(always)]
fn group_words(generator: &Generator, keys: &KeyGroup, counter: u32, out: &mut [KeyGroup]) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    aes::group(generator, keys, counter, out);
    #[cfg(any(not(target_arch = "x86_64"), miri))]
    generator.group(keys, counter, out);
}

/// Σ coefficient xⁿ, highest power first: even and odd powers apart, for a chain half as long.
#[inline(always)]
fn polynomials<V: Vector<Real = f32>, const N: usize, const TERMS: usize>(
    x: [V; N],
    coefficients: &[V; TERMS],
) -> [V; N] {
    let mut square = x;
    for i in 0..N {
        square[i] = x[i] * x[i];
    }
    let mut sums = [[coefficients[0]; N], [coefficients[1]; N]];
    for term in 2..TERMS {
        for i in 0..N {
            sums[term % 2][i] = sums[term % 2][i].mul_add(square[i], coefficients[term]);
        }
    }
    // The last of them has no power.
    let mut out = x;
    for i in 0..N {
        out[i] = sums[TERMS % 2][i].mul_add(x[i], sums[1 - TERMS % 2][i]);
    }
    out
}

/// Each number in every lane of a vector.
#[inline(always)]
fn splats<V: Vector<Real = f32>, const N: usize>(numbers: &[f32; N]) -> [V; N] {
    let mut out = [V::zero(); N];
    for i in 0..N {
        out[i] = V::splat(numbers[i]);
    }
    out
}

/// Standard normal numbers in pairs by the transformation of Box and Muller (1958), in single
/// precision, shared by all levels; [`crate::normal::polar`] has it in double precision.
mod polar {
    use super::{Vector, polynomials, splats};

    /// −2 ln(1 + t) / t on √½ − 1 … √2 − 1, relative error 6e-8.
    pub(super) const LOGARITHM: [f32; 9] = [
        -1.744_471_3e-1,
        2.873_369e-1,
        -2.990_453_2e-1,
        3.312_478_7e-1,
        -3.991_366_6e-1,
        5.000_415e-1,
        -6.666_837_3e-1,
        9.999_997_6e-1,
        -2.0,
    ];
    /// sin(π/2 √y) / √y on 0 … 1, relative error 4e-8.
    const SINE: [f32; 5] =
        [1.514_851_3e-4, -4.673_766_4e-3, 7.968_968e-2, -6.459_637e-1, 1.570_796_4];
    /// cos(π/2 √y) on 0 … 1, error 8e-8.
    const COSINE: [f32; 5] =
        [8.581_906_4e-4, -2.081_062_8e-2, 2.536_507_5e-1, -1.233_698_2, 0.999_999_94];

    /// Coefficients of all three, and numbers that go with them.
    pub struct Constants<T> {
        pub logarithm: [T; 9],
        pub sine: [T; 5],
        pub cosine: [T; 5],
        pub half: T,
        pub one: T,
        pub whole: T,
        pub step: T,
        pub half_step: T,
    }

    pub const CONSTANTS: Constants<f32> = Constants {
        logarithm: LOGARITHM,
        sine: SINE,
        cosine: COSINE,
        half: 0.5,
        one: 1.0,
        whole: -2.0 * std::f32::consts::LN_2,
        step: 1.0 / (1u32 << 30) as f32,
        half_step: 1.0 / (1u32 << 31) as f32,
    };

    impl<V: Vector<Real = f32>> Constants<V> {
        /// In every lane.
        #[inline(always)]
        pub fn new() -> Self {
            Constants {
                logarithm: splats(&CONSTANTS.logarithm),
                sine: splats(&CONSTANTS.sine),
                cosine: splats(&CONSTANTS.cosine),
                half: V::splat(CONSTANTS.half),
                one: V::splat(CONSTANTS.one),
                whole: V::splat(CONSTANTS.whole),
                step: V::splat(CONSTANTS.step),
                half_step: V::splat(CONSTANTS.half_step),
            }
        }
    }

    /// What single-precision numbers are made of.
    pub trait Bits: Vector<Real = f32> {
        /// The upper 31 bits of words as a number.
        fn upper(words: Self) -> Self;
        /// The same with a sign.
        fn signed_upper(words: Self) -> Self;
        /// The sign turned where the lowest bit of a word is set.
        fn turned(self, words: Self) -> Self;
        /// e and m of positive numbers m · 2ᵉ⁺³¹, m from √½ to √2.
        fn parts(self) -> [Self; 2];
    }

    /// Pairs of normal numbers from words for their radius and words for their angle, side by side
    /// so that constants are read once for all.
    #[inline(always)]
    pub fn pairs<V: Bits, const N: usize>(
        constants: &Constants<V>,
        radius: [V; N],
        angle: [V; N],
    ) -> [[V; 2]; N] {
        let Constants { half, one, whole, step, half_step, .. } = *constants;
        let mut out = [[V::zero(); 2]; N];
        let [mut exponent, mut t] = [[V::zero(); N]; 2];
        // The radius is √(−2 ln u) at u = (upper + ½) / 2³¹.
        for i in 0..N {
            let [e, mantissa] = (V::upper(radius[i]) + half).parts();
            (exponent[i], t[i]) = (e, mantissa - one);
        }
        let mut size = polynomials(t, &constants.logarithm);
        for i in 0..N {
            size[i] = size[i].mul_add(t[i], exponent[i] * whole).sqrt().turned(angle[i]);
        }
        // Within a quarter of a turn either way; the lowest bit of the angle turned by a half.
        let [mut s, mut y] = [[V::zero(); N]; 2];
        for i in 0..N {
            s[i] = V::signed_upper(angle[i]).mul_add(step, half_step);
            y[i] = s[i] * s[i];
        }
        let (cosine, sine) = (polynomials(y, &constants.cosine), polynomials(y, &constants.sine));
        for i in 0..N {
            out[i] = [size[i] * cosine[i], size[i] * (sine[i] * s[i])];
        }
        out
    }
}

/// 2ˣ in single precision but for its exponent, shared by all levels.
mod power {
    use super::{Vector, polynomials, splats};

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
        let [series] = polynomials([r], &splats(&SERIES));
        (series, shifted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::LANES;
    use crate::rng::{Key, key_group};

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
                    x.0.into_iter().flat_map(|x| {
                        let y = V::splat(x).exp2().lanes();
                        y.0.into_iter().take(V::LANES).map(move |y| (x, y))
                    })
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

    /// Normal numbers of chosen words, and of keyed factors draw by draw, at one level.
    struct Numbers;
    impl Work for Numbers {
        type Real = f32;
        type Output = (Vec<(u32, f32)>, Vec<f32>);
        #[inline(always)]
        fn run<V: Vector<Real = f32>>(self) -> Self::Output {
            let (mut quantiles, mut keyed) = (Vec::new(), vec![0.0; GROUP * DRAWS]);
            for i in 0..1u32 << 12 {
                let words = Lanes(std::array::from_fn(|lane| {
                    i * 0x0010_0001 + lane as u32 % V::LANES as u32
                }));
                let normals = V::normals(NormalTable::get(), &words).lanes();
                quantiles.extend(words.0.into_iter().zip(normals.0).take(8));
            }
            let (generator, keys) = (Generator::new(12), keys());
            for part in 0..DRAWS / V::LANES {
                let mut normals = [V::zero(); GROUP];
                V::keyed_normals(&generator, &keys, part as u32, &mut normals);
                for (row, normals) in keyed.chunks_mut(DRAWS).zip(normals) {
                    let to = &mut row[part * V::LANES..][..V::LANES];
                    to.copy_from_slice(&normals.lanes().0[..V::LANES]);
                }
            }
            (quantiles, keyed)
        }
    }

    const DRAWS: usize = 1 << 13;

    fn keys() -> KeyGroup {
        key_group(&["a", "b", "c", "d", "e"].map(|n| Key::new("test", n, "x/y")))
    }

    #[test]
    fn every_level_draws_the_same_normals() {
        let portable = simd::at(Level::PORTABLE, Numbers);
        for level in Level::available() {
            let got = simd::at(level, Numbers);
            for (word, z) in &got.0 {
                let exact = crate::normal::exact(*word);
                assert!((f64::from(*z) - exact).abs() <= 6e-7 * exact.abs(), "{level:?} {word}");
            }
            assert!(got == portable, "{level:?}");
        }
    }

    #[test]
    fn a_number_follows_from_its_key_and_draw_alone() {
        let (generator, keys) = (Generator::new(12), keys());
        let (_, single) = simd::at(Level::PORTABLE, Numbers);
        for (factor, [_, area, cell, family]) in keys.into_iter().enumerate() {
            for draw in 0..DRAWS {
                let [radius, angle] = [0, 1].map(|second| {
                    let counter = (draw / 8 * 2 + second) as u32;
                    generator.words([counter, area, cell, family])[draw % 4]
                });
                let exact = crate::normal::polar(radius, angle)[draw / 4 % 2];
                let found = f64::from(single[factor * DRAWS + draw]);
                assert!((found - exact).abs() < 1e-6, "{draw}: {found} {exact}");
            }
        }
    }

    /// Pairs of chosen words at one level.
    struct Pairs;
    impl Work for Pairs {
        type Real = f32;
        type Output = Vec<[f32; GROUP]>;
        #[inline(always)]
        fn run<V: Vector<Real = f32>>(self) -> Self::Output {
            let edges = [0, 1, 2, 3, 1 << 30, 1 << 31, u32::MAX - 1, u32::MAX];
            let mut out = Vec::new();
            for radius in edges {
                for angle in edges {
                    let words = std::array::from_fn(|i| [[[radius, angle][i % 2]; 4]; GROUP]);
                    let mut normals = [V::zero(); GROUP];
                    V::polar(&words, &mut normals);
                    out.push(normals.map(|normals| normals.lanes().0[0]));
                }
            }
            out
        }
    }

    #[test]
    fn no_word_gives_anything_but_a_number_within_reach() {
        let portable = simd::at(Level::PORTABLE, Pairs);
        assert!(portable.iter().flatten().all(|z| z.abs() < 6.7));
        assert!(portable.iter().flatten().any(|z| z.abs() > 6.6));
        for level in Level::available() {
            assert!(simd::at(level, Pairs) == portable, "{level:?}");
        }
    }
}
