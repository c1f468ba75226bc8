from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest

from app.api.errors import KINDS
from app.api.main import create_app
from app.api.openapi import describe
from tests.api.conftest import settings_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

pytestmark = pytest.mark.anyio
COMMITTED = Path(__file__).parents[2] / "docs/reference/openapi.json"
BOUNDS = {"string": {"maxLength", "format", "enum", "const"}, "integer": {"maximum"}, "array": {"maxItems"}}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return describe(create_app(settings_for()))


def operations(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in schema["paths"].items():
        for method, operation in item.items():
            yield f"{method} {path}", operation


def resolved(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        found: Any = schema
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def unbounded(schema: dict[str, Any], node: dict[str, Any], where: str) -> Iterator[str]:
    """Yield every place inside an input's schema where a client could send without end."""
    node = resolved(schema, node)
    for union in ("anyOf", "oneOf", "allOf"):
        for option in node.get(union, []):
            yield from unbounded(schema, {**{k: v for k, v in node.items() if k != union}, **option}, where)
    kind = node.get("type")
    fixed = not re.search(r"[*+]|,\}", node.get("pattern", "*"))
    if kind in BOUNDS and not BOUNDS[kind] & node.keys() and not fixed:
        yield f"{where}: {kind} without {' or '.join(sorted(BOUNDS[kind]))}"
    if kind == "integer" and "minimum" not in node:
        yield f"{where}: integer without minimum"
    for name, each in node.get("properties", {}).items():
        yield from unbounded(schema, each, f"{where}.{name}")
    if kind == "array":
        yield from unbounded(schema, node.get("items", {}), f"{where}[]")
    if kind == "object" and node.get("additionalProperties", True) is not False and "properties" in node:
        yield f"{where}: object that takes more properties"
    if isinstance(inner := node.get("additionalProperties"), dict):
        if "maxProperties" not in node:
            yield f"{where}: map without maxProperties"
        yield from unbounded(schema, inner, f"{where}.*")


def test_the_committed_description_is_this_programs(schema: dict[str, Any]) -> None:
    assert json.loads(COMMITTED.read_text()) == schema, "run: python -m app.api > docs/reference/openapi.json"


def test_nothing_that_a_client_sends_is_unbounded(schema: dict[str, Any]) -> None:
    found: list[str] = []
    for name, operation in operations(schema):
        for parameter in operation.get("parameters", []):
            found += unbounded(schema, parameter["schema"], f"{name} {parameter['name']}")
        for content in operation.get("requestBody", {}).get("content", {}).values():
            found += unbounded(schema, content["schema"], f"{name} body")
    assert found == []


def test_the_walk_finds_what_is_unbounded(schema: dict[str, Any]) -> None:
    loose = {"type": "object", "properties": {"a": {"type": "array", "items": {"anyOf": [{"type": "string"}]}}}}
    assert list(unbounded(schema, loose, "x")) == [
        "x.a: array without maxItems",
        "x.a[]: string without const or enum or format or maxLength",
        "x: object that takes more properties",
    ]


def test_every_operation_is_named_once_described_and_tagged(schema: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, operation in operations(schema)]
    tags = {tag["name"] for tag in schema["tags"]}
    assert len(names) == len(set(names))
    for name, operation in operations(schema):
        assert operation["operationId"].isalnum(), name
        assert operation.get("summary"), name
        assert operation.get("description"), name
        assert set(operation["tags"]) <= tags, name
        assert operation["tags"], name


def test_every_operation_tells_its_problems(schema: dict[str, Any]) -> None:
    for name, operation in operations(schema):
        assert {"400", "406", "500", "503"} <= operation["responses"].keys(), name
        assert ("401" in operation["responses"]) is ("security" in operation), name
        assert ("415" in operation["responses"]) is ("requestBody" in operation), name
    assert schema["components"]["responses"].keys() == KINDS.keys()


def test_every_operation_has_an_example_that_fits(schema: dict[str, Any]) -> None:
    for name, operation in operations(schema):
        contents = list(operation.get("requestBody", {}).get("content", {}).items())
        for status, response in operation["responses"].items():
            if status in {"200", "201", "202"}:
                contents += response.get("content", {}).items()
        shown = 0
        for kind, content in contents:
            for example in content.get("examples", {}).values():
                shown += 1
                if kind == "application/json":
                    whole = {**content["schema"], "components": schema["components"]}
                    jsonschema_rs.Draft202012Validator(whole).validate(example["value"])
        assert shown, f"{name} has no example: add one to app/api/examples.py"


async def test_the_description_and_its_page_are_served(client: httpx.AsyncClient, schema: dict[str, Any]) -> None:
    served = await client.get("/api/openapi.json")
    assert served.json() == schema
    assert served.json()["openapi"].startswith("3.1")
    page = await client.get("/api/docs")
    assert page.headers["content-type"].startswith("text/html")
    for _, operation in operations(schema):
        assert f"id='{operation['operationId']}'" in page.text
    assert "<script" not in page.text
    assert "src=" not in page.text
    assert "style-src 'self'" in page.headers["content-security-policy"]
    style = await client.get("/api/docs/style.css")
    assert style.headers["content-type"].startswith("text/css")


async def test_the_type_of_a_problem_can_be_looked_up(client: httpx.AsyncClient) -> None:
    problem = (await client.get("/api/pipelines/Not-a-name")).json()
    found = (await client.get(problem["type"])).json()
    assert (found["title"], found["status"]) == (problem["title"], problem["status"])
    assert (await client.get("/problems/no_such")).status_code == 404
