"""Of which edition a run is: version of gainsmodel, random numbers, format of its scenario."""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gainsmodel import _core
from gainsmodel.results.manifest import UNBOUND
from gainsmodel.scenario.messages import show
from gainsmodel.scenario.migration import FILE_VERSION

# Edition of the random numbers, which manifests state. To be raised whenever a seed gives other
# draws; tests/results/test_run_editions.py holds it to the numbers themselves.
GENERATOR = 3
GENERATORS = {
    1: "counters of Philox, one draw a block",
    2: "counters of Philox, four draws a block",
    3: "rounds of AES keyed by the seed",
}
_FIRST_VERSION = "0.1.0"
_VERSION = re.compile(r"\d{1,4}\.\d{1,4}\.\d{1,4}")


def version_of(manifest: Mapping[str, Any]) -> str:
    """Version of gainsmodel that made a manifest, or "unknown"."""
    found = str(manifest["versions"].get("gainsmodel", ""))
    return found if _VERSION.fullmatch(found) else "unknown"


def generator_of(manifest: Mapping[str, Any]) -> int:
    """Edition of the random numbers of a run; 1 and 2 were not stated."""
    found = manifest.get("generator")
    if isinstance(found, int):
        return found
    if manifest["manifest_version"] != UNBOUND:
        return GENERATOR
    return 1 if version_of(manifest) == _FIRST_VERSION else 2


def differences(manifest: Mapping[str, Any]) -> list[str]:
    """What of a run is of another edition than this version of gainsmodel, in words."""
    now = str(_core.build_info()["version"])
    then, drawn = version_of(manifest), generator_of(manifest)
    told = manifest["scenario"].get("schema_version")
    said = [
        (then != now, f"gainsmodel {then}, not {now}"),
        (drawn != GENERATOR, f"random numbers of edition {drawn}, not {GENERATOR}"),
        (told != FILE_VERSION, f"a scenario of format {show(told)}, not {FILE_VERSION}"),
    ]
    return [words for differs, words in said if differs]


def command(manifest: Mapping[str, Any], path: Path) -> str:
    """The one command that replays a run by the version that made it, in a clone of the project."""
    return (
        f'uvx --from "git+file://$PWD@v{version_of(manifest)}" '
        f"gainsmodel run {shlex.quote(str(path.resolve()))}"
    )
