"""What shells complete: names of shipped scenarios and sweeps, and of areas and groups."""

import os
import re
from collections.abc import Iterable


class _Chosen(str):
    """A name that was chosen already, in whatever case and spelling a shell wants it."""

    def startswith(self, *_: object) -> bool:
        """It does, whatever Typer compares it with."""
        return True


def scenarios(incomplete: str) -> list[str]:
    """Names of shipped scenarios that begin so; a shell adds files where there is none."""
    from gainsmodel.scenario import shipped_scenarios

    return _begun(shipped_scenarios(), incomplete)


def sweeps(incomplete: str) -> list[str]:
    """Names of shipped sweeps that begin so."""
    from gainsmodel.batch.sweep import SHIPPED

    return _begun((path.stem for path in SHIPPED.iterdir()), incomplete)


def areas(incomplete: str) -> list[str]:
    """Names of areas and groups, of any built-in geography, that begin so in any case."""
    from gainsmodel.data import GEOGRAPHIES, load_dataset

    names = (name for each in GEOGRAPHIES for name in load_dataset(each).units.values())
    found = _begun(dict.fromkeys(names), incomplete)
    if os.environ.get("_GAINSMODEL_COMPLETE") != "complete_bash":
        return found
    # Bash alone puts into the line what it is given as it is.
    return [_Chosen(re.sub(r"([^\w.-])", r"\\\1", name)) for name in found]


def _begun(names: Iterable[str], incomplete: str) -> list[str]:
    return sorted(_Chosen(name) for name in names if name.lower().startswith(incomplete.lower()))
