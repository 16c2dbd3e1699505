"""Read the shipped tables, check them and hand them out as a `Dataset`.

What each table holds, its units, sources and treatments: ``tables/tables.toml``.
"""

import difflib
import hashlib
import math
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from gainsmodel.errors import DataError, UnknownNameError

TABLES = Path(__file__).parent / "tables"
BASE_YEAR = 2023
Geography = Literal["mayoral", "itl1", "local_authority"]
# What publishers' tables are of; ITL 2 and 3 are read as own areas.
Level = Literal["mayoral", "itl1", "itl2", "itl3", "local_authority"]
# How the rest of the UK is kept beside new areas.
Rest = Literal["mayoral", "regions", "parts"]
GEOGRAPHIES: tuple[Geography, ...] = get_args(Geography)
SECTORS = (
    *("AB", "C", "DE", "F", "G", "H", "I", "J", "K"),
    *("L", "M", "N", "O", "P", "Q", "R", "S", "T"),
)
CHANNELS = ("public_services", "places_mobility", "digital_platforms", "rest_of_market")
# Under this name the hash of somebody's own GVA stands in place of that of gva.csv.
OWN_GVA = "own_gva.csv"
# The same of own areas, whose geography is called so.
OWN_AREAS = "own_areas.csv"
OWN = "own"
AREA_COUNT = {"mayoral": 23, "itl1": 12, "local_authority": 361}
TREATMENTS = ("published", "sum", "residual", "estimated")

# The publisher rounds every figure to £1m, so sums of rounded figures drift apart. These are
# the largest gaps in £m to let pass: in one sector of one area, and in one sector of the UK.
AREA_GAP_GBP_M = 8.0
UK_GAP_GBP_M = {"mayoral": 8.0, "itl1": 3.0, "local_authority": 20.0}

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

_SCHEMAS: dict[str, dict[str, type[pl.DataType]]] = {
    "gva.csv": {
        "geography": pl.String,
        "area_code": pl.String,
        "sector": pl.String,
        "gva_gbp_m": pl.Float64,
        "treatment": pl.String,
    },
    "areas.csv": {
        "geography": pl.String,
        "area_code": pl.String,
        "area_name": pl.String,
        "area_type": pl.String,
        "mayor_2017": pl.Boolean,
        "population": pl.Int64,
        "population_basis": pl.String,
        "jobs": pl.Int64,
        "jobs_basis": pl.String,
        "gigabit_share": pl.Float64,
        "latitude": pl.Float64,
        "longitude": pl.Float64,
    },
    "membership.csv": {
        "la_code": pl.String,
        "mayoral_area_code": pl.String,
        "itl1_code": pl.String,
    },
    "uk_economy.csv": {
        "year": pl.Int64,
        "gva_cvm_gbp_m": pl.Float64,
        "gva_current_gbp_m": pl.Float64,
        "gdp_deflator_2023_100": pl.Float64,
    },
    "sectors.csv": {"sector": pl.String, "name": pl.String, "channel": pl.String},
}

AREA_COLUMNS = {name: kind for name, kind in _SCHEMAS["areas.csv"].items() if name != "geography"}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: its name, whether it held, and the figures behind the verdict."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True, eq=False)
class Dataset:
    """Base-year figures for one geography.

    Attributes
    ----------
    geography : str
        One of `GEOGRAPHIES`, or `OWN` where the areas are somebody's own.
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
        Group to the codes of its areas; groups are reported beside the areas.
    wider : dict
        Name or code of a wider area (mayoral or ITL1, where the areas are local
        authorities) to the codes of the areas in it, so that a plan for it can be given.
    hashes : dict
        Table to the sha256 of its content.
    folder : Path
        Where the tables were read from.
    own_name : str or None
        What somebody's own GVA figures are called; None for the built-in ones.
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

    @property
    def j_share_of_gva(self) -> NDArray[np.float64]:
        """Share of each area's GVA that is information and communication (J), 0 to 1."""
        share: NDArray[np.float64] = self.gva_gbp_m[:, self.sectors.index("J")] / (
            self.gva_gbp_m.sum(axis=1)
        )
        return share

    def gva_frame(self) -> pl.DataFrame:
        """GVA as a table: ``area_code``, ``area_name``, a column a sector and ``total``, £m."""
        sectors = pl.DataFrame(self.gva_gbp_m, schema=list(self.sectors))
        return self.areas.select("area_code", "area_name").hstack(
            sectors.with_columns(total=pl.sum_horizontal(self.sectors))
        )

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
        known, shown = self._spoken
        wanted = plain(name)
        if wanted in known:
            return known[wanted]
        # A part of a name is nearer than a likeness; two ways of saying one thing count once.
        near = [spoken for spoken in known if wanted and wanted in spoken]
        near += difflib.get_close_matches(wanted, known, n=4, cutoff=0.5)
        hint = ", ".join(list(dict.fromkeys(shown[match] for match in near))[:4])
        names = [self.units[group] for group in self.groups if group != "uk"]
        names += self.areas["area_name"].to_list()
        raise UnknownNameError(
            f"no area or group of the {self.geography} geography is called {name!r}; "
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
        hashes=_hashes(folder),
        folder=folder,
    )


def check(dataset: Dataset | str) -> list[Check]:
    """Check one geography's tables, including that its sums agree with the others'.

    Parameters
    ----------
    dataset : Dataset or str
        A dataset, whose shipped tables are read again, or a shipped geography. Own figures
        were checked when they were read.

    Returns
    -------
    list of Check
        One per property, passed or not.

    Raises
    ------
    UnknownNameError
        If the geography does not exist.
    DataError
        If a table cannot be read at all.
    """
    geography, folder = (
        (dataset, TABLES) if isinstance(dataset, str) else (dataset.geography, dataset.folder)
    )
    tables = _read(geography, folder)
    cells = list(_cell_checks(tables, geography, folder))
    # Sums over cells that are missing or doubled would say nothing of their own.
    sums = _sum_checks(tables, geography) if all(result.passed for result in cells) else ()
    return [*cells, *sums]


def readiness(
    gigabit_share: ArrayLike,
    j_share_of_gva: ArrayLike,
    weights: Sequence[float] = (1.0, 1.0),
) -> NDArray[np.float64]:
    """Digital readiness of each area: a proxy, mean 0 and standard deviation 1.

    Gigabit coverage and the logit of the J share are each standardised over the areas
    (unweighted, population standard deviation), averaged with the weights and
    standardised again. Where nothing varies, every area scores 0.

    Parameters
    ----------
    gigabit_share : array_like
        Share of premises that can get gigabit broadband, 0 to 1, shape (areas,).
    j_share_of_gva : array_like
        Information and communication as a share of GVA, shape (areas,), strictly
        between 0 and 1 unless its weight is 0. A share of 0 has no logit and is refused
        rather than floored: no shipped area has one (the lowest is 0.2%).
    weights : sequence of float
        Weight of coverage and of the J share; none negative.

    Returns
    -------
    ndarray
        Shape (areas,).

    Raises
    ------
    DataError
        If shapes differ, a share lies outside its bounds or a weight is negative.
    """
    gigabit = np.asarray(gigabit_share, dtype=np.float64)
    digital = np.asarray(j_share_of_gva, dtype=np.float64)
    weight = np.asarray(weights, dtype=np.float64)
    if gigabit.ndim != 1 or gigabit.shape != digital.shape:
        raise DataError(f"shares must have one shape (areas,): {gigabit.shape}, {digital.shape}")
    if weight.shape != (2,) or not (np.isfinite(weight) & (weight >= 0)).all():
        raise DataError(f"readiness needs two weights, none negative: {weights}")
    _require(gigabit, (gigabit >= 0) & (gigabit <= 1), "gigabit share", "from 0 to 1")
    score = weight[0] * _standardise(gigabit)
    if weight[1] > 0:
        _require(digital, (digital > 0) & (digital < 1), "J share of GVA", "between 0 and 1")
        score = score + weight[1] * _standardise(np.log(digital / (1.0 - digital)))
    return _standardise(score)


def _require(values: NDArray[np.float64], valid: NDArray[np.bool_], name: str, bounds: str) -> None:
    if not valid.all():
        area = int(np.argmin(valid))
        raise DataError(f"{name} of area {area} must be {bounds}, not {values[area]}")


def _standardise(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale to mean 0 and population standard deviation 1, or to zeros if nothing varies."""
    if not values.size:
        return values
    centred: NDArray[np.float64] = values - values.mean()
    deviation = float(centred.std())
    # Rounding leaves equal values a hair apart; that is not variation.
    if deviation <= 1e-12 * max(1.0, float(np.abs(values).max())):
        return np.zeros_like(values)
    return centred / deviation


def _listed(names: list[str], most: int = 40) -> str:
    """All of a few names, the first of many."""
    if len(names) <= most:
        return f"there are: {', '.join(names)}"
    return f"there are {len(names)}, such as {', '.join(names[:4])}"


def plain(name: str) -> str:
    """Reduce a name to what people mean by it, for comparison only."""
    words = re.sub(r"[^\w&]+|_", " ", name.casefold().replace("'", "")).replace("&", " and ")
    words = re.sub(r"^the ", "", " ".join(words.split()))
    # The official order "Bristol, City of" has lost its comma by now.
    return re.sub(r" (city|county) of$", "", words)


def _read(geography: str, folder: Path) -> dict[str, pl.DataFrame]:
    """Read every table, or say which cannot be read."""
    if geography == OWN:
        raise DataError(
            "the areas are somebody's own: hand over the folder that holds them, "
            "dataset= (--data FOLDER)"
        )
    if geography not in GEOGRAPHIES:
        raise UnknownNameError(
            f"no geography is called {geography!r}; there are: {', '.join(GEOGRAPHIES)}"
        )
    tables = {}
    for file, schema in _SCHEMAS.items():
        try:
            frame = pl.read_csv(folder / file, infer_schema=False)
            if frame.columns != list(schema):
                raise DataError(f"{file}: columns must be {', '.join(schema)}")
            tables[file] = _typed(file, frame, schema)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise DataError(f"{file}: cannot be read: {error}") from error
    return tables


def _typed(file: str, text: pl.DataFrame, schema: dict[str, type[pl.DataType]]) -> pl.DataFrame:
    """Turn columns of text into their types; the first cell that will not turn is named."""
    casts = [
        pl.col(column) == "true" if kind is pl.Boolean else pl.col(column).cast(kind, strict=False)
        for column, kind in schema.items()
    ]
    typed = text.select(casts)
    for column, kind in schema.items():
        # A look at every cell only where something is lost.
        if kind is not pl.Boolean and text[column].null_count() == typed[column].null_count():
            continue
        lost = text[column].is_not_null() & (
            ~text[column].is_in(["true", "false"])
            if kind is pl.Boolean
            else typed[column].is_null()
        )
        if lost.any():
            row = lost.arg_max() or 0
            raise DataError(f"{file}, row {row + 2}: {column} cannot be {text[column][row]!r}")
    return typed


def _areas_of(tables: dict[str, pl.DataFrame], geography: str) -> pl.DataFrame:
    return tables["areas.csv"].filter(pl.col("geography") == geography)


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
    membership = dict(tables["membership.csv"].select("la_code", "mayoral_area_code").iter_rows())
    regions = dict(tables["membership.csv"].select("la_code", "itl1_code").iter_rows())
    codes = _areas_of(tables, geography)["area_code"].to_list()
    for level, parent in (("itl1", regions), ("mayoral", membership)):
        places = _areas_of(tables, level).select("area_code", "area_name")
        for place, name in places.iter_rows():
            members = tuple(code for code in codes if parent[code] == place)
            wider |= {place: members, name: members}
    return wider


def _hashes(folder: Path) -> dict[str, str]:
    return {
        file: hashlib.sha256((folder / file).read_bytes()).hexdigest() for file in sorted(_SCHEMAS)
    }


def _cell_checks(tables: dict[str, pl.DataFrame], geography: str, folder: Path) -> Iterator[Check]:
    """Check what one cell or one column can show; the first bad row is named."""
    areas = _areas_of(tables, geography)
    gva = tables["gva.csv"].filter(pl.col("geography") == geography)

    def rows(name: str, file: str, column: str, valid: pl.Expr) -> Check:
        # Every geography is checked: sums compare them with each other.
        bad = tables[file].with_row_index("row", offset=2).filter(~valid.fill_null(value=False))
        if not bad.height:
            return Check(name, passed=True, detail=f"{tables[file].height} rows of {file}")
        row, value = bad.select("row", column).row(0)
        detail = f"{file}, row {row}: {column} cannot be {'missing' if value is None else value}"
        return Check(name, passed=False, detail=detail)

    def between(column: str, low: float, high: float) -> pl.Expr:
        return pl.col(column).is_between(low, high)

    yield rows(
        "no GVA cell is missing or negative",
        "gva.csv",
        "gva_gbp_m",
        between("gva_gbp_m", 0, 1e9),
    )
    yield rows(
        "every GVA cell has a known treatment",
        "gva.csv",
        "treatment",
        pl.col("treatment").is_in(TREATMENTS),
    )
    for column, valid in {
        "population": between("population", 1, 1e9),
        "gigabit_share": between("gigabit_share", 0, 1),
        "latitude": between("latitude", -90, 90),
        "longitude": between("longitude", -180, 180),
        "jobs": pl.col("jobs").is_null() | (pl.col("jobs") > 0),
        "jobs_basis": pl.col("jobs").is_null() == pl.col("jobs_basis").is_null(),
    }.items():
        yield rows(f"every area has a possible {column}", "areas.csv", column, valid)
    for file, key in (
        ("areas.csv", ["geography", "area_code"]),
        ("areas.csv", ["geography", "area_name"]),
        ("gva.csv", ["geography", "area_code", "sector"]),
        ("membership.csv", ["la_code"]),
        ("uk_economy.csv", ["year"]),
    ):
        yield rows(f"{key[-1]} is unique in {file}", file, key[-1], ~pl.struct(key).is_duplicated())
    yield rows(
        "every sector has a channel", "sectors.csv", "channel", pl.col("channel").is_in(CHANNELS)
    )
    yield rows(
        "UK volumes are above zero",
        "uk_economy.csv",
        "gva_cvm_gbp_m",
        pl.col("gva_cvm_gbp_m") > 0,
    )
    yield rows(
        "every local authority lies in a mayoral area",
        "membership.csv",
        "mayoral_area_code",
        pl.col("mayoral_area_code").is_in(_areas_of(tables, "mayoral")["area_code"].to_list()),
    )
    yield rows(
        "every local authority lies in a region",
        "membership.csv",
        "itl1_code",
        pl.col("itl1_code").is_in(_areas_of(tables, "itl1")["area_code"].to_list()),
    )

    expected = [(code, sector) for code in areas["area_code"] for sector in SECTORS]
    complete = (
        areas.height == AREA_COUNT[geography]
        and gva.select("area_code", "sector").rows() == expected
        and tuple(tables["sectors.csv"]["sector"]) == SECTORS
        and sorted(tables["membership.csv"]["la_code"])
        == sorted(_areas_of(tables, "local_authority")["area_code"])
        and BASE_YEAR in tables["uk_economy.csv"]["year"]
    )
    yield Check(
        "every area has every sector, in order",
        complete,
        f"gva.csv: {gva.height} rows for {areas.height} {geography} areas in areas.csv, "
        f"{AREA_COUNT[geography]} areas by {len(SECTORS)} sectors wanted",
    )
    yield _hash_check(folder)


def _hash_check(folder: Path) -> Check:
    """Compare every table with the hash its build wrote."""
    name = "no table was altered since it was built"
    try:
        stated = tomllib.loads((folder / "hashes.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return Check(name, passed=False, detail=f"hashes.toml: cannot be read: {error}")
    altered = [file for file, found in _hashes(folder).items() if stated.get(file) != found]
    if altered:
        detail = f"{', '.join(altered)}: altered since built, the sha256 in hashes.toml differs"
        return Check(name, passed=False, detail=detail)
    return Check(name, passed=True, detail=f"sha256 of {len(stated)} tables")


def _sum_checks(tables: dict[str, pl.DataFrame], geography: str) -> Iterator[Check]:
    """Compare sums with the published UK, and local authorities with wider areas."""
    gva = tables["gva.csv"]

    def of(level: str) -> pl.DataFrame:
        return gva.filter(pl.col("geography") == level)

    def compare(name: str, parts: pl.DataFrame, whole: pl.DataFrame, allowed: float) -> Check:
        """Compare sums over area_code and sector."""
        keys = ["area_code", "sector"]
        worst = (
            parts.group_by(keys)
            .agg(total=pl.col("gva_gbp_m").sum())
            .join(whole, on=keys, how="full", coalesce=True)
            .with_columns(gap=(pl.col("total") - pl.col("gva_gbp_m")).abs().fill_null(math.inf))
            .sort("gap", "area_code", "sector", descending=[True, False, False])
        )
        code, sector, gap = worst.select(*keys, "gap").row(0)
        detail = f"largest gap £{gap:.1f}m ({code}, {sector}), £{allowed:.0f}m allowed for rounding"
        return Check(name, gap <= allowed, detail)

    yield compare(
        f"{geography} areas sum to the published UK in every sector",
        of(geography).with_columns(area_code=pl.lit("UKX")),
        of("uk"),
        UK_GAP_GBP_M[geography],
    )
    wider = {"mayoral": ("mayoral",), "itl1": ("itl1",), "local_authority": ("mayoral", "itl1")}
    for level in wider[geography]:
        yield compare(
            f"local authorities sum to {level} areas in every sector",
            of("local_authority")
            .join(tables["membership.csv"], left_on="area_code", right_on="la_code")
            .with_columns(area_code=pl.col(f"{level}{'_area' * (level == 'mayoral')}_code")),
            of(level),
            AREA_GAP_GBP_M,
        )
