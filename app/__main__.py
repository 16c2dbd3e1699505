"""Start the app's server: ``python -m app``; options of ``streamlit run`` may follow."""

import importlib
import sys
from pathlib import Path

from streamlit.web import cli

from app import memory
from gainsmodel import GainsModelError


def main() -> None:
    """Warm the engine, so that the first visitor waits for nothing, and serve."""
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
    sys.argv = ["streamlit", "run", str(Path(__file__).with_name("server.py")), *sys.argv[1:]]
    cli.main(prog_name="streamlit")


if __name__ == "__main__":
    main()
