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
    pub(super) flows: Vec<[V; 2]>,
    /// By area: GVA of the final year, and the sum of all years.
    pub(super) gva_final: Vec<V>,
    pub(super) gva_sum: Vec<V>,
}

impl<V: Vector> Totals<V> {
    pub(super) fn new<F: Real>(model: &Model<F>) -> Self {
        let Layout { areas, years, .. } = model.layout;
        let lanes = |n: usize| vec![V::zero(); n];
        Totals {
            flows: vec![[V::zero(); 2]; areas * years],
            gva_final: lanes(areas),
            gva_sum: lanes(areas),
        }
    }

    pub(super) fn clear(&mut self) {
        self.flows.fill([V::zero(); 2]);
        self.gva_final.fill(V::zero());
        self.gva_sum.fill(V::zero());
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
        let cap = national.cap;
        let mut of_sector = V::zero();
        for r in 0..areas {
            let lift = lift.filter(|_| model.touched[s * areas + r]);
            let of_area = r * years..(r + 1) * years;
            let mut gva = V::splat(model.gva[r * sectors + s]);
            if let Some(level) = cells.level.get(r) {
                gva = gva * *level;
            }
            let years = Years {
                growth: cells.growth[r],
                gva,
                added: path.added.chunks_exact(model.rows).map(|rows| rows[r]),
                flows: &mut self.flows[of_area.clone()],
            };
            let [gva, gva_sum, gain] = match (lift, national.j_curve) {
                (None, None) if stocks.is_empty() => {
                    years.run(national, |_, effective, _| effective.min(cap))
                }
                (Some(lift), None) if stocks.is_empty() => {
                    let lift = lift.of_area(of_area);
                    years.run(national, |year, effective, _| (effective * lift[year][3]).min(cap))
                }
                (lift, j_curve) => years.run(national, |year, effective, added| {
                    let mut left = effective;
                    for (part, stock) in parts.iter().zip(stocks) {
                        let beyond = effective - stock[of_area.start + year];
                        left = left.add_scaled(-part.weights[year], beyond);
                    }
                    let uplift = match lift {
                        Some(lift) => left * lift.at(of_area.start + year)[3],
                        None => left,
                    };
                    match j_curve {
                        Some(held_back) => uplift.min(cap) - held_back * added,
                        None => uplift.min(cap),
                    }
                }),
            };
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

/// The years of one area's sector.
struct Years<'a, V, A> {
    growth: V,
    gva: V,
    /// Σ β ΔA and Σ ΔA of each year.
    added: A,
    flows: &'a mut [[V; 2]],
}

impl<V: Vector, A: Iterator<Item = [V; 2]>> Years<'_, V, A> {
    /// Adds gain and cost of each year, where the uplift follows from the year, the effective
    /// stock and what was added to it; gives GVA of the final year and of all, and the last gain.
    #[inline(always)]
    fn run(self, national: &National<V>, uplift: impl Fn(usize, V, V) -> V) -> [V; 3] {
        let National { retained, taken_in, .. } = *national;
        let mut gva = self.gva;
        // Σ β (A − A[0]), and the lagged, decaying stock of it.
        let (mut stock, mut effective) = (V::zero(), V::zero());
        let (mut gain, mut gva_sum) = (V::zero(), V::zero());
        for (year, ([gains, costs], [added, adopted])) in
            self.flows.iter_mut().zip(self.added).enumerate()
        {
            gva = gva * self.growth;
            gva_sum = gva_sum + gva;
            stock = stock + added;
            effective = effective.mul_add(retained, taken_in * stock);
            gain = gva * uplift(year, effective, added);
            *gains = *gains + gain;
            *costs = gva.mul_add(adopted, *costs);
        }
        [gva, gva_sum, gain]
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
            stock = stock + path.added[year * model.rows + r][0];
            effective = effective.mul_add(national.retained, national.taken_in * stock);
            stocks[r * years + year] = effective;
        }
    }
}
