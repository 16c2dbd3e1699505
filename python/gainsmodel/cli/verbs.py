"""Every verb, in the order in which the help lists them."""

from importlib import import_module

from gainsmodel.cli.app import app, main

__all__ = ["app", "main"]

for _module in (
    *("run", "compare", "appraise", "sensitivity", "voi", "target", "plan", "discover"),
    *(
        "requires",
        "report",
        "verify",
        "replay",
        "assumptions",
        "batch",
        "validate",
        "about",
        "data",
    ),
):
    import_module(f"gainsmodel.cli.{_module}")
