"""Whether a run's record, and the tables beside it, are as they were written."""

from collections.abc import Iterator
from typing import Any

from gainsmodel.present.blocks import Block, Grid, Points, Words
from gainsmodel.present.text import how_it_was_run
from gainsmodel.results.record import Verification


def verified(verification: Verification) -> Iterator[Block]:
    """Say what was checked, and each thing that does not match."""
    if verification.mismatches:
        yield Grid(
            "",
            ["File", "Field", "Expected", "Found"],
            [[one.file, one.field, one.expected, one.found] for one in verification.mismatches],
            left=(0, 1, 2, 3),
        )
        return
    files = len(verification.files)
    beside = f"so are {files} files beside it" if files else "there are no tables beside it"
    yield Words(f"{verification.file}: is as it was written; {beside}.")
    if verification.manifest is not None:
        yield Points([f"fingerprint: {verification.fingerprint}", *_run(verification.manifest)])


def _run(manifest: dict[str, Any]) -> Iterator[str]:
    own = manifest.get("own_data")
    yield f"scenario: {manifest['scenario'].get('title')}"
    yield f"figures: {manifest['geography']}" + (f", {own['name']}" if own else ", built in")
    yield f"run: {how_it_was_run(manifest)}"
    yield f"version: gainsmodel {manifest['versions'].get('gainsmodel')}"
