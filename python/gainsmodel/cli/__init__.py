"""The command line: ``gainsmodel run``, ``compare``, ``appraise``, ``validate`` and others.

Answers go to standard output, progress and notes to standard error. Exit codes: 0; 2 for
anything the user can mend, with one message; 130 on Ctrl-C.
"""

import sys
from importlib import metadata

from gainsmodel.cli import streams


def main() -> None:
    """Run the command line and leave; its version is told without loading any of it."""
    streams.run(_command)


def _command() -> int:
    if sys.argv[1:] == ["--version"]:
        print(version())
        return 0
    from gainsmodel.cli import verbs

    return verbs.main()


def version() -> str:
    """Name and version."""
    return f"gainsmodel {metadata.version('gainsmodel')}"
