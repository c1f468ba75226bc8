from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from app.api.edge import choose
from app.api.main import behind_proxies
from app.api.middleware import Frame, Scope
from app.telemetry import metrics
from app.telemetry.batch import BATCH
from app.telemetry.logging import add_request_id

if TYPE_CHECKING:
    import httpx
    from structlog.typing import EventDict

pytestmark = pytest.mark.anyio
LIVE = "/api/health/live"


async def test_a_request_id_is_made_and_returned(client: httpx.AsyncClient) -> None:
    first, second = await client.get(LIVE), await client.get(LIVE)
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


@pytest.mark.parametrize(
    ("sent", "kept"), [("abc-1.2:3_4", True), ("x" * 64, True), ("x" * 65, False), ("a b", False), ("", False)]
)
async def test_only_a_sane_request_id_is_kept(client: httpx.AsyncClient, sent: str, kept: bool) -> None:  # noqa: FBT001  an example's outcome
    answer = await client.get(LIVE, headers={"X-Request-ID": sent})
    assert (answer.headers["x-request-id"] == sent) is kept


async def test_every_answer_has_the_security_headers(client: httpx.AsyncClient) -> None:
    for answer in (await client.get(LIVE), await client.get("/nope"), await client.post(LIVE)):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("ask", "status", "code"),
    [
        ("GET /nope", 404, "not_found"),
        (f"POST {LIVE}", 405, "method_not_allowed"),
        (f"FOO {LIVE}", 405, "method_not_allowed"),
        (f"GET {LIVE} text/html", 406, "not_acceptable"),
        (f"GET {LIVE}?a=1", 400, "bad_request"),
        (f"GET {LIVE}?%ff=1", 400, "bad_request"),
        ("GET /api/health/%00", 400, "bad_request"),
    ],
)
async def test_errors_are_problems(client: httpx.AsyncClient, ask: str, status: int, code: str) -> None:
    method, path, *accept = ask.split(" ")
    answer = await client.request(method, path, headers={"Accept": accept[0]} if accept else {})
    problem = answer.json()
    assert answer.status_code == problem["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["code"] == code
    assert problem["type"] == f"/problems/{code}"
    assert problem["request_id"] == answer.headers["x-request-id"]


async def test_a_token_in_the_query_is_refused_and_not_repeated(client: httpx.AsyncClient) -> None:
    answer = await client.get(LIVE, params={"access_token": "s3cr3t-value"})
    assert answer.status_code == 400
    assert "s3cr3t-value" not in answer.text
    assert "Authorization header" in answer.text


async def test_head_is_get_without_a_body(client: httpx.AsyncClient) -> None:
    got, head = await client.get(LIVE), await client.head(LIVE)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == got.headers["content-length"]


async def test_options_and_405_name_the_methods(client: httpx.AsyncClient) -> None:
    assert (await client.post(LIVE)).headers["allow"] == "GET, HEAD, OPTIONS"
    options = await client.options(LIVE)
    assert options.status_code == 204
    assert options.headers["allow"] == "GET, HEAD, OPTIONS"
    assert (await client.options("/api/pipelines/daily_bars/runs")).headers["allow"] == "GET, HEAD, OPTIONS, POST"


async def test_the_word_null_is_no_value(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/pipelines/runs/1/steps", params={"state": "NULL"})
    assert answer.status_code == 400
    assert "leave the parameter out" in answer.text


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("*/*", "application/json"),
        ("text/csv", "text/csv"),
        ("text/*;q=0.5, application/json;q=0.4", "text/csv"),
        ("application/problem+json", "application/json"),
        ("application/json;q=0", None),
        ("image/png", None),
        ("*", "application/json"),
        ("text/csv;q=nonsense", "text/csv"),
        ("application/json;q=0, */*", "text/csv"),
    ],
)
def test_the_best_accepted_media_type_is_chosen(accept: str, chosen: str | None) -> None:
    assert choose(accept, ("application/json", "text/csv")) == chosen


def test_the_api_does_not_load_what_it_does_not_need() -> None:
    code = """
import sys
from app.api.main import Settings, create_app
create_app(Settings(secret_key="mD2vQ8sLr5tZk1xWc7yHb4nJf9gPa3eUu6iKoT0q"))
print([name for name in ("pydantic", "redis", "taskiq", "polars", "pandas", "jinja2") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("error", "status"), [(asyncio.CancelledError(), "499"), (RuntimeError(), "500")])
async def test_a_client_that_leaves_is_no_fault_of_the_server(error: BaseException, status: str) -> None:
    async def app(scope: Scope, _receive: object, _send: object) -> None:
        scope["path_template"] = "/left"
        raise error

    scope = {"type": "http", "method": "GET", "path": "/left", "headers": []}
    counted = metrics.HTTP_REQUESTS.labels("GET", "/left", status)
    before = counted._value.get()
    with pytest.raises(type(error)):
        await Frame(app)(scope, _nothing, _nothing)
    BATCH.write()
    assert counted._value.get() == before + 1


async def _nothing(*_: object) -> Any: ...


async def test_the_log_has_the_request_id(client: httpx.AsyncClient) -> None:
    seen: list[EventDict] = []

    def keep(_logger: object, _name: str, event: EventDict) -> EventDict:
        seen.append(event)
        raise structlog.DropEvent

    structlog.configure(processors=[add_request_id, keep])
    try:
        await client.get("/api/health", headers={"X-Request-ID": "mine"})
    finally:
        structlog.reset_defaults()
    assert [event["request_id"] for event in seen if event["event"] == "request"] == ["mine"]


@pytest.mark.parametrize(
    ("sender", "headers", "client"),
    [
        (
            "127.0.0.1",
            [(b"x-forwarded-for", b"203.0.113.9"), (b"x-forwarded-proto", b"https")],
            ("203.0.113.9", "https"),
        ),
        ("127.0.0.1", [(b"x-forwarded-for", b"6.6.6.6, 203.0.113.9")], ("203.0.113.9", "http")),
        ("198.51.100.7", [(b"x-forwarded-for", b"127.0.0.1")], ("198.51.100.7", "http")),
        ("127.0.0.1", [(b"x-request-id", b"a")], ("127.0.0.1", "http")),
    ],
)
async def test_only_a_trusted_proxy_names_the_client(
    sender: str, headers: list[tuple[bytes, bytes]], client: tuple[str, str]
) -> None:
    seen = []

    async def app(scope: Scope, _receive: object, _send: object) -> None:
        seen.append((scope["client"][0], scope["scheme"]))

    scope = {"type": "http", "client": (sender, 5), "scheme": "http", "headers": headers}
    await behind_proxies(app, ["127.0.0.1"])(scope, _nothing, _nothing)
    assert seen == [client]
