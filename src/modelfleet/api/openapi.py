"""The OpenAPI 3.1 document, made from the routes themselves."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from litestar import HttpMethod
from litestar.handlers import HTTPRouteHandler

from modelfleet.api.operation import Content, Operation

Json = dict[str, Any]

_TYPED = re.compile(r"\{(\w+):str\}")
_SCHEMA = "#/components/schemas/{name}"


def document(routes: Sequence[HTTPRouteHandler]) -> Json:
    """The document of these routes."""
    operations = [(method, path, of) for route in routes for method, path, of in described(route)]
    types = _types([operation for _, _, operation in operations])
    schemas, components = msgspec.json.schema_components(types, ref_template=_SCHEMA)
    schema_of = dict(zip(types, schemas, strict=True))
    paths: dict[str, Json] = {}
    for method, path, operation in operations:
        described_path = _TYPED.sub(r"{\1}", path)
        paths.setdefault(described_path, {})[method.lower()] = _operation(
            method, path, operation, schema_of
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "modelfleet",
            "version": "1",
            "summary": "A model for every customer, trained and served with no one's hands.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def described(route: HTTPRouteHandler) -> Iterator[tuple[str, str, Operation]]:
    """Each method and path of a route, with what is said of it."""
    if "operations" in route.opt:  # one handler for many paths
        yield from route.opt["operations"]
        return
    operation: Operation = route.opt["operation"]
    methods = sorted(route.http_methods - {HttpMethod.HEAD})  # goes with GET
    for path in sorted(route.paths):
        for method in methods:
            yield str(method), path, operation


def _types(operations: Sequence[Operation]) -> list[Any]:
    """Each type once, in the order of its first use."""
    contents = [
        content
        for operation in operations
        for content in (operation.body, *operation.answers, operation.refusal)
        if content is not None
    ]
    queries = [operation.query for operation in operations if operation.query is not None]
    return list(dict.fromkeys([*(content.type for content in contents), *queries]))


def _operation(method: str, path: str, operation: Operation, schema_of: dict[Any, Json]) -> Json:
    answered: Json = {
        "description": "Done.",
        "content": {c.media_type: _content(c, schema_of) for c in operation.answers},
    }
    refused = operation.refusal
    described_as: Json = {
        "operationId": _identity(method, path),
        "tags": [operation.group],
        "summary": operation.summary,
        "description": f"{operation.description} {_ROLES[operation.role]}".strip(),
        "parameters": [*_path_parameters(path), *_query_parameters(operation.query)],
        "security": [] if operation.role == "public" else [{"key": []}],
        "responses": {
            "200": answered,
            "default": {
                "description": "What is wrong, and with which field.",
                "content": {refused.media_type: _content(refused, schema_of)},
            },
        },
    }
    if operation.body is not None:
        described_as["requestBody"] = {
            "required": operation.body_needed,
            "content": {operation.body.media_type: _content(operation.body, schema_of)},
        }
    return described_as


def _identity(method: str, path: str) -> str:
    """The words of a path; of a model's too, since it ends some."""
    words = _TYPED.sub(lambda found: found[1] if found[1] == "model" else "", path)
    return re.sub(r"\W+", "_", f"{method.lower()}{words}").strip("_")


def _content(content: Content, schema_of: dict[Any, Json]) -> Json:
    return {"schema": schema_of[content.type], "example": content.example}


def _path_parameters(path: str) -> list[Json]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string"},
            "example": _NAMES.get(name, name),
        }
        for name in _TYPED.findall(path)
    ]


def _query_parameters(query: type[msgspec.Struct] | None) -> list[Json]:
    if query is None:
        return []
    _, components = msgspec.json.schema_components([query], ref_template=_SCHEMA)
    schema = components[query.__name__]
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": property_}
        for name, property_ in schema["properties"].items()
    ]


_NAMES = {
    "model": "acme.team",
    "tenant": "acme",
    "task": "team",
    "label": "it",
    "decision": "ticket-4711",
    "version": "20260301T090000.000000Z",
    "key": "eK3yOfAlice",
}
_ROLES = {
    "public": "Needs no key.",
    "holder": "Any key may do this, and gets what it may see.",
    "user": "Any key of the tenant may do this.",
    "owner": "The tenant's owner may do this.",
    "operator": "The fleet's operator may do this.",
}
