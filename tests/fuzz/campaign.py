"""Read many damaged inputs of a kind and tell which of them break the rule.

    python tests/fuzz/campaign.py KIND SEED COUNT

The rule: an input gives a value, or one `GainsModelError` of a few printable lines, soon, and what
is read next is read right. An input depends on kind, seed and its number only.
"""

from __future__ import annotations

import random
import re
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path

from kinds import KINDS, Files, good, laid_out, zipped

from gainsmodel import GainsModelError

# Of a whole input: a file that takes longer to read than it may is given up after a minute.
SECONDS = 75.0
LINES, LETTERS = 12, 1_200
# After so many inputs a good one is read.
EVERY = 100


def made(kind: str, seed: int, number: int) -> Files:
    """Give one input."""
    return KINDS[kind].make(random.Random(f"{kind} {seed} {number}"))


def fault(kind: str, files: Files) -> str:
    """Say how an input breaks the rule, or nothing."""
    begun = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as folder,
        laid_out(files, Path(folder) / "x") as at,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            KINDS[kind].read(at)
        except GainsModelError as error:
            wrong = _of_message(str(error))
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:
            wrong = traceback.format_exc()
        else:
            wrong = ""
    seconds = time.monotonic() - begun
    return wrong or (f"took {seconds:.1f} s" if seconds > SECONDS else "")


def _of_message(text: str) -> str:
    lines = text.splitlines()
    if not text.strip() or len(lines) > LINES or any(len(line) > LETTERS for line in lines):
        return f"message of {len(lines)} lines, {len(text)} letters: {text[:300]!r}"
    if re.search(r"Traceback|[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]", text):
        return f"message that cannot be shown: {text[:300]!r}"
    return ""


def faults(kind: str, seed: int, count: int) -> Iterator[tuple[int, Files, str]]:
    """Go through the inputs that break the rule: number, files, how."""
    for number in range(count):
        files = made(kind, seed, number)
        if wrong := fault(kind, files):
            yield number, files, wrong
        if number % EVERY == EVERY - 1 and (wrong := _unwell(kind)):
            yield number, files, wrong
    if wrong := _unwell(kind):
        yield count, {}, wrong


def _unwell(kind: str) -> str:
    """Say whether a good input is refused."""
    with tempfile.TemporaryDirectory() as folder, laid_out(good(kind), Path(folder) / "x") as at:
        try:
            KINDS[kind].read(at)
        except GainsModelError as error:
            return f"a good input is refused: {error}"
    return ""


def main() -> int:
    """Run a campaign; writes the inputs found into a folder, if one is named."""
    kind, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    keep = Path(sys.argv[4]) if len(sys.argv) > 4 else None
    found = 0
    for number, files, wrong in faults(kind, seed, count):
        found += 1
        sys.stdout.write(f"== {kind} seed {seed} number {number}: {wrong[-1500:]}\n")
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            (keep / f"{kind}_{seed}_{number}.zip").write_bytes(zipped(files))
    return min(found, 1)


if __name__ == "__main__":
    sys.exit(main())
