"""Memory that is given back: to Python what nobody uses any more, to the system what is free."""

import ctypes
import gc
from typing import Any

# Names of glibc's options of malloc.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_LARGE_BYTES = 1_000_000


def _libc(name: str) -> Any:
    """A function of the C library; one that does nothing where there is none of that name."""
    try:
        return getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):
        return lambda *_: 0


def prepare() -> None:
    """Have large blocks go back to the system when freed; call before there are threads."""
    set_option = _libc("mallopt")
    set_option(_ARENA_MAX, 2)
    set_option(_MMAP_THRESHOLD, _LARGE_BYTES)
    set_option(_TRIM_THRESHOLD, _LARGE_BYTES)


def settle() -> None:
    """Keep what is there for good out of the garbage collector's sight; call before visitors come.

    Collections are rarer from then on, since `tidy` makes them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def tidy() -> None:
    """Collect garbage, and give free memory back to the system."""
    gc.collect()
    _libc("malloc_trim")(0)
