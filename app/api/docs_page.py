"""The documentation page: plain HTML made from the API's description, with no script and nothing from elsewhere.

The usual renderers load megabytes of script from a content network; this page works offline, under the strictest
content policy, and in a text browser.
"""

import json
import re
from collections.abc import Iterator
from html import escape
from typing import Any

from app.api.docs_style import STYLE

Json = dict[str, Any]
CODE = re.compile(r"`([^`]+)`")
BOLD = re.compile(r"\*\*([^*]+)\*\*")
LIMITS = {
    "minimum": "from {}",
    "maximum": "to {}",
    "minLength": "{} characters or more",
    "maxLength": "{} characters at most",
    "minItems": "{} or more",
    "maxItems": "{} at most",
    "maxProperties": "{} entries at most",
    "pattern": "like {}",
    "format": "{}",
}
__all__ = ["STYLE", "render"]


def render(schema: Json) -> bytes:
    """Return the page for an OpenAPI description."""
    info = schema["info"]
    tags = [tag for tag in schema.get("tags", []) if list(operations(schema, tag["name"]))]
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width,initial-scale=1'>",
        f"<title>{text(info['title'])} API</title><link rel=stylesheet href='/api/docs/style.css'>",
        f"<nav><h1>{text(info['title'])} <small>{text(info['version'])}</small></h1>",
        *(contents(schema, tag) for tag in tags),
        "<a href='#schemas'>Schemas</a><a href='/api/openapi.json'>openapi.json</a></nav>",
        f"<main><section>{prose(info['description'])}</section>",
        *(section(schema, tag) for tag in tags),
        schemas(schema),
        "</main></html>",
    ]
    return "\n".join(parts).encode()


def operations(schema: Json, tag: str) -> Iterator[tuple[str, str, Json]]:
    """Yield method, path and operation of a tag, in the order of paths."""
    for path, item in sorted(schema["paths"].items()):
        for method, operation in item.items():
            if tag in operation.get("tags", []):
                yield method, path, operation


def contents(schema: Json, tag: Json) -> str:
    """List a tag's operations for the side."""
    links = "".join(
        f"<a href='#{text(operation['operationId'])}'><b class={method}>{method}</b> {text(operation['summary'])}</a>"
        for method, _, operation in operations(schema, tag["name"])
    )
    return f"<h2>{text(tag['name'])}</h2>{links}"


def section(schema: Json, tag: Json) -> str:
    """Describe a tag's operations."""
    described = "".join(operation_of(*each) for each in operations(schema, tag["name"]))
    name, what = text(tag["name"]), text(tag.get("description", ""))
    return f"<section><h2>{name}</h2><p>{what}</p>{described}</section>"


def operation_of(method: str, path: str, operation: Json) -> str:
    """Describe one operation."""
    name = text(operation["operationId"])
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return (
        f"<article id='{name}'><h3><b class={method}>{method}</b> <code>{text(path)}</code>{lock(operation)}</h3>"
        f"<p><strong>{text(operation['summary'])}</strong> <a class=name href='#{name}'>{name}</a></p>"
        f"{prose(operation.get('description', ''))}{parameters(operation)}"
        f"{titled('Body', type_of(body['schema']) + sample(body)) if body else ''}"
        f"{titled('Answers', answers(operation))}"
        f"<details><summary>Try it</summary><pre>{text(curl(method, path, operation))}</pre></details></article>"
    )


def lock(operation: Json) -> str:
    """Say whether an operation needs the token."""
    security = operation.get("security")
    if not security:
        return ""
    return " <i>token</i>" if {} not in security else " <i>token in production</i>"


def parameters(operation: Json) -> str:
    """Tabulate the parameters."""
    rows = "".join(
        f"<tr><td><code>{text(each['name'])}</code>{' *' if each.get('required') else ''}<td>{text(each['in'])}"
        f"<td>{type_of(each['schema'])}<td>{prose(each.get('description', ''))}"
        for each in operation.get("parameters", [])
    )
    return titled("Parameters", f"<table>{rows}</table>") if rows else ""


def answers(operation: Json) -> str:
    """Tabulate the answers: those that are meant in full, problems as links."""
    meant, problems = [], []
    for status, response in operation["responses"].items():
        if "$ref" in response:
            code = response["$ref"].rpartition("/")[2]
            problems.append(f"<a href='/problems/{text(code)}'>{text(status)} {text(code)}</a>")
            continue
        content = response.get("content", {})
        kinds = ", ".join(f"<code>{text(kind)}</code>" for kind in content)
        first: Json = next(iter(content.values()), {})
        what = f"{line(response['description'])} {kinds} {type_of(first.get('schema', {}))}{sample(first)}"
        meant.append(f"<tr><td><code>{text(status)}</code><td>{what}")
    return f"<table>{''.join(meant)}</table><p class=problems>{' '.join(problems)}</p>"


def schemas(schema: Json) -> str:
    """Describe what bodies and answers are made of."""
    described = "".join(
        f"<article id='schema-{text(name)}'><h3><code>{text(name)}</code></h3>"
        f"{prose(each.get('description', ''))}{properties(each)}</article>"
        for name, each in sorted(schema.get("components", {}).get("schemas", {}).items())
    )
    return f"<section id=schemas><h2>Schemas</h2>{described}</section>"


def properties(schema: Json) -> str:
    """Tabulate a schema's properties, or its values."""
    required = schema.get("required", [])
    rows = "".join(
        f"<tr><td><code>{text(name)}</code>{' *' if name in required else ''}<td>{type_of(each)}"
        f"<td>{prose(each.get('description', ''))}"
        for name, each in schema.get("properties", {}).items()
    )
    return f"<table>{rows}</table>" if rows else f"<p>{type_of(schema)}</p>"


def type_of(schema: Json) -> str:
    """Say in a few words what a schema allows."""
    if "$ref" in schema:
        name = text(schema["$ref"].rpartition("/")[2])
        return f"<a href='#schema-{name}'>{name}</a>"
    for union in ("anyOf", "allOf"):
        if union in schema:
            return " or ".join(type_of(option) for option in schema[union])
    if "enum" in schema:
        return " | ".join(f"<code>{text(json.dumps(value))}</code>" for value in schema["enum"])
    kinds = schema.get("type", "anything")
    said = kinds if isinstance(kinds, str) else " or ".join(kinds)
    if said == "array":
        said = f"list of {type_of(schema.get('items', {}))}"
    if isinstance(inner := schema.get("additionalProperties"), dict):
        said = f"{said} of {type_of(inner)}"
    limits = [form.format(f"<code>{text(schema[key])}</code>") for key, form in LIMITS.items() if key in schema]
    default = f", otherwise <code>{text(json.dumps(schema['default']))}</code>" if "default" in schema else ""
    return said + (f" <small>{', '.join(limits)}</small>" if limits else "") + default


def sample(content: Json) -> str:
    """Show the first example of a body."""
    for example in content.get("examples", {}).values():
        value = example.get("value")
        shown = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
        return f"<details><summary>Example</summary><pre>{text(shown)}</pre></details>"
    return ""


def curl(method: str, path: str, operation: Json) -> str:
    """Return a command that asks just this."""
    lines = ["curl -s" if method == "get" else f"curl -s -X {method.upper()}"]
    if operation.get("security"):
        lines.append('-H "Authorization: Bearer $(groat token)"')
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    for example in body.get("examples", {}).values():
        lines += ["-H 'Content-Type: application/json'", f"-d '{json.dumps(example.get('value'))}'"]
    return " \\\n  ".join([*lines, f"'http://127.0.0.1:8000{path}'"])


def titled(title: str, content: str) -> str:
    """Put a heading above something."""
    return f"<h4>{title}</h4>{content}"


def prose(source: str) -> str:
    """Turn paragraphs with `code` and **bold** into HTML."""
    paragraphs = [escape(each.strip()) for each in source.split("\n\n") if each.strip()]
    return marked("".join(f"<p>{each}</p>" for each in paragraphs))


def line(source: str) -> str:
    """Turn one line with `code` and **bold** into HTML."""
    return marked(escape(source))


def marked(html: str) -> str:
    """Replace the marks of code and bold in escaped text."""
    return BOLD.sub(r"<strong>\1</strong>", CODE.sub(r"<code>\1</code>", html))


def text(value: object) -> str:
    """Escape for HTML, quotes too."""
    return escape(str(value))
