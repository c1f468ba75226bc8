"""Offer real servers to tests: one PostgreSQL and two Valkeys for the session, a fresh database for each test."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.local.ports import free_port
from ops.local.postgres import LocalPostgres
from ops.local.prefix import Binaries, default_root, ensure_prefix
from ops.local.valkey import LocalValkey, Role


@pytest.fixture(scope="session")
def binaries() -> Binaries:
    """The database programs of this machine's private prefix."""
    return ensure_prefix(default_root())


@pytest.fixture(scope="session")
def postgres_server(binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPostgres]:
    """A running PostgreSQL; take `fresh_database` for a database of your own."""
    data = tmp_path_factory.mktemp("postgres") / "data"
    with LocalPostgres(binaries, data, free_port(), secrets.token_urlsafe(24)) as server:
        yield server


@pytest.fixture(scope="session")
def valkey_queue(binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalValkey]:
    """A running Valkey that evicts nothing and keeps a log of its writes."""
    yield from _valkey(binaries, tmp_path_factory.mktemp("valkey-queue"), "queue")


@pytest.fixture(scope="session")
def valkey_cache(binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalValkey]:
    """A running Valkey that evicts what was used longest ago and keeps nothing on disk."""
    yield from _valkey(binaries, tmp_path_factory.mktemp("valkey-cache"), "cache")


@pytest.fixture
def fresh_database(postgres_server: LocalPostgres) -> Iterator[str]:
    """The address of an empty database, dropped afterwards even when connections are left open."""
    name = f"test_{secrets.token_hex(6)}"
    postgres_server.ensure_database(name)
    yield postgres_server.url(name)
    postgres_server.psql(f'drop database if exists "{name}" with (force)')


def _valkey(binaries: Binaries, folder: Path, role: Role) -> Iterator[LocalValkey]:
    with LocalValkey(binaries, folder / "data", free_port(), secrets.token_urlsafe(24), role) as server:
        yield server
