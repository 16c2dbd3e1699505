"""How a scenario that extends another, or an edit, is laid over it; and the way back."""

import tomllib
from collections.abc import Mapping
from typing import Any

from gainsmodel.errors import ScenarioError
from gainsmodel.scenario.messages import KeyPath, show

_FIGURES = ("value", "distribution", "values", "rates")
ABOUT = ("source", "evidence", "note", "owner", "dated")


def merge(
    base: Mapping[str, Any], child: Mapping[str, Any], name: str, path: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Lay ``child`` over ``base``, key by key.

    A value replaces a distribution and the other way round; distributions and lists are
    replaced as wholes, but for the chance of an exact zero stated alone. A figure that changes
    without a source of its own becomes a judgement set in ``name``, and loses the note on the
    old one.
    """
    merged = dict(base)
    for key, new in child.items():
        # Areas are known in any capitalisation.
        if path == ("plan",):
            key = next((k for k in base if k.casefold() == str(key).casefold()), key)
        old = base.get(key)
        if isinstance(new, Mapping) and not is_whole((*path, key)):
            old = old if isinstance(old, Mapping) else {}
            # `skills = 1.0` in a plan is short for its intensity.
            if len(path) == 2 and path[0] == "plan" and key in base and not old:
                old = {"intensity": base[key]}
            merged[key] = merge(old, new, name, (*path, key))
        elif key == "distribution" and _is_chance_of_zero(new) and isinstance(old, Mapping):
            merged[key] = {**old, **new}
        else:
            merged[key] = new
    if _is_quantity(path):
        for one, other in (("value", "distribution"), ("distribution", "value")):
            if one in child and other not in child:
                merged.pop(other, None)
        if any(k in child and merged[k] != base.get(k) for k in _FIGURES):
            for key in ABOUT:
                if key not in child:
                    merged.pop(key, None)
            merged.setdefault("source", f"set in {name}; no source given")
            merged.setdefault("evidence", "judgement")
    return merged


def _is_chance_of_zero(distribution: object) -> bool:
    return isinstance(distribution, Mapping) and [*distribution] == ["p_zero"]


def difference(
    new: Mapping[str, Any], base: Mapping[str, Any], path: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Give what `merge` must lay over ``base`` to arrive at ``new``."""
    out: dict[str, Any] = {}
    for key, value in new.items():
        old = base.get(key)
        if key in base and old == value:
            continue
        out[key] = value
        mergeable = not is_whole((*path, key))
        if mergeable and isinstance(value, Mapping) and isinstance(old, Mapping):
            out[key] = difference(value, old, (*path, key))
    if _is_quantity(path) and any(key in out for key in _FIGURES):
        # What a new figure does not state is left out: merging drops what the old one stated.
        out = {k: v for k, v in out.items() if k not in ABOUT}
        out |= {key: new[key] for key in ABOUT if new.get(key)}
    return out


def unfold(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Turn dotted keys into nested dicts."""
    if not isinstance(changes, Mapping):
        raise ScenarioError(f"edit: must map key paths to values; found {show(changes)}")
    out: dict[str, Any] = {}
    for key, value in changes.items():
        for part in reversed(_parts(key)):
            value = {part: value}
        out = join(out, value)
    return out


def join(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Any]:
    """Lay nested mappings over each other, the second's values winning."""
    out = dict(a)
    for key, value in b.items():
        old = out.get(key)
        out[key] = value
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            out[key] = join(old, value)
    return out


def _parts(key: str) -> list[str]:
    """Split a key path as TOML does."""
    parts: list[str] = []
    try:
        here: Any = tomllib.loads(f"{key} = 0") if len(key) <= 500 else 0
    except (ValueError, TypeError):
        here = None
    while isinstance(here, dict) and len(here) == 1:
        part, here = next(iter(here.items()))
        parts.append(part)
    if here != 0 or not parts or len(parts) > 20:
        raise ScenarioError(
            f"edit: {show(key)} is not a key path; write parts with blanks in quotes, "
            "such as 'plan.\"Greater Manchester\".skills'"
        )
    return parts


def is_whole(path: KeyPath) -> bool:
    """Whether a table replaces another instead of being merged with it."""
    if path[-1:] == ("distribution",):
        return _is_quantity(path[:-1])
    return path[-2:-1] == ("values",)


def _is_quantity(path: KeyPath) -> bool:
    match path:
        case (
            ("prize",)
            | ("discounting",)
            | ("parameters", _)
            | ("parameters", _, "by_technology", _)
            | ("levers", _, "cost_gbp_per_head_per_year")
            | ("levers", _, "take_up")
            | ("levers", _, "effects", _)
        ):
            return True
    return False
