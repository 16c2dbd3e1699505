"""The command line: ``gainsmodel run``, ``compare``, ``appraise``, ``validate`` and others.

Answers go to standard output, progress and notes to standard error. Exit codes: 0; 2 for
anything the user can mend, with one message; 130 on Ctrl-C.
"""

# Importing a module adds its verbs (so nothing here uses it), and they stand in the help in this
# order (so it is not the alphabet's).
from gainsmodel.cli import run, compare, appraise, decide, plan, assumptions, batch, about, data  # noqa: F401, I001
from gainsmodel.cli.app import app, main

__all__ = ["app", "main"]
