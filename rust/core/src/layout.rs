//! Where each reported quantity stands among the series of a run.

/// Metrics of a unit after its gain of each year.
pub const UNIT_METRICS: [&str; 9] = [
    "gain_cumulative_gbp_m",
    "gain_present_value_gbp_m",
    "cost_cumulative_gbp_m",
    "cost_present_value_gbp_m",
    "lever_cost_cumulative_gbp_m",
    "lever_cost_present_value_gbp_m",
    "uplift_final_year",
    "share",
    "prize_gbp_bn",
];

/// Where each reported quantity stands in a block's output.
///
/// The first `distributed` series are kept draw by draw; of the others only moments are.
#[derive(Debug, Clone, Copy)]
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
}

impl Layout {
    /// Areas, then groups.
    pub fn units(&self) -> usize {
        self.areas + self.groups
    }
    /// Metrics of a unit: gain of each year, then [`UNIT_METRICS`].
    pub fn metrics(&self) -> usize {
        self.years + UNIT_METRICS.len()
    }
    /// First metric of a unit.
    pub fn unit(&self, unit: usize) -> usize {
        unit * self.metrics()
    }
    /// National gain of a sector in the final year.
    pub fn sector(&self, sector: usize) -> usize {
        self.unit(self.units()) + sector
    }
    /// National adoption of a technology in a year, 0 being the start.
    pub fn adoption(&self, technology: usize, year: usize) -> usize {
        self.sector(self.sectors) + technology * (self.years + 1) + year
    }
    /// What £1 of the levers' increment is worth after displacement, leakage and multiplier.
    pub fn additionality(&self) -> usize {
        self.adoption(self.technologies, 0)
    }
    /// Number of series kept draw by draw.
    pub fn distributed(&self) -> usize {
        self.additionality() + 1
    }
    /// Whether a unit's share exceeds its share of GVA.
    pub fn share_above_gva(&self, unit: usize) -> usize {
        self.distributed() + unit
    }
    /// Whether the national gain reaches the prize: final year, then sum.
    pub fn reaches_prize(&self, cumulative: usize) -> usize {
        self.share_above_gva(self.units()) + cumulative
    }
    /// Gain of an area's sector in the final year.
    pub fn cell(&self, area: usize, sector: usize) -> usize {
        self.reaches_prize(2) + area * self.sectors + sector
    }
    /// Adoption of a technology in an area: at the start, then in the final year.
    pub fn area_adoption(&self, area: usize, technology: usize, last: usize) -> usize {
        self.cell(self.areas, 0) + (area * self.technologies + technology) * 2 + last
    }
    /// Number of all series.
    pub fn series(&self) -> usize {
        self.area_adoption(self.areas, 0, 0)
    }
}
