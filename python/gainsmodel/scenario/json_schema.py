"""The JSON Schema of scenario files, for editors."""

from typing import Any

from gainsmodel.scenario.scenario import Scenario


def json_schema() -> dict[str, Any]:
    """Give the JSON Schema of scenario files, for editors.

    Completeness is checked at loading only, since a file that extends another need not
    be complete.
    """
    schema = _relaxed(Scenario.model_json_schema())
    required = [k for k, f in Scenario.model_fields.items() if f.is_required()]
    schema["properties"]["extends"] = {
        "type": "string",
        "description": "file or shipped scenario from which this one differs",
    }
    schema["properties"]["data"] = {
        "type": "string",
        "description": "folder of own figures to run on, seen from this file",
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "gainsmodel scenario",
        **schema,
        "anyOf": [{"required": ["extends"]}, {"required": required}],
    }


def _relaxed(node: Any) -> Any:
    if isinstance(node, list):
        return [_relaxed(item) for item in node]
    if not isinstance(node, dict):
        return node
    out = {k: _relaxed(v) for k, v in node.items() if not (k == "title" and isinstance(v, str))}
    properties = node.get("properties", {})
    # Entries of lists and distributions are never merged, so they alone must be complete.
    if not {"kind", "between", "from_year", "weight", "choice"} & set(properties):
        out.pop("required", None)
    if {"value", "distribution"} <= set(properties):
        out["not"] = {"required": ["value", "distribution"]}
    return out
