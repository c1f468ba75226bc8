"""The reference pages of the API: its operations, its problems, its metrics."""

from __future__ import annotations

from typing import Any

from app.api.errors import CODES, KINDS
from app.api.main import description
from app.telemetry import metrics

NOTE = "<!-- Written by `python docs/generate.py`: change the code, not this page. -->\n"
API_HEAD = """\
# The API

`/api/docs` on a running Groat documents every operation, with examples; `/api/openapi.json` is the same for programs
(OpenAPI 3.1), and a copy of it is [in this repository](openapi.json). After a change of the API, write that copy with
`python -m app.api > docs/reference/openapi.json`; a test compares it.

## Who may ask

| | in dev | in production |
| --- | --- | --- |
| what changes something (`operate`) | the operator's token | the operator's token |
| what reads (`read`) | everybody | the operator's token |
| `/metrics` (`scrape`) | everybody | the token, or a direct connection from `GROAT_API__METRICS_FROM` |
| health, the description, the documentation, problems (`public`) | everybody | everybody |

`groat token` mints the token: a JWT, HS256 with `SECRET_KEY`, for an hour (a day at most). Send it as
`Authorization: Bearer ...`; it is never read from an address. `GET /api/token` tells whose it is and until when it is
good. Nothing revokes a token before its end but a new `SECRET_KEY`. Health tells strangers only its status in
production; its findings are the operator's.

A route says of itself which of the four it is; the API does not start with a route that says nothing.

## What holds for every operation

- **Unknown query parameters are refused** with 400, as are repeats of single ones, the word `null`, and NUL characters.
- **Times** are UTC in ISO 8601. Market time is the market's clock; on a replay market it runs faster than the
  machine's.
- **Pages**: a list that may be long answers `next`; send it as `cursor` to go on, until it is null.
- **Request ids**: every answer bears `X-Request-ID`. A client may choose it (64 letters, digits, or `._:-`); the log
  has it.
- **HEAD** works wherever GET does; **OPTIONS** names the methods. There is no CORS: the pages are served beside the
  API.
- **Bodies** are JSON of 1 MiB at most. Answers are JSON unless an operation lists more; `Accept` chooses.
- **A start is asked for once**: there is one run for each window of a pipeline. Asking again answers 200 with the run
  that is there, instead of 202.
- Answers are `Cache-Control: no-store` unless they say otherwise.

## Health

| | asks | answers |
| --- | --- | --- |
| `/api/health/live` | nothing but the process | 200 |
| `/api/health/ready` | PostgreSQL, and whether its schema is this program's | 200, or 503 as a problem |
| `/api/health` | the same, and queue, cache, listener and keeper | 200 when `ok` or `degraded`, 503 when `down` |

Each service is asked at once with the others, for a second at most; a report younger than a second is given again.

## Operations

"""
ERRORS_HEAD = """\
# Errors

Every error of the API is a *problem* by RFC 9457, as `application/problem+json`:

```json
{
  "type": "/problems/not_found",
  "title": "Not found",
  "status": 404,
  "detail": "There is no run 7.",
  "code": "not_found",
  "request_id": "5e62e7783ca9-119"
}
```

`code` and `type` are stable, and `GET` of the `type` says what it means. `detail` is for people. A 400 has `errors`,
which name each refused part: `where` (query, path, body), `name`, `message`. No problem repeats what was sent, and a
500 says nothing of the inside: the log has it under the `request_id`.

400 means that a request does not fit the API's description; 422 that it fits, but cannot be done as asked.

| code | status | title | errors of the domain |
| --- | ---: | --- | --- |
"""
METRICS_HEAD = """\
# Metrics

`/metrics` on the API's port, in Prometheus' text format, is right whichever of its processes answers. The processes of
a service keep their counts in a folder of their own, made anew at each launch. Below `GROAT_METRICS_DIR` the folders of
a machine's services stand beside each other, and the API tells of all of them, workers and scheduler too
(`ops/start.sh` sets it; containers share a volume). Without it each service keeps to itself, and one that has no web
server answers scrapes with `app.telemetry.exposition.serve(port)`.

A process that dies leaves its counts behind and takes its gauges along; a service that ends takes both. A launcher
calls `app.telemetry.multiprocess.prepare(service)` before anything that declares a metric is imported.

`endpoint` is the route's template, such as `/api/pipelines/{name}/runs`; `unmatched` is what no route answers.

## Kept as things happen, by every service

| name | kind | labels | meaning |
| --- | --- | --- | --- |
"""
READINGS_HEAD = """
## Read when Prometheus asks the API

At most two seconds old. They need the database; `groat_up` does not.

| name | labels | meaning |
| --- | --- | --- |
"""


def pages() -> dict[str, str]:
    """Return the generated pages by file name."""
    return {"api.md": api_page(), "errors.md": errors_page(), "metrics.md": metrics_page()}


def api_page() -> str:
    """Return how the API is used, and a table of its operations."""
    schema = description()
    rows = ["| | | |", "| --- | --- | --- |"]
    for path, item in sorted(schema["paths"].items()):
        for method, operation in item.items():
            rows.append(f"| `{method.upper()} {path}` | {token(operation)} | {operation['summary']} |")
    return NOTE + API_HEAD + "\n".join(rows) + "\n"


def token(operation: dict[str, Any]) -> str:
    """Say in a word who may use an operation."""
    security = operation.get("security")
    if not security:
        return "public"
    return "read" if {} in security else "operate"


def errors_page() -> str:
    """Return the table of problems."""
    rows = []
    for code, kind in KINDS.items():
        domain = ", ".join(f"`{error.__name__}`" for error, each in CODES.items() if each == code)
        rows.append(f"| `{code}` | {kind.status} | {kind.title} | {domain} |")
    return NOTE + ERRORS_HEAD + "\n".join(rows) + "\n"


def metrics_page() -> str:
    """Return the table of metrics."""
    kept = [each for each in vars(metrics).values() if hasattr(each, "_documentation")]
    rows = []
    for metric in kept:
        kind = metric._type  # noqa: SLF001  the library has no public way to list what was declared
        name = metric._name + ("_total" if kind == "counter" else "")  # noqa: SLF001  as above
        names, said = labels(metric._labelnames), metric._documentation  # noqa: SLF001  as above
        rows.append(f"| `{name}` | {kind} | {names} | {said} |")
    readings = [f"| `{each.name}` | {labels(each.labels)} | {each.help} |" for each in metrics.READINGS]
    return NOTE + METRICS_HEAD + "\n".join(rows) + "\n" + READINGS_HEAD + "\n".join(readings) + "\n"


def labels(names: tuple[str, ...]) -> str:
    """List labels."""
    return ", ".join(f"`{name}`" for name in names)
