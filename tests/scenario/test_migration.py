"""Scenario files of older formats: read with a warning that names what was done."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

from gainsmodel.scenario import (
    Scenario,
    load_scenario,
    parse_scenario,
    shipped_scenarios,
    to_toml,
)


def of_format_1() -> dict[str, Any]:
    """The reference as a file of format 1 would state it."""
    data = load_scenario("reference").to_dict() | {"schema_version": 1}
    del data["setting"]["price_year"]
    for key in ("price_year", "share_of_economy"):
        del data["prize"][key]
    data["prize"]["price_basis"] = "as_published"
    return data


def test_a_complete_file_keeps_its_figures_and_its_money() -> None:
    with pytest.warns(
        UserWarning, match=r"format 1, read as format 2: all money at prices of 2023"
    ):
        read = Scenario.from_dict(of_format_1())
    want = load_scenario("reference").edit({"setting.price_year": 2023})
    assert read == want
    assert (read.prize.price_year, read.prize.share_of_economy) == (2024, 0.1)


def test_a_file_that_extends_is_read_on_what_it_extends_today() -> None:
    text = 'extends = "reference"\nschema_version = 1\ntitle = "Mine"\n'
    with pytest.warns(UserWarning, match=r"x\.toml: format 1; what it extends is read as it is"):
        read = parse_scenario(text, "x.toml")
    assert read.setting.price_year == 2024


def test_a_file_that_states_no_version_is_not_reread_in_silence(tmp_path: Path) -> None:
    text = 'extends = "skills_first"\ntitle = "Mine"\n'
    said = r"x\.toml: states no schema_version; .* replay the manifest .* add schema_version = 2"
    with pytest.warns(UserWarning, match=said):
        read = parse_scenario(text, "x.toml")
    assert len(read.migration) == 1
    (tmp_path / "x.toml").write_text(text, "utf-8")
    with pytest.warns(UserWarning, match=r"x\.toml: states no schema_version"):
        load_scenario(tmp_path / "x.toml")
    (tmp_path / "y.toml").write_text('extends = "x"\nschema_version = 2\ntitle = "Y"\n', "utf-8")
    with pytest.warns(UserWarning, match=r"x\.toml: states no schema_version"):
        load_scenario(tmp_path / "y.toml")


@pytest.mark.parametrize("name", shipped_scenarios())
def test_today_s_format_is_read_without_a_word(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shipped = load_scenario(name)
        assert shipped.migration == ()
        assert parse_scenario(to_toml(shipped, relative_to=load_scenario("reference"))) == shipped
        reference = load_scenario("reference")
        assert parse_scenario(to_toml(reference), "x.toml") == reference
