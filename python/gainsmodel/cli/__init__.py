"""The command line: ``gainsmodel run``, ``compare``, ``appraise``, ``validate`` and others.

Answers go to standard output, progress and notes to standard error. Exit codes: 0; 2 for
anything the user can mend, with one message; 130 on Ctrl-C, 143 on a request to end.
"""

import sys

from gainsmodel import stopping


def main() -> None:
    """Run the command line; its version is told without loading any of it."""
    stopping.at_once()
    if sys.argv[1:] == ["--version"]:
        print(version())
        return
    from gainsmodel.cli import verbs

    stopping.in_order()
    try:
        verbs.main()
    except BaseException:
        # Also what something made of the interruption that it did not know.
        if stopping.code:
            stopping.leave("stopped")
        raise


def version() -> str:
    """Name and version."""
    from importlib import metadata

    return f"gainsmodel {metadata.version('gainsmodel')}"
