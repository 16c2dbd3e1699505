"""Names for what the core reports, and the tables made of it."""

from typing import Any

import numpy as np
import polars as pl

from gainsmodel import _core
from gainsmodel.data import Dataset
from gainsmodel.data.units import Unit
from gainsmodel.errors import ResultError, UnknownNameError
from gainsmodel.results.prices import gva_at_start
from gainsmodel.results.statistics import COLUMNS, FROM_CORE, columns_of
from gainsmodel.scenario import Scenario
from gainsmodel.scenario.parameters import ADJUSTMENTS

# Quantities of an area or a group, in the order they are reported.
METRICS = (
    "share",
    "prize_gbp_bn",
    "gain_final_year_gbp_m",
    "gain_cumulative_gbp_m",
    "gain_present_value_gbp_m",
    "uplift_final_year",
    "cost_cumulative_gbp_m",
    "cost_present_value_gbp_m",
    "lever_cost_cumulative_gbp_m",
    "lever_cost_present_value_gbp_m",
    "lever_cost_per_year_gbp_m",
)
# Readings of the prize, in the order of the core.
READINGS = ("final_year", "share_of_economy", "cumulative")
# Quantities in every draw of the one unit reported in detail: by sector, and by technology
# and year.
DETAIL_METRICS = ("gain_final_year_gbp_m_by_sector", "adoption_by_technology_and_year")


class Positions:
    """Where the core's output holds what of which area or group."""

    codes: list[str]
    # Units of the core before that of the first code.
    before = 0

    def __init__(self, layout: dict[str, Any], scenario: Scenario) -> None:
        """Note where each quantity stands."""
        self._layout = layout
        first = scenario.setting.start_year
        self._calendar = list(range(first, first + scenario.setting.horizon_years + 1))

    def series(self, metric: str) -> tuple[list[str], list[int]]:
        """Names and series of one quantity in every draw."""
        if metric in ADJUSTMENTS:
            place = list(ADJUSTMENTS).index(metric)
            return [metric], [self._layout["adjustments"] + place]
        return self.codes, self.positions(metric)

    def positions(self, metric: str) -> list[int]:
        """Series of one quantity for every area and group."""
        years = len(self._calendar) - 1
        known = {f"gain_gbp_m_{year}": t for t, year in enumerate(self._calendar[1:])}
        known["gain_final_year_gbp_m"] = years - 1
        known |= {name: years + i for i, name in enumerate(self._layout["unit_metrics"])}
        if metric not in known:
            raise UnknownNameError(
                f"no quantity is called {metric!r}; there are {', '.join(known)}"
            )
        units = range(self.before, self.before + len(self.codes))
        return [unit * self._layout["metrics"] + known[metric] for unit in units]


class Report(Positions):
    """Positions in the core's output, and the tables made from them."""

    def __init__(
        self,
        outcome: _core.RunOutcome,
        scenario: Scenario,
        dataset: Dataset,
        detail: Unit | None = None,
    ) -> None:
        """Take the numbers over and note where each stands."""
        self._detail = detail
        self._numbers = outcome.statistics()
        super().__init__(outcome.layout(), scenario)
        self._dataset = dataset
        self._technologies = list(scenario.technologies)
        self._gva = gva_at_start(scenario, dataset)
        self._areas = dataset.areas[["area_code", "area_name", "area_type", "mayor_2017"]]
        groups = list(dataset.groups)
        self._groups = pl.DataFrame(
            {
                "area_code": groups,
                "area_name": [dataset.units[group] for group in groups],
                "area_type": ["group"] * len(groups),
                "mayor_2017": [None] * len(groups),
            },
            schema=self._areas.schema,
        )
        self.codes = [*self._areas["area_code"], *self._groups["area_code"]]

    def series(self, metric: str) -> tuple[list[str], list[int]]:
        """Names and series of one quantity in every draw."""
        return self._detail_series(metric) if metric in DETAIL_METRICS else super().series(metric)

    def _detail_series(self, metric: str) -> tuple[list[str], list[int]]:
        """Names and series of what is kept of one unit only."""
        if self._detail is None:
            raise ResultError(
                f"{metric} is kept for one area or group only, and this run named none: run again "
                'with detail="Greater Manchester", for example'
            )
        if metric == DETAIL_METRICS[0]:
            names, first = list(self._dataset.sectors), self._layout["detail_sector"]
        else:
            names = [f"{k}_{year}" for k in self._technologies for year in self._calendar]
            first = self._layout["detail_adoption"]
        return names, list(range(first, first + len(names)))

    def _units(self, units: pl.DataFrame, first: int) -> pl.DataFrame:
        members = [[code] for code in self._areas["area_code"]] + [
            list(codes) for codes in self._dataset.groups.values()
        ]
        of_area = dict(zip(self._areas["area_code"], self._gva.sum(axis=1), strict=True))
        gva = [
            float(sum(of_area[code] for code in members[first + i])) for i in range(units.height)
        ]
        rows = slice(first, first + units.height)
        above = self._layout["share_above_gva"]
        count = self._numbers[np.array(self.positions("share"))[rows], COLUMNS.index("count")]
        draws = self._numbers[0, COLUMNS.index("count")]
        columns = [
            pl.Series("gva_gbp_m", gva),
            pl.Series("gva_share", np.array(gva) / self._gva.sum(axis=1).sum()),
        ]
        for metric in METRICS:
            columns += columns_of(metric, self._numbers[self.positions(metric)[rows]][:, FROM_CORE])
        columns += [
            pl.Series("p_share_above_gva", self._numbers[above:, 1][rows], nan_to_null=True),
            pl.Series("share_excluded_draws", 1.0 - count / draws),
        ]
        return units.hstack(columns)

    def areas(self) -> pl.DataFrame:
        """Give each area's quantities."""
        return self._units(self._areas, 0)

    def groups(self) -> pl.DataFrame:
        """Give each group's, and whether the UK reaches the prize."""
        first = self._layout["reaches_prize"]
        empty = [None] * (self._groups.height - 1)
        return self._units(self._groups, self._areas.height).hstack(
            [
                pl.Series(f"p_{basis}_reaches_prize", [float(self._numbers[first + i, 1]), *empty])
                for i, basis in enumerate(READINGS)
            ]
        )

    def years(self) -> pl.DataFrame:
        """Give the gain of each year."""
        units = pl.concat([self._areas, self._groups]).select("area_code", "area_name")
        years = pl.DataFrame({"year": self._calendar[1:]}, schema={"year": pl.Int32})
        at = np.array([self.positions(f"gain_gbp_m_{year}") for year in years["year"]]).T.ravel()
        return units.join(years, how="cross", maintain_order="left_right").hstack(
            columns_of("gain_gbp_m", self._numbers[at][:, FROM_CORE])
        )

    def sectors(self) -> pl.DataFrame:
        """Give the final-year gain by area and sector."""
        sectors = self._dataset.sectors
        areas = [self._groups.head(1), self._areas]
        units = pl.concat(areas).select("area_code", "area_name")
        gva = np.vstack([self._gva.sum(axis=0), self._gva])
        at = np.vstack(
            [
                self._layout["sector"] + np.arange(len(sectors)),
                self._layout["cell"] + np.arange(self._gva.size).reshape(self._gva.shape),
            ]
        )
        if self._detail is not None:
            _, series = self._detail_series(DETAIL_METRICS[0])
            if self._detail.code in units["area_code"]:
                at[units["area_code"].to_list().index(self._detail.code)] = series
            else:
                rows = [self.codes.index(code) for code in self._detail.members]
                at, gva = np.vstack([at, series]), np.vstack([gva, self._gva[rows].sum(axis=0)])
                detail = pl.DataFrame(
                    [(self._detail.code, self._detail.name)], units.schema, orient="row"
                )
                units = pl.concat([units, detail])
        return (
            units.join(
                pl.DataFrame(
                    {
                        "sector": sectors,
                        "sector_name": [self._dataset.sector_names[s] for s in sectors],
                        "channel": [self._dataset.channels[s] for s in sectors],
                    }
                ),
                how="cross",
                maintain_order="left_right",
            )
            .with_columns(pl.Series("gva_gbp_m", gva.ravel()))
            .hstack(columns_of("gain_final_year_gbp_m", self._numbers[at.ravel()][:, FROM_CORE]))
        )

    def adoption(self) -> pl.DataFrame:
        """Give adoption by area, technology and year."""
        rows: list[tuple[str, str, str, int]] = []
        at: list[int] = []

        def add_every_year(code: str, name: str, first: int) -> None:
            for k, technology in enumerate(self._technologies):
                for t, year in enumerate(self._calendar):
                    rows.append((code, name, technology, year))
                    at.append(first + k * len(self._calendar) + t)

        detail = self._detail and (self._detail.code, self._detail.name)
        uk = self._groups.row(0)[:2]
        add_every_year(uk[0], uk[1], self._layout["adoption"])
        for r, area in enumerate(self._areas.select("area_code", "area_name").iter_rows()):
            if area == detail:
                add_every_year(area[0], area[1], self._layout["detail_adoption"])
                continue
            for k, technology in enumerate(self._technologies):
                for last in (0, 1):
                    rows.append((*area, technology, self._calendar[-last]))
                    position = (r * len(self._technologies) + k) * 2 + last
                    at.append(self._layout["area_adoption"] + position)
        if detail and detail[0] not in (uk[0], *self._areas["area_code"]):
            add_every_year(*detail, self._layout["detail_adoption"])
        frame = pl.DataFrame(
            rows,
            schema={
                "area_code": pl.String,
                "area_name": pl.String,
                "technology": pl.String,
                "year": pl.Int32,
            },
            orient="row",
        )
        return frame.hstack(columns_of("adoption", self._numbers[at][:, FROM_CORE]))

    def statistics(self) -> pl.DataFrame:
        """Give everything known of every quantity, one a row."""
        names = [
            *(f"gain_gbp_m_{year}" for year in self._calendar[1:]),
            *self._layout["unit_metrics"],
        ]
        count = len(self.codes) * len(names)
        values = self._numbers[:count]
        return pl.DataFrame(
            {
                "area_code": np.repeat(self.codes, len(names)),
                "quantity": names * len(self.codes),
                **{
                    name: pl.Series(values[:, i], nan_to_null=True)
                    for i, name in enumerate(COLUMNS)
                },
            }
        )


class LazyTables(dict[str, pl.DataFrame]):
    """Tables of a run, each made when it is first asked for."""

    def __init__(self, report: Report) -> None:
        """Keep what tables are made of."""
        super().__init__()
        self._report = report

    @property
    def codes(self) -> list[str]:
        """Codes of areas and groups, without a table being made."""
        return self._report.codes

    def __missing__(self, name: str) -> pl.DataFrame:
        """Make a table."""
        table: pl.DataFrame = getattr(self._report, name)()
        self[name] = table
        return table


def named_units(areas: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    """Code and name of each area, then of each group."""
    return pl.concat([areas, groups], how="diagonal").select("area_code", "area_name")
