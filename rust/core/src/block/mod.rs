//! A part of a block of sixteen draws, as many as a vector has: numbers, adoption, gain, what is reported.
//!
//! Draws lie in lanes; one sector is simulated at a time, since spillover couples areas only
//! within a sector, so that nothing of the size of draws × areas × sectors ever exists.
//! Section numbers are those of `docs/explanation/model.md`. The steps, in their order:
//! [`sample`] → [`levers`] → [`adopt`] → [`gain`] → [`report`].

mod adopt;
mod around;
mod gain;
mod levers;
mod report;
mod sample;

use crate::lanes::Real;
use crate::model::Model;
use crate::vector::Vector;
use levers::Lift;
use sample::{Cells, Sample};

/// Space a thread reuses from block to block.
pub struct Scratch<V: Vector> {
    sample: Sample<V>,
    cells: Cells<V>,
    lift: Lift<V>,
    path: adopt::Path<V>,
    totals: Vec<gain::Totals<V>>,
    /// Effective stock of each part of a plan that fades, areas × years.
    stocks: Vec<Vec<V>>,
    /// Every series of the layout, for the plan and, in a paired run, for the reference.
    pub out: Vec<Vec<V>>,
}

impl<F: Real> Model<F> {
    /// Space for one thread; `variants` is 2 where the reference is run beside the plan.
    pub fn scratch<V: Vector<Real = F>>(&self, variants: usize) -> Scratch<V> {
        let zero = V::zero();
        let parts = self.fading.as_ref().map_or(0, |fading| fading.parts.len());
        let series = self.layout.series();
        Scratch {
            stocks: vec![vec![V::zero(); self.layout.areas * self.layout.years]; parts],
            sample: Sample::new(self),
            cells: Cells::new(self),
            lift: Lift::new(self),
            path: adopt::Path::new(self),
            totals: (0..variants).map(|_| gain::Totals::new(self)).collect(),
            out: vec![vec![zero; series]; variants],
        }
    }

    /// Simulates the draws of a part, of as many as a vector has, and fills `scratch.out`; areas
    /// in focus need what is `around` them in these draws, those that are watched have it `noted`.
    ///
    /// Inlined into a wrapper for each instruction set; see `simd`.
    #[inline(always)]
    pub fn simulate<V: Vector<Real = F>>(
        &self,
        part: u32,
        around: &[F],
        noted: &mut [F],
        scratch: &mut Scratch<V>,
    ) {
        let Scratch { sample, cells, lift, path, totals, stocks, out } = scratch;
        let layout = self.layout;
        let national = sample.draw(self, part);
        lift.draw(self, sample);
        totals.iter_mut().for_each(gain::Totals::clear);
        let zero = V::zero();
        for out in out.iter_mut() {
            out[layout.sector(0)..layout.adjustments()].fill(zero);
            out[layout.distributed_in_any_case()..layout.distributed()].fill(zero);
            out[layout.area_adoption(0, 0, 0)..].fill(zero);
        }
        for s in 0..layout.sectors {
            cells.draw(self, s, part, sample);
            if self.focused {
                path.surround(s, around);
            }
            // Parts of a plan that fades come first, then the plan; the reference beside it has no
            // levers.
            let fading = self.fading.as_ref().filter(|fading| fading.sectors[s]);
            let parts = fading.map_or(&[][..], |fading| &fading.parts);
            for (part, stocks) in parts.iter().zip(&mut *stocks) {
                lift.of_sector(self, s, Some(part));
                path.adopt(self, s, cells, lift.active.then_some(&*lift), national.theta);
                gain::stocks(self, path, &national, stocks);
            }
            lift.of_sector(self, s, None);
            let (acts, variants) = (lift.active, totals.len());
            for (variant, (totals, out)) in totals.iter_mut().zip(&mut *out).enumerate() {
                let lift = (variant == 0 && acts).then_some(&*lift);
                // Where no lever acts, the reference takes the path of the plan.
                if variant == 0 || acts {
                    path.adopt(self, s, cells, lift, national.theta);
                }
                if !noted.is_empty() {
                    path.note(s, variant + 1 == variants, variants > 1, around, noted);
                }
                path.add_adoption(self, s, cells, out);
                let stocks = if variant == 0 { &stocks[..parts.len()] } else { &[] };
                totals.add_sector(self, s, path, cells, lift, &national, parts, stocks, out);
            }
        }
        for (variant, (totals, out)) in totals.iter().zip(&mut *out).enumerate() {
            self.report(sample, &national, totals, lift, variant == 0, out);
        }
    }
}
