//! One generic body, compiled for each instruction set and chosen when a run starts.
//!
//! What a level can do is in [`crate::vector`].

use crate::vector::{Precision, Vector};

/// An instruction set the block simulation is compiled for, and that this machine has: nothing
/// but a look at the machine makes one, so that none can be asked for that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// 512-bit vectors.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// 256-bit vectors and fused multiplication and addition.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// What every machine of the architecture has.
    Portable,
}

impl Level {
    /// The level of any machine.
    pub const PORTABLE: Level = Level(Kind::Portable);

    /// The levels of this machine, best first.
    pub fn available() -> impl Iterator<Item = Level> {
        #[cfg(target_arch = "x86_64")]
        let (avx512, avx2) = {
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            let avx512 = avx2
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl");
            (avx512.then_some(Level(Kind::Avx512)), avx2.then_some(Level(Kind::Avx2)))
        };
        #[cfg(not(target_arch = "x86_64"))]
        let (avx512, avx2) = (None, None);
        [avx512, avx2, Some(Self::PORTABLE)].into_iter().flatten()
    }

    /// Name of this level in `GAINSMODEL_SIMD` and in manifests.
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "avx2",
            Kind::Portable => "portable",
        }
    }

    /// The best level this machine has.
    pub fn best() -> Self {
        Self::available().next().unwrap_or(Self::PORTABLE)
    }

    /// The level of a name, if it exists and this machine has it.
    pub fn named(name: &str) -> Option<Self> {
        Self::available().find(|level| level.name() == name)
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
    W::Real::at(level, work)
}

/// Does work with the vectors of a level, of the three that a precision has. The vectors of an
/// instruction set have no name outside [`crate::vector`]: whoever holds one came through here.
pub(crate) fn dispatch<Wide, Medium, Portable, W>(level: Level, work: W) -> W::Output
where
    W: Work,
    Wide: Vector<Real = W::Real>,
    Medium: Vector<Real = W::Real>,
    Portable: Vector<Real = W::Real>,
{
    match level.0 {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a level of this kind exists only where the machine was seen to have it.
        Kind::Avx512 => unsafe { at_avx512::<Wide, W>(work) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Kind::Avx2 => unsafe { at_avx2::<Medium, W>(work) },
        Kind::Portable => work.run::<Portable>(),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
fn at_avx512<V: Vector<Real = W::Real>, W: Work>(work: W) -> W::Output {
    work.run::<V>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn at_avx2<V: Vector<Real = W::Real>, W: Work>(work: W) -> W::Output {
    work.run::<V>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_those_of_this_machine_by_name() {
        let found: Vec<Level> = Level::available().collect();
        assert_eq!(found.last(), Some(&Level::PORTABLE));
        assert_eq!(found[0], Level::best());
        for level in &found {
            assert_eq!(Level::named(level.name()), Some(*level));
        }
        for name in ["avx512", "avx2"] {
            assert_eq!(Level::named(name).is_some(), found.iter().any(|l| l.name() == name));
        }
        assert_eq!(Level::named("avx1024"), None);
    }
}
