"""What the pages say is so: their code runs, page by page, and their links lead somewhere."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

import gainsmodel
from gainsmodel.present import text
from in_process import run_here

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PROGRAM = (".venv/bin/gainsmodel", "gainsmodel")
# A block that cannot run here says why in its first line. No more of them creep in.
NOT_RUN = re.compile(r"^# not run by the tests( of pages)?: \S+")
NOT_RUN_ON = {"docs/how-to/batch.md": 3}
# Pages that begin with files somebody has already: a test of their own makes those first.
RUN_BY = {"docs/how-to/new-ons-release.md": "tests/data/test_how_to.py"}
# Verbs that simulate take fewer futures here, where a page does not say how many.
FEW_DRAWS = (
    "run",
    "compare",
    "appraise",
    "target",
    "plan",
    "voi",
    "sensitivity",
    "discover",
    "requires",
    "report",
)
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


class Block(NamedTuple):
    """Code on a page."""

    language: str
    label: str  # what follows the language: "output", or "file=NAME"
    code: str
    line: int


def tokens(page: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(page.read_text("utf-8"))


def blocks(page: Path) -> Iterator[Block]:
    for token in tokens(page):
        if token.type in ("fence", "code_block"):
            language, _, label = token.info.strip().partition(" ")
            assert token.map is not None
            yield Block(language, label, token.content, token.map[0] + (token.type == "fence"))


def commands(block: Block) -> list[str]:
    """Give the lines of a block that is for a shell; formulas and what is printed have none."""
    lines = block.code.replace("\\\n", " ").splitlines()
    lines = [line.split("  #")[0].strip() for line in lines if line.strip()]
    wanted = (*PROGRAM, "make")
    return lines if any(line.split()[0] in wanted for line in lines) else []


def pages_with_code() -> list[Path]:
    return [
        page
        for page in PAGES
        if named(page) not in RUN_BY
        and any(b.language in ("python", "toml", "sh") or commands(b) for b in blocks(page))
    ]


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def words_of(command: str) -> list[str]:
    """Give the words of one of our commands, made quick where it does not say how thorough."""
    program, *words = shlex.split(command)
    assert program in PROGRAM, f"{command!r} is neither ours nor a target of make"
    if words[0] in FEW_DRAWS and "--draws" not in words:
        words += ["--draws", "112"]
    if words[0] == "plan":
        words += ["--no-stability"]
    return words


@pytest.mark.parametrize("page", pages_with_code(), ids=named)
def test_the_code_on_a_page_runs_from_top_to_bottom(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    for sweep in (tmp_path / "scenarios/sweeps").iterdir():
        text = sweep.read_text("utf-8")
        assert "draws = 10_000" in text
        text = text.replace("draws = 10_000", "draws = 64").replace(
            'areas = "all"', 'areas = ["Wales"]'
        )
        sweep.write_text(text, "utf-8")
    shared: dict[str, Any] = {"__name__": "page"}
    not_run = 0
    for block in blocks(page):
        where = f"{named(page)}:{block.line + 1}"
        if NOT_RUN.match(block.code):
            not_run += 1
        elif block.label.startswith("file="):
            name = block.label.removeprefix("file=")
            assert any(name in other.code for other in blocks(page)), f"{where} is not used"
            Path(name).write_text(block.code, "utf-8")
        elif block.label == "output":
            assert block.code.split() == capsys.readouterr().out.split(), where
        elif block.language == "python":
            capsys.readouterr()
            # Lines of a traceback are those of the page.
            exec(compile("\n" * block.line + block.code, named(page), "exec"), shared)
        else:
            assert block.language not in ("toml", "csv"), f"{where} needs file=NAME"
            capsys.readouterr()
            for command in commands(block):
                if command.startswith("make "):
                    assert set(re.findall(r"^make ([a-z-]+)", command)) <= TARGETS, where
                    continue
                assert run_here(words_of(command)) == 0, (where, capsys.readouterr().err)
    assert not_run == NOT_RUN_ON.get(named(page), 0)


def test_pages_that_are_left_out_are_run_elsewhere() -> None:
    for page, test in RUN_BY.items():
        if (ROOT / page).exists():
            assert page in (ROOT / test).read_text("utf-8")


def test_the_officers_hour_quotes_what_the_app_says() -> None:
    reference = gainsmodel.load_scenario("reference")
    levels = (0.5, 0.25, 0.4, 1.0, 0.25)
    levers = dict(zip(reference.levers, levels, strict=True))
    plan = reference.edit({'plan."Greater Manchester"': levers})
    skills_first = gainsmodel.load_scenario("skills_first")
    with_plan, without = gainsmodel.run_paired(plan)
    about = text.about(with_plan, "E47000001")
    added = about.added(without)
    dataset = gainsmodel.load_dataset("mayoral")
    spent = text.cost_and_price(gainsmodel.lever_costs(plan, dataset), "E47000001")
    comparison = gainsmodel.compare(with_plan, skills_first, area="Greater Manchester")
    said = {
        *text.headline(about, added),
        text.ranges(about),
        text.against_gva(about),
        text.plan_adds(about, added, *spent),
        text.compared(comparison, "The plan on screen", "Skills first"),
    }
    page = (ROOT / "docs/tutorial/officer.md").read_text("utf-8")
    assert set(re.findall(r"^> (.+)$", page, re.MULTILINE)) == said


@pytest.mark.parametrize(
    "page", [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"], ids=named
)
def test_links_between_files_lead_somewhere(page: Path) -> None:
    for token in tokens(page):
        for part in token.children or ():
            target = str(part.attrs.get("href") or part.attrs.get("src") or "#")
            if not re.match(r"https?:|mailto:|#", target):
                assert (page.parent / target.split("#")[0]).exists(), f"{page.name}: {target}"
