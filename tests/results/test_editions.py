"""Editions: what of a run is of another version, and how that version repeats it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gainsmodel
from gainsmodel import load_dataset, load_scenario
from gainsmodel.data.earlier import earlier
from gainsmodel.results.editions import (
    GENERATOR,
    GENERATORS,
    command,
    differences,
    generator_of,
    version_of,
)


def made_by(version: str, **changes: Any) -> dict[str, Any]:
    return {
        "versions": {"gainsmodel": version},
        "manifest_version": 1,
        "scenario": {"schema_version": 2},
    } | changes


def test_the_edition_of_random_numbers_is_that_of_the_numbers() -> None:
    """If this fails, a seed gives other draws: raise GENERATOR, and describe it."""
    result = gainsmodel.run("reference", draws=64, sampler="random", seed=7)
    _, numbers = result.standard_normals()
    rounded = np.round(numbers.astype(np.float64), 3) + 0.0
    found = hashlib.sha256(rounded.astype("<f8").tobytes()).hexdigest()[:16]
    assert (GENERATOR, found) == (3, "290aa714a04a3372")
    assert set(GENERATORS) == set(range(1, GENERATOR + 1))
    assert result.manifest["generator"] == GENERATOR


@pytest.mark.parametrize(
    ("manifest", "generator"),
    [
        (made_by("0.1.0"), 1),
        (made_by("0.2.0"), 2),
        (made_by("0.3.0"), 2),
        (made_by(gainsmodel.build_info()["version"], manifest_version=2), GENERATOR),
        (made_by("9.9.9", generator=4), 4),
    ],
)
def test_the_edition_of_a_manifest(manifest: dict[str, Any], generator: int) -> None:
    assert generator_of(manifest) == generator
    assert bool(differences(manifest)) == (generator != GENERATOR)


def test_what_differs_is_told_and_the_command_names_the_version() -> None:
    manifest = made_by("0.1.0", scenario={"schema_version": 1})
    now = gainsmodel.build_info()["version"]
    assert differences(manifest) == [
        f"gainsmodel 0.1.0, not {now}",
        "random numbers of edition 1, not 3",
        "a scenario of format 1, not 2",
    ]
    told = command(manifest, Path("/a run/manifest.json"))
    run = "gainsmodel run '/a run/manifest.json'"
    assert told == f'uvx --from "git+file://$PWD@v0.1.0" {run}'
    assert version_of(made_by("1.0; rm -rf ~")) == "unknown"


def test_only_tables_that_were_kept_are_put_back() -> None:
    now = load_dataset("mayoral")
    then = now.hashes | {
        "uk_economy.csv": "fb0018e77cfd71cd56737957194aa345ad17d9d87ee49715e320dab8962d040c"
    }
    before = earlier(now, then)
    assert before is not None
    assert before.hashes == then
    assert before.economy["year"].min() == 2010
    assert earlier(now, now.hashes | {"uk_economy.csv": "0" * 64}) is None
    assert earlier(now, then | {"gva.csv": "0" * 64}) is None
    assert load_scenario("reference").setting.geography == "mayoral"
