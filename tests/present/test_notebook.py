"""What a notebook shows of results: tried in a real Jupyter kernel, and block by block."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
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
    assert {*chart} == {VEGA_LITE, "text/plain"}
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


def test_forms_are_loaded_when_a_notebook_asks_and_not_before() -> None:
    script = (
        "import sys, gainsmodel; r = gainsmodel.run('reference', draws=16); repr(r);"
        "print('gainsmodel.present.notebook' in sys.modules);"
        "r._repr_html_(); print('gainsmodel.present.notebook' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.split() == ["False", "True"], done.stderr
    assert {Result, PairedResult} <= {*FORMS}
