"""An example of what a part of an OpenAPI document describes: its own where it has one, else the smallest that fits."""

from typing import Any

_BY_FORMAT = {
    "date": "2026-11-22",
    "date-time": "2026-11-22T10:00:00Z",
    "time": "10:00:00",
    "email": "somebody@example.com",
    "uri": "https://example.com",
    "uuid": "018f2f7e-0000-7000-8000-000000000000",
}
_DEEPEST = 12


def example_of(document: dict[str, Any], described: dict[str, Any]) -> Any:
    """The example of a parameter or a media type."""
    return described["example"] if "example" in described else _sample(document, described.get("schema", {}), 0)


def _sample(document: dict[str, Any], schema: dict[str, Any], depth: int) -> Any:
    if "$ref" in schema:
        return _sample(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], depth + 1)
    for given in ("example", "const", "default"):
        if schema.get(given) is not None:
            return schema[given]
    for listed in ("examples", "enum"):
        if schema.get(listed):
            return schema[listed][0]
    for choices in ("anyOf", "oneOf", "allOf"):
        if wanted := [each for each in schema.get(choices, []) if each.get("type") != "null"]:
            return _sample(document, wanted[0], depth + 1)
    return _by_type(document, schema, depth)


def _by_type(document: dict[str, Any], schema: dict[str, Any], depth: int) -> Any:
    match schema.get("type"):
        case "object":
            wanted = schema.get("required", []) if depth < _DEEPEST else []
            return {name: _sample(document, schema["properties"][name], depth + 1) for name in wanted}
        case "array":
            return [_sample(document, schema.get("items", {}), depth + 1)] if schema.get("minItems") else []
        case "integer" | "number":
            return schema.get("minimum", 1) or 1
        case "boolean":
            return True
        case "string":
            return _BY_FORMAT.get(schema.get("format", ""), "text".ljust(schema.get("minLength", 0), "x"))
    return None
