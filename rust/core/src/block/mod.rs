//! One block of sixteen draws: numbers, adoption, gain, what is reported.
//!
//! Draws lie in lanes; one sector is simulated at a time, since spillover couples areas only
//! within a sector, so that nothing of the size of draws × areas × sectors ever exists.
//! Section numbers are those of `docs/explanation/model.md`. The steps, in their order:
//! [`sample`] → [`levers`] → [`adopt`] → [`gain`] → [`report`].

mod adopt;
mod gain;
mod levers;
mod report;
mod sample;

use crate::lanes::{Lanes, Real};
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
    /// Every series of the layout, for the plan and, in a paired run, for the reference.
    pub out: Vec<Vec<Lanes<V::Real>>>,
}

impl<F: Real> Model<F> {
    /// Space for one thread; `variants` is 2 where the reference is run beside the plan.
    pub fn scratch<V: Vector<Real = F>>(&self, variants: usize) -> Scratch<V> {
        let zero = Lanes([F::ZERO; crate::lanes::LANES]);
        Scratch {
            sample: Sample::new(self),
            cells: Cells::new(self),
            lift: Lift::new(self),
            path: adopt::Path::new(self),
            totals: (0..variants).map(|_| gain::Totals::new(self)).collect(),
            out: vec![vec![zero; self.layout.series()]; variants],
        }
    }

    /// Simulates draws `16 block` to `16 block + 15` and fills `scratch.out`.
    ///
    /// Inlined into a wrapper for each instruction set; see `simd`.
    #[inline(always)]
    pub fn simulate<V: Vector<Real = F>>(&self, block: u32, scratch: &mut Scratch<V>) {
        let Scratch { sample, cells, lift, path, totals, out } = scratch;
        let layout = self.layout;
        let national = sample.draw(self, block);
        lift.draw(self, sample);
        totals.iter_mut().for_each(gain::Totals::clear);
        let zero = Lanes([F::ZERO; crate::lanes::LANES]);
        for out in out.iter_mut() {
            out[layout.sector(0)..layout.additionality()].fill(zero);
            out[layout.distributed_in_any_case()..layout.distributed()].fill(zero);
            out[layout.area_adoption(0, 0, 0)..].fill(zero);
        }
        for s in 0..layout.sectors {
            cells.draw(self, s, block, sample);
            lift.of_sector(self, s);
            for (variant, (totals, out)) in totals.iter_mut().zip(&mut *out).enumerate() {
                // The plan comes first; the reference beside it has no levers.
                let lift = (variant == 0 && lift.active).then_some(&*lift);
                path.adopt(self, s, cells, lift, national.theta, out);
                totals.add_sector(self, s, path, cells, lift, &national, out);
            }
        }
        for (variant, (totals, out)) in totals.iter().zip(&mut *out).enumerate() {
            self.report(sample, &national, totals, lift, variant == 0, out);
        }
    }
}
