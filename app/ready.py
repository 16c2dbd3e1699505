"""What is done before the first visitor comes, however the server was started."""

import importlib
import sys
from functools import cache

from app import memory
from gainsmodel import GainsModelError


@cache
def ready() -> None:
    """Check the settings, and warm the engine, so that the first visitor waits for nothing.

    Ends the process with one message and exit code 2 if a setting cannot be used.
    """
    memory.prepare()
    try:
        # Limits are read when these are imported.
        from app import jobs
        from app.choice import own_figures

        try:
            own_figures()
        except GainsModelError as error:
            raise GainsModelError(f"GAINSMODEL_DATA: {error}") from None
    except GainsModelError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(2)
    jobs.warm()
    # Streamlit loads these with its first table, which takes a second.
    for name in ("pandas", "pyarrow"):
        importlib.import_module(name)
