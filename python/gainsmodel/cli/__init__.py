"""The command line: ``gainsmodel run``, ``compare``, ``appraise``, ``validate`` and others.

Answers go to standard output, progress and notes to standard error. Exit codes: 0; 2 for
anything the user can mend, with one message; 130 on Ctrl-C.
"""

from importlib import import_module

from gainsmodel.cli.app import app, main

__all__ = ["app", "main"]

# Importing a module adds its verbs; they stand in the help in this order.
for _module in (
    *("run", "compare", "appraise", "decide", "plan", "report"),
    *("assumptions", "batch", "about", "data"),
):
    import_module(f"gainsmodel.cli.{_module}")
