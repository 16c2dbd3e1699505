//! Where each reported quantity stands among the series of a run, and each cell in a sector.

use crate::spec::{ADJUSTMENTS, Spec};
use serde::{Deserialize, Serialize};

/// Metrics of a unit after its gain of each year.
pub const UNIT_METRICS: [&str; 10] = [
    "gain_cumulative_gbp_m",
    "gain_present_value_gbp_m",
    "cost_cumulative_gbp_m",
    "cost_present_value_gbp_m",
    "lever_cost_cumulative_gbp_m",
    "lever_cost_present_value_gbp_m",
    "lever_cost_per_year_gbp_m",
    "uplift_final_year",
    "share",
    "prize_gbp_bn",
];

/// Those of which long runs keep the draws.
const HELD_LONGEST: [&str; 6] = [
    "gain_cumulative_gbp_m",
    "gain_present_value_gbp_m",
    "cost_present_value_gbp_m",
    "lever_cost_present_value_gbp_m",
    "lever_cost_per_year_gbp_m",
    "share",
];

/// Readings of the prize.
pub const READINGS: usize = 3;

/// Where each reported quantity stands in a block's output.
///
/// The first `distributed` series are kept draw by draw; of the others only moments are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// Areas, groups, sectors, technologies, years.
    pub areas: usize,
    /// See `areas`.
    pub groups: usize,
    /// See `areas`.
    pub sectors: usize,
    /// See `areas`.
    pub technologies: usize,
    /// See `areas`.
    pub years: usize,
    /// Whether one unit is reported in more detail.
    pub detail: bool,
}

impl Layout {
    /// Where a specification's quantities stand.
    pub fn of(spec: &Spec) -> Self {
        // Of areas in focus, all of them are the one group.
        let focused = !spec.focus.is_empty();
        Layout {
            areas: if focused { spec.focus.len() } else { spec.areas.len() },
            groups: if focused { 1 } else { spec.groups.len() },
            sectors: spec.sectors.len(),
            technologies: spec.technologies.len(),
            years: spec.horizon_years,
            detail: !spec.detail.is_empty(),
        }
    }
    /// Areas, then groups.
    #[inline(always)]
    pub fn units(&self) -> usize {
        self.areas + self.groups
    }
    /// Metrics of a unit: gain of each year, then [`UNIT_METRICS`].
    #[inline(always)]
    pub fn metrics(&self) -> usize {
        self.years + UNIT_METRICS.len()
    }
    /// First metric of a unit.
    #[inline(always)]
    pub fn unit(&self, unit: usize) -> usize {
        unit * self.metrics()
    }
    /// National gain of a sector in the final year.
    #[inline(always)]
    pub fn sector(&self, sector: usize) -> usize {
        self.unit(self.units()) + sector
    }
    /// National adoption of a technology in a year, 0 being the start.
    #[inline(always)]
    pub fn adoption(&self, technology: usize, year: usize) -> usize {
        self.sector(self.sectors) + technology * (self.years + 1) + year
    }
    /// First of displacement, leakage and multiplier, in the order of [`ADJUSTMENTS`].
    #[inline(always)]
    pub fn adjustments(&self) -> usize {
        self.adoption(self.technologies, 0)
    }
    /// Gain of a sector in the final year in the unit of the detail.
    #[inline(always)]
    pub fn detail_sector(&self, sector: usize) -> usize {
        self.adjustments() + ADJUSTMENTS.len() + sector
    }
    /// Adoption of a technology in a year in the unit of the detail, 0 being the start.
    #[inline(always)]
    pub fn detail_adoption(&self, technology: usize, year: usize) -> usize {
        self.detail_sector(self.sectors) + technology * (self.years + 1) + year
    }
    /// Number of series kept draw by draw.
    #[inline(always)]
    pub fn distributed(&self) -> usize {
        match self.detail {
            true => self.detail_adoption(self.technologies, 0),
            false => self.detail_sector(0),
        }
    }
    /// The same without detail, which does not decide whether draws are kept.
    #[inline(always)]
    pub fn distributed_in_any_case(&self) -> usize {
        self.detail_sector(0)
    }
    /// Series of which long runs keep the draws, in ascending order: what a plan adds, costs and
    /// is worth, its adjustments, shares, and detail.
    pub fn held_longest(&self) -> impl Iterator<Item = usize> + use<> {
        let Layout { years, .. } = *self;
        let (metrics, units, layout) = (self.metrics(), self.unit(self.units()), *self);
        (0..self.distributed()).filter(move |s| match s {
            s if *s < units => {
                let metric = s % metrics;
                metric + 1 == years
                    || metric
                        .checked_sub(years)
                        .is_some_and(|m| HELD_LONGEST.contains(&UNIT_METRICS[m]))
            }
            s => *s >= layout.adjustments(),
        })
    }
    /// Whether a series may be missing in a draw: whatever rests on shares.
    pub fn may_be_missing(&self, series: usize) -> bool {
        let units = self.unit(self.units());
        match series {
            s if s < units => s % self.metrics() >= self.years + 8,
            s => (self.share_above_gva(0)..self.reaches_prize(0)).contains(&s),
        }
    }
    /// Whether a unit's share exceeds its share of GVA.
    #[inline(always)]
    pub fn share_above_gva(&self, unit: usize) -> usize {
        self.distributed() + unit
    }
    /// Whether the national gain reaches the prize, by reading as in [`crate::spec::Basis`].
    #[inline(always)]
    pub fn reaches_prize(&self, reading: usize) -> usize {
        self.share_above_gva(self.units()) + reading
    }
    /// Gain of an area's sector in the final year.
    #[inline(always)]
    pub fn cell(&self, area: usize, sector: usize) -> usize {
        self.reaches_prize(READINGS) + area * self.sectors + sector
    }
    /// Adoption of a technology in an area: at the start, then in the final year.
    #[inline(always)]
    pub fn area_adoption(&self, area: usize, technology: usize, last: usize) -> usize {
        self.cell(self.areas, 0) + (area * self.technologies + technology) * 2 + last
    }
    /// Number of all series.
    #[inline(always)]
    pub fn series(&self) -> usize {
        self.area_adoption(self.areas, 0, 0)
    }
}

/// Where the cells of a sector stand: technologies that are worked on together lie side by
/// side, area after area.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Together {
    /// First technology, and how many.
    pub(crate) first: usize,
    pub(crate) columns: usize,
}

impl Together {
    /// All technologies, at most so many together.
    pub(crate) fn all(technologies: usize, most: usize) -> impl Iterator<Item = Self> {
        (0..technologies)
            .step_by(most)
            .map(move |first| Together { first, columns: most.min(technologies - first) })
    }

    /// Place of a cell among `rows` of them for each technology, `k` being counted from the
    /// first technology of the group.
    #[inline(always)]
    pub(crate) fn cell(&self, rows: usize, r: usize, k: usize) -> usize {
        self.first * rows + r * self.columns + k
    }

    /// The same where every cell has `of_each` numbers: in each row the first of all columns,
    /// then the second.
    #[inline(always)]
    pub(crate) fn cell_of(
        &self,
        rows: usize,
        r: usize,
        i: usize,
        of_each: usize,
        k: usize,
    ) -> usize {
        self.first * rows * of_each + (r * of_each + i) * self.columns + k
    }

    /// The group's rows of cells, of each of which there are so many numbers.
    #[inline(always)]
    pub(crate) fn rows<'a, V, const COLUMNS: usize, const OF_EACH: usize>(
        &self,
        rows: usize,
        numbers: &'a [V],
    ) -> &'a [[[V; COLUMNS]; OF_EACH]] {
        let here = self.first * rows * OF_EACH..(self.first + COLUMNS) * rows * OF_EACH;
        numbers[here].as_chunks().0.as_chunks().0
    }

    /// The same to be written.
    #[inline(always)]
    pub(crate) fn rows_mut<'a, V, const COLUMNS: usize, const OF_EACH: usize>(
        &self,
        rows: usize,
        numbers: &'a mut [V],
    ) -> &'a mut [[[V; COLUMNS]; OF_EACH]] {
        let here = self.first * rows * OF_EACH..(self.first + COLUMNS) * rows * OF_EACH;
        numbers[here].as_chunks_mut().0.as_chunks_mut().0
    }

    /// The group's cells, row by row.
    #[inline(always)]
    pub(crate) fn of<'a, V, const COLUMNS: usize>(
        &self,
        rows: usize,
        cells: &'a [V],
    ) -> &'a [[V; COLUMNS]] {
        cells[self.first * rows..(self.first + COLUMNS) * rows].as_chunks().0
    }
}
