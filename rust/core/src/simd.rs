//! One generic body, compiled for each instruction set and chosen when a run starts.
//!
//! What a level can do is in [`crate::vector`].

use crate::vector::{Precision, Vector};

/// An instruction set the block simulation is compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// 512-bit vectors.
    Avx512,
    /// 256-bit vectors and fused multiplication and addition.
    Avx2,
    /// What every machine of the architecture has.
    Portable,
}

impl Level {
    /// Every level, best first, with its name in `GAINSMODEL_SIMD` and in manifests.
    pub const NAMES: [(Level, &'static str); 3] =
        [(Level::Avx512, "avx512"), (Level::Avx2, "avx2"), (Level::Portable, "portable")];

    /// Name of this level.
    pub fn name(self) -> &'static str {
        Self::NAMES[Self::NAMES.iter().position(|(level, _)| *level == self).unwrap_or(2)].1
    }

    /// Whether this machine has it.
    pub fn available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                    && Level::Avx2.available()
            }
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(not(target_arch = "x86_64"))]
            Level::Avx512 | Level::Avx2 => false,
            Level::Portable => true,
        }
    }

    /// The best level this machine has.
    pub fn best() -> Self {
        let available = Self::NAMES.into_iter().map(|(level, _)| level).find(|l| l.available());
        available.unwrap_or(Level::Portable)
    }

    /// The level of a name, if it exists and this machine has it.
    pub fn named(name: &str) -> Option<Self> {
        let (level, _) = Self::NAMES.into_iter().find(|(_, n)| *n == name)?;
        level.available().then_some(level)
    }
}

/// Work that is compiled anew for each instruction set.
pub trait Work {
    /// Precision it is done in.
    type Real: Precision;
    /// What it gives.
    type Output;
    /// Does it with the vectors of a level. Must be inlined to be of any use.
    fn run<V: Vector<Real = Self::Real>>(self) -> Self::Output;
}

/// Does work at a level.
pub fn at<W: Work>(level: Level, work: W) -> W::Output {
    match level {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a level reaches here only through `best` or `named`, which detect it.
        Level::Avx512 => unsafe { at_avx512(work) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Level::Avx2 => unsafe { at_avx2(work) },
        _ => work.run::<<W::Real as Precision>::Portable>(),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
fn at_avx512<W: Work>(work: W) -> W::Output {
    work.run::<<W::Real as Precision>::Wide>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn at_avx2<W: Work>(work: W) -> W::Output {
    work.run::<<W::Real as Precision>::Medium>()
}
