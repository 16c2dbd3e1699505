"""Start the app's server: ``python -m app``; options of ``streamlit run`` may follow."""

import sys
from pathlib import Path

from streamlit.web import cli

from app.ready import ready


def main() -> None:
    """Make everything ready before an address is printed, and serve."""
    ready()
    sys.argv = ["streamlit", "run", str(Path(__file__).with_name("main.py")), *sys.argv[1:]]
    cli.main(prog_name="streamlit")


if __name__ == "__main__":
    main()
