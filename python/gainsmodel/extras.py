"""Packages that extras bring: imported where they are needed, or the command that adds them."""

import importlib
from typing import Any

from gainsmodel.errors import GainsModelError, SettingError


def needed(
    module: str,
    extra: str,
    what: str,
    error: type[GainsModelError] = SettingError,
    otherwise: str = "",
) -> Any:
    """Import a module of an optional package.

    Parameters
    ----------
    module : str
    extra : str
        The extra of gainsmodel that brings it.
    what : str
        What needs it, as the subject of a sentence.
    error : type
        Class of the error.
    otherwise : str
        What can be done without it, after the command.

    Raises
    ------
    GainsModelError
        Of the class `error`, if it is not installed; names the command that adds it.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as missing:
        package = (missing.name or module).partition(".")[0]
        raise error(
            f"{what} needs the package {package}, which is not installed: "
            f"pip install 'gainsmodel[{extra}]'{otherwise}"
        ) from None
