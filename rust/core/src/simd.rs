//! One generic body, compiled for each instruction set and chosen when a run starts.
//!
//! No level fuses multiplications with additions, so all give the same bits.

use crate::lanes::Lanes;
use crate::model::{Model, Scratch};
use crate::normal::Normal;

/// An instruction set the block simulation is compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// 512-bit vectors.
    Avx512,
    /// 256-bit vectors.
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
            }
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => is_x86_feature_detected!("avx2"),
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

/// Simulates one block at a level.
pub fn simulate<F: Normal>(
    level: Level,
    model: &Model<F>,
    block: u32,
    scratch: &mut Scratch<F>,
    out: &mut [Lanes<F>],
) {
    match level {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a level reaches here only through `best` or `named`, which detect it.
        Level::Avx512 => unsafe { simulate_avx512(model, block, scratch, out) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Level::Avx2 => unsafe { simulate_avx2(model, block, scratch, out) },
        _ => model.simulate::<false>(block, scratch, out),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn simulate_avx512<F: Normal>(
    model: &Model<F>,
    block: u32,
    scratch: &mut Scratch<F>,
    out: &mut [Lanes<F>],
) {
    model.simulate::<true>(block, scratch, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn simulate_avx2<F: Normal>(
    model: &Model<F>,
    block: u32,
    scratch: &mut Scratch<F>,
    out: &mut [Lanes<F>],
) {
    model.simulate::<false>(block, scratch, out);
}
