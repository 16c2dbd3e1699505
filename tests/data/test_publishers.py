"""Files of Eurostat, Nomis, the BEA and the World Bank: read, or refused by name."""

from __future__ import annotations

import numpy as np
import pytest
from test_branches import A10
from test_read_gva import ITL1, NAMES

from gainsmodel import DataError, Dataset, read_gva
from gainsmodel.data import SECTORS

CODES = ITL1.areas["area_code"].to_list()
GROWTH = 2_497_390 / 2_014_747
FILLED = {"year": 2019, "fill": "built_in"}
EUROS = {"currency": "EUR", "gbp_per_unit": 0.8, "rate_source": "ECB annual average 2019"}


def read(content: str, **options: object) -> Dataset:
    return read_gva(content.encode(), "itl1", **{"name": "table.csv", **options})  # type: ignore[arg-type]


def refusal(content: str, **options: object) -> str:
    with pytest.raises(DataError) as caught:
        read(content, **options)
    return str(caught.value)


def branches() -> list[tuple[str, str, float]]:
    """NUTS code, branch and £m: the ten branches, C apart, real estate with imputed rent."""
    rows = []
    for code, values in zip(CODES, ITL1.gva_gbp_m.tolist(), strict=True):
        of = dict(zip(SECTORS, values, strict=True))
        parts = {b: sum(part * of[s] for s, part in made) for b, made in A10.items()}
        parts |= {"C": of["C"], "L": 4 * of["L"], "TOTAL": sum(values) + 3 * of["L"]}
        rows += [(f"UK{code[2:]}", branch, value) for branch, value in parts.items()]
    national: dict[str, float] = {}
    for _, branch, value in rows:
        national[branch] = national.get(branch, 0.0) + value
    return [*rows, *(("UK", branch, value) for branch, value in national.items())]


def tsv(unit: str = "MIO_NAC", factor: float = 1.0) -> str:
    lines = ["freq,unit,nace_r2,geo\\TIME_PERIOD\t2018 \t2019 \t2020 "]
    lines += [
        f"A,{unit},{branch},{area}\t{value * 0.9:.3f} \t{value * factor:.3f} p\t: "
        for area, branch, value in branches()
    ]
    return "\n".join([*lines, f"A,{unit},TOTAL,DE1\t1 \t2 \t3 "])


def sdmx(unit: str = "CP_MEUR", factor: float = 1.25) -> str:
    lines = [
        "DATAFLOW,LAST UPDATE,freq,unit,nace_r2,geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG",
    ]
    lines += [
        f"ESTAT:NAMA_10R_3GVA(1.0),12/03/25 11:00:00,A,{unit},{branch},{area},2019,"
        f"{value * factor:.3f},p"
        for area, branch, value in branches()
    ]
    return "\n".join(lines)


def is_read(own: Dataset) -> bool:
    """Whether all but real estate is the built-in GVA, carried from 2019."""
    others = [i for i, sector in enumerate(SECTORS) if sector != "L"]
    assert {sector for _, sector in own.built_in_cells} == {"L"}
    wanted = ITL1.gva_gbp_m[:, others] * GROWTH
    return bool(own.gva_gbp_m[:, others] == pytest.approx(wanted, rel=1e-4))


@pytest.mark.parametrize("years", [1, 3])
def test_eurostat_s_tab_separated_table_is_read(years: int) -> None:
    content = tsv()
    if years == 1:
        content = "\n".join(
            "\t".join(cell for i, cell in enumerate(line.split("\t")) if i in (0, 2))
            for line in content.split("\n")
        )
    own = read(content, **FILLED)
    assert is_read(own)
    for words in (
        "recognised as a table from Eurostat; its NUTS codes are read as the ITL codes",
        "left out: rows of other countries (1)",
        "sectors that the table has together were split by the built-in shares",
        "areas add up to the table's own totals of UK",
        "own totals of 12 areas agree with the sums of sectors",
    ):
        assert any(note.startswith(words) for note in own.notes), words
    # Eurostat's real estate holds imputed rent.
    assert "row 8, column '2019': no figure for North East, sector L without imputed rent" in (
        refusal(tsv(), year=2019)
    )


def test_eurostat_in_euros_is_refused_or_converted() -> None:
    message = refusal(tsv("MIO_EUR", 1.25), **FILLED)
    assert "table.csv, row 2, column 'unit': 'MIO_EUR, current prices' says another currency" in (
        message
    )
    assert is_read(read(tsv("MIO_EUR", 1.25), **FILLED, **EUROS))
    assert is_read(read(sdmx(), **FILLED, **EUROS))


@pytest.mark.parametrize(
    ("unit", "words"),
    [
        ("CP_MEUR", "says another currency"),
        ("CLV15_MEUR", "says volumes or an index"),
        ("MIO_PPS_EU27_2020", "says purchasing power standards"),
        ("PC_TOT", "says percentage"),
        ("EUR_HAB", "says per inhabitant"),
        ("I15", "says volumes or an index"),
    ],
)
def test_eurostat_s_units_are_understood(unit: str, words: str) -> None:
    message = refusal(sdmx(unit), **FILLED)
    assert message.startswith(f"table.csv, row 2, column 'unit': '{unit}")
    assert words in message


def test_of_several_units_the_one_that_can_be_used_is_read() -> None:
    both = tsv() + "\n" + "\n".join(tsv("CLV15_MEUR").split("\n")[1:-1])
    own = read(both, **FILLED)
    assert is_read(own)
    assert any("says 'CLV15_MEUR'" in note for note in own.notes)


@pytest.mark.parametrize("kind", ["tsv", "sdmx"])
def test_eurostat_without_areas_of_the_uk_is_refused_by_name(kind: str) -> None:
    content = {
        "tsv": "freq,unit,nace_r2,geo\\TIME_PERIOD\t2019 \t2020 \nA,MIO_EUR,A,DE1\t1 \t2 ",
        "sdmx": "DATAFLOW,freq,unit,nace_r2,geo,TIME_PERIOD,OBS_VALUE\nE,A,MIO_EUR,A,FR1,2019,1",
    }[kind]
    message = refusal(content)
    assert "is a table from Eurostat with no annual GVA of areas of the United Kingdom" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            "GeoFIPS,GeoName,Region,TableName,LineCode,IndustryClassification,Description,Unit,2019\n"
            '"00000",United States,,CAGDP2,1,...,All industry total,Thousands of dollars,1\n',
            "is a table of the US Bureau of Economic Analysis (BEA)",
        ),
        (
            "Country Name,Country Code,Indicator Name,2019\nUnited Kingdom,GBR,GVA,1\n",
            "is a table of the World Bank",
        ),
    ],
)
def test_other_publishers_are_refused_by_name(content: str, words: str) -> None:
    message = refusal(content)
    assert message.startswith(f"table.csv: {words}")
    assert "gainsmodel is of the United Kingdom only" in message
    assert "\n" not in message


# ---------------------------------------------------------------- Nomis

REGIONS = {
    code: f"E1200000{n}"
    if n < 10
    else {"L": "W92000004", "M": "S92000003", "N": "N92000002"}[code[2]]
    for n, code in enumerate(CODES, 1)
}


def download(title: str = "Regional gross value added (balanced) by industry") -> str:
    """A table as Nomis gives it to be downloaded, with its lines of description above."""
    head = [f'"{s} : {ITL1.sector_names[s]}"' for s in SECTORS]
    lines = [
        f'"{title}"',
        '"ONS Crown Copyright Reserved [from Nomis on 12 March 2025]"',
        "",
        '"date","2023"',
        '"measure","Current prices"',
        '"units","£ millions"',
        "",
        ",".join(['"Region"', '"mnemonic"', *head]),
    ]
    for code, values in zip(CODES, ITL1.gva_gbp_m.tolist(), strict=True):
        lines.append(",".join([f'"{NAMES[code]}"', f'"{REGIONS[code]}"', *map(str, values)]))
    return "\n".join([*lines, "", '"Figures may not add up."'])


def api() -> str:
    """The same as the interface for programs gives it: one figure a row, codes beside names."""
    lines = [
        "DATE,DATE_NAME,DATE_CODE,GEOGRAPHY,GEOGRAPHY_NAME,GEOGRAPHY_CODE,INDUSTRY,INDUSTRY_NAME,"
        "INDUSTRY_CODE,MEASURES,MEASURES_NAME,OBS_VALUE,OBS_STATUS,RECORD_OFFSET,RECORD_COUNT"
    ]
    for n, (code, values) in enumerate(zip(CODES, ITL1.gva_gbp_m.tolist(), strict=True)):
        lines += [
            f"2023,2023,2023,201326592{n},{NAMES[code]},{REGIONS[code]},15099490{i},"
            f'"{s} : {ITL1.sector_names[s]}",{i},20100,Value,{value},A,{i},216'
            for i, (s, value) in enumerate(zip(SECTORS, values, strict=True))
        ]
    return "\n".join(lines)


@pytest.mark.parametrize("content", [download(), api()], ids=["download", "api"])
def test_tables_of_nomis_are_read(content: str) -> None:
    own = read(content)
    assert np.array_equal(own.gva_gbp_m, ITL1.gva_gbp_m)
    assert "recognised as a table from Nomis" in own.notes
    assert not any("boundary may differ" in note or "not used" in note for note in own.notes)
    assert read_gva(content.encode(), None, name="nomis.csv").geography == "itl1"


def test_another_measure_from_nomis_is_refused() -> None:
    message = refusal(download("Business Register and Employment Survey : open access"))
    assert (
        "row 1: 'Business Register and Employment Survey : open access' says employment" in message
    )
