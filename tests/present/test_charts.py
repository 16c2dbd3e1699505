"""Charts: the numbers of the result, words for those who do not see, and nothing invented."""

from __future__ import annotations

import json
import re
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import altair
import numpy as np
import polars as pl
import pytest
from hypothesis import given, strategies as st

import gainsmodel
from gainsmodel import format
from gainsmodel.data import GEOGRAPHIES, load_dataset
from gainsmodel.errors import SettingError, UnknownNameError
from gainsmodel.present import charts
from gainsmodel.present.charts import theme as themes
from gainsmodel.present.charts.chart import apart, message, rounded
from gainsmodel.present.charts.shares import _dots
from gainsmodel.present.charts.tiles import LAYOUTS, PER_HEAD_CLASSES
from gainsmodel.results.paired import PairedResult
from plain import plain

GM, LONDON, WALES = "E47000001", "E12000007", "TLL"
WHEN = "a year by 2036"
EVIL = "<img src=x onerror=alert(1)>“plan” & 'co'"


# ---------------------------------------------------------------- results


@cache
def pair() -> tuple[gainsmodel.Result, gainsmodel.Result]:
    plan, without = gainsmodel.run_paired("skills_first", draws=2_000)
    return plan, without


@cache
def gross_to_net() -> gainsmodel.Waterfall:
    plan = gainsmodel.load_scenario("skills_first").edit({"parameters.leakage.enabled": False})
    return gainsmodel.waterfall(gainsmodel.run_paired(plan, draws=500), GM)


@cache
def reference(geography: str = "mayoral") -> gainsmodel.Result:
    return gainsmodel.run("reference", draws=1_000, geography=geography)


@cache
def cumulative() -> gainsmodel.Result:
    return gainsmodel.run("cumulative_prize", draws=1_000)


@cache
def edited(**changes: float) -> gainsmodel.Result:
    keys = {key.replace("__", "."): value for key, value in changes.items()}
    return gainsmodel.run(gainsmodel.load_scenario("reference").edit(keys), draws=500)


def zero() -> gainsmodel.Result:
    return edited(parameters__productivity_effect__value=0.0)


def one_year() -> gainsmodel.Result:
    return edited(setting__horizon_years=1)


@cache
def certain() -> gainsmodel.Result:
    scenario = gainsmodel.load_scenario("reference").to_dict()

    def fix(node: Any) -> None:
        if not isinstance(node, dict):
            return
        if "distribution" in node:
            distribution = node.pop("distribution")
            node["value"] = distribution.get("median", distribution.get("mean", 0.05))
        for value in node.values():
            fix(value)

    fix(scenario)
    scenario["parameters"]["complements"]["value"] = 0.0
    return gainsmodel.run(gainsmodel.Scenario.from_dict(scenario), draws=500)


@cache
def few(draws: int) -> gainsmodel.Result:
    return gainsmodel.run("reference", draws=draws)


def differences() -> np.ndarray:
    plan, without = pair()
    return (plan.draws()[GM] - without.draws()[GM]).to_numpy()


LEVERS = pl.DataFrame(
    {
        "lever": ["skills", "open_data", "both", "all"],
        "label": ["Digital skills", "Open data", "Working together", "Both"],
        "mean": [120.0, 20.0, -15.0, 125.0],
        "p05": [4.0, 0.5, -60.0, 10.0],
        "p95": [420.0, 90.0, 10.0, 480.0],
        "mcse_mean": [1.0, 0.2, 0.4, 1.0],
        "p_below_1": [0.03, 0.08, 0.9, 0.01],
        "kind": ["alone", "alone", "together", "bundle"],
    }
)
TORNADO = pl.DataFrame(
    {
        "group": [f"g{i}" for i in range(12)],
        "label": [f"Assumption {i}" for i in range(12)],
        "low": [2_000.0 - 100 * i for i in range(12)],
        "high": [2_200.0 + 150 * i for i in range(12)],
        "mean": [2_100.0] * 12,
        "swing": [200.0 + 250 * i for i in range(12)],
    }
)
TOTAL = pl.DataFrame(
    {
        "label": ["Effect", "Speed", "Spillover"],
        "total": [0.82, 0.11, -0.01],
        "total_low": [0.75, 0.04, -0.04],
        "total_high": [0.9, 0.2, 0.02],
        "distinguishable": [True, True, False],
    }
)
AUTHORITIES = load_dataset("local_authority").resolve("Greater Manchester")

CHARTS: dict[str, Callable[..., charts.Chart]] = {
    "three_amounts": lambda **k: charts.three_amounts(pair()[0], GM, pair()[1], **k),
    "three_amounts_cumulative": lambda **k: charts.three_amounts(cumulative(), "uk", **k),
    "fan": lambda **k: charts.fan(pair()[0], GM, pair()[1], **k),
    "fan_of_one_year": lambda **k: charts.fan(one_year(), GM, **k),
    "share_dots": lambda **k: charts.share_dots(reference(), GM, **k),
    "share_curve": lambda **k: charts.share_curve(reference(), LONDON, **k),
    "difference_dots": lambda **k: charts.difference_dots(differences(), "A", EVIL, **k),
    "sectors": lambda **k: charts.sectors(reference(), GM, **k),
    "sectors_uk": lambda **k: charts.sectors(reference(), "uk", **k),
    "channels": lambda **k: charts.sectors(reference(), GM, "channel", **k),
    "adoption": lambda **k: charts.adoption(pair()[0], GM, pair()[1], **k),
    "tornado": lambda **k: charts.tornado(TORNADO, f"£m {WHEN}", **k),
    "total_order": lambda **k: charts.total_order(TOTAL, **k),
    "levers": lambda **k: charts.levers(LEVERS, WHEN, **k),
    "waterfall": lambda **k: charts.waterfall(gross_to_net(), **k),
    "local_authorities": lambda **k: charts.local_authorities(
        reference("local_authority"), AUTHORITIES, **k
    ),
    "tiles": lambda **k: charts.tile_map(reference(), selected=GM, **k),
    "tiles_per_head": lambda **k: charts.tile_map(reference(), "per_head", **k),
    "tiles_against_gva": lambda **k: charts.tile_map(reference(), "against_gva", **k),
    "tiles_of_regions": lambda **k: charts.tile_map(reference("itl1"), **k),
    "tiles_without_data": lambda **k: charts.tile_map(zero(), selected=WALES, **k),
    "message": lambda **k: charts.share_dots(reference(), "uk", **k),
}


def walk(node: Any) -> Iterator[Any]:
    yield node
    for child in (
        node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    ):
        yield from walk(child)


def fields_by_data(spec: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every field that a specification reads, with the rows it reads it from."""
    for layer in spec["layer"]:
        made = {step["as"] for step in layer.get("transform", ()) if "as" in step}
        for node in walk(layer["encoding"]):
            if isinstance(node, dict) and node.get("field", "value") not in made | {"value"}:
                yield layer["data"]["name"], node["field"]


# ---------------------------------------------------------------- every chart


# Themes differ in their colours only, and every colour of both is asked for below.
@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
@pytest.mark.parametrize("make", CHARTS.values(), ids=CHARTS)
def test_a_chart_is_valid_vega_lite_and_its_fields_are_there(
    make: Callable[..., charts.Chart], theme: str
) -> None:
    chart = make(theme=theme)
    full = chart.vega_lite()
    altair.Chart.from_dict(full, validate=True)
    json.dumps(full, allow_nan=False)
    assert full["description"] == chart.alt
    assert full["width"] == "container"
    assert "datasets" not in chart.spec
    # Marks are silent: the description stands for them.
    assert full["config"]["aria"] is False
    for data, field in fields_by_data(chart.spec):
        rows = chart.data[data]
        assert not rows or any(field in row for row in rows), (data, field)
    assert set(chart.data) == {layer["data"]["name"] for layer in chart.spec["layer"]}


@pytest.mark.parametrize("theme", themes.THEMES)
@pytest.mark.parametrize("make", CHARTS.values(), ids=CHARTS)
def test_every_colour_comes_from_the_palette(make: Callable[..., charts.Chart], theme: str) -> None:
    allowed = set()
    for value in vars(themes.palette(theme)).values():
        allowed |= {value} if isinstance(value, str) else set(value)
    used = {node for node in walk(make(theme=theme).spec) if re.match(r"#\w{6}$", str(node))}
    assert used
    assert used <= allowed


@pytest.mark.parametrize("make", CHARTS.values(), ids=CHARTS)
def test_words_are_whole_sentences_without_markup(make: Callable[..., charts.Chart]) -> None:
    chart = make()
    assert chart.alt.endswith(".")
    for said in (chart.alt.replace(EVIL, ""), chart.caption.replace(EVIL, "")):
        assert "nan" not in said.split()
        assert "None" not in said
        assert not re.search(r"[<>*_#]|  |\.\.", said), said
    assert chart.caption == "" or chart.caption.endswith(".")


@pytest.mark.parametrize("make", CHARTS.values(), ids=CHARTS)
def test_the_table_has_headings_and_numbers(make: Callable[..., charts.Chart]) -> None:
    table = make().table
    if table.width:
        assert table.height > 0
        assert all("_" not in column for column in table.columns)
        assert any(dtype.is_numeric() for dtype in table.dtypes)


@pytest.mark.parametrize("make", CHARTS.values(), ids=CHARTS)
def test_a_specification_is_made_once_and_never_changed(
    make: Callable[..., charts.Chart],
) -> None:
    first = make(width=420)
    before = deepcopy(first.spec)
    first.altair()
    second = make(width=420)
    assert second.spec is first.spec
    assert second.spec == before
    assert make(width=421).spec is not first.spec


@pytest.mark.parametrize("width", [358, pytest.param(1200, marks=pytest.mark.slow)])
@pytest.mark.parametrize("make", CHARTS.values(), ids=CHARTS)
def test_pictures_have_the_outer_size_that_was_asked_for(
    make: Callable[..., charts.Chart], width: int
) -> None:
    chart = make(width=width)
    before = deepcopy(chart.spec)
    picture = chart.png(1.0)
    assert chart.spec == before
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", picture[16:24]) == (width, chart.spec["height"])


def test_a_picture_of_a_chart_that_fills_its_container_has_a_width_of_its_own() -> None:
    chart = CHARTS["fan"]()
    assert struct.unpack(">I", chart.png(2.0)[16:20]) == (1280,)
    assert chart.spec["width"] == "container"


@pytest.mark.parametrize("character", ["\0", "\x01", "\ufffe", "\ud800", "🚀", "\u202e", "中"])
def test_no_character_ends_the_process(character: str) -> None:
    chart = message(f"What {character} is", "light", 300, 100)
    assert chart.png(heading=character, note=character).startswith(b"\x89PNG")
    ElementTree.fromstring(chart.svg())


def test_svg_carries_the_description_and_names_are_inert() -> None:
    for chart in (
        charts.difference_dots(differences(), EVIL, EVIL, WHEN),
        charts.levers(LEVERS.with_columns(label=EVIL + pl.col("label")), WHEN),
    ):
        drawn = chart.svg()
        assert 'role="img" aria-label="' in drawn[:400]
        assert EVIL in chart.alt
        assert "<img" not in drawn
        assert "&lt;img" in drawn
        # A specification is shared: names are rows, never expressions or titles.
        assert "onerror" not in json.dumps(chart.spec)


def test_altair_gives_a_chart_that_can_be_changed() -> None:
    chart = CHARTS["three_amounts"]().altair()
    assert chart.properties(title="Mine").to_dict()["title"] == "Mine"


@pytest.mark.parametrize("scale", [0.0, -1.0, 11.0, float("nan")])
def test_an_impossible_scale_is_refused(scale: float) -> None:
    with pytest.raises(SettingError, match="scale must be above 0"):
        CHARTS["fan"]().png(scale)


def test_an_unknown_theme_is_refused() -> None:
    with pytest.raises(SettingError, match="light, dark, not 'sepia'"):
        charts.fan(reference(), GM, theme="sepia")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("library", "use"),
    [
        ("vl_convert", lambda c: c.png()),
        ("vl_convert", lambda c: c.svg()),
        ("altair", lambda c: c.altair()),
    ],
)
def test_a_missing_library_is_named(
    library: str, use: Callable[[charts.Chart], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(SettingError, match=r"pip install 'gainsmodel\[charts\]'"):
        use(CHARTS["fan"]())


def test_charts_load_neither_altair_nor_the_converter_and_nothing_loads_charts() -> None:
    code = (
        "import sys, gainsmodel; gainsmodel.run; "
        "assert not any('charts' in m for m in sys.modules if 'gainsmodel' in m); "
        "gainsmodel.charts.fan; "
        "assert not {'altair', 'vl_convert', 'streamlit'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# ---------------------------------------------------------------- unknown units


UNITS: dict[str, Callable[[str], charts.Chart]] = {
    "three_amounts": lambda unit: charts.three_amounts(reference(), unit),
    "fan": lambda unit: charts.fan(reference(), unit),
    "share_dots": lambda unit: charts.share_dots(reference(), unit),
    "share_curve": lambda unit: charts.share_curve(reference(), unit),
    "sectors": lambda unit: charts.sectors(reference(), unit),
    "adoption": lambda unit: charts.adoption(reference(), unit),
    "tile_map": lambda unit: charts.tile_map(reference(), selected=unit),
    "local_authorities": lambda unit: charts.local_authorities(reference(), [GM, unit]),
}


@pytest.mark.parametrize("make", UNITS.values(), ids=UNITS)
def test_an_unknown_area_is_named_with_the_nearest(make: Callable[[str], charts.Chart]) -> None:
    with pytest.raises(UnknownNameError, match=r"of code 'E47000010'; did you mean 'E470000\d\d'"):
        make("E47000010")
    with pytest.raises(UnknownNameError, match=rf"did you mean '{GM}' \(Greater Manchester\)\?"):
        make("greater manchester")


def test_a_group_without_sectors_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="with sectors of code 'mayors_2017'"):
        charts.sectors(reference(), "mayors_2017")


# ---------------------------------------------------------------- amounts


def test_three_amounts_are_those_of_the_result() -> None:
    plan, without = pair()
    chart = charts.three_amounts(plan, GM, without)
    row = plan.areas().filter(area_code=GM).row(0, named=True)
    bare = without.areas().filter(area_code=GM).row(0, named=True)
    added = PairedResult(plan, without).added().filter(area_code=GM).row(0, named=True)
    gain = "gain_final_year_gbp_m"
    for drawn, source, metric, per in (
        (chart.data["amounts"][0], row, "prize_gbp_bn", 1),
        (chart.data["amounts"][1], bare, gain, 1000),
        (chart.data["amounts"][2], added, gain, 1000),
    ):
        for end, q in (("Low", "p05"), ("Average", "mean"), ("High", "p95")):
            assert drawn[f"{end}, £bn {WHEN}"] == pytest.approx(source[f"{metric}_{q}"] / per)
    assert [row["Role"] for row in chart.data["amounts"]] == ["prize", "gain", "plan"]
    largest = max(row[f"High, £bn {WHEN}"] for row in chart.data["amounts"])
    assert chart.data["extent"][1]["x"] == pytest.approx(1.28 * largest)
    carried = format.gbp_range(bare[f"{gain}_p05"], bare[f"{gain}_p95"])
    assert (
        f"digital gain without the plan {chart.data['amounts'][1]['Average']} ({carried})"
        in chart.alt
    )
    assert chart.table["Amount"].to_list()[2] == "Added by the plan net"
    assert chart.table["Amount"].to_list()[0] == "Share of the £208bn"
    np.testing.assert_allclose(
        chart.table[f"Average, £bn {WHEN}"],
        [row[f"Average, £bn {WHEN}"] for row in chart.data["amounts"]],
        atol=0.005,
    )


def test_a_plan_that_does_nothing_adds_nothing_and_one_without_its_reference_is_left_out() -> None:
    plan, without = pair()
    for chart in (
        charts.three_amounts(reference(), GM),
        charts.three_amounts(plan, GM, plan),
    ):
        assert chart.data["amounts"][2]["Average"] == "£0"
        assert chart.alt.endswith("added by the plan £0.")
    assert len(charts.three_amounts(plan, GM).data["amounts"]) == 2
    assert charts.three_amounts(plan, GM).alt.startswith("Two bars")
    # A plan elsewhere adds next to nothing here, which is still said as it is.
    assert len(charts.three_amounts(plan, WALES, without).data["amounts"]) == 3


def test_the_basis_decides_which_gain_stands_beside_the_prize() -> None:
    chart = charts.three_amounts(cumulative(), GM)
    money = "£bn over the ten years to 2036"
    row = cumulative().areas().filter(area_code=GM).row(0, named=True)
    assert chart.data["amounts"][1][f"Average, {money}"] == pytest.approx(
        row["gain_cumulative_gbp_m_mean"] / 1000
    )
    assert "over the ten years to 2036" in chart.alt


def test_the_caption_says_which_prices() -> None:
    assert "All in 2024 prices." in charts.three_amounts(reference(), GM).caption
    deflated = gainsmodel.run(
        gainsmodel.load_scenario("reference").edit({"setting.price_year": 2023}), draws=100
    )
    assert "All in 2023 prices." in charts.three_amounts(deflated, GM).caption


def test_amounts_below_a_billion_are_in_millions() -> None:
    small = edited(parameters__productivity_effect__value=1e-4, prize__value=1.0)
    chart = charts.three_amounts(small, GM)
    assert "Average, £m a year by 2036" in chart.table.columns
    assert "Share of the £1bn" in chart.table["Amount"].to_list()


def test_the_fan_is_the_table_of_years() -> None:
    plan, without = pair()
    chart = charts.fan(plan, GM, without)
    mine = plan.years().filter(area_code=GM)
    theirs = without.years().filter(area_code=GM)
    rows = pl.DataFrame(chart.data["years"])
    assert rows["Year"].to_list() == [2026, *mine["year"]]
    for name, q in (
        *(("Low", "p05"), ("Lower quarter", "p25"), ("Average", "mean")),
        *(("Upper quarter", "p75"), ("High", "p95")),
    ):
        expected = [0.0, *(mine[f"gain_gbp_m_{q}"] / 1000)]
        np.testing.assert_allclose(rows[f"{name}, £bn a year"], expected)
        np.testing.assert_allclose(chart.table[f"{name}, £bn a year"], expected, atol=0.005)
    dashed = [row["No plan, average, £bn a year"] for row in chart.data["without"]]
    np.testing.assert_allclose(dashed, [0.0, *(theirs["gain_gbp_m_mean"] / 1000)])
    labels = [row["Label"].split(" £")[0] for row in chart.data["labels"]]
    assert sorted(labels) == ["Average", "High", "Low", "No plan"]
    assert "rises from zero in 2026 to £" in chart.alt
    assert "9 in 10 futures lie between £0." in chart.alt


def test_the_fan_and_the_bars_print_the_same_number() -> None:
    plan, without = pair()
    printed = charts.three_amounts(plan, GM, without).data["amounts"][1]["Average"]
    labels = [row["Label"] for row in charts.fan(without, GM).data["labels"]]
    assert f"Average {printed}" in labels


def test_a_plan_compared_with_itself_has_no_second_line() -> None:
    assert "without" not in charts.fan(pair()[0], GM, pair()[0]).data


@given(
    st.lists(st.floats(0, 100), min_size=1, max_size=5),
    st.floats(0.1, 20),
)
def test_labels_keep_their_order_and_do_not_touch(values: list[float], gap: float) -> None:
    placed = apart(values, gap, 0, 100)
    order = sorted(range(len(values)), key=lambda i: values[i])
    for one, two in pairwise(order):
        assert placed[two] - placed[one] >= gap - 1e-9
    assert max(placed) <= 100 + 1e-9


# ---------------------------------------------------------------- shares


def test_the_dots_are_quantiles_and_none_straddles_the_reference() -> None:
    for unit in (GM, LONDON, WALES):
        chart = charts.share_dots(reference(), unit)
        shares = reference().draws("share")[unit].to_numpy() * 100
        economy = reference().areas().filter(area_code=unit)["gva_share"].item() * 100
        dots = chart.data["dots"]
        expected = np.quantile(shares, (np.arange(20) + 0.5) / 20)
        np.testing.assert_allclose([dot["Share, %"] for dot in dots], expected, atol=0.005)
        for dot, value in zip(dots, expected, strict=True):
            assert dot["Bin from"] <= value <= dot["Bin to"]
            assert dot["Bin to"] <= economy + 1e-9 or dot["Bin from"] >= economy - 1e-9
            assert dot["Role"] == ("gain" if value >= economy else "prize")
        above = sum(expected >= economy)
        assert f"20 dots, each 1 chance in 20. {above} lie above" in chart.alt


@given(
    st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=40).filter(lambda v: np.ptp(v) > 1e-6),
    st.floats(-1e3, 1e3),
)
def test_any_reference_is_an_edge_between_columns(values: list[float], reference: float) -> None:
    dots, places = _dots(np.array(values), reference)
    steps = {round(place["Bin to"] - place["Bin from"], 9) for place in places}
    assert len(steps) == 1
    for dot, place in zip(dots, places, strict=True):
        width = place["Bin to"] - place["Bin from"]
        edge = (reference - place["Bin from"]) / width
        assert edge == pytest.approx(round(edge), abs=1e-6)
        assert place["Bin from"] - 1e-6 * width <= dot <= place["Bin to"] + 1e-6 * width
    # Dots of one column stand on each other.
    columns: dict[float, list[float]] = {}
    for place in places:
        columns.setdefault(place["x"], []).append(place["y"])
    for heights in columns.values():
        assert heights == [i + 0.5 for i in range(len(heights))]


def test_the_curve_has_all_but_the_outermost_futures_and_its_dark_part_is_the_range() -> None:
    chart = charts.share_curve(reference(), LONDON)
    row = reference().areas().filter(area_code=LONDON).row(0, named=True)
    inside = [step for step in chart.data["steps"] if step["Within 9 of 10"] == "yes"]
    assert inside[0]["From, %"] == pytest.approx(row["share_p05"] * 100)
    assert inside[-1]["To, %"] == pytest.approx(row["share_p95"] * 100)
    assert chart.table["Futures in 100"].sum() == pytest.approx(99.6, abs=0.3)
    for one, two in pairwise(chart.data["steps"]):
        assert one["To, %"] == two["From, %"]


def test_a_difference_is_counted_beside_zero() -> None:
    draws = np.random.default_rng(1).normal(5, 60, 4_000)
    chart = charts.difference_dots(draws, "A", "B", WHEN)
    more = format.chance(float((draws > 0).mean()), 4_000)
    assert f"“A” adds more than “B” {more}; average difference £" in chart.alt
    quantiles = np.quantile(draws, (np.arange(20) + 0.5) / 20)
    drawn = [dot[f"Difference, £m {WHEN}"] for dot in chart.data["dots"]]
    np.testing.assert_allclose(drawn, quantiles)
    assert all(
        (dot["x"] > 0) == (q > 0) for dot, q in zip(chart.data["dots"], quantiles, strict=True)
    )
    assert [side["Label"] for side in chart.data["sides"]] == ["“B” adds more", "“A” adds more"]
    assert "sampling noise cancels" in chart.caption
    unpaired = charts.difference_dots(draws, "A", "B", WHEN, paired=False)
    assert "Not paired" in unpaired.alt
    assert "cancels" not in unpaired.caption


@pytest.mark.parametrize("draws", [[], [1.0, float("nan")], [float("inf")]])
def test_differences_must_be_numbers(draws: list[float]) -> None:
    with pytest.raises(SettingError, match="finite differences in £m"):
        charts.difference_dots(draws, "A", "B")


# ---------------------------------------------------------------- breakdowns


def test_sectors_are_averages_under_their_channels() -> None:
    chart = charts.sectors(reference(), GM)
    frame = reference().sectors().filter(area_code=GM)
    money = f"Average, £m {WHEN}"
    bars = [row for row in chart.data["amounts"] if row[money] is not None]
    assert len(bars) == 18
    found = {row["Sector"]: row[money] for row in bars}
    for row in frame.iter_rows(named=True):
        assert found[row["sector_name"]] == pytest.approx(row["gain_final_year_gbp_m_mean"])
    total = reference().areas().filter(area_code=GM)["gain_final_year_gbp_m_mean"].item()
    assert sum(found.values()) == pytest.approx(total, rel=1e-6)
    assert chart.table[money].sum() == pytest.approx(total, rel=2e-3)
    headings = [row["Value"] for row in chart.data["amounts"] if row[money] is None]
    assert len(headings) == 4
    assert all(heading.endswith(" together") for heading in headings)
    assert "Ranges of single rows are not available here." in chart.caption
    channels = charts.sectors(reference(), GM, "channel")
    in_bn = money.replace("£m", "£bn")
    by_channel = [row[in_bn] * 1000 for row in channels.data["amounts"]]
    assert sum(by_channel) == pytest.approx(total, rel=1e-6)


def test_sectors_have_ranges_where_the_result_has_them() -> None:
    chart = charts.sectors(reference(), "uk")
    assert f"Low, £bn {WHEN}" in chart.table.columns
    assert "not known" not in chart.caption


def test_levers_end_with_all_of_them_and_together_may_be_negative() -> None:
    chart = charts.levers(LEVERS.reverse(), WHEN)
    assert [row["Lever"] for row in chart.data["amounts"]][-2:] == ["Working together", "Both"]
    assert "Digital skills £120m (3 of 100 futures less than £1m)" in chart.alt
    assert chart.alt.endswith(
        "Working together −£15m, Both £120m (1 of 100 futures less than £1m)."
    )
    assert chart.table["Less than £1m, times in 100"].to_list() == ["8", "3", "", "1"]
    assert "judgement" in chart.caption
    nothing = charts.levers(LEVERS.with_columns(mean=pl.lit(0.0)), WHEN)
    assert nothing.alt == "Every lever is at zero, so the plan adds nothing."


def test_the_waterfall_steps_from_gross_to_net_and_says_what_is_unverified() -> None:
    found = gross_to_net()
    chart = charts.waterfall(found)
    bars, average = chart.data["bars"], f"Average, £m {WHEN}"
    for at in range(0, len(bars), 5):
        gross, *steps, net = bars[at : at + 5]
        assert gross["Begin"] == net["Begin"] == 0
        for before, after in pairwise([gross, *steps]):
            assert after["Begin"] == before[average]
        assert steps[-1][average] == pytest.approx(net[average], rel=1e-9)
    assert bars[2]["Name"].endswith("(off)")
    assert "judgement" in chart.caption
    gross = gainsmodel.run_paired(plain("skills_first"), draws=200)
    off = charts.waterfall(gainsmodel.waterfall(gross, GM))
    assert "are off" in off.alt


def test_tables_of_others_are_checked() -> None:
    with pytest.raises(SettingError, match=r"no column 'p95'; it needs lever, label"):
        charts.levers(LEVERS.drop("p95"))
    with pytest.raises(SettingError, match="alone, together, bundle, not 'sum'"):
        charts.levers(LEVERS.with_columns(kind=pl.lit("sum")))
    with pytest.raises(SettingError, match="no column 'swing'"):
        charts.tornado(TORNADO.drop("swing"), "£m a year")
    with pytest.raises(SettingError, match="must begin with '£m '"):
        charts.tornado(TORNADO, "euros")
    with pytest.raises(SettingError, match="no column 'distinguishable'"):
        charts.total_order(TOTAL.drop("distinguishable"))
    with pytest.raises(SettingError, match="sector, channel, not 'firm'"):
        charts.sectors(reference(), GM, "firm")  # type: ignore[arg-type]


def test_local_authorities_stand_beside_a_split_by_size() -> None:
    result = reference("local_authority")
    chart = charts.local_authorities(result, AUTHORITIES)
    money = f"£bn {WHEN}"
    frame = result.areas().filter(pl.col("area_code").is_in(AUTHORITIES))
    found = {row["Local authority"]: row for row in chart.data["amounts"]}
    total = frame["gain_final_year_gbp_m_mean"].sum()
    unit = 1000 if f"Average, {money}" in chart.table.columns else 1
    money = money if unit == 1000 else f"£m {WHEN}"
    for row in frame.iter_rows(named=True):
        drawn = found[row["area_name"]]
        assert drawn[f"Average, {money}"] * unit == pytest.approx(row["gain_final_year_gbp_m_mean"])
        assert drawn[f"High, {money}"] * unit == pytest.approx(row["gain_final_year_gbp_m_p95"])
        assert "probably too narrow" in chart.caption
        by_size = total * row["gva_gbp_m"] / frame["gva_gbp_m"].sum()
        assert drawn["Split by size of economy"] * unit == pytest.approx(by_size)
    averages = [row[f"Average, {money}"] for row in chart.data["amounts"]]
    assert averages == sorted(averages, reverse=True)
    assert "highest Manchester" in chart.alt
    nobody = charts.local_authorities(result, [])
    assert nobody.alt == "Local figures are not published for this area."


def test_adoption_is_the_uks_where_the_areas_years_were_not_kept() -> None:
    chart = charts.adoption(reference(), GM)
    frame = reference().adoption().filter(area_code="uk", technology="cloud")
    drawn = [
        row["Average, %"] for row in chart.data["years"] if row["Technology"] == "Cloud services"
    ]
    np.testing.assert_allclose(drawn, frame["adoption_mean"] * 100)
    assert "These are the UK’s rates" in chart.caption
    assert "Adoption in the UK" in chart.alt
    assert "These are" not in charts.adoption(reference(), "uk").caption


def test_adoption_is_the_areas_own_where_its_years_are_there() -> None:
    frame = reference().adoption()
    own = frame.filter(area_code="uk").with_columns(
        pl.lit(GM).alias("area_code"), pl.col("^adoption_(p|mean).*$") * 0.9
    )
    rest = frame.filter(pl.col("area_code") != GM)
    result = gainsmodel.Result(
        reference().manifest,
        {
            **{name: getattr(reference(), name)() for name in ("areas", "groups")},
            "adoption": pl.concat([rest, own]),
        },
        None,
    )
    chart = charts.adoption(result, GM)
    averages = [row["Average, %"] for row in chart.data["years"]]
    dotted = [row["Average, %"] for row in chart.data["uk"]]
    np.testing.assert_allclose(averages, np.array(dotted) * 0.9)
    assert "Dotted: the UK." in chart.caption
    assert "Adoption in Greater Manchester" in chart.alt


# ---------------------------------------------------------------- drivers


def test_the_tornado_has_the_ten_that_move_most_and_counts_the_rest() -> None:
    chart = charts.tornado(TORNADO, f"£m {WHEN}")
    rows = chart.data["assumptions"]
    assert [row["Assumption"] for row in rows] == [f"Assumption {i}" for i in range(11, 1, -1)]
    assert rows[0]["Low end"] == pytest.approx(0.9 - 2.1)
    assert rows[0]["High end"] == pytest.approx(3.85 - 2.1)
    assert (rows[0]["Left end"], rows[0]["Right end"]) == ("−£1.2bn", "+£1.8bn")
    # The average comes from draws of its own: it stands nowhere.
    assert chart.data["as_it_is"] == [{"As it is": 0.0, "Label": "As it is"}]
    assert "£2.1bn" not in f"{chart.alt} {chart.caption} {chart.data}"
    assert "2 more assumptions move it less." in chart.caption
    assert chart.table.height == 12
    assert chart.table.columns[1] == "At its low end, £bn a year by 2036"


def test_an_assumption_that_lowers_the_answer_is_drawn_the_other_way_round() -> None:
    turned = TORNADO.select("group", "label", "mean", "swing", low="high", high="low")
    row = charts.tornado(turned, f"£m {WHEN}").data["assumptions"][0]
    assert row["Low end"] > row["High end"]
    assert (row["Left end"], row["Right end"]) == ("−£1.2bn", "+£1.8bn")


def test_a_tornado_of_shares_and_of_chances() -> None:
    shares = TORNADO.with_columns(pl.col("low", "high", "mean", "swing") / 50_000)
    row = charts.tornado(shares, "% of the UK gain").data["assumptions"][0]
    assert (row["Left end"], row["Right end"]) == ("−2.4 points", "+3.5 points")
    chances = TORNADO.with_columns(pl.col("low", "high", "mean", "swing") / 10_000)
    row = charts.tornado(chances, "times in 100").data["assumptions"][0]
    assert (row["Left end"], row["Right end"]) == ("−12", "+18")


def test_nothing_moves_the_answer_where_nothing_does() -> None:
    still = TORNADO.with_columns(swing=pl.lit(0.0))
    assert charts.tornado(still, f"£m {WHEN}").alt == "Nothing moves this answer."
    assert charts.tornado(TORNADO.head(0), f"£m {WHEN}").alt == "Nothing moves this answer."
    assert charts.total_order(TOTAL.head(0)).alt == "Nothing moves this answer."


def test_an_index_that_cannot_be_told_from_zero_says_so_and_keeps_its_sign() -> None:
    chart = charts.total_order(TOTAL)
    effect, _, spillover = chart.data["assumptions"]
    assert effect["Index"] == "82%"
    assert effect["95% interval"] == "75% to 90%"
    assert effect["Note"] == ""
    assert spillover["Note"] == "not distinguishable from zero"
    assert spillover["Share of the variance it accounts for, %"] == pytest.approx(-1)
    assert spillover["Index"] == "−1%"
    assert "1 of 3 cannot be told from zero." in chart.alt
    assert "Spillover" not in chart.alt


# ---------------------------------------------------------------- tiles


@pytest.mark.parametrize("geography", LAYOUTS)
def test_every_area_has_a_tile_of_its_own(geography: str) -> None:
    layout = LAYOUTS[geography]
    assert set(layout.tiles) == set(load_dataset(geography).areas["area_code"])
    places = [place[:2] for place in layout.tiles.values()]
    assert len(set(places)) == len(places)
    assert all(0 <= x < layout.columns and 0 <= y < layout.rows for x, y in places)
    assert all(len(line) <= 9 for place in layout.tiles.values() for line in place[2:])
    # The key stands in the upper right corner.
    corner = {(layout.columns - 1, y) for y in range(5 if layout.columns == 6 else 3)}
    assert not corner & set(places)


def test_tiles_print_the_prize_of_each_area_and_outline_the_selected() -> None:
    chart = charts.tile_map(reference(), selected=GM)
    areas = reference().areas()
    errors = reference().statistics().filter(quantity="prize_gbp_bn")
    for row in chart.data["areas"]:
        mean = areas.filter(area_code=row["code"])["prize_gbp_bn_mean"].item() * 1e3
        error = errors.filter(area_code=row["code"])["mcse_mean"].item() * 1e3
        assert row["Value"] == format.gbp(mean, error)
        printed = format.printed_gbp_m(mean, error) / 1e3
        assert row["Class"] == sum(printed >= end for end in (2, 4, 8, 16))
    assert [row["code"] for row in chart.data["areas"] if row["Selected"]] == [GM]
    ranked = areas.sort("prize_gbp_bn_mean", descending=True)["area_code"].to_list()
    printed = {row["code"]: row["Value"] for row in chart.data["areas"]}
    assert f"Highest: Greater London {printed[LONDON]}." in chart.alt
    assert f"Greater Manchester: {printed[GM]}, rank {ranked.index(GM) + 1}." in chart.alt
    dots = {row["code"] for row in chart.data["areas"] if row["Line 1"].endswith("•")}
    assert dots == set(areas.filter(pl.col("mayor_2017"))["area_code"])
    assert len(dots) == 6
    assert chart.data["note"]
    assert not charts.tile_map(reference("itl1")).data["note"]


def test_a_click_selects_by_code() -> None:
    spec = charts.tile_map(reference()).spec
    (parameter,) = spec["params"]
    assert parameter["name"] == "area"
    # Nothing more: a filter on its events kept every click from a host that interprets them.
    assert parameter["select"] == {
        **{"type": "point", "fields": ["code"]},
        **{"toggle": False, "clear": False},
    }
    named = [layer for layer in spec["layer"] if layer.get("name") in parameter["views"]]
    assert len(named) == 1
    chart = charts.tile_map(reference())
    assert all("code" not in row for name in ("key", "note") for row in chart.data[name])


def test_tiles_compare_in_the_words_that_decide() -> None:
    chart = charts.tile_map(reference(), "against_gva")
    assert {row["Class"] for row in chart.data["areas"]} == {2}
    assert "These assumptions separate the two in no area." in chart.caption
    assert "rank" not in chart.alt
    p = dict(reference().areas()["area_code", "p_share_above_gva"].iter_rows())
    assert all(row["Value"] == f"{p[row['code']] * 100:.0f}" for row in chart.data["areas"])


@pytest.mark.parametrize(
    ("p", "value", "shade"),
    [
        (0.0, "<1", 0),
        (0.02, "2", 0),
        (0.05, "5", 1),
        (0.5, "50", 2),
        (0.95, "95", 3),
        (1.0, ">99", 4),
    ],
)
def test_classes_of_the_comparison_are_fixed(p: float, value: str, shade: int) -> None:
    areas = reference().areas().with_columns(p_share_above_gva=pl.lit(p))
    tables = {"groups": reference().groups(), "statistics": reference().statistics()}
    result = gainsmodel.Result(reference().manifest, {**tables, "areas": areas}, None)
    row = charts.tile_map(result, "against_gva").data["areas"][0]
    assert (row["Value"], row["Class"]) == (value, shade)


def test_pounds_a_head_use_the_population() -> None:
    chart = charts.tile_map(reference(), "per_head")
    people = dict(load_dataset("mayoral").areas["area_code", "population"].iter_rows())
    gain = dict(reference().areas()["area_code", "gain_final_year_gbp_m_mean"].iter_rows())
    for row in chart.data["areas"]:
        assert row["Value"] == format.gbp_a_head(gain[row["code"]] * 1e6 / people[row["code"]])
    assert "wider than the gap" in chart.caption


def test_classes_of_pounds_a_head_are_the_quintiles_of_the_reference_run() -> None:
    areas = gainsmodel.run("reference", draws=10_000, seed=1).areas()
    people = load_dataset("mayoral").areas["area_code", "population"]
    frame = areas.join(people, on="area_code")
    for basis, metric in (
        ("final_year", "final_year"),
        ("share_of_economy", "final_year"),
        ("cumulative", "cumulative"),
    ):
        a_head = frame[f"gain_{metric}_gbp_m_mean"] * 1e6 / frame["population"]
        quintiles = np.quantile(a_head, [0.2, 0.4, 0.6, 0.8])
        assert PER_HEAD_CLASSES[basis] == tuple(float(f"{q:.1e}") for q in quintiles)


@pytest.mark.parametrize("geography", sorted(set(GEOGRAPHIES) - set(LAYOUTS)))
def test_a_geography_without_tiles_is_refused(geography: str) -> None:
    with pytest.raises(UnknownNameError, match="tile maps of mayoral and itl1"):
        charts.tile_map(reference(geography))


def test_an_unknown_measure_is_refused() -> None:
    with pytest.raises(SettingError, match="gbp, per_head, against_gva, not 'gdp'"):
        charts.tile_map(reference(), "gdp")  # type: ignore[arg-type]


def test_a_group_may_be_selected_and_has_no_tile() -> None:
    assert not any(
        row["Selected"] for row in charts.tile_map(reference(), selected="uk").data["areas"]
    )


# ---------------------------------------------------------------- degenerate states


def test_no_gain_at_all() -> None:
    bars = charts.three_amounts(zero(), GM)
    assert [row["Average"] for row in bars.data["amounts"]] == ["not defined", "£0", "£0"]
    assert "In all of the 500 futures the national gain is too small to divide" in bars.caption
    flat = charts.fan(zero(), GM)
    assert flat.data["note"] == [{"Note": "No gain with these assumptions"}]
    assert flat.alt == (
        "No gain for Greater Manchester with these assumptions: a flat line at zero."
    )
    assert "shares are withheld" in charts.share_dots(zero(), GM).alt
    assert charts.sectors(zero(), GM).alt == "No gain with these assumptions."
    tiles = charts.tile_map(zero(), selected=GM)
    assert {row["Value"] for row in tiles.data["areas"]} == {"no data"}
    assert "0 of 23 areas have data." in tiles.caption
    assert tiles.alt.endswith("No data.")


def test_one_year() -> None:
    chart = charts.fan(one_year(), GM)
    assert not any(layer["mark"]["type"] == "area" for layer in chart.spec["layer"])
    assert [row["Year"] for row in chart.data["years"]] == [2026, 2027]


def test_no_uncertainty() -> None:
    chart = charts.fan(certain(), GM)
    assert chart.data["note"] == [{"Note": "No uncertainty in this run"}]
    assert [row["Label"].split()[0] for row in chart.data["labels"]] == ["Average"]
    bars = charts.three_amounts(certain(), GM)
    assert [row["In 9 of 10 futures"] for row in bars.data["amounts"]] == ["", "", ""]
    assert "No uncertainty in this run." in bars.caption
    assert charts.share_dots(certain(), GM).alt.startswith("No uncertainty in this run")
    assert charts.share_curve(certain(), GM).alt.startswith("No uncertainty in this run")


def test_too_few_futures() -> None:
    assert (
        charts.share_dots(few(100), GM).alt == "100 futures are too few for dots; 200 are needed."
    )
    assert "too few" in charts.difference_dots(np.arange(150.0) + 1, "A", "B").alt
    bars = charts.three_amounts(few(1), GM)
    assert [row["Average"] for row in bars.data["amounts"]][:2] == [format.TOO_FEW] * 2
    assert charts.fan(few(1), GM).alt == f"Greater Manchester: {format.TOO_FEW}."
    assert {row["Value"] for row in charts.tile_map(few(1)).data["areas"]} == {"too few"}


def test_the_uks_share_is_everything_and_identical_plans_are_the_same() -> None:
    assert charts.share_dots(few(100), "uk").alt == "The UK’s share is 100%."
    assert charts.difference_dots(np.zeros(500), "A", "B").alt == "These plans are the same."


def test_without_draws_there_are_no_dots() -> None:
    tables = {name: getattr(reference(), name)() for name in ("areas", "groups", "statistics")}
    loaded = gainsmodel.Result(reference().manifest, tables, None)
    assert "did not keep single futures" in charts.share_dots(loaded, GM).alt
    assert charts.three_amounts(loaded, GM).data == charts.three_amounts(reference(), GM).data


# ---------------------------------------------------------------- colours


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, two: str) -> float:
    """Contrast ratio of WCAG 2.2."""
    light, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_reckoned_as_wcag_does() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", themes.THEMES)
def test_text_and_graphics_can_be_told_from_the_page(theme: str) -> None:
    colours = themes.palette(theme)
    for text in (colours.text, colours.secondary, colours.plan, colours.centre):
        assert contrast(text, colours.background) >= 4.5, text
    for mark in (colours.prize, colours.gain, colours.plan):
        assert contrast(mark, colours.background) >= 3, mark


@pytest.mark.parametrize("theme", themes.THEMES)
@pytest.mark.parametrize("ramp", ["sequential", "diverging"])
def test_every_tile_can_be_read(theme: str, ramp: str) -> None:
    colours = themes.palette(theme)
    fills, inks = getattr(colours, ramp), getattr(colours, f"{ramp}_ink")
    assert len(fills) == len(inks) == 5
    for fill, ink in zip(fills, inks, strict=True):
        assert contrast(fill, ink) >= 4.5, (fill, ink)
    assert len(set(fills)) == 5
    if ramp == "sequential":
        lights = [luminance(fill) for fill in fills]
        assert lights == sorted(lights, reverse=theme == "light")


# ---------------------------------------------------------------- numbers of tables


@given(st.lists(st.floats(-1e6, 1e6) | st.none(), max_size=6))
def test_a_column_keeps_three_figures_of_its_largest_number(values: list[float | None]) -> None:
    largest = max((abs(v) for v in values if v is not None), default=0)
    for value, short in zip(values, rounded(values), strict=True):
        assert (value is None) == (short is None)
        if value is not None and short is not None:
            assert abs(short - value) <= max(largest * 0.005, 1e-9) or abs(short - value) <= 0.5
