//! Section 7: what is reported of each unit in these draws.

use super::gain::Totals;
use super::levers::Lift;
use super::sample::{National, Sample};
use crate::lanes::{Lanes, Real};
use crate::model::Model;
use crate::spec::Basis;
use crate::vector::Vector;

/// Sum over some areas.
#[inline(always)]
fn total<V: Vector>(values: &[V], areas: &[usize]) -> V {
    let mut sum = V::zero();
    for r in areas {
        sum = sum + values[*r];
    }
    sum
}

impl<F: Real> Model<F> {
    #[inline(always)]
    #[allow(clippy::too_many_arguments)]
    pub(super) fn report<V: Vector<Real = F>>(
        &self,
        sample: &Sample<V>,
        national: &National<V>,
        totals: &Totals<V>,
        lift: &Lift<V>,
        with_levers: bool,
        out: &mut [V],
    ) {
        let layout = self.layout;
        let (areas, years) = (layout.areas, layout.years);
        for r in 0..areas {
            let unit = layout.unit(r);
            let [mut gain_sum, mut gain_now, mut cost_sum, mut cost_now] = [V::zero(); 4];
            for year in 0..years {
                let [gain, cost] = totals.flows[r * years + year];
                let cost = cost * national.kappa;
                let discount = self.discount[year];
                out[unit + year] = gain;
                gain_sum = gain_sum + gain;
                gain_now = gain_now.add_scaled(discount, gain);
                cost_sum = cost_sum + cost;
                cost_now = cost_now.add_scaled(discount, cost);
            }
            let [mut lever_sum, mut lever_now, mut lever_running] = [V::zero(); 3];
            let levers = self.factors.levers.iter().zip(&self.levers).enumerate();
            for (l, (factors, plan)) in levers.filter(|_| with_levers) {
                let mut price = factors.price(&sample.shared);
                if let Some(of_areas) = lift.cost_share.get(l) {
                    price = price * of_areas[r];
                }
                lever_running = lever_running.add_scaled(plan.cost_running[r], price);
                for year in 0..years {
                    let base = plan.cost_base[r * years + year];
                    lever_sum = lever_sum.add_scaled(base, price);
                    lever_now = lever_now.add_scaled(base * self.discount[year], price);
                }
            }
            let sums =
                [gain_sum, gain_now, cost_sum, cost_now, lever_sum, lever_now, lever_running];
            for (i, sum) in sums.into_iter().enumerate() {
                out[unit + years + i] = sum;
            }
        }
        for (g, group) in self.groups.iter().enumerate() {
            let unit = layout.unit(areas + g);
            for metric in 0..years + 7 {
                let sum =
                    group.iter().fold(V::zero(), |sum, r| sum + out[layout.unit(*r) + metric]);
                out[unit + metric] = sum;
            }
        }
        self.report_shares(national, totals, out);
        for (i, adjustment) in national.adjustments.into_iter().enumerate() {
            out[layout.adjustments() + i] = adjustment;
        }
    }

    /// Shares, the null model and the prize.
    #[inline(always)]
    fn report_shares<V: Vector<Real = F>>(
        &self,
        national: &National<V>,
        totals: &Totals<V>,
        out: &mut [V],
    ) {
        let layout = self.layout;
        let (areas, years) = (layout.areas, layout.years);
        // Gain and GVA that shares are computed on.
        let (metric, of_years) = match self.basis {
            Basis::FinalYear | Basis::ShareOfEconomy => (years - 1, &totals.gva_final),
            Basis::Cumulative => (years, &totals.gva_sum),
        };
        let gva = total(of_years, &self.groups[0]);
        let nation = layout.unit(areas);
        let whole = out[nation + metric].lanes();
        let least = gva.scaled(self.share_floor).lanes();
        let stated = national.prize.scaled(self.prize_factor);
        let of_economy =
            total(&totals.gva_final, &self.groups[0]).scaled(self.prize_share_of_gva * F::of(1e-3));
        let prize = match self.basis {
            Basis::FinalYear | Basis::Cumulative => stated,
            Basis::ShareOfEconomy => of_economy,
        };
        let tolerance = F::of(1.0 + 1e-6);
        for unit in 0..layout.units() {
            let at = layout.unit(unit);
            let own_gva = match unit.checked_sub(areas) {
                None => totals.gva_final[unit],
                Some(group) => total(&totals.gva_final, &self.groups[group]),
            };
            out[at + years + 7] = out[at + years - 1] / own_gva;
            // Equal to rounding is not above.
            let null = self.gva_share[unit] * tolerance;
            let part = out[at + metric].lanes();
            let share = Lanes::from_fn(|i| {
                if whole.0[i] > least.0[i] { part.0[i] / whole.0[i] } else { F::NAN }
            });
            out[at + years + 8] = V::load(&share.0);
            out[at + years + 9] = V::load(&share.0) * prize;
            out[layout.share_above_gva(unit)] = V::load(&share.0).through(|shares| {
                for share in shares {
                    *share = match *share {
                        share if share > null => F::ONE,
                        share if share <= null => F::ZERO,
                        _ => F::NAN,
                    };
                }
            });
        }
        let (last, sum) = (nation + years - 1, nation + years);
        let readings = [(last, stated), (last, of_economy), (sum, stated)];
        for (reading, (at, prize)) in readings.into_iter().enumerate() {
            out[layout.reaches_prize(reading)] = prize.scaled(F::of(1000.0)).at_most(out[at]);
        }
    }
}
