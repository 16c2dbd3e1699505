"""The command line: ``gainsmodel run``, ``compare``, ``appraise``, ``validate`` and others.

Answers go to standard output, progress and notes to standard error. Exit codes: 0; 2 for
anything the user can mend, with one message; 130 on Ctrl-C.
"""

import sys
from importlib import metadata


def main() -> None:
    """Run the command line; its version is told without loading any of it."""
    if sys.argv[1:] == ["--version"]:
        print(version())
        return
    from gainsmodel.cli import verbs

    verbs.main()


def version() -> str:
    """Name and version."""
    return f"gainsmodel {metadata.version('gainsmodel')}"
