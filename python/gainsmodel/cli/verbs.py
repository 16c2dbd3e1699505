"""Every verb, in the order in which the help lists them."""

from importlib import import_module

from gainsmodel.cli.app import app, main

__all__ = ["app", "load", "main"]
_MODULES = (
    *("run", "compare", "appraise", "sensitivity", "voi", "target", "plan", "allocate", "discover"),
    *(
        "requires",
        "condition",
        "report",
        "verify",
        "replay",
        "assumptions",
        "batch",
        "validate",
        "about",
        "data",
        "store",
        "audit",
        "serve",
    ),
)


def load(word: str = "") -> None:
    """Load the verb of this name, or every verb, to list them or to offer the nearest."""
    for module in [word] if word in _MODULES else _MODULES:
        import_module(f"gainsmodel.cli.{module}")
