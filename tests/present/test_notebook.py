"""What a notebook shows of results: tried in a real Jupyter kernel, and block by block."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

import gainsmodel
from gainsmodel import PairedResult, Result
from gainsmodel.present.blocks import Box, Code, Grid, Heading, Picture, Points, Words
from gainsmodel.present.notebook import FORMS, as_html
from gainsmodel.present.pages import comparison, shares

VEGA_LITE = "application/vnd.vegalite.v5+json"
HOSTILE = '<script>alert("1")</script> & $x$'
MANCHESTER = "E47000001"


class Read(HTMLParser):
    """Words of a piece of HTML, its tags, and whether each that opens is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        self.tags.append(tag)
        if tag == "img":
            self.images.append(dict(attributes))
        else:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


# ---------------------------------------------------------------- in a kernel


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BlockingKernelClient]:
    folder = tmp_path_factory.mktemp("jupyter")
    with pytest.MonkeyPatch.context() as patch:
        # Nothing of the user's own settings.
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
            patch.setenv(name, str(folder / name.lower()))
        manager, client = start_new_kernel(kernel_name="python3", startup_timeout=120)
        try:
            yield client
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)


def shown(kernel: BlockingKernelClient, cell: str) -> dict[str, Any]:
    """What the last line of a cell shows, by MIME type; it may print nothing."""
    messages: list[dict[str, Any]] = []
    reply = kernel.execute_interactive(
        cell, output_hook=messages.append, timeout=120, allow_stdin=False
    )
    assert reply["content"]["status"] == "ok", reply["content"]
    said = [m for m in messages if m["msg_type"] not in ("status", "execute_input")]
    assert [m["msg_type"] for m in said] == ["execute_result"], said
    data: dict[str, Any] = said[0]["content"]["data"]
    return data


def test_a_pair_shows_its_answer_and_the_gain_with_and_without(kernel: Any) -> None:
    data = shown(kernel, "import gainsmodel\ngainsmodel.run_paired('skills_first', draws=300)")
    assert {*data} == {VEGA_LITE, "text/html", "text/plain"}
    pair = gainsmodel.run_paired("skills_first", draws=300)
    assert data["text/plain"] == repr(pair)
    words = " ".join(Read(data["text/html"]).words)
    for needed in (
        "Greater Manchester’s share of the £208bn would be about",
        "without the plan; the plan adds about",
        "In 9 of 10 simulated futures",
        "a 2016 estimate for all causes of growth, not digital alone",
        "Size of effect: judgement",
        "300 futures, seed 1",
    ):
        assert needed in words
    spec = data[VEGA_LITE]
    assert spec["$schema"].endswith("/vega-lite/v5.json")
    assert {"years", "without"} <= {*spec["datasets"]}
    assert "Without the plan" in spec["description"]


def test_a_result_shows_every_area_and_three_amounts(kernel: Any) -> None:
    data = shown(kernel, "gainsmodel.run('reference', draws=300)")
    assert {*data} == {VEGA_LITE, "text/html", "text/plain"}
    read = Read(data["text/html"])
    words = " ".join(read.words)
    assert "The UK as a whole would have all of the £208bn" in words
    assert "The digital gain is plausibly" in words
    for name in load_names():
        assert name in words
    # One heading, 23 areas and the UK.
    assert read.tags.count("tr") == 25
    assert {*data[VEGA_LITE]["datasets"]} == {"amounts", "extent"}


def test_other_things_are_shown_too(kernel: Any) -> None:
    found = shown(kernel, "gainsmodel.compare('skills_first', 'reference', draws=300)")
    assert "compared with" in found["text/html"]
    result = "gainsmodel.run('reference', draws=300)"
    chart = shown(kernel, f"gainsmodel.charts.tile_map({result})")
    assert {*chart} == {VEGA_LITE, "image/svg+xml", "text/plain"}
    titled = f"gainsmodel.load_scenario('reference').edit({{'title': {HOSTILE!r}}})"
    html = shown(kernel, f"gainsmodel.run({titled}, draws=300)")["text/html"]
    assert "<script" not in html
    assert HOSTILE in " ".join(Read(html).words)


def load_names() -> list[str]:
    return gainsmodel.load_dataset("mayoral").areas["area_name"].to_list()


# ---------------------------------------------------------------- forms


@pytest.fixture(scope="module")
def pair() -> PairedResult:
    return gainsmodel.run_paired("skills_first", draws=300)


def test_the_words_are_those_of_the_page(pair: PairedResult) -> None:
    compared = gainsmodel.compare("skills_first", "reference", draws=300)
    titles = (compared.first.scenario.title, compared.second.scenario.title)
    for of, page in (
        (pair, shares.shares(pair.with_plan, [MANCHESTER], pair)),
        (pair.with_plan, shares.shares(pair.with_plan, [MANCHESTER])),
        (pair.without, shares.shares(pair.without, ["uk"])),
        (compared, comparison.comparison(compared, titles)),
    ):
        words = " ".join(Read(of._repr_html_() or "").words)
        for block in page:
            if isinstance(block, Heading | Words):
                assert block.text in words


def test_every_block_becomes_html_and_every_word_is_escaped(pair: PairedResult) -> None:
    chart = gainsmodel.charts.three_amounts(pair.with_plan, "uk")
    html = as_html(
        [
            *(Heading(HOSTILE), *(Words(HOSTILE, role) for role in ("lead", "text", "small"))),
            *(Points([HOSTILE]), Box(HOSTILE, [HOSTILE]), Code([HOSTILE, "x"])),
            *(Grid(HOSTILE, ["", HOSTILE], [[HOSTILE, HOSTILE]]), Picture(HOSTILE, chart)),
        ]
    )
    read = Read(html)
    assert "<script" not in html
    assert " ".join(read.words).count(HOSTILE) == 13
    assert "mathjax_ignore" in html
    (image,) = read.images
    assert image["alt"] == chart.alt
    assert str(image["src"]).startswith("data:image/svg+xml;base64,")


def test_without_the_library_that_draws_the_picture_is_words(
    pair: PairedResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    html = pair._repr_html_() or ""
    assert "<img" not in html
    assert "Without the plan the average is" in unescape(html)


def test_the_chart_of_a_notebook_is_one_in_the_version_that_it_draws(pair: PairedResult) -> None:
    vl_convert = pytest.importorskip("vl_convert")
    for of in pair, pair.with_plan, gainsmodel.charts.tile_map(pair.without):
        spec = of._repr_mimebundle_()[VEGA_LITE]
        assert spec["width"] == 640
        six = spec | {"$schema": "https://vega.github.io/schema/vega-lite/v6.json"}
        drawn = vl_convert.vegalite_to_scenegraph(spec, "5.8")
        assert drawn == vl_convert.vegalite_to_scenegraph(six, "6.4")


def test_where_draws_or_figures_are_not_at_hand_there_is_text(
    pair: PairedResult, tmp_path: Path
) -> None:
    bare = PairedResult(*(Result.load(r.save(tmp_path / str(i))) for i, r in enumerate(pair)))
    assert bare._repr_html_() is None
    assert repr(bare) == repr(pair)
    # A result by itself needs no draws.
    assert bare.with_plan._repr_html_() == pair.with_plan._repr_html_()
    two_plans = PairedResult(pair.with_plan, pair.with_plan)
    assert (two_plans._repr_html_(), two_plans._repr_mimebundle_()) == (None, {})


def test_many_areas_and_many_plans_stay_a_page() -> None:
    wide = gainsmodel.run("reference", draws=16, geography="local_authority")
    assert Read(wide._repr_html_() or "").tags.count("tr") == 2
    everyone = gainsmodel.run_paired("everyone_acts", draws=16)
    assert Read(everyone._repr_html_() or "").words


QUESTIONS: dict[str, Callable[[PairedResult], Any]] = {
    "Scenario": lambda pair: pair.scenario,
    "Dataset": lambda pair: pair.dataset,
    "Comparison": lambda _: gainsmodel.compare("skills_first", "reference", draws=100),
    "Discovery": lambda pair: gainsmodel.discover(
        pair.scenario, area=MANCHESTER, target_gbp_m=50, draws=500
    ),
    "GoalSeek": lambda pair: gainsmodel.goal_seek(
        pair.scenario, MANCHESTER, target_gbp_m=10, draws=100
    ),
    "Plan": lambda _: gainsmodel.plan("reference", MANCHESTER, draws=100, intensities=[0, 1]),
    "ReplayedHere": lambda pair: gainsmodel.replay_here(
        pair.with_plan.save(Path(tempfile.mkdtemp())) / "manifest.json"
    ),
    "Sensitivity": lambda pair: gainsmodel.sensitivity(pair.scenario, area=MANCHESTER, draws=100),
    "SwitchingValues": lambda pair: gainsmodel.switching_values(
        pair.scenario, area=MANCHESTER, draws=100
    ),
    "Target": lambda pair: gainsmodel.target(pair.scenario, MANCHESTER, gain_gbp_m=10, draws=100),
    "ValueOfInformation": lambda pair: gainsmodel.voi([pair.scenario], area=MANCHESTER, draws=100),
    "Verification": lambda pair: gainsmodel.verify(
        pair.with_plan.save(Path(tempfile.mkdtemp())) / "manifest.json"
    ),
    "Waterfall": lambda pair: gainsmodel.waterfall(pair, MANCHESTER),
    "WhoGains": lambda pair: gainsmodel.who_gains(pair.scenario, MANCHESTER, draws=64),
    "BatchResult": lambda pair: gainsmodel.run_batch(
        [pair.scenario], tempfile.mkdtemp(), settings=gainsmodel.Settings(draws=16)
    ),
    "WouldHaveToBeTrue": lambda _: gainsmodel.would_have_to_be_true("reference", draws=100),
    "PairedResult": lambda pair: pair,
    "Result": lambda pair: pair.with_plan,
}
WITH_CHARTS = {"Plan", "PairedResult", "Result", "Sensitivity", "Waterfall"}


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_answer_is_a_line_of_text_and_a_page(name: str, pair: PairedResult) -> None:
    of = QUESTIONS[name](pair)
    assert type(of).__name__ == name
    assert repr(of) == str(of)
    assert repr(of).startswith(f"{name}(")
    assert len(repr(of)) < 150
    assert "\n" not in repr(of)
    assert len(" ".join(Read(of._repr_html_() or "").words)) > 40
    drawn = of._repr_mimebundle_()
    assert ({*drawn} == {VEGA_LITE}) if name in WITH_CHARTS else (drawn == {})


def test_every_form_is_tried() -> None:
    assert {form.__name__ for form in FORMS} == {*QUESTIONS}


def test_words_of_users_are_escaped_in_scenarios_and_figures() -> None:
    scenario = gainsmodel.load_scenario("skills_first").edit(
        {"title": HOSTILE, "question": HOSTILE}
    )
    template = gainsmodel.gva_template("itl1", "csv", filled=True)
    name = "<script>alert(1)<script> & x.csv"
    own = gainsmodel.read_gva(template, "itl1", name=name)
    for of, said in ((scenario, HOSTILE), (own, name)):
        html = of._repr_html_() or ""
        assert "<script" not in html
        assert said in " ".join(Read(html).words)


def test_many_rows_of_figures_stay_a_page_that_says_so() -> None:
    read = Read(gainsmodel.load_dataset("local_authority")._repr_html_() or "")
    assert read.tags.count("tr") == 41
    assert "The first 40 of 361 rows." in " ".join(read.words)


def test_a_bar_moves_in_a_cell(kernel: BlockingKernelClient) -> None:
    messages: list[dict[str, Any]] = []
    cell = (
        "import gainsmodel\n"
        "r = gainsmodel.run('reference', draws=60_000, on_progress=gainsmodel.ProgressBar())"
    )
    reply = kernel.execute_interactive(cell, output_hook=messages.append, timeout=120)
    assert reply["content"]["status"] == "ok", reply["content"]
    said = [m for m in messages if m["msg_type"] not in ("status", "execute_input")]
    assert said[0]["msg_type"] == "display_data"
    assert "<progress" in said[0]["content"]["data"]["text/html"]
    assert {m["msg_type"] for m in said[1:]} == {"update_display_data"}
    of_bar = {m["content"]["transient"]["display_id"] for m in said}
    assert len(of_bar) == 1
    assert "60000/60000" in said[-1]["content"]["data"]["text/plain"]


def test_forms_are_loaded_when_a_notebook_asks_and_not_before() -> None:
    script = (
        "import sys, gainsmodel; r = gainsmodel.run('reference', draws=16); repr(r);"
        "print('gainsmodel.present.notebook' in sys.modules);"
        "r._repr_html_(); print('gainsmodel.present.notebook' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.split() == ["False", "True"], done.stderr
    assert {Result, PairedResult} <= {*FORMS}
