"""The scripts of `ops/` are sound shell, explain themselves, and fail with a sentence."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ops.local import environment

CHECKOUT = Path(__file__).parents[2]
SCRIPTS = sorted((CHECKOUT / "ops").glob("*.sh"))
OWN = [CHECKOUT / "ops" / name for name in ("start.sh", "stop.sh", "logs.sh", "setup.sh", "frontend.sh")]


def run(*words: str | Path, folder: Path = CHECKOUT, **variables: str) -> subprocess.CompletedProcess[str]:
    everything = environment.copy(**variables)
    return subprocess.run(
        [str(word) for word in words], cwd=folder, env=everything, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_shellcheck_has_nothing_to_say(script: Path) -> None:
    checked = run(Path(sys.prefix) / "bin/shellcheck", script)
    assert (checked.returncode, checked.stdout) == (0, "")
    assert os.access(script, os.X_OK)


@pytest.mark.parametrize("script", OWN, ids=lambda script: script.name)
def test_help_shows_usage_and_an_example(script: Path) -> None:
    helped = run(script, "--help")
    assert helped.returncode == 0
    assert f"usage: ops/{script.name}" in helped.stdout
    assert "examples:" in helped.stdout


def test_prod_says_that_it_is_not_there_yet() -> None:
    refused = run(CHECKOUT / "ops/start.sh", "prod")
    assert refused.returncode == 3
    assert "nothing was started" in refused.stderr


def test_an_unknown_word_shows_usage() -> None:
    refused = run(CHECKOUT / "ops/start.sh", "everything")
    assert refused.returncode == 2
    assert "usage:" in refused.stderr


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A checkout with the scripts alone."""
    folder = tmp_path / "a copy"
    shutil.copytree(CHECKOUT / "ops", folder / "ops", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "requirements.txt", "requirements-data.txt", "requirements-uv.txt"):
        shutil.copy(CHECKOUT / name, folder)
    return folder


def test_an_old_python_is_refused_with_advice(copy: Path, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in (
        "bash",
        "env",
        "cat",
        "cp",
        "df",
        "awk",
        "sha256sum",
        "cut",
        "mkdir",
        "dirname",
        "rm",
        "tail",
        "cmp",
        "grep",
    ):
        (programs / name).symlink_to(str(shutil.which(name)))
    old = programs / "python3"
    old.write_text("#!/bin/sh\n[ \"$1\" = --version ] && echo 'Python 3.9.2'\nexit 1\n")
    old.chmod(0o755)
    refused = run(copy / "ops/start.sh", folder=copy, PATH=str(programs), PYTHON="")
    assert refused.returncode == 1
    assert "needs Python 3.11 or newer, and found Python 3.9.2" in refused.stderr
    assert not (copy / ".venv").exists()


def test_setup_works_in_a_folder_with_a_space_and_refuses_to_overwrite(copy: Path) -> None:
    made = run(copy / "ops/setup.sh", folder=copy, PYTHON=sys.executable)
    assert made.returncode == 0
    again = run(copy / "ops/setup.sh", folder=copy, PYTHON=sys.executable)
    assert again.returncode == 1
    assert "was left as it is" in again.stderr


def test_stop_and_logs_before_the_first_start(copy: Path) -> None:
    assert "never started" in run(copy / "ops/stop.sh", folder=copy).stdout
    assert "never started" in run(copy / "ops/logs.sh", folder=copy).stderr
