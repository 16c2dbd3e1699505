"""Pages of the reference that follow from the code: verbs, scenario fields, public names."""

import inspect
import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

import typer.cli
import typer.main

import gainsmodel
from gainsmodel.cli import verbs
from gainsmodel.data.shipped_tables import GEOGRAPHIES
from gainsmodel.results.columns import legend
from gainsmodel.results.tables import METRICS
from gainsmodel.scenario import json_schema
from gainsmodel.scenario.parameter_groups import GROUPS

# From a scenario to an answer; rooms not named here follow.
ROOMS = ("scenario", "data", "simulation", "results", "analysis", "batch", "present")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"``{name}``" for name in names)


# Names that docstrings use for choices a caller has.
WORDS = {
    "data": [("GEOGRAPHIES", _listed(GEOGRAPHIES))],
    "results": [("METRICS", f"quantities of areas and groups, {_listed(METRICS)}")],
    "analysis": [("GROUPS", f"of assumptions, {_listed(name for name, *_ in GROUPS)}")],
}


def commands() -> str:
    """Every verb with its arguments and options, as its own help has them."""
    verbs.load()
    command = typer.main.get_command(verbs.app)
    context = typer.Context(command, info_name="gainsmodel")
    text = typer.cli.get_docs_for_click(obj=command, ctx=context, name="gainsmodel")
    # The list of verbs, cut off after some words, says less than the headings do.
    text = re.sub(r"\*\*Commands\*\*:\n\n(\* .*\n)+\n", "", text)
    return text.split("\n", 1)[1]


def api() -> str:
    """Every public name, room by room."""
    rooms: dict[str, list[str]] = {room: [] for room in ROOMS}
    for name in gainsmodel.__all__:
        thing = getattr(gainsmodel, name)
        module = thing.__name__ if isinstance(thing, ModuleType) else thing.__module__
        rooms.setdefault(module.split(".")[1], []).append(name)
    rooms["errors"] = rooms.pop("errors")
    return "\n".join(_room(room, names) for room, names in rooms.items())


def _room(room: str, names: list[str]) -> str:
    module = import_module(f"gainsmodel.{room}")
    about = (inspect.getdoc(module) or "").split("\n\n")[0]
    entries = "\n".join(_entry(name) for name in sorted(names, key=str.lower))
    about += "".join(f"\n\n``{name}``: {values}." for name, values in WORDS.get(room, ()))
    head = "" if names == [room] else f"{about}\n"
    title = room.replace("_", " ").capitalize()
    return f"## {title}\n\n```{{eval-rst}}\n{head}\n{entries}\n```\n"


def _entry(name: str) -> str:
    thing = getattr(gainsmodel, name)
    if isinstance(thing, ModuleType):
        imported = "   :imported-members:\n" if hasattr(thing, "__all__") else ""
        return f".. automodule:: {thing.__name__}\n   :members:\n{imported}"
    if not inspect.isclass(thing):
        return f".. autofunction:: gainsmodel.{name}\n"
    kind = "exception" if issubclass(thing, Exception) else "class"
    return f".. auto{kind}:: gainsmodel.{name}\n   :members:\n"


def columns() -> str:
    """Every column of results, with its unit."""
    rows = [f"| `{name}` | {unit} | {said} |" for name, unit, said in legend()]
    return "\n".join(["| column | unit | what it holds |", "|---|---|---|", *rows, ""])


def scenario_fields() -> str:
    """Every table of a scenario file with its fields, from the schema that checks it."""
    schema = json_schema()
    tables = {"The file": schema, **schema["$defs"]}
    order = ["The file"]
    for name in order:  # grows: a table stands behind the first that mentions it
        order += [new for new in _mentions(tables[name]) if new not in order]
    assert set(order) == set(tables)
    return "\n".join(_table(name, tables[name]) for name in order)


def _mentions(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"].rsplit("/", 1)[1]
        for key, value in part.items():
            if key not in ("$defs", "discriminator"):
                yield from _mentions(value)
    elif isinstance(part, list):
        for value in part:
            yield from _mentions(value)


def _table(name: str, table: dict[str, Any]) -> str:
    about = "" if name == "The file" else table.get("description", "").split("\n\n")[0] + "\n"
    rows = [
        f"| `{field}` | {_holds(of)} | {of.get('description', '').replace('|', chr(92) + '|')} |"
        for field, of in table["properties"].items()
    ]
    return "\n".join(
        [f"## {name}\n", about, "| field | holds | meaning |", "|---|---|---|", *rows, ""]
    )


def _holds(of: dict[str, Any] | bool) -> str:
    """Words for what a field may hold."""
    if isinstance(of, bool):  # anything at all
        return "any value"
    if "$ref" in of:
        name = of["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    if "const" in of:
        return f"`{of['const']}`"
    if "enum" in of:
        return ", ".join(f"`{value}`" for value in of["enum"])
    if choices := of.get("anyOf") or of.get("oneOf"):
        return " or ".join(_holds(choice) for choice in choices if choice.get("type") != "null")
    if of["type"] == "array":
        items: dict[str, Any] = of.get("items") or next(iter(of["prefixItems"]))
        return f"list of {_holds(items)}"
    if of["type"] == "object":
        named = [*of.get("patternProperties", {}).values(), of.get("additionalProperties")]
        return f"names → {_holds(named[0])}"
    return {"string": "text", "boolean": "`true` or `false`"}.get(of["type"]) or _number(of)


def _number(of: dict[str, Any]) -> str:
    kind = "whole number" if of["type"] == "integer" else "number"
    words = [
        f"{sign} {of[key]:{',' * (abs(of[key]) >= 10_000)}.10g}".replace("-", "−")
        for key, sign in (
            ("minimum", "≥"),
            ("exclusiveMinimum", ">"),
            ("maximum", "≤"),
            ("exclusiveMaximum", "<"),
        )
        if abs(of.get(key, 1e12)) < 1e12
    ]
    return " ".join([kind, ", ".join(words)]).strip()
