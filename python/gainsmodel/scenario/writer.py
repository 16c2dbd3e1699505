"""Scenarios back to files."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from gainsmodel.scenario.merge import difference, merge
from gainsmodel.scenario.migration import FILE_VERSION
from gainsmodel.scenario.reader import load_scenario, shipped_scenarios
from gainsmodel.scenario.scenario import Scenario

if TYPE_CHECKING:
    from tomlkit.items import InlineTable, Table


# Lists that are written as tables.
_TABLES = (
    ("correlations",),
    ("structure",),
    ("structure_axis",),
    ("structure_axis", "0", "choice"),
)


def to_toml(scenario: Scenario, relative_to: Scenario | None = None) -> str:
    """Write a scenario as the text of a file.

    Parameters
    ----------
    scenario : Scenario
        The scenario to write.
    relative_to : Scenario, optional
        A shipped scenario to extend: only what differs from it is written. The file is
        complete when this is left out, is not shipped, or holds entries to be left out.
    """
    # Reading and running do without it.
    import tomlkit

    data = scenario.model_dump(mode="json", exclude_defaults=True)
    for name in shipped_scenarios() if relative_to else ():
        base = _shipped(name)
        if relative_to == base:
            changes = difference(scenario.to_dict(), base.to_dict())
            if Scenario.from_dict(merge(base.to_dict(), changes, name)) == scenario:
                data = {"extends": name, "schema_version": FILE_VERSION, **changes}
            break
    document = tomlkit.document()
    for key, item in _scalars_first(data, ()):
        document.add(key, _item(item, (key,)))
    return tomlkit.dumps(document).lstrip("\n")


@cache
def _shipped(name: str) -> Scenario:
    return load_scenario(name)


def _scalars_first(data: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Go through a table: the figure, what is said of it, sub-tables."""

    def rank(entry: tuple[str, Any]) -> int:
        key, value = entry
        if key in ("kind", "value", "distribution", "values", "rates"):
            return 0
        return 2 if isinstance(value, dict) or ((*path, key) in _TABLES and value) else 1

    yield from sorted(data.items(), key=rank)


def _item(value: Any, path: tuple[str, ...]) -> Any:
    import tomlkit

    if isinstance(value, dict):
        inline = path[-1] in ("distribution", "spread", "values", "readiness_weights")
        table: Table | InlineTable = tomlkit.inline_table()
        planned = path[0] == "plan" and len(path) > 1
        if not inline and not (planned and len(path) == 3):
            nested = all(isinstance(v, dict) for v in value.values())
            table = tomlkit.table(is_super_table=nested and not planned)
        for key, item in _scalars_first(value, path):
            table.append(key, _item(item, (*path, key)))
        return table
    if path in _TABLES and value:
        tables = tomlkit.aot()
        for entry in value:
            tables.append(_item(entry, (*path, "0")))
        return tables
    if isinstance(value, list):
        array = tomlkit.array()
        for entry in value:
            array.append(_item(entry, (*path, "values")))
        return array.multiline(path[-1] == "rates")
    return value
