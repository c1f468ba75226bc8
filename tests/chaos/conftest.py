"""Servers that only the chaos tests use: they get killed."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from ops.local.ports import free_port
from ops.local.postgres import LocalPostgres
from ops.local.valkey import LocalValkey
from tests.chaos.arena import Arena, closing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ops.local.prefix import Binaries


@pytest.fixture(scope="session")
def doomed_postgres(binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPostgres]:
    folder = tmp_path_factory.mktemp("doomed-postgres")
    with LocalPostgres(binaries, folder / "data", free_port(), secrets.token_urlsafe(16)) as server:
        yield server


@pytest.fixture(scope="session")
def doomed_valkey(binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalValkey]:
    folder = tmp_path_factory.mktemp("doomed-valkey")
    with LocalValkey(binaries, folder / "data", free_port(), secrets.token_urlsafe(16), "queue") as server:
        yield server


@pytest.fixture
def arena(doomed_postgres: LocalPostgres, doomed_valkey: LocalValkey, tmp_path: Path) -> Iterator[Arena]:
    with closing(Arena(doomed_postgres, doomed_valkey, tmp_path)) as arena:
        yield arena
