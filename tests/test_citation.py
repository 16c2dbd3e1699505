"""What is cited is what is installed."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
# Of format 1.2.0, which `cffconvert --validate` checks whole.
REQUIRED = {"cff-version", "message", "title", "authors"}
OPTIONAL = {"abstract", "date-released", "doi", "keywords", "license", "type", "url", "version"}


def test_it_has_what_the_format_asks_for_and_nothing_else() -> None:
    assert set(CITATION) >= REQUIRED
    assert set(CITATION) <= REQUIRED | OPTIONAL
    assert CITATION["cff-version"] == "1.2.0"


def test_version_and_licences_are_those_of_the_package() -> None:
    cargo = tomllib.loads((ROOT / "Cargo.toml").read_text("utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert CITATION["version"] == cargo["workspace"]["package"]["version"]
    assert CITATION["authors"] == project["authors"]
    assert set(CITATION["license"]) <= set(project["license"].split(" AND "))


def test_the_date_is_that_of_the_changelog_and_none_before_a_release() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    heading = re.search(rf"^## {re.escape(CITATION['version'])} *\((.*)\)$", changelog, re.M)
    assert heading, "the changelog says `(unreleased)` or the date, as in 2026-12-01"
    dated = str(CITATION.get("date-released", "unreleased"))
    assert dated == heading[1]
