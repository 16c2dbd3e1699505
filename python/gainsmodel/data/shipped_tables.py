"""The shipped tables as text and types: where they are, what columns they have."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any, get_args

import polars as pl

from gainsmodel.choices import Geography
from gainsmodel.errors import DataError, UnknownNameError

TABLES = Path(__file__).parent / "tables"
BASE_YEAR = 2023
GEOGRAPHIES: tuple[Geography, ...] = get_args(Geography)
SECTORS = (
    *("AB", "C", "DE", "F", "G", "H", "I", "J", "K"),
    *("L", "M", "N", "O", "P", "Q", "R", "S", "T"),
)
CHANNELS = ("public_services", "places_mobility", "digital_platforms", "rest_of_market")
# Under this name the hash of a user's own GVA replaces that of gva.csv.
OWN_GVA = "own_gva.csv"
# The same of own areas, whose geography is called so.
OWN_AREAS = "own_areas.csv"
OWN = "own"
# Put together from local authorities when it is loaded; see `gainsmodel.data.places`.
MAYORAL_2026 = "mayoral_2026"
# Where the shipped figures come from, and what their licence asks to be said.
SOURCES = (
    "Office for National Statistics: regional GVA (balanced) by industry, population, jobs, "
    "national accounts",
    "Ofcom: Connected Nations 2024",
)
LICENCE = "Open Government Licence v3.0"
ATTRIBUTION = "Contains OS data © Crown copyright and database right 2025"
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
    "mayoral_2026.csv": {
        "la_code": pl.String,
        "area_code": pl.String,
        "area_name": pl.String,
        "area_type": pl.String,
        "grade": pl.String,
        "source": pl.String,
    },
    "uk_economy.csv": {
        "year": pl.Int64,
        "gva_cvm_gbp_m": pl.Float64,
        "gva_current_gbp_m": pl.Float64,
        "gdp_deflator_2023_100": pl.Float64,
    },
    "sectors.csv": {"sector": pl.String, "name": pl.String, "channel": pl.String},
}
# Which table says in which area of another geography a local authority lies, and in which column.
PARENTS = {
    "itl1": ("membership.csv", "itl1_code"),
    "mayoral": ("membership.csv", "mayoral_area_code"),
    MAYORAL_2026: ("mayoral_2026.csv", "area_code"),
}
AREA_COLUMNS = {name: kind for name, kind in _SCHEMAS["areas.csv"].items() if name != "geography"}


def origin(own_name: str | None = None) -> dict[str, Any]:
    """Sources and licence as a data package has them; own figures have a licence of their own."""
    shipped = [{"title": title} for title in SOURCES]
    said = f"{LICENCE}. {ATTRIBUTION}."
    if own_name is not None:
        own = {"title": own_name}
        return {"sources": [own, *shipped], "attribution": f"Built-in figures: {said}"}
    return {"sources": shipped, "licenses": [{"name": "OGL-UK-3.0", "title": said}]}


def _listed(names: list[str], most: int = 40) -> str:
    """All of a few names, the first of many."""
    if len(names) <= most:
        return f"there are: {', '.join(names)}"
    return f"there are {len(names)}, such as {', '.join(names[:4])}"


def _read(geography: str, folder: Path) -> dict[str, pl.DataFrame]:
    """Read every table, or say which cannot be read."""
    if geography == OWN:
        raise DataError("these are your own areas: pass their folder with dataset= (--data FOLDER)")
    if geography not in GEOGRAPHIES:
        raise UnknownNameError(
            f"no geography is called {geography!r}; there are: {', '.join(GEOGRAPHIES)}"
        )
    return _shipped() if folder == TABLES else _tables(folder)


@cache
def _shipped() -> dict[str, pl.DataFrame]:
    """Tables that every built-in geography is cut from, read once."""
    return _tables(TABLES)


def _tables(folder: Path) -> dict[str, pl.DataFrame]:
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


def _hashes(folder: Path) -> dict[str, str]:
    return {
        file: hashlib.sha256((folder / file).read_bytes()).hexdigest() for file in sorted(_SCHEMAS)
    }
