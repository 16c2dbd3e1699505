"""Say what is wrong with a scenario in the words of its file, not of the validator."""

import datetime
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from inspect import isclass
from typing import Annotated, Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from gainsmodel.checks import brief, did_you_mean, escape
from gainsmodel.errors import ScenarioError

KeyPath = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)
_TYPES = {
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "string_type": "must be text in quotes",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list in [ ]",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
}
# Python puts no longer whole number into words.
LONGEST = 10**4000
_LOWER = {"greater_than": "gt", "greater_than_equal": "ge"}
_UPPER = {"less_than": "lt", "less_than_equal": "le"}


def show(value: object) -> str:
    """Give a value as it would stand in a file, in about 60 characters."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return brief(value)
        case str():
            text = value if len(value) <= 60 else value[:57] + "…"
            return f"'{escape(text)}'"
        case datetime.date() | datetime.time():
            return f"the date or time {value.isoformat()}"
        case Mapping() | BaseModel():
            return "a table"
        case list() | tuple():
            return f"a list of {len(value)}"
        case _:
            return f"something of type {type(value).__name__}"


def dotted(path: KeyPath) -> str:
    """Give a key path as TOML would write it."""
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        else:
            short = key if len(key) <= 60 else key[:59] + "…"
            bare = re.fullmatch(r"[A-Za-z0-9_-]+", short)
            text += "." * bool(text) + (short if bare else f'"{escape(short)}"')
    return text


def problem(*found: tuple[KeyPath, str]) -> PydanticCustomError:
    """Make the error a validator raises: key paths below its own place, and what is wrong."""
    return PydanticCustomError("problems", "see context", {"found": found})


def validate(
    cls: type[M], data: object, where: Callable[[KeyPath], str], missing_hint: str = ""
) -> M:
    """Validate ``data`` or raise one readable error.

    Parameters
    ----------
    cls : type
        Model to build.
    data : object
        Nested mappings and lists as TOML gives them.
    where : callable
        Turns a key path into the place to name before it, such as ``"x.toml, line 3: "``.
    missing_hint : str
        Said once if a key is missing.

    Raises
    ------
    ScenarioError
        Names the first problem in full and up to four more.
    """
    path = _long_number(data)
    if path is not None:
        raise ScenarioError(f"{where(path)}{dotted(path)}: is a whole number of too many digits")
    try:
        return cls.model_validate(data)
    except ValidationError as error:
        details = error.errors(include_url=False)
    # A misspelt key is also a missing one: name the cause before the consequence.
    details.sort(key=lambda d: d["type"] != "extra_forbidden")
    found = [f for d in details[:5] for f in _translate(cls, data, d)]
    lines = [
        f"{where(path)}{dotted(path)}{': ' if path else ''}{message}" for path, message in found[:5]
    ]
    if missing_hint and details[0]["type"] == "missing":
        lines[0] += missing_hint
    more = len(found[5:]) + len(details[5:])
    if more:
        lines.append(f"and {more} more")
    raise ScenarioError("\n".join(dict.fromkeys(lines)))


def _long_number(data: object) -> KeyPath | None:
    """Find a whole number too long to be put into words, which would take for ever or fail."""
    open_: list[tuple[KeyPath, object]] = [((), data)]
    for path, value in open_:
        if isinstance(value, dict):
            open_ += [((*path, key), entry) for key, entry in value.items()]
        elif isinstance(value, list):
            open_ += [((*path, n), entry) for n, entry in enumerate(value)]
        elif isinstance(value, int) and abs(value) > LONGEST:
            return path
    return None


def _translate(
    cls: type[BaseModel], data: object, error: ErrorDetails
) -> list[tuple[KeyPath, str]]:
    loc, kind, value, context = error["loc"], error["type"], error["input"], error.get("ctx", {})
    if kind == "problems":
        return [(_path(data, loc + at), message) for at, message in context["found"]]
    path = _path(data, loc)
    model, field = _standing_at(cls, loc)
    described = (
        getattr(of, "description", "") for of in (field, *(field.metadata if field else ()))
    )
    about = next((f" ({words.partition('. ')[0]})" for words in described if words), "")
    found = f"; found {show(value)}"
    if loc and loc[-1] == "[key]":
        if kind == "literal_error":
            return [(path, "no such sector" + did_you_mean(value, _quoted(context["expected"])))]
        if kind == "string_pattern_mismatch":
            return [
                (path, "a name must be 1 to 40 of a to z, 0 to 9 and _, starting with a letter")
            ]
    match kind:
        case "extra_forbidden":
            owner, _ = _standing_at(cls, loc[:-1])
            nouns: dict[KeyPath, str] = {("parameters",): "parameter", ("setting",): "setting"}
            noun = nouns.get(path[:-1], "key")
            return [(path, f"no such {noun}" + did_you_mean(loc[-1], _fields(owner)))]
        case "missing":
            return [((*path, loc[-1]), f"is missing{about}")]
        case "literal_error":
            allowed = context["expected"]
            if len(_quoted(allowed)) > 10:
                return [(path, f"no such sector{found}{_close(value, _quoted(allowed))}")]
            return [(path, f"must be {allowed}{found}{_close(value, _quoted(allowed))}")]
        case "union_tag_invalid":
            kinds = _quoted(context["expected_tags"])
            tag = context["tag"]
            noun = "way to vary" if path[:1] == ("vary",) else "distribution"
            return [((*path, "kind"), f"no such {noun}{did_you_mean(tag, kinds)}")]
        case "union_tag_not_found":
            kinds = _quoted(str(context.get("expected_tags", ""))) or _kinds(model)
            return [((*path, "kind"), f"is missing; one of: {', '.join(kinds)}")]
        case "finite_number":
            return [(path, f"must be a finite number{found}")]
        case "too_short" | "string_too_short":
            return [(path, f"must not be empty{about}")]
        case "too_long" | "string_too_long":
            things = "characters" if isinstance(value, str) else "entries"
            limit = f"{context['max_length']} {things}"
            return [(path, f"may have at most {limit}; found {len(value)}")]
    if kind == "float_type" and isinstance(value, int) and not isinstance(value, bool):
        return [(path, f"must be a number below 1e12{found}")]
    if kind in _TYPES:
        if kind == "float_type" and isinstance(value, str) and re.fullmatch(r"[-+.\de]+", value):
            found += "; take away the quotes"
        return [(path, f"{_TYPES[kind]}{about}{found}")]
    if kind in _LOWER or kind in _UPPER:
        limits = dict(context)
        for rule in field.metadata if field else ():
            limits |= {k: getattr(rule, k) for k in ("gt", "ge", "lt", "le") if hasattr(rule, k)}
        # Limits that only keep arithmetic safe are not mentioned until they are met.
        limits = {k: v for k, v in limits.items() if abs(v) < 1e12 or k in context}
        return [(path, f"must be {_range(limits)}{found}")]
    return [(path, f"cannot be used here{about}{found}")]


def _path(data: Any, loc: KeyPath) -> KeyPath:
    """Keep of an error's location what stands in the data: no union tags."""
    path: list[str | int] = []
    for key in loc:
        with suppress(KeyError, IndexError, TypeError):
            data = data[key]
            path.append(key)
    return tuple(path)


def _standing_at(cls: type[BaseModel], loc: KeyPath) -> tuple[Any, FieldInfo | None]:
    """Find the annotation at a location, and the field it belongs to."""
    here: Any = _bare(cls)
    field: FieldInfo | None = None
    for key in loc:
        if key == "[key]":
            break
        if isclass(here) and issubclass(here, BaseModel):
            field = here.model_fields.get(str(key))
            if field is None:
                return None, None
            here = field.annotation
        elif get_origin(here) in (dict, tuple):
            here = get_args(here)[-1 if get_origin(here) is dict else 0]
        else:
            here = next((m for m in get_args(here) if key in _kinds(m)), None)
        here = _bare(here)
    return here, field


def _bare(annotation: Any) -> Any:
    """Take away Annotated and "or None"."""
    while True:
        members = [m for m in get_args(annotation) if m is not type(None)]
        if get_origin(annotation) is Annotated or (
            len(members) == 1 and len(get_args(annotation)) == 2 and not _is_container(annotation)
        ):
            annotation = members[0]
        else:
            return annotation


def _is_container(annotation: Any) -> bool:
    return get_origin(annotation) in (dict, tuple)


def _fields(model: Any) -> list[str]:
    return list(model.model_fields) if isclass(model) and issubclass(model, BaseModel) else []


def _kinds(annotation: Any) -> list[str]:
    """List the ``kind`` of a distribution class, or of each in a union."""
    if isclass(annotation) and issubclass(annotation, BaseModel):
        field = annotation.model_fields.get("kind")
        return list(get_args(field.annotation)) if field else []
    return [kind for member in get_args(annotation) for kind in _kinds(member)]


def _quoted(text: str) -> list[str]:
    return re.findall(r"'([^']*)'", text)


def _close(value: object, known: list[str]) -> str:
    hint = did_you_mean(value, known)
    return hint if "did you mean" in hint else ""


def _range(limits: Mapping[str, Any]) -> str:
    low = f"above {limits['gt']:g}" if "gt" in limits else ""
    low = low or (f"at least {limits['ge']:g}" if "ge" in limits else "")
    high = f"below {limits['lt']:g}" if "lt" in limits else ""
    high = high or (f"at most {limits['le']:g}" if "le" in limits else "")
    if "ge" in limits and "le" in limits:
        return f"from {limits['ge']:.10g} to {limits['le']:.10g}"
    return " and ".join(filter(None, (low, high)))
