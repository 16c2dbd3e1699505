//! Some areas alone, within what surrounds them: a run of all areas notes what these see of the
//! adoption of the others, and runs in which the others do the same then need these alone.
//!
//! A lever in an area also moves what others adopt, and the area sees some of that again. In each
//! draw, sector, technology and year what an area sees is a + b Σ A, where Σ A is the sum of its own
//! adoption over the years before and b what others gained for each bit that levers added to that
//! in the run that took the notes. So the levers of that run, and none, are exact but for rounding;
//! others are so to the second order of spillover, which `tests/simulation/test_focus.py` measures.

use crate::error::{Error, Result};
use crate::lanes::LANES;
use crate::run::{Options, Progress, simulate};
use crate::spec::Spec;
use crate::vector::Precision;

/// Where the areas in focus are, if any.
#[derive(Debug)]
pub enum Within<'a, F> {
    /// All areas are simulated.
    All,
    /// Those in focus alone.
    Around(&'a Around<F>),
    /// All, and what those in focus see of the others is noted, so many numbers for each block;
    /// the last says what others gain by levers, where that is known.
    Noted(&'a mut [F], usize, Option<&'a Around<F>>),
}

/// What some areas see of all others in every draw.
#[derive(Debug)]
pub struct Around<F> {
    focus: Vec<usize>,
    /// Numbers of a block of draws.
    width: usize,
    /// By block, part of a block and sector, as they are noted.
    told: Vec<F>,
}

impl<F: Precision> Around<F> {
    /// Runs all areas of a specification and notes what those in its focus see of the others:
    /// with levers and without, or, where it is `known` what others gain by them, the
    /// specification as it is, which is to move none.
    ///
    /// # Errors
    /// [`Error::Spec`] if it cannot be simulated, [`Error::Cancelled`] if it was cancelled.
    pub fn observe(
        spec: &Spec,
        options: Options,
        progress: &Progress,
        known: Option<&Self>,
    ) -> Result<Self> {
        spec.check()?;
        known.map_or(Ok(()), |known| known.check(spec))?;
        let size = spec.horizon_years * spec.sectors.len() * spec.technologies.len();
        let width = 2 * size * spec.focus.len() * LANES;
        let draws = usize::try_from(spec.draws).unwrap_or(usize::MAX);
        let length = draws.div_ceil(LANES).saturating_mul(width);
        let mut told = Vec::new();
        told.try_reserve_exact(length)
            .map_err(|_| Error::spec("draws", "what surrounds the areas does not fit in memory"))?;
        told.resize(length, F::ZERO);
        let options = Options { paired: known.is_none(), quantiles: false, ..options };
        if width > 0 {
            simulate(spec, options, progress, None, Within::Noted(&mut told, width, known))?;
        }
        Ok(Around { focus: spec.focus.clone(), width, told })
    }

    /// Sees that a run is of these areas and of no more draws.
    ///
    /// # Errors
    /// [`Error::Spec`] if it is not.
    pub(crate) fn check(&self, spec: &Spec) -> Result<()> {
        let draws = self.told.len() / self.width.max(1) * LANES;
        let here = usize::try_from(spec.draws).is_ok_and(|asked| asked <= draws);
        let size = spec.horizon_years * spec.sectors.len() * spec.technologies.len();
        match self.focus == spec.focus && here && 2 * size * self.focus.len() * LANES == self.width
        {
            true => Ok(()),
            false => Err(Error::spec("focus", "what surrounds the areas is of another run")),
        }
    }

    /// What is told of a part of a block, of which there are so many.
    #[inline(always)]
    pub(crate) fn of(&self, part: u32, parts: usize) -> &[F] {
        let size = self.width / parts;
        &self.told[part as usize * size..][..size]
    }
}
