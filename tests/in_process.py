"""The command line without a process of its own, for tests that read what it prints."""

from __future__ import annotations

import sys

import pytest

from gainsmodel.cli import verbs


def run_here(words: list[str]) -> int:
    """Run a command; gives its exit code and leaves the process alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["gainsmodel", *words])
        verbs.load(*words[:1])
        return verbs.main()
