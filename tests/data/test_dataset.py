"""The shipped tables, the dataset made of them, and the checks on both."""

import hashlib
import math
import shutil
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from build_tables import areas as build_areas
from gainsmodel.data import (
    GEOGRAPHIES,
    SECTORS,
    Dataset,
    check,
    load_dataset,
    readiness,
)
from gainsmodel.data.shipped_tables import CHANNELS, TABLES
from gainsmodel.errors import DataError, GainsModelError, UnknownNameError
from publisher import SOURCE, needs_source

CSV_FILES = (
    *("areas.csv", "gva.csv", "mayoral_2026.csv", "membership.csv", "sectors.csv"),
    "uk_economy.csv",
)
ITL_FILES = ("itl.csv", "itl_membership.csv")

# ONS regional accounts, 17 April 2025, 2023: UK less Extra-Regio, and imputed rental.
UK_LESS_EXTRA_REGIO_GBP_M = 2_434_407
IMPUTED_RENTAL_GBP_M = 234_429


@pytest.fixture(params=GEOGRAPHIES)
def dataset(request: pytest.FixtureRequest) -> Dataset:
    return load_dataset(request.param)


@pytest.fixture
def mayoral() -> Dataset:
    return load_dataset("mayoral")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Copy the tables to where a test may spoil them."""
    return Path(shutil.copytree(TABLES, tmp_path / "tables"))


def rewrite(folder: Path, file: str, old: str, new: str, *, rehash: bool) -> None:
    """Replace a text once, and state the new hash as a careful forger would."""
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    if rehash:
        hashes = tomllib.loads((folder / "hashes.toml").read_text(encoding="utf-8"))
        hashes[file] = hashlib.sha256((folder / file).read_bytes()).hexdigest()
        (folder / "hashes.toml").write_text(
            "".join(f'"{name}" = "{value}"\n' for name, value in hashes.items()), encoding="utf-8"
        )


def total_by_area(dataset: Dataset) -> dict[str, float]:
    return dict(zip(dataset.areas["area_code"], dataset.gva_gbp_m.sum(axis=1), strict=True))


# Tables


@needs_source
def test_shipped_tables_are_what_the_build_makes(tmp_path: Path) -> None:
    build_areas.main([str(SOURCE), "--out", str(tmp_path)])
    for file in (*CSV_FILES, *ITL_FILES, "hashes.toml"):
        assert (tmp_path / file).read_bytes() == (TABLES / file).read_bytes(), (
            f"{file} differs: run python -m build_tables.areas {SOURCE}"
        )


def test_every_column_is_documented_with_a_unit() -> None:
    described = tomllib.loads((TABLES / "tables.toml").read_text(encoding="utf-8"))
    assert sorted(described["files"]) == sorted((*CSV_FILES, *ITL_FILES))
    for file, entry in described["files"].items():
        header = pl.read_csv(TABLES / file, n_rows=0).columns
        assert list(entry["columns"]) == header, file
        for column in entry["columns"].values():
            assert column["unit"]
            assert column["meaning"]
        for key in ("title", "sources", "edition", "covers", "reference_period", "licence"):
            assert entry[key], f"{file}: {key}"
        assert entry["treatments"], file
        assert set(entry["licence"]) <= set(described["licences"])


def test_stated_treatments_and_units_match_the_cells() -> None:
    gva = pl.read_csv(TABLES / "gva.csv", infer_schema_length=None)
    estimated = gva.filter(pl.col("treatment") == "estimated")
    # The publisher hides 34 rows; two of them are imputed rental, which has no cell here.
    assert estimated.height == 32
    assert estimated["area_code"].unique().sort().to_list() == [
        "E06000052",
        "E06000053",
        "E07000095",
        "E07000243",
        "S12000021",
        "S12000035",
    ]
    assert (estimated["gva_gbp_m"] > 0).all()
    published = gva.filter(pl.col("treatment") != "estimated")["gva_gbp_m"]
    assert (published == published.round()).all(), "published figures come in whole £m"


def test_tables_are_small() -> None:
    assert sum(path.stat().st_size for path in TABLES.iterdir()) < 600_000


@needs_source
def test_estimates_meet_every_published_subtotal() -> None:
    raw = (
        pl.read_parquet(SOURCE / "gva_la_by_section_1998_2023.parquet")
        .filter(pl.col("year") == 2023)
        .select("la_code", "sic", "gva_cp_gbp_m")
    )
    published = {(code, sic): value for code, sic, value in raw.iter_rows()}
    local = load_dataset("local_authority")
    position = {code: row for row, code in enumerate(local.areas["area_code"])}
    production = [SECTORS.index(sector) for sector in ("AB", "C", "DE")]
    services = [row for row in range(SECTORS.index("G"), len(SECTORS)) if SECTORS[row] != "L"]
    hidden_services = ("E06000052", "E06000053", "S12000021", "S12000035")
    for code in (*hidden_services, "E07000095", "E07000243"):
        gva = local.gva_gbp_m[position[code]]
        assert gva[production].sum() == pytest.approx(published[code, "A-E"], abs=0.01)
        assert 0 < gva[SECTORS.index("L")] < published[code, "L (68)"]
    for code in hidden_services:
        assert local.gva_gbp_m[position[code]][services].sum() == pytest.approx(
            published[code, "G-T"] - published[code, "L (68)"], abs=0.01
        )


@needs_source
def test_authorities_sum_to_the_wider_areas_that_hide_nothing() -> None:
    itl3 = pl.read_parquet(SOURCE / "gva_itl_by_section_1998_2023.parquet").filter(
        pl.col("year") == 2023
    )
    label = {"L": "68"} | {sector: sector for sector in SECTORS if sector != "L"}
    wider = {
        (code, sic.split()[0]): value
        for code, sic, value in itl3.select("code", "sic", "gva_cp_gbp_m").iter_rows()
    }
    local = load_dataset("local_authority")
    position = {code: row for row, code in enumerate(local.areas["area_code"])}
    highlands = ["08", "13", "17", "20", "21", "23", "27", "35"]
    for areas, members in (
        (["TLK30"], ["E06000052", "E06000053"]),
        (["TLH26"], ["E07000095", "E07000099", "E07000241", "E07000242", "E07000243"]),
        # North Ayrshire lies in both of these, so only together do they hold whole authorities.
        (["TLM20", "TLM93"], [f"S120000{number}" for number in highlands]),
    ):
        found = local.gva_gbp_m[[position[code] for code in members]].sum(axis=0)
        for sector, value in zip(SECTORS, found, strict=True):
            stated = sum(wider[area, label[sector]] for area in areas)
            assert value == pytest.approx(stated, abs=2.0), (areas, sector)


# Sums


def test_areas_sum_to_the_published_uk_without_imputed_rent(dataset: Dataset) -> None:
    uk = UK_LESS_EXTRA_REGIO_GBP_M - IMPUTED_RENTAL_GBP_M
    allowed = {"mayoral": 25, "itl1": 5, "local_authority": 60, "mayoral_2026": 60}[
        dataset.geography
    ]
    assert dataset.gva_gbp_m.sum() == pytest.approx(uk, abs=allowed)


def test_local_authorities_sum_to_wider_areas_in_every_sector() -> None:
    local = load_dataset("local_authority")
    membership = pl.read_csv(TABLES / "membership.csv")
    assert membership["la_code"].to_list() == local.areas["area_code"].to_list()
    for geography, column in (("mayoral", "mayoral_area_code"), ("itl1", "itl1_code")):
        wider = load_dataset(geography)
        for row, code in enumerate(wider.areas["area_code"]):
            inside = (membership[column] == code).to_numpy()
            assert inside.any()
            gap = np.abs(local.gva_gbp_m[inside].sum(axis=0) - wider.gva_gbp_m[row])
            assert gap.max() <= 6.5, (code, SECTORS[int(gap.argmax())])


def test_a_mayoral_area_is_exactly_its_local_authorities(mayoral: Dataset) -> None:
    local = total_by_area(load_dataset("local_authority"))
    members = pl.read_csv(TABLES / "membership.csv")
    for code in mayoral.groups["mayoral_areas"]:
        inside = members.filter(pl.col("mayoral_area_code") == code)["la_code"]
        assert total_by_area(mayoral)[code] == sum(local[la] for la in inside)


def test_mayoral_areas_of_a_region_sum_to_it(mayoral: Dataset) -> None:
    # Greater Lincolnshire lies in two regions; any other mayoral area lies in one.
    regions = total_by_area(load_dataset("itl1"))
    areas = total_by_area(mayoral)
    members = pl.read_csv(TABLES / "membership.csv").select("mayoral_area_code", "itl1_code")
    for region in set(regions) - {"TLE", "TLF"}:
        inside = set(members.filter(pl.col("itl1_code") == region)["mayoral_area_code"])
        assert sum(areas[code] for code in inside) == pytest.approx(regions[region], abs=10)


def test_greater_manchester_has_4_19_percent_of_gva(mayoral: Dataset) -> None:
    share = total_by_area(mayoral)["E47000001"] / mayoral.gva_gbp_m.sum()
    assert share == pytest.approx(0.0419, abs=5e-5)


@pytest.mark.parametrize("geography", GEOGRAPHIES)
def test_residents_sum_to_the_uk_of_2023(geography: str) -> None:
    # ONS mid-2023; the authorities' parts are each rounded to whole residents.
    assert load_dataset(geography).areas["population"].sum() == pytest.approx(68_265_212, abs=50)


# Datasets


def test_gva_has_one_row_per_area_and_one_column_per_sector(dataset: Dataset) -> None:
    rows = {"mayoral": 23, "itl1": 12, "local_authority": 361, "mayoral_2026": 30}[
        dataset.geography
    ]
    assert dataset.areas.height == rows
    assert dataset.gva_gbp_m.shape == (rows, 18)
    assert dataset.gva_gbp_m.dtype == np.float64
    assert dataset.gva_gbp_m.flags.c_contiguous
    assert (dataset.gva_gbp_m >= 0).all()


def test_gva_cannot_be_overwritten(dataset: Dataset) -> None:
    with pytest.raises(ValueError, match="read-only"):
        dataset.gva_gbp_m[0, 0] = 1.0


def test_gva_cells_stand_where_their_row_and_column_say(dataset: Dataset) -> None:
    gva = pl.read_csv(TABLES / "gva.csv", infer_schema_length=None).filter(
        pl.col("geography") == dataset.geography
    )
    rows = {code: row for row, code in enumerate(dataset.areas["area_code"])}
    for code, sector, value in gva.select("area_code", "sector", "gva_gbp_m").iter_rows():
        assert dataset.gva_gbp_m[rows[code], dataset.sectors.index(sector)] == value


def test_every_sector_has_a_name_and_one_of_four_channels(dataset: Dataset) -> None:
    assert tuple(dataset.sector_names) == tuple(dataset.channels) == dataset.sectors == SECTORS
    by_channel = {
        channel: "".join(s for s in SECTORS if dataset.channels[s] == channel)
        for channel in CHANNELS
    }
    assert by_channel == {
        "public_services": "OPQ",
        "places_mobility": "FHILR",
        "digital_platforms": "JKM",
        "rest_of_market": "ABCDEGNST",
    }


def test_mayoral_areas_come_first_then_rests_then_nations(mayoral: Dataset) -> None:
    types = mayoral.areas["area_type"].to_list()
    assert types == ["mayoral"] * 14 + ["rest_of_region"] * 6 + ["nation"] * 3
    for kind in set(types):
        names = mayoral.areas.filter(pl.col("area_type") == kind)["area_name"].to_list()
        assert names == sorted(names)


def test_six_areas_elected_mayors_in_2017(mayoral: Dataset) -> None:
    flagged = mayoral.areas.filter(pl.col("mayor_2017"))
    assert sorted(flagged["area_name"]) == [
        "Cambridgeshire and Peterborough",
        "Greater Manchester",
        "Liverpool City Region",
        "Tees Valley",
        "West Midlands",
        "West of England",
    ]
    assert mayoral.groups["mayors_2017"] == tuple(flagged["area_code"])


def test_groups_hold_what_their_names_say() -> None:
    sizes = {
        geography: {group: len(codes) for group, codes in load_dataset(geography).groups.items()}
        for geography in GEOGRAPHIES
    }
    assert sizes == {
        "mayoral": {"uk": 23, "mayors_2017": 6, "mayoral_areas": 14},
        "itl1": {"uk": 12, "england": 9},
        "local_authority": {"uk": 361, "mayors_2017": 37, "mayoral_areas": 116},
        "mayoral_2026": {"uk": 30, "mayors_2017": 6, "mayoral_areas": 14},
    }


def test_every_area_has_coverage_residents_and_a_place(dataset: Dataset) -> None:
    for column in ("population", "gigabit_share", "latitude", "longitude"):
        assert dataset.areas[column].null_count() == 0
    assert dataset.areas["gigabit_share"].is_between(0.05, 1).all()
    assert dataset.areas["latitude"].is_between(49.8, 61).all()
    assert dataset.areas["longitude"].is_between(-8.2, 1.8).all()


def test_jobs_always_state_their_basis(dataset: Dataset) -> None:
    jobs = dataset.areas["jobs"].is_not_null()
    assert (jobs == dataset.areas["jobs_basis"].is_not_null()).all()
    known = {"mayoral": 18, "itl1": 12, "local_authority": 0, "mayoral_2026": 17}
    assert jobs.sum() == known[dataset.geography]


def test_same_dataset_is_not_read_twice() -> None:
    assert load_dataset("itl1") is load_dataset("itl1")


def test_unknown_geography_names_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="mayoral, itl1, local_authority"):
        load_dataset("itl2")


# Names


@pytest.mark.parametrize(
    "said",
    [
        "E47000001",
        "e47000001",
        "Greater Manchester",
        "  greater   MANCHESTER ",
        "the Greater Manchester",
        "greater-manchester",
        "greater_manchester",
    ],
)
def test_an_area_answers_to_its_name_however_written(mayoral: Dataset, said: str) -> None:
    assert mayoral.resolve(said) == ("E47000001",)


@pytest.mark.parametrize(
    ("geography", "said", "code"),
    [
        ("mayoral", "York & North Yorkshire", "E47000012"),
        ("mayoral", "Cambridgeshire&Peterborough", "E47000008"),
        ("itl1", "yorkshire and the humber", "TLE"),
        ("itl1", "East of England", "TLH"),
        ("local_authority", "Bristol, City of", "E06000023"),
        ("local_authority", "Bristol", "E06000023"),
        ("local_authority", "City of London", "E09000001"),
        ("local_authority", "st helens", "E08000013"),
        ("local_authority", "Kings Lynn & West Norfolk", "E07000146"),
        ("local_authority", "stoke on trent", "E06000021"),
    ],
)
def test_names_tolerate_and_hyphens_and_official_order(
    geography: str, said: str, code: str
) -> None:
    assert load_dataset(geography).resolve(said) == (code,)


def test_every_code_and_name_means_its_own_area(dataset: Dataset) -> None:
    for code, name in dataset.areas.select("area_code", "area_name").iter_rows():
        assert dataset.resolve(code) == dataset.resolve(name) == (code,)


@pytest.mark.parametrize(
    ("said", "group"),
    [
        ("UK", "uk"),
        ("the UK", "uk"),
        ("Everywhere", "uk"),
        ("all areas", "uk"),
        ("2017 mayors", "mayors_2017"),
        ("The 2017 six", "mayors_2017"),
        ("mayors_2017", "mayors_2017"),
        ("Mayoral areas", "mayoral_areas"),
        ("all mayoral areas", "mayoral_areas"),
    ],
)
def test_groups_answer_to_spoken_names(mayoral: Dataset, said: str, group: str) -> None:
    assert mayoral.resolve(said) == mayoral.groups[group]


def test_a_misspelt_area_is_refused_with_the_nearest_name(mayoral: Dataset) -> None:
    with pytest.raises(UnknownNameError, match="Greater Manchester") as refused:
        mayoral.resolve("Grater Manchestr")
    assert isinstance(refused.value, GainsModelError)


def test_a_part_of_a_name_is_refused_with_the_names_that_hold_it(mayoral: Dataset) -> None:
    with pytest.raises(UnknownNameError, match="nearest are: East Midlands, Hull and East"):
        mayoral.resolve("East")


def test_a_group_of_another_geography_is_refused() -> None:
    with pytest.raises(UnknownNameError):
        load_dataset("itl1").resolve("mayors_2017")


@pytest.mark.parametrize("said", ["", "   ", "&", "the", "???"])
def test_an_empty_name_is_refused(mayoral: Dataset, said: str) -> None:
    with pytest.raises(UnknownNameError):
        mayoral.resolve(said)


# Growth


def test_growth_to_2026_is_published_volume_then_the_assumed_rate(mayoral: Dataset) -> None:
    expected = 2_561_677 / 2_497_390 * 1.012
    assert mayoral.uk_real_growth(2026, 0.012) == pytest.approx(expected, abs=1e-12)


def test_growth_within_published_years_ignores_the_assumed_rate(mayoral: Dataset) -> None:
    assert mayoral.uk_real_growth(2023, 0.5) == 1.0
    assert mayoral.uk_real_growth(2024, 0.5) == 2_526_130 / 2_497_390


def test_growth_compounds_over_later_years(mayoral: Dataset) -> None:
    step = mayoral.uk_real_growth(2028, 0.02) / mayoral.uk_real_growth(2027, 0.02)
    assert step == pytest.approx(1.02, abs=1e-14)


@pytest.mark.parametrize(("year", "rate"), [(2022, 0.01), (2026, -1.0), (2026, math.nan)])
def test_impossible_growth_is_refused(mayoral: Dataset, year: int, rate: float) -> None:
    with pytest.raises(DataError):
        mayoral.uk_real_growth(year, rate)


# Readiness


def test_readiness_has_mean_0_and_sd_1(dataset: Dataset) -> None:
    score = readiness(dataset.areas["gigabit_share"].to_numpy(), dataset.j_share_of_gva)
    assert score.shape == (dataset.areas.height,)
    assert score.mean() == pytest.approx(0, abs=1e-12)
    assert score.std() == pytest.approx(1, abs=1e-12)


def test_readiness_of_three_areas_by_hand() -> None:
    # Coverage 0.6, 0.8, 1.0 has mean 0.8, sd √(0.08/3): z = -√1.5, 0, √1.5.
    # Shares 0.2, 0.5, 0.2 have logits -ln 4, 0, -ln 4, so z = -√½, √2, -√½.
    # The sums are -√1.5-√½, √2, √1.5-√½; their squares add up to 6, so sd = √2.
    expected = np.array([-(1.5**0.5) - 0.5**0.5, 2**0.5, 1.5**0.5 - 0.5**0.5]) / 2**0.5
    assert readiness([0.6, 0.8, 1.0], [0.2, 0.5, 0.2]) == pytest.approx(expected, abs=1e-12)


def test_readiness_on_one_weight_is_that_proxy_alone() -> None:
    assert readiness([0.6, 0.8, 1.0], [0.0, 0.5, 0.2], (1, 0)) == pytest.approx(
        [-(1.5**0.5), 0, 1.5**0.5], abs=1e-12
    )


def test_readiness_depends_on_the_ratio_of_weights_only(mayoral: Dataset) -> None:
    proxies = mayoral.areas["gigabit_share"].to_numpy(), mayoral.j_share_of_gva
    assert readiness(*proxies, (1, 3)) == pytest.approx(readiness(*proxies, (2, 6)), abs=1e-12)


def test_an_area_without_a_digital_sector_is_as_ready_as_the_least_digital_other_one() -> None:
    assert readiness([0.6, 0.8, 0.7], [0.0, 0.1, 0.2]) == pytest.approx(
        readiness([0.6, 0.8, 0.7], [0.1, 0.1, 0.2]), abs=1e-12
    )
    nowhere = readiness([0.6, 0.8], [0.0, 0.0])
    assert nowhere == pytest.approx(readiness([0.6, 0.8], [0.5, 0.5], (1, 0)), abs=1e-12)


def test_an_area_without_any_gva_is_named(mayoral: Dataset) -> None:
    gva = mayoral.gva_gbp_m.copy()
    gva[mayoral.areas["area_name"].to_list().index("Wales")] = 0.0
    with pytest.raises(DataError, match="every sector is 0 in Wales; an area needs a GVA"):
        _ = replace(mayoral, gva_gbp_m=gva).j_share_of_gva


def test_what_readiness_refuses_names_the_area() -> None:
    with pytest.raises(DataError, match=r"J share of GVA must be 0 to below 1, not 1.0 of Wales"):
        readiness([0.6, 0.8], [0.1, 1.0], names=["Scotland", "Wales"])


def test_readiness_is_flat_where_nothing_varies() -> None:
    assert readiness([0.9], [0.05]).tolist() == [0.0]
    assert readiness([0.1 + 0.2, 0.3], [0.05, 0.05]).tolist() == [0.0, 0.0]
    assert readiness([0.8, 0.9], [0.1, 0.2], (0, 0)).tolist() == [0.0, 0.0]
    # Equal and opposite proxies cancel.
    assert readiness([0.8, 0.9], [0.2, 0.1]).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("gigabit", "digital", "weights"),
    [
        ([0.5, 0.6], [-0.1, 0.1], (1, 1)),
        ([0.5, 0.6], [0.1, 1.0], (1, 1)),
        ([0.5, 1.1], [0.1, 0.1], (1, 1)),
        ([0.5, math.nan], [0.1, 0.1], (1, 1)),
        ([0.5, 0.6], [0.1], (1, 1)),
        ([0.5, 0.6], [0.1, 0.2], (1, -1)),
        ([0.5, 0.6], [0.1, 0.2], (1, 1, 1)),
    ],
)
def test_impossible_readiness_is_refused(
    gigabit: list[float], digital: list[float], weights: tuple[float, ...]
) -> None:
    with pytest.raises(DataError):
        readiness(gigabit, digital, weights)


# Checks


@pytest.mark.parametrize("geography", GEOGRAPHIES)
def test_shipped_tables_pass_every_check(geography: str) -> None:
    failed = [result for result in check(geography) if not result.passed]
    assert not failed
    assert check(load_dataset(geography)) == check(geography)


def test_a_plausible_edit_is_noticed_by_its_hash(copy: Path) -> None:
    rewrite(copy, "gva.csv", "mayoral,E47000001,AB,", "mayoral,E47000001,AB,1", rehash=False)
    with pytest.raises(DataError, match=r"gva\.csv: altered since built"):
        load_dataset("mayoral", copy)


def test_a_rehashed_edit_is_noticed_by_its_sums(copy: Path) -> None:
    rewrite(copy, "gva.csv", "mayoral,E47000001,AB,", "mayoral,E47000001,AB,1", rehash=True)
    failed = {result.name for result in check(load_dataset("mayoral", copy)) if not result.passed}
    assert failed == {
        "mayoral areas sum to the published UK in every sector",
        "local authorities sum to mayoral areas in every sector",
    }


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("gva.csv", "AB,584,", "AB,-584,", r"gva\.csv, row 2: gva_gbp_m cannot be -584"),
        ("gva.csv", "AB,584,", "AB,,", r"gva\.csv, row 2: gva_gbp_m cannot be missing"),
        ("gva.csv", "AB,584,", "AB,n/a,", r"gva\.csv, row 2: gva_gbp_m cannot be 'n/a'"),
        ("gva.csv", "AB,584,", "AB,nan,", r"gva\.csv, row 2: gva_gbp_m cannot be nan"),
        ("gva.csv", "584,sum", "584,guess", r"gva\.csv, row 2: treatment cannot be guess"),
        ("gva.csv", "mayoral,E47000008,C,", "mayoral,E47000008,AB,", "sector cannot be AB"),
        ("gva.csv", "mayoral,E47000008,AB,584,sum\n", "", "23 areas by 18 sectors wanted"),
        ("gva.csv", "gva_gbp_m", "gva", r"gva\.csv: columns must be"),
        ("areas.csv", ",0.858,", ",85.8,", r"areas\.csv, row 2: gigabit_share cannot be 85.8"),
        ("areas.csv", "true,919082", "yes,919082", r"row 2: mayor_2017 cannot be 'yes'"),
        ("areas.csv", ",E47000013,East Mid", ",E47000008,East Mid", "area_code cannot be E4700"),
        ("membership.csv", "E47000006", "E47009999", r"mayoral_area_code cannot be E47009999"),
        ("sectors.csv", "digital_platforms", "digital", r"sectors\.csv, row 9: channel"),
    ],
)
def test_an_impossible_cell_is_named_by_file_row_and_value(
    copy: Path, file: str, old: str, new: str, message: str
) -> None:
    rewrite(copy, file, old, new, rehash=True)
    with pytest.raises(DataError, match=message):
        load_dataset("mayoral", copy)


@pytest.mark.parametrize("file", [*CSV_FILES, "hashes.toml"])
def test_a_missing_file_is_named(copy: Path, file: str) -> None:
    (copy / file).unlink()
    with pytest.raises(DataError, match=file):
        load_dataset("itl1", copy)


def test_units_are_the_areas_then_the_groups_by_name() -> None:
    dataset = load_dataset("mayoral")
    units = dataset.units
    assert list(units)[:23] == dataset.areas["area_code"].to_list()
    assert list(units)[23:] == list(dataset.groups)
    assert units["E47000001"] == "Greater Manchester"
    assert units["mayors_2017"] == "The 2017 six"


def test_figures_as_a_table_are_the_figures() -> None:
    dataset = load_dataset("itl1")
    table = dataset.gva_frame()
    assert table.columns == ["area_code", "area_name", *dataset.sectors, "total"]
    assert (table.select(dataset.sectors).to_numpy() == dataset.gva_gbp_m).all()
    assert table["total"].sum() == pytest.approx(dataset.gva_gbp_m.sum(), rel=1e-12)
