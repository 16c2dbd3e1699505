"""Giving memory back works with any C library, and with none."""

from __future__ import annotations

import ctypes
import gc
import weakref
from typing import Any

import pytest

from app import memory


class Ring:
    """Garbage that only a collection finds."""

    def __init__(self) -> None:
        self.itself = self


def test_tidying_collects_what_came_after_the_settling() -> None:
    before = gc.get_threshold()
    try:
        memory.settle()
        gone = weakref.ref(Ring())
        memory.tidy()
        assert gone() is None
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


@pytest.mark.parametrize("library", [AttributeError, OSError, TypeError])
def test_a_system_without_these_functions_does_without(
    library: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: Any) -> Any:
        raise library

    monkeypatch.setattr(ctypes, "CDLL", missing)
    memory.prepare()
    memory.tidy()
