"""The publishers' own files: not ours to commit, so tests on them run where they lie at hand.

What such a test asks of the reading of workbooks is asked everywhere, too, of workbooks made in
the publisher's layout; only that the real files are read as well, and that our tables are theirs
figure for figure, needs the files.
"""

from __future__ import annotations

from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1].parent / "shared" / "data"
WORKBOOKS = SOURCE / "ons_workbooks"

needs_source = pytest.mark.skipif(
    not WORKBOOKS.is_dir(), reason="the publishers' files, not ours to commit, are not at hand"
)
