"""The validation: facts that its pages state, the rules of its words, and that it is up to date."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats

import gainsmodel
from build_tables import validation as build_validation_tables
from gainsmodel.analysis.take_up_cases import CASES
from gainsmodel.data import load_dataset
from gainsmodel.errors import SettingError
from gainsmodel.results.prices import gva_at_start
from gainsmodel.results.result import draws_of
from gainsmodel.simulation.run import run
from gainsmodel.validation import (
    catch_up,
    catch_up_split,
    diffusion,
    growth,
    hindcast,
    ledger,
    numerical,
    outcomes,
    prize,
    reverse,
)
from gainsmodel.validation.__main__ import ITEMS, write
from gainsmodel.validation.page import TABLES, index, verdict_table
from gainsmodel.validation.verdict import Coverage, Verdict, coverage, in_range, overlap, tally
from publisher import SOURCE, needs_source

PAGES = Path(__file__).parents[2] / "docs/validation"
RENEW = "make validation"


# ---------------------------------------------------------------- words by rule


@pytest.mark.parametrize(
    ("value", "outcome"), [(1.0, "holds"), (2.0, "holds"), (0.99, "fails"), (float("nan"), "fails")]
)
def test_a_number_holds_in_its_range_only(value: float, outcome: str) -> None:
    assert in_range(value, 1.0, 2.0) == outcome


@pytest.mark.parametrize(
    ("band", "outcome"),
    [
        ((0.5, 1.5, 9.0), "holds"),
        ((0.1, 0.9, 1.5), "open"),
        ((1.5, 2.5, 4.0), "open"),
        ((0.1, 0.5, 0.9), "fails"),
        ((2.1, 3.0, 4.0), "fails"),
    ],
)
def test_a_band_holds_by_its_middle_and_fails_where_ranges_do_not_touch(
    band: tuple[float, float, float], outcome: str
) -> None:
    assert overlap(*band, 1.0, 2.0) == outcome


@pytest.mark.parametrize(
    ("few", "many", "words", "outcome"),
    [
        (0.01, 1.0, "too narrow", "fails"),
        (1.0, 0.01, "too wide", "fails"),
        (0.05, 0.98, "probably too narrow", "open"),
        (0.98, 0.05, "probably too wide", "open"),
        (0.4, 0.7, "as wide as it should be, as far as this can tell", "holds"),
    ],
)
def test_words_of_coverage_follow_from_how_rare_it_is(
    few: float, many: float, words: str, outcome: str
) -> None:
    counted = Coverage(0.9, 8, 1, 1, few, many, 100_000)
    assert (counted.words, counted.outcome) == (words, outcome)
    assert counted.count == "8 of 10 inside, 1 below, 1 above"


@pytest.mark.parametrize(("draws", "outcome"), [(4_000, "open"), (10**6, "fails")])
def test_no_verdict_hangs_on_monte_carlo_noise(draws: int, outcome: str) -> None:
    """0.024 is told from the line at 0.025 only where draws are many."""
    assert Coverage(0.9, 8, 1, 1, 0.024, 1.0, draws).outcome == outcome


def test_verdict_words_are_three_and_are_tallied() -> None:
    verdicts = [Verdict("a", "b", outcome) for outcome in ("holds", "fails", "open")]
    assert [v.words for v in verdicts] == ["Holds", "Does not hold", "Cannot be told"]
    assert tally(verdicts) == "Asked before looking: 1 of 3 hold, 1 do not, 1 cannot be told."
    late = Verdict("d", "e", "holds", afterwards=True)
    assert tally([verdicts[1], late]) == (
        "Asked before looking: 0 of 1 hold, 1 do not, 0 cannot be told. Asked after the figures "
        "had been seen, marked †: 1 of 1 hold, 0 do not, 0 cannot be told."
    )
    assert verdict_table([late]).count("d †") == 1


@pytest.mark.parametrize(
    ("sd", "words"), [(1.0, "as wide"), (0.3, "too narrow"), (3.0, "too wide")]
)
def test_coverage_tells_bands_of_the_wrong_width(sd: float, words: str) -> None:
    rng = np.random.default_rng(3)
    actual = stats.norm.ppf((np.arange(60) + 0.5) / 60)
    assert coverage(sd * rng.standard_normal((4_000, 60)), actual, 0.9).words.startswith(words)


def test_outcomes_that_move_together_are_not_counted_as_so_many_proofs() -> None:
    """Ten copies of one outcome outside its band are one surprise of one in ten."""
    one = np.random.default_rng(4).standard_normal((4_000, 1))
    together = coverage(np.repeat(one, 10, axis=1), np.full(10, 2.0), 0.9)
    assert together.inside == 0
    assert together.p_as_few == pytest.approx(0.1, abs=0.01)
    assert together.outcome != "fails"


# ---------------------------------------------------------------- hindcast


def test_history_is_that_of_the_regional_accounts() -> None:
    for geography, areas in (("itl1", 12), ("itl2", 46), ("mayoral", 23)):
        data = growth.history(geography)
        assert data.gva_gbp_m.shape == (areas, 18, 26)
        assert data.sectors == load_dataset("mayoral").sectors
    # Volumes at 2022 prices add up near 2022 only; farther away they drift by about 1%.
    totals = {g: growth.history(g).at(2022).sum() for g in growth.GEOGRAPHIES}
    assert max(totals.values()) - min(totals.values()) < 20
    # In 2023 £m of 2022 are less than the £m of 2023 of the shipped figures by a year's prices.
    ratio = load_dataset("itl1").gva_gbp_m.sum() / growth.history("itl1").at(2023).sum()
    assert 1.03 < ratio < 1.10


@needs_source
def test_tables_are_those_of_the_publisher(tmp_path: Path) -> None:
    build_validation_tables.main([str(SOURCE), "--out", str(tmp_path)])
    for table in tmp_path.iterdir():
        assert table.read_bytes() == (TABLES / table.name).read_bytes(), table.name


def test_every_table_says_where_it_comes_from() -> None:
    about = tomllib.loads((TABLES / "tables.toml").read_text("utf-8"))["files"]
    assert set(about) == {path.name for path in TABLES.glob("*.csv")}
    for entry in about.values():
        assert all(entry[key] for key in ("sources", "edition", "unit", "treatments"))


def test_hindcast_grows_gva_as_the_model_does() -> None:
    """Gain over uplift is the core's GVA: its spread is that of `simulate` with the same growth."""
    result = run("reference", draws=4_000, seed=5, sampler="random", precision="float64")
    areas = result.areas()
    gain, uplift = (
        draws_of(result, name)[: areas.height]
        for name in ("gain_final_year_gbp_m", "uplift_final_year")
    )
    scenario = gainsmodel.load_scenario("reference")
    data = load_dataset("mayoral")
    start = gva_at_start(scenario, data)
    core = np.log(gain / uplift / start.sum(axis=1)[:, None])
    own = growth.default_growth(data.areas["area_code"].to_list())
    numbers = growth.standard_normals(np.random.default_rng(6), 4_000, *start.shape)
    ours = growth.simulate(start, own, 10, numbers).sum(axis=2)
    ours = np.log(ours / start.sum(axis=1)).T
    np.testing.assert_allclose(core.mean(axis=1), ours.mean(axis=1), atol=5 * 0.09 / 60)
    np.testing.assert_allclose(core.std(axis=1), ours.std(axis=1), rtol=5 / np.sqrt(4_000))
    # Areas go together as they do here: by nation, sectors and what north and south share.
    together = np.corrcoef(core), np.corrcoef(ours)
    np.testing.assert_allclose(*together, atol=5 * np.sqrt(2 / 4_000))


def test_crps_is_that_of_the_closed_form() -> None:
    simulated = np.random.default_rng(2).standard_normal((100_000, 3))
    actual = np.array([-1.0, 0.0, 2.0])
    z = stats.norm
    exact = actual * (2 * z.cdf(actual) - 1) + 2 * z.pdf(actual) - 1 / np.sqrt(np.pi)
    assert outcomes.crps(simulated, actual) == pytest.approx(exact.mean(), abs=0.01)


def test_hindcast_states_what_it_found() -> None:
    main = hindcast.hindcast("mayoral", hindcast.MAIN)
    areas = main.relative.coverage(0.9)
    # Four areas fell behind further than the band says, and none ran ahead of it.
    assert (areas.below, areas.above, areas.outcome) == (4, 0, "holds")
    assert main.cells.coverage(0.9).outcome == "holds"
    assert 0 < main.skill < hindcast.KNOWS_WIDTH_ONLY
    assert main.skill_own_trend < 0
    boom = hindcast.hindcast("mayoral", hindcast.Split(1998, 2007, 2017))
    assert boom.uk.coverage(0.9).below == 1
    pandemic = hindcast.hindcast("mayoral", hindcast.PANDEMIC)
    assert pandemic.cells.coverage(0.9).outcome == "holds"
    by_default = hindcast._by_default("mayoral", hindcast.PANDEMIC)
    assert by_default.cells.coverage(0.9).words == "too narrow"


def test_reference_spread_of_sectors_is_below_that_of_decades() -> None:
    fitted = hindcast.decades()
    own = fitted.row(-1, named=True)
    assert own["sector"] < fitted["sector"][:-1].min()
    for level in ("area", "cell", "transitory"):
        assert fitted[level][:-1].min() < own[level] < fitted[level][:-1].max(), level


# ---------------------------------------------------------------- diffusion


def test_diffusion_takes_the_models_steps() -> None:
    """One area without spillover in the core is the same recursion."""
    futures = diffusion.Futures(np.array([0.02]), np.array([0.4]), np.array([0.8]))
    by_hand = 0.3
    for _ in range(3):
        by_hand += (0.02 + 0.4 * by_hand / 0.8) * (0.8 - by_hand)
    found = diffusion.path(0.3, futures, 3, steps_per_year=1)[0]
    assert found == pytest.approx(by_hand, rel=1e-12)
    still = numerical._still(innovation=0.02, imitation=0.4, ceiling=0.8, horizon_years=3)
    core = run(still, draws=16, precision="float64").adoption()
    row = core.filter(
        pl.col("area_name") == "United Kingdom",
        pl.col("technology") == "ai",
        pl.col("year") == 2029,
    )
    gva, start, ceiling = numerical._cells(still)
    k = list(still.technologies).index("ai")
    one = diffusion.Futures(np.full(18, 0.02), np.full(18, 0.4), ceiling[:, k])
    cells = diffusion.path(start[:, k], one, 3, steps_per_year=1)
    national = gva.sum(axis=0) @ cells / gva.sum()
    assert row["adoption_mean"][0] == pytest.approx(national, rel=1e-9)


def test_held_out_points_lie_inside_and_above_the_middle() -> None:
    for informed in (False, True):
        found = diffusion.forecast(informed=informed)
        assert found.inside == 2
        held = found.table.filter(pl.col("held_out"))
        assert (held["share"] > held["p50"]).all()
    assert 0.005 < diffusion.forecast(informed=True).rmse_held_out < 0.015
    assert diffusion.forecast(informed=True).effective_draws > 5_000


def test_held_out_points_do_not_move_the_forecast(monkeypatch: pytest.MonkeyPatch) -> None:
    before = diffusion.forecast.__wrapped__(informed=True)  # type: ignore[attr-defined]
    other = diffusion.ai_use().with_columns(
        share=pl.when("held_out").then(0.9).otherwise(pl.col("share"))
    )
    monkeypatch.setattr(diffusion, "ai_use", lambda: other)
    after = diffusion.forecast.__wrapped__(informed=True)  # type: ignore[attr-defined]
    bands = ("p05", "p50", "p95")
    assert after.table[bands].equals(before.table[bands])
    assert after.ceiling == before.ceiling


def test_ceiling_is_not_identified_above_40_per_cent() -> None:
    fitted = diffusion.fits()
    upper = fitted.filter(pl.col("ceiling") >= 0.4)
    assert upper["rmse_all"].max() < 0.005
    assert upper["rmse_all"].max() - upper["rmse_all"].min() < 0.002
    assert fitted.filter(pl.col("ceiling") == 0.25)["rmse_all"][0] > 0.009
    # Ten years on, the answer is the ceiling that was chosen.
    assert (upper["year_10"] / upper["ceiling"]).min() > 0.95
    told = diffusion.forecast(informed=True).ceiling
    assert told[0] == pytest.approx(0.50, abs=0.02)
    assert told[2] == pytest.approx(0.94, abs=0.01)


def test_websites_stay_where_they_were() -> None:
    low, middle, high, still = diffusion.website_forecast()
    assert low == middle == pytest.approx(0.81)
    assert high > 0.85
    assert 0.6 < still < 0.75


# ---------------------------------------------------------------- the prize


@pytest.mark.parametrize(
    ("level", "percentile", "gain", "percent"),
    [
        ("itl3", 1.0, 391, 18.9),
        ("itl3", 0.9, 207, 10.0),
        ("itl3", 0.75, 114, 5.5),
        ("itl2", 1.0, 81, 3.9),
        ("itl3", None, 73, 3.5),
    ],
)
def test_catch_up_rule_gives_its_known_totals(
    level: str, percentile: float | None, gain: float, percent: float
) -> None:
    found = catch_up(level, percentile)
    assert found.gain_gbp_bn == pytest.approx(gain, abs=0.5)
    assert found.gain_share * 100 == pytest.approx(percent, abs=0.05)
    assert 5.0 <= found.sum_over_level <= 5.2


@pytest.mark.parametrize(("smoothed", "gain", "percent"), [(True, 199, 9.6), (False, 222, 10.6)])
def test_the_fastest_large_area_meets_the_prize_and_comes_nearer_to_scotland(
    smoothed: bool, gain: float, percent: float
) -> None:
    found = catch_up("itl3", 1.0, smoothed=smoothed, least_share=0.05)
    assert found.gain_gbp_bn == pytest.approx(gain, abs=0.5)
    assert found.gain_share * 100 == pytest.approx(percent, abs=0.05)
    assert prize._of_scotland(found) == pytest.approx(19.5, abs=0.05)
    assert prize._of_scotland(catch_up()) == pytest.approx(9.9, abs=0.05)


def test_own_trends_miss_the_range_by_five_billion_where_smoothed() -> None:
    assert catch_up().baseline_gbp_bn == pytest.approx(2_075, abs=1)
    assert catch_up(smoothed=False).baseline_gbp_bn == pytest.approx(2_098, abs=1)
    assert prize.page().verdicts[0].outcome == "fails"


def test_catch_up_split_is_the_one_stated() -> None:
    split = catch_up_split()
    shares = dict(zip(split["area_name"], split["catch_up_share"], strict=True))
    stated = {"London": 32.3, "South East": 16.5, "North East": 1.9, "Northern Ireland": 1.5}
    for place, percent in stated.items():
        assert shares[place] * 100 == pytest.approx(percent, abs=0.05)
    for column in split.columns[2:]:
        assert split[column].sum() == pytest.approx(1.0)
        assert split[column].null_count() == 0
    beside = catch_up_split(prize._itl1())
    assert beside["model_share_mean"].sum() == pytest.approx(1.0, abs=1e-6)
    assert (beside["model_share_p05"] < beside["model_share_p95"]).all()


def test_catch_up_refuses_what_it_does_not_know() -> None:
    with pytest.raises(SettingError, match="geography"):
        catch_up_split(run("reference", draws=16))
    with pytest.raises(SettingError, match="itl3 or itl2"):
        catch_up("itl1")


# ---------------------------------------------------------------- the ledger


def test_ledger_footing_by_hand() -> None:
    found = {row["study"]: row for row in ledger.totals().iter_rows(named=True)}
    assert found["Sage and Capital Economics, potential"]["share"] == pytest.approx(145 / 1918.391)
    five_years = found["Virgin Media O2 2021, as a sum"]["share"]
    assert five_years * 3 == pytest.approx(found["Virgin Media O2 2021, as a level"]["share"])
    assert found["CBI, Unlocking Regional Growth"]["share"] == 0.10
    assert ledger.nominal_gva_gbp_bn(2026) == pytest.approx(2742.775 * 1.012 * 1.02)
    assert ledger.nominal_gva_gbp_bn(2027) == pytest.approx(2742.775 * 1.012 * 1.02 * 1.013 * 1.02)


def test_ledger_keeps_to_what_was_opened() -> None:
    for name in ("published_totals.csv", "published_splits.csv"):
        frame = pl.read_csv(TABLES / name)
        assert (
            frame.null_count().select(pl.col("^study|reason|source|place$")).sum_horizontal()[0]
            == 0
        )
    totals = ledger.totals()
    assert (totals["share"] > 0).all()
    assert totals["study"].is_unique().all()


def test_ledger_states_what_it_found() -> None:
    found = {row["study"]: row for row in ledger.totals().iter_rows(named=True)}
    # The CBI's tenth is out of reach; PwC's productivity part is near our average.
    assert found["CBI, Unlocking Regional Growth"]["p_ours_as_high"] < 0.01
    assert 0.4 < found["PwC, artificial intelligence, productivity"]["p_ours_as_high"] < 0.75
    far = dict(ledger.distances().iter_rows())
    assert far["Virgin Media O2 and Oxford Analytica, 2021"] < 0.005
    assert far["This model, reference scenario"] == pytest.approx(0.016, abs=0.005)
    assert far["Virgin Media Business and Oxford Economics, 2015"] == pytest.approx(0.29, abs=0.01)
    # England gains least of the four on average, where PwC has it first.
    nations = ledger.splits().filter(pl.col("study").str.starts_with("PwC"))
    rate = dict(zip(nations["place"], nations["ours"] / nations["null"], strict=True))
    assert min(rate, key=lambda place: rate[place]) == "England"
    assert ledger.nations_in_order() < 1 / 24


# ---------------------------------------------------------------- reverse checks


def test_superfast_lies_in_the_band() -> None:
    added = reverse.connectivity()
    measured = reverse.superfast_gbp_bn()
    assert measured == pytest.approx(1.1 / 0.843 * 1.039, rel=1e-3)
    assert added.p05 < measured < added.p95 < 6


def test_raising_areas_to_the_average_is_worth_less_than_published() -> None:
    raised = reverse.raised_to_average()
    assert 0 < raised.p05 < raised.mean < raised.p95 < reverse.RAISED_ASKED[0]


def test_take_up_contains_both_of_its_cases() -> None:
    low, mean, high = reverse.take_up_range()
    assert mean == pytest.approx(0.45 / 2.05, rel=1e-3)
    assert all(low <= case.take_up <= high for case in CASES)


@pytest.mark.parametrize("x", [0.001, 0.0083, 0.1066, 0.5, 0.95])
def test_distribution_function_of_take_up(x: float) -> None:
    assert reverse.take_up_below(x) == pytest.approx(stats.beta.cdf(x, 0.45, 1.6), rel=1e-4)


# ---------------------------------------------------------------- verification


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_core_agrees_with_the_independent_model_on_shipped_figures(
    precision: numerical.Precision,
) -> None:
    found = numerical.independent("sobol", precision)
    assert found["largest_difference"].max() < numerical.ALLOWED[precision]  # type: ignore[operator]
    assert found["numbers"].min() == 26 * numerical.COMPARED_DRAWS


def test_core_agrees_with_closed_forms() -> None:
    for form in numerical.closed_forms():
        assert form.difference < 1e-12, form.world


@pytest.mark.slow  # of the page that is for .ci/nightly too
def test_errors_fall_as_they_should() -> None:
    low, high = numerical.RANDOM_SLOPE
    assert low < numerical.slope("random") < high
    assert numerical.slope("sobol") < numerical.slope("random")


# ---------------------------------------------------------------- the pages

NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


# Pages that take a second each; the others, and what is made of all, are for .ci/nightly.
QUICK = (diffusion, prize, ledger, reverse)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("validation")
    write(folder)
    return folder


@pytest.mark.parametrize("item", QUICK, ids=lambda item: item.__name__.split(".")[-1])
def test_a_quick_page_is_up_to_date(item: Any) -> None:
    page = item.page()
    assert_up_to_date(f"{page.name}.md", page.markdown())


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["README.md", "verdicts.csv", *(f"{item.__name__.split('.')[-1]}.md" for item in ITEMS)],
)
def test_pages_are_up_to_date(fresh: Path, name: str) -> None:
    assert_up_to_date(name, (fresh / name).read_text("utf-8"))


def assert_up_to_date(name: str, now: str) -> None:
    committed = (PAGES / name).read_text("utf-8")
    assert NUMBER.sub("#", committed) == NUMBER.sub("#", now), f"renew with `{RENEW}`"
    for old, new in zip(NUMBER.findall(committed), NUMBER.findall(now), strict=True):
        # One unit of the last printed digit: libraries round the last bit differently.
        digits = len(old.partition(".")[2])
        gap = abs(float(old.replace(",", "")) - float(new.replace(",", "")))
        assert gap <= 1.001 * 10.0**-digits, f"{name}: {old} is {new} now; renew with `{RENEW}`"


@pytest.mark.slow
def test_every_picture_a_page_shows_is_there_and_described(fresh: Path) -> None:
    shown = {
        (alt, name)
        for page in PAGES.glob("*.md")
        for alt, name in re.findall(r"!\[([^]]*)\]\(([^)]+)\)", page.read_text("utf-8"))
    }
    assert len(shown) == len(ITEMS)
    for alt, name in shown:
        assert len(alt) > 40
        assert (PAGES / name).read_text("utf-8").startswith("<svg ")
    assert {path.name for path in PAGES.iterdir()} == {path.name for path in fresh.iterdir()}


@pytest.mark.slow
def test_every_verdict_good_or_bad_is_on_the_first_page() -> None:
    verdicts = [verdict for item in ITEMS for verdict in item.page().verdicts]
    first = index([item.page() for item in ITEMS])
    for kind in ("holds", "fails", "open"):
        said = [v for v in verdicts if v.outcome == kind]
        assert said
        assert first.count(f"**{said[0].words}**") == len(said)
    assert tally(verdicts) in first


def test_no_page_claims_that_digital_delivers_the_prize() -> None:
    for path in PAGES.glob("*.md"):
        text = path.read_text("utf-8").lower()
        assert not re.search(r"digital[^.]*\b(delivers?|unlocks?|will bring)\b[^.]*£208bn", text)


def test_without_the_independent_model_the_mend_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(numerical.importlib, "import_module", missing)
    with pytest.raises(SettingError, match="make validation"):
        numerical.independent_model()
