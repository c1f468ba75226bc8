"""`groat migrate` hands its exit code on: 0 done, 2 settings, 3 the database is away."""

import os
import subprocess
import sys

import pytest

from app.cli.frame import DOWN, OK, USAGE


def migrate(url: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "GROAT_ENV_FILE": "", "DATABASE_URL": url}  # noqa: TID251  a child needs one
    words = [sys.executable, "-m", "app.cli", "migrate"]
    return subprocess.run(words, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("url", "code", "told"),
    [
        ("", USAGE, "DATABASE_URL is not set"),
        ("mysql://h/d", USAGE, "DATABASE_URL is not an address"),
        ("postgresql://u:hunter2@127.0.0.1:1/d", DOWN, "The database does not answer"),
    ],
)
def test_what_is_wrong_is_one_line_and_a_code(url: str, code: int, told: str) -> None:
    ran = migrate(url)
    assert (ran.returncode, ran.stderr.count("\n")) == (code, 1), ran.stderr
    assert told in ran.stderr
    assert "hunter2" not in ran.stderr


@pytest.mark.stack
def test_a_current_database_is_left_alone(database_url: str) -> None:
    ran = migrate(database_url)
    assert ran.returncode == OK
    assert ran.stdout.startswith("schema is up to date (0 new)")
