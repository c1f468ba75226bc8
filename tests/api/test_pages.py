"""The web pages: what is given under which address, how it is kept, and that nothing else is."""

from __future__ import annotations

import gzip
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

import httpx
import pytest

from app.api import pages
from app.api.main import create_app
from app.api.middleware import App, Frame
from app.api.pages import Pages, folder_of
from app.domain.errors import SettingsError
from tests.api.conftest import settings_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.anyio
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """A build, with a secret beside it."""
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Groat</title>")
    (folder / "assets/main-a1b2c3.js").write_text("export {}")
    (folder / "assets/main-a1b2c3.js.gz").write_bytes(gzip.compress(b"export {}"))
    (folder / "assets/main-a1b2c3.js.br").write_bytes(b"brotli")
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / ".stamp").write_text("hidden")
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    return folder


@asynccontextmanager
async def browsing(folder: Path, **more: str) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings_for(**more))
    transport = httpx.ASGITransport(Frame(Pages(cast("App", app), folder)))
    async with app.lifespan(), httpx.AsyncClient(transport=transport, base_url="http://groat.test") as client:
        yield client


@pytest.mark.parametrize("environment", ["dev", "prod"])
@pytest.mark.parametrize("path", ["/", "/index.html", "/market", "/instruments/BRK"])
async def test_every_page_is_the_index(dist: Path, path: str, environment: str) -> None:
    async with browsing(dist, GROAT_ENVIRONMENT=environment) as client:
        page = await client.get(path, headers=HTML)
    assert (page.status_code, page.text) == (200, "<!doctype html><title>Groat</title>")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    policy = page.headers.get_list("content-security-policy")
    assert len(policy) == 1
    for part in ("default-src 'self'", "img-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"):
        assert part in policy[0].split("; ")
    assert "unsafe" not in policy[0]
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["x-request-id"]


async def test_hashed_files_are_kept_for_ever_and_come_packed(dist: Path) -> None:
    path = "/assets/main-a1b2c3.js"
    async with browsing(dist) as client:
        plain = await client.get(path, headers={"Accept-Encoding": "identity"})
        packed = await client.get(path, headers={"Accept-Encoding": "gzip, br;q=0"})
        async with client.stream("GET", path, headers={"Accept-Encoding": "gzip, br"}) as best:
            assert best.headers["content-encoding"] == "br"
        known = await client.get(path, headers={"Accept-Encoding": "gzip", "If-None-Match": packed.headers["etag"]})
        head = await client.head(path)
        # Its name stays when its content changes.
        assert (await client.get("/favicon.svg")).headers["cache-control"] == "no-cache"
    assert (plain.text, packed.text) == ("export {}", "export {}")
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert plain.headers["etag"] != packed.headers["etag"]
    assert plain.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert plain.headers["vary"] == "accept-encoding"
    assert (known.status_code, known.content) == (304, b"")
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/assets/../../secret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "//secret.txt",
        "/link.txt",
        "/.stamp",
        "/assets",
        "/assets/main-a1b2c3.js.gz",
        "/none.js",
        "/a%00.js",
    ],
)
async def test_nothing_else_is_given(dist: Path, path: str) -> None:
    async with browsing(dist) as client:
        found = await client.send(httpx.Request("GET", f"http://groat.test{path}"))
    assert found.status_code in {400, 404}
    assert found.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/api", "/api/none", "/api/none/deeper", "/problems/none", "/metrics/none"])
async def test_the_apis_own_addresses_stay_its_own(dist: Path, path: str) -> None:
    async with browsing(dist) as client:
        found = await client.get(path, headers={"Accept": "text/html, application/json"})
        assert found.status_code == 404
        assert found.headers["content-type"] == "application/problem+json"
        assert (await client.get("/metrics")).status_code == 200
        assert (await client.get("/api/health/live")).json() == {"status": "ok"}


async def test_only_browsers_are_led_to_a_page_that_no_file_is(dist: Path) -> None:
    async with browsing(dist) as client:
        assert (await client.get("/market", headers={"Accept": "application/json"})).status_code == 404
        assert (await client.post("/market", headers=HTML)).status_code == 404
        assert (await client.get("/")).status_code == 200


async def test_a_new_build_is_noticed(dist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "LOOK_S", 0.0)
    async with browsing(dist) as client:
        await client.get("/")
        (dist / "index.html").write_text("new")
        os.utime(dist / "index.html", ns=(1, 1))
        assert (await client.get("/")).text == "new"
        (dist / "index.html").unlink()
        assert (await client.get("/")).text == "new"


async def test_without_a_build_there_is_no_page(tmp_path: Path) -> None:
    async with browsing(tmp_path / "none") as client:
        assert (await client.get("/", headers=HTML)).status_code == 404


def test_a_folder_that_holds_no_pages_is_refused(tmp_path: Path, dist: Path) -> None:
    assert folder_of("") == pages.BUILT
    assert folder_of(str(dist)) == dist
    with pytest.raises(SettingsError, match=r"without an index\.html"):
        folder_of(str(tmp_path))
