"""``gainsmodel app``: the app in the browser."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

import gainsmodel_app
from gainsmodel.cli.app import app
from gainsmodel.extras import needed

MAIN = Path(gainsmodel_app.__file__).with_name("app") / "main.py"


@app.command("app")
def app_command(
    port: Annotated[int, typer.Option(help="port of this computer to serve it at")] = 8501,
    options: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- OPTIONS]", help="options of 'streamlit run', after --"),
    ] = None,
) -> None:
    """Open the app in the browser, on this computer only unless options say otherwise."""
    needed("streamlit", "app", "the app")
    command = [sys.executable, "-m", "streamlit", "run", str(MAIN), f"--server.port={port}"]
    command += options or ()
    if sys.platform == "win32":
        raise typer.Exit(subprocess.call(command))
    os.execv(command[0], command)
