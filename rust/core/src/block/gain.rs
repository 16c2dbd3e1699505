//! Section 4: effective stock, growth, cap, gain and cost of one sector, summed over sectors.

use super::adopt::{Path, add};
use super::levers::Lift;
use super::sample::{Cells, National};
use crate::lanes::Real;
use crate::layout::Layout;
use crate::model::{Model, Part};
use crate::vector::Vector;

/// Sums over sectors.
pub(super) struct Totals<V> {
    /// Areas × years: gain and, before κ, cost.
    pub(super) gain: Vec<V>,
    pub(super) cost: Vec<V>,
    /// By area: GVA of the final year, and the sum of all years.
    pub(super) gva_final: Vec<V>,
    pub(super) gva_sum: Vec<V>,
}

impl<V: Vector> Totals<V> {
    pub(super) fn new<F: Real>(model: &Model<F>) -> Self {
        let Layout { areas, years, .. } = model.layout;
        let lanes = |n: usize| vec![V::zero(); n];
        Totals {
            gain: lanes(areas * years),
            cost: lanes(areas * years),
            gva_final: lanes(areas),
            gva_sum: lanes(areas),
        }
    }

    pub(super) fn clear(&mut self) {
        for sums in [&mut self.gain, &mut self.cost, &mut self.gva_final, &mut self.gva_sum] {
            sums.fill(V::zero());
        }
    }

    #[inline(always)]
    #[allow(clippy::too_many_arguments)]
    pub(super) fn add_sector<F: Real>(
        &mut self,
        model: &Model<F>,
        s: usize,
        path: &Path<V>,
        cells: &Cells<V>,
        lift: Option<&Lift<V>>,
        national: &National<V>,
        parts: &[Part<F>],
        stocks: &[Vec<V>],
        out: &mut [V],
    ) where
        V: Vector<Real = F>,
    {
        let Layout { areas, sectors, years, .. } = model.layout;
        let National { retained, taken_in, cap, j_curve, .. } = *national;
        let mut of_sector = V::zero();
        for r in 0..areas {
            let lift = lift.filter(|_| model.touched[s * areas + r]);
            let of_area = r * years..(r + 1) * years;
            let (gains, costs) = (&mut self.gain[of_area.clone()], &mut self.cost[of_area.clone()]);
            let growth = cells.growth[r];
            let mut gva = V::splat(model.gva[r * sectors + s]);
            if let Some(level) = cells.level.get(r) {
                gva = gva * *level;
            }
            // Σ β (A − A[0]), and the lagged, decaying stock of it.
            let (mut stock, mut effective) = (V::zero(), V::zero());
            let (mut gain, mut gva_sum) = (V::zero(), V::zero());
            for year in 0..years {
                gva = gva * growth;
                gva_sum = gva_sum + gva;
                let added = path.effect_added[year * model.rows + r];
                stock = stock + added;
                effective = effective.mul_add(retained, taken_in * stock);
                let mut left = effective;
                for (part, stock) in parts.iter().zip(stocks) {
                    let beyond = effective - stock[of_area.start + year];
                    left = left.add_scaled(-part.weights[year], beyond);
                }
                let uplift = match lift {
                    Some(lift) => left * lift.at(of_area.start + year)[3],
                    None => left,
                };
                let mut uplift = uplift.min(cap);
                if let Some(held_back) = j_curve {
                    uplift = uplift - held_back * added;
                }
                gain = gva * uplift;
                gains[year] = gains[year] + gain;
                costs[year] = gva.mul_add(path.adopted[year * model.rows + r], costs[year]);
            }
            out[model.layout.cell(r, s)] = gain;
            of_sector = of_sector + gain;
            self.gva_final[r] = self.gva_final[r] + gva;
            self.gva_sum[r] = self.gva_sum[r] + gva_sum;
        }
        add(&mut out[model.layout.sector(s)], of_sector);
        if model.layout.detail {
            let mut of_detail = V::zero();
            for r in &model.detail {
                of_detail = of_detail + out[model.layout.cell(*r, s)];
            }
            out[model.layout.detail_sector(s)] = of_detail;
        }
    }
}

/// Σ β E of each area and year on a path, areas × years.
#[inline(always)]
pub(super) fn stocks<F: Real, V: Vector<Real = F>>(
    model: &Model<F>,
    path: &Path<V>,
    national: &National<V>,
    stocks: &mut [V],
) {
    let Layout { areas, years, .. } = model.layout;
    for r in 0..areas {
        let (mut stock, mut effective) = (V::zero(), V::zero());
        for year in 0..years {
            stock = stock + path.effect_added[year * model.rows + r];
            effective = effective.mul_add(national.retained, national.taken_in * stock);
            stocks[r * years + year] = effective;
        }
    }
}
