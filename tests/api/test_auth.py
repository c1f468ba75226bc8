"""Every registered route, with every kind of token."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import anyio
import jwt
import pytest
from litestar import get
from litestar.routes import HTTPRoute

from app.api import main
from app.api.auth import Doorkeeper, access_of
from app.domain.errors import InvalidRequestError, SettingsError, UnauthorisedError
from app.services import operator_tokens
from tests.api.conftest import KEY, client_of, settings_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

pytestmark = pytest.mark.anyio
VALUES = {"name:str": "none", "code:str": "internal"}


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    good = {"iss": "groat", "aud": "groat-api", "sub": "operator", "iat": now, "exp": now + 600, "jti": "j"}
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def signed(key: str = KEY, algorithm: str = "HS256", **changes: Any) -> str:
    return f"Bearer {jwt.encode(claims(**changes), key, algorithm=algorithm)}"


def bad_headers() -> dict[str, str]:
    now = int(time.time())
    good = operator_tokens.mint(KEY)
    bad = {
        "nothing after the scheme": "Bearer ",
        "another scheme": f"Basic {good}",
        "no scheme": good,
        "two tokens": f"Bearer {good}, {good}",
        "not a token": "Bearer x.y.z",
        "cut short": f"Bearer {good[:-2]}",
        "longer than any": f"Bearer {'x' * 5_000}",
        "another key": signed(key=secrets.token_urlsafe(48)),
        "expired": f"Bearer {operator_tokens.mint(KEY, now=datetime.now(UTC) - timedelta(hours=2))}",
        "from the future": signed(iat=now + 600, exp=now + 1_200),
        "too long a life": signed(exp=now + 25 * 3_600),
        "another audience": signed(aud="other"),
        "a list of audiences": signed(aud=["groat-api", "other"]),
        "another issuer": signed(iss="other"),
        "another subject": signed(sub="guest"),
        "HS512": signed(key=KEY + KEY, algorithm="HS512"),
        "no signature": f"Bearer {jwt.encode(claims(), '', algorithm='none')}",
    }
    for claim in operator_tokens.CLAIMS:
        bad[f"no {claim}"] = f"Bearer {jwt.encode(claims(**{claim: None}), KEY, algorithm='HS256')}"
    return bad


BAD = bad_headers()


def routes() -> Iterator[tuple[str, str, str]]:
    """Yield method, path and access of every route that is registered."""
    app = main.create_app(settings_for())
    for route in app.routes:
        assert isinstance(route, HTTPRoute)
        path = route.path
        for name, value in VALUES.items():
            path = path.replace(f"{{{name}}}", value)
        path = "/".join("1" if ":int}" in part else "x" if "{" in part else part for part in path.split("/"))
        for method, (handler, _) in route.route_handler_map.items():
            yield method, path, access_of(handler)


ROUTES = sorted(routes())


def needs_token(access: str, environment: str) -> bool:
    return access == "operate" or (access in {"read", "scrape"} and environment == "prod")


@pytest.mark.stack
@pytest.mark.parametrize("environment", ["dev", "prod"])
async def test_every_route_with_every_kind_of_token(
    environment: str, bearer: dict[str, str], database_url: str
) -> None:
    settings = settings_for(database_url, GROAT_ENVIRONMENT=environment, GROAT_API__METRICS_FROM="192.0.2.1")
    async with client_of(settings) as client:
        for method, path, access in ROUTES:
            guarded = needs_token(access, environment)
            for what, header in {"none": "", **BAD}.items():
                answer = await asked(client, method, path, {"Authorization": header} if header else {})
                assert (answer is not None and answer.status_code == 401) is guarded, f"{method} {path} with {what}"
                if guarded and answer is not None:
                    assert answer.headers["www-authenticate"].startswith("Bearer")
                    assert answer.json()["code"] == "unauthorised"
            answer = await asked(client, method, path, bearer)
            assert answer is None or answer.status_code != 401, f"{method} {path} with a good token"


async def asked(client: httpx.AsyncClient, method: str, path: str, headers: dict[str, str]) -> httpx.Response | None:
    """Return the answer; None for the live stream when it does not refuse, as it has no end."""
    if path != "/api/stream" or method == "OPTIONS":
        return await client.request(method, path, headers=headers)
    with anyio.move_on_after(1):
        return await client.request(method, path, headers=headers)
    return None


def test_what_changes_something_is_for_the_operator_and_few_things_for_all() -> None:
    for method, path, access in ROUTES:
        if method in {"POST", "PUT", "PATCH", "DELETE"}:
            assert access == "operate", path
    public = {path for method, path, access in ROUTES if access == "public" and method != "OPTIONS"}
    health = {"/api/health", "/api/health/live", "/api/health/ready"}
    assert public == health | {"/api/docs", "/api/docs/style.css", "/api/openapi.json", "/problems/internal"}


def test_a_route_that_does_not_say_who_may_use_it_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    @get("/silent")
    async def silent() -> None: ...

    monkeypatch.setattr(main, "route_handlers", lambda: [silent])
    with pytest.raises(RuntimeError, match="GET /silent"):
        main.create_app(settings_for())


@pytest.mark.parametrize("key", ["", "short", "change-me-" * 5, "a" * 64, "my-secret-key-my-secret-key-my-secret-key"])
def test_a_key_that_is_none_stops_the_start(key: str) -> None:
    with pytest.raises(SettingsError, match="SECRET_KEY"):
        main.create_app(settings_for(SECRET_KEY=key))


async def test_a_token_in_the_address_opens_nothing(bearer: dict[str, str]) -> None:
    token = bearer["Authorization"].removeprefix("Bearer ")
    async with client_of(settings_for(GROAT_ENVIRONMENT="prod")) as client:
        for name in ("token", "access_token", "Authorization"):
            answer = await client.get("/api/system", params={name: token})
            assert answer.status_code == 401
            assert token not in answer.text


async def test_two_authorization_headers_are_refused(bearer: dict[str, str]) -> None:
    value = bearer["Authorization"]
    async with client_of(settings_for(GROAT_ENVIRONMENT="prod")) as client:
        answer = await client.get("/api/system", headers=[("Authorization", value), ("Authorization", value)])
        assert answer.status_code == 401


async def test_a_token_tells_whose_it_is_and_until_when(client: httpx.AsyncClient) -> None:
    made = datetime.now(UTC)
    token = operator_tokens.mint(KEY, life=timedelta(minutes=15), now=made)
    answer = await client.get("/api/token", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    told = answer.json()
    assert told.pop("machine_time") >= f"{made:%Y-%m-%dT%H:%M:%S}"
    assert told == {"subject": "operator", "expires_at": f"{made + timedelta(minutes=15):%Y-%m-%dT%H:%M:%SZ}"}
    assert token not in answer.text


async def test_even_where_reads_are_free_nobody_is_told_of_a_bad_token_that_it_is_good(
    client: httpx.AsyncClient,
) -> None:
    ended = operator_tokens.mint(KEY, now=datetime.now(UTC) - timedelta(hours=2))
    for header, said in ((f"Bearer {ended}", "expired"), ("Bearer x.y.z", "not valid here"), ("", "groat token")):
        answer = await client.get("/api/token", headers={"Authorization": header} if header else {})
        assert answer.status_code == 401
        assert said in answer.json()["detail"]


def scope(header: str) -> Any:
    return {"headers": [(b"authorization", header.encode())]}


def test_a_remembered_token_still_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    doorkeeper = Doorkeeper(KEY, reads_are_free=False)
    header = f"Bearer {operator_tokens.mint(KEY, life=timedelta(seconds=60))}"
    assert doorkeeper.authorised(scope(header))
    assert doorkeeper.authorised(scope(header))
    now = time.time()
    monkeypatch.setattr("app.api.auth.time.time", lambda: now + 61)
    monkeypatch.setattr(operator_tokens, "verify", lambda *_: (_ for _ in ()).throw(UnauthorisedError()))
    assert not doorkeeper.authorised(scope(header))


def test_only_so_many_tokens_are_remembered() -> None:
    doorkeeper = Doorkeeper(KEY, reads_are_free=False)
    for _ in range(300):
        doorkeeper.authenticate(scope(f"Bearer {operator_tokens.mint(KEY)}"))
    assert len(doorkeeper.remembered) <= 256


@pytest.mark.parametrize("life", [timedelta(0), timedelta(seconds=-1), timedelta(hours=24, seconds=1)])
def test_a_token_lasts_a_day_at_most(life: timedelta) -> None:
    with pytest.raises(InvalidRequestError):
        operator_tokens.mint(KEY, life=life)


def test_no_two_tokens_are_the_same() -> None:
    assert len({operator_tokens.verify(KEY, operator_tokens.mint(KEY)).jti for _ in range(50)}) == 50
