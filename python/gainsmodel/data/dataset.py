"""Read the shipped tables, check them and hand them out as a `Dataset`.

What each table holds, its units, sources and treatments: ``tables/tables.toml``.
"""

import difflib
import math
import re
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gainsmodel.checks import brief
from gainsmodel.data.checks import _cell_checks
from gainsmodel.data.shipped_tables import (
    BASE_YEAR,
    MAYORAL_2026,
    PARENTS,
    SECTORS,
    TABLES,
    _areas_of,
    _hashes,
    _listed,
    _read,
)
from gainsmodel.errors import DataError, UnknownNameError
from gainsmodel.notebook import ShownInNotebooks

# Ways of saying a group, after `plain`. A group is listed only where it exists.
GROUP_NAMES = {
    "uk": ("uk", "united kingdom", "everywhere", "all areas"),
    "england": ("england",),
    "mayors_2017": ("mayors 2017", "2017 mayors", "2017 six", "mayors elected in 2017"),
    "mayoral_areas": ("mayoral areas", "all mayoral areas"),
}
# What a reader sees of a group.
SHOWN_AS = {
    "uk": "United Kingdom",
    "england": "England",
    "mayors_2017": "The 2017 six",
    "mayoral_areas": "All mayoral areas",
}


@dataclass(frozen=True, eq=False, repr=False)
class Dataset(ShownInNotebooks):
    """Base-year figures for one geography.

    Attributes
    ----------
    geography : str
        One of `GEOGRAPHIES`, or `OWN` where the areas are the user's own.
    base_year : int
        Year of the figures and of their prices.
    areas : DataFrame
        One row per area, in file order; columns as ``areas.csv`` without ``geography``.
    sectors : tuple of str
        The 18 sector codes, in column order.
    sector_names, channels : dict
        Sector code to its name, and to its channel.
    gva_gbp_m : ndarray
        £m at current prices of the base year, shape (areas, sectors), read-only.
        Real estate (L) is without owner-occupiers' imputed rent.
    economy : DataFrame
        UK GVA and GDP deflator by year; columns as ``uk_economy.csv``.
    groups : dict
        Group to the codes of its areas; groups are reported as well as the areas.
    wider : dict
        Name or code of a wider area (mayoral or ITL1, where the areas are local
        authorities) to the codes of the areas in it, so that a plan for it can be given.
    hashes : dict
        Table to the sha256 of its content.
    folder : Path
        Where the tables were read from.
    own_name : str or None
        What the user's GVA figures are called; None for the built-in ones.
    notes : tuple of str
        In plain words, how own figures were read.
    built_in_cells : tuple
        (area code, sector) of figures that own data lack and that stayed as built in.
    regions : dict
        Of own areas, code to that of the region (ITL 1) where most of its residents live.
    """

    geography: str
    base_year: int
    areas: pl.DataFrame
    sectors: tuple[str, ...]
    sector_names: dict[str, str]
    channels: dict[str, str]
    gva_gbp_m: NDArray[np.float64]
    economy: pl.DataFrame
    groups: dict[str, tuple[str, ...]]
    wider: dict[str, tuple[str, ...]]
    hashes: dict[str, str]
    folder: Path
    own_name: str | None = None
    notes: tuple[str, ...] = ()
    built_in_cells: tuple[tuple[str, str], ...] = ()
    regions: dict[str, str] = field(default_factory=dict)

    def describe(self) -> str:
        """In a few words, what it is of."""
        return (
            f"{self.own_name or 'built-in figures'!r}, {self.areas.height:,} {self.geography} "
            f"areas, {len(self.sectors)} sectors, {self.base_year}"
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Keep GVA read-only in a copy and after pickle too."""
        self.__dict__.update(state)
        self.gva_gbp_m.flags.writeable = False

    @property
    def j_share_of_gva(self) -> NDArray[np.float64]:
        """Share of each area's GVA that is information and communication (J), 0 to 1.

        Raises
        ------
        DataError
            If an area has no GVA at all.
        """
        whole: NDArray[np.float64] = self.gva_gbp_m.sum(axis=1)
        names = self.areas["area_name"].to_list()
        if empty := [name for name, total in zip(names, whole, strict=True) if not total > 0]:
            raise DataError(f"every sector is 0 in {', '.join(empty[:5])}; an area needs a GVA")
        share: NDArray[np.float64] = self.gva_gbp_m[:, self.sectors.index("J")] / whole
        return share

    def gva_frame(self) -> pl.DataFrame:
        """GVA as a table: ``area_code``, ``area_name``, a column a sector and ``total``, £m."""
        sectors = pl.DataFrame(self.gva_gbp_m, schema=list(self.sectors))
        return self.areas.select("area_code", "area_name").hstack(
            sectors.with_columns(total=pl.sum_horizontal(self.sectors))
        )

    def find(self, name: str) -> tuple[str, ...] | None:
        """As `resolve`, but None where nothing is called that: nearest names take long to find."""
        return self._spoken[0].get(plain(name[:200]))

    def resolve(self, name: str) -> tuple[str, ...]:
        """Turn what someone calls an area or a group into area codes.

        Parameters
        ----------
        name : str
            Code or name of an area or of a wider one, or a group, in any capitalisation;
            blanks, hyphens, punctuation, "&" for "and" and a leading "the" make no difference.

        Returns
        -------
        tuple of str
            Area codes, in file order.

        Raises
        ------
        UnknownNameError
            If nothing in this geography is called that; offers the nearest names.
        """
        if (found := self.find(name)) is not None:
            return found
        known, shown = self._spoken
        wanted = plain(name[:200])
        # A part of a name is nearer than a likeness; two ways of saying one thing count once.
        near = [spoken for spoken in known if wanted and wanted in spoken]
        near += difflib.get_close_matches(wanted, known, n=4, cutoff=0.5)
        hint = ", ".join(list(dict.fromkeys(shown[match] for match in near))[:4])
        names = [self.units[group] for group in self.groups if group != "uk"]
        names += self.areas["area_name"].to_list()
        raise UnknownNameError(
            f"no area or group of the {self.geography} geography is called {brief(name)}; "
            + (f"the nearest are: {hint}" if hint else _listed(names))
        )

    @cached_property
    def units(self) -> dict[str, str]:
        """Codes of all areas, then of all groups, to their names."""
        names = dict(self.areas.select("area_code", "area_name").iter_rows())
        return names | {group: SHOWN_AS.get(group, group) for group in self.groups}

    @cached_property
    def _spoken(self) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
        """Every way of saying an area or a group, to its codes and to how it is shown."""
        known = {plain(place): codes for place, codes in self.wider.items()}
        shown = {plain(place): place for place in self.wider}
        for code, area_name in self.areas.select("area_code", "area_name").iter_rows():
            known[plain(area_name)] = known[plain(code)] = (code,)
            shown[plain(area_name)] = shown[plain(code)] = area_name
        for group, codes in self.groups.items():
            for spoken in GROUP_NAMES[group]:
                known[spoken] = codes
                shown[spoken] = group
        return known, shown

    def uk_real_growth(self, start_year: int, assumed_growth_per_year: float) -> float:
        """Factor that carries base-year GVA to the start year, at base-year prices.

        Published chained-volume GVA as far as it goes, then the assumed rate.

        Parameters
        ----------
        start_year : int
            Year to carry to; the base year or later.
        assumed_growth_per_year : float
            Real growth in each year that is not yet published, 0.012 for 1.2%.

        Returns
        -------
        float
            GVA of the start year over GVA of the base year, both in volume.

        Raises
        ------
        DataError
            If the start year lies before the base year, or the rate is not above -1.
        """
        if start_year < self.base_year:
            raise DataError(f"start year {start_year} is before the base year {self.base_year}")
        if not (math.isfinite(assumed_growth_per_year) and assumed_growth_per_year > -1):
            raise DataError(f"growth per year must be above -1, not {assumed_growth_per_year}")
        volume = dict(zip(self.economy["year"], self.economy["gva_cvm_gbp_m"], strict=True))
        published = min(start_year, max(volume))
        ratio: float = volume[published] / volume[self.base_year]
        return ratio * float((1.0 + assumed_growth_per_year) ** (start_year - published))


@cache
def load_dataset(geography: str, folder: Path = TABLES) -> Dataset:
    """Read, check and return the figures of one geography.

    Parameters
    ----------
    geography : str
        One of `GEOGRAPHIES`.
    folder : Path
        Where the tables lie; the shipped ones by default.

    Returns
    -------
    Dataset
        The same object on every call with the same arguments.

    Raises
    ------
    UnknownNameError
        If the geography does not exist.
    DataError
        If a table is missing, impossible or altered; names the file, row and value.
    """
    if geography == MAYORAL_2026:
        # Made of other geographies, by code that reads them first.
        from gainsmodel.data.places import mayoral_2026

        return mayoral_2026(folder)
    tables = _read(geography, folder)
    for result in _cell_checks(tables, geography, folder):
        if not result.passed:
            raise DataError(result.detail)
    areas = _areas_of(tables, geography)
    gva = (
        tables["gva.csv"]
        .filter(pl.col("geography") == geography)["gva_gbp_m"]
        .to_numpy()
        .reshape(areas.height, len(SECTORS))
        .copy()
    )
    gva.flags.writeable = False
    sectors = tables["sectors.csv"]
    return Dataset(
        geography=geography,
        base_year=BASE_YEAR,
        areas=areas.drop("geography"),
        sectors=SECTORS,
        sector_names=dict(sectors.select("sector", "name").iter_rows()),
        channels=dict(sectors.select("sector", "channel").iter_rows()),
        gva_gbp_m=gva,
        economy=tables["uk_economy.csv"],
        groups=_groups(tables, geography),
        wider=_wider(tables, geography),
        hashes=_hashes_for(geography, folder),
        folder=folder,
    )


def plain(name: str) -> str:
    """Reduce a name to what people mean by it, for comparison only."""
    words = re.sub(r"[^\w&]+|_", " ", name.casefold().replace("'", "")).replace("&", " and ")
    words = re.sub(r"^the ", "", " ".join(words.split()))
    # The official order "Bristol, City of" has lost its comma by now.
    return re.sub(r" (city|county) of$", "", words)


def _hashes_for(geography: str, folder: Path) -> dict[str, str]:
    """Hashes of the tables that a geography depends on; local authorities know places of 2026."""
    return {
        file: value
        for file, value in _hashes(folder).items()
        if file != "mayoral_2026.csv" or geography == "local_authority"
    }


def _groups(tables: dict[str, pl.DataFrame], geography: str) -> dict[str, tuple[str, ...]]:
    """Group to area codes, in file order."""
    areas = _areas_of(tables, geography)
    groups = {"uk": tuple(areas["area_code"])}
    if geography == "itl1":
        groups["england"] = tuple(areas.filter(pl.col("area_type") == "region")["area_code"])
        return groups
    mayoral = _areas_of(tables, "mayoral")
    for group, wanted in (
        ("mayors_2017", pl.col("mayor_2017")),
        ("mayoral_areas", pl.col("area_type") == "mayoral"),
    ):
        codes = mayoral.filter(wanted)["area_code"].to_list()
        if geography == "local_authority":
            inside = tables["membership.csv"].filter(pl.col("mayoral_area_code").is_in(codes))
            members = set(inside["la_code"])
            codes = [code for code in groups["uk"] if code in members]
        groups[group] = tuple(codes)
    return groups


def _wider(tables: dict[str, pl.DataFrame], geography: str) -> dict[str, tuple[str, ...]]:
    """Code and name of each wider area to its members; a mayoral area's name goes first."""
    wider: dict[str, tuple[str, ...]] = {}
    if geography != "local_authority":
        return wider
    codes = _areas_of(tables, geography)["area_code"].to_list()
    for level, (file, column) in PARENTS.items():
        parent = dict(tables[file].select("la_code", column).iter_rows())
        places = tables[file] if level == MAYORAL_2026 else _areas_of(tables, level)
        named = places.select("area_code", "area_name").unique(maintain_order=True)
        for place, name in named.iter_rows():
            members = tuple(code for code in codes if parent[code] == place)
            wider |= {place: members, name: members}
    return wider
