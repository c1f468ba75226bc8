"""The web UI holds to its types, its rules, the API's description and its budgets, where npm is."""

import gzip
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.house.tree import FILES, ROOT, relative

FRONTEND = ROOT / "frontend"
KB = 1000
INITIAL_BYTES, CSS_BYTES, LAZY_BYTES, ROUTE_BYTES = 110 * KB, 12 * KB, 60 * KB, 190 * KB
MOST_LINES = 400
NPM = shutil.which("npm")
needs_npm = pytest.mark.skipif(
    NPM is None, reason="npm is not on the PATH: install Node 20.19 or newer to check the UI"
)


def run(*words: str) -> str:
    ran = subprocess.run(words, cwd=FRONTEND, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-6000:]
    return ran.stdout


def is_installed() -> bool:
    """Tell whether node_modules holds what the lock says; installing anew would end servers that read from it."""
    kept = FRONTEND / "node_modules/.package-lock.json"
    if not kept.is_file():
        return False
    here = json.loads(kept.read_text(encoding="utf-8"))["packages"]
    lock = json.loads((FRONTEND / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    return all(
        here.get(name, {}).get("version") == entry["version"]
        for name, entry in lock.items()
        if name and not entry.get("optional") and not entry.get("peer")
    )


@pytest.fixture(scope="module")
def npm() -> str:
    if not is_installed():
        run("npm", "ci", "--no-audit", "--no-fund")
    return "npm"


@needs_npm
@pytest.mark.timeout(600)
@pytest.mark.parametrize("script", ["api:check", "types", "lint", "test"])
def test_the_web_ui_passes(script: str, npm: str) -> None:
    run(npm, "run", "--silent", script)


@pytest.fixture(scope="module")
def built(npm: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("web")
    run(npm, "run", "--silent", "build", "--", "--outDir", str(folder), "--emptyOutDir")
    return folder


def packed(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), 9))


def static_parts(manifest: dict[str, Any], name: str) -> set[str]:
    """Name a chunk and all that comes with it."""
    found, waiting = set(), [name]
    while waiting:
        chunk = waiting.pop()
        if chunk not in found:
            found.add(chunk)
            waiting += manifest[chunk].get("imports", [])
    return found


def route_parts(manifest: dict[str, Any], page: str) -> set[str]:
    """Name the entry, a page, and what the page itself fetches later."""
    whole = static_parts(manifest, "index.html") | static_parts(manifest, page)
    for later in manifest[page].get("dynamicImports", []):
        whole |= static_parts(manifest, later)
    return whole


@needs_npm
@pytest.mark.timeout(600)
def test_the_scripts_keep_their_budgets(built: Path) -> None:
    manifest = json.loads((built / ".vite/manifest.json").read_text(encoding="utf-8"))
    size = {name: packed(built / chunk["file"]) for name, chunk in manifest.items() if chunk["file"].endswith(".js")}
    initial = static_parts(manifest, "index.html")
    assert sum(size[name] for name in initial) <= INITIAL_BYTES
    assert {name: bytes_ for name, bytes_ in size.items() if name not in initial and bytes_ > LAZY_BYTES} == {}
    pages = [name for name, chunk in manifest.items() if chunk.get("isDynamicEntry") and "/pages/" in name]
    routes = {page: sum(size[name] for name in route_parts(manifest, page)) for page in pages}
    assert routes
    assert {page: bytes_ for page, bytes_ in routes.items() if bytes_ > ROUTE_BYTES} == {}
    styles = {name: sum(packed(built / file) for file in chunk.get("css", [])) for name, chunk in manifest.items()}
    assert sum(styles[name] for name in initial) <= CSS_BYTES
    assert {page: styles[page] for page in pages if styles[page] > CSS_BYTES} == {}


@needs_npm
@pytest.mark.timeout(600)
def test_the_page_holds_nothing_that_its_policy_forbids(built: Path) -> None:
    page = (built / "index.html").read_text(encoding="utf-8")
    assert "<style" not in page
    assert "style=" not in page
    assert "<script>" not in page
    assert "//" not in page.replace("<!doctype", "").replace('"/', '"')
    styles = [path for path in built.rglob("*.css") if "data:" in path.read_text(encoding="utf-8")]
    assert styles == []


def test_the_lock_names_no_registry_and_proves_what_it_fetches() -> None:
    lock = json.loads((FRONTEND / "package-lock.json").read_text(encoding="utf-8"))
    fetched = {name: entry for name, entry in lock["packages"].items() if name}
    assert len(fetched) > 100
    assert [name for name, entry in fetched.items() if "resolved" in entry] == []
    assert [name for name, entry in fetched.items() if "integrity" not in entry] == []


def test_versions_are_exact() -> None:
    package = json.loads((FRONTEND / "package.json").read_text(encoding="utf-8"))
    named = {**package["dependencies"], **package["devDependencies"]}
    assert [name for name, version in named.items() if version[0] in "^~*<>" or version == "latest"] == []


def test_no_source_of_the_web_ui_is_too_long() -> None:
    own = [path for path in FILES if relative(path).startswith("frontend/") and path.suffix in {".ts", ".tsx", ".css"}]
    own = [path for path in own if path.name != "schema.d.ts"]
    assert len(own) > 30
    long = {relative(path): len(path.read_text(encoding="utf-8").splitlines()) for path in own}
    assert {name: lines for name, lines in long.items() if lines > MOST_LINES} == {}
