"""The command line: ``gainsmodel run``, ``compare``, ``appraise``, ``validate`` and others.

Answers go to standard output, progress and notes to standard error. Exit codes: 0; 2 for
anything the user can mend, with one message; 130 on Ctrl-C, 143 on a request to end.
"""

import gc
import sys
import warnings

from gainsmodel import stopping
from gainsmodel.cli import streams


def main() -> None:
    """Run the command line and leave; only what the verb needs is loaded."""
    stopping.at_once()
    streams.run(_command)


def _command() -> int:
    if sys.argv[1:] == ["--version"]:
        print(version())
        return 0
    # Else garbage is looked for 170 times while modules load, which takes a tenth of a second.
    gc.set_threshold(10_000)
    from gainsmodel.cli import verbs

    verbs.load(*sys.argv[1:2])
    # What is to be known of what was read, without the place in our code.
    warnings.showwarning = lambda message, *_, **__: print(f"note: {message}", file=sys.stderr)
    stopping.in_order()
    try:
        return verbs.main()
    except BaseException:
        # Also what something made of the interruption that it did not know.
        if stopping.code:
            stopping.leave("stopped")
        raise


def version() -> str:
    """Name and version."""
    from importlib import metadata

    return f"gainsmodel {metadata.version('gainsmodel')}"
