"""The web pages are built where npm is, only when something changed, and never in the way of the stack."""

import shutil
import subprocess
from pathlib import Path

import pytest

from ops.local import environment

CHECKOUT = Path(__file__).parents[2]
NPM = """#!/bin/sh
echo "npm $*" >>npm.log
if [ "$FAIL" = "$1" ]; then echo "broken on purpose"; exit 1; fi
case $1 in
  ci) mkdir -p node_modules ;;
  run) mkdir -p dist && echo page >dist/index.html ;;
esac
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A checkout with a frontend, and an npm that notes what it is asked for."""
    (tmp_path / "ops").mkdir()
    shutil.copy(CHECKOUT / "ops/frontend.sh", tmp_path / "ops")
    (tmp_path / "frontend/src").mkdir(parents=True)
    (tmp_path / "frontend/src/main.ts").write_text("one")
    (tmp_path / "frontend/package-lock.json").write_text("{}")
    (tmp_path / "bin").mkdir()
    for name in ("bash", "cat", "cut", "dirname", "find", "mkdir", "sed", "sha256sum", "sh", "sort", "tail"):
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name)))
    npm = tmp_path / "bin/npm"
    npm.write_text(NPM)
    npm.chmod(0o755)
    return tmp_path


def build(copy: Path, **variables: str) -> str:
    """Run the script, and return what it says."""
    done = subprocess.run(
        [str(copy / "bin/bash"), str(copy / "ops/frontend.sh")],
        env=environment.copy(PATH=str(copy / "bin"), **variables),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def asked(copy: Path) -> list[str]:
    log = copy / "frontend/npm.log"
    return log.read_text().splitlines() if log.exists() else []


def test_it_builds_once_and_again_when_something_changed(copy: Path) -> None:
    assert "The web pages are built" in build(copy)
    assert asked(copy) == ["npm ci --no-audit --no-fund", "npm run build"]
    assert build(copy) == ""
    (copy / "frontend/src/main.ts").write_text("two")
    build(copy)
    assert asked(copy)[2:] == ["npm run build"]
    (copy / "frontend/package-lock.json").write_text('{"new": 1}')
    build(copy)
    assert asked(copy)[3:] == ["npm ci --no-audit --no-fund", "npm run build"]
    shutil.rmtree(copy / "frontend/dist")
    build(copy)
    assert asked(copy)[5:] == ["npm run build"]


@pytest.mark.parametrize(("step", "said"), [("ci", "npm ci failed"), ("run", "npm run build failed")])
def test_a_failure_is_said_and_stops_nothing(copy: Path, step: str, said: str) -> None:
    told = build(copy, FAIL=step)
    assert said in told
    assert "broken on purpose" in told
    assert not (copy / "frontend/dist/.groat-stamp").exists()
    assert "The web pages are built" in build(copy)


def test_without_npm_it_says_so(copy: Path) -> None:
    (copy / "bin/npm").unlink()
    assert "npm is not here" in build(copy)


def test_without_a_frontend_there_is_nothing_to_say(copy: Path) -> None:
    shutil.rmtree(copy / "frontend")
    assert build(copy) == ""
